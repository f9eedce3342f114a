package facts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/event"
)

// Catalog is a service with the endpoints a and b, and a service without endpoints.
func (s *source) Catalog(context.Context) ([]catalog.Region, []catalog.Service, []catalog.Endpoint, error) {
	s.count("catalog")
	e := catalog.Endpoint{ID: "a", ServiceID: "s", URL: "http://x", Interface: catalog.Public, Enabled: true}
	other := e
	other.ID = "b"
	return nil, []catalog.Service{{ID: "s", Type: "t", Enabled: true}, {ID: "empty", Type: "u", Enabled: true}}, []catalog.Endpoint{e, other}, nil
}

func (s *source) FilteredProjects(context.Context) ([]string, error) {
	s.count("filtered")
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.given)), nil
}

func (s *source) EndpointsOf(_ context.Context, projectID string) ([]string, error) {
	s.count("of " + projectID)
	s.mu.Lock()
	ids, during := s.given[projectID], s.during
	s.during = nil
	s.mu.Unlock()
	if during != nil {
		during()
	}
	return ids, nil
}

func (s *source) give(projectID string, endpoints ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.given == nil {
		s.given = map[string][]string{}
	}
	s.given[projectID] = endpoints
}

// seen is the catalog of a project in short: the services with their endpoints.
func seen(t *testing.T, f *Facts, projectID string) string {
	t.Helper()
	snapshot, err := f.Catalog(t.Context(), projectID)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, e := range snapshot.Entries(projectID, "u") {
		var ids []string
		for _, a := range e.Endpoints {
			ids = append(ids, a.ID)
		}
		parts = append(parts, fmt.Sprintf("%s:%s", e.ID, strings.Join(ids, ",")))
	}
	return strings.Join(parts, " ")
}

func TestAProjectWithAssociationsSeesThemOnly(t *testing.T) {
	t.Parallel()
	f, s, _ := world()
	s.give("one", "b")
	s.give("none")
	for range 2 {
		for project, want := range map[string]string{"one": "s:b", "none": "", "free": "s:a,b empty:", "": "s:a,b empty:"} {
			if got := seen(t, f, project); got != want {
				t.Errorf("project %q sees %q, want %q", project, got, want)
			}
		}
	}
	want := map[string]int{"catalog": 1, "filtered": 1, "of one": 1, "of none": 1}
	if !maps.Equal(s.reads, want) {
		t.Errorf("reads: %v, want %v", s.reads, want)
	}
}

func TestProjectsWithoutAssociationsMaySeeNothing(t *testing.T) {
	t.Parallel()
	f, s, _ := world()
	f.HidingUnfiltered(true)
	s.give("one", "b")
	for project, want := range map[string]string{"one": "s:b", "free": "", "": "s:a,b empty:"} {
		if got := seen(t, f, project); got != want {
			t.Errorf("project %q sees %q, want %q", project, got, want)
		}
	}
}

func TestFilteredCatalogsAreDropped(t *testing.T) {
	t.Parallel()
	for _, e := range []event.Event{
		{Kind: event.Catalog, TargetID: "a"}, {Kind: event.Project, Action: "project.delete", TargetID: "other"}, {Kind: "of a later version"},
	} {
		f, s, _ := world()
		s.give("one", "b")
		seen(t, f, "one")
		s.give("one", "a")
		s.give("free", "a")
		if got := seen(t, f, "one") + seen(t, f, "free"); got != "s:bs:a,b empty:" {
			t.Errorf("before the event: %q", got)
		}
		f.Apply([]event.Event{e})
		if got := seen(t, f, "one") + seen(t, f, "free"); got != "s:as:a" {
			t.Errorf("after %v: %q", e.Kind, got)
		}
	}
}

func TestAFilteredCatalogThatChangedWhileItWasReadIsNotKept(t *testing.T) {
	t.Parallel()
	f, s, _ := world()
	s.give("one", "b")
	s.during = func() {
		s.give("one", "a")
		f.Apply([]event.Event{{Kind: event.Catalog, TargetID: "a"}})
	}
	if got := seen(t, f, "one"); got != "s:b" {
		t.Fatalf("the read began before the change: %q", got)
	}
	if got := seen(t, f, "one"); got != "s:a" {
		t.Errorf("the old answer was kept: %q", got)
	}
}

// The version changes after everything was dropped: whoever reads the new one must not remember, as of then, what
// was about to be dropped.
func TestTheVersionChangesLast(t *testing.T) {
	t.Parallel()
	f, s, _ := world()
	name(t, f, "u")
	for i := range 50 {
		done := make(chan struct{})
		before, _ := f.Version()
		s.mu.Lock()
		s.users["u"] = fmt.Sprint(i)
		s.mu.Unlock()
		go func() {
			defer close(done)
			f.Apply([]event.Event{{Kind: event.User, TargetID: "u", UserID: "u"}})
		}()
		for {
			v, _ := f.Version()
			got := name(t, f, "u")
			if v == before {
				continue
			}
			if got != fmt.Sprint(i) {
				t.Fatalf("at the new version the user is still %s", got)
			}
			break
		}
		<-done
	}
}

// What every validation asks must cost nothing for projects without associations.
func TestTheCatalogOfAnUnfilteredProjectAllocatesNothing(t *testing.T) {
	f, s, _ := world()
	s.give("one", "b")
	ctx, project := t.Context(), strings.Repeat("0af9", 8)
	seen(t, f, project)
	if n := testing.AllocsPerRun(100, func() { _, _ = f.Catalog(ctx, project) }); n != 0 {
		t.Errorf("Catalog allocates %v times", n)
	}
	if s.reads["catalog"] != 1 || s.reads["of "+project] != 0 {
		t.Errorf("reads: %v", s.reads)
	}
}

func BenchmarkCatalog(b *testing.B) {
	f, s, _ := world()
	s.give("one", "b")
	for name, project := range map[string]string{"unfiltered": strings.Repeat("0af9", 8), "filtered": "one"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Catalog(b.Context(), project); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
