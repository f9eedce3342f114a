package attack_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// user wraps attributes of a user.
func user(attrs map[string]any) map[string]any { return map[string]any{"user": attrs} }

func TestA3ADisabledUserHasNothingLeft(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		w.Grant("alice", "member", "domain:red")
		w.Grant("alice", "reader", "system")
		held := map[string]string{
			"the unscoped token": w.Token("alice", ""), "the project's token": w.Token("alice", "project:red/p1"),
			"the domain's token": w.Token("alice", "domain:red"), "the system's token": w.Token("alice", "system"),
		}
		held["a rescoped token"] = continued(w, held["the unscoped token"], onProject(w.ID("red/p2"))).Want(http.StatusCreated).Token()
		for what, text := range held {
			live(t, w, what, text)
		}
		w.Patch("/v3/users/{alice}", enabled("user", false), w.As("sysadmin")).Want(http.StatusOK)
		if w.Get("/v3/users/{alice}", w.As("sysadmin")).Want(http.StatusOK).Bool("user.enabled") {
			t.Fatal("the user was not disabled")
		}
		for what, text := range held {
			dead(t, w, what, text)
		}
		stranger := w.Post("/v3/auth/tokens", apitest.PasswordBody("f00dfeedf00dfeedf00dfeedf00dfeed", "some password", nil)).Want(http.StatusUnauthorized)
		refused := w.SignIn("alice", "").Want(http.StatusUnauthorized)
		if string(refused.Body) != string(stranger.Body) {
			t.Errorf("a disabled user is told apart from one who does not exist:\n%s\n%s", refused.Body, stranger.Body)
		}
		w.Patch("/v3/users/{alice}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK)
		for what, text := range held {
			dead(t, w, what+" after the user was enabled again", text)
		}
		live(t, w, "a new token", w.Token("alice", "project:red/p1"))
	})
}

func TestA3AReceiptEndsWithItsUser(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("mia", "red")
		w.Patch("/v3/users/{mia}", user(map[string]any{"options": map[string]any{
			"multi_factor_auth_enabled": true, "multi_factor_auth_rules": [][]string{{"password", "totp"}},
		}}), w.As("sysadmin")).Want(http.StatusOK)
		receipt := func() string {
			return w.SignIn("mia", "").Want(http.StatusUnauthorized).Header.Get("Openstack-Auth-Receipt")
		}
		unruled := user(map[string]any{"options": map[string]any{"multi_factor_auth_enabled": false}})
		for what, end := range map[string]func(){
			"disabling": func() {
				w.Patch("/v3/users/{mia}", enabled("user", false), w.As("sysadmin")).Want(http.StatusOK)
				w.Patch("/v3/users/{mia}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK)
			},
			"a new password": func() { w.SetPassword("mia") },
			"its end":        func() { w.Clock.Advance(w.Config.Receipt.TTL) },
		} {
			held := receipt()
			if held == "" {
				t.Fatal("there is no receipt to try")
			}
			end()
			w.Patch("/v3/users/{mia}", unruled, w.As("sysadmin")).Want(http.StatusOK)
			r := w.Post("/v3/auth/tokens", signInBody(w, "mia", nil), apitest.Header("Openstack-Auth-Receipt", held))
			if r.Status != http.StatusUnauthorized || r.Token() != "" {
				t.Errorf("a receipt from before %s: %d", what, r.Status)
			}
			w.Patch("/v3/users/{mia}", user(map[string]any{"options": map[string]any{"multi_factor_auth_enabled": true}}), w.As("sysadmin")).Want(http.StatusOK)
		}
	})
}

func TestA4ADeletedUserLeavesNothingToTheNextOfTheName(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		old, scoped := w.Token("alice", ""), w.Token("alice", "project:red/p1")
		first := w.ID("alice")
		w.Delete("/v3/users/{alice}", w.As("sysadmin")).Want(http.StatusNoContent)
		dead(t, w, "a token of a deleted user", old)
		body := user(map[string]any{"name": "alice", "domain_id": w.ID("red"), "password": w.Password("alice")})
		second := w.Post("/v3/users", body, w.As("sysadmin")).Want(http.StatusCreated).Str("user.id")
		if second == first {
			t.Fatal("an id was used again")
		}
		dead(t, w, "a token of the former user of the name", old)
		dead(t, w, "a scoped token of the former user of the name", scoped)
		w.Post("/v3/auth/tokens", apitest.PasswordBody(second, w.Password("alice"), onProject(w.ID("red/p1")))).Want(http.StatusUnauthorized)
		r := w.Get("/v3/role_assignments?user.id="+second, w.As("sysadmin")).Want(http.StatusOK)
		if len(r.List("role_assignments")) != 0 {
			t.Errorf("the new user has roles: %s", r.Body)
		}
	})
}

func TestA5ANewPasswordEndsEveryToken(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		change := map[string]func(t *testing.T){
			"the user's own change": func(*testing.T) {
				fresh := w.NewPassword()
				w.Post("/v3/users/{alice}/password", user(map[string]any{"original_password": w.Password("alice"), "password": fresh})).Want(http.StatusNoContent)
				w.KnowPassword("alice", fresh)
			},
			"an administrator's change": func(*testing.T) { w.SetPassword("alice") },
		}
		for what, f := range change {
			unscoped, scoped := w.Token("alice", ""), w.Token("alice", "project:red/p1")
			bob := w.Token("bob", "project:red/p1")
			former := w.Password("alice")
			f(t)
			dead(t, w, "an unscoped token from before "+what, unscoped)
			dead(t, w, "a project's token from before "+what, scoped)
			live(t, w, "the token of another user after "+what, bob)
			live(t, w, "a token from after "+what+", in the same microsecond", w.Token("alice", "project:red/p1"))
			w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID("alice"), former, nil)).Want(http.StatusUnauthorized)
		}
	})
}

func TestA5AWrongOriginalPasswordEndsNothing(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	cast(w)
	text := w.Token("alice", "")
	for _, body := range []map[string]any{
		{"original_password": "not the password", "password": "a-good-new-passphrase"},
		{"original_password": w.Password("bob"), "password": "a-good-new-passphrase"},
	} {
		w.Post("/v3/users/{alice}/password", user(body), apitest.Token(text)).Want(http.StatusUnauthorized)
		w.Post("/v3/users/{alice}/password", user(body)).Want(http.StatusUnauthorized)
	}
	live(t, w, "the token", text)
	w.Token("alice", "")
}

// rolesOf returns the names of the roles that validation lists.
func rolesOf(w *apitest.World, text string) []string {
	names := validate(w, text).Want(http.StatusOK).Names("token.roles", "name")
	slices.Sort(names)
	return names
}

func TestA7TokensFollowRoles(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		grant := "/v3/projects/{red/p1}/users/{alice}/roles/{role %s}"
		p1, p2 := w.Token("alice", "project:red/p1"), w.Token("alice", "project:red/p2")
		w.Grant("alice", "Ops", "project:red/p1")
		if got := rolesOf(w, p1); !slices.Equal(got, []string{"Ops", "member", "reader"}) {
			t.Errorf("with a second role the old token lists %v", got)
		}
		w.Delete(fmt.Sprintf(grant, "Ops"), w.As("sysadmin")).Want(http.StatusNoContent)
		if got := rolesOf(w, p1); !slices.Equal(got, []string{"member", "reader"}) {
			t.Errorf("after one of two roles is gone the old token lists %v", got)
		}
		w.Delete(fmt.Sprintf(grant, "member"), w.As("sysadmin")).Want(http.StatusNoContent)
		dead(t, w, "the token without a role", p1)
		live(t, w, "the token of the other project", p2)
		w.SignIn("alice", "project:red/p1").Want(http.StatusUnauthorized)
		continued(w, p2, onProject(w.ID("red/p1"))).Want(http.StatusUnauthorized)
	})
}

// waysOut are the ways to lose a role other than losing the grant itself. Each gives ann, a user without any
// roles, a role on red/p1 and returns what takes it.
var waysOut = map[string]func(w *apitest.World) (takes func()){
	"leaving a group": func(w *apitest.World) func() {
		group(w, "{red/p1}")
		return func() { w.Delete("/v3/groups/{crew}/users/{ann}", w.As("sysadmin")).Want(http.StatusNoContent) }
	},
	"the group's loss of the role": func(w *apitest.World) func() {
		group(w, "{red/p1}")
		return func() {
			w.Delete("/v3/projects/{red/p1}/groups/{crew}/roles/{role Ops}", w.As("sysadmin")).Want(http.StatusNoContent)
		}
	},
	"the end of the group": func(w *apitest.World) func() {
		group(w, "{red/p1}")
		return func() { w.Delete("/v3/groups/{crew}", w.As("sysadmin")).Want(http.StatusNoContent) }
	},
	"the end of the role": func(w *apitest.World) func() {
		w.Grant("ann", "lamplighter", "project:red/p1")
		return func() { w.Delete("/v3/roles/{role lamplighter}", w.As("sysadmin")).Want(http.StatusNoContent) }
	},
	"the end of a role inherited from the domain": func(w *apitest.World) func() {
		return inherited(w, "/v3/OS-INHERIT/domains/{red}/users/{ann}/roles/{role Ops}/inherited_to_projects")
	},
	"the end of a group's role inherited from the domain": func(w *apitest.World) func() {
		group(w, "{red/p2}")
		return inherited(w, "/v3/OS-INHERIT/domains/{red}/groups/{crew}/roles/{role Ops}/inherited_to_projects")
	},
}

// inherited gives a role by inheritance.
func inherited(w *apitest.World, path string) (takes func()) {
	w.Put(path, w.As("sysadmin")).Want(http.StatusNoContent)
	return func() { w.Delete(path, w.As("sysadmin")).Want(http.StatusNoContent) }
}

// group makes the group crew of ann, with the role Ops on a project.
func group(w *apitest.World, project string) {
	id := w.Post("/v3/groups", map[string]any{"group": map[string]any{"name": "crew", "domain_id": w.ID("red")}}, w.As("sysadmin")).Want(http.StatusCreated).Str("group.id")
	w.Name("crew", id)
	w.Put("/v3/groups/{crew}/users/{ann}", w.As("sysadmin")).Want(http.StatusNoContent)
	w.Put("/v3/projects/"+project+"/groups/{crew}/roles/{role Ops}", w.As("sysadmin")).Want(http.StatusNoContent)
}

func TestA7EveryWayOutOfARoleEndsItsTokens(t *testing.T) {
	t.Parallel()
	for what, give := range waysOut {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			apitest.Each(t, func(t *testing.T, w *apitest.World) {
				w.User("ann", "red")
				w.Project("red", "p1")
				w.Project("red", "p2")
				takes := give(w)
				text, unscoped := w.Token("ann", "project:red/p1"), w.Token("ann", "")
				live(t, w, "the token before "+what, text)
				takes()
				dead(t, w, "the token after "+what, text)
				live(t, w, "the unscoped token after "+what, unscoped)
				w.SignIn("ann", "project:red/p1").Want(http.StatusUnauthorized)
			})
		})
	}
}

func TestA7AnImpliedRoleEndsWithItsRule(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		rule := "/v3/roles/{role keeper}/implies/{role Ops}"
		w.Put(rule, w.As("sysadmin")).Want(http.StatusCreated)
		w.Grant("ann", "keeper", "project:red/p1")
		text := w.Token("ann", "project:red/p1")
		if got := rolesOf(w, text); !slices.Equal(got, []string{"Ops", "keeper"}) {
			t.Fatalf("the token lists %v", got)
		}
		w.Delete(rule, w.As("sysadmin")).Want(http.StatusNoContent)
		if got := rolesOf(w, text); !slices.Equal(got, []string{"keeper"}) {
			t.Errorf("after the rule's end the token lists %v", got)
		}
	})
}

func TestA8TokensOfADisabledPlaceAreDead(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		// zoe lives in blue and works in red.
		w.User("zoe", "blue")
		for _, scope := range []string{"project:red/p1", "project:blue/p3", "domain:red", "domain:blue"} {
			w.Grant("zoe", "member", scope)
		}
		held := map[string]string{}
		for _, scope := range []string{"", "project:red/p1", "project:blue/p3", "domain:red", "domain:blue"} {
			held[scope] = w.Token("zoe", scope)
		}
		for _, c := range []struct {
			what, path, kind string
			dead             []string
		}{
			{"the project is disabled", "/v3/projects/{red/p1}", "project", []string{"project:red/p1"}},
			{"the project's domain is disabled", "/v3/domains/{red}", "domain", []string{"project:red/p1", "domain:red"}},
			{"the user's domain is disabled", "/v3/domains/{blue}", "domain", []string{"", "project:red/p1", "project:blue/p3", "domain:red", "domain:blue"}},
		} {
			w.Patch(c.path, enabled(c.kind, false), w.As("sysadmin")).Want(http.StatusOK)
			for scope, text := range held {
				if slices.Contains(c.dead, scope) {
					dead(t, w, c.what+": the token of "+scope, text)
					w.SignIn("zoe", scope).Want(http.StatusUnauthorized)
				} else {
					live(t, w, c.what+": the token of "+scope, text)
				}
			}
			w.Patch(c.path, enabled(c.kind, true), w.As("sysadmin")).Want(http.StatusOK)
			for scope, text := range held {
				live(t, w, c.what+" no more: the token of "+scope, text) // live state, as in Keystone
			}
		}
	})
}

func TestA8DeletedPlacesDoNotComeBack(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		w.Grant("alice", "member", "domain:red")
		gone, domain := w.Token("alice", "project:red/p1"), w.Token("alice", "domain:red")
		w.Delete("/v3/projects/{red/p1}", w.As("sysadmin")).Want(http.StatusNoContent)
		dead(t, w, "the token of a deleted project", gone)
		live(t, w, "the domain's token", domain)
		w.Post("/v3/projects", map[string]any{"project": map[string]any{"name": "p1", "domain_id": w.ID("red")}}, w.As("sysadmin")).Want(http.StatusCreated)
		dead(t, w, "the token of the former project of the name", gone)
		w.Patch("/v3/domains/{red}", enabled("domain", false), w.As("sysadmin")).Want(http.StatusOK)
		w.Delete("/v3/domains/{red}", w.As("sysadmin")).Want(http.StatusNoContent)
		dead(t, w, "the token of a deleted domain", domain)
	})
}
