package features_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/notify"
)

// from is a request from an address in a network, with a browser.
func from(p placed, browser string) []apitest.With {
	return []apitest.With{apitest.Header("X-Forwarded-For", fmt.Sprintf("%d.%d.%d.9", p.network[0], p.network[1], p.network[2])), agent(browser)}
}

// watched is a server that knows some places, with what follows of unusual sign-ins.
func watched(t *testing.T, challenge, refuse int) apitest.Option {
	t.Helper()
	file := placesIn(t, bonn, koeln, sydney, paris)
	return func(c *config.Config) {
		c.Sessions.GeoIPFile, c.TrustedProxies = file, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.Risk.Challenge, c.Risk.Refuse = challenge, refuse
	}
}

// settle lets people sign in at home, once a day.
func settle(w *apitest.World, days int, users ...string) {
	for range days {
		w.Clock.Advance(24 * time.Hour)
		for _, u := range users {
			signIn(w, u, from(bonn, chrome)...)
		}
	}
}

// judgement is how the newest session of a user was judged, which the event of the sign-in says too.
func judgement(t *testing.T, w *apitest.World, user, token string) string {
	t.Helper()
	r := w.Get("/v3/users/{"+user+"}/sessions", apitest.Token(token)).Want(http.StatusOK)
	told := fmt.Sprint(r.Int("sessions.0.risk.score"), " ", r.List("sessions.0.risk.reasons"))
	said := ""
	for _, ev := range w.Events() {
		if ev.Action == "token.issue" && ev.UserID == w.ID(user) {
			if said = "0 []"; ev.Detail["risk"] != nil {
				said = fmt.Sprint(ev.Detail["risk"], " ", ev.Detail["reasons"])
			}
		}
	}
	if said != told {
		t.Errorf("the event says %q, the session %q", said, told)
	}
	return told
}

// TestL18 raises a score, with reasons, for a new device, network, country or hour, and for impossible travel.
func TestL18(t *testing.T) {
	t.Parallel()
	elsewhere := placed{network: [3]byte{203, 0, 115}} // in no file
	cases := []struct {
		name, user string
		after      time.Duration // since the sign-in before
		place      placed
		browser    string
		wrong      int // passwords before it
		want       string
	}{
		{"an hour later, as always", "ann", time.Hour, bonn, chrome, 0, "0 []"},
		{"after one wrong password", "ann", 0, bonn, chrome, 1, "0 []"},
		{"an hour later in a new country", "bob", 0, sydney, chrome, 0, "85 [new_network new_country impossible_travel]"},
		{"again there", "bob", time.Minute, sydney, chrome, 0, "0 []"},
		{"another network near by", "cid", 0, koeln, chrome, 0, "15 [new_network]"},
		{"another browser, somewhere", "dan", 0, elsewhere, iphone, 0, "35 [new_device new_network]"},
		{"in the evening", "eve", 12 * time.Hour, bonn, chrome, 0, "10 [unusual_hour]"},
		{"a new browser after many wrong passwords", "eve", 12 * time.Hour, bonn, iphone, 4, "20 [new_device]"},
		{"a new country the next day", "fay", 0, paris, chrome, 0, "45 [new_network new_country]"},
		{"everything at once", "gus", 12 * time.Hour, sydney, iphone, 5, "90 [new_device new_network new_country unusual_hour failure_burst]"},
	}
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		users := []string{"ann", "bob", "cid", "dan", "eve", "fay", "gus"}
		for _, u := range users {
			w.User(u, "red")
		}
		settle(w, 21, users...)
		for _, c := range cases {
			w.Clock.Advance(c.after)
			for range c.wrong {
				w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID(c.user), "wrong", "unscoped"), from(elsewhere, iphone)...).Want(http.StatusUnauthorized)
			}
			if got := judgement(t, w, c.user, signIn(w, c.user, from(c.place, c.browser)...)); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
		// Somebody new is hardly known: first sign-ins score nothing, the next ones little.
		w.User("new", "red")
		for _, c := range []struct {
			place placed
			want  string
		}{{bonn, "0 []"}, {sydney, "25 [new_network new_country impossible_travel]"}} {
			if got := judgement(t, w, "new", signIn(w, "new", from(c.place, chrome)...)); got != c.want {
				t.Errorf("somebody new: %s, want %s", got, c.want)
			}
			w.Clock.Advance(time.Second)
		}
		// What is not seen for long is forgotten, and with a deleted user everything.
		w.Clock.Advance(w.Config.Risk.Retention + time.Hour)
		if got := judgement(t, w, "fay", signIn(w, "fay", from(sydney, iphone)...)); got != "0 []" {
			t.Errorf("after everything was forgotten: %s", got)
		}
	}, watched(t, 0, 0))
}

// TestL18Notice tells the person of an unusual sign-in, once. Whoever says that it was somebody else is not known by
// where that was.
func TestL18Notice(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, w *apitest.World, r *receiver) {
		w.User("ann", "red")
		settle(w, 6, "ann")
		w.Clock.Advance(24 * time.Hour)
		signIn(w, "ann", from(koeln, chrome)...) // new, but not worth a notice
		token := signIn(w, "ann", from(sydney, iphone)...)
		n := r.next(notify.UnusualSignIn)
		if got := fmt.Sprint(n.Data.Event.Reasons); got != "[new_device new_network new_country impossible_travel]" || n.Data.User.ID != w.ID("ann") {
			t.Errorf("told: %+v", n)
		}
		w.Clock.Advance(time.Hour / 2)
		signIn(w, "ann", from(sydney, iphone)...) // known by now

		disown(w, n.ID, n.Data.Event.Token).Want(http.StatusNoContent)
		w.Get("/v3/users/{ann}", apitest.Token(token)).Want(http.StatusUnauthorized)
		w.SignIn("ann", "").Want(http.StatusUnauthorized).Has("password_expired")
		w.SetPassword("ann")
		r.next(notify.PasswordChanged)
		w.Clock.Advance(24 * time.Hour)
		if got := judgement(t, w, "ann", signIn(w, "ann", from(bonn, chrome)...)); got != "0 []" {
			t.Errorf("at home: %s", got)
		}
		w.Clock.Advance(time.Second)
		if got := judgement(t, w, "ann", signIn(w, "ann", from(sydney, iphone)...)); !strings.Contains(got, "new_device new_network new_country") {
			t.Errorf("where somebody else was: %s", got)
		}
		r.next(notify.UnusualSignIn)
	}, watched(t, 0, 0))
}

// TestL18Challenge demands a fresh code although the device is remembered, and lets in who shows one.
func TestL18Challenge(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		w.User("ann", "red")
		_, secret := mia.remember("laptop")
		for range 6 {
			settle(w, 1, "ann")
			mia.on(secret, from(bonn, chrome)...).Want(http.StatusCreated)
		}
		w.Clock.Advance(24 * time.Hour)
		away := from(sydney, chrome)
		refused(t, "a wrong password", shown(w, m{"password": mia.known("wrong"), "device": m{"secret": secret}}, away...), false)
		r := mia.on(secret, away...)
		refused(t, "with a remembered device", r, true)
		r.Never("risk")
		if got := fmt.Sprint(r.Value("receipt.methods"), r.Value("required_auth_methods")); got != "[password] [[password totp]]" {
			t.Errorf("the receipt says %s", got)
		}
		why := w.Get("/v3/explain/"+r.Header.Get("X-Openstack-Request-Id"), w.As("sysadmin")).Want(http.StatusOK)
		if why.Str("decisions.0.cause") != "risk_challenged" || why.Int("decisions.0.risk.score") != 45 || why.Str("decisions.0.risk.reasons.1") != "new_country" {
			t.Errorf("the explanation: %s", why.Body)
		}
		receipt := apitest.Header("Openstack-Auth-Receipt", r.Header.Get("Openstack-Auth-Receipt"))
		refused(t, "with the device again", mia.on(secret, append(away, receipt)...), true)
		refused(t, "with a wrong code", w.Post("/v3/auth/tokens", mia.totp("000000", ""), append(away, receipt)...), false)
		mia.on(secret, from(bonn, chrome)...).Want(http.StatusCreated) // at home all is as always

		in := w.Post("/v3/auth/tokens", mia.totp(mia.next(), ""), append(away, receipt)...).Want(http.StatusCreated)
		if got := fmt.Sprint(in.Value("token.methods")); !strings.Contains(got, "totp") || strings.Contains(got, "device") {
			t.Errorf("methods %s", got)
		}
		mia.on(secret, away...).Want(http.StatusCreated) // it is known there by now
		shown(w, m{"password": mia.known(w.Password("mia")), "totp": m{"user": m{"id": w.ID("mia"), "passcode": mia.next()}}}, from(paris, chrome)...).Want(http.StatusCreated)

		// Who has no second factor cannot be asked for one.
		if got := judgement(t, w, "ann", signIn(w, "ann", away...)); !strings.HasPrefix(got, "45 ") {
			t.Errorf("somebody without a second factor: %s", got)
		}
	}, watched(t, 45, 0))
}

// TestL18ChallengeAtSignIn demands the code also where codes are asked for at actions only.
func TestL18ChallengeAtSignIn(t *testing.T) {
	t.Parallel()
	watched := watched(t, 45, 0)
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		settle(w, 6, "mia")
		w.Clock.Advance(24 * time.Hour)
		by := m{"password": mia.known(w.Password("mia"))}
		refused(t, "in a new country", shown(w, by, from(sydney, chrome)...), true)
		shown(w, by, from(bonn, chrome)...).Want(http.StatusCreated)
	}, func(c *config.Config) {
		watched(c)
		c.StepUp.At = config.AtAction
	})
}

// TestL18Refuse refuses what is too unusual, for as long as it is, tells the person, and judges no programs.
func TestL18Refuse(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, w *apitest.World, r *receiver) {
		mia := withApp(w, "mia")
		r.next(notify.FactorAdded)
		r.next(notify.RecoveryRenewed)
		w.User("ann", "red")
		w.Grant("ann", "member", "project:red/web")
		_, secret := mia.remember("laptop")
		r.next(notify.DeviceRemembered)
		for range 6 {
			settle(w, 1, "ann")
			mia.on(secret, from(bonn, chrome)...).Want(http.StatusCreated)
		}
		away := from(sydney, chrome)
		made := w.Post("/v3/users/{ann}/application_credentials", `{"application_credential":{"name":"ci"}}`,
			apitest.Token(w.Token("ann", "project:red/web"))).Want(http.StatusCreated)
		r.next(notify.UnusualSignIn) // the test itself has another browser
		r.next(notify.CredentialMade)

		for range 2 { // what is refused is not learned
			no := w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID("ann"), w.Password("ann"), "unscoped"), away...)
			refused(t, "somebody without a second factor", no, false)
			if no.Str("error.reason") != "risk_refused" {
				t.Errorf("the refusal says %s", no.Body)
			}
			why := w.Get("/v3/explain/"+no.Header.Get("X-Openstack-Request-Id"), w.As("sysadmin")).Want(http.StatusOK)
			if why.Str("decisions.0.cause") != "risk_refused" || why.Int("decisions.0.risk.score") != 85 || why.Str("decisions.0.user_id") != w.ID("ann") {
				t.Errorf("the explanation: %s", why.Body)
			}
		}
		if n := r.next(notify.RefusedSignIn); n.Data.User.ID != w.ID("ann") || fmt.Sprint(n.Data.Event.Reasons) != "[new_network new_country impossible_travel]" {
			t.Errorf("told: %+v", n)
		}
		old := w.Post("/v2.0/tokens", m{"auth": m{"passwordCredentials": m{"userId": w.ID("ann"), "password": w.Password("ann")}}}, away...)
		old.Want(http.StatusUnauthorized)
		wrong := w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID("ann"), "wrong", "unscoped"), away...).Want(http.StatusUnauthorized)
		wrong.Never("risk")

		code := mia.next()
		both := m{"password": mia.known(w.Password("mia")), "totp": m{"user": m{"id": w.ID("mia"), "passcode": code}}}
		mia.on(secret, from(bonn, chrome)...).Want(http.StatusCreated)
		shown(w, both, away...).Want(http.StatusUnauthorized).Has("risk_refused")
		r.next(notify.RefusedSignIn)
		shown(w, both, from(bonn, chrome)...).Want(http.StatusCreated) // the code was not spent

		token := signIn(w, "ann", from(bonn, chrome)...)
		w.Post("/v3/auth/tokens", continuing("", token, ""), away...).Want(http.StatusCreated)
		w.Post("/v3/auth/tokens", m{"auth": m{"identity": m{"methods": []string{"application_credential"}, "application_credential": m{
			"id": made.Str("application_credential.id"), "secret": made.Str("application_credential.secret"),
		}}}}, away...).Want(http.StatusCreated)
	}, watched(t, 0, 85))
}

// TestL18Off remembers and judges nothing.
func TestL18Off(t *testing.T) {
	t.Parallel()
	watched := watched(t, 45, 85)
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		settle(w, 6, "ann")
		if got := judgement(t, w, "ann", signIn(w, "ann", from(sydney, iphone)...)); got != "0 []" {
			t.Errorf("judged: %s", got)
		}
		on, _ := w.Node(func(c *config.Config) { c.Risk.Enabled = true })
		if got := judgement(t, on, "ann", signIn(on, "ann", from(sydney, iphone)...)); got != "0 []" {
			t.Errorf("remembered: %s", got)
		}
	}, func(c *config.Config) {
		watched(c)
		c.Risk.Enabled = false
	})
}
