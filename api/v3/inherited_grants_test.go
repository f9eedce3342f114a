package v3_test

import (
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// TestInheritedGrants plays the same on projects and domains, with users and groups.
func TestInheritedGrants(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("bob", "blue")
		w.Project("red", "web")
		w.Name("ops", w.Post("/v3/groups", `{"group":{"name":"ops","domain_id":"{red}"}}`, w.As("admin")).Want(201).Str("group.id"))
		w.Role("auditor")
		for _, on := range []string{"projects/{red/web}", "domains/{red}"} {
			for actors, id := range map[string]string{"users": "{ann}", "groups": "{ops}"} {
				base := "/v3/OS-INHERIT/" + on + "/" + actors + "/"
				one := base + id + "/roles/{role auditor}/inherited_to_projects"
				plain := "/v3/" + on + "/" + actors + "/" + id + "/roles"
				w.Run(t, []apitest.Case{
					{As: "manager@blue", Do: "GET " + one, Want: 403},
					{As: "manager@blue", Do: "PUT " + one, Want: 403},
					{As: "manager@blue", Do: "DELETE " + one, Want: 403},
					{Name: "managers give three roles only", As: "manager@red", Do: "PUT " + one, Want: 403},
					{As: "reader@system", Do: "PUT " + one, Want: 403},
					{As: "admin", Do: "GET " + one, Want: 404},
					{As: "admin", Do: "DELETE " + one, Want: 404},
					{Name: "no such role", As: "admin", Do: "PUT " + base + id + "/roles/none/inherited_to_projects", Want: 404},
					{Name: "no such actor", As: "admin", Do: "PUT " + base + "none/roles/{role auditor}/inherited_to_projects", Want: 404},
					{Name: "no such actor to ask for", As: "admin", Do: "GET " + base + "none/roles/{role auditor}/inherited_to_projects", Want: 404},
					{Name: "no such actor to take from", As: "admin", Do: "DELETE " + base + "none/roles/{role auditor}/inherited_to_projects", Want: 404},
					{As: "admin", Do: "PUT " + one, Want: 204},
					{Name: "twice is once", As: "admin", Do: "PUT " + one, Want: 204},
					{Name: "a body is ignored", As: "admin", Do: "PUT " + one, Body: `{"role":{"id":"{role admin}"}}`, Want: 204},
					{As: "admin", Do: "GET " + one, Want: 204},
					{As: "reader@system", Do: "HEAD " + one, Want: 204},
					{As: "reader@red", Do: "GET " + one, Want: 204},
					{Name: "the plain grant is another", As: "admin", Do: "GET " + plain + "/{role auditor}", Want: 404},
					{As: "admin", Do: "GET " + plain, Want: 200, Check: lists(w, "roles", "id")},
					{As: "admin", Do: "DELETE " + plain + "/{role auditor}", Want: 404},
					{Name: "both can be there", As: "admin", Do: "PUT " + plain + "/{role auditor}", Want: 204},
					{As: "admin", Do: "DELETE " + one, Want: 204},
					{As: "admin", Do: "DELETE " + one, Want: 404},
					{Name: "the plain one stays", As: "admin", Do: "GET " + plain + "/{role auditor}", Want: 204},
				})
			}
		}
		w.Run(t, []apitest.Case{
			{As: "manager@red", Do: "PUT /v3/OS-INHERIT/domains/{red}/users/{bob}/roles/{role reader}/inherited_to_projects", Want: 403},
			{As: "manager@blue", Do: "PUT /v3/OS-INHERIT/domains/{red}/users/{bob}/roles/{role reader}/inherited_to_projects", Want: 403},
			{As: "manager@red/web", Do: "PUT /v3/OS-INHERIT/domains/{red}/users/{ann}/roles/{role reader}/inherited_to_projects", Want: 403},
			{Name: "no such project", As: "admin", Do: "PUT /v3/OS-INHERIT/projects/none/users/{ann}/roles/{role auditor}/inherited_to_projects", Want: 404},
			{Name: "no such domain", As: "admin", Do: "PUT /v3/OS-INHERIT/domains/none/users/{ann}/roles/{role auditor}/inherited_to_projects", Want: 404},
			{Name: "a project is no domain", As: "admin", Do: "PUT /v3/OS-INHERIT/domains/{red/web}/users/{ann}/roles/{role auditor}/inherited_to_projects", Want: 404},
			{Name: "projects have no list", As: "admin", Do: "GET /v3/OS-INHERIT/projects/{red/web}/users/{ann}/roles/inherited_to_projects", Want: 404},
			{As: "manager@red", Do: "PUT /v3/OS-INHERIT/domains/{red}/users/{ann}/roles/{role member}/inherited_to_projects", Want: 204},
			{As: "manager@blue", Do: "GET /v3/OS-INHERIT/domains/{red}/users/{ann}/roles/inherited_to_projects", Want: 403},
			{As: "manager@blue", Do: "GET /v3/OS-INHERIT/domains/{red}/groups/{ops}/roles/inherited_to_projects", Want: 403},
			{As: "admin", Do: "GET /v3/OS-INHERIT/domains/{red}/users/none/roles/inherited_to_projects", Want: 404},
			{As: "admin", Do: "GET /v3/OS-INHERIT/domains/none/users/{ann}/roles/inherited_to_projects", Want: 404},
			{As: "reader@red", Do: "GET /v3/OS-INHERIT/domains/{red}/groups/{ops}/roles/inherited_to_projects", Want: 200, Check: lists(w, "roles", "id")},
			{
				As: "reader@red", Do: "GET /v3/OS-INHERIT/domains/{red}/users/{ann}/roles/inherited_to_projects", Want: 200,
				Check: all(lists(w, "roles", "name", "member"), shows(w, "roles.0.links.self", link("/v3/roles/{role member}"),
					"links.self", link("/v3/OS-INHERIT/domains/{red}/users/{ann}/roles/inherited_to_projects"))),
			},
			{As: "admin", Do: "HEAD /v3/OS-INHERIT/domains/{red}/users/{ann}/roles/inherited_to_projects", Want: 200},
			{As: "admin", Do: "GET /v3/role_assignments?user.id={ann}&scope.OS-INHERIT:inherited_to=projects", Want: 200,
				Check: shows(w, "role_assignments.0.scope", `{"OS-INHERIT:inherited_to":"projects","domain":{"id":"{red}"}}`, "role_assignments.1", absent)},
			{As: "manager@red", Do: "DELETE /v3/OS-INHERIT/domains/{red}/users/{ann}/roles/{role member}/inherited_to_projects", Want: 204},
		})
	})
}

// TestInheritedRolesInTokens holds where an inherited role counts: below its target, at any depth, at once.
func TestInheritedRolesInTokens(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.Project("red", "web")
		w.Project("blue", "sea")
		w.Put("/v3/OS-INHERIT/domains/{red}/users/{ann}/roles/{role member}/inherited_to_projects", w.As("admin")).Want(204)
		w.SignIn("ann", "domain:red").Want(401)
		w.SignIn("ann", "project:blue/sea").Want(401)
		roles := w.SignIn("ann", "project:red/web").Want(201).Names("token.roles", "name")
		if len(roles) != 2 { // member and the reader that it implies
			t.Errorf("the token has the roles %v", roles)
		}
		lists(w, "projects", "name", "web")(t, w.Get("/v3/auth/projects", apitest.Token(w.Token("ann", ""))).Want(200))
		lists(w, "domains", "name")(t, w.Get("/v3/auth/domains", apitest.Token(w.Token("ann", ""))).Want(200))
		w.Name("red/new", w.Post("/v3/projects", `{"project":{"name":"new","domain_id":"{red}","parent_id":"{red/web}"}}`, w.As("admin")).Want(201).Str("project.id"))
		w.SignIn("ann", "project:red/new").Want(201)

		w.User("ben", "red")
		w.Put("/v3/OS-INHERIT/projects/{red/web}/users/{ben}/roles/{role reader}/inherited_to_projects", w.As("admin")).Want(204)
		w.SignIn("ben", "project:red/web").Want(401)
		held := w.Token("ben", "project:red/new")
		w.Delete("/v3/OS-INHERIT/projects/{red/web}/users/{ben}/roles/{role reader}/inherited_to_projects", w.As("admin")).Want(204)
		w.Get("/v3/regions", apitest.Token(held)).Want(401)
		w.SignIn("ben", "project:red/new").Want(401)
	})
}
