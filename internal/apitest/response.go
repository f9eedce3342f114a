package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Response is an answer that has been checked.
type Response struct {
	Status int
	Header http.Header
	Body   []byte

	t    testing.TB
	what string
}

// Want ends the test unless the answer has the status.
func (r *Response) Want(status int) *Response {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("%s: got %d, want %d: %.1000s", r.what, r.Status, status, r.Body)
	}
	return r
}

// Has fails the test unless the body holds the text.
func (r *Response) Has(text string) *Response {
	r.t.Helper()
	if !bytes.Contains(r.Body, []byte(text)) {
		r.t.Errorf("%s: the answer lacks %q: %.1000s", r.what, text, r.Body)
	}
	return r
}

// Never fails the test if body or headers hold the text.
func (r *Response) Never(text string) *Response {
	r.t.Helper()
	if bytes.Contains(r.Body, []byte(text)) || strings.Contains(fmt.Sprint(r.Header), text) {
		r.t.Errorf("%s: the answer must not hold %q: %.1000s", r.what, text, r.Body)
	}
	return r
}

// Value returns what stands at a path such as "token.roles.0.name", numbers as json.Number; nil when nothing
// stands there.
func (r *Response) Value(path string) any {
	r.t.Helper()
	dec := json.NewDecoder(bytes.NewReader(r.Body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		r.t.Fatalf("%s: the answer (%d) is not JSON: %.300s", r.what, r.Status, r.Body)
	}
	if path == "" {
		return v
	}
	for part := range strings.SplitSeq(path, ".") {
		switch node := v.(type) {
		case map[string]any:
			v = node[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(node) {
				return nil
			}
			v = node[i]
		default:
			return nil
		}
	}
	return v
}

// Str returns the text at a path, and ends the test when there is none.
func (r *Response) Str(path string) string {
	r.t.Helper()
	s, ok := r.Value(path).(string)
	if !ok {
		r.t.Fatalf("%s: no text at %s: %.1000s", r.what, path, r.Body)
	}
	return s
}

// Int returns the whole number at a path, and ends the test when there is none.
func (r *Response) Int(path string) int {
	r.t.Helper()
	n, ok := r.Value(path).(json.Number)
	i, err := strconv.Atoi(string(n))
	if !ok || err != nil {
		r.t.Fatalf("%s: no whole number at %s: %.1000s", r.what, path, r.Body)
	}
	return i
}

// Bool returns the boolean at a path, and ends the test when there is none.
func (r *Response) Bool(path string) bool {
	r.t.Helper()
	b, ok := r.Value(path).(bool)
	if !ok {
		r.t.Fatalf("%s: no boolean at %s: %.1000s", r.what, path, r.Body)
	}
	return b
}

// List returns the array at a path, and ends the test when there is none.
func (r *Response) List(path string) []any {
	r.t.Helper()
	l, ok := r.Value(path).([]any)
	if !ok {
		r.t.Fatalf("%s: no array at %s: %.1000s", r.what, path, r.Body)
	}
	return l
}

// Names returns the texts under key in each object of the array at a path: Names("users", "name").
func (r *Response) Names(path, key string) []string {
	r.t.Helper()
	var names []string
	for i := range r.List(path) {
		names = append(names, r.Str(path+"."+strconv.Itoa(i)+"."+key))
	}
	return names
}

// Token is the token that the answer issued.
func (r *Response) Token() string { return r.Header.Get("X-Subject-Token") }

var (
	requestID = regexp.MustCompile(`^req-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	// internals are texts of Go, of databases and of file systems that no answer may show.
	internals = regexp.MustCompile(`goroutine \d|\.go:\d|panic:|runtime error|SQLSTATE|SQLITE_|(?i:\bselect\b.+\bfrom\b)|sql: |gorm|pgx|/internal/|/tmp/`)
)

// check holds every answer against what must be true of all, and against openapi.yaml.
func (w *World) check(r *Response, req *http.Request, o outgoing) {
	w.t.Helper()
	fail := func(format string, args ...any) {
		w.t.Helper()
		w.t.Errorf("%s, answered %d: %s\nbody: %.600s", r.what, r.Status, fmt.Sprintf(format, args...), r.Body)
	}
	if r.Status >= 500 && r.Status != http.StatusNotImplemented && !o.allow5xx {
		fail("an answer of 500 or above; the log says: %s", w.errorsLogged(r.Header.Get("X-Openstack-Request-Id")))
	}
	if !requestID.MatchString(r.Header.Get("X-Openstack-Request-Id")) {
		fail("no request id: %q", r.Header.Get("X-Openstack-Request-Id"))
	}
	if r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Cache-Control") != "no-store" {
		fail("nosniff or no-store is missing")
	}
	if r.Status >= 400 && req.Method != http.MethodHead && r.Header.Get("Openstack-Auth-Receipt") == "" {
		if problem := envelopeProblem(r); problem != "" && !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
			fail("%s", problem)
		}
	}
	if r.Status >= 400 && internals.Match(r.Body) {
		fail("it shows internals: %s", internals.Find(r.Body))
	}
	if op := w.operation(req.Method, req.URL.EscapedPath()); op != "" && !o.noDoc && !w.Server.API().DryRun {
		if err := w.contract.Operation(req.Method, op).CheckResponse(r.Status, r.Header, r.Body); err != nil {
			fail("it is not what openapi.yaml says: %v", err)
		}
	}
}

func envelopeProblem(r *Response) string {
	var e struct {
		Error *struct {
			Code    int
			Message string
			Title   string
		}
	}
	if strings.Contains(r.what, " /v3/OS-OAUTH2/token") && bytes.HasPrefix(r.Body, []byte(`{"error":"`)) {
		return "" // RFC 6749's own; openapi.yaml tells the rest
	}
	if err := json.Unmarshal(r.Body, &e); err != nil || e.Error == nil {
		return "an error without the envelope"
	}
	if e.Error.Code != r.Status || e.Error.Title != http.StatusText(r.Status) || e.Error.Message == "" {
		return "the envelope's code, title or message is wrong"
	}
	return ""
}

// operation returns the template that a path belongs to, or nothing. Literal parts go before variables.
func (w *World) operation(method, path string) string {
	path = strings.TrimRight(path, "/")
	if path == "" {
		path = "/"
	}
	parts := strings.Split(path, "/")
	best, bestVars := "", 1<<30
	for _, op := range w.contract.Operations() {
		template := strings.Split(op.Path, "/")
		if op.Method != method && (method != http.MethodHead || op.Method != http.MethodGet) || len(template) != len(parts) {
			continue
		}
		vars, ok := 0, true
		for i, t := range template {
			if strings.HasPrefix(t, "{") {
				vars++
				ok = ok && parts[i] != ""
			} else if t != parts[i] {
				ok = false
			}
		}
		if ok && vars < bestVars {
			best, bestVars = op.Path, vars
		}
	}
	return best
}

// errorsLogged returns what the log says about a request that failed.
func (w *World) errorsLogged(id string) string {
	var found []string
	for line := range strings.SplitSeq(w.Log.String(), "\n") {
		if strings.Contains(line, id) && strings.Contains(line, `"ERROR"`) {
			found = append(found, line)
		}
	}
	return strings.Join(found, "\n")
}

// OperationID returns the operationId of a route in openapi.yaml.
func (w *World) OperationID(method, template string) string {
	w.t.Helper()
	op := w.contract.Operation(method, template)
	if op == nil {
		w.t.Fatalf("%s %s is not in openapi.yaml", method, template)
	}
	return op.ID
}
