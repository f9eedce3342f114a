package facts

import (
	"context"
	"log/slog"
	"time"

	"github.com/keyward/identity/internal/event"
)

// Stream is the table of events as other nodes and processes write it.
type Stream interface {
	// LastEventID returns the highest id there is, zero for none.
	LastEventID(ctx context.Context) (int64, error)
	// EventsAfter returns events with a higher id, in order of id, at most limit.
	EventsAfter(ctx context.Context, id int64, limit int) ([]event.Event, error)
	// EventsByID returns those of the events with these ids that are there.
	EventsByID(ctx context.Context, ids []int64) ([]event.Event, error)
	// Listen calls wake whenever somebody appended events. It returns when it no longer can.
	Listen(ctx context.Context, wake func()) error
}

// Timing of the follower. The stream is read at least every pollEvery; being woken only makes it sooner.
const (
	pollEvery  = 250 * time.Millisecond
	batch      = 1000
	tooFar     = 20 * batch
	gapPatient = time.Minute // longer than any transaction may live
)

// Follower reads the stream and keeps Facts true. Ids are handed out before transactions commit, so a lower
// id may appear after a higher one: ids that were skipped are asked for again until they appear or no
// transaction can be that old.
type Follower struct {
	facts  *Facts
	stream Stream
	log    *slog.Logger
	now    func() time.Time
	on     []func([]event.Event)

	last int64
	gaps map[int64]time.Time
	wake chan struct{}
}

// NewFollower makes a follower of stream. on are told of each batch of events after Facts has applied it.
func NewFollower(f *Facts, stream Stream, log *slog.Logger, now func() time.Time, on ...func([]event.Event)) *Follower {
	return &Follower{facts: f, stream: stream, log: log, now: now, on: on, gaps: map[int64]time.Time{}, wake: make(chan struct{}, 1)}
}

// Start reads the stream's end, so that the caches may be used at once.
func (w *Follower) Start(ctx context.Context) error {
	at := w.now()
	last, err := w.stream.LastEventID(ctx)
	if err != nil {
		return err
	}
	w.last = last
	// Transactions that were running when we looked may still commit lower ids.
	for id := max(1, last-batch/10); id < last; id++ {
		w.gaps[id] = at
	}
	w.facts.Forget()
	w.facts.Heard(at)
	return nil
}

// Run follows the stream until ctx ends.
func (w *Follower) Run(ctx context.Context) {
	go w.listen(ctx)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-w.wake:
		}
		err := w.Poll(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			w.log.Warn("the stream of events cannot be read; caches are not used", "error", err.Error())
		}
		failing = err != nil
	}
}

// listen keeps a wake-up call open and opens it again when it breaks.
func (w *Follower) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.stream.Listen(ctx, func() {
			select {
			case w.wake <- struct{}{}:
			default:
			}
		})
		if err != nil {
			w.log.Debug("not listening for events; polling", "error", err.Error())
		}
		select {
		case <-ctx.Done():
		case <-time.After(4 * pollEvery):
		}
	}
}

// Poll reads the stream to its end once.
func (w *Follower) Poll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	at := w.now()
	if err := w.fill(ctx, at); err != nil {
		return err
	}
	for read := 0; ; {
		events, err := w.stream.EventsAfter(ctx, w.last, batch)
		if err != nil {
			return err
		}
		for _, e := range events {
			for id := w.last + 1; id < e.ID && e.ID-id < batch; id++ {
				w.gaps[id] = at
			}
			w.last = e.ID
		}
		w.apply(events)
		if len(events) < batch {
			break
		}
		if read += len(events); read >= tooFar {
			return w.Start(ctx)
		}
	}
	w.facts.Heard(at)
	return nil
}

// fill asks for the ids that were skipped.
func (w *Follower) fill(ctx context.Context, at time.Time) error {
	if len(w.gaps) == 0 {
		return nil
	}
	ids := make([]int64, 0, len(w.gaps))
	for id, since := range w.gaps {
		if at.Sub(since) > gapPatient {
			delete(w.gaps, id)
			continue
		}
		ids = append(ids, id)
	}
	events, err := w.stream.EventsByID(ctx, ids)
	if err != nil {
		return err
	}
	for _, e := range events {
		delete(w.gaps, e.ID)
	}
	w.apply(events)
	return nil
}

func (w *Follower) apply(events []event.Event) {
	if len(events) == 0 {
		return
	}
	w.facts.Apply(events)
	for _, on := range w.on {
		on(events)
	}
}
