package contract_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/keyward/identity"
)

// walk calls visit for every object of the document, with its place in it.
func walk(at string, node any, visit func(at string, object map[string]any)) {
	switch n := node.(type) {
	case map[string]any:
		visit(at, n)
		for _, k := range slices.Sorted(maps.Keys(n)) {
			walk(at+"/"+k, n[k], visit)
		}
	case []any:
		for i, v := range n {
			walk(fmt.Sprintf("%s/%d", at, i), v, visit)
		}
	}
}

func rawDocument(t *testing.T) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := yaml.Unmarshal(identity.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestEveryOperationListsTheStatusesOfItsKind(t *testing.T) {
	t.Parallel()
	for _, op := range load(t).Operations() {
		want := []int{400, 413, 429, 503}
		if op.HasBody() {
			want = append(want, 415)
		}
		if !op.Public {
			want = append(want, 401, 403)
		}
		if strings.Contains(op.Path, "{") {
			want = append(want, 404)
		}
		for _, status := range want {
			if !op.Documents(status) {
				t.Errorf("%s %s does not list %d", op.Method, op.Path, status)
			}
		}
	}
}

func TestPublicOperationsAreTheseAndNoOthers(t *testing.T) {
	t.Parallel()
	want := []string{
		"GET /", "GET /v3", "GET /v2.0", "GET /healthcheck", "GET /readyz", "GET /openapi.yaml",
		"GET /.well-known/security.txt", "GET /v3/auth/jwks", "POST /v3/auth/tokens", "POST /v3/auth/challenges", "GET /v3/auth/challenges/{challenge_id}",
		"GET /v3/OS-SIMPLE-CERT/ca", "GET /v3/OS-SIMPLE-CERT/certificates", "GET /v3/auth/tokens/OS-PKI/revoked",
		"POST /v3/users/{user_id}/password", "POST /v3/notices/{notice_id}/disown", "POST /v3/OS-OAUTH1/request_token", "POST /v3/OS-OAUTH1/access_token", "POST /v3/OS-OAUTH2/token", "POST /v2.0/tokens",
		"GET /v2.0/tokens/revoked", "GET /v2.0/certificates/ca", "GET /v2.0/certificates/signing",
		"GET /v2.0/extensions", "GET /v2.0/extensions/{alias}",
	}
	var got []string
	for _, op := range load(t).Operations() {
		if op.Public {
			got = append(got, op.Method+" "+op.Path)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q,\nwant %q", got, want)
	}
}

func TestEveryComponentIsUsed(t *testing.T) {
	t.Parallel()
	doc := rawDocument(t)
	used := map[string]bool{}
	walk("#", doc, func(_ string, object map[string]any) {
		if ref, ok := object["$ref"].(string); ok {
			used[ref] = true
		}
	})
	components := doc["components"].(map[string]any)
	for kind, named := range components {
		if kind == "securitySchemes" {
			continue
		}
		for name := range named.(map[string]any) {
			if ref := "#/components/" + kind + "/" + name; !used[ref] {
				t.Errorf("%s is not used", ref)
			}
		}
	}
}

// TestGeneratorsCanReadTheDocument holds the document to what SDK generators for Go, TypeScript and Python
// were found to understand.
func TestGeneratorsCanReadTheDocument(t *testing.T) {
	t.Parallel()
	doc := rawDocument(t)
	walk("#", doc, func(at string, object map[string]any) {
		if types, ok := object["type"].([]any); ok && (len(types) != 2 || types[1] != "null") {
			t.Errorf("%s: a type must be one, or one and null: %v", at, types)
		}
		kind := object["type"]
		if types, ok := kind.([]any); ok {
			kind = types[0]
		}
		if _, ok := object["items"]; kind == "array" && !ok {
			t.Errorf("%s: an array without items", at)
		}
		if _, ok := object["title"]; ok && strings.HasPrefix(at, "#/components/schemas/") && !strings.HasSuffix(at, "/properties") {
			t.Errorf("%s: a schema with a title", at)
		}
		if properties, ok := object["properties"].(map[string]any); ok {
			for name, p := range properties {
				if _, ok := p.(map[string]any); !ok {
					t.Errorf("%s: property %s is not an object", at, name)
				}
			}
		}
	})
	components := doc["components"].(map[string]any)
	for name := range components["parameters"].(map[string]any) {
		if _, clash := components["schemas"].(map[string]any)[name]; clash {
			t.Errorf("%s names a parameter and a schema", name)
		}
	}
	camel := regexp.MustCompile(`^[a-z]+([A-Z][a-z0-9]*)*$`)
	schemas := components["schemas"].(map[string]any)
	for _, op := range load(t).Operations() {
		if !camel.MatchString(op.ID) {
			t.Errorf("operationId %s is not in camel case", op.ID)
		}
		for _, suffix := range []string{"Params", "Response"} {
			if name := strings.ToUpper(op.ID[:1]) + op.ID[1:] + suffix; schemas[name] != nil {
				t.Errorf("schema %s is also a name that generators make of %s", name, op.ID)
			}
		}
	}
}

func TestHeadIsAnsweredForEveryGet(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, op := range c.Operations() {
		head := c.Operation("HEAD", op.Path)
		if op.Method == http.MethodGet && (head == nil || head.ID != op.ID) {
			t.Errorf("GET %s has no HEAD", op.Path)
		}
	}
}
