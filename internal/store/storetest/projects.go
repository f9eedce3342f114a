package storetest

import (
	"testing"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/resource"
)

type projectPage = listing.Page[resource.Project]

func projectTrees(t *testing.T, w *world) {
	for _, p := range [][2]string{{"b", "web"}, {"a", "web"}, {"a2", "a"}, {"b2", "b"}, {"a1", "a"}} {
		must(t, w.CreateProject(w.ctx, project(p[0], "red", p[1])))
	}
	for id, ancestors := range map[string][]string{"a1": {"a", "web", "red"}, "web": {"red"}, "red": {}, "no": {}} {
		want(t, "ancestors of "+id, ids(get[[]resource.Project](t)(w.Ancestors(w.ctx, id)), projectID), ancestors)
	}
	for id, below := range map[string][]string{"red": {"web", "a", "b", "a1", "a2", "b2"}, "b": {"b2"}, "a1": {}, "no": {}} {
		want(t, "subtree of "+id, ids(get[[]resource.Project](t)(w.Subtree(w.ctx, id)), projectID), below)
	}
	wantKind(t, "deleting a project with children", w.DeleteProject(w.ctx, "a"), fault.Forbidden)
	want(t, "children of a refused deletion", len(get[[]resource.Project](t)(w.Subtree(w.ctx, "a"))), 2)
	want(t, "by name", get[resource.Project](t)(w.ProjectByName(w.ctx, "red", "a1")).ID, "a1")
	want(t, "domain by name", get[resource.Project](t)(w.DomainByName(w.ctx, "red")).ID, "red")
	for name, call := range map[string]func() error{
		"a domain as a project by name": func() error { _, err := w.ProjectByName(w.ctx, "", "red"); return err },
		"a project as a domain by name": func() error { _, err := w.DomainByName(w.ctx, "web"); return err },
		"a user in a project as domain": func() error { return w.CreateUser(w.ctx, user("x", "web")) },
	} {
		wantKind(t, name, call(), fault.NotFound)
	}
	for filter, found := range map[string][]string{"true": {"blue", "red"}, "false": {"a", "a1", "a2", "b", "b2", "web"}} {
		want(t, "is_domain="+filter, ids(get[projectPage](t)(w.ListProjects(w.ctx, by("is_domain", listing.Equals, filter))).Items, projectID), found)
	}
	want(t, "parent_id", ids(get[projectPage](t)(w.ListProjects(w.ctx, by("parent_id", listing.Equals, "a"))).Items, projectID), []string{"a1", "a2"})
}

func projectZeroValues(t *testing.T, w *world) {
	p := resource.Project{ID: "p", Name: "p", DomainID: "red", ParentID: "web", Enabled: true, Description: new("d"),
		Tags: []string{"a", "b c", "ü"}, Options: resource.Options{Immutable: new(true)}, Extra: map[string]any{"k": "v"}}
	must(t, w.CreateProject(w.ctx, p))
	want(t, "as created", get[resource.Project](t)(w.Project(w.ctx, "p")), p)
	p.Enabled, p.Description, p.Tags, p.Options, p.Extra = false, new(""), nil, resource.Options{}, nil
	got := get[resource.Project](t)(w.UpdateProject(w.ctx, "p", func(x *resource.Project) error {
		*x = p
		x.DomainID, x.ParentID, x.IsDomain = "blue", "blue", true // not what an update may change
		return nil
	}))
	want(t, "as returned", got, p)
	want(t, "as stored", get[resource.Project](t)(w.Project(w.ctx, "p")), p)
	p.Description, p.Tags = nil, []string{"B", "b"}
	get[resource.Project](t)(w.UpdateProject(w.ctx, "p", func(x *resource.Project) error { *x = p; return nil }))
	want(t, "null description, other tags", get[resource.Project](t)(w.Project(w.ctx, "p")), p)
}

func tagFilters(t *testing.T, w *world) {
	for id, tags := range map[string][]string{"ab": {"a", "b"}, "bc": {"b", "c"}, "none": nil} {
		p := project(id, "blue", "blue")
		p.Tags = tags
		must(t, w.CreateProject(w.ctx, p))
	}
	for _, c := range []struct {
		attr, value string
		want        []string
	}{
		{"tags", "a,b", []string{"ab"}},
		{"tags", "b", []string{"ab", "bc"}},
		{"tags", "", []string{}},
		{"tags", "B", []string{}},
		{"tags-any", "a,c", []string{"ab", "bc"}},
		{"not-tags", "a,b", []string{"bc", "none"}},
		{"not-tags-any", "a,c", []string{"none"}},
	} {
		q := by(c.attr, listing.Equals, c.value).With("parent_id", "blue")
		q.Limit = 10
		want(t, c.attr+"="+c.value, ids(get[projectPage](t)(w.ListProjects(w.ctx, q)).Items, projectID), c.want)
	}
	q := by("tags", listing.Equals, "b").With("not-tags-any", "c")
	page := get[projectPage](t)(w.ListProjects(w.ctx, q))
	want(t, "both filters", ids(page.Items, projectID), []string{"ab"})
	want(t, "tags of a listed project", page.Items[0].Tags, []string{"a", "b"})
}

func deleteProject(t *testing.T, w *world) {
	must(t, w.CreateGrant(w.ctx, assignment.Grant{RoleID: "member", UserID: "ann", On: assignment.OnProject, TargetID: "web"}))
	get[identity.User](t)(w.UpdateUser(w.ctx, "ann", func(u *identity.User) error { u.DefaultProjectID = "web"; return nil }))
	before := w.last(t)
	must(t, w.DeleteProject(w.ctx, "web"))
	want(t, "default project", get[identity.User](t)(w.User(w.ctx, "ann")).DefaultProjectID, "")
	want(t, "grants", len(get[[]assignment.Grant](t)(w.Grants(w.ctx, assignment.Filter{}))), 0)
	want(t, "events", w.actions(t, before), []string{"user.update", "project.delete"})
}

func deleteDomain(t *testing.T, w *world) {
	must(t, w.CreateProject(w.ctx, project("deep", "red", "web")))
	must(t, w.CreateRole(w.ctx, assignment.Role{ID: "own", Name: "own", DomainID: "red"}))
	must(t, w.CreateGrant(w.ctx, assignment.Grant{RoleID: "member", UserID: "bob", On: assignment.OnDomain, TargetID: "red", Inherited: true}))
	must(t, w.CreateGrant(w.ctx, assignment.Grant{RoleID: "member", GroupID: "ops", On: assignment.OnSystem}))
	must(t, w.AddMember(w.ctx, "ops", "bob"))
	must(t, w.SetPassword(w.ctx, identity.Password{UserID: "ann", Hash: "h"}))
	get[identity.User](t)(w.UpdateUser(w.ctx, "bob", func(u *identity.User) error { u.DefaultProjectID = "deep"; return nil }))
	before := w.last(t)
	must(t, w.DeleteProject(w.ctx, "red"))
	for what, call := range map[string]func() error{
		"domain":  func() error { _, err := w.Project(w.ctx, "red"); return err },
		"project": func() error { _, err := w.Project(w.ctx, "deep"); return err },
		"user":    func() error { _, err := w.User(w.ctx, "ann"); return err },
		"group":   func() error { _, err := w.Group(w.ctx, "ops"); return err },
	} {
		wantKind(t, what+" of the deleted domain", call(), fault.NotFound)
	}
	want(t, "grants", len(get[[]assignment.Grant](t)(w.Grants(w.ctx, assignment.Filter{}))), 0)
	want(t, "role left behind", get[assignment.Role](t)(w.Role(w.ctx, "own")).DomainID, "red")
	want(t, "stranger's default project", get[identity.User](t)(w.User(w.ctx, "bob")).DefaultProjectID, "")
	told := map[string]bool{}
	for _, ev := range get[[]event.Event](t)(w.EventsAfter(w.ctx, before, 0)) {
		told[ev.Action+" "+ev.TargetID] = true
	}
	want(t, "what the events tell", told, map[string]bool{"user.update bob": true, "user.delete ann": true, "group.delete ops": true,
		"project.delete web": true, "project.delete deep": true, "project.delete red": true})
}
