package auth

import (
	"context"
	"testing"
	"time"

	"github.com/keyward/identity/internal/event"
)

func TestLockoutPauses(t *testing.T) {
	t.Parallel()
	l := Lockout{Rest: 30 * time.Second, MaxRest: time.Hour}
	for _, c := range []struct {
		count, limit int
		want         time.Duration
	}{
		{4, 5, 0}, {5, 5, 30 * time.Second}, {6, 5, time.Minute}, {11, 5, 32 * time.Minute}, {12, 5, time.Hour},
		{1000, 5, time.Hour}, {1000, 0, 0},
	} {
		if got := l.pause(c.count, c.limit); got != c.want {
			t.Errorf("pause(%d, %d) = %v, want %v", c.count, c.limit, got, c.want)
		}
	}
}

func TestLockoutDoesNotCountWhileResting(t *testing.T) {
	t.Parallel()
	l := Lockout{Rest: 30 * time.Second, MaxRest: time.Hour}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f := Failures{Count: 4}
	l.count(&f, 5, now)
	if f.Count != 5 || !f.locked(now.Add(29*time.Second)) || f.locked(now.Add(30*time.Second)) {
		t.Fatalf("after the fifth failure: %+v", f)
	}
	until := f.LockedUntil
	l.count(&f, 5, now.Add(time.Second))
	if f.Count != 5 || f.LockedUntil != until {
		t.Errorf("a failure while resting was counted: %+v", f)
	}
	l.count(&f, 5, now.Add(31*time.Second))
	if f.Count != 6 || f.LockedUntil.Sub(now.Add(31*time.Second)) != time.Minute {
		t.Errorf("the pause did not grow: %+v", f)
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"":                  "unknown",
		"nonsense":          "unknown",
		"192.0.2.77":        "192.0.2.0/24",
		"::ffff:192.0.2.1":  "192.0.2.0/24",
		"2001:db8:1:2ff::1": "2001:db8:1:200::/56",
	} {
		ctx := event.WithOrigin(context.Background(), event.Origin{Address: address})
		if got := network(ctx); got != want {
			t.Errorf("network(%q) = %q, want %q", address, got, want)
		}
	}
}
