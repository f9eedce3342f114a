package keyring

import (
	"bytes"
	"errors"
	"testing"
)

func TestDigestsOutliveTheirKey(t *testing.T) {
	t.Parallel()
	old := testRing(t, "old").MAC("code", "x")
	heirlooms, err := testRing(t, "new", "old").Bequeath("code")
	if err != nil || len(heirlooms) != 1 {
		t.Fatalf("Bequeath: got %v, %v", heirlooms, err)
	}
	if alone, err := testRing(t, "new").Bequeath("code"); err != nil || len(alone) != 0 {
		t.Errorf("Bequeath of a single key: got %v, %v", alone, err)
	}
	altered := func(change func(*Heirloom)) []Heirloom {
		h := heirlooms[0]
		change(&h)
		return []Heirloom{h}
	}
	for name, h := range map[string][]Heirloom{
		"damaged":          altered(func(h *Heirloom) { h.Sealed += "A" }),
		"another purpose":  altered(func(h *Heirloom) { h.Purpose = "other" }),
		"another root key": altered(func(h *Heirloom) { h.KeyID = "other" }),
	} {
		if err := testRing(t, "new").Inherit(h); !errors.Is(err, ErrOpen) {
			t.Errorf("Inherit what is %s: got %v", name, err)
		}
	}
	if err := testRing(t, "third").Inherit(heirlooms); !errors.Is(err, ErrOpen) {
		t.Errorf("Inherit by a stranger: got %v", err)
	}

	heir := testRing(t, "new")
	if err := heir.Inherit(heirlooms); err != nil {
		t.Fatal(err)
	}
	if all := heir.MACs("code", "x"); len(all) != 2 || !bytes.Equal(all[0], heir.MAC("code", "x")) || !bytes.Equal(all[1], old) {
		t.Error("MACs must hold the primary's digest, then the inherited one")
	}
	if all := heir.MACs("other", "x"); len(all) != 1 {
		t.Errorf("MACs for another purpose: got %d", len(all))
	}
	both := testRing(t, "new", "old")
	if err := both.Inherit(heirlooms); err != nil || len(both.MACs("code", "x")) != 2 {
		t.Errorf("Inherit from a key that is there: got %v and %d digests", err, len(both.MACs("code", "x")))
	}
}

func TestPrefixTellsThePrimary(t *testing.T) {
	t.Parallel()
	r := testRing(t, "new", "old")
	sealed, err := r.Seal("totp", nil, []byte("seed"))
	if err != nil || !bytes.HasPrefix([]byte(sealed), []byte(r.Prefix())) {
		t.Errorf("%q does not begin with %q (%v)", sealed, r.Prefix(), err)
	}
}
