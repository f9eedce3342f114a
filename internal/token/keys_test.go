package token

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// aged returns a key of each state: active, pending, verify-only, retired.
func aged(t testing.TB, alg Alg) []Key {
	t.Helper()
	keys := firstKeys(t, alg)
	newID := func() string { return fmt.Sprintf("%s-%d", alg, len(keys)) }
	for _, life := range []time.Duration{time.Hour, 0} {
		next, err := GenerateKey(alg, epoch, newID)
		if err != nil {
			t.Fatal(err)
		}
		if keys, err = Rotate(keys, epoch, life, next); err != nil {
			t.Fatal(err)
		}
	}
	slices.SortStableFunc(keys, func(a, b Key) int { return order[a.State] - order[b.State] })
	return keys
}

var order = map[State]int{Active: 0, Pending: 1, VerifyOnly: 2, Retired: 3}

func TestNewKeysRefuses(t *testing.T) {
	t.Parallel()
	keys := firstKeys(t, EdDSA)
	active, pending := keys[0], keys[1]
	with := func(k Key, change func(*Key)) Key { change(&k); return k }
	for name, set := range map[string][]Key{
		"no key":                    nil,
		"no active key":             {pending},
		"two active keys":           {active, with(pending, func(k *Key) { k.State = Active })},
		"an active key, no private": {with(active, func(k *Key) { k.private = nil })},
		"an id twice":               {active, with(pending, func(k *Key) { k.KID = active.KID })},
		"an empty id":               {with(active, func(k *Key) { k.KID = "" })},
		"an id with a slash":        {with(active, func(k *Key) { k.KID = "a/b" })},
		"an id of 65 characters":    {with(active, func(k *Key) { k.KID = strings.Repeat("a", 65) })},
		"an unknown state":          {active, with(pending, func(k *Key) { k.State = "lost" })},
		"an unknown algorithm":      {with(active, func(k *Key) { k.Alg = "none" })},
		"another algorithm's key":   {with(active, func(k *Key) { k.Alg = ES256 })},
		"a pending key, no public":  {active, with(pending, func(k *Key) { k.Public = nil })},
	} {
		if _, err := NewKeys(set); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestRotateRefuses(t *testing.T) {
	t.Parallel()
	keys := firstKeys(t, EdDSA)
	next, err := GenerateKey(EdDSA, epoch, func() string { return "next" })
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		keys []Key
		life time.Duration
		next Key
	}{
		"a negative time to verify":   {keys, -1, next},
		"no pending key":              {keys[:1], time.Hour, next},
		"a next key that is active":   {keys, time.Hour, keys[0]},
		"a next key that is empty":    {keys, time.Hour, Key{State: Pending}},
		"a next key that is in there": {keys, time.Hour, keys[1]},
	} {
		if got, err := Rotate(c.keys, epoch, c.life, c.next); err == nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestRotateMovesEveryKeyOneState(t *testing.T) {
	t.Parallel()
	key := func(kid string, state State, created, activated, retire time.Duration) Key {
		k, err := GenerateKey(EdDSA, epoch.Add(created), func() string { return kid })
		if err != nil {
			t.Fatal(err)
		}
		k.State = state
		if state != Pending {
			k.ActivatedAt = epoch.Add(activated)
		}
		if state == VerifyOnly || state == Retired {
			k.RetireAt = epoch.Add(retire)
		}
		return k
	}
	const h = time.Hour
	in := []Key{
		key("younger-pending", Pending, -1*h, 0, 0), key("older-pending", Pending, -2*h, 0, 0), key("active", Active, -9*h, -5*h, 0),
		key("verifying", VerifyOnly, -20*h, -10*h, 1), key("due", VerifyOnly, -20*h, -10*h, 0), key("retired", Retired, -30*h, -20*h, -h),
	}
	before := fmt.Sprintf("%v", in)
	next := key("next", Pending, 0, 0, 0)
	out, err := Rotate(in, epoch, 2*h, next)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		kid                 string
		state               State
		activated, retireAt time.Time
		material            bool
	}{
		{"younger-pending", Pending, time.Time{}, time.Time{}, true},
		{"older-pending", Active, epoch, time.Time{}, true},
		{"active", VerifyOnly, epoch.Add(-5 * h), epoch.Add(2 * h), true},
		{"verifying", VerifyOnly, epoch.Add(-10 * h), epoch.Add(1), true},
		{"due", Retired, epoch.Add(-10 * h), epoch, false},
		{"retired", Retired, epoch.Add(-20 * h), epoch.Add(-h), true}, // as given: it was not ours to retire
		{"next", Pending, time.Time{}, time.Time{}, true},
	}
	if len(out) != len(want) {
		t.Fatalf("got %v", out)
	}
	for i, w := range want {
		k := out[i]
		if k.KID != w.kid || k.State != w.state || !k.ActivatedAt.Equal(w.activated) || !k.RetireAt.Equal(w.retireAt) {
			t.Errorf("got %v %v %v, want %+v", k, k.ActivatedAt, k.RetireAt, w)
		}
		if (k.Public != nil) != w.material || (k.private != nil) != w.material {
			t.Errorf("%s: key material there: %v, want %v", k.KID, k.Public != nil, w.material)
		}
	}
	if fmt.Sprintf("%v", in) != before || in[4].private == nil {
		t.Error("Rotate changed its argument")
	}
	leaked, err := Rotate(in, epoch, 0, next)
	if err != nil || leaked[2].State != Retired || leaked[2].private != nil {
		t.Errorf("a rotation with no time to verify must retire at once: got %v, %v", leaked, err)
	}
}

func TestRotationUnderLoadRefusesNoValidText(t *testing.T) { // CF-2
	t.Parallel()
	s, keys := signer(t, EdDSA, 0)
	behind, err := NewSigner(keySet(t, keys...), func() time.Time { return epoch }, 0) // a node that hears late
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				text, err := s.Sign(sample())
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := s.Parse(text, KindToken); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 20 {
		next, err := GenerateKey(algs[i%2], epoch, func() string { return fmt.Sprintf("rotated-%d", i) })
		if err != nil {
			t.Fatal(err)
		}
		if keys, err = Rotate(keys, epoch, time.Hour, next); err != nil {
			t.Fatal(err)
		}
		set := keySet(t, keys...)
		s.Replace(set)
		if _, err := behind.Parse(mustSign(t, s, sample()), KindToken); err != nil {
			t.Errorf("a node that is one rotation behind: %v", err)
		}
		behind.Replace(set)
	}
	close(stop)
	wg.Wait()
}

func TestTextsOfRetiredKeysAreRefused(t *testing.T) { // G16
	t.Parallel()
	for _, cacheSize := range []int{-1, 0} {
		s, keys := signer(t, EdDSA, cacheSize)
		text := mustSign(t, s, sample())
		next, err := GenerateKey(EdDSA, epoch, func() string { return "next" })
		if err != nil {
			t.Fatal(err)
		}
		rotated, err := Rotate(keys, epoch, time.Hour, next)
		if err != nil {
			t.Fatal(err)
		}
		s.Replace(keySet(t, rotated...))
		if _, err := s.Parse(text, KindToken); err != nil {
			t.Errorf("signed by a verify-only key: %v", err)
		}
		s.Replace(keySet(t, Retire(rotated, epoch.Add(time.Hour))...))
		refused(t, s, "signed by a retired key", text)
	}
}

func TestReplacedKeyWithTheSameIDForgetsTheCache(t *testing.T) {
	t.Parallel()
	s, _ := signer(t, EdDSA, 0)
	text := mustSign(t, s, sample())
	if _, err := s.Parse(text, KindToken); err != nil {
		t.Fatal(err)
	}
	s.Replace(keySet(t, firstKeys(t, EdDSA)...)) // the same ids, other keys
	refused(t, s, "signed by a key that was replaced", text)
}

func TestReplacingKeysByEqualOnesKeepsTheCache(t *testing.T) {
	t.Parallel()
	s, keys := signer(t, EdDSA, 0)
	before := s.keys.Load().number
	s.Replace(keySet(t, keys...))
	if got := s.keys.Load().number; got != before {
		t.Errorf("generation: got %d, want %d", got, before)
	}
}

func TestJWKS(t *testing.T) { // G15
	t.Parallel()
	for _, c := range []struct {
		alg  Alg
		want map[string]any
	}{
		{EdDSA, map[string]any{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA"}},
		{ES256, map[string]any{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256"}},
	} {
		keys := aged(t, c.alg)
		var doc struct{ Keys []map[string]any }
		if err := json.Unmarshal(keySet(t, keys...).JWKS(), &doc); err != nil || len(doc.Keys) != 2 {
			t.Fatalf("%s: got %v, %v; want the active and the verify-only key", c.alg, doc, err)
		}
		for i, k := range []Key{keys[0], keys[2]} {
			got := doc.Keys[i]
			for member, want := range c.want {
				if got[member] != want {
					t.Errorf("%s: %s: got %v, want %v", c.alg, member, got[member], want)
				}
			}
			if got["kid"] != k.KID || len(got["x"].(string)) != 43 {
				t.Errorf("%s: kid or x: got %v, want kid %s", c.alg, got, k.KID)
			}
			for member := range got {
				if !slices.Contains([]string{"kty", "crv", "x", "y", "kid", "use", "alg"}, member) {
					t.Errorf("%s: member %s must not be published", c.alg, member)
				}
			}
		}
	}
}

func TestPrivatePartSurvivesStorage(t *testing.T) {
	t.Parallel()
	for _, alg := range algs {
		s, keys := signer(t, alg, -1)
		der, err := keys[0].MarshalPrivate()
		if err != nil {
			t.Fatal(err)
		}
		loaded := Key{KID: keys[0].KID, Alg: alg, State: Active}
		if err := loaded.UnmarshalPrivate(der); err != nil {
			t.Fatal(err)
		}
		other, err := NewSigner(keySet(t, loaded), func() time.Time { return epoch }, -1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Parse(mustSign(t, other, sample()), KindToken); err != nil {
			t.Errorf("%s: signed with the loaded key: %v", alg, err)
		}
	}
}

func TestUnmarshalPrivateRefuses(t *testing.T) {
	t.Parallel()
	der, err := firstKeys(t, EdDSA)[0].MarshalPrivate()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		alg Alg
		der []byte
	}{
		"nothing": {EdDSA, nil}, "a cut key": {EdDSA, der[:len(der)-1]}, "zeros": {EdDSA, make([]byte, len(der))},
		"a key of another algorithm": {ES256, der}, "an unknown algorithm": {"none", der},
	} {
		k := Key{KID: "k", Alg: c.alg}
		if err := k.UnmarshalPrivate(c.der); err == nil || k.private != nil || k.Public != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if der, err := (Key{}).MarshalPrivate(); der != nil || err != nil {
		t.Errorf("a key without private part: got %v, %v", der, err)
	}
}

func TestGenerateKeyRefuses(t *testing.T) {
	t.Parallel()
	if _, err := GenerateKey("HS256", epoch, ids()); err == nil {
		t.Error("an unknown algorithm was accepted")
	}
	if _, err := GenerateKey(EdDSA, epoch, func() string { return "a b" }); err == nil {
		t.Error("an id that cannot be a kid was accepted")
	}
	if _, err := First("HS256", epoch, ids()); err == nil {
		t.Error("First accepted an unknown algorithm")
	}
}

func TestPrintingAKeyShowsNoPrivatePart(t *testing.T) {
	t.Parallel()
	k := firstKeys(t, EdDSA)[0]
	der, err := k.MarshalPrivate()
	if err != nil {
		t.Fatal(err)
	}
	seed := der[len(der)-32:]
	marks := []string{strings.Trim(fmt.Sprintf("%d", seed[:8]), "[]"), hex.EncodeToString(seed[:8])}
	document, err := json.Marshal(k)
	if err != nil && !errors.As(err, new(*json.UnsupportedTypeError)) {
		t.Fatal(err)
	}
	out := fmt.Sprintf("%v %+v %#v %x %+v %s", k, k, k, k, struct{ key Key }{k}, document)
	for _, mark := range marks {
		if strings.Contains(out, mark) {
			t.Errorf("printing a key shows its private part: %s", out)
		}
	}
}
