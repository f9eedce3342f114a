package v3_test

import (
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestPolicies(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		const good = `{"policy":{"blob":"{}","type":"x"}}`
		w.Run(t, []apitest.Case{
			{As: "manager@red", Do: "GET /v3/policies", Want: 403},
			{As: "admin@red", Do: "GET /v3/policies", Want: 403},
			{As: "manager@red", Do: "GET /v3/policies/none", Want: 403},
			{As: "reader@system", Do: "POST /v3/policies", Body: good, Want: 403},
			{Name: "a blob that is an object", As: "admin", Do: "POST /v3/policies", Body: `{"policy":{"blob":{"a":"b"},"type":"x"}}`, Want: 400},
			{Name: "a blob that is null", As: "admin", Do: "POST /v3/policies", Body: `{"policy":{"blob":null,"type":"x"}}`, Want: 400},
			{Name: "no blob", As: "admin", Do: "POST /v3/policies", Body: `{"policy":{"type":"x"}}`, Want: 400},
			{Name: "no type", As: "admin", Do: "POST /v3/policies", Body: `{"policy":{"blob":"x"}}`, Want: 400},
			{Name: "a type of 256 characters", As: "admin", Do: "POST /v3/policies", Body: `{"policy":{"blob":"x","type":"` + long(256) + `"}}`, Want: 400},
			{Name: "no wrapper", As: "admin", Do: "POST /v3/policies", Body: `{"blob":"x","type":"x"}`, Want: 400},
			{Name: "a blob larger than a body may be", As: "admin", Do: "POST /v3/policies", Body: `{"policy":{"blob":"` + strings.Repeat("x", 114688) + `","type":"x"}}`, Want: 413},
			{As: "admin", Do: "GET /v3/policies/none", Want: 404},
			{As: "admin", Do: "PATCH /v3/policies/none", Body: `{"policy":{"type":"x"}}`, Want: 404},
			{As: "admin", Do: "DELETE /v3/policies/none", Want: 404},
			{As: "admin", Do: "GET /v3/policies?type=", Want: 400},

			{As: "admin", Do: "POST /v3/policies", Body: `{"policy":{"id":"x","blob":"{\"a\": \"<b>\"}","type":"application/json","my-key":[1.50],"links":1},"beside":1}`, Want: 201,
				Check: all(remember(w, "one", "policy.id"), shows(w, "policy.id", `"{one}"`, "policy.type", `"application/json"`, "policy.my_key", "[1.50]",
					"policy.my-key", absent, "policy.links", `{"self":`+link("/v3/policies/{one}")+`}`))},
			{Name: "the blob comes back as it was sent", As: "reader@system", Do: "GET /v3/policies/{one}", Want: 200,
				Check: func(t *testing.T, r *apitest.Response) {
					if got := r.Str("policy.blob"); got != `{"a": "<b>"}` {
						t.Errorf("blob: got %s", got)
					}
				}},
			{As: "admin", Do: "POST /v3/policies", Body: `{"policy":{"blob":"` + strings.Repeat("x", 100000) + `","type":""}}`, Want: 201, Check: remember(w, "two", "policy.id")},
			{As: "reader@system", Do: "GET /v3/policies", Want: 200, Check: lists(w, "policies", "id", "{one}", "{two}")},
			{As: "admin", Do: "GET /v3/policies?type=application/json", Want: 200, Check: lists(w, "policies", "id", "{one}")},
			{As: "admin", Do: "GET /v3/policies?type__icontains=JSON", Want: 200, Check: lists(w, "policies", "id", "{one}")},
			{As: "admin", Do: "GET /v3/policies?type__startswith=json", Want: 200, Check: lists(w, "policies", "id")},
			{As: "reader@system", Do: "PATCH /v3/policies/{one}", Body: good, Want: 403},
			{Name: "an empty PATCH", As: "admin", Do: "PATCH /v3/policies/{one}", Body: `{"policy":{}}`, Want: 400},
			{Name: "another id", As: "admin", Do: "PATCH /v3/policies/{one}", Body: `{"policy":{"id":"{two}"}}`, Want: 400},
			{Name: "a new blob that is an object", As: "admin", Do: "PATCH /v3/policies/{one}", Body: `{"policy":{"blob":{}}}`, Want: 400},
			{As: "admin", Do: "PATCH /v3/policies/{one}", Body: `{"policy":{"id":"{one}","blob":"new","my_key":null,"my-key":2}}`, Want: 200,
				Check: shows(w, "policy.blob", `"new"`, "policy.type", `"application/json"`, "policy.my_key", "null", "policy.my-key", "2")},
			{As: "reader@system", Do: "DELETE /v3/policies/{one}", Want: 403},
			{As: "admin", Do: "DELETE /v3/policies/{one}", Want: 204},
			{As: "admin", Do: "GET /v3/policies/{one}", Want: 404},
		})
	})
}

// endpointPolicyWorld has the policies one and two, the service vol with the endpoints low (in the region eu/low
// below eu), up (in eu) and far (in no region), and the service other.
func endpointPolicyWorld(w *apitest.World) {
	add := func(name, path, kind, body string) {
		w.Name(name, w.Post(path, body, w.As("admin")).Want(201).Str(kind+".id"))
	}
	for _, name := range []string{"one", "two"} {
		add(name, "/v3/policies", "policy", `{"policy":{"blob":"`+name+`","type":"x"}}`)
	}
	add("vol", "/v3/services", "service", `{"service":{"type":"volume"}}`)
	add("other", "/v3/services", "service", `{"service":{"type":"other"}}`)
	add("eu", "/v3/regions", "region", `{"region":{"id":"eu"}}`)
	add("eu/low", "/v3/regions", "region", `{"region":{"id":"eu/low","parent_region_id":"eu"}}`)
	for name, region := range map[string]string{"low": `"eu/low"`, "up": `"eu"`, "far": "null"} {
		add(name, "/v3/endpoints", "endpoint", `{"endpoint":{"interface":"public","service_id":"{vol}","url":"http://x.test","region_id":`+region+`}}`)
	}
}

func TestEndpointPolicies(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		endpointPolicyWorld(w)
		const one, two = "/v3/policies/{one}/OS-ENDPOINT-POLICY", "/v3/policies/{two}/OS-ENDPOINT-POLICY"
		for _, target := range []string{"/endpoints/{low}", "/services/{vol}", "/services/{vol}/regions/eu%2Flow"} {
			w.Run(t, []apitest.Case{
				{As: "reader@system", Do: "PUT " + one + target, Want: 403},
				{As: "reader@system", Do: "DELETE " + one + target, Want: 403},
				{As: "manager@red", Do: "GET " + one + target, Want: 403},
				{As: "admin@red", Do: "PUT " + one + target, Want: 403},
				{As: "admin", Do: "PUT /v3/policies/none/OS-ENDPOINT-POLICY" + target, Want: 404},
				{As: "admin", Do: "DELETE /v3/policies/none/OS-ENDPOINT-POLICY" + target, Want: 404},
				{Name: "not yet", As: "admin", Do: "GET " + one + target, Want: 404},
				{Name: "not yet, HEAD", As: "admin", Do: "HEAD " + one + target, Want: 404},
				{Name: "ending what never was", As: "admin", Do: "DELETE " + one + target, Want: 204},
				{As: "admin", Do: "PUT " + one + target, Want: 204},
				{Name: "again", As: "admin", Do: "PUT " + one + target, Want: 204},
				{As: "reader@system", Do: "GET " + one + target, Want: 204},
				{As: "reader@system", Do: "HEAD " + one + target, Want: 204},
				{Name: "another policy takes its place", As: "admin", Do: "PUT " + two + target, Want: 204},
				{As: "admin", Do: "GET " + one + target, Want: 404},
				{Name: "ending one leaves the other", As: "admin", Do: "DELETE " + one + target, Want: 204},
				{As: "admin", Do: "GET " + two + target, Want: 204},
				{As: "admin", Do: "DELETE " + two + target, Want: 204},
			})
		}
		var unknown []apitest.Case
		for _, target := range []string{
			"/endpoints/none", "/endpoints/{vol}", "/services/none", "/services/none/regions/eu", "/services/{vol}/regions/none", "/services/{vol}/regions/%20",
		} {
			for _, method := range []string{"GET ", "PUT ", "DELETE "} {
				unknown = append(unknown, apitest.Case{As: "admin", Do: method + one + target, Want: 404})
			}
		}
		w.Run(t, unknown)
	})
}

func TestPolicyForEndpoint(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		endpointPolicyWorld(w)
		const one, two = "/v3/policies/{one}/OS-ENDPOINT-POLICY", "/v3/policies/{two}/OS-ENDPOINT-POLICY"
		of := func(endpoint string) string { return "GET /v3/endpoints/{" + endpoint + "}/OS-ENDPOINT-POLICY/policy" }
		w.Run(t, []apitest.Case{
			{As: "manager@red", Do: of("low"), Want: 403},
			{As: "manager@red", Do: "GET " + one + "/endpoints", Want: 403},
			{As: "admin", Do: "GET /v3/endpoints/none/OS-ENDPOINT-POLICY/policy", Want: 404},
			{As: "admin", Do: "GET /v3/policies/none/OS-ENDPOINT-POLICY/endpoints", Want: 404},
			{Name: "no policy", As: "admin", Do: of("low"), Want: 404},
			{Name: "no endpoints", As: "admin", Do: "GET " + one + "/endpoints", Want: 200, Check: all(lists(w, "endpoints", "id"),
				shows(w, "links.self", link(one+"/endpoints"), "links.next", "null", "truncated", absent))},
			{Name: "of another service", As: "admin", Do: "PUT " + two + "/services/{other}", Want: 204},
			{As: "admin", Do: of("low"), Want: 404},

			{As: "admin", Do: "PUT " + one + "/services/{vol}", Want: 204},
			{As: "reader@system", Do: of("low"), Want: 200, Check: shows(w, "policy.id", `"{one}"`, "policy.blob", `"one"`, "policy.type", `"x"`,
				"policy.links", `{"self":`+link("/v3/policies/{one}")+`}`)},
			{As: "admin", Do: of("far"), Want: 200, Check: shows(w, "policy.id", `"{one}"`)},
			{As: "reader@system", Do: "GET " + one + "/endpoints", Want: 200, Check: lists(w, "endpoints", "id", "{low}", "{up}", "{far}")},
			{As: "admin", Do: "PUT " + two + "/services/{vol}/regions/eu", Want: 204},
			{Name: "the region above comes before the service", As: "admin", Do: of("low"), Want: 200, Check: shows(w, "policy.id", `"{two}"`)},
			{As: "admin", Do: of("far"), Want: 200, Check: shows(w, "policy.id", `"{one}"`)},
			{As: "admin", Do: "GET " + two + "/endpoints", Want: 200, Check: lists(w, "endpoints", "id", "{low}", "{up}")},
			{As: "admin", Do: "PUT " + one + "/services/{vol}/regions/eu%2Flow", Want: 204},
			{Name: "the nearer region comes before that above", As: "admin", Do: of("low"), Want: 200, Check: shows(w, "policy.id", `"{one}"`)},
			{As: "admin", Do: "PUT " + two + "/endpoints/{low}", Want: 204},
			{Name: "the endpoint's own comes first", As: "admin", Do: of("low"), Want: 200, Check: shows(w, "policy.id", `"{two}"`)},
			{Name: "each endpoint once", As: "admin", Do: "GET " + two + "/endpoints", Want: 200, Check: lists(w, "endpoints", "id", "{low}", "{up}")},

			{Name: "an endpoint takes its association along", As: "admin", Do: "DELETE /v3/endpoints/{low}", Want: 204},
			{As: "admin", Do: "GET " + two + "/endpoints/{low}", Want: 404},
			{Name: "a region takes its associations along", As: "admin", Do: "DELETE /v3/regions/eu%2Flow", Want: 204},
			{As: "admin", Do: "GET " + two + "/endpoints", Want: 200, Check: lists(w, "endpoints", "id", "{up}")},
			{Name: "a policy takes its associations along", As: "admin", Do: "DELETE /v3/policies/{two}", Want: 204},
			{As: "admin", Do: of("up"), Want: 200, Check: shows(w, "policy.id", `"{one}"`)},
			{Name: "and so does a service", As: "admin", Do: "DELETE /v3/services/{vol}", Want: 204},
			{As: "admin", Do: "GET " + one + "/endpoints", Want: 200, Check: lists(w, "endpoints", "id")},
		})
	})
}
