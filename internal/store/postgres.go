package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	gormpostgres "gorm.io/driver/postgres"
)

// ErrNoListen says that this database cannot wake anyone; poll EventsAfter instead.
var ErrNoListen = errors.New("store: this database has no LISTEN")

const (
	channel   = "identity_event"
	heartbeat = time.Second // how soon a silent loss of the listening connection is noticed
)

// openPostgres opens a bounded pool. All limits of time are below opTimeout, so that the database itself
// ends what would otherwise be given up here.
func (s *Store) openPostgres(ctx context.Context, rawURL string, maxConns int) error {
	cfg, err := pgx.ParseConfig(rawURL)
	if err != nil { // its text may hold the password
		return errors.New("database.url is not a valid postgres URL")
	}
	cfg.ConnectTimeout = 3 * time.Second
	setDefault(cfg.RuntimeParams, "application_name", "identity")
	cfg.RuntimeParams["timezone"] = "UTC"
	s.pg = cfg.Copy()
	setDefault(cfg.RuntimeParams, "statement_timeout", "4000")
	setDefault(cfg.RuntimeParams, "lock_timeout", "3000")
	setDefault(cfg.RuntimeParams, "idle_in_transaction_session_timeout", "10000")
	cfg.RuntimeParams["synchronous_commit"] = "on"
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s.pools = append(s.pools, db)
	var version string
	if err := db.QueryRowContext(ctx, "SELECT version()").Scan(&version); err != nil {
		return fmt.Errorf("connect to database: %w", classify(ctx, err))
	}
	// Both speak the protocol without this part of it; other nodes then learn by polling.
	s.notifies = !strings.Contains(version, "CockroachDB") && !strings.Contains(version, "-YB-")
	if s.writer, err = gormOver(gormpostgres.New(gormpostgres.Config{Conn: db})); err != nil {
		return err
	}
	s.reader = s.writer
	return nil
}

func setDefault(m map[string]string, key, value string) {
	if m[key] == "" {
		m[key] = value
	}
}

// migrationPool returns a pool without limits of time for the migrations, and what closes it.
func (s *Store) migrationPool() (*sql.DB, func() error) {
	if s.pg == nil {
		return s.pools[0], func() error { return nil }
	}
	db := stdlib.OpenDB(*s.pg)
	db.SetMaxOpenConns(2)
	return db, db.Close
}

// Listen calls wake whenever some node has committed events, and once at the beginning, when it is sure to
// hear of all that follows. It returns when ctx ends or the connection is lost, within about two seconds
// also when the loss is silent; the caller must then assume that it missed something. Where the database
// has no LISTEN it returns ErrNoListen at once.
func (s *Store) Listen(ctx context.Context, wake func()) error {
	if !s.notifies {
		return ErrNoListen
	}
	conn, err := pgx.ConnectConfig(ctx, s.pg.Copy())
	if err != nil {
		return classify(ctx, err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), heartbeat)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return classify(ctx, err)
	}
	wake()
	for {
		heard, err := waitOnce(ctx, conn)
		if err != nil {
			return classify(ctx, err)
		}
		if heard {
			wake()
		}
	}
}

// waitOnce waits for one notification, and asks the server whether it is still there when none came.
func waitOnce(ctx context.Context, conn *pgx.Conn) (heard bool, err error) {
	waiting, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	_, err = conn.WaitForNotification(waiting)
	if err == nil {
		return true, nil
	}
	if ctx.Err() != nil || waiting.Err() == nil {
		return false, err
	}
	asking, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	return false, conn.Ping(asking)
}
