package v3_test

import (
	"slices"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestAuthReads(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	// alice has more by way of a group and of an implied role; closed projects are listed all the same.
	w.Name("crew", w.Post("/v3/groups", `{"group":{"name":"crew","domain_id":"{red}"}}`, w.As("sysadmin")).Want(201).Str("group.id"))
	w.Put("/v3/groups/{crew}/users/{alice}", w.As("sysadmin")).Want(204)
	w.Put("/v3/projects/{red/closed}/groups/{crew}/roles/{role Ops}", w.As("sysadmin")).Want(204)
	w.Patch("/v3/projects/{red/closed}", `{"project":{"enabled":false}}`, w.As("sysadmin")).Want(200)
	scoped := map[string]string{}
	for _, scope := range []string{"", "project:red/web", "domain:red", "system"} {
		scoped[scope] = w.Token("alice", scope)
	}
	bob := apitest.Token(w.Token("bob", ""))

	for _, path := range []string{"catalog", "projects", "domains", "system"} {
		w.Get("/v3/auth/" + path).Want(401)
		w.Do("HEAD", "/v3/auth/"+path).Want(401)
		w.Post("/v3/auth/"+path, `{}`, apitest.Token(scoped[""])).Want(405)
	}
	for scope, text := range scoped {
		alice := apitest.Token(text)
		t.Run("with the scope "+scope, func(t *testing.T) {
			v := w.In(t)
			projects := v.Get("/v3/auth/projects", alice).Want(200)
			names := projects.Names("projects", "name")
			slices.Sort(names)
			if !slices.Equal(names, []string{"closed", "web"}) {
				t.Errorf("projects: %v", names)
			}
			shows(v, "links.self", link("/v3/auth/projects"), "links.next", "null", "links.previous", "null")(t, projects)
			for i, id := range projects.Names("projects", "id") {
				one := projects.Value("projects").([]any)[i].(map[string]any)
				if one["links"].(map[string]any)["self"] != apitest.PublicURL+"/v3/projects/"+id || one["domain_id"] != v.ID("red") || one["is_domain"] != false {
					t.Errorf("a project: %v", one)
				}
			}
			domains := v.Get("/v3/auth/domains", alice).Want(200)
			shows(v, "domains.0.id", `"{red}"`, "domains.0.name", `"red"`, "domains.1", absent, "links.self", link("/v3/auth/domains"))(t, domains)
			shows(v, "system", `[{"all":true}]`, "links.self", link("/v3/auth/system"))(t, v.Get("/v3/auth/system", alice).Want(200))

			want := 403
			if scope == "project:red/web" {
				want = 200
			}
			catalog := v.Get("/v3/auth/catalog", alice).Want(want)
			if want == 200 {
				shows(v, "catalog.0.type", `"identity"`, "catalog.0.name", `"keystone"`, "links.self", link("/v3/auth/catalog"))(t, catalog)
				if got := len(catalog.List("catalog.0.endpoints")); got != 3 {
					t.Errorf("the identity service has %d endpoints", got)
				}
			}
			for _, path := range []string{"catalog", "projects", "domains", "system"} {
				get, head := v.Get("/v3/auth/"+path, alice), v.Do("HEAD", "/v3/auth/"+path, alice)
				if head.Status != get.Status || len(head.Body) != 0 || head.Header.Get("Content-Length") != get.Header.Get("Content-Length") {
					t.Errorf("HEAD of %s: %d %v, GET: %d", path, head.Status, head.Header, get.Status)
				}
			}
		})
	}
	shows(w, "projects", `[]`)(t, w.Get("/v3/auth/projects", bob).Want(200))
	shows(w, "domains", `[]`)(t, w.Get("/v3/auth/domains", bob).Want(200))
	shows(w, "system", `[]`, "links.self", link("/v3/auth/system?x=1"))(t, w.Get("/v3/auth/system?x=1", bob).Want(200))
}

func TestTheCatalogIsThatOfTheProject(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	service := w.Post("/v3/services", `{"service":{"type":"compute","name":"nova"}}`, w.As("sysadmin")).Want(201).Str("service.id")
	for _, url := range []string{"http://c.example/$(project_id)s", "http://c.example/all"} {
		w.Post("/v3/endpoints", `{"endpoint":{"service_id":"`+service+`","interface":"public","region_id":"RegionOne","url":"`+url+`"}}`, w.As("sysadmin")).Want(201)
	}
	urls := func(r *apitest.Response, root string) []string {
		got := r.Names(root+".0.endpoints", "url") // compute comes before identity
		slices.Sort(got)
		return got
	}
	both := []string{"http://c.example/" + w.ID("red/web"), "http://c.example/all"}
	slices.Sort(both)
	text := w.SignIn("alice", "project:red/web").Want(201)
	if got := urls(text, "token.catalog"); !slices.Equal(got, both) {
		t.Errorf("in the project's token: %v", got)
	}
	if got := urls(w.Get("/v3/auth/catalog", apitest.Token(text.Token())).Want(200), "catalog"); !slices.Equal(got, both) {
		t.Errorf("in the project's catalog: %v", got)
	}
	if got := urls(w.SignIn("alice", "domain:red").Want(201), "token.catalog"); !slices.Equal(got, []string{"http://c.example/all"}) {
		t.Errorf("in the domain's token: %v", got)
	}
}
