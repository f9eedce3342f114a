package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/pgtest"
	"github.com/keyward/identity/internal/resource"
)

const insertRole = `INSERT INTO role (id, name, name_fold, domain_id, options, extra) VALUES ('x', 'x', 'x', '', '{}', '{}')`

// raw is a write by someone who forgot the event.
func (s *Store) raw(ctx context.Context, sql string) error {
	return s.txOf(ctx).db.WithContext(ctx).Exec(sql).Error
}

func TestWriteWithoutEventFails(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		forgetful := func(ctx context.Context) error { return s.raw(ctx, insertRole) }
		for what, call := range map[string]func() error{
			"alone": func() error { return s.InTx(t.Context(), forgetful) },
			"nested": func() error {
				return s.InTx(t.Context(), func(ctx context.Context) error { return s.InTx(ctx, forgetful) })
			},
			"by GORM's create": func() error {
				return s.InTx(t.Context(), func(ctx context.Context) error {
					return s.txOf(ctx).db.WithContext(ctx).Create(&roleRow{ID: "y"}).Error
				})
			},
		} {
			if err := call(); !errors.Is(err, errNoEvent) {
				t.Errorf("%s: got %v", what, err)
			}
		}
		if _, err := s.Role(t.Context(), "x"); !fault.Is(err, fault.NotFound) {
			t.Errorf("the row without an event: got %v", err)
		}
		if err := s.writer.WithContext(t.Context()).Exec(insertRole).Error; err == nil {
			t.Error("a write outside of a transaction went through")
		}
		err := s.InTx(t.Context(), func(ctx context.Context) error {
			return errors.Join(s.raw(ctx, insertRole), s.Append(ctx, event.Event{Action: "role.create"}))
		})
		if err != nil {
			t.Errorf("with an event: %v", err)
		}
	})
}

func TestSignInMarksNeedNoEvent(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		err := s.InTx(t.Context(), func(ctx context.Context) error {
			_, err := s.UseReceipt(ctx, "r", time.Now())
			return errors.Join(err, s.UpdateFailures(ctx, auth.FailureKey{UserID: "u"}, func(f *auth.Failures) error { f.Count++; return nil }))
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestLostRaceIsRunAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		for _, code := range []string{"40001", "40P01", "23503"} {
			runs, heard := 0, 0
			s.OnCommit(func(evs []event.Event) { heard += len(evs) })
			err := s.InTx(t.Context(), func(ctx context.Context) error {
				if err := s.Append(ctx, event.Event{Action: "test"}); err != nil {
					return err
				}
				return s.InTx(ctx, func(context.Context) error {
					if runs++; runs < 3 {
						return &pgconn.PgError{Code: code}
					}
					return nil
				})
			})
			if err != nil || runs != 3 || heard != 1 {
				t.Errorf("%s: got %v after %d runs with %d events", code, err, runs, heard)
			}
			s.hooks = nil
		}
		runs := 0
		err := s.InTx(t.Context(), func(context.Context) error { runs++; return &pgconn.PgError{Code: "40001"} })
		if !fault.Is(err, fault.Unavailable) || runs != maxTries {
			t.Errorf("always losing: got %v after %d runs", err, runs)
		}
	})
}

func TestErrorsTellNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		for state, want := range map[string]fault.Kind{"57P01": fault.Unavailable, "53300": fault.Unavailable, "25006": fault.Unavailable,
			"55P03": fault.Unavailable, "57014": fault.Unavailable, "08006": fault.Unavailable, "22021": fault.BadRequest, "42601": fault.Internal} {
			err := s.InTx(t.Context(), func(context.Context) error { return &pgconn.PgError{Code: state, Message: "SELECT secret"} })
			if fault.KindOf(err) != want {
				t.Errorf("%s: got %v, want kind %d", state, err, want)
			}
			var f *fault.Error
			if errors.As(err, &f) && (f.Kind == fault.Unavailable) != (f.RetryAfter > 0) {
				t.Errorf("%s: RetryAfter %v", state, f.RetryAfter)
			}
		}
	})
}

func TestPostgresConnectionLoss(t *testing.T) {
	t.Parallel()
	s := newStore(t, pgtest.URL(t))
	err := s.InTx(t.Context(), func(ctx context.Context) error {
		_ = s.raw(ctx, "SELECT pg_terminate_backend(pg_backend_pid())")
		return s.CreateProject(ctx, resource.Project{ID: "d", Name: "d", IsDomain: true})
	})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("in flight: got %v", err)
	}
	for range 5 {
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("next: %v", err)
		}
	}
	if err := s.CreateProject(t.Context(), resource.Project{ID: "d", Name: "d", IsDomain: true}); err != nil {
		t.Errorf("next write: %v", err)
	}
}

func TestPostgresListenEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	s := newStore(t, pgtest.URL(t))
	woken, ended := make(chan struct{}, 10), make(chan error, 1)
	go func() { ended <- s.Listen(t.Context(), func() { woken <- struct{}{} }) }()
	<-woken
	kill := "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN identity_event'"
	if err := s.InTx(t.Context(), func(ctx context.Context) error {
		return exempted(s.txOf(ctx).db).Exec(kill).Error
	}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

func TestUnreachableDatabase(t *testing.T) {
	t.Parallel()
	for url, why := range map[string]string{
		"mysql://x":                      "an unknown scheme",
		"sqlite://":                      "no file",
		"sqlite://:memory:":              "no file either",
		"sqlite:///dev/null/x/y.db":      "a folder that cannot be",
		"postgres://u:hush@127.0.0.1:1/": "nobody listens",
		"postgres://u:hush@[::1/":        "no URL",
	} {
		_, err := Open(t.Context(), Options{URL: url, Now: time.Now, NewID: func() string { return "" }})
		if err == nil {
			t.Errorf("%s: no error", why)
		}
	}
}

func TestSQLiteFilesArePrivateAndDurable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a", "b", "identity.db")
	s := newStore(t, "sqlite://"+path)
	if err := s.CreateProject(t.Context(), resource.Project{ID: "d", Name: "d", IsDomain: true}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"": 0o700, "identity.db": 0o600, "identity.db-wal": 0o600, "identity.db-shm": 0o600} {
		info, err := os.Stat(filepath.Join(filepath.Dir(path), name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: got %v, %v", name, info, err)
		}
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := s.writer.Raw("PRAGMA " + pragma).Scan(&got).Error; err != nil || got != want {
			t.Errorf("%s: got %q, %v", pragma, got, err)
		}
	}
	if _, err := s.pools[1].Exec(insertRole); err == nil {
		t.Error("the reading pool wrote")
	}
}

func TestPostgresSessionIsDurableAndBounded(t *testing.T) {
	t.Parallel()
	s := newStore(t, pgtest.URL(t))
	for setting, want := range map[string]string{"synchronous_commit": "on", "statement_timeout": "4s", "lock_timeout": "3s", "TimeZone": "UTC"} {
		var got string
		if err := s.reader.Raw("SHOW " + setting).Scan(&got).Error; err != nil || got != want {
			t.Errorf("%s: got %q, %v", setting, got, err)
		}
	}
	if got := s.pools[0].Stats().MaxOpenConnections; got != 3 {
		t.Errorf("MaxOpenConns: got %d", got)
	}
}

func TestSQLitePathMayBeginWithManySlashes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "identity.db")
	newStore(t, "sqlite://"+"//"+path) // SQLAlchemy's sqlite:////absolute/path, and one more
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
