package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/notify"
	"github.com/keyward/identity/internal/store"
)

// moveTo gives a user a mail address.
func (w *world) moveTo(ctx context.Context, userID, address string) error {
	_, err := w.UpdateUser(ctx, userID, func(u *identity.User) error {
		u.Extra = map[string]any{"email": address}
		return nil
	})
	return err
}

func (w *world) happen(ctx context.Context, userID, action string) error {
	return w.Append(ctx, event.Event{Action: action, Kind: event.Factor, UserID: userID})
}

// claim takes what is due on a channel some time from now, for a minute.
func (w *world) claim(t *testing.T, channel string, after time.Duration) []notify.Delivery {
	t.Helper()
	return get[[]notify.Delivery](t)(w.ClaimDeliveries(w.ctx, channel, w.now.Add(after), w.now.Add(after+time.Minute), 10))
}

func noticeKinds(all []notify.Delivery) []string {
	return ids(all, func(d notify.Delivery) string { return string(d.Kind) })
}

func notices(t *testing.T, w *world) {
	w.Tell([]string{"webhook"})
	must(t, w.happen(w.ctx, "ann", "factor.expire")) // nobody is told
	must(t, w.happen(w.ctx, "ann", "factor.confirm"))
	must(t, w.happen(w.ctx, "ann", "recovery_codes.create"))
	must(t, w.happen(w.ctx, "bob", "factor.confirm"))
	_ = w.InTx(w.ctx, func(ctx context.Context) error { // what is not committed is not told
		must(t, w.happen(ctx, "ann", "factor.confirm"))
		return fault.New(fault.Conflict, "no")
	})

	// Two nodes at once get different ones.
	var mu sync.Mutex
	claims := map[string]int{}
	var nodes sync.WaitGroup
	for range 4 {
		nodes.Go(func() {
			found, err := w.ClaimDeliveries(w.ctx, "webhook", w.now, w.now.Add(time.Minute), 2)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			for _, d := range found {
				claims[d.ID]++
			}
		})
	}
	nodes.Wait()
	for id, n := range claims {
		want(t, "claims of "+id, n, 1)
	}
	want(t, "while they are claimed", len(claims)+len(w.claim(t, "webhook", 0)), 3)
	want(t, "on no channel", len(w.claim(t, "mail", 0)), 0)

	// A node that dies after sending and before noting it leaves the same id for another.
	again := w.claim(t, "webhook", 2*time.Minute)
	want(t, "after the lease", noticeKinds(again), []string{"factor_added", "recovery_codes_renewed", "factor_added"})
	if claims[again[0].ID] == 1 && again[0].Attempts != 2 {
		t.Errorf("the second claim is number %d", again[0].Attempts)
	}
	must(t, w.RetryDelivery(w.ctx, again[0], w.now.Add(time.Hour)))
	must(t, w.Delivered(w.ctx, again[2], w.now))
	want(t, "what is put off holds up no other", noticeKinds(w.claim(t, "webhook", 30*time.Minute)), []string{"recovery_codes_renewed"})
	late := w.claim(t, "webhook", time.Hour)
	want(t, "when its time has come", noticeKinds(late), []string{"recovery_codes_renewed", "factor_added"})
	must(t, w.GiveUpDelivery(w.ctx, late[1], "webhook", w.now.Add(time.Hour)))
	want(t, "behind what was given up", noticeKinds(w.claim(t, "webhook", 2*time.Hour)), []string{"recovery_codes_renewed"})
	events := get[[]event.Event](t)(w.EventsOfUser(w.ctx, "ann", 0, 1))
	want(t, "the event of giving up", events[0].Action, "notice.give_up")

	must(t, w.Purge(w.ctx, w.now.Add(2*time.Hour), store.Retention{Notices: time.Hour}))
	_, err := w.Notice(w.ctx, again[0].ID)
	wantKind(t, "what was forgotten", err, fault.NotFound)
	want(t, "its deliveries", len(w.claim(t, "webhook", 100*time.Hour)), 0)
}

// addresses shows where mails go: to the address of the time, and to both when it changes.
func addresses(t *testing.T, w *world) {
	w.Tell([]string{"mail", "log"})
	to := func(what string, addresses ...string) {
		t.Helper()
		all := w.claim(t, "mail", 0)
		want(t, what, ids(all, func(d notify.Delivery) string { return d.Address }), addresses)
		for _, d := range all {
			must(t, w.Delivered(w.ctx, d, w.now))
		}
	}
	must(t, w.happen(w.ctx, "ann", "factor.confirm"))
	to("nobody has an address", []string{}...)
	want(t, "channels without addresses", len(w.claim(t, "log", 0)), 1)
	must(t, w.moveTo(w.ctx, "ann", "ann@old.example"))
	to("the first address", "ann@old.example")
	must(t, w.happen(w.ctx, "ann", "factor.confirm"))
	must(t, w.moveTo(w.ctx, "ann", "eve@evil.example"))
	to("what had happened goes to the old one, and the change to both", "ann@old.example", "ann@old.example", "eve@evil.example")
	must(t, w.moveTo(w.ctx, "ann", "eve@evil.example"))
	must(t, w.moveTo(w.ctx, "ann", "not an address"))
	to("an address that is none", "eve@evil.example")
	must(t, w.moveTo(w.ctx, "ann", "ann@old.example"))
	to("back again", "ann@old.example")
	must(t, w.InTx(w.ctx, func(ctx context.Context) error {
		_ = w.InTx(ctx, func(ctx context.Context) error {
			must(t, w.moveTo(ctx, "ann", "undone@evil.example"))
			return fault.New(fault.Conflict, "no")
		})
		if err := w.moveTo(ctx, "ann", "eve@evil.example"); err != nil {
			return err
		}
		return w.happen(ctx, "ann", "factor.confirm")
	}))
	to("all of one transaction goes to both", "ann@old.example", "eve@evil.example", "ann@old.example", "eve@evil.example")
	if w.count(t, "SELECT COUNT(*) FROM notice_delivery WHERE address <> ''") != 0 {
		t.Error("addresses are kept after the delivery")
	}
}
