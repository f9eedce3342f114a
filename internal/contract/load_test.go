package contract_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/contract"
)

// load returns the project's own contract.
func load(tb testing.TB) *contract.Contract {
	tb.Helper()
	c, err := contract.Own()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// operation returns the operation that a pattern such as "GET /v3/users" names.
func operation(tb testing.TB, pattern string) *contract.Operation {
	tb.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	op := load(tb).Operation(method, path)
	if op == nil {
		tb.Fatalf("openapi.yaml has no %s", pattern)
	}
	return op
}

// sound is the smallest document that loads; the rows below break it.
const sound = `
openapi: 3.1.0
info: {version: 1.2.3}
security: [{Token: []}]
paths:
  /things/{id}:
    parameters: [{$ref: '#/components/parameters/Id'}]
    get:
      operationId: showThing
      summary: Show
      tags: [Things]
      responses:
        '200': {$ref: '#/components/responses/Shown'}
components:
  parameters:
    Id: {name: id, in: path, required: true, schema: {type: string}}
  responses:
    Shown: {description: Shown, content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
  schemas:
    Thing: {type: object, properties: {id: {type: string}}}
`

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	if _, err := contract.Load([]byte(sound)); err != nil {
		t.Fatalf("the sound document: %v", err)
	}
	for _, row := range []struct{ name, old, new, want string }{
		{"malformed YAML", "paths:", "paths: [", "yaml"},
		{"a key given twice", "summary: Show", "summary: Show\n      summary: Again", "already defined"},
		{"a schema reference that leads nowhere", "schemas/Thing'", "schemas/Nothing'", "Nothing"},
		{"a reference to another document", "'#/components/schemas/Thing'", "'https://x.example/s.json'", "another document"},
		{"a parameter reference that leads nowhere", "parameters/Id'", "parameters/Other'", "leads nowhere"},
		{"a response reference that leads nowhere", "responses/Shown'", "responses/Other'", "leads nowhere"},
		{"a malformed schema", "type: object, prop", "type: objekt, prop", "Thing"},
		{"a malformed pattern", "{id: {type: string}}", "{id: {type: string, pattern: '('}}", "regex"},
		{"an operation without an id", "operationId: showThing", "x-id: showThing", "operationId"},
		{"an operation without a tag", "tags: [Things]", "tags: []", "tags"},
		{"an operation without a summary", "summary: Show", "x-summary: Show", "summary"},
		{"an operation that says nothing about tokens", "security: [{Token: []}]", "", "security"},
		{"an operation that cannot succeed", "'200'", "'400'", "successful"},
		{"a response for a range of statuses", "'200'", "'2XX'", "one status"},
		{"a path parameter that is not declared", "{id}", "{id}/{part}", "path parameters"},
		{"an id given twice", "components:\n  parameters:", "  /other:\n    get: {operationId: showThing, summary: S, tags: [T], responses: {'204': {description: D}}}\ncomponents:\n  parameters:", "also that of"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			doc := strings.Replace(sound, row.old, row.new, 1)
			if doc == sound {
				t.Fatal("the row changes nothing")
			}
			_, err := contract.Load([]byte(doc))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want an error that has %q", err, row.want)
			}
		})
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	c := load(t)
	var all []contract.Route
	for _, op := range c.Operations() {
		all = append(all, contract.Route{Method: op.Method, Path: op.Path, Public: op.Public})
	}
	if err := c.Match(append(all, contract.Route{Method: "HEAD", Path: "/v3/users"})); err != nil {
		t.Errorf("routes equal to the document: %v", err)
	}
	broken := append([]contract.Route{}, all[1:]...) // the first is missing
	broken = append(broken, all[1], contract.Route{Method: "GET", Path: "/v3/surprise"})
	for i := range broken {
		if broken[i].Path == "/v3/users" && broken[i].Method == http.MethodPost {
			broken[i].Public = true
		}
	}
	err := c.Match(broken)
	for _, want := range []string{
		all[0].Method + " " + all[0].Path + " is in openapi.yaml but not routed",
		all[1].Method + " " + all[1].Path + " is routed twice",
		"GET /v3/surprise is routed but not in openapi.yaml",
		"POST /v3/users: openapi.yaml says public=false, its route says public=true",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a line that says %q", err, want)
		}
	}
}

func TestPropertiesNamesWhatASchemaDeclares(t *testing.T) {
	t.Parallel()
	c := load(t)
	if got := strings.Join(c.Properties("TotpConfirm"), " "); got != "passcode" {
		t.Errorf("TotpConfirm: got %q", got)
	}
	if got := c.Properties("NoSuchSchema"); got != nil {
		t.Errorf("an unknown schema: got %q", got)
	}
}
