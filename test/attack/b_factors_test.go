package attack_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

func TestB18EnrolmentCountsOnlyOnceItIsConfirmed(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		token := w.Token("ann", "")
		ann := begun(w, "ann", token)
		tokenless(t, "an unconfirmed seed", shown(w, thePassword(w, "ann").and(code(w, "ann", ann.at(0)))))
		shown(w, thePassword(w, "ann")).Want(http.StatusCreated) // nor is it demanded
		for range 9 {                                            // the code of the sign-in counts too
			if r := ann.confirm(token, "000000").Want(http.StatusUnauthorized); r.Str("error.reason") != "passcode_invalid" {
				t.Errorf("a wrong code: %s", r.Body)
			}
		}
		ann.confirm(token, ann.at(0)).Want(http.StatusUnauthorized) // codes rest
		w.Clock.Advance(time.Minute)
		token = w.Token("ann", "")
		confirming := ann.next()
		ann.confirm(token, confirming).Want(http.StatusOK)
		tokenless(t, "the confirming code", shown(w, thePassword(w, "ann").and(code(w, "ann", confirming))))
		shown(w, thePassword(w, "ann").and(code(w, "ann", ann.next()))).Want(http.StatusCreated)

		two := begun(w, "ann", ann.strong())
		tokenless(t, "a second seed, unconfirmed", shown(w, thePassword(w, "ann").and(code(w, "ann", two.next()))))
		token = ann.strong() // the first is good still
		if r := two.confirm(token, two.next()).Want(http.StatusOK); r.Value("recovery_codes") != nil {
			t.Error("a second factor brings recovery codes again")
		}
		ann.strong()
		two.strong()
		late := begun(w, "ann", ann.strong())
		w.Clock.Advance(15 * time.Minute)
		late.confirm(ann.strong(), late.next()).Want(http.StatusNotFound)
	})
}

func TestB21ARecoveryCodeIsGoodOnceAndOnlyWithThePassword(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia, bob := enrolled(w, "mia"), enrolled(w, "bob")
		try := func(text string) *apitest.Response { return shown(w, thePassword(w, "mia").and(code(w, "mia", text))) }
		alike(t, "the code alone", shown(w, code(w, "mia", mia.codes[0])), unknown(w))
		tokenless(t, "bob's code", try(bob.codes[0]))
		tokenless(t, "with a wrong password", shown(w, password(w.ID("mia"), "no").and(code(w, "mia", mia.codes[0]))))
		try(mia.codes[0]).Want(http.StatusCreated)
		tokenless(t, "again", try(mia.codes[0]))
		shown(w, code(w, "mia", mia.codes[1]), receipt(receiptOf(w, "mia"))).Want(http.StatusCreated)
		tokenless(t, "again, after a receipt", shown(w, code(w, "mia", mia.codes[1]), receipt(receiptOf(w, "mia"))))
		shown(w, thePassword(w, "bob").and(code(w, "bob", bob.codes[0]))).Want(http.StatusCreated)

		fresh := w.Post("/v3/users/{mia}/mfa/recovery_codes", nil, apitest.Token(mia.strong())).Want(http.StatusCreated)
		tokenless(t, "of the old set", try(mia.codes[2]))
		for i := range fresh.List("recovery_codes.codes") {
			try(fresh.Str(fmt.Sprintf("recovery_codes.codes.%d", i))).Want(http.StatusCreated)
		}
	})
}

func TestB22RecoveryCodesAndPasscodesShareOneLimit(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		want := unknown(w)
		w.Clock.Advance(time.Hour)
		for i := range 10 {
			text := "000000"
			if i%2 == 0 {
				text = "0000-0000-0000-0000-0000-0000"
			}
			alike(t, "a wrong code", shown(w, thePassword(w, "mia").and(code(w, "mia", text))), want)
		}
		alike(t, "a right recovery code", shown(w, thePassword(w, "mia").and(code(w, "mia", mia.codes[0]))), want)
		alike(t, "a right passcode", shown(w, thePassword(w, "mia").and(code(w, "mia", mia.at(0)))), want)
		change := map[string]any{"user": map[string]any{
			"original_password": w.Password("mia"), "password": w.NewPassword(), "passcode": mia.codes[0],
		}}
		alike(t, "a change of the password", w.Post("/v3/users/{mia}/password", change), want)
		w.Clock.Advance(time.Minute)
		shown(w, thePassword(w, "mia").and(code(w, "mia", mia.codes[0]))).Want(http.StatusCreated)
	})
}

func TestB24OnlyHyphensAndCaseOfARecoveryCodeAreForgiven(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	mia := enrolled(w, "mia")
	try := func(text string) *apitest.Response { return shown(w, thePassword(w, "mia").and(code(w, "mia", text))) }
	c := mia.codes[0]
	bare := strings.ReplaceAll(c, "-", "")
	for _, bad := range []string{c + " ", " " + c, strings.ReplaceAll(c, "-", " "), strings.ReplaceAll(c, "-", "–"), c[:28], c + "\n"} {
		if r := try(bad); r.Status != 401 && r.Status != 400 {
			t.Errorf("%q: got %d", bad, r.Status)
		}
	}
	w.Patch("/v3/users/{mia}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK) // ends pauses
	try(strings.ToLower(bare)).Want(http.StatusCreated)
	for _, again := range []string{c, bare, strings.ToLower(c), bare[:1] + "-" + bare[1:]} {
		tokenless(t, "used, spelt "+again, try(again))
	}
}

// weak are the tokens with which nobody may change what he signs in with, and what is said to each.
func weak(w *apitest.World, mia *phone) map[string]string {
	old := mia.strong()
	single := continued(w, old, "unscoped").Want(http.StatusCreated).Token() // as fresh as old
	w.Clock.Advance(11 * time.Minute)
	return map[string]string{"a token that is too old": old, "a token continued from it": single}
}

func TestB25FactorsAreChangedWithAFreshAndStrongProofOnly(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("mia", "red")
		before := w.Token("mia", "") // a password alone, and then a factor
		mia := begun(w, "mia", before)
		mia.confirm(before, mia.next()).Want(http.StatusOK)
		state := func() string {
			return string(w.Get("/v3/users/{mia}/mfa", w.As("sysadmin")).Want(http.StatusOK).Body)
		}
		was := state()
		w.Name("factor", mia.id)
		seed := `{"credential":{"type":"totp","user_id":"{mia}","blob":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}`
		tokens := weak(w, mia)
		tokens["a token of a password alone"] = before
		for what, token := range tokens {
			for _, do := range [][2]string{
				{"POST /v3/users/{mia}/mfa/totp", `{"totp":{"name":"x"}}`},
				{"POST /v3/users/{mia}/mfa/totp/{factor}/confirm", `{"totp":{"passcode":"123456"}}`},
				{"DELETE /v3/users/{mia}/mfa/totp/{factor}", ""},
				{"POST /v3/users/{mia}/mfa/recovery_codes", ""},
				{"POST /v3/credentials", seed},
				{"PATCH /v3/credentials/{factor}", `{"credential":{"blob":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}`},
				{"DELETE /v3/credentials/{factor}", ""},
			} {
				method, path, _ := strings.Cut(do[0], " ")
				with := []apitest.With{apitest.Token(token)}
				if do[1] != "" {
					with = append(with, apitest.Body(do[1]))
				}
				r := w.Do(method, path, with...).Want(http.StatusUnauthorized)
				if r.Str("error.reason") != "reauthentication_required" || r.Header.Get("Openstack-Auth-Receipt") == "" {
					t.Errorf("%s with %s: %s, want a receipt and the reason", do[0], what, r.Body)
				}
				// The receipt stands for nothing by itself: both must still be shown.
				pass := r.Header.Get("Openstack-Auth-Receipt")
				tokenless(t, "the receipt with a password", shown(w, thePassword(w, "mia"), receipt(pass)))
			}
		}
		if now := state(); now != was {
			t.Errorf("something changed: %s, before: %s", now, was)
		}
	})
}

func TestB26NobodyLiftsHisOwnRules(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		rule(w, "mia", []string{"password", "totp"})
		token := mia.strong()
		was := string(w.Get("/v3/users/{mia}", w.As("sysadmin")).Body)
		for _, options := range []string{
			`{"multi_factor_auth_enabled":false}`, `{"multi_factor_auth_rules":[]}`, `{"multi_factor_auth_rules":null}`,
			`{"multi_factor_auth_rules":[["password"]]}`, `{"ignore_lockout_failure_attempts":true}`,
		} {
			w.Patch("/v3/users/{mia}", `{"user":{"options":`+options+`}}`, apitest.Token(token)).Want(http.StatusForbidden)
		}
		if now := string(w.Get("/v3/users/{mia}", w.As("sysadmin")).Body); now != was {
			t.Errorf("something changed: %s, before: %s", now, was)
		}
		// Not even an administrator's rule lifts a factor that was confirmed.
		rule(w, "mia", []string{"password"})
		tokenless(t, "the password alone under a weak rule", shown(w, thePassword(w, "mia")))
		w.Patch("/v3/users/{mia}", `{"user":{"options":{"multi_factor_auth_enabled":false}}}`, w.As("sysadmin")).Want(http.StatusOK)
		tokenless(t, "the password alone with rules off", shown(w, thePassword(w, "mia")))
	})
}

// An expired or lost token is no obstacle: the password is changed with a code instead.
func TestB11AChangeOfThePasswordTakesACode(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		change := func(old, wish, code string) *apitest.Response {
			return w.Post("/v3/users/{mia}/password", map[string]any{"user": map[string]any{
				"original_password": old, "password": wish, "passcode": code,
			}})
		}
		first, second := w.NewPassword(), w.NewPassword()
		tokenless(t, "a wrong code", change(w.Password("mia"), first, "000000"))
		spent := mia.next()
		shown(w, thePassword(w, "mia").and(code(w, "mia", spent))).Want(http.StatusCreated)
		tokenless(t, "a used code", change(w.Password("mia"), first, spent))
		text := mia.next()
		change(w.Password("mia"), "short", text).Want(http.StatusBadRequest)
		change(w.Password("mia"), first, text).Want(http.StatusNoContent)
		tokenless(t, "the code of the change", shown(w, password(w.ID("mia"), first).and(code(w, "mia", text))))
		change(first, second, mia.codes[0]).Want(http.StatusNoContent)
		tokenless(t, "the recovery code of the change", shown(w, password(w.ID("mia"), second).and(code(w, "mia", mia.codes[0]))))
		shown(w, password(w.ID("mia"), second).and(code(w, "mia", mia.next()))).Want(http.StatusCreated)
	})
}

func TestB16ProofsOfTwoPeopleAreNobodys(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		w.User("alice", "red")
		right := mia.next()
		want := unknown(w)
		alike(t, "alice's password and mia's code", shown(w, thePassword(w, "alice").and(code(w, "mia", right))), want)
		alike(t, "alice's token and mia's code", shown(w, theToken(w.Token("alice", "")).and(code(w, "mia", right))), want)
		alike(t, "alice's token and mia's password", shown(w, theToken(w.Token("alice", "")).and(thePassword(w, "mia"))), want)
		for range 12 { // mia's counter is not touched by what is shown beside alice's password
			alike(t, "alice's password and mia's wrong code", shown(w, thePassword(w, "alice").and(code(w, "mia", "000000"))), want)
		}
		repeated := thePassword(w, "mia").and(code(w, "mia", right)).body(nil)
		identity := repeated["auth"].(map[string]any)["identity"].(map[string]any)
		for _, methods := range [][]string{{"password", "password"}, {"totp", "totp"}, {"password", "totp", "nonsense"}, {"totp"}, {}} {
			identity["methods"] = methods
			if r := w.Post("/v3/auth/tokens", repeated); r.Status != 400 && r.Status != 401 || r.Token() != "" {
				t.Errorf("methods %v: got %d", methods, r.Status)
			}
		}
		identity["methods"] = []string{"password", "totp"}
		delete(identity, "totp")
		w.Post("/v3/auth/tokens", repeated).Want(http.StatusBadRequest)

		// What is there but not listed is not looked at: wrong passwords beside the token do not lock bob.
		w.User("bob", "red")
		token := w.Token("alice", "")
		for range 8 {
			body := theToken(token).body("unscoped")
			body["auth"].(map[string]any)["identity"].(map[string]any)["password"] = password(w.ID("bob"), "wrong")["password"]
			w.Post("/v3/auth/tokens", body).Want(http.StatusCreated)
		}
		shown(w, thePassword(w, "bob")).Want(http.StatusCreated)
		shown(w, thePassword(w, "mia").and(code(w, "mia", right))).Want(http.StatusCreated)
	})
}
