package storetest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/resource"
)

// walk reads a list page by page and returns the ids in the order in which they came.
func walk[T any](t *testing.T, list func(listing.Query) (listing.Page[T], error), q listing.Query, id func(T) string) []string {
	t.Helper()
	var got []string
	for range 100 {
		page, err := list(q)
		must(t, err)
		if page.More && len(page.Items) != q.Limit || q.Marker != "" && len(page.Items) == 0 {
			t.Fatalf("a page of %d by %d, more: %v", len(page.Items), q.Limit, page.More)
		}
		got = append(got, ids(page.Items, id)...)
		if !page.More {
			return got
		}
		q.Marker = got[len(got)-1]
	}
	t.Fatal("the walk never ends")
	return nil
}

func sortedPages(t *testing.T, w *world) {
	_, err := w.ListUsers(w.ctx, listing.Query{Sort: "extra"})
	wantKind(t, "an attribute that is none", err, fault.BadRequest)
	_, err = w.ListUsers(w.ctx, listing.Query{Sort: "password_expires_at"})
	wantKind(t, "an attribute that has no order", err, fault.BadRequest)
	must(t, w.DeleteUser(w.ctx, "bob"))
	names := []string{"b", "a", "B", "é", "Z", "e", "_", "ä"} // by bytes: B Z _ a b e ä é
	var users []identity.User
	for i, n := range names {
		u := identity.User{ID: fmt.Sprintf("u%02d", i), DomainID: "blue", Name: n, Enabled: i%3 == 0}
		must(t, w.CreateUser(w.ctx, u))
		users = append(users, u)
	}
	users = append(users, get[identity.User](t)(w.User(w.ctx, "ann")))
	keys := map[string]func(identity.User) string{
		"": userID, "id": userID, "name": func(u identity.User) string { return u.Name },
		"domain_id": func(u identity.User) string { return u.DomainID },
		"enabled":   func(u identity.User) string { return fmt.Sprint(u.Enabled) },
	}
	for key, of := range keys {
		for _, desc := range []bool{false, true} {
			slices.SortFunc(users, func(a, b identity.User) int {
				c := cmp.Or(cmp.Compare(of(a), of(b)), cmp.Compare(a.ID, b.ID))
				if desc {
					return -c
				}
				return c
			})
			for limit := 1; limit <= len(users)+1; limit++ {
				got := walk(t, func(q listing.Query) (listing.Page[identity.User], error) { return w.ListUsers(w.ctx, q) },
					listing.Query{Limit: limit, Sort: key, Desc: desc}, userID)
				want(t, fmt.Sprintf("by %q, descending %v, limit %d", key, desc, limit), got, ids(users, userID))
			}
		}
	}
	sortedNulls(t, w)
}

// sortedNulls sorts by what may be null, which comes before everything else on every database.
func sortedNulls(t *testing.T, w *world) {
	must(t, w.CreateRegion(w.ctx, catalog.Region{ID: "here"}))
	must(t, w.CreateService(w.ctx, catalog.Service{ID: "s", Type: "t"}))
	for id, region := range map[string]string{"e1": "here", "e2": "", "e3": "here", "e4": ""} {
		must(t, w.CreateEndpoint(w.ctx, catalog.Endpoint{ID: id, Interface: "public", ServiceID: "s", URL: "http://e", RegionID: region}))
	}
	for limit := range 5 {
		list := func(q listing.Query) (listing.Page[catalog.Endpoint], error) { return w.ListEndpoints(w.ctx, q) }
		id := func(e catalog.Endpoint) string { return e.ID }
		want(t, "up", walk(t, list, listing.Query{Limit: limit, Sort: "region_id"}, id), []string{"e2", "e4", "e1", "e3"})
		want(t, "down", walk(t, list, listing.Query{Limit: limit, Sort: "region_id", Desc: true}, id), []string{"e3", "e1", "e4", "e2"})
	}
	list := func(q listing.Query) (listing.Page[resource.Project], error) { return w.ListProjects(w.ctx, q) }
	got := walk(t, list, listing.Query{Limit: 1, Sort: "domain_id"}, func(p resource.Project) string { return p.ID })
	want(t, "projects by domain", got, []string{"blue", "red", "web"})
}

// from is the query with a marker.
func from(marker string, q listing.Query) listing.Query {
	q.Marker = marker
	return q
}

// deletedMarkers begins pages behind what has gone, alone or with what it belonged to.
func deletedMarkers(t *testing.T, w *world) {
	must(t, w.CreateProject(w.ctx, resource.Project{ID: "gone", Name: "gone", IsDomain: true, Enabled: true}))
	must(t, w.CreateProject(w.ctx, resource.Project{ID: "p", Name: "p", DomainID: "gone", ParentID: "gone"}))
	must(t, w.CreateUser(w.ctx, identity.User{ID: "b1", DomainID: "red", Name: "b1"}))
	must(t, w.CreateUser(w.ctx, identity.User{ID: "b2", DomainID: "gone", Name: "b2"}))
	must(t, w.CreateService(w.ctx, catalog.Service{ID: "s", Type: "t"}))
	must(t, w.CreateEndpoint(w.ctx, catalog.Endpoint{ID: "e", Interface: "public", ServiceID: "s", URL: "http://e"}))
	must(t, w.DeleteUser(w.ctx, "b1"))
	must(t, w.DeleteGroup(w.ctx, "ops"))
	must(t, w.DeleteService(w.ctx, "s"))
	must(t, w.DeleteRole(w.ctx, "member"))
	must(t, w.DeleteProject(w.ctx, "gone"))
	users := func(q listing.Query) ([]string, error) {
		p, err := w.ListUsers(w.ctx, q)
		return ids(p.Items, userID), err
	}
	for _, c := range []struct {
		q    listing.Query
		want []string
	}{
		{listing.Query{Marker: "b1"}, []string{"bob"}},
		{listing.Query{Marker: "b1", Desc: true}, []string{"ann"}},
		{listing.Query{Marker: "b2"}, []string{"bob"}},
		{from("b1", by("domain_id", listing.Equals, "red")), []string{}},
	} {
		got, err := users(c.q)
		must(t, err)
		want(t, fmt.Sprintf("%+v", c.q), got, c.want)
	}
	for what, q := range map[string]listing.Query{
		"never there":         {Marker: "b3"},
		"of another kind":     {Marker: "ops"},
		"of another domain":   from("b1", by("domain_id", listing.Equals, "blue")),
		"in a sorted list":    {Marker: "b1", Sort: "name"},
		"that is another's":   from("b1", by("id", listing.Equals, "ann")),
		"renamed, not a user": {Marker: "gone"},
	} {
		_, err := users(q)
		wantKind(t, what, err, fault.NotFound)
	}
	for what, list := range map[string]func(string) error{
		"ops":    func(m string) error { _, err := w.ListGroups(w.ctx, listing.Query{Marker: m}); return err },
		"s":      func(m string) error { _, err := w.ListServices(w.ctx, listing.Query{Marker: m}); return err },
		"e":      func(m string) error { _, err := w.ListEndpoints(w.ctx, listing.Query{Marker: m}); return err },
		"member": func(m string) error { _, err := w.ListRoles(w.ctx, listing.Query{Marker: m}); return err },
		"p":      func(m string) error { _, err := w.ListProjects(w.ctx, listing.Query{Marker: m}); return err },
		"gone":   func(m string) error { _, err := w.ListProjects(w.ctx, listing.Query{Marker: m}); return err },
	} {
		must(t, list(what))
		wantKind(t, "not "+what, list("not-"+what), fault.NotFound)
	}
}

// walks lets rapid delete and create users between pages, the last one of a page above all.
func walks(t *testing.T, w *world) {
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		c := &comers{t: t, rt: rt, w: w, domain: fmt.Sprintf("d%d", run), there: map[string]bool{}, stays: map[string]bool{}}
		must(t, w.CreateProject(w.ctx, resource.Project{ID: c.domain, Name: c.domain, IsDomain: true, Enabled: true}))
		for range rapid.IntRange(0, 8).Draw(rt, "users") {
			c.create()
		}
		maps.Copy(c.stays, c.there)
		met := c.walk()
		for id := range c.stays {
			if met[id] != 1 {
				rt.Errorf("%s was there all the time and was met %d times", id, met[id])
			}
		}
		for id, n := range met {
			if n > 1 {
				rt.Errorf("%s was met %d times", id, n)
			}
		}
	})
}

// comers are the users of a domain, who come and go.
type comers struct {
	t      *testing.T
	rt     *rapid.T
	w      *world
	domain string
	there  map[string]bool
	stays  map[string]bool // those who were there from the beginning and have not gone
}

func (c *comers) create() {
	id := fmt.Sprintf("%s-%06x", c.domain, rapid.IntRange(0, 1<<24-1).Draw(c.rt, "id"))
	err := c.w.CreateUser(c.w.ctx, identity.User{ID: id, DomainID: c.domain, Name: id})
	if err == nil {
		c.there[id] = true
	} else {
		wantKind(c.t, id, err, fault.Conflict)
	}
}

func (c *comers) remove(id string) {
	if c.there[id] {
		must(c.t, c.w.DeleteUser(c.w.ctx, id))
		delete(c.there, id)
		delete(c.stays, id)
	}
}

// walk reads all pages while they come and go, and counts how often each user was met.
func (c *comers) walk() map[string]int {
	q := by("domain_id", listing.Equals, c.domain)
	q.Limit, q.Desc = rapid.IntRange(1, 4).Draw(c.rt, "limit"), rapid.Bool().Draw(c.rt, "descending")
	met := map[string]int{}
	for {
		page, err := c.w.ListUsers(c.w.ctx, q)
		if err != nil {
			c.rt.Fatalf("behind %q: %v", q.Marker, err)
		}
		for _, u := range page.Items {
			met[u.ID]++
		}
		if !page.More {
			return met
		}
		q.Marker = page.Items[len(page.Items)-1].ID
		if rapid.Bool().Draw(c.rt, "the marker goes") {
			c.remove(q.Marker)
		}
		for range rapid.IntRange(0, 2).Draw(c.rt, "changes") {
			if all := slices.Sorted(maps.Keys(c.there)); len(all) > 0 && rapid.Bool().Draw(c.rt, "delete") {
				c.remove(rapid.SampledFrom(all).Draw(c.rt, "which"))
			} else {
				c.create()
			}
		}
	}
}
