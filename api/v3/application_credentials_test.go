package v3_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// annAndBen are two members of red/web, of whom ann is a member of red/shop as well.
func annAndBen(w *apitest.World) {
	for _, who := range []string{"ann", "ben"} {
		w.User(who, "red")
		w.Grant(who, "member", "project:red/web")
	}
	w.Grant("ann", "member", "project:red/shop")
}

// appCred makes an application credential with what attrs say, and returns its answer. Its id is known under name.
func appCred(w *apitest.World, user, name, attrs string, with ...apitest.With) *apitest.Response {
	if len(with) == 0 {
		with = []apitest.With{apitest.Token(w.Token(user, "project:red/web"))}
	}
	if attrs != "" {
		attrs = "," + attrs
	}
	r := w.Post("/v3/users/{"+user+"}/application_credentials", `{"application_credential":{"name":"`+name+`"`+attrs+`}}`, with...).Want(http.StatusCreated)
	w.Secret(r.Str("application_credential.secret"))
	w.Name(name, r.Str("application_credential.id"))
	return r
}

// signInWith signs in with an application credential.
func signInWith(w *apitest.World, id, secret string) *apitest.Response {
	return w.Post("/v3/auth/tokens", map[string]any{"auth": map[string]any{"identity": map[string]any{
		"methods": []string{"application_credential"}, "application_credential": map[string]any{"id": id, "secret": secret},
	}}})
}

// appToken makes an application credential and returns a token of it.
func appToken(w *apitest.World, user, name, attrs string, with ...apitest.With) string {
	r := appCred(w, user, name, attrs, with...)
	return signInWith(w, w.ID(name), r.Str("application_credential.secret")).Want(http.StatusCreated).Token()
}

const someRule = `"access_rules":[{"service":"identity","path":"/v3/auth/projects","method":"GET"}]`

func TestAppCredentialRefusals(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		annAndBen(w)
		made := appCred(w, "ann", "cred", someRule)
		w.Name("rule", made.Str("application_credential.access_rules.0.id"))
		const all, rules = "/v3/users/{ann}/application_credentials", "/v3/users/{ann}/access_rules"
		const good = `{"application_credential":{"name":"x"}}`
		var cases []apitest.Case
		for _, do := range []string{
			"GET " + all, "GET " + all + "/{cred}", "GET " + all + "/none", "DELETE " + all + "/{cred}", "DELETE " + all + "/none",
			"GET " + rules, "GET " + rules + "/{rule}", "DELETE " + rules + "/{rule}", "DELETE " + rules + "/none",
			"GET /v3/users/none/application_credentials", "GET /v3/users/none/access_rules/{rule}", "POST " + all,
		} {
			var text any
			if strings.HasPrefix(do, "POST") {
				text = good
				cases = append(cases, apitest.Case{As: "admin", Do: do, Body: text, Want: 403}, apitest.Case{As: "sysadmin", Do: do, Body: text, Want: 403})
			}
			cases = append(cases, apitest.Case{Do: do, Body: text, Want: 401})
			for _, who := range []string{"ben", "manager@red", "admin@red", "member@red/web", "service@red/web"} {
				cases = append(cases, apitest.Case{As: who, Do: do, Body: text, Want: 403, Never: "ann"})
			}
			if !strings.HasPrefix(do, "GET") {
				cases = append(cases, apitest.Case{As: "reader@system", Do: do, Body: text, Want: 403})
			}
		}
		w.Run(t, append(cases, []apitest.Case{
			{Name: "another's by one's own path", As: "ben", Do: "GET /v3/users/{ben}/application_credentials/{cred}", Want: 404},
			{Name: "another's by one's own path, to delete", As: "ben", Do: "DELETE /v3/users/{ben}/application_credentials/{cred}", Want: 404},
			{Name: "another's rule by one's own path", As: "ben", Do: "GET /v3/users/{ben}/access_rules/{rule}", Want: 404},
			{Name: "another's rule by one's own path, to delete", As: "ben", Do: "DELETE /v3/users/{ben}/access_rules/{rule}", Want: 404},
			{Name: "by the path of another, for who sees all", As: "sysadmin", Do: "GET /v3/users/{ben}/application_credentials/{cred}", Want: 404},
			{Name: "of nobody, for who may know", As: "sysadmin", Do: "GET /v3/users/none/application_credentials", Want: 404},
			{Name: "a change", As: "ann", Do: "PATCH " + all + "/{cred}", Body: good, Want: 405},
			{Name: "an administrator of a project sees no rules", As: "admin", Do: "GET " + rules, Want: 403},
			{Name: "a rule in use", As: "ann", Do: "DELETE " + rules + "/{rule}", Want: 403, Has: "in use"},
			{Name: "without a scope", As: "ann", Do: "POST " + all, Body: good, Want: 403, Has: "project_scope_required"},
		}...))
		w.Grant("ann", "member", "domain:red")
		w.Grant("ann", "member", "system")
		for _, scope := range []string{"domain:red", "system"} {
			w.Post(all, good, apitest.Token(w.Token("ann", scope))).Want(http.StatusForbidden)
		}
		appCred(w, "ben", "bens", `"access_rules":[{"service":"compute","path":"/x","method":"GET"}]`)
		w.Name("bens rule", w.Get("/v3/users/{ben}/access_rules", w.As("ben")).Want(http.StatusOK).Str("access_rules.0.id"))
		badBodies(t, w)
		w.Get(all, w.As("ann")).Want(http.StatusOK)
		if n := len(w.Get(all, w.As("ann")).List("application_credentials")); n != 1 {
			t.Errorf("ann has %d application credentials after all refusals", n)
		}
	})
}

func badBodies(t *testing.T, w *apitest.World) {
	ann := apitest.Token(w.Token("ann", "project:red/web"))
	long := strings.Repeat("x", 256)
	for attrs, want := range map[string]int{
		`"description":"no name"`: 400, `"name":""`: 400, `"name":" "`: 400, `"name":null`: 400, `"name":"` + long + `"`: 400,
		`"name":"cred"`:                         409,
		`"name":"x","user_id":"{ben}"`:          400,
		`"name":"x","secret":"fifteen letters"`: 400, `"name":"x","secret":"passwordpassword"`: 400,
		`"name":"x","secret":"` + strings.Repeat("ab", 2049) + `"`: 400, `"name":"x","secret":7`: 400,
		`"name":"x","expires_at":"2026-03-04T05:06:07.890123"`: 400, `"name":"x","expires_at":"2027-01-01T00:00:00+02:00"`: 400,
		`"name":"x","expires_at":"tomorrow"`: 400, `"name":"x","expires_at":"2027-02-30T00:00:00"`: 400, `"name":"x","expires_at":""`: 400,
		`"name":"x","expires_at":"99999-01-01T00:00:00"`: 400, `"name":"x","expires_at":"0000-01-01T00:00:00"`: 400,
		`"name":"x","expires_at":"2026-12-31T23:59:60"`: 400, `"name":"x","expires_at":"2027-01-01T00:00:00ZZ"`: 400,
		`"name":"x","expires_at":"2027-01-01"`: 400, `"name":"x","expires_at":"2027-01-01T00:00:00.x"`: 400, `"name":"x","expires_at":17`: 400,
		`"name":"x","unrestricted":"yes"`:                                                   400,
		`"name":"x","roles":[{"id":"{role member}","name":"member"}]`:                       400,
		`"name":"x","roles":[{}]`:                                                           400,
		`"name":"x","roles":[{"name":"nothing"}]`:                                           404,
		`"name":"x","roles":[{"id":"none"}]`:                                                400,
		`"name":"x","roles":[{"name":"admin"}]`:                                             400,
		`"name":"x","roles":[{"name":"reader"},{"id":"{role manager}"}]`:                    400,
		`"name":"x","roles":null`:                                                           400,
		`"name":"x","access_rules":[]`:                                                      400,
		`"name":"x","access_rules":{}`:                                                      400,
		`"name":"x","access_rules":[{}]`:                                                    400,
		`"name":"x","access_rules":[{"service":"x","path":"/x"}]`:                           400,
		`"name":"x","access_rules":[{"service":"","path":"/x","method":"GET"}]`:             400,
		`"name":"x","access_rules":[{"service":"x","path":"x","method":"GET"}]`:             400,
		`"name":"x","access_rules":[{"service":"x","path":"/x","method":"get"}]`:            400,
		`"name":"x","access_rules":[{"service":"x","path":"/x","method":"GET","a":1}]`:      400,
		`"name":"x","access_rules":[{"service":"x","path":"/` + long + `","method":"GET"}]`: 400,
		`"name":"x","access_rules":[{"id":"none"}]`:                                         400,
		`"name":"x","access_rules":[{"id":"{bens rule}"}]`:                                  400,
		`"name":"x","access_rules":[{"id":"{rule}","method":"POST"}]`:                       400,
	} {
		r := w.Post("/v3/users/{ann}/application_credentials", `{"application_credential":{`+attrs+`}}`, ann)
		if r.Status != want {
			t.Errorf("%.100s: got %d, want %d: %.300s", attrs, r.Status, want, r.Body)
		}
	}
}

func TestAppCredentialLife(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		annAndBen(w)
		const all = "/v3/users/{ann}/application_credentials"
		made := appCred(w, "ann", "backup", `"description":"nightly","project_id":"{red}","id":"x","expires_at":"2027-01-01T00:00:00.000000Z","roles":[{"name":"member"}],`+
			`"access_rules":[{"service":"compute","path":"/v2.1/**","method":"GET"},{"service":"compute","path":"/v2.1/**","method":"GET"},{"service":"image","path":"/","method":"HEAD"}]`)
		secret := made.Str("application_credential.secret")
		if len(secret) != 86 {
			t.Errorf("the secret has %d characters", len(secret))
		}
		for path, want := range map[string]any{
			"name": "backup", "description": "nightly", "user_id": w.ID("ann"), "project_id": w.ID("red/web"), "system": nil,
			"expires_at": "2027-01-01T00:00:00.000000", "unrestricted": nil, "access_rules.2": nil, "roles.0.domain_id": nil,
			"links.self": apitest.PublicURL + w.Expand(all+"/{backup}"),
		} {
			if got := made.Value("application_credential." + path); got != want {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		roles := made.Names("application_credential.roles", "name")
		if !slices.Equal(roles, []string{"member", "reader"}) {
			t.Errorf("the roles are %q", roles)
		}
		seen := w.Get(all+"/{backup}", w.As("ann")).Want(http.StatusOK).Never(secret)
		if want := strings.Replace(string(made.Body), `"secret":"`+secret+`",`, "", 1); string(seen.Body) != want {
			t.Errorf("shown is\n%s, made was\n%s", seen.Body, want)
		}
		// A rule that says the same is the same, by its id or by its words.
		w.Name("rule", w.Get("/v3/users/{ann}/access_rules?service=compute", w.As("ann")).Want(http.StatusOK).Str("access_rules.0.id"))
		again := appCred(w, "ann", "again", `"unrestricted":false,"secret":"","access_rules":[{"id":"{rule}"},`+
			`{"service":"compute","path":"/v2.1/**","method":"GET"},{"service":"image","path":"/","method":"HEAD"}]`)
		if got := again.Names("application_credential.access_rules", "id"); !slices.Equal(got, made.Names("application_credential.access_rules", "id")) {
			t.Errorf("the same rules are %q", got)
		}
		for _, when := range []string{"2027-01-01T00:00:00." + strings.Repeat("1", 100), "2027-01-01 00:00:00.111111Z", "2027-01-01T00:00:00.1111119"} {
			r := appCred(w, "ann", "dated", `"expires_at":"`+when+`"`)
			if got := r.Str("application_credential.expires_at"); got != "2027-01-01T00:00:00.111111" {
				t.Errorf("the end %.30s is %s", when, got)
			}
			w.Delete(all+"/{dated}", w.As("ann")).Want(http.StatusNoContent)
		}
		chosen := appCred(w, "ann", "chosen", `"secret":"a secret of my own","unrestricted":true,"expires_at":null,"access_rules":null,"roles":[]`)
		chosen.Has("a secret of my own").Never("access_rules")
		signInWith(w, w.ID("chosen"), "a secret of my own").Want(http.StatusCreated)
		appCred(w, "ben", "bens", "")
		w.Run(t, []apitest.Case{
			{As: "ann", Do: "GET " + all, Want: 200, Never: secret, Check: lists(w, "application_credentials", "id", "{backup}", "{again}", "{chosen}")},
			{As: "reader@system", Do: "GET " + all + "?name=again", Want: 200, Check: lists(w, "application_credentials", "id", "{again}")},
			{As: "admin", Do: "GET " + all + "?name__contains=a&name__startswith=b", Want: 200, Check: lists(w, "application_credentials", "id", "{backup}")},
			{As: "ann", Do: "GET " + all + "?user_id={ben}&name=bens", Want: 200, Check: lists(w, "application_credentials", "id")},
			{As: "ann", Do: "GET " + all + "?limit=1", Want: 200, Has: `"next":"`},
			{As: "ann", Do: "GET " + all + "?name=", Want: 400},
			{As: "ann", Do: "HEAD " + all, Want: 200},
			{As: "ann", Do: "GET /v3/users/{ann}/access_rules", Want: 200, Check: lists(w, "access_rules", "path", "/", "/v2.1/**")},
			{As: "reader@system", Do: "GET /v3/users/{ann}/access_rules?service=image", Want: 200, Check: lists(w, "access_rules", "path", "/")},
			{As: "ann", Do: "GET /v3/users/{ann}/access_rules?path=/v2.1/**&method=GET", Want: 200, Check: lists(w, "access_rules", "id", "{rule}")},
			{As: "ann", Do: "GET /v3/users/{ann}/access_rules?method=PUT", Want: 200, Check: lists(w, "access_rules", "id")},
			{As: "ann", Do: "GET /v3/users/{ann}/access_rules/{rule}", Want: 200, Has: apitest.PublicURL + "/v3/users/{ann}/access_rules/{rule}"},
			{As: "ann", Do: "DELETE " + all + "/{backup}", Want: 204},
			{As: "ann", Do: "DELETE " + all + "/{backup}", Want: 404},
			{As: "ann", Do: "DELETE /v3/users/{ann}/access_rules/{rule}", Want: 403},
			{As: "admin", Do: "DELETE " + all + "/{again}", Want: 204},
			{As: "ann", Do: "DELETE /v3/users/{ann}/access_rules/{rule}", Want: 204},
			{As: "ann", Do: "GET /v3/users/{ann}/access_rules/{rule}", Want: 404},
			{As: "sysadmin", Do: "GET /v3/users/{ann}/access_rules", Want: 200, Check: lists(w, "access_rules", "path", "/")},
		})
		w.Delete("/v3/users/{ann}", w.As("sysadmin")).Want(http.StatusNoContent)
		signInWith(w, w.ID("chosen"), "a secret of my own").Want(http.StatusUnauthorized)
	})
}

// TestAppCredentialNeedsAFreshProof goes by the age of the sign-in.
func TestAppCredentialNeedsAFreshProof(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	annAndBen(w)
	old := apitest.Token(w.Token("ann", "project:red/web"))
	unrestricted := appToken(w, "ann", "all", `"unrestricted":true`, old)
	w.Clock.Advance(11 * time.Minute)
	const all = "/v3/users/{ann}/application_credentials"
	w.Post(all, `{"application_credential":{"name":"late"}}`, old).Want(http.StatusUnauthorized).Has("reauthentication_required")
	w.Delete(all+"/{all}", old).Want(http.StatusNoContent) // to take away needs no proof
	w.Post(all, `{"application_credential":{"name":"late"}}`, apitest.Token(unrestricted)).Want(http.StatusUnauthorized)
	unrestricted = appToken(w, "ann", "more", `"unrestricted":true`)
	w.Clock.Advance(11 * time.Minute)
	appCred(w, "ann", "by a program", "", apitest.Token(unrestricted)) // which has nobody to ask
}

func TestAppCredentialLimitAndNames(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		annAndBen(w)
		ann := apitest.Token(w.Token("ann", "project:red/web"))
		race := func(name func(int) string) map[int]int {
			var mu sync.Mutex
			var wg sync.WaitGroup
			answers := map[int]int{}
			for i := range 50 {
				wg.Go(func() {
					r := w.Post("/v3/users/{ann}/application_credentials", fmt.Sprintf(`{"application_credential":{"name":%q,%s}}`, name(i), someRule), ann)
					mu.Lock()
					defer mu.Unlock()
					answers[r.Status]++
				})
			}
			wg.Wait()
			return answers
		}
		if got := race(func(int) string { return "same" }); got[201] != 1 || got[409] != 49 {
			t.Errorf("of 50 with one name: %v", got)
		}
		if got := race(func(i int) string { return fmt.Sprint(i) }); got[201] != 4 || got[403] != 46 {
			t.Errorf("of 50 with room for four more: %v", got)
		}
		if n := len(w.Get("/v3/users/{ann}/access_rules", ann).Want(http.StatusOK).List("access_rules")); n != 1 {
			t.Errorf("there are %d rules that say the same", n)
		}
		appCred(w, "ben", "same", "")                                                                         // everybody has names of his own
		w.Post("/v3/users/{ann}/application_credentials", `{"application_credential":{"name":"same"}}`, ann). // but the user, not the project
															Want(http.StatusForbidden).Has("too_many_application_credentials")
	}, func(c *config.Config) { c.AppCredential.UserLimit = 5 })
}

func TestAccessRulesAreListedInTheirOrder(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		annAndBen(w)
		var want, rules []string
		for i := range 20 {
			want = append(want, fmt.Sprint("/", i))
			rules = append(rules, fmt.Sprintf(`{"service":"compute","path":"/%d","method":"GET"}`, i))
		}
		made := appCred(w, "ann", "many", `"access_rules":[`+strings.Join(rules, ",")+`]`)
		if got := made.Names("application_credential.access_rules", "path"); !slices.Equal(got, want) {
			t.Errorf("made was %q", got)
		}
		got := w.Get("/v3/users/{ann}/access_rules", w.As("ann")).Want(http.StatusOK).Names("access_rules", "path")
		if !slices.Equal(got, want) {
			t.Errorf("listed is %q", got)
		}
	})
}
