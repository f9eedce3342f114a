package apitest

import (
	"context"
	"sync"

	"github.com/keyward/identity/internal/event"
)

// statements remembers the SQL of requests, while somebody wants to know.
type statements struct {
	mu sync.Mutex
	of map[string][]string // by the id of the request; nil when nobody wants to know
}

func (s *statements) note(ctx context.Context, sql string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id := event.OriginOf(ctx).RequestID; s.of != nil && id != "" {
		s.of[id] = append(s.of[id], sql)
	}
}

// Statements sends a request and returns the answer and the SQL that it took. What the server does besides is
// not among it.
func (w *World) Statements(method, path string, with ...With) (*Response, []string) {
	w.t.Helper()
	w.sql.mu.Lock()
	w.sql.of = map[string][]string{}
	w.sql.mu.Unlock()
	r := w.Do(method, path, with...)
	w.sql.mu.Lock()
	defer w.sql.mu.Unlock()
	sql := w.sql.of[r.Header.Get("X-Openstack-Request-Id")]
	w.sql.of = nil
	return r, sql
}
