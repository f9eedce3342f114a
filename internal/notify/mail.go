package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// How a mail server is spoken to.
const (
	StartTLS = "starttls" // demanded, not asked for
	TLS      = "tls"      // from the first byte
	NoTLS    = "none"     // for a server on the same machine
)

// MailOptions say which server takes mails.
type MailOptions struct {
	Host string
	Port int
	// TLS is one of StartTLS, TLS and NoTLS.
	TLS            string
	User, Password string
	// From is the sender's address, with a name or without.
	From string
	// Config is what TLS connections are made with; nil for Go's defaults.
	Config *tls.Config
	// Timeout bounds one mail; zero for 10 seconds.
	Timeout time.Duration
}

// MailChannel is the name of Mail. Its deliveries have addresses.
const MailChannel = "mail"

// Mail sends notices to the address in the attribute email of users.
type Mail struct {
	o      MailOptions
	domain string // of ids of mails
}

// Bounds of one mail.
const (
	mailTimeout  = 10 * time.Second
	maxMailReply = 64 << 10 // bytes of all answers
)

// NewMail makes the channel. It fails when the sender's address is none.
func NewMail(o MailOptions) (*Mail, error) {
	from, err := netmail.ParseAddress(o.From)
	if err != nil {
		return nil, errors.New("notices.mail_from: must be an address")
	}
	if o.Timeout == 0 {
		o.Timeout = mailTimeout
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	return &Mail{o: o, domain: domain}, nil
}

// Name is the channel's name.
func (c *Mail) Name() string { return MailChannel }

// Send hands the mail to the server. Its errors name the step that failed and not what the server said.
func (c *Mail) Send(ctx context.Context, m Message) error {
	if !deliverable(m.Person.Mail) {
		return ErrNobody
	}
	msg := mail.NewMsg()
	if err := errors.Join(msg.From(c.o.From), msg.To(m.Person.Mail)); err != nil {
		return ErrNobody // the sender's address was checked
	}
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(m.ID + "@" + c.domain)
	msg.SetDateWithValue(m.At)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no automatic answers
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	client, err := mail.NewClient(c.o.Host, c.options(ctx)...)
	if err != nil {
		return errors.New("the mail server's settings are not usable")
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return mailFailure(err)
	}
	return nil
}

// options are for one mail, whose connection ends with ctx: the library itself waits for a greeting for ever.
func (c *Mail) options(ctx context.Context) []mail.Option {
	o := []mail.Option{mail.WithPort(c.o.Port), mail.WithTimeout(c.o.Timeout), mail.WithTLSConfig(c.tlsConfig())}
	o = append(o, mail.WithDialContextFunc(func(_ context.Context, network, address string) (net.Conn, error) {
		return c.dial(ctx, network, address)
	}))
	switch c.o.TLS {
	case TLS:
		o = append(o, mail.WithTLSPolicy(mail.TLSOpportunistic)) // dial has done it
	case NoTLS:
		o = append(o, mail.WithTLSPolicy(mail.NoTLS))
	default:
		o = append(o, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.o.User != "" {
		o = append(o, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.o.User), mail.WithPassword(c.o.Password))
	}
	return o
}

func (c *Mail) tlsConfig() *tls.Config {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.o.Config != nil {
		t = c.o.Config.Clone()
	}
	if t.ServerName == "" {
		t.ServerName = c.o.Host
	}
	return t
}

func (c *Mail) dial(ctx context.Context, network, address string) (net.Conn, error) {
	plain, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = plain.Close() })
	conn := &bounded{Conn: plain, left: maxMailReply}
	if c.o.TLS != TLS {
		return conn, nil
	}
	secure := tls.Client(conn, c.tlsConfig())
	return secure, secure.HandshakeContext(ctx)
}

// bounded is a connection on which no more than so many bytes are heard.
type bounded struct {
	net.Conn
	left int
}

var errTooMuch = errors.New("the mail server says too much")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooMuch
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// mailFailure says what failed without the server's words.
func mailFailure(err error) error {
	if failed, ok := errors.AsType[*mail.SendError](err); ok {
		return fmt.Errorf("the mail server refused the mail (%d)", failed.ErrorCode())
	}
	return errors.New("the mail server could not be reached, or did not answer as one")
}

// maxAddress is the longest address that SMTP carries (RFC 5321 section 4.5.3.1).
const maxAddress = 254

// deliverable accepts one bare address. What holds a name, a list or a line break is refused and not mended.
func deliverable(s string) bool {
	if len(s) > maxAddress || line(s, maxAddress) != s || strings.ContainsAny(s, " \t\"<>(),;:\\") {
		return false
	}
	a, err := netmail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s
}
