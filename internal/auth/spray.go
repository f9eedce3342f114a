package auth

import (
	"context"
	"hash/maphash"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
)

// Spray bounds how many accounts one client address may fail at: one password tried at many accounts trips no
// counter of any of them. It is kept by each node for itself, in bounded memory.
type Spray struct {
	// Accounts is how many different accounts are borne within Window; zero means any number.
	Accounts int
	Window   time.Duration
}

// sprays is what is known of client addresses.
type sprays struct {
	Spray
	now   func() time.Time
	seed  maphash.Seed
	known *otter.Cache[string, *address]
}

// address is a client address and the accounts, known or not, that it failed at.
type address struct {
	mu       sync.Mutex
	until    time.Time
	accounts map[uint64]struct{}
}

const maxAddresses = 10_000

func newSprays(s Spray, now func() time.Time) *sprays {
	return &sprays{
		Spray: s, now: now, seed: maphash.MakeSeed(),
		known: otter.Must(&otter.Options[string, *address]{MaximumSize: maxAddresses}),
	}
}

// admit refuses a try at one more account from an address that failed at too many lately. Accounts that it
// failed at before have their own counters.
func (s *sprays) admit(ctx context.Context, ref Ref) error {
	if s.Accounts <= 0 {
		return nil
	}
	a, ok := s.known.GetIfPresent(clientOf(ctx))
	if !ok {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	left := a.until.Sub(s.now())
	if _, tried := a.accounts[s.account(ref)]; left <= 0 || tried || len(a.accounts) < s.Accounts {
		return nil
	}
	return fault.New(fault.TooManyRequests, "Too many accounts were tried from this address.").Because("too_many_accounts").After(left)
}

// failed notes a failure at an account.
func (s *sprays) failed(ctx context.Context, ref Ref) {
	if s.Accounts <= 0 {
		return
	}
	client := clientOf(ctx)
	a, ok := s.known.GetIfPresent(client)
	if !ok {
		a, _ = s.known.SetIfAbsent(client, &address{})
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if now := s.now(); !now.Before(a.until) {
		a.until, a.accounts = now.Add(s.Window), map[uint64]struct{}{}
	}
	if len(a.accounts) < s.Accounts {
		a.accounts[s.account(ref)] = struct{}{}
	}
}

func (s *sprays) account(ref Ref) uint64 {
	parts := []string{ref.ID}
	if ref.Name != "" {
		parts = []string{"", cleanName(ref.Name)}
		if ref.Domain != nil {
			parts = append(parts, ref.Domain.ID, cleanName(ref.Domain.Name))
		}
	}
	return maphash.String(s.seed, strings.Join(parts, "\x00"))
}

// clientOf is the client's address; of IPv6 the /64, which one client owns.
func clientOf(ctx context.Context) string {
	text := event.OriginOf(ctx).Address
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return "unknown"
	}
	if addr = addr.Unmap(); addr.Is4() {
		return addr.String()
	}
	p, err := addr.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}
