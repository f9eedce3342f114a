package v3_test

import (
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestRoleRefusals(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Role("auditor")
		w.Role("lead")
		w.Domain("red")
		w.Run(t, []apitest.Case{
			{As: "manager@red", Do: "POST /v3/roles", Body: `{"role":{"name":"x"}}`, Want: 403},
			{As: "admin@red", Do: "POST /v3/roles", Body: `{"role":{"name":"x","domain_id":"{red}"}}`, Want: 403},
			{As: "reader@system", Do: "PATCH /v3/roles/{role auditor}", Body: `{"role":{"name":"x"}}`, Want: 403},
			{As: "manager@red", Do: "DELETE /v3/roles/{role auditor}", Want: 403},
			{As: "manager@red", Do: "GET /v3/roles/{role auditor}", Want: 403},
			{As: "manager@red", Do: "GET /v3/roles/none", Want: 403},
			{As: "manager@red", Do: "GET /v3/roles?domain_id={red}", Want: 403},
			{As: "member@red", Do: "GET /v3/roles", Want: 403},
			{Name: "no name", As: "admin", Do: "POST /v3/roles", Body: `{"role":{}}`, Want: 400},
			{Name: "a name of 256 characters", As: "admin", Do: "POST /v3/roles", Body: `{"role":{"name":"` + long(256) + `"}}`, Want: 400},
			{Name: "a description of 256 characters", As: "admin", Do: "POST /v3/roles", Body: `{"role":{"name":"x","description":"` + long(256) + `"}}`, Want: 400},
			{Name: "an option that nobody knows", As: "admin", Do: "POST /v3/roles", Body: `{"role":{"name":"x","options":{"x":1}}}`, Want: 400},
			{Name: "immutable as text", As: "admin", Do: "POST /v3/roles", Body: `{"role":{"name":"x","options":{"immutable":"yes"}}}`, Want: 400},
			{Name: "a name that is taken", As: "admin", Do: "POST /v3/roles", Body: `{"role":{"name":"auditor"}}`, Want: 409},
			{Name: "renaming onto a taken name", As: "admin", Do: "PATCH /v3/roles/{role auditor}", Body: `{"role":{"name":"lead"}}`, Want: 409},
			{Name: "an empty PATCH", As: "admin", Do: "PATCH /v3/roles/{role auditor}", Body: `{"role":{}}`, Want: 400},
			{Name: "another id", As: "admin", Do: "PATCH /v3/roles/{role auditor}", Body: `{"role":{"id":"x"}}`, Want: 400},
			{Name: "another domain", As: "admin", Do: "PATCH /v3/roles/{role auditor}", Body: `{"role":{"domain_id":"{red}"}}`, Want: 400},
			{Name: "a role of the bootstrap is locked", As: "admin", Do: "PATCH /v3/roles/{role admin}", Body: `{"role":{"description":"x"}}`, Want: 403},
			{As: "sysadmin", Do: "DELETE /v3/roles/{role reader}", Want: 403},
			{As: "admin", Do: "GET /v3/roles/none", Want: 404},
			{As: "admin", Do: "DELETE /v3/roles/none", Want: 404},
			{As: "admin", Do: "GET /v3/roles?name=", Want: 400},
			{Name: "nothing of it was done", As: "admin", Do: "GET /v3/roles/{role auditor}", Want: 200, Check: shows(w,
				"role.name", `"auditor"`, "role.domain_id", "null", "role.description", "null", "role.options", "{}")},
		})
	})
}

func TestRoleLife(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Domain("red")
		w.Run(t, []apitest.Case{
			{
				As: "admin", Do: "POST /v3/roles", Body: `{"role":{"name":" auditor ","colour":"grey","options":{"immutable":null}}}`, Want: 201,
				Check: all(remember(w, "auditor", "role.id"), shows(w, "role.name", `" auditor "`, "role.colour", `"grey"`, "role.domain_id", "null",
					"role.options", "{}", "role.links", `{"self":`+link("/v3/roles/{auditor}")+`}`)),
			},
			{Name: "a role of a domain may have the same name", As: "admin", Do: "POST /v3/roles", Want: 201,
				Body: `{"role":{"name":" auditor ","domain_id":"{red}","description":""}}`, Check: all(remember(w, "of red", "role.id"),
					shows(w, "role.domain_id", `"{red}"`, "role.description", `""`))},
			{Name: "but not a second one there", As: "admin", Do: "POST /v3/roles", Body: `{"role":{"name":" auditor ","domain_id":"{red}"}}`, Want: 409},
			{Name: "the list has the global ones", As: "manager@red", Do: "GET /v3/roles?name__contains=audit", Want: 200, Check: lists(w, "roles", "id", "{auditor}")},
			{Name: "or those of a domain", As: "reader@system", Do: "GET /v3/roles?domain_id={red}", Want: 200, Check: lists(w, "roles", "id", "{of red}")},
			{As: "admin", Do: "GET /v3/roles", Want: 200, Check: lists(w, "roles", "name", "admin", "manager", "member", "reader", "service", "Ops", " auditor ")},
			{Name: "a manager sees what he hands out", As: "manager@red", Do: "GET /v3/roles/{role member}", Want: 200},
			{As: "admin@red", Do: "GET /v3/roles/{auditor}", Want: 200},
			{Name: "the role of a domain is not for its administrators", As: "admin@red", Do: "GET /v3/roles/{of red}", Want: 403},
			{As: "admin", Do: "PATCH /v3/roles/{auditor}", Body: `{"role":{"description":null,"colour":null,"id":"{auditor}","options":{"immutable":true}}}`, Want: 200,
				Check: shows(w, "role.name", `" auditor "`, "role.description", "null", "role.colour", "null", "role.options", `{"immutable":true}`)},
			{As: "admin", Do: "PATCH /v3/roles/{auditor}", Body: `{"role":{"name":"x"}}`, Want: 403},
			{As: "admin", Do: "DELETE /v3/roles/{auditor}", Want: 403},
			{As: "admin", Do: "PATCH /v3/roles/{auditor}", Body: `{"role":{"options":{"immutable":null}}}`, Want: 200, Check: shows(w, "role.options", "{}")},
			{As: "admin", Do: "DELETE /v3/roles/{auditor}", Want: 204},
			{As: "admin", Do: "GET /v3/roles/{auditor}", Want: 404},
			{As: "admin", Do: "GET /v3/roles/{of red}", Want: 200},
		})
	})
}

func TestImpliedRoles(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Domain("red")
		for _, name := range []string{"a", "b", "c"} {
			w.Role(name)
		}
		role := func(n string) string {
			return `{"id":"{role ` + n + `}","links":{"self":` + link("/v3/roles/{role "+n+"}") + `},"name":"` + n + `"}`
		}
		const ab = "/v3/roles/{role a}/implies/{role b}"
		w.Run(t, []apitest.Case{
			{As: "admin", Do: "POST /v3/roles", Body: `{"role":{"name":"local","domain_id":"{red}"}}`, Want: 201, Check: remember(w, "local", "role.id")},
			{As: "reader@system", Do: "PUT " + ab, Want: 403},
			{As: "manager@red", Do: "PUT " + ab, Want: 403},
			{As: "admin@red", Do: "GET /v3/role_inferences", Want: 403},
			{As: "admin", Do: "GET " + ab, Want: 404},
			{As: "admin", Do: "HEAD " + ab, Want: 404},
			{As: "admin", Do: "DELETE " + ab, Want: 404},
			{As: "admin", Do: "PUT /v3/roles/none/implies/{role b}", Want: 404},
			{As: "admin", Do: "PUT /v3/roles/{role a}/implies/none", Want: 404},
			{Name: "nothing implies admin", As: "admin", Do: "PUT /v3/roles/{role a}/implies/{role admin}", Want: 403},
			{Name: "a global role implies none of a domain", As: "admin", Do: "PUT /v3/roles/{role a}/implies/{local}", Want: 403},
			{Name: "the other way round it may", As: "admin", Do: "PUT /v3/roles/{local}/implies/{role a}", Want: 201},
			{Name: "no role implies itself", As: "admin", Do: "PUT /v3/roles/{role a}/implies/{role a}", Want: 400},
			{
				As: "admin", Do: "PUT " + ab, Want: 201,
				Check: shows(w, "role_inference.prior_role", role("a"), "role_inference.implies", role("b"), "links.self", link(ab)),
			},
			{Name: "twice is a conflict", As: "admin", Do: "PUT " + ab, Want: 409},
			{As: "admin", Do: "PUT /v3/roles/{role b}/implies/{role c}", Want: 201},
			{Name: "nor through others", As: "admin", Do: "PUT /v3/roles/{role c}/implies/{role a}", Want: 400},
			{As: "reader@system", Do: "GET " + ab, Want: 200, Check: shows(w, "role_inference.implies", role("b"))},
			{Name: "HEAD is a 204", As: "admin", Do: "HEAD " + ab, Want: 204},
			{Name: "only direct implications", As: "admin", Do: "GET /v3/roles/{role a}/implies/{role c}", Want: 404},
			{
				As: "admin", Do: "GET /v3/roles/{role a}/implies", Want: 200,
				Check: shows(w, "role_inference.prior_role", role("a"), "role_inference.implies", "["+role("b")+"]", "links.self", link("/v3/roles/{role a}/implies")),
			},
			{Name: "a role that implies nothing", As: "admin", Do: "GET /v3/roles/{role c}/implies", Want: 200, Check: shows(w, "role_inference.implies", "[]")},
			{As: "admin", Do: "GET /v3/role_inferences", Want: 200, Has: "{local}", Check: shows(w, "links", absent)},
			{Name: "a role that goes takes its implications along", As: "admin", Do: "DELETE /v3/roles/{role b}", Want: 204},
			{As: "admin", Do: "GET /v3/roles/{role a}/implies", Want: 200, Check: shows(w, "role_inference.implies", "[]")},
			{Name: "so that the loop is none any more", As: "admin", Do: "PUT /v3/roles/{role c}/implies/{role a}", Want: 201},
			{As: "admin", Do: "DELETE /v3/roles/{role c}/implies/{role a}", Want: 204},
			{As: "admin", Do: "GET /v3/roles/{role c}/implies/{role a}", Want: 404},
		})
	})
}
