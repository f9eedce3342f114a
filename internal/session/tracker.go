package session

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/keyward/identity/internal/fault"
)

// Interval is how often the last sighting of a session is written at most. What is not written is lost with the node.
const Interval = time.Minute

// maxPending bounds the sightings that wait to be written; further ones are forgotten until the session is seen again.
const maxPending = 100_000

// atOnce is how many sightings one statement writes.
const atOnce = 200

// Sights is where sightings are kept.
type Sights interface {
	// LastSeen returns when a session was last written to be seen. It fails with NotFound for what is no session.
	LastSeen(ctx context.Context, id string) (time.Time, error)
	// Sight writes sightings of sessions, of which the latest counts.
	Sight(ctx context.Context, seen []Sighting) error
}

// Tracker notes when sessions are seen, in memory, and writes it in batches. It is safe for concurrent use.
type Tracker struct {
	store Sights
	idle  time.Duration
	sight *otter.Cache[string, *sight]

	mu      sync.Mutex
	pending map[string]time.Time
}

// sight is what a node knows of a session, in microseconds.
type sight struct{ last, noted atomic.Int64 }

// NewTracker makes a tracker.
func NewTracker(store Sights, o Options) *Tracker {
	return &Tracker{
		store: store, idle: o.Idle, pending: map[string]time.Time{},
		sight: otter.Must(&otter.Options[string, *sight]{MaximumSize: max(o.Remember, 1)}),
	}
}

// errIdle is what a session is refused with that was not seen for too long.
var errIdle = fault.New(fault.Unauthorized, "The session was not used for too long. Sign in again.").Because(ReasonIdle)

// ReasonIdle is why an idle session is refused.
const ReasonIdle = "session_idle"

// Began notes a session that has just been stored as seen at a time.
func (t *Tracker) Began(id string, at time.Time) {
	x := &sight{}
	x.last.Store(at.UnixMicro())
	x.noted.Store(at.UnixMicro())
	t.sight.Set(id, x)
}

// Seen notes that a session is in use. It fails with Unauthorized when it was idle for too long; such a session stays
// so, since nothing sees it any more. Before that it asks the database what other nodes have seen: what they have not
// written yet may cost a person who comes from another node the last Interval, but nobody gets more than the time.
func (t *Tracker) Seen(ctx context.Context, id string, at time.Time) error {
	x, known := t.sight.GetIfPresent(id)
	if !known {
		x = &sight{}
	}
	if t.idle > 0 && at.Sub(time.UnixMicro(x.last.Load())) > t.idle {
		stored, err := t.store.LastSeen(ctx, id)
		switch {
		case fault.Is(err, fault.NotFound): // a token of before there were sessions
		case err != nil:
			return err
		case at.Sub(stored) > t.idle:
			return errIdle
		}
	}
	if !known {
		t.sight.Set(id, x)
	}
	t.note(id, x, at)
	return nil
}

// note remembers a sighting, and has it written unless that was done a short while ago.
func (t *Tracker) note(id string, x *sight, at time.Time) {
	now := at.UnixMicro()
	for last := x.last.Load(); last < now && !x.last.CompareAndSwap(last, now); last = x.last.Load() {
	}
	noted := x.noted.Load()
	if now-noted < Interval.Microseconds() || !x.noted.CompareAndSwap(noted, now) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.pending) < maxPending {
		t.pending[id] = at
	}
}

// last is when this node has seen a session; the zero time when it does not know.
func (t *Tracker) last(id string) time.Time {
	x, ok := t.sight.GetIfPresent(id)
	if !ok {
		return time.Time{}
	}
	return time.UnixMicro(x.last.Load()).UTC()
}

// Flush writes the sightings that wait. What fails waits for the next time.
func (t *Tracker) Flush(ctx context.Context) error {
	t.mu.Lock()
	waiting := t.pending
	t.pending = map[string]time.Time{}
	t.mu.Unlock()
	some := make([]Sighting, 0, min(len(waiting), atOnce))
	for id, at := range waiting {
		some = append(some, Sighting{id, at})
		delete(waiting, id) // Go allows that while it ranges
		if len(some) == atOnce || len(waiting) == 0 {
			if err := t.store.Sight(ctx, some); err != nil {
				t.again(some, waiting)
				return err
			}
			some = some[:0]
		}
	}
	return nil
}

// again puts back what could not be written.
func (t *Tracker) again(some []Sighting, rest map[string]time.Time) {
	for _, s := range some {
		rest[s.ID] = s.At
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, at := range rest {
		if _, newer := t.pending[id]; !newer && len(t.pending) < maxPending {
			t.pending[id] = at
		}
	}
}
