package assignment_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/dbtest"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/store"
)

// fine is the kind that stands for no error in tables.
const fine = fault.Kind(-1)

// world is a service over SQLite with the domains red (projects shop > web > cart, users ann and eve, group
// ops of both) and blue (project sky, user bob), the roles admin > manager > member > reader, the roles of red
// lead > member and hermit, and lead of blue.
type world struct {
	*assignment.Service
	store *store.Store
	ctx   context.Context
}

func newWorld(t *testing.T) *world {
	t.Helper()
	n := 0
	newID := func() string { n++; return fmt.Sprintf("%032d", n) }
	s, err := store.Open(t.Context(), store.Options{
		URL: dbtest.SQLite(t), NewID: newID,
		Now: func() time.Time { return time.Date(2031, 5, 1, 9, 30, 0, 0, time.UTC) },
	})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	w := &world{assignment.NewService(s, newID), s, t.Context()}
	for _, p := range []resource.Project{
		{ID: "red", IsDomain: true},
		{ID: "blue", IsDomain: true},
		{ID: "shop", DomainID: "red", ParentID: "red"},
		{ID: "web", DomainID: "red", ParentID: "shop"},
		{ID: "cart", DomainID: "red", ParentID: "web"},
		{ID: "sky", DomainID: "blue", ParentID: "blue"},
	} {
		p.Name, p.Enabled = strings.ToUpper(p.ID), p.ID != "cart"
		must(t, s.CreateProject(w.ctx, p))
	}
	for id, domain := range map[string]string{"ann": "red", "eve": "red", "bob": "blue"} {
		must(t, s.CreateUser(w.ctx, identity.User{ID: id, Name: strings.ToUpper(id), DomainID: domain, Enabled: true}))
	}
	must(t, s.CreateGroup(w.ctx, identity.Group{ID: "ops", Name: "OPS", DomainID: "red"}))
	must(t, s.AddMember(w.ctx, "ops", "ann"))
	must(t, s.AddMember(w.ctx, "ops", "eve"))
	for _, id := range []string{"admin", "manager", "member", "reader", "lead@red", "hermit@red", "lead@blue"} {
		name, domain, _ := strings.Cut(id, "@")
		must(t, s.CreateRole(w.ctx, assignment.Role{ID: strings.ReplaceAll(id, "@", "-"), Name: name, DomainID: domain}))
	}
	for _, i := range []assignment.Implication{{"admin", "manager"}, {"manager", "member"}, {"member", "reader"}, {"lead-red", "member"}} {
		must(t, s.CreateImplication(w.ctx, i))
	}
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if err == nil && want == fine || err != nil && fault.Is(err, want) {
		return
	}
	t.Errorf("%s: got %v, want kind %d", what, err, want)
}

// grant reads "ann member web", "@ops reader red+" (a group, inherited on a domain) or "ann admin system".
func grant(s string) assignment.Grant {
	var who, role, on string
	_, _ = fmt.Sscan(s, &who, &role, &on)
	g := assignment.Grant{RoleID: role, On: assignment.OnProject}
	if group, ok := strings.CutPrefix(who, "@"); ok {
		g.GroupID = group
	} else {
		g.UserID = who
	}
	g.TargetID, g.Inherited = strings.CutSuffix(on, "+")
	switch g.TargetID {
	case "red", "blue", "nowhere":
		g.On = assignment.OnDomain
	case "red-as-project":
		g.TargetID = "red"
	case "web-as-domain":
		g.On, g.TargetID = assignment.OnDomain, "web"
	case "system":
		g.On, g.TargetID = assignment.OnSystem, ""
	}
	return g
}

func (w *world) give(t *testing.T, grants ...string) {
	t.Helper()
	for _, g := range grants {
		must(t, w.Grant(w.ctx, grant(g)))
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name string
		role assignment.Role
		want fault.Kind
	}{
		{"a role needs a name", assignment.Role{Name: " "}, fault.BadRequest},
		{"a name holds no line break", assignment.Role{Name: "a\nb"}, fault.BadRequest},
		{"a name is not longer than 255", assignment.Role{Name: strings.Repeat("x", 256)}, fault.BadRequest},
		{"a global name is taken once", assignment.Role{Name: "member"}, fault.Conflict},
		{"a name is taken once in a domain", assignment.Role{Name: "lead", DomainID: "red"}, fault.Conflict},
		{"a domain may use a global name", assignment.Role{Name: "member", DomainID: "red"}, fine},
		{"the domain of a role need not exist", assignment.Role{Name: "member", DomainID: "gone"}, fine},
		{"white space around a name counts", assignment.Role{Name: "member "}, fine},
	} {
		r, err := w.CreateRole(w.ctx, c.role)
		wantKind(t, c.name, err, c.want)
		if err == nil && (r.ID == "" || r.Name != c.role.Name) {
			t.Errorf("%s: got %+v", c.name, r)
		}
	}
	for domain, want := range map[string][]string{"": {"admin", "manager", "member", "member ", "reader"}, "blue": {"lead"}} {
		page, err := w.ListRoles(w.ctx, domain, listing.Query{})
		must(t, err)
		var got []string
		for _, r := range page.Items {
			got = append(got, r.Name)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("roles of %q: got %q, want %q", domain, got, want)
		}
	}
}

func TestUpdateRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	on, off, unset := optional.Of(true), optional.Of(false), optional.Null[bool]()
	for _, c := range []struct {
		name  string
		id    string
		patch assignment.RolePatch
		want  fault.Kind
	}{
		{"what does not exist is not found", "gone", assignment.RolePatch{}, fault.NotFound},
		{"the id stays", "member", assignment.RolePatch{ID: optional.Of("other")}, fault.BadRequest},
		{"the domain stays", "lead-red", assignment.RolePatch{DomainID: optional.Of("blue")}, fault.BadRequest},
		{"a role of a domain does not become global", "lead-red", assignment.RolePatch{DomainID: optional.Null[string]()}, fault.BadRequest},
		{"a name is not null", "member", assignment.RolePatch{Name: optional.Null[string]()}, fault.BadRequest},
		{"a taken name is refused", "member", assignment.RolePatch{Name: optional.Of("reader")}, fault.Conflict},
		{"what stays may be said", "lead-red", assignment.RolePatch{ID: optional.Of("lead-red"), DomainID: optional.Of("red")}, fine},
		{"a role becomes immutable", "member", assignment.RolePatch{Immutable: on}, fine},
		{"an immutable role keeps its name", "member", assignment.RolePatch{Name: optional.Of("x")}, fault.Forbidden},
		{"an immutable role is not made so again", "member", assignment.RolePatch{Immutable: on}, fault.Forbidden},
		{"protection does not end in passing", "member", assignment.RolePatch{Immutable: off, Extra: map[string]any{"a": "b"}}, fault.Forbidden},
		{"protection ends by false", "member", assignment.RolePatch{Immutable: off}, fine},
		{"a role becomes immutable again", "member", assignment.RolePatch{Immutable: on}, fine},
		{"protection ends by null", "member", assignment.RolePatch{Immutable: unset}, fine},
		{"then the name may change", "member", assignment.RolePatch{Name: optional.Of("worker"), Extra: map[string]any{"a": "b"}}, fine},
	} {
		_, err := w.UpdateRole(w.ctx, c.id, c.patch)
		wantKind(t, c.name, err, c.want)
	}
	r, err := w.UpdateRole(w.ctx, "member", assignment.RolePatch{Description: optional.Of(""), Extra: map[string]any{"c": "d"}})
	must(t, err)
	if r.Name != "worker" || r.Description == nil || *r.Description != "" || r.Options.Immutable != nil || len(r.Extra) != 2 {
		t.Errorf("after all: got %+v", r)
	}
	_, err = w.UpdateRole(w.ctx, "reader", assignment.RolePatch{Immutable: on})
	must(t, err)
	wantKind(t, "deleting an immutable role", w.DeleteRole(w.ctx, "reader"), fault.Forbidden)
	wantKind(t, "deleting a role", w.DeleteRole(w.ctx, "member"), fine)
	wantKind(t, "deleting it again", w.DeleteRole(w.ctx, "member"), fault.NotFound)
}

func TestImply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name           string
		prior, implied string
		want           fault.Kind
	}{
		{"an unknown prior role is not found", "gone", "reader", fault.NotFound},
		{"an unknown implied role is not found", "reader", "gone", fault.NotFound},
		{"nothing implies admin", "lead-red", "admin", fault.Forbidden},
		{"a global role implies no role of a domain", "reader", "lead-red", fault.Forbidden},
		{"a role does not imply itself", "reader", "reader", fault.BadRequest},
		{"two roles do not imply each other", "member", "manager", fault.BadRequest},
		{"a long loop is refused", "reader", "manager", fault.BadRequest},
		{"an implication is made once", "manager", "member", fault.Conflict},
		{"a short cut is no loop", "manager", "reader", fine},
		{"a role of a domain implies global ones", "hermit-red", "reader", fine},
	} {
		_, _, err := w.Imply(w.ctx, c.prior, c.implied)
		wantKind(t, c.name, err, c.want)
	}
	_, _, err := w.Implication(w.ctx, "manager", "reader")
	wantKind(t, "the short cut", err, fine)
	wantKind(t, "unimplying it", w.Unimply(w.ctx, "manager", "reader"), fine)
	wantKind(t, "unimplying it again", w.Unimply(w.ctx, "manager", "reader"), fault.NotFound)
	_, _, err = w.Implication(w.ctx, "manager", "reader")
	wantKind(t, "an implication through others", err, fault.NotFound)

	var got []string
	all, err := w.Inferences(w.ctx)
	must(t, err)
	for _, i := range all {
		got = append(got, i.Prior.ID+">"+i.Implies[0].ID)
	}
	if want := "admin>manager hermit-red>reader lead-red>member manager>member member>reader"; strings.Join(got, " ") != want {
		t.Errorf("inferences: got %q, want %q", got, want)
	}
	i, err := w.Implied(w.ctx, "reader")
	if err != nil || i.Prior.ID != "reader" || len(i.Implies) != 0 {
		t.Errorf("what reader implies: got %+v, %v", i, err)
	}
	_, err = w.Implied(w.ctx, "gone")
	wantKind(t, "what an unknown role implies", err, fault.NotFound)
}

func TestGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		grant string
		want  fault.Kind
	}{
		{"ann gone web", fault.NotFound},
		{"gone member web", fault.NotFound},
		{"@gone member web", fault.NotFound},
		{"gone member web+", fault.NotFound},
		{"ann member nothing", fault.NotFound},
		{"ann member nowhere", fault.NotFound},
		{"ann member web-as-domain", fault.NotFound},
		{"ann lead-blue web", fault.Forbidden},
		{"ann lead-blue red", fine}, // Keystone's clients do this
		{"ann lead-blue red+", fine},
		{"ann lead-red system", fault.BadRequest},
		{"ann lead-red web", fine},
		{"ann lead-red red+", fine},
		{"ann lead-red red-as-project", fine},
		{"ann member web", fine},
		{"ann member web", fine}, // again
		{"@ops member blue", fine},
		{"@ops reader system", fine},
		{"bob reader shop+", fine},
	} {
		wantKind(t, "grant "+c.grant, w.Grant(w.ctx, grant(c.grant)), c.want)
		held := c.want
		if held == fault.Forbidden || held == fault.BadRequest {
			held = fault.NotFound
		}
		wantKind(t, "check "+c.grant, w.CheckGrant(w.ctx, grant(c.grant)), held)
	}
	for _, c := range []struct {
		grant string
		want  fault.Kind
	}{
		{"ann member web+", fault.NotFound},
		{"bob reader shop", fault.NotFound},
		{"gone member web", fault.NotFound},
		{"ann member nothing", fault.NotFound},
		{"ann member web", fine},
		{"ann member web", fault.NotFound}, // again
		{"bob reader shop+", fine},
		{"@ops reader system", fine},
	} {
		wantKind(t, "revoke "+c.grant, w.Revoke(w.ctx, grant(c.grant)), c.want)
	}
}

func TestGranted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.give(t, "ann member web", "ann reader web+", "@ops admin web", "ann reader red", "ann manager red-as-project", "ann admin system")
	for _, c := range []struct{ where, want string }{
		{"ann - web", "member"},
		{"ann - web+", "reader"},
		{"@ops - web", "admin"},
		{"eve - web", ""},
		{"ann - red", "reader"}, // not what is on the domain seen as a project
		{"ann - red-as-project", "manager"},
		{"ann - system", "admin"},
		{"@ops - system", ""},
	} {
		roles, err := w.Granted(w.ctx, grant(c.where))
		must(t, err)
		var got []string
		for _, r := range roles {
			got = append(got, r.ID)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %q, want %q", c.where, got, c.want)
		}
	}
	for _, where := range []string{"gone - web", "@gone - web", "ann - nothing", "ann - nowhere", "gone - system"} {
		_, err := w.Granted(w.ctx, grant(where))
		wantKind(t, where, err, fault.NotFound)
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, err := w.Parts(w.ctx, grant("gone member web"))
	wantKind(t, "a missing user", err, fault.NotFound)
	if p.Role == nil || p.User != nil || p.Project == nil {
		t.Errorf("a missing user: got %+v, want the rest", p)
	}
	if attrs := p.PolicyAttrs(); len(attrs) != 5 {
		t.Errorf("a missing user: got attributes %v, want those of role and project", attrs)
	}
	_, err = w.Leftovers(w.ctx, grant("gone member web"))
	wantKind(t, "a missing user when revoking", err, fine)
	p, err = w.Leftovers(w.ctx, grant("ann gone red"))
	wantKind(t, "a missing role when revoking", err, fault.NotFound)
	if attrs := p.PolicyAttrs(); len(attrs) != 3 {
		t.Errorf("a missing role: got attributes %v, want those of user and domain, and none that says global", attrs)
	}
}

func TestReach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.give(t, "@ops reader shop+", "ann lead-red shop", "eve hermit-red shop", "bob member blue", "bob reader red+", "@ops admin system", "bob hermit-red red")
	for _, c := range []struct{ user, projects, domains, system string }{
		{"ann", "cart shop web", "", "true"},
		{"eve", "cart web", "", "true"},
		{"bob", "cart shop web", "blue", "false"},
		{"gone", "", "", "false"},
	} {
		projects, err := w.ProjectsOf(w.ctx, c.user)
		must(t, err)
		domains, err := w.DomainsOf(w.ctx, c.user)
		must(t, err)
		system, err := w.HasSystemRole(w.ctx, c.user)
		must(t, err)
		if got := join(projects); got != c.projects {
			t.Errorf("projects of %s: got %q, want %q", c.user, got, c.projects)
		}
		if got := join(domains); got != c.domains {
			t.Errorf("domains of %s: got %q, want %q", c.user, got, c.domains)
		}
		if got := fmt.Sprint(system); got != c.system {
			t.Errorf("system role of %s: got %s, want %s", c.user, got, c.system)
		}
	}
}

func join(projects []resource.Project) string {
	var ids []string
	for _, p := range projects {
		ids = append(ids, p.ID)
	}
	return strings.Join(ids, " ")
}
