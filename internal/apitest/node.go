package apitest

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/facts"
	"github.com/keyward/identity/internal/server"
)

// Node starts another server on the same database, with the same root key, clock and acquaintances. It is one
// more of the nodes that an operator runs behind a balancer. The returned Stream cuts it off from the events of
// the others.
func (w *World) Node(opts ...Option) (*World, *Stream) {
	w.t.Helper()
	cfg := w.Config
	cfg.DataDir = filepath.Join(w.t.TempDir(), "data")
	cfg.Bootstrap = config.Default().Bootstrap
	for _, o := range opts {
		o(&cfg)
	}
	v := *w
	v.Log = &Log{}
	s := &Stream{}
	v.serve(cfg, func(d *server.Deps) { d.Stream = s.over })
	return &v, s
}

// Stream is a node's view of the stream of events. While it is cut, every reading of it fails, and nobody wakes
// the node.
type Stream struct {
	facts.Stream
	mu  sync.RWMutex // held while the stream is read, so that nothing of it comes after the cut
	cut bool
}

var errCut = errors.New("apitest: the stream is cut")

func (s *Stream) over(under facts.Stream) facts.Stream {
	s.Stream = under
	return s
}

// Cut ends the stream until Mend.
func (s *Stream) Cut() { s.set(true) }

// Mend lets the stream be read again.
func (s *Stream) Mend() { s.set(false) }

func (s *Stream) set(cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = cut
}

// LastEventID fails while the stream is cut.
func (s *Stream) LastEventID(ctx context.Context) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.cut {
		return 0, errCut
	}
	return s.Stream.LastEventID(ctx)
}

// EventsAfter fails while the stream is cut.
func (s *Stream) EventsAfter(ctx context.Context, id int64, limit int) ([]event.Event, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.cut {
		return nil, errCut
	}
	return s.Stream.EventsAfter(ctx, id, limit)
}

// EventsByID fails while the stream is cut.
func (s *Stream) EventsByID(ctx context.Context, ids []int64) ([]event.Event, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.cut {
		return nil, errCut
	}
	return s.Stream.EventsByID(ctx, ids)
}

// Listen wakes nobody while the stream is cut.
func (s *Stream) Listen(ctx context.Context, wake func()) error {
	return s.Stream.Listen(ctx, func() {
		s.mu.RLock()
		defer s.mu.RUnlock()
		if !s.cut {
			wake()
		}
	})
}

// Within asks ok until it says yes, for at most d of real time, and returns how long that took. It is for the
// promises that are about real time: what a node hears of another.
func Within(t testing.TB, d time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now() //nolint:forbidigo // real time is what this is about
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok() {
			return time.Since(began) //nolint:forbidigo // as above
		}
		if time.Since(began) > d { //nolint:forbidigo // as above
			t.Fatalf("not within %v: %s", d, what)
		}
		<-tick.C
	}
}
