package mfa_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/mfa"
)

const (
	wrong = "passcode_invalid"
	used  = "passcode_already_used"
)

var seed20 = []byte("12345678901234567890")

// The vectors of RFC 6238, appendix B, in the order of time: each is accepted once, in its own step.
func TestRFC6238(t *testing.T) {
	t.Parallel()
	for algorithm, c := range map[string]struct {
		size  int
		codes []string
	}{
		"SHA1":   {20, []string{"94287082", "07081804", "14050471", "89005924", "69279037", "65353130"}},
		"SHA256": {32, []string{"46119246", "68084774", "67062674", "91819424", "90698825", "77737706"}},
		"SHA512": {64, []string{"90693936", "25091201", "99943326", "93441116", "38618901", "47863826"}},
	} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.factor("f", bytes.Repeat([]byte("1234567890"), 7)[:c.size], func(f *mfa.Factor) { f.Algorithm, f.Digits = algorithm, 8 })
			for i, at := range []int64{59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000} {
				w.at = time.Unix(at, 0)
				w.refused("a code with its first digit dropped", w.check(c.codes[i][1:]), wrong)
				w.accepted(w.at.String(), w.check(c.codes[i]))
				w.refused("the same again", w.check(c.codes[i]), used)
			}
		})
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		behind, ahead int
		steps         int
		want          string
	}{
		{"two steps back", 1, 1, -2, wrong},
		{"two steps ahead", 1, 1, 2, wrong},
		{"long ago", 1, 1, -1000, wrong},
		{"a step back where none is allowed", 0, 1, -1, wrong},
		{"a step ahead where none is allowed", 1, 0, 1, wrong},
		{"a step back", 1, 0, -1, ""},
		{"now", 0, 0, 0, ""},
		{"a step ahead", 0, 1, 1, ""},
	} {
		w := newWorld(t, func(o *mfa.Options) { o.StepsBehind, o.StepsAhead = c.behind, c.ahead })
		w.factor("f", seed20)
		for _, offset := range []time.Duration{0, 30*time.Second - time.Nanosecond} { // both edges of a step
			w.pass(offset)
			code := w.code(seed20, w.now().Add(time.Duration(c.steps)*30*time.Second))
			if c.want != "" {
				w.refused(c.name, w.check(code), c.want)
				continue
			}
			w.accepted(c.name, w.check(code))
			w.refused(c.name+", again", w.check(code), used)
			w.pass(time.Hour - offset)
		}
	}
}

func TestOnlyLaterStepsAreAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.factor("f", seed20)
	before, now, after := w.code(seed20, w.now().Add(-30*time.Second)), w.code(seed20, w.now()), w.code(seed20, w.now().Add(30*time.Second))
	w.accepted("now", w.check(now))
	w.refused("the step before, never used", w.check(before), used)
	w.accepted("a phone that is ahead", w.check(after))
	w.pass(30 * time.Second)
	w.refused("the same in its own step", w.check(after), used)
	if err := w.check(after); fault.ReasonOf(err) != used {
		t.Errorf("once more: %v", err)
	}
}

func TestUsedCodesTellWhenTheNextComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.factor("f", seed20)
	w.accepted("first", w.check(w.code(seed20, w.now())))
	w.pass(21 * time.Second)
	f, ok := errors.AsType[*fault.Error](w.check(w.code(seed20, w.now())))
	if !ok || f.RetryAfter != 9*time.Second {
		t.Errorf("got %+v, want to wait nine seconds", f)
	}
}

func TestCodesAreTakenLiterally(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.factor("f", seed20)
	code := w.code(seed20, w.now())
	fullwidth := strings.Map(func(r rune) rune { return r - '0' + '０' }, code)
	for _, c := range []string{
		"", " ", code + " ", " " + code, "\u00a0" + code, code[:3] + " " + code[3:], code[:3] + "-" + code[3:], code[:5], code + "0",
		"0" + code, "+" + code, fullwidth, code + "\x00", strings.Repeat("1", 24), strings.Repeat("9", 100000), "-1", "1e5",
	} {
		w.refused("code "+c[:min(len(c), 30)], w.check(c), wrong)
	}
	w.accepted("the code", w.check(code))
}

func TestSeedsThatCannotBeReadMatchNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*mfa.Factor){
		"an empty seed":        func(f *mfa.Factor) { f.Secret = "totp-seed|factor|secret|f|ann|" },
		"a short seed":         func(f *mfa.Factor) { f.Secret = "totp-seed|factor|secret|f|ann|" + strings.Repeat("00", 15) },
		"no seal":              func(f *mfa.Factor) { f.Secret = "" },
		"another user's seed":  func(f *mfa.Factor) { f.Secret = strings.Replace(f.Secret, "ann", "bob", 1) },
		"another factor's":     func(f *mfa.Factor) { f.Secret = strings.Replace(f.Secret, "|f|", "|g|", 1) },
		"an unknown algorithm": func(f *mfa.Factor) { f.Algorithm = "MD5" },
		"no period":            func(f *mfa.Factor) { f.Period = 0 },
		"no digits":            func(f *mfa.Factor) { f.Digits = 0 },
		"a pending factor":     func(f *mfa.Factor) { f.State = mfa.Pending },
	} {
		w := newWorld(t)
		w.factor("f", seed20, change)
		for _, seed := range [][]byte{seed20, {}, make([]byte, 15)} {
			w.refused(name, w.check(w.code(seed, w.now())), wrong)
		}
	}
}

func TestSeveralFactors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := []byte("another seed of some length")
	w.factor("f", seed20)
	w.factor("g", other)
	w.accepted("the first", w.check(w.code(seed20, w.now())))
	w.accepted("the second, in the same step", w.check(w.code(other, w.now())))
	w.refused("the first again", w.check(w.code(seed20, w.now())), used)
	if _, err := w.Check(t.Context(), "bob", w.code(other, w.now().Add(30*time.Second))); fault.ReasonOf(err) != wrong {
		t.Errorf("another user's code: %v", err)
	}
}

func TestOneSeedInTwoFactorsIsOneCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.factor("f", seed20)
	w.accepted("once", w.check(w.code(seed20, w.now())))
	w.factor("g", seed20)
	w.refused("again, after the seed was imported once more", w.check(w.code(seed20, w.now())), used)
	w.pass(30 * time.Second)
	w.accepted("the next", w.check(w.code(seed20, w.now())))
	w.refused("the next again", w.check(w.code(seed20, w.now())), used)
}

func TestTheSameSeedAgainMakesNoUsedCodeGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, err := w.Import(t.Context(), "ann", "old phone", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	w.must(err)
	w.accepted("the code", w.check(w.code(seed20, w.now())))
	w.must(w.Reseed(t.Context(), f, "gezdgnbvgy3tqojqgezdgnbvgy3tqojq===="))
	w.refused("the code after the same seed", w.check(w.code(seed20, w.now())), used)
	w.must(w.Reseed(t.Context(), f, "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK"))
	w.refused("the old seed's code", w.check(w.code(seed20, w.now().Add(30*time.Second))), wrong)
	w.accepted("the new seed's code", w.check(w.code([]byte("abcdefghijabcdefghij"), w.now())))
}

func TestACodeIsSpentWithItsTransactionOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.factor("f", seed20)
	code := w.code(seed20, w.now())
	codes, err := w.Regenerate(t.Context(), "ann")
	w.must(err)
	for _, c := range []string{code, codes[0]} {
		err := w.store.InTx(t.Context(), func(ctx context.Context) error {
			_, err := w.Check(ctx, "ann", c)
			w.must(err)
			return errRolledBack
		})
		if err == nil {
			t.Fatal("the transaction was not rolled back")
		}
		w.accepted("after the rollback", w.check(c))
	}
}

var errRolledBack = errors.New("rolled back")
