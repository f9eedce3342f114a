package apitest

import (
	"strings"
	"testing"
)

// Case is one request and what must come of it.
type Case struct {
	// Name is a sentence; As and Do when empty.
	Name string
	// As is the persona that asks; see World.Persona. Empty means nobody.
	As string
	// Do is the method and the path, with names in braces for ids: "GET /v3/users/{ann}".
	Do string
	// Body is what is sent: text with names in braces, or a value that becomes JSON. Header is sent too.
	Body   any
	Header map[string]string
	// Want is the status.
	Want int
	// Has must appear in the body, Never neither there nor in a header; empty for no demand.
	Has, Never string
	// Check may look at the answer further.
	Check func(t *testing.T, r *Response)
}

// Run plays the cases in their order, in a new world on SQLite that setup has prepared.
func Run(t *testing.T, cases []Case, setup ...func(*World)) {
	t.Helper()
	w := New(t)
	for _, f := range setup {
		f(w)
	}
	w.Run(t, cases)
}

// Run plays the cases in their order.
func (w *World) Run(t *testing.T, cases []Case) {
	t.Helper()
	for _, c := range cases {
		if c.As == "" {
			c.As = "nobody"
		}
		if c.Name == "" {
			c.Name = c.As + " " + c.Do
		}
		t.Run(c.Name, func(t *testing.T) {
			v := w.In(t)
			with := []With{v.As(c.As)}
			for k, value := range c.Header {
				with = append(with, Header(k, value))
			}
			if c.Body != nil {
				with = append(with, Body(c.Body))
			}
			method, path, _ := strings.Cut(c.Do, " ")
			r := v.Do(method, path, with...)
			if r.Status != c.Want {
				t.Fatalf("got %d, want %d: %.1000s", r.Status, c.Want, r.Body)
			}
			if c.Has != "" {
				r.Has(v.Expand(c.Has))
			}
			if c.Never != "" {
				r.Never(v.Expand(c.Never))
			}
			if c.Check != nil {
				c.Check(t, r)
			}
		})
	}
}
