// Package store owns the database: every row, query, transaction and migration, on SQLite and on PostgreSQL
// alike. It is all of GORM in this program. Row types are private; callers see the types of the subjects.
//
// It decides nothing about who may do what, and refuses only what would leave the data inconsistent. Its
// errors are faults (NotFound, Conflict, Forbidden, BadRequest, Unavailable) or wrapped internal errors.
//
// Every change appends its event in the same transaction; see change and Store.InTx.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
)

// How long things may take before the caller is told that the database is unavailable.
const (
	opTimeout  = 5 * time.Second // one read, or one transaction with its retries
	retryAfter = 2 * time.Second // what a caller is told to wait
	maxTries   = 10              // of a transaction that lost a race
)

// Options say which database to open and with which sources of time and ids.
type Options struct {
	// URL is sqlite:///absolute/path, sqlite://./relative/path or postgres://….
	URL string
	// Now and NewID are the clock and the source of fresh ids.
	Now   func() time.Time
	NewID func() string
	// Log receives what operators should know; nil discards it.
	Log *slog.Logger
	// MaxConns bounds the connections to the database; zero means 10.
	MaxConns int
	// OnStatement, when set, hears of every statement that was run, for tests that count them.
	OnStatement func(ctx context.Context, sql string)
}

// Store is the database. It is safe for concurrent use.
type Store struct {
	now   func() time.Time
	newID func() string
	log   *slog.Logger

	writer, reader *gorm.DB // the same on PostgreSQL
	pools          []*sql.DB
	pg             *pgx.ConnConfig // nil on SQLite
	notifies       bool            // LISTEN and NOTIFY work
	channels       []string        // of notices; see Tell

	mu    sync.RWMutex
	hooks []func([]event.Event)
}

// Open connects to the database and fails when it cannot be reached. It does not migrate.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Now == nil || o.NewID == nil {
		return nil, errors.New("store: Options.Now and Options.NewID are required")
	}
	s := &Store{now: o.Now, newID: o.NewID, log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.MaxConns <= 0 {
		o.MaxConns = 10
	}
	var err error
	switch scheme, rest, _ := strings.Cut(o.URL, "://"); scheme {
	case "sqlite":
		err = s.openSQLite(ctx, rest, o.MaxConns)
	case "postgres", "postgresql":
		err = s.openPostgres(ctx, o.URL, o.MaxConns)
	default: // the URL may hold a password and is not repeated
		err = errors.New("database.url must begin with sqlite:// or postgres://")
	}
	if err == nil && o.OnStatement != nil {
		err = errors.Join(watchStatements(s.writer, o.OnStatement), watchStatements(s.reader, o.OnStatement))
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// gormOver returns GORM over an open pool, with the watch on writes that InTx relies on.
func gormOver(d gorm.Dialector) (*gorm.DB, error) {
	db, err := gorm.Open(d, &gorm.Config{
		Logger:                 logger.Discard, // it would log values
		SkipDefaultTransaction: true,           // InTx opens them
		QueryFields:            true,           // columns are spelled, so that an older node survives a newer schema
		DisableAutomaticPing:   true,
		PrepareStmt:            d.Name() == "sqlite", // pgx keeps prepared statements by itself
		PrepareStmtMaxSize:     500,
	})
	if err != nil {
		return nil, fmt.Errorf("start gorm: %w", err)
	}
	return db, watchWrites(db)
}

// Ping reports whether the database answers; Unavailable when it does not.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.view(ctx, func(db *gorm.DB) error { return db.Raw("SELECT 1").Scan(&one).Error })
}

// Empty reports whether there is no domain yet, which is what a fresh database looks like.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	var found bool
	err := s.view(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT EXISTS (SELECT 1 FROM project WHERE is_domain)").Scan(&found).Error
	})
	return !found, err
}

// Close closes all connections.
func (s *Store) Close() error {
	var errs []error
	for _, p := range s.pools {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

// view runs a read: in the transaction of ctx if there is one, else on its own. A read whose connection
// broke is tried once more, on another connection.
func (s *Store) view(ctx context.Context, read func(db *gorm.DB) error) error {
	if tx := s.txOf(ctx); tx != nil {
		return classify(ctx, read(tx.db.WithContext(ctx)))
	}
	limited, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	err := classify(ctx, read(s.reader.WithContext(limited)))
	if fault.Is(err, fault.Unavailable) && connectionLost(err) && limited.Err() == nil {
		err = classify(ctx, read(s.reader.WithContext(limited)))
	}
	return err
}

// take reads one row of T by conditions, or fails with missing.
func take[T any](ctx context.Context, s *Store, missing error, where string, args ...any) (T, error) {
	var rows []T
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return db.Where(where, args...).Limit(1).Find(&rows).Error
	})
	if err == nil && len(rows) == 1 {
		return rows[0], nil
	}
	var zero T
	if err == nil || fault.Is(err, fault.BadRequest) { // text no database can hold names nothing
		err = missing
	}
	return zero, err
}

// exists reports whether the table has a row with the id.
func exists(db *gorm.DB, table, id string) (bool, error) {
	var found bool
	err := db.Raw("SELECT EXISTS (SELECT 1 FROM "+table+" WHERE id = ?)", id).Scan(&found).Error
	return found, err
}

// need fails with NotFound of the kind unless the table has a row with the id.
func need(db *gorm.DB, table, kind, id string) error {
	found, err := exists(db, table, id)
	if err == nil && !found {
		err = missing(kind, id)
	}
	return err
}

// missing is Keystone's sentence for an id that names nothing.
func missing(kind, id string) error {
	return fault.New(fault.NotFound, "Could not find %s: %s.", kind, id)
}

// taken is Keystone's sentence for a name that is not free.
func taken(kind, name, domainID string) error {
	detail := "Duplicate entry found with name " + name
	if domainID != "" {
		detail += " at domain ID " + domainID
	}
	return fault.New(fault.Conflict, "Conflict occurred attempting to store %s - %s.", kind, detail)
}
