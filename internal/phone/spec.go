package phone

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Spec describes one gateway, as an operator writes it.
type Spec struct {
	// Name is what counters and events call it.
	Name string `yaml:"name"`
	// Kind is twilio, http or file.
	Kind string `yaml:"kind"`
	// URL is where Twilio's API is, or what is called (with words in braces for http).
	URL string `yaml:"url"`
	// Account and Token are Twilio's account SID and auth token.
	Account string `yaml:"account"`
	Token   string `yaml:"token"`
	// Senders are who messages come from, by country; "*" is for all others.
	Senders map[string]string `yaml:"senders"`
	// Channels are those that it carries; empty for both.
	Channels []Channel `yaml:"channels"`
	// Method, Headers, ContentType and Body make the request of kind http. An answer must hold Expect.
	Method      string            `yaml:"method"`
	Headers     map[string]string `yaml:"headers"`
	ContentType string            `yaml:"content_type"`
	Body        string            `yaml:"body"`
	Expect      string            `yaml:"expect"`
	// Path is the file of kind file.
	Path string `yaml:"path"`
}

func (s *Spec) carries(c Channel) bool { return len(s.Channels) == 0 || slices.Contains(s.Channels, c) }

// maxGateways is how many gateways there may be.
const maxGateways = 16

// read makes the gateways of a file. Errors name the gateway and repeat no value: it may be a secret.
func read(data []byte, now func() time.Time) ([]Gateway, error) {
	var doc struct {
		Gateways []Spec `yaml:"gateways"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&doc); err != nil {
		return nil, errors.New("it is not YAML with the keys that gateways have")
	}
	if len(doc.Gateways) > maxGateways {
		return nil, fmt.Errorf("at most %d gateways", maxGateways)
	}
	seen := map[string]bool{}
	var out []Gateway
	for i, s := range doc.Gateways {
		if !gatewayName.MatchString(s.Name) || seen[s.Name] {
			return nil, fmt.Errorf("gateway %d: needs a name of its own, of letters, digits, hyphens and underscores", i+1)
		}
		seen[s.Name] = true
		g, err := s.gateway(now)
		if err != nil {
			return nil, fmt.Errorf("gateway %s: %w", s.Name, err)
		}
		out = append(out, g)
	}
	return out, nil
}

var gatewayName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (s Spec) gateway(now func() time.Time) (Gateway, error) {
	for _, c := range s.Channels {
		if c != SMS && c != Voice {
			return nil, errors.New("channels: sms and voice are what there is")
		}
	}
	switch s.Kind {
	case "twilio":
		if err := safeURL(s.URL); err != nil {
			return nil, err
		}
		if s.Account == "" || s.Token == "" || len(s.Senders) == 0 {
			return nil, errors.New("account, token and senders must be set")
		}
		return &twilio{Spec: s, client: client()}, nil
	case "http":
		return s.template()
	case "file":
		if s.Path == "" {
			return nil, errors.New("path must be set")
		}
		return &file{Spec: s, now: now}, nil
	}
	return nil, errors.New("kind must be twilio, http or file")
}

func (s Spec) template() (Gateway, error) {
	if s.Method == "" {
		s.Method = http.MethodPost
	}
	if s.ContentType == "" {
		s.ContentType = "application/x-www-form-urlencoded"
	}
	if s.Method != http.MethodPost && s.Method != http.MethodPut && s.Method != http.MethodGet {
		return nil, errors.New("method must be POST, PUT or GET")
	}
	for k, v := range s.Headers {
		if strings.ContainsAny(k+v, "\r\n") || k == "" {
			return nil, errors.New("headers: must be lines of text")
		}
	}
	if err := safeURL(s.URL); err != nil {
		return nil, err
	}
	return &template{Spec: s, client: client()}, nil
}

// safeURL admits https, and http on this machine. What is filled in never says which host is called.
func safeURL(text string) error {
	_, host, _ := strings.Cut(text, "://")
	host, _, _ = strings.Cut(host, "/")
	if strings.ContainsAny(host, "{}@") {
		return errors.New("url: the host must be written out")
	}
	u, err := url.Parse(fill(text, map[string]string{"to": "1", "digits": "1", "country": "1", "code": "1", "text": "1", "channel": "1", "sender": "1", "id": "1"}, url.QueryEscape))
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("url: must be https://host…, without user and fragment")
	}
	if u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()) {
		return nil
	}
	return errors.New("url: must be https, but for this machine's own addresses")
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback() && net.ParseIP(ip.String()) != nil
}
