package storetest

import (
	"testing"
	"time"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/resource"
)

func uniqueNames(t *testing.T, w *world) {
	for _, c := range []struct {
		what   string
		create func() error
		want   fault.Kind
	}{
		{"a user's name again in its domain", func() error { return w.CreateUser(w.ctx, identity.User{ID: "x", DomainID: "red", Name: "ann"}) }, fault.Conflict},
		{"a user's id again", func() error { return w.CreateUser(w.ctx, identity.User{ID: "ann", DomainID: "red", Name: "x"}) }, fault.Conflict},
		{"a user's name in another domain", func() error { return w.CreateUser(w.ctx, identity.User{ID: "ann2", DomainID: "blue", Name: "ann"}) }, ok},
		{"a user's name in other letters", func() error { return w.CreateUser(w.ctx, identity.User{ID: "ann3", DomainID: "red", Name: "Ann"}) }, ok},
		{"a group's name again", func() error { return w.CreateGroup(w.ctx, identity.Group{ID: "x", DomainID: "red", Name: "ops"}) }, fault.Conflict},
		{"a group's name in another domain", func() error { return w.CreateGroup(w.ctx, identity.Group{ID: "ops2", DomainID: "blue", Name: "ops"}) }, ok},
		{"a domain's name again", func() error { return w.CreateProject(w.ctx, resource.Project{ID: "x", Name: "red", IsDomain: true}) }, fault.Conflict},
		{"a project's name again at any depth", func() error {
			return w.CreateProject(w.ctx, resource.Project{ID: "x", Name: "web", DomainID: "red", ParentID: "web"})
		}, fault.Conflict},
		{"a project's name in another domain", func() error {
			return w.CreateProject(w.ctx, resource.Project{ID: "web2", Name: "web", DomainID: "blue", ParentID: "blue"})
		}, ok},
		{"a project named like its domain", func() error {
			return w.CreateProject(w.ctx, resource.Project{ID: "redred", Name: "red", DomainID: "red", ParentID: "red"})
		}, ok},
		{"a global role's name again", func() error { return w.CreateRole(w.ctx, assignment.Role{ID: "x", Name: "member"}) }, fault.Conflict},
		{"a global role's name in a domain", func() error { return w.CreateRole(w.ctx, assignment.Role{ID: "m2", Name: "member", DomainID: "red"}) }, ok},
		{"a domain role's name again", func() error { return w.CreateRole(w.ctx, assignment.Role{ID: "x", Name: "member", DomainID: "red"}) }, fault.Conflict},
		{"renaming onto a taken name", func() error {
			_, err := w.UpdateUser(w.ctx, "ann3", func(u *identity.User) error { u.Name = "ann"; return nil })
			return err
		}, fault.Conflict},
	} {
		wantKind(t, c.what, c.create(), c.want)
	}
	_, err := w.User(w.ctx, "x")
	wantKind(t, "the refused user", err, fault.NotFound)
}

func exactNames(t *testing.T, w *world) {
	must(t, w.CreateUser(w.ctx, identity.User{ID: "nfd", DomainID: "red", Name: "A\u0308rger"}))
	wantKind(t, "the same name composed", w.CreateUser(w.ctx, identity.User{ID: "nfc", DomainID: "red", Name: "\u00c4rger"}), fault.Conflict)
	for name, want := range map[string]fault.Kind{
		"\u00c4rger": ok, "A\u0308rger": ok, "\u00e4rger": fault.NotFound, "Arger": fault.NotFound, "\u00c4rger ": fault.NotFound, "": fault.NotFound,
	} {
		_, err := w.UserByName(w.ctx, "red", name)
		wantKind(t, "user named "+name, err, want)
	}
	_, err := w.UserByName(w.ctx, "blue", "\u00c4rger")
	wantKind(t, "the user in another domain", err, fault.NotFound)
	for _, name := range []string{"\u202eabc", "a\u200bb", "😀", "' OR '1'='1", `\`, "%", "ﬁ"} {
		must(t, w.CreateUser(w.ctx, identity.User{ID: newID(), DomainID: "red", Name: name}))
		want(t, "stored name", get[identity.User](t)(w.UserByName(w.ctx, "red", name)).Name, name)
	}
}

func missingThings(t *testing.T, w *world) {
	for message, call := range map[string]func() error{
		"Could not find user: no.":             func() error { _, err := w.User(w.ctx, "no"); return err },
		"Could not find group: no.":            func() error { _, err := w.Group(w.ctx, "no"); return err },
		"Could not find project: no.":          func() error { _, err := w.Project(w.ctx, "no"); return err },
		"Could not find domain: web.":          func() error { _, err := w.Domain(w.ctx, "web"); return err },
		"Could not find role: no.":             func() error { _, err := w.Role(w.ctx, "no"); return err },
		"Could not find domain: no.":           func() error { return w.CreateUser(w.ctx, user("x", "no")) },
		"Could not find project: n.":           func() error { return w.CreateProject(w.ctx, project("x", "red", "n")) },
		"Could not find group: n.":             func() error { return w.AddMember(w.ctx, "n", "ann") },
		"Could not find user: n.":              func() error { return w.AddMember(w.ctx, "ops", "n") },
		"User 'ann' not found in group 'ops'.": func() error { return w.RemoveMember(w.ctx, "ops", "ann") },
		"Could not find user: d.":              func() error { return w.DeleteUser(w.ctx, "d") },
		"Could not find group: d.":             func() error { return w.DeleteGroup(w.ctx, "d") },
		"Could not find role: d.":              func() error { return w.DeleteRole(w.ctx, "d") },
		"Could not find project: d.":           func() error { return w.DeleteProject(w.ctx, "d") },
		"Could not find region: d.":            func() error { return w.DeleteRegion(w.ctx, "d") },
		"Could not find service: d.":           func() error { return w.DeleteService(w.ctx, "d") },
		"Could not find endpoint: d.":          func() error { return w.DeleteEndpoint(w.ctx, "d") },
		"Could not find policy: d.":            func() error { return w.DeletePolicyDocument(w.ctx, "d") },
		"Could not find factor: d.":            func() error { return w.DeleteFactor(w.ctx, "ann", "d") },
		"member does not imply member.": func() error {
			return w.DeleteImplication(w.ctx, assignment.Implication{PriorRoleID: "member", ImpliedRoleID: "member"})
		},
	} {
		err := call()
		wantKind(t, message, err, fault.NotFound)
		if err != nil && err.Error() != message {
			t.Errorf("got %q, want %q", err, message)
		}
	}
}

func userZeroValues(t *testing.T, w *world) {
	full := identity.User{
		ID: "full", DomainID: "red", Name: "full", Enabled: true, DefaultProjectID: "web", CreatedAt: w.now, AuthVersion: 7,
		Options: identity.Options{MFAEnabled: new(false), MFARules: &[][]string{{"password", "totp"}}},
		Extra:   map[string]any{"email": "a@b.example", "null": nil, "list": []any{"x"}},
	}
	must(t, w.CreateUser(w.ctx, full))
	want(t, "as created", get[identity.User](t)(w.User(w.ctx, "full")), full)
	bare := identity.User{ID: "full", DomainID: "red", CreatedAt: w.now, Options: identity.Options{MFARules: &[][]string{}}}
	got := get[identity.User](t)(w.UpdateUser(w.ctx, "full", func(u *identity.User) error {
		u.Enabled, u.Name, u.DefaultProjectID, u.AuthVersion, u.Extra = false, "", "", 0, nil
		u.Options, u.ID, u.DomainID = bare.Options, "other", "blue"
		return nil
	}))
	want(t, "as returned", got, bare)
	want(t, "as stored", get[identity.User](t)(w.User(w.ctx, "full")), bare)
	stop := fault.New(fault.BadRequest, "stop")
	_, err := w.UpdateUser(w.ctx, "full", func(u *identity.User) error { u.Enabled = true; return stop })
	wantKind(t, "a change that fails", err, fault.BadRequest)
	want(t, "after a failed change", get[identity.User](t)(w.User(w.ctx, "full")), bare)
}

func unreadableOptions(t *testing.T, w *world) {
	// Options of a newer version of this program are not understood by this one.
	w.exec(t, `UPDATE user_account SET options = '{"a_stricter_rule":true}' WHERE id = 'ann'`)
	u := get[identity.User](t)(w.UpdateUser(w.ctx, "ann", func(u *identity.User) error { u.Enabled = false; return nil }))
	want(t, "Unreadable", u.Options.Unreadable, true)
	u = get[identity.User](t)(w.User(w.ctx, "ann"))
	want(t, "Unreadable after an update", u.Options.Unreadable, true)
	get[identity.User](t)(w.UpdateUser(w.ctx, "ann", func(u *identity.User) error { u.Options = identity.Options{}; return nil }))
	want(t, "options when replaced", get[identity.User](t)(w.User(w.ctx, "ann")).Options, identity.Options{})
}

func passwords(t *testing.T, w *world) {
	_, err := w.Password(w.ctx, "ann")
	wantKind(t, "no password", err, fault.NotFound)
	wantKind(t, "a password of nobody", w.SetPassword(w.ctx, identity.Password{UserID: "no", Hash: "h"}), fault.NotFound)
	expires := w.now.Add(time.Hour)
	for i, p := range []identity.Password{
		{UserID: "ann", Hash: "h1", ExpiresAt: &expires},
		{UserID: "ann", Hash: "h2", SelfService: true},
		{UserID: "ann", Hash: "h3", ExpiresAt: &expires},
	} {
		p.CreatedAt = w.now // even in the same microsecond the last one counts
		must(t, w.SetPassword(w.ctx, p))
		want(t, "current", get[identity.Password](t)(w.Password(w.ctx, "ann")), p)
		u := get[identity.User](t)(w.User(w.ctx, "ann"))
		want(t, "version", u.AuthVersion, int64(i+1))
		want(t, "expiry", u.PasswordExpiresAt, p.ExpiresAt)
		want(t, "expiry in a list", get[listing.Page[identity.User]](t)(w.ListUsers(w.ctx, by("id", listing.Equals, "ann"))).Items[0].PasswordExpiresAt, p.ExpiresAt)
	}
	history := get[[]identity.Password](t)(w.PasswordHistory(w.ctx, "ann", 2))
	want(t, "history", ids(history, func(p identity.Password) string { return p.Hash }), []string{"h3", "h2"})
	wantKind(t, "rehash of a hash that is gone", w.Rehash(w.ctx, "ann", "other", "h9"), fault.Conflict)
	must(t, w.Rehash(w.ctx, "ann", "h3", "h4"))
	want(t, "rehashed", get[identity.Password](t)(w.Password(w.ctx, "ann")).Hash, "h4")
	want(t, "version after rehash", get[identity.User](t)(w.User(w.ctx, "ann")).AuthVersion, int64(3))
	must(t, w.SetPassword(w.ctx, identity.Password{UserID: "ann", Hash: "h5", CreatedAt: w.now.Add(-time.Hour)}))
	want(t, "set by a node whose clock is slow", get[identity.Password](t)(w.Password(w.ctx, "ann")).Hash, "h5")
	must(t, w.SetPassword(w.ctx, identity.Password{UserID: "bob", Hash: "b1"}))
	must(t, w.ForgetPasswords(w.ctx, "ann", 2))
	history = get[[]identity.Password](t)(w.PasswordHistory(w.ctx, "ann", 9))
	want(t, "what is kept", ids(history, func(p identity.Password) string { return p.Hash }), []string{"h5", "h4"})
	want(t, "the password of another", get[identity.Password](t)(w.Password(w.ctx, "bob")).Hash, "b1")
	must(t, w.DeletePasswords(w.ctx, "ann"))
	_, err = w.Password(w.ctx, "ann")
	wantKind(t, "deleted password", err, fault.NotFound)
	u := get[identity.User](t)(w.User(w.ctx, "ann"))
	want(t, "version and expiry after deletion", u.AuthVersion == 5 && u.PasswordExpiresAt == nil, true)
}

func activity(t *testing.T, w *world) {
	day := identity.Day(w.now)
	active := func() time.Time { return get[identity.User](t)(w.User(w.ctx, "ann")).LastActiveAt }
	want(t, "before the first sign-in", active().IsZero(), true)
	before := w.last(t)
	for _, d := range []time.Time{day, day.AddDate(0, 0, 1), day, day.AddDate(0, 0, 1)} {
		must(t, w.Active(w.ctx, "ann", d))
	}
	must(t, w.Active(w.ctx, "nobody", day))
	want(t, "the latest day", active(), day.AddDate(0, 0, 1))
	want(t, "events", w.last(t), before)
	u := get[identity.User](t)(w.UpdateUser(w.ctx, "ann", func(u *identity.User) error { u.Name = "anna"; return nil }))
	want(t, "after another change", u.LastActiveAt, day.AddDate(0, 0, 1))
	must(t, second(w.UpdateUser(w.ctx, "ann", func(u *identity.User) error { u.LastActiveAt = day; return nil })))
	want(t, "set back", active(), day)
	want(t, "another user", get[identity.User](t)(w.User(w.ctx, "bob")).LastActiveAt.IsZero(), true)
}

func second[T any](_ T, err error) error { return err }

func members(t *testing.T, w *world) {
	must(t, w.AddMember(w.ctx, "ops", "ann"))
	must(t, w.AddMember(w.ctx, "ops", "bob"))
	before := w.last(t)
	must(t, w.AddMember(w.ctx, "ops", "ann"))
	want(t, "events of a repeated AddMember", w.last(t), before)
	want(t, "IsMember", get[bool](t)(w.IsMember(w.ctx, "ops", "ann")), true)
	want(t, "members", ids(get[listing.Page[identity.User]](t)(w.ListMembers(w.ctx, "ops", listing.Query{})).Items, userID), []string{"ann", "bob"})
	want(t, "members by name", ids(get[listing.Page[identity.User]](t)(w.ListMembers(w.ctx, "ops", by("name", listing.Equals, "bob"))).Items, userID), []string{"bob"})
	groups := get[listing.Page[identity.Group]](t)(w.ListGroupsOfUser(w.ctx, "ann", listing.Query{}))
	want(t, "groups of ann", ids(groups.Items, func(g identity.Group) string { return g.ID }), []string{"ops"})
	must(t, w.RemoveMember(w.ctx, "ops", "ann"))
	want(t, "IsMember after removal", get[bool](t)(w.IsMember(w.ctx, "ops", "ann")), false)
	must(t, w.DeleteUser(w.ctx, "bob"))
	want(t, "members after a user's deletion", len(get[listing.Page[identity.User]](t)(w.ListMembers(w.ctx, "ops", listing.Query{})).Items), 0)
	must(t, w.AddMember(w.ctx, "ops", "ann"))
	must(t, w.DeleteGroup(w.ctx, "ops"))
	want(t, "IsMember of a deleted group", get[bool](t)(w.IsMember(w.ctx, "ops", "ann")), false)
}

func groupZeroValues(t *testing.T, w *world) {
	g := identity.Group{ID: "g", DomainID: "red", Name: "g", Description: new("text"), Extra: map[string]any{"a": "b"}}
	must(t, w.CreateGroup(w.ctx, g))
	want(t, "as created", get[identity.Group](t)(w.Group(w.ctx, "g")), g)
	for _, d := range []*string{new(""), nil, new("x")} {
		g.Description, g.Extra = d, nil
		get[identity.Group](t)(w.UpdateGroup(w.ctx, "g", func(x *identity.Group) error { *x = g; x.DomainID = "blue"; return nil }))
		want(t, "as updated", get[identity.Group](t)(w.Group(w.ctx, "g")), g)
	}
	page := get[listing.Page[identity.Group]](t)(w.ListGroups(w.ctx, by("domain_id", listing.Equals, "red")))
	want(t, "groups of red", len(page.Items), 2)
	evs := get[[]event.Event](t)(w.EventsAfter(w.ctx, 0, 0))
	want(t, "last event", evs[len(evs)-1].DomainID, "red")
}
