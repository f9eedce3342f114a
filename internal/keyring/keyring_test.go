package keyring

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func testKey(seed string) []byte {
	sum := sha256.Sum256([]byte(seed))
	return sum[:]
}

func testRing(t testing.TB, seeds ...string) *Ring {
	t.Helper()
	var keys [][]byte
	for _, s := range seeds {
		keys = append(keys, testKey(s))
	}
	r, err := FromBytes(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	r := testRing(t, "a")
	sealed, err := r.Seal("totp", []string{"row", "1"}, []byte("seed"))
	if err != nil {
		t.Fatal(err)
	}
	id := r.Primary()
	body := sealed[len("v1.")+len(id)+1:]
	for _, c := range []struct {
		name    string
		ring    *Ring
		purpose string
		aad     []string
		sealed  string
	}{
		{"another purpose", r, "hash", []string{"row", "1"}, sealed},
		{"another row", r, "totp", []string{"row", "2"}, sealed},
		{"aad split at another place", r, "totp", []string{"row1"}, sealed},
		{"aad with an empty part more", r, "totp", []string{"row", "1", ""}, sealed},
		{"no aad", r, "totp", nil, sealed},
		{"a ring without the key", testRing(t, "b"), "totp", []string{"row", "1"}, sealed},
		{"another version", r, "totp", []string{"row", "1"}, "v2" + sealed[2:]},
		{"a key id that is not known", r, "totp", []string{"row", "1"}, "v1.x." + body},
		{"an empty text", r, "totp", []string{"row", "1"}, ""},
		{"no body", r, "totp", []string{"row", "1"}, "v1." + id + "."},
		{"a body that is cut", r, "totp", []string{"row", "1"}, sealed[:len(sealed)-4]},
		{"a body with a line end", r, "totp", []string{"row", "1"}, sealed + "\n"},
		{"padding", r, "totp", []string{"row", "1"}, sealed + "=="},
		{"one changed character", r, "totp", []string{"row", "1"}, flip(sealed)},
	} {
		if got, err := c.ring.Open(c.purpose, c.aad, c.sealed); !errors.Is(err, ErrOpen) || got != nil {
			t.Errorf("%s: got %q, %v; want ErrOpen", c.name, got, err)
		}
	}
}

func flip(s string) string {
	i := len(s) / 2
	b := []byte(s)
	if b[i]++; b[i] > 'y' {
		b[i] = 'a'
	}
	return string(b)
}

func TestSealedValueOpensAgain(t *testing.T) {
	t.Parallel()
	r := testRing(t, "a")
	rapid.Check(t, func(t *rapid.T) {
		purpose, aad := rapid.String().Draw(t, "purpose"), rapid.SliceOf(rapid.String()).Draw(t, "aad")
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		sealed, err := r.Seal(purpose, aad, plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Open(purpose, aad, sealed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("got %q, %v; want %q", got, err, plain)
		}
		again, err := r.Seal(purpose, aad, plain)
		if err != nil || again == sealed {
			t.Fatal("sealing twice gave the same text")
		}
	})
}

func TestNewPrimaryKeepsOldValuesReadable(t *testing.T) {
	t.Parallel()
	before, after := testRing(t, "old"), testRing(t, "new", "old")
	sealed, err := before.Seal("totp", nil, []byte("seed"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := after.Open("totp", nil, sealed); err != nil || string(got) != "seed" {
		t.Errorf("open under the rotated ring: got %q, %v", got, err)
	}
	if !before.Current(sealed) || after.Current(sealed) || after.Current("junk") {
		t.Error("Current does not tell values of the primary from older ones")
	}
	old := before.MAC("code", "x")
	if all := after.MACs("code", "x"); len(all) != 2 || !bytes.Equal(all[0], after.MAC("code", "x")) || !bytes.Equal(all[1], old) {
		t.Error("MACs must hold the primary's digest, then the older key's")
	}
}

func TestMACDependsOnEverything(t *testing.T) {
	t.Parallel()
	r := testRing(t, "a")
	seen := map[string]string{}
	for name, mac := range map[string][]byte{
		"the digest":      r.MAC("code", "ab", "c"),
		"another split":   r.MAC("code", "a", "bc"),
		"joined":          r.MAC("code", "abc"),
		"another purpose": r.MAC("other", "ab", "c"),
		"another key":     testRing(t, "b").MAC("code", "ab", "c"),
		"no parts":        r.MAC("code"),
		"an empty part":   r.MAC("code", ""),
	} {
		if other, dup := seen[string(mac)]; dup || len(mac) != sha256.Size {
			t.Errorf("%s equals %s, or is not 32 bytes long", name, other)
		}
		seen[string(mac)] = name
	}
	if !bytes.Equal(r.MAC("code", "ab", "c"), testRing(t, "a").MAC("code", "ab", "c")) {
		t.Error("MAC differs between two rings of the same key")
	}
}

func TestFormatIsStable(t *testing.T) {
	t.Parallel()
	// Recorded once: a change of labels or joining would make stored values unreadable.
	const sealed = "v1.db996830fd5f.YIOFEECdGhMT-6mdRbjwSNlK8G68v4LO4-48hjDzs_4"
	r := testRing(t, "a")
	if got, err := r.Open("totp", []string{"row", "1"}, sealed); err != nil || string(got) != "seed" {
		t.Errorf("recorded value: got %q, %v", got, err)
	}
	if got, want := fmt.Sprintf("%x", r.MAC("code", "ab", "c")), "27073c75a2231ce5b362dea4029e152b4e9ccd7736485086ba4101660f8a1e7f"; got != want {
		t.Errorf("MAC: got %s, want %s", got, want)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	r := testRing(t, "a")
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			purpose := fmt.Sprint(i % 4)
			sealed, err := r.Seal(purpose, nil, []byte("x"))
			if err != nil {
				t.Error(err)
			}
			if _, err := r.Open(purpose, nil, sealed); err != nil {
				t.Error(err)
			}
			if !bytes.Equal(r.MAC(purpose), r.MAC(purpose)) {
				t.Error("MAC is not stable")
			}
		})
	}
	wg.Wait()
}

func TestPrintingShowsNoKey(t *testing.T) {
	t.Parallel()
	r := testRing(t, "a")
	holder := struct{ ring *Ring }{r}
	for _, out := range []string{fmt.Sprintf("%v %+v %#v %s", r, r, r, r), fmt.Sprintf("%+v", holder)} {
		if strings.Contains(out, fmt.Sprint(testKey("a")[0])+" "+fmt.Sprint(testKey("a")[1])) || strings.Contains(out, "roots") {
			t.Errorf("printing a ring shows its keys: %s", out)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	r := testRing(b, "a")
	for b.Loop() {
		if _, err := r.Seal("totp", []string{"row"}, make([]byte, 32)); err != nil {
			b.Fatal(err)
		}
	}
}
