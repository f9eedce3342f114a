package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/keyward/identity/internal/event"
)

// exempt marks a statement as one that needs no event of its own: counters and single-use marks.
const exempt = "store:exempt"

// errUnchanged ends a change that found nothing to do: no event, no error.
var errUnchanged = errors.New("nothing to change")

// errNoEvent is a mistake in this program: a transaction wrote rows and said nothing about it.
var errNoEvent = errors.New("store: a transaction wrote rows without appending an event")

type txKey struct{}

// tx is the transaction that travels in a context.
type tx struct {
	store  *Store
	db     *gorm.DB
	events []event.Event
	wrote  bool      // rows other than events and exempt ones
	moved  []mailbox // mail addresses that the transaction replaced
}

// txOf returns the transaction of this store in ctx, or nil.
func (s *Store) txOf(ctx context.Context) *tx {
	t, _ := ctx.Value(txKey{}).(*tx)
	if t != nil && t.store != s {
		return nil
	}
	return t
}

// InTransaction reports whether ctx carries a transaction of this store.
func (s *Store) InTransaction(ctx context.Context) bool { return s.txOf(ctx) != nil }

// InTx runs fn in a transaction that travels in fn's context: methods called with that context see and join
// it. It commits when fn returns nil. A nested call joins the outer transaction; when it fails, only its own
// part is undone. A transaction that lost a race with another is run again as a whole, so fn must not keep
// state from one run to the next. Hooks are called after the commit and before InTx returns.
func (s *Store) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if outer := s.txOf(ctx); outer != nil {
		return s.nested(ctx, outer, fn)
	}
	limited, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	var err error
	for try := range maxTries {
		if try > 0 && !pause(limited, try) {
			break
		}
		var events []event.Event
		if events, err = s.once(limited, fn); err == nil {
			s.committed(events)
			return nil
		}
		if !lostRace(err) {
			break
		}
	}
	return classify(ctx, err)
}

// once runs fn in one transaction and returns the events it appended.
func (s *Store) once(ctx context.Context, fn func(context.Context) error) ([]event.Event, error) {
	t := &tx{store: s}
	err := s.writer.WithContext(ctx).Transaction(func(db *gorm.DB) error {
		t.db = db
		if err := fn(context.WithValue(ctx, txKey{}, t)); err != nil {
			return err
		}
		if t.wrote && len(t.events) == 0 {
			return errNoEvent
		}
		if s.notifies && len(t.events) > 0 {
			return exempted(db).Exec("SELECT pg_notify('identity_event', '')").Error
		}
		return nil
	})
	return t.events, err
}

// nested runs fn inside the outer transaction, behind a savepoint, so that a caller who tolerates a
// conflict can go on: PostgreSQL would otherwise refuse everything after the first failed statement.
func (s *Store) nested(ctx context.Context, t *tx, fn func(context.Context) error) error {
	before, wrote, moved := len(t.events), t.wrote, t.moved
	err := exempted(t.db.WithContext(ctx)).Transaction(func(*gorm.DB) error { return fn(ctx) })
	if err != nil {
		t.events, t.wrote, t.moved = t.events[:before], wrote, moved
	}
	return classify(ctx, err)
}

// pause waits a little longer and more randomly with every try; it reports false when ctx ended.
func pause(ctx context.Context, try int) bool {
	wait := 1 + rand.IntN(1<<min(try, 7)) //nolint:gosec // spreads retries, hides nothing
	timer := time.NewTimer(time.Duration(wait) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// OnCommit registers a hook that receives the events of every committed transaction of this node, in the
// order of their appending. It is called before the call that committed returns, possibly concurrently.
func (s *Store) OnCommit(hook func([]event.Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, hook)
}

func (s *Store) committed(events []event.Event) {
	if len(events) == 0 {
		return
	}
	s.mu.RLock()
	hooks := s.hooks
	s.mu.RUnlock()
	for _, hook := range hooks {
		hook(events)
	}
}

// change is the one way to change what others may see: it runs write and appends ev in one transaction.
// write may complete ev, and may return errUnchanged when there is nothing to do.
func (s *Store) change(ctx context.Context, ev *event.Event, write func(db *gorm.DB) error) error {
	blank := *ev
	err := s.InTx(ctx, func(ctx context.Context) error {
		*ev = blank // this may be another try
		if err := write(s.txOf(ctx).db.WithContext(ctx)); err != nil {
			return err
		}
		return s.append(ctx, *ev)
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

// mark runs a write that is part of signing in and has no event of its own, joining the transaction of ctx.
func (s *Store) mark(ctx context.Context, write func(db *gorm.DB) error) error {
	if t := s.txOf(ctx); t != nil {
		return classify(ctx, write(exempted(t.db.WithContext(ctx))))
	}
	return s.InTx(ctx, func(ctx context.Context) error {
		return write(exempted(s.txOf(ctx).db.WithContext(ctx)))
	})
}

func exempted(db *gorm.DB) *gorm.DB {
	return db.Set(exempt, true).Session(&gorm.Session{})
}

// forUpdate locks the rows that a query reads until the transaction ends. SQLite has one writer at a time
// and needs no such lock; its dialect leaves the clause out.
func forUpdate(db *gorm.DB) *gorm.DB {
	return db.Clauses(clause.Locking{Strength: "UPDATE"})
}

// watchWrites makes every write note itself in its transaction, and refuses writes outside of one.
func watchWrites(db *gorm.DB) error {
	note := func(db *gorm.DB) {
		if _, ok := db.Get(exempt); ok || db.Error != nil {
			return
		}
		t, _ := db.Statement.Context.Value(txKey{}).(*tx)
		if t == nil {
			_ = db.AddError(fmt.Errorf("store: write to %s outside of a transaction", db.Statement.Table))
			return
		}
		t.wrote = true
	}
	cb := db.Callback()
	return errors.Join(
		cb.Create().Before("gorm:create").Register("store:note", note),
		cb.Update().Before("gorm:update").Register("store:note", note),
		cb.Delete().Before("gorm:delete").Register("store:note", note),
		cb.Raw().Before("gorm:raw").Register("store:note", note),
		cb.Create().Before("gorm:create").Register("store:text", checkText),
		cb.Update().Before("gorm:update").Register("store:text", checkText),
	)
}

// watchStatements tells on of every statement. On PostgreSQL writer and reader are one, which is told once.
func watchStatements(db *gorm.DB, on func(context.Context, string)) error {
	const name = "store:told"
	told := func(db *gorm.DB) {
		if sql := db.Statement.SQL.String(); sql != "" {
			on(db.Statement.Context, sql)
		}
	}
	cb := db.Callback()
	if cb.Query().Get(name) != nil {
		return nil
	}
	return errors.Join(
		cb.Query().After("gorm:query").Register(name, told),
		cb.Row().After("gorm:row").Register(name, told),
		cb.Raw().After("gorm:raw").Register(name, told),
		cb.Create().After("gorm:create").Register(name, told),
		cb.Update().After("gorm:update").Register(name, told),
		cb.Delete().After("gorm:delete").Register(name, told),
	)
}
