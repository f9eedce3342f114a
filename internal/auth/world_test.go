package auth_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/dbtest"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/facts"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/keyring"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/password"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/store"
	"github.com/keyward/identity/internal/token"
)

// gate is the service over a real database, with the user ann of the domain default.
type gate struct {
	*auth.Service
	t     *testing.T
	parts auth.Parts
	ring  *keyring.Ring
	store *breakable
	mfa   *mfa.Service
	vault *auth.Vault
	mu    sync.Mutex
	at    time.Time
}

var errBroken = errors.New("the database is gone")

// breakable is a store some of whose methods can be made to fail.
type breakable struct {
	*store.Store
	broken map[string]bool
}

func (b *breakable) fails(method string) error {
	if b.broken[method] {
		return errBroken
	}
	return nil
}

func (b *breakable) Append(ctx context.Context, e event.Event) error {
	return errors.Join(b.fails("Append"), b.fails("Append "+e.Action), b.Store.Append(ctx, e))
}

func (b *breakable) User(ctx context.Context, id string) (identity.User, error) {
	if err := b.fails("User"); err != nil {
		return identity.User{}, err
	}
	return b.Store.User(ctx, id)
}

func (b *breakable) Password(ctx context.Context, id string) (identity.Password, error) {
	if err := b.fails("Password"); err != nil {
		return identity.Password{}, err
	}
	return b.Store.Password(ctx, id)
}

func (b *breakable) Factors(ctx context.Context, id string) ([]mfa.Factor, error) {
	if err := b.fails("Factors"); err != nil {
		return nil, err
	}
	return b.Store.Factors(ctx, id)
}

func (b *breakable) Failures(ctx context.Context, keys ...auth.FailureKey) ([]auth.Failures, error) {
	if err := b.fails("Failures"); err != nil {
		return nil, err
	}
	return b.Store.Failures(ctx, keys...)
}

func (b *breakable) UpdateFailures(ctx context.Context, k auth.FailureKey, f func(*auth.Failures) error) error {
	if err := b.fails("UpdateFailures"); err != nil {
		return err
	}
	return b.Store.UpdateFailures(ctx, k, f)
}

func (b *breakable) ResetFailures(ctx context.Context, id string, k auth.FailureKind, network string) error {
	if err := b.fails("ResetFailures"); err != nil {
		return err
	}
	return b.Store.ResetFailures(ctx, id, k, network)
}

func (b *breakable) UseReceipt(ctx context.Context, id string, expires time.Time) (bool, error) {
	if err := b.fails("UseReceipt"); err != nil {
		return false, err
	}
	return b.Store.UseReceipt(ctx, id, expires)
}

func (b *breakable) AdvanceStep(ctx context.Context, id string, step int64) (bool, error) {
	if err := b.fails("AdvanceStep"); err != nil {
		return false, err
	}
	return b.Store.AdvanceStep(ctx, id, step)
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{t: t, at: time.Date(2031, 5, 1, 9, 30, 0, 0, time.UTC)}
	var ids atomic.Int64
	newID := func() string { return fmt.Sprintf("%032x", ids.Add(1)) }
	s, err := store.Open(t.Context(), store.Options{
		URL: dbtest.SQLite(t), Now: g.now, NewID: newID, MaxConns: 2,
	})
	g.must(err)
	t.Cleanup(func() { _ = s.Close() })
	g.store = &breakable{Store: s, broken: map[string]bool{}}
	root := make([]byte, 32)
	_, _ = rand.Read(root)
	ring, err := keyring.FromBytes(root)
	g.must(err)
	g.ring = ring
	hasher, err := password.NewHasher(password.Params{MemoryKiB: 64, Passes: 1, Lanes: 1})
	g.must(err)
	g.vault = auth.NewVault(password.NewPool(2, 100, time.Second), hasher, ring)
	key, err := token.GenerateKey(token.EdDSA, g.now(), newID)
	g.must(err)
	key.State = token.Active
	keys, err := token.NewKeys([]token.Key{key})
	g.must(err)
	signer, err := token.NewSigner(keys, g.now, -1)
	g.must(err)
	attempts := auth.NewAttempts(g.store, auth.DefaultLockout, g.now)
	g.mfa = mfa.NewService(g.store, ring, attempts, mfa.Defaults, g.now, newID)
	g.parts = auth.Parts{
		Store: g.store, Facts: facts.New(g.store, 10, g.now), Signer: signer, Vault: g.vault, Factors: g.mfa,
		Attempts: attempts, Passwords: password.Policy{MinLength: 8}, Options: auth.Defaults, Now: g.now,
	}
	g.Service = auth.NewService(g.parts)
	g.must(s.CreateProject(t.Context(), resource.Project{ID: "default", Name: "Default", IsDomain: true, Enabled: true}))
	g.must(s.CreateUser(t.Context(), identity.User{ID: "ann", Name: "ann", DomainID: "default", Enabled: true}))
	g.setPassword("correct horse", nil)
	return g
}

func (g *gate) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

func (g *gate) now() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.at
}

func (g *gate) pass(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.at = g.at.Add(d)
}

func (g *gate) setPassword(plain string, expires *time.Time) {
	g.t.Helper()
	hash, err := g.vault.Hash(g.t.Context(), "ann", plain)
	g.must(err)
	g.must(g.store.SetPassword(g.t.Context(), identity.Password{UserID: "ann", Hash: hash, CreatedAt: g.now(), ExpiresAt: expires}))
}

// from is a context of a client at an address.
func (g *gate) from(address string) context.Context {
	return event.WithOrigin(g.t.Context(), event.Origin{Address: address, RequestID: "req-1"})
}

// enrol gives ann a factor and returns its seed and her recovery codes. The code of the step is then spent.
func (g *gate) enrol() (seed string, codes []string) {
	g.t.Helper()
	e, err := g.mfa.Enrol(g.t.Context(), "ann", "ann", "phone")
	g.must(err)
	_, codes, err = g.mfa.Confirm(g.t.Context(), "ann", e.Factor.ID, g.code(e.Secret))
	g.must(err)
	g.pass(time.Minute)
	return e.Secret, codes
}

// code is what the app shows now.
func (g *gate) code(seed string) string {
	g.t.Helper()
	code, err := totp.GenerateCode(seed, g.now())
	g.must(err)
	return code
}

func ann() auth.Ref { return auth.Ref{ID: "ann"} }

func withPassword(plain string) auth.Request {
	return auth.Request{Methods: []string{"password"}, Password: &auth.PasswordProof{User: ann(), Password: plain}}
}

func withCode(code string) auth.Request {
	return auth.Request{Methods: []string{"totp"}, TOTP: &auth.CodeProof{User: ann(), Code: code}}
}

func withBoth(plain, code string) auth.Request {
	r := withPassword(plain)
	r.Methods, r.TOTP = []string{"password", "totp"}, &auth.CodeProof{User: ann(), Code: code}
	return r
}

func withToken(text string) auth.Request {
	return auth.Request{Methods: []string{"token"}, Token: &text}
}

// signIn must give a token.
func (g *gate) signIn(r auth.Request) auth.Issued {
	g.t.Helper()
	issued, err := g.SignIn(g.from("192.0.2.1"), r)
	g.must(err)
	return issued
}

// receipt must give a receipt.
func (g *gate) receipt(r auth.Request) *auth.ReceiptError {
	g.t.Helper()
	_, err := g.SignIn(g.from("192.0.2.1"), r)
	receipt, ok := errors.AsType[*auth.ReceiptError](err)
	if !ok {
		g.t.Fatalf("got %v, want a receipt", err)
	}
	return receipt
}

// options changes ann's options.
func (g *gate) options(change func(*identity.Options)) {
	g.t.Helper()
	_, err := g.store.UpdateUser(g.t.Context(), "ann", func(u *identity.User) error { change(&u.Options); return nil })
	g.must(err)
}
