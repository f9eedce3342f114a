package apitest

import (
	"context"
	"crypto/rand"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/keyring"
	"github.com/keyward/identity/internal/store"
)

// Import gives a user a password as another system hashed it, as if the user had been brought here with it.
func (w *World) Import(user, hash string) {
	w.t.Helper()
	w.withStore(func(ctx context.Context, st *store.Store, ring *keyring.Ring) error {
		sealed, err := auth.NewVault(nil, nil, ring).Adopt(w.ID(user), hash)
		if err != nil {
			return err
		}
		return st.SetPassword(ctx, identity.Password{UserID: w.ID(user), Hash: sealed, CreatedAt: w.Clock.Now()})
	})
}

// Hash is the hash of a user's password, unsealed.
func (w *World) Hash(user string) string {
	w.t.Helper()
	var hash []byte
	w.withStore(func(ctx context.Context, st *store.Store, ring *keyring.Ring) error {
		p, err := st.Password(ctx, w.ID(user))
		if err != nil {
			return err
		}
		hash, err = ring.Open("password-hash", []string{"password", "hash", w.ID(user)}, p.Hash)
		return err
	})
	return string(hash)
}

// Passwords are a user's passwords as they are kept, the present one first.
func (w *World) Passwords(user string) []identity.Password {
	w.t.Helper()
	var all []identity.Password
	w.withStore(func(ctx context.Context, st *store.Store, _ *keyring.Ring) (err error) {
		all, err = st.PasswordHistory(ctx, w.ID(user), 1000)
		return err
	})
	return all
}

// Events is the whole stream of events.
func (w *World) Events() []event.Event {
	w.t.Helper()
	var all []event.Event
	w.withStore(func(ctx context.Context, st *store.Store, _ *keyring.Ring) (err error) {
		all, err = st.EventsAfter(ctx, 0, 0)
		return err
	})
	return all
}

// withStore opens the database beside the running servers.
func (w *World) withStore(f func(context.Context, *store.Store, *keyring.Ring) error) {
	w.t.Helper()
	ring, err := keyring.Load(w.Config.Keys.RootFile)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx := w.t.Context()
	st, err := store.Open(ctx, store.Options{URL: w.Config.Database.URL.Reveal(), Now: w.Clock.Now, NewID: rand.Text, MaxConns: 2})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	if err := f(ctx, st, ring); err != nil {
		w.t.Fatal(err)
	}
}
