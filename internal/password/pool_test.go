package password

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyward/identity/internal/fault"
)

// hold starts n functions that keep their slots until release is closed, and waits until they run or queue.
func hold(p *Pool, n int, release <-chan struct{}, errs chan<- error) {
	for range n {
		go func() { errs <- p.Do(context.Background(), func() error { <-release; return nil }) }()
	}
	synctest.Wait()
}

func TestPoolRefusesWhenTheQueueIsFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, release, errs := NewPool(2, 3, 1500*time.Millisecond), make(chan struct{}), make(chan error, 9)
		hold(p, 5, release, errs)
		if got, want := p.Stats(), (Stats{Slots: 2, InUse: 2, Queued: 3}); got != want {
			t.Errorf("stats: got %+v, want %+v", got, want)
		}
		start := time.Now()
		err := p.Do(t.Context(), func() error { t.Error("ran above the limit"); return nil })
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Unavailable || f.Reason != "busy" || f.RetryAfter != 2*time.Second {
			t.Errorf("got %#v, want Unavailable, busy, retry after 2s", err)
		}
		if time.Since(start) != 0 {
			t.Error("it waited although the queue was full")
		}
		close(release)
		for range 5 {
			if err := <-errs; err != nil {
				t.Errorf("one that fitted in: %v", err)
			}
		}
		synctest.Wait()
		if got, want := p.Stats(), (Stats{Slots: 2}); got != want {
			t.Errorf("stats at the end: got %+v, want %+v", got, want)
		}
	})
}

func TestPoolRefusesAtTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, release, errs := NewPool(1, 3, time.Second), make(chan struct{}), make(chan error, 9)
		hold(p, 1, release, errs)
		start := time.Now()
		err := p.Do(t.Context(), func() error { t.Error("ran without a slot"); return nil })
		if !fault.Is(err, fault.Unavailable) || fault.ReasonOf(err) != "busy" || time.Since(start) != time.Second {
			t.Errorf("got %v after %v, want Unavailable after 1s", err, time.Since(start))
		}
		close(release)
		ok(t, <-errs)
	})
}

func TestPoolStopsWaitingWhenTheCallerIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, release, errs := NewPool(1, 3, time.Hour), make(chan struct{}), make(chan error, 9)
		hold(p, 1, release, errs)
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() { gone <- p.Do(ctx, func() error { t.Error("ran for nobody"); return nil }) }()
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if got := p.Stats().Queued; got != 0 {
			t.Errorf("%d are still queued", got)
		}
		close(release)
		ok(t, <-errs)
		if err := p.Do(ctx, func() error { t.Error("ran for nobody"); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("with a free slot: got %v", err)
		}
	})
}

func TestPoolServesInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, release, errs := NewPool(1, 9, time.Hour), make(chan struct{}), make(chan error, 9)
		hold(p, 1, release, errs)
		var served []int
		for i := range 5 {
			go func() { errs <- p.Do(context.Background(), func() error { served = append(served, i); return nil }) }()
			synctest.Wait()
		}
		close(release)
		for range 6 {
			ok(t, <-errs)
		}
		if !slices.Equal(served, []int{0, 1, 2, 3, 4}) {
			t.Errorf("got %v", served)
		}
	})
}

func TestPoolGivesTheSlotBack(t *testing.T) {
	t.Parallel()
	p := NewPool(1, 0, time.Hour)
	want := errors.New("from fn")
	if err := p.Do(t.Context(), func() error { return want }); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was lost")
			}
		}()
		_ = p.Do(t.Context(), func() error { panic("in fn") })
	}()
	if err := p.Do(t.Context(), func() error { return nil }); err != nil {
		t.Errorf("after an error and a panic: %v", err)
	}
	if NewPool(0, 0, 0).Stats().Slots < 1 {
		t.Error("no slots by default")
	}
}

// ok fails the test for work that was to succeed.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}
