package store_test

import (
	"path/filepath"
	"testing"

	"github.com/keyward/identity/internal/pgtest"
	"github.com/keyward/identity/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, sqliteURL)
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) string { return pgtest.URL(t) })
}

func sqliteURL(t *testing.T) string {
	return "sqlite://" + filepath.Join(t.TempDir(), "private", "identity.db")
}
