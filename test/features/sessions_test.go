// Package features_test shows, one test for each row of the list of features, that the server does what it was asked
// for. The tests speak HTTP, on both databases.
package features_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

const (
	chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
	iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)

// signIn signs a user of the world in with the password.
func signIn(w *apitest.World, user string, with ...apitest.With) string {
	return w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID(user), w.Password(user), "unscoped"), with...).Want(201).Token()
}

// continuing is the body of a sign-in that continues one, and may show a code.
func continuing(userID, token, code string) map[string]any {
	identity := map[string]any{"methods": []string{"token"}, "token": map[string]any{"id": token}}
	if code != "" {
		identity["methods"] = []string{"token", "totp"}
		identity["totp"] = map[string]any{"user": map[string]any{"id": userID, "passcode": code}}
	}
	return map[string]any{"auth": map[string]any{"identity": identity}}
}

func agent(name string) apitest.With { return apitest.Header("User-Agent", name) }

// TestL6 shows active sessions: two sign-ins are two rows, and the current one is marked.
func TestL6(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("bob", "red")
		w.Get("/v3/users/{ann}/sessions").Want(401)
		w.Get("/v3/users/{ann}/sessions", w.As("bob")).Want(403)
		w.Get("/v3/users/{ann}/sessions", w.As("manager@blue")).Want(403)
		w.Get("/v3/users/00000000000000000000000000000000/sessions", w.As("bob")).Want(403)
		w.Get("/v3/users/00000000000000000000000000000000/sessions", w.As("sysadmin")).Want(404)
		w.Get("/v3/users/{ann}/sessions/none", w.As("sysadmin")).Want(404)

		w.ForgetTokens() // nobody has asked for ann's yet
		first := signIn(w, "ann")
		w.Clock.Advance(time.Second)
		second := signIn(w, "ann")
		again := w.Post("/v3/auth/tokens", continuing("", first, "")).Want(201).Token()
		for text, current := range map[string]int{second: 0, first: 1, again: 1} {
			r := w.Get("/v3/users/{ann}/sessions", apitest.Token(text)).Want(200)
			if n := len(r.List("sessions")); n != 2 {
				t.Fatalf("%d sessions: %s", n, r.Body)
			}
			for i := range 2 {
				if got := r.Bool(fmt.Sprintf("sessions.%d.current", i)); got != (i == current) {
					t.Errorf("session %d is current: %v, want session %d to be: %s", i, got, current, r.Body)
				}
			}
		}
		id := w.Get("/v3/users/{ann}/sessions", apitest.Token(first)).Str("sessions.1.id")
		w.Get("/v3/users/{bob}/sessions/"+id, w.As("bob")).Want(404)
		for _, who := range []string{"sysadmin", "reader@system", "manager@red"} {
			r := w.Get("/v3/users/{ann}/sessions/"+id, w.As(who)).Want(200)
			if r.Bool("session.current") || r.Str("session.methods.0") != "password" || r.Str("session.user_id") != w.ID("ann") {
				t.Errorf("%s sees %s", who, r.Body)
			}
		}
		// Pages: each session once, newest first.
		page := w.Get("/v3/users/{ann}/sessions?limit=1", apitest.Token(first)).Want(200)
		next := page.Str("links.next")[len(apitest.PublicURL):]
		rest := w.Get(next, apitest.Token(first)).Want(200)
		if len(page.List("sessions")) != 1 || len(rest.List("sessions")) != 1 || rest.Str("sessions.0.id") != id {
			t.Errorf("pages: %s %s", page.Body, rest.Body)
		}
		w.Get("/v3/users/{ann}/sessions?marker=none", apitest.Token(first)).Want(400)
		// What has ended is not listed, whatever ended it.
		w.Clock.Advance(w.Config.Token.TTL - 500*time.Millisecond)
		if r := w.Get("/v3/users/{ann}/sessions", apitest.Token(second)).Want(200); len(r.List("sessions")) != 1 {
			t.Errorf("an expired session is listed: %s", r.Body)
		}
		w.SetPassword("ann")
		if r := w.Get("/v3/users/{ann}/sessions", w.As("sysadmin")).Want(200); len(r.List("sessions")) != 0 {
			t.Errorf("sessions before the password changed are listed: %s", r.Body)
		}
	})
}

// TestL6Programs shows that what programs do is no session, and that they see none.
func TestL6Programs(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.Grant("ann", "member", "project:red/web")
		mine := w.Token("ann", "project:red/web")
		made := w.Post("/v3/users/{ann}/application_credentials", `{"application_credential":{"name":"ci"}}`, apitest.Token(mine)).Want(201)
		program := w.Post("/v3/auth/tokens", map[string]any{"auth": map[string]any{"identity": map[string]any{
			"methods":                []string{"application_credential"},
			"application_credential": map[string]any{"id": made.Str("application_credential.id"), "secret": made.Str("application_credential.secret")},
		}}}).Want(201).Token()
		for _, do := range []string{"GET /v3/users/{ann}/sessions", "DELETE /v3/users/{ann}/sessions"} {
			w.Run(t, []apitest.Case{{Do: do, Header: map[string]string{"X-Auth-Token": program}, Want: 403}})
		}
		if r := w.Get("/v3/users/{ann}/sessions", apitest.Token(mine)).Want(200); len(r.List("sessions")) != 1 {
			t.Errorf("a program's sign-in is listed: %s", r.Body)
		}
	})
}

// TestL7 shows each session with address, place, browser and system.
func TestL7(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		signIn(w, "ann", agent(chrome))
		w.Clock.Advance(time.Second)
		signIn(w, "ann", agent(iphone))
		w.Clock.Advance(time.Second)
		mine := signIn(w, "ann", agent(`<script>alert(1)</script>"}`))
		r := w.Get("/v3/users/{ann}/sessions", apitest.Token(mine)).Want(200)
		for path, want := range map[string]string{
			"sessions.0.browser.name": "unknown", "sessions.0.os.name": "unknown", "sessions.0.os.version": "",
			"sessions.1.browser.name": "Safari", "sessions.1.os.name": "iOS", "sessions.1.os.version": "17.5",
			"sessions.2.browser.name": "Chrome", "sessions.2.browser.version": "141.0.0.0", "sessions.2.os.name": "Windows",
			"sessions.2.ip": "127.0.0.1", "sessions.2.place.name": "unknown", "sessions.2.user_agent": chrome,
		} {
			if got := r.Str(path); got != want {
				t.Errorf("%s is %q, want %q", path, got, want)
			}
		}
		r.Never("<script>")
	})
}

// TestL7Place shows where an address is by a file of the operator's.
func TestL7Place(t *testing.T) {
	t.Parallel()
	file := placesIn(t, bonn)
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		var mine string
		for _, from := range []string{"198.51.100.1", "2001:db8::1", "203.0.113.9"} {
			mine = signIn(w, "ann", apitest.Header("X-Forwarded-For", from))
			w.Clock.Advance(time.Second)
		}
		r := w.Get("/v3/users/{ann}/sessions", apitest.Token(mine)).Want(200)
		for path, want := range map[string]string{
			"sessions.0.ip": "203.0.113.9", "sessions.0.place.name": "Bonn, Germany", "sessions.0.place.country": "DE", "sessions.0.place.city": "Bonn",
			"sessions.1.ip": "2001:db8::1", "sessions.1.place.name": "unknown", "sessions.2.place.name": "unknown",
		} {
			if got := r.Str(path); got != want {
				t.Errorf("%s is %q, want %q", path, got, want)
			}
		}
		if r.Value("sessions.2.place.country") != nil {
			t.Errorf("an unknown place has a country: %s", r.Body)
		}
	}, func(c *config.Config) {
		c.Sessions.GeoIPFile = file
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
}

// TestL8 shows that the tokens of an ended session, and those made from them, are refused with the next call.
func TestL8(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("bob", "red")
		keep, gone := signIn(w, "ann"), signIn(w, "ann")
		child := w.Post("/v3/auth/tokens", continuing("", gone, "")).Want(201).Token()
		id := w.Get("/v3/auth/tokens", apitest.Token(gone), apitest.Header("X-Subject-Token", gone)).Want(200).Str("token.audit_ids.0")
		path := "/v3/users/{ann}/sessions/" + id
		other, _ := w.Node()
		other.Get("/v3/users/{ann}", apitest.Token(child)).Want(200)

		w.Delete(path).Want(401)
		w.Delete(path, w.As("bob")).Want(403)
		w.Delete(path, w.As("reader@system")).Want(403)
		w.Delete("/v3/users/{bob}/sessions/"+id, w.As("bob")).Want(404)
		w.Delete("/v3/users/{ann}/sessions", w.As("bob")).Want(403)
		w.Get("/v3/users/{ann}", apitest.Token(child)).Want(200)

		w.Delete(path, apitest.Token(keep)).Want(204)
		for _, text := range []string{gone, child} {
			w.Get("/v3/users/{ann}", apitest.Token(text)).Want(401)
			apitest.Within(t, time.Second, "another node hears of the end", func() bool {
				return other.Get("/v3/users/{ann}", apitest.Token(text)).Status == 401
			})
		}
		w.Delete(path, apitest.Token(keep)).Want(404)
		w.Get("/v3/users/{ann}", apitest.Token(keep)).Want(200)
		if r := w.Get("/v3/OS-REVOKE/events", w.As("sysadmin")).Want(200); r.Str("events.0.audit_chain_id") != id {
			t.Errorf("the end is no revocation: %s", r.Body)
		}

		// All others, and all.
		before := []string{signIn(w, "ann"), signIn(w, "ann"), signIn(w, "ann")}
		w.Delete("/v3/users/{ann}/sessions", apitest.Token(keep)).Want(204)
		for _, text := range before {
			w.Get("/v3/users/{ann}", apitest.Token(text)).Want(401)
			apitest.Within(t, time.Second, "another node hears of the end", func() bool {
				return other.Get("/v3/users/{ann}", apitest.Token(text)).Status == 401
			})
		}
		w.Get("/v3/users/{ann}", apitest.Token(keep)).Want(200)
		w.Get("/v3/users/{bob}", w.As("bob")).Want(200)
		w.Delete("/v3/users/{ann}/sessions", w.As("manager@red")).Want(204)
		w.Get("/v3/users/{ann}", apitest.Token(keep)).Want(401)
		signIn(w, "ann")
	})
}

// TestL20 shows that a session left open ends, unless it is used.
func TestL20(t *testing.T) {
	t.Parallel()
	idle := func(c *config.Config) { c.Sessions.Idle = 15 * time.Minute }
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		used, left := signIn(w, "ann"), signIn(w, "ann")
		child := w.Post("/v3/auth/tokens", continuing("", left, "")).Want(201).Token()
		for range 2 {
			w.Clock.Advance(15 * time.Minute)
			w.Get("/v3/users/{ann}", apitest.Token(used)).Want(200)
		}
		other, _ := w.Node(idle)
		w.ForgetTokens() // administrators are no exception
		for _, node := range []*apitest.World{w, other} {
			for _, text := range []string{left, child} {
				r := node.Get("/v3/users/{ann}", apitest.Token(text)).Want(401)
				if r.Str("error.reason") != "session_idle" {
					t.Errorf("the refusal does not say why: %s", r.Body)
				}
				node.Post("/v3/auth/tokens", continuing("", text, "")).Want(401)
				node.Get("/v3/auth/tokens", w.As("sysadmin"), apitest.Header("X-Subject-Token", text)).Want(404)
			}
		}
		apitest.Within(t, 5*time.Second, "the sighting is written, and another node sees it", func() bool {
			return other.Get("/v3/users/{ann}", apitest.Token(used)).Status == 200
		})
		if r := w.Get("/v3/users/{ann}/sessions", apitest.Token(used)).Want(200); r.Str("sessions.0.last_seen_at") != "2026-03-04T05:36:07.890123Z" {
			t.Errorf("last seen: %s", r.Body)
		}
		w.Clock.Advance(15*time.Minute + time.Second)
		w.Get("/v3/users/{ann}", apitest.Token(used)).Want(401)
		signIn(w, "ann")
	}, idle)
}
