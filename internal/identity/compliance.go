package identity

import (
	"time"

	"github.com/keyward/identity/internal/fault"
)

// Compliance is what an operator demands of accounts and passwords beyond the defaults: Keystone's
// [security_compliance]. Its zero value demands nothing.
type Compliance struct {
	// InactiveDays disables users who have not signed in for so many days.
	InactiveDays int
	// ExpiresDays is how long a new password is good.
	ExpiresDays int
	// History is how many former passwords, the present one included, people may not choose again.
	History int
	// MinimumAgeDays is how long people must keep a password that they chose.
	MinimumAgeDays int
	// ChangeUponFirstUse makes people change a password that an administrator set.
	ChangeUponFirstUse bool
	// Pattern judges every new password, whoever sets it; nil when there is none.
	Pattern Pattern
}

// Pattern judges passwords (internal/password). It fails with BadRequest.
type Pattern interface{ Check(password string) error }

// Day is the day of a time, in UTC.
func Day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// Inactive reports whether a user has not signed in for so long that the account counts as disabled. Who never
// did has been inactive since the account was made.
func (c Compliance) Inactive(u *User, now time.Time) bool {
	if c.InactiveDays <= 0 || isSet(u.Options.IgnoreUserInactivity) {
		return false
	}
	last := u.LastActiveAt
	if last.IsZero() {
		last = u.CreatedAt
	}
	return Day(now).Sub(Day(last)) >= time.Duration(c.InactiveDays)*24*time.Hour
}

// Expiry is when a password that is set now expires; nil for never. What an administrator sets may have to be
// changed at once.
func (c Compliance) Expiry(o Options, now time.Time, selfService bool) *time.Time {
	if c.ChangeUponFirstUse && !selfService && !isSet(o.IgnoreChangePasswordUponFirstUse) {
		return &now
	}
	if c.ExpiresDays <= 0 || isSet(o.IgnorePasswordExpiry) {
		return nil
	}
	at := now.Truncate(time.Second).AddDate(0, 0, c.ExpiresDays)
	return &at
}

// Keep is how many passwords of a user are kept.
func (c Compliance) Keep() int { return max(1, c.History) }

// checkPattern refuses what an administrator must not set: a password that does not match the pattern and, where
// there is a pattern, none at all.
func (c Compliance) checkPattern(in UserInput) error {
	password, ok := in.Password.Get()
	switch {
	case c.Pattern == nil:
		return nil
	case ok:
		return c.Pattern.Check(password)
	case in.Password.IsNull():
		return fault.New(fault.BadRequest, "The password does not match the requirements: there must be one.").
			Because("password_requirements")
	}
	return nil
}

func isSet(option *bool) bool { return option != nil && *option }
