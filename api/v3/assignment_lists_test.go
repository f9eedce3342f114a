package v3_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// entries are the role assignments of an answer, each as "role actor scope" of names known to the world.
func entries(t *testing.T, w *apitest.World, r *apitest.Response) []string {
	t.Helper()
	names := map[string]string{}
	for _, n := range []string{"ann", "ben", "ops", "red", "red/web", "red/web/deep", "local", "role member", "role reader", "role auditor", "role manager", "role admin"} {
		names[w.Expand("{"+n+"}")] = n
	}
	type thing struct{ ID string }
	var body struct {
		Items []struct {
			Role        thing
			User, Group *thing
			Scope       struct {
				Project, Domain *thing
				System          *struct{ All bool }
				Inherited       string `json:"OS-INHERIT:inherited_to"`
			}
		} `json:"role_assignments"`
	}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		t.Fatal(err)
	}
	found := []string{}
	for _, a := range body.Items {
		words := []string{strings.TrimPrefix(names[a.Role.ID], "role ")}
		switch {
		case a.User != nil && a.Group == nil:
			words = append(words, names[a.User.ID])
		case a.Group != nil && a.User == nil:
			words = append(words, names[a.Group.ID])
		}
		switch s := a.Scope; {
		case s.Project != nil:
			words = append(words, names[s.Project.ID])
		case s.Domain != nil:
			words = append(words, names[s.Domain.ID])
		case s.System != nil && s.System.All:
			words = append(words, "system")
		}
		if slices.Contains(words, "") { // the caller or the bootstrap
			continue
		}
		found = append(found, strings.Join(words, " "))
	}
	slices.Sort(found)
	return found
}

func assignmentWorld(w *apitest.World) {
	w.User("ann", "red")
	w.User("ben", "red")
	w.Project("red", "web")
	deep := `{"project":{"name":"deep","domain_id":"{red}","parent_id":"{red/web}"}}`
	w.Name("red/web/deep", w.Post("/v3/projects", deep, w.As("admin")).Want(201).Str("project.id"))
	w.Name("ops", w.Post("/v3/groups", `{"group":{"name":"ops","domain_id":"{red}"}}`, w.As("admin")).Want(201).Str("group.id"))
	w.Name("local", w.Post("/v3/roles", `{"role":{"name":"local","domain_id":"{red}"}}`, w.As("admin")).Want(201).Str("role.id"))
	w.Role("auditor")
	w.Put("/v3/roles/{local}/implies/{role auditor}", w.As("admin")).Want(201)
	w.Put("/v3/groups/{ops}/users/{ben}", w.As("admin")).Want(204)
	for _, grant := range []string{
		"/v3/projects/{red/web}/users/{ann}/roles/{role member}",
		"/v3/projects/{red/web/deep}/groups/{ops}/roles/{local}",
		"/v3/domains/{red}/groups/{ops}/roles/{role reader}",
		"/v3/domains/{red}/users/{ann}/roles/{role auditor}",
		"/v3/system/users/{ann}/roles/{role reader}",
		"/v3/system/groups/{ops}/roles/{role auditor}",
	} {
		w.Put(grant, w.As("admin")).Want(204)
	}
}

func TestRoleAssignments(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		assignmentWorld(w)
		raw := []string{"auditor ann red", "auditor ops system", "local ops red/web/deep", "member ann red/web", "reader ann system", "reader ops red"}
		for _, c := range []struct {
			as, query string
			want      []string
		}{
			{"admin", "", raw},
			{"reader@system", "", raw},
			{"admin", "effective=0", raw},
			{"reader@red", "", []string{"auditor ann red", "local ops red/web/deep", "member ann red/web", "reader ops red"}},
			{"reader@blue", "", nil},
			{"reader@blue", "user.id={ann}", nil},
			{"reader@blue", "scope.project.id={red/web}", nil},
			{"reader@red", "scope.system=all", nil},
			{"admin", "user.id={ann}", []string{"auditor ann red", "member ann red/web", "reader ann system"}},
			{"admin", "group.id={ops}", []string{"auditor ops system", "local ops red/web/deep", "reader ops red"}},
			{"admin", "role.id={role auditor}", []string{"auditor ann red", "auditor ops system"}},
			{"admin", "scope.project.id={red/web}", []string{"member ann red/web"}},
			{"admin", "scope.domain.id={red}", []string{"auditor ann red", "reader ops red"}},
			{"admin", "scope.system=all", []string{"auditor ops system", "reader ann system"}},
			{"admin", "scope.system=some", raw},
			{"admin", "user.id=none", nil},
			{"admin", "role.id=none", nil},
			{"admin", "scope.project.id={red/web}&include_subtree", []string{"local ops red/web/deep", "member ann red/web"}},
			{"reader@red", "scope.project.id={red/web}&include_subtree", []string{"local ops red/web/deep", "member ann red/web"}},
			{"admin", "scope.OS-INHERIT:inherited_to=projects&user.id={ben}", nil},
			{"admin", "effective&user.id={ann}", []string{"auditor ann red", "member ann red/web", "reader ann red/web"}},
			{"admin", "effective&user.id={ben}", []string{"auditor ben red/web/deep", "reader ben red"}},
			{"admin", "effective&role.id={role reader}&scope.project.id={red/web}", []string{"reader ann red/web"}},
			{"admin", "effective&scope.system=all&role.id={role auditor}", []string{"auditor ben system"}},
			{"reader@red", "effective&user.id=none", nil},
		} {
			got := entries(t, w, w.Get("/v3/role_assignments?"+c.query, w.As(c.as)).Want(200))
			if want := append([]string{}, c.want...); !slices.Equal(got, want) {
				t.Errorf("%s asks for %q: got %q, want %q", c.as, c.query, got, want)
			}
		}
	})
}

func TestRoleAssignmentRefusalsAndShapes(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		assignmentWorld(w)
		w.Domain("blue")
		get := "GET /v3/role_assignments?"
		domain := `{"id":"{red}","name":"red"}`
		w.Run(t, []apitest.Case{
			{As: "ann", Do: get + "user.id={ann}", Want: 403},
			{As: "reader@red/shop", Do: get, Want: 403},
			{As: "reader@blue", Do: get + "scope.project.id={red/web}&include_subtree", Want: 403},
			{Name: "the tree of nothing says as little", As: "reader@blue", Do: get + "scope.project.id=none&include_subtree", Want: 403},
			{As: "admin", Do: get + "user.id={ann}&group.id={ops}", Want: 400},
			{As: "admin", Do: get + "scope.project.id={red/web}&scope.domain.id={red}", Want: 400},
			{As: "admin", Do: get + "scope.project.id={red/web}&scope.system=all", Want: 400},
			{As: "admin", Do: get + "scope.domain.id={red}&scope.system=all", Want: 400},
			{As: "admin", Do: get + "effective&group.id={ops}", Want: 400},
			{As: "admin", Do: get + "effective&scope.domain.id={red}&scope.OS-INHERIT:inherited_to=projects", Want: 400},
			{As: "admin", Do: get + "include_subtree", Want: 400},
			{As: "admin", Do: get + "effective&user.id=none", Want: 404},
			{As: "admin", Do: get + "scope.project.id=none&include_subtree", Want: 404},
			{
				Name: "a user on a project", As: "admin", Do: get + "scope.project.id={red/web}", Want: 200,
				Check: shows(w, "role_assignments.0", `{"links":{"assignment":`+link("/v3/projects/{red/web}/users/{ann}/roles/{role member}")+
					`},"role":{"id":"{role member}"},"scope":{"project":{"id":"{red/web}"}},"user":{"id":"{ann}"}}`,
					"links.next", "null", "links.previous", "null", "links.self", link("/v3/role_assignments?scope.project.id={red/web}")),
			},
			{
				Name: "a group on the system", As: "admin", Do: get + "group.id={ops}&scope.system=all", Want: 200,
				Check: shows(w, "role_assignments.0", `{"group":{"id":"{ops}"},"links":{"assignment":`+link("/v3/system/groups/{ops}/roles/{role auditor}")+
					`},"role":{"id":"{role auditor}"},"scope":{"system":{"all":true}}}`),
			},
			{
				Name: "names, of a role of a domain too", As: "admin", Do: get + "scope.project.id={red/web/deep}&include_names", Want: 200,
				Check: shows(w, "role_assignments.0.role", `{"domain":`+domain+`,"id":"{local}","name":"local"}`,
					"role_assignments.0.group", `{"domain":`+domain+`,"id":"{ops}","name":"ops"}`,
					"role_assignments.0.scope", `{"project":{"domain":`+domain+`,"id":"{red/web/deep}","name":"deep"}}`),
			},
			{
				Name: "names of a domain", As: "admin", Do: get + "user.id={ann}&scope.domain.id={red}&include_names=false", Want: 200,
				Check: shows(w, "role_assignments.0.role", `{"id":"{role auditor}","name":"auditor"}`, "role_assignments.0.scope", `{"domain":`+domain+`}`,
					"role_assignments.0.user", `{"domain":`+domain+`,"id":"{ann}","name":"ann"}`),
			},
			{
				Name: "through a group and an implication", As: "admin", Do: get + "effective&scope.project.id={red/web/deep}", Want: 200,
				Check: shows(w, "role_assignments.0.links", `{"assignment":`+link("/v3/projects/{red/web/deep}/groups/{ops}/roles/{local}")+
					`,"membership":`+link("/v3/groups/{ops}/users/{ben}")+`,"prior_role":`+link("/v3/roles/{local}/implies/{role auditor}")+`}`,
					"role_assignments.0.user", `{"id":"{ben}"}`, "role_assignments.1", absent),
			},
		})
	})
}
