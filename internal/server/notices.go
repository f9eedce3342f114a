package server

import (
	"fmt"
	"regexp"

	"github.com/keyward/identity/internal/notify"
	"github.com/keyward/identity/internal/session"
)

// newNotices makes the service that tells people what happened, with the channels that are configured.
func (s *Server) newNotices() (*notify.Service, error) {
	n := s.cfg.Notices
	var channels []notify.Channel
	if n.MailHost != "" {
		c, err := notify.NewMail(notify.MailOptions{
			Host: n.MailHost, Port: n.MailPort, TLS: n.MailTLS, User: n.MailUser, Password: n.MailPassword.Reveal(), From: n.MailFrom,
		})
		if err != nil {
			return nil, err
		}
		channels = append(channels, c)
	}
	if n.WebhookURL != "" {
		c, err := notify.NewWebhook(notify.WebhookOptions{
			URL: n.WebhookURL.Reveal(), Key: n.WebhookKey.Reveal(), Allowed: n.WebhookAllowed,
		}, s.deps.Now)
		if err != nil {
			return nil, err
		}
		channels = append(channels, c)
	}
	if n.Log {
		channels = append(channels, notify.Log{To: s.deps.Log})
	}
	templates, err := notify.LoadTemplates(n.Templates)
	if err != nil {
		return nil, fmt.Errorf("notices.templates: %w", err)
	}
	service := notify.NewService(s.store, s.keys.ring, templates, channels, notify.Options{
		Language: n.Language, LinkURL: n.LinkURL, LinkTTL: n.LinkTTL, GiveUpAfter: n.GiveUpAfter,
		Program: programOf,
	}, s.deps.Log, s.deps.Now)
	s.store.Tell(service.Channels())
	s.store.OnCommit(service.Heard)
	return service, nil
}

// programOf says in a few words which program a client claims to be. What no browser is called is unknown: the words go
// into mails, where a name must be no message of a stranger's.
func programOf(userAgent string) string {
	browser, system := session.Client(userAgent)
	switch {
	case browser.Name == session.Unknown || !plain.MatchString(browser.Name):
		return "an unknown program"
	case system.Name == session.Unknown || !plain.MatchString(system.Name):
		return browser.Name
	}
	return browser.Name + " on " + system.Name
}

var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 _+-]{0,29}$`)
