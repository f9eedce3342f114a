package v3_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/store"
)

// TestBodiesAsKeystoneTakesThem has what the schemas of Keystone say of bodies: what may stand beside the object, which
// attributes are checked although they are the caller's own, what null and the empty object mean.
func TestBodiesAsKeystoneTakesThem(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		admin := w.As("admin")
		w.Name("svc", w.Post("/v3/services", `{"service":{"type":"t"}}`, admin).Want(201).Str("service.id"))
		w.Name("grp", w.Post("/v3/groups", `{"group":{"name":"grp"}}`, admin).Want(201).Str("group.id"))
		w.Name("rol", w.Post("/v3/roles", `{"role":{"name":"rol"}}`, admin).Want(201).Str("role.id"))
		w.Name("reg", w.Post("/v3/regions", `{"region":{}}`, admin).Want(201).Str("region.id"))
		w.Name("ept", w.Post("/v3/endpoints", `{"endpoint":{"interface":"public","service_id":"{svc}","url":"http://e"}}`, admin).Want(201).Str("endpoint.id"))
		one := map[string]string{"user": "/v3/users/{ann}", "group": "/v3/groups/{grp}", "role": "/v3/roles/{rol}", "region": "/v3/regions/{reg}",
			"service": "/v3/services/{svc}", "endpoint": "/v3/endpoints/{ept}"}
		var cases []apitest.Case
		add := func(do, body string, want int) {
			cases = append(cases, apitest.Case{Name: do + " " + body[:min(len(body), 90)], As: "admin", Do: do, Body: body, Want: want})
		}
		for name, path := range one {
			add("PATCH "+path, `{"`+name+`":{}}`, 400)
			add("PATCH "+path, `{}`, 400)
			add("PATCH "+path, `{"`+name+`":null}`, 400)
			add("PATCH "+path, `{"`+name+`":{"id":"other"}}`, 400)
			beside := 400
			if name == "service" {
				beside = 200
			}
			add("PATCH "+path, `{"`+name+`":{"note":"x"},"beside":1}`, beside)
			add("PATCH "+path, `{"`+name+`":{"note":null,"links":{"self":"x"},"extra":{"a":1}}}`, 200)
			cases = append(cases, apitest.Case{Name: name + " keeps null", As: "admin", Do: "GET " + path, Want: 200,
				Check: shows(w, name+".note", "null", name+".extra", absent, name+".links.self", link(path))})
		}
		long64, long255 := strings.Repeat("x", 64), strings.Repeat("x", 255)
		add("POST /v3/groups", `{"group":{"name":"`+long64+`"}}`, 201)
		add("POST /v3/groups", `{"group":{"name":"`+long64+`x"}}`, 400)
		add("POST /v3/groups", `{"group":{"name":"a","description":1}}`, 400)
		add("POST /v3/groups", `{"group":{"name":"b","description":null}}`, 201)
		add("POST /v3/groups", `{"group":{"name":"c","domain_id":"none"}}`, 404)
		add("POST /v3/groups", `{"group":{"name":"d","domain_id":null}}`, 400)
		add("POST /v3/groups", `{"group":{"name":"e"},"beside":1}`, 400)
		add("POST /v3/users", `{"user":{"name":"a","description":1}}`, 400)
		add("POST /v3/users", `{"user":{"name":"b","description":null}}`, 201)
		add("POST /v3/users", `{"user":{"name":"c"},"beside":1}`, 400)
		add("POST /v3/users", `{"user":{"name":"d","email":1}}`, 201)
		add("POST /v3/roles", `{"role":{"name":"`+long255+`"}}`, 201)
		add("POST /v3/roles", `{"role":{"name":"`+long255+`x"}}`, 400)
		add("POST /v3/roles", `{"role":{"name":" kept "}}`, 201)
		add("POST /v3/roles", `{"role":{"name":"kept"}}`, 201)
		add("POST /v3/roles", `{"role":{"name":"a","description":"`+long255+`x"}}`, 400)
		add("POST /v3/roles", `{"role":{"name":"b","description":null,"domain_id":null}}`, 201)
		add("POST /v3/roles", `{"role":{"name":"c","domain_id":"no-such-domain"}}`, 201)
		add("POST /v3/roles", `{"role":{"name":"d","domain_id":"no such domain"}}`, 400)
		add("POST /v3/roles", `{"role":{"name":"e","options":{"immutable":"true"}}}`, 400)
		add("POST /v3/roles", `{"role":{"name":"f","options":{"other":true}}}`, 400)
		add("POST /v3/roles", `{"role":{"name":"g"},"beside":1}`, 400)
		add("POST /v3/regions", `{"region":{"id":null,"description":null,"parent_region_id":null},"beside":1}`, 201)
		add("POST /v3/regions", `{"region":{"id":""}}`, 201)
		add("POST /v3/regions", `{"region":{"id":"a/b c"}}`, 201)
		add("POST /v3/regions", `{"region":{"id":"a/b c"}}`, 409)
		add("POST /v3/regions", `{"region":{"parent_region_id":"none"}}`, 404)
		add("POST /v3/regions", `{"region":{"parent_region_id":""}}`, 400)
		add("POST /v3/regions", `{"region":{"description":"`+long255+`x"}}`, 400)
		add("PUT /v3/regions/put", `{"region":{"id":"other"}}`, 400)
		add("PUT /v3/regions/put", `{}`, 400)
		add("PUT /v3/regions/put", `{"region":{}}`, 201)
		add("PUT /v3/regions/put", `{"region":{}}`, 409)
		add("PATCH /v3/regions/put", `{"region":{"parent_region_id":"put"}}`, 400)
		add("PATCH /v3/regions/put", `{"region":{"parent_region_id":"none"}}`, 404)
		add("PATCH /v3/regions/put", `{"region":{"description":null}}`, 200)
		add("POST /v3/services", `{"service":{}}`, 400)
		add("POST /v3/services", `{"service":{"type":""}}`, 400)
		add("POST /v3/services", `{"service":{"type":null}}`, 400)
		add("POST /v3/services", `{"service":{"type":"t","name":""}}`, 400)
		add("POST /v3/services", `{"service":{"type":"t","name":null}}`, 400)
		add("POST /v3/services", `{"service":{"type":"t","enabled":"true"}}`, 400)
		add("POST /v3/services", `{"service":{"type":"t","enabled":null}}`, 400)
		add("POST /v3/services", `{"service":{"type":"t","description":7},"beside":1}`, 201)
		add("POST /v3/services", `{"service":{"type":"`+long255+`x"}}`, 400)
		for fields, want := range map[string]int{
			`"url":"http://e"`: 400, `"interface":"public","url":"http://e"`: 201, `"interface":"publicURL","url":"http://e"`: 400,
			`"interface":"public"`: 400, `"interface":"public","url":"no url"`: 400, `"interface":"public","url":"http://` + long255 + `"`: 400,
			`"interface":"public","url":"http://e/%(project_id)s/$(tenant_id)s"`: 201, `"interface":"public","url":"http://e/%(nope)s"`: 400,
			`"interface":"public","url":"http://e/50%"`: 400, `"interface":"public","url":"http://e/$(user_id"`: 400,
			`"interface":"public","url":"http://e","region_id":"none"`: 400, `"interface":"public","url":"http://e","region_id":null`: 201,
			`"interface":"public","url":"http://e","region":"made"`: 201, `"interface":"public","url":"http://e","enabled":"no"`: 400,
			`"interface":"public","url":"http://e","name":1`: 400, `"interface":"public","url":"http://e","description":null`: 201,
			`"interface":"public","url":"http://e","service_id":"none"`: 400,
		} {
			if !strings.Contains(fields, "service_id") {
				fields += `,"service_id":"{svc}"`
			}
			add("POST /v3/endpoints", `{"endpoint":{`+fields+`}}`, want)
		}
		add("POST /v3/endpoints", `{"endpoint":{"interface":"public","url":"http://e","service_id":"{svc}"},"beside":1}`, 400)
		w.Run(t, cases)
	})
}

// TestQueriesAsKeystoneTakesThem has what the lists say to filters, known and unknown.
func TestQueriesAsKeystoneTakesThem(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.Name("web", w.Project("red", "web"))
		var cases []apitest.Case
		id65 := strings.Repeat("x", 65)
		for do, want := range map[string]int{
			"/v3/regions?parent_region_id=none": 200, "/v3/regions?parent_region_id=": 400, "/v3/regions?limit=1": 400, "/v3/regions?marker=x": 400,
			"/v3/regions?sort_key=id": 400, "/v3/regions?parent_region_id__contains=x": 400, "/v3/regions?colour=red": 400,
			"/v3/services?type=": 400, "/v3/services?name=": 400, "/v3/services?colour=red": 200, "/v3/services?enabled=maybe": 200,
			"/v3/services?type__istartswith=ID": 200, "/v3/endpoints?interface=foo": 400, "/v3/endpoints?interface=": 400, "/v3/endpoints?region=none": 200,
			"/v3/endpoints?enabled=maybe": 200, "/v3/endpoints?service_id=none": 200, "/v3/endpoints?region_id=none": 200, "/v3/endpoints?interface__contains=x": 200,
			"/v3/roles?name=": 400, "/v3/roles?domain_id=": 400, "/v3/roles?colour=red": 200, "/v3/groups?name=": 400, "/v3/groups?domain_id=": 400,
			"/v3/users/{ann}/groups?name=": 400, "/v3/users/{ann}/groups?name__contains=x": 200, "/v3/users/{ann}/projects?enabled=maybe": 400,
			"/v3/role_assignments?role.id=a%2Fb": 400, "/v3/role_assignments?group.id=a%20b": 400, "/v3/role_assignments?user.id=" + id65: 400,
			"/v3/role_assignments?role.id=" + id65: 400, "/v3/role_assignments?user.id=none": 200, "/v3/role_assignments?scope.system=some": 200,
			"/v3/role_assignments?scope.project.id=none": 200, "/v3/role_assignments?scope.domain.id=none": 200, "/v3/role_assignments?colour=red": 200,
			"/v3/role_assignments?user.id=a&group.id=b": 400, "/v3/role_assignments?scope.project.id=a&scope.domain.id=b": 400,
			"/v3/role_assignments?scope.project.id=a&scope.system=all": 400, "/v3/role_assignments?scope.domain.id=a&scope.system=all": 400,
			"/v3/role_assignments?effective&group.id=a": 400, "/v3/role_assignments?effective=0&group.id=a": 200, "/v3/role_assignments?effective=false&group.id=a": 400,
			"/v3/role_assignments?effective&scope.domain.id=a&scope.OS-INHERIT:inherited_to=projects":      400,
			"/v3/role_assignments?effective&scope.domain.id=a&scope.OS-INHERIT:inherited_to=x":             200,
			"/v3/role_assignments?effective&scope.project.id={web}&scope.OS-INHERIT:inherited_to=projects": 200,
			"/v3/role_assignments?include_subtree":                                                         400, "/v3/role_assignments?include_subtree=0": 200, "/v3/role_assignments?include_subtree&scope.domain.id={red}": 400,
			"/v3/role_assignments?include_subtree&scope.project.id=none": 404, "/v3/role_assignments?include_subtree&scope.project.id={web}": 200,
			"/v3/role_assignments?effective&user.id=none": 404, "/v3/role_assignments?limit=x": 200, "/v3/role_assignments?marker=x": 200,
			"/v3/role_inferences?limit=x": 200, "/v3/roles/{admin-role}/implies?limit=x": 200, "/v3/domains/{red}/users/{ann}/roles?limit=x": 200,
		} {
			cases = append(cases, apitest.Case{As: "admin", Do: "GET " + do, Want: want})
		}
		w.Name("admin-role", w.Role("admin"))
		w.Run(t, cases)
	})
}

// TestRegionsHaveNoPages lists more regions than a page has: the query may hold nothing that leads to another.
func TestRegionsHaveNoPages(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	s, err := store.Open(t.Context(), store.Options{URL: w.Config.Database.URL.Reveal(), Now: w.Clock.Now, NewID: func() string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for batch := range 11 { // a transaction has its time, and 1,001 rows may take longer on a busy machine
		err := s.InTx(t.Context(), func(ctx context.Context) error {
			for i := range 91 {
				if err := s.CreateRegion(ctx, catalog.Region{ID: fmt.Sprintf("many-%04d", batch*91+i)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	r := w.Get("/v3/regions", w.As("admin")).Want(200)
	if n := len(r.List("regions")); n < 1001 || r.Value("links.next") != nil {
		t.Errorf("%d regions, then %v", n, r.Value("links.next"))
	}
}
