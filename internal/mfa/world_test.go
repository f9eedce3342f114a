package mfa_test

import (
	"context"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/keyward/identity/internal/dbtest"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/store"
)

// world is the service over a real database, with the users ann and bob.
type world struct {
	*mfa.Service
	t     *testing.T
	store *store.Store
	o     mfa.Options
	mu    sync.Mutex
	at    time.Time
	// reserved and reset count the calls; codes rest while locked is set.
	reserved, reset int
	locked          bool
}

func newWorld(t *testing.T, options ...func(*mfa.Options)) *world {
	t.Helper()
	w := &world{t: t, o: mfa.Defaults, at: time.Date(2031, 5, 1, 9, 30, 0, 0, time.UTC)}
	for _, o := range options {
		o(&w.o)
	}
	var ids atomic.Int64
	newID := func() string { return fmt.Sprintf("%032x", ids.Add(1)) }
	s, err := store.Open(t.Context(), store.Options{
		URL: dbtest.SQLite(t), Now: w.now, NewID: newID, MaxConns: 2,
	})
	w.must(err)
	t.Cleanup(func() { _ = s.Close() })
	w.store = s
	w.must(s.CreateProject(t.Context(), resource.Project{ID: "default", Name: "Default", IsDomain: true, Enabled: true}))
	for _, id := range []string{"ann", "bob"} {
		w.must(s.CreateUser(t.Context(), identity.User{ID: id, Name: id, DomainID: "default", Enabled: true}))
	}
	w.Service = mfa.NewService(s, plain{}, w, w.o, w.now, newID)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// Reserve, Release and Reset stand in for the counters of wrong codes.
func (w *world) Reserve(context.Context, string) (bool, error) { w.reserved++; return !w.locked, nil }
func (w *world) Release(context.Context, string) error         { return nil }
func (w *world) Reset(context.Context, string) error           { w.reset++; return nil }

// plain is a sealer that seals nothing but keeps values in their places.
type plain struct{}

func (plain) Seal(purpose string, aad []string, p []byte) (string, error) {
	return purpose + "|" + strings.Join(aad, "|") + "|" + hex.EncodeToString(p), nil
}

func (plain) Open(purpose string, aad []string, sealed string) ([]byte, error) {
	text, ok := strings.CutPrefix(sealed, purpose+"|"+strings.Join(aad, "|")+"|")
	if !ok {
		return nil, errors.New("moved")
	}
	return hex.DecodeString(text)
}

func (plain) MAC(purpose string, parts ...string) []byte {
	return []byte(purpose + "|" + strings.Join(parts, "|"))
}

func (p plain) MACs(purpose string, parts ...string) [][]byte {
	return [][]byte{p.MAC("older key|"+purpose, parts...), p.MAC(purpose, parts...)}
}

// factor stores an active factor of ann with the given seed.
func (w *world) factor(id string, seed []byte, change ...func(*mfa.Factor)) {
	w.t.Helper()
	f := mfa.Factor{
		ID: id, UserID: "ann", Kind: mfa.TOTP, Name: id, State: mfa.Active, Algorithm: "SHA1", Digits: 6, Period: 30,
		CreatedAt: w.now(),
	}
	f.Secret, _ = plain{}.Seal("totp-seed", []string{"factor", "secret", id, f.UserID}, seed)
	for _, c := range change {
		c(&f)
	}
	w.must(w.store.CreateFactor(w.t.Context(), f))
}

// code is what an app shows at a time; the app is not ours.
func (w *world) code(seed []byte, at time.Time) string {
	w.t.Helper()
	code, err := totp.GenerateCodeCustom(base32.StdEncoding.EncodeToString(seed), at,
		totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	w.must(err)
	return code
}

// check spends a code of ann.
func (w *world) check(code string) error {
	w.t.Helper()
	_, err := w.Check(w.t.Context(), "ann", code)
	return err
}

// refused fails the test unless err has the reason.
func (w *world) refused(what string, err error, reason string) {
	w.t.Helper()
	if !fault.Is(err, fault.Unauthorized) || fault.ReasonOf(err) != reason {
		w.t.Errorf("%s: got %v (%q), want Unauthorized because %q", what, err, fault.ReasonOf(err), reason)
	}
}

// accepted fails the test unless err is nil.
func (w *world) accepted(what string, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Errorf("%s: got %v, want it accepted", what, err)
	}
}
