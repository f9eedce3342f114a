package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/phone"
)

// carrier keeps messages and says what it is told to.
type carrier struct {
	out phone.Outcome
	got []phone.Message
	// before is called while a message is on its way.
	before func()
}

func (c *carrier) Send(_ context.Context, m phone.Message) (phone.Outcome, string) {
	if c.before != nil {
		c.before()
	}
	c.got = append(c.got, m)
	return c.out, "main"
}

func (c *carrier) Counts() []phone.Count { return []phone.Count{{Name: "main"}} }

func (c *carrier) last() string { return c.got[len(c.got)-1].Code }

// withPhones is a world with a carrier, and a confirmed phone of ann.
func withPhones(t *testing.T, change ...func(*mfa.PhoneOptions)) (*world, *carrier, mfa.Factor) {
	t.Helper()
	w, c := newWorld(t), &carrier{out: phone.Sent}
	o := mfa.PhoneOptions{
		CodeTTL: 10 * time.Minute, Resend: 30 * time.Second, MaxResend: 2 * time.Minute, Tries: 3, SMSCost: 1, VoiceCost: 2,
		Text: "{code} for {issuer}", Spoken: "Listen: {code}.",
	}
	for _, f := range change {
		f(&o)
	}
	w.WithPhones(c, o)
	f := w.phone("+4915112345678")
	_, err := w.VerifyPhone(t.Context(), "ann", f.ID, "")
	w.must(err)
	f, codes, err := w.ConfirmPhone(t.Context(), "ann", f.ID, c.last())
	w.must(err)
	if len(codes) != 4 || f.State != mfa.Active {
		t.Fatalf("got %+v and %d codes", f, len(codes))
	}
	return w, c, f
}

// phone adds a pending phone of ann.
func (w *world) phone(number string) mfa.Factor {
	w.t.Helper()
	f, err := w.AddPhone(w.t.Context(), "ann", mfa.NewPhone{Name: "x", Number: number, Channel: phone.SMS})
	w.must(err)
	return f
}

// challenge sends a code to ann when one may be sent again.
func (w *world) challenge(channel phone.Channel) mfa.Challenge {
	w.t.Helper()
	w.pass(3 * time.Minute)
	x, err := w.Challenge(w.t.Context(), "ann", "", channel)
	w.must(err)
	return x
}

func (w *world) checkPhone(code string) error {
	_, err := w.CheckPhone(w.t.Context(), "ann", code)
	return err
}

func reason(t *testing.T, what string, err error, want string) {
	t.Helper()
	if got := fault.ReasonOf(err); got != want || err == nil {
		t.Errorf("%s: got %v (%s), want %s", what, err, got, want)
	}
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	w, c, f := withPhones(t)
	x := w.challenge("")
	code := c.last()
	if m := c.got[1]; m.ID != x.ID || m.To != (phone.Number{E164: "+4915112345678", Country: "DE"}) || m.Text != code+" for "+mfa.Defaults.Issuer || x.Status != phone.Sent {
		t.Errorf("sent %+v", m)
	}
	w.challenge(phone.Voice)
	if m := c.got[2]; m.Text != "Listen: "+strings.Join(strings.Split(m.Code, ""), ", ")+"." {
		t.Errorf("spoken %q", m.Text)
	}
	for _, stored := range []string{x.Digest, f.Secret} {
		if strings.Contains(stored, "5112345678") {
			t.Errorf("stored as it is: %s", stored)
		}
	}
	purpose, place := mfa.SeedSealedAs(f.ID, "ann")
	if raw, err := (plain{}).Open(purpose, place, f.Secret); err != nil || string(raw) != "+4915112345678" {
		t.Errorf("what seals keys again does not find the number: %s %v", raw, err)
	}
	if f.Drift != 0 || f.LastStep != 0 {
		t.Errorf("a phone has a clock: %+v", f)
	}
}

func TestCodesThatWereSent(t *testing.T) {
	t.Parallel()
	w, c, f := withPhones(t)
	confirming := c.last()
	reason(t, "the code of the confirmation", w.checkPhone(confirming), "passcode_invalid")
	var codes []string
	for range 4 {
		w.challenge("")
		codes = append(codes, c.last())
	}
	reason(t, "older than three others", w.checkPhone(codes[0]), "passcode_invalid")
	w.must(w.checkPhone(codes[1]))
	for i, code := range codes[1:] {
		reason(t, fmt.Sprint("used, or of a used one's time: ", i), w.checkPhone(code), "passcode_already_used")
	}
	w.challenge("")
	for range 3 {
		w.must(w.Missed(t.Context(), "ann"))
	}
	reason(t, "after its tries", w.checkPhone(c.last()), "passcode_invalid")
	w.challenge("")
	w.pass(10*time.Minute - time.Microsecond)
	w.must(w.checkPhone(c.last()))
	w.challenge("")
	w.pass(10 * time.Minute)
	reason(t, "at its end", w.checkPhone(c.last()), "passcode_invalid")
	for _, bad := range []string{"", "12345", "1234567", "12345a", "١٢٣٤٥٦"} {
		reason(t, bad, w.checkPhone(bad), "passcode_invalid")
	}
	w.challenge("")
	w.must(w.Remove(t.Context(), "ann", mfa.Phone, f.ID))
	reason(t, "of a phone that is gone", w.checkPhone(c.last()), "passcode_invalid")
	_, err := w.Challenge(t.Context(), "ann", "", "")
	reason(t, "to a phone that is gone", err, "no_phone")
}

// A message that nobody has made certain of is good when it comes, and none is ever sent a second time.
func TestWhatBecomesOfMessages(t *testing.T) {
	t.Parallel()
	w, c, _ := withPhones(t, func(o *mfa.PhoneOptions) { o.DailyBudget = 3 })
	spent := func(want int) {
		t.Helper()
		if got, err := w.Spent(t.Context()); err != nil || got != want {
			t.Errorf("spent %d %v, want %d", got, err, want)
		}
	}
	c.before = func() { spent(2) } // booked before it is sent: a crash costs money, not a limit
	c.out = phone.Failed
	w.pass(3 * time.Minute)
	_, err := w.Challenge(t.Context(), "ann", "", "")
	reason(t, "nobody took it", err, "phone_delivery_failed")
	reason(t, "its code", w.checkPhone(c.last()), "passcode_invalid")
	spent(1)
	c.out = phone.Uncertain
	x, err := w.Challenge(t.Context(), "ann", "", "") // at once
	if err != nil || x.Status != phone.Uncertain {
		t.Fatalf("got %+v %v", x, err)
	}
	w.must(w.checkPhone(c.last()))
	c.before = nil
	w.challenge("")
	spent(3)
	n := len(c.got)
	w.pass(3 * time.Minute)
	_, err = w.Challenge(t.Context(), "ann", "", "")
	reason(t, "beyond the day's", err, "too_many_messages")
	if len(c.got) != n {
		t.Error("a message beyond the limit")
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.pass(24 * time.Hour)
	c.before = cancel // the client hangs up
	if _, err := w.Challenge(ctx, "ann", "", ""); err != nil {
		t.Errorf("the client has gone: %v", err)
	}
	w.must(w.checkPhone(c.last()))
}

func TestPhonesAreOrdered(t *testing.T) {
	t.Parallel()
	w, _, first := withPhones(t)
	var want []string
	for _, n := range []string{"+33612345678", "+12125550123", "+447400123456", "+41791234567"} {
		want = append(want, w.phone(n).ID)
	}
	want = slices.Insert(want, 0, first.ID)
	if _, err := w.AddPhone(t.Context(), "ann", mfa.NewPhone{Number: "+436641234567", Channel: phone.SMS}); !fault.Is(err, fault.Conflict) {
		t.Errorf("one more than there may be: %v", err)
	}
	move := func(id string, to int) {
		t.Helper()
		_, err := w.ChangePhone(t.Context(), "ann", id, mfa.PhoneChange{Position: optional.Of(to)})
		w.must(err)
		want = slices.Insert(slices.DeleteFunc(want, func(x string) bool { return x == id }), min(to-1, len(want)-1), id)
		all, err := w.Phones(t.Context(), "ann")
		w.must(err)
		for i, f := range all {
			if f.ID != want[i] || f.Phone.Position != i+1 {
				t.Fatalf("moved %s to %d: %s at %d is numbered %d, want %v", id, to, f.ID, i, f.Phone.Position, want)
			}
		}
	}
	move(want[4], 1)
	move(want[0], 99)
	move(want[2], 2)
	move(want[1], 1)
	_, err := w.ChangePhone(t.Context(), "bob", first.ID, mfa.PhoneChange{})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("another's: %v", err)
	}
	w.pass(time.Hour) // those that nobody confirmed are over
	if all, err := w.Phones(t.Context(), "ann"); err != nil || len(all) != 1 {
		t.Errorf("%d phones %v", len(all), err)
	}
}

// An app's calls do nothing to phones, nor the other way round.
func TestKindsAreApart(t *testing.T) {
	t.Parallel()
	w, _, f := withPhones(t)
	pending := w.phone("+33612345678")
	e, err := w.Enrol(t.Context(), "ann", "ann", "app")
	w.must(err)
	for what, err := range map[string]error{
		"confirming a phone as an app": second(w.Confirm(t.Context(), "ann", pending.ID, "123456")),
		"renaming a phone as an app":   first(w.Rename(t.Context(), "ann", f.ID, "x")),
		"removing a phone as an app":   w.Remove(t.Context(), "ann", mfa.TOTP, f.ID),
		"a phone as a credential":      first(w.Credential(t.Context(), f.ID)),
		"an app as a phone":            first(w.PhoneOf(t.Context(), "ann", e.Factor.ID)),
		"removing an app as a phone":   w.Remove(t.Context(), "ann", mfa.Phone, e.Factor.ID),
		"a code to an app":             first(w.VerifyPhone(t.Context(), "ann", e.Factor.ID, "")),
		"changing an app":              first(w.ChangePhone(t.Context(), "ann", e.Factor.ID, mfa.PhoneChange{})),
		"confirming an app as a phone": second(w.ConfirmPhone(t.Context(), "ann", e.Factor.ID, "123456")),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	w.locked = true
	_, _, err = w.ConfirmPhone(t.Context(), "ann", pending.ID, "123456")
	if !errors.Is(err, mfa.ErrWrongCode) {
		t.Errorf("while codes rest: %v", err)
	}
}

func first[T any](_ T, err error) error { return err }

func second[T, U any](_ T, _ U, err error) error { return err }
