package auth

import (
	"context"
	"net/netip"
	"time"

	"github.com/keyward/identity/internal/event"
)

// Lockout says how many consecutive failures are borne and how long an authenticator then rests.
type Lockout struct {
	// PasswordTries is how many wrong passwords in a row are borne from one network.
	PasswordTries int
	// PasswordTriesAnywhere bounds wrong passwords in a row over all networks together; it is far higher,
	// so that strangers cannot keep an owner out for long (NIST SP 800-63B 3.2.2 caps it at 100).
	PasswordTriesAnywhere int
	// CodeTries is how many wrong codes in a row are borne; codes are looked at only after a first factor.
	CodeTries int
	// Rest is the first pause; it doubles with each failure after it, up to MaxRest.
	Rest, MaxRest time.Duration
}

// DefaultLockout is five passwords or ten codes, then pauses from 30 seconds to an hour.
var DefaultLockout = Lockout{
	PasswordTries: 5, PasswordTriesAnywhere: 100, CodeTries: 10, Rest: 30 * time.Second, MaxRest: time.Hour,
}

// pause returns how long to rest after count failures when limit are borne.
func (l Lockout) pause(count, limit int) time.Duration {
	if limit <= 0 || count < limit {
		return 0
	}
	d := l.Rest
	for range count - limit {
		if d *= 2; d >= l.MaxRest {
			return l.MaxRest
		}
	}
	return d
}

// count adds a failure at now, unless the authenticator is resting: then nothing is counted or extended.
func (l Lockout) count(f *Failures, limit int, now time.Time) {
	if f.locked(now) {
		return
	}
	f.Count++
	f.LastAt = now
	f.LockedUntil = time.Time{}
	if p := l.pause(f.Count, limit); p > 0 {
		f.LockedUntil = now.Add(p)
	}
}

func (f Failures) locked(now time.Time) bool { return now.Before(f.LockedUntil) }

// counters is where failures are counted, shared by all nodes.
type counters interface {
	Failures(ctx context.Context, keys ...FailureKey) ([]Failures, error)
	UpdateFailures(ctx context.Context, key FailureKey, change func(*Failures) error) error
	ResetFailures(ctx context.Context, userID string, kind FailureKind, network string) error
}

// network is the client's network as far as counters distinguish: IPv4 /24, IPv6 /56.
func network(ctx context.Context) string {
	addr, err := netip.ParseAddr(event.OriginOf(ctx).Address)
	if err != nil {
		return "unknown"
	}
	addr = addr.Unmap()
	bits := 24
	if addr.Is6() {
		bits = 56
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return p.String()
}

// passwordLimits are the counters a wrong password adds to, and what each bears.
func (s *Service) passwordLimits(ctx context.Context, userID string) []limit {
	return []limit{
		{FailureKey{UserID: userID, Kind: PasswordFailure, Network: AnyNetwork}, s.o.Lockout.PasswordTriesAnywhere},
		{FailureKey{UserID: userID, Kind: PasswordFailure, Network: network(ctx)}, s.o.Lockout.PasswordTries},
	}
}

// limit is a counter and what it bears.
type limit struct {
	key FailureKey
	n   int
}

// passwordState tells whether passwords of the user rest now, and whether failures are on record.
func (s *Service) passwordState(ctx context.Context, userID string) (locked, failed bool, err error) {
	limits := s.passwordLimits(ctx, userID)
	keys := make([]FailureKey, 0, len(limits))
	for _, l := range limits {
		keys = append(keys, l.key)
	}
	fs, err := s.store.Failures(ctx, keys...)
	now := s.now()
	for _, f := range fs {
		locked = locked || f.locked(now)
		failed = failed || f.Count > 0
	}
	return locked, failed, err
}

// countPassword counts a wrong password and records it, in one transaction.
func (s *Service) countPassword(ctx context.Context, userID string, ev event.Event) error {
	now := s.now()
	return s.store.InTx(ctx, func(ctx context.Context) error {
		for _, l := range s.passwordLimits(ctx, userID) {
			err := s.store.UpdateFailures(ctx, l.key, func(f *Failures) error {
				s.o.Lockout.count(f, l.n, now)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return s.store.Append(ctx, ev)
	})
}

// Attempts counts wrong codes of users, TOTP and recovery codes together.
type Attempts struct {
	store   counters
	lockout Lockout
	now     func() time.Time
}

// NewAttempts makes the counters of wrong codes.
func NewAttempts(store counters, lockout Lockout, now func() time.Time) *Attempts {
	return &Attempts{store: store, lockout: lockout, now: now}
}

// Reserve counts a failure before a code is looked at, so that guesses in flight count. It reports false
// when codes of the user rest.
func (a *Attempts) Reserve(ctx context.Context, userID string) (ok bool, err error) {
	now := a.now()
	err = a.store.UpdateFailures(ctx, codeKey(userID), func(f *Failures) error {
		if ok = !f.locked(now); ok {
			a.lockout.count(f, a.lockout.CodeTries, now)
		}
		return nil
	})
	return ok, err
}

// Release takes back a reservation for a code that was right but of no use: it had been used before.
func (a *Attempts) Release(ctx context.Context, userID string) error {
	return a.store.UpdateFailures(ctx, codeKey(userID), func(f *Failures) error {
		if f.Count > 0 {
			f.Count--
		}
		f.LockedUntil = time.Time{}
		return nil
	})
}

// Reset forgets all failures after a code that was accepted.
func (a *Attempts) Reset(ctx context.Context, userID string) error {
	return a.store.ResetFailures(ctx, userID, CodeFailure, AnyNetwork)
}

func codeKey(userID string) FailureKey {
	return FailureKey{UserID: userID, Kind: CodeFailure, Network: AnyNetwork}
}
