package v3_test

import (
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestRegions(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.Run(t, []apitest.Case{
			{As: "ann", Do: "POST /v3/regions", Body: `{"region":{"id":"x"}}`, Want: 403},
			{As: "admin@red", Do: "PUT /v3/regions/x", Body: `{"region":{}}`, Want: 403},
			{As: "reader@system", Do: "PATCH /v3/regions/RegionOne", Body: `{"region":{"description":"x"}}`, Want: 403},
			{As: "manager@red", Do: "DELETE /v3/regions/RegionOne", Want: 403},
			{Name: "an id of 256 characters", As: "admin", Do: "POST /v3/regions", Body: `{"region":{"id":"` + long(256) + `"}}`, Want: 400},
			{Name: "no such parent", As: "admin", Do: "POST /v3/regions", Body: `{"region":{"id":"x","parent_region_id":"none"}}`, Want: 404},
			{Name: "another id than that of the path", As: "admin", Do: "PUT /v3/regions/x", Body: `{"region":{"id":"y"}}`, Want: 400},
			{As: "admin", Do: "POST /v3/regions", Body: `{"region":{"id":"RegionOne"}}`, Want: 409},
			{Name: "PUT never changes", As: "admin", Do: "PUT /v3/regions/RegionOne", Body: `{"region":{"description":"x"}}`, Want: 409},
			{As: "admin", Do: "GET /v3/regions?limit=1", Want: 400},
			{As: "ann", Do: "GET /v3/regions/none", Want: 404},

			{As: "admin", Do: "POST /v3/regions", Body: `{"region":{"id":"eu/west one","zone":3,"description":null}}`, Want: 201,
				Check: shows(w, "region.id", `"eu/west one"`, "region.description", `""`, "region.parent_region_id", "null", "region.zone", "3",
					"region.links", `{"self":`+link("/v3/regions/eu%2Fwest%20one")+`}`)},
			{Name: "its link leads to it", As: "ann", Do: "GET /v3/regions/eu%2Fwest%20one", Want: 200, Check: shows(w, "region.zone", "3")},
			{Name: "without an id it gets one", As: "admin", Do: "POST /v3/regions", Body: `{"region":{"id":"","parent_region_id":"eu/west one"}}`, Want: 201,
				Check: all(remember(w, "child", "region.id"), shows(w, "region.id", `"{child}"`))},
			{As: "admin", Do: "PUT /v3/regions/leaf", Body: `{"region":{"parent_region_id":"{child}"}}`, Want: 201,
				Check: shows(w, "region.id", `"leaf"`, "region.parent_region_id", `"{child}"`)},
			{As: "ann", Do: "GET /v3/regions?parent_region_id=eu/west%20one", Want: 200, Check: lists(w, "regions", "id", "{child}")},
			{As: "ann", Do: "GET /v3/regions", Want: 200, Check: lists(w, "regions", "id", "RegionOne", "eu/west one", "{child}", "leaf")},
			{Name: "a circle", As: "admin", Do: "PATCH /v3/regions/eu%2Fwest%20one", Body: `{"region":{"parent_region_id":"leaf"}}`, Want: 400},
			{Name: "a circle of one", As: "admin", Do: "PATCH /v3/regions/leaf", Body: `{"region":{"parent_region_id":"leaf"}}`, Want: 400},
			{Name: "an empty PATCH", As: "admin", Do: "PATCH /v3/regions/leaf", Body: `{"region":{}}`, Want: 400},
			{Name: "another id", As: "admin", Do: "PATCH /v3/regions/leaf", Body: `{"region":{"id":"x"}}`, Want: 400},
			{Name: "no such new parent", As: "admin", Do: "PATCH /v3/regions/leaf", Body: `{"region":{"parent_region_id":"none"}}`, Want: 404},
			{As: "admin", Do: "PATCH /v3/regions/leaf", Body: `{"region":{"zone":null,"description":"d"}}`, Want: 200,
				Check: shows(w, "region.zone", "null", "region.description", `"d"`, "region.parent_region_id", `"{child}"`)},
			{Name: "a region with endpoints stays", As: "admin", Do: "DELETE /v3/regions/RegionOne", Want: 403},
			{Name: "and so does the one above", As: "admin", Do: "PATCH /v3/regions/RegionOne", Body: `{"region":{"parent_region_id":"leaf"}}`, Want: 200},
			{As: "admin", Do: "DELETE /v3/regions/eu%2Fwest%20one", Want: 403},
			{Name: "null takes a region from its parent", As: "admin", Do: "PATCH /v3/regions/RegionOne", Body: `{"region":{"parent_region_id":null}}`, Want: 200,
				Check: shows(w, "region.parent_region_id", "null")},
			{Name: "without endpoints it goes, with all below", As: "admin", Do: "DELETE /v3/regions/eu%2Fwest%20one", Want: 204},
			{As: "ann", Do: "GET /v3/regions", Want: 200, Check: lists(w, "regions", "id", "RegionOne")},
			{As: "admin", Do: "DELETE /v3/regions/leaf", Want: 404},
		})
	})
}
