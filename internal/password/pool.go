package password

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/keyward/identity/internal/fault"
)

// Pool bounds how many expensive functions run at a time, how many wait, and for how long. Those who wait
// are served in the order in which they came.
type Pool struct {
	slots  chan struct{}
	queue  int64
	wait   time.Duration
	queued atomic.Int64
}

// NewPool returns a pool that runs slots functions at a time (0 means GOMAXPROCS), while at most queue callers
// wait, each for at most wait.
func NewPool(slots, queue int, wait time.Duration) *Pool {
	if slots <= 0 {
		slots = runtime.GOMAXPROCS(0)
	}
	return &Pool{slots: make(chan struct{}, slots), queue: int64(queue), wait: wait}
}

// Do runs fn while it holds a slot and returns what fn returns. When the queue is full, or no slot comes free
// in time, it returns an Unavailable fault (reason "busy") without running fn; when ctx ends first, ctx.Err().
func (p *Pool) Do(ctx context.Context, fn func() error) error {
	if err := p.acquire(ctx); err != nil {
		return err
	}
	defer func() { <-p.slots }()
	return fn()
}

func (p *Pool) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	defer p.queued.Add(-1)
	if p.queued.Add(1) > p.queue {
		return p.busy()
	}
	timer := time.NewTimer(p.wait)
	defer timer.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return p.busy()
	}
}

// busy asks to come back after the time a full queue may take, in whole seconds.
func (p *Pool) busy() error {
	after := max(time.Second, (p.wait + time.Second - 1).Truncate(time.Second))
	return fault.New(fault.Unavailable, "The server is too busy to check passwords at the moment. Try again shortly.").
		Because("busy").After(after)
}

// Stats is the load of a pool at one moment.
type Stats struct {
	// Slots is how many may run, InUse how many do, Queued how many wait.
	Slots, InUse, Queued int
}

// Stats returns the present load, for metrics.
func (p *Pool) Stats() Stats {
	return Stats{Slots: cap(p.slots), InUse: len(p.slots), Queued: int(min(p.queued.Load(), p.queue))}
}
