package v3_test

import (
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// TestGrantsEverywhere plays the same on projects, domains and the system, with users and groups.
func TestGrantsEverywhere(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.Project("red", "web")
		w.Name("ops", w.Post("/v3/groups", `{"group":{"name":"ops","domain_id":"{red}"}}`, w.As("admin")).Want(201).Str("group.id"))
		w.Role("auditor")
		for _, on := range []string{"/v3/projects/{red/web}", "/v3/domains/{red}", "/v3/system"} {
			for actors, id := range map[string]string{"users": "{ann}", "groups": "{ops}"} {
				list := on + "/" + actors + "/" + id + "/roles"
				one := list + "/{role auditor}"
				w.Run(t, []apitest.Case{
					{As: "manager@blue", Do: "GET " + list, Want: 403},
					{As: "manager@blue", Do: "GET " + one, Want: 403},
					{As: "manager@blue", Do: "PUT " + one, Want: 403},
					{As: "manager@red", Do: "PUT " + one, Want: 403},
					{As: "manager@blue", Do: "DELETE " + one, Want: 403},
					{As: "reader@system", Do: "PUT " + one, Want: 403},
					{As: "admin", Do: "GET " + one, Want: 404},
					{As: "admin", Do: "HEAD " + one, Want: 404},
					{As: "admin", Do: "DELETE " + one, Want: 404},
					{Name: "no such role", As: "admin", Do: "PUT " + list + "/none", Want: 404},
					{Name: "no such actor", As: "admin", Do: "PUT " + on + "/" + actors + "/none/roles/{role auditor}", Want: 404},
					{As: "reader@system", Do: "GET " + list, Want: 200, Check: lists(w, "roles", "id")},
					{As: "admin", Do: "PUT " + one, Want: 204},
					{Name: "twice is once", As: "admin", Do: "PUT " + one, Want: 204},
					{Name: "a body is ignored", As: "admin", Do: "PUT " + one, Body: `{"role":{"id":"{role admin}"}}`, Want: 204},
					{As: "admin", Do: "GET " + one, Want: 204},
					{As: "reader@system", Do: "HEAD " + one, Want: 204},
					{
						As: "admin", Do: "GET " + list, Want: 200, Check: all(lists(w, "roles", "id", "{role auditor}"), shows(w,
							"roles.0.name", `"auditor"`, "roles.0.links.self", link("/v3/roles/{role auditor}"), "links.self", link(list),
							"links.next", "null", "links.previous", "null")),
					},
					{As: "admin", Do: "DELETE " + one, Want: 204},
					{As: "admin", Do: "DELETE " + one, Want: 404},
				})
			}
		}
		w.Run(t, []apitest.Case{
			{Name: "no such project", As: "admin", Do: "PUT /v3/projects/none/users/{ann}/roles/{role auditor}", Want: 404},
			{Name: "no such domain", As: "admin", Do: "PUT /v3/domains/none/users/{ann}/roles/{role auditor}", Want: 404},
			{Name: "a project is no domain", As: "admin", Do: "PUT /v3/domains/{red/web}/users/{ann}/roles/{role auditor}", Want: 404},
			{Name: "a group is no user", As: "admin", Do: "PUT /v3/domains/{red}/users/{ops}/roles/{role auditor}", Want: 404},
			{Name: "a domain seen as a project", As: "admin", Do: "PUT /v3/projects/{red}/users/{ann}/roles/{role auditor}", Want: 204},
			{Name: "is another target", As: "admin", Do: "GET /v3/domains/{red}/users/{ann}/roles/{role auditor}", Want: 404},
		})
	})
}

func TestGrantsByManagersOfDomains(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("bob", "blue")
		w.Project("red", "web")
		w.Project("blue", "sea")
		w.Run(t, []apitest.Case{
			{As: "admin", Do: "POST /v3/roles", Body: `{"role":{"name":"local","domain_id":"{red}"}}`, Want: 201, Check: remember(w, "local", "role.id")},
			{As: "manager@red", Do: "PUT /v3/projects/{red/web}/users/{ann}/roles/{role admin}", Want: 403},
			{As: "manager@red", Do: "PUT /v3/projects/{red/web}/users/{ann}/roles/{role service}", Want: 403},
			{As: "manager@red", Do: "PUT /v3/projects/{red/web}/users/{ann}/roles/{local}", Want: 403},
			{As: "manager@red", Do: "PUT /v3/projects/{red/web}/users/{bob}/roles/{role reader}", Want: 403},
			{As: "manager@red", Do: "PUT /v3/projects/{blue/sea}/users/{ann}/roles/{role reader}", Want: 403},
			{As: "manager@red", Do: "PUT /v3/domains/{blue}/users/{ann}/roles/{role reader}", Want: 403},
			{As: "manager@red", Do: "PUT /v3/domains/default/users/{ann}/roles/{role reader}", Want: 403},
			{As: "manager@red", Do: "PUT /v3/system/users/{ann}/roles/{role reader}", Want: 403},
			{As: "manager@red/web", Do: "PUT /v3/projects/{red/web}/users/{ann}/roles/{role reader}", Want: 403},
			{As: "reader@red", Do: "PUT /v3/projects/{red/web}/users/{ann}/roles/{role reader}", Want: 403},
			{As: "manager@red", Do: "PUT /v3/projects/{red/web}/users/{ann}/roles/{role manager}", Want: 204},
			{As: "manager@red", Do: "PUT /v3/domains/{red}/users/{ann}/roles/{role reader}", Want: 204},
			{As: "reader@red", Do: "GET /v3/projects/{red/web}/users/{ann}/roles", Want: 200, Check: lists(w, "roles", "name", "manager")},
			{As: "reader@red", Do: "GET /v3/projects/{red/web}/users/{bob}/roles", Want: 403},
			{As: "manager@red", Do: "DELETE /v3/projects/{red/web}/users/{ann}/roles/{role manager}", Want: 204},
			{Name: "the role of a domain stays in it", As: "admin", Do: "PUT /v3/projects/{blue/sea}/users/{ann}/roles/{local}", Want: 403},
			{As: "manager@blue", Do: "PUT /v3/domains/{blue}/users/{ann}/roles/{local}", Want: 403},
			{As: "admin@blue", Do: "PUT /v3/domains/{blue}/users/{ann}/roles/{local}", Want: 403},
			{Name: "except on another domain, where it says nothing", As: "admin", Do: "PUT /v3/domains/{blue}/users/{ann}/roles/{local}", Want: 204},
			{As: "admin", Do: "PUT /v3/system/users/{ann}/roles/{local}", Want: 400},
			{As: "admin", Do: "PUT /v3/projects/{red/web}/users/{ann}/roles/{local}", Want: 204},
		})
	})
}
