package mfa_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/mfa"
)

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *mfa.Options) { o.RecoveryCodes = 16 })
	codes, err := w.Regenerate(t.Context(), "ann")
	w.must(err)
	shape := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){5}$`)
	seen := map[string]bool{}
	for _, c := range codes {
		if !shape.MatchString(c) || seen[c] {
			t.Errorf("code %q is malformed or there twice", c)
		}
		seen[c] = true
	}
	bare := func(c string) string { return strings.ReplaceAll(c, "-", "") }
	for _, bad := range []string{
		"", "-", codes[0] + " ", " " + codes[0], strings.ReplaceAll(codes[0], "-", " "), codes[0][:28], codes[0] + "0",
		strings.ReplaceAll(codes[0], "-", "–"), codes[0] + "\n", strings.Repeat("-", 40), codes[0] + codes[1],
		strings.Replace(codes[0], codes[0][:1], "U", 1), strings.Repeat("A", 24),
	} {
		w.refused("spelling "+bad, w.check(bad), wrong)
	}
	for i, spell := range []func(string) string{
		func(c string) string { return c }, strings.ToLower, bare,
		func(c string) string { return "-" + bare(c)[:5] + "--" + bare(c)[5:] + "-" },
	} {
		if _, err := w.Check(t.Context(), "bob", spell(codes[i])); err == nil {
			t.Error("another user's code was accepted")
		}
		got, err := w.Check(t.Context(), "ann", spell(codes[i]))
		w.accepted("spelling "+spell(codes[i]), err)
		if !got.Recovery || got.Remaining != 15-i {
			t.Errorf("got %+v, want a recovery code and %d left", got, 15-i)
		}
		for _, again := range []string{codes[i], strings.ToLower(codes[i]), bare(codes[i])} {
			w.refused("used, spelt "+again, w.check(again), wrong)
		}
	}
	fresh, err := w.Regenerate(t.Context(), "ann")
	w.must(err)
	w.refused("a code of the old set", w.check(codes[9]), wrong)
	w.accepted("a code of the new set", w.check(fresh[0]))
	if left, total, err := w.RecoveryCodes(t.Context(), "ann"); err != nil || left != 15 || total != 16 {
		t.Errorf("got %d of %d (%v), want 15 of 16", left, total, err)
	}
}

// O, I, L and U are no letters of the alphabet: nothing is guessed about what somebody may have meant.
func TestRecoveryCodesAreNotGuessedAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *mfa.Options) { o.RecoveryCodes = 16 })
	codes, err := w.Regenerate(t.Context(), "ann")
	w.must(err)
	tried := 0
	for _, c := range codes {
		for digit, letters := range map[string]string{"0": "Oo", "1": "IiLl"} {
			for _, l := range letters {
				if misread := strings.ReplaceAll(c, digit, string(l)); misread != c {
					tried++
					w.refused("misread "+misread, w.check(misread), wrong)
				}
			}
		}
	}
	if tried == 0 {
		t.Skip("no code has a 0 or a 1") // one in 10^40
	}
}
