package features_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// What Keystone's second factors get wrong, line by line, and how it is here.

// seed is 20 bytes; given to /v3/credentials as Keystone's users do.
const seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR"

// credential gives the user a TOTP credential as in Keystone.
func credential(w *apitest.World, user, blob string, as apitest.With) *apitest.Response {
	w.Secret(blob)
	return w.Post("/v3/credentials", m{"credential": m{"type": "totp", "user_id": w.ID(user), "blob": blob}}, as)
}

// code is the proof by a code alone.
func (a *app) alone(code string) m {
	return m{"totp": m{"user": m{"id": a.w.ID(a.user), "passcode": code}}}
}

func Test3b1PeopleEnrolByThemselves(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		as := apitest.Token(w.Token("ann", ""))
		w.Post("/v3/users/{ann}/mfa/totp", m{"totp": m{"secret": seed}}, as).Want(http.StatusBadRequest) // it is not theirs to choose
		w.Patch("/v3/users/{ann}", m{"user": m{"options": m{"multi_factor_auth_enabled": true}}}, as).Want(http.StatusForbidden)
		a := begin(w, "ann", as)
		w.Post(a.confirm(), a.body(), as).Want(http.StatusOK)
		refused(t, "without anybody's help, the password alone", w.SignIn("ann", ""), true)
		a.try(a.next()).Want(http.StatusCreated)
	})
}

func Test3b2WeakSecretsAreRefused(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		as := apitest.Token(w.Token("ann", ""))
		for _, blob := range []string{"AA", "MFRGGZDF", "", "not base32!", strings.Repeat("A", 24)} {
			if r := w.Post("/v3/credentials", m{"credential": m{"type": "totp", "user_id": w.ID("ann"), "blob": blob}}, as); r.Status != http.StatusBadRequest {
				t.Errorf("the seed %q: %d, want 400", blob, r.Status)
			}
		}
		a, b := begin(w, "ann", as), begin(w, "ann", as)
		if len(a.key) < 20 || slices.Equal(a.key, b.key) {
			t.Errorf("keys of %d bytes, want 20 of chance", len(a.key))
		}
	})
}

func Test3b3ACredentialIsDemandedFromThenOn(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		credential(w, "ann", seed, fresh(w)).Want(http.StatusCreated)
		refused(t, "the password alone", w.SignIn("ann", ""), true)
		w.Patch("/v3/users/{ann}", m{"user": m{"options": m{"multi_factor_auth_enabled": false, "multi_factor_auth_rules": nil}}}, fresh(w)).Want(http.StatusOK)
		refused(t, "with the rules switched off", w.SignIn("ann", ""), true)
	})
}

func Test3b4ACodeAloneIsNoSignIn(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		refused(t, "a code alone", shown(w, mia.alone(mia.next())), false)
		refused(t, "a recovery code alone", shown(w, mia.alone(mia.codes[0])), false)
		mia.try(mia.codes[0]).Want(http.StatusCreated) // it was not spent by that
	})
}

func Test3b5ThereAreRecoveryCodes(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		if len(mia.codes) != 4 {
			t.Fatalf("%d codes", len(mia.codes))
		}
		mia.try(mia.codes[2]).Want(http.StatusCreated)
		refused(t, "the same again", mia.try(mia.codes[2]), false)
		mia.try(mia.codes[0]).Want(http.StatusCreated) // in any order
	})
}

func Test3b6APasscodeIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		code := mia.next()
		mia.try(code).Want(http.StatusCreated)
		for range 2 {
			again := mia.try(code)
			refused(t, "the same again", again, false)
			again.Has("passcode_already_used")
		}
	})
}

// Opening many receipts gives no more guesses than one.
func Test3b7PasscodesAreNotGuessed(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		w.Clock.Advance(time.Hour)
		var receipts []apitest.With
		for range 3 {
			receipts = append(receipts, half(w, "mia"))
		}
		for i := range 10 {
			refused(t, "a guess", shown(w, mia.alone(fmt.Sprintf("%06d", i)), receipts[i%3]), false)
		}
		for _, r := range receipts {
			refused(t, "the right code after ten guesses", shown(w, mia.alone(mia.code()), r), false)
		}
		refused(t, "and with the password", mia.try(mia.code()), false)
		w.Clock.Advance(time.Minute)
		mia.try(mia.next()).Want(http.StatusCreated) // it was a pause, no lock-out for good
	})
}

func Test3b8AReceiptIsGoodOnce(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		r := half(w, "mia")
		shown(w, mia.alone(mia.next()), r).Want(http.StatusCreated)
		refused(t, "the receipt again", shown(w, mia.alone(mia.next()), r), false)
	})
}

func Test3b9RulesFailClosed(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		rules := func(text string) *apitest.Response {
			return w.Patch("/v3/users/{ann}", `{"user":{"options":{"multi_factor_auth_enabled":true,"multi_factor_auth_rules":`+text+`}}}`, fresh(w))
		}
		for _, unknown := range []string{`[["password","webauthn"]]`, `[[]]`, `[["password","password"]]`, `"password"`} {
			rules(unknown).Want(http.StatusBadRequest)
		}
		for _, known := range []string{`[["password","totp"]]`, `[["password","webauthn"],["password","totp"]]`} {
			rules(known).Want(http.StatusOK)
			// There is no code to show, and the password alone is not enough for any of them.
			refused(t, known, w.SignIn("ann", ""), true)
		}
	})
}

func Test3b10AClockMayBeAhead(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		w.Clock.Advance(time.Hour)
		refused(t, "two steps ahead", mia.try(mia.at(mia.step()+2)), false)
		mia.try(mia.at(mia.step() - 1)).Want(http.StatusCreated)
		mia.try(mia.at(mia.step() + 1)).Want(http.StatusCreated)
	})
}
