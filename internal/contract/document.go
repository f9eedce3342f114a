package contract

import (
	"net/http"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The part of an OpenAPI document that this package reads. Schemas are left to the compiler.

type document struct {
	Info struct {
		Version string `yaml:"version"`
	} `yaml:"info"`
	Security   []map[string][]string `yaml:"security"`
	Paths      yaml.Node             `yaml:"paths"` // a node, because a map would lose the order
	Components struct {
		Schemas    map[string]componentSchema   `yaml:"schemas"`
		Parameters map[string]documentParameter `yaml:"parameters"`
		Headers    map[string]documentHeader    `yaml:"headers"`
		Responses  map[string]documentResponse  `yaml:"responses"`
	} `yaml:"components"`
}

type componentSchema struct {
	Properties map[string]any `yaml:"properties"`
}

type pathItem struct {
	Parameters []documentParameter `yaml:"parameters"`
	Get        *operation          `yaml:"get"`
	Post       *operation          `yaml:"post"`
	Put        *operation          `yaml:"put"`
	Patch      *operation          `yaml:"patch"`
	Delete     *operation          `yaml:"delete"`
}

type methodOperation struct {
	method string
	op     *operation
}

// methods returns the operations of the path that there are.
func (p pathItem) methods() []methodOperation {
	var found []methodOperation
	for _, m := range []methodOperation{
		{http.MethodGet, p.Get}, {http.MethodPost, p.Post}, {http.MethodPut, p.Put},
		{http.MethodPatch, p.Patch}, {http.MethodDelete, p.Delete},
	} {
		if m.op != nil {
			found = append(found, m)
		}
	}
	return found
}

type operation struct {
	ID          string                      `yaml:"operationId"`
	Summary     string                      `yaml:"summary"`
	Tags        []string                    `yaml:"tags"`
	Security    *[]map[string][]string      `yaml:"security"` // nil when the document's own applies
	QueryClosed bool                        `yaml:"x-query-closed"`
	HeadStatus  int                         `yaml:"x-head-status"`
	Refuses     bool                        `yaml:"x-always-refuses"`
	Parameters  []documentParameter         `yaml:"parameters"`
	RequestBody *documentBody               `yaml:"requestBody"`
	Responses   map[string]documentResponse `yaml:"responses"`
}

type documentParameter struct {
	Ref  string `yaml:"$ref"`
	Name string `yaml:"name"`
	In   string `yaml:"in"`
}

type documentBody struct {
	Content map[string]any `yaml:"content"`
}

type documentHeader struct {
	Ref      string `yaml:"$ref"`
	Required bool   `yaml:"required"`
}

type documentResponse struct {
	Ref     string                    `yaml:"$ref"`
	Headers map[string]documentHeader `yaml:"headers"`
	Content map[string]any            `yaml:"content"`
}

// located is a parameter and the JSON pointer of its definition.
type located struct {
	documentParameter
	pointer string
}

// parameters resolves the references among params, which stand under pointer.
func (l *loader) parameters(pointer string, params []documentParameter) []located {
	found := make([]located, 0, len(params))
	for i, p := range params {
		at := pointer + "/parameters/" + strconv.Itoa(i)
		resolved, at := resolve(l, at, "parameters", p.Ref, p, l.doc.Components.Parameters)
		if resolved.Name == "" {
			l.problem(at, "a parameter without a name")
			continue
		}
		found = append(found, located{resolved, at})
	}
	return found
}

// resolve follows ref, when there is one, to the component of the given kind. It returns the value that
// counts and its JSON pointer, and notes a reference that leads nowhere.
func resolve[T any](l *loader, at, kind, ref string, value T, components map[string]T) (T, string) {
	if ref == "" {
		return value, at
	}
	name, ok := strings.CutPrefix(ref, "#/components/"+kind+"/")
	component, found := components[name]
	if !ok || !found {
		l.problem(at, "%s leads nowhere", ref)
		return component, at
	}
	return component, "/components/" + kind + "/" + name
}

var escaper, unescaper = strings.NewReplacer("~", "~0", "/", "~1"), strings.NewReplacer("~1", "/", "~0", "~")

// escape encodes one token of a JSON pointer (RFC 6901 section 3).
func escape(token string) string { return escaper.Replace(token) }
