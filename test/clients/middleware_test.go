package clients_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/test/program"
)

// TestKeystonemiddleware puts what every OpenStack service has in front of it before a small service of our own. It
// asks the server about each token, because its cache is off.
func TestKeystonemiddleware(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		needModule(t, "keystonemiddleware.auth_token")
		c := newCompute(t, s)
		t.Run("strangers", c.strangers)
		t.Run("people", c.people)
		t.Run("what has ended", c.ended)
		t.Run("access rules", c.accessRules)
		t.Run("what has expired", c.expired)
		t.Run("catalog", c.catalog)
		t.Run("the service decides", c.delayed)
	})
}

// compute is nova's place in a cloud: its user, its service behind the middleware, and mia, who uses it.
type compute struct {
	s         *program.Server
	admin     string
	nova, mia person
	behind    behindMiddleware
}

func newCompute(t *testing.T, s *program.Server) compute {
	t.Helper()
	c := compute{s: s, admin: s.AdminToken(t)}
	c.nova, c.mia = hire(t, s, c.admin, "nova"), hire(t, s, c.admin, "mia")
	c.grant(t, c.nova, "service")
	for _, kind := range []string{"compute", "image"} {
		id := c.must(t, "POST", "/v3/services", 201, program.Map{"service": program.Map{"type": kind, "name": kind}}).String("service", "id")
		c.must(t, "POST", "/v3/endpoints", 201, program.Map{"endpoint": program.Map{
			"service_id": id, "interface": "public", "region_id": "RegionOne", "url": "http://" + kind + ".test/v2.1",
		}})
	}
	configuration := func(more program.Map) program.Map {
		base := program.Map{
			"auth_type": "password", "auth_url": s.URL + "/v3", "username": c.nova.name, "password": c.nova.password,
			"user_domain_id": "default", "project_name": "nova", "project_domain_id": "default",
			"www_authenticate_uri": "https://cloud.test/identity", "token_cache_time": "-1", "service_type": "compute",
			"service_token_roles_required": "true",
		}
		maps.Copy(base, more)
		return base
	}
	c.behind = serveBehindMiddleware(t, map[string]program.Map{
		"plain":      configuration(nil),
		"image":      configuration(program.Map{"service_type": "image"}),
		"volume":     configuration(program.Map{"service_type": "volume"}),
		"no type":    configuration(program.Map{"service_type": ""}),
		"no catalog": configuration(program.Map{"include_service_catalog": "false"}),
		"lenient":    configuration(program.Map{"service_token_roles_required": "false"}),
		"delayed":    configuration(program.Map{"delay_auth_decision": "true"}),
		"found":      configuration(program.Map{"www_authenticate_uri": ""}),
		"powerless":  configuration(program.Map{"username": c.mia.name, "password": c.mia.password, "project_name": "mia"}),
		"admin":      configuration(program.Map{"username": "admin", "password": program.Password, "project_name": "admin"}),
	})
	return c
}

func (c compute) must(t *testing.T, method, path string, status int, body any) program.Response {
	t.Helper()
	return c.s.Must(t, status, program.Request{Method: method, Path: path, Token: c.admin, Body: body})
}

func (c compute) grant(t *testing.T, p person, role string) {
	t.Helper()
	roles, _ := c.must(t, "GET", "/v3/roles?name="+role, 200, nil).At("roles").([]any)
	if len(roles) != 1 {
		t.Fatalf("roles named %s: got %v", role, roles)
	}
	id, _ := roles[0].(map[string]any)["id"].(string)
	c.must(t, "PUT", "/v3/projects/"+p.projectID+"/users/"+p.id+"/roles/"+id, 204, nil)
}

// token signs a person in.
func (c compute) token(t *testing.T, p person) string {
	t.Helper()
	body := program.PasswordAuth(p.name, p.password, p.scope())
	return c.s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/auth/tokens", Body: body}).Header.Get("X-Subject-Token")
}

// expect checks that the middleware lets a request pass, or refuses it and says where one signs in.
func (c compute) expect(t *testing.T, name string, status int, r request) answer {
	t.Helper()
	a := c.behind.ask(t, r)
	if a.status != status {
		t.Errorf("%s: got %d, want %d", name, a.status, status)
	}
	if got := a.header.Values("WWW-Authenticate"); status == 401 && !slices.Equal(got, []string{`Keystone uri="https://cloud.test/identity"`}) {
		t.Errorf("%s: WWW-Authenticate is %q", name, got)
	}
	return a
}

func (c compute) strangers(t *testing.T) {
	good := c.token(t, c.mia)
	for name, r := range map[string]request{
		"no token":                     {},
		"garbage":                      {token: "garbage"},
		"a token that ends too early":  {token: good[:len(good)-3]},
		"a token with another payload": {token: strings.Join([]string{good[:strings.Index(good, ".")], "e30", good[strings.LastIndex(good, ".")+1:]}, ".")},
		"a path instead of a token":    {token: "../users"},
		"a service token alone":        {serviceToken: c.token(t, c.nova)},
		"a garbage service token":      {token: good, serviceToken: "garbage"},
	} {
		t.Run(name, func(t *testing.T) { c.expect(t, name, 401, r) })
	}
	if a := c.behind.ask(t, request{middleware: "powerless", token: c.token(t, c.nova)}); a.status != 503 {
		t.Errorf("where the middleware may not ask about others: got %d, want 503", a.status)
	}
	a := c.behind.ask(t, request{middleware: "found"})
	if want := `Keystone uri="` + c.s.URL + `/v3"`; a.status != 401 || a.header.Get("WWW-Authenticate") != want {
		t.Errorf("where the middleware finds the address by itself: got %d, WWW-Authenticate %q, want %q", a.status, a.header.Get("WWW-Authenticate"), want)
	}
}

// people checks that the service hears what the server says of a token, and nothing of what a client claims.
func (c compute) people(t *testing.T) {
	text := c.token(t, c.mia)
	for name, r := range map[string]request{
		"alone":                {token: text},
		"with a service token": {token: text, serviceToken: c.token(t, c.nova)},
		"asked for by admin":   {middleware: "admin", token: text},
	} {
		t.Run(name, func(t *testing.T) { c.hears(t, c.expect(t, name, 200, r).told, r.serviceToken != "") })
	}
}

// hears checks what the service is told of mia, and of nova when that vouches for the request.
func (c compute) hears(t *testing.T, told map[string]string, vouched bool) {
	t.Helper()
	roles := strings.Split(told["x-roles"], ",")
	slices.Sort(roles)
	told["x-roles"] = strings.Join(roles, ",")
	want := map[string]string{
		"x-identity-status": "Confirmed", "x-user-id": c.mia.id, "x-user-name": "mia", "x-user-domain-id": "default", "x-user-domain-name": "Default",
		"x-project-id": c.mia.projectID, "x-project-name": "mia", "x-project-domain-id": "default", "x-project-domain-name": "Default",
		"x-roles": "member,reader", "x-tenant-id": c.mia.projectID, "x-service-user-id": "", "x-service-user-name": "",
	}
	if vouched {
		want["x-service-user-id"], want["x-service-user-name"] = c.nova.id, "nova"
	}
	for header, value := range want {
		if told[header] != value {
			t.Errorf("%s: got %q, want %q", header, told[header], value)
		}
	}
	if strings.Contains(told["x-service-roles"], "admin") || vouched != strings.Contains(told["x-service-roles"], "service") {
		t.Errorf("x-service-roles: got %q", told["x-service-roles"])
	}
}

// ended are tokens that were good until somebody ended them.
func (c compute) ended(t *testing.T) {
	eve := hire(t, c.s, c.admin, "eve")
	mine := "/v3/users/" + eve.id
	for name, end := range map[string]func(text string){
		"revoked": func(text string) {
			c.s.Must(t, 204, program.Request{Method: "DELETE", Path: "/v3/auth/tokens", Token: text, Header: map[string]string{"X-Subject-Token": text}})
		},
		"user disabled": func(string) {
			c.must(t, "PATCH", mine, 200, program.Map{"user": program.Map{"enabled": false}})
		},
		"project disabled": func(string) {
			c.must(t, "PATCH", "/v3/projects/"+eve.projectID, 200, program.Map{"project": program.Map{"enabled": false}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := c.token(t, eve)
			c.expect(t, "before", 200, request{token: text})
			end(text)
			c.expect(t, "alone", 401, request{token: text})
			c.expect(t, "with a service token", 401, request{token: text, serviceToken: c.token(t, c.nova)})
			c.must(t, "PATCH", mine, 200, program.Map{"user": program.Map{"enabled": true}})
			c.must(t, "PATCH", "/v3/projects/"+eve.projectID, 200, program.Map{"project": program.Map{"enabled": true}})
			c.expect(t, "a new one", 200, request{token: c.token(t, eve)})
		})
	}
}

// robot makes an application credential of mia's and returns its path and a token from it.
func (c compute) robot(t *testing.T, body program.Map) (path, token string) {
	t.Helper()
	path = "/v3/users/" + c.mia.id + "/application_credentials"
	made := c.s.Must(t, 201, program.Request{
		Method: "POST", Path: path, Token: c.token(t, c.mia), Body: program.Map{"application_credential": body},
	})
	id := made.String("application_credential", "id")
	res := c.s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/auth/tokens", Body: program.Map{"auth": program.Map{"identity": program.Map{
		"methods":                []string{"application_credential"},
		"application_credential": program.Map{"id": id, "secret": made.String("application_credential", "secret")},
	}}}})
	return path + "/" + id, res.Header.Get("X-Subject-Token")
}

// accessRules are asked for by the middleware and enforced by it.
func (c compute) accessRules(t *testing.T) {
	path, text := c.robot(t, program.Map{"name": "watcher", "access_rules": []program.Map{
		{"service": "compute", "method": "GET", "path": "/v2.1/servers/*/ips"}, {"service": "compute", "method": "GET", "path": "/v2.1/images/**"},
	}})
	nova := c.token(t, c.nova)
	for _, tc := range []struct {
		name   string
		status int
		request
	}{
		{"another path", 401, request{path: "/v2.1/servers"}},
		{"a path above the rule's", 401, request{path: "/v2.1/servers/7"}},
		{"more segments than the rule's", 401, request{path: "/v2.1/servers/7/8/ips"}},
		{"another method", 401, request{method: "DELETE", path: "/v2.1/servers/7/ips"}},
		{"another service", 401, request{middleware: "image", path: "/v2.1/servers/7/ips"}},
		{"a service that is not in the catalog", 401, request{middleware: "volume", path: "/v2.1/servers/7/ips"}},
		{"a service that does not say what it is", 401, request{middleware: "no type", path: "/v2.1/servers/7/ips"}},
		{"the rule's path", 200, request{path: "/v2.1/servers/7/ips"}},
		{"a path with many segments", 200, request{path: "/v2.1/images/7/8/9"}},
		{"what a service does on behalf", 200, request{method: "DELETE", path: "/v2.1/servers/7", serviceToken: nova}},
	} {
		tc.token = text
		t.Run(tc.name, func(t *testing.T) {
			told := c.expect(t, tc.name, tc.status, tc.request).told
			if tc.status == 200 && told["x-user-id"] != c.mia.id {
				t.Errorf("X-User-Id is %q", told["x-user-id"])
			}
		})
	}
	_, free := c.robot(t, program.Map{"name": "free"})
	c.expect(t, "no rules", 200, request{token: free, method: "DELETE", middleware: "no type"})
	c.s.Must(t, 204, program.Request{Method: "DELETE", Path: path, Token: c.token(t, c.mia)})
	c.expect(t, "the application credential is deleted", 401, request{token: text, path: "/v2.1/servers/7/ips"})
}

// expired tokens are good for the rest of work that began in time, which services vouch for.
func (c compute) expired(t *testing.T) {
	const ttl, window = time.Hour, 48 * time.Hour // the defaults of token.ttl and token.allow_expired_window
	text, old := signedInAgo(t, c.s, ttl+time.Minute, c.mia), signedInAgo(t, c.s, ttl+window+time.Minute, c.mia)
	nova, lapsed := c.token(t, c.nova), signedInAgo(t, c.s, ttl+time.Minute, c.nova)
	admin := c.s.AdminToken(t)
	for _, tc := range []struct {
		name   string
		status int
		request
	}{
		{"alone", 401, request{token: text}},
		{"with the service token of a member", 401, request{token: text, serviceToken: c.token(t, c.mia)}},
		{"the same where any token is a service token", 401, request{token: text, serviceToken: c.token(t, c.mia), middleware: "lenient"}},
		{"with the service token of an administrator", 401, request{token: text, serviceToken: admin, middleware: "lenient"}},
		{"with an expired service token", 401, request{token: text, serviceToken: lapsed}},
		{"asked for by a user without the role", 401, request{token: text, serviceToken: nova, middleware: "admin"}},
		{"beyond the window", 401, request{token: old, serviceToken: nova}},
		{"with a service token", 200, request{token: text, serviceToken: nova}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if a := c.expect(t, tc.name, tc.status, tc.request); a.status == 200 {
				c.hears(t, a.told, true)
			}
		})
	}
	c.expect(t, "a good token with that of a member for a service token", 401, request{token: c.token(t, c.mia), serviceToken: c.token(t, c.mia)})
	c.must(t, "PATCH", "/v3/users/"+c.mia.id, 200, program.Map{"user": program.Map{"enabled": false}})
	c.expect(t, "expired, and its user disabled", 401, request{token: text, serviceToken: nova})
	c.must(t, "PATCH", "/v3/users/"+c.mia.id, 200, program.Map{"user": program.Map{"enabled": true}})
}

func (c compute) catalog(t *testing.T) {
	text := c.token(t, c.mia)
	if _, ok := c.expect(t, "no catalog", 200, request{token: text, middleware: "no catalog"}).told["x-service-catalog"]; ok {
		t.Error("there is a catalog where none was asked for")
	}
	var catalog []struct {
		Type      string
		Endpoints []struct{ Region, PublicURL string }
	}
	got := c.expect(t, "catalog", 200, request{token: text}).told["x-service-catalog"]
	if err := json.Unmarshal([]byte(got), &catalog); err != nil {
		t.Fatalf("catalog: %v\n%s", err, got)
	}
	urls := map[string]string{}
	for _, service := range catalog {
		for _, e := range service.Endpoints {
			urls[service.Type] = e.Region + " " + e.PublicURL
		}
	}
	want := map[string]string{
		"identity": "RegionOne " + c.s.URL + "/v3", "compute": "RegionOne http://compute.test/v2.1", "image": "RegionOne http://image.test/v2.1",
	}
	if !maps.Equal(urls, want) {
		t.Errorf("catalog: got %v, want %v", urls, want)
	}
}

// delayed is a service that decides by itself what to do with strangers.
func (c compute) delayed(t *testing.T) {
	for name, text := range map[string]string{"nobody": "", "garbage": "garbage"} {
		c.expect(t, name, 401, request{token: text, middleware: "delayed"})
	}
	c.expect(t, "mia", 200, request{token: c.token(t, c.mia), middleware: "delayed"})
}
