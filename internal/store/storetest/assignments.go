package storetest

import (
	"testing"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/resource"
)

func roles(t *testing.T, w *world) {
	r := assignment.Role{ID: "lead", Name: "Lead", Description: new(""), Options: resource.Options{Immutable: new(false)}, Extra: map[string]any{"k": "v"}}
	must(t, w.CreateRole(w.ctx, r))
	want(t, "as created", get[assignment.Role](t)(w.Role(w.ctx, "lead")), r)
	r.Description, r.Options, r.Extra = nil, resource.Options{}, nil
	get[assignment.Role](t)(w.UpdateRole(w.ctx, "lead", func(x *assignment.Role) error { *x = r; x.DomainID = "red"; return nil }))
	want(t, "as updated", get[assignment.Role](t)(w.RoleByName(w.ctx, "", "Lead")), r)
	must(t, w.CreateRole(w.ctx, assignment.Role{ID: "dom", Name: "Lead", DomainID: "red"}))
	want(t, "role of a domain", get[assignment.Role](t)(w.RoleByName(w.ctx, "red", "Lead")).ID, "dom")
	want(t, "global roles", ids(get[listing.Page[assignment.Role]](t)(w.ListRoles(w.ctx, by("domain_id", listing.Equals, ""))).Items, roleID), []string{"lead", "member"})
	want(t, "all roles", ids(get[[]assignment.Role](t)(w.AllRoles(w.ctx)), roleID), []string{"dom", "lead", "member"})
	i := assignment.Implication{PriorRoleID: "lead", ImpliedRoleID: "member"}
	wantKind(t, "implying nothing", w.CreateImplication(w.ctx, assignment.Implication{PriorRoleID: "lead", ImpliedRoleID: "no"}), fault.NotFound)
	must(t, w.CreateImplication(w.ctx, i))
	wantKind(t, "implying again", w.CreateImplication(w.ctx, i), fault.Conflict)
	want(t, "implications", get[[]assignment.Implication](t)(w.Implications(w.ctx)), []assignment.Implication{i})
	must(t, w.DeleteImplication(w.ctx, i))
	must(t, w.CreateImplication(w.ctx, i))
	must(t, w.CreateGrant(w.ctx, assignment.Grant{RoleID: "member", UserID: "ann", On: assignment.OnSystem}))
	must(t, w.DeleteRole(w.ctx, "member"))
	want(t, "implications of a deleted role", len(get[[]assignment.Implication](t)(w.Implications(w.ctx))), 0)
	want(t, "grants of a deleted role", len(get[[]assignment.Grant](t)(w.Grants(w.ctx, assignment.Filter{}))), 0)
}

func roleID(r assignment.Role) string { return r.ID }

func grants(t *testing.T, w *world) {
	g := assignment.Grant{RoleID: "member", UserID: "ann", On: assignment.OnProject, TargetID: "web"}
	for _, c := range []struct {
		what   string
		change func(*assignment.Grant)
		want   fault.Kind
	}{
		{"an unknown role", func(g *assignment.Grant) { g.RoleID = "no" }, fault.NotFound},
		{"an unknown user", func(g *assignment.Grant) { g.UserID = "no" }, fault.NotFound},
		{"an unknown group", func(g *assignment.Grant) { g.UserID, g.GroupID = "", "no" }, fault.NotFound},
		{"an unknown project", func(g *assignment.Grant) { g.TargetID = "no" }, fault.NotFound},
		{"a project as a domain", func(g *assignment.Grant) { g.On = assignment.OnDomain }, fault.NotFound},
		{"nobody", func(g *assignment.Grant) { g.UserID = "" }, fault.BadRequest},
		{"two actors", func(g *assignment.Grant) { g.GroupID = "ops" }, fault.BadRequest},
		{"a system with an id", func(g *assignment.Grant) { g.On = assignment.OnSystem }, fault.BadRequest},
		{"a user on a project", func(*assignment.Grant) {}, ok},
		{"the same, inherited", func(g *assignment.Grant) { g.Inherited = true }, ok},
		{"a domain as a project", func(g *assignment.Grant) { g.TargetID = "red" }, ok},
		{"the domain itself", func(g *assignment.Grant) { g.TargetID, g.On = "red", assignment.OnDomain }, ok},
		{"a group on the system", func(g *assignment.Grant) {
			*g = assignment.Grant{RoleID: "member", GroupID: "ops", On: assignment.OnSystem}
		}, ok},
	} {
		x := g
		c.change(&x)
		wantKind(t, c.what, w.CreateGrant(w.ctx, x), c.want)
		want(t, c.what+" is there", get[bool](t)(w.HasGrant(w.ctx, x)), c.want == ok)
		if c.want == ok {
			before := w.last(t)
			must(t, w.CreateGrant(w.ctx, x))
			want(t, "events of "+c.what+" again", w.last(t), before)
		}
	}
	want(t, "grants", len(get[[]assignment.Grant](t)(w.Grants(w.ctx, assignment.Filter{}))), 5)
	must(t, w.DeleteGrant(w.ctx, g))
	wantKind(t, "deleting again", w.DeleteGrant(w.ctx, g), fault.NotFound)
	must(t, w.DeleteUser(w.ctx, "ann"))
	must(t, w.DeleteGroup(w.ctx, "ops"))
	want(t, "grants of deleted actors", len(get[[]assignment.Grant](t)(w.Grants(w.ctx, assignment.Filter{}))), 0)
}

func grantFilters(t *testing.T, w *world) {
	must(t, w.CreateRole(w.ctx, assignment.Role{ID: "lead", Name: "lead"}))
	must(t, w.AddMember(w.ctx, "ops", "ann"))
	byUser := assignment.Grant{RoleID: "member", UserID: "ann", On: assignment.OnProject, TargetID: "web"}
	byGroup := assignment.Grant{RoleID: "lead", GroupID: "ops", On: assignment.OnDomain, TargetID: "red", Inherited: true}
	onSystem := assignment.Grant{RoleID: "member", UserID: "bob", On: assignment.OnSystem}
	for _, g := range []assignment.Grant{byUser, byGroup, onSystem} {
		must(t, w.CreateGrant(w.ctx, g))
	}
	for _, c := range []struct {
		what   string
		filter assignment.Filter
		want   []assignment.Grant
	}{
		{"everything", assignment.Filter{}, []assignment.Grant{byGroup, byUser, onSystem}},
		{"a user", assignment.Filter{UserID: "ann"}, []assignment.Grant{byUser}},
		{"a user and the user's groups", assignment.Filter{UserID: "ann", UserOrItsGroups: true}, []assignment.Grant{byGroup, byUser}},
		{"a user without groups", assignment.Filter{UserID: "bob", UserOrItsGroups: true}, []assignment.Grant{onSystem}},
		{"nobody in particular", assignment.Filter{UserOrItsGroups: true}, []assignment.Grant{byGroup, byUser, onSystem}},
		{"a group", assignment.Filter{GroupID: "ops"}, []assignment.Grant{byGroup}},
		{"a role", assignment.Filter{RoleID: "member"}, []assignment.Grant{byUser, onSystem}},
		{"a kind of target", assignment.Filter{On: assignment.OnSystem}, []assignment.Grant{onSystem}},
		{"targets", assignment.Filter{TargetIDs: []string{"red", "web"}}, []assignment.Grant{byGroup, byUser}},
		{"inherited ones", assignment.Filter{Inherited: new(true)}, []assignment.Grant{byGroup}},
		{"direct ones", assignment.Filter{Inherited: new(false)}, []assignment.Grant{byUser, onSystem}},
		{"an unknown user", assignment.Filter{UserID: "no"}, []assignment.Grant{}},
	} {
		want(t, c.what, get[[]assignment.Grant](t)(w.Grants(w.ctx, c.filter)), c.want)
	}
}

func regions(t *testing.T, w *world) {
	top := catalog.Region{ID: "eu/west 1=1", Description: "d", Extra: map[string]any{"k": "v"}}
	must(t, w.CreateRegion(w.ctx, top))
	want(t, "as created", get[catalog.Region](t)(w.Region(w.ctx, top.ID)), top)
	wantKind(t, "the same id", w.CreateRegion(w.ctx, top), fault.Conflict)
	wantKind(t, "an unknown parent", w.CreateRegion(w.ctx, catalog.Region{ID: "x", ParentID: "no"}), fault.NotFound)
	must(t, w.CreateRegion(w.ctx, catalog.Region{ID: "mid", ParentID: top.ID}))
	must(t, w.CreateRegion(w.ctx, catalog.Region{ID: "low", ParentID: "mid"}))
	for id, kind := range map[string]fault.Kind{"low": fault.BadRequest, top.ID: fault.BadRequest, "no": fault.NotFound} {
		_, err := w.UpdateRegion(w.ctx, top.ID, func(r *catalog.Region) error { r.ParentID = id; return nil })
		wantKind(t, "moving the top below "+id, err, kind)
	}
	top.Description, top.Extra = "", nil
	get[catalog.Region](t)(w.UpdateRegion(w.ctx, top.ID, func(r *catalog.Region) error { *r = top; return nil }))
	want(t, "as updated", get[catalog.Region](t)(w.Region(w.ctx, top.ID)), top)
	want(t, "children", len(get[listing.Page[catalog.Region]](t)(w.ListRegions(w.ctx, by("parent_region_id", listing.Equals, "mid"))).Items), 1)
	must(t, w.CreateService(w.ctx, catalog.Service{ID: "s", Type: "t"}))
	must(t, w.CreateEndpoint(w.ctx, catalog.Endpoint{ID: "e", Interface: catalog.Public, ServiceID: "s", RegionID: "low", URL: "http://x"}))
	wantKind(t, "deleting a region with an endpoint below", w.DeleteRegion(w.ctx, top.ID), fault.Forbidden)
	must(t, w.DeleteEndpoint(w.ctx, "e"))
	must(t, w.DeleteRegion(w.ctx, top.ID))
	want(t, "regions left", len(get[listing.Page[catalog.Region]](t)(w.ListRegions(w.ctx, listing.Query{})).Items), 0)
}

func services(t *testing.T, w *world) {
	v := catalog.Service{ID: "s", Type: "object-store", Name: "swift", Enabled: true, Extra: map[string]any{"description": "d"}}
	must(t, w.CreateService(w.ctx, v))
	want(t, "as created", get[catalog.Service](t)(w.Service(w.ctx, "s")), v)
	v.Name, v.Enabled, v.Extra = "", false, nil
	get[catalog.Service](t)(w.UpdateService(w.ctx, "s", func(x *catalog.Service) error { *x = v; return nil }))
	want(t, "as updated", get[catalog.Service](t)(w.Service(w.ctx, "s")), v)
	must(t, w.CreateRegion(w.ctx, catalog.Region{ID: "r"}))
	e := catalog.Endpoint{ID: "e", Interface: catalog.Admin, ServiceID: "s", URL: "http://x/$(project_id)s", RegionID: "r", Enabled: true}
	for what, change := range map[string]func(*catalog.Endpoint){
		"service": func(e *catalog.Endpoint) { e.ServiceID = "no" }, "region": func(e *catalog.Endpoint) { e.RegionID = "no" },
	} {
		x := e
		change(&x)
		wantKind(t, "an endpoint of an unknown "+what, w.CreateEndpoint(w.ctx, x), fault.NotFound)
	}
	must(t, w.CreateEndpoint(w.ctx, e))
	want(t, "endpoint", get[catalog.Endpoint](t)(w.Endpoint(w.ctx, "e")), e)
	e.Enabled, e.RegionID = false, ""
	get[catalog.Endpoint](t)(w.UpdateEndpoint(w.ctx, "e", func(x *catalog.Endpoint) error { *x = e; return nil }))
	_, err := w.UpdateEndpoint(w.ctx, "e", func(x *catalog.Endpoint) error { x.ServiceID = "no"; return nil })
	wantKind(t, "moving an endpoint to an unknown service", err, fault.NotFound)
	rs, ss, es, err := w.Catalog(w.ctx)
	must(t, err)
	want(t, "catalog", len(rs) == 1 && len(ss) == 1 && len(es) == 1, true)
	want(t, "endpoint in the catalog", es[0], e)
	must(t, w.DeleteService(w.ctx, "s"))
	_, err = w.Endpoint(w.ctx, "e")
	wantKind(t, "an endpoint of a deleted service", err, fault.NotFound)
}
