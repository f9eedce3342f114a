package features_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// person is somebody with an authenticator, or without one as long as seed is empty.
type person struct {
	*apitest.World
	t          *testing.T
	name, seed string
}

// code is the next one that was not used yet.
func (p *person) code() string {
	p.t.Helper()
	p.Clock.Advance(30 * time.Second)
	c, err := totp.GenerateCode(p.seed, p.Clock.Now())
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// enrol gives the person an authenticator.
func (p *person) enrol() {
	p.t.Helper()
	token := apitest.Token(signIn(p.World, p.name))
	made := p.Post("/v3/users/{"+p.name+"}/mfa/totp", `{"totp":{"name":"phone"}}`, token).Want(201)
	p.seed = made.Str("totp.secret")
	p.Post("/v3/users/{"+p.name+"}/mfa/totp/"+made.Str("totp.id")+"/confirm", `{"totp":{"passcode":"`+p.code()+`"}}`, token).Want(200)
}

// again continues a session with a method more, and a fresh proof by it.
func (p *person) again(token, method string) string {
	p.t.Helper()
	user := map[string]any{"id": p.ID(p.name)}
	if method == "totp" {
		user["passcode"] = p.code()
	} else {
		user["password"] = p.Password(p.name)
	}
	return p.Post("/v3/auth/tokens", map[string]any{"auth": map[string]any{"scope": "unscoped", "identity": map[string]any{
		"methods": []string{"token", method}, "token": map[string]any{"id": token}, method: map[string]any{"user": user},
	}}}).Want(201).Token()
}

// strong signs the person in with both factors.
func (p *person) strong() string {
	p.t.Helper()
	body := apitest.PasswordBody(p.ID(p.name), p.Password(p.name), "unscoped")
	identity := body["auth"].(map[string]any)["identity"].(map[string]any)
	identity["methods"] = []string{"password", "totp"}
	identity["totp"] = map[string]any{"user": map[string]any{"id": p.ID(p.name), "passcode": p.code()}}
	return p.Post("/v3/auth/tokens", body).Want(201).Token()
}

// act does something that demands a recent proof.
func (p *person) act(token string) *apitest.Response {
	p.t.Helper()
	return p.Post("/v3/users/{"+p.name+"}/mfa/totp", `{"totp":{"name":"another"}}`, apitest.Token(token))
}

// asked fails the test unless the answer asks for a proof by the methods.
func asked(t *testing.T, r *apitest.Response, methods ...string) {
	t.Helper()
	r.Want(401)
	if r.Str("error.reason") != "reauthentication_required" || r.Header.Get("Openstack-Auth-Receipt") == "" {
		t.Errorf("no receipt: %s", r.Body)
	}
	if got := fmt.Sprint(r.Value("step_up_methods")); got != fmt.Sprint(methods) {
		t.Errorf("asked for %s, want %v", got, methods)
	}
}

// people are ann, who has a second factor, and bob, who has none.
func people(t *testing.T, w *apitest.World) (ann, bob *person) {
	t.Helper()
	for _, name := range []string{"ann", "bob"} {
		w.User(name, "red")
	}
	ann, bob = &person{World: w, t: t, name: "ann"}, &person{World: w, t: t, name: "bob"}
	ann.enrol()
	return ann, bob
}

// TestL9 challenges a stale session at what is major: password change, second factor on and off, e-mail, account.
func TestL9(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		ann, bob := people(t, w)
		old := map[*person]string{ann: ann.strong(), bob: signIn(w, "bob")}
		factor := w.Get("/v3/users/{ann}/mfa", apitest.Token(old[ann])).Want(200).Str("mfa.factors.0.id")
		w.Clock.Advance(11 * time.Minute)
		asked(t, ann.act(old[ann]), "token", "totp")
		asked(t, bob.act(old[bob]), "token", "password")
		asked(t, w.Delete("/v3/users/{ann}/mfa/totp/"+factor, apitest.Token(old[ann])), "token", "totp")
		change := map[string]any{"user": map[string]any{"original_password": w.Password("ann"), "password": w.NewPassword()}}
		w.Post("/v3/users/{ann}/password", change, apitest.Token(old[ann])).Want(401)

		// People who may change accounts show a recent proof for their own.
		w.Grant("bob", "manager", "domain:red")
		boss := w.Token("bob", "domain:red")
		w.Clock.Advance(11 * time.Minute)
		for _, body := range []string{`{"email":"b@example.org"}`, `{"options":{"multi_factor_auth_enabled":false}}`, `{"password":"a new one, for all that"}`} {
			asked(t, w.Patch("/v3/users/{bob}", `{"user":`+body+`}`, apitest.Token(boss)), "token", "password")
		}
		asked(t, w.Delete("/v3/users/{bob}", apitest.Token(boss)), "token", "password")
		w.Patch("/v3/users/{bob}", `{"user":{"description":"the boss"}}`, apitest.Token(boss)).Want(200)
		w.Patch("/v3/users/{ann}", `{"user":{"email":"a@example.org"}}`, apitest.Token(boss)).Want(200)

		fresh := ann.again(ann.strong(), "totp")
		ann.act(fresh).Want(201)
		w.Post("/v3/users/{ann}/password", change, apitest.Token(fresh)).Want(204)
		w.KnowPassword("ann", change["user"].(map[string]any)["password"].(string))
		fresh = ann.strong()
		w.Delete("/v3/users/{ann}/mfa/totp/"+factor, apitest.Token(fresh)).Want(204)
		boss = w.Token("bob", "domain:red")
		w.Patch("/v3/users/{bob}", `{"user":{"email":"b@example.org"}}`, apitest.Token(boss)).Want(200)
		w.Delete("/v3/users/{bob}", apitest.Token(boss)).Want(204)
	})
}

func atAction(c *config.Config) { c.StepUp.At = config.AtAction }

// TestL10 asks for the code at the action, not at the sign-in.
func TestL10(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		ann, _ := people(t, w)
		weak := signIn(w, "ann")
		w.Get("/v3/users/{ann}", apitest.Token(weak)).Want(200)
		asked(t, ann.act(weak), "token", "totp")
		r := w.Get("/v3/auth/tokens", apitest.Token(weak), apitest.Header("X-Subject-Token", weak)).Want(200)
		if r.Str("token.assurance") != "single_factor" {
			t.Errorf("no code was shown: %s", r.Body)
		}
		before := w.Clock.Now()
		strong := ann.again(weak, "totp")
		ann.act(strong).Want(201)
		r = w.Get("/v3/auth/tokens", apitest.Token(strong), apitest.Header("X-Subject-Token", strong)).Want(200)
		if r.Str("token.assurance") != "multi_factor" || r.Str("token.authenticated_at") != before.Add(30*time.Second).Format("2006-01-02T15:04:05.000000Z") {
			t.Errorf("the proof is not told: %s", r.Body)
		}
		// The session shows it, and its older token is no stronger than before.
		if r := w.Get("/v3/users/{ann}/sessions", apitest.Token(weak)).Want(200); !slices.Contains(r.List("sessions.0.methods"), any("totp")) {
			t.Errorf("the session: %s", r.Body)
		}
		asked(t, ann.act(weak), "token", "totp")
		// An administrator's rule holds at the sign-in.
		w.Patch("/v3/users/{ann}", `{"user":{"options":{"multi_factor_auth_rules":[["password","totp"]]}}}`, w.As("sysadmin")).Want(200)
		w.SignIn("ann", "").Want(401)
	}, atAction)
}

// TestL11 asks people who have a second factor for the code: the password alone is refused.
func TestL11(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		ann, _ := people(t, w)
		old := ann.strong()
		w.Clock.Advance(11 * time.Minute)
		asked(t, ann.act(ann.again(old, "password")), "token", "totp")
		ann.act(ann.again(old, "totp")).Want(201)
	})
}

// TestL12 asks people without a second factor for the password.
func TestL12(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		_, bob := people(t, w)
		old := signIn(w, "bob")
		w.Clock.Advance(11 * time.Minute)
		asked(t, bob.act(old), "token", "password")
		bob.act(w.Post("/v3/auth/tokens", continuing("", old, "")).Want(201).Token()).Want(401)
		bob.act(bob.again(old, "password")).Want(201)
	})
}

// TestL13 does not ask again for the set time.
func TestL13(t *testing.T) {
	t.Parallel()
	const window = 25 * time.Minute
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		ann, bob := people(t, w)
		strong, plain := ann.strong(), signIn(w, "bob")
		w.Clock.Advance(window - time.Second)
		ann.act(strong).Want(201)
		bob.act(plain).Want(201)
		w.Clock.Advance(2 * time.Second)
		asked(t, ann.act(strong), "token", "totp")
		asked(t, bob.act(plain), "token", "password")
	}, func(c *config.Config) { c.StepUp.Window = window })
}

// TestL14 asks once in a session, and again in the next.
func TestL14(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		ann, _ := people(t, w)
		weak := signIn(w, "ann")
		asked(t, ann.act(weak), "token", "totp")
		strong := ann.again(weak, "totp")
		w.Clock.Advance(w.Config.Token.TTL - 2*time.Minute)
		ann.act(strong).Want(201)
		asked(t, ann.act(signIn(w, "ann")), "token", "totp")
	}, atAction, func(c *config.Config) { c.StepUp.Policy = config.StepUpSession })
}

// TestL15 lets operators choose what demands a recent proof.
func TestL15(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		_, bob := people(t, w)
		w.Grant("bob", "member", "project:red/web")
		old := signIn(w, "bob")
		w.Get("/v3/users/{bob}/projects", apitest.Token(old)).Want(200)
		w.Clock.Advance(11 * time.Minute)
		asked(t, w.Get("/v3/users/{bob}/projects", apitest.Token(old)), "token", "password")
		w.Do("HEAD", "/v3/users/{bob}/projects", apitest.Token(old)).Want(401)
		asked(t, w.Delete("/v3/users/{bob}/sessions", apitest.Token(old)), "token", "password")
		w.Get("/v3/users/{bob}/projects", apitest.Token(bob.again(old, "password"))).Want(200)
		w.Get("/v3/users/{bob}/sessions", apitest.Token(old)).Want(200) // nobody named it
	}, func(c *config.Config) { c.StepUp.Operations = []string{"listUserProjects", "endSessions"} })
}
