package v3_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// hotLists are the lists that clients ask for all the time, with the most statements that one may take: one for
// the list and one for each kind of thing that it refers to, however many rows there are.
var hotLists = []struct {
	path, key string
	most      int
}{
	{"/v3/users?domain_id={red}", "users", 1},
	{"/v3/users?name__contains=u&sort_key=name", "users", 1},
	{"/v3/projects?domain_id={red}", "projects", 2},
	{"/v3/domains", "domains", 2},
	{"/v3/groups?domain_id={red}", "groups", 1},
	{"/v3/groups/{crew}/users", "users", 2},
	{"/v3/users/{ann}/groups", "groups", 2},
	{"/v3/users/{ann}/projects", "projects", 9},
	{"/v3/roles", "roles", 1},
	{"/v3/role_inferences", "role_inferences", 2},
	{"/v3/projects/{web}/users/{ann}/roles", "roles", 9},
	{"/v3/role_assignments", "role_assignments", 1},
	{"/v3/role_assignments?include_names", "role_assignments", 8},
	{"/v3/role_assignments?effective", "role_assignments", 7},
	{"/v3/role_assignments?effective&include_names", "role_assignments", 13},
	{"/v3/role_assignments?effective&user.id={ann}", "role_assignments", 7},
	{"/v3/role_assignments?scope.project.id={web}&include_subtree", "role_assignments", 8},
	{"/v3/role_assignments?scope.project.id={web}&include_subtree&effective&include_names", "role_assignments", 21},
	{"/v3/regions", "regions", 1},
	{"/v3/services", "services", 1},
	{"/v3/endpoints", "endpoints", 1},
	{"/v3/credentials", "credentials", 2},
	{"/v3/auth/projects", "projects", 5},
}

// TestListsTakeAsManyStatementsForManyRows counts the statements of lists of some rows and of many.
func TestListsTakeAsManyStatementsForManyRows(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.Name("web", w.Project("red", "web"))
		w.Name("crew", w.Post("/v3/groups", `{"group":{"name":"crew","domain_id":"{red}"}}`, w.As("admin")).Want(201).Str("group.id"))
		rows := func(from, to int) (counts, sizes []int) {
			for i := from; i < to; i++ {
				growWorld(w, i)
			}
			for _, l := range hotLists {
				// What changed is read anew once, and once more when the news comes back by the stream.
				r, sql := w.Statements("GET", l.path, w.As("sysadmin"))
				for range 3 {
					if again, fewer := w.Statements("GET", l.path, w.As("sysadmin")); len(fewer) < len(sql) {
						r, sql = again, fewer
					}
				}
				size := len(r.Want(200).List(l.key))
				if len(sql) > l.most || len(sql) == 0 {
					t.Errorf("%s of %d rows took %d statements, want at most %d:\n\t%s", l.path, size, len(sql), l.most, strings.Join(sql, "\n\t"))
				}
				counts, sizes = append(counts, len(sql)), append(sizes, size)
			}
			return counts, sizes
		}
		few, small := rows(0, 3)
		many, large := rows(3, 30)
		for i, l := range hotLists {
			t.Logf("%s: %d statements for %d rows, %d for %d", l.path, few[i], small[i], many[i], large[i])
			if many[i] > few[i] || large[i] < small[i]+20 {
				t.Errorf("%s: %d statements for %d rows, %d for %d", l.path, few[i], small[i], many[i], large[i])
			}
		}
	})
}

// growWorld makes one more of everything that the hot lists show.
func growWorld(w *apitest.World, i int) {
	admin := w.As("sysadmin")
	create := func(path, one, body string) string {
		return w.Post(path, fmt.Sprintf(`{"%s":%s}`, one, fmt.Sprintf(body, i)), admin).Want(201).Str(one + ".id")
	}
	user := create("/v3/users", "user", `{"name":"u%d","domain_id":"{red}"}`)
	group := create("/v3/groups", "group", `{"name":"g%d","domain_id":"{red}"}`)
	project := create("/v3/projects", "project", `{"name":"p%d","domain_id":"{red}","parent_id":"{web}","tags":["t"]}`)
	role := create("/v3/roles", "role", `{"name":"r%d"}`)
	implied := create("/v3/roles", "role", `{"name":"implied%d"}`)
	region := create("/v3/regions", "region", `{"description":"%d"}`)
	service := create("/v3/services", "service", `{"type":"t%d"}`)
	create("/v3/domains", "domain", `{"name":"d%d"}`)
	create("/v3/endpoints", "endpoint", `{"interface":"public","service_id":"`+service+`","region_id":"`+region+`","url":"http://e/%d"}`)
	w.Post("/v3/credentials", `{"credential":{"type":"totp","user_id":"`+user+`","blob":"`+otherSeed+`"}}`, admin).Want(201)
	for _, path := range []string{
		"/v3/groups/{crew}/users/" + user, "/v3/groups/" + group + "/users/{ann}", "/v3/groups/" + group + "/users/" + user,
		"/v3/projects/" + project + "/users/{ann}/roles/" + role, "/v3/projects/" + project + "/groups/" + group + "/roles/" + role,
		"/v3/projects/{web}/users/" + user + "/roles/" + role, "/v3/projects/{web}/users/{ann}/roles/" + role, "/v3/projects/" + project + "/users/{admin}/roles/" + role,
		"/v3/system/users/" + user + "/roles/" + role,
	} {
		w.Put(path, admin).Want(204)
	}
	if i%10 == 0 { // each holds on every project
		w.Put("/v3/OS-INHERIT/domains/{red}/groups/"+group+"/roles/"+role+"/inherited_to_projects", admin).Want(204)
	}
	w.Put("/v3/roles/"+role+"/implies/"+implied, admin).Want(201)
}
