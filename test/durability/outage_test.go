package durability_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/keyward/identity/internal/pgtest"
	"github.com/keyward/identity/test/program"
)

// TestDatabaseGoesAwayAndComesBack ends PostgreSQL at once while clients write, and starts it again. Our server
// keeps running all the time.
func TestDatabaseGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	var database *pgtest.Server
	s := program.New(t, durable(t, &database))
	s.Start()
	w := newWorld(t, s)
	w.patient = true
	probe := s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/users", Token: w.admin, Body: program.Map{
		"user": program.Map{"name": "probe", "domain_id": "default"},
	}}).String("user", "id")
	for range min(rounds(t), 2) {
		stop := w.write()
		<-time.After(300 * time.Millisecond)
		if err := database.Crash(); err != nil {
			t.Fatal(err)
		}
		w.outage(probe)
		if err := database.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		recovery := w.recovery(probe)
		stop()
		t.Logf("the first write succeeds %v after the database is back", recovery)
		if recovery > readyWithin {
			t.Errorf("recovery took %v, want at most %v", recovery, readyWithin)
		}
		w.check()
	}
	t.Logf("%d writes were answered, %d were not", w.answered.Load(), w.unanswered.Load())
	if err := s.Stop(); err != nil {
		t.Errorf("orderly end: %v", err)
	}
}

// patch is a write that has no effect besides an event.
func (w *world) patch(id string) program.Request {
	return program.Request{Method: "PATCH", Path: "/v3/users/" + id, Token: w.admin, Body: program.Map{
		"user": program.Map{"description": time.Now().Format(time.RFC3339Nano)},
	}}
}

// outage asks for all kinds of things while the database is away, many at a time.
func (w *world) outage(id string) {
	w.t.Helper()
	requests := []program.Request{
		w.patch(id),
		{Method: "GET", Path: "/v3/users/" + id, Token: w.admin},
		{Method: "GET", Path: "/v3/users?limit=3", Token: w.admin},
		{Method: "POST", Path: "/v3/auth/tokens", Body: program.PasswordAuth("admin", program.Password, nil)},
		{Method: "POST", Path: "/v3/auth/tokens", Body: program.PasswordAuth("nobody", "wrong", nil)},
		{Method: "POST", Path: "/v2.0/tokens", Body: program.Map{"auth": program.Map{
			"passwordCredentials": program.Map{"username": "admin", "password": program.Password},
		}}},
		{Method: "DELETE", Path: "/v3/auth/tokens", Token: w.admin, Header: map[string]string{"X-Subject-Token": w.admin}},
		{Method: "GET", Path: "/readyz"},
	}
	var all sync.WaitGroup
	for _, r := range requests {
		all.Go(func() {
			began := time.Now()
			res, err := w.s.Do(w.t.Context(), r)
			if err != nil || res.Status != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
				w.t.Errorf("%s %s without a database: got %d %s (Retry-After %q), %v, want 503", r.Method, r.Path, res.Status, res.Text, res.Header.Get("Retry-After"), err)
			}
			if took := time.Since(began); took > 10*time.Second {
				w.t.Errorf("%s %s without a database: took %v", r.Method, r.Path, took)
			}
		})
	}
	all.Wait()
	res, err := w.s.Do(w.t.Context(), program.Request{Method: "GET", Path: "/healthcheck"})
	if err != nil || res.Status != http.StatusOK {
		w.t.Errorf("/healthcheck without a database: got %d, %v, want 200", res.Status, err)
	}
}

// recovery returns how long it takes until a write succeeds.
func (w *world) recovery(id string) time.Duration {
	w.t.Helper()
	began := time.Now()
	for range time.Tick(5 * time.Millisecond) {
		res, err := w.s.Do(w.t.Context(), w.patch(id))
		if err == nil && res.Status == http.StatusOK || time.Since(began) > 2*readyWithin {
			break
		}
		if err != nil || res.Status != http.StatusServiceUnavailable {
			w.t.Errorf("after the database is back: got %d %s, %v", res.Status, res.Text, err)
		}
	}
	return time.Since(began)
}
