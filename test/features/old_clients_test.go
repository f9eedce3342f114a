package features_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// withApp makes a user of the domain red who has a confirmed factor.
func withApp(w *apitest.World, user string) *app {
	w.User(user, "red")
	w.Grant(user, "member", "project:red/p1")
	a := enrolled(w, user)
	w.ForgetTokens()
	return a
}

// known is the proof of knowing a password of the user.
func (a *app) known(password string) m {
	return m{"user": m{"id": a.w.ID(a.user), "password": password}}
}

type m = map[string]any

// shown is a sign-in with proofs by method.
func shown(w *apitest.World, proofs m, with ...apitest.With) *apitest.Response {
	return w.Post("/v3/auth/tokens", bodyOf(w, "", "", proofs), with...)
}

// refused demands a refusal without a token, and a receipt only if one is wanted.
func refused(t *testing.T, what string, r *apitest.Response, receipt bool) {
	t.Helper()
	if r.Status != http.StatusUnauthorized || r.Token() != "" || (r.Header.Get("Openstack-Auth-Receipt") != "") != receipt {
		t.Errorf("%s: got %d (token: %v), want 401 (receipt: %v): %s", what, r.Status, r.Token() != "", receipt, r.Body)
	}
}

// allow sets the option by which codes may stand behind passwords.
func allow(w *apitest.World, of string, option any) {
	kind := strings.TrimSuffix(strings.Split(of, "/")[2], "s")
	w.Patch(of, m{kind: m{"options": m{"passcode_in_password": option}}}, w.As("admin")).Want(http.StatusOK)
}

// joined is a sign-in with one field.
func (a *app) joined(text string) *apitest.Response { return shown(a.w, m{"password": a.known(text)}) }

func TestOldClientsSendTheCodeBehindThePassword(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		word := w.Password("mia")
		stranger := shown(w, m{"password": m{"user": m{"id": "nobody", "password": word + "123456"}}})
		refused(t, "without the option", mia.joined(word+mia.next()), false)
		w.Patch("/v3/users/{mia}", m{"user": m{"options": m{"passcode_in_password": true}}}, apitest.Token(mia.try(mia.next()).Token())).Want(http.StatusForbidden)
		w.Patch("/v3/users/{mia}", m{"user": m{"options": m{"passcode_in_password": "yes"}}}, w.As("admin")).Want(http.StatusBadRequest)
		allow(w, "/v3/users/{mia}", true)

		refused(t, "the password alone", mia.joined(word), true)
		for what, text := range map[string]string{
			"a wrong code": word + "000000", "a short code": word + "12345", "a wrong password": "x" + word + mia.next(),
			"the code alone": mia.next(), "the code before": mia.next() + word, "a space between": word + " " + mia.next(),
			"a recovery code without its hyphens": word + strings.ReplaceAll(mia.codes[0], "-", ""),
			"a recovery code of nobody":           word + "0000-0000-0000-0000-0000-0000",
		} {
			r := mia.joined(text)
			refused(t, what, r, false)
			if r.Str("error.message") != stranger.Str("error.message") {
				t.Errorf("%s: %s, a stranger gets %s", what, r.Body, stranger.Body)
			}
		}
		w.Post("/v2.0/tokens", m{"auth": m{"passwordCredentials": m{"userId": w.ID("mia"), "password": word + mia.next()}}}).Want(http.StatusUnauthorized)
		w.Clock.Advance(time.Hour)

		code := mia.next()
		r := mia.joined(word + code).Want(http.StatusCreated)
		if got := fmt.Sprint(r.Value("token.methods")); got != "[password totp]" {
			t.Errorf("methods %s, want both", got)
		}
		// It is as fresh and as strong as if both were sent apart.
		w.Post("/v3/users/{mia}/mfa/recovery_codes", nil, apitest.Token(mia.joined(word+mia.codes[0]).Want(http.StatusCreated).Token())).Want(http.StatusCreated)
		refused(t, "a recovery code of the old set", mia.joined(word+mia.codes[1]), false)
		again := mia.joined(word + code)
		refused(t, "the code again", again, false)
		again.Has("passcode_already_used")
		refused(t, "the code again, apart", mia.try(code), false)
		// Who sends the code apart is taken at the word.
		refused(t, "two codes", shown(w, m{"password": mia.known(word + mia.next()), "totp": m{"user": m{"id": w.ID("mia"), "passcode": mia.next()}}}), false)
	})
}

func TestOldClientsUseARecoveryCodeOnce(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		word := w.Password("mia")
		allow(w, "/v3/users/{mia}", true)
		mia.joined(word + mia.codes[2]).Want(http.StatusCreated)
		refused(t, "again", mia.joined(word+mia.codes[2]), false)
		refused(t, "again, apart", mia.try(mia.codes[2]), false)
		mia.joined(word + strings.ToLower(mia.codes[3])).Want(http.StatusCreated)
	})
}

func TestOldClientsByDomain(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia, bob := withApp(w, "mia"), withApp(w, "bob")
		w.Patch("/v3/domains/{red}", m{"domain": m{"options": m{"passcode_in_password": true}}}, apitest.Token(mia.try(mia.next()).Token())).Want(http.StatusForbidden)
		w.Patch("/v3/projects/{red/p1}", m{"project": m{"options": m{"passcode_in_password": true}}}, w.As("admin")).Want(http.StatusBadRequest)
		allow(w, "/v3/domains/{red}", true)
		allow(w, "/v3/users/{bob}", false)
		refused(t, "switched off for the user", bob.joined(w.Password("bob")+bob.next()), false)
		mia.joined(w.Password("mia") + mia.next()).Want(http.StatusCreated)
		w.Get("/v3/projects/{red}", w.As("admin")).Want(http.StatusOK).Never("passcode_in_password")
		allow(w, "/v3/domains/{red}", nil)
		refused(t, "taken back", mia.joined(w.Password("mia")+mia.next()), false)
	})
}

// A password may end like a code.
func TestOldClientsWithAPasswordThatEndsInDigits(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		const word = "garden gate 654321"
		for _, user := range []string{"ann", "mia"} {
			w.User(user, "red")
			w.KnowPassword(user, word)
			w.Patch("/v3/users/{"+user+"}", m{"user": m{"password": word, "options": m{"passcode_in_password": true}}}, w.As("admin")).Want(http.StatusOK)
		}
		ann := &app{w: w, user: "ann"}
		refused(t, "cut short, without a factor", ann.joined("garden gate "), false)
		ann.joined(word).Want(http.StatusCreated)
		mia := withApp(w, "mia")
		refused(t, "cut short", mia.joined("garden gate "), false)
		refused(t, "alone", mia.joined(word), true)
		mia.joined(word + mia.next()).Want(http.StatusCreated)
	})
}

func TestOldClientsCountAsIfTheySentBothApart(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		word := w.Password("mia")
		allow(w, "/v3/users/{mia}", true)
		w.Clock.Advance(time.Hour)
		for range 10 { // more than wrong passwords would be borne
			refused(t, "a wrong code", mia.joined(word+"000000"), false)
		}
		refused(t, "the password itself is not locked", mia.joined(word), true)
		code := mia.next() // the clock stands still
		refused(t, "codes rest", mia.joined(word+code), false)
		refused(t, "codes rest apart, too", mia.try(code), false)
		w.Clock.Advance(time.Hour)
		mia.joined(word + mia.next()).Want(http.StatusCreated)

		code = mia.next()
		for range 3 { // each is read in two ways, so three are over the limit of five
			refused(t, "a wrong password", mia.joined("wrong123456"), false)
		}
		refused(t, "passwords rest", mia.joined(word+code), false)
		w.Clock.Advance(time.Hour)
		for range 9 {
			refused(t, "wrong passwords count no codes", mia.joined("wrong"), false)
			w.Clock.Advance(2 * time.Hour)
		}
		mia.joined(word + mia.next()).Want(http.StatusCreated)
	})
}

// Without a factor nothing is cut off: one try is one guess.
func TestOldClientsAreForPeopleWithAFactorOnly(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		allow(w, "/v3/users/{ann}", true)
		ann := &app{w: w, user: "ann"}
		for range 4 { // one guess each: five are borne
			refused(t, "a code without a factor", ann.joined(w.Password("ann")+"123456"), false)
		}
		if got := fmt.Sprint(ann.joined(w.Password("ann")).Want(http.StatusCreated).Value("token.methods")); got != "[password]" {
			t.Errorf("methods %s, want the password alone", got)
		}
	})
}
