package attack_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// smuggled are members that name what the caller may touch, or that make him more than he is. Rules must read
// none of them from a request.
func smuggled(w *apitest.World, self, domain string) map[string]any {
	return map[string]any{
		"target":      map[string]any{"user": map[string]any{"id": w.ID(self), "domain_id": domain}, "domain": map[string]any{"id": domain}},
		"user_id":     w.ID(self),
		"domain_id":   domain,
		"project_id":  w.ID("the project_id"),
		"roles":       []any{"admin", map[string]any{"name": "admin"}},
		"is_admin":    true,
		"token":       map[string]any{"user": map[string]any{"id": w.ID(self)}, "domain": map[string]any{"id": domain}},
		"credential":  map[string]any{"user_id": w.ID(self), "type": "totp"},
		"system":      map[string]any{"all": true},
		"target.user": map[string]any{"domain_id": domain},
	}
}

// outsiders are callers who have nothing to do with the domain red, in which everything of furnished is.
func outsiders(w *apitest.World) []string {
	w.User("stranger", "blue")
	callers := []string{"manager@blue", "member@blue/sea", "stranger"}
	for _, c := range callers {
		w.Persona(c)
	}
	return callers
}

// TestD2NothingInABodyOpensADoor adds members to the bodies of writes that are refused. They stay refused.
func TestD2NothingInABodyOpensADoor(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		callers := outsiders(w)
		before := state(w)
		for _, op := range writes(t) {
			if op.public {
				continue
			}
			creates := len(variables(op.path)) == 0
			body := op.body.example(t, w, "").(map[string]any)
			for _, caller := range callers {
				if creates && caller == "manager@blue" {
					continue // who may create what names the domain blue
				}
				send := func(what string, body any) int {
					t.Helper()
					r := w.Do(op.method, at(w, op.path), w.As(caller), apitest.Body(body))
					if r.Status < 400 {
						t.Errorf("%s, %s, with %s: %d: %.300s", caller, op, what, r.Status, r.Body)
					}
					return r.Status
				}
				plain := send("nothing more", body)
				for name, value := range smuggled(w, "stranger", w.ID("blue")) {
					beside := maps.Clone(body)
					beside[name] = value
					inside := map[string]any{}
					for key, v := range body {
						inside[key] = v
						if object, ok := v.(map[string]any); ok {
							object = maps.Clone(object)
							object[name] = value
							inside[key] = object
						}
					}
					got := map[string]int{"beside": send(name+" beside", beside)}
					if !creates || name != "user_id" { // everybody may create credentials of his own
						got["inside"] = send(name+" inside", inside)
					}
					for where, got := range got {
						if got != plain && got != http.StatusBadRequest {
							t.Errorf("%s, %s, with %s %s: %d, and %d without it", caller, op, name, where, got, plain)
						}
					}
				}
			}
		}
		same(t, w, "a smuggled member", before)
	}, quick)
}

// TestD2NothingInAQueryOpensADoor does the same with parameters, on every operation with a target.
func TestD2NothingInAQueryOpensADoor(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		callers := outsiders(w)
		before := state(w)
		query := "?user_id={stranger}&domain_id={blue}&project_id={blue/sea}&target.user.domain_id={blue}&target.user.id={stranger}" +
			"&target.domain.id={blue}&token.domain.id={red}&is_admin=1&roles=admin&user.id={stranger}&scope.domain.id={blue}"
		for _, op := range operations(t) {
			open := strings.HasPrefix(op.path, "/v3/regions") || strings.HasPrefix(op.path, "/v3/registered_limits")
			if op.public || len(variables(op.path)) == 0 || open && op.method == http.MethodGet {
				continue
			}
			var with []apitest.With
			if op.body != nil {
				with = []apitest.With{apitest.Body(op.body.example(t, w, ""))}
			}
			for _, caller := range callers {
				ask := func(path string) int {
					return w.Do(op.method, path, append(slices.Clone(with), w.As(caller))...).Status
				}
				plain, asked := ask(at(w, op.path)), ask(at(w, op.path)+query)
				if plain < 400 || asked != plain && asked != http.StatusBadRequest {
					t.Errorf("%s, %s: %d, and %d with the parameters", caller, op, plain, asked)
				}
			}
		}
		same(t, w, "a smuggled parameter", before)
	}, quick)
}

// TestD5ARefusedWriteChangesNothing sends changes of which one part is good and another is not.
func TestD5ARefusedWriteChangesNothing(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		w.User("other", "red")
		w.Project("red", "taken")
		w.Post("/v3/groups", `{"group":{"name":"taken","domain_id":"{red}"}}`, w.As("admin")).Want(http.StatusCreated)
		w.Persona("manager@blue")
		before := state(w)
		for _, c := range []struct {
			as, do, body string
			want         int
		}{
			{"manager@blue", "PATCH /v3/users/{target}", `{"user":{"enabled":false,"email":"x"}}`, 403},
			{"admin", "PATCH /v3/users/{target}", `{"user":{"email":"x","name":"other"}}`, 409},
			{"admin", "PATCH /v3/users/{target}", `{"user":{"email":"x","enabled":false,"name":" "}}`, 400},
			{"admin", "PATCH /v3/users/{target}", `{"user":{"email":"x","password":"` + strings.Repeat("x", 5000) + `"}}`, 400},
			{"admin", "PATCH /v3/users/{target}", `{"user":{"options":{"lock_password":true,"multi_factor_auth_rules":[[]]}}}`, 400},
			{"admin", "PATCH /v3/users/{target}", `{"user":{"options":{"lock_password":true,"unknown":true}}}`, 400},
			{"admin", "PATCH /v3/users/{target}", `{"user":{"enabled":false,"default_project_id":"{red}"}}`, 400},
			{"admin", "PATCH /v3/users/{target}", `{"user":{"enabled":false,"domain_id":"default"}}`, 400},
			{"admin", "PATCH /v3/users/{target}", `{"user":{"email":"x"},"domain":{}}`, 400},
			{"admin", "PATCH /v3/projects/{red/web}", `{"project":{"tags":["new"],"description":"x","name":"taken"}}`, 409},
			{"admin", "PATCH /v3/projects/{red/web}", `{"project":{"tags":["new","new"],"description":"x"}}`, 400},
			{"admin", "PATCH /v3/projects/{red/web}", `{"project":{"description":"x","parent_id":"{red/taken}"}}`, 403},
			{"admin", "PATCH /v3/projects/{red/web}", `{"project":{"options":{"immutable":true},"domain_id":"default"}}`, 400},
			{"admin", "PATCH /v3/domains/{red}", `{"domain":{"enabled":false,"name":"Default"}}`, 409},
			{"admin", "PATCH /v3/domains/{red}", `{"domain":{"enabled":false,"tags":["a","a"]}}`, 400},
			{"admin", "DELETE /v3/domains/{red}", ``, 403},
			{"admin", "PATCH /v3/groups/{the group_id}", `{"group":{"description":"x","name":"taken"}}`, 409},
			{"admin", "PATCH /v3/groups/{the group_id}", `{"group":{"description":"x","domain_id":"default"}}`, 400},
			{"admin", "PUT /v3/groups/{the group_id}/users/none", ``, 404},
			{"manager@blue", "PUT /v3/groups/{the group_id}/users/{target}", ``, 403},
			{"admin", "PATCH /v3/roles/{role spare}", `{"role":{"description":"x","name":"admin"}}`, 409},
			{"admin", "PATCH /v3/roles/{role admin}", `{"role":{"options":{"immutable":false},"description":"x"}}`, 403},
			{"admin", "PUT /v3/roles/{role spare}/implies/{role spare}", ``, 400},
			{"admin", "PATCH /v3/regions/north", `{"region":{"description":"x","parent_region_id":"north"}}`, 400},
			{"admin", "POST /v3/endpoints", `{"endpoint":{"service_id":"none","interface":"public","url":"http://x.test","region":"made on the way"}}`, 400},
			{"admin", "POST /v3/endpoints", `{"endpoint":{"service_id":"{the service_id}","interface":"public","url":"http://x/$(x)s","region":"made on the way"}}`, 400},
			{"admin", "PATCH /v3/endpoints/{the endpoint_id}", `{"endpoint":{"enabled":false,"url":"http://x/%(x)s"}}`, 400},
			{"admin", "PATCH /v3/endpoints/{the endpoint_id}", `{"endpoint":{"enabled":false,"service_id":"none"}}`, 400},
			{"admin", "PATCH /v3/services/{the service_id}", `{"service":{"enabled":false,"name":""}}`, 400},
			{"admin", "PATCH /v3/credentials/{the credential_id}", `{"credential":{"blob":"short"}}`, 400},
		} {
			method, path, _ := strings.Cut(c.do, " ")
			with := []apitest.With{w.As(c.as)}
			if c.body != "" {
				with = append(with, apitest.Body(c.body))
			}
			w.Do(method, path, with...).Want(c.want)
			same(t, w, c.do+" "+c.body, before)
		}
		w.SignIn("target", "").Want(http.StatusUnauthorized) // a factor is enrolled; no password has been changed:
		if w.SignIn("target", "").Header.Get("Openstack-Auth-Receipt") == "" {
			t.Error("the password no longer works")
		}
	}, quick)
}

// TestD13UsersAreMoreThanWhatABodySays sends everything that a row of a user could hold.
func TestD13UsersAreMoreThanWhatABodySays(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("alice", "red")
		w.Grant("alice", "member", "project:red/p1")
		w.Domain("blue")
		read := func() string { return string(w.Get("/v3/users/{alice}", w.As("sysadmin")).Want(http.StatusOK).Body) }
		before := read()
		for _, caller := range []string{"alice", "member@red/p1", "reader@red", "manager@red/p1", "manager@blue"} {
			for _, attr := range []string{
				`"enabled":false`, `"domain_id":"{blue}"`, `"id":"{admin}"`, `"password_expires_at":null`, `"failed_auth_count":0`,
				`"options":{"ignore_lockout_failure_attempts":true}`, `"options":{"multi_factor_auth_enabled":false}`, `"links":{}`, `"email":"x"`,
			} {
				w.Patch("/v3/users/{alice}", `{"user":{`+attr+`}}`, w.As(caller)).Want(http.StatusForbidden)
			}
		}
		if now := read(); now != before {
			t.Errorf("a refused change came through:\n%s\n%s", before, now)
		}
		token := w.Token("alice", "project:red/p1")
		const more = `"password_expires_at":"2020-01-01T00:00:00.000000","links":{"self":"http://evil.test"},"extra":{"enabled":false},
			"failed_auth_count":1000,"failed_auth_at":"2099-01-01","auth_version":99,"created_at":"1970-01-01","is_admin":true,"roles":["admin"],
			"password_hash":"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$aGFzaA","original_password":"x","locked_until":"2099-01-01","auth_version_at":1`
		r := w.Patch("/v3/users/{alice}", `{"user":{`+more+`}}`, w.As("manager@red")).Want(http.StatusOK)
		r.Never("evil.test").Never("argon2id").Never("original_password")
		if r.Value("user.password_expires_at") != nil || !r.Bool("user.enabled") {
			t.Errorf("the body changed what it may not: %s", r.Body)
		}
		w.Get("/v3/users/{alice}", apitest.Token(token)).Want(http.StatusOK)
		validate(w, token).Want(http.StatusOK).Never(`"name":"admin"`)
		w.SignIn("alice", "project:red/p1").Want(http.StatusCreated).Never(`"name":"admin"`)
		w.SignIn("alice", "system").Want(http.StatusUnauthorized)
		made := w.Post("/v3/users", `{"user":{"name":"mallory","domain_id":"{red}",`+more+`,"id":"{alice}"}}`, w.As("manager@red")).Want(http.StatusCreated)
		if made.Str("user.id") == w.ID("alice") || made.Value("user.password_expires_at") != nil {
			t.Errorf("the body chose what it may not: %s", made.Body)
		}
	}, quick)
}
