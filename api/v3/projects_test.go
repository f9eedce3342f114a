package v3_test

import (
	"strconv"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestProjectRefusals(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Project("red", "web")
		w.Project("red", "shop")
		w.Project("blue", "sea")
		w.Run(t, []apitest.Case{
			{As: "reader@red", Do: "POST /v3/projects", Body: `{"project":{"name":"x","domain_id":"{red}"}}`, Want: 403},
			{Name: "a manager must name the domain", As: "manager@red", Do: "POST /v3/projects", Body: `{"project":{"name":"x"}}`, Want: 403},
			{As: "manager@blue", Do: "POST /v3/projects", Body: `{"project":{"name":"x","domain_id":"{red}"}}`, Want: 403},
			{Name: "a manager makes nothing below the projects of others", As: "manager@blue", Do: "POST /v3/projects",
				Body: `{"project":{"name":"x","domain_id":"{blue}","parent_id":"{red/web}"}}`, Want: 400},
			{As: "manager@blue", Do: "POST /v3/projects", Body: `{"project":{"name":"x","domain_id":"{blue}","is_domain":true}}`, Want: 403},
			{As: "manager@blue", Do: "PATCH /v3/projects/{red/web}", Body: `{"project":{"name":"x"}}`, Want: 403},
			{As: "manager@blue", Do: "DELETE /v3/projects/{red/web}", Want: 403},
			{As: "manager@red", Do: "PATCH /v3/projects/{red}", Body: `{"project":{"name":"x"}}`, Want: 403},
			{As: "reader@red/shop", Do: "GET /v3/projects/{red/web}", Want: 403},
			{As: "reader@red/shop", Do: "GET /v3/projects", Want: 403},
			{Name: "no name", As: "admin", Do: "POST /v3/projects", Body: `{"project":{}}`, Want: 400},
			{Name: "no such domain", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"x","domain_id":"none"}}`, Want: 400},
			{Name: "no such parent", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"x","parent_id":"none"}}`, Want: 400},
			{Name: "a parent elsewhere", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"x","parent_id":"{red/web}"}}`, Want: 400},
			{Name: "a domain with a parent", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"x","is_domain":true,"parent_id":"{red}"}}`, Want: 400},
			{Name: "a domain in a domain", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"x","is_domain":true,"domain_id":"{red}"}}`, Want: 400},
			{Name: "enabled as text", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"x","enabled":"yes"}}`, Want: 400},
			{Name: "a tag with a comma", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"x","tags":["a,b"]}}`, Want: 400},
			{Name: "a tag twice", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"x","tags":["a","a"]}}`, Want: 400},
			{Name: "a name that is taken, at any depth", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"web","domain_id":"{red}","parent_id":"{red/shop}"}}`, Want: 409},
			{Name: "renaming onto a taken name", As: "admin", Do: "PATCH /v3/projects/{red/web}", Body: `{"project":{"name":"shop"}}`, Want: 409},
			{Name: "another id", As: "admin", Do: "PATCH /v3/projects/{red/web}", Body: `{"project":{"id":"x"}}`, Want: 400},
			{Name: "another domain", As: "admin", Do: "PATCH /v3/projects/{red/web}", Body: `{"project":{"domain_id":"{blue}"}}`, Want: 400},
			{Name: "no domain at all", As: "admin", Do: "PATCH /v3/projects/{red/web}", Body: `{"project":{"domain_id":null}}`, Want: 400},
			{Name: "another parent", As: "admin", Do: "PATCH /v3/projects/{red/web}", Body: `{"project":{"parent_id":"{red/shop}"}}`, Want: 403},
			{Name: "becoming a domain", As: "admin", Do: "PATCH /v3/projects/{red/web}", Body: `{"project":{"is_domain":true}}`, Want: 400},
			{As: "admin", Do: "GET /v3/projects/none", Want: 404},
			{As: "admin", Do: "DELETE /v3/projects/none", Want: 404},
			{Name: "relatives in two forms", As: "admin", Do: "GET /v3/projects/{red/web}?parents_as_ids&parents_as_list", Want: 400},
			{As: "admin", Do: "GET /v3/projects?marker=none", Want: 404},
			{Name: "a marker elsewhere is none", As: "reader@blue", Do: "GET /v3/projects?marker={red/web}", Want: 404},
			{Name: "nothing of it was done", As: "admin", Do: "GET /v3/projects", Want: 200, Check: lists(w, "projects", "name", "admin", "web", "shop", "sea")},
		})
	})
}

func TestProjectLife(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Domain("red")
		w.Run(t, []apitest.Case{
			{
				As: "manager@red", Do: "POST /v3/projects", Want: 201,
				Body: `{"project":{"name":" web ","domain_id":"{red}","id":"{red}","tags":["b","a"],"cost:center":"7","links":null,"is_domain":false,"parent_id":null}}`,
				Check: all(remember(w, "red/web", "project.id"), shows(w, "project.name", `"web"`, "project.domain_id", `"{red}"`, "project.parent_id", `"{red}"`,
					"project.is_domain", "false", "project.description", `""`, "project.enabled", "true", "project.options", "{}", "project.cost_center", `"7"`,
					"project.extra", absent, "project.links", `{"self":`+link("/v3/projects/{red/web}")+`}`)),
			},
			{Name: "without a domain it is the default one", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"web","domain_id":null}}`, Want: 201,
				Check: shows(w, "project.domain_id", `"default"`, "project.parent_id", `"default"`)},
			{Name: "an empty PATCH changes nothing", As: "admin", Do: "PATCH /v3/projects/{red/web}", Body: `{"project":{}}`, Want: 200,
				Check: shows(w, "project.name", `"web"`, "project.extra", `{"cost_center":"7"}`)},
			{Name: "null is kept", As: "admin", Do: "PATCH /v3/projects/{red/web}", Body: `{"project":{"description":null,"cost_center":null,"parent_id":"{red}","is_domain":false}}`, Want: 200,
				Check: shows(w, "project.description", "null", "project.cost_center", "null", "project.extra", `{"cost_center":null}`)},
			{Name: "it can be locked", As: "admin", Do: "PATCH /v3/projects/{red/web}", Body: `{"project":{"options":{"immutable":true}}}`, Want: 200},
			{As: "admin", Do: "PATCH /v3/projects/{red/web}", Body: `{"project":{"name":"x"}}`, Want: 403},
			{As: "admin", Do: "DELETE /v3/projects/{red/web}", Want: 403},
			{As: "admin", Do: "PATCH /v3/projects/{red/web}", Body: `{"project":{"options":{"immutable":false}}}`, Want: 200, Check: shows(w, "project.options", `{"immutable":false}`)},
			{As: "reader@red/web", Do: "GET /v3/projects/{red/web}", Want: 200},
			{As: "reader@red/web", Do: "HEAD /v3/projects/{red/web}", Want: 200},
			{As: "manager@red", Do: "DELETE /v3/projects/{red/web}", Want: 204},
			{As: "admin", Do: "GET /v3/projects/{red/web}", Want: 404},
			{Name: "a token of it is dead", As: "reader@red/web", Do: "GET /v3/regions", Want: 401},
		})
	})
}

// TestProjectTree is domain red with a > b > c > d > e, which is as deep as it may be, and a > b2.
func TestProjectTree(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		parent := w.Domain("red")
		create := func(name, parent string, want int) string {
			r := w.Post("/v3/projects", map[string]any{"project": map[string]any{"name": name, "domain_id": w.ID("red"), "parent_id": parent}}, w.As("admin")).Want(want)
			if want != 201 {
				return ""
			}
			w.Name("red/"+name, r.Str("project.id"))
			return r.Str("project.id")
		}
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			parent = create(name, parent, 201)
		}
		create("f", parent, 403)
		create("b2", w.ID("red/a"), 201)
		w.User("ann", "red")
		w.Grant("ann", "reader", "project:red/b")
		w.Grant("ann", "reader", "project:red/c")
		w.Grant("ann", "reader", "project:red/a")
		ann := apitest.Token(w.Token("ann", "project:red/b"))
		id := func(n string) string { return `"{red/` + n + `}"` }
		for query, want := range map[string][]string{
			"parents_as_ids":                 {"project.parents", `{` + id("a") + `:{"{red}":null}}`, "project.subtree", absent},
			"subtree_as_ids":                 {"project.subtree", `{` + id("c") + `:{` + id("d") + `:{` + id("e") + `:null}}}`, "project.parents", absent},
			"parents_as_list":                {"project.parents.0.project.id", id("a"), "project.parents.1", absent},
			"subtree_as_list":                {"project.subtree.0.project.id", id("c"), "project.subtree.1", absent},
			"subtree_as_list=false":          {"project.subtree.0.project.id", id("c")},
			"subtree_as_list=0":              {"project.subtree", absent},
			"":                               {"project.subtree", absent, "project.parents", absent},
			"parents_as_ids&subtree_as_list": {"project.parents." + w.ID("red/a"), `{"{red}":null}`, "project.subtree.0.project.name", `"c"`},
		} {
			shows(w, want...)(t, w.Get("/v3/projects/{red/b}?"+query, ann).Want(200))
		}
		shows(w, "project.subtree", "null")(t, w.Get("/v3/projects/{red/e}?subtree_as_ids", w.As("admin")).Want(200))
		shows(w, "project.parents", "null")(t, w.Get("/v3/projects/{red}?parents_as_ids", w.As("admin")).Want(200))
		lists(w, "projects", "name", "b", "b2")(t, w.Get("/v3/projects?parent_id={red/a}", w.As("admin")).Want(200))
		off, on := `{"project":{"enabled":false}}`, `{"project":{"enabled":true}}`
		cases := []apitest.Case{
			{Name: "no children are left behind", As: "admin", Do: "DELETE /v3/projects/{red/a}", Want: 403},
			{Name: "nor left enabled below a disabled one", As: "manager@red", Do: "PATCH /v3/projects/{red/b}", Body: off, Want: 403},
		}
		for _, n := range []string{"e", "d", "c", "b"} {
			cases = append(cases, apitest.Case{Name: n + " is disabled", As: "manager@red", Do: "PATCH /v3/projects/{red/" + n + "}", Body: off, Want: 200})
		}
		w.Run(t, append(cases, []apitest.Case{
			{Name: "b2 keeps a from it", As: "manager@red", Do: "PATCH /v3/projects/{red/a}", Body: off, Want: 403},
			{Name: "nothing is enabled below a disabled one", As: "manager@red", Do: "PATCH /v3/projects/{red/c}", Body: on, Want: 403},
			{Name: "nor made there", As: "manager@red", Do: "POST /v3/projects", Body: `{"project":{"name":"n","domain_id":"{red}","parent_id":"{red/c}"}}`, Want: 400},
			{Name: "not even disabled", As: "manager@red", Do: "POST /v3/projects", Body: `{"project":{"name":"n","domain_id":"{red}","parent_id":"{red/c}","enabled":false}}`, Want: 400},
			{As: "manager@red", Do: "PATCH /v3/projects/{red/b}", Body: on, Want: 200},
			{As: "manager@red", Do: "PATCH /v3/projects/{red/c}", Body: on, Want: 200},
			{As: "manager@red", Do: "DELETE /v3/projects/{red/e}", Want: 204},
			{As: "manager@red", Do: "DELETE /v3/projects/{red/d}", Want: 204},
			{As: "admin", Do: "GET /v3/projects?enabled=true&domain_id={red}", Want: 200, Check: lists(w, "projects", "name", "a", "b", "b2", "c")},
			{Name: "a user's projects", As: "ann", Do: "GET /v3/users/{ann}/projects", Want: 200, Check: lists(w, "projects", "name", "a", "b", "c")},
			{As: "ann", Do: "GET /v3/users/{ann}/projects?name__istartswith=C&domain_id={red}&enabled=1", Want: 200, Check: lists(w, "projects", "name", "c")},
			{As: "manager@red", Do: "GET /v3/users/none/projects", Want: 403},
			{As: "admin", Do: "GET /v3/users/none/projects", Want: 404},
		}...))
	})
}

func TestProjectTagFilters(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		for i, tags := range [][]string{{}, {"a"}, {"b"}, {"a", "b"}, {"A", "a b"}} {
			body := map[string]any{"name": "p" + strconv.Itoa(i), "domain_id": w.Domain("red"), "tags": tags}
			w.Post("/v3/projects", map[string]any{"project": body}, w.As("admin")).Want(201)
		}
		for query, want := range map[string][]string{
			"tags=a":                    {"p1", "p3"},
			"tags=a,b":                  {"p3"},
			"tags-any=a,b":              {"p1", "p2", "p3"},
			"not-tags=a,b":              {"p0", "p1", "p2", "p4"},
			"not-tags-any=a,b":          {"p0", "p4"},
			"tags=":                     {},
			"tags=A":                    {"p4"},
			"tags=a%20b":                {"p4"},
			"tags=a&not-tags-any=b":     {"p1"},
			"tags=a&tags=b":             {"p1", "p3"},
			"tags-any=a,b&name=p2":      {"p2"},
			"tags=%25":                  {},
			"tags-any=x&not-tags=y":     {},
			"not-tags=a&not-tags=b":     {"p0", "p2", "p4"},
			"tags=a&limit=1&name=p3":    {"p3"},
			"not-tags=a&not-tags-any=b": {"p0", "p4"},
		} {
			lists(w, "projects", "name", want...)(t, w.Get("/v3/projects?"+query+"&domain_id={red}", w.As("admin")).Want(200))
		}
	})
}
