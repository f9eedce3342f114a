package v3_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// limited is the body of a POST of limits, one for each text with the members besides the service.
func limited(more ...string) string {
	var all []string
	for _, m := range more {
		all = append(all, `{"service_id":"{nova}",`+m+`}`)
	}
	return `{"limits":[` + strings.Join(all, ",") + `]}`
}

// registered is a world with registered limits: of cores 10, of ram 10 in the region north.
func registered(w *apitest.World) {
	catalogOf(w)
	w.Project("red", "web")
	w.Project("red", "shop")
	w.Project("blue", "far")
	w.Post("/v3/registered_limits", registers(`"resource_name":"cores","default_limit":10`, `"resource_name":"ram","region_id":"north","default_limit":10`),
		w.As("admin")).Want(201)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		registered(w)
		w.User("ann", "red")
		const path = "/v3/limits"
		const good = `"resource_name":"cores","resource_limit":5,"project_id":"{red/web}"`
		var cases []apitest.Case
		for _, who := range []string{"ann", "reader@system", "admin@red", "manager@red", "manager@red/web", "service@red/web"} {
			cases = append(cases, apitest.Case{As: who, Do: "POST " + path, Body: limited(good), Want: 403},
				apitest.Case{As: who, Do: "PATCH " + path + "/0123", Body: `{"limit":{"resource_limit":1}}`, Want: 403},
				apitest.Case{As: who, Do: "DELETE " + path + "/0123", Want: 403})
		}
		for name, body := range map[string]string{
			"none":                       limited(),
			"no array":                   `{"limits":{"service_id":"{nova}",` + good + `}}`,
			"beside the wrapper":         strings.TrimSuffix(limited(good), "}") + `,"x":1}`,
			"nobody's":                   limited(`"resource_name":"cores","resource_limit":5`),
			"null for the project alone": limited(`"resource_name":"cores","resource_limit":5,"project_id":null`),
			"null for both":              limited(`"resource_name":"cores","resource_limit":5,"project_id":null,"domain_id":null`),
			"both":                       limited(good + `,"domain_id":"{red}"`),
			"an unknown project":         limited(`"resource_name":"cores","resource_limit":5,"project_id":"none"`),
			"an unknown domain":          limited(`"resource_name":"cores","resource_limit":5,"domain_id":"none"`),
			"a project for the domain":   limited(`"resource_name":"cores","resource_limit":5,"domain_id":"{red/web}"`),
			"an unknown service":         `{"limits":[{"service_id":"0123456789abcdef0123456789abcdef",` + good + `}]}`,
			"a service that is no uuid":  `{"limits":[{"service_id":"nova",` + good + `}]}`,
			"an unknown region":          limited(good + `,"region_id":"none"`),
			"an unknown attribute":       limited(good + `,"x":1`),
			"an id":                      limited(good + `,"id":"0123456789abcdef0123456789abcdef"`),
			"no number":                  limited(`"resource_name":"cores","project_id":"{red/web}"`),
			"-2":                         limited(`"resource_name":"cores","resource_limit":-2,"project_id":"{red/web}"`),
			"2^31":                       limited(`"resource_name":"cores","resource_limit":2147483648,"project_id":"{red/web}"`),
			"a long description":         limited(good + `,"description":"` + long(256) + `"`),
			"one of two wrong":           limited(good, `"resource_name":"cores","resource_limit":5,"project_id":"none"`),
		} {
			cases = append(cases, apitest.Case{Name: name, As: "admin", Do: "POST " + path, Body: body, Want: 400})
		}
		w.Run(t, append(cases, []apitest.Case{
			{Name: "what is not registered", As: "admin", Do: "POST " + path, Body: limited(`"resource_name":"disk","resource_limit":5,"project_id":"{red/web}"`), Want: 403},
			{Name: "what is registered without a region", As: "admin", Do: "POST " + path, Body: limited(good + `,"region_id":"north"`), Want: 403},
			{Name: "what is registered in a region", As: "admin", Do: "POST " + path, Body: limited(`"resource_name":"ram","resource_limit":5,"project_id":"{red/web}"`), Want: 403},
			{Name: "one of two unregistered", As: "admin", Do: "POST " + path, Body: limited(good, `"resource_name":"disk","resource_limit":5,"project_id":"{red/web}"`), Want: 403},
			{Name: "the same twice", As: "admin", Do: "POST " + path, Body: limited(good, good), Want: 409},
			{Name: "the same domain twice", As: "admin", Do: "POST " + path, Want: 409,
				Body: limited(`"resource_name":"cores","resource_limit":5,"project_id":"{red}"`, `"resource_name":"cores","resource_limit":5,"domain_id":"{red}"`)},
			{Name: "nothing of all that was stored", As: "admin", Do: "GET " + path, Want: 200, Check: lists(w, "limits", "id")},

			{As: "admin", Do: "POST " + path, Want: 201, Body: limited(good+`,"description":""`, `"resource_name":"cores","resource_limit":0,"project_id":"{red}"`,
				`"resource_name":"ram","region_id":"north","resource_limit":-1,"project_id":"{red/shop}","domain_id":null`, `"resource_name":"cores","resource_limit":99,"project_id":"{blue/far}"`),
				Check: all(remember(w, "of web", "limits.0.id"), remember(w, "of red", "limits.1.id"), remember(w, "of shop", "limits.2.id"), remember(w, "of far", "limits.3.id"),
					shows(w, "links", absent, "limits.0.description", `""`, "limits.0.project_id", `"{red/web}"`, "limits.0.domain_id", "null", "limits.0.region_id", "null",
						"limits.0.service_id", `"{nova}"`, "limits.0.resource_limit", "5", "limits.1.resource_limit", "0", "limits.1.description", "null",
						"limits.1.project_id", "null", "limits.1.domain_id", `"{red}"`, "limits.2.region_id", `"north"`, "limits.2.resource_limit", "-1"))},
			{Name: "it is taken", As: "admin", Do: "POST " + path, Body: limited(good), Want: 409},

			{As: "admin", Do: "GET " + path, Want: 200, Check: lists(w, "limits", "id", "{of web}", "{of red}", "{of shop}", "{of far}")},
			{As: "reader@system", Do: "GET " + path, Want: 200, Check: lists(w, "limits", "id", "{of web}", "{of red}", "{of shop}", "{of far}")},
			{As: "service@red/web", Do: "GET " + path, Want: 200, Check: lists(w, "limits", "id", "{of web}", "{of red}", "{of shop}", "{of far}")},
			{As: "admin@red", Do: "GET " + path, Want: 200, Check: lists(w, "limits", "id", "{of web}", "{of red}", "{of shop}")},
			{As: "reader@red", Do: "GET " + path, Want: 200, Check: lists(w, "limits", "id", "{of web}", "{of red}", "{of shop}")},
			{As: "reader@blue", Do: "GET " + path, Want: 200, Check: lists(w, "limits", "id", "{of far}")},
			{As: "manager@red/web", Do: "GET " + path, Want: 200, Check: lists(w, "limits", "id", "{of web}")},
			{As: "ann", Do: "GET " + path, Want: 200, Check: lists(w, "limits", "id")},
			{Name: "filters do not widen a project's view", As: "reader@red/web", Do: "GET " + path + "?project_id={red/shop}", Want: 200, Check: lists(w, "limits", "id")},
			{Name: "nor a domain's", As: "reader@red", Do: "GET " + path + "?project_id={blue/far}", Want: 200, Check: lists(w, "limits", "id")},
			{Name: "markers do not either", As: "reader@red/web", Do: "GET " + path + "?marker=0", Want: 200, Check: lists(w, "limits", "id", "{of web}")},
			{As: "admin", Do: "GET " + path + "?domain_id={red}", Want: 200, Check: lists(w, "limits", "id", "{of red}")},
			{As: "admin", Do: "GET " + path + "?project_id={red/shop}&service_id={nova}", Want: 200, Check: lists(w, "limits", "id", "{of shop}")},
			{As: "admin", Do: "GET " + path + "?region_id=north", Want: 200, Check: lists(w, "limits", "id", "{of shop}")},
			{As: "admin", Do: "GET " + path + "?resource_name__istartswith=RA", Want: 200, Check: lists(w, "limits", "id", "{of shop}")},
			{As: "admin", Do: "GET " + path + "?service_id=nova", Want: 400},
			{As: "admin", Do: "GET " + path + "?project_id=", Want: 400},

			{As: "reader@red", Do: "GET " + path + "/{of web}", Want: 200, Check: shows(w, "limit.resource_limit", "5", "limit.resource_name", `"cores"`,
				"limit.links", `{"self":`+link("/v3/limits/{of web}")+`}`)},
			{As: "reader@red", Do: "GET " + path + "/{of red}", Want: 200},
			{As: "reader@red/web", Do: "HEAD " + path + "/{of web}", Want: 200},
			{As: "reader@red/web", Do: "GET " + path + "/{of shop}", Want: 403},
			{As: "reader@red/web", Do: "GET " + path + "/{of red}", Want: 403},
			{As: "reader@red", Do: "GET " + path + "/{of far}", Want: 403},
			{As: "admin@red", Do: "GET " + path + "/{of far}", Want: 403},
			{As: "admin@red", Do: "GET " + path + "/none", Want: 403},
			{As: "ann", Do: "GET " + path + "/{of web}", Want: 403},
			{As: "ann", Do: "GET " + path + "/none", Want: 403},
			{As: "admin", Do: "GET " + path + "/none", Want: 404},
			{As: "ann", Do: "GET " + path + "/model", Want: 200, Check: shows(w, "model.name", `"flat"`)},
			{As: "ann", Do: "HEAD " + path + "/model", Want: 200},

			{Name: "another project", As: "admin", Do: "PATCH " + path + "/{of web}", Body: `{"limit":{"project_id":"{red/shop}"}}`, Want: 400},
			{Name: "its own resource", As: "admin", Do: "PATCH " + path + "/{of web}", Body: `{"limit":{"resource_name":"cores"}}`, Want: 400},
			{Name: "null for the number", As: "admin", Do: "PATCH " + path + "/{of web}", Body: `{"limit":{"resource_limit":null}}`, Want: 400},
			{As: "admin", Do: "PATCH " + path + "/none", Body: `{"limit":{"resource_limit":1}}`, Want: 404},
			{As: "admin", Do: "PATCH " + path + "/model", Body: `{"limit":{"resource_limit":1}}`, Want: 404},
			{Name: "nothing", As: "admin", Do: "PATCH " + path + "/{of web}", Body: `{"limit":{}}`, Want: 200, Check: shows(w, "limit.resource_limit", "5")},
			{Name: "zero is stored", As: "admin", Do: "PATCH " + path + "/{of web}", Body: `{"limit":{"resource_limit":0}}`, Want: 200, Check: shows(w, "limit.resource_limit", "0", "limit.description", `""`)},
			{Name: "null is stored", As: "admin", Do: "PATCH " + path + "/{of web}", Body: `{"limit":{"description":null}}`, Want: 200, Check: shows(w, "limit.resource_limit", "0", "limit.description", "null")},
			{As: "admin", Do: "PATCH " + path + "/{of red}", Body: `{"limit":{"description":"x"}}`, Want: 200},
			{Name: "an empty description is stored", As: "admin", Do: "PATCH " + path + "/{of red}", Body: `{"limit":{"description":""}}`, Want: 200, Check: shows(w, "limit.description", `""`)},

			{As: "admin", Do: "DELETE " + path + "/{of web}", Want: 204},
			{As: "admin", Do: "DELETE " + path + "/{of web}", Want: 404},
			{Name: "a project takes its limits along", As: "admin", Do: "DELETE /v3/projects/{red/shop}", Want: 204},
			{As: "admin", Do: "GET " + path, Want: 200, Check: lists(w, "limits", "id", "{of red}", "{of far}")},
			{As: "admin", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{"enabled":false}}`, Want: 200},
			{Name: "and so does a domain", As: "admin", Do: "DELETE /v3/domains/{red}", Want: 204},
			{As: "admin", Do: "GET " + path, Want: 200, Check: lists(w, "limits", "id", "{of far}")},
		}...))
	})
}

// TestRelativesWithLimits shows limits in lists of relatives, and nowhere else.
func TestRelativesWithLimits(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		registered(w)
		w.User("ann", "red")
		below := func(parent, name string) {
			w.Name(name, w.Post("/v3/projects", fmt.Sprintf(`{"project":{"name":"%s","domain_id":"{red}","parent_id":"{%s}"}}`, name, parent), w.As("admin")).Want(201).Str("project.id"))
		}
		below("red/web", "mid")
		below("mid", "low")
		for _, p := range []string{"red/web", "mid", "low"} {
			w.Put("/v3/projects/{"+p+"}/users/{ann}/roles/{role reader}", w.As("admin")).Want(204)
		}
		w.Put("/v3/domains/{red}/users/{ann}/roles/{role reader}", w.As("admin")).Want(204)
		w.Put("/v3/projects/{red}/users/{ann}/roles/{role reader}", w.As("admin")).Want(204)
		w.Post("/v3/limits", limited(`"resource_name":"cores","resource_limit":3,"project_id":"{low}"`, `"resource_name":"ram","region_id":"north","resource_limit":4,"project_id":"{low}"`,
			`"resource_name":"cores","resource_limit":5,"domain_id":"{red}"`), w.As("admin")).Want(201)
		w.Name("token of ann", w.Token("ann", "domain:red"))
		show := func(query string) *apitest.Response {
			return w.Get("/v3/projects/{mid}?"+query, apitest.Token(w.ID("token of ann"))).Want(200)
		}
		shows(w, "project.limits", absent, "project.subtree.0.project.id", `"{low}"`, "project.subtree.0.project.limits", absent)(t, show("subtree_as_list"))
		shows(w, "project.limits", absent, "project.subtree", absent)(t, show("include_limits"))
		shows(w, "project.subtree.0.project.limits", absent)(t, show("subtree_as_list&include_limits=0"))
		r := show("parents_as_list&subtree_as_list&include_limits")
		shows(w, "project.limits", absent, "project.parents.0.project.id", `"{red/web}"`, "project.parents.0.project.limits", "[]",
			"project.parents.1.project.id", `"{red}"`, "project.parents.1.project.limits.0.resource_limit", "5",
			"project.parents.1.project.limits.0.domain_id", `"{red}"`)(t, r)
		lists(w, "project.subtree.0.project.limits", "resource_name", "cores", "ram")(t, r)
	})
}
