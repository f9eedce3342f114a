package notify

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// smtp is a mail server for one connection; it answers each command as it is told, 250 by default, and collects mails.
func smtp(t *testing.T, answers map[string]string) (port int, mails <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	got := make(chan string, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			converse(c, answers, got)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port, got
}

// smtps is smtp with TLS and a sign-in that is taken.
func smtps(t *testing.T, mode string, config *tls.Config) (port int, mails <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	got := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		if mode == StartTLS {
			_, _ = io.WriteString(c, "220 mail.example ESMTP\r\n")
			r := bufio.NewReader(c)
			for verb := ""; !strings.HasPrefix(verb, "STARTTLS"); {
				if verb, err = r.ReadString('\n'); err != nil {
					return
				}
				_, _ = io.WriteString(c, map[bool]string{true: "250-mail.example\r\n250 STARTTLS\r\n", false: "220 go\r\n"}[strings.HasPrefix(verb, "EHLO")])
			}
		}
		secure := tls.Server(c, config)
		greeting := ""
		if mode == TLS {
			greeting = "220 mail.example ESMTP"
		}
		converse(secure, map[string]string{"": greeting, "EHLO": "250-mail.example\r\n250 AUTH PLAIN LOGIN", "AUTH": "235 welcome"}, got)
	}()
	return l.Addr().(*net.TCPAddr).Port, got
}

func converse(c net.Conn, answers map[string]string, got chan<- string) {
	defer func() { _ = c.Close() }()
	r := bufio.NewScanner(c)
	say := func(verb, standard string) {
		if a, ok := answers[verb]; ok {
			standard = a
		}
		if standard != "" {
			_, _ = fmt.Fprintf(c, "%s\r\n", standard)
		}
	}
	say("", "220 mail.example ESMTP")
	for r.Scan() {
		verb, _, _ := strings.Cut(r.Text(), " ")
		switch verb = strings.ToUpper(verb); verb {
		case "DATA":
			say(verb, "354 go on")
			var b strings.Builder
			for r.Scan() && r.Text() != "." {
				b.WriteString(r.Text() + "\n")
			}
			say("END", "250 taken")
			got <- b.String()
		case "QUIT":
			say(verb, "221 bye")
			return
		default:
			say(verb, "250 fine")
		}
	}
}

func mailTo(t *testing.T, port int, tls string) *Mail {
	t.Helper()
	c, err := NewMail(MailOptions{Host: "127.0.0.1", Port: port, TLS: tls, From: "Identity <identity@cloud.example>"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMailFails(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string]map[string]string{
		"the receiver is refused": {"RCPT": "550 mirror-mirror"},
		"the sender is refused":   {"MAIL": "451 mirror-mirror"},
		"garbage":                 {"": "\x00 garbage"},
		"busy":                    {"": "421 mirror-mirror"},
	} {
		port, _ := smtp(t, answers)
		if err := mailTo(t, port, NoTLS).Send(t.Context(), message()); err == nil || errors.Is(err, ErrNobody) || strings.Contains(err.Error(), "mirror") {
			t.Errorf("%s: %v", name, err)
		}
	}
	port, mails := smtp(t, nil)
	if err := mailTo(t, port, StartTLS).Send(t.Context(), message()); err == nil || len(mails) != 0 {
		t.Errorf("a server without TLS got the mail: %v", err)
	}
	if err := mailTo(t, 1, NoTLS).Send(t.Context(), message()); err == nil {
		t.Error("no server at all")
	}
}

// A server that says nothing, or never ends, is left after a while: the library alone would wait for its greeting.
func TestMailServersThatHangAreLeft(t *testing.T) {
	t.Parallel()
	for name, talk := range map[string]func(net.Conn){
		"silence": func(net.Conn) {},
		"a greeting without end": func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, "220-hello\r\n"); err != nil {
					return
				}
			}
		},
		"a line without end": func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, "220 hello hello"); err != nil {
					return
				}
			}
		},
	} {
		for _, mode := range []string{NoTLS, StartTLS, TLS} {
			t.Run(name+" "+mode, func(t *testing.T) {
				t.Parallel()
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = l.Close() }()
				left := make(chan struct{})
				go func() {
					if c, err := l.Accept(); err == nil {
						talk(c)
						_, _ = io.Copy(io.Discard, c) // until the client goes
						_ = c.Close()
					}
					close(left)
				}()
				c, err := NewMail(MailOptions{
					Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: mode, From: "a@cloud.example", Timeout: 100 * time.Millisecond,
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := c.Send(t.Context(), message()); err == nil {
					t.Error("the mail was taken")
				}
				<-left
			})
		}
	}
}

// A mail goes over TLS in both ways, signed in, and to no server with another name.
func TestMailOverTLS(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(nil) // for its certificate, of example.com
	defer web.Close()
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	for _, mode := range []string{StartTLS, TLS} {
		for name, ok := range map[string]bool{"example.com": true, "other.example": false} {
			port, mails := smtps(t, mode, web.TLS)
			c, err := NewMail(MailOptions{
				Host: "127.0.0.1", Port: port, TLS: mode, User: "identity", Password: "mail-password", From: "a@cloud.example",
				Config: &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS12},
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Send(t.Context(), message()); (err == nil) != ok || err != nil && strings.Contains(err.Error(), "password") {
				t.Errorf("%s with the name %s: %v", mode, name, err)
			}
			if got := len(mails) == 1; got != ok {
				t.Errorf("%s with the name %s: a mail came: %t", mode, name, got)
			}
		}
	}
}

func TestMailReachesNobody(t *testing.T) {
	t.Parallel()
	port, mails := smtp(t, nil)
	for _, to := range []string{
		"", "ann", "ann@shop.example\r\nBcc: eve@evil.example", "a@shop.example, eve@evil.example", "Ann <ann@shop.example>", "ann@shop.example\x00",
		strings.Repeat("a", 250) + "@shop.example",
	} {
		m := message()
		m.Person.Mail = to
		if err := mailTo(t, port, NoTLS).Send(t.Context(), m); !errors.Is(err, ErrNobody) {
			t.Errorf("%q: %v", to, err)
		}
	}
	if len(mails) != 0 {
		t.Error("a mail was sent")
	}
}

// Names that people chose must not begin headers of their own, nor lines in the text.
func TestMailOfAHostileName(t *testing.T) {
	t.Parallel()
	templates, err := LoadTemplates("")
	if err != nil {
		t.Fatal(err)
	}
	hostile := line("Ann\r\nBcc: eve@evil.example\r\n\r\n\u202eevil", maxText)
	m, err := templates.Message(message().Notice, Person{Name: hostile, Mail: "ann@shop.example", Language: "en"}, Facts{
		Program: line("x\n\nIf this was you, click http://evil.example", maxText), At: at(), Token: "tok",
	})
	if err != nil {
		t.Fatal(err)
	}
	port, mails := smtp(t, nil)
	c := mailTo(t, port, NoTLS)
	if err := c.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	header, text, _ := strings.Cut(<-mails, "\n\n")
	for l := range strings.SplitSeq(header, "\n") {
		if strings.HasPrefix(strings.ToLower(l), "bcc:") {
			t.Errorf("a name made a header: %s", header)
		}
	}
	if !strings.Contains(header, "Message-ID: <0123@cloud.example>") || !strings.Contains(header, "To: <ann@shop.example>") {
		t.Errorf("header: %s", header)
	}
	if strings.Contains(text, "\nIf this was you, click") || !strings.Contains(text, "tok") {
		t.Errorf("text: %s", text)
	}
}
