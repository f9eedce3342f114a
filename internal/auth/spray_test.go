package auth

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
)

func TestSpray(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := newSprays(Spray{Accounts: 3, Window: time.Minute}, func() time.Time { return now })
	from := func(address string) context.Context {
		return event.WithOrigin(context.Background(), event.Origin{Address: address})
	}
	account := func(i int) Ref { return Ref{Name: fmt.Sprintf("user%d", i), Domain: &Ref{ID: "default"}} }
	here := from("192.0.2.7")
	for i := range 3 {
		for range 5 { // many tries at one account are one account
			if err := s.admit(here, account(i)); err != nil {
				t.Fatalf("account %d: %v", i, err)
			}
			s.failed(here, account(i))
		}
	}
	err := s.admit(here, account(3))
	if !fault.Is(err, fault.TooManyRequests) || fault.ReasonOf(err) != "too_many_accounts" {
		t.Errorf("a fourth account: %v", err)
	}
	if err := s.admit(here, account(1)); err != nil {
		t.Errorf("an account that was tried before: %v", err)
	}
	if err := s.admit(from("192.0.2.8"), account(3)); err != nil {
		t.Errorf("another address: %v", err)
	}
	now = now.Add(time.Minute)
	if err := s.admit(here, account(3)); err != nil {
		t.Errorf("after the window: %v", err)
	}
	s.failed(from("2001:db8::1"), account(1))
	if _, ok := s.known.GetIfPresent(clientOf(from("2001:db8::ffff:1"))); !ok {
		t.Error("one client's IPv6 addresses are not taken for one")
	}
	if off := newSprays(Spray{}, nil); off.admit(here, account(9)) != nil {
		t.Error("a limit of zero limits")
	}
}
