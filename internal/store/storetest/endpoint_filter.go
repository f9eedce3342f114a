package storetest

import (
	"slices"
	"testing"

	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/resource"
)

func endpointID(e catalog.Endpoint) string           { return e.ID }
func endpointGroupID(g catalog.EndpointGroup) string { return g.ID }

func endpointGroups(t *testing.T, w *world) {
	text := "d"
	g := catalog.EndpointGroup{ID: "g", Name: "n", Description: &text, Filter: catalog.Filter{ServiceID: "any", RegionID: "eu west", Interface: catalog.Admin}}
	before := w.last(t)
	must(t, w.CreateEndpointGroup(w.ctx, g))
	want(t, "as created", get[catalog.EndpointGroup](t)(w.EndpointGroup(w.ctx, "g")), g)
	wantKind(t, "the same id", w.CreateEndpointGroup(w.ctx, g), fault.Conflict)
	wantKind(t, "text that cannot be stored", w.CreateEndpointGroup(w.ctx, catalog.EndpointGroup{ID: "x", Name: "n", Filter: catalog.Filter{ServiceID: "a\x00"}}), fault.BadRequest)
	must(t, w.CreateEndpointGroup(w.ctx, catalog.EndpointGroup{ID: "h", Name: "n"}))
	must(t, w.CreateEndpointGroup(w.ctx, catalog.EndpointGroup{ID: "i", Name: "other"}))
	named := get[listing.Page[catalog.EndpointGroup]](t)(w.ListEndpointGroups(w.ctx, listing.Query{}.With("name", "n")))
	want(t, "of one name", ids(named.Items, endpointGroupID), []string{"g", "h"})
	g.Description, g.Filter = nil, catalog.Filter{}
	get[catalog.EndpointGroup](t)(w.UpdateEndpointGroup(w.ctx, "g", func(x *catalog.EndpointGroup) error { *x = g; x.ID = "no"; return nil }))
	want(t, "as updated", get[catalog.EndpointGroup](t)(w.EndpointGroup(w.ctx, "g")), g)
	must(t, w.DeleteEndpointGroup(w.ctx, "g"))
	_, err := w.EndpointGroup(w.ctx, "g")
	wantKind(t, "a deleted group", err, fault.NotFound)
	wantKind(t, "deleting it again", w.DeleteEndpointGroup(w.ctx, "g"), fault.NotFound)
	_, err = w.UpdateEndpointGroup(w.ctx, "g", func(*catalog.EndpointGroup) error { return nil })
	wantKind(t, "changing it", err, fault.NotFound)
	want(t, "events", w.actions(t, before), []string{"endpoint_group.create", "endpoint_group.create", "endpoint_group.create", "endpoint_group.update", "endpoint_group.delete"})
}

// withEndpoints makes services s and t, regions eu and us, and endpoints of all kinds: seu is of s, in eu and public.
func (w *world) withEndpoints(t *testing.T) {
	for _, id := range []string{"eu", "us"} {
		must(t, w.CreateRegion(w.ctx, catalog.Region{ID: id}))
	}
	for _, service := range []string{"s", "t"} {
		must(t, w.CreateService(w.ctx, catalog.Service{ID: service, Type: "x", Enabled: true}))
		for _, region := range []string{"eu", "us", ""} {
			e := catalog.Endpoint{ID: service + region, Interface: catalog.Public, ServiceID: service, RegionID: region, URL: "http://x", Enabled: region != "us"}
			must(t, w.CreateEndpoint(w.ctx, e))
			e.ID, e.Interface = e.ID+"-admin", catalog.Admin
			must(t, w.CreateEndpoint(w.ctx, e))
		}
	}
}

// seenBy lists the endpoints of a project in both ways, which must agree.
func (w *world) seenBy(t *testing.T, project string) []string {
	t.Helper()
	page := get[listing.Page[catalog.Endpoint]](t)(w.ListEndpoints(w.ctx, listing.Query{}.With("project_id", project)))
	all := ids(page.Items, endpointID)
	bare := get[[]string](t)(w.EndpointsOf(w.ctx, project))
	slices.Sort(bare)
	if len(all)+len(bare) > 0 {
		want(t, "ids of the endpoints of "+project, bare, all)
	}
	return all
}

func projectLinks(t *testing.T, w *world) {
	w.withEndpoints(t)
	must(t, w.CreateProject(w.ctx, project("free", "red", "red")))
	for id, f := range map[string]catalog.Filter{
		"service": {ServiceID: "t"}, "region": {RegionID: "us"}, "both": {ServiceID: "s", RegionID: "eu", Interface: catalog.Admin},
		"all": {}, "none": {ServiceID: "missing"},
	} {
		must(t, w.CreateEndpointGroup(w.ctx, catalog.EndpointGroup{ID: id, Name: id, Filter: f}))
	}
	for id, matched := range map[string][]string{
		"service": {"t", "t-admin", "teu", "teu-admin", "tus", "tus-admin"}, "region": {"sus", "sus-admin", "tus", "tus-admin"},
		"both": {"seu-admin"}, "none": {}, "unknown": {},
	} {
		page := get[listing.Page[catalog.Endpoint]](t)(w.ListEndpoints(w.ctx, listing.Query{}.With("endpoint_group_id", id)))
		want(t, "endpoints of group "+id, ids(page.Items, endpointID), matched)
	}
	want(t, "filtered at first", len(get[[]string](t)(w.FilteredProjects(w.ctx))), 0)
	direct := catalog.ProjectLink{ProjectID: "web", EndpointID: "seu"}
	grouped := catalog.ProjectLink{ProjectID: "web", GroupID: "both"}
	for what, a := range map[string]catalog.ProjectLink{
		"project": {ProjectID: "no", EndpointID: "seu"}, "endpoint": {ProjectID: "web", EndpointID: "no"}, "group": {ProjectID: "web", GroupID: "no"},
	} {
		wantKind(t, "associating an unknown "+what, w.AddToProject(w.ctx, a), fault.NotFound)
		wantKind(t, "looking for it", w.InProject(w.ctx, a), fault.NotFound)
		wantKind(t, "ending it", w.RemoveFromProject(w.ctx, a), fault.NotFound)
	}
	before := w.last(t)
	for _, a := range []catalog.ProjectLink{direct, grouped} {
		wantKind(t, "looking for what is not there", w.InProject(w.ctx, a), fault.NotFound)
		must(t, w.AddToProject(w.ctx, a))
		wantKind(t, "once more", w.AddToProject(w.ctx, a), fault.Conflict)
		must(t, w.InProject(w.ctx, a))
	}
	must(t, w.AddToProject(w.ctx, catalog.ProjectLink{ProjectID: "web", EndpointID: "seu-admin"})) // both ways
	want(t, "endpoints of web", w.seenBy(t, "web"), []string{"seu", "seu-admin"})
	want(t, "endpoints of free", w.seenBy(t, "free"), []string{})
	want(t, "filtered", get[[]string](t)(w.FilteredProjects(w.ctx)), []string{"web"})
	for attr, id := range map[string]string{"endpoint_id": "seu", "endpoint_group_id": "both"} {
		page := get[listing.Page[resource.Project]](t)(w.ListProjects(w.ctx, listing.Query{}.With(attr, id)))
		want(t, "projects by "+attr, ids(page.Items, projectID), []string{"web"})
	}
	groups := get[listing.Page[catalog.EndpointGroup]](t)(w.ListEndpointGroups(w.ctx, listing.Query{}.With("project_id", "web")))
	want(t, "groups of web", ids(groups.Items, endpointGroupID), []string{"both"})
	must(t, w.RemoveFromProject(w.ctx, direct))
	want(t, "what is left", w.seenBy(t, "web"), []string{"seu-admin"})
	want(t, "events", w.actions(t, before), []string{"endpoint.associate", "endpoint_group.associate", "endpoint.associate", "endpoint.dissociate"})
	for _, ev := range get[[]event.Event](t)(w.EventsAfter(w.ctx, before, 0)) {
		want(t, "kind and project of "+ev.Action, []any{ev.Kind, ev.Detail["project_id"]}, []any{event.Catalog, "web"})
	}
}

func projectLinksGo(t *testing.T, w *world) {
	w.withEndpoints(t)
	must(t, w.CreateEndpointGroup(w.ctx, catalog.EndpointGroup{ID: "g", Name: "g"}))
	fill := func() {
		t.Helper()
		must(t, w.CreateProject(w.ctx, project("p", "red", "red")))
		for _, a := range []catalog.ProjectLink{{ProjectID: "p", EndpointID: "seu"}, {ProjectID: "p", GroupID: "g"}} {
			must(t, w.AddToProject(w.ctx, a))
		}
	}
	filtered := func() []string { return append([]string{}, get[[]string](t)(w.FilteredProjects(w.ctx))...) }
	fill()
	must(t, w.DeleteProject(w.ctx, "p"))
	want(t, "after the project is deleted", filtered(), []string{})
	fill()
	must(t, w.DeleteEndpointGroup(w.ctx, "g"))
	want(t, "after the group is deleted", w.seenBy(t, "p"), []string{"seu"})
	must(t, w.DeleteService(w.ctx, "s"))
	want(t, "after the endpoint is deleted with its service", filtered(), []string{})
	must(t, w.AddToProject(w.ctx, catalog.ProjectLink{ProjectID: "p", EndpointID: "teu"}))
	must(t, w.DeleteEndpoint(w.ctx, "teu"))
	want(t, "after the endpoint is deleted", filtered(), []string{})
	must(t, w.AddToProject(w.ctx, catalog.ProjectLink{ProjectID: "p", EndpointID: "tus"}))
	must(t, w.DeleteProject(w.ctx, "red"))
	want(t, "after the domain is deleted", filtered(), []string{})
}

func racingProjectLinks(t *testing.T, w *world) {
	w.withEndpoints(t)
	wins := together(t, 6, func(int) (bool, error) {
		err := w.AddToProject(w.ctx, catalog.ProjectLink{ProjectID: "web", EndpointID: "seu"})
		if fault.Is(err, fault.Conflict) {
			return false, nil
		}
		return err == nil, err
	})
	want(t, "how many associated", wins, 1)
}
