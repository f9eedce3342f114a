package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	gooselock "github.com/pressly/goose/v3/lock"

	"github.com/keyward/identity/internal/store/migrations"
)

// migrateTries bounds how often a node that lost the race to migrate looks again.
const migrateTries = 10

// Migrate brings the schema up to date. Nodes may do so at the same time: on PostgreSQL one waits for the
// other, on SQLite the slower one finds the work done when it looks again.
func (s *Store) Migrate(ctx context.Context) error {
	db, done := s.migrationPool()
	defer func() { _ = done() }()
	p, err := s.provider(db)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		if _, err = p.Up(ctx); err == nil {
			return nil
		}
		if s.pg != nil || try == migrateTries || !pause(ctx, try) {
			return fmt.Errorf("migrate database: %w", err)
		}
	}
}

// Current reports whether all migrations that this program knows have been applied.
func (s *Store) Current(ctx context.Context) (bool, error) {
	db, done := s.migrationPool()
	defer func() { _ = done() }()
	p, err := s.provider(db)
	if err != nil {
		return false, err
	}
	pending, err := p.HasPending(ctx)
	if err != nil {
		return false, classify(ctx, err)
	}
	return !pending, nil
}

func (s *Store) provider(db *sql.DB) (*goose.Provider, error) {
	dialect, folder := goose.DialectSQLite3, "sqlite"
	options := []goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
		goose.WithTableName("schema_version"),
	}
	if s.pg != nil {
		dialect, folder = goose.DialectPostgres, "postgres"
		if s.notifies { // only PostgreSQL itself has working advisory locks
			locker, err := gooselock.NewPostgresSessionLocker(gooselock.WithLockTimeout(1, 300))
			if err != nil {
				return nil, fmt.Errorf("prepare migration lock: %w", err)
			}
			options = append(options, goose.WithSessionLocker(locker))
		}
	}
	files, err := fs.Sub(migrations.Files, folder)
	if err != nil {
		return nil, fmt.Errorf("find migrations: %w", err)
	}
	p, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}
