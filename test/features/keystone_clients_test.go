package features_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// What Keystone's second factors get wrong about tokens, clients and operators, and how it is here.

func Test3b16TokensSayHowFreshTheProofIs(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		first := mia.try(mia.next()).Want(http.StatusCreated)
		at := stamp(w.Clock.Now())
		w.Clock.Advance(7 * time.Minute)
		again := w.Post("/v3/auth/tokens", continuing("", first.Token(), "")).Want(http.StatusCreated)
		read := w.Get("/v3/auth/tokens", w.As("sysadmin"), apitest.Header("X-Subject-Token", again.Token())).Want(http.StatusOK)
		for what, r := range map[string]*apitest.Response{"signing in": first, "continuing": again, "validating": read} {
			if r.Str("token.authenticated_at") != at || r.Str("token.assurance") != "multi_factor" {
				t.Errorf("%s: %s at %s, want multi_factor at %s", what, r.Str("token.assurance"), r.Str("token.authenticated_at"), at)
			}
		}
	})
}

func Test3b17TokensOutliveTheirPasscode(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(_ *testing.T, w *apitest.World) {
		as := withApp(w, "mia").strong()
		w.Clock.Advance(59 * time.Minute)
		w.Get("/v3/auth/projects", as).Want(http.StatusOK)
		w.Clock.Advance(time.Minute)
		w.Get("/v3/auth/projects", as).Want(http.StatusUnauthorized)
	})
}

// One passcode is enough for a day of commands: what it makes for the command line signs in without one, and ends when
// the person says so.
func Test3b18OnePasscodeIsEnoughForManyCommands(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		as := mia.scoped()
		r := w.Post("/v3/users/{mia}/application_credentials", m{"application_credential": m{"name": "laptop", "expires_at": stamp(w.Clock.Now().Add(8 * time.Hour))}}, as).Want(http.StatusCreated)
		w.Secret(r.Str("application_credential.secret"))
		command := func() *apitest.Response {
			return w.Post("/v3/auth/tokens", m{"auth": m{"identity": m{"methods": []string{"application_credential"}, "application_credential": m{
				"id": r.Str("application_credential.id"), "secret": r.Str("application_credential.secret"),
			}}}})
		}
		for range 7 {
			w.Clock.Advance(time.Hour)
			w.Get("/v3/auth/projects", apitest.Token(command().Want(http.StatusCreated).Token())).Want(http.StatusOK)
		}
		w.Clock.Advance(time.Hour)
		refused(t, "when its day is over", command(), false)
	})
}

func Test3b19ClientsWithOneFieldSendBoth(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		both := func() *apitest.Response { return mia.joined(w.Password("mia") + mia.next()) }
		refused(t, "before it is allowed", both(), false)
		allow(w, "/v3/users/{mia}", true)
		both().Want(http.StatusCreated)
		refused(t, "the password alone", mia.joined(w.Password("mia")), true)
	})
}

// Who knows receipts is asked by one; who does not finds the words of Keystone's answer.
func Test3b20ReceiptsAreForThoseWhoKnowThem(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		r := w.SignIn("mia", "")
		refused(t, "the password alone", r, true)
		if got := fmt.Sprint(r.Value("required_auth_methods")); got != "[[password totp]]" {
			t.Errorf("what is asked for is %s", got)
		}
		if got := fmt.Sprint(r.Value("receipt.methods")); got != "[password]" {
			t.Errorf("what was shown is %s", got)
		}
		done := shown(w, mia.alone(mia.next()), apitest.Header("Openstack-Auth-Receipt", r.Header.Get("Openstack-Auth-Receipt"))).Want(http.StatusCreated)
		if got := fmt.Sprint(done.Value("token.methods")); !strings.Contains(got, "password") || !strings.Contains(got, "totp") {
			t.Errorf("the token has %s", got)
		}
	})
}

// A dashboard asks for the password, then for the code, and goes to the projects that it lists.
func Test3b21DashboardsSignIn(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		token := shown(w, mia.alone(mia.next()), half(w, "mia")).Want(http.StatusCreated).Token()
		w.Get("/v3/auth/projects", apitest.Token(token)).Want(http.StatusOK).Has(w.ID("red/p1"))
		for range 2 { // without a code for each project
			r := w.Post("/v3/auth/tokens", bodyOf(w, "mia", "project:red/p1", m{"token": m{"id": token}})).Want(http.StatusCreated)
			if r.Str("token.project.id") != w.ID("red/p1") {
				t.Errorf("the project is %s", r.Str("token.project.id"))
			}
		}
	})
}

func Test3b22TheOldAPIIsNoWayRound(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		for _, name := range []string{"mia", "bob"} {
			w.User(name, "default")
			w.Grant(name, "member", "project:default/p1")
		}
		mia := enrolled(w, "mia")
		old := func(name, text string) *apitest.Response {
			return w.Post("/v2.0/tokens", m{"auth": m{"tenantId": w.ID("default/p1"), "passwordCredentials": m{"userId": w.ID(name), "password": text}}})
		}
		old("mia", w.Password("mia")).Want(http.StatusUnauthorized).Has("mfa_requires_v3")
		old("mia", w.Password("mia")+mia.next()).Want(http.StatusUnauthorized)
		w.Get("/v2.0/tenants", mia.strong()).Want(http.StatusUnauthorized)
		old("bob", w.Password("bob")).Want(http.StatusOK)
	})
}

// What operators wrote beside Keystone is here: enrolment with a test code, people's own removal, and a reset.
func Test3b23OperatorsNeedNothingOfTheirOwn(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		as := apitest.Token(w.Token("ann", ""))
		a := begin(w, "ann", as)
		w.Post(a.confirm(), `{"totp":{"passcode":"000000"}}`, as).Want(http.StatusUnauthorized)
		w.Post(a.confirm(), a.body(), as).Want(http.StatusOK)
		w.Delete("/v3/users/{ann}/mfa/totp/"+a.id, a.strong()).Want(http.StatusNoContent)
		w.SignIn("ann", "").Want(http.StatusCreated)

		mia := withApp(w, "mia")
		w.Post("/v3/users/{mia}/mfa/reset", m{"reset": m{"reason": "lost the phone"}}, mia.strong()).Want(http.StatusForbidden)
		w.Post("/v3/users/{mia}/mfa/reset", m{"reset": m{"reason": "lost the phone"}}, fresh(w)).Want(http.StatusNoContent)
		w.SignIn("mia", "").Want(http.StatusCreated)
	})
}

func Test3b24GuessesAreLimitedAndKeysArePublic(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		signed := w.Token("admin", "")
		keys := w.Get("/v3/auth/jwks").Want(http.StatusOK)
		parts := strings.Split(signed, ".")
		var header struct{ KID string }
		if err := json.Unmarshal(unbase64(t, parts[0]), &header); err != nil || header.KID != keys.Str("keys.0.kid") {
			t.Fatalf("the token is signed with %q (%v), the keys are %s", header.KID, err, keys.Body)
		}
		if !ed25519.Verify(unbase64(t, keys.Str("keys.0.x")), []byte(parts[0]+"."+parts[1]), unbase64(t, parts[2])) {
			t.Error("the public key does not verify a token")
		}
		guess := func(i int) *apitest.Response {
			return w.Post("/v3/auth/tokens", apitest.PasswordBody(fmt.Sprintf("%032x", i), "a guess", nil))
		}
		for i := range 5 {
			guess(i).Want(http.StatusUnauthorized)
		}
		if r := guess(5).Want(http.StatusTooManyRequests); r.Header.Get("Retry-After") == "" {
			t.Error("nobody says how long to wait")
		}
	}, func(c *config.Config) { c.Lockout.AddressAccounts = 5 })
}

func unbase64(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The holes that were found in Keystone from 2020 to 2026, as far as they are a server's and of what there is here: there
// is no LDAP (OSSA-2026-007), and headers are the middleware's (CVE-2026-22797, in test/clients).
func Test3b25HolesOfKeystone(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		w.User("bob", "red")
		w.Grant("bob", "member", "project:red/p2")
		as := mia.scoped()

		// CVE-2020-12689 and -12691: a credential moves to no other user and project.
		r := w.Post("/v3/credentials", m{"credential": m{
			"type": "ec2", "user_id": w.ID("mia"), "project_id": w.ID("red/p1"), "blob": `{"access":"of-mia","secret":"0123456789"}`,
		}}, as).Want(http.StatusCreated)
		w.Name("it", r.Str("credential.id"))
		for _, change := range []m{{"user_id": w.ID("bob")}, {"project_id": w.ID("red/p2")}, {"blob": `{"access":"of-mia","secret":"0123456789","trust_id":"x"}`}} {
			w.Patch("/v3/credentials/{it}", m{"credential": change}, as).Want(http.StatusBadRequest)
		}

		// CVE-2025-65073: signatures are a service's to bring.
		for path, body := range map[string]any{
			"/v3/ec2tokens": apitest.SignedEC2("of-mia", "0123456789", w.Clock.Now()),
			"/v3/s3tokens":  m{"credentials": m{"access": "of-mia", "signature": "x", "token": "eA=="}},
		} {
			w.Post(path, body).Want(http.StatusUnauthorized)
			w.Post(path, body, as).Want(http.StatusForbidden)
		}

		// CVE-2026-33551, -42998 and -43000: what stands for a person makes and reads nothing that signs in.
		robot := apitest.Token(mia.robot("robot", as)().Want(http.StatusCreated).Token())
		w.Post("/v3/users/{mia}/credentials/OS-EC2", `{"tenant_id":"{red/p1}"}`, robot).Want(http.StatusForbidden)
		w.Get("/v3/users/{mia}/credentials/OS-EC2", robot).Want(http.StatusForbidden)
		w.Get("/v3/credentials/{it}", robot).Want(http.StatusForbidden)
		w.Post("/v3/users/{mia}/application_credentials", m{"application_credential": m{"name": "x"}}, robot).Want(http.StatusForbidden)

		// CVE-2026-42999: what a body or a query says of owners opens no door.
		w.Get("/v3/credentials/{it}?user_id={bob}", w.As("bob"), apitest.Undocumented()).Want(http.StatusForbidden)
		w.Patch("/v3/credentials/{it}", m{"credential": m{"user_id": w.ID("bob")}, "target": m{"credential": m{"user_id": w.ID("bob")}}}, w.As("bob")).Want(http.StatusBadRequest)
		w.Patch("/v3/credentials/{it}", m{"credential": m{"user_id": w.ID("bob")}}, w.As("bob")).Want(http.StatusForbidden)

		// CVE-2026-44394: continuing makes nothing last longer.
		first := mia.try(mia.next()).Want(http.StatusCreated)
		w.Clock.Advance(10 * time.Minute)
		if next := w.Post("/v3/auth/tokens", continuing("", first.Token(), "")).Want(http.StatusCreated); next.Str("token.expires_at") != first.Str("token.expires_at") {
			t.Errorf("continued, it ends at %s, want %s", next.Str("token.expires_at"), first.Str("token.expires_at"))
		}

		// CVE-2021-38155: who is locked out looks like who does not exist.
		guess := func(id string) string {
			r := w.Post("/v3/auth/tokens", apitest.PasswordBody(id, "a guess", nil)).Want(http.StatusUnauthorized)
			return r.Str("error.message")
		}
		want := guess(strings.Repeat("0", 32))
		for range w.Config.Lockout.PasswordAttempts + 1 {
			if got := guess(w.ID("bob")); got != want {
				t.Errorf("guessing at bob is answered %q, at nobody %q", got, want)
			}
		}
	})
}
