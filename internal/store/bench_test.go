package store

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/pgtest"
	"github.com/keyward/identity/internal/resource"
)

// BenchmarkStore is what the embedded-database ADR's numbers come from.
func BenchmarkStore(b *testing.B) {
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return "sqlite://" + filepath.Join(b.TempDir(), "identity.db") },
		"postgres": func() string { return pgtest.URL(b) },
	} {
		s, err := Open(b.Context(), Options{URL: url(), Now: time.Now, NewID: func() string { return "" }})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Migrate(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := s.CreateProject(b.Context(), resource.Project{ID: "d", Name: "d", IsDomain: true}); err != nil {
			b.Fatal(err)
		}
		n := 0
		b.Run(name+"/create", func(b *testing.B) {
			for b.Loop() {
				n++
				if err := s.CreateUser(b.Context(), identity.User{ID: fmt.Sprint(n), DomainID: "d", Name: fmt.Sprint(n)}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/read", func(b *testing.B) {
			for b.Loop() {
				if _, err := s.User(b.Context(), "1"); err != nil {
					b.Fatal(err)
				}
			}
		})
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
