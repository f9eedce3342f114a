package attack_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/server"
)

const hookKey = "canary-webhook-key-5b1f9e"

// called is what a receiver of notices got.
type called struct {
	id, stamp, signature string
	body                 []byte
}

// notice is a notice as far as tests look at it.
type notice struct {
	Type string
	Data struct {
		User  struct{ ID string }
		Event struct {
			Token string `json:"disown_token"`
		}
	}
}

func (c called) notice() (n notice) {
	if err := json.Unmarshal(c.body, &n); err != nil {
		panic(err)
	}
	return n
}

// hook is a receiver of notices that answers as it is told.
func hook(t *testing.T, answer http.HandlerFunc) (url string, calls chan called) {
	t.Helper()
	calls = make(chan called, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls <- called{r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), r.Header.Get("Webhook-Signature"), body}
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, calls
}

// hooked sends the notices of a world to a URL on this machine, and to the log.
func hooked(url string, allowed ...string) apitest.Option {
	return func(c *config.Config) {
		c.Notices.WebhookURL, c.Notices.WebhookKey, c.Notices.Log = config.Secret(url), hookKey, true
		for _, a := range append(allowed, "127.0.0.0/8") {
			c.Notices.WebhookAllowed = append(c.Notices.WebhookAllowed, netip.MustParsePrefix(a))
		}
	}
}

func await(t *testing.T, calls <-chan called) called {
	t.Helper()
	select {
	case c := <-calls:
		return c
	case <-time.After(time.Minute):
		t.Fatal("the receiver is not called")
	}
	return called{}
}

// M1 and M6: what cannot be a receiver is refused at the start.
func TestM1M6HostileReceiversAreRefused(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"http://127.0.0.1:8080/", "https://127.0.0.1/", "https://[::1]/", "https://0.0.0.0/", "https://169.254.169.254/latest/meta-data", "https://10.0.0.1/",
		"https://192.168.1.1/", "https://172.31.0.1/", "https://100.64.0.1/", "https://[fe80::1]/", "https://[fd12::1]/", "https://[::ffff:127.0.0.1]/",
		"file:///etc/passwd", "gopher://example.com/", "unix:/run/identity.sock", "http://example.com/", "https://user:canary-of-a-url@example.com/",
		"https://example.com/\r\nX-Auth-Token: x", "https://example.com:22/", "https://exаmple.com/", "https://1②7.0.0.1/", "https:///", "canary-of-a-url",
	} {
		cfg := apitest.Config(t.TempDir(), "")
		cfg.Notices.WebhookURL, cfg.Notices.WebhookKey = config.Secret(target), hookKey
		s, err := server.New(t.Context(), cfg, server.Deps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		if err == nil {
			_ = s.Close()
			t.Errorf("a server starts that sends notices to %s", target)
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("the start repeats what may be secret: %v", err)
		}
	}
}

// M1: names are looked at when they are dialled, whatever they were before.
func TestM1NamesThatLeadInsideAreNotCalled(t *testing.T) {
	t.Parallel()
	url, calls := hook(t, func(http.ResponseWriter, *http.Request) {})
	url = strings.Replace(url, "127.0.0.1", "localhost", 1)
	w := apitest.New(t, quick, hooked(url), func(c *config.Config) {
		c.Notices.WebhookAllowed = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	})
	w.User("ann", "default")
	w.SetPassword("ann")
	w.Log.Await(t, "the receiver is not at port 443 of a public address", 1)
	if len(calls) != 0 {
		t.Error("a receiver inside was called")
	}
}

// M3: a redirect is an answer like any other failure.
func TestM3RedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var inside atomic.Bool
	there := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside.Store(true) }))
	defer there.Close()
	for _, to := range []string{there.URL, "file:///etc/passwd"} {
		url, calls := hook(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusTemporaryRedirect)
		})
		w := apitest.New(t, quick, hooked(url))
		w.User("ann", "default")
		w.SetPassword("ann")
		await(t, calls)
		w.Log.Await(t, "the receiver answered 307", 1)
	}
	if inside.Load() {
		t.Error("a redirect was followed")
	}
}

// M4: a receiver that never answers harms nobody else, and tries are bounded.
func TestM4ReceiversThatHangHarmNobody(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var hang atomic.Bool
	hang.Store(true)
	url, calls := hook(t, func(w http.ResponseWriter, _ *http.Request) {
		if hang.Load() {
			<-release
		}
		http.Error(w, "mirror-mirror", http.StatusInternalServerError)
	})
	w := apitest.New(t, quick, hooked(url), func(c *config.Config) { c.Notices.GiveUpAfter = 3 * time.Minute })
	w.User("ann", "default")
	w.SetPassword("ann")
	id := await(t, calls).id
	w.Log.Await(t, `"notice":"`+id+`","kind":"password_changed"`, 1) // the other channel has told of it
	begin := time.Now()
	w.Get("/v3/users", w.As("sysadmin")).Want(http.StatusOK)
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("a request beside it took %v", took)
	}
	hang.Store(false)
	close(release)
	for tries := 1; ; tries++ {
		w.Log.Await(t, `"notice":"`+id+`","error":"the receiver answered 500"`, tries)
		if strings.Contains(w.Log.String(), "a notice was given up") {
			if tries != 4 { // after 0, 30 and 90 seconds, and 3.5 minutes
				t.Errorf("given up after %d tries", tries)
			}
			break
		}
		w.Clock.Advance(time.Duration(15<<tries) * time.Second)
		if again := await(t, calls); again.id != id {
			t.Errorf("told of %s, want %s again", again.id, id)
		}
	}
	if strings.Contains(w.Log.String(), "mirror") {
		t.Error("the log repeats what the receiver said")
	}
}
