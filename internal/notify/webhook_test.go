package notify

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const testKey = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

var loopback = prefixes("127.0.0.0/8", "::1/128")

func at() time.Time { return time.Date(2031, 5, 1, 9, 30, 0, 0, time.UTC) }

func message() Message {
	return Message{
		Notice: Notice{ID: "0123", Kind: FactorRemoved, UserID: "ann", At: at()}, Subject: "A factor was removed", Text: "text\n",
		Person: Person{ID: "ann", Name: "Ann", Mail: "ann@shop.example", Language: "en"}, Facts: Facts{Action: "factor.delete", Token: "tok"},
	}
}

func TestWebhookRefusesReceiversInside(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"https://127.0.0.1/", "https://[::1]/", "https://0.0.0.0/", "https://169.254.169.254/latest", "https://10.1.2.3/", "https://192.168.0.1/",
		"https://172.16.0.1/", "https://100.64.0.1/", "https://[fe80::1]/", "https://[fd00::1]/", "https://[::ffff:127.0.0.1]/",
		"https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[2001:db8::1]/", "https://224.0.0.1/",
		"http://example.com/", "file:///etc/passwd", "gopher://example.com/", "unix:/run/x", "https:///x", "//example.com/",
		"https://user:secret@example.com/", "https://example.com/#x", "https://example.com/\r\nX: y", "https://example.com:8443/",
		"https://exаmple.com/", "https://①②⑦.0.0.1/", "https://127。0。0。1/",
	} {
		if _, err := NewWebhook(WebhookOptions{URL: target, Key: testKey}, at); err == nil {
			t.Errorf("%q is taken for a receiver", target)
		}
	}
	if _, err := NewWebhook(WebhookOptions{URL: "https://example.com/", Key: "whsec_c2hvcnQ="}, at); err == nil {
		t.Error("a short key is taken")
	}
	if _, err := NewWebhook(WebhookOptions{URL: "https://example.com:443/hook?x=1", Key: testKey}, at); err != nil {
		t.Errorf("a public receiver: %v", err)
	}
}

// Names and odd spellings of addresses are told by what they were resolved to, at the dial.
func TestWebhookLooksAtTheAddressThatItDials(t *testing.T) {
	t.Parallel()
	var heard atomic.Int32
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
	defer inside.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(inside.URL, "https://"), ":")
	for _, host := range []string{"localhost", "127.1", "0x7f000001", "2130706433", "0177.0.0.1"} {
		w, err := NewWebhook(WebhookOptions{
			URL: "https://" + host + ":" + port, Key: testKey, Allowed: prefixes("203.0.113.0/24"), Timeout: time.Second,
			Config: inside.Client().Transport.(*http.Transport).TLSClientConfig,
		}, at)
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		if err := w.Send(t.Context(), message()); err == nil || host == "localhost" && !errors.Is(err, errAddress) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if heard.Load() != 0 {
		t.Error("a receiver inside was called")
	}
	w := &Webhook{plain: true, o: WebhookOptions{Allowed: loopback}}
	for target, ok := range map[string]bool{"127.0.0.1:80": true, "1.1.1.1:80": false, "10.0.0.1:80": false, "1.1.1.1:443": false, "garbage": false} {
		if err := w.control("tcp", target, nil); (err == nil) != ok {
			t.Errorf("http to %s: %v", target, err)
		}
	}
	w.plain = false
	for target, ok := range map[string]bool{"1.1.1.1:443": true, "1.1.1.1:22": false, "[::ffff:10.0.0.1]:443": false, "127.0.0.1:22": true} {
		if err := w.control("tcp", target, nil); (err == nil) != ok {
			t.Errorf("https to %s: %v", target, err)
		}
	}
}

func TestWebhookFails(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	var followed atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("/500", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "mirror-mirror", http.StatusInternalServerError)
	})
	mux.HandleFunc("/302", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/inside", http.StatusFound) })
	mux.HandleFunc("/inside", func(http.ResponseWriter, *http.Request) { followed.Store(true) })
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/garbage", func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(c, "\x00\x01 not http\r\n\r\n")
			_ = c.Close()
		}
	})
	mux.HandleFunc("/header", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	defer close(stop)
	for _, path := range []string{"/500", "/302", "/hang", "/garbage", "/header"} {
		w, err := NewWebhook(WebhookOptions{URL: s.URL + path, Key: testKey, Allowed: loopback, Timeout: 300 * time.Millisecond}, at)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Send(t.Context(), message()); err == nil || strings.Contains(err.Error(), "mirror") || strings.Contains(err.Error(), s.URL) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if followed.Load() {
		t.Error("a redirect was followed")
	}
}

func TestWebhookIsSigned(t *testing.T) {
	t.Parallel()
	type call struct {
		header http.Header
		body   []byte
	}
	calls := make(chan call, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls <- call{r.Header, body}
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write(make([]byte, 1<<20)) // more than is read
	}))
	defer s.Close()
	w, err := NewWebhook(WebhookOptions{URL: s.URL, Key: testKey, Allowed: loopback}, at)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	c := <-calls
	stamp := c.header.Get("Webhook-Timestamp")
	if c.header.Get("Webhook-Id") != "0123" || stamp != "1935480600" && stamp == "" ||
		c.header.Get("Webhook-Signature") != Sign(webhookKey(testKey), "0123", stamp, c.body) {
		t.Errorf("headers: %v", c.header)
	}
	if Sign(webhookKey(testKey), "0123", stamp, append(c.body, ' ')) == c.header.Get("Webhook-Signature") ||
		Sign(webhookKey(testKey), "0123", "1", c.body) == c.header.Get("Webhook-Signature") {
		t.Error("the signature does not depend on body and time")
	}
	var p payload
	if err := json.Unmarshal(c.body, &p); err != nil || p.ID != "0123" || p.Type != FactorRemoved || p.Data.User.ID != "ann" {
		t.Errorf("body: %s", c.body)
	}
}

// The example of the specification, standard-webhooks 1.0.
func TestSignAsStandardWebhooksDoes(t *testing.T) {
	t.Parallel()
	got := Sign(webhookKey(testKey), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"1.1.1.1": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true, "::ffff:10.0.0.1": false, "198.18.0.1": false, "255.255.255.255": false,
		"::": false, "ff02::1": false, "fec0::1": false, "192.0.0.1": false,
	} {
		if public(netip.MustParseAddr(text)) != want {
			t.Errorf("%s is public: %v", text, !want)
		}
	}
}
