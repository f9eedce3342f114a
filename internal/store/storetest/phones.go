package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/phone"
	"github.com/keyward/identity/internal/store"
)

// phoneOf stores a phone of a user.
func (w *world) phoneOf(t *testing.T, id, user string) mfa.Factor {
	t.Helper()
	f := w.factor(id, user)
	f.Kind, f.State, f.ExpiresAt, f.ConfirmedAt, f.Algorithm, f.Digits, f.Period = mfa.Phone, mfa.Active, nil, new(w.now), "", 0, 0
	f.Phone = mfa.PhoneDetails{Channel: phone.Voice, Country: "DE", Masked: "+49*78", Position: 2, HasApp: true, Preferred: true}
	must(t, w.CreateFactor(w.ctx, f))
	return f
}

func (w *world) phoneCode(id, user, factor, purpose string, after time.Duration) mfa.PhoneCode {
	at := w.now.Add(after)
	return mfa.PhoneCode{
		ID: id, UserID: user, FactorID: factor, Purpose: purpose, Digest: "digest of " + id, Channel: phone.SMS, Status: mfa.StatusSending,
		CreatedAt: at, ExpiresAt: at.Add(time.Minute),
	}
}

func phoneCodes(t *testing.T, w *world) {
	f := w.phoneOf(t, "p", "ann")
	want(t, "the phone", get[mfa.Factor](t)(w.Factor(w.ctx, "ann", "p")), f)
	f.Phone = mfa.PhoneDetails{Channel: phone.SMS}
	get[mfa.Factor](t)(w.UpdateFactor(w.ctx, "ann", "p", func(x *mfa.Factor) error { *x = f; return nil }))
	want(t, "the phone, changed", get[mfa.Factor](t)(w.Factor(w.ctx, "ann", "p")), f)
	w.phoneOf(t, "q", "bob")
	codes := func(user string) []mfa.PhoneCode {
		t.Helper()
		return get[[]mfa.PhoneCode](t)(w.PhoneCodes(w.ctx, user))
	}
	want(t, "none", len(codes("ann")), 0)
	var told []event.Event
	w.OnCommit(func(events []event.Event) { told = append(told, events...) })
	late, early := w.phoneCode("a", "ann", "p", mfa.ForSigningIn, time.Second), w.phoneCode("b", "ann", "p", mfa.ForSigningIn, 0)
	confirm, bobs := w.phoneCode("c", "ann", "p", mfa.ForConfirming, 2*time.Second), w.phoneCode("x", "bob", "q", mfa.ForSigningIn, 0)
	for _, c := range []mfa.PhoneCode{late, early, confirm, bobs} {
		must(t, w.CreatePhoneCode(w.ctx, c))
	}
	want(t, "oldest first", codes("ann"), []mfa.PhoneCode{early, late, confirm})
	late.Status = phone.Failed
	must(t, w.SettlePhoneCode(w.ctx, late, "main"))
	must(t, w.SettlePhoneCode(w.ctx, w.phoneCode("gone", "ann", "p", "", 0), "main"))
	must(t, w.RefusePhoneCode(w.ctx, "ann", "country"))
	want(t, "settled", codes("ann")[1], late)
	want(t, "events", ids(told, func(e event.Event) string { return e.Action + " " + e.UserID + " " + string(e.Outcome) }), []string{
		"phone_code.create ann success", "phone_code.create ann success", "phone_code.create ann success", "phone_code.create bob success",
		"phone_code.send ann failure", "phone_code.send ann success", "phone_code.refuse ann failure",
	})

	must(t, w.MissPhoneCodes(w.ctx, "ann", mfa.ForSigningIn, early.ExpiresAt)) // the early one is over
	want(t, "tries", ids(codes("ann"), func(c mfa.PhoneCode) string { return string(rune('0' + c.Tries)) }), []string{"0", "1", "0"})
	want(t, "of others", codes("bob")[0].Tries, 0)
	want(t, "using one", get[bool](t)(w.UsePhoneCode(w.ctx, late, w.now)), true)
	want(t, "using it again", get[bool](t)(w.UsePhoneCode(w.ctx, late, w.now)), false)
	want(t, "using its like", get[bool](t)(w.UsePhoneCode(w.ctx, early, w.now)), false)
	want(t, "using none", get[bool](t)(w.UsePhoneCode(w.ctx, w.phoneCode("none", "ann", "p", mfa.ForSigningIn, 0), w.now)), false)
	want(t, "using one for another purpose", get[bool](t)(w.UsePhoneCode(w.ctx, confirm, w.now)), true)
	want(t, "bob's", get[bool](t)(w.UsePhoneCode(w.ctx, bobs, w.now)), true)

	must(t, w.Purge(w.ctx, early.ExpiresAt.Add(24*time.Hour-time.Microsecond), store.Retention{}))
	want(t, "within the day", len(codes("ann")), 3)
	must(t, w.Purge(w.ctx, early.ExpiresAt.Add(24*time.Hour), store.Retention{}))
	want(t, "a day behind its end", len(codes("ann")), 2)
}

// phoneCodesGo with the phone and with its user.
func phoneCodesGo(t *testing.T, w *world) {
	w.phoneOf(t, "p", "ann")
	w.phoneOf(t, "q", "bob")
	must(t, w.CreatePhoneCode(w.ctx, w.phoneCode("a", "ann", "p", mfa.ForSigningIn, 0)))
	must(t, w.CreatePhoneCode(w.ctx, w.phoneCode("b", "bob", "q", mfa.ForSigningIn, 0)))
	must(t, w.DeleteFactor(w.ctx, "ann", "p"))
	must(t, w.DeleteUser(w.ctx, "bob"))
	for _, user := range []string{"ann", "bob"} {
		want(t, "codes of "+user, len(get[[]mfa.PhoneCode](t)(w.PhoneCodes(w.ctx, user))), 0)
	}
}

func messageCounts(t *testing.T, w *world) {
	end := w.now.Add(time.Hour)
	want(t, "nothing", get[int](t)(w.Counted(w.ctx, "k")), 0)
	want(t, "one", get[int](t)(w.Count(w.ctx, "k", 1, end)), 1)
	want(t, "more", get[int](t)(w.Count(w.ctx, "k", 5, end)), 6)
	want(t, "given back", get[int](t)(w.Count(w.ctx, "k", -2, end)), 4)
	want(t, "another", get[int](t)(w.Count(w.ctx, "k'", 1, end)), 1)
	rolledBack := fault.New(fault.Conflict, "no")
	wantKind(t, "a transaction that fails", w.InTx(w.ctx, func(ctx context.Context) error {
		want(t, "within it", get[int](t)(w.Count(ctx, "k", 1, end)), 5)
		return rolledBack
	}), fault.Conflict)
	want(t, "counts nothing", get[int](t)(w.Counted(w.ctx, "k")), 4)
	must(t, w.Purge(w.ctx, end.Add(-time.Microsecond), store.Retention{}))
	want(t, "before its end", get[int](t)(w.Counted(w.ctx, "k")), 4)
	must(t, w.Purge(w.ctx, end, store.Retention{}))
	want(t, "at its end", get[int](t)(w.Counted(w.ctx, "k")), 0)
}

// racingMessages: a limit holds and a code is used once, whichever nodes are asked at once.
func racingMessages(t *testing.T, w *world) {
	n := w.nodes(t)
	w.phoneOf(t, "p", "ann")
	code := w.phoneCode("a", "ann", "p", mfa.ForSigningIn, 0)
	must(t, w.CreatePhoneCode(w.ctx, code))
	must(t, w.CreatePhoneCode(w.ctx, w.phoneCode("b", "ann", "p", mfa.ForSigningIn, 0)))
	const most = 7
	want(t, "messages within the limit", together(t, crowd, func(i int) (bool, error) {
		err := n[i%2].InTx(w.ctx, func(ctx context.Context) error {
			sum, err := n[i%2].Count(ctx, "k", 1, w.now)
			if err == nil && sum > most {
				err = fault.New(fault.Conflict, "too many")
			}
			return err
		})
		return unlessConflict(err)
	}), most)
	want(t, "counted", get[int](t)(w.Counted(w.ctx, "k")), most)
	want(t, "UsePhoneCode", together(t, crowd, func(i int) (bool, error) {
		if i%5 == 4 { // wrong ones between
			return false, n[i%2].MissPhoneCodes(w.ctx, "ann", mfa.ForSigningIn, w.now)
		}
		return n[i%2].UsePhoneCode(w.ctx, code, w.now)
	}), 1)
}
