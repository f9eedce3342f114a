package attack_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// remembered keeps a device of the phone's owner and returns its secret.
func remembered(p *phone) string {
	r := p.w.Post("/v3/users/{"+p.user+"}/devices", `{"device":{"name":"laptop"}}`, apitest.Token(p.strong())).Want(http.StatusCreated)
	p.w.Secret(r.Str("device.secret"))
	return r.Str("device.secret")
}

// onDevice is the proof by a device.
func onDevice(secret string) shows { return shows{"device": map[string]any{"secret": secret}} }

func TestB2B11B13ADeviceIsGoodBesideItsOwnersPasswordOnly(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia, bob := enrolled(w, "mia"), enrolled(w, "bob")
		secret := remembered(mia)
		want := unknown(w)
		strong := mia.strong()
		alike(t, "alone", shown(w, onDevice(secret)), want)
		for what, proofs := range map[string]shows{
			"with a token":            onDevice(secret).and(shows{"token": map[string]any{"id": strong}}),
			"with a wrong password":   onDevice(secret).and(password(w.ID("mia"), "no")),
			"with bob's password":     onDevice(secret).and(thePassword(w, "bob")),
			"as a passcode":           thePassword(w, "mia").and(code(w, "mia", secret)),
			"as a password":           password(w.ID("mia"), secret),
			"another spelling":        thePassword(w, "mia").and(onDevice(strings.ToLower(secret))),
			"with a blank":            thePassword(w, "mia").and(onDevice(secret + " ")),
			"a token in its place":    thePassword(w, "mia").and(onDevice(strong)),
			"a receipt in its place":  thePassword(w, "mia").and(onDevice(receiptOf(w, "mia"))),
			"a recovery code instead": thePassword(w, "mia").and(onDevice(mia.codes[0])),
		} {
			tokenless(t, what, shown(w, proofs))
		}
		tokenless(t, "with bob's receipt", shown(w, onDevice(secret), receipt(receiptOf(w, "bob"))))
		w.Get("/v3/auth/tokens", apitest.Token(secret), apitest.Header("X-Subject-Token", secret)).Want(http.StatusUnauthorized)
		tokenless(t, "as a receipt", shown(w, code(w, "mia", mia.next()), receipt(secret)))
		w.Post("/v3/users/{mia}/password", map[string]any{"user": map[string]any{
			"original_password": w.Password("mia"), "password": w.NewPassword(), "passcode": secret,
		}}).Want(http.StatusUnauthorized)

		w.Clock.Advance(time.Hour) // what was guessed is forgiven, and the tokens are over
		mia.strong()
		weak := shown(w, thePassword(w, "mia").and(onDevice(secret))).Want(http.StatusCreated).Token()
		w.Post("/v3/users/{mia}/password", map[string]any{"user": map[string]any{
			"original_password": w.Password("mia"), "password": w.NewPassword(),
		}}, apitest.Token(weak)).Want(http.StatusUnauthorized)
		shown(w, onDevice(secret), receipt(receiptOf(w, "mia"))).Want(http.StatusCreated)
		bob.strong()
	})
}

func TestB8B22SecretsOfDevicesShareTheLimitOfCodes(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		secret := remembered(mia)
		w.Clock.Advance(time.Hour)
		other, _ := w.Node()
		nodes := []*apitest.World{w, other}
		wrong := strings.Repeat("A", len(secret))
		for i := range 10 {
			guess := onDevice(wrong)
			if i%3 == 0 {
				guess = code(w, "mia", "abcdef")
			}
			tokenless(t, "a guess", shown(nodes[i%2], thePassword(w, "mia").and(guess)))
		}
		third, _ := w.Node()
		for _, n := range append(nodes, third) {
			alike(t, "the right device", shown(n, thePassword(w, "mia").and(onDevice(secret))), unknown(w))
			alike(t, "the right code", shown(n, thePassword(w, "mia").and(code(w, "mia", mia.at(0)))), unknown(w))
		}
		w.Clock.Advance(30 * time.Second)
		shown(w, thePassword(w, "mia").and(onDevice(secret))).Want(http.StatusCreated)
		// It made no wrong codes forgotten: one more, and the pause is longer.
		tokenless(t, "one more guess", shown(w, thePassword(w, "mia").and(code(w, "mia", "abcdef"))))
		w.Clock.Advance(59 * time.Second)
		tokenless(t, "while codes rest", shown(w, thePassword(w, "mia").and(onDevice(secret))))
		w.Clock.Advance(time.Second)
		shown(w, thePassword(w, "mia").and(onDevice(secret))).Want(http.StatusCreated)
	})
}

func TestB25ADeviceIsNoFreshFactor(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		w.Name("factor", mia.id)
		secret := remembered(mia)
		state := func() string {
			return string(w.Get("/v3/users/{mia}/mfa", w.As("sysadmin")).Want(http.StatusOK).Body) +
				string(w.Get("/v3/users/{mia}/devices", w.As("sysadmin")).Want(http.StatusOK).Body)
		}
		weak := shown(w, thePassword(w, "mia").and(onDevice(secret))).Want(http.StatusCreated).Token()
		was := state()
		continuing := continued(w, weak, "unscoped").Want(http.StatusCreated).Token()
		for _, token := range []string{weak, continuing} {
			for _, do := range [][2]string{
				{"POST /v3/users/{mia}/mfa/totp", `{"totp":{"name":"x"}}`},
				{"DELETE /v3/users/{mia}/mfa/totp/{factor}", ""},
				{"POST /v3/users/{mia}/mfa/recovery_codes", ""},
				{"POST /v3/users/{mia}/mfa/phones", `{"phone":{"number":"+41446681800"}}`},
				{"POST /v3/users/{mia}/devices", `{"device":{"name":"another"}}`},
				{"POST /v3/users/{mia}/application_credentials", `{"application_credential":{"name":"x"}}`},
				{"POST /v3/credentials", `{"credential":{"type":"totp","user_id":"{mia}","blob":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}`},
				{"DELETE /v3/credentials/{factor}", ""},
			} {
				method, path, _ := strings.Cut(do[0], " ")
				r := w.Do(method, path, apitest.Body(do[1]), apitest.Token(token))
				if r.Status != http.StatusUnauthorized && r.Status != http.StatusForbidden {
					t.Errorf("%s on a device: got %d: %s", do[0], r.Status, r.Body)
				}
			}
		}
		if now := state(); now != was {
			t.Errorf("something changed:\n%s\n%s", was, now)
		}
	})
}

func TestA1ASessionOnADeviceEndsWhenItWouldHave(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		secret := remembered(mia)
		first := shown(w, thePassword(w, "mia").and(onDevice(secret))).Want(http.StatusCreated)
		token, end := first.Token(), first.Str("token.expires_at")
		for range 3 {
			w.Clock.Advance(time.Minute)
			// The device beside the token makes nothing last longer, nor fresher.
			r := shown(w, thePassword(w, "mia").and(onDevice(secret)).and(shows{"token": map[string]any{"id": token}})).Want(http.StatusCreated)
			if r.Str("token.expires_at") != end {
				t.Errorf("it ends at %s, want %s", r.Str("token.expires_at"), end)
			}
			token = r.Token()
		}
		w.Clock.Advance(time.Hour)
		w.Get("/v3/auth/projects", apitest.Token(token)).Want(http.StatusUnauthorized)
	})
}

func TestN4NoMoreDevicesAreRememberedAtOnceThanMayBe(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		nodes, as := nodesOf(w), apitest.Token(mia.strong())
		statuses := atOnce(50, func(i int) int {
			return nodes[i%len(nodes)].Post("/v3/users/{mia}/devices", fmt.Sprintf(`{"device":{"name":"%d"}}`, i), as).Status
		})
		if count(statuses, http.StatusCreated) != 3 || count(statuses, http.StatusConflict) != 47 {
			t.Errorf("of 50 at once %v, want three", statuses)
		}
		if n := len(w.Get("/v3/users/{mia}/devices", as).Want(http.StatusOK).List("devices")); n != 3 {
			t.Errorf("%d are listed, want 3", n)
		}
	}, func(c *config.Config) { c.Devices.Max = 3 })
}

// Fifty sign-ins race with the end of the device: none that begins after it is let in, on whatever node.
func TestN7AForgottenDeviceLetsNobodyIn(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		secret := remembered(mia)
		nodes, as := nodesOf(w), w.As("sysadmin")
		try := func(i int) int { return shown(nodes[i%len(nodes)], thePassword(w, "mia").and(onDevice(secret))).Status }
		statuses := atOnce(50, func(i int) int {
			if i == 7 {
				return w.Delete("/v3/users/{mia}/devices", as).Status
			}
			return try(i)
		})
		if ok, no := count(statuses, http.StatusCreated), count(statuses, http.StatusUnauthorized); ok+no != 49 || statuses[7] != http.StatusNoContent {
			t.Errorf("%v, want tokens and refusals only", statuses)
		}
		w.Clock.Advance(time.Hour)
		for i := range nodes {
			if status := try(i); status != http.StatusUnauthorized {
				t.Errorf("node %d after it was forgotten: %d", i, status)
			}
		}
	})
}
