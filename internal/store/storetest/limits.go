package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/limit"
	"github.com/keyward/identity/internal/listing"
)

func registeredID(r limit.Registered) string { return r.ID }
func limitID(l limit.Limit) string           { return l.ID }

// quota is a registered limit of the service s.
func quota(id, region, name string) limit.Registered {
	return limit.Registered{ID: id, Key: limit.Key{ServiceID: "s", RegionID: region, ResourceName: name}, Default: 10}
}

func limitOf(id string, r limit.Registered, projectID, domainID string) limit.Limit {
	l := limit.Limit{ID: id, RegisteredID: r.ID, Key: r.Key, ProjectID: projectID, DomainID: domainID, Value: 5}
	if projectID != "" {
		l.ProjectDomainID = "red"
	}
	return l
}

func place(t *testing.T, w *world) {
	t.Helper()
	must(t, w.CreateService(w.ctx, catalog.Service{ID: "s", Type: "t"}))
	must(t, w.CreateRegion(w.ctx, catalog.Region{ID: "r"}))
}

func registeredLimits(t *testing.T, w *world) {
	place(t, w)
	before := w.last(t)
	for what, c := range map[string]struct {
		second limit.Registered
		want   fault.Kind
	}{
		"an unknown service": {limit.Registered{ID: "b", Key: limit.Key{ServiceID: "no", ResourceName: "x"}}, fault.NotFound},
		"an unknown region":  {quota("b", "no", "x"), fault.NotFound},
		"the same twice":     {quota("b", "", "cores"), fault.Conflict},
	} {
		wantKind(t, what, w.CreateRegistered(w.ctx, []limit.Registered{quota("a", "", "cores"), c.second}), c.want)
	}
	want(t, "events of what failed", w.last(t), before)
	a, b, c := quota("a", "", "cores"), quota("b", "r", "cores"), quota("c", "", "Cores")
	a.Default, a.Description = -1, new("")
	must(t, w.CreateRegistered(w.ctx, []limit.Registered{a, b, c}))
	want(t, "as created", get[limit.Registered](t)(w.Registered(w.ctx, "a")), a)
	want(t, "with a region", get[limit.Registered](t)(w.Registered(w.ctx, "b")), b)
	evs := get[[]event.Event](t)(w.EventsAfter(w.ctx, before, 0))
	want(t, "events", len(evs), 1)
	want(t, "the event", fmt.Sprint(evs[0].Kind, evs[0].Action, evs[0].Detail["ids"]), "documentregistered_limit.create[a b c]")
	wantKind(t, "one that is there", w.CreateRegistered(w.ctx, []limit.Registered{quota("d", "r", "cores")}), fault.Conflict)

	page := func(q listing.Query) []string {
		return ids(get[listing.Page[limit.Registered]](t)(w.ListRegistered(w.ctx, q)).Items, registeredID)
	}
	want(t, "all", page(listing.Query{}), []string{"a", "b", "c"})
	want(t, "of a region", page(by("region_id", listing.Equals, "r")), []string{"b"})
	want(t, "by name in any case", page(by("resource_name", listing.IStartsWith, "CORE")), []string{"a", "b", "c"})
	want(t, "by name", page(by("resource_name", listing.Equals, "Cores")), []string{"c"})

	update := func(id string, change func(*limit.Registered)) error {
		_, err := w.UpdateRegistered(w.ctx, id, func(r *limit.Registered) error { change(r); return nil })
		return err
	}
	wantKind(t, "changing nothing", update("no", func(*limit.Registered) {}), fault.NotFound)
	wantKind(t, "into another one", update("a", func(r *limit.Registered) { r.ResourceName = "Cores" }), fault.Conflict)
	wantKind(t, "into an unknown service", update("a", func(r *limit.Registered) { r.ServiceID = "no" }), fault.Conflict)
	wantKind(t, "into itself", update("a", func(*limit.Registered) {}), ok)
	wantKind(t, "into something else", update("a", func(r *limit.Registered) { *r = quota("x", "r", "ram") }), ok)
	want(t, "as updated", get[limit.Registered](t)(w.Registered(w.ctx, "a")), quota("a", "r", "ram"))

	wantKind(t, "deleting its service", w.DeleteService(w.ctx, "s"), fault.Forbidden)
	wantKind(t, "deleting its region", w.DeleteRegion(w.ctx, "r"), fault.Forbidden)
	must(t, w.DeleteRegistered(w.ctx, "a"))
	wantKind(t, "deleting again", w.DeleteRegistered(w.ctx, "a"), fault.NotFound)
	must(t, w.DeleteRegistered(w.ctx, "b"))
	must(t, w.DeleteRegion(w.ctx, "r"))
	must(t, w.DeleteRegistered(w.ctx, "c"))
	must(t, w.DeleteService(w.ctx, "s"))
}

func limits(t *testing.T, w *world) {
	place(t, w)
	cores := quota("cores", "", "cores")
	must(t, w.CreateRegistered(w.ctx, []limit.Registered{cores, quota("ram", "r", "ram")}))
	l, d := limitOf("l", cores, "web", ""), limitOf("d", cores, "", "red")
	l.Value, l.Description = 0, new("")
	before := w.last(t)
	wantKind(t, "the same twice", w.CreateLimits(w.ctx, []limit.Limit{l, limitOf("x", cores, "web", "")}), fault.Conflict)
	want(t, "events of what failed", w.last(t), before)
	must(t, w.CreateLimits(w.ctx, []limit.Limit{l, d}))
	want(t, "of a project", get[limit.Limit](t)(w.Limit(w.ctx, "l")), l)
	want(t, "of a domain", get[limit.Limit](t)(w.Limit(w.ctx, "d")), d)
	wantKind(t, "one that is there", w.CreateLimits(w.ctx, []limit.Limit{limitOf("x", cores, "", "red")}), fault.Conflict)
	_, err := w.Limit(w.ctx, "no")
	wantKind(t, "reading nothing", err, fault.NotFound)
	_, err = w.Limit(w.ctx, "\x00")
	wantKind(t, "reading what cannot be", err, fault.NotFound)

	_, err = w.UpdateRegistered(w.ctx, "cores", func(*limit.Registered) error { return nil })
	wantKind(t, "changing a registered limit in use", err, fault.Forbidden)
	wantKind(t, "deleting a registered limit in use", w.DeleteRegistered(w.ctx, "cores"), fault.Forbidden)

	before = w.last(t)
	_, err = w.UpdateLimit(w.ctx, "no", func(*limit.Limit) error { return nil })
	wantKind(t, "changing nothing", err, fault.NotFound)
	l.Value, l.Description = -1, nil
	get[limit.Limit](t)(w.UpdateLimit(w.ctx, "l", func(x *limit.Limit) error {
		x.Value, x.Description, x.ProjectID, x.DomainID, x.RegisteredID = -1, nil, "", "blue", "ram"
		return nil
	}))
	want(t, "as updated", get[limit.Limit](t)(w.Limit(w.ctx, "l")), l)
	must(t, w.DeleteLimit(w.ctx, "l"))
	wantKind(t, "deleting again", w.DeleteLimit(w.ctx, "l"), fault.NotFound)
	want(t, "events", w.actions(t, before), []string{"limit.update", "limit.delete"})

	err = w.InTx(w.ctx, func(ctx context.Context) error {
		locked, err := w.LockRegistered(ctx, []limit.Key{cores.Key, {ServiceID: "s", ResourceName: "ram"}, {ServiceID: "\x00"}})
		want(t, "locked", locked, map[limit.Key]limit.Registered{cores.Key: cores})
		return err
	})
	must(t, err)
	owners := get[map[string]limit.Owner](t)(w.Owners(w.ctx, []string{"red", "web", "no", "\x00"}))
	want(t, "owners", owners, map[string]limit.Owner{"red": {ID: "red", DomainID: "red", IsDomain: true}, "web": {ID: "web", DomainID: "red"}})
}

func limitFilters(t *testing.T, w *world) {
	place(t, w)
	must(t, w.CreateProject(w.ctx, project("shop", "red", "red")))
	must(t, w.CreateProject(w.ctx, project("far", "blue", "blue")))
	cores, ram := quota("cores", "", "cores"), quota("ram", "r", "ram")
	must(t, w.CreateRegistered(w.ctx, []limit.Registered{cores, ram}))
	must(t, w.CreateLimits(w.ctx, []limit.Limit{
		limitOf("1", cores, "web", ""), limitOf("2", ram, "web", ""), limitOf("3", cores, "shop", ""), limitOf("4", cores, "", "red"),
		limitOf("5", cores, "", "blue"), limitOf("6", ram, "far", ""),
	}))
	page := func(q listing.Query) []string {
		return ids(get[listing.Page[limit.Limit]](t)(w.ListLimits(w.ctx, q)).Items, limitID)
	}
	for _, c := range []struct {
		what string
		q    listing.Query
		want []string
	}{
		{"everything", listing.Query{}, []string{"1", "2", "3", "4", "5", "6"}},
		{"a page", listing.Query{Limit: 2, Marker: "2"}, []string{"3", "4"}},
		{"a service", by("service_id", listing.Equals, "s"), []string{"1", "2", "3", "4", "5", "6"}},
		{"another service", by("service_id", listing.Equals, "x"), []string{}},
		{"a region", by("region_id", listing.Equals, "r"), []string{"2", "6"}},
		{"a resource", by("resource_name", listing.IContains, "RA"), []string{"2", "6"}},
		{"a project", by("project_id", listing.Equals, "web"), []string{"1", "2"}},
		{"some projects", by("project_id", listing.Contains, "h"), []string{"3"}},
		{"a domain", by("domain_id", listing.Equals, "red"), []string{"4"}},
		{"within a domain", by("within", listing.Equals, "red"), []string{"1", "2", "3", "4"}},
		{"within a domain, of a region", by("region_id", listing.Equals, "r").With("within", "red"), []string{"2"}},
	} {
		want(t, c.what, page(c.q), c.want)
	}
	of := get[[]limit.Limit](t)(w.LimitsOf(w.ctx, []string{"web", "blue", "no"}))
	want(t, "of owners", ids(of, limitID), []string{"1", "2", "5"})
	in := func(projects bool) int {
		return len(get[[]limit.Limit](t)(w.LimitsIn(w.ctx, []string{"cores"}, []string{"red"}, projects)))
	}
	want(t, "of the domain", in(false), 1)
	want(t, "of the domain and its projects", in(true), 3)
}

func limitDeletion(t *testing.T, w *world) {
	place(t, w)
	must(t, w.CreateProject(w.ctx, project("shop", "red", "red")))
	cores := quota("cores", "", "cores")
	must(t, w.CreateRegistered(w.ctx, []limit.Registered{cores}))
	must(t, w.CreateLimits(w.ctx, []limit.Limit{
		limitOf("1", cores, "web", ""), limitOf("2", cores, "shop", ""), limitOf("3", cores, "", "red"), limitOf("4", cores, "", "blue"),
	}))
	must(t, w.DeleteProject(w.ctx, "web"))
	want(t, "limits without the project", len(get[[]limit.Limit](t)(w.LimitsOf(w.ctx, []string{"web", "shop"}))), 1)
	must(t, w.DeleteProject(w.ctx, "red"))
	left := get[listing.Page[limit.Limit]](t)(w.ListLimits(w.ctx, listing.Query{}))
	want(t, "limits without the domain", ids(left.Items, limitID), []string{"4"})
}

func deepProjects(t *testing.T, w *world) {
	must(t, w.CreateProject(w.ctx, project("below", "red", "web")))
	want(t, "two levels", get[string](t)(w.ProjectDeeperThan(w.ctx, 2)), "")
	must(t, w.CreateProject(w.ctx, project("deep", "red", "below")))
	must(t, w.CreateProject(w.ctx, project("deeper", "red", "deep")))
	want(t, "four levels", get[string](t)(w.ProjectDeeperThan(w.ctx, 2)), "deep")
	want(t, "four levels are admitted", get[string](t)(w.ProjectDeeperThan(w.ctx, 4)), "")
}

// racingLimits makes limits while their registered limit changes its name or goes: none refers to what it does
// not mean.
func racingLimits(t *testing.T, w *world) {
	place(t, w)
	n := w.nodes(t)
	for i := range 4 {
		must(t, w.CreateProject(w.ctx, project(fmt.Sprint("p", i), "red", "red")))
	}
	cores := quota("cores", "", "cores")
	must(t, w.CreateRegistered(w.ctx, []limit.Registered{cores}))
	made := together(t, 12, func(i int) (bool, error) {
		s := n[i%2]
		if i%3 == 2 {
			_, err := s.UpdateRegistered(w.ctx, "cores", func(r *limit.Registered) error { r.ResourceName = "renamed"; return nil })
			if fault.Is(err, fault.Forbidden) {
				err = nil
			}
			return false, err
		}
		err := s.InTx(w.ctx, func(ctx context.Context) error {
			locked, err := s.LockRegistered(ctx, []limit.Key{cores.Key})
			if err != nil || len(locked) == 0 {
				return err
			}
			return s.CreateLimits(ctx, []limit.Limit{limitOf(fmt.Sprint("l", i), cores, fmt.Sprint("p", i%4), "")})
		})
		if fault.Is(err, fault.Conflict) {
			err = nil
		}
		return err == nil, err
	})
	stored := get[listing.Page[limit.Limit]](t)(w.ListLimits(w.ctx, listing.Query{})).Items
	r := get[limit.Registered](t)(w.Registered(w.ctx, "cores"))
	if len(stored) > 0 && r.ResourceName != "cores" {
		t.Errorf("%d limits (%d made) refer to %s", len(stored), made, r.ResourceName)
	}
}
