// Package dbtest lends tests databases that have the schema already. The migrations run once for each test binary and
// database; each test has a copy, which is far cheaper.
//
// Only tests import this package.
package dbtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/keyward/identity/internal/pgtest"
	"github.com/keyward/identity/internal/store"
)

// SQLite returns the URL of a database with the schema and without rows, which ends with the test.
func SQLite(t testing.TB) string {
	t.Helper()
	return SQLiteIn(t, t.TempDir())
}

// SQLiteIn is SQLite with the database in a folder, which it makes when it is not there.
func SQLiteIn(t testing.TB, folder string) string {
	t.Helper()
	text, err := sqlite()
	if err != nil {
		t.Fatalf("prepare a SQLite database: %v", err)
	}
	path := filepath.Join(folder, "identity.db")
	if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(path, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	return scheme + path
}

// PostgreSQL is SQLite on PostgreSQL. It skips and fails as pgtest.URL does.
func PostgreSQL(t testing.TB) string {
	t.Helper()
	return postgres.URL(t)
}

const scheme = "sqlite://"

var postgres = pgtest.Template{Prepare: migrate}

var sqlite = sync.OnceValues(func() (text []byte, err error) {
	dir, err := os.MkdirTemp("", "dbtest")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "identity.db")
	if err := migrate(scheme + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func migrate(url string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{URL: url, Now: func() time.Time { return time.Time{} }, NewID: func() string { return "" }, MaxConns: 1})
	if err != nil {
		return err
	}
	return errors.Join(s.Migrate(ctx), s.Close())
}
