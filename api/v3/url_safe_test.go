package v3_test

import (
	"testing"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// TestNamesSafeInURLs makes unsafe names on a node that allows them, and sees what others on the same database
// do with them.
func TestNamesSafeInURLs(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	set := func(mode string) apitest.Option {
		return func(c *config.Config) { c.Resource.ProjectNameURLSafe, c.Resource.DomainNameURLSafe = mode, mode }
	}
	w.Domain("re:d")
	w.Project("red", "web")
	w.Project("red", "we/b")
	w.Project("re:d", "shop")
	w.User("ann", "red")
	w.User("bob", "re:d")
	for _, on := range []string{"domain:red", "domain:re:d", "project:red/web"} {
		w.Grant("ann", "member", on)
	}
	slashed, shop := w.ID("red/we/b"), w.ID("re:d/shop")
	for _, id := range []string{slashed, shop} {
		w.Put("/v3/projects/"+id+"/users/{ann}/roles/{role member}", w.As("admin")).Want(204)
	}
	named := func(user, domain, project string) map[string]any {
		return apitest.PasswordBody(w.ID(user), w.Password(user), map[string]any{"project": map[string]any{"name": project, "domain": map[string]any{"name": domain}}})
	}
	signIns := func(w *apitest.World, want int) {
		t.Helper()
		w.SignIn("ann", "domain:re:d").Want(want)
		for _, id := range []string{slashed, shop} {
			w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID("ann"), w.Password("ann"), map[string]any{"project": map[string]any{"id": id}})).Want(want)
		}
		w.Post("/v3/auth/tokens", named("ann", "red", "we/b")).Want(want)
		w.Post("/v3/auth/tokens", named("ann", "re:d", "shop")).Want(want)
		w.Post("/v3/auth/tokens", map[string]any{"auth": map[string]any{"identity": map[string]any{
			"methods": []string{"password"}, "password": map[string]any{"user": map[string]any{
				"name": "bob", "domain": map[string]any{"name": "re:d"}, "password": w.Password("bob")}},
		}}}).Want(want)
		w.Post("/v3/auth/tokens", named("ann", "red", "web")).Want(201)
		w.SignIn("ann", "domain:red").Want(201)
		w.SignIn("bob", "").Want(201)
	}
	signIns(w, 201)
	for mode, want := range map[string]int{config.URLSafeNew: 201, config.URLSafeStrict: 401} {
		v, _ := w.Node(set(mode))
		v.Run(t, []apitest.Case{
			{Name: mode + ": a new project", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"a/b","domain_id":"{red}"}}`, Want: 400},
			{Name: mode + ": a new domain", As: "admin", Do: "POST /v3/domains", Body: `{"domain":{"name":"a/b"}}`, Want: 400},
			{Name: mode + ": a domain as a project", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"a/b","is_domain":true}}`, Want: 400},
			{Name: mode + ": a new name", As: "admin", Do: "PATCH /v3/projects/{red/web}", Body: `{"project":{"name":"a=b"}}`, Want: 400},
			{Name: mode + ": a new name of a domain", As: "admin", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{"name":"a=b"}}`, Want: 400},
			{Name: mode + ": something else of what has such a name", As: "admin", Do: "PATCH /v3/projects/" + slashed, Body: `{"project":{"description":"x"}}`, Want: 200},
		})
		signIns(v, want)
	}
}
