package attack_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// TestN4OneOfFiftyTakesAName of everything that has names or ids which clients choose.
func TestN4OneOfFiftyTakesAName(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		nodes := nodesOf(w)
		admin, alice := w.As("sysadmin"), apitest.Token(w.Token("alice", "project:red/p1"))
		w.Name("nova", w.Post("/v3/services", `{"service":{"type":"compute","name":"nova"}}`, admin).Want(http.StatusCreated).Str("service.id"))
		for _, c := range []struct {
			path, body string
			as         apitest.With
			good       int
		}{
			{"/v3/users", `{"user":{"name":"wanted","domain_id":"{red}"}}`, admin, 201},
			{"/v3/groups", `{"group":{"name":"wanted","domain_id":"{red}"}}`, admin, 201},
			{"/v3/projects", `{"project":{"name":"wanted","domain_id":"{red}"}}`, admin, 201},
			{"/v3/domains", `{"domain":{"name":"wanted"}}`, admin, 201},
			{"/v3/roles", `{"role":{"name":"wanted"}}`, admin, 201},
			{"/v3/roles", `{"role":{"name":"wanted","domain_id":"{red}"}}`, admin, 201},
			{"/v3/regions", `{"region":{"id":"wanted"}}`, admin, 201},
			{"/v3/credentials", `{"credential":{"type":"ec2","user_id":"{alice}","project_id":"{red/p1}","blob":"{\"access\":\"wanted\",\"secret\":\"a-long-secret\"}"}}`, admin, 201},
			{"/v3/users/{alice}/application_credentials", `{"application_credential":{"name":"wanted"}}`, alice, 201},
			{"/v3/OS-TRUST/trusts", `{"trust":{"trustor_user_id":"{alice}","trustee_user_id":"{bob}","impersonation":false,"project_id":"{red/p1}","roles":[{"name":"member"}],` +
				`"expires_at":"2999-01-01T00:00:00Z"}}`, alice, 201}, // a twin is a conflict when it ends
			{"/v3/registered_limits", `{"registered_limits":[{"service_id":"{nova}","resource_name":"cores","default_limit":9}]}`, admin, 201},
			{"PUT /v3/OS-FEDERATION/identity_providers/wanted", `{"identity_provider":{"domain_id":"{red}"}}`, admin, 201},
			{"PUT /v3/OS-FEDERATION/service_providers/wanted", `{"service_provider":{"auth_url":"http://far.example","sp_url":"http://far.example"}}`, admin, 201},
			{"/v2.0/OS-KSADM/roles", `{"role":{"name":"wanted too"}}`, admin, 200},
			{"/v2.0/users", `{"user":{"name":"wanted"}}`, admin, 200},
			{"/v2.0/tenants", `{"tenant":{"name":"wanted too"}}`, admin, 200},
		} {
			method, path, ok := strings.Cut(c.path, " ")
			if !ok {
				method, path = http.MethodPost, c.path
			}
			statuses := atOnce(50, func(i int) int { return nodes[i%len(nodes)].Do(method, path, c.as, apitest.Body(c.body)).Status })
			if good := count(statuses, c.good); good != 1 || good+count(statuses, http.StatusConflict) != len(statuses) {
				t.Errorf("%s %s: %d won: %v", c.path, c.body, good, statuses)
			}
		}
		for path, kind := range map[string]string{"/v3/users?domain_id={red}&": "users", "/v3/projects?domain_id={red}&": "projects", "/v3/roles?": "roles", "/v3/domains?": "domains"} {
			if n := len(w.Get(path+"name=wanted", admin).Want(http.StatusOK).List(kind)); n != 1 {
				t.Errorf("%d %s have the name", n, kind)
			}
		}
	}, quick)
}

func TestN4LimitsHoldAgainstFiftyAtOnce(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		nodes := nodesOf(w)
		alice := apitest.Token(w.Token("alice", "project:red/p1"))
		for path, body := range map[string]string{
			"/v3/users/{alice}/application_credentials": `{"application_credential":{"name":"number %d"}}`,
			"/v3/credentials": `{"credential":{"type":"cert","user_id":"{alice}","blob":"%d"}}`,
		} {
			statuses := atOnce(50, func(i int) int { return nodes[i%len(nodes)].Post(path, fmt.Sprintf(body, i), alice).Status })
			if good := count(statuses, http.StatusCreated); good != 5 || good+count(statuses, http.StatusForbidden) != len(statuses) {
				t.Errorf("%s: %d of a limit of five: %v", path, good, statuses)
			}
		}
	}, quick, func(c *config.Config) { c.AppCredential.UserLimit, c.Credential.UserLimit = 5, 5 })
}

// TestN7NothingRefersToWhatIsBeingDeleted: grants, memberships, trusts and application credentials on something that
// goes away at the same time.
func TestN7NothingRefersToWhatIsBeingDeleted(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		nodes := nodesOf(w)
		admin := w.As("sysadmin")
		var users, roles []string
		for i := range 5 {
			users = append(users, w.User(fmt.Sprint("member ", i), "red"))
			roles = append(roles, w.Role(fmt.Sprint("role-", i)))
		}
		alice, held := apitest.Token(w.Token("alice", "project:red/p1")), ""
		post := func(path, kind, body string) string {
			return w.Post(path, body, admin).Want(http.StatusCreated).Str(kind + ".id")
		}
		for kind, c := range map[string]struct {
			make func() (id, path string)
			// refer makes the i-th reference.
			refer func(w *apitest.World, id string, i int) *apitest.Response
		}{
			"project": {
				func() (string, string) {
					id := post("/v3/projects", "project", `{"project":{"name":"doomed","domain_id":"{red}"}}`)
					return id, "/v3/projects/" + id
				},
				func(w *apitest.World, id string, i int) *apitest.Response {
					path := "/v3/projects/" + id + "/users/" + users[i%5] + "/roles/" + roles[i/5%5]
					if i >= 25 {
						path = "/v3/OS-INHERIT" + path[len("/v3"):] + "/inherited_to_projects"
					}
					return w.Put(path, admin)
				},
			},
			"domain": {
				func() (string, string) {
					id := post("/v3/domains", "domain", `{"domain":{"name":"doomed","enabled":false}}`)
					return id, "/v3/domains/" + id
				},
				func(w *apitest.World, id string, i int) *apitest.Response {
					if i%5 == 4 {
						return w.Post("/v3/users", fmt.Sprintf(`{"user":{"name":"late %d","domain_id":%q}}`, i, id), admin)
					}
					return w.Put("/v3/domains/"+id+"/users/"+users[i%5]+"/roles/"+roles[i/5%5], admin)
				},
			},
			"role": {
				func() (string, string) {
					id := post("/v3/roles", "role", `{"role":{"name":"doomed"}}`)
					w.Put("/v3/projects/{red/p1}/users/{alice}/roles/"+id, admin).Want(http.StatusNoContent)
					return id, "/v3/roles/" + id
				},
				func(w *apitest.World, id string, i int) *apitest.Response {
					switch i % 5 {
					case 0:
						return w.Post("/v3/users/{alice}/application_credentials", fmt.Sprintf(`{"application_credential":{"name":"doomed %d","roles":[{"id":%q}]}}`, i, id), alice)
					case 1:
						return w.Post("/v3/OS-TRUST/trusts", trustOf(w, "alice", map[string]any{"roles": []any{map[string]any{"id": id}}}), alice)
					case 2:
						return w.Put("/v3/roles/"+roles[i/5%5]+"/implies/"+id, admin)
					case 3:
						return w.Put("/v3/system/users/"+users[i/5%5]+"/roles/"+id, admin)
					}
					return w.Put("/v3/projects/{red/p2}/users/"+users[i/5%5]+"/roles/"+id, admin)
				},
			},
			"user": {
				func() (string, string) {
					id := post("/v3/users", "user", `{"user":{"name":"doomed","domain_id":"{red}"}}`)
					w.Name("crew", w.Post("/v3/groups", `{"group":{"name":"of the doomed","domain_id":"{red}"}}`, admin).Want(http.StatusCreated).Str("group.id"))
					return id, "/v3/users/" + id
				},
				func(w *apitest.World, id string, i int) *apitest.Response {
					switch i % 5 {
					case 0:
						return w.Put("/v3/groups/{crew}/users/"+id, admin)
					case 1:
						return w.Post("/v3/credentials", `{"credential":{"type":"cert","user_id":"`+id+`","blob":"x"}}`, admin)
					case 2:
						return w.Post("/v3/OS-TRUST/trusts", trustOf(w, "alice", map[string]any{"trustee_user_id": id}), alice)
					}
					return w.Put("/v3/projects/{red/p1}/users/"+id+"/roles/"+roles[i/5%5], admin)
				},
			},
			"trust": {
				func() (string, string) {
					r := w.Post("/v3/OS-TRUST/trusts", trustOf(w, "alice", map[string]any{"allow_redelegation": true}), alice).Want(http.StatusCreated)
					w.Name("doomed", r.Str("trust.id"))
					held = trustee(w, "doomed").Want(http.StatusCreated).Token()
					return w.ID("doomed"), "/v3/OS-TRUST/trusts/" + w.ID("doomed")
				},
				func(w *apitest.World, _ string, _ int) *apitest.Response {
					return w.Post("/v3/OS-TRUST/trusts", trustOf(w, "bob", map[string]any{"trustee_user_id": w.ID("alice")}), apitest.Token(held))
				},
			},
			"group": {
				func() (string, string) {
					id := post("/v3/groups", "group", `{"group":{"name":"doomed","domain_id":"{red}"}}`)
					return id, "/v3/groups/" + id
				},
				func(w *apitest.World, id string, i int) *apitest.Response {
					if i%2 == 0 {
						return w.Put("/v3/groups/"+id+"/users/"+users[i/2%5], admin)
					}
					return w.Put("/v3/projects/{red/p1}/groups/"+id+"/roles/"+roles[i/2%5], admin)
				},
			},
		} {
			id, path := c.make()
			statuses := atOnce(51, func(i int) int {
				n := nodes[i%len(nodes)]
				if i == 25 {
					return n.Delete(path, admin).Status
				}
				return c.refer(n, id, i).Status
			})
			if statuses[25] != http.StatusNoContent {
				t.Errorf("the end of a %s is answered %d", kind, statuses[25])
			}
			for _, status := range statuses {
				if !slices.Contains([]int{200, 201, 204, 400, 401, 403, 404, 409}, status) {
					t.Errorf("while a %s ends: %v", kind, statuses)
				}
			}
			w.Get(path, admin).Want(http.StatusNotFound)
			for _, list := range []string{
				"/v3/role_assignments", "/v3/role_assignments?include_names", "/v3/role_assignments?effective", "/v3/role_inferences", "/v3/OS-TRUST/trusts", "/v3/credentials",
				"/v3/users/{alice}/application_credentials", "/v3/users",
			} {
				if r := w.Get(list, admin).Want(http.StatusOK); strings.Contains(string(r.Body), id) {
					t.Errorf("%s shows a %s that is gone", list, kind)
				}
			}
		}
	}, quick)
}

// TestN9NoChangeIsLost: fifty changes of one object at once, each of another attribute.
func TestN9NoChangeIsLost(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		nodes := nodesOf(w)
		admin := w.As("sysadmin")
		text := w.Token("alice", "project:red/p1")
		for kind, path := range map[string]string{"user": "/v3/users/{alice}", "project": "/v3/projects/{red/p1}", "domain": "/v3/domains/{red}"} {
			statuses := atOnce(51, func(i int) int {
				body := fmt.Sprintf(`{"%s":{"attribute %d":"value %d"}}`, kind, i, i)
				if i == 25 {
					body = `{"` + kind + `":{"enabled":false}}`
				}
				return nodes[i%len(nodes)].Patch(path, body, admin).Status
			})
			now := w.Get(path, admin).Want(http.StatusOK)
			if now.Bool(kind + ".enabled") {
				t.Errorf("the %s was disabled (%d) and is not", kind, statuses[25])
			}
			for i, status := range statuses {
				if status == http.StatusConflict && i != 25 {
					continue
				}
				if status != http.StatusOK {
					t.Errorf("a change of a %s is answered %d", kind, status)
				} else if i != 25 {
					now.Has(fmt.Sprintf(`"attribute %d":"value %d"`, i, i))
				}
			}
			dead(t, w, "a token on what was disabled", text)
			w.Patch(path, enabled(kind, true), admin).Want(http.StatusOK)
			text = w.Token("alice", "project:red/p1")
		}
	}, quick)
}

// TestN7RolesNeverImplyThemselves, whoever closes the ring while others do.
func TestN7RolesNeverImplyThemselves(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		nodes := nodesOf(w)
		admin := w.As("sysadmin")
		const n = 5
		roles := make([]string, n)
		for i := range roles {
			roles[i] = w.Role(fmt.Sprint("ring-", i))
		}
		statuses := atOnce(50, func(i int) int { // rings of every length
			from, to := roles[i%n], roles[(i%n+1+i/n%(n-1))%n]
			return nodes[i%len(nodes)].Put("/v3/roles/"+from+"/implies/"+to, admin).Status
		})
		for _, status := range statuses {
			if !slices.Contains([]int{http.StatusCreated, http.StatusConflict, http.StatusBadRequest, http.StatusForbidden}, status) {
				t.Errorf("an implication is answered %d", status)
			}
		}
		implies := map[string][]string{}
		for _, from := range roles {
			implies[from] = w.Get("/v3/roles/"+from+"/implies", admin).Want(http.StatusOK).Names("role_inference.implies", "id")
		}
		var reaches func(from, to string, deep int) bool
		reaches = func(from, to string, deep int) bool {
			return deep < n+1 && slices.ContainsFunc(implies[from], func(next string) bool { return next == to || reaches(next, to, deep+1) })
		}
		edges := 0
		for _, from := range roles {
			edges += len(implies[from])
			if reaches(from, from, 0) {
				t.Errorf("a role implies itself: %v", implies)
			}
		}
		if edges == 0 {
			t.Error("nothing was implied at all")
		}
	}, quick)
}

// TestN7ANewSecretEndsSignInsUnderWay with the old one.
func TestN7ANewSecretEndsSignInsUnderWay(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		nodes := nodesOf(w)
		withKey(w, "alice", "her-access", "her-old-secret")
		admin := w.As("sysadmin")
		old := apitest.SignedEC2("her-access", "her-old-secret", w.Clock.Now())
		texts := atOnce(51, func(i int) string {
			if i == 25 {
				body := map[string]any{"credential": map[string]any{"blob": `{"access":"her-access","secret":"her-new-secret"}`}}
				w.Patch("/v3/credentials/{key of alice}", body, admin).Want(http.StatusOK)
				return ""
			}
			return nodes[i%len(nodes)].Post("/v3/ec2tokens", old, admin).Token()
		})
		for _, text := range texts {
			if text != "" && !gone(w, text) {
				t.Error("a token of the old secret is good")
			}
		}
		w.Post("/v3/ec2tokens", old, admin).Want(http.StatusUnauthorized)
		live(t, w, "a token of the new secret", w.Post("/v3/ec2tokens", apitest.SignedEC2("her-access", "her-new-secret", w.Clock.Now()), admin).Want(http.StatusOK).Token())
	}, quick)
}
