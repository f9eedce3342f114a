package features_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// E1: any app that reads the link can sign in; the link says whose it is.
func TestE1AnyAppByRFC6238(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		a := enrolled(w, "ann")
		q := a.link.Query()
		if a.link.Scheme != "otpauth" || a.link.Host != "totp" || a.link.Path != "/Identity:ann" || q.Get("issuer") != "Identity" ||
			q.Get("secret") != a.secret || q.Get("algorithm") != "SHA1" || q.Get("digits") != "6" || q.Get("period") != "30" {
			t.Errorf("the link is %s", a.link.Redacted())
		}
		a.try("000000").Want(http.StatusUnauthorized)
		a.try(a.next()).Want(http.StatusCreated)
	})
}

// E4: nothing is on before a right code, and what nobody confirms is forgotten.
func TestE4ATestCodeComesFirst(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		as := apitest.Token(w.Token("ann", ""))
		a := begin(w, "ann", as)
		w.Post(a.confirm(), `{"totp":{"passcode":"000000"}}`, as).Want(http.StatusUnauthorized)
		as = apitest.Token(w.SignIn("ann", "").Want(http.StatusCreated).Token()) // still off
		if w.Get("/v3/users/{ann}/mfa", as).Want(http.StatusOK).Bool("mfa.enabled") {
			t.Error("it is on without a code")
		}
		w.Clock.Advance(w.Config.MFA.PendingTTL)
		as = apitest.Token(w.Token("ann", ""))
		w.Post(a.confirm(), a.body(), as).Want(http.StatusNotFound)
		if left := w.Get("/v3/users/{ann}/mfa", as).Want(http.StatusOK).List("mfa.factors"); len(left) != 0 {
			t.Errorf("%d factors are left of it", len(left))
		}
		a = begin(w, "ann", as)
		w.Post(a.confirm(), a.body(), as).Want(http.StatusOK)
		w.SignIn("ann", "").Want(http.StatusUnauthorized) // on
	})
}

// E5, E6: the server makes the secret, shows it once, and codes too.
func TestE5TheServerMakesTheKey(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		as := apitest.Token(w.Token("ann", ""))
		w.Post("/v3/users/{ann}/mfa/totp", `{"totp":{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}`, as).Want(http.StatusBadRequest)
		if a, b := begin(w, "ann", as), begin(w, "ann", as); len(a.key) < 20 || a.secret == b.secret {
			t.Errorf("a key of %d bytes", len(a.key))
		}
	})
}

func TestE6SecretsAreShownOnce(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		a := enrolled(w, "ann")
		for _, as := range []apitest.With{a.strong(), fresh(w)} {
			for _, path := range []string{"/v3/users/{ann}/mfa", "/v3/credentials", "/v3/credentials/" + a.id, "/v3/credentials?user_id={ann}&type=totp"} {
				w.Get(path, as).Want(http.StatusOK).Never(a.secret).Never("otpauth").Never(a.codes[0])
			}
		}
	})
}

// E9: what an app shows is the deployment's choice, and works.
func TestE9OtherCodes(t *testing.T) {
	t.Parallel()
	for name, choose := range map[string]apitest.Option{
		"60 seconds":                  func(c *config.Config) { c.MFA.Period = 60 },
		"8 digits":                    func(c *config.Config) { c.MFA.Digits = 8 },
		"SHA-256":                     func(c *config.Config) { c.MFA.Algorithm = "SHA256" },
		"SHA-512, 8 digits, a minute": func(c *config.Config) { c.MFA.Algorithm, c.MFA.Digits, c.MFA.Period = "SHA512", 8, 60 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			apitest.Each(t, func(_ *testing.T, w *apitest.World) {
				w.User("ann", "red")
				a := enrolled(w, "ann")
				a.try(strings.Repeat("0", a.digits)).Want(http.StatusUnauthorized)
				code := a.next()
				a.try(code[:a.digits-1]).Want(http.StatusUnauthorized)
				a.try(code).Want(http.StatusCreated)
			}, choose)
		})
	}
}

// A phone whose clock is a step fast is accepted everywhere in a step; one that is two is not, until it got there slowly;
// and a clock that is put right goes on.
func TestE9DriftIsLearned(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		a := enrolled(w, "ann")
		a.ahead = 60 * time.Second
		a.try(a.next()).Want(http.StatusUnauthorized) // too far, and nothing is known about it
		w.Clock.Advance(time.Hour)
		a.ahead = 30 * time.Second
		a.try(a.next()).Want(http.StatusCreated)
		w.Clock.Advance(time.Hour)
		a.ahead = 60 * time.Second
		a.try(a.next()).Want(http.StatusCreated)
		w.Clock.Advance(time.Hour)
		a.ahead = 90 * time.Second
		a.try(a.next()).Want(http.StatusUnauthorized) // the window moves no further
		w.Clock.Advance(time.Hour)
		a.ahead = -30 * time.Second // put right, and too far
		a.try(a.next()).Want(http.StatusCreated)
	})
}

// E10: two things of one kind are never two factors.
func TestE10TwoDifferentKinds(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		for _, rules := range []string{`[["password","recovery_question"]]`, `[["password","password"]]`, `[["recovery_question"]]`} {
			w.Patch("/v3/users/{ann}", `{"user":{"options":{"multi_factor_auth_enabled":true,"multi_factor_auth_rules":`+rules+`}}}`, fresh(w)).
				Want(http.StatusBadRequest)
		}
		a := enrolled(w, "ann")
		twice := a.both("000000", "")
		identity := twice["auth"].(map[string]any)["identity"].(map[string]any) //nolint:forcetypeassert // made above
		identity["methods"] = []string{"password", "password"}
		delete(identity, "totp")
		w.Post("/v3/auth/tokens", twice).Want(http.StatusUnauthorized)
	})
}

// E11, E12: a factor is removed with a fresh second factor only, and all know.
func TestE11RemovingAFactor(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		weak := apitest.Token(w.Token("ann", ""))
		a := enrolled(w, "ann")
		path := "/v3/users/{ann}/mfa/totp/" + a.id
		w.Delete(path).Want(http.StatusUnauthorized)
		w.Delete(path, fresh(w)).Want(http.StatusForbidden) // not even an administrator
		w.Delete(path, weak).Want(http.StatusUnauthorized).Has("reauthentication_required")
		strong := a.strong()
		w.Clock.Advance(11 * time.Minute)
		w.Delete(path, strong).Want(http.StatusUnauthorized).Has("reauthentication_required")
		w.Delete(path, a.strong()).Want(http.StatusNoContent)
		w.SignIn("ann", "").Want(http.StatusCreated)
		if !told(w, "factor.delete", "ann", "ann") {
			t.Error("no event tells of it")
		}
	})
}

func TestE12OnlyAfterACode(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(_ *testing.T, w *apitest.World) {
		w.User("ann", "red")
		weak := apitest.Token(w.Token("ann", ""))
		a := enrolled(w, "ann")
		r := w.Delete("/v3/users/{ann}/mfa/totp/"+a.id, weak).Want(http.StatusUnauthorized)
		receipt := apitest.Header("Openstack-Auth-Receipt", r.Header.Get("Openstack-Auth-Receipt"))
		done := w.Post("/v3/auth/tokens", a.both(a.next(), ""), receipt).Want(http.StatusCreated)
		w.Delete("/v3/users/{ann}/mfa/totp/"+a.id, apitest.Token(done.Token())).Want(http.StatusNoContent)
	})
}

// told reports whether the stream has an event about a user by another.
func told(w *apitest.World, action, user, by string) bool {
	for _, e := range w.Events() {
		if e.Action == action && e.UserID == w.ID(user) && e.ActorID == w.ID(by) {
			return true
		}
	}
	return false
}

// Several factors have names, which can be changed by their owner and nobody else.
func TestE11SeveralFactorsWithNames(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("ben", "red")
		a := enrolled(w, "ann")
		path := "/v3/users/{ann}/mfa/totp/" + a.id
		as := a.strong()
		w.Patch(path, `{"totp":{"name":"x"}}`).Want(http.StatusUnauthorized)
		w.Patch(path, `{"totp":{"name":"x"}}`, w.As("ben")).Want(http.StatusForbidden)
		w.Patch(path, `{"totp":{"name":"x"}}`, fresh(w)).Want(http.StatusForbidden)
		for _, bad := range []string{`{}`, `{"totp":{}}`, `{"totp":{"name":" "}}`, `{"totp":{"name":null}}`, `{"totp":{"name":"x","secret":"y"}}`} {
			w.Patch(path, bad, as).Want(http.StatusBadRequest)
		}
		w.Patch("/v3/users/{ann}/mfa/totp/none", `{"totp":{"name":"x"}}`, as).Want(http.StatusNotFound)
		w.Patch(path, `{"totp":{"name":"work phone"}}`, as).Want(http.StatusOK)
		b := begin(w, "ann", as)
		if r := w.Post(b.confirm(), b.body(), as).Want(http.StatusOK); r.Value("recovery_codes") != nil {
			t.Error("recovery codes again")
		}
		if names := w.Get("/v3/users/{ann}/mfa", as).Want(http.StatusOK).Names("mfa.factors", "name"); !sameSet(names, []string{"work phone", "phone"}) {
			t.Errorf("they are %v", names)
		}
		b.try(b.next()).Want(http.StatusCreated) // any of them does
		a.try(a.next()).Want(http.StatusCreated)
	})
}

// R13: an administrator helps who has lost all: with a fresh proof, a reason, on record, not twice at once.
func TestR13AnAdministratorResets(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		a := enrolled(w, "ann")
		session := a.strong()
		receipt := apitest.Header("Openstack-Auth-Receipt", w.SignIn("ann", "").Want(http.StatusUnauthorized).Header.Get("Openstack-Auth-Receipt"))
		const path, why = "/v3/users/{ann}/mfa/reset", `{"reset":{"reason":"lost the phone; seen in person"}}`
		w.Post(path, why).Want(http.StatusUnauthorized)
		w.Post(path, why, session).Want(http.StatusForbidden)
		for _, who := range []string{"manager@red", "admin@blue", "reader@system"} {
			w.Post(path, why, w.As(who)).Want(http.StatusForbidden)
		}
		admin := fresh(w)
		for _, bad := range []string{`{}`, `{"reset":{}}`, `{"reset":{"reason":""}}`, `{"reset":{"reason":"  "}}`} {
			w.Post(path, bad, admin).Want(http.StatusBadRequest)
		}
		w.Post("/v3/users/{admin}/mfa/reset", why, admin).Want(http.StatusForbidden).Has("self_reset")
		w.Post("/v3/users/none/mfa/reset", why, admin).Want(http.StatusNotFound)
		w.Clock.Advance(11 * time.Minute)
		w.Post(path, why, admin).Want(http.StatusUnauthorized).Has("reauthentication_required")
		w.Get("/v3/users/{ann}/mfa", session).Want(http.StatusOK) // nothing was done

		w.Post(path, why, fresh(w)).Want(http.StatusNoContent)
		w.Get("/v3/users/{ann}/mfa", session).Want(http.StatusUnauthorized)
		w.Post("/v3/auth/tokens", a.totp(a.next(), ""), receipt).Want(http.StatusUnauthorized)
		again := apitest.Token(w.SignIn("ann", "").Want(http.StatusCreated).Token())
		r := w.Get("/v3/users/{ann}/mfa", again).Want(http.StatusOK)
		if r.Bool("mfa.enabled") || r.Int("mfa.recovery_codes.total") != 0 {
			t.Errorf("left: %s", r.Body)
		}
		if !told(w, "mfa.reset", "ann", "admin") {
			t.Error("no event tells of it")
		}
		w.Post(path, why, fresh(w)).Want(http.StatusConflict).Has("no_second_factor")
		b := enrolled(w, "ann")
		if r := w.Post(path, why, fresh(w)).Want(http.StatusConflict).Has("reset_too_soon"); r.Header.Get("Retry-After") == "" {
			t.Error("it does not say when")
		}
		b.try(b.next()).Want(http.StatusCreated) // nothing was done
		w.Clock.Advance(time.Hour)
		w.Post(path, why, fresh(w)).Want(http.StatusNoContent)
	})
}

// R1 to R7: recovery codes.
func TestR1R2R3R6RecoveryCodesAtSetUp(t *testing.T) {
	t.Parallel()
	for _, n := range []int{4, 1, 10} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			apitest.Each(t, func(t *testing.T, w *apitest.World) {
				w.User("ann", "red")
				a := enrolled(w, "ann")
				if len(a.codes) != n {
					t.Fatalf("got %d codes, want %d", len(a.codes), n)
				}
				// R2, R3: in place of a code of the app, in its field, and the methods say so.
				methods := a.try(a.codes[0]).Want(http.StatusCreated).List("token.methods")
				if fmt.Sprint(methods) != "[password totp]" {
					t.Errorf("the methods are %v", methods)
				}
				a.try(a.codes[0]).Want(http.StatusUnauthorized) // R4
				r := w.Get("/v3/users/{ann}/mfa/recovery_codes", a.strong()).Want(http.StatusOK)
				if r.Int("recovery_codes.remaining") != n-1 || r.Int("recovery_codes.total") != n { // R6
					t.Errorf("the count is %s", r.Body)
				}
				for _, e := range w.Events() {
					if e.Action == "recovery_code.use" && fmt.Sprint(e.Detail["remaining"]) == fmt.Sprint(n-1) {
						return
					}
				}
				t.Error("no event tells how many are left")
			}, func(c *config.Config) { c.MFA.RecoveryCodes = n })
		})
	}
}

func TestR4OneOfManyWins(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		a := enrolled(w, "ann")
		const crowd = 8
		got := make(chan int, crowd)
		for range crowd {
			go func() { got <- a.try(a.codes[0]).Status }()
		}
		won := 0
		for range crowd {
			if s := <-got; s == http.StatusCreated {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d got in with one code", won)
		}
	})
}

func TestR5TheyDoNotExpire(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(_ *testing.T, w *apitest.World) {
		w.User("ann", "red")
		a := enrolled(w, "ann")
		w.Clock.Advance(5 * 365 * day)
		a.try(a.codes[3]).Want(http.StatusCreated)
	})
}

func TestR7ANewSet(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		weak := apitest.Token(w.Token("ann", ""))
		a := enrolled(w, "ann")
		const path = "/v3/users/{ann}/mfa/recovery_codes"
		w.Post(path, nil, weak).Want(http.StatusUnauthorized).Has("reauthentication_required")
		w.Post(path, nil, fresh(w)).Want(http.StatusForbidden)
		r := w.Post(path, nil, a.strong()).Want(http.StatusCreated)
		if len(r.List("recovery_codes.codes")) != 4 {
			t.Errorf("got %d", len(r.List("recovery_codes.codes")))
		}
		fresh := r.Str("recovery_codes.codes.0")
		w.Secret(fresh)
		for _, old := range a.codes {
			a.try(old).Want(http.StatusUnauthorized)
		}
		a.try(fresh).Want(http.StatusCreated)
	})
}
