// Package contract runs openapi.yaml: it compiles the document's schemas once, refuses request bodies and
// queries that do not fit, checks in tests that responses do, and tells where a server's routes and the
// document differ. It also reads request bodies, more strictly than encoding/json does.
//
// It knows neither HTTP frameworks nor resources. What a schema cannot say (that a domain exists, that two
// query parameters exclude each other, what a path id looks like) is decided where the operation is.
package contract

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Contract is a loaded document. It is immutable and safe for concurrent use.
type Contract struct {
	version    string
	operations []*Operation          // in the order of the document, without HEAD
	byRoute    map[string]*Operation // "GET /v3/users", HEAD included
	properties map[string][]string   // schema name → its property names, sorted
}

// Operation is one method of one path of the document.
type Operation struct {
	// Method is the HTTP method in upper case.
	Method string
	// Path is the template of the path, with its parameters in braces: /v3/users/{user_id}.
	Path string
	// ID is the operationId, by which SDKs name the method.
	ID string
	// Tags group operations; each operation has at least one.
	Tags []string
	// Public says that the operation needs no token.
	Public bool

	body        *schema // nil when the operation takes none
	form        bool    // the body is a form
	query       []parameter
	queryClosed bool
	responses   map[int]*response
}

// Route is what a server says about one of its routes, to be compared with the document.
type Route struct {
	// Method is the HTTP method in upper case. HEAD need not be given and is ignored.
	Method string
	// Path is the template, written as in the document.
	Path string
	// Public says that the route is served without a token.
	Public bool
}

// Version returns info.version of the document.
func (c *Contract) Version() string { return c.version }

// Operations returns all operations in the order of the document. HEAD is not among them: every GET has it.
// The caller must not modify the slice.
func (c *Contract) Operations() []*Operation { return c.operations }

// Operation returns the operation of a method and a path template, or nil when the document has none.
// HEAD is answered for every GET.
func (c *Contract) Operation(method, path string) *Operation {
	return c.byRoute[method+" "+path]
}

// Properties returns the sorted names of the properties that the named component schema declares, and nil
// when there is no such schema. Tests compare them with the JSON names of a view.
func (c *Contract) Properties(schemaName string) []string {
	return slices.Clone(c.properties[schemaName])
}

// Documents says whether the operation lists a status among its answers.
func (o *Operation) Documents(status int) bool { return o.responses[status] != nil }

// Match compares routes with the document. The error, if any, lists every difference, a line each: routes
// missing on either side, routes given twice, and routes that only one side calls public.
func (c *Contract) Match(routes []Route) error {
	var problems []error
	seen := make(map[string]bool, len(routes))
	for _, r := range routes {
		if r.Method == http.MethodHead {
			continue
		}
		name := r.Method + " " + r.Path
		op := c.byRoute[name]
		switch {
		case seen[name]:
			problems = append(problems, fmt.Errorf("%s is routed twice", name))
		case op == nil:
			problems = append(problems, fmt.Errorf("%s is routed but not in openapi.yaml", name))
		case op.Public != r.Public:
			problems = append(problems, fmt.Errorf("%s: openapi.yaml says public=%t, its route says public=%t", name, op.Public, r.Public))
		}
		seen[name] = true
	}
	for _, op := range c.operations {
		if name := op.Method + " " + op.Path; !seen[name] {
			problems = append(problems, fmt.Errorf("%s is in openapi.yaml but not routed", name))
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}
