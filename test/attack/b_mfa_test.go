package attack_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// rule makes a rule of methods that the user must show.
func rule(w *apitest.World, user string, rules ...[]string) {
	w.Patch("/v3/users/{"+user+"}", map[string]any{"user": map[string]any{"options": map[string]any{
		"multi_factor_auth_enabled": true, "multi_factor_auth_rules": rules,
	}}}, w.As("sysadmin")).Want(http.StatusOK)
}

// tokenless fails the test when an answer holds a token, whatever its status.
func tokenless(t *testing.T, what string, r *apitest.Response) {
	t.Helper()
	if r.Status != http.StatusUnauthorized || r.Token() != "" {
		t.Errorf("%s: got %d (token: %v), want 401: %.300s", what, r.Status, r.Token() != "", r.Body)
	}
}

func TestB1APasswordAloneGivesAReceiptWhichACodeCompletes(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		rule(w, "mia", []string{"password", "totp"})
		r := shown(w, thePassword(w, "mia")).Want(http.StatusUnauthorized)
		tokenless(t, "the password alone", r)
		if r.Header.Get("Openstack-Auth-Receipt") == "" || r.Header.Get("Www-Authenticate") != "" {
			t.Errorf("the headers are %v, want a receipt and no challenge", r.Header)
		}
		r.Has(`"required_auth_methods":[["password","totp"]]`)
		for what, proofs := range map[string]func() *apitest.Response{
			"both": func() *apitest.Response {
				return shown(w, thePassword(w, "mia").and(code(w, "mia", mia.next())))
			},
			"a code with a receipt": func() *apitest.Response {
				next := mia.next()
				return shown(w, code(w, "mia", next), receipt(receiptOf(w, "mia")))
			},
		} {
			got := fmt.Sprint(proofs().Want(http.StatusCreated).Value("token.methods"))
			if got != "[password totp]" && got != "[totp password]" {
				t.Errorf("%s: methods %s, want both", what, got)
			}
		}
	})
}

func TestB2ACodeAloneIsNeverEnough(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia, mark := enrolled(w, "mia"), enrolled(w, "mark")
		rule(w, "mia", []string{"password", "totp"})
		want := unknown(w)
		w.Name("nobody-at-all", "0123456789abcdef0123456789abcdef")
		for user, text := range map[string]string{"mia": mia.next(), "mark": mark.next(), "nobody-at-all": "123456"} {
			alike(t, "a code alone of "+user, shown(w, code(w, user, text)), want)
		}
		alike(t, "a recovery code alone", shown(w, code(w, "mark", mark.codes[0])), want)
		if r := shown(w, thePassword(w, "mark")); r.Header.Get("Openstack-Auth-Receipt") == "" {
			t.Errorf("a factor without a rule: got %d without a receipt", r.Status)
		}
		// The codes are neither spent nor counted: strangers cannot use up anybody's tries.
		for range 15 {
			shown(w, code(w, "mark", "000000")).Want(http.StatusUnauthorized)
		}
		shown(w, thePassword(w, "mark").and(code(w, "mark", mark.at(0)))).Want(http.StatusCreated)
	})
}

func TestB3ACodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		other, _ := w.Node()
		text := mia.next()
		both := thePassword(w, "mia").and(code(w, "mia", text))
		shown(w, both).Want(http.StatusCreated)
		again := func(when string) {
			t.Helper()
			r := shown(w, both)
			tokenless(t, when, r)
			if r.Str("error.reason") != "passcode_already_used" || r.Header.Get("Retry-After") == "" {
				t.Errorf("%s: %s, want the reason and how long to wait", when, r.Body)
			}
			tokenless(t, when+", through a receipt", shown(w, code(w, "mia", text), receipt(receiptOf(w, "mia"))))
			tokenless(t, when+", on another node", shown(other, both))
		}
		again("in its step")
		w.Clock.Advance(30 * time.Second)
		again("in the next step")
		w.Clock.Advance(30 * time.Second)
		tokenless(t, "when it is out of the window", shown(w, both))
		shown(other, thePassword(w, "mia").and(code(w, "mia", mia.next()))).Want(http.StatusCreated)
	})
}

func TestB5TheWindowIsOneStepEachSide(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		w.Clock.Advance(time.Hour)
		try := func(text string) *apitest.Response {
			return shown(w, thePassword(w, "mia").and(code(w, "mia", text)))
		}
		for _, steps := range []int{-2, 2, -1000, 1000} {
			tokenless(t, fmt.Sprint("step ", steps), try(mia.at(steps)))
		}
		try(mia.at(-1)).Want(http.StatusCreated)
		tokenless(t, "step -1 again", try(mia.at(-1)))
		early := mia.at(0)
		try(mia.at(1)).Want(http.StatusCreated)
		tokenless(t, "the unused code of a step before the last used", try(early))
	})
}

func TestB8WrongCodesAreLimitedEverywhere(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		other, _ := w.Node()
		w.Clock.Advance(time.Hour)
		nodes := []*apitest.World{w, other}
		want := unknown(w)
		for i := range 10 { // the password is right each time, which forgives nothing
			alike(t, "a wrong code", shown(nodes[i%2], thePassword(w, "mia").and(code(w, "mia", "abcdef"))), want)
		}
		third, _ := w.Node() // one that starts only now
		for _, n := range append(nodes, third) {
			alike(t, "the right code", shown(n, thePassword(w, "mia").and(code(w, "mia", mia.at(0)))), want)
			alike(t, "a recovery code", shown(n, thePassword(w, "mia").and(code(w, "mia", mia.codes[0]))), want)
		}
		w.Clock.Advance(29 * time.Second)
		alike(t, "just before the pause ends", shown(w, thePassword(w, "mia").and(code(w, "mia", mia.at(0)))), want)
		w.Clock.Advance(time.Second)
		alike(t, "one more wrong code", shown(w, thePassword(w, "mia").and(code(w, "mia", "abcdef"))), want)
		w.Clock.Advance(59 * time.Second)
		alike(t, "the pause has doubled", shown(w, thePassword(w, "mia").and(code(w, "mia", mia.at(0)))), want)
		w.Clock.Advance(time.Second)
		shown(w, thePassword(w, "mia").and(code(w, "mia", mia.next()))).Want(http.StatusCreated)
	})
}

func TestB11EveryWayInDemandsTheFactor(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("mia", "red")
		w.Grant("mia", "member", "project:red/p1")
		w.Grant("mia", "member", "domain:red")
		w.Grant("mia", "reader", "system")
		w.Patch("/v3/users/{mia}", `{"user":{"default_project_id":"{red/p1}"}}`, w.As("sysadmin")).Want(http.StatusOK)
		before := w.Token("mia", "project:red/p1")
		mia := begun(w, "mia", w.Token("mia", ""))
		mia.confirm(w.Token("mia", ""), mia.next()).Want(http.StatusOK)
		rule(w, "mia", []string{"password", "totp"})

		scopes := map[string]any{
			"no scope wished": nil, "unscoped": "unscoped", "a project": onProject(w.ID("red/p1")), "a domain": onDomain(w.ID("red")), "the system": onSystem,
		}
		pass := receiptOf(w, "mia")
		for name, scope := range scopes {
			for what, proofs := range map[string]shows{
				"the password": thePassword(w, "mia"), "an older token": theToken(before),
				"the password and an older token": thePassword(w, "mia").and(theToken(before)),
			} {
				tokenless(t, what+", "+name, w.Post("/v3/auth/tokens", proofs.body(scope)))
				tokenless(t, what+", a receipt, "+name, w.Post("/v3/auth/tokens", proofs.body(scope), receipt(pass)))
			}
		}
		change := map[string]any{"user": map[string]any{"original_password": w.Password("mia"), "password": w.NewPassword()}}
		for what, with := range map[string][]apitest.With{
			"without anything": nil, "with an older token": {apitest.Token(before)}, "with a receipt": {receipt(pass)},
		} {
			tokenless(t, "change of the password "+what, w.Post("/v3/users/{mia}/password", change, with...))
		}
		v2 := map[string]any{"auth": map[string]any{"passwordCredentials": map[string]any{"userId": w.ID("mia"), "password": w.Password("mia")}}}
		if r := w.Post("/v2.0/tokens", v2); r.Status != http.StatusUnauthorized {
			t.Errorf("the old API answers %d", r.Status)
		}
		v2 = map[string]any{"auth": map[string]any{"token": map[string]any{"id": before}}}
		if r := w.Post("/v2.0/tokens", v2); r.Status != http.StatusUnauthorized {
			t.Errorf("the old API answers %d to an older token", r.Status)
		}
		strong := mia.strong()
		for name, scope := range scopes {
			if name != "the system" {
				continued(w, strong, scope).Want(http.StatusCreated)
			}
		}
	})
}

func TestB13ReceiptsAreOfOneUserAndOneKind(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia, bob := enrolled(w, "mia"), enrolled(w, "bob")
		token := mia.strong()
		text := receiptOf(w, "mia")
		right := mia.next()
		tokenless(t, "bob's code", shown(w, code(w, "bob", bob.next()), receipt(text)))
		tokenless(t, "bob's code given as mia's", shown(w, code(w, "mia", bob.next()), receipt(text)))
		tokenless(t, "bob's password", shown(w, thePassword(w, "bob"), receipt(text)))
		for _, i := range []int{0, 5, len(text) / 2, len(text) - 1} {
			bent := []byte(text)
			bent[i] ^= 1
			tokenless(t, fmt.Sprint("changed at ", i), shown(w, code(w, "mia", right), receipt(string(bent))))
		}
		tokenless(t, "cut short", shown(w, code(w, "mia", right), receipt(text[:len(text)-1])))
		tokenless(t, "a token as receipt", shown(w, code(w, "mia", right), receipt(token)))
		tokenless(t, "a receipt to continue from", shown(w, theToken(text)))
		tokenless(t, "a receipt to continue from, with a code", shown(w, theToken(text).and(code(w, "mia", right))))
		if r := w.Post("/v3/auth/tokens", `{"auth":{"identity":{"methods":[]}}}`, receipt(text)); r.Status < 400 || r.Token() != "" {
			t.Errorf("a receipt with nothing: got %d", r.Status)
		}
		w.Get("/v3/users/{mia}", apitest.Token(text)).Want(http.StatusUnauthorized)
		w.Get("/v3/auth/tokens", w.As("sysadmin"), subject(text)).Want(http.StatusNotFound)
		two := shown(w, code(w, "mia", right), apitest.Headers("Openstack-Auth-Receipt", text, text))
		if two.Status != http.StatusBadRequest && two.Status != http.StatusUnauthorized || two.Token() != "" {
			t.Errorf("two receipts: got %d", two.Status)
		}
		shown(w, code(w, "mia", right), receipt(text)).Want(http.StatusCreated) // none of it spent either

		old := receiptOf(w, "mia")
		w.Clock.Advance(5 * time.Minute)
		tokenless(t, "an expired receipt", shown(w, code(w, "mia", mia.next()), receipt(old)))
	})
}

func TestB14AReceiptCompletesOneSignIn(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		first := mia.next()
		text := receiptOf(w, "mia")
		shown(w, code(w, "mia", first), receipt(text)).Want(http.StatusCreated)
		tokenless(t, "with the next code", shown(w, code(w, "mia", mia.next()), receipt(text)))
		tokenless(t, "with a recovery code", shown(w, code(w, "mia", mia.codes[0]), receipt(text)))
		text = receiptOf(w, "mia")
		nodes := nodesOf(w)
		onceOnly(t, "four good codes with one receipt", atOnce(52, func(i int) int {
			return shown(nodes[i%len(nodes)], code(w, "mia", mia.codes[i/2%4]), receipt(text)).Status
		}))
		left := w.Get("/v3/users/{mia}/mfa", w.As("sysadmin")).Int("mfa.recovery_codes.remaining")
		if left != 3 {
			t.Errorf("%d recovery codes are left, want 3: refused sign-ins spend nothing", left)
		}
	})
}

func TestB15WhatHappensToTheUserEndsReceipts(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		for name, happens := range map[string]func(user string, p *phone){
			"disabled": func(user string, _ *phone) {
				w.Patch("/v3/users/{"+user+"}", enabled("user", false), w.As("sysadmin")).Want(http.StatusOK)
			},
			"disabled and enabled again": func(user string, _ *phone) {
				for _, yes := range []bool{false, true} {
					w.Patch("/v3/users/{"+user+"}", enabled("user", yes), w.As("sysadmin")).Want(http.StatusOK)
				}
			},
			"given a password":                      func(user string, _ *phone) { w.SetPassword(user) },
			"given another factor":                  func(user string, p *phone) { second(p) },
			"given another seed in the same factor": func(user string, p *phone) { reseeded(p) },
			"locked by wrong passwords":             func(user string, _ *phone) { wrongPasswords(w, user, 5) },
			"deleted, and made anew under that name": func(user string, _ *phone) {
				w.Delete("/v3/users/{"+user+"}", w.As("sysadmin")).Want(http.StatusNoContent)
			},
		} {
			user := "user " + name
			w.User(user[:8]+fmt.Sprint(len(name)), "red")
			user = user[:8] + fmt.Sprint(len(name))
			p := enrolled(w, user)
			text := receiptOf(w, user)
			happens(user, p)
			tokenless(t, name, shown(w, code(w, user, p.codes[0]), receipt(text)))
		}
	})
}

// second enrols one more factor.
func second(p *phone) *phone {
	token := p.strong()
	q := begun(p.w, p.user, token)
	q.confirm(token, q.next()).Want(http.StatusOK)
	return q
}

// reseeded replaces the seed through Keystone's API.
func reseeded(p *phone) {
	body := map[string]any{"credential": map[string]any{"blob": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}
	p.w.Patch("/v3/credentials/"+p.id, body, apitest.Token(p.strong())).Want(http.StatusOK)
}

func wrongPasswords(w *apitest.World, user string, n int, with ...apitest.With) {
	for range n {
		shown(w, password(w.ID(user), "not the password"), with...).Want(http.StatusUnauthorized)
	}
}
