package contract

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/keyward/identity"
)

// documentURL names the document among the compiler's resources. Nothing is ever fetched from it.
const documentURL = "contract:///openapi.yaml"

// schema is a compiled schema.
type schema = jsonschema.Schema

// parameter is a query parameter.
type parameter struct {
	name    string
	numeric bool // an integer, whose empty value means absent
	schema  *schema
}

// Own returns the contract of this program, which is read once. It fails as Load does.
var Own = sync.OnceValues(func() (*Contract, error) { return Load(identity.OpenAPI) })

// Load reads an OpenAPI 3.1 document in YAML and compiles all its schemas. It fails, naming every place, when
// the YAML or a schema is malformed, when a reference leads nowhere, or when an operation lacks its id,
// summary, tag, a security requirement or a successful response.
func Load(doc []byte) (*Contract, error) {
	var (
		node yaml.Node
		raw  any
		d    document
	)
	err := yaml.Unmarshal(doc, &node)
	if err == nil {
		err = errors.Join(node.Decode(&raw), node.Decode(&d))
	}
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	compiler.UseLoader(noLoader{})
	compiler.RegisterVocabulary(&jsonschema.Vocabulary{URL: documentURL, Subschemas: places()})
	if err := compiler.AddResource(documentURL, raw); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	meta, err := compiler.Compile("https://json-schema.org/draft/2020-12/schema")
	if err != nil {
		return nil, err
	}
	l := &loader{doc: &d, raw: raw, meta: meta, compiler: compiler, contract: &Contract{
		version:    d.Info.Version,
		byRoute:    map[string]*Operation{},
		properties: map[string][]string{},
	}}
	l.components()
	l.paths()
	if len(l.problems) > 0 {
		return nil, fmt.Errorf("openapi.yaml: %w", errors.Join(l.problems...))
	}
	return l.contract, nil
}

// places says where an OpenAPI document has schemas. The compiler finds those that it was not told of too, but copies
// all that it knows for each.
func places() []jsonschema.SchemaPath {
	const schemas, responses, parameters, content, schema = jsonschema.Prop("schemas"), jsonschema.Prop("responses"),
		jsonschema.Prop("parameters"), jsonschema.Prop("content"), jsonschema.Prop("schema")
	type path = jsonschema.SchemaPath
	components, each, item := jsonschema.Prop("components"), jsonschema.AllProp{}, jsonschema.AllItem{}
	paths := jsonschema.Prop("paths")
	return []jsonschema.SchemaPath{
		path{components, schemas, each},
		path{components, parameters, each, schema},
		path{components, responses, each, content, each, schema},
		path{paths, each, parameters, item, schema},
		path{paths, each, each, parameters, item, schema},
		path{paths, each, each, jsonschema.Prop("requestBody"), content, each, schema},
		path{paths, each, each, responses, each, content, each, schema},
	}
}

// noLoader refuses to fetch schemas: the document must be complete in itself.
type noLoader struct{}

// Load always fails.
func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("reference to another document: %s", url)
}

// loader turns a document into a Contract and collects what is wrong with it.
type loader struct {
	doc      *document
	raw      any     // the same, as the compiler has it
	meta     *schema // what a schema must obey
	compiler *jsonschema.Compiler
	contract *Contract
	problems []error
}

func (l *loader) problem(at, format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...)))
}

// compile compiles the schema at a JSON pointer. It returns nil, and notes the problem, when it can't.
func (l *loader) compile(pointer string) *schema {
	// The compiler checks only what it was not told of.
	if err := l.meta.Validate(at(l.raw, pointer)); err != nil {
		l.problem(pointer, "%v", err)
		return nil
	}
	s, err := l.compiler.Compile(documentURL + (&url.URL{Fragment: pointer}).String())
	if err != nil {
		l.problem(pointer, "%v", err)
		return nil
	}
	return s
}

// at returns what a JSON pointer (RFC 6901) points to, nil when that is nothing.
func at(doc any, pointer string) any {
	for _, token := range strings.Split(pointer, "/")[1:] {
		switch v := doc.(type) {
		case map[string]any:
			doc = v[unescaper.Replace(token)]
		case []any:
			if i, err := strconv.Atoi(token); err == nil && i < len(v) {
				doc = v[i]
				continue
			}
			return nil
		default:
			return nil
		}
	}
	return doc
}

// components compiles every named schema, used or not, and remembers the names of its properties.
func (l *loader) components() {
	for name, s := range l.doc.Components.Schemas {
		l.compile("/components/schemas/" + name)
		names := make([]string, 0, len(s.Properties))
		for p := range s.Properties {
			names = append(names, p)
		}
		slices.Sort(names)
		l.contract.properties[name] = names
	}
}

func (l *loader) paths() {
	ids := map[string]string{}
	for i := 0; i+1 < len(l.doc.Paths.Content); i += 2 {
		path := l.doc.Paths.Content[i].Value
		var item pathItem
		if err := l.doc.Paths.Content[i+1].Decode(&item); err != nil {
			l.problem(path, "%v", err)
			continue
		}
		pointer := "/paths/" + escape(path)
		shared := l.parameters(pointer, item.Parameters)
		for _, m := range item.methods() {
			op := l.operation(m.method, path, pointer+"/"+strings.ToLower(m.method), m.op, shared)
			if other, taken := ids[op.ID]; taken {
				l.problem(op.Method+" "+op.Path, "operationId %s is also that of %s", op.ID, other)
			}
			ids[op.ID] = op.Method + " " + op.Path
			l.add(op, m.op.HeadStatus)
		}
	}
}

// add enters op, and HEAD when op is a GET.
func (l *loader) add(op *Operation, headStatus int) {
	l.contract.operations = append(l.contract.operations, op)
	l.contract.byRoute[op.Method+" "+op.Path] = op
	if op.Method != http.MethodGet {
		return
	}
	head := *op
	head.Method = http.MethodHead
	if headStatus != 0 {
		head.responses = make(map[int]*response, len(op.responses))
		for status, r := range op.responses {
			if status < 300 {
				status, r = headStatus, &response{}
			}
			head.responses[status] = r
		}
	}
	l.contract.byRoute[head.Method+" "+head.Path] = &head
}

func (l *loader) operation(method, path, pointer string, o *operation, shared []located) *Operation {
	at := method + " " + path
	op := &Operation{
		Method: method, Path: path, ID: o.ID, Tags: o.Tags,
		Public:      o.Security != nil && len(*o.Security) == 0,
		queryClosed: o.QueryClosed,
		responses:   make(map[int]*response, len(o.Responses)),
	}
	if o.ID == "" || o.Summary == "" || len(o.Tags) == 0 {
		l.problem(at, "operationId, summary and tags are required")
	}
	if o.Security == nil && len(l.doc.Security) == 0 {
		l.problem(at, "it must say what it needs, or security: []")
	}
	l.requestParameters(op, append(slices.Clone(shared), l.parameters(pointer, o.Parameters)...))
	if o.RequestBody != nil {
		l.requestBody(op, pointer, o.RequestBody)
	}
	success := false
	for status, r := range o.Responses {
		code, err := strconv.Atoi(status)
		if err != nil || code < 200 || code > 599 {
			l.problem(at, "response %q must be one status", status)
			continue
		}
		success = success || code < 400
		op.responses[code] = l.response(pointer+"/responses/"+status, r)
	}
	if success == o.Refuses {
		l.problem(at, "there is no successful response, or one where x-always-refuses says that there is none")
	}
	return op
}

// requestBody takes the one media type of a body. A form is not checked here: what reads it answers in its own shape.
func (l *loader) requestBody(op *Operation, pointer string, body *documentBody) {
	if _, op.form = body.Content[mediaForm]; op.form && len(body.Content) == 1 {
		l.compile(pointer + "/requestBody/content/" + escape(mediaForm) + "/schema")
		return
	}
	if _, ok := body.Content[mediaJSON]; !ok || op.form {
		l.problem(op.Method+" "+op.Path, "a request body must be %s, or %s alone", mediaJSON, mediaForm)
	}
	op.body = l.compile(pointer + "/requestBody/content/" + escape(mediaJSON) + "/schema")
}

// requestParameters sorts parameters by place and compares those of the path with its template.
func (l *loader) requestParameters(op *Operation, params []located) {
	var inPath []string
	for _, p := range params {
		switch s := l.compile(p.pointer + "/schema"); p.In {
		case "path":
			inPath = append(inPath, "{"+p.Name+"}")
		case "query":
			numeric := s != nil && s.Types != nil && slices.Equal(s.Types.ToStrings(), []string{"integer"})
			op.query = append(op.query, parameter{p.Name, numeric, s})
		}
	}
	var inTemplate []string
	for part := range strings.SplitSeq(op.Path, "/") {
		if strings.HasPrefix(part, "{") {
			inTemplate = append(inTemplate, part)
		}
	}
	if !slices.Equal(inPath, inTemplate) {
		l.problem(op.Method+" "+op.Path, "the path parameters are declared as %v", inPath)
	}
}
