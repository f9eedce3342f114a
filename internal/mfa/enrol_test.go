package mfa_test

import (
	"bytes"
	"encoding/base32"
	"image/png"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/mfa"
)

// enrol starts an enrolment of ann.
func (w *world) enrol() mfa.Enrolment {
	w.t.Helper()
	e, err := w.Enrol(w.t.Context(), "ann", "ann", "phone")
	w.must(err)
	return e
}

// shown is what an app that has read the link shows at a time.
func (w *world) shown(uri string, at time.Time) string {
	w.t.Helper()
	key, err := otp.NewKeyFromURL(uri)
	w.must(err)
	code, err := totp.GenerateCodeCustom(key.Secret(), at, totp.ValidateOpts{
		Period: uint(key.Period()), Digits: key.Digits(), Algorithm: key.Algorithm(),
	})
	w.must(err)
	return code
}

func TestEnrolment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		size  int
		apply func(*mfa.Options)
	}{
		{"what every app understands", 20, func(*mfa.Options) {}},
		{"eight digits", 20, func(o *mfa.Options) { o.Digits = 8 }},
		{"a minute", 20, func(o *mfa.Options) { o.Period = 60 }},
		{"SHA-256", 32, func(o *mfa.Options) { o.Algorithm = "SHA256" }},
		{"SHA-512, eight digits, a minute", 32, func(o *mfa.Options) { o.Algorithm, o.Digits, o.Period = "SHA512", 8, 60 }},
	} {
		w := newWorld(t, c.apply)
		e := w.enrol()
		if seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(e.Secret); err != nil || len(seed) != c.size {
			t.Errorf("%s: the seed has %d bytes (%v), want %d", c.name, len(seed), err, c.size)
		}
		code := w.shown(e.URI, w.now())
		if len(code) != w.o.Digits {
			t.Errorf("%s: the app shows %q", c.name, code)
		}
		w.refused(c.name+": pending", w.check(code), wrong)
		_, _, err := w.Confirm(t.Context(), "ann", e.Factor.ID, "000000")
		w.refused(c.name+": wrong code", err, wrong)
		_, _, err = w.Confirm(t.Context(), "bob", e.Factor.ID, code)
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: confirmed by another user: %v", c.name, err)
		}
		f, codes, err := w.Confirm(t.Context(), "ann", e.Factor.ID, code)
		w.accepted(c.name, err)
		if f.State != mfa.Active || f.ExpiresAt != nil || f.ConfirmedAt == nil || len(codes) != w.o.RecoveryCodes {
			t.Errorf("%s: got %+v with %d codes", c.name, f, len(codes))
		}
		w.refused(c.name+": the confirming code", w.check(code), used)
		w.pass(2 * time.Minute)
		w.accepted(c.name, w.check(w.shown(e.URI, w.now())))
		if _, _, err = w.Confirm(t.Context(), "ann", e.Factor.ID, w.shown(e.URI, w.now())); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: confirmed twice: %v", c.name, err)
		}
	}
}

func TestConfirmationCountsAndRests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.enrol()
	code := w.shown(e.URI, w.now())
	w.locked = true
	_, _, err := w.Confirm(t.Context(), "ann", e.Factor.ID, code)
	w.refused("a right code while codes rest", err, wrong)
	w.locked = false
	if _, _, err = w.Confirm(t.Context(), "ann", e.Factor.ID, code); err != nil || w.reserved != 2 || w.reset != 1 {
		t.Errorf("got %v, %d tries counted and %d resets, want 2 and 1", err, w.reserved, w.reset)
	}
}

func TestPendingEnrolmentsAreForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.enrol()
	w.pass(15*time.Minute - time.Second)
	if all, err := w.Factors(t.Context(), "ann"); err != nil || len(all) != 1 {
		t.Errorf("before its time: got %d factors (%v)", len(all), err)
	}
	w.pass(time.Second)
	if all, err := w.Factors(t.Context(), "ann"); err != nil || len(all) != 0 {
		t.Errorf("after its time: got %d factors (%v)", len(all), err)
	}
	if _, _, err := w.Confirm(t.Context(), "ann", e.Factor.ID, w.shown(e.URI, w.now())); !fault.Is(err, fault.NotFound) {
		t.Errorf("confirmation after its time: got %v, want NotFound", err)
	}
	for range mfa.MaxFactors {
		w.enrol() // the forgotten one made room
	}
	if _, err := w.Enrol(t.Context(), "ann", "ann", "one too many"); fault.ReasonOf(err) != "too_many_factors" {
		t.Errorf("one too many: got %v", err)
	}
	if _, err := w.Import(t.Context(), "ann", "one too many", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"); fault.ReasonOf(err) != "too_many_factors" {
		t.Errorf("one too many imported: got %v", err)
	}
}

func TestRecoveryCodesComeWithTheFirstFactorAndGoWithTheLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.enrol(), w.enrol()
	_, codes, err := w.Confirm(t.Context(), "ann", first.Factor.ID, w.shown(first.URI, w.now()))
	w.must(err)
	_, none, err := w.Confirm(t.Context(), "ann", second.Factor.ID, w.shown(second.URI, w.now()))
	w.must(err)
	if len(codes) != 4 || none != nil {
		t.Errorf("got %d and %d codes, want 4 and none", len(codes), len(none))
	}
	if err := w.Remove(t.Context(), "bob", mfa.TOTP, first.Factor.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("removal by another user: got %v", err)
	}
	w.must(w.Remove(t.Context(), "ann", mfa.TOTP, first.Factor.ID))
	w.accepted("a recovery code while a factor is left", w.check(codes[0]))
	w.must(w.Remove(t.Context(), "ann", mfa.TOTP, second.Factor.ID))
	w.refused("a recovery code without any factor", w.check(codes[1]), wrong)
}

func TestSeedsMadeElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *mfa.Options) { o.Digits, o.Algorithm, o.Period = 8, "SHA512", 60 })
	for name, seed := range map[string]string{
		"nothing":          "",
		"a letter":         "A",
		"fifteen bytes":    strings.TrimRight(base32.StdEncoding.EncodeToString([]byte("123456789012345")), "="),
		"not base32":       "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1",
		"spaces inside":    "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
		"one byte only":    base32.StdEncoding.EncodeToString(make([]byte, 20)),
		"megabytes":        strings.Repeat("GEZDGNBV", 100000),
		"an otpauth link":  "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
		"padding midway":   "GEZDGNBV====GY3TQOJQGEZDGNBVGY3TQOJQ",
		"a line end added": "GEZDGNBVGY3TQOJQ\nGEZDGNBVGY3TQOJQ\x00",
	} {
		if _, err := w.Import(t.Context(), "ann", "x", seed); !fault.Is(err, fault.BadRequest) {
			t.Errorf("%s: got %v, want BadRequest", name, err)
		}
	}
	// The seed of the Keystone documentation, at a time whose code is known; the operator's options do not matter.
	w.at = time.Unix(1700000000, 0)
	_, err := w.Import(t.Context(), "ann", "x", "NFSGK3TUNF2HSLLUN52HALJQGE======")
	w.must(err)
	w.accepted("a step back", w.check("693627"))
	w.accepted("now", w.check("373771"))
}

// A name may hold anything a name may; the link stays one label, one secret and one issuer.
func TestLinksOfHostileNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"x?secret=AAAA&issuer=evil", "a:b", "Evil:ann", "%0a%0d", "a#b", "../../x", "a&digits=1", "a/b", `"><img onerror>`, "a+b c",
		strings.Repeat("😀", 255), strings.Repeat("&", 255), "é́", "",
	} {
		w := newWorld(t, func(o *mfa.Options) { o.Issuer = "Cloud & Co: #1" })
		e, err := w.Enrol(t.Context(), "ann", name, "phone")
		if err != nil {
			t.Errorf("%.30q: %v", name, err)
			continue
		}
		u, err := url.Parse(e.URI)
		w.must(err)
		q, err := url.ParseQuery(u.RawQuery)
		w.must(err)
		want := url.Values{"secret": {e.Secret}, "issuer": {w.o.Issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
		if u.Scheme != "otpauth" || u.Host != "totp" || u.Fragment != "" || q.Encode() != want.Encode() {
			t.Errorf("%.30q: the link is %s", name, e.URI)
		}
		issuer, label, ok := strings.Cut(strings.TrimPrefix(u.EscapedPath(), "/"), ":")
		account, err := url.PathUnescape(label)
		if !ok || err != nil || strings.Contains(label, ":") || !strings.HasPrefix(name, account) || name != "" && account == "" {
			t.Errorf("%.30q: the label is %q (%v)", name, label, err)
		}
		if issuer != "Cloud%20%26%20Co%3A%20%231" {
			t.Errorf("%.30q: the issuer in the label is %q", name, issuer)
		}
		if _, err := png.Decode(bytes.NewReader(e.PNG)); err != nil {
			t.Errorf("%.30q: the QR code: %v", name, err)
		}
	}
}

// Nobody can see the seed of a factor after it was made.
func TestNothingButEnrolShowsASeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.enrol()
	again := w.enrol()
	if e.Secret == again.Secret || e.Factor.ID == again.Factor.ID {
		t.Error("two enrolments are alike")
	}
	if _, err := w.Credential(t.Context(), e.Factor.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a pending factor is a credential: %v", err)
	}
}
