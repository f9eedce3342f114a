package server

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/keyring"
	"github.com/keyward/identity/internal/store"
	"github.com/keyward/identity/internal/token"
)

const (
	purposeSigning = "signing-key"
	reloadTimeout  = 5 * time.Second
)

// Keys are the root key and the signing keys that the database keeps sealed under it.
type Keys struct {
	store *store.Store
	ring  *keyring.Ring
	cfg   config.Config
	deps  Deps

	loading sync.Mutex // the signer never goes back to keys that were read earlier
	signer  atomic.Pointer[token.Signer]
}

// openKeys loads the root key. It makes one only when the database is empty: beside a database with data a new
// key would read nothing of it.
func openKeys(ctx context.Context, st *store.Store, cfg config.Config, deps Deps) (*Keys, error) {
	k := &Keys{store: st, cfg: cfg, deps: deps}
	var err error
	k.ring, err = keyring.Load(cfg.Keys.RootFile)
	if err == nil {
		err = k.inherit(ctx)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	stored, err := st.SigningKeys(ctx)
	if err != nil {
		return k, fmt.Errorf("read signing keys: %w", err)
	}
	empty, err := st.Empty(ctx)
	if err != nil {
		return k, fmt.Errorf("look at the database: %w", err)
	}
	if len(stored) > 0 || !empty {
		return k, fmt.Errorf("root key: %s does not exist, but the database is sealed with it; restore the file from your backup or set keys.root_file", cfg.Keys.RootFile)
	}
	if err := keyring.Create(cfg.Keys.RootFile); err != nil && !errors.Is(err, fs.ErrExist) {
		return k, err
	}
	deps.Log.InfoContext(ctx, "made a root key; back it up apart from the database", "file", cfg.Keys.RootFile)
	k.ring, err = keyring.Load(cfg.Keys.RootFile)
	return k, err
}

// inherit gives the ring what is kept of root keys that have left the file.
func (k *Keys) inherit(ctx context.Context) error {
	heirlooms, err := k.store.Heirlooms(ctx)
	if err != nil {
		return fmt.Errorf("read what is left of older root keys: %w", err)
	}
	if k.ring.Inherit(heirlooms) != nil {
		return k.wrongRoot()
	}
	return nil
}

func (k *Keys) wrongRoot() error {
	return fmt.Errorf("the root key in %s is not the one that the database is sealed with", k.cfg.Keys.RootFile)
}

// OpenKeys opens the database and the keys for a command of the operator. Close them after use.
func OpenKeys(ctx context.Context, cfg config.Config, deps Deps) (*Keys, error) {
	deps = deps.complete()
	st, err := openStore(ctx, cfg, deps)
	if err != nil {
		return nil, err
	}
	k, err := openKeys(ctx, st, cfg, deps)
	if err == nil {
		err = k.ensure(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return k, nil
}

// Close closes the database.
func (k *Keys) Close() error { return k.store.Close() }

// ensure makes the first keys when there are none, and loads them.
func (k *Keys) ensure(ctx context.Context) error {
	err := k.update(ctx, func(keys []token.Key) ([]token.Key, error) {
		if len(keys) > 0 {
			return keys, nil
		}
		return token.First(token.Alg(k.cfg.Keys.Algorithm), k.deps.Now(), k.deps.NewID)
	})
	if err != nil {
		return err
	}
	return k.load(ctx)
}

// List returns all signing keys, oldest first.
func (k *Keys) List(ctx context.Context) ([]token.Key, error) {
	stored, err := k.store.SigningKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	return k.open(stored)
}

// Rotate makes the pending key the one that signs, and a new one pending. What the old one signed stays good
// as long as it would have, unless now is set: then every token it signed is dead at once.
func (k *Keys) Rotate(ctx context.Context, now bool) error {
	verify := k.cfg.Token.TTL + k.cfg.Token.AllowExpiredWindow
	if now {
		verify = 0
	}
	return k.update(ctx, func(keys []token.Key) ([]token.Key, error) {
		next, err := token.GenerateKey(token.Alg(k.cfg.Keys.Algorithm), k.deps.Now(), k.deps.NewID)
		if err != nil {
			return nil, err
		}
		return token.Rotate(keys, k.deps.Now(), verify, next)
	})
}

// Retire forgets keys whose time to verify is over.
func (k *Keys) Retire(ctx context.Context) error {
	keys, err := k.List(ctx) // seldom anything to do: look before locking
	if err != nil {
		return err
	}
	for _, key := range keys {
		if key.State == token.VerifyOnly && !k.deps.Now().Before(key.RetireAt) {
			return k.update(ctx, func(keys []token.Key) ([]token.Key, error) { return token.Retire(keys, k.deps.Now()), nil })
		}
	}
	return nil
}

// Loaded says whether tokens can be signed and read.
func (k *Keys) Loaded() bool { return k.signer.Load() != nil }

// JWKS returns the public keys (RFC 7517).
func (k *Keys) JWKS() []byte { return k.signer.Load().JWKS() }

// load gives the signer the keys as the database has them now.
func (k *Keys) load(ctx context.Context) error {
	k.loading.Lock()
	defer k.loading.Unlock()
	keys, err := k.List(ctx)
	if err != nil {
		return err
	}
	set, err := token.NewKeys(keys)
	if err != nil {
		return err
	}
	if s := k.signer.Load(); s != nil {
		s.Replace(set)
		return nil
	}
	s, err := token.NewSigner(set, k.deps.Now, k.cfg.Cache.Size)
	if err != nil {
		return err
	}
	k.signer.Store(s)
	return nil
}

// heard loads the keys again when events say that they changed, here or on another node.
func (k *Keys) heard(events []event.Event) {
	for _, e := range events {
		if e.Kind != event.Key {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), reloadTimeout)
		defer cancel()
		if err := k.load(ctx); err != nil {
			k.deps.Log.Log(ctx, slog.LevelError, "signing keys changed but cannot be loaded", "error", err.Error())
		}
		return
	}
}

// update changes the set of keys, locked against other nodes.
func (k *Keys) update(ctx context.Context, change func([]token.Key) ([]token.Key, error)) error {
	err := k.store.UpdateSigningKeys(ctx, func(stored []auth.StoredKey) ([]auth.StoredKey, error) {
		keys, err := k.open(stored)
		if err != nil {
			return nil, err
		}
		if keys, err = change(keys); err != nil {
			return nil, err
		}
		return k.seal(keys, stored)
	})
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	return nil
}

func keyAAD(kid string) []string { return []string{"signing_key", "private_key", kid} }

// open turns rows into keys.
func (k *Keys) open(stored []auth.StoredKey) ([]token.Key, error) {
	keys := make([]token.Key, 0, len(stored))
	for _, s := range stored {
		key := token.Key{
			KID: s.KID, Alg: token.Alg(s.Algorithm), State: token.State(s.State), CreatedAt: s.CreatedAt,
			ActivatedAt: orZero(s.ActivatedAt), RetireAt: orZero(s.RetireAt),
		}
		if s.Private != "" {
			der, err := k.ring.Open(purposeSigning, keyAAD(s.KID), s.Private)
			if err != nil {
				return nil, k.wrongRoot()
			}
			if err := key.UnmarshalPrivate(der); err != nil {
				return nil, err
			}
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// seal turns keys into rows. A key that is sealed already keeps its text, so that nothing seems to change.
func (k *Keys) seal(keys []token.Key, stored []auth.StoredKey) ([]auth.StoredKey, error) {
	sealed := make(map[string]string, len(stored))
	for _, s := range stored {
		sealed[s.KID] = s.Private
	}
	out := make([]auth.StoredKey, 0, len(keys))
	for _, key := range keys {
		s := auth.StoredKey{
			KID: key.KID, Algorithm: string(key.Alg), State: string(key.State), CreatedAt: key.CreatedAt,
			ActivatedAt: orNil(key.ActivatedAt), RetireAt: orNil(key.RetireAt), Public: []byte{},
		}
		if key.State != token.Retired {
			der, err := key.MarshalPrivate()
			if err != nil {
				return nil, err
			}
			if s.Public, err = x509.MarshalPKIXPublicKey(key.Public); err != nil {
				return nil, fmt.Errorf("marshal the public key %s: %w", key.KID, err)
			}
			if s.Private = sealed[key.KID]; s.Private == "" {
				if s.Private, err = k.ring.Seal(purposeSigning, keyAAD(key.KID), der); err != nil {
					return nil, err
				}
			}
		}
		out = append(out, s)
	}
	return out, nil
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
