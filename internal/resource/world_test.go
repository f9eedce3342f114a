package resource_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyward/identity/internal/dbtest"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/store"
)

// world is a service over a database of its own, with an enabled domain "Red".
type world struct {
	*resource.Service
	t     *testing.T
	store *store.Store
	red   string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	var ids atomic.Int64
	newID := func() string { return fmt.Sprintf("%032x", ids.Add(1)) }
	s, err := store.Open(t.Context(), store.Options{
		URL:   dbtest.SQLite(t),
		Now:   func() time.Time { return time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC) },
		NewID: newID,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{Service: resource.NewService(s, resource.Limits{}, newID), t: t, store: s}
	w.red = w.domain("Red").ID
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) domain(name string) resource.Domain {
	w.t.Helper()
	d, err := w.CreateDomain(w.t.Context(), resource.Draft{Name: name})
	w.must(err)
	return d
}

// below makes a project in the domain Red, below a parent or at the top.
func (w *world) below(parent, name string) resource.Project {
	w.t.Helper()
	p, err := w.CreateProject(w.t.Context(), resource.Draft{Name: name, DomainID: w.red, ParentID: parent})
	w.must(err)
	return p
}

// chain makes n projects below one another and returns them from the top.
func (w *world) chain(n int) []resource.Project {
	w.t.Helper()
	var ps []resource.Project
	parent := ""
	for i := range n {
		ps = append(ps, w.below(parent, fmt.Sprint("level ", i+1)))
		parent = ps[i].ID
	}
	return ps
}

func (w *world) patch(id string, p resource.Patch) error {
	_, err := w.UpdateProject(w.t.Context(), id, p)
	return err
}

func (w *world) patchDomain(id string, p resource.Patch) error {
	_, err := w.UpdateDomain(w.t.Context(), id, p)
	return err
}

// refused is one thing that must fail.
type refused struct {
	why  string
	err  error
	want fault.Kind
}

func check(t *testing.T, cases []refused) {
	t.Helper()
	for _, c := range cases {
		if !fault.Is(c.err, c.want) {
			t.Errorf("%s: got %v, want kind %d", c.why, c.err, c.want)
		}
	}
}

var (
	text = optional.Of[string]
	on   = optional.Of(true)
	off  = optional.Of(false)
)
