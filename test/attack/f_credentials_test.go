package attack_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/keyward/identity/internal/apitest"
)

// seeds of factors, made elsewhere.
const (
	aSeed       = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	anotherSeed = "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"
)

// withSeed gives a user a credential of type totp, made by an administrator, and returns its id.
func withSeed(w *apitest.World, user, seed string) string {
	w.Secret(seed)
	body := `{"credential":{"type":"totp","user_id":"{` + user + `}","blob":"` + seed + `"}}`
	id := w.Post("/v3/credentials", body, w.As("sysadmin")).Want(http.StatusCreated).Str("credential.id")
	w.Name("seed of "+user, id)
	return id
}

// strongToken signs a user in with the password and a code of the seed, in a time step of its own.
func strongToken(t *testing.T, w *apitest.World, user, seed string) string {
	t.Helper()
	w.Clock.Advance(90 * time.Second)
	code, err := totp.GenerateCode(seed, w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	body := apitest.PasswordBody(w.ID(user), w.Password(user), "unscoped")
	identity := body["auth"].(map[string]any)["identity"].(map[string]any)
	identity["methods"] = []string{"password", "totp"}
	identity["totp"] = map[string]any{"user": map[string]any{"id": w.ID(user), "passcode": code}}
	return w.Post("/v3/auth/tokens", body).Want(http.StatusCreated).Token()
}

func TestF1NobodySeesTheCredentialsOfOthersNorAnySecret(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		withSeed(w, "alice", aSeed)
		bobs := withSeed(w, "bob", anotherSeed)
		alice := apitest.Token(strongToken(t, w, "alice", aSeed))
		for query, want := range map[string]bool{ // whether alice's own is shown
			"": true, "?user_id={alice}": true, "?user_id={bob}": false, "?type=totp": true, "?type=TOTP": false, "?type=ec2": false,
			"?user_id={bob}&user_id={alice}": false, "?user_id={alice}&user_id={bob}": false, "?type=totp&user_id={bob}": false,
			"?user_id__contains=": true, "?limit=1": true, "?user_id=": true,
		} {
			r := w.Get("/v3/credentials"+query, alice)
			if r.Never(bobs).Never(aSeed).Never(anotherSeed).Status == http.StatusBadRequest {
				continue // an empty filter, or one that must not be
			}
			if n := len(r.Want(http.StatusOK).List("credentials")); n > 1 || n == 1 != want {
				t.Errorf("%q shows %d credentials: %s", query, n, r.Body)
			}
		}
		for _, caller := range []string{"reader@red/p1", "manager@red", "manager@red/p1", "service@red/p1", "admin@blue/sea", "admin", "reader@system"} {
			r := w.Get("/v3/credentials", w.As(caller)).Want(http.StatusOK).Never(aSeed).Never(anotherSeed)
			seesAll := strings.HasPrefix(caller, "admin") || strings.HasSuffix(caller, "@system")
			if n := len(r.List("credentials")); seesAll && n != 2 || !seesAll && n != 0 {
				t.Errorf("%s sees %d credentials", caller, n)
			}
			one := w.Get("/v3/credentials/{seed of alice}", w.As(caller)).Never(aSeed)
			if seesAll != (one.Status == http.StatusOK) || !seesAll && one.Status != http.StatusForbidden {
				t.Errorf("%s: %d", caller, one.Status)
			}
		}
		w.Get("/v3/credentials/{seed of alice}", alice).Want(http.StatusOK).Never(aSeed).Never("blob")
		w.Get("/v3/credentials/{seed of bob}", alice).Want(http.StatusForbidden)
		w.Delete("/v3/credentials/{seed of bob}", alice).Want(http.StatusForbidden)
		w.Patch("/v3/credentials/{seed of bob}", `{"credential":{"blob":"`+aSeed+`"}}`, alice).Want(http.StatusForbidden)
	}, quick)
}

func TestF2WhoseAndWhatACredentialIsNeverChanges(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		withSeed(w, "alice", aSeed)
		alice := apitest.Token(strongToken(t, w, "alice", aSeed))
		read := func() string { return string(w.Get("/v3/credentials", w.As("sysadmin")).Want(http.StatusOK).Body) }
		before := read()
		for _, attr := range []string{
			`"user_id":"{bob}"`, `"user_id":null`, `"user_id":""`, `"project_id":"{red/p1}"`, `"type":"ec2"`, `"type":"cert"`, `"type":"password"`, `"type":""`, `"type":null`,
			`"blob":"{\"trust_id\":\"x\"}"`, `"blob":"{\"access\":\"x\",\"secret\":\"y\"}"`, `"blob":"AAAA"`, `"blob":""`, `"blob":null`, `"blob":{}`,
			`"blob":"` + anotherSeed + `","user_id":"{bob}"`, `"blob":"` + anotherSeed + `","type":"ec2"`,
		} {
			for _, as := range []apitest.With{alice, w.As("sysadmin")} {
				if r := w.Patch("/v3/credentials/{seed of alice}", `{"credential":{`+attr+`}}`, as); r.Status != http.StatusBadRequest && r.Status != http.StatusForbidden {
					t.Errorf("%s: %d: %.300s", attr, r.Status, r.Body)
				}
			}
		}
		if now := read(); now != before {
			t.Errorf("it changed:\n%s\n%s", before, now)
		}
		strongToken(t, w, "alice", aSeed) // and the seed is still what it was
	}, quick)
}

func TestF3EverySpellingOfATypeFollowsTheSameRules(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		alice := apitest.Token(w.Token("alice", ""))
		post := func(user, kind, more string, as apitest.With) *apitest.Response {
			return w.Post("/v3/credentials", `{"credential":{"type":"`+kind+`","user_id":"{`+user+`}","blob":"`+aSeed+`"`+more+`}}`, as)
		}
		types := []string{"totp", "TOTP", "Totp", "totp ", "\uff54\uff4f\uff54\uff50", "ec2", "ec2 ", "EC2", "cert", "x", "password"}
		for _, kind := range types {
			post("bob", kind, "", alice).Want(http.StatusForbidden)
			post("bob", kind, `,"target":{"credential":{"user_id":"{alice}"}}`, alice)
			if r := post("alice", kind, `,"project_id":"{red/p1}"`, alice); r.Status != http.StatusBadRequest {
				t.Errorf("%q of a project: %d", kind, r.Status)
			}
		}
		w.Get("/v3/credentials?user_id={bob}", w.As("sysadmin")).Want(http.StatusOK).Never("blob").Never(`"totp"`)
		w.Clock.Advance(11 * time.Minute)
		for _, kind := range []string{"totp", "TOTP", "Totp"} {
			r := post("alice", kind, "", alice).Want(http.StatusUnauthorized)
			if r.Header.Get("Openstack-Auth-Receipt") == "" {
				t.Errorf("%q: a stale proof gets no receipt: %s", kind, r.Body)
			}
		}
		fresh := apitest.Token(w.Token("alice", ""))
		for _, kind := range types[3:] {
			if r := post("alice", kind, "", fresh); kind == "totp " {
				if r.Status == http.StatusCreated && r.Str("credential.type") != "totp" {
					t.Errorf("%q is kept as %s", kind, r.Body)
				}
			} else if r.Status == http.StatusCreated {
				t.Errorf("%q was made: %s", kind, r.Body)
			}
		}
		// Whatever was made counts as a factor.
		if made := w.Get("/v3/credentials?user_id={alice}", w.As("sysadmin")).List("credentials"); len(made) > 0 {
			w.SignIn("alice", "").Want(http.StatusUnauthorized)
		} else {
			post("alice", "TOTP", "", fresh).Want(http.StatusCreated)
			w.SignIn("alice", "").Want(http.StatusUnauthorized)
		}
	}, quick)
}

// TestF7CredentialsGoWithTheirUser: nothing is left for the next one to find.
func TestF7CredentialsGoWithTheirUser(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		withSeed(w, "alice", aSeed)
		w.Delete("/v3/users/{alice}", w.As("sysadmin")).Want(http.StatusNoContent)
		w.Get("/v3/credentials/{seed of alice}", w.As("sysadmin")).Want(http.StatusNotFound)
		if n := len(w.Get("/v3/credentials", w.As("sysadmin")).Want(http.StatusOK).List("credentials")); n != 0 {
			t.Errorf("%d credentials are left", n)
		}
	}, quick)
}
