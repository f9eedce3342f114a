package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/notify"
)

func notices(t *testing.T, w *world) {
	w.Tell([]string{"mail", "webhook"})
	happen := func(userID, action string) {
		t.Helper()
		must(t, w.Append(w.ctx, event.Event{Action: action, Kind: event.Factor, UserID: userID}))
	}
	claim := func(after time.Duration) []notify.Delivery {
		t.Helper()
		return get[[]notify.Delivery](t)(w.ClaimDeliveries(w.ctx, "mail", w.now.Add(after), w.now.Add(after+time.Minute), 10))
	}
	happen("ann", "factor.expire") // nobody is told
	happen("ann", "factor.confirm")
	happen("ann", "recovery_codes.create")
	happen("bob", "factor.confirm")

	// What is not committed is not told.
	_ = w.InTx(w.ctx, func(ctx context.Context) error {
		must(t, w.Append(ctx, event.Event{Action: "factor.confirm", Kind: event.Factor, UserID: "eve"}))
		return fault.New(fault.Conflict, "no")
	})

	// Two nodes at once get different ones, and of each person the first.
	var mu sync.Mutex
	var got []notify.Delivery
	var nodes sync.WaitGroup
	for range 2 {
		nodes.Go(func() {
			found, err := w.ClaimDeliveries(w.ctx, "mail", w.now, w.now.Add(time.Minute), 10)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			got = append(got, found...)
		})
	}
	nodes.Wait()
	if len(got) != 2 || got[0].UserID == got[1].UserID || got[0].Kind != notify.FactorAdded || got[1].Kind != notify.FactorAdded {
		t.Fatalf("two nodes claim %+v", got)
	}
	ann := got[0]
	if ann.UserID != "ann" {
		ann = got[1]
	}
	want(t, "while they are claimed", len(claim(59*time.Second)), 0)

	// A node that dies after sending and before noting it leaves the same id for another.
	again := claim(2 * time.Minute)
	if len(again) != 2 || again[0].ID != ann.ID || again[0].Attempts != 2 {
		t.Fatalf("after the lease %+v, want %s first", again, ann.ID)
	}
	must(t, w.RetryDelivery(w.ctx, again[0], w.now.Add(time.Hour)))
	must(t, w.Delivered(w.ctx, again[1], w.now))
	want(t, "what follows waits for what is put off", len(claim(30*time.Minute)), 0)
	last := claim(time.Hour)
	want(t, "when its time has come", len(last), 1)
	must(t, w.GiveUpDelivery(w.ctx, last[0], "mail", w.now.Add(time.Hour)))
	next := claim(time.Hour)
	if len(next) != 1 || next[0].Kind != notify.RecoveryRenewed {
		t.Errorf("behind what was given up comes %+v", next)
	}
	events := get[[]event.Event](t)(w.EventsOfUser(w.ctx, "ann", 0, 1))
	want(t, "the event of giving up", events[0].Action, "notice.give_up")
	if other := get[[]notify.Delivery](t)(w.ClaimDeliveries(w.ctx, "webhook", w.now, w.now.Add(time.Minute), 10)); len(other) != 2 || other[0].ID != ann.ID {
		t.Errorf("the other channel has %+v", other)
	}

	must(t, w.PurgeNotices(w.ctx, w.now.Add(time.Hour)))
	_, err := w.Notice(w.ctx, ann.ID)
	want(t, "what was forgotten", fault.Is(err, fault.NotFound), true)
	want(t, "its deliveries", len(claim(100*time.Hour)), 0)
}
