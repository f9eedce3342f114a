package attack_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// TestD9DeletingAGroupEndsOnlyWhatItGave: tokens for roles of one's own live on.
func TestD9DeletingAGroupEndsOnlyWhatItGave(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		w.Project("red", "p3")
		w.Name("ops", w.Post("/v3/groups", `{"group":{"name":"ops","domain_id":"{red}"}}`, w.As("admin")).Want(http.StatusCreated).Str("group.id"))
		w.Put("/v3/groups/{ops}/users/{alice}", w.As("admin")).Want(http.StatusNoContent)
		for _, p := range []string{"red/p2", "red/p3"} {
			w.Put("/v3/projects/{"+p+"}/groups/{ops}/roles/{role reader}", w.As("admin")).Want(http.StatusNoContent)
		}
		own, both, lost := w.Token("alice", "project:red/p1"), w.Token("alice", "project:red/p2"), w.Token("alice", "project:red/p3")
		bystander := w.Token("bob", "project:red/p1")
		w.Delete("/v3/groups/{ops}", w.As("manager@red")).Want(http.StatusNoContent)
		dead(t, w, "the token for what only the group gave", lost)
		live(t, w, "the token for a role of one's own", own)
		live(t, w, "the token for a role that the group gave as well", both)
		live(t, w, "the token of somebody else", bystander)
	}, quick)
}

// TestD14EndpointURLsNameNothingElse: what cannot be filled in is refused or stands as it is, and the catalog
// is always there.
func TestD14EndpointURLsNameNothingElse(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Name("service", w.Post("/v3/services", `{"service":{"type":"x"}}`, w.As("admin")).Want(http.StatusCreated).Str("service.id"))
		send := func(url string) *apitest.Response {
			return w.Post("/v3/endpoints", map[string]any{"endpoint": map[string]any{
				"service_id": w.ID("service"), "interface": "public", "url": url}}, w.As("admin"))
		}
		for _, bad := range []string{
			"http://x.test/$(admin_token)s", "http://x.test/%(password)s", "http://x.test/%(user_id)", "http://x.test/$(user_id)d", "http://x.test/%s",
			"http://x.test/%", "http://x.test/%(%(user_id)s)s", "http://x.test/%(__class__)s", "http://x.test/%()s", "http://x.test/$()s", "x", "", "javascript",
			"http://x.test/" + strings.Repeat("x", 220),
		} {
			if r := send(bad); r.Status != http.StatusBadRequest {
				t.Errorf("%q: %d, want 400", bad, r.Status)
			}
		}
		for given, want := range map[string]string{
			"http://x.test/{{.}}":                        "http://x.test/{{.}}",
			"http://x.test/${HOME}":                      "http://x.test/${HOME}",
			"http://x.test/$HOME/$$":                     "http://x.test/$HOME/$$",
			"http://x.test/a%%b":                         "http://x.test/a%b",
			"http://x.test/$(user_id)s":                  "http://x.test/{admin}",
			"http://x.test/%(project_id)s/$(tenant_id)s": "http://x.test/{admin-project}/{admin-project}",
			"http://x.test/<b>\"'":                       "http://x.test/<b>\"'",
		} {
			id := send(given).Want(http.StatusCreated).Str("endpoint.id")
			found := false
			r := w.Get("/v3/auth/catalog", w.As("admin")).Want(http.StatusOK)
			for i := range r.List("catalog") {
				for j := range r.List(fmt.Sprintf("catalog.%d.endpoints", i)) {
					at := fmt.Sprintf("catalog.%d.endpoints.%d.", i, j)
					if r.Str(at+"id") == id {
						found = true
						expected := strings.NewReplacer("{admin}", w.ID("admin"), "{admin-project}", w.ID("admin-project")).Replace(want)
						if got := r.Str(at + "url"); got != expected {
							t.Errorf("%q became %q, want %q", given, got, expected)
						}
					}
				}
			}
			if !found {
				t.Errorf("%q is not in the catalog", given)
			}
			w.Delete("/v3/endpoints/"+id, w.As("admin")).Want(http.StatusNoContent)
		}
		send("http://x.test/%(compute_host)s").Want(http.StatusCreated)
		w.Get("/v3/auth/catalog", w.As("admin")).Want(http.StatusOK).Never("compute_host")
		w.SignIn("admin", "system").Want(http.StatusCreated)
	}, quick)
}

// TestD15LoopsAndLongChains: no shape of roles or projects makes the server loop.
func TestD15LoopsAndLongChains(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		const length = 100
		role := func(i int) string { return w.Role(fmt.Sprintf("link%d", i)) }
		for i := range length {
			w.Put("/v3/roles/"+role(i)+"/implies/"+role(i+1), w.As("sysadmin")).Want(http.StatusCreated)
		}
		w.Put("/v3/roles/"+role(0)+"/implies/"+role(0), w.As("sysadmin")).Want(http.StatusBadRequest)
		for _, from := range []int{1, 2, length} {
			w.Put("/v3/roles/"+role(from)+"/implies/"+role(0), w.As("sysadmin")).Want(http.StatusBadRequest)
		}
		w.User("alice", "red")
		w.Grant("alice", "link0", "project:red/p1")
		started := time.Now()
		r := w.SignIn("alice", "project:red/p1").Want(http.StatusCreated)
		if n := len(r.List("token.roles")); n != length+1 {
			t.Errorf("the chain gives %d roles, want %d", n, length+1)
		}
		r = w.Get("/v3/role_assignments?effective&user.id={alice}", w.As("sysadmin")).Want(http.StatusOK)
		if n := len(r.List("role_assignments")); n != length+1 {
			t.Errorf("%d effective assignments, want %d", n, length+1)
		}
		if took := time.Since(started); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
		parent := w.ID("red")
		for depth := 1; ; depth++ {
			body := map[string]any{"project": map[string]any{"name": fmt.Sprintf("deep %d", depth), "domain_id": w.ID("red"), "parent_id": parent}}
			made := w.Post("/v3/projects", body, w.As("sysadmin"))
			if made.Status != http.StatusCreated {
				made.Want(http.StatusForbidden)
				if depth != 6 {
					t.Errorf("refused at depth %d, want 6", depth)
				}
				break
			}
			w.Patch("/v3/projects/"+made.Str("project.id"), map[string]any{"project": map[string]any{"parent_id": made.Str("project.id")}}, w.As("sysadmin")).Want(http.StatusForbidden)
			parent = made.Str("project.id")
		}
	}, quick)
}

// TestD17EveryWayToWriteAPathHasTheSameVerdict asks for a user in many spellings of one path.
func TestD17EveryWayToWriteAPathHasTheSameVerdict(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		id := w.ID("bob")
		encoded := fmt.Sprintf("%%%02x%s", id[0], id[1:])
		whole := ""
		for i := range id {
			whole += fmt.Sprintf("%%%02X", id[i])
		}
		for path, plain := range map[string]bool{ // whether it is the same resource, or none
			"/v3/users/" + id:                        true,
			"/v3/users/" + id + "/":                  true,
			"/v3/users/" + id + "//":                 true,
			"/v3/users/" + encoded:                   true,
			"/v3/users/" + whole:                     true,
			"/v3/%75sers/" + id:                      false,
			"/v3//users/" + id:                       false,
			"//v3/users/" + id:                       false,
			"/v3/./users/" + id:                      false,
			"/v3/users/../users/" + id:               false,
			"/v3/users/%2e%2e/users/" + id:           false,
			"/V3/users/" + id:                        false,
			"/v3/Users/" + id:                        false,
			"/v3/users/" + strings.ToUpper(id) + "Z": false,
			"/v3/users/" + id + "%00":                false,
			"/v3/users/" + id + "%20":                false,
			"/v3/users/" + id + "%2F":                false,
			"/v3/users/" + id + ";x=1":               false,
			"/v3/users/" + id + ".json":              false,
			"/v3/users%2F" + id:                      false,
			"/v3/users/" + id + "/%2e":               false,
			"/v3/groups/../users/" + id:              false,
			"/v2.0/../v3/users/" + id:                false,
			"/v3/auth/../users/" + id:                false,
			"/v3/auth/jwks/../../users/" + id:        false,
		} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				if r := w.Do(method, path, w.As("alice"), apitest.Undocumented()); r.Status != http.StatusForbidden && (plain || r.Status != http.StatusNotFound) {
					t.Errorf("alice %s %s: %d", method, path, r.Status)
				}
				if r := w.Do(method, path, apitest.Undocumented()); r.Status != http.StatusUnauthorized && (plain || r.Status != http.StatusNotFound) {
					t.Errorf("nobody %s %s: %d", method, path, r.Status)
				}
				r := w.Do(method, path, w.As("admin"), apitest.Undocumented())
				if plain && r.Status != http.StatusOK && r.Status != http.StatusNotFound || !plain && r.Status != http.StatusNotFound {
					t.Errorf("admin %s %s: %d", method, path, r.Status)
				}
			}
			if r := w.Delete(path, w.As("alice"), apitest.Undocumented()); r.Status != http.StatusForbidden && r.Status != http.StatusNotFound {
				t.Errorf("alice DELETE %s: %d", path, r.Status)
			}
		}
		for _, override := range []string{"X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri", "X-Forwarded-Prefix"} {
			w.Get("/v3/users/{bob}", w.As("alice"), apitest.Header(override, "/v3/users/"+w.ID("alice"))).Want(http.StatusForbidden)
			w.Get("/v3/users/{bob}", w.As("admin"), apitest.Header(override, "DELETE")).Want(http.StatusOK)
		}
		w.Get("/v3/users/{bob}", w.As("admin")).Want(http.StatusOK)
	}, quick)
}

// TestD18NoScopeIsAnother: the role is right and the scope is not.
func TestD18NoScopeIsAnother(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		before := []string{"admin@red", "manager@system", "member@system", "manager@red/web", "service@system"}
		for _, c := range before {
			w.Persona(c)
		}
		was := state(w)
		for _, c := range []struct {
			as, do, body string
			want         int
		}{
			{"sysadmin", "GET /v3/auth/catalog", "", 403}, // a system's token has no project
			{"admin@red", "GET /v3/auth/catalog", "", 403},
			{"admin@red", "POST /v3/domains", `{"domain":{"name":"x"}}`, 403},
			{"admin@red", "PATCH /v3/domains/{red}", `{"domain":{"description":"x"}}`, 403},
			{"admin@red", "DELETE /v3/domains/{red}", "", 403},
			{"admin@red", "GET /v3/services", "", 403},
			{"admin@red", "POST /v3/services", `{"service":{"type":"x"}}`, 403},
			{"admin@red", "PATCH /v3/endpoints/{the endpoint_id}", `{"endpoint":{"enabled":false}}`, 403},
			{"admin@red", "DELETE /v3/regions/north", "", 403},
			{"admin@red", "POST /v3/limits", `{"limits":[{"service_id":"{the service_id}","resource_name":"cores","resource_limit":1,"domain_id":"{red}"}]}`, 403},
			{"admin@red", "PATCH /v3/limits/{the limit_id}", `{"limit":{"resource_limit":1}}`, 403},
			{"admin@red", "DELETE /v3/registered_limits/{the registered_limit_id}", "", 403},
			{"manager@system", "DELETE /v3/limits/{the limit_id}", "", 403},
			{"admin@red", "POST /v3/roles", `{"role":{"name":"x"}}`, 403},
			{"admin@red", "PUT /v3/system/users/{target}/roles/{role admin}", "", 403},
			{"admin@red", "PUT /v3/roles/{role spare}/implies/{role implied}", "", 403},
			{"admin@red", "GET /v3/system/users/{target}/roles", "", 403},
			{"manager@system", "GET /v3/users", "", 200},
			{"manager@system", "POST /v3/users", `{"user":{"name":"x","domain_id":"{red}"}}`, 403},
			{"manager@system", "PATCH /v3/users/{target}", `{"user":{"enabled":false}}`, 403},
			{"manager@system", "PUT /v3/projects/{red/web}/users/{target}/roles/{role reader}", "", 403},
			{"member@system", "DELETE /v3/projects/{red/web}", "", 403},
			{"member@system", "POST /v3/regions", `{"region":{}}`, 403},
			{"service@system", "GET /v3/users", "", 403},
			{"service@system", "GET /v3/users/{target}", "", 403},
			{"manager@red/web", "GET /v3/users", "", 403},
			{"manager@red/web", "POST /v3/users", `{"user":{"name":"x","domain_id":"{red}"}}`, 403},
			{"manager@red/web", "PUT /v3/projects/{red/web}/users/{target}/roles/{role reader}", "", 403},
			{"manager@red/web", "PATCH /v3/projects/{red/web}", `{"project":{"description":"x"}}`, 403},
		} {
			method, path, _ := strings.Cut(c.do, " ")
			with := []apitest.With{w.As(c.as)}
			if c.body != "" {
				with = append(with, apitest.Body(c.body))
			}
			if r := w.Do(method, path, with...); r.Status != c.want {
				t.Errorf("%s %s: %d, want %d: %.300s", c.as, c.do, r.Status, c.want, r.Body)
			}
		}
		same(t, w, "a token of another scope", was)
	}, quick)
}
