package v3_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

const epFilter = "/v3/OS-EP-FILTER/"

// cloud makes the services vol and net, with endpoints called vol-eu, vol-us, net-eu and net-us after their region,
// and one of vol called vol-admin without a region.
func cloud(t *testing.T, w *apitest.World) {
	t.Helper()
	add := func(name, path, kind, body string) {
		w.Name(name, w.Post(path, w.Expand(body), w.As("sysadmin")).Want(201).Str(kind+".id"))
	}
	for _, service := range []string{"vol", "net"} {
		add(service, "/v3/services", "service", `{"service":{"type":"`+service+`"}}`)
		for _, region := range []string{"eu", "us"} {
			add(service+"-"+region, "/v3/endpoints", "endpoint", `{"endpoint":{"interface":"public","service_id":"{`+service+
				`}","region":"`+region+`","url":"https://`+service+`.`+region+`.test/$(project_id)s"}}`)
		}
	}
	add("vol-admin", "/v3/endpoints", "endpoint", `{"endpoint":{"interface":"admin","service_id":"{vol}","url":"https://admin.test"}}`)
}

func TestEndpointGroups(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cloud(t, w)
		group := func(filters string) string {
			return `{"endpoint_group":{"name":"europe","filters":` + filters + `}}`
		}
		const groups, one = epFilter + "endpoint_groups", epFilter + "endpoint_groups/{group}"
		const eu = `{"region_id":"eu"}`
		bad := func(name, body string) apitest.Case {
			return apitest.Case{Name: name, As: "admin", Do: "POST " + groups, Body: body, Want: 400}
		}
		w.Run(t, []apitest.Case{
			{Do: "GET " + groups, Want: 401},
			{As: "manager@red", Do: "GET " + groups, Want: 403},
			{As: "admin@red", Do: "GET " + groups, Want: 403},
			{As: "reader@system", Do: "POST " + groups, Body: group(eu), Want: 403},
			bad("no name", `{"endpoint_group":{"filters":{"region_id":"eu"}}}`),
			bad("a blank name", `{"endpoint_group":{"name":" ","filters":{"region_id":"eu"}}}`),
			bad("a name that is too long", `{"endpoint_group":{"name":"`+long(256)+`","filters":{"region_id":"eu"}}}`),
			bad("no filters", `{"endpoint_group":{"name":"europe"}}`),
			bad("filters that are null", group(`null`)),
			bad("filters that demand nothing", group(`{}`)),
			bad("filters that are a list", group(`[]`)),
			bad("a filter that Keystone's schema admits", group(`{"enabled":true}`)),
			bad("an unknown filter beside a known one", group(`{"region_id":"eu","url":"x"}`)),
			bad("another interface", group(`{"interface":"Public"}`)),
			bad("a null value", group(`{"region_id":null}`)),
			bad("an empty value", group(`{"service_id":""}`)),
			bad("a number", group(`{"service_id":1}`)),
			bad("an attribute of the caller's own", `{"endpoint_group":{"name":"x","color":"red","filters":{"region_id":"eu"}}}`),
			bad("something beside the group", `{"endpoint_group":{"name":"x","filters":{"region_id":"eu"}},"x":1}`),
			{As: "admin", Do: "GET " + groups + "?limit=1", Want: 400},
			{As: "admin", Do: "GET " + groups + "?name__contains=e", Want: 400},
			{As: "admin", Do: "GET " + groups + "?name=", Want: 400},
			{As: "admin", Do: "GET " + epFilter + "endpoint_groups/none", Want: 404},
			{As: "admin", Do: "PATCH " + epFilter + "endpoint_groups/none", Body: group(eu), Want: 404},
			{As: "admin", Do: "DELETE " + epFilter + "endpoint_groups/none", Want: 404},
			{As: "admin", Do: "GET " + epFilter + "endpoint_groups/none/endpoints", Want: 404},
			{As: "admin", Do: "GET " + epFilter + "endpoint_groups/none/projects", Want: 200, Check: lists(w, "projects", "id")},

			{As: "admin", Do: "POST " + groups, Body: group(eu), Want: 201, Check: all(remember(w, "group", "endpoint_group.id"),
				shows(w, "endpoint_group", `{"description":null,"filters":{"region_id":"eu"},"id":"{group}","links":{"self":`+link(one)+`},"name":"europe"}`))},
			{Name: "the same name again, of things that are not there", As: "admin", Do: "POST " + groups,
				Body: group(`{"service_id":"none","region_id":"mars","interface":"admin"}`), Want: 201, Check: remember(w, "mars", "endpoint_group.id")},
			{As: "reader@system", Do: "GET " + groups + "?name=europe", Want: 200, Check: all(lists(w, "endpoint_groups", "id", "{group}", "{mars}"),
				shows(w, "links", `{"next":null,"previous":null,"self":`+link(groups+"?name=europe")+`}`))},
			{As: "admin", Do: "GET " + groups + "?name=asia", Want: 200, Check: lists(w, "endpoint_groups", "id")},
			{As: "reader@system", Do: "GET " + one, Want: 200, Check: shows(w, "endpoint_group.name", `"europe"`)},
			{As: "admin", Do: "HEAD " + one, Want: 200},
			{As: "admin", Do: "GET " + one + "/endpoints", Want: 200, Check: lists(w, "endpoints", "id", "{vol-eu}", "{net-eu}")},
			{As: "admin", Do: "GET " + epFilter + "endpoint_groups/{mars}/endpoints", Want: 200, Check: lists(w, "endpoints", "id")},
			{Name: "an empty PATCH", As: "admin", Do: "PATCH " + one, Body: `{"endpoint_group":{}}`, Want: 400},
			{Name: "an id", As: "admin", Do: "PATCH " + one, Body: `{"endpoint_group":{"id":"{group}"}}`, Want: 400},
			{Name: "a new filter that is unknown", As: "admin", Do: "PATCH " + one, Body: group(`{"id":"x"}`), Want: 400},
			{As: "reader@system", Do: "PATCH " + one, Body: group(eu), Want: 403},
			{Name: "filters are replaced as a whole", As: "admin", Do: "PATCH " + one,
				Body: `{"endpoint_group":{"description":"d","filters":{"service_id":"{vol}","interface":"public"}}}`, Want: 200,
				Check: shows(w, "endpoint_group.filters", `{"interface":"public","service_id":"{vol}"}`, "endpoint_group.description", `"d"`)},
			{As: "admin", Do: "GET " + one + "/endpoints", Want: 200, Check: lists(w, "endpoints", "id", "{vol-eu}", "{vol-us}")},
			{Name: "no filters match everything", As: "admin", Do: "PATCH " + one, Body: `{"endpoint_group":{"filters":{},"description":null}}`, Want: 200,
				Check: shows(w, "endpoint_group.filters", `{}`, "endpoint_group.description", "null", "endpoint_group.name", `"europe"`)},
			{As: "admin", Do: "GET " + one + "/endpoints", Want: 200, Has: "{vol-admin}"},
			{As: "reader@system", Do: "DELETE " + one, Want: 403},
			{As: "admin", Do: "DELETE " + one, Want: 204},
			{As: "admin", Do: "GET " + one, Want: 404},
		})
	})
}

func TestAssociations(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cloud(t, w)
		w.Project("red", "web")
		w.Project("red", "shop")
		const web, group = epFilter + "projects/{red/web}", epFilter + "endpoint_groups/{group}"
		w.Run(t, []apitest.Case{
			{As: "admin", Do: "POST " + epFilter + "endpoint_groups", Body: `{"endpoint_group":{"name":"e","filters":{"region_id":"eu"}}}`, Want: 201, Check: remember(w, "group", "endpoint_group.id")},
			{Do: "PUT " + web + "/endpoints/{vol-us}", Want: 401},
			{As: "admin@red", Do: "PUT " + web + "/endpoints/{vol-us}", Want: 403},
			{As: "manager@red/web", Do: "GET " + web + "/endpoints", Want: 403},
			{As: "reader@system", Do: "PUT " + web + "/endpoints/{vol-us}", Want: 403},
			{As: "reader@system", Do: "PUT " + group + "/projects/{red/web}", Want: 403},
			{As: "admin", Do: "PUT " + web + "/endpoints/none", Want: 404},
			{As: "admin", Do: "PUT " + epFilter + "projects/none/endpoints/{vol-us}", Want: 404},
			{As: "admin", Do: "PUT " + group + "/projects/none", Want: 404},
			{As: "admin", Do: "PUT " + epFilter + "endpoint_groups/none/projects/{red/web}", Want: 404},
			{As: "admin", Do: "GET " + epFilter + "projects/none/endpoints", Want: 404},
			{As: "admin", Do: "GET " + epFilter + "projects/none/endpoint_groups", Want: 404},
			{As: "admin", Do: "GET " + epFilter + "endpoints/none/projects", Want: 404},
			{As: "admin", Do: "GET " + web + "/endpoints/{vol-us}", Want: 404},
			{As: "admin", Do: "HEAD " + web + "/endpoints/{vol-us}", Want: 404},
			{As: "admin", Do: "DELETE " + web + "/endpoints/{vol-us}", Want: 404},
			{As: "admin", Do: "GET " + group + "/projects/{red/web}", Want: 404},
			{As: "admin", Do: "DELETE " + group + "/projects/{red/web}", Want: 404},

			{As: "admin", Do: "PUT " + web + "/endpoints/{vol-us}", Want: 204},
			{Name: "the second time is a conflict", As: "admin", Do: "PUT " + web + "/endpoints/{vol-us}", Want: 409},
			{As: "reader@system", Do: "GET " + web + "/endpoints/{vol-us}", Want: 204},
			{As: "reader@system", Do: "HEAD " + web + "/endpoints/{vol-us}", Want: 204},
			{As: "admin", Do: "PUT " + web + "/endpoints/{vol-eu}", Want: 204},
			{As: "admin", Do: "PUT " + group + "/projects/{red/web}", Want: 204},
			{Name: "so with groups", As: "admin", Do: "PUT " + group + "/projects/{red/web}", Want: 409},
			{As: "reader@system", Do: "GET " + group + "/projects/{red/web}", Want: 200, Check: shows(w, "project_endpoint_group",
				`{"endpoint_group_id":"{group}","links":{"self":`+link(group+"/projects/{red/web}")+`},"project_id":"{red/web}"}`)},
			{As: "admin", Do: "HEAD " + group + "/projects/{red/web}", Want: 200},
			{Name: "both ways, each once", As: "reader@system", Do: "GET " + web + "/endpoints", Want: 200, Check: all(
				lists(w, "endpoints", "id", "{vol-us}", "{vol-eu}", "{net-eu}"), shows(w, "links.self", link(web+"/endpoints")))},
			{Name: "the group's endpoints are not direct", As: "admin", Do: "GET " + web + "/endpoints/{net-eu}", Want: 404},
			{As: "reader@system", Do: "GET " + web + "/endpoint_groups", Want: 200, Check: lists(w, "endpoint_groups", "id", "{group}")},
			{As: "reader@system", Do: "GET " + group + "/projects", Want: 200, Check: lists(w, "projects", "id", "{red/web}")},
			{As: "reader@system", Do: "GET " + epFilter + "endpoints/{vol-eu}/projects", Want: 200, Check: lists(w, "projects", "id", "{red/web}")},
			{Name: "direct ones only", As: "admin", Do: "GET " + epFilter + "endpoints/{net-eu}/projects", Want: 200, Check: lists(w, "projects", "id")},
			{Name: "nobody else has them", As: "admin", Do: "GET " + epFilter + "projects/{red/shop}/endpoints", Want: 200, Check: lists(w, "endpoints", "id")},
			{As: "reader@system", Do: "DELETE " + web + "/endpoints/{vol-us}", Want: 403},
			{As: "admin", Do: "DELETE " + web + "/endpoints/{vol-us}", Want: 204},
			{As: "admin", Do: "DELETE " + group + "/projects/{red/web}", Want: 204},
			{As: "admin", Do: "GET " + web + "/endpoints", Want: 200, Check: lists(w, "endpoints", "id", "{vol-eu}")},
			{Name: "an endpoint takes its associations along", As: "admin", Do: "DELETE /v3/endpoints/{vol-eu}", Want: 204},
			{As: "admin", Do: "GET " + web + "/endpoints", Want: 200, Check: lists(w, "endpoints", "id")},
			{As: "admin", Do: "PUT " + group + "/projects/{red/web}", Want: 204},
			{Name: "a project does too", As: "admin", Do: "DELETE /v3/projects/{red/web}", Want: 204},
			{As: "admin", Do: "GET " + group + "/projects", Want: 200, Check: lists(w, "projects", "id")},
		})
	})
}

// shownIn are the names of the endpoints of cloud in an answer, and "empty" services.
func shownIn(w *apitest.World, r *apitest.Response) string {
	var names []string
	for _, name := range []string{"vol-eu", "vol-us", "vol-admin", "net-eu", "net-us"} {
		if strings.Contains(string(r.Body), w.ID(name)) {
			names = append(names, name)
		}
	}
	for _, service := range []string{"vol", "net"} {
		of := func(name string) bool { return strings.HasPrefix(name, service) }
		if strings.Contains(string(r.Body), w.ID(service)) && !slices.ContainsFunc(names, of) {
			names = append(names, "empty "+service)
		}
	}
	return strings.Join(names, " ")
}

// catalogs are the endpoints that a project's token shows when it is issued, when it is validated and in the
// project's catalog, which must agree.
func catalogs(t *testing.T, w *apitest.World, token, project string) string {
	t.Helper()
	with := apitest.Token(token)
	views := map[string]*apitest.Response{
		"validation": w.Get("/v3/auth/tokens", with, apitest.Header("X-Subject-Token", token)).Want(200),
		"catalog":    w.Get("/v3/auth/catalog", with).Want(200),
		"rescoped": w.Post("/v3/auth/tokens", `{"auth":{"identity":{"methods":["token"],"token":{"id":"`+token+
			`"}},"scope":{"project":{"id":"`+w.ID(project)+`"}}}}`).Want(201),
	}
	got := shownIn(w, views["catalog"])
	for name, r := range views {
		if s := shownIn(w, r); s != got {
			t.Errorf("%s shows %q, the catalog %q", name, s, got)
		}
	}
	return got
}

// TestTheCatalogIsFiltered follows one token through changes: each is seen by the very next request.
func TestTheCatalogIsFiltered(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cloud(t, w)
		w.User("ann", "default")
		w.Grant("ann", "member", "project:default/web")
		w.Grant("ann", "member", "project:default/shop")
		web, shop := w.Token("ann", "project:default/web"), w.Token("ann", "project:default/shop")
		const all = "vol-eu vol-us vol-admin net-eu net-us"
		const in = epFilter + "projects/{default/web}/endpoints/"
		const group = epFilter + "endpoint_groups/{group}"
		w.Name("group", w.Post(epFilter+"endpoint_groups", `{"endpoint_group":{"name":"e","filters":{"region_id":"eu"}}}`, w.As("sysadmin")).Want(201).Str("endpoint_group.id"))
		for _, step := range []struct {
			do, body string
			want     string
		}{
			{"", "", all},
			{"PUT " + in + "{vol-us}", "", "vol-us"},
			{"PUT " + group + "/projects/{default/web}", "", "vol-eu vol-us net-eu"},
			{"PATCH " + group, `{"endpoint_group":{"filters":{"service_id":"{net}"}}}`, "vol-us net-eu net-us"},
			{"PATCH /v3/endpoints/{net-us}", `{"endpoint":{"enabled":false}}`, "vol-us net-eu"},
			{"PATCH /v3/services/{net}", `{"service":{"enabled":false}}`, "vol-us"},
			{"PATCH /v3/endpoints/{vol-us}", `{"endpoint":{"enabled":false}}`, ""},
			{"PATCH /v3/services/{net}", `{"service":{"enabled":true}}`, "net-eu"},
			{"PATCH /v3/endpoints/{vol-us}", `{"endpoint":{"enabled":true}}`, "vol-us net-eu"},
			{"PATCH /v3/endpoints/{net-us}", `{"endpoint":{"enabled":true}}`, "vol-us net-eu net-us"},
			{"DELETE " + in + "{vol-us}", "", "net-eu net-us"},
			{"PATCH " + group, `{"endpoint_group":{"filters":{"region_id":"mars"}}}`, ""},
			{"DELETE " + group, "", all},
		} {
			if step.do != "" {
				method, path, _ := strings.Cut(step.do, " ")
				with := []apitest.With{w.As("sysadmin")}
				if step.body != "" {
					with = append(with, apitest.Body(step.body))
				}
				if r := w.Do(method, path, with...); r.Status >= 300 {
					t.Fatalf("%s: got %d %s", step.do, r.Status, r.Body)
				}
			}
			if got := catalogs(t, w, web, "default/web"); got != step.want {
				t.Errorf("after %q web shows %q, want %q", step.do, got, step.want)
			}
		}
		w.Put(in+"{net-eu}", w.As("sysadmin")).Want(204)
		if got := catalogs(t, w, shop, "default/shop"); got != all {
			t.Errorf("another project shows %q", got)
		}
		old := w.Post("/v2.0/tokens", `{"auth":{"tenantId":"{default/web}","passwordCredentials":{"username":"ann","password":"`+w.Password("ann")+`"}}}`).Want(200)
		if got := len(old.List("access.serviceCatalog")); got != 1 {
			t.Errorf("v2.0 shows %d services: %s", got, old.Body)
		}
	})
}

func TestProjectsWithoutAssociationsMayShowNothing(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, func(c *config.Config) { c.EndpointFilter.ReturnAllEndpointsIfNoFilter = false })
	cloud(t, w)
	w.User("ann", "default")
	w.Grant("ann", "member", "project:default/web")
	w.Grant("ann", "member", "domain:default")
	web := w.Token("ann", "project:default/web")
	if got := catalogs(t, w, web, "default/web"); got != "" {
		t.Errorf("without an association: %q", got)
	}
	shows(w, "catalog", "[]")(t, w.Get("/v3/auth/catalog", apitest.Token(web)))
	w.Put(epFilter+"projects/{default/web}/endpoints/{vol-us}", w.As("sysadmin")).Want(204)
	if got := catalogs(t, w, web, "default/web"); got != "vol-us" {
		t.Errorf("with one: %q", got)
	}
	w.SignIn("ann", "domain:default").Want(201).Has(w.ID("vol-admin")) // what no project asks for is as ever
}

func TestOtherNodesSeeAssociationsToo(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cloud(t, w)
		w.User("ann", "default")
		w.Grant("ann", "member", "project:default/web")
		other, _ := w.Node()
		token := w.Token("ann", "project:default/web")
		seen := func() string {
			return shownIn(w, other.Get("/v3/auth/tokens", apitest.Token(token), apitest.Header("X-Subject-Token", token)).Want(200))
		}
		for _, step := range []struct{ method, want string }{{"PUT", "vol-us"}, {"DELETE", "vol-eu vol-us vol-admin net-eu net-us"}} {
			seen() // so that the node remembers
			w.Do(step.method, epFilter+"projects/{default/web}/endpoints/{vol-us}", w.As("sysadmin")).Want(204)
			for until := time.Now().Add(time.Second); seen() != step.want; {
				if time.Now().After(until) {
					t.Fatalf("a second after %s the other node shows %q", step.method, seen())
				}
			}
		}
	})
}
