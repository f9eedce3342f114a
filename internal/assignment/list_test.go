package assignment_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/resource"
)

// show writes an entry as "ann member web", with + for inherited, "<" before the grant behind it when that
// differs and "via" before the prior role.
func show(a assignment.Assignment) string {
	s := showGrant(a.Grant)
	if a.By != a.Grant {
		s += " < " + showGrant(a.By)
	}
	if a.PriorRoleID != "" {
		s += " via " + a.PriorRoleID
	}
	return s
}

func showGrant(g assignment.Grant) string {
	on := g.TargetID
	if g.On == assignment.OnSystem {
		on = "system"
	}
	if g.Inherited {
		on += "+"
	}
	if g.GroupID != "" {
		return "@" + g.GroupID + " " + g.RoleID + " " + on
	}
	return g.UserID + " " + g.RoleID + " " + on
}

func TestListStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.give(t, "ann member web", "@ops reader shop+", "ann manager red", "bob reader red+", "bob member sky", "ann admin system")
	yes, no := true, false
	for _, c := range []struct {
		name  string
		query assignment.Query
		want  []string
	}{
		{"everything", assignment.Query{}, []string{"@ops reader shop+", "ann admin system", "ann manager red", "ann member web", "bob member sky", "bob reader red+"}},
		{"of a user, without groups", assignment.Query{UserID: "eve"}, nil},
		{"of a group", assignment.Query{GroupID: "ops"}, []string{"@ops reader shop+"}},
		{"of a role, without what implies it", assignment.Query{RoleID: "member"}, []string{"ann member web", "bob member sky"}},
		{"on a project", assignment.Query{ProjectID: "web"}, []string{"ann member web"}},
		{"on a tree", assignment.Query{ProjectID: "shop", Subtree: true}, []string{"@ops reader shop+", "ann member web"}},
		{"on a domain", assignment.Query{DomainID: "red"}, []string{"ann manager red", "bob reader red+"}},
		{"on the system", assignment.Query{System: true}, []string{"ann admin system"}},
		{"inherited ones and the system's", assignment.Query{Inherited: &yes}, []string{"@ops reader shop+", "ann admin system", "bob reader red+"}},
		{"plain ones", assignment.Query{Inherited: &no}, []string{"ann admin system", "ann manager red", "ann member web", "bob member sky"}},
		{"in one domain", assignment.Query{Within: "red"}, []string{"@ops reader shop+", "ann manager red", "ann member web", "bob reader red+"}},
		{"in one domain never on the system", assignment.Query{Within: "red", System: true}, nil},
		{"in one domain never on others' projects", assignment.Query{Within: "red", ProjectID: "sky"}, nil},
		{"of what does not exist", assignment.Query{UserID: "gone", ProjectID: "gone"}, nil},
	} {
		wantEntries(t, w, c.name, c.query, c.want)
	}
}

func TestListEffective(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.give(t, "@ops reader shop+", "ann manager red", "bob member red+", "eve lead-red web", "bob hermit-red web", "bob admin system", "bob reader sky")
	yes, no := true, false
	for _, c := range []struct {
		name  string
		query assignment.Query
		want  []string
	}{
		{"on a project: groups, inheritance and implications", assignment.Query{ProjectID: "web"}, []string{
			"ann reader web+ < @ops reader shop+",
			"bob member web+ < bob member red+",
			"bob reader web+ < bob member red+ via member",
			"eve member web < eve lead-red web via lead-red",
			"eve reader web < eve lead-red web via member",
			"eve reader web+ < @ops reader shop+",
		}},
		{"where a role is inherited from, it does not hold", assignment.Query{ProjectID: "shop", UserID: "ann"}, nil},
		{"on a tree", assignment.Query{ProjectID: "shop", Subtree: true, UserID: "ann"}, []string{
			"ann reader cart+ < @ops reader shop+", "ann reader web+ < @ops reader shop+",
		}},
		{"on a domain as its tree", assignment.Query{ProjectID: "red", Subtree: true, UserID: "bob", RoleID: "member"}, []string{
			"bob member cart+ < bob member red+", "bob member shop+ < bob member red+", "bob member web+ < bob member red+",
		}},
		{"on a domain: plain ones with the nearest prior role and the grant that exists", assignment.Query{DomainID: "red"}, []string{
			"ann manager red",
			"ann member red < ann manager red via manager",
			"ann reader red < ann manager red via member",
		}},
		{"of a user everywhere but the system", assignment.Query{UserID: "bob", RoleID: "reader"}, []string{
			"bob reader cart+ < bob member red+ via member", "bob reader shop+ < bob member red+ via member",
			"bob reader sky", "bob reader web+ < bob member red+ via member",
		}},
		{"on the system when asked for", assignment.Query{System: true, RoleID: "manager"}, []string{"bob manager system < bob admin system via admin"}},
		{"inherited ones", assignment.Query{UserID: "ann", Inherited: &yes}, []string{"ann reader cart+ < @ops reader shop+", "ann reader web+ < @ops reader shop+"}},
		{"plain ones", assignment.Query{UserID: "bob", Inherited: &no}, []string{"bob reader sky"}},
		{"in one domain", assignment.Query{Within: "blue"}, []string{"bob reader sky"}},
		{"in one domain, of somebody who does not exist", assignment.Query{Within: "blue", UserID: "gone"}, nil},
		{"on a project that does not exist", assignment.Query{ProjectID: "gone"}, nil},
	} {
		c.query.Effective = true
		wantEntries(t, w, c.name, c.query, c.want)
	}
}

func wantEntries(t *testing.T, w *world, name string, q assignment.Query, want []string) {
	t.Helper()
	list, err := w.List(w.ctx, q)
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	var got []string
	for _, a := range list.Items {
		got = append(got, show(a))
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("%s: got\n\t%s\nwant\n\t%s", name, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
	if list.Names != nil {
		t.Errorf("%s: got names that were not asked for", name)
	}
}

func TestListRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	yes := true
	for _, c := range []struct {
		name  string
		query assignment.Query
		want  fault.Kind
	}{
		{"a user and a group", assignment.Query{UserID: "ann", GroupID: "ops"}, fault.BadRequest},
		{"a project and a domain", assignment.Query{ProjectID: "web", DomainID: "red"}, fault.BadRequest},
		{"a project and the system", assignment.Query{ProjectID: "web", System: true}, fault.BadRequest},
		{"a domain and the system", assignment.Query{DomainID: "red", System: true}, fault.BadRequest},
		{"effective of a group", assignment.Query{Effective: true, GroupID: "ops"}, fault.BadRequest},
		{"effective and inherited on a domain", assignment.Query{Effective: true, DomainID: "red", Inherited: &yes}, fault.BadRequest},
		{"a tree without a root", assignment.Query{Subtree: true}, fault.BadRequest},
		{"a tree with an unknown root", assignment.Query{Subtree: true, ProjectID: "gone"}, fault.NotFound},
		{"effective of an unknown user", assignment.Query{Effective: true, UserID: "gone"}, fault.NotFound},
	} {
		_, err := w.List(w.ctx, c.query)
		wantKind(t, c.name, err, c.want)
	}
}

func TestListNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.give(t, "@ops lead-red web", "bob reader blue", "ann admin system")
	list, err := w.List(w.ctx, assignment.Query{Names: true})
	must(t, err)
	for _, c := range []struct {
		of    map[string]assignment.Name
		id    string
		want  assignment.Name
		found bool
	}{
		{list.Names.Users, "eve", assignment.Name{}, false},
		{list.Names.Users, "ann", assignment.Name{Name: "ANN", DomainID: "red"}, true},
		{list.Names.Users, "bob", assignment.Name{Name: "BOB", DomainID: "blue"}, true},
		{list.Names.Groups, "ops", assignment.Name{Name: "OPS", DomainID: "red"}, true},
		{list.Names.Roles, "lead-red", assignment.Name{Name: "lead", DomainID: "red"}, true},
		{list.Names.Projects, "web", assignment.Name{Name: "WEB", DomainID: "red"}, true},
		{list.Names.Projects, "red", assignment.Name{Name: "RED"}, true},
		{list.Names.Projects, "blue", assignment.Name{Name: "BLUE"}, true},
	} {
		if got, found := c.of[c.id]; got != c.want || found != c.found {
			t.Errorf("name of %s: got %+v, %t; want %+v, %t", c.id, got, found, c.want, c.found)
		}
	}
}

// counting counts the calls that a list makes.
type counting struct {
	assignment.Store
	calls int
}

func (c *counting) User(ctx context.Context, id string) (identity.User, error) {
	c.calls++
	return c.Store.User(ctx, id)
}

func (c *counting) Project(ctx context.Context, id string) (resource.Project, error) {
	c.calls++
	return c.Store.Project(ctx, id)
}

func (c *counting) Grants(ctx context.Context, f assignment.Filter) ([]assignment.Grant, error) {
	c.calls++
	return c.Store.Grants(ctx, f)
}

func (c *counting) Subtree(ctx context.Context, id string) ([]resource.Project, error) {
	c.calls++
	return c.Store.Subtree(ctx, id)
}

func (c *counting) ProjectsBelow(ctx context.Context, ids []string) ([]resource.Project, error) {
	c.calls++
	return c.Store.ProjectsBelow(ctx, ids)
}

func (c *counting) ProjectsByID(ctx context.Context, ids []string) ([]resource.Project, error) {
	c.calls++
	return c.Store.ProjectsByID(ctx, ids)
}

func (c *counting) MembersOf(ctx context.Context, ids []string) (map[string][]string, error) {
	c.calls++
	return c.Store.MembersOf(ctx, ids)
}

// TestListCost guards the promise that a list takes as many calls for many rows as for few.
func TestListCost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.give(t, "@ops reader red+", "ann member web")
	for _, q := range []assignment.Query{
		{Names: true, Within: "red"},
		{Names: true, Effective: true, Within: "red"},
		{Names: true, Effective: true, ProjectID: "shop", Subtree: true},
	} {
		cost := func() (int, int) {
			c := &counting{Store: w.store}
			list, err := assignment.NewService(c, nil).List(w.ctx, q)
			must(t, err)
			return c.calls, len(list.Items)
		}
		few, before := cost()
		for i := range 20 {
			id := fmt.Sprintf("p%d-%t-%t", i, q.Effective, q.Subtree)
			must(t, w.store.CreateProject(w.ctx, resource.Project{ID: id, Name: id, DomainID: "red", ParentID: "shop", Enabled: true}))
			w.give(t, "@ops reader "+id, "ann manager "+id+"+", "eve member "+id)
		}
		many, after := cost()
		if many != few || after < before+20 {
			t.Errorf("%+v: %d calls for %d entries, %d for %d", q, few, before, many, after)
		}
	}
}

// TestManyIDs guards the reads of many things at once where they take more than one statement.
func TestManyIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	many := func(first, last string) []string {
		ids := []string{first}
		for i := range 1200 {
			ids = append(ids, fmt.Sprintf("none%d", i))
		}
		return append(ids, last)
	}
	projects, err := w.store.ProjectsByID(w.ctx, many("web", "sky"))
	must(t, err)
	if got := join(projects); got != "web sky" {
		t.Errorf("ProjectsByID: got %q", got)
	}
	below, err := w.store.ProjectsBelow(w.ctx, many("shop", "red")) // one root is below the other
	must(t, err)
	if got := join(below); got != "cart shop web" {
		t.Errorf("ProjectsBelow: got %q", got)
	}
	members, err := w.store.MembersOf(w.ctx, many("none", "ops"))
	must(t, err)
	if len(members) != 1 || !slices.Equal(members["ops"], []string{"ann", "eve"}) {
		t.Errorf("MembersOf: got %v", members)
	}
	users, err := w.store.UsersByID(w.ctx, many("ann", "bob"))
	must(t, err)
	groups, err := w.store.GroupsByID(w.ctx, many("none", "ops"))
	must(t, err)
	if len(users) != 2 || len(groups) != 1 {
		t.Errorf("got %d users and %d groups, want 2 and 1", len(users), len(groups))
	}
}
