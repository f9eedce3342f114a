package bootstrap_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/bootstrap"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/pgtest"
	"github.com/keyward/identity/internal/store"
)

// plainHasher stands for argon2, which would only slow the tests down.
type plainHasher struct{ err error }

func (h plainHasher) Hash(_ context.Context, userID, password string) (string, error) {
	return "hash of " + password + " for " + userID, h.err
}

// world is a database with what Run needs, and the events that were committed.
type world struct {
	*store.Store
	bootstrap.Deps
	events atomic.Int64
}

func open(t *testing.T, url string) *world {
	t.Helper()
	now := func() time.Time { return time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC) }
	var ids atomic.Int64
	newID := func() string { return fmt.Sprintf("%032x", ids.Add(1)) }
	s, err := store.Open(t.Context(), store.Options{URL: url, Now: now, NewID: newID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := &world{Store: s, Deps: bootstrap.Deps{Store: s, Hasher: plainHasher{}, Now: now, NewID: newID}}
	s.OnCommit(func(es []event.Event) { w.events.Add(int64(len(es))) })
	return w
}

func onSQLite(t *testing.T) *world {
	t.Helper()
	return open(t, "sqlite://"+filepath.Join(t.TempDir(), "identity.db"))
}

var cloud = bootstrap.Config{Password: "correct horse battery", PublicURL: "https://id.example/"}

func (w *world) run(t *testing.T, c bootstrap.Config) bootstrap.Result {
	t.Helper()
	r, err := bootstrap.Run(t.Context(), w.Deps, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRefusesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	for _, c := range []struct {
		why    string
		config bootstrap.Config
		hasher plainHasher
		want   func(error) bool
	}{
		{"without a password", bootstrap.Config{}, plainHasher{}, func(err error) bool { return errors.Is(err, bootstrap.ErrNoPassword) }},
		{"with a name of spaces", bootstrap.Config{Password: "x", User: "  "}, plainHasher{}, func(err error) bool { return fault.Is(err, fault.BadRequest) }},
		{"when hashing fails half-way", cloud, plainHasher{broken}, func(err error) bool { return errors.Is(err, broken) }},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			w := onSQLite(t)
			w.Hasher = c.hasher
			if r, err := bootstrap.Run(t.Context(), w.Deps, c.config); !c.want(err) || r.Created {
				t.Errorf("Run = %+v, %v", r, err)
			}
			if empty, err := w.Empty(t.Context()); err != nil || !empty {
				t.Errorf("the database is not empty: %v, %v", empty, err)
			}
		})
	}
}

func TestFillsAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	r := w.run(t, cloud)
	if !r.Created || !r.UserCreated {
		t.Errorf("Run = %+v; want everything created", r)
	}
	admin, err := w.UserByName(t.Context(), "default", "admin")
	if err != nil || admin.ID != r.UserID || !admin.Enabled {
		t.Errorf("the administrator is %+v, %v", admin, err)
	}
	p, err := w.Password(t.Context(), r.UserID)
	if want := "hash of correct horse battery for " + r.UserID; err != nil || p.Hash != want {
		t.Errorf("the password is %q, %v; want %q", p.Hash, err, want)
	}
	all, err := w.AllRoles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	implications, err := w.Implications(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{} // by whether they are immutable
	for _, role := range all {
		names[role.Name] = role.Options.Immutable != nil && *role.Options.Immutable
	}
	want := map[string]bool{"admin": true, "manager": true, "member": true, "reader": true, "service": true, "Ops": false}
	if fmt.Sprint(names) != fmt.Sprint(want) {
		t.Errorf("the roles are %v; want %v", names, want)
	}
	grants, err := w.Grants(t.Context(), assignment.Filter{UserID: r.UserID})
	if err != nil || len(grants) != 2 {
		t.Fatalf("the grants are %v, %v; want two", grants, err)
	}
	table := assignment.NewTable(all, implications)
	for _, scope := range []assignment.Scope{{On: assignment.OnProject, ID: r.ProjectID}, {On: assignment.OnSystem}} {
		var have []string
		for _, role := range table.Effective(grants, scope) {
			have = append(have, role.Name)
		}
		if !slices.Equal(have, []string{"admin", "manager", "member", "reader"}) {
			t.Errorf("the administrator's roles on the %s are %v", scope.On, have)
		}
	}
}

func TestMakesTheCatalog(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	c := cloud
	c.Region, c.PublicURL = "here", "https://id.example/v3/"
	w.run(t, c)
	regions, services, endpoints, err := w.Catalog(t.Context())
	if err != nil || len(regions) != 1 || regions[0].ID != "here" || len(services) != 1 || services[0].Type != "identity" || services[0].Name != "keystone" {
		t.Fatalf("the catalog is %v, %v, %v", regions, services, err)
	}
	var got []string
	for _, e := range endpoints {
		got = append(got, fmt.Sprint(e.Interface, " ", e.RegionID, " ", e.URL))
	}
	slices.Sort(got)
	want := []string{"admin here https://id.example/v3", "internal here https://id.example/v3", "public here https://id.example/v3"}
	if !slices.Equal(got, want) {
		t.Errorf("the endpoints are %q; want %q", got, want)
	}
}

func TestRunningAgainChangesNothing(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	first := w.run(t, cloud)
	before := w.events.Load()
	if before == 0 {
		t.Fatal("the first run appended no events")
	}
	again := cloud
	again.Password, again.PublicURL = "another password", "https://elsewhere.example"
	for _, c := range []bootstrap.Config{again, {PublicURL: cloud.PublicURL}} {
		r := w.run(t, c)
		if r.Created || r.UserCreated || r.UserID != first.UserID || r.ProjectID != first.ProjectID {
			t.Errorf("Run = %+v after %+v", r, first)
		}
	}
	if n := w.events.Load() - before; n != 0 {
		t.Errorf("running again appended %d events", n)
	}
	if p, err := w.Password(t.Context(), first.UserID); err != nil || p.Hash != "hash of correct horse battery for "+first.UserID {
		t.Errorf("the password became %q, %v", p.Hash, err)
	}
}

func TestRestoresWhatIsMissingAndOnlyThat(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	first := w.run(t, cloud)
	ops, err := w.RoleByName(t.Context(), "", "Ops")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.DeleteRole(t.Context(), ops.ID); err != nil {
		t.Fatal(err)
	}
	before := w.events.Load()
	if r := w.run(t, bootstrap.Config{}); !r.Created || r.UserCreated || r.UserID != first.UserID {
		t.Errorf("Run = %+v", r)
	}
	if n := w.events.Load() - before; n != 1 {
		t.Errorf("restoring one role appended %d events", n)
	}
}

// together runs bootstrap on several nodes at once and checks that one database came of it.
func together(t *testing.T, url string) {
	t.Helper()
	const nodes = 4
	var group sync.WaitGroup
	results := make([]bootstrap.Result, nodes)
	errs := make([]error, nodes)
	worlds := make([]*world, nodes)
	for i := range nodes {
		worlds[i] = open(t, url)
	}
	for i, w := range worlds {
		deps := w.Deps
		plain := deps.NewID
		deps.NewID = func() string { return fmt.Sprintf("node%d-%s", i, plain()) }
		group.Go(func() { results[i], errs[i] = bootstrap.Run(t.Context(), deps, cloud) })
	}
	group.Wait()
	created := 0
	for i, r := range results {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		if r.UserCreated {
			created++
		}
		if r.UserID != results[0].UserID || r.ProjectID != results[0].ProjectID {
			t.Errorf("nodes disagree: %+v and %+v", r, results[0])
		}
	}
	if created != 1 {
		t.Errorf("%d nodes made the administrator", created)
	}
	page, err := worlds[0].ListServices(t.Context(), listing.Query{})
	if err != nil || len(page.Items) != 1 {
		t.Errorf("the services are %v, %v; want one", page.Items, err)
	}
}

func TestNodesStartingTogetherOnSQLite(t *testing.T) {
	t.Parallel()
	together(t, "sqlite://"+filepath.Join(t.TempDir(), "identity.db"))
}

func TestNodesStartingTogetherOnPostgres(t *testing.T) {
	t.Parallel()
	together(t, pgtest.URL(t))
}
