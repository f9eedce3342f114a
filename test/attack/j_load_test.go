package attack_test

import (
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// usage is what a process holds.
type usage struct{ goroutines, files, heap int }

func used(t *testing.T) usage {
	t.Helper()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		files = nil // not Linux: goroutines and heap must do
	}
	return usage{runtime.NumGoroutine(), len(files), int(m.HeapAlloc >> 20)}
}

// TestJ3AHerdOfSignInsIsTurnedAwayAndLeavesNothing measures the process, so it is not parallel.
func TestJ3AHerdOfSignInsIsTurnedAwayAndLeavesNothing(t *testing.T) {
	w := apitest.New(t, func(c *config.Config) {
		c.Lockout.FailureFloor = 0
		c.Lockout.PasswordAttempts = 1000
		c.Password.Slots, c.Password.Queue, c.Password.Wait = 1, 4, 2*time.Second
		c.Password.MemoryKiB, c.Password.Passes = 32<<10, 2
	})
	w.User("ann", "red")
	w.User("bob", "red")
	admin := w.Persona("admin")
	validation := func() time.Duration {
		begin := time.Now()
		w.Get("/v3/auth/tokens", apitest.Token(admin), subject(admin)).Want(http.StatusOK)
		return time.Since(begin)
	}
	validation()
	// The database's connections come on demand and stay; a leak would be as large as the herd.
	const slack = 16
	before := used(t)

	const herd = 100
	var mu sync.Mutex
	statuses := map[int]int{}
	var all sync.WaitGroup
	for i := range herd {
		all.Go(func() {
			text := w.Password("ann")
			if i%2 == 1 {
				text = "wrong"
			}
			user := []string{"ann", "bob"}[i%2]
			begin := time.Now()
			r := w.Post("/v3/auth/tokens", signIn(w, `["password"]`, user, text), apitest.Allow5xx())
			mu.Lock()
			defer mu.Unlock()
			statuses[r.Status]++
			if r.Status == http.StatusServiceUnavailable {
				if n, err := strconv.Atoi(r.Header.Get("Retry-After")); err != nil || n < 1 || n > 60 {
					t.Errorf("Retry-After is %q", r.Header.Get("Retry-After"))
				}
				r.Has("Try again")
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("a sign-in was answered %d after %s", r.Status, took)
			}
		})
	}
	var took []time.Duration
	for range 30 {
		took = append(took, validation())
	}
	all.Wait()
	turnedAway, checked := statuses[http.StatusServiceUnavailable], statuses[http.StatusCreated]+statuses[http.StatusUnauthorized]
	if turnedAway == 0 || checked == 0 || turnedAway+checked != herd {
		t.Errorf("the herd was answered %v, want 201 or 401 for some and 503 for the others", statuses)
	}
	slices.Sort(took)
	if median := took[len(took)/2]; median > 500*time.Millisecond {
		t.Errorf("meanwhile half of the validations took more than %s", median)
	}
	w.SignIn("ann", "").Want(http.StatusCreated)

	var after usage
	for deadline := time.Now().Add(3 * time.Second); ; runtime.Gosched() {
		w.Disconnect()
		after = used(t)
		if after.goroutines <= before.goroutines+slack && after.files <= before.files+slack || time.Now().After(deadline) {
			break
		}
	}
	if after.goroutines > before.goroutines+slack || after.files > before.files+slack || after.heap > before.heap+50 {
		t.Errorf("the herd left something behind: %+v before, %+v after", before, after)
	}
}
