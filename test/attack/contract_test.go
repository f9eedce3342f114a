package attack_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	identitydoc "github.com/keyward/identity"
	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// operation is one operation of openapi.yaml, as far as attacks are made from it.
type operation struct {
	method, path string
	public       bool
	body         schema // nil when it takes none
	query        []string
}

func (o operation) String() string { return o.method + " " + o.path }

// schema is a JSON schema of openapi.yaml, its reference resolved.
type schema map[string]any

// readContract reads openapi.yaml once.
var readContract = sync.OnceValues(func() (map[string]any, error) {
	var doc map[string]any
	return doc, yaml.Unmarshal(identitydoc.OpenAPI, &doc)
})

// operations are all operations in a stable order. It is independent of internal/contract on purpose: the
// attacks must not share its mistakes.
func operations(t testing.TB) []operation {
	t.Helper()
	doc, err := readContract()
	if err != nil {
		t.Fatal(err)
	}
	var all []operation
	paths := doc["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := paths[path].(map[string]any)
		for _, verb := range []string{"get", "post", "put", "patch", "delete"} {
			op, ok := item[verb].(map[string]any)
			if !ok {
				continue
			}
			o := operation{method: strings.ToUpper(verb), path: path}
			if security, ok := op["security"].([]any); ok && len(security) == 0 {
				o.public = true
			}
			if body, ok := op["requestBody"].(map[string]any); ok {
				if content, ok := body["content"].(map[string]any)["application/json"].(map[string]any); ok { // or it is a form
					o.body = resolved(t, content["schema"])
				}
			}
			for _, list := range []any{item["parameters"], op["parameters"]} {
				params, _ := list.([]any)
				for _, p := range params {
					if param := resolved(t, p); param["in"] == "query" {
						o.query = append(o.query, param["name"].(string))
					}
				}
			}
			all = append(all, o)
		}
	}
	if len(all) < 100 {
		t.Fatalf("openapi.yaml has only %d operations: is it read right?", len(all))
	}
	return all
}

// writes are the operations that take a body.
func writes(t testing.TB) []operation {
	t.Helper()
	found := slices.DeleteFunc(operations(t), func(o operation) bool { return o.body == nil })
	if len(found) < 20 {
		t.Fatalf("openapi.yaml has only %d operations with a body: is it read right?", len(found))
	}
	return found
}

// resolved follows a reference into components.
func resolved(t testing.TB, node any) schema {
	t.Helper()
	m, _ := node.(map[string]any)
	ref, ok := m["$ref"].(string)
	if !ok {
		return m
	}
	doc, _ := readContract()
	var at any = doc
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = at.(map[string]any)[part]
	}
	return resolved(t, at)
}

// types are the JSON types that a schema admits; none when it admits any.
func (s schema) types() []string {
	switch v := s["type"].(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, x := range v {
			all = append(all, x.(string))
		}
		return all
	}
	return nil
}

// branches are the alternatives of a oneOf or anyOf.
func (s schema) branches(t testing.TB) []schema {
	t.Helper()
	var found []schema
	for _, key := range []string{"oneOf", "anyOf"} {
		list, _ := s[key].([]any)
		for _, b := range list {
			found = append(found, resolved(t, b))
		}
	}
	return found
}

// properties are the declared members of an object, with their names in order.
func (s schema) properties(t testing.TB) ([]string, map[string]schema) {
	t.Helper()
	props, _ := s["properties"].(map[string]any)
	found := map[string]schema{}
	for name, p := range props {
		found[name] = resolved(t, p)
	}
	return slices.Sorted(maps.Keys(found)), found
}

// required are the members that an object must have.
func (s schema) required() []string {
	list, _ := s["required"].([]any)
	var all []string
	for _, x := range list {
		all = append(all, x.(string))
	}
	return all
}

// example is a value that fits the schema and has every declared member, so that each can be broken in turn.
// Members of the name "id" are left out where the server chooses ids.
func (s schema) example(t testing.TB, w *apitest.World, name string) any {
	t.Helper()
	if value, ok := knownValue(w, name); ok {
		return value
	}
	if values, ok := s["enum"].([]any); ok {
		return values[0]
	}
	if bs := s.branches(t); len(bs) > 0 {
		return bs[0].example(t, w, name)
	}
	kind := ""
	if types := s.types(); len(types) > 0 {
		kind = types[0]
	}
	switch kind {
	case "object", "":
		object := map[string]any{}
		names, props := s.properties(t)
		for _, n := range names {
			if most, ok := s["maxProperties"]; ok && fmt.Sprint(most) == strconv.Itoa(len(object)) {
				break // names that mean the same
			}
			if n == "id" && !slices.Contains(s.required(), n) {
				continue
			}
			object[n] = props[n].example(t, w, n)
		}
		return object
	case "array":
		return []any{resolved(t, s["items"]).example(t, w, "")}
	case "boolean":
		return true
	case "integer", "number":
		return 1
	}
	return "example"
}

// knownValue is what a member of a body must say so that the example is meant seriously.
func knownValue(w *apitest.World, name string) (any, bool) {
	switch name {
	case "domain_id", "default_project_id", "service_id", "region_id", "user_id", "project_id", "idp_id", "protocol_id", "mapping_id":
		return w.ID("the " + strings.TrimPrefix(name, "default_")), true
	case "parent_id", "parent_region_id", "scope", "trust_id", "options", "federated":
		return nil, false
	case "url", "auth_url", "sp_url":
		return "http://service.example/", true
	case "path":
		return "/v2.1/servers", true
	case "expires_at":
		return "2999-01-01T00:00:00", true
	case "snoozed_until":
		return "2999-01-01T00:00:00Z", true
	case "country":
		return "CH", true
	case "roles":
		return []any{map[string]any{"name": "member"}}, true
	case "rules":
		return []any{map[string]any{
			"local": []any{map[string]any{"user": map[string]any{"name": "{0}"}}}, "remote": []any{map[string]any{"type": "LOGIN"}},
		}}, true
	case "password":
		return nil, false
	case "explicit_domain_id":
		return "fedcba9876543210fedcba9876543210", true
	case "methods":
		return []any{"password"}, true
	}
	return nil, false
}

// furnished makes one object of each kind and names them "the user_id" and so on, after the path variables.
func furnished(t *testing.T, w *apitest.World) {
	t.Helper()
	w.User("target", "red")
	w.Name("the domain_id", w.ID("red"))
	w.Name("the project_id", w.Project("red", "web"))
	w.Name("the user_id", w.ID("target"))
	w.Name("the role_id", w.Role("spare"))
	w.Name("the prior_role_id", w.Role("spare"))
	w.Name("the implied_role_id", w.Role("implied"))
	create := func(kind, path string, body map[string]any) {
		r := w.Post(path, map[string]any{kind: body}, w.As("sysadmin")).Want(http.StatusCreated)
		w.Name("the "+kind+"_id", r.Str(kind+".id"))
	}
	create("group", "/v3/groups", map[string]any{"name": "crowd", "domain_id": w.ID("red")})
	create("region", "/v3/regions", map[string]any{"id": "north"})
	create("service", "/v3/services", map[string]any{"type": "compute", "name": "nova"})
	create("endpoint", "/v3/endpoints", map[string]any{
		"service_id": w.ID("the service_id"), "interface": "public", "url": "http://nova.example/", "region_id": "north",
	})
	create("policy", "/v3/policies", map[string]any{"blob": "{}", "type": "application/json"})
	for _, on := range []string{"endpoints/{the endpoint_id}", "services/{the service_id}", "services/{the service_id}/regions/north"} {
		w.Put("/v3/policies/{the policy_id}/OS-ENDPOINT-POLICY/"+on, w.As("sysadmin")).Want(http.StatusNoContent)
	}
	create("endpoint_group", "/v3/OS-EP-FILTER/endpoint_groups", map[string]any{
		"name": "north", "filters": map[string]any{"region_id": "north"},
	})
	w.Grant("target", "member", "project:red/web")
	made := w.Post("/v3/users/{the user_id}/application_credentials", `{"application_credential":{"name":"x","access_rules":[{"service":"x","path":"/x","method":"GET"}]}}`,
		apitest.Token(w.Token("target", "project:red/web"))).Want(http.StatusCreated)
	w.Delete("/v3/projects/{the project_id}/users/{the user_id}/roles/{role member}", w.As("sysadmin")).Want(http.StatusNoContent)
	w.Secret(made.Str("application_credential.secret"))
	w.Name("the application_credential_id", made.Str("application_credential.id"))
	w.Name("the access_rule_id", made.Str("application_credential.access_rules.0.id"))
	trust := map[string]any{"trustor_user_id": w.ID("target"), "trustee_user_id": w.ID("target"), "impersonation": false}
	made = w.Post("/v3/OS-TRUST/trusts", map[string]any{"trust": trust}, apitest.Token(w.Token("target", ""))).Want(http.StatusCreated)
	w.Name("the trust_id", made.Str("trust.id"))
	w.Name("the request_id", w.Get("/v3/users", w.As("target")).Want(http.StatusForbidden).Header.Get("X-Openstack-Request-Id"))
	w.Name("the session_id", w.Get("/v3/users/{the user_id}/sessions", w.As("sysadmin")).Want(http.StatusOK).Str("sessions.0.id"))
	w.Name("the device_id", "0123456789abcdef0123456789abcdef") // nobody but its owner can make one
	w.Name("the phone_id", "0123456789abcdef0123456789abcdef")  // nor a phone
	w.Name("the challenge_id", strings.Repeat("0", 32))         // nor has anybody one
	w.Name("the notice_id", strings.Repeat("0", 32))            // nobody is told of anything here
	create("credential", "/v3/credentials", map[string]any{
		"type": "totp", "user_id": w.ID("target"), "blob": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
	})
	create("requirement", "/v3/mfa/requirements", map[string]any{"group_id": w.ID("the group_id"), "from": "2999-01-01T00:00:00Z"})
	create("exemption", "/v3/mfa/exemptions", map[string]any{"user_id": w.ID("target"), "reason": "x", "expires_at": "2026-06-01T00:00:00Z"})
	first := func(kind, path, body string) {
		w.Name("the "+kind+"_id", w.Post(path, body, w.As("sysadmin")).Want(http.StatusCreated).Str(kind+"s.0.id"))
	}
	first("registered_limit", "/v3/registered_limits", `{"registered_limits":[{"service_id":"{the service_id}","resource_name":"cores","default_limit":9}]}`)
	first("limit", "/v3/limits", `{"limits":[{"service_id":"{the service_id}","resource_name":"cores","resource_limit":5,"project_id":"{the project_id}"}]}`)
	pending := w.Post("/v3/users/{the user_id}/mfa/totp", map[string]any{"totp": map[string]any{"name": "phone"}}, w.As("sysadmin"))
	w.Name("the factor_id", "0123456789abcdef0123456789abcdef")
	if pending.Status == http.StatusCreated {
		w.Name("the factor_id", pending.Str("totp.id"))
	}
	w.Put("/v3/projects/{the project_id}/tags/blue", w.As("sysadmin")).Want(http.StatusCreated)
	w.Name("the value", "blue") // of a tag
	w.Put("/v3/domains/{the domain_id}/config", w.As("sysadmin"), apitest.Body(`{"config":{"ldap":{"url":"ldap://x"}}}`)).Want(http.StatusCreated)
	w.Name("the group", "ldap") // of options of the domain
	w.Name("the option", "url")
	w.Name("the token_id", "not-a-token")
	create("consumer", "/v3/OS-OAUTH1/consumers", map[string]any{"description": "a robot"})
	for _, kind := range []string{"request_token", "access_token"} { // those are a consumer's to ask for
		w.Name("the "+kind+"_id", "0123456789abcdef0123456789abcdef")
	}
	w.Name("the tenant_id", w.Project("default", "tenant"))
	w.Name("the alias", "OS-KSADM")
	w.Name("the ref_id", w.Expand("roleId={the role_id}&tenantId={the tenant_id}&userId={the user_id}"))
	federated(w)
}

// federated makes one object of each kind that federation has.
func federated(w *apitest.World) {
	put := func(name, path, id, kind string, body map[string]any) {
		w.Put("/v3/OS-FEDERATION/"+path+"/"+id, w.As("sysadmin"), apitest.Body(map[string]any{kind: body})).Want(http.StatusCreated)
		w.Name("the "+name+"_id", id)
	}
	rules, _ := knownValue(w, "rules")
	put("mapping", "mappings", "people", "mapping", map[string]any{"rules": rules})
	put("idp", "identity_providers", "corp", "identity_provider", map[string]any{"domain_id": w.ID("red")})
	put("protocol", "identity_providers/corp/protocols", "saml2", "protocol", map[string]any{"mapping_id": "people"})
	put("service_provider", "service_providers", "far", "service_provider", map[string]any{"auth_url": "http://far.example", "sp_url": "http://far.example"})
}

// at fills the variables of a path with the objects of furnished.
func at(w *apitest.World, path string) string {
	for _, name := range variables(path) {
		path = strings.ReplaceAll(path, "{"+name+"}", w.ID("the "+name))
	}
	return path
}

// variables are the names in braces of a path.
func variables(path string) []string {
	var names []string
	for part := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(part, "{") {
			names = append(names, strings.Trim(part, "{}"))
		}
	}
	return names
}

// state is everything that the lists of the API show, for attacks that must change nothing.
func state(w *apitest.World) map[string]string {
	found := map[string]string{}
	for _, path := range []string{
		"/v3/domains", "/v3/projects", "/v3/users", "/v3/groups", "/v3/roles", "/v3/regions", "/v3/services",
		"/v3/endpoints", "/v3/policies", "/v3/policies/{the policy_id}/OS-ENDPOINT-POLICY/endpoints", "/v3/credentials", "/v3/role_assignments", "/v3/role_inferences",
		"/v3/registered_limits", "/v3/limits",
		"/v3/users/{the user_id}/mfa", "/v3/users/{the user_id}/application_credentials", "/v3/users/{the user_id}/access_rules",
		"/v3/OS-FEDERATION/identity_providers", "/v3/OS-FEDERATION/identity_providers/corp/protocols",
		"/v3/OS-FEDERATION/mappings", "/v3/OS-FEDERATION/service_providers",
	} {
		found[path] = string(w.Get(path, w.As("sysadmin")).Want(http.StatusOK).Body)
	}
	return found
}

// same fails the test when the state is no longer what it was.
func same(t *testing.T, w *apitest.World, what string, before map[string]string) {
	t.Helper()
	for path, now := range state(w) {
		if now != before[path] {
			t.Errorf("%s changed %s\nfrom %.500s\nto %.500s", what, path, before[path], now)
		}
	}
}

// quick lets refusals be as fast as they are, for tests that collect hundreds of them.
func quick(c *config.Config) { c.Lockout.FailureFloor = 0 }
