package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/identity"
)

// refusals counts how many of n sign-ins from an address are refused.
func (g *gate) refusals(n int, address, plain string) int {
	refused := 0
	for range n {
		if _, err := g.SignIn(g.from(address), withPassword(plain)); err != nil {
			refused++
		}
	}
	return refused
}

func TestStrangersCannotLockOutAnOwnerAtHome(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	const home, away = "198.51.100.7", "203.0.113.7"
	if g.refusals(1, home, "correct horse") != 0 {
		t.Fatal("the owner cannot sign in")
	}
	for i := range 20 { // five wrong passwords from each of twenty networks
		g.refusals(5, fmt.Sprintf("10.0.%d.1", i), "wrong")
	}
	if g.refusals(1, away, "correct horse") != 1 {
		t.Error("after a hundred wrong passwords everywhere, an unknown network is not made to wait")
	}
	if g.refusals(1, home, "correct horse") != 0 {
		t.Error("strangers lock out the owner at home")
	}
	if g.refusals(1, away, "correct horse") != 0 {
		t.Error("the owner's success did not end the pause elsewhere")
	}
	if g.refusals(5, home, "wrong") != 5 || g.refusals(1, home, "correct horse") != 1 {
		t.Error("at home the ordinary limit does not hold")
	}
}

func TestAKnownNetworkIsForgotten(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	const home = "198.51.100.7"
	if g.refusals(1, home, "correct horse") != 0 {
		t.Fatal("the owner cannot sign in")
	}
	g.pass(91 * 24 * time.Hour)
	for i := range 20 {
		g.refusals(5, fmt.Sprintf("10.0.%d.1", i), "wrong")
	}
	if g.refusals(1, home, "correct horse") != 1 {
		t.Error("a network that was not used for three months is still known")
	}
}

func TestTheRightPasswordAloneForgetsNothingForThoseWithAFactor(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	seed, _ := g.enrol()
	for range 4 {
		g.refusals(1, "192.0.2.1", "wrong")
	}
	r := withCode(g.code(seed))
	r.Receipt = g.receipt(withPassword("correct horse")).Text
	g.signIn(r) // only now the four are forgotten
	g.pass(time.Minute)
	g.refusals(4, "192.0.2.1", "wrong")
	g.signIn(withBoth("correct horse", g.code(seed)))
}

func TestUsersThatAreExemptAreNeverLocked(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.options(func(o *identity.Options) { o.IgnoreLockoutFailureAttempts = new(true) })
	g.refusals(12, "192.0.2.1", "wrong")
	g.signIn(withPassword("correct horse"))
	g.options(func(o *identity.Options) { o.IgnoreLockoutFailureAttempts = new(false) })
	g.refusals(5, "192.0.2.1", "wrong")
	if g.refusals(1, "192.0.2.1", "correct horse") != 1 {
		t.Error("the option's false exempts")
	}
}

// Guesses in flight count: of many at once no more are looked at than are borne, but for the slots.
func TestGuessesInFlightCount(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	done := make(chan error, 60)
	for range 60 {
		go func() {
			_, err := g.SignIn(g.from("192.0.2.1"), withPassword("wrong"))
			done <- err
		}()
	}
	for range 60 {
		if err := <-done; err == nil {
			t.Error("a wrong password was accepted")
		}
	}
	got := g.causes()
	if looked := got["password_wrong"]; looked < 5 || looked > auth.DefaultLockout.PasswordTries+2 {
		t.Errorf("%d wrong passwords were looked at, want 5 to 7 (%v)", looked, got)
	}
	if g.refusals(1, "192.0.2.1", "correct horse") != 1 {
		t.Error("the right password is accepted while passwords rest")
	}
	g.pass(30 * time.Second)
	g.signIn(withPassword("correct horse"))
}
