package resource_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/resource"
)

func TestProjectRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	blue := w.domain("Blue").ID
	chain := w.chain(5)
	create := func(d resource.Draft) error {
		_, err := w.CreateProject(t.Context(), d)
		return err
	}
	top := chain[0].ID
	check(t, []refused{
		{"no domain", create(resource.Draft{Name: "x"}), fault.BadRequest},
		{"a domain that is not", create(resource.Draft{Name: "x", DomainID: "missing"}), fault.BadRequest},
		{"a project for a domain", create(resource.Draft{Name: "x", DomainID: top}), fault.BadRequest},
		{"a parent that is not", create(resource.Draft{Name: "x", DomainID: w.red, ParentID: "missing"}), fault.BadRequest},
		{"a parent in another domain", create(resource.Draft{Name: "x", DomainID: blue, ParentID: top}), fault.BadRequest},
		{"another domain for a parent", create(resource.Draft{Name: "x", DomainID: w.red, ParentID: blue}), fault.BadRequest},
		{"a sixth level", create(resource.Draft{Name: "x", DomainID: w.red, ParentID: chain[4].ID}), fault.Forbidden},
		{"a name that is taken deeper down", create(resource.Draft{Name: "level 5", DomainID: w.red}), fault.Conflict},
		{"a domain inside a domain", create(resource.Draft{Name: "x", DomainID: w.red, IsDomain: true}), fault.BadRequest},
		{"changing the id", w.patch(top, resource.Patch{ID: text("other")}), fault.BadRequest},
		{"changing the domain", w.patch(top, resource.Patch{DomainID: text(blue)}), fault.BadRequest},
		{"taking the domain away", w.patch(top, resource.Patch{DomainID: optional.Null[string]()}), fault.BadRequest},
		{"changing the parent", w.patch(top, resource.Patch{ParentID: text(chain[1].ID)}), fault.Forbidden},
		{"making it a domain", w.patch(top, resource.Patch{IsDomain: on}), fault.BadRequest},
		{"taking a name", w.patch(top, resource.Patch{Name: text("level 2")}), fault.Conflict},
		{"disabling above enabled ones", w.patch(top, resource.Patch{Enabled: off}), fault.Forbidden},
		{"deleting what has children", w.DeleteProject(t.Context(), top), fault.Forbidden},
		{"deleting an enabled domain", w.DeleteProject(t.Context(), blue), fault.Forbidden},
		{"deleting what is not", w.DeleteProject(t.Context(), "missing"), fault.NotFound},
		{"changing what is not", w.patch("missing", resource.Patch{Name: text("x")}), fault.NotFound},
	})
	if p, err := w.Project(t.Context(), top); err != nil || p.Name != "level 1" || !p.Enabled {
		t.Errorf("refusals changed the project: %+v, %v", p, err)
	}
}

func TestDisabledBranch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := w.chain(2)
	for _, p := range []resource.Project{chain[1], chain[0]} { // from the leaf up
		w.must(w.patch(p.ID, resource.Patch{Enabled: off}))
	}
	_, err := w.CreateProject(t.Context(), resource.Draft{Name: "x", DomainID: w.red, ParentID: chain[1].ID})
	check(t, []refused{
		{"creating below a disabled project", err, fault.BadRequest},
		{"enabling below a disabled project", w.patch(chain[1].ID, resource.Patch{Enabled: on}), fault.Forbidden},
	})
	w.must(w.patch(chain[1].ID, resource.Patch{Enabled: off, Name: text("still off")})) // no switch, no question
	w.must(w.patch(chain[0].ID, resource.Patch{Enabled: on}))
	w.must(w.patch(chain[1].ID, resource.Patch{Enabled: on}))
	w.must(w.patch(w.red, resource.Patch{Enabled: off})) // domains are exempt
	_, err = w.CreateProject(t.Context(), resource.Draft{Name: "x", DomainID: w.red})
	check(t, []refused{{"creating in a disabled domain", err, fault.BadRequest}})
	w.must(w.patch(chain[1].ID, resource.Patch{Enabled: off}))
	check(t, []refused{{"enabling in a disabled domain", w.patch(chain[1].ID, resource.Patch{Enabled: on}), fault.Forbidden}})
}

func TestImmutableProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.below("", "web")
	w.must(w.patch(p.ID, resource.Patch{Immutable: on}))
	check(t, []refused{
		{"tagging", w.patch(p.ID, resource.Patch{Tags: optional.Of([]string{"a"})}), fault.Forbidden},
		{"naming the id while unlocking", w.patch(p.ID, resource.Patch{ID: text(p.ID), Immutable: off}), fault.Forbidden},
		{"deleting", w.DeleteProject(t.Context(), p.ID), fault.Forbidden},
	})
	w.must(w.patch(p.ID, resource.Patch{})) // says nothing
	w.must(w.patch(p.ID, resource.Patch{Immutable: off}))
	w.must(w.DeleteProject(t.Context(), p.ID))
}

func TestPatchMayNameWhatIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.below("", "web")
	w.must(w.patch(p.ID, resource.Patch{ID: text(p.ID), DomainID: text(w.red), ParentID: text(w.red), IsDomain: off, Name: text("web")}))
	w.must(w.patch(w.red, resource.Patch{DomainID: optional.Null[string](), ParentID: optional.Null[string](), IsDomain: on}))
}

func TestProjectMayBeADomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, err := w.CreateProject(t.Context(), resource.Draft{Name: "Green", IsDomain: true, Enabled: off})
	w.must(err)
	if d, err := w.Domain(t.Context(), p.ID); err != nil || d.Name != "Green" || d.Enabled {
		t.Errorf("the domain is %+v, %v", d, err)
	}
	w.must(w.DeleteProject(t.Context(), p.ID))
}

func TestDepthCanBeSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	flat := resource.NewService(w.store, resource.Limits{MaxDepth: 1}, func() string { return "one" })
	top, err := flat.CreateProject(t.Context(), resource.Draft{Name: "top", DomainID: w.red})
	w.must(err)
	_, err = flat.CreateProject(t.Context(), resource.Draft{Name: "below", DomainID: w.red, ParentID: top.ID})
	check(t, []refused{{"a second level of one", err, fault.Forbidden}})
}

func TestRelatives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.below("", "a")
	b, c := w.below(a.ID, "b"), w.below(a.ID, "c")
	d := w.below(b.ID, "d")
	wire := func(tree resource.Tree, err error) string {
		w.must(err)
		b, err := json.Marshal(tree)
		w.must(err)
		return string(b)
	}
	all := func(context.Context, resource.Project) (bool, error) { return true, nil }
	notB := func(_ context.Context, p resource.Project) (bool, error) { return p.ID != b.ID && !p.IsDomain, nil }
	names := func(ps []resource.Project, err error) string {
		w.must(err)
		s := []string{}
		for _, p := range ps {
			s = append(s, p.Name)
		}
		return fmt.Sprint(s)
	}
	ctx := t.Context()
	for _, x := range []struct{ why, got, want string }{
		{"ids above a leaf", wire(w.ParentIDs(ctx, d.ID)), fmt.Sprintf(`{"%s":{"%s":{"%s":null}}}`, b.ID, a.ID, w.red)},
		{"ids above a domain", wire(w.ParentIDs(ctx, w.red)), "null"},
		{"ids below", wire(w.SubtreeIDs(ctx, a.ID)), fmt.Sprintf(`{"%s":{"%s":null},"%s":null}`, b.ID, d.ID, c.ID)},
		{"ids below a leaf", wire(w.SubtreeIDs(ctx, d.ID)), "null"},
		{"above, nearest first", names(w.Parents(ctx, d.ID, all)), "[b a Red]"},
		{"above, as far as visible", names(w.Parents(ctx, d.ID, notB)), "[a]"},
		{"below, level by level", names(w.Subtree(ctx, a.ID, all)), "[b c d]"},
		{"below, as far as visible", names(w.Subtree(ctx, a.ID, notB)), "[c d]"},
	} {
		if x.got != x.want {
			t.Errorf("%s: got %s, want %s", x.why, x.got, x.want)
		}
	}
	broken := func(context.Context, resource.Project) (bool, error) { return true, fault.New(fault.Unavailable, "no") }
	if ps, err := w.Parents(ctx, d.ID, broken); !fault.Is(err, fault.Unavailable) || len(ps) != 0 {
		t.Errorf("when nobody knows what is visible: %v, %v", ps, err)
	}
}
