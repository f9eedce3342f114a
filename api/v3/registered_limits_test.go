package v3_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// catalogOf makes a service under the name "nova" and a region "north".
func catalogOf(w *apitest.World) {
	w.Name("nova", w.Post("/v3/services", `{"service":{"type":"compute"}}`, w.As("admin")).Want(201).Str("service.id"))
	w.Post("/v3/regions", `{"region":{"id":"north"}}`, w.As("admin")).Want(201)
}

// registers is the body of a POST of registered limits, one for each text with the members besides
// the service.
func registers(more ...string) string {
	var all []string
	for _, m := range more {
		all = append(all, `{"service_id":"{nova}",`+m+`}`)
	}
	return `{"registered_limits":[` + strings.Join(all, ",") + `]}`
}

func TestRegisteredLimits(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		catalogOf(w)
		w.User("ann", "red")
		const path = "/v3/registered_limits"
		cores := registers(`"resource_name":"cores","default_limit":10`)
		var cases []apitest.Case
		for _, who := range []string{"ann", "reader@system", "manager@system", "admin@red", "manager@red/web", "service@red/web"} {
			cases = append(cases, apitest.Case{As: who, Do: "POST " + path, Body: cores, Want: 403},
				apitest.Case{As: who, Do: "PATCH " + path + "/0123", Body: `{"registered_limit":{"default_limit":1}}`, Want: 403},
				apitest.Case{As: who, Do: "DELETE " + path + "/0123", Want: 403})
		}
		for name, body := range map[string]string{
			"no limits":                 registers(),
			"no array":                  `{"registered_limits":{"service_id":"{nova}","resource_name":"cores","default_limit":10}}`,
			"beside the wrapper":        strings.TrimSuffix(cores, "}") + `,"x":1}`,
			"no service":                `{"registered_limits":[{"resource_name":"cores","default_limit":10}]}`,
			"no resource":               registers(`"default_limit":10`),
			"no number":                 registers(`"resource_name":"cores"`),
			"an unknown attribute":      registers(`"resource_name":"cores","default_limit":10,"x":1`),
			"an id":                     registers(`"resource_name":"cores","default_limit":10,"id":"0123456789abcdef0123456789abcdef"`),
			"a service that is no uuid": `{"registered_limits":[{"service_id":"nova","resource_name":"cores","default_limit":10}]}`,
			"an unknown service":        `{"registered_limits":[{"service_id":"0123456789abcdef0123456789abcdef","resource_name":"cores","default_limit":10}]}`,
			"an unknown region":         registers(`"resource_name":"cores","default_limit":10,"region_id":"none"`),
			"an empty region":           registers(`"resource_name":"cores","default_limit":10,"region_id":""`),
			"a name of spaces":          registers(`"resource_name":"  ","default_limit":10`),
			"a name of 256 characters":  registers(`"resource_name":"` + long(256) + `","default_limit":10`),
			"a name with a control":     registers(`"resource_name":"a\u0007","default_limit":10`),
			"-2":                        registers(`"resource_name":"cores","default_limit":-2`),
			"2^31":                      registers(`"resource_name":"cores","default_limit":2147483648`),
			"a text for the number":     registers(`"resource_name":"cores","default_limit":"10"`),
			"a fraction":                registers(`"resource_name":"cores","default_limit":1.5`),
			"null for the number":       registers(`"resource_name":"cores","default_limit":null`),
			"a long description":        registers(`"resource_name":"cores","default_limit":1,"description":"` + long(256) + `"`),
			"one of two wrong":          registers(`"resource_name":"cores","default_limit":1`, `"resource_name":"ram","default_limit":1,"region_id":"none"`),
		} {
			cases = append(cases, apitest.Case{Name: name, As: "admin", Do: "POST " + path, Body: body, Want: 400})
		}
		w.Run(t, append(cases, []apitest.Case{
			{Name: "the same twice", As: "admin", Do: "POST " + path, Want: 409,
				Body: registers(`"resource_name":"cores","default_limit":1`, `"resource_name":"cores","default_limit":2,"region_id":null`)},
			{Name: "nothing of all that was stored", As: "ann", Do: "GET " + path, Want: 200, Check: lists(w, "registered_limits", "id")},

			{As: "admin", Do: "POST " + path, Want: 201, Body: registers(`"resource_name":"cores","default_limit":-1`,
				`"resource_name":"cores","region_id":"north","default_limit":2147483647,"description":""`, `"resource_name":"Ram","default_limit":0,"description":"of all"`),
				Check: all(remember(w, "cores", "registered_limits.0.id"), remember(w, "north cores", "registered_limits.1.id"), remember(w, "ram", "registered_limits.2.id"),
					shows(w, "links", absent, "registered_limits.0.default_limit", "-1", "registered_limits.0.region_id", "null", "registered_limits.0.description", "null",
						"registered_limits.0.service_id", `"{nova}"`, "registered_limits.0.links", `{"self":`+link("/v3/registered_limits/{cores}")+`}`,
						"registered_limits.1.region_id", `"north"`, "registered_limits.1.default_limit", "2147483647", "registered_limits.1.description", `""`,
						"registered_limits.2.default_limit", "0"))},
			{Name: "it is taken", As: "admin", Do: "POST " + path, Body: cores, Want: 409},
			{Name: "a batch with one that is taken stores nothing", As: "admin", Do: "POST " + path, Want: 409,
				Body: registers(`"resource_name":"disk","default_limit":1`, `"resource_name":"Ram","default_limit":1`)},
			{As: "ann", Do: "GET " + path, Want: 200, Check: lists(w, "registered_limits", "id", "{cores}", "{north cores}", "{ram}")},
			{As: "ann", Do: "GET " + path + "?service_id={nova}&region_id=north", Want: 200, Check: lists(w, "registered_limits", "id", "{north cores}")},
			{As: "ann", Do: "GET " + path + "?resource_name=cores", Want: 200, Check: lists(w, "registered_limits", "id", "{cores}", "{north cores}")},
			{As: "ann", Do: "GET " + path + "?resource_name__icontains=RAM", Want: 200, Check: lists(w, "registered_limits", "id", "{ram}")},
			{As: "ann", Do: "GET " + path + "?region_id__startswith=nor", Want: 200, Check: lists(w, "registered_limits", "id", "{north cores}")},
			{As: "ann", Do: "GET " + path + "?service_id=nova", Want: 400},
			{As: "ann", Do: "GET " + path + "?resource_name=", Want: 400},
			{As: "ann", Do: "GET " + path + "?limit=x", Want: 400},
			{As: "ann", Do: "GET " + path + "/{cores}", Want: 200, Check: shows(w, "registered_limit.resource_name", `"cores"`)},
			{As: "ann", Do: "HEAD " + path + "/{cores}", Want: 200},
			{As: "ann", Do: "GET " + path + "/none", Want: 404},

			{Name: "another id", As: "admin", Do: "PATCH " + path + "/{cores}", Body: `{"registered_limit":{"id":"{ram}"}}`, Want: 400},
			{Name: "null for the name", As: "admin", Do: "PATCH " + path + "/{cores}", Body: `{"registered_limit":{"resource_name":null}}`, Want: 400},
			{Name: "null for the service", As: "admin", Do: "PATCH " + path + "/{cores}", Body: `{"registered_limit":{"service_id":null}}`, Want: 400},
			{Name: "an unknown new region", As: "admin", Do: "PATCH " + path + "/{cores}", Body: `{"registered_limit":{"region_id":"none"}}`, Want: 400},
			{Name: "into another one", As: "admin", Do: "PATCH " + path + "/{cores}", Body: `{"registered_limit":{"region_id":"north"}}`, Want: 409},
			{Name: "what is not there", As: "admin", Do: "PATCH " + path + "/none", Body: `{"registered_limit":{"default_limit":1}}`, Want: 404},
			{Name: "nothing", As: "admin", Do: "PATCH " + path + "/{cores}", Body: `{"registered_limit":{}}`, Want: 200, Check: shows(w, "registered_limit.default_limit", "-1")},
			{Name: "its own values are no conflict", As: "admin", Do: "PATCH " + path + "/{cores}", Want: 200,
				Body: `{"registered_limit":{"region_id":null,"resource_name":"cores","service_id":"{nova}"}}`, Check: shows(w, "registered_limit.region_id", "null")},
			{As: "admin", Do: "PATCH " + path + "/{north cores}", Body: `{"registered_limit":{"default_limit":0,"description":null,"resource_name":"disk"}}`, Want: 200,
				Check: shows(w, "registered_limit.default_limit", "0", "registered_limit.description", "null", "registered_limit.resource_name", `"disk"`, "registered_limit.region_id", `"north"`)},

			{As: "admin", Do: "POST /v3/limits", Body: `{"limits":[{"service_id":"{nova}","resource_name":"cores","resource_limit":1,"project_id":"{red/web}"}]}`, Want: 201},
			{Name: "one in use does not change", As: "admin", Do: "PATCH " + path + "/{cores}", Body: `{"registered_limit":{"description":"x"}}`, Want: 403},
			{Name: "one in use stays", As: "admin", Do: "DELETE " + path + "/{cores}", Want: 403},
			{Name: "and so does its service", As: "admin", Do: "DELETE /v3/services/{nova}", Want: 403},
			{Name: "a region with a registered limit stays", As: "admin", Do: "DELETE /v3/regions/north", Want: 403},
			{As: "admin", Do: "DELETE " + path + "/{north cores}", Want: 204},
			{As: "admin", Do: "DELETE " + path + "/{north cores}", Want: 404},
			{Name: "without one it goes", As: "admin", Do: "DELETE /v3/regions/north", Want: 204},
		}...))
	})
}

// TestManyRegisteredLimits makes about as many as a body holds, and reads them page by page.
func TestManyRegisteredLimits(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		catalogOf(w)
		var many []string
		for i := range 300 {
			many = append(many, fmt.Sprintf(`"resource_name":"r%d","default_limit":1`, i))
		}
		w.Post("/v3/registered_limits", registers(many[299]), w.As("admin")).Want(201)
		w.Post("/v3/registered_limits", registers(many...), w.As("admin")).Want(409)
		w.Post("/v3/registered_limits", registers(many[:299]...), w.As("admin")).Want(201)
		seen := 0
		for next, pages := "/v3/registered_limits?limit=100", 1; next != ""; pages++ {
			r := w.Get(next, w.As("admin")).Want(200)
			seen += len(r.List("registered_limits"))
			next, _ = r.Value("links.next").(string)
			next = strings.TrimPrefix(next, apitest.PublicURL)
			if pages > 3 {
				t.Fatal("there are too many pages")
			}
		}
		if seen != 300 {
			t.Errorf("the pages hold %d", seen)
		}
	})
}
