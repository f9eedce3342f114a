package store_test

import (
	"path/filepath"
	"testing"

	"github.com/keyward/identity/internal/dbtest"
	"github.com/keyward/identity/internal/pgtest"
	"github.com/keyward/identity/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, sqliteURL, dbtest.SQLite)
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, pgtest.URL, dbtest.PostgreSQL)
}

func sqliteURL(t testing.TB) string {
	return "sqlite://" + filepath.Join(t.TempDir(), "private", "identity.db")
}
