package session

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/keyward/identity/internal/fault"
)

// sights is a database of sightings.
type sights struct {
	stored map[string]time.Time
	writes int
	broken bool
}

func (s *sights) LastSeen(_ context.Context, id string) (time.Time, error) {
	at, ok := s.stored[id]
	if s.broken {
		return at, errors.New("broken")
	}
	if !ok {
		return at, fault.New(fault.NotFound, "no session")
	}
	return at, nil
}

func (s *sights) Sight(_ context.Context, seen []Sighting) error {
	if s.broken {
		return errors.New("broken")
	}
	for _, x := range seen {
		s.stored[x.ID] = x.At
		s.writes++
	}
	return nil
}

func TestTracker(t *testing.T) {
	t.Parallel()
	const idle = 10 * time.Minute
	began := time.Date(2031, 5, 1, 9, 30, 0, 0, time.UTC)
	db := &sights{stored: map[string]time.Time{"a": began}}
	tr := NewTracker(db, Options{Idle: idle, Remember: 10})
	tr.Began("a", began)
	see := func(id string, after time.Duration, want bool) {
		t.Helper()
		if err := tr.Seen(t.Context(), id, began.Add(after)); (err == nil) != want {
			t.Errorf("%s after %v: %v", id, after, err)
		}
	}
	flush := func(writes int) {
		t.Helper()
		if err := tr.Flush(t.Context()); (err != nil) != db.broken {
			t.Errorf("flush: %v", err)
		}
		if db.writes != writes {
			t.Errorf("%d sightings written, want %d", db.writes, writes)
		}
	}
	for i := range 59 {
		see("a", time.Duration(i)*time.Second, true)
	}
	flush(0) // the session itself was written less than a minute ago
	see("a", time.Minute, true)
	see("a", time.Minute+time.Second, true)
	flush(1)
	flush(1)
	see("a", 2*time.Minute, true)
	db.broken = true
	flush(1)
	db.broken = false
	flush(2)

	see("a", 2*time.Minute+idle+time.Second, false)
	see("a", 2*time.Minute+idle+time.Second, false)
	db.stored["a"] = began.Add(3 * time.Minute) // on another node
	see("a", 2*time.Minute+idle+time.Second, true)
	db.stored["b"] = began
	see("b", idle+time.Second, false)
	see("c", idle, true) // nothing is stored
	db.broken = true
	see("d", idle, false)
}

func TestTrackerForgetsRatherThanGrows(t *testing.T) {
	t.Parallel()
	db := &sights{stored: map[string]time.Time{}}
	tr := NewTracker(db, Options{Remember: 10})
	at := time.Date(2031, 5, 1, 9, 30, 0, 0, time.UTC)
	for i := range maxPending + 10 {
		if err := tr.Seen(t.Context(), fmt.Sprint(i), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.Flush(t.Context()); err != nil || db.writes != maxPending {
		t.Errorf("%d sightings written, %v", db.writes, err)
	}
}
