package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
)

type userPage = listing.Page[identity.User]

// found lists the names of the users of blue that a filter on the name keeps, in the order of their ids.
func (w *world) found(t *testing.T, op listing.Op, value string) []string {
	t.Helper()
	q := by("name", op, value).With("domain_id", "blue")
	return ids(get[userPage](t)(w.ListUsers(w.ctx, q)).Items, func(u identity.User) string { return u.Name })
}

func (w *world) named(t *testing.T, names ...string) {
	t.Helper()
	must(t, w.DeleteUser(w.ctx, "bob"))
	for i, n := range names {
		must(t, w.CreateUser(w.ctx, identity.User{ID: fmt.Sprintf("n%02d", i), DomainID: "blue", Name: n, Enabled: i%2 == 0}))
	}
}

func literalFilters(t *testing.T, w *world) {
	w.named(t, "a%b", "a_b", `a\b`, "axb", "AXB", "ab%", `'; --`)
	for _, c := range []struct {
		op    listing.Op
		value string
		want  []string
	}{
		{listing.Equals, "%", []string{}},
		{listing.Equals, "a_b", []string{"a_b"}},
		{listing.Contains, "%", []string{"a%b", "ab%"}},
		{listing.Contains, "_", []string{"a_b"}},
		{listing.Contains, `\`, []string{`a\b`}},
		{listing.Contains, "x", []string{"axb"}},
		{listing.Contains, "'; --", []string{"'; --"}},
		{listing.StartsWith, "a%", []string{"a%b"}},
		{listing.StartsWith, "A", []string{"AXB"}},
		{listing.EndsWith, "%", []string{"ab%"}},
		{listing.EndsWith, "_b", []string{"a_b"}},
		{listing.EndsWith, "a much longer value than any name", []string{}},
		{listing.IContains, "X", []string{"axb", "AXB"}},
		{listing.IContains, "_", []string{"a_b"}},
		{listing.IStartsWith, "AX", []string{"axb", "AXB"}},
		{listing.IEndsWith, "xB", []string{"axb", "AXB"}},
	} {
		want(t, fmt.Sprintf("op %d %q", c.op, c.value), w.found(t, c.op, c.value), c.want)
	}
}

func foldedFilters(t *testing.T, w *world) {
	w.named(t, "Ärger", "ärger", "A\u0308RGER", "Straße", "ΣΊΣΥΦΟΣ", "Иван", "arger")
	for _, c := range []struct {
		op    listing.Op
		value string
		want  []string
	}{
		{listing.Contains, "ärger", []string{"ärger"}},
		{listing.IContains, "ärger", []string{"Ärger", "ärger", "ÄRGER"}},
		{listing.IContains, "A\u0308rG", []string{"Ärger", "ärger", "ÄRGER"}},
		{listing.IStartsWith, "STRASS", []string{"Straße"}},
		{listing.IEndsWith, "φος", []string{"ΣΊΣΥΦΟΣ"}},
		{listing.IStartsWith, "ИВ", []string{"Иван"}},
		{listing.EndsWith, "ße", []string{"Straße"}},
	} {
		want(t, fmt.Sprintf("op %d %q", c.op, c.value), w.found(t, c.op, c.value), c.want)
	}
}

func badFilters(t *testing.T, w *world) {
	for what, q := range map[string]listing.Query{
		"an unknown attribute":       by("nope", listing.Equals, "x"),
		"a column that is no filter": by("extra", listing.Equals, "x"),
		"SQL as an attribute":        by("id = id --", listing.Equals, "x"),
		"a boolean that is none":     by("enabled", listing.Equals, "maybe"),
		"an inexact boolean":         by("enabled", listing.Contains, "true"),
		"an unknown comparison":      by("name", listing.Op(99), "x"),
		"NUL in a value":             by("name", listing.Equals, "a\x00b"),
		"invalid UTF-8 in a value":   by("name", listing.Equals, "a\xffb"),
		"NUL in a marker":            {Marker: "a\x00"},
	} {
		_, err := w.ListUsers(w.ctx, q)
		wantKind(t, what, err, fault.BadRequest)
	}
	w.named(t, "on", "off")
	for value, names := range map[string]string{"true": "on", "false": "off"} {
		q := by("enabled", listing.Equals, value).With("domain_id", "blue")
		want(t, "enabled="+value, get[userPage](t)(w.ListUsers(w.ctx, q)).Items[0].Name, names)
	}
	want(t, "repeated filter", len(get[userPage](t)(w.ListUsers(w.ctx, by("name", listing.Equals, "on").With("name", "off"))).Items), 0)
}

func expiryFilter(t *testing.T, w *world) {
	expires := w.now.Truncate(time.Second)
	must(t, w.SetPassword(w.ctx, identity.Password{UserID: "ann", Hash: "h", ExpiresAt: &expires}))
	for value, found := range map[string]int{
		"2031-05-01T09:30:00Z": 1, "eq:2031-05-01T09:30:00Z": 1, "neq:2031-05-01T09:30:00Z": 0, "lt:2031-05-01T09:30:00Z": 0,
		"lte:2031-05-01T09:30:00.000000Z": 1, "gt:2031-05-01T09:29:59Z": 1, "gte:2031-05-01T09:30:01Z": 0,
	} {
		want(t, value, len(get[userPage](t)(w.ListUsers(w.ctx, by("password_expires_at", listing.Equals, value))).Items), found)
	}
	for _, value := range []string{"", "lt:", "lt:tomorrow", "near:2031-05-01T09:30:00Z", "lt:2031-05-01"} {
		_, err := w.ListUsers(w.ctx, by("password_expires_at", listing.Equals, value))
		wantKind(t, value, err, fault.BadRequest)
	}
}

func pages(t *testing.T, w *world) {
	w.named(t, "a", "b", "c", "d", "e")
	for _, c := range []struct {
		limit  int
		marker string
		want   []string
		more   bool
	}{
		{0, "", []string{"a", "b", "c", "d", "e"}, false},
		{5, "", []string{"a", "b", "c", "d", "e"}, false},
		{4, "", []string{"a", "b", "c", "d"}, true},
		{2, "n01", []string{"c", "d"}, true},
		{2, "n02", []string{"d", "e"}, false},
		{2, "n04", []string{}, false},
	} {
		q := by("domain_id", listing.Equals, "blue")
		q.Limit, q.Marker = c.limit, c.marker
		page := get[userPage](t)(w.ListUsers(w.ctx, q))
		want(t, fmt.Sprintf("limit %d after %q", c.limit, c.marker), ids(page.Items, func(u identity.User) string { return u.Name }), c.want)
		want(t, fmt.Sprintf("more for limit %d after %q", c.limit, c.marker), page.More, c.more)
	}
	for marker, domain := range map[string]string{"n01x": "blue", "ann": "blue", "n01": "red"} {
		q := by("domain_id", listing.Equals, domain)
		q.Marker = marker
		_, err := w.ListUsers(w.ctx, q)
		wantKind(t, "marker "+marker+" in "+domain, err, fault.NotFound)
	}
	for _, id := range []string{"_", "Z", "a", "-", "É"} { // by bytes on every database, whatever its locale
		must(t, w.CreateUser(w.ctx, identity.User{ID: id, DomainID: "red", Name: id}))
	}
	page := get[userPage](t)(w.ListUsers(w.ctx, by("domain_id", listing.Equals, "red")))
	want(t, "order", ids(page.Items, userID), []string{"-", "Z", "_", "a", "ann", "É"})
}

func hostileText(t *testing.T, w *world) {
	before := w.last(t)
	for _, text := range []string{"a\x00b", "a\xffb", "\xed\xa0\x80"} {
		wantKind(t, fmt.Sprintf("name %q", text), w.CreateUser(w.ctx, identity.User{ID: "x", DomainID: "red", Name: text}), fault.BadRequest)
		_, err := w.UpdateUser(w.ctx, "ann", func(u *identity.User) error { u.Name = text; return nil })
		wantKind(t, fmt.Sprintf("renaming to %q", text), err, fault.BadRequest)
		_, err = w.UpdateGroup(w.ctx, "ops", func(g *identity.Group) error { g.Description = &text; return nil })
		wantKind(t, fmt.Sprintf("description %q", text), err, fault.BadRequest)
		_, err = w.User(w.ctx, text)
		wantKind(t, fmt.Sprintf("id %q", text), err, fault.NotFound)
		wantKind(t, fmt.Sprintf("deleting %q", text), w.DeleteUser(w.ctx, text), fault.NotFound)
		wantKind(t, fmt.Sprintf("deleting service %q", text), w.DeleteService(w.ctx, text), fault.NotFound)
		_, err = w.UserByName(w.ctx, "red", text)
		wantKind(t, fmt.Sprintf("lookup of %q", text), err, fault.NotFound)
	}
	want(t, "events", w.last(t), before)
	extra := map[string]any{"nul": "a\x00b", "html": "<&>"}
	must(t, w.CreateUser(w.ctx, identity.User{ID: "e", DomainID: "red", Name: "e", Extra: extra}))
	want(t, "extra", get[identity.User](t)(w.User(w.ctx, "e")).Extra, extra)
}

func hostileIDs(t *testing.T, w *world) {
	for _, id := range []string{"1=1", "id IS NOT NULL", "' OR '1'='1", "a';DROP TABLE user_account;--", "..", "", "%", "?", "@id"} {
		_, err := w.User(w.ctx, id)
		wantKind(t, "User "+id, err, fault.NotFound)
		_, err = w.UpdateUser(w.ctx, id, func(*identity.User) error { return nil })
		wantKind(t, "UpdateUser "+id, err, fault.NotFound)
		wantKind(t, "DeleteUser "+id, w.DeleteUser(w.ctx, id), fault.NotFound)
		wantKind(t, "DeleteProject "+id, w.DeleteProject(w.ctx, id), fault.NotFound)
		wantKind(t, "DeleteRole "+id, w.DeleteRole(w.ctx, id), fault.NotFound)
		want(t, "users named "+id, len(get[userPage](t)(w.ListUsers(w.ctx, by("name", listing.Equals, id))).Items), 0)
	}
	want(t, "users left", len(get[userPage](t)(w.ListUsers(w.ctx, listing.Query{})).Items), 2)
}
