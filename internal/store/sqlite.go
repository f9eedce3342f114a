package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	gormsqlite "gorm.io/driver/sqlite"
	_ "modernc.org/sqlite" // the "sqlite" driver
)

// openSQLite opens the file with one connection that writes and several that cannot (docs/adr/0001).
func (s *Store) openSQLite(ctx context.Context, path string, maxConns int) error {
	if path == "" || strings.ContainsAny(path, "?#") || path == ":memory:" {
		return errors.New("database.url must name a file, as in sqlite:///var/lib/identity/identity.db")
	}
	if strings.HasPrefix(path, "//") { // SQLAlchemy, and so Keystone, writes sqlite:////absolute/path
		path = "/" + strings.TrimLeft(path, "/")
	}
	if err := privateFile(path); err != nil {
		return fmt.Errorf("prepare database file: %w", err)
	}
	writer, err := s.pool(path, 1, "journal_mode(WAL)", "synchronous(FULL)")
	if err != nil {
		return err
	}
	if err := writer.PingContext(ctx); err != nil { // creates the WAL before the first reader
		return fmt.Errorf("open database file: %w", err)
	}
	reader, err := s.pool(path, maxConns, "query_only(1)")
	if err != nil {
		return err
	}
	if s.writer, err = gormOver(gormsqlite.New(gormsqlite.Config{Conn: writer})); err != nil {
		return err
	}
	s.reader, err = gormOver(gormsqlite.New(gormsqlite.Config{Conn: reader}))
	return err
}

// pool opens a bounded pool whose transactions take the write lock when they begin: a transaction that
// reads first and writes later can then not fail half way for having read old rows.
func (s *Store) pool(path string, conns int, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_pragma": append([]string{"busy_timeout(4000)", "foreign_keys(1)", "trusted_schema(0)"}, pragmas...)}
	if conns == 1 {
		q.Set("_txlock", "immediate")
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open database file: %w", err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	s.pools = append(s.pools, db)
	return db, nil
}

// privateFile creates the file and its folder for the owner only. SQLite gives its -wal and -shm files the
// permissions of the database file.
func privateFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}
