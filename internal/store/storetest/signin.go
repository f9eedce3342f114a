package storetest

import (
	"testing"
	"time"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/store"
)

func (w *world) factor(id, user string) mfa.Factor {
	return mfa.Factor{ID: id, UserID: user, Kind: mfa.TOTP, Name: "phone", State: mfa.Pending, Secret: "sealed",
		Algorithm: "SHA1", Digits: 6, Period: 30, CreatedAt: w.now, ExpiresAt: new(w.now.Add(time.Minute))}
}

func factors(t *testing.T, w *world) {
	f := w.factor("f", "ann")
	wantKind(t, "a factor of nobody", w.CreateFactor(w.ctx, w.factor("x", "no")), fault.NotFound)
	must(t, w.CreateFactor(w.ctx, f))
	want(t, "as created", get[mfa.Factor](t)(w.Factor(w.ctx, "ann", "f")), f)
	_, err := w.Factor(w.ctx, "bob", "f")
	wantKind(t, "another's factor", err, fault.NotFound)
	_, err = w.UpdateFactor(w.ctx, "bob", "f", func(*mfa.Factor) error { return nil })
	wantKind(t, "changing another's factor", err, fault.NotFound)
	wantKind(t, "deleting another's factor", w.DeleteFactor(w.ctx, "bob", "f"), fault.NotFound)
	f.State, f.ConfirmedAt, f.ExpiresAt, f.LastStep, f.Name = mfa.Active, new(w.now), nil, 41, ""
	before := w.last(t)
	get[mfa.Factor](t)(w.UpdateFactor(w.ctx, "ann", "f", func(x *mfa.Factor) error { *x = f; x.UserID = "bob"; return nil }))
	get[mfa.Factor](t)(w.UpdateFactor(w.ctx, "ann", "f", func(x *mfa.Factor) error { return nil }))
	want(t, "events", w.actions(t, before), []string{"factor.confirm", "factor.update"})
	want(t, "as updated", get[mfa.Factor](t)(w.FactorByID(w.ctx, "f")), f)
	for step, advanced := range map[int64]bool{41: false, 40: false} {
		want(t, "an old step", get[bool](t)(w.AdvanceStep(w.ctx, "f", step)), advanced)
	}
	want(t, "a new step", get[bool](t)(w.AdvanceStep(w.ctx, "f", 42)), true)
	want(t, "the same step", get[bool](t)(w.AdvanceStep(w.ctx, "f", 42)), false)
	want(t, "a step of no factor", get[bool](t)(w.AdvanceStep(w.ctx, "no", 42)), false)
	must(t, w.CreateFactor(w.ctx, w.factor("g", "bob")))
	want(t, "ann's factors", len(get[[]mfa.Factor](t)(w.Factors(w.ctx, "ann"))), 1)
	must(t, w.DeleteFactor(w.ctx, "ann", "f"))
	must(t, w.DeleteUser(w.ctx, "bob"))
	_, err = w.FactorByID(w.ctx, "g")
	wantKind(t, "a factor of a deleted user", err, fault.NotFound)
}

func purge(t *testing.T, w *world) {
	must(t, w.CreateFactor(w.ctx, w.factor("old", "ann")))
	active := w.factor("active", "ann")
	active.State, active.ExpiresAt = mfa.Active, nil
	must(t, w.CreateFactor(w.ctx, active))
	must(t, w.Revoke(w.ctx, "a", w.now.Add(time.Minute)))
	get[bool](t)(w.UseReceipt(w.ctx, "r", w.now.Add(time.Minute)))
	must(t, w.Purge(w.ctx, w.now.Add(time.Minute-time.Microsecond), store.Retention{}))
	want(t, "factors before the time", len(get[[]mfa.Factor](t)(w.Factors(w.ctx, "ann"))), 2)
	want(t, "revoked before the time", get[bool](t)(w.Revoked(w.ctx, "a")), true)
	want(t, "receipt before the time", get[bool](t)(w.UseReceipt(w.ctx, "r", w.now)), false)
	before := w.last(t)
	must(t, w.Purge(w.ctx, w.now.Add(time.Minute), store.Retention{}))
	want(t, "events", w.actions(t, before), []string{"factor.expire"})
	left := get[[]mfa.Factor](t)(w.Factors(w.ctx, "ann"))
	want(t, "factors after the time", ids(left, func(f mfa.Factor) string { return f.ID }), []string{"active"})
	want(t, "revoked after the time", get[bool](t)(w.Revoked(w.ctx, "a")), false)
	want(t, "receipt after the time", get[bool](t)(w.UseReceipt(w.ctx, "r", w.now)), true)
}

func codes(digests ...string) []mfa.RecoveryCode {
	var out []mfa.RecoveryCode
	for _, d := range digests {
		out = append(out, mfa.RecoveryCode{Digest: d})
	}
	return out
}

func recoveryCodes(t *testing.T, w *world) {
	count := func(remaining, total int) {
		t.Helper()
		r, n, err := w.RecoveryCodeCount(w.ctx, "ann")
		must(t, err)
		want(t, "remaining, total", [2]int{r, n}, [2]int{remaining, total})
	}
	wantKind(t, "codes of nobody", w.ReplaceRecoveryCodes(w.ctx, "no", codes("a")), fault.NotFound)
	count(0, 0)
	must(t, w.ReplaceRecoveryCodes(w.ctx, "ann", codes("a", "b")))
	must(t, w.ReplaceRecoveryCodes(w.ctx, "bob", codes("a")))
	count(2, 2)
	for _, c := range []struct {
		what, user, digest string
		want               bool
	}{
		{"an unknown code", "ann", "x", false}, {"a code", "ann", "a", true}, {"the same code", "ann", "a", false},
		{"another's code of the same digest", "bob", "a", true}, {"the second code", "ann", "b", true},
	} {
		want(t, c.what, get[bool](t)(w.UseRecoveryCode(w.ctx, c.user, c.digest)), c.want)
	}
	count(0, 2)
	must(t, w.ReplaceRecoveryCodes(w.ctx, "ann", codes("c", "d", "e")))
	want(t, "a code of the old set", get[bool](t)(w.UseRecoveryCode(w.ctx, "ann", "b")), false)
	count(3, 3)
	must(t, w.DeleteRecoveryCodes(w.ctx, "ann"))
	before := w.last(t)
	must(t, w.DeleteRecoveryCodes(w.ctx, "ann"))
	want(t, "events of deleting nothing", w.last(t), before)
	count(0, 0)
}

func failures(t *testing.T, w *world) {
	key := auth.FailureKey{UserID: "ann", Kind: auth.PasswordFailure, Network: auth.AnyNetwork}
	other := auth.FailureKey{UserID: "ann", Kind: auth.CodeFailure, Network: "10.0.0.0/24"}
	f := auth.Failures{FailureKey: key, Count: 3, LastAt: w.now, LockedUntil: w.now.Add(time.Minute)}
	must(t, w.UpdateFailures(w.ctx, key, func(x *auth.Failures) error {
		want(t, "a new counter", *x, auth.Failures{FailureKey: key})
		*x = f
		return nil
	}))
	want(t, "counters", get[[]auth.Failures](t)(w.Failures(w.ctx, other, key)), []auth.Failures{{FailureKey: other}, f})
	wantKind(t, "a change that fails", w.UpdateFailures(w.ctx, key, func(x *auth.Failures) error {
		x.Count = 9
		return fault.New(fault.Conflict, "no")
	}), fault.Conflict)
	must(t, w.UpdateFailures(w.ctx, other, func(x *auth.Failures) error { x.Count++; return nil }))
	must(t, w.ResetFailures(w.ctx, "ann", auth.CodeFailure, "elsewhere"))
	want(t, "after a reset elsewhere", get[[]auth.Failures](t)(w.Failures(w.ctx, other))[0].Count, 1)
	must(t, w.ResetFailures(w.ctx, "ann", auth.CodeFailure, other.Network))
	want(t, "after a reset", get[[]auth.Failures](t)(w.Failures(w.ctx, key, other)), []auth.Failures{f, {FailureKey: other}})
	must(t, w.ResetFailures(w.ctx, "ann", "", ""))
	want(t, "after a reset of all", get[[]auth.Failures](t)(w.Failures(w.ctx, key))[0].Count, 0)
	want(t, "no keys", len(get[[]auth.Failures](t)(w.Failures(w.ctx))), 0)
}

func revocations(t *testing.T, w *world) {
	want(t, "nothing asked", get[bool](t)(w.Revoked(w.ctx)), false)
	want(t, "nothing revoked", get[bool](t)(w.Revoked(w.ctx, "a", "b")), false)
	must(t, w.Revoke(w.ctx, "b", w.now.Add(time.Hour)))
	must(t, w.Revoke(w.ctx, "b", w.now.Add(time.Minute)))
	want(t, "one of two revoked", get[bool](t)(w.Revoked(w.ctx, "a", "b")), true)
	must(t, w.Purge(w.ctx, w.now.Add(30*time.Minute), store.Retention{}))
	want(t, "the later time counts", get[bool](t)(w.Revoked(w.ctx, "b")), true)
	want(t, "a receipt that was not used", get[bool](t)(w.ReceiptUsed(w.ctx, "r")), false)
	want(t, "a receipt", get[bool](t)(w.UseReceipt(w.ctx, "r", w.now)), true)
	want(t, "the same receipt", get[bool](t)(w.UseReceipt(w.ctx, "r", w.now)), false)
	want(t, "a receipt that was used", get[bool](t)(w.ReceiptUsed(w.ctx, "r")), true)
}

func signingKeys(t *testing.T, w *world) {
	k1 := auth.StoredKey{KID: "k1", Algorithm: "EdDSA", State: "active", Private: "sealed", Public: []byte{0, 1, 255}, CreatedAt: w.now, ActivatedAt: new(w.now)}
	k2 := auth.StoredKey{KID: "k2", Algorithm: "ES256", State: "pending", Private: "sealed", Public: []byte{2}, CreatedAt: w.now.Add(time.Second)}
	before := w.last(t)
	must(t, w.SaveSigningKeys(w.ctx, []auth.StoredKey{k2, k1}))
	want(t, "keys", get[[]auth.StoredKey](t)(w.SigningKeys(w.ctx)), []auth.StoredKey{k1, k2})
	must(t, w.UpdateSigningKeys(w.ctx, func(keys []auth.StoredKey) ([]auth.StoredKey, error) {
		want(t, "keys to change", keys, []auth.StoredKey{k1, k2})
		keys[1].State, keys[1].Private, keys[1].RetireAt = "retired", "", new(w.now)
		return keys[1:], nil
	}))
	k2.State, k2.Private, k2.RetireAt = "retired", "", new(w.now)
	want(t, "changed keys", get[[]auth.StoredKey](t)(w.SigningKeys(w.ctx)), []auth.StoredKey{k2})
	must(t, w.SaveSigningKeys(w.ctx, []auth.StoredKey{k2}))
	evs := ids(get[[]event.Event](t)(w.EventsAfter(w.ctx, before, 0)), func(e event.Event) string { return e.Action + " " + e.TargetID })
	want(t, "events", evs, []string{"key.create k2", "key.create k1", "key.update k2", "key.delete k1"})
}
