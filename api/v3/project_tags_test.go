package v3_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestProjectTags(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Project("red", "web")
		eighty := make([]string, 80)
		for i := range eighty {
			eighty[i] = fmt.Sprintf("t%02d", i)
		}
		tags := "/v3/projects/{red/web}/tags"
		self := link(tags)
		w.Run(t, []apitest.Case{
			{As: "reader@blue", Do: "GET " + tags, Want: 403},
			{As: "reader@blue", Do: "GET " + tags + "/x", Want: 403},
			{As: "reader@blue", Do: "GET /v3/projects/none/tags", Want: 403},
			{As: "manager@blue", Do: "PUT " + tags, Body: `{"tags":["x"]}`, Want: 403},
			{As: "manager@blue", Do: "PUT " + tags + "/x", Want: 403},
			{As: "manager@blue", Do: "DELETE " + tags, Want: 403},
			{As: "manager@blue", Do: "DELETE " + tags + "/x", Want: 403},
			{As: "reader@red", Do: "PUT " + tags + "/x", Want: 403},
			{As: "reader@system", Do: "PUT " + tags, Body: `{"tags":["x"]}`, Want: 403},
			{Name: "a domain is changed by those who may change domains", As: "manager@red", Do: "PUT /v3/projects/{red}/tags/x", Want: 403},
			{As: "admin@red", Do: "PUT /v3/projects/{red}/tags/x", Want: 403},
			{As: "admin@red", Do: "PUT /v3/projects/{red}/tags", Body: `{"tags":["x"]}`, Want: 403},
			{As: "admin@red", Do: "DELETE /v3/projects/{red}/tags", Want: 403},
			{As: "admin@red", Do: "DELETE /v3/projects/{red}/tags/x", Want: 403},
			{As: "admin", Do: "GET /v3/projects/none/tags", Want: 404},
			{As: "admin", Do: "PUT /v3/projects/none/tags/x", Want: 404},
			{As: "admin", Do: "GET " + tags + "/x", Want: 404},
			{As: "admin", Do: "DELETE " + tags + "/x", Want: 404},
			{Name: "with white space around it", As: "admin", Do: "PUT " + tags + "/%20spaced%0A", Want: 201},
			{Name: "found as it was made", As: "admin", Do: "GET " + tags + "/%20spaced%0A", Want: 204},
			{Name: "removed as it was made", As: "admin", Do: "DELETE " + tags + "/%20spaced%0A", Want: 204},
			{Name: "no tags in the body", As: "admin", Do: "PUT " + tags, Body: `{}`, Want: 400},
			{Name: "something else in the body", As: "admin", Do: "PUT " + tags, Body: `{"tags":[],"x":1}`, Want: 400},
			{Name: "tags are null", As: "admin", Do: "PUT " + tags, Body: `{"tags":null}`, Want: 400},
			{Name: "a tag is a number", As: "admin", Do: "PUT " + tags, Body: `{"tags":[1]}`, Want: 400},
			{Name: "a tag is empty", As: "admin", Do: "PUT " + tags, Body: `{"tags":[" "]}`, Want: 400},
			{Name: "a tag is too long", As: "admin", Do: "PUT " + tags, Body: `{"tags":["` + long(256) + `"]}`, Want: 400},
			{Name: "a comma", As: "admin", Do: "PUT " + tags, Body: `{"tags":["a,b"]}`, Want: 400},
			{Name: "a slash", As: "admin", Do: "PUT " + tags, Body: `{"tags":["a/b"]}`, Want: 400},
			{Name: "the same once white space is gone", As: "admin", Do: "PUT " + tags, Body: `{"tags":["a"," a "]}`, Want: 400},
			{Name: "81 tags", As: "admin", Do: "PUT " + tags, Body: map[string]any{"tags": append([]string{"x"}, eighty...)}, Want: 400},
			{Name: "a comma in the path", As: "admin", Do: "PUT " + tags + "/a,b", Want: 400},
			{Name: "a slash in the path", As: "admin", Do: "PUT " + tags + "/a%2Fb", Want: 400},
			{Name: "too long in the path", As: "admin", Do: "PUT " + tags + "/" + strings.Repeat("a", 256), Want: 400},
			{Name: "nothing of it was kept", As: "reader@red/web", Do: "GET " + tags, Want: 200, Check: shows(w, "tags", "[]", "links", `{"self":`+self+`}`)},
			{As: "manager@red", Do: "PUT " + tags, Body: `{"tags":["b"," a "]}`, Want: 200, Check: shows(w, "tags", `["a","b"]`, "links.self", self)},
			{As: "reader@red", Do: "GET " + tags, Want: 200, Check: shows(w, "tags", `["a","b"]`)},
			{As: "reader@system", Do: "HEAD " + tags, Want: 200},
			{As: "reader@red/web", Do: "GET " + tags + "/a", Want: 204},
			{As: "reader@red/web", Do: "HEAD " + tags + "/a", Want: 204},
			{Name: "case counts", As: "reader@red", Do: "GET " + tags + "/A", Want: 404},
			{Name: "what is there is refused", As: "manager@red", Do: "PUT " + tags + "/a", Want: 400},
			{
				Name: "the address of a new one works", As: "manager@red", Do: "PUT " + tags + "/a%20b%3F", Want: 201,
				Check: func(t *testing.T, r *apitest.Response) {
					if want := w.Expand(apitest.PublicURL + tags + "/a%20b%3F"); r.Header.Get("Location") != want || len(r.Body) != 0 {
						t.Errorf("Location is %q, want %q; the body is %q", r.Header.Get("Location"), want, r.Body)
					}
				},
			},
			{As: "reader@red", Do: "GET " + tags + "/a%20b%3F", Want: 204},
			{As: "manager@red", Do: "DELETE " + tags + "/a%20b%3F", Want: 204},
			{As: "manager@red", Do: "DELETE " + tags + "/a%20b%3F", Want: 404},
			{Name: "the project shows them", As: "reader@red", Do: "GET /v3/projects/{red/web}", Want: 200, Check: shows(w, "project.tags", `["a","b"]`)},
			{As: "manager@red", Do: "DELETE " + tags, Want: 204},
			{As: "manager@red", Do: "DELETE " + tags, Want: 204},
			{As: "admin", Do: "PUT " + tags, Body: map[string]any{"tags": eighty}, Want: 200},
			{Name: "80 are enough", As: "admin", Do: "PUT " + tags + "/x", Want: 400},
			{As: "admin", Do: "PATCH /v3/projects/{red/web}", Body: `{"project":{"options":{"immutable":true}}}`, Want: 200},
			{As: "admin", Do: "PUT " + tags, Body: `{"tags":[]}`, Want: 403},
			{As: "admin", Do: "PUT " + tags + "/x", Want: 403},
			{As: "admin", Do: "DELETE " + tags, Want: 403},
			{As: "admin", Do: "DELETE " + tags + "/t00", Want: 403},
			{As: "admin", Do: "GET " + tags + "/t00", Want: 204},
			{Name: "domains have tags too", As: "admin", Do: "PUT /v3/projects/{red}/tags/x", Want: 201},
			{As: "admin", Do: "GET /v3/domains/{red}", Want: 200, Check: shows(w, "domain.tags", `["x"]`)},
		})
	})
}

// TestTagsOfTwoHands adds tags at the same time: all of them stay.
func TestTagsOfTwoHands(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Project("red", "web")
		as := w.As("admin")
		var hands sync.WaitGroup
		for i := range 8 {
			hands.Go(func() {
				if r := w.Put("/v3/projects/{red/web}/tags/t"+strconv.Itoa(i), as); r.Status != 201 {
					t.Errorf("tag %d: %d", i, r.Status)
				}
			})
		}
		hands.Wait()
		shows(w, "tags", `["t0","t1","t2","t3","t4","t5","t6","t7"]`)(t, w.Get("/v3/projects/{red/web}/tags", as).Want(200))
	})
}

// TestTagFiltersInPages reads filtered lists page by page: every page but the last is full.
func TestTagFiltersInPages(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		for i := range 12 {
			tags := []string{"n" + strconv.Itoa(i%2), "m" + strconv.Itoa(i%3)}
			body := map[string]any{"name": "p" + strconv.Itoa(i), "domain_id": w.Domain("red"), "tags": tags}
			w.Post("/v3/projects", map[string]any{"project": body}, w.As("admin")).Want(201)
		}
		for query, want := range map[string]int{
			"tags=n0":                     6,
			"not-tags=n0":                 6,
			"not-tags=n0,m0":              10,
			"not-tags-any=n0,m0":          4,
			"tags-any=m0,m1":              8,
			"tags=n0&not-tags=m0":         4,
			"tags=n0&not-tags-any=m0,m1":  2,
			"tags-any=m0,m1&tags=n1":      4,
			"not-tags=n0&not-tags-any=m0": 4,
			"tags=none&not-tags=n0":       0,
		} {
			got := 0
			next := "/v3/projects?limit=3&domain_id={red}&" + query
			for next != "" {
				r := w.Get(next, w.As("admin")).Want(200)
				n := len(r.List("projects"))
				got += n
				next = ""
				if l, ok := r.Value("links.next").(string); ok {
					next = strings.TrimPrefix(l, apitest.PublicURL)
				}
				if next != "" && n != 3 {
					t.Errorf("%s: a page of %d, with more to come", query, n)
				}
			}
			if got != want {
				t.Errorf("%s: got %d projects, want %d", query, got, want)
			}
		}
	})
}
