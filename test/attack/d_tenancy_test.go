package attack_test

import (
	"bytes"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestD6GrantsThatDoNotExistComeFromNowhere(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		before := state(w)
		const random = "0123456789abcdef0123456789abcdef"
		for _, op := range operations(t) {
			names := variables(op.path)
			if !strings.Contains(op.path, "/roles/{role_id}/") && !strings.HasSuffix(op.path, "/roles/{role_id}") || len(names) < 2 {
				continue
			}
			path := at(w, op.path)
			if op.method == http.MethodDelete {
				w.Delete(path, w.As("sysadmin")).Want(http.StatusNotFound)
				w.Get(path, w.As("sysadmin")).Want(http.StatusNotFound)
			}
			for _, name := range names { // one of the parts is missing, or is another kind of thing
				for _, id := range []string{random, w.ID("the endpoint_id"), w.ID("the group_id"), w.ID("the user_id")} {
					if id == w.ID("the "+name) {
						continue
					}
					w.Do(op.method, strings.Replace(path, w.ID("the "+name), id, 1), w.As("sysadmin")).Want(http.StatusNotFound)
				}
			}
		}
		same(t, w, "a grant that is none", before)
	}, quick)
}

// TestD7ChosenIdsAreIgnored makes objects with the id of another in the body.
func TestD7ChosenIdsAreIgnored(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("alice", "red")
		w.Project("red", "p1")
		alice := w.ID("alice")
		for _, c := range []struct{ path, kind, more string }{
			{"/v3/users", "user", `"domain_id":"{red}"`}, {"/v3/groups", "group", `"domain_id":"{red}"`},
			{"/v3/projects", "project", `"domain_id":"{red}"`}, {"/v3/domains", "domain", `"description":""`},
			{"/v3/roles", "role", `"description":""`}, {"/v3/services", "service", `"type":"x"`},
		} {
			id := w.Post(c.path, `{"`+c.kind+`":{"name":"chosen","id":"{alice}",`+c.more+`}}`, w.As("sysadmin")).Want(http.StatusCreated).Str(c.kind + ".id")
			if id == alice || len(id) != 32 {
				t.Errorf("%s: the body chose the id %s", c.path, id)
			}
			w.Name("chosen "+c.kind, id)
		}
		w.Put("/v3/projects/{red/p1}/groups/{chosen group}/roles/{role admin}", w.As("sysadmin")).Want(http.StatusNoContent)
		w.Put("/v3/system/groups/{chosen group}/roles/{role admin}", w.As("sysadmin")).Want(http.StatusNoContent)
		w.Get("/v3/projects/{red/p1}/users/{alice}/roles/{role admin}", w.As("sysadmin")).Want(http.StatusNotFound)
		for _, scope := range []string{"system", "project:red/p1"} {
			w.SignIn("alice", scope).Want(http.StatusUnauthorized)
		}
		// The domain may have the id of a user by request (explicit_domain_id). Roles on one are none on the other.
		w.Post("/v3/domains", `{"domain":{"name":"twin","explicit_domain_id":"{alice}"}}`, w.As("sysadmin")).Want(http.StatusCreated)
		w.Put("/v3/domains/{alice}/groups/{chosen group}/roles/{role admin}", w.As("sysadmin")).Want(http.StatusNoContent)
		w.SignIn("alice", "").Want(http.StatusCreated)
		w.Get("/v3/users", apitest.Token(w.Token("alice", ""))).Want(http.StatusForbidden)
	}, quick)
}

// withinReachOfAdmins is what a manager of a domain may not do there, but its administrator may.
var withinReachOfAdmins = map[string]bool{
	`PUT /v3/domains/{blue}/users/{bob}/roles/{role admin} `:                                  true,
	`PUT /v3/OS-INHERIT/domains/{blue}/users/{bob}/roles/{role admin}/inherited_to_projects `: true,
	// For themselves people may only; administrators of the domain may for its users.
	`POST /v3/credentials {"credential":{"type":"totp","user_id":"{bob}","blob":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR"}}`: true,
}

// TestD8ManagersAndAdministratorsOfADomainStayInIt tries in another domain everything that the manager of a
// domain may do at home.
func TestD8ManagersAndAdministratorsOfADomainStayInIt(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		w.User("bob", "blue")
		w.Project("blue", "sea")
		w.Persona("manager@blue")
		w.Persona("admin@blue")
		w.Name("blues", w.Post("/v3/groups", `{"group":{"name":"blues","domain_id":"{blue}"}}`, w.As("manager@blue")).Want(http.StatusCreated).Str("group.id"))
		w.Name("local", w.Post("/v3/roles", `{"role":{"name":"reader","domain_id":"{red}"}}`, w.As("sysadmin")).Want(http.StatusCreated).Str("role.id"))
		members := func() string {
			return string(w.Get("/v3/groups/{blues}/users", w.As("sysadmin")).Body) + string(w.Get("/v3/groups/{the group_id}/users", w.As("sysadmin")).Body)
		}
		before, in := state(w), members()
		for do, want := range map[string]int{
			`POST /v3/users {"user":{"name":"x","domain_id":"{red}"}}`:                                                        403,
			`POST /v3/users {"user":{"name":"x","domain_id":"default"}}`:                                                      403,
			`POST /v3/users {"user":{"name":"x","domain_id":"none"}}`:                                                         403,
			`POST /v3/groups {"group":{"name":"x","domain_id":"{red}"}}`:                                                      403,
			`POST /v3/projects {"project":{"name":"x","domain_id":"{red}"}}`:                                                  403,
			`POST /v3/projects {"project":{"name":"x","domain_id":"{red}","parent_id":"{blue/sea}"}}`:                         403,
			`POST /v3/projects {"project":{"name":"x","domain_id":"{blue}","parent_id":"{red/web}"}}`:                         400,
			`POST /v3/projects {"project":{"name":"x","domain_id":"{blue}","parent_id":"{red}"}}`:                             400,
			`POST /v3/projects {"project":{"name":"x","domain_id":"{blue}","is_domain":true}}`:                                403,
			`POST /v3/projects {"project":{"name":"x","domain_id":null,"is_domain":true}}`:                                    403,
			`POST /v3/domains {"domain":{"name":"x"}}`:                                                                        403,
			`POST /v3/roles {"role":{"name":"x","domain_id":"{blue}"}}`:                                                       403,
			`PATCH /v3/users/{target} {"user":{"password":"a long enough password"}}`:                                         403,
			`PATCH /v3/users/{bob} {"user":{"domain_id":"{red}"}}`:                                                            400,
			`PATCH /v3/users/{bob} {"user":{"domain_id":null}}`:                                                               400,
			`PATCH /v3/groups/{the group_id} {"group":{"name":"x"}}`:                                                          403,
			`PATCH /v3/groups/{blues} {"group":{"domain_id":"{red}"}}`:                                                        400,
			`PATCH /v3/projects/{red/web} {"project":{"name":"x"}}`:                                                           403,
			`PATCH /v3/projects/{red} {"project":{"enabled":false}}`:                                                          403,
			`PATCH /v3/projects/{blue} {"project":{"enabled":false}}`:                                                         403,
			`PATCH /v3/projects/{blue/sea} {"project":{"domain_id":"{red}"}}`:                                                 400,
			`PATCH /v3/projects/{blue/sea} {"project":{"parent_id":"{red}"}}`:                                                 403,
			`PATCH /v3/projects/{blue/sea} {"project":{"parent_id":"{red/web}"}}`:                                             403,
			`PATCH /v3/projects/{blue/sea} {"project":{"is_domain":true}}`:                                                    400,
			`PATCH /v3/domains/{blue} {"domain":{"name":"x"}}`:                                                                403,
			`DELETE /v3/users/{target} `:                                                                                      403,
			`DELETE /v3/groups/{the group_id} `:                                                                               403,
			`DELETE /v3/projects/{red/web} `:                                                                                  403,
			`DELETE /v3/projects/{blue} `:                                                                                     403,
			`DELETE /v3/domains/{blue} `:                                                                                      403,
			`PUT /v3/groups/{blues}/users/{target} `:                                                                          403,
			`PUT /v3/groups/{the group_id}/users/{bob} `:                                                                      403,
			`PUT /v3/groups/{the group_id}/users/{target} `:                                                                   403,
			`PUT /v3/projects/{red/web}/users/{bob}/roles/{role reader} `:                                                     403,
			`PUT /v3/projects/{blue/sea}/users/{target}/roles/{role reader} `:                                                 403,
			`PUT /v3/projects/{blue/sea}/groups/{the group_id}/roles/{role reader} `:                                          403,
			`PUT /v3/projects/{red/web}/groups/{blues}/roles/{role reader} `:                                                  403,
			`PUT /v3/projects/{red}/users/{bob}/roles/{role reader} `:                                                         403,
			`PUT /v3/domains/{red}/users/{bob}/roles/{role reader} `:                                                          403,
			`PUT /v3/domains/{red}/groups/{blues}/roles/{role reader} `:                                                       403,
			`PUT /v3/domains/{blue}/users/{target}/roles/{role reader} `:                                                      403,
			`PUT /v3/domains/{blue}/users/{bob}/roles/{role admin} `:                                                          403,
			`PUT /v3/domains/{blue}/users/{bob}/roles/{local} `:                                                               403,
			`PUT /v3/projects/{blue/sea}/users/{bob}/roles/{local} `:                                                          403,
			`PUT /v3/OS-INHERIT/projects/{red/web}/users/{bob}/roles/{role reader}/inherited_to_projects `:                    403,
			`PUT /v3/OS-INHERIT/projects/{blue/sea}/users/{target}/roles/{role reader}/inherited_to_projects `:                403,
			`PUT /v3/OS-INHERIT/domains/{red}/users/{bob}/roles/{role reader}/inherited_to_projects `:                         403,
			`PUT /v3/OS-INHERIT/domains/{red}/users/{target}/roles/{role reader}/inherited_to_projects `:                      403,
			`PUT /v3/OS-INHERIT/domains/{red}/groups/{blues}/roles/{role reader}/inherited_to_projects `:                      403,
			`PUT /v3/OS-INHERIT/domains/{blue}/users/{target}/roles/{role reader}/inherited_to_projects `:                     403,
			`PUT /v3/OS-INHERIT/domains/{blue}/groups/{the group_id}/roles/{role reader}/inherited_to_projects `:              403,
			`PUT /v3/OS-INHERIT/domains/{blue}/users/{bob}/roles/{local}/inherited_to_projects `:                              403,
			`PUT /v3/OS-INHERIT/domains/{blue}/users/{bob}/roles/{role admin}/inherited_to_projects `:                         403,
			`PUT /v3/system/users/{bob}/roles/{role reader} `:                                                                 403,
			`PUT /v3/roles/{role reader}/implies/{role service} `:                                                             403,
			`GET /v3/projects/{red/web}/users/{bob}/roles `:                                                                   403,
			`GET /v3/users/{target}/projects `:                                                                                403,
			`GET /v3/users/{target}/groups `:                                                                                  403,
			`GET /v3/groups/{blues}/users/{target} `:                                                                          403,
			`GET /v3/role_assignments?scope.project.id={red/web}&include_subtree `:                                            403,
			`POST /v3/credentials {"credential":{"type":"totp","user_id":"{bob}","blob":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR"}}`: 403,
		} {
			method, rest, _ := strings.Cut(do, " ")
			path, body, hasBody := strings.Cut(rest, " {\"")
			for _, who := range []string{"manager@blue", "admin@blue"} {
				if who == "admin@blue" && withinReachOfAdmins[do] {
					continue
				}
				with := []apitest.With{w.As(who)}
				if hasBody {
					with = append(with, apitest.Body(`{"`+body))
				}
				if r := w.Do(method, strings.TrimSpace(path), with...); r.Status != want {
					t.Errorf("%s, %s: %d, want %d: %.300s", who, do, r.Status, want, r.Body)
				}
			}
		}
		same(t, w, "the manager of another domain", before)
		if members() != in {
			t.Error("memberships changed")
		}
	}, quick)
}

// TestD12WhatIsForeignLooksMissing asks for what is there and for what is not: the answers are the same but for
// the id that was asked for. No list shows anything foreign.
func TestD12WhatIsForeignLooksMissing(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		callers := outsiders(w)
		const random = "0123456789abcdef0123456789abcdee"
		foreign := map[string]string{}
		for _, name := range []string{"domain_id", "project_id", "user_id", "group_id", "credential_id", "factor_id", "trust_id", "session_id"} {
			foreign[name] = w.ID("the " + name)
		}
		masked := func(r *apitest.Response, ids ...string) string {
			body := r.Body
			for _, id := range ids {
				body = bytes.ReplaceAll(body, []byte(id), []byte("ID"))
			}
			return string(body)
		}
		for _, op := range operations(t) {
			if op.public || strings.HasPrefix(op.path, "/v2.0") {
				continue
			}
			var with []apitest.With
			if op.body != nil {
				with = []apitest.With{apitest.Body(op.body.example(t, w, ""))}
			}
			for _, caller := range callers {
				ask := func(path string) *apitest.Response {
					return w.Do(op.method, path, append([]apitest.With{w.As(caller)}, with...)...)
				}
				names := variables(op.path)
				if len(names) == 0 && op.method == http.MethodGet {
					if r := ask(op.path); r.Status == http.StatusOK {
						for id := range maps.Values(foreign) {
							r.Never(id)
						}
					}
				}
				for _, name := range names {
					if _, ok := foreign[name]; !ok && !strings.Contains(name, "role_id") {
						continue
					}
					there := ask(at(w, op.path))
					path := strings.Replace(at(w, op.path), w.ID("the "+name), random, 1)
					not := ask(path)
					a, b := masked(there, w.ID("the "+name), random), masked(not, w.ID("the "+name), random)
					if there.Status != not.Status || a != b || there.Status < 400 {
						t.Errorf("%s, %s: %d with a foreign %s and %d with a random one\n%s\n%s", caller, op, there.Status, name, not.Status, a, b)
					}
				}
			}
		}
		for _, list := range []string{"/v3/users", "/v3/groups", "/v3/projects"} {
			theirs := map[string]string{"/v3/users": "user_id", "/v3/groups": "group_id", "/v3/projects": "project_id"}[list]
			for _, query := range []string{
				"?limit=1", "?domain_id={red}", "?name__contains=a", "?name__contains=e&limit=1", "?sort_key=domain_id&sort_dir=desc",
				"?domain_id__contains=" + w.ID("red")[:6], "?name=target", "?parent_id={red}", "?is_domain=1", "?tags=", "?not-tags=x",
			} {
				r := w.Get(list+query, w.As("manager@blue")).Want(http.StatusOK).Never(foreign[theirs])
				if next, ok := r.Value("links.next").(string); ok && bytes.Contains([]byte(next), []byte(w.ID("red"))) {
					t.Errorf("%s%s: the next link names what is foreign: %s", list, query, next)
				}
			}
			there := w.Get(list+"?marker="+foreign[theirs], w.As("manager@blue"))
			not := w.Get(list+"?marker="+random, w.As("manager@blue"))
			if there.Status != not.Status || masked(there, foreign[theirs], random) != masked(not, foreign[theirs], random) {
				t.Errorf("%s: a foreign marker is told from a missing one:\n%s\n%s", list, there.Body, not.Body)
			}
		}
		below := func(parent string) *apitest.Response {
			return w.Post("/v3/projects", `{"project":{"name":"x","domain_id":"{blue}","parent_id":"`+parent+`"}}`, w.As("manager@blue")).Want(http.StatusBadRequest)
		}
		if there, not := below(foreign["project_id"]), below(random); masked(there, foreign["project_id"]) != masked(not, random) {
			t.Errorf("a foreign parent is told from a missing one:\n%s\n%s", there.Body, not.Body)
		}
	}, quick)
}
