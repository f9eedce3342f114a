package attack_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
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

// withKey gives a user an access key on red/p1, made by an administrator, and returns its id.
func withKey(w *apitest.World, user, access, secret string) string {
	w.Secret(secret)
	body := map[string]any{"credential": map[string]any{"type": "ec2", "user_id": w.ID(user), "project_id": w.ID("red/p1"),
		"blob": `{"access":"` + access + `","secret":"` + secret + `"}`}}
	w.Name("key of "+user, keyID(access))
	return w.Post("/v3/credentials", body, w.As("sysadmin")).Want(http.StatusCreated).Str("credential.id")
}

func keyID(access string) string {
	sum := sha256.Sum256([]byte(access))
	return hex.EncodeToString(sum[:])
}

// withCert gives a user a credential of a type that means nothing to the server.
func withCert(w *apitest.World, user, blob string) {
	w.Secret(blob)
	r := w.Post("/v3/credentials", `{"credential":{"type":"cert","user_id":"{`+user+`}","blob":"`+blob+`"}}`, w.As("sysadmin"))
	w.Name("cert of "+user, r.Want(http.StatusCreated).Str("credential.id"))
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
		withKey(w, "bob", "bobs-access", "bobs-secret")
		withCert(w, "bob", "bobs-cert")
		alice := apitest.Token(strongToken(t, w, "alice", aSeed))
		for query, want := range map[string]bool{ // whether alice's own is shown
			"": true, "?user_id={alice}": true, "?user_id={bob}": false, "?type=totp": true, "?type=TOTP": false, "?type=ec2": false,
			"?user_id={bob}&user_id={alice}": false, "?user_id={alice}&user_id={bob}": false, "?type=totp&user_id={bob}": false,
			"?user_id__contains=": true, "?limit=1": true, "?user_id=": true, "?type=cert": false, "?type__startswith=": true,
			"?user_id={bob}&type=ec2": false, "?marker=0": true, "?marker=" + keyID("a"): true,
		} {
			r := w.Get("/v3/credentials"+query, alice)
			if r.Never(bobs).Never(aSeed).Never(anotherSeed).Never("bobs-").Status == http.StatusBadRequest {
				continue // an empty filter, or one that must not be
			}
			if strings.HasPrefix(query, "?marker") {
				r.Want(http.StatusOK)
				continue // ids are random, and what they say of each other too
			}
			if n := len(r.Want(http.StatusOK).List("credentials")); n > 1 || n == 1 != want {
				t.Errorf("%q shows %d credentials: %s", query, n, r.Body)
			}
		}
		for _, caller := range []string{"reader@red/p1", "manager@red", "manager@red/p1", "service@red/p1", "admin@blue/sea", "admin", "reader@system"} {
			r := w.Get("/v3/credentials", w.As(caller)).Want(http.StatusOK).Never(aSeed).Never(anotherSeed)
			seesAll := strings.HasPrefix(caller, "admin") || strings.HasSuffix(caller, "@system")
			if n := len(r.List("credentials")); seesAll && n != 4 || !seesAll && n != 0 {
				t.Errorf("%s sees %d credentials", caller, n)
			}
			for _, id := range []string{"{seed of alice}", "{key of bob}", "{cert of bob}"} {
				one := w.Get("/v3/credentials/"+id, w.As(caller)).Never(aSeed)
				if seesAll != (one.Status == http.StatusOK) || !seesAll && one.Status != http.StatusForbidden {
					t.Errorf("%s, %s: %d", caller, id, one.Status)
				}
			}
		}
		w.Get("/v3/credentials/{seed of alice}", alice).Want(http.StatusOK).Never(aSeed).Never("blob")
		for _, kind := range []string{"seed", "key", "cert"} {
			path := "/v3/credentials/{" + kind + " of bob}"
			none := "/v3/credentials/0123456789abcdef0123456789abcdef"
			for method, body := range map[string]string{"GET": "", "DELETE": "", "PATCH": `{"credential":{"blob":"` + aSeed + `"}}`} {
				with := []apitest.With{alice}
				if body != "" {
					with = append(with, apitest.Body(body))
				}
				w.Do(method, path, with...).Want(http.StatusForbidden).Never("bobs-")
				w.Do(method, none, with...).Want(http.StatusForbidden) // as if it were not there
			}
		}
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

// TestF2AccessKeysStayWhatTheyAre is the same for keys that will be a way in (CVE-2020-12689, CVE-2020-12691).
func TestF2AccessKeysStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		withKey(w, "alice", "her-access", "her-secret")
		withCert(w, "alice", "her-cert")
		alice := apitest.Token(w.Token("alice", ""))
		read := func() string { return string(w.Get("/v3/credentials", w.As("sysadmin")).Want(http.StatusOK).Body) }
		before := read()
		blob := func(members string) string { return `"blob":"` + strings.ReplaceAll(members, `"`, `\"`) + `"` }
		same := `{"access":"her-access","secret":"another-secret"`
		always := []string{
			`"user_id":"{bob}"`, `"user_id":null`, `"user_id":""`, `"project_id":"{red/p2}"`, `"project_id":""`, `"id":"{bob}"`, `"id":null`, `"id":5`,
			`"type":"totp"`, `"type":" TOTP"`, `"type":""`, `"type":null`, `"blob":null`, `"blob":{}`, `"user_id":"{bob}","blob":"x"`,
		}
		for id, attrs := range map[string][]string{
			"{cert of alice}": append(always, `"type":"ec2"`, `"type":"EC2"`, `"type":"ec2","project_id":"{red/p1}",`+blob(same+`}`), `"project_id":"{red/p1}"`),
			"{key of alice}": append(always, `"type":"cert"`, `"project_id":null`, `"blob":""`, `"blob":"x"`, blob(`{}`), blob(`[]`), blob(`null`), blob(`"x"`),
				blob(`{"access":"other","secret":"another-secret"}`), blob(`{"access":"HER-ACCESS","secret":"another-secret"}`),
				blob(`{"access":"her-access"}`), blob(`{"access":"her-access","secret":""}`), blob(`{"access":"her-access","secret":{"x":"another-secret"}}`),
				blob(`{"access":["her-access"],"secret":"another-secret"}`), blob(same+`,"access":"other"}`), blob(same+`,"trust_id":"x"}`),
				blob(same+`,"trust_id":["x"]}`), blob(same+`,"app_cred_id":"x"}`), blob(same+`,"access_token_id":"x"}`), blob(same+`,"access_id":"x"}`),
				blob(same+`}`)+`,"project_id":"{red/p2}"`, blob(same+`}`)+`,"user_id":"{bob}"`, blob(same+`}`)+`,"type":"cert"`),
		} {
			for _, attr := range attrs {
				for _, as := range []apitest.With{alice, w.As("sysadmin")} {
					if r := w.Patch("/v3/credentials/"+id, `{"credential":{`+attr+`}}`, as); r.Status != http.StatusBadRequest && r.Status != http.StatusForbidden {
						t.Errorf("%s of %s: %d: %.300s", attr, id, r.Status, r.Body)
					}
				}
			}
		}
		if now := read(); now != before {
			t.Errorf("it changed:\n%s\n%s", before, now)
		}
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
		factors := []string{"totp", "TOTP", "Totp", "totp ", "\u00a0totp", "\uff54\uff4f\uff54\uff50"}
		keys := []string{"ec2", "ec2 ", "EC2", "Ec2\u3000", "\uff45\uff43\uff12"}
		for _, kind := range slices.Concat(factors, keys, []string{"cert", "x", "password"}) {
			post("bob", kind, "", alice).Want(http.StatusForbidden)
			post("bob", kind, `,"project_id":"{red/p1}"`, alice).Want(http.StatusForbidden)
			post("bob", kind, `,"target":{"credential":{"user_id":"{alice}"}}`, alice).Want(http.StatusForbidden)
		}
		for _, kind := range factors {
			post("alice", kind, `,"project_id":"{red/p1}"`, alice).Want(http.StatusBadRequest)
		}
		for _, kind := range keys { // a seed is no access key, and a key needs a project
			post("alice", kind, `,"project_id":"{red/p1}"`, alice).Want(http.StatusBadRequest)
			w.Post("/v3/credentials", map[string]any{"credential": map[string]any{"type": kind, "user_id": w.ID("alice"), "blob": `{"access":"a","secret":"12345678"}`}}, alice).
				Want(http.StatusBadRequest)
		}
		w.Get("/v3/credentials", w.As("sysadmin")).Want(http.StatusOK).Never("blob").Never(`"totp"`)
		w.Clock.Advance(11 * time.Minute)
		w.ForgetTokens()
		for _, kind := range slices.Concat(factors, []string{"cert"}) {
			r := post("alice", kind, "", alice).Want(http.StatusUnauthorized)
			if r.Header.Get("Openstack-Auth-Receipt") == "" {
				t.Errorf("%q: a stale proof gets no receipt: %s", kind, r.Body)
			}
		}
		fresh := apitest.Token(w.Token("alice", ""))
		for i, kind := range keys {
			access := fmt.Sprint("access-", i)
			r := w.Post("/v3/credentials", map[string]any{"credential": map[string]any{"type": kind, "user_id": w.ID("alice"), "project_id": w.ID("red/p1"),
				"blob": `{"access":"` + access + `","secret":"12345678"}`}}, fresh).Want(http.StatusCreated)
			if r.Str("credential.type") != "ec2" || r.Str("credential.id") != keyID(access) {
				t.Errorf("%q is kept as %s", kind, r.Body)
			}
		}
		w.SignIn("alice", "").Want(http.StatusCreated) // keys are no factors
		for i, kind := range factors {
			r := w.Post("/v3/credentials", map[string]any{"credential": map[string]any{"type": kind, "user_id": w.ID("alice"), "blob": strings.Repeat(string(rune('A'+i))+"BC3", 8)}}, fresh)
			if i > 0 {
				r.Want(http.StatusUnauthorized) // a factor is there now, and she has not shown it
				r = w.Post("/v3/credentials", map[string]any{"credential": map[string]any{"type": kind, "user_id": w.ID("alice"), "blob": strings.Repeat(string(rune('A'+i))+"BC3", 8)}}, w.As("sysadmin"))
			}
			if r.Want(http.StatusCreated).Str("credential.type") != "totp" {
				t.Errorf("%q is kept as %s", kind, r.Body)
			}
		}
		w.SignIn("alice", "").Want(http.StatusUnauthorized)
		w.Get("/v3/credentials?type=totp", w.As("sysadmin")).Want(http.StatusOK).Never("blob")
	}, quick)
}

// TestF3NobodyMakesAKeyForAProjectThatIsNotHis tries those of others and those that are not there, which must look alike.
func TestF3NobodyMakesAKeyForAProjectThatIsNotHis(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		w.Project("blue", "sea")
		bob := apitest.Token(w.Token("bob", "project:red/p1"))
		post := func(kind, project string) *apitest.Response {
			return w.Post("/v3/credentials", map[string]any{"credential": map[string]any{"type": kind, "user_id": w.ID("bob"), "project_id": project,
				"blob": `{"access":"bobs-access","secret":"bobs-secret"}`}}, bob)
		}
		for _, kind := range []string{"ec2", "EC2", "cert"} {
			none := strings.ReplaceAll(string(post(kind, "0123456789abcdef0123456789abcdef").Want(http.StatusForbidden).Body), "0123456789abcdef0123456789abcdef", "")
			for _, project := range []string{"red/p2", "blue/sea", "admin-project", "red", "blue", "default"} {
				r := post(kind, w.ID(project)).Want(http.StatusForbidden)
				if got := strings.ReplaceAll(string(r.Body), w.ID(project), ""); got != none {
					t.Errorf("%s on %s tells it from one that is not there: %s", kind, project, r.Body)
				}
			}
		}
		post("ec2", w.ID("red/p1")).Want(http.StatusCreated)
		post("ec2", w.ID("red/p1")).Want(http.StatusConflict)
	}, quick)
}

// TestF7CredentialsGoWithTheirUserAndProject: nothing is left for the next one to find.
func TestF7CredentialsGoWithTheirUserAndProject(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		w.Project("red", "p1")
		for _, user := range []string{"alice", "bob"} {
			withSeed(w, user, aSeed)
			withKey(w, user, user+"-access", user+"-secret")
			withCert(w, user, user+"-cert")
		}
		left := func(want int) {
			t.Helper()
			if n := len(w.Get("/v3/credentials", w.As("sysadmin")).Want(http.StatusOK).List("credentials")); n != want {
				t.Errorf("%d credentials are left, want %d", n, want)
			}
		}
		left(6)
		w.Delete("/v3/users/{alice}", w.As("sysadmin")).Want(http.StatusNoContent)
		for _, kind := range []string{"seed", "key", "cert"} {
			w.Get("/v3/credentials/{"+kind+" of alice}", w.As("sysadmin")).Want(http.StatusNotFound)
		}
		left(3)
		w.Delete("/v3/projects/{red/p1}", w.As("sysadmin")).Want(http.StatusNoContent)
		w.Get("/v3/credentials/{key of bob}", w.As("sysadmin")).Want(http.StatusNotFound)
		left(2) // his factor and his certificate belong to no project
	}, quick)
}

// TestCredentialsAtRestAreCiphertext reads the database as a thief would.
func TestCredentialsAtRestAreCiphertext(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, quick)
	cast(w)
	withKey(w, "alice", "an-access-key-to-find", "a-secret-to-find")
	withCert(w, "alice", "a-cert-to-find")
	body := `{"credential":{"blob":"a-cert-to-find-2","note":"a-note-to-find"}}`
	w.Patch("/v3/credentials/{cert of alice}", body, w.As("sysadmin")).Want(http.StatusOK).Has("a-note-to-find")
	files, err := filepath.Glob(filepath.Join(w.Config.DataDir, "identity.db*"))
	if err != nil {
		t.Fatal(err)
	}
	dump := ""
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		dump += string(b)
	}
	if !strings.Contains(dump, keyID("an-access-key-to-find")) {
		t.Fatal("the dump does not hold what it must, so it proves nothing")
	}
	if strings.Contains(dump, "to-find") {
		t.Error("a secret of a credential is in the database as it is")
	}
}
