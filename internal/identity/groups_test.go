package identity_test

import (
	"strings"
	"testing"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
)

func (w *world) group(name, domainID string) identity.Group {
	w.t.Helper()
	g, err := w.CreateGroup(w.t.Context(), identity.GroupInput{Name: optional.Of(name), DomainID: optional.Of(domainID)})
	w.must(err)
	return g
}

func TestGroupRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.group("ops", "red")
	w.group("dev", "red")
	name, domain := optional.Of[string], optional.Of[string]
	create := func(in identity.GroupInput) error {
		_, err := w.CreateGroup(t.Context(), in)
		return err
	}
	update := func(id string, in identity.GroupInput) error {
		_, err := w.UpdateGroup(t.Context(), id, in)
		return err
	}
	for _, c := range []struct {
		why  string
		err  error
		want fault.Kind
	}{
		{"create without a name", create(identity.GroupInput{DomainID: domain("red")}), fault.BadRequest},
		{"create with 65 characters", create(identity.GroupInput{DomainID: domain("red"), Name: name(strings.Repeat("a", 65))}), fault.BadRequest},
		{"create in no domain", create(identity.GroupInput{DomainID: domain("green"), Name: name("x")}), fault.NotFound},
		{"create in a project", create(identity.GroupInput{DomainID: domain("web"), Name: name("x")}), fault.NotFound},
		{"create with a name that is taken", create(identity.GroupInput{DomainID: domain("red"), Name: name("ops ")}), fault.Conflict},
		{"update what is not there", update("missing", identity.GroupInput{Name: name("x")}), fault.NotFound},
		{"update the id", update(g.ID, identity.GroupInput{ID: name("x")}), fault.BadRequest},
		{"update the domain", update(g.ID, identity.GroupInput{DomainID: domain("blue")}), fault.BadRequest},
		{"update to a null name", update(g.ID, identity.GroupInput{Name: optional.Null[string]()}), fault.BadRequest},
		{"update to a name that is taken", update(g.ID, identity.GroupInput{Name: name("dev")}), fault.Conflict},
		{"delete what is not there", w.DeleteGroup(t.Context(), "missing"), fault.NotFound},
	} {
		if !fault.Is(c.err, c.want) {
			t.Errorf("%s: got %v, want kind %v", c.why, c.err, c.want)
		}
	}
}

func TestGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.group(" ops ", "red")
	if g.Name != "ops" || g.Description == nil || *g.Description != "" {
		t.Errorf("created %+v", g)
	}
	w.group("ops", "blue") // names are unique in a domain only
	g, err := w.UpdateGroup(t.Context(), g.ID, identity.GroupInput{
		ID: optional.Of(g.ID), Name: optional.Of("operators"), Description: optional.Null[string](), Extra: map[string]any{"room": "4"},
	})
	w.must(err)
	stored, err := w.Group(t.Context(), g.ID)
	w.must(err)
	if stored.Name != "operators" || stored.Description != nil || stored.Extra["room"] != "4" || stored.DomainID != "red" {
		t.Errorf("stored %+v", stored)
	}
}

func TestMembership(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.group("ops", "red")
	ann := w.user(named("ann"))
	eve := w.user(identity.UserInput{Name: optional.Of("eve"), DomainID: optional.Of("blue")})
	for why, err := range map[string]error{
		"check who is not in it":  w.CheckMember(t.Context(), g.ID, ann.ID),
		"remove who is not in it": w.RemoveMember(t.Context(), g.ID, ann.ID),
		"add to no group":         w.AddMember(t.Context(), "missing", ann.ID),
		"add nobody":              w.AddMember(t.Context(), g.ID, "missing"),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: got %v, want NotFound", why, err)
		}
	}
	for _, u := range []identity.User{ann, ann, eve} { // again, and of another domain
		w.must(w.AddMember(t.Context(), g.ID, u.ID))
	}
	w.must(w.CheckMember(t.Context(), g.ID, ann.ID))
	members, err := w.ListMembers(t.Context(), g.ID, listing.Query{})
	w.must(err)
	reds, err := w.ListMembers(t.Context(), g.ID, listing.Query{}.With("domain_id", "red"))
	w.must(err)
	if len(members.Items) != 2 || len(reds.Items) != 1 || reds.Items[0].ID != ann.ID {
		t.Errorf("members %+v, of red %+v", members.Items, reds.Items)
	}
	w.must(w.RemoveMember(t.Context(), g.ID, ann.ID))
	of, err := w.ListGroupsOfUser(t.Context(), ann.ID, listing.Query{})
	w.must(err)
	if len(of.Items) != 0 {
		t.Errorf("groups after removal: %+v", of.Items)
	}
	w.must(w.DeleteGroup(t.Context(), g.ID))
	if err := w.CheckMember(t.Context(), g.ID, eve.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a membership outlived its group: %v", err)
	}
}

func TestListGroupsMarker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ops, dev, blue := w.group("ops", "red"), w.group("dev", "red"), w.group("ops", "blue")
	q := listing.Query{}.With("domain_id", "red")
	for _, marker := range []string{"missing", blue.ID} {
		q.Marker = marker
		if _, err := w.ListGroups(t.Context(), q); !fault.Is(err, fault.NotFound) {
			t.Errorf("marker %s: got %v, want NotFound", marker, err)
		}
	}
	q.Marker = ops.ID
	page, err := w.ListGroups(t.Context(), q)
	w.must(err)
	if len(page.Items) != 1 || page.Items[0].ID != dev.ID {
		t.Errorf("after the marker: %+v", page.Items)
	}
}
