package v3_test

import (
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// TestDeletionEffects deletes what others refer to, and looks for what is left.
func TestDeletionEffects(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("ben", "red")
		w.Project("red", "web")
		w.Project("red", "shop")
		w.Role("auditor")
		none := func(key string) check { return lists(w, key, "id") }
		assignments := func(query string, n int) apitest.Case {
			return apitest.Case{As: "admin", Do: "GET /v3/role_assignments?" + query, Want: 200, Check: func(t *testing.T, r *apitest.Response) {
				t.Helper()
				if got := len(r.List("role_assignments")); got != n {
					t.Errorf("%d role assignments, want %d: %s", got, n, r.Body)
				}
			}}
		}
		w.Run(t, []apitest.Case{
			{As: "admin", Do: "POST /v3/groups", Body: `{"group":{"name":"ops","domain_id":"{red}"}}`, Want: 201, Check: remember(w, "ops", "group.id")},
			{As: "admin", Do: "POST /v3/roles", Body: `{"role":{"name":"local","domain_id":"{red}"}}`, Want: 201, Check: remember(w, "local", "role.id")},
			{As: "admin", Do: "PUT /v3/groups/{ops}/users/{ann}", Want: 204},
			{As: "admin", Do: "PUT /v3/groups/{ops}/users/{ben}", Want: 204},
			{As: "admin", Do: "PATCH /v3/users/{ann}", Body: `{"user":{"default_project_id":"{red/web}"}}`, Want: 200},
			{As: "admin", Do: "PUT /v3/projects/{red/web}/users/{ann}/roles/{role auditor}", Want: 204},
			{As: "admin", Do: "PUT /v3/projects/{red/shop}/users/{ann}/roles/{role auditor}", Want: 204},
			{As: "admin", Do: "PUT /v3/projects/{red/shop}/groups/{ops}/roles/{role reader}", Want: 204},
			{As: "admin", Do: "PUT /v3/system/groups/{ops}/roles/{role reader}", Want: 204},
			{As: "admin", Do: "PUT /v3/system/users/{ben}/roles/{role reader}", Want: 204},
			{As: "admin", Do: "PUT /v3/domains/{red}/users/{ben}/roles/{local}", Want: 204},

			{Name: "a project goes", As: "admin", Do: "DELETE /v3/projects/{red/web}", Want: 204},
			assignments("scope.project.id={red/web}", 0),
			{Name: "and is nobody's default", As: "admin", Do: "GET /v3/users/{ann}", Want: 200, Check: shows(w, "user.default_project_id", absent)},
			{As: "admin", Do: "GET /v3/users/{ann}/projects", Want: 200, Check: lists(w, "projects", "id", "{red/shop}")},

			{Name: "a role goes", As: "admin", Do: "DELETE /v3/roles/{role auditor}", Want: 204},
			{As: "admin", Do: "GET /v3/projects/{red/shop}/users/{ann}/roles", Want: 200, Check: none("roles")},
			assignments("user.id={ann}", 0),
			{Name: "the role of the group is still there", As: "admin", Do: "GET /v3/users/{ann}/projects", Want: 200, Check: lists(w, "projects", "id", "{red/shop}")},

			{Name: "a user goes", As: "admin", Do: "DELETE /v3/users/{ben}", Want: 204},
			{As: "admin", Do: "GET /v3/groups/{ops}/users", Want: 200, Check: lists(w, "users", "name", "ann")},
			{As: "admin", Do: "GET /v3/groups/{ops}/users/{ben}", Want: 404},
			assignments("user.id={ben}", 0),
			{As: "admin", Do: "GET /v3/system/users/{ben}/roles", Want: 404},

			{Name: "a group goes", As: "admin", Do: "DELETE /v3/groups/{ops}", Want: 204},
			assignments("group.id={ops}", 0),
			{As: "admin", Do: "GET /v3/users/{ann}/groups", Want: 200, Check: none("groups")},
			{As: "admin", Do: "GET /v3/users/{ann}/projects", Want: 200, Check: none("projects")},

			{Name: "a domain goes", As: "admin", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{"enabled":false}}`, Want: 200},
			{As: "admin", Do: "DELETE /v3/domains/{red}", Want: 204},
			{As: "admin", Do: "GET /v3/users/{ann}", Want: 404},
			{As: "admin", Do: "GET /v3/projects/{red/shop}", Want: 404},
			assignments("scope.domain.id={red}", 0),
			{Name: "its roles are left behind, as in Keystone", As: "admin", Do: "GET /v3/roles?domain_id={red}", Want: 200, Check: lists(w, "roles", "id", "{local}")},
			{Name: "and its name is free", As: "admin", Do: "POST /v3/domains", Body: `{"domain":{"name":"red"}}`, Want: 201},
		})
	})
}

// TestImmutableProjectKeepsItsDomain deletes nothing at all when one project may not go.
func TestImmutableProjectKeepsItsDomain(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Project("red", "web")
		w.Project("red", "shop")
		w.User("ann", "red")
		w.Run(t, []apitest.Case{
			{As: "admin", Do: "PATCH /v3/projects/{red/shop}", Body: `{"project":{"options":{"immutable":true}}}`, Want: 200},
			{As: "admin", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{"enabled":false}}`, Want: 200},
			{As: "admin", Do: "DELETE /v3/domains/{red}", Want: 403},
			{As: "admin", Do: "GET /v3/projects/{red/web}", Want: 200},
			{As: "admin", Do: "GET /v3/users/{ann}", Want: 200},
			{As: "admin", Do: "PATCH /v3/projects/{red/shop}", Body: `{"project":{"options":{"immutable":null}}}`, Want: 200},
			{As: "admin", Do: "DELETE /v3/domains/{red}", Want: 204},
			{As: "admin", Do: "GET /v3/projects/{red/shop}", Want: 404},
		})
	})
}
