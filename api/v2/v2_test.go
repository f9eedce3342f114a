package v2_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// world has ann of the default domain, member on its project demo, and zoe of another domain.
func world(t *testing.T) *apitest.World {
	t.Helper()
	w := apitest.New(t, func(c *config.Config) { c.Lockout.FailureFloor = 0 })
	w.User("ann", "default")
	w.User("mia", "default")
	w.User("zoe", "red")
	for _, u := range []string{"ann", "mia", "zoe"} {
		w.Grant(u, "member", "project:default/demo")
	}
	w.Project("default", "closed")
	w.Grant("ann", "member", "project:red/web")
	return w
}

// body is a sign-in; who and tenant are members as JSON, with $PASSWORD for the user's password.
func body(w *apitest.World, name, who, tenant string) string {
	password, err := json.Marshal(w.Password(name))
	if err != nil {
		panic(err)
	}
	if tenant != "" {
		tenant += ","
	}
	return `{"auth":{` + tenant + `"passwordCredentials":{` + who + `,"password":` + string(password) + `}}}`
}

const byName = `"username":"ann"`

func TestSignInRefusals(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.Patch("/v3/users/{mia}", `{"user":{"options":{"multi_factor_auth_rules":[["password","totp"]]}}}`, w.As("sysadmin")).Want(200)
	const do = "POST /v2.0/tokens"
	text := w.Token("ann", "")
	w.Run(t, []apitest.Case{
		{Name: "no body", Do: do, Want: 400},
		{Name: "no auth", Do: do, Body: `{}`, Want: 400},
		{Name: "no way in", Do: do, Body: `{"auth":{"tenantName":"demo"}}`, Want: 400},
		{Name: "no password", Do: do, Body: `{"auth":{"passwordCredentials":{"username":"ann"}}}`, Want: 400},
		{Name: "no user", Do: do, Body: `{"auth":{"passwordCredentials":{"password":"x"}}}`, Want: 400},
		{Name: "a token without id", Do: do, Body: `{"auth":{"token":{}}}`, Want: 400},
		{Name: "a name of 65 characters", Do: do, Body: `{"auth":{"passwordCredentials":{"username":"` + strings.Repeat("a", 65) + `","password":"x"}}}`, Want: 400},
		{Name: "the wrong password", Do: do, Body: `{"auth":{"passwordCredentials":{"username":"ann","password":"x"}}}`, Want: 401},
		{Name: "an unknown user", Do: do, Body: `{"auth":{"passwordCredentials":{"username":"nobody","password":"x"}}}`, Want: 401},
		{Name: "a bad token", Do: do, Body: `{"auth":{"token":{"id":"x"}}}`, Want: 401},
		{Name: "an unknown tenant", Do: do, Body: body(w, "ann", byName, `"tenantName":"nothing"`), Want: 401},
		{Name: "a tenant without a role", Do: do, Body: body(w, "ann", byName, `"tenantName":"closed"`), Want: 401},
		{Name: "a tenant of another domain by id", Do: do, Body: body(w, "ann", byName, `"tenantId":"{red/web}"`), Want: 401},
		{Name: "a tenant of another domain by name", Do: do, Body: body(w, "ann", byName, `"tenantName":"web"`), Want: 401},
		{Name: "a user of another domain by name", Do: do, Body: body(w, "zoe", `"username":"zoe"`, ""), Want: 401},
		{Name: "a user of another domain by id", Do: do, Body: body(w, "zoe", `"userId":"{zoe}"`, ""), Want: 401},
		{Name: "a user of another domain by token", Do: do, Body: `{"auth":{"token":{"id":"` + w.Token("zoe", "") + `"}}}`, Want: 401},
		{Name: "a user with a rule for a second factor", Do: do, Body: body(w, "mia", `"username":"mia"`, `"tenantName":"demo"`), Want: 401, Has: "mfa_requires_v3"},
		{Name: "such a user with the wrong password", Do: do, Body: `{"auth":{"passwordCredentials":{"username":"mia","password":"x"}}}`, Want: 401, Never: "mfa_requires_v3"},
		{Name: "a trust", Do: do, Body: `{"auth":{"trust_id":"x","token":{"id":"` + text + `"}}}`, Want: 403},
		{Name: "the system's token for a tenant", Do: do, Body: `{"auth":{"tenantName":"demo","token":{"id":"` + w.Persona("sysadmin") + `"}}}`, Want: 403},
	})
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.Patch("/v3/projects/{default/demo}", `{"project":{"description":"Demo","colour":"blue"}}`, w.As("sysadmin")).Want(200)
	w.Patch("/v3/users/{ann}", `{"user":{"default_project_id":"{default/demo}"}}`, w.As("sysadmin")).Want(200)
	for _, tenant := range []string{`"tenantName":"demo"`, `"tenantId":"{default/demo}"`, `"tenantId":"{default/demo}","tenantName":"closed"`} {
		for _, who := range []string{byName, `"userId":"{ann}"`, byName + `,"userId":"{mia}"`} {
			r := w.Post("/v2.0/tokens", body(w, "ann", who, tenant)).Want(http.StatusOK)
			if r.Token() != "" {
				t.Error("v2.0 has no X-Subject-Token")
			}
			w.Secret(r.Str("access.token.id"))
			want := map[string]string{
				"token.tenant":          w.Expand(`{"colour":"blue","description":"Demo","enabled":true,"id":"{default/demo}","name":"demo"}`),
				"token.expires":         w.Clock.Now().Add(time.Hour).Format(`"2006-01-02T15:04:05.000000Z"`),
				"user.roles_links":      `[]`,
				"user.id":               w.Expand(`"{ann}"`),
				"user.name":             `"ann"`,
				"user.username":         `"ann"`,
				"metadata.is_admin":     `0`,
				"serviceCatalog.0.type": `"identity"`, "serviceCatalog.0.endpoints_links": `[]`,
				"serviceCatalog.0.endpoints.0.region":    `"RegionOne"`,
				"serviceCatalog.0.endpoints.0.publicURL": `"` + apitest.PublicURL + `/v3"`,
			}
			for path, value := range want {
				if got, _ := json.Marshal(r.Value("access." + path)); string(got) != value {
					t.Errorf("%s is %s, want %s", path, got, value)
				}
			}
			for _, role := range r.List("access.user.roles") {
				if len(role.(map[string]any)) != 1 {
					t.Errorf("a role has more than a name: %v", role)
				}
			}
			if len(r.List("access.metadata.roles")) != len(r.List("access.user.roles")) || len(r.List("access.token.audit_ids")) != 1 {
				t.Errorf("roles or audit ids: %s", r.Body)
			}
			w.Get("/v3/auth/projects", apitest.Token(r.Str("access.token.id"))).Want(200)
		}
	}
	// The default project means nothing here.
	r := w.Post("/v2.0/tokens", body(w, "ann", byName, "")).Want(http.StatusOK)
	if r.Value("access.token.tenant") != nil || len(r.List("access.serviceCatalog")) != 0 || len(r.List("access.user.roles")) != 0 {
		t.Errorf("a token without a tenant: %s", r.Body)
	}
}

func TestRescoping(t *testing.T) {
	t.Parallel()
	w := world(t)
	first := w.Post("/v2.0/tokens", body(w, "ann", byName, "")).Want(http.StatusOK)
	w.Clock.Advance(time.Minute)
	next := w.Post("/v2.0/tokens", `{"auth":{"tenantName":"demo","token":{"id":"`+first.Str("access.token.id")+`"}}}`).Want(http.StatusOK)
	if next.Str("access.token.expires") != first.Str("access.token.expires") || next.Str("access.token.audit_ids.1") != first.Str("access.token.audit_ids.0") {
		t.Errorf("first %s\nthen %s", first.Body, next.Body)
	}
	if next.Str("access.token.tenant.name") != "demo" {
		t.Errorf("the tenant is %s", next.Body)
	}
}

func TestInspection(t *testing.T) {
	t.Parallel()
	w := world(t)
	scoped, unscoped := w.Token("ann", "project:default/demo"), w.Token("ann", "")
	outside, system := w.Token("ann", "project:red/web"), w.Persona("sysadmin")
	w.Run(t, []apitest.Case{
		{Name: "a stranger", Do: "GET /v2.0/tokens/" + scoped, Want: 401},
		{As: "mia", Name: "another user", Do: "GET /v2.0/tokens/" + scoped, Want: 403, Never: "{ann}"},
		{As: "admin", Name: "an unknown token", Do: "GET /v2.0/tokens/nothing", Want: 404},
		{As: "admin", Name: "a token for another tenant", Do: "GET /v2.0/tokens/" + scoped + "?belongsTo={default/closed}", Want: 401},
		{As: "admin", Name: "an unscoped token, for a tenant", Do: "GET /v2.0/tokens/" + unscoped + "?belongsTo={default/demo}", Want: 401},
		{As: "admin", Name: "a token of another domain's project", Do: "GET /v2.0/tokens/" + outside, Want: 401},
		{As: "admin", Name: "a token of the system", Do: "GET /v2.0/tokens/" + system, Want: 401},
		{As: "admin", Name: "a token of another domain's user", Do: "GET /v2.0/tokens/" + w.Token("zoe", ""), Want: 401, Never: "{zoe}"},
		{As: "mia", Name: "another user revokes", Do: "DELETE /v2.0/tokens/" + scoped, Want: 403},
		{As: "admin", Name: "an administrator", Do: "GET /v2.0/tokens/" + scoped, Want: 200, Has: `"name":"demo"`},
		{As: "admin", Name: "for its tenant", Do: "GET /v2.0/tokens/" + scoped + "?belongsTo={default/demo}", Want: 200},
		{As: "service@default/demo", Name: "a service", Do: "GET /v2.0/tokens/" + scoped, Want: 200},
		{As: "service@default/demo", Name: "a service, HEAD", Do: "HEAD /v2.0/tokens/" + scoped, Want: 200},
		{As: "mia", Name: "another user, HEAD", Do: "HEAD /v2.0/tokens/" + scoped, Want: 403},
		{As: "admin", Name: "HEAD", Do: "HEAD /v2.0/tokens/" + scoped, Want: 200},
		{As: "admin", Name: "without a tenant", Do: "GET /v2.0/tokens/" + unscoped, Want: 200, Has: `"serviceCatalog":[]`},
		{As: "admin", Name: "an administrator revokes", Do: "DELETE /v2.0/tokens/" + scoped, Want: 204},
		{As: "admin", Name: "once", Do: "DELETE /v2.0/tokens/" + scoped, Want: 404},
		{As: "admin", Name: "and it is gone", Do: "GET /v2.0/tokens/" + scoped, Want: 404},
	})
}

func TestTenants(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.Grant("ann", "reader", "project:default/second")
	ann := apitest.Token(w.Token("ann", ""))
	w.Get("/v2.0/tenants").Want(401)
	w.Get("/v2.0/tenants", apitest.Token(w.Token("zoe", ""))).Want(401)
	all := w.Get("/v2.0/tenants", ann).Want(200)
	names := all.Names("tenants", "name")
	slices.Sort(names)
	if !slices.Equal(names, []string{"demo", "second"}) || len(all.List("tenants_links")) != 0 {
		t.Errorf("tenants: %s", all.Body)
	}
	all.Never("domain_id").Never("is_domain").Never("parent_id")
	ids := all.Names("tenants", "id")
	if got := w.Get("/v2.0/tenants?limit=1", ann).Want(200).Names("tenants", "id"); !slices.Equal(got, ids[:1]) {
		t.Errorf("the first page is %v of %v", got, ids)
	}
	if got := w.Get("/v2.0/tenants?marker="+ids[0], ann).Want(200).Names("tenants", "id"); !slices.Equal(got, ids[1:]) {
		t.Errorf("the second page is %v of %v", got, ids)
	}
	w.Get("/v2.0/tenants?marker=nothing", ann).Want(400)
	w.Get("/v2.0/tenants?limit=many", ann).Want(400)
	w.Get("/v2.0/tenants?limit=-1", ann).Want(400)
}
