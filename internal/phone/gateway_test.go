package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var message = Message{
	ID: "c1", To: Number{"+4915112345678", "DE"}, Channel: SMS, Code: "123456", Text: `Code "123456" & <more>`,
}

func at() time.Time { return time.Date(2031, 5, 1, 9, 30, 0, 0, time.UTC) }

// gatewayOf reads one gateway.
func gatewayOf(t *testing.T, text string) Gateway {
	t.Helper()
	all, err := read([]byte("gateways:\n- "+text), at)
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]Outcome{
		200: Sent, 202: Sent, 204: Sent, 301: Failed, 303: Uncertain, 307: Failed, 400: Failed, 401: Failed, 404: Failed, 408: Uncertain, 429: Failed,
		500: Uncertain, 501: Failed, 502: Uncertain, 503: Failed, 504: Uncertain, 599: Uncertain,
	} {
		if got := judge(status); got != want {
			t.Errorf("%d: got %s, want %s", status, got, want)
		}
		if about := status == 400; errors.Is(refusal(status), errMessage) != about {
			t.Errorf("%d: is about the message: %v", status, !about)
		}
	}
}

// requests keeps what came to a server.
type requests struct {
	mu   sync.Mutex
	seen []string
}

func (r *requests) add(req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, req.Method+" "+req.URL.String()+" "+req.Header.Get("Content-Type")+" "+string(body))
}

func (r *requests) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

func answering(t *testing.T, status int, answer string) (string, *requests) {
	var got requests
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		got.add(req)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return s.URL, &got
}

func TestTwilio(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]Outcome{
		`{"sid":"SM1","status":"queued"}`: Sent, `{"sid":"SM1","status":"failed"}`: Failed, `{"sid":"SM1","status":"undelivered"}`: Failed,
		`{"status":"queued"}`: Uncertain, `{}`: Uncertain, ``: Uncertain, `<html>`: Uncertain, `[]`: Uncertain, `{"sid":`: Uncertain,
	} {
		url, got := answering(t, 201, answer)
		g := gatewayOf(t, fmt.Sprintf(`{name: x, kind: twilio, url: %q, account: A C, token: tok, senders: {"*": "+1", DE: Acme}}`, url))
		if out, err := g.Send(t.Context(), message); out != want || (err == nil) != (want == Sent) {
			t.Errorf("%s: got %s %v, want %s", answer, out, err, want)
		}
		if n := len(got.all()); n != 1 {
			t.Errorf("%s: %d requests", answer, n)
		}
		want := "POST /2010-04-01/Accounts/A%20C/Messages.json application/x-www-form-urlencoded Body=Code+%22123456%22+%26+%3Cmore%3E&From=Acme&To=%2B4915112345678"
		if got.all()[0] != want {
			t.Errorf("got  %s\nwant %s", got.all()[0], want)
		}
	}
	url, got := answering(t, 201, `{"sid":"CA1"}`)
	call := message
	call.Channel, call.To.Country = Voice, "FR"
	g := gatewayOf(t, fmt.Sprintf(`{name: x, kind: twilio, url: %q, account: AC, token: tok, senders: {"*": "+1"}}`, url))
	if out, err := g.Send(t.Context(), call); out != Sent || err != nil {
		t.Errorf("a call: %s %v", out, err)
	}
	if text := got.all()[0]; !strings.Contains(text, "/Calls.json") || !strings.Contains(text, "%26lt%3Bmore%26gt%3B") || !strings.Contains(text, "From=%2B1") {
		t.Errorf("a call: %s", text)
	}
}

// What is filled in is a value wherever it stands.
func TestTemplates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ contentType, body, want string }{
		{"application/json", `{"t":"{text}"}`, `{"t":"Code \"123456\" \u0026 \u003cmore\u003e"}`},
		{"text/xml", `<t>{text}</t>`, `<t>Code &#34;123456&#34; &amp; &lt;more&gt;</t>`},
		{"text/plain", `{text}`, `Code "123456" & <more>`},
		{"application/x-www-form-urlencoded", `t={text}&u={to}`, `t=Code+%22123456%22+%26+%3Cmore%3E&u=%2B4915112345678`},
		{"application/json", `{"t":"{unknown} {digits} {country} {code} {channel} {sender} {id}"}`, `{"t":"{unknown} 4915112345678 DE 123456 sms Acme c1"}`},
	} {
		url, got := answering(t, 200, "fine, ok")
		g := gatewayOf(t, fmt.Sprintf(`{name: x, kind: http, url: %q, content_type: %q, body: %q, expect: ok, senders: {DE: Acme}}`, url+"/p?to={to}", c.contentType, c.body))
		if out, err := g.Send(t.Context(), message); out != Sent || err != nil {
			t.Errorf("%s: %s %v", c.contentType, out, err)
		}
		if want := "POST /p?to=%2B4915112345678 " + c.contentType + " " + c.want; got.all()[0] != want {
			t.Errorf("got  %s\nwant %s", got.all()[0], want)
		}
	}
	url, _ := answering(t, 200, "not as expected")
	if out, err := gatewayOf(t, fmt.Sprintf(`{name: x, kind: http, url: %q, expect: ok}`, url)).Send(t.Context(), message); out != Uncertain || err == nil {
		t.Errorf("another answer: %s %v", out, err)
	}
}

// A message that may have been taken is never certainly failed; one that cannot have been is never uncertain.
func TestWhatIsKnownWhenTheLineBreaks(t *testing.T) {
	t.Parallel()
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	var accepted requests
	breaks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		accepted.add(req)
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = c.Close()
		}
	}))
	t.Cleanup(breaks.Close)
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // takes connections and ends them before it has read anything
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	elsewhere, gone := answering(t, 200, "ok")
	redirect := httptest.NewServer(http.RedirectHandler(elsewhere, http.StatusTemporaryRedirect))
	t.Cleanup(redirect.Close)
	for name, c := range map[string]struct {
		url  string
		want Outcome
	}{
		"nobody is there":               {nobody.URL, Failed},
		"it hangs up after reading":     {breaks.URL, Uncertain},
		"it hangs up":                   {"http://" + l.Addr().String(), ""}, // whether anything was written by then is chance
		"it speaks no TLS":              {strings.Replace(elsewhere, "http:", "https:", 1), Failed},
		"it sends the client elsewhere": {redirect.URL, Failed},
	} {
		out, err := gatewayOf(t, fmt.Sprintf(`{name: x, kind: http, url: %q, body: "{text}"}`, c.url)).Send(t.Context(), message)
		if c.want == "" && out != Sent {
			c.want = out
		}
		if out != c.want || err == nil {
			t.Errorf("%s: got %s %v, want %s", name, out, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "12345") || strings.Contains(err.Error(), "http")) {
			t.Errorf("%s: the log would say %v", name, err)
		}
	}
	if n := len(accepted.all()); n != 1 {
		t.Errorf("what broke was sent %d times", n)
	}
	if n := len(gone.all()); n != 0 {
		t.Errorf("%d messages went where nobody configured", n)
	}
}

// An answer that does not end, or comes drop by drop, is cut off, and nobody knows what became of the message.
func TestAnswersWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(w http.ResponseWriter, req *http.Request){
		"a body without end": func(w http.ResponseWriter, req *http.Request) {
			for req.Context().Err() == nil {
				_, _ = w.Write(bytes.Repeat([]byte(" "), 4096))
			}
		},
		"headers without end": func(w http.ResponseWriter, _ *http.Request) {
			for i := range 5000 {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("x", 100))
			}
		},
		"a body that never comes": func(w http.ResponseWriter, req *http.Request) {
			_ = http.NewResponseController(w).Flush()
			<-req.Context().Done()
		},
		"nothing": func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() },
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			_, _ = io.Copy(io.Discard, req.Body)
			answer(w, req)
		}))
		t.Cleanup(s.Close)
		for _, text := range []string{
			`{name: x, kind: twilio, url: %q, account: AC, token: tok, senders: {"*": "+1"}}`, `{name: x, kind: http, url: %q, expect: ok}`,
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			if out, err := gatewayOf(t, fmt.Sprintf(text, s.URL)).Send(ctx, message); out != Uncertain || err == nil {
				t.Errorf("%s: got %s %v", name, out, err)
			}
			cancel()
		}
	}
}

func TestFileGateway(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "messages")
	g := gatewayOf(t, fmt.Sprintf(`{name: x, kind: file, path: %q, channels: [sms], senders: {"*": Acme}}`, path))
	if g.Carries(Voice) || !g.Carries(SMS) {
		t.Error("it carries other channels than it says")
	}
	for range 2 {
		if out, err := g.Send(t.Context(), message); out != Sent || err != nil {
			t.Fatalf("%s %v", out, err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	var line map[string]string
	if err := json.Unmarshal([]byte(lines[1]), &line); err != nil || len(lines) != 2 || line["code"] != "123456" || line["sender"] != "Acme" {
		t.Errorf("got %s %v", data, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v %v", info.Mode(), err)
	}
	bad := gatewayOf(t, `{name: x, kind: file, path: /nowhere/at/all}`)
	if out, err := bad.Send(t.Context(), message); out != Failed || err == nil {
		t.Errorf("no such folder: %s %v", out, err)
	}
}
