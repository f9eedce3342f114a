package features_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// mailServer takes mails by SMTP.
type mailServer struct {
	port  int
	mails chan mailed
}

type mailed struct{ to, text string }

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := &mailServer{l.Addr().(*net.TCPAddr).Port, make(chan mailed, 100)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.serve(c)
		}
	}()
	return s
}

func (s *mailServer) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	r := bufio.NewScanner(c)
	_, _ = fmt.Fprint(c, "220 mail.example ESMTP\r\n")
	var m mailed
	for r.Scan() {
		switch verb, rest, _ := strings.Cut(r.Text(), " "); strings.ToUpper(verb) {
		case "RCPT":
			m.to += strings.Trim(strings.TrimPrefix(rest, "TO:"), "<>")
			_, _ = fmt.Fprint(c, "250 fine\r\n")
		case "DATA":
			_, _ = fmt.Fprint(c, "354 go on\r\n")
			for r.Scan() && r.Text() != "." {
				m.text += r.Text() + "\n"
			}
			_, _ = fmt.Fprint(c, "250 taken\r\n")
			s.mails <- m
			m = mailed{}
		case "QUIT":
			_, _ = fmt.Fprint(c, "221 bye\r\n")
			return
		default:
			_, _ = fmt.Fprint(c, "250 fine\r\n")
		}
	}
}

// next is the next mail that comes.
func (s *mailServer) next(t *testing.T) mailed {
	t.Helper()
	select {
	case m := <-s.mails:
		return m
	case <-time.After(time.Minute):
		t.Fatal("no mail comes")
	}
	return mailed{}
}
