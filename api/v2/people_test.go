package v2_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestTenantAdministration(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "default")
		w.Grant("ann", "member", "project:default/demo")
		w.Grant("ann", "member", "project:default/second")
		w.Project("default", "hidden")
		w.Project("red", "web")
		const missing = "0123456789abcdef0123456789abcdef"
		w.Run(t, []apitest.Case{
			{Name: "nobody creates", Do: "POST /v2.0/tenants", Body: `{"tenant":{"name":"x"}}`, Want: 401},
			{As: "ann", Name: "a member creates", Do: "POST /v2.0/tenants", Body: `{"tenant":{"name":"x"}}`, Want: 403},
			{As: "admin@red", Name: "an administrator of another domain creates", Do: "POST /v2.0/tenants", Body: `{"tenant":{"name":"x"}}`, Want: 403},
			{As: "ann", Name: "a member shows", Do: "GET /v2.0/tenants/{default/demo}", Want: 403},
			{As: "ann", Name: "a member shows what is not there", Do: "GET /v2.0/tenants/" + missing, Want: 403},
			{As: "ann", Name: "a member asks by name and gets his own", Do: "GET /v2.0/tenants?name=hidden", Want: 200, Has: `"tenants":[`, Never: "hidden"},
			{As: "ann", Name: "a member asks for users", Do: "GET /v2.0/tenants/{default/demo}/users", Want: 403},
			{As: "admin", Name: "no name", Do: "POST /v2.0/tenants", Body: `{"tenant":{}}`, Want: 400},
			{As: "admin", Name: "an empty name", Do: "POST /v2.0/tenants", Body: `{"tenant":{"name":" "}}`, Want: 400},
			{As: "admin", Name: "a domain", Do: "POST /v2.0/tenants", Body: `{"tenant":{"name":"x","is_domain":true}}`, Want: 400},
			{As: "admin", Name: "no boolean", Do: "POST /v2.0/tenants", Body: `{"tenant":{"name":"x","enabled":"yes"}}`, Want: 400},
			{As: "admin", Name: "a taken name", Do: "POST /v2.0/tenants", Body: `{"tenant":{"name":"demo"}}`, Want: 409},
			{As: "admin", Name: "a project of another domain", Do: "GET /v2.0/tenants/{red/web}", Want: 404},
			{As: "admin", Name: "another domain's project is not changed", Do: "PUT /v2.0/tenants/{red/web}", Body: `{"tenant":{"name":"x"}}`, Want: 404},
			{As: "admin", Name: "another domain's project is not deleted", Do: "DELETE /v2.0/tenants/{red/web}", Want: 404},
			{As: "admin", Name: "the domain as a tenant", Do: "DELETE /v2.0/tenants/default", Want: 404},
			{As: "admin", Name: "an unknown name", Do: "GET /v2.0/tenants?name=nothing", Want: 404},
			{As: "admin", Name: "the name of a project elsewhere", Do: "GET /v2.0/tenants?name=web", Want: 404},
			{As: "admin", Name: "a bad marker", Do: "GET /v2.0/tenants?marker=nothing", Want: 400},
			{As: "admin", Name: "another id", Do: "POST /v2.0/tenants/{default/demo}", Body: `{"tenant":{"id":"x"}}`, Want: 400},
			{As: "admin", Name: "by name", Do: "GET /v2.0/tenants?name=demo", Want: 200, Has: `{"tenant":{`},
			{As: "admin", Name: "all", Do: "GET /v2.0/tenants", Want: 200, Has: "hidden", Never: `"web"`},
			{As: "reader@red", Name: "a domain's reader sees none", Do: "GET /v2.0/tenants", Want: 200, Has: `"tenants":[]`},
			{As: "ann", Name: "his own", Do: "GET /v2.0/tenants", Want: 200, Has: "demo", Never: "hidden"},
			{As: "admin", Name: "users", Do: "GET /v2.0/tenants/{default/demo}/users", Want: 200, Has: `"username":"ann"`, Never: "domain_id"},
		})
		made := w.Post("/v2.0/tenants", `{"tenant":{"name":"new","id":"0123","colour":"blue","domain_id":"{red}","parent_id":"{default/demo}","tags":["x"],"description":null}}`,
			w.As("admin")).Want(http.StatusOK).Never("domain_id").Never("parent_id").Never("tags").Never(`"0123"`)
		w.Name("new", made.Str("tenant.id"))
		w.Get("/v3/projects/{new}", w.As("sysadmin")).Want(200).Has(`"domain_id":"default"`).Has(`"parent_id":"default"`).Has(`"tags":[]`).Has(`"colour":"blue"`)
		w.Post("/v2.0/tenants/{new}", `{"tenant":{"id":"{new}","description":"by POST"}}`, w.As("admin")).Want(http.StatusOK).Has(`"colour":"blue"`)
		w.Put("/v2.0/tenants/{new}", w.As("admin"), apitest.Body(`{"tenant":{"enabled":false}}`)).Want(http.StatusOK).Has(`"enabled":false`).Has("by POST")
		w.Delete("/v2.0/tenants/{new}", w.As("admin")).Want(http.StatusNoContent)
		w.Get("/v2.0/tenants/{new}", w.As("admin")).Want(http.StatusNotFound)
	})
}

func TestUserAdministration(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "default")
		w.User("zoe", "red")
		w.Project("default", "demo")
		w.Project("default", "second")
		w.Project("red", "web")
		w.Role("member")
		demote := w.NewPassword()
		w.Run(t, []apitest.Case{
			{Name: "nobody lists", Do: "GET /v2.0/users", Want: 401},
			{As: "ann", Name: "a user lists", Do: "GET /v2.0/users", Want: 403},
			{As: "ann", Name: "a user creates", Do: "POST /v2.0/users", Body: `{"user":{"name":"x"}}`, Want: 403},
			{As: "admin@red", Name: "an administrator of another domain", Do: "POST /v2.0/users", Body: `{"user":{"name":"x"}}`, Want: 403},
			{As: "ann", Name: "a user sets the own password", Do: "PUT /v2.0/users/{ann}/password", Body: `{"user":{"password":"` + demote + `"}}`, Want: 403},
			{As: "ann", Name: "and by the other name", Do: "PUT /v2.0/users/{ann}/OS-KSADM/password", Body: `{"user":{"password":"` + demote + `"}}`, Want: 403},
			{As: "ann", Name: "a user deletes another", Do: "DELETE /v2.0/users/{admin}", Want: 403},
			{As: "admin", Name: "no name", Do: "POST /v2.0/users", Body: `{"user":{"email":"a@b"}}`, Want: 400},
			{As: "admin", Name: "enabled as text", Do: "POST /v2.0/users", Body: `{"user":{"name":"x","enabled":"true"}}`, Want: 400},
			{As: "admin", Name: "enabled null", Do: "PUT /v2.0/users/{ann}/enabled", Body: `{"user":{"enabled":null}}`, Want: 400},
			{As: "admin", Name: "no enabled", Do: "PUT /v2.0/users/{ann}/enabled", Body: `{"user":{}}`, Want: 400},
			{As: "admin", Name: "no password", Do: "PUT /v2.0/users/{ann}/OS-KSADM/password", Body: `{"user":{}}`, Want: 400},
			{As: "admin", Name: "a long name", Do: "POST /v2.0/users", Body: `{"user":{"name":"` + fmt.Sprintf("%065d", 1) + `"}}`, Want: 400},
			{As: "admin", Name: "a taken name", Do: "POST /v2.0/users", Body: `{"user":{"name":"ann"}}`, Want: 409},
			{As: "admin", Name: "an unknown tenant", Do: "POST /v2.0/users", Body: `{"user":{"name":"ben","tenantId":"nothing"}}`, Want: 404},
			{As: "admin", Name: "a tenant of another domain", Do: "POST /v2.0/users", Body: `{"user":{"name":"ben","tenantId":"{red/web}"}}`, Want: 404},
			{As: "admin", Name: "nothing was half done", Do: "GET /v2.0/users?name=ben", Want: 404},
			{As: "admin", Name: "a user of another domain", Do: "GET /v2.0/users/{zoe}", Want: 404},
			{As: "admin", Name: "is not changed", Do: "PUT /v2.0/users/{zoe}/password", Body: `{"user":{"password":"` + demote + `"}}`, Want: 404},
			{As: "admin", Name: "is not deleted", Do: "DELETE /v2.0/users/{zoe}", Want: 404},
			{As: "admin", Name: "has no name here", Do: "GET /v2.0/users?name=zoe", Want: 404},
			{As: "admin", Name: "another id", Do: "PUT /v2.0/users/{ann}", Body: `{"user":{"id":"x"}}`, Want: 400},
			{As: "admin", Name: "a bad marker", Do: "GET /v2.0/users?marker=nothing", Want: 400},
			{As: "admin", Name: "all", Do: "GET /v2.0/users", Want: 200, Has: `"username":"ann"`, Never: "zoe"},
			{As: "admin", Name: "by name", Do: "GET /v2.0/users?name=ann", Want: 200, Has: `{"user":{`},
			{As: "reader@red", Name: "a reader of another domain", Do: "GET /v2.0/users", Want: 200, Has: `"users":[]`},
			{As: "ann", Name: "oneself", Do: "GET /v2.0/users/{ann}", Want: 200, Never: "options"},
		})
		secret := w.NewPassword()
		made := w.Post("/v2.0/users", map[string]any{"user": map[string]any{
			"username": "ben", "OS-KSADM:password": secret, "email": "ben@x.test", "tenantId": w.ID("default/demo"), "domain_id": w.ID("red"),
			"options": map[string]any{"multi_factor_auth_enabled": true},
		}}, w.As("admin")).Want(http.StatusOK).Never("domain").Never("options").Never("password").Has("ben@x.test")
		w.Name("ben", made.Str("user.id"))
		if made.Str("user.tenantId") != w.ID("default/demo") || made.Str("user.name") != "ben" {
			t.Errorf("the user is %s", made.Body)
		}
		w.Get("/v3/users/{ben}", w.As("sysadmin")).Want(200).Has(`"domain_id":"default"`).Has(`"options":{}`).Never("KSADM")
		signIn := func(password, tenant string) *apitest.Response {
			return w.Post("/v2.0/tokens", map[string]any{"auth": map[string]any{"tenantName": tenant,
				"passwordCredentials": map[string]any{"username": "ben", "password": password}}})
		}
		w.Secret(signIn(secret, "demo").Want(http.StatusOK).Str("access.token.id"))
		grant := func(project string) int {
			return w.Get("/v3/projects/{"+project+"}/users/{ben}/roles/{role member}", w.As("sysadmin")).Status
		}
		w.Put("/v2.0/users/{ben}/OS-KSADM/tenant", w.As("admin"), apitest.Body(`{"user":{"tenantId":"{default/second}"}}`)).Want(http.StatusOK).Has(w.ID("default/second"))
		if a, b := grant("default/demo"), grant("default/second"); a != 404 || b != 204 {
			t.Errorf("after the move the member role is there with %d and here with %d", a, b)
		}
		w.Put("/v2.0/users/{ben}", w.As("admin"), apitest.Body(`{"user":{"tenantId":"nothing","email":"new"}}`)).Want(http.StatusNotFound)
		w.Put("/v2.0/users/{ben}", w.As("admin"), apitest.Body(`{"user":{"email":"new","name":"benno"}}`)).Want(http.StatusOK).Has(`"benno"`).Has(`"new"`).Has(w.ID("default/second"))
		w.Put("/v2.0/users/{ben}", w.As("admin"), apitest.Body(`{"user":{"tenantId":null,"username":"ben"}}`)).Want(http.StatusOK).Never("tenantId").Has(`"username":"ben"`)
		if b := grant("default/second"); b != 404 {
			t.Errorf("the member role stayed: %d", b)
		}
		next := w.NewPassword()
		w.Put("/v2.0/users/{ben}/password", w.As("admin"), apitest.Body(map[string]any{"user": map[string]any{"password": next, "enabled": false}})).Want(http.StatusOK).Has(`"enabled":true`)
		signIn(secret, "").Want(http.StatusUnauthorized)
		w.Secret(signIn(next, "").Want(http.StatusOK).Str("access.token.id"))
		w.Put("/v2.0/users/{ben}/enabled", w.As("admin"), apitest.Body(`{"user":{"enabled":false}}`)).Want(http.StatusOK).Has(`"enabled":false`)
		signIn(next, "").Want(http.StatusUnauthorized)
		w.Delete("/v2.0/users/{ben}", w.As("admin")).Want(http.StatusNoContent)
		w.Get("/v2.0/users/{ben}", w.As("admin")).Want(http.StatusNotFound)
	})
}

// TestOnlyMembersOfTheirDomainManage asks that tenantId is no way to give a role that one could not give in v3.
func TestManagersGiveNoMoreThanInV3(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Project("default", "demo")
	w.Role("member")
	w.User("ann", "default")
	w.Post("/v3/roles", `{"role":{"name":"_member_"}}`, w.As("sysadmin")).Want(http.StatusCreated)
	// The role that tenantId gives is _member_ now, which managers of a domain do not hand out.
	w.Run(t, []apitest.Case{
		{As: "manager@default", Name: "a tenant for a new user", Do: "POST /v2.0/users", Body: `{"user":{"name":"ben","tenantId":"{default/demo}"}}`, Want: 403},
		{As: "manager@default", Name: "a tenant for an old one", Do: "PUT /v2.0/users/{ann}/tenant", Body: `{"user":{"tenantId":"{default/demo}"}}`, Want: 403},
		{As: "manager@default", Name: "no tenant", Do: "POST /v2.0/users", Body: `{"user":{"name":"ben"}}`, Want: 200},
		{As: "admin", Name: "an administrator", Do: "PUT /v2.0/users/{ann}/tenant", Body: `{"user":{"tenantId":"{default/demo}"}}`, Want: 200},
		{As: "manager@default", Name: "not taken away either", Do: "PUT /v2.0/users/{ann}", Body: `{"user":{"tenantId":""}}`, Want: 403},
	})
}

func TestOwnPassword(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "default")
		w.User("mia", "default")
		w.User("zoe", "red")
		w.Grant("ann", "member", "project:default/demo")
		mia := w.Token("mia", "")
		w.Patch("/v3/users/{mia}", `{"user":{"options":{"multi_factor_auth_rules":[["password","totp"]]}}}`, w.As("sysadmin")).Want(200)
		next := w.NewPassword()
		body := func(user, original string) map[string]any {
			return map[string]any{"user": map[string]any{"password": next, "original_password": original}}
		}
		old := w.Token("ann", "project:default/demo")
		for _, c := range []struct {
			name, as, of string
			body         any
			want         int
		}{
			{"nobody", "", "ann", body("ann", w.Password("ann")), 401},
			{"an administrator", w.Persona("admin"), "ann", body("ann", w.Password("ann")), 403},
			{"a user outside the default domain", w.Token("zoe", ""), "zoe", body("zoe", w.Password("zoe")), 403},
			{"a user who needs a second factor", mia, "mia", body("mia", w.Password("mia")), 401},
			{"without the old one", old, "ann", map[string]any{"user": map[string]any{"password": next}}, 400},
			{"with a wrong one", old, "ann", body("ann", "wrong"), 401},
		} {
			if r := w.Patch("/v2.0/OS-KSCRUD/users/{"+c.of+"}", c.body, apitest.Token(c.as)); r.Status != c.want {
				t.Errorf("%s: %d, want %d: %s", c.name, r.Status, c.want, r.Body)
			}
		}
		r := w.Patch("/v2.0/OS-KSCRUD/users/{ann}", body("ann", w.Password("ann")), apitest.Token(old)).Want(http.StatusOK)
		w.Secret(r.Str("access.token.id"))
		if r.Str("access.token.tenant.name") != "demo" || r.Str("access.user.name") != "ann" {
			t.Errorf("the new document is %s", r.Body)
		}
		w.Get("/v3/users/{ann}", apitest.Token(old)).Want(http.StatusUnauthorized)
		w.Get("/v3/users/{ann}", apitest.Token(r.Str("access.token.id"))).Want(http.StatusOK)
		w.Patch("/v2.0/OS-KSCRUD/users/{ann}", body("ann", w.Password("ann")), apitest.Token(r.Str("access.token.id"))).Want(http.StatusUnauthorized)
	})
}

func TestRolesOfUsers(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "default")
		w.User("zoe", "red")
		w.Project("default", "demo")
		w.Project("red", "web")
		w.Grant("ann", "reader", "project:red/web")
		local := w.Post("/v3/roles", `{"role":{"name":"local","domain_id":"default"}}`, w.As("sysadmin")).Want(http.StatusCreated)
		w.Name("local", local.Str("role.id"))
		const on = " /v2.0/tenants/{default/demo}/users/{ann}/roles"
		const ref = "/v2.0/users/{ann}/roleRefs"
		w.Run(t, []apitest.Case{
			{As: "ann", Name: "a user gives himself a role", Do: "PUT" + on + "/OS-KSADM/{role admin}", Want: 403},
			{As: "ann", Name: "and by reference", Do: "POST " + ref, Body: `{"role":{"tenantId":"{default/demo}","roleId":"{role admin}"}}`, Want: 403},
			{As: "manager@default", Name: "a manager gives the role of administrators", Do: "PUT" + on + "/OS-KSADM/{role admin}", Want: 403},
			{As: "manager@default", Name: "and by reference", Do: "POST " + ref, Body: `{"role":{"tenantId":"{default/demo}","roleId":"{role admin}"}}`, Want: 403},
			{As: "ann", Name: "a user looks", Do: "GET" + on, Want: 403},
			{As: "ann", Name: "a user looks at references", Do: "GET " + ref, Want: 403},
			{As: "admin", Name: "an unknown role", Do: "PUT" + on + "/OS-KSADM/nothing", Want: 404},
			{As: "admin", Name: "a role of a domain", Do: "PUT" + on + "/OS-KSADM/{local}", Want: 404},
			{As: "admin", Name: "a user of another domain", Do: "PUT /v2.0/tenants/{default/demo}/users/{zoe}/roles/OS-KSADM/{role member}", Want: 404},
			{As: "admin", Name: "a tenant of another domain", Do: "PUT /v2.0/tenants/{red/web}/users/{ann}/roles/OS-KSADM/{role member}", Want: 404},
			{As: "admin", Name: "the roles there", Do: "GET /v2.0/tenants/{red/web}/users/{ann}/roles", Want: 404},
			{As: "admin", Name: "the domain as a tenant", Do: "PUT /v2.0/tenants/default/users/{ann}/roles/OS-KSADM/{role member}", Want: 404},
			{As: "admin", Name: "a role that is not held", Do: "DELETE" + on + "/OS-KSADM/{role member}", Want: 404},
			{As: "admin", Name: "a reference without a role", Do: "POST " + ref, Body: `{"role":{"tenantId":"{default/demo}"}}`, Want: 400},
			{As: "admin", Name: "a reference that is none", Do: "DELETE " + ref + "/nonsense", Want: 404},
			{As: "admin", Name: "a reference of another user", Do: "DELETE " + ref + "/roleId={role member}&tenantId={default/demo}&userId={admin}", Want: 404},
			{As: "ann", Name: "no tenant, as a user", Do: "GET /v2.0/users/{ann}/roles", Want: 403},
			{As: "admin", Name: "no tenant", Do: "GET /v2.0/users/{ann}/roles", Want: 501, Has: "Not Implemented"},
			{As: "admin", Name: "no tenant, give", Do: "PUT /v2.0/users/{ann}/roles/OS-KSADM/{role member}", Want: 501},
			{As: "admin", Name: "no tenant, take", Do: "DELETE /v2.0/users/{ann}/roles/OS-KSADM/{role member}", Want: 501},
			{As: "manager@default", Name: "a manager gives", Do: "PUT" + on + "/OS-KSADM/{role manager}", Want: 200, Has: `{"role":{`},
			{As: "admin", Name: "once", Do: "PUT" + on + "/OS-KSADM/{role manager}", Want: 409},
			{As: "admin", Name: "once by reference", Do: "POST " + ref, Body: `{"role":{"tenantId":"{default/demo}","roleId":"{role manager}"}}`, Want: 409},
			{As: "admin", Name: "effective roles", Do: "GET" + on, Want: 200, Has: `"reader"`},
			{As: "admin", Name: "references", Do: "GET " + ref, Want: 200, Has: `"roleId":"{role reader}"`, Never: "{red/web}"},
			{As: "admin", Name: "an implied role cannot be taken", Do: "DELETE" + on + "/OS-KSADM/{role reader}", Want: 404},
			{As: "manager@default", Name: "a manager takes", Do: "DELETE" + on + "/OS-KSADM/{role manager}", Want: 204},
			{As: "admin", Name: "by reference", Do: "POST " + ref, Body: `{"role":{"tenantId":"{default/demo}","roleId":"{role member}"}}`, Want: 200},
			{As: "admin", Name: "taken by reference", Do: "DELETE " + ref + "/roleId%3D{role member}%26tenantId%3D{default/demo}%26userId%3D{ann}", Want: 204},
			{As: "admin", Name: "taken once", Do: "DELETE " + ref + "/roleId={role member}&tenantId={default/demo}&userId={ann}", Want: 404},
		})
		if r := w.Get("/v2.0/users/{ann}/roleRefs", w.As("admin")).Want(200); len(r.List("roles")) != 0 {
			t.Errorf("references are left: %s", r.Body)
		}
		// Of many who give the same role one is told that he did.
		admin := w.As("admin")
		var wins atomic.Int32
		var all sync.WaitGroup
		path := w.Expand("/v2.0/tenants/{default/demo}/users/{ann}/roles/OS-KSADM/{role member}")
		for range 50 {
			all.Go(func() {
				switch r := w.Put(path, admin); r.Status {
				case http.StatusOK:
					wins.Add(1)
				case http.StatusConflict:
				default:
					t.Errorf("%d %s", r.Status, r.Body)
				}
			})
		}
		all.Wait()
		if wins.Load() != 1 {
			t.Errorf("%d gave the role", wins.Load())
		}
	})
}

func TestGlobalRoles(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.User("ann", "default")
	local := w.Post("/v3/roles", `{"role":{"name":"local","domain_id":"default"}}`, w.As("sysadmin")).Want(http.StatusCreated)
	w.Name("local", local.Str("role.id"))
	const all = "/v2.0/OS-KSADM/roles"
	w.Run(t, []apitest.Case{
		{As: "ann", Name: "a user lists", Do: "GET " + all, Want: 403},
		{As: "ann", Name: "a user creates", Do: "POST " + all, Body: `{"role":{"name":"x"}}`, Want: 403},
		{As: "manager@default", Name: "a manager creates", Do: "POST " + all, Body: `{"role":{"name":"x"}}`, Want: 403},
		{As: "admin", Name: "no name", Do: "POST " + all, Body: `{"role":{}}`, Want: 400},
		{As: "admin", Name: "a taken name", Do: "POST " + all, Body: `{"role":{"name":"admin"}}`, Want: 409},
		{As: "admin", Name: "a domain's role", Do: "GET " + all + "/{local}", Want: 404},
		{As: "admin", Name: "a domain's role stays", Do: "DELETE " + all + "/{local}", Want: 404},
	})
	made := w.Post(all, `{"role":{"name":"x","colour":"blue","domain_id":"{default}","options":{"immutable":true}}}`, w.As("admin")).Want(http.StatusOK)
	w.Name("x", made.Str("role.id"))
	w.Get(all+"/{x}", w.As("admin")).Want(http.StatusOK).Has(`"colour":"blue"`).Never("domain_id").Never("options")
	if names := w.Get(all, w.As("admin")).Want(http.StatusOK).Names("roles", "name"); !slices.IsSorted(names) || slices.Contains(names, "local") || !slices.Contains(names, "x") {
		t.Errorf("roles: %v", names)
	}
	w.Delete(all+"/{x}", w.As("admin")).Want(http.StatusNoContent)
}
