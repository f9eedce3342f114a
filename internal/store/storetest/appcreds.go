package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/keyward/identity/internal/appcred"
	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

func appCredID(c appcred.Credential) string { return c.ID }

func accessRuleID(r appcred.AccessRule) string { return r.ID }

// appCred is one of ann's on web with the role member.
func appCred(id string, rules ...appcred.AccessRule) appcred.Credential {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	return appcred.Credential{
		ID: id, Name: "name of " + id, UserID: "ann", ProjectID: "web", Secret: "v1.x.y", CreatedAt: at, AuthTime: at.Add(-time.Second),
		Methods: []string{"password", "totp"}, RoleIDs: []string{"member"}, AccessRules: rules,
	}
}

func appCredentials(t *testing.T, w *world) {
	rule := func(id, path string) appcred.AccessRule {
		return appcred.AccessRule{ID: id, UserID: "ann", Service: "compute", Path: path, Method: "GET"}
	}
	create := func(c appcred.Credential) (appcred.Credential, error) { return w.CreateAppCredential(w.ctx, c) }
	for what, spoil := range map[string]func(*appcred.Credential){
		"of nobody": func(c *appcred.Credential) { c.UserID = "no" }, "on no project": func(c *appcred.Credential) { c.ProjectID = "no" },
		"with no role": func(c *appcred.Credential) { c.RoleIDs = []string{"member", "no"} },
	} {
		c := appCred("x", rule("r9", "/9"))
		spoil(&c)
		_, err := create(c)
		wantKind(t, what, err, fault.NotFound)
	}
	end, yes, text := time.Date(2027, 1, 2, 3, 4, 5, 678000, time.UTC), true, "nightly"
	full := appCred("b", rule("r2", "/2"), rule("r1", "/1"), rule("r3", "/2"))
	full.ExpiresAt, full.Unrestricted, full.Description = &end, &yes, &text
	made := get[appcred.Credential](t)(create(full))
	full.AccessRules = []appcred.AccessRule{rule("r2", "/2"), rule("r1", "/1")} // what says the same is once there
	want(t, "as it was made", made, full)
	want(t, "as it is stored", get[appcred.Credential](t)(w.AppCredential(w.ctx, "b")), full)
	want(t, "by its name", get[appcred.Credential](t)(w.AppCredentialByName(w.ctx, "ann", "name of b")), full)
	same := appCred("c")
	same.Name = full.Name
	_, err := create(same)
	wantKind(t, "a taken name", err, fault.Conflict)
	same.UserID = "bob"
	get[appcred.Credential](t)(create(same)) // names are each user's own
	again := get[appcred.Credential](t)(create(appCred("a", rule("r5", "/1"))))
	want(t, "a rule that was there", ids(again.AccessRules, accessRuleID), []string{"r1"})
	for _, id := range []string{"no", "\x00"} {
		_, err := w.AppCredential(w.ctx, id)
		wantKind(t, "nothing", err, fault.NotFound)
		_, err = w.AppCredentialByName(w.ctx, "ann", id)
		wantKind(t, "nothing of that name", err, fault.NotFound)
	}
	for _, c := range []struct {
		q    listing.Query
		want string
	}{
		{listing.Query{}, "[a b c] false"}, {listing.Query{Limit: 2}, "[a b] true"}, {listing.Query{Marker: "a"}, "[b c] false"},
		{by("user_id", listing.Equals, "ann"), "[a b] false"}, {by("name", listing.Equals, "name of b").With("user_id", "bob"), "[c] false"},
		{by("name", listing.IContains, "OF A"), "[a] false"}, {by("project_id", listing.Equals, "shop"), "[] false"},
	} {
		page := get[listing.Page[appcred.Credential]](t)(w.ListAppCredentials(w.ctx, c.q))
		want(t, fmt.Sprintf("page of %+v", c.q), fmt.Sprint(ids(page.Items, appCredID), page.More), c.want)
	}
	want(t, "ann's number", get[int](t)(w.CountAppCredentials(w.ctx, "ann")), 2)
	want(t, "nobody's number", get[int](t)(w.CountAppCredentials(w.ctx, "no")), 0)

	before := w.last(t)
	must(t, w.DeleteAppCredential(w.ctx, "b"))
	wantKind(t, "twice", w.DeleteAppCredential(w.ctx, "b"), fault.NotFound)
	evs := get[[]event.Event](t)(w.EventsAfter(w.ctx, before, 0))
	want(t, "events", ids(evs, func(e event.Event) string { return e.Action + " " + string(e.Kind) + " " + e.TargetID + " " + e.UserID }),
		[]string{"application_credential.delete application_credential b ann"})
	accessRulesOf(t, w)
}

// accessRulesOf is about r1, which is in use, and r2, which is not any more. Both are ann's.
func accessRulesOf(t *testing.T, w *world) {
	for _, c := range []struct {
		q    listing.Query
		want string
	}{
		{by("user_id", listing.Equals, "ann"), "[r1 r2]"}, {by("user_id", listing.Equals, "bob"), "[]"}, {by("path", listing.Equals, "/2"), "[r2]"},
		{by("service", listing.StartsWith, "comp").With("method", "GET"), "[r1 r2]"}, {by("method", listing.Equals, "PUT"), "[]"},
	} {
		page := get[listing.Page[appcred.AccessRule]](t)(w.ListAccessRules(w.ctx, c.q))
		want(t, fmt.Sprintf("rules of %+v", c.q), fmt.Sprint(ids(page.Items, accessRuleID)), c.want)
	}
	_, err := w.AccessRule(w.ctx, "bob", "r2")
	wantKind(t, "another's rule", err, fault.NotFound)
	wantKind(t, "another's rule, to delete", w.DeleteAccessRule(w.ctx, "bob", "r2"), fault.NotFound)
	wantKind(t, "a rule in use", w.DeleteAccessRule(w.ctx, "ann", "r1"), fault.Forbidden)
	must(t, w.DeleteAccessRule(w.ctx, "ann", "r2"))
	_, err = w.AccessRule(w.ctx, "ann", "r2")
	wantKind(t, "what was deleted", err, fault.NotFound)
}

func orphanAppCredentials(t *testing.T, w *world) {
	left := func() string {
		return fmt.Sprint(ids(get[listing.Page[appcred.Credential]](t)(w.ListAppCredentials(w.ctx, listing.Query{})).Items, appCredID))
	}
	must(t, w.CreateRole(w.ctx, assignment.Role{ID: "lead", Name: "lead"}))
	rule := appcred.AccessRule{ID: "r", UserID: "ann", Service: "compute", Path: "/", Method: "GET"}
	both := appCred("both", rule)
	both.RoleIDs = []string{"member", "lead"}
	bobs := appCred("bobs")
	bobs.UserID = "bob"
	for _, c := range []appcred.Credential{both, appCred("one"), bobs} {
		get[appcred.Credential](t)(w.CreateAppCredential(w.ctx, c))
	}
	must(t, w.DeleteRole(w.ctx, "lead"))
	want(t, "without the role", left(), "[bobs one]")
	must(t, w.DeleteUser(w.ctx, "ann"))
	want(t, "without ann", left(), "[bobs]")
	want(t, "ann's rules", len(get[listing.Page[appcred.AccessRule]](t)(w.ListAccessRules(w.ctx, listing.Query{})).Items), 0)
	must(t, w.DeleteProject(w.ctx, "web"))
	want(t, "without the project", left(), "[]")
}
