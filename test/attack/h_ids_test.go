package attack_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// injections are texts that mean something to databases, shells, templates or paths.
var injections = []string{
	"1=1", "id IS NOT NULL", "' OR '1'='1", "a';DROP TABLE users;--", `a";DROP TABLE "users";--`, "x' UNION SELECT null--", "$1", "?", ":id", "@p1",
	"%", "_", `\`, "*", "..", "../..", "%2e%2e%2f", "\x00", "a\x00b", "\xff\xfe", "\u202e", "${jndi:ldap://x}", "{{.}}", "$(id)", "-1", "0", "null", "true",
	"default'--", "\r\nX-Evil: 1", "<script>", strings.Repeat("a", 10_000), strings.Repeat("é", 64), "' || pg_sleep(5) --", "'; SELECT randomblob(1e9) --",
}

// someInjections are n of them, others at each call: all places together see each many times.
func someInjections(n int) func() []string {
	next := 0
	return func() []string {
		some := make([]string, n)
		for i := range some {
			some[i] = injections[next%len(injections)]
			next++
		}
		return some
	}
}

// TestH12NoIdInAPathReachesTheDatabase sends them as ids, to every operation that has one, deletions included.
func TestH12NoIdInAPathReachesTheDatabase(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		before := state(w)
		some := someInjections(10)
		for _, op := range operations(t) {
			var with []apitest.With
			if op.body != nil {
				with = append(with, apitest.Body(op.body.example(t, w, "")))
			}
			for _, name := range variables(op.path) {
				for _, text := range some() {
					named := slices.Contains([]string{"region_id", "idp_id", "protocol_id", "mapping_id", "service_provider_id"}, name)
					if named && op.method == http.MethodPut && text == strings.Repeat("é", 64) {
						continue // a good name
					}
					path := at(w, strings.Replace(op.path, "{"+name+"}", url.PathEscape(text), 1))
					send := append([]apitest.With{w.As("sysadmin"), apitest.Undocumented()}, with...)
					if op.public {
						send = send[1:]
					}
					r := w.Do(op.method, path, send...)
					switch {
					case r.Status == http.StatusNotFound, r.Status == http.StatusBadRequest, r.Status == http.StatusRequestURITooLong:
					case op.public && r.Status == http.StatusUnauthorized:
					case (strings.Contains(op.path, "/mfa") || strings.HasSuffix(op.path, "/devices") || strings.Contains(op.path, "/OS-KSCRUD/")) && r.Status == http.StatusForbidden: // not even for administrators
					case strings.Contains(op.path, "/OS-OAUTH1/authorize/") && r.Status == http.StatusForbidden: // for tokens of a project
					case strings.HasSuffix(op.path, "/application_credentials") && op.body != nil && r.Status == http.StatusForbidden: // nor these
					case r.Status == http.StatusMethodNotAllowed && (text == ".." || text == "../.."):
					case strings.HasSuffix(op.path, "/{idp_id}/protocols") && r.Status == http.StatusOK: // nobody has no protocols
						if n := len(r.List("protocols")); n != 0 {
							t.Errorf("%s with %.40q as %s: %d protocols", op, text, name, n)
						}
					case named && op.method == http.MethodPut && r.Status == http.StatusCreated: // they have names
						w.Delete(path, w.As("sysadmin")).Want(http.StatusNoContent)
					case (name == "group" || name == "option") && r.Status == http.StatusForbidden: // names from a list
					case name == "value" && op.method == http.MethodPut && r.Status == http.StatusCreated: // tags are texts
						w.Delete(path, w.As("sysadmin")).Want(http.StatusNoContent)
					case strings.HasSuffix(op.path, "/endpoint_groups/{endpoint_group_id}/projects") && strings.Contains(string(r.Body), `"projects":[]`): // as in Keystone
					default:
						t.Errorf("%s with %.40q as %s: %d: %.200s", op, text, name, r.Status, r.Body)
					}
				}
			}
		}
		same(t, w, "an id in a path", before)
	}, quick)
}

// TestH13NoParameterReachesTheDatabase sends them as every query parameter, as ids in bodies and in headers.
func TestH13NoParameterReachesTheDatabase(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		before := state(w)
		some, raws := someInjections(2), 0
		for _, op := range operations(t) {
			if op.method != http.MethodGet || op.public {
				continue
			}
			names := append([]string{"marker", "limit", "sort_key", "name__contains", "name__like"}, op.query...)
			for _, name := range names {
				for _, text := range some() {
					r := w.Get(at(w, op.path)+"?"+url.QueryEscape(name)+"="+url.QueryEscape(text), w.As("admin"),
						subject(w.Persona("admin")))
					if r.Status >= 500 && r.Status != http.StatusNotImplemented {
						t.Errorf("%s with %.40q as %s: %d", op, text, name, r.Status)
					}
				}
			}
			queries := []string{"%", "%zz", "a;b", "=", "&&&", "[]", "name[]=x", "name=%ff", "%00=1", "a=%00"}
			w.Get(at(w, op.path)+"?"+queries[raws%len(queries)], w.As("admin"), subject(w.Persona("admin")))
			raws++
		}
		for _, op := range writes(t) {
			if op.public || op.path == "/v3/auth/tokens" {
				continue
			}
			body := op.body.example(t, w, "").(map[string]any)
			for key, v := range body {
				object, ok := v.(map[string]any)
				if !ok {
					continue
				}
				for _, name := range []string{"domain_id", "parent_id", "service_id", "region_id", "parent_region_id", "user_id", "project_id"} {
					if _, ok := object[name]; !ok {
						continue
					}
					for _, text := range injections {
						changed := map[string]any{}
						maps.Copy(changed, object)
						if key == "role" {
							changed["options"] = map[string]any{} // the example's is immutable
						}
						changed[name] = strings.ToValidUTF8(text, "\ufffd")
						r := w.Do(op.method, at(w, op.path), w.As("admin"), apitest.Body(map[string]any{key: changed}))
						// A role may belong to a domain that does not exist, as in Keystone.
						if r.Status < 400 && key != "role" {
							t.Errorf("%s with %.40q as %s: %d: %.300s", op, text, name, r.Status, r.Body)
						}
						if r.Status == http.StatusCreated && key == "role" {
							w.Delete("/v3/roles/"+r.Str("role.id"), w.As("admin")).Want(http.StatusNoContent)
						}
					}
				}
			}
		}
		for _, header := range []string{"X-Auth-Token", "X-Subject-Token", "Openstack-Auth-Receipt", "X-Openstack-Request-Id", "Accept", "X-Forwarded-For", "Accept-Language"} {
			for _, text := range injections {
				if strings.ContainsAny(text, "\x00\r\n") {
					continue // such headers cannot be sent
				}
				token := w.As("admin")
				r := w.Get("/v3/auth/tokens", token, apitest.Header(header, text))
				if r.Status < 400 {
					t.Errorf("%s: %.40q: %d", header, text, r.Status)
				}
			}
		}
		same(t, w, "a parameter", before)
	}, quick)
}

// TestH14ParametersOfListsAreReadStrictly has the values of booleans and numbers.
func TestH14ParametersOfListsAreReadStrictly(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		for _, name := range []string{"100%", "a_b", `a\b`, "a*b", "aXb", "plain"} {
			w.Post("/v3/projects", map[string]any{"project": map[string]any{"name": name, "domain_id": w.Domain("red")}}, w.As("admin")).Want(http.StatusCreated)
		}
		for query, want := range map[string]int{
			"name=%25": 0, "name=a_b": 1, "name=a*b": 1, "name__contains=%25": 1, "name__contains=_": 1, "name__contains=%5C": 1, "name__contains=*": 1,
			"name__startswith=a%25": 0, "name__endswith=%25": 1, "name__endswith=_b": 1, "name__icontains=A_B": 1, "name__istartswith=%25": 0,
			"name__iendswith=X%25": 0, "name__contains=": 6, "name__contains=a%00": -1, "name=%FF": -1, "name=": -1, "name__startswith=a%5C": 1,
			"enabled=TRUE": 6, "enabled=on": 6, "enabled=": 6, "enabled": 6, "enabled=0": 0, "enabled=off": 0, "enabled=maybe": -1, "enabled=2": -1,
			"enabled=tRUE": -1, "enabled=%20true": -1, "enabled=true&enabled=false": 0, "enabled=true&enabled=x": -1,
			"limit=0": 6, "limit=1000000000": 6, "limit=": 6, "limit=3": 3, "limit=-1": -1, "limit=x": -1, "limit=1e3": -1, "limit=0x1": -1, "limit=%2B1": -1,
			"limit=9223372036854775808": -1, "limit=1&limit=x": -1, "marker=": 6,
		} {
			r := w.Get("/v3/projects?domain_id={red}&"+query, w.As("admin"))
			if want < 0 {
				if r.Status != http.StatusBadRequest {
					t.Errorf("%s: %d, want 400", query, r.Status)
				}
			} else if got := len(r.Want(http.StatusOK).List("projects")); got != want {
				t.Errorf("%s: %d projects, want %d: %s", query, got, want, r.Body)
			}
		}
	}, quick)
}

// TestH18OneNameIsTakenOnce makes and renames to the same name at once.
func TestH18OneNameIsTakenOnce(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Domain("red")
		w.Persona("sysadmin")
		for _, c := range []struct{ path, kind, more string }{
			{"/v3/users", "user", `,"domain_id":"{red}"`}, {"/v3/groups", "group", `,"domain_id":"{red}"`}, {"/v3/projects", "project", `,"domain_id":"{red}"`},
			{"/v3/domains", "domain", ""}, {"/v3/roles", "role", ""}, {"/v3/roles", "role", `,"domain_id":"{red}"`},
		} {
			atOnce := func(what string, winners int, request func(i int) *apitest.Response, good int) {
				t.Helper()
				const n = 6
				var wg sync.WaitGroup
				statuses := make([]int, n)
				for i := range n {
					wg.Go(func() { statuses[i] = request(i).Status })
				}
				wg.Wait()
				count := map[int]int{}
				for _, s := range statuses {
					count[s]++
				}
				if count[good] != winners || count[http.StatusConflict] != n-winners {
					t.Errorf("%s %s: %v", what, c.path, statuses)
				}
			}
			body := func(name string) string { return fmt.Sprintf(`{"%s":{"name":"%s"%s}}`, c.kind, name, c.more) }
			atOnce("making one name", 1, func(int) *apitest.Response { return w.Post(c.path, body("wanted"), w.As("sysadmin")) }, http.StatusCreated)
			w.Post(c.path, body("wanted"), w.As("sysadmin")).Want(http.StatusConflict)
			ids := make([]string, 6)
			for i := range ids {
				ids[i] = w.Post(c.path, body(fmt.Sprintf("own %d", i)), w.As("sysadmin")).Want(http.StatusCreated).Str(c.kind + ".id")
			}
			rename := func(i int, name string) *apitest.Response {
				return w.Patch(c.path+"/"+ids[i], `{"`+c.kind+`":{"name":"`+name+`"}}`, w.As("sysadmin"))
			}
			atOnce("renaming to one name", 1, func(i int) *apitest.Response { return rename(i, "renamed") }, http.StatusOK)
			atOnce("renaming to a taken name", 0, func(i int) *apitest.Response { return rename(i, "wanted") }, http.StatusOK)
			// The two spellings of one name in Unicode are one name.
			w.Post(c.path, body("Zo\u00eb"), w.As("sysadmin")).Want(http.StatusCreated)
			w.Post(c.path, body("Zoe\u0308"), w.As("sysadmin")).Want(http.StatusConflict)
			w.Post(c.path, body("zo\u00eb"), w.As("sysadmin")).Want(http.StatusCreated)
		}
	}, quick)
}
