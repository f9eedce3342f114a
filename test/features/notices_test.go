package features_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/notify"
)

const hookKey = "a key of the webhook in tests"

// receiver takes notices; status is what it answers, 200 when it is zero.
type receiver struct {
	t      *testing.T
	url    string
	status atomic.Int32
	calls  chan notice
}

type notice struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Data struct {
		User    struct{ ID, Name string }
		Subject string
		Text    string
		Event   struct {
			Action  string   `json:"action"`
			Token   string   `json:"disown_token"`
			Link    string   `json:"disown_link"`
			Reasons []string `json:"reasons"`
			Left    *int     `json:"remaining"`
		}
	}
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t, calls: make(chan notice, 100)}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		var n notice
		err := json.Unmarshal(body, &n)
		signed := notify.Sign([]byte(hookKey), n.ID, q.Header.Get("Webhook-Timestamp"), body)
		if err != nil || q.Header.Get("Webhook-Signature") != signed || q.Header.Get("Webhook-Id") != n.ID || q.Header.Get("X-Auth-Token") != "" {
			t.Errorf("a call that is not as it should be: %v %s", q.Header, body)
		}
		if status := r.status.Load(); status != 0 {
			w.WriteHeader(int(status))
		}
		r.calls <- n
	}))
	t.Cleanup(s.Close)
	r.url = s.URL
	return r
}

func (r *receiver) option(c *config.Config) {
	c.Notices.WebhookURL, c.Notices.WebhookKey = config.Secret(r.url), hookKey
	c.Notices.WebhookAllowed = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c.Notices.LinkURL = "https://account.example/not-me"
}

// next is the next notice that is told, of the given kind.
func (r *receiver) next(kind notify.Kind) notice {
	r.t.Helper()
	select {
	case n := <-r.calls:
		if n.Type != string(kind) {
			r.t.Fatalf("told of %s, want %s", n.Type, kind)
		}
		return n
	case <-time.After(time.Minute):
		r.t.Fatalf("nobody is told of %s", kind)
	}
	return notice{}
}

// onEach runs the test on each database, with a receiver of its own.
func onEach(t *testing.T, test func(t *testing.T, w *apitest.World, r *receiver), opts ...apitest.Option) {
	t.Helper()
	receivers := map[bool]*receiver{true: newReceiver(t), false: newReceiver(t)}
	of := func(c *config.Config) *receiver {
		return receivers[strings.HasPrefix(c.Database.URL.Reveal(), "sqlite")]
	}
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		r := of(&w.Config)
		r.t = t
		test(t, w, r)
	}, append(opts, func(c *config.Config) { of(c).option(c) })...)
}

func disown(w *apitest.World, id, token string) *apitest.Response {
	return w.Post("/v3/notices/"+id+"/disown", map[string]any{"notice": map[string]any{"token": token}})
}

// TestE11Notices shows that whoever disables the second factor is told, and of all that changes how one signs in.
func TestE11Notices(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, w *apitest.World, r *receiver) {
		w.User("ann", "red")
		ann := enrolled(w, "ann")
		r.next(notify.FactorAdded)
		r.next(notify.RecoveryRenewed)
		w.Delete("/v3/users/{ann}/mfa/totp/"+ann.id, ann.strong()).Want(204)
		n := r.next(notify.FactorRemoved)
		if n.Data.User.ID != w.ID("ann") || !strings.Contains(n.Data.Text, n.Data.Event.Token) {
			t.Errorf("told: %+v", n)
		}
		for _, secret := range append(ann.codes, ann.secret, w.Password("ann")) {
			if strings.Contains(n.Data.Text, secret) {
				t.Error("a notice holds a secret")
			}
		}
		w.SetPassword("ann")
		r.next(notify.PasswordChanged)
	})
}

// TestR13Notices shows that a person is told when an administrator removes the second factor.
func TestR13Notices(t *testing.T) {
	t.Parallel()
	onEach(t, func(_ *testing.T, w *apitest.World, r *receiver) {
		w.User("ann", "red")
		ann := enrolled(w, "ann")
		r.next(notify.FactorAdded)
		r.next(notify.RecoveryRenewed)
		w.Delete("/v3/credentials/"+ann.id, w.As("sysadmin")).Want(204)
		r.next(notify.FactorReset)
	})
}

// TestR6Notices shows that a person is told how many recovery codes are left, and when these are few.
func TestR6Notices(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, w *apitest.World, r *receiver) {
		w.User("ann", "red")
		ann := enrolled(w, "ann")
		r.next(notify.FactorAdded)
		r.next(notify.RecoveryRenewed)
		for i, code := range ann.codes {
			w.Post("/v3/auth/tokens", ann.both(code, "")).Want(201)
			left, kind := len(ann.codes)-i-1, notify.RecoveryUsed
			if left <= notify.Few {
				kind = notify.RecoveryFew
			}
			if n := r.next(kind); n.Data.Event.Left == nil || *n.Data.Event.Left != left {
				t.Errorf("%d are left, and the notice says %v", left, n.Data)
			}
		}
	})
}

// TestL19 shows that a person who is told of what somebody else did ends it: all sessions end and the password must be
// changed, once, in time and with the token of the notice only.
func TestL19(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, w *apitest.World, r *receiver) {
		w.User("ann", "red")
		w.User("bob", "red")
		w.Grant("ann", "member", "project:red/web")
		thief := w.Token("ann", "project:red/web")
		made := w.Post("/v3/users/{ann}/application_credentials", `{"application_credential":{"name":"ci"}}`, apitest.Token(thief)).Want(201)
		withKey := map[string]any{"auth": map[string]any{"identity": map[string]any{
			"methods": []string{"application_credential"}, "application_credential": map[string]any{
				"id": made.Str("application_credential.id"), "secret": made.Str("application_credential.secret"),
			},
		}}}
		w.Post("/v3/auth/tokens", withKey).Want(201)
		n := r.next(notify.CredentialMade)
		if want := "https://account.example/not-me#notice=" + n.ID + "&token=" + n.Data.Event.Token; n.Data.Event.Link != want {
			t.Errorf("the link is %s", n.Data.Event.Link)
		}
		w.Secret(n.Data.Event.Token)

		w.Post("/v3/notices/"+n.ID+"/disown", `{"notice":{}}`).Want(400)
		w.Post("/v3/notices/"+n.ID+"/disown", `{}`).Want(400)
		for _, token := range []string{"x", n.Data.Event.Token + "A", n.Data.Event.Token[1:]} {
			if got := disown(w, n.ID, token).Want(404); got.Str("error.reason") != "notice_token_invalid" {
				t.Errorf("%q: %s", token, got.Body)
			}
		}
		disown(w, "00000000000000000000000000000000", n.Data.Event.Token).Want(404)
		w.Get("/v3/auth/tokens", apitest.Token(thief), apitest.Header("X-Subject-Token", thief)).Want(200)

		disown(w, n.ID, n.Data.Event.Token).Want(204)
		disown(w, n.ID, n.Data.Event.Token).Want(404) // once
		w.Post("/v3/auth/tokens", withKey).Want(401)
		w.Get("/v3/auth/tokens", apitest.Token(thief), apitest.Header("X-Subject-Token", thief)).Want(401)
		again := w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID("ann"), w.Password("ann"), "unscoped")).Want(401)
		if again.Str("error.reason") != "password_expired" {
			t.Errorf("the old password: %s", again.Body)
		}
		w.Post("/v3/users/{ann}/password", map[string]any{"user": map[string]any{
			"original_password": w.Password("ann"), "password": w.NewPassword(),
		}}).Want(204)
		changed := r.next(notify.PasswordChanged)
		disown(w, n.ID, changed.Data.Event.Token).Want(404) // of another notice
		w.Clock.Advance(w.Config.Notices.LinkTTL)
		disown(w, changed.ID, changed.Data.Event.Token).Want(404) // too late
	})
}

// TestL19OnceUnderRace shows that of many who disown a notice at once one is heard.
func TestL19OnceUnderRace(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, w *apitest.World, r *receiver) {
		w.User("ann", "red")
		w.SetPassword("ann")
		n := r.next(notify.PasswordChanged)
		var heard, unheard atomic.Int32
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				switch disown(w, n.ID, n.Data.Event.Token).Status {
				case http.StatusNoContent:
					heard.Add(1)
				case http.StatusNotFound:
					unheard.Add(1)
				}
			})
		}
		all.Wait()
		if heard.Load() != 1 || unheard.Load() != 49 {
			t.Errorf("%d were heard, %d not", heard.Load(), unheard.Load())
		}
	})
}

// TestL19Devices shows that a person is told of a device that is remembered, and that it is forgotten when it was not
// the person.
func TestL19Devices(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, w *apitest.World, r *receiver) {
		w.User("mia", "red")
		mia := enrolled(w, "mia")
		r.next(notify.FactorAdded)
		r.next(notify.RecoveryRenewed)
		id, secret := mia.remember("laptop")
		mia.on(secret).Want(201)
		n := r.next(notify.DeviceRemembered)
		disown(w, n.ID, n.Data.Event.Token).Want(204)
		if got := w.Get("/v3/users/{mia}/devices", w.As("sysadmin")).Want(200); strings.Contains(string(got.Body), id) {
			t.Errorf("still remembered: %s", got.Body)
		}
		unknown(t, "disowned", mia.on(secret))
		w.Post("/v3/users/{mia}/mfa/reset", `{"reset":{"reason":"a stranger was in"}}`, w.As("sysadmin")).Want(204)
		r.next(notify.FactorReset)
	})
}

// TestL19Addresses shows that the owner of an account hears, at the old address, that the address was changed.
func TestL19Addresses(t *testing.T) {
	t.Parallel()
	mails := map[bool]*mailServer{true: newMailServer(t), false: newMailServer(t)}
	of := func(c *config.Config) *mailServer {
		return mails[strings.HasPrefix(c.Database.URL.Reveal(), "sqlite")]
	}
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		m := of(&w.Config)
		for _, row := range []struct {
			change string
			to     []string
		}{
			{`{"user":{"email":"ann@old.example"}}`, []string{"ann@old.example"}},
			{`{"user":{"email":"eve@evil.example\nBcc: x@evil.example"}}`, []string{"ann@old.example"}},
			{`{"user":{"email":"ann@old.example"}}`, []string{"ann@old.example"}},
			{`{"user":{"email":"ann@new.example"}}`, []string{"ann@old.example", "ann@new.example"}},
		} {
			w.Patch("/v3/users/{ann}", row.change, w.As("sysadmin")).Want(200)
			for _, to := range row.to {
				if got := m.next(t); got.to != to || !strings.Contains(got.text, "The mail address of your account ann") {
					t.Errorf("%s: a mail to %s: %s; want one to %s", row.change, got.to, got.text, to)
				}
			}
		}
	}, func(c *config.Config) {
		c.Notices.MailHost, c.Notices.MailPort, c.Notices.MailTLS, c.Notices.MailFrom = "127.0.0.1", of(c).port, "none", "a@cloud.example"
	})
}

// TestL19AtLeastOnce shows that a notice reaches a receiver that failed, with the same id.
func TestL19AtLeastOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, w *apitest.World, r *receiver) {
		w.User("ann", "red")
		r.status.Store(503)
		w.SetPassword("ann")
		first := r.next(notify.PasswordChanged)
		r.status.Store(0)
		w.SetPassword("ann")
		if second := r.next(notify.PasswordChanged); second.ID == first.ID { // what failed holds up no other
			t.Errorf("told of %s again, which had just failed", first.ID)
		}
		w.Clock.Advance(time.Minute)
		if again := r.next(notify.PasswordChanged); again.ID != first.ID || again.Data.Event.Token != first.Data.Event.Token {
			t.Errorf("told of %s, want %s again", again.ID, first.ID)
		}
	})
}

// TestL19LockedOut shows that a person is told once of strangers who fail.
func TestL19LockedOut(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, w *apitest.World, r *receiver) {
		w.User("ann", "red")
		for range 8 {
			w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID("ann"), "wrong", nil)).Want(401)
		}
		r.next(notify.LockedOut)
		w.SetPassword("ann")
		r.next(notify.PasswordChanged) // and not of the lock-out again
	})
}
