package auth

import (
	"context"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/notify"
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
func network(ctx context.Context) string { return event.OriginOf(ctx).Network() }

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

// knownFor is how long a network from which a user signed in stays known. It is written down anew once a day.
const knownFor = 90 * 24 * time.Hour

func knownKey(ctx context.Context, userID string) FailureKey {
	return FailureKey{UserID: userID, Kind: knownNetwork, Network: network(ctx)}
}

// standing is what is on record about a user's passwords, as seen from the client's network.
type standing struct {
	// locked passwords rest: not even the right one is accepted.
	locked bool
	// failed tells of wrong ones since the last success, to be forgotten with the next.
	failed bool
	// fresh tells that the network was noted as known today, and the user as active with it.
	fresh bool
	// failures counts wrong passwords and codes in a row from anywhere, the last one at failedAt.
	failures int
	failedAt time.Time
}

// standing tells how the user's passwords stand. Failures elsewhere do not count against a network from which
// the user has signed in: strangers, however many, cannot lock out an owner who stays at home. Users with the
// option ignore_lockout_failure_attempts are never locked, as in Keystone.
func (s *Service) standing(ctx context.Context, u *identity.User) (standing, error) {
	limits := s.passwordLimits(ctx, u.ID)
	anywhere, here, known := limits[0].key, limits[1].key, knownKey(ctx, u.ID)
	fs, err := s.store.Failures(ctx, anywhere, here, known, codeKey(u.ID))
	if err != nil {
		return standing{}, err
	}
	now := s.now()
	st := standing{
		locked: fs[1].locked(now) || fs[0].locked(now) && !now.Before(fs[2].LastAt.Add(knownFor)),
		failed: fs[0].Count > 0 || fs[1].Count > 0,
		fresh:  !fs[2].LastAt.Before(identity.Day(now)),
	}
	st.failures, st.failedAt = failures(fs[0], fs[3])
	if exempt := u.Options.IgnoreLockoutFailureAttempts; exempt != nil && *exempt {
		st.locked = false
	}
	return st, nil
}

// succeeded forgets wrong passwords after a complete sign-in with a right one, and notes that the network is
// the user's and the user active: the first time on a day in UTC, so that most sign-ins write neither. Failures of
// other networks stay on their own counters.
func (s *Service) succeeded(ctx context.Context, userID string, st standing) error {
	if st.failed {
		for _, l := range s.passwordLimits(ctx, userID) {
			if err := s.store.ResetFailures(ctx, userID, l.key.Kind, l.key.Network); err != nil {
				return err
			}
		}
	}
	if st.fresh {
		return nil
	}
	now := s.now()
	if err := s.store.Active(ctx, userID, identity.Day(now)); err != nil {
		return err
	}
	return s.store.UpdateFailures(ctx, knownKey(ctx, userID), func(f *Failures) error {
		f.LastAt = now
		return nil
	})
}

// countPassword counts a wrong password and records it, in one transaction.
func (s *Service) countPassword(ctx context.Context, userID string, ev event.Event) error {
	now := s.now()
	return s.store.InTx(ctx, func(ctx context.Context) error {
		for _, l := range s.passwordLimits(ctx, userID) {
			err := s.store.UpdateFailures(ctx, l.key, func(f *Failures) error {
				was := f.Count
				s.o.Lockout.count(f, l.n, now)
				if f.Count > was && f.Count == l.n {
					ev.Detail[notify.Locked] = true
				}
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

// Release takes back a reservation for a code that was right but of no use: it had been used before, or the
// sign-in failed for another cause. Only the one reservation is taken back, so wrong codes stay counted.
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
