package auth_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
)

// Whatever cannot be read or written means no token, and the same sign-in works once it can be.
func TestTheGateFailsClosed(t *testing.T) {
	t.Parallel()
	for _, method := range []string{
		"Append", "Append token.issue", "User", "Password", "Factors", "Failures", "UpdateFailures", "ResetFailures",
		"UseReceipt", "AdvanceStep",
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			seed, _ := g.enrol()
			first := g.receipt(withPassword("correct horse"))
			r := withCode(g.code(seed))
			r.Receipt = first.Text
			if method == "Password" || method == "Failures" {
				r = withBoth("correct horse", g.code(seed))
			}
			g.store.broken[method] = true
			issued, err := g.SignIn(g.from("192.0.2.1"), r)
			if err == nil || issued.Text != "" {
				t.Fatalf("got a token (%v), want none", issued.Text != "")
			}
			if fault.KindOf(err) == fault.BadRequest {
				t.Errorf("got %v, want our own trouble", err)
			}
			g.store.broken[method] = false
			if g.signIn(r).Text == "" {
				t.Error("the code or the receipt was spent by the failure")
			}
		})
	}
}

func TestARefusalThatCannotBeRecordedIsNoRefusal(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.store.broken["Append"] = true
	for _, r := range []auth.Request{withPassword("wrong"), withPassword("correct horse"), withCode("123456")} {
		_, err := g.SignIn(g.from("192.0.2.1"), r)
		if !errors.Is(err, errBroken) {
			t.Errorf("%v: got %v, want the failure to record", r.Methods, err)
		}
	}
}

func TestReceiptsAreRecordedWhoeverAsked(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	actor := g.signIn(withPassword("correct horse")).Actor()
	g.pass(11 * time.Minute)
	g.store.broken["Append receipt.issue"] = true
	if err := g.Fresh(t.Context(), actor, 10*time.Minute); !errors.Is(err, errBroken) {
		t.Errorf("step-up: got %v, want the failure to record the receipt", err)
	}
	g.enrol()
	if _, err := g.SignIn(t.Context(), withPassword("correct horse")); !errors.Is(err, errBroken) {
		t.Errorf("sign-in: got %v, want the failure to record the receipt", err)
	}
}

func TestUnreadableOptionsGiveNoToken(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	seed, _ := g.enrol()
	g.options(func(o *identity.Options) { o.MFARules = &[][]string{{"password"}, {"webauthn", "password"}} })
	g.signIn(withBoth("correct horse", g.code(seed)))
	g.pass(time.Minute)
	g.options(func(o *identity.Options) { o.MFARules = &[][]string{{"webauthn"}} })
	_, err := g.SignIn(t.Context(), withBoth("correct horse", g.code(seed)))
	if receipt, ok := errors.AsType[*auth.ReceiptError](err); !ok || len(receipt.Required) != 0 {
		t.Errorf("rules that can never be met: got %v, want a receipt that offers nothing", err)
	}
}

// A refused sign-in spends nothing and does not count a right code as a wrong one.
func TestARefusedSignInSpendsNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	seed, codes := g.enrol()
	first := g.receipt(withPassword("correct horse"))
	for i := range 15 { // more than wrong codes are borne
		for _, code := range []string{g.code(seed), codes[0]} {
			r := withCode(code)
			r.Receipt = first.Text
			r.Scope = auth.WantedScope{Kind: auth.ScopeProject, Target: auth.Ref{ID: "no-such-project"}}
			if _, err := g.SignIn(t.Context(), r); !fault.Is(err, fault.Unauthorized) {
				t.Fatalf("try %d: got %v, want Unauthorized", i, err)
			}
		}
	}
	r := withCode(g.code(seed))
	r.Receipt = first.Text
	g.signIn(r)
	r.TOTP.Code = codes[0]
	if _, err := g.SignIn(t.Context(), r); fault.ReasonOf(err) != "receipt_already_used" {
		t.Errorf("the same receipt again: got %v", err)
	}
	g.signIn(withBoth("correct horse", codes[0]))
}

// Codes that were used before neither count nor lift the pause that wrong ones earned.
func TestUsedCodesAreNoWayRoundTheLimit(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	seed, _ := g.enrol()
	used := g.code(seed)
	g.signIn(withBoth("correct horse", used))
	wrong := 0
	for range 40 {
		if _, err := g.SignIn(t.Context(), withBoth("correct horse", used)); fault.ReasonOf(err) != "passcode_already_used" {
			break
		}
		if _, err := g.SignIn(t.Context(), withBoth("correct horse", "abcdef")); !fault.Is(err, fault.Unauthorized) {
			t.Fatalf("a wrong code: got %v", err)
		}
		wrong++
	}
	if wrong != auth.DefaultLockout.CodeTries {
		t.Errorf("%d wrong codes were looked at, want %d", wrong, auth.DefaultLockout.CodeTries)
	}
	g.pass(29 * time.Second)
	if _, err := g.SignIn(t.Context(), withBoth("correct horse", g.code(seed))); err == nil {
		t.Error("a right code was accepted while codes rest")
	}
	g.pass(31 * time.Second)
	g.signIn(withBoth("correct horse", g.code(seed)))
}

func TestExpiredPasswords(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	soon := g.now().Add(3 * time.Minute)
	g.setPassword("correct horse", &soon)
	seed, _ := g.enrol()
	old := g.receipt(withPassword("correct horse"))
	g.pass(2 * time.Minute)

	for name, r := range map[string]auth.Request{
		"with both":               withBoth("correct horse", g.code(seed)),
		"with a receipt for it":   {Methods: []string{"totp"}, TOTP: &auth.CodeProof{User: ann(), Code: g.code(seed)}, Receipt: old.Text},
		"with a receipt from now": {Methods: []string{"totp"}, TOTP: &auth.CodeProof{User: ann(), Code: g.code(seed)}, Receipt: g.receipt(withPassword("correct horse")).Text},
	} {
		if _, err := g.SignIn(t.Context(), r); fault.ReasonOf(err) != "password_expired" {
			t.Errorf("%s: got %v, want that the password is expired", name, err)
		}
	}
	if _, err := g.SignIn(t.Context(), withPassword("wrong")); fault.ReasonOf(err) != "" {
		t.Errorf("a wrong password: got %v, want nothing about its expiry", err)
	}
	err := g.ChangePassword(t.Context(), auth.PasswordChange{UserID: "ann", Original: "correct horse", New: "battery staple 9", Code: g.code(seed)})
	if err != nil {
		t.Fatalf("change of an expired password: %v", err)
	}
	g.pass(time.Minute)
	g.signIn(withBoth("battery staple 9", g.code(seed)))

	past := g.now().Add(-time.Hour)
	g.setPassword("correct horse", &past)
	g.options(func(o *identity.Options) { o.IgnorePasswordExpiry = new(true) })
	g.pass(time.Minute)
	g.signIn(withBoth("correct horse", g.code(seed)))
}

// What ends a receipt: anything that changes what the user signs in with, and pauses of the password.
func TestReceiptsEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(g *gate){
		"when it is five minutes old": func(g *gate) { g.pass(5 * time.Minute) },
		"when the password changes":   func(g *gate) { g.setPassword("correct horse", nil) },
		"when the user is disabled and enabled": func(g *gate) {
			for _, on := range []bool{false, true} {
				_, err := g.store.UpdateUser(g.t.Context(), "ann", func(u *identity.User) error {
					if u.Enabled = on; !on {
						u.AuthVersion++
					}
					return nil
				})
				g.must(err)
			}
		},
		"when the user gets another factor": func(g *gate) { g.enrol() },
		"when the factor has a new seed": func(g *gate) {
			all, err := g.mfa.Active(g.t.Context(), "ann")
			g.must(err)
			g.must(g.mfa.Reseed(g.t.Context(), all[0], "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"))
		},
		"while passwords rest": func(g *gate) {
			for range 5 {
				_, _ = g.SignIn(g.from("192.0.2.1"), withPassword("wrong"))
			}
		},
		"when the password is removed": func(g *gate) { g.must(g.store.DeletePasswords(g.t.Context(), "ann")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			_, codes := g.enrol()
			r := withCode(codes[0])
			r.Receipt = g.receipt(withPassword("correct horse")).Text
			end(g)
			_, err := g.SignIn(g.from("192.0.2.1"), r)
			if fault.ReasonOf(err) != "receipt_invalid" {
				t.Errorf("got %v, want that the receipt is not valid", err)
			}
		})
	}
}

func TestReceiptsCannotBeStretched(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	weak := g.signIn(withPassword("correct horse")).Text
	seed, _ := g.enrol()
	began := g.now()
	receipt := g.receipt(withPassword("correct horse"))
	for range 3 { // continuing from an old token with the receipt asks for no new proof
		g.pass(time.Minute)
		r := withToken(weak)
		r.Receipt = receipt.Text
		r.Scope.Kind = auth.ScopeNone
		issued, err := g.SignIn(t.Context(), r)
		next, ok := errors.AsType[*auth.ReceiptError](err)
		if !ok {
			t.Fatalf("got %v, %v, want another receipt", issued.Text, err)
		}
		if next.ExpiresAt.After(receipt.ExpiresAt) || !slices.Equal(next.Methods, []string{"password"}) {
			t.Errorf("the next receipt lives until %v and remembers %v", next.ExpiresAt, next.Methods)
		}
		receipt = next
	}
	r := withCode(g.code(seed))
	r.Receipt = receipt.Text
	if got := g.signIn(r).AuthTime; !got.Equal(began) {
		t.Errorf("the token is as fresh as %v, want the time of the password, %v", got, began)
	}
}

func TestFreshnessIsThatOfTheLastProofThatIsStrongEnough(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	seed, _ := g.enrol()
	began := g.now()
	strong := g.signIn(withBoth("correct horse", g.code(seed))).Text
	g.pass(20 * time.Minute)
	again := g.signIn(withToken(strong))
	if !again.AuthTime.Equal(began) {
		t.Errorf("continuing: got %v, want %v", again.AuthTime, began)
	}
	r := withCode(g.code(seed))
	r.Methods, r.Token = []string{"token", "totp"}, &strong
	if half := g.signIn(r); !half.AuthTime.Equal(g.now()) || !half.ExpiresAt.Equal(again.ExpiresAt) {
		t.Errorf("with a code: as fresh as %v until %v, want %v and %v", half.AuthTime, half.ExpiresAt, g.now(), again.ExpiresAt)
	}
	r = withPassword("correct horse")
	r.Methods, r.Token = []string{"token", "password"}, &strong
	if weak := g.signIn(r); !weak.AuthTime.Equal(began) {
		t.Errorf("with the password: as fresh as %v, want %v", weak.AuthTime, began)
	}
	g.pass(time.Minute)
	r = withBoth("correct horse", g.code(seed))
	r.Methods, r.Token = []string{"token", "password", "totp"}, &strong
	if full := g.signIn(r); !full.AuthTime.Equal(g.now()) || !full.ExpiresAt.Equal(again.ExpiresAt) {
		t.Errorf("with everything: as fresh as %v until %v", full.AuthTime, full.ExpiresAt)
	}
}

// An administrator's new password is not undone by a change that was under way.
func TestAChangeUnderWayLosesAgainstANewPassword(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	before, err := g.store.User(t.Context(), "ann")
	g.must(err)
	done := make(chan error, 2)
	for _, plain := range []string{"first new password", "second new password"} {
		go func() {
			done <- g.ChangePassword(t.Context(), auth.PasswordChange{UserID: "ann", Original: "correct horse", New: plain})
		}()
	}
	if first, second := <-done, <-done; (first == nil) == (second == nil) {
		t.Errorf("two changes at once: got %v and %v, want one to win", first, second)
	}
	history, err := g.store.PasswordHistory(t.Context(), "ann", 10)
	if err != nil || len(history) != 1 || !history[0].SelfService {
		t.Errorf("got %d passwords (%v), want the new one alone", len(history), err)
	}
	after, err := g.store.User(t.Context(), "ann")
	if err != nil || after.AuthVersion != before.AuthVersion+1 {
		t.Errorf("the auth version went from %d to %d (%v), want one more", before.AuthVersion, after.AuthVersion, err)
	}
}

func TestChangePasswordDemandsWhatSigningInDoes(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	weak := g.signIn(withPassword("correct horse")).Text
	seed, codes := g.enrol()
	strong := g.signIn(withBoth("correct horse", g.code(seed))).Text
	change := auth.PasswordChange{UserID: "ann", Original: "correct horse", New: "battery staple 9"}
	refused := func(what string, c auth.PasswordChange) {
		t.Helper()
		if err := g.ChangePassword(t.Context(), c); !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%s: got %v, want Unauthorized", what, err)
		}
	}
	refused("the password alone", change)
	change.Token = weak
	refused("with a token from before the factor", change)
	change.Code = "000000"
	refused("with a wrong code", change)
	change.Code, change.Token = g.code(seed), strong
	refused("with a used code beside a strong token", change)
	g.pass(11 * time.Minute)
	change.Code = ""
	refused("with a token that is not fresh", change)
	change.Code = codes[0]
	if err := g.ChangePassword(t.Context(), change); err != nil {
		t.Fatalf("with a recovery code: %v", err)
	}
	if _, err := g.Authenticate(t.Context(), strong, "GET", "/v3", without); err == nil {
		t.Error("a token from before the change lives on")
	}
	change.Original, change.New, change.Code = "battery staple 9", "correct horse", ""
	change.Token = g.signIn(withBoth("battery staple 9", g.code(seed))).Text
	g.store.broken["Factors"] = true
	if err := g.ChangePassword(t.Context(), change); !errors.Is(err, errBroken) {
		t.Errorf("a database that fails: got %v", err)
	}
	g.store.broken["Factors"] = false
	if err := g.ChangePassword(t.Context(), change); err != nil {
		t.Errorf("with a fresh and strong token: %v", err)
	}
}

// events counts the recorded refusals by their cause.
func (g *gate) causes() map[string]int {
	g.t.Helper()
	found := map[string]int{}
	for after := int64(0); ; {
		page, err := g.store.EventsAfter(g.t.Context(), after, 100)
		g.must(err)
		if len(page) == 0 {
			return found
		}
		for _, e := range page {
			after = e.ID
			if cause, ok := e.Detail["cause"].(string); ok && e.Action == "token.refuse" {
				found[cause]++
			}
		}
	}
}

func TestRefusalsAreRecordedWithTheirCause(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.must(g.store.CreateUser(t.Context(), identity.User{ID: "bob", Name: "bob", DomainID: "default", Enabled: true}))
	seed, _ := g.enrol()
	mixed := withBoth("correct horse", "123456")
	mixed.TOTP.User = auth.Ref{ID: "bob"}
	for _, r := range []auth.Request{withPassword("wrong"), withCode(g.code(seed)), withBoth("correct horse", "123456"), mixed} {
		if _, err := g.SignIn(t.Context(), r); !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%v: got %v, want Unauthorized", r.Methods, err)
		}
	}
	got := g.causes()
	for _, cause := range []string{"password_wrong", "code_alone", "passcode_invalid", "another_user"} {
		if got[cause] != 1 {
			t.Errorf("cause %s: recorded %d times, want once (%v)", cause, got[cause], got)
		}
	}
}
