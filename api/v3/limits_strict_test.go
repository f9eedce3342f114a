package v3_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/server"
)

func strict(c *config.Config) { c.UnifiedLimit.EnforcementModel = "strict_two_level" }

// cores is the limit of an owner, such as project_id":"{red/web}.
func cores(n int, owner string) string {
	return fmt.Sprintf(`"resource_name":"cores","resource_limit":%d,"%s"`, n, owner)
}

const (
	ofRed  = `domain_id":"{red}`
	ofWeb  = `project_id":"{red/web}`
	ofShop = `project_id":"{red/shop}`
)

func TestStrictLimits(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		registered(w)
		post := func(name string, want int, more ...string) apitest.Case {
			return apitest.Case{Name: name, As: "admin", Do: "POST /v3/limits", Body: limited(more...), Want: want}
		}
		patch := func(name, limit string, n, want int) apitest.Case {
			return apitest.Case{Name: name, As: "admin", Do: "PATCH /v3/limits/{" + limit + "}", Body: fmt.Sprintf(`{"limit":{"resource_limit":%d}}`, n), Want: want}
		}
		named := func(c apitest.Case, names ...string) apitest.Case {
			c.Check = func(_ *testing.T, r *apitest.Response) {
				for i, n := range names {
					w.Name(n, r.Str(fmt.Sprintf("limits.%d.id", i)))
				}
			}
			return c
		}
		w.Run(t, []apitest.Case{
			{As: "reader@red", Do: "GET /v3/limits/model", Want: 200, Check: shows(w, "model.name", `"strict_two_level"`)},
			post("a project above the default", 403, cores(11, ofWeb)),
			post("a project without limit", 403, cores(-1, ofWeb)),
			post("above its domain in the same request", 403, cores(5, ofRed), cores(6, ofWeb)),
			post("above its domain in the same request, first", 403, cores(6, ofWeb), cores(5, `project_id":"{red}`)),
			{Name: "nothing of it stays", As: "admin", Do: "GET /v3/limits", Want: 200, Check: lists(w, "limits", "id")},
			named(post("within the default", 201, cores(10, ofWeb)), "web limit"),
			post("a domain below its project", 403, cores(9, ofRed)),
			named(post("a domain and a project above the default, together", 201, cores(15, ofShop), cores(20, ofRed)), "shop limit", "red limit"),
			post("another domain is another tree", 403, cores(11, `project_id":"{blue/far}`)),
			patch("a project above its domain", "web limit", 21, 403),
			patch("a project without limit later", "web limit", -1, 403),
			patch("a project as much as its domain", "web limit", 20, 200),
			patch("a domain below one of its projects", "red limit", 19, 403),
			patch("a domain without limit", "red limit", -1, 200),
			patch("and then its project", "shop limit", -1, 200),
			patch("which holds the domain", "red limit", 1000, 403),
			{Name: "as does taking the domain's limit away", As: "admin", Do: "DELETE /v3/limits/{red limit}", Want: 403},
			patch("back", "shop limit", 10, 200),
			patch("and the other", "web limit", 10, 200),
			{Name: "then it goes", As: "admin", Do: "DELETE /v3/limits/{red limit}", Want: 204},
			{Name: "a project's always", As: "admin", Do: "DELETE /v3/limits/{web limit}", Want: 204},

			{Name: "two levels of projects", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"mid","domain_id":"{red}","parent_id":"{red/web}"}}`, Want: 201, Check: remember(w, "mid", "project.id")},
			{Name: "and no third", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"low","domain_id":"{red}","parent_id":"{mid}"}}`, Want: 403},
			post("the lower one is the domain's as well", 403, cores(11, `project_id":"{mid}`)),
		})
	}, strict)
}

// TestStrictLimitsRace sets limits of a domain and of its project at once, over and over: whoever wins, the
// project never has more than its domain.
func TestStrictLimitsRace(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		registered(w)
		made := w.Post("/v3/limits", limited(cores(10, ofWeb), cores(10, ofRed)), w.As("admin")).Want(201)
		web, red := made.Str("limits.0.id"), made.Str("limits.1.id")
		for round := range 8 {
			var all sync.WaitGroup
			set := func(id string, n int) {
				all.Go(func() {
					r := w.Patch("/v3/limits/"+id, fmt.Sprintf(`{"limit":{"resource_limit":%d}}`, n), w.As("admin"))
					if r.Status != http.StatusOK && r.Status != http.StatusForbidden {
						t.Errorf("%d: %s", r.Status, r.Body)
					}
				})
			}
			w.Patch("/v3/limits/"+web, `{"limit":{"resource_limit":1}}`, w.As("admin")).Want(200)
			w.Patch("/v3/limits/"+red, `{"limit":{"resource_limit":10}}`, w.As("admin")).Want(200)
			for i := range 3 {
				set(web, 6+i) // each is fine by itself, and no two of both sides are
				set(red, 3+i)
			}
			all.Wait()
			inWeb := w.Get("/v3/limits/"+web, w.As("admin")).Want(200).Int("limit.resource_limit")
			inRed := w.Get("/v3/limits/"+red, w.As("admin")).Want(200).Int("limit.resource_limit")
			if inWeb > inRed {
				t.Fatalf("round %d: the project has %d and its domain %d", round, inWeb, inRed)
			}
		}
		w.Delete("/v3/limits/"+web, w.As("admin")).Want(204)
		w.Delete("/v3/limits/"+red, w.As("admin")).Want(204)
		var all sync.WaitGroup // new ones: a domain's that is too small and its project's, never both
		for _, body := range []string{limited(cores(9, ofWeb)), limited(cores(4, ofRed))} {
			for range 3 {
				all.Go(func() { w.Post("/v3/limits", body, w.As("admin")) })
			}
		}
		all.Wait()
		if n := len(w.Get("/v3/limits", w.As("admin")).Want(200).List("limits")); n != 1 {
			t.Errorf("%d limits were made", n)
		}
	}, strict)
}

// TestStrictModelWantsFlatTrees starts a server over projects that are too deep for the model.
func TestStrictModelWantsFlatTrees(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Project("red", "web")
	parent := w.ID("red/web")
	start := func() error {
		cfg := w.Config
		strict(&cfg)
		s, err := server.New(t.Context(), cfg, server.Deps{Now: w.Clock.Now})
		if err == nil {
			err = s.Close()
		}
		return err
	}
	for i := range 2 {
		if err := start(); err != nil {
			t.Fatalf("%d levels: %v", i+1, err)
		}
		body := fmt.Sprintf(`{"project":{"name":"p%d","domain_id":"{red}","parent_id":"%s"}}`, i, parent)
		parent = w.Post("/v3/projects", body, w.As("admin")).Want(201).Str("project.id")
	}
	if err := start(); err == nil || !strings.Contains(err.Error(), parent) {
		t.Errorf("three levels: %v", err)
	}
}
