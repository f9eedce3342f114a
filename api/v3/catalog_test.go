package v3_test

import (
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestServices(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Run(t, []apitest.Case{
			{As: "manager@red", Do: "GET /v3/services", Want: 403},
			{As: "admin@red", Do: "GET /v3/services", Want: 403},
			{As: "reader@system", Do: "POST /v3/services", Body: `{"service":{"type":"x"}}`, Want: 403},
			{Name: "no type", As: "admin", Do: "POST /v3/services", Body: `{"service":{"name":"x"}}`, Want: 400},
			{Name: "an empty type", As: "admin", Do: "POST /v3/services", Body: `{"service":{"type":""}}`, Want: 400},
			{Name: "an empty name", As: "admin", Do: "POST /v3/services", Body: `{"service":{"type":"x","name":""}}`, Want: 400},
			{Name: "a name that is null", As: "admin", Do: "POST /v3/services", Body: `{"service":{"type":"x","name":null}}`, Want: 400},
			{Name: "enabled as text", As: "admin", Do: "POST /v3/services", Body: `{"service":{"type":"x","enabled":"true"}}`, Want: 400},
			{As: "admin", Do: "GET /v3/services/none", Want: 404},
			{As: "admin", Do: "DELETE /v3/services/none", Want: 404},

			{As: "admin", Do: "POST /v3/services", Body: `{"service":{"type":"volume","id":"x","description":null,"tier":"gold"}}`, Want: 201,
				Check: all(remember(w, "vol", "service.id"), shows(w, "service.id", `"{vol}"`, "service.name", `""`, "service.enabled", "true",
					"service.description", "null", "service.tier", `"gold"`, "service.links", `{"self":`+link("/v3/services/{vol}")+`}`))},
			{Name: "the same again is another one", As: "admin", Do: "POST /v3/services", Body: `{"service":{"type":"volume","name":"second"}}`, Want: 201,
				Check: all(remember(w, "second", "service.id"), shows(w, "service.description", absent))},
			{As: "reader@system", Do: "GET /v3/services?type=volume", Want: 200, Check: lists(w, "services", "id", "{vol}", "{second}")},
			{As: "admin", Do: "GET /v3/services?type__contains=ol&name=second", Want: 200, Check: lists(w, "services", "id", "{second}")},
			{Name: "an empty PATCH", As: "admin", Do: "PATCH /v3/services/{vol}", Body: `{"service":{}}`, Want: 400},
			{Name: "another id", As: "admin", Do: "PATCH /v3/services/{vol}", Body: `{"service":{"id":"{second}"}}`, Want: 400},
			{As: "admin", Do: "PATCH /v3/services/{vol}", Body: `{"service":{"enabled":false,"tier":null}}`, Want: 200,
				Check: shows(w, "service.enabled", "false", "service.tier", "null", "service.type", `"volume"`)},
			{Name: "the catalog leaves it out", As: "admin", Do: "GET /v3/auth/catalog", Want: 200, Has: "{second}", Never: "{vol}"},
			{As: "admin", Do: "DELETE /v3/services/{vol}", Want: 204},
			{As: "admin", Do: "GET /v3/services/{vol}", Want: 404},
		})
	})
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		body := func(more string) string {
			return `{"endpoint":{"interface":"public","service_id":"{vol}","url":"https://vol.test/v1"` + more + `}}`
		}
		w.Run(t, []apitest.Case{
			{As: "admin", Do: "POST /v3/services", Body: `{"service":{"type":"volume"}}`, Want: 201, Check: remember(w, "vol", "service.id")},
			{As: "manager@red", Do: "POST /v3/endpoints", Body: body(""), Want: 403},
			{As: "admin@red", Do: "GET /v3/endpoints", Want: 403},
			{Name: "no url", As: "admin", Do: "POST /v3/endpoints", Body: `{"endpoint":{"interface":"public","service_id":"{vol}"}}`, Want: 400},
			{Name: "another interface", As: "admin", Do: "POST /v3/endpoints", Body: `{"endpoint":{"interface":"Public","service_id":"{vol}","url":"http://x"}}`, Want: 400},
			{Name: "no such service", As: "admin", Do: "POST /v3/endpoints", Body: `{"endpoint":{"interface":"public","service_id":"none","url":"http://x"}}`, Want: 400},
			{Name: "no such region", As: "admin", Do: "POST /v3/endpoints", Body: body(`,"region_id":"none"`), Want: 400},
			{Name: "something that is no URL", As: "admin", Do: "POST /v3/endpoints", Body: `{"endpoint":{"interface":"public","service_id":"{vol}","url":"x"}}`, Want: 400},
			{As: "admin", Do: "GET /v3/endpoints?interface=foo", Want: 400},
			{As: "admin", Do: "GET /v3/endpoints/none", Want: 404},

			{As: "admin", Do: "POST /v3/endpoints", Body: body(`,"region":"north","note":[1],"description":null`), Want: 201,
				Check: all(remember(w, "end", "endpoint.id"), shows(w, "endpoint.region_id", `"north"`, "endpoint.region", `"north"`, "endpoint.enabled", "true",
					"endpoint.note", "[1]", "endpoint.description", "null", "endpoint.links", `{"self":`+link("/v3/endpoints/{end}")+`}`))},
			{Name: "the old name of the region makes it", As: "admin", Do: "GET /v3/regions/north", Want: 200},
			{As: "admin", Do: "POST /v3/endpoints", Body: body(""), Want: 201, Check: all(remember(w, "other", "endpoint.id"),
				shows(w, "endpoint.region_id", "null", "endpoint.region", "null"))},
			{As: "reader@system", Do: "GET /v3/endpoints?service_id={vol}", Want: 200, Check: lists(w, "endpoints", "id", "{end}", "{other}")},
			{As: "admin", Do: "GET /v3/endpoints?region_id=north&interface=public", Want: 200, Check: lists(w, "endpoints", "id", "{end}")},
			{Name: "an empty PATCH", As: "admin", Do: "PATCH /v3/endpoints/{end}", Body: `{"endpoint":{}}`, Want: 400},
			{Name: "another id", As: "admin", Do: "PATCH /v3/endpoints/{end}", Body: `{"endpoint":{"id":"{other}"}}`, Want: 400},
			{Name: "no such new service", As: "admin", Do: "PATCH /v3/endpoints/{end}", Body: `{"endpoint":{"service_id":"none"}}`, Want: 400},
			{As: "admin", Do: "PATCH /v3/endpoints/{end}", Body: `{"endpoint":{"url":"https://new.test/%(project_id)s","note":null}}`, Want: 200,
				Check: shows(w, "endpoint.url", `"https://new.test/%(project_id)s"`, "endpoint.note", "null", "endpoint.region_id", `"north"`)},
			{Name: "the catalog fills the project in", As: "admin", Do: "GET /v3/auth/catalog", Want: 200, Has: "https://new.test/{admin-project}"},
			{As: "admin", Do: "PATCH /v3/endpoints/{end}", Body: `{"endpoint":{"enabled":false}}`, Want: 200},
			{Name: "and leaves out what is disabled", As: "admin", Do: "GET /v3/auth/catalog", Want: 200, Has: "{other}", Never: "{end}"},
			{As: "admin", Do: "PATCH /v3/endpoints/{end}", Body: `{"endpoint":{"region":null}}`, Want: 200, Check: shows(w, "endpoint.region_id", "null")},
			{As: "admin", Do: "DELETE /v3/endpoints/{other}", Want: 204},
			{As: "admin", Do: "DELETE /v3/endpoints/{other}", Want: 404},
			{Name: "a service takes its endpoints along", As: "admin", Do: "DELETE /v3/services/{vol}", Want: 204},
			{As: "admin", Do: "GET /v3/endpoints/{end}", Want: 404},
		})
	})
}
