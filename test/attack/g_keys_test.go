package attack_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/server"
	"github.com/keyward/identity/internal/token"
)

// published returns the ids of the keys that the server publishes, and looks at their members.
func published(t *testing.T, w *apitest.World) []string {
	t.Helper()
	r := w.Get("/v3/auth/jwks").Want(http.StatusOK)
	allowed := []string{"kty", "crv", "x", "y", "kid", "use", "alg"}
	for _, k := range r.List("keys") {
		for member := range k.(map[string]any) {
			if !slices.Contains(allowed, member) {
				t.Errorf("a published key has the member %q", member)
			}
		}
	}
	for _, use := range r.Names("keys", "use") {
		if use != "sig" {
			t.Errorf("a published key is for %q", use)
		}
	}
	return r.Names("keys", "kid")
}

// inState returns the ids of the keys in these states.
func inState(t *testing.T, k *server.Keys, states ...token.State) []string {
	t.Helper()
	keys, err := k.List(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, key := range keys {
		if slices.Contains(states, key.State) {
			ids = append(ids, key.KID)
		}
	}
	return ids
}

func sorted(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return ids
}

// An operator who sets another algorithm gets it with the second rotation: the next key is made already.
func TestKeysRotateFromOneAlgorithmToTheOther(t *testing.T) {
	t.Parallel()
	eachAlgorithm(t, func(t *testing.T, w *apitest.World) {
		from, to := token.EdDSA, token.ES256
		if w.Config.Keys.Algorithm == string(token.ES256) {
			from, to = to, from
		}
		w.Config.Keys.Algorithm = string(to) // for the commands; a server looks at it when it makes the first keys
		keys := w.Keys()
		texts := []string{w.Token("alice", "project:red/p1")}
		kids := []string{w.Signer().KID}
		for round, want := range []token.Alg{from, to, to} {
			if err := keys.Rotate(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			active := w.Signer()
			if active.Alg != want {
				t.Fatalf("after %d rotations the server signs with %s, want %s", round+1, active.Alg, want)
			}
			apitest.Within(t, time.Second, "the server signs with the next key", func() bool { return published(t, w)[0] == active.KID })
			kids = append(kids, active.KID)
			if got := sorted(published(t, w)); !slices.Equal(got, sorted(kids)) {
				t.Errorf("published are %v, want %v", got, kids)
			}
			texts = append(texts, w.Token("alice", "project:red/p1"), continued(w, texts[0], onProject(w.ID("red/p2"))).Want(http.StatusCreated).Token())
			for _, text := range texts {
				live(t, w, "a token from before", text)
			}
		}
	})
}

func TestG15OnlyPublicPartsOfKeysInUseArePublished(t *testing.T) {
	t.Parallel()
	eachAlgorithm(t, func(t *testing.T, w *apitest.World) {
		keys := w.Keys()
		for round := range 3 {
			want := inState(t, keys, token.Active, token.VerifyOnly)
			if len(want) != round+1 {
				t.Fatalf("after %d rotations %d keys are in use", round, len(want))
			}
			apitest.Within(t, time.Second, "the server publishes the keys in use", func() bool {
				return slices.Equal(sorted(published(t, w)), sorted(want))
			})
			if first := published(t, w)[0]; first != inState(t, keys, token.Active)[0] {
				t.Errorf("the first key is %s, which does not sign", first)
			}
			if alg := w.Get("/v3/auth/jwks").Str("keys.0.alg"); alg != w.Config.Keys.Algorithm {
				t.Errorf("the key is for %s", alg)
			}
			if err := keys.Rotate(t.Context(), false); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestG16TokensOfARetiredKeyAreRefused(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		old := w.Signer()
		text := w.Token("alice", "project:red/p1")
		claims := apitest.Claims(text)
		keys := w.Keys()
		if err := keys.Rotate(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		apitest.Within(t, time.Second, "the server refuses what the leaked key signed", func() bool {
			return w.Get("/v3/auth/projects", apitest.Token(text)).Status == http.StatusUnauthorized
		})
		w.ForgetTokens()
		dead(t, w, "a token from before", text)
		dead(t, w, "a token that the thief of the key makes", old.Forge(old.Header("token"), claims))
		if slices.Contains(published(t, w), old.KID) {
			t.Error("the retired key is still published")
		}
		if r := inState(t, keys, token.Retired); !slices.Equal(r, []string{old.KID}) {
			t.Errorf("retired: %v, want %s", r, old.KID)
		}
		live(t, w, "a token of the next key", w.Token("alice", "project:red/p1"))
	})
}

func TestG16AKeyRetiresAfterEverythingItSigned(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		old := w.Signer()
		keys := w.Keys()
		if err := keys.Rotate(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		apitest.Within(t, time.Second, "the server signs with the next key", func() bool { return published(t, w)[0] != old.KID })
		w.Clock.Advance(w.Config.Token.TTL + w.Config.Token.AllowExpiredWindow - time.Microsecond)
		if err := keys.Retire(t.Context()); err != nil || len(inState(t, keys, token.Retired)) != 0 {
			t.Fatalf("the key retired before its time (%v)", err)
		}
		w.Clock.Advance(time.Microsecond)
		if err := keys.Retire(t.Context()); err != nil {
			t.Fatal(err)
		}
		apitest.Within(t, time.Second, "the retired key is published no more", func() bool { return !slices.Contains(published(t, w), old.KID) })
		fresh := w.Token("alice", "")
		dead(t, w, "a new token signed by the retired key", old.Forge(old.Header("token"), apitest.Claims(fresh)))
		live(t, w, "the token itself", fresh)
	})
}

func TestKeysRotateUnderLoadWithoutARefusal(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		held := []string{w.Token("alice", "project:red/p1"), w.Token("bob", "")}
		var mu sync.Mutex
		var stop atomic.Bool
		var asked atomic.Int64
		var clients sync.WaitGroup
		clients.Go(func() { // issues
			for !stop.Load() {
				r := w.SignIn("alice", "project:red/p1")
				if r.Status != http.StatusCreated {
					t.Errorf("a sign-in was answered %d", r.Status)
					return
				}
				mu.Lock()
				held = append(held, r.Token())
				mu.Unlock()
			}
		})
		for range 2 { // validate
			clients.Go(func() {
				for i := 0; !stop.Load(); i++ {
					mu.Lock()
					text := held[i%len(held)]
					mu.Unlock()
					if r := w.Get("/v3/auth/tokens?nocatalog", apitest.Token(text), subject(text)); r.Status != http.StatusOK {
						t.Errorf("a live token was answered %d", r.Status)
						return
					}
					asked.Add(1)
				}
			})
		}
		keys := w.Keys()
		for range 10 {
			seen := asked.Load()
			if err := keys.Rotate(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			active := inState(t, keys, token.Active)[0]
			apitest.Within(t, time.Second, "the server signs with the next key", func() bool { return published(t, w)[0] == active || t.Failed() })
			apitest.Within(t, 5*time.Second, "the clients go on", func() bool { return asked.Load() > seen+5 || t.Failed() })
		}
		stop.Store(true)
		clients.Wait()
		for _, text := range held {
			if r := w.Get("/v3/auth/projects", apitest.Token(text)); r.Status != http.StatusOK {
				t.Fatalf("after ten rotations a live token is answered %d", r.Status)
			}
		}
		if n := len(published(t, w)); n != 11 {
			t.Errorf("%d keys are published, want the active one and ten that still verify", n)
		}
	}, unfloored)
}

func TestG16AnUnsafeRootKeyStopsTheStart(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func(path string) error{
		"readable by all":  func(p string) error { return os.Chmod(p, 0o644) },
		"readable by some": func(p string) error { return os.Chmod(p, 0o640) },
		"empty":            func(p string) error { return os.WriteFile(p, nil, 0o600) },
		"half written":     func(p string) error { return os.Truncate(p, 20) },
		"zeros":            func(p string) error { return os.WriteFile(p, make([]byte, 64), 0o600) },
		"gone":             os.Remove,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := apitest.New(t)
			dir := t.TempDir()
			copied := filepath.Join(dir, "root.key")
			b, err := os.ReadFile(w.Config.Keys.RootFile)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(copied, b, 0o600); err != nil {
				t.Fatal(err)
			}
			cfg := w.Config
			cfg.Keys.RootFile, cfg.Bootstrap = copied, config.Default().Bootstrap
			again := func() error {
				s, err := server.New(t.Context(), cfg, server.Deps{Now: w.Clock.Now})
				if err == nil {
					err = s.Close()
					return err
				}
				return err
			}
			if err := again(); err != nil {
				t.Fatalf("with the key as it is the server must start: %v", err)
			}
			if err := spoil(copied); err != nil {
				t.Fatal(err)
			}
			if err := again(); err == nil {
				t.Errorf("the server started with a root key that is %s", what)
			}
		})
	}
}
