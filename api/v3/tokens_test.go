package v3_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// tokenWorld has alice of the domain red (member on its project web and on red itself, reader on the system)
// and bob, who has nothing.
func tokenWorld(t *testing.T, opts ...apitest.Option) *apitest.World {
	t.Helper()
	w := apitest.New(t, append(opts, func(c *config.Config) { c.Lockout.FailureFloor = 0 })...)
	w.User("alice", "red")
	w.User("bob", "red")
	w.Grant("alice", "member", "project:red/web")
	w.Grant("alice", "member", "domain:red")
	w.Grant("alice", "reader", "system")
	w.Project("red", "closed")
	w.Project("blue", "web")
	return w
}

// secret fills a password into a body without a name that the log could be searched for in vain.
func secret(w *apitest.World, user, body string) string {
	b, err := json.Marshal(w.Password(user))
	if err != nil {
		panic(err)
	}
	return strings.ReplaceAll(body, "$PASSWORD", string(b))
}

// aliceSignsIn is a sign-in of alice with a scope as JSON, none for empty text.
func aliceSignsIn(w *apitest.World, scope string) string {
	if scope != "" {
		scope = `,"scope":` + scope
	}
	return secret(w, "alice", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"{alice}","password":$PASSWORD}}}`+scope+`}}`)
}

func TestSignInRefusals(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	const web = `{"id":"{red/web}"}`
	w.Run(t, []apitest.Case{
		{Name: "no body", Do: "POST /v3/auth/tokens", Want: 400},
		{Name: "an empty object", Do: "POST /v3/auth/tokens", Body: `{}`, Want: 400, Has: "auth"},
		{Name: "auth without identity", Do: "POST /v3/auth/tokens", Body: `{"auth":{}}`, Want: 400},
		{Name: "identity without methods", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{}}}`, Want: 400},
		{Name: "methods that are no array", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":"password"}}}`, Want: 400},
		{Name: "no method at all", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":[]}}}`, Want: 401},
		{Name: "a method without its payload", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":["password"]}}}`, Want: 400},
		{Name: "an unknown method beside one without payload", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":["magic","password"]}}}`, Want: 400},
		{Name: "an unknown method", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":["magic"],"magic":{}}}}`, Want: 401, Has: `"unsupported_method"`},
		{Name: "a password that is a number", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"{alice}","password":1}}}}}`, Want: 400},
		{Name: "no password", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"{alice}"}}}}}`, Want: 401},
		{Name: "a user without id and name", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":["password"],"password":{"user":{"password":"x"}}}}}`, Want: 400},
		{Name: "a user's name without domain", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"alice","password":"x"}}}}}`, Want: 400},
		{Name: "a domain without id and name", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"alice","domain":{},"password":"x"}}}}}`, Want: 400},
		{Name: "a token that is none", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":["token"],"token":{"id":"x"}}}}`, Want: 401},
		{Name: "a token without id", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":["token"],"token":{}}}}`, Want: 400},
		{Name: "the wrong user's name, the right id", Do: "POST /v3/auth/tokens", Want: 401,
			Body: secret(w, "alice", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"{alice}","name":"bob","domain":{"id":"{red}"},"password":$PASSWORD}}}}}`)},
		{Name: "two sets of proofs, of different users", Do: "POST /v3/auth/tokens", Want: 401,
			Body: strings.Replace(strings.Replace(aliceSignsIn(w, ""), `["password"]`, `["password","token"]`, 1), `"password":{"user"`, `"token":{"id":"`+w.Token("bob", "")+`"},"password":{"user"`, 1)},
		{Name: "an empty scope", Do: "POST /v3/auth/tokens", Body: aliceSignsIn(w, `{}`), Want: 400},
		{Name: "two scopes", Do: "POST /v3/auth/tokens", Body: aliceSignsIn(w, `{"project":`+web+`,"system":{"all":true}}`), Want: 400},
		{Name: "an unknown word as scope", Do: "POST /v3/auth/tokens", Body: aliceSignsIn(w, `"everything"`), Want: 400},
		{Name: "null as scope", Do: "POST /v3/auth/tokens", Body: aliceSignsIn(w, `null`), Want: 400},
		{Name: "a number as scope", Do: "POST /v3/auth/tokens", Body: aliceSignsIn(w, `1`), Want: 400},
		{Name: "a project's name without domain", Do: "POST /v3/auth/tokens", Body: aliceSignsIn(w, `{"project":{"name":"web"}}`), Want: 400},
		{Name: "a project without id and name", Do: "POST /v3/auth/tokens", Body: aliceSignsIn(w, `{"project":{}}`), Want: 400},
		{Name: "a domain scope without id and name", Do: "POST /v3/auth/tokens", Body: aliceSignsIn(w, `{"domain":{}}`), Want: 400},
		{Name: "a project that is not there", Do: "POST /v3/auth/tokens", Body: aliceSignsIn(w, `{"project":{"id":"nothing"}}`), Want: 401},
		{Name: "a project without a role", Do: "POST /v3/auth/tokens", Body: aliceSignsIn(w, `{"project":{"id":"{red/closed}"}}`), Want: 401},
		{Name: "the project of that name in another domain", Do: "POST /v3/auth/tokens", Body: aliceSignsIn(w, `{"project":{"name":"web","domain":{"id":"{blue}"}}}`), Want: 401},
		{Name: "a domain as a project", Do: "POST /v3/auth/tokens", Body: aliceSignsIn(w, `{"project":{"id":"{red}"}}`), Want: 401},
		{Name: "a project as a domain", Do: "POST /v3/auth/tokens", Body: aliceSignsIn(w, `{"domain":`+web+`}`), Want: 401},
		{Name: "a domain without a role", Do: "POST /v3/auth/tokens", Body: aliceSignsIn(w, `{"domain":{"name":"blue"}}`), Want: 401},
		{Name: "the system without a role", Do: "POST /v3/auth/tokens", Want: 401,
			Body: secret(w, "bob", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"{bob}","password":$PASSWORD}}},"scope":{"system":{"all":true}}}}`)},
	})
}

func TestEveryFormOfScope(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	project := shows(w, "token.project", `{"domain":{"id":"{red}","name":"red"},"id":"{red/web}","name":"web"}`, "token.is_domain", "false",
		"token.domain", absent, "token.system", absent)
	domain := shows(w, "token.domain", `{"id":"{red}","name":"red"}`, "token.project", absent, "token.is_domain", absent, "token.system", absent)
	system := shows(w, "token.system", `{"all":true}`, "token.project", absent, "token.domain", absent, "token.is_domain", absent)
	none := shows(w, "token.project", absent, "token.domain", absent, "token.system", absent, "token.roles", absent, "token.catalog", absent, "token.is_domain", absent)
	cases := []apitest.Case{
		{Name: "a project by id", Body: `{"project":{"id":"{red/web}"}}`, Check: project},
		{Name: "a project by name and domain id", Body: `{"project":{"name":"web","domain":{"id":"{red}"}}}`, Check: project},
		{Name: "a project by name and domain name", Body: `{"project":{"name":"web","domain":{"name":"red"}}}`, Check: project},
		{Name: "a project by both, where the name wins", Body: `{"project":{"id":"{red/closed}","name":"web","domain":{"name":"red"}}}`, Check: project},
		{Name: "a domain by id", Body: `{"domain":{"id":"{red}"}}`, Check: domain},
		{Name: "a domain by name", Body: `{"domain":{"name":"red"}}`, Check: domain},
		{Name: "the system", Body: `{"system":{"all":true}}`, Check: system},
		{Name: "the system, not quite", Body: `{"system":{}}`, Check: system},
		{Name: "none, as a word", Body: `"unscoped"`, Check: none},
		{Name: "none, as an object", Body: `{"unscoped":{}}`, Check: none},
		{Name: "none, by saying nothing", Body: ``, Check: none},
	}
	for i := range cases {
		cases[i].Do, cases[i].Want = "POST /v3/auth/tokens", 201
		cases[i].Body = aliceSignsIn(w, cases[i].Body.(string))
	}
	w.Run(t, cases)
	byName := secret(w, "alice", `{"auth":{"identity":{"methods":["password","password"],"password":{"user":{"name":"alice","domain":{"name":"red"},"password":$PASSWORD}}}}}`)
	w.Post("/v3/auth/tokens", byName).Want(201).Has(w.Expand(`"id":"{alice}"`))
}

var auditID = regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`)

func TestWhatATokenShows(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	now := w.Clock.Now()
	r := w.SignIn("alice", "project:red/web").Want(201)
	shows(w, "token.methods", `["password"]`,
		"token.user", `{"domain":{"id":"{red}","name":"red"},"id":"{alice}","name":"alice","password_expires_at":null}`,
		"token.issued_at", now.Format(`"2006-01-02T15:04:05.000000Z"`), "token.expires_at", now.Add(time.Hour).Format(`"2006-01-02T15:04:05.000000Z"`),
		"token.is_admin_project", absent, "token.service_providers", absent, "token.OS-TRUST:trust", absent, "token.application_credential", absent)(t, r)
	roles := r.Names("token.roles", "name")
	slices.Sort(roles)
	if !slices.Equal(roles, []string{"member", "reader"}) {
		t.Errorf("roles are %v; member implies reader", roles)
	}
	for _, role := range r.List("token.roles") {
		if len(role.(map[string]any)) != 2 {
			t.Errorf("a role has more than id and name: %v", role)
		}
	}
	ids := r.List("token.audit_ids")
	if len(ids) != 1 || !auditID.MatchString(ids[0].(string)) {
		t.Errorf("audit ids of a first token: %v", ids)
	}
	shows(w, "token.catalog.0.type", `"identity"`, "token.catalog.0.name", `"keystone"`, "token.catalog.0.endpoints.0.region", `"RegionOne"`,
		"token.catalog.0.endpoints.0.region_id", `"RegionOne"`, "token.catalog.0.endpoints.0.url", link("/v3"))(t, r)
	for _, path := range []string{"?nocatalog", "?nocatalog=0", "?nocatalog=1"} {
		quiet := w.Post("/v3/auth/tokens"+path, aliceSignsIn(w, `{"project":{"id":"{red/web}"}}`)).Want(201)
		shows(w, "token.catalog", absent, "token.project.name", `"web"`)(t, quiet)
		read := w.Get("/v3/auth/tokens"+path, apitest.Token(r.Token()), apitest.Header("X-Subject-Token", r.Token())).Want(200)
		shows(w, "token.catalog", absent, "token.project.name", `"web"`)(t, read)
	}
	if len(w.SignIn("alice", "domain:red").List("token.catalog")) == 0 || len(w.SignIn("alice", "system").List("token.catalog")) == 0 {
		t.Error("tokens of a domain and of the system have a catalog")
	}
}

func TestValidationShowsWhatWasIssued(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	for _, scope := range []string{"", "project:red/web", "domain:red", "system"} {
		issued := w.SignIn("alice", scope).Want(201)
		with := []apitest.With{w.As("sysadmin"), apitest.Header("X-Subject-Token", issued.Token())}
		got := w.Get("/v3/auth/tokens", with...).Want(200)
		if string(got.Body) != string(issued.Body) || got.Token() != issued.Token() {
			t.Errorf("scope %q: issued %s\nvalidated %s", scope, issued.Body, got.Body)
		}
		head := w.Do(http.MethodHead, "/v3/auth/tokens", with...).Want(200)
		if len(head.Body) != 0 || head.Token() != issued.Token() || head.Header.Get("Content-Length") != got.Header.Get("Content-Length") {
			t.Errorf("scope %q: HEAD differs from GET: %v", scope, head.Header)
		}
	}
	text := w.Token("alice", "")
	w.Run(t, []apitest.Case{
		{Name: "a stranger", Do: "GET /v3/auth/tokens", Header: map[string]string{"X-Subject-Token": text}, Want: 401},
		{As: "admin", Name: "no subject, an administrator", Do: "GET /v3/auth/tokens", Want: 404},
		{As: "bob", Name: "no subject, anybody", Do: "GET /v3/auth/tokens", Want: 403},
		{As: "bob", Name: "another's token", Do: "GET /v3/auth/tokens", Header: map[string]string{"X-Subject-Token": text}, Want: 403, Never: "{alice}"},
		{As: "bob", Name: "another's token, HEAD", Do: "HEAD /v3/auth/tokens", Header: map[string]string{"X-Subject-Token": text}, Want: 403},
		{As: "service@red/web", Name: "a service", Do: "GET /v3/auth/tokens", Header: map[string]string{"X-Subject-Token": text}, Want: 200},
		{As: "service@red/web", Name: "a service, HEAD", Do: "HEAD /v3/auth/tokens", Header: map[string]string{"X-Subject-Token": text}, Want: 403},
		{As: "reader@system", Name: "a reader of the system cannot revoke", Do: "DELETE /v3/auth/tokens", Header: map[string]string{"X-Subject-Token": text}, Want: 403},
		{As: "admin", Name: "an administrator revokes", Do: "DELETE /v3/auth/tokens", Header: map[string]string{"X-Subject-Token": text}, Want: 204},
		{As: "admin", Name: "once", Do: "DELETE /v3/auth/tokens", Header: map[string]string{"X-Subject-Token": text}, Want: 404},
	})
}

// rescopeTo is a sign-in that continues a token, with a scope as JSON, none for empty text.
func rescopeTo(text, scope string) string {
	if scope != "" {
		scope = `,"scope":` + scope
	}
	return `{"auth":{"identity":{"methods":["token"],"token":{"id":"` + text + `"}}` + scope + `}}`
}

func TestRescoping(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	const project, domain, system = `{"project":{"id":"{red/web}"}}`, `{"domain":{"id":"{red}"}}`, `{"system":{"all":true}}`
	for from, to := range map[string]map[string]int{
		"":                {project: 201, domain: 201, system: 201, `"unscoped"`: 201, "": 201},
		"project:red/web": {project: 201, domain: 201, system: 201, `"unscoped"`: 201, "": 201},
		"domain:red":      {project: 201, domain: 201, system: 201, `"unscoped"`: 201, "": 201},
		"system":          {project: 403, domain: 403, system: 201, `"unscoped"`: 201, "": 201},
	} {
		first := w.SignIn("alice", from).Want(201)
		for scope, want := range to {
			w.Clock.Advance(time.Second)
			r := w.Post("/v3/auth/tokens", rescopeTo(first.Token(), scope))
			if r.Status != want {
				t.Errorf("from %q to %s: %d, want %d", from, scope, r.Status, want)
				continue
			}
			if want != 201 {
				continue
			}
			if got := r.List("token.methods"); !slices.Equal(got, []any{"password", "token"}) {
				t.Errorf("methods are %v", got)
			}
			if r.Str("token.expires_at") != first.Str("token.expires_at") || r.Str("token.issued_at") == first.Str("token.issued_at") {
				t.Errorf("times: %s", r.Body)
			}
			ids := r.List("token.audit_ids")
			if len(ids) != 2 || ids[1] != first.Str("token.audit_ids.0") || ids[0] == ids[1] {
				t.Errorf("audit ids %v, the first token's is %s", ids, first.Str("token.audit_ids.0"))
			}
			if again := w.Post("/v3/auth/tokens", rescopeTo(r.Token(), `"unscoped"`)).Want(201); again.Str("token.audit_ids.1") != first.Str("token.audit_ids.0") {
				t.Errorf("a third token names %v", again.List("token.audit_ids"))
			}
		}
	}
}

func TestRescopingOfScopedTokensCanBeForbidden(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t, func(c *config.Config) { c.Token.RescopeScoped = false })
	for _, scope := range []string{`{"domain":{"id":"{red}"}}`, `"unscoped"`, ``} {
		w.Post("/v3/auth/tokens", rescopeTo(w.Token("alice", "project:red/web"), scope)).Want(403)
	}
	w.Post("/v3/auth/tokens", rescopeTo(w.Token("alice", ""), `{"project":{"id":"{red/web}"}}`)).Want(201)
}

func TestTheDefaultProject(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	prefer := func(id string) {
		w.Patch("/v3/users/{alice}", `{"user":{"default_project_id":"`+id+`"}}`, w.As("sysadmin")).Want(200)
	}
	scopeOf := func(r *apitest.Response) string { return valueAt(t, r.Want(201), "token.project.name") }
	bare := func() *apitest.Response { return w.Post("/v3/auth/tokens", aliceSignsIn(w, "")) }

	prefer("{red/web}")
	if got := scopeOf(bare()); got != `"web"` {
		t.Errorf("without a scope the token is for %s", got)
	}
	if got := scopeOf(w.Post("/v3/auth/tokens", aliceSignsIn(w, `"unscoped"`))); got != absent {
		t.Errorf("asked to have no scope, the token is for %s", got)
	}
	if got := scopeOf(w.Post("/v3/auth/tokens", rescopeTo(w.Token("alice", ""), ""))); got != `"web"` {
		t.Errorf("continued without a scope, the token is for %s", got)
	}
	for _, elsewhere := range []string{"{red/closed}", "{blue/web}", "0123456789abcdef0123456789abcdef"} {
		prefer(elsewhere)
		if got := scopeOf(bare()); got != absent {
			t.Errorf("with the default project %s the token is for %s", elsewhere, got)
		}
	}
	prefer("{red/web}")
	w.Patch("/v3/projects/{red/web}", `{"project":{"enabled":false}}`, w.As("sysadmin")).Want(200)
	if got := scopeOf(bare()); got != absent {
		t.Errorf("with a disabled default project the token is for %s", got)
	}
}

func TestReceiptHeaders(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	w.Patch("/v3/users/{bob}", `{"user":{"options":{"multi_factor_auth_rules":[["password","totp"]]}}}`, w.As("sysadmin")).Want(200)
	r := w.SignIn("bob", "").Want(401)
	receipt := r.Header.Get("Openstack-Auth-Receipt")
	if receipt == "" || r.Header.Get("Www-Authenticate") != "" || r.Token() != "" {
		t.Fatalf("the answer to half a sign-in has the headers %v", r.Header)
	}
	// Rules demand a code of bob, who has nothing that makes one yet; of who has, no more is said than in Keystone.
	shows(w, "error.reason", `"factor_enrolment_required"`, "receipt.methods", `["password"]`, "receipt.user", `{"domain":{"id":"{red}","name":"red"},"id":"{bob}","name":"bob"}`,
		"receipt.expires_at", w.Clock.Now().Add(w.Config.Receipt.TTL).Format(`"2006-01-02T15:04:05.000000Z"`),
		"required_auth_methods", `[["password","totp"]]`)(t, r)

	body := secret(w, "bob", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"{bob}","password":$PASSWORD}}}}}`)
	if again := w.Post("/v3/auth/tokens", body, apitest.Header("Openstack-Auth-Receipt", receipt)).Want(401); again.Header.Get("Openstack-Auth-Receipt") == "" {
		t.Errorf("the password again, with the receipt, gives no receipt: %s", again.Body)
	}
	w.Post("/v3/auth/tokens", body, apitest.Headers("Openstack-Auth-Receipt", receipt, receipt)).Want(400)
	for _, bad := range []string{"x", receipt + "x", receipt[1:], receipt + "," + receipt} {
		w.Post("/v3/auth/tokens", body, apitest.Header("Openstack-Auth-Receipt", bad)).Want(401).Has("receipt_invalid").Never(bad)
	}
	w.Post("/v3/auth/tokens", aliceSignsIn(w, ""), apitest.Header("Openstack-Auth-Receipt", receipt)).Want(401) // bob's receipt, alice's password
	w.Post("/v3/auth/tokens", aliceSignsIn(w, ""), apitest.Header("Openstack-Auth-Receipt", "")).Want(201)
	w.Post("/v3/auth/tokens", aliceSignsIn(w, ""), apitest.Token("a stale token, which is ignored")).Want(201)
	enrol(w, "alice")
	shows(w, "error", absent, "required_auth_methods", `[["password","totp"]]`)(t, w.SignIn("alice", "").Want(401))
}
