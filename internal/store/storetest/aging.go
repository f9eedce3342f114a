package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/duty"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/store"
)

const day = 24 * time.Hour

// onRecord counts the rows that stay for a while.
func (w *world) onRecord(t *testing.T) map[string]int {
	t.Helper()
	n := map[string]int{}
	for _, table := range []string{"sign_in_failure", "mfa_exemption", "mfa_reset", "mfa_snooze"} {
		n[table] = w.count(t, "SELECT COUNT(*) FROM "+table)
	}
	return n
}

func (w *world) fail(t *testing.T, userID string) {
	t.Helper()
	key := auth.FailureKey{UserID: userID, Kind: auth.PasswordFailure, Network: "192.0.2.0/24"}
	must(t, w.UpdateFailures(w.ctx, key, func(f *auth.Failures) error {
		f.Count, f.LastAt = 1, w.now
		return nil
	}))
}

func aging(t *testing.T, w *world) {
	begin := w.now
	w.fail(t, "ann")
	must(t, w.Snooze(w.ctx, "ann", begin.Add(day)))
	must(t, w.CreateExemption(w.ctx, duty.Exemption{ID: "x", UserID: "ann", Reason: "why", ExpiresAt: begin, CreatedAt: begin}, begin.Add(-day)))
	_, err := w.ResetFactors(w.ctx, mfa.Reset{UserID: "ann", By: "bob", Reason: "lost", At: begin}, begin.Add(-day))
	must(t, err)
	old := w.last(t)
	w.now = begin.Add(10 * day)
	w.fail(t, "bob")
	must(t, w.happen(w.ctx, "bob", "factor.confirm"))
	last := w.last(t)

	purge := func(keep store.Retention) {
		t.Helper()
		must(t, w.Purge(w.ctx, w.now, keep))
	}
	first := func() int64 { return get[[]event.Event](t)(w.EventsAfter(w.ctx, 0, 1))[0].ID }
	purge(store.Retention{})
	want(t, "kept for ever", w.onRecord(t), map[string]int{"sign_in_failure": 2, "mfa_exemption": 1, "mfa_reset": 1, "mfa_snooze": 0})
	purge(store.Retention{Events: 10*day + time.Microsecond, SignInFailures: 10*day + time.Microsecond})
	want(t, "in time", w.onRecord(t), map[string]int{"sign_in_failure": 2, "mfa_exemption": 1, "mfa_reset": 1, "mfa_snooze": 0})
	want(t, "events in time", first(), int64(1))
	purge(store.Retention{SignInFailures: 10 * day})
	want(t, "one too old", w.onRecord(t), map[string]int{"sign_in_failure": 1, "mfa_exemption": 1, "mfa_reset": 1, "mfa_snooze": 0})
	purge(store.Retention{Events: 10 * day})
	want(t, "all too old", w.onRecord(t), map[string]int{"sign_in_failure": 1, "mfa_exemption": 0, "mfa_reset": 0, "mfa_snooze": 0})
	if first() <= old || first() != last {
		t.Errorf("the first event is %d, want %d", first(), last)
	}

	// The last event stays however old it is: who follows the stream begins behind it.
	w.now = w.now.Add(100 * day)
	purge(store.Retention{Events: day})
	want(t, "the last event", w.last(t), last)
	must(t, w.happen(w.ctx, "bob", "factor.confirm"))
	if next := get[[]event.Event](t)(w.EventsAfter(w.ctx, last, 0)); len(next) != 1 || next[0].ID <= last {
		t.Errorf("behind it come %+v", next)
	}
}

// agingOfMuch has more to delete than fits into one transaction, and two nodes that delete while others write.
func agingOfMuch(t *testing.T, w *world) {
	for range 5 {
		must(t, w.InTx(w.ctx, func(ctx context.Context) error {
			for range 500 {
				if err := w.happen(ctx, "ann", "factor.expire"); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	later := w.now.Add(10 * day)
	n := w.nodes(t)
	want(t, "runs without a failure", together(t, 8, func(i int) (bool, error) {
		if i%2 == 0 {
			err := n[i/2%2].Purge(w.ctx, later, store.Retention{Events: day})
			return err == nil, err
		}
		err := errors.Join(n[0].Append(w.ctx, event.Event{At: later, Action: fmt.Sprint("x.", i), UserID: "ann"}), n[1].Ping(w.ctx))
		return err == nil, err
	}), 8)
	must(t, w.Purge(w.ctx, later, store.Retention{Events: day}))
	want(t, "events that are left", w.count(t, "SELECT COUNT(*) FROM event"), 4)
}
