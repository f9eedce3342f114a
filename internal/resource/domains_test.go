package resource_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/resource"
)

func TestDomainRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create := func(d resource.Draft) error {
		_, err := w.CreateDomain(t.Context(), d)
		return err
	}
	project := w.below("", "web")
	check(t, []refused{
		{"a name of spaces", create(resource.Draft{Name: "   "}), fault.BadRequest},
		{"a name that is too long", create(resource.Draft{Name: strings.Repeat("a", 65)}), fault.BadRequest},
		{"the name of federation", create(resource.Draft{Name: "fEDERATED"}), fault.BadRequest},
		{"a name that is taken", create(resource.Draft{Name: " Red "}), fault.Conflict},
		{"a parent", create(resource.Draft{Name: "x", ParentID: w.red}), fault.BadRequest},
		{"an id with capitals", create(resource.Draft{Name: "x", ID: strings.Repeat("A", 32)}), fault.BadRequest},
		{"an id that is taken", create(resource.Draft{Name: "x", ID: w.red}), fault.Conflict},
		{"a long description", create(resource.Draft{Name: "x", Description: text(strings.Repeat("a", 256))}), fault.BadRequest},
		{"enabled that is null", create(resource.Draft{Name: "x", Enabled: optional.Null[bool]()}), fault.BadRequest},
		{"the same tag twice", create(resource.Draft{Name: "x", Tags: []string{"a", " a"}}), fault.BadRequest},
		{"a tag with a comma", create(resource.Draft{Name: "x", Tags: []string{"a,b"}}), fault.BadRequest},
		{"a tag with a slash", create(resource.Draft{Name: "x", Tags: []string{"a/b"}}), fault.BadRequest},
		{"81 tags", create(resource.Draft{Name: "x", Tags: make([]string, 81)}), fault.BadRequest},
		{"changing what is a project", w.patchDomain(project.ID, resource.Patch{Name: text("x")}), fault.NotFound},
		{"changing what is not", w.patchDomain("missing", resource.Patch{Name: text("x")}), fault.NotFound},
		{"deleting what is a project", w.DeleteDomain(t.Context(), project.ID), fault.NotFound},
		{"deleting while enabled", w.DeleteDomain(t.Context(), w.red), fault.Forbidden},
	})
}

func TestDomainDefaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := strings.Repeat("0123456789abcdef", 2)
	made, err := w.CreateDomain(t.Context(), resource.Draft{Name: " Blue ", ID: id, Tags: []string{"b", "a"}, Extra: map[string]any{"color": "blue"}})
	w.must(err)
	d, err := w.Domain(t.Context(), id)
	w.must(err)
	if made.ID != id || d.Name != "Blue" || !d.Enabled || !d.IsDomain || d.Description == nil || *d.Description != "" ||
		d.DomainID != "" || d.ParentID != "" || d.Extra["color"] != "blue" || !slices.Equal(d.Tags, []string{"a", "b"}) {
		t.Errorf("the domain is %+v", d)
	}
	if _, err := w.Domain(t.Context(), w.below("", "web").ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a project is a domain: %v", err)
	}
}

func TestDomainPatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, err := w.UpdateDomain(t.Context(), w.red, resource.Patch{
		Name: text("Crimson"), Description: optional.Null[string](), Enabled: off, Extra: map[string]any{"a": 1},
	})
	w.must(err)
	if d.Name != "Crimson" || d.Description != nil || d.Enabled || len(d.Extra) != 1 {
		t.Errorf("the domain is %+v", d)
	}
	d, err = w.UpdateDomain(t.Context(), w.red, resource.Patch{Extra: map[string]any{"b": nil}})
	w.must(err)
	if v, there := d.Extra["b"]; len(d.Extra) != 2 || !there || v != nil || d.Name != "Crimson" {
		t.Errorf("the domain is %+v", d)
	}
}

func TestImmutableDomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.patchDomain(w.red, resource.Patch{Enabled: off, Immutable: on}))
	check(t, []refused{
		{"renaming", w.patchDomain(w.red, resource.Patch{Name: text("x")}), fault.Forbidden},
		{"unlocking with something else", w.patchDomain(w.red, resource.Patch{Name: text("x"), Immutable: off}), fault.Forbidden},
		{"unlocking with an attribute", w.patchDomain(w.red, resource.Patch{Extra: map[string]any{"a": 1}, Immutable: off}), fault.Forbidden},
		{"locking again", w.patchDomain(w.red, resource.Patch{Immutable: on}), fault.Forbidden},
		{"deleting", w.DeleteDomain(t.Context(), w.red), fault.Forbidden},
		{"deleting as a project", w.DeleteProject(t.Context(), w.red), fault.Forbidden},
	})
	w.must(w.patchDomain(w.red, resource.Patch{Immutable: optional.Null[bool]()}))
	d, err := w.Domain(t.Context(), w.red)
	w.must(err)
	if d.Options.Immutable != nil {
		t.Error("null leaves the option set")
	}
	w.must(w.DeleteDomain(t.Context(), w.red))
}

func TestDeletingADomainTakesItsProjectsAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := w.chain(3)
	w.must(w.patch(chain[2].ID, resource.Patch{Immutable: on}))
	w.must(w.patchDomain(w.red, resource.Patch{Enabled: off}))
	if err := w.DeleteDomain(t.Context(), w.red); !fault.Is(err, fault.Forbidden) {
		t.Fatalf("an immutable project does not keep its domain: %v", err)
	}
	if _, err := w.Project(t.Context(), chain[0].ID); err != nil {
		t.Fatalf("the refused deletion took a project along: %v", err)
	}
	w.must(w.patch(chain[2].ID, resource.Patch{Immutable: off}))
	w.must(w.DeleteDomain(t.Context(), w.red))
	for _, id := range []string{w.red, chain[0].ID, chain[2].ID} {
		if _, err := w.Project(t.Context(), id); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s is still there: %v", id, err)
		}
	}
}

func TestDomainAndProjectLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	blue := w.domain("Blue")
	web := w.below("", "web")
	names := func(page listing.Page[resource.Project], err error) string {
		w.must(err)
		var names []string
		for _, p := range page.Items {
			names = append(names, p.Name)
		}
		return strings.Join(names, " ")
	}
	for _, c := range []struct{ why, got, want string }{
		{"domains are not projects", names(w.Domains(t.Context(), listing.Query{})), "Red Blue"},
		{"one page after a marker", names(w.Domains(t.Context(), listing.Query{Marker: w.red})), "Blue"},
		{"projects are not domains", names(w.Projects(t.Context(), listing.Query{})), "web"},
		{"unless asked for", names(w.Projects(t.Context(), listing.Query{}.With("is_domain", "true"))), "Red Blue"},
		{"by domain", names(w.Projects(t.Context(), listing.Query{}.With("domain_id", blue.ID))), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.why, c.got, c.want)
		}
	}
	for why, q := range map[string]listing.Query{
		"nothing":                       {Marker: "missing"},
		"an item of another domain":     listing.Query{Marker: web.ID}.With("domain_id", blue.ID),
		"an item that cannot be listed": listing.Query{Marker: web.ID}.With("id", blue.ID),
	} {
		if _, err := w.Projects(t.Context(), q); !fault.Is(err, fault.NotFound) {
			t.Errorf("a marker that is %s: got %v", why, err)
		}
	}
}
