package notify

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"net/netip"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
)

// ReasonDisown is why a notice cannot be disowned: the token is wrong, was used, or its time is over.
const ReasonDisown = "notice_token_invalid"

// errDisown is the one answer to every token that is not good: nobody learns which notices there are.
var errDisown = fault.New(fault.NotFound, "Could not find a notice with this token.").Because(ReasonDisown)

const purpose = "notice"

// token is what disowns a notice. It is a digest of the root key's, so that nothing is stored that could be stolen, and
// that every try to deliver has the same.
func (s *Service) token(n Notice) string {
	return base64.RawURLEncoding.EncodeToString(s.ring.MAC(purpose, n.ID, n.UserID))
}

// Disown takes the word of the person who got a notice that it was somebody else: all sessions end and the password
// must be changed. The token works once and for a time. It fails with NotFound, and with TooManyRequests when
// too many wrong ones came from the address.
func (s *Service) Disown(ctx context.Context, id, token string) error {
	client := event.OriginOf(ctx).Address
	if err := s.limiter.admit(client); err != nil {
		return err
	}
	n, err := s.store.Notice(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil || !s.good(n, token) || n.DisownedAt != nil || !s.now().Before(n.At.Add(s.o.LinkTTL)) {
		s.limiter.failed(client)
		return errDisown
	}
	first, err := s.store.Disown(ctx, n, s.now())
	if err == nil && !first {
		err = errDisown
	}
	return err
}

func (s *Service) good(n Notice, token string) bool {
	given, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return false
	}
	good := 0
	for _, mac := range s.ring.MACs(purpose, n.ID, n.UserID) {
		good |= subtle.ConstantTimeCompare(mac, given)
	}
	return good == 1
}

// Wrong tokens that are borne from one address in a window. Each node counts for itself, in bounded memory.
const (
	maxWrong     = 20
	window       = 10 * time.Minute
	maxAddresses = 10_000
)

type limiter struct {
	mu    sync.Mutex
	now   func() time.Time
	known *otter.Cache[string, wrong]
}

type wrong struct {
	n     int
	until time.Time
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, known: otter.Must(&otter.Options[string, wrong]{MaximumSize: maxAddresses})}
}

func (l *limiter) admit(address string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	w, _ := l.known.GetIfPresent(clientOf(address))
	if left := w.until.Sub(l.now()); left > 0 && w.n >= maxWrong {
		return fault.New(fault.TooManyRequests, "Too many tokens were tried from this address.").Because("too_many_attempts").After(left)
	}
	return nil
}

func (l *limiter) failed(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := clientOf(address)
	w, _ := l.known.GetIfPresent(key)
	if now := l.now(); !now.Before(w.until) {
		w = wrong{until: now.Add(window)}
	}
	w.n++
	l.known.Set(key, w)
}

// clientOf is the client's address; of IPv6 the /64, which one client owns.
func clientOf(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	if addr = addr.Unmap(); addr.Is4() {
		return addr.String()
	}
	p, _ := addr.Prefix(64)
	return p.String()
}
