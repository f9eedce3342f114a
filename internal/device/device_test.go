package device_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyward/identity/internal/dbtest"
	"github.com/keyward/identity/internal/device"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/keyring"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/store"
)

// world is the service over a real database, with the users ann and bob, who have the factors that a test says.
type world struct {
	*device.Service
	t         *testing.T
	store     *store.Store
	now       time.Time
	factors   []string
	forbidden bool
	broken    error
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2031, 5, 1, 9, 30, 0, 0, time.UTC), factors: []string{"app"}}
	var mu sync.Mutex
	n := 0
	newID := func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprintf("%032x", n)
	}
	s, err := store.Open(t.Context(), store.Options{URL: dbtest.SQLite(t), Now: func() time.Time { return w.now }, NewID: newID, MaxConns: 2})
	w.must(err)
	t.Cleanup(func() { _ = s.Close() })
	w.store = s
	root := make([]byte, 32)
	_, _ = rand.Read(root)
	ring, err := keyring.FromBytes(root)
	w.must(err)
	w.Service = device.NewService(s, ring, device.Rules{
		Factors:   func(context.Context, string) ([]string, error) { return w.factors, w.broken },
		Forbidden: func(context.Context, *identity.User) (bool, error) { return w.forbidden, nil },
	}, device.Options{Life: time.Hour, Max: 2}, func() time.Time { return w.now }, newID)
	w.must(s.CreateProject(t.Context(), resource.Project{ID: "default", Name: "Default", IsDomain: true, Enabled: true}))
	for _, name := range []string{"ann", "bob"} {
		w.must(s.CreateUser(t.Context(), identity.User{ID: name, Name: name, DomainID: "default", Enabled: true}))
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) user(id string) *identity.User {
	w.t.Helper()
	u, err := w.store.User(w.t.Context(), id)
	w.must(err)
	return &u
}

func (w *world) remember(id string) (device.Device, string) {
	w.t.Helper()
	d, secret, err := w.Remember(w.t.Context(), id, w.user(id).AuthVersion, "laptop")
	w.must(err)
	return d, secret
}

// unknown demands that a secret is not good.
func (w *world) unknown(what, id, secret string) {
	w.t.Helper()
	if _, err := w.Recognise(w.t.Context(), w.user(id), secret); !errors.Is(err, device.ErrUnknown) {
		w.t.Errorf("%s: %v, want that it is unknown", what, err)
	}
}

func TestRememberRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	version := w.user("ann").AuthVersion
	for what, c := range map[string]struct {
		name    string
		version int64
		change  func()
		want    fault.Kind
		reason  string
	}{
		"no name":                          {"", version, nil, fault.BadRequest, ""},
		"a blank name":                     {" \t", version, nil, fault.BadRequest, ""},
		"a long name":                      {strings.Repeat("é", 256), version, nil, fault.BadRequest, ""},
		"a name with NUL":                  {"a\x00b", version, nil, fault.BadRequest, ""},
		"a session that has ended":         {"x", version - 1, nil, fault.Unauthorized, "changed_meanwhile"},
		"where devices are forbidden":      {"x", version, func() { w.forbidden = true }, fault.Forbidden, "devices_forbidden"},
		"nothing that it could stand for":  {"x", version, func() { w.factors = nil }, fault.Conflict, "no_second_factor"},
		"factors that nobody can tell now": {"x", version, func() { w.broken = fault.New(fault.Unavailable, "gone") }, fault.Unavailable, ""},
	} {
		w.forbidden, w.factors, w.broken = false, []string{"app"}, nil
		if c.change != nil {
			c.change()
		}
		_, secret, err := w.Remember(t.Context(), "ann", c.version, c.name)
		if !fault.Is(err, c.want) || fault.ReasonOf(err) != c.reason {
			t.Errorf("%s: %v (%q), want kind %v and reason %q", what, err, secret, c.want, c.reason)
		}
	}
	if _, _, err := w.Remember(t.Context(), "nobody", 1, "x"); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody's: %v", err)
	}
	w.broken = nil
	if all, err := w.Devices(t.Context(), "ann"); err != nil || len(all) != 0 {
		t.Errorf("refusals left %v, %v", all, err)
	}
}

func TestASecretIsOfOneUserAndInNoDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, secret := w.remember("ann")
	other, second := w.remember("ann")
	if secret == second || len(secret) != 43 {
		t.Errorf("secrets %q and %q, want two of 43 characters", secret, second)
	}
	for _, x := range []device.Device{d, other} {
		if strings.Contains(x.Digest, secret) || len(x.Digest) < 64 {
			t.Errorf("the digest %q", x.Digest)
		}
	}
	w.unknown("bob's", "bob", secret)
	w.unknown("none", "ann", "")
	w.unknown("its digest", "ann", d.Digest)
	w.unknown("its beginning", "ann", secret[:42])
	w.unknown("more than it", "ann", secret+"A")
	w.unknown("another case", "ann", strings.ToLower(secret[:20])+strings.ToUpper(secret[20:]))
	got, err := w.Recognise(t.Context(), w.user("ann"), secret)
	if err != nil || got.ID != d.ID {
		t.Fatalf("recognised %+v, %v, want %s", got, err, d.ID)
	}
	all, err := w.Devices(t.Context(), "ann")
	if err != nil || all[0].LastUsedAt == nil || !all[0].LastUsedAt.Equal(w.now) || all[1].LastUsedAt != nil {
		t.Errorf("afterwards %+v, %v", all, err)
	}
}

func TestWhatEndsDevices(t *testing.T) {
	t.Parallel()
	for what, end := range map[string]func(w *world, d device.Device){
		"its time is over":      func(w *world, _ device.Device) { w.now = w.now.Add(time.Hour) },
		"a factor is gone":      func(w *world, _ device.Device) { w.factors = []string{"another"} },
		"all factors are gone":  func(w *world, _ device.Device) { w.factors = nil },
		"devices are forbidden": func(w *world, _ device.Device) { w.forbidden = true },
		"it is forgotten":       func(w *world, d device.Device) { w.must(w.Forget(w.t.Context(), "ann", d.ID)) },
		"all are forgotten":     func(w *world, _ device.Device) { w.must(w.ForgetAll(w.t.Context(), "ann")) },
		"there is another password": func(w *world, _ device.Device) {
			w.must(w.store.SetPassword(w.t.Context(), identity.Password{UserID: "ann", Hash: "x", CreatedAt: w.now}))
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			d, secret := w.remember("ann")
			w.factors = append(w.factors, "one more") // which ends nothing
			if _, err := w.Recognise(t.Context(), w.user("ann"), secret); err != nil {
				t.Fatalf("before: %v", err)
			}
			end(w, d)
			w.unknown("afterwards", "ann", secret)
		})
	}
}

// A device that was forgotten between the look and its use is no device.
func TestForgettingWinsOverASignInUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, secret := w.remember("ann")
	forgets := device.NewService(forgetful{w.store, func() { w.must(w.Forget(t.Context(), "ann", d.ID)) }}, nothing{}, device.Rules{
		Factors:   func(context.Context, string) ([]string, error) { return w.factors, nil },
		Forbidden: func(context.Context, *identity.User) (bool, error) { return false, nil },
	}, device.Options{Life: time.Hour, Max: 2}, func() time.Time { return w.now }, nil)
	w.must(w.store.CreateDevice(t.Context(), device.Device{
		ID: "x", UserID: "ann", Digest: "", AuthVersion: w.user("ann").AuthVersion, Factors: w.factors, ExpiresAt: w.now.Add(time.Hour),
	}))
	if _, err := forgets.Recognise(t.Context(), w.user("ann"), secret); !errors.Is(err, device.ErrUnknown) {
		t.Errorf("got %v, want that it is unknown", err)
	}
}

// forgetful is a store in which a device is forgotten just before it is used.
type forgetful struct {
	*store.Store
	forget func()
}

func (f forgetful) UseDevice(ctx context.Context, _ string, at time.Time) error {
	f.forget()
	return f.Store.UseDevice(ctx, "gone", at)
}

// nothing digests everything to nothing.
type nothing struct{}

func (nothing) MAC(string, ...string) []byte    { return nil }
func (nothing) MACs(string, ...string) [][]byte { return [][]byte{nil} }

// What has ended does not count against the limit, and its rows go.
func TestTheLimitCountsWhatIsGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.remember("ann")
	w.now = w.now.Add(30 * time.Minute)
	_, kept := w.remember("ann")
	if _, _, err := w.Remember(t.Context(), "ann", w.user("ann").AuthVersion, "x"); fault.ReasonOf(err) != "too_many_devices" {
		t.Errorf("one too many: %v", err)
	}
	w.remember("bob")
	w.now = w.now.Add(30 * time.Minute)
	w.remember("ann")
	if _, err := w.Recognise(t.Context(), w.user("ann"), kept); err != nil {
		t.Errorf("what was good: %v", err)
	}
	if rows, err := w.store.Devices(t.Context(), "ann"); err != nil || len(rows) != 2 {
		t.Errorf("%d rows, %v, want the two that are good", len(rows), err)
	}
}
