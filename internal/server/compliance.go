package server

import (
	"fmt"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/password"
)

// compliance is what the operator demands of accounts and passwords.
func compliance(c config.Compliance) (identity.Compliance, error) {
	demands := identity.Compliance{
		InactiveDays: c.InactiveDays, ExpiresDays: c.ExpiresDays, History: c.History, MinimumAgeDays: c.MinimumAgeDays,
		ChangeUponFirstUse: c.ChangeUponFirstUse,
	}
	if c.Regex == "" {
		return demands, nil
	}
	p, err := password.NewPattern(c.Regex, c.RegexDescription)
	if err != nil {
		return demands, fmt.Errorf("security_compliance.password_regex: %w", err)
	}
	demands.Pattern = p
	return demands, nil
}

// passwordLockout is lockout, or what Keystone's options make of it. Codes are counted by lockout alone.
func passwordLockout(c config.Config) auth.Lockout {
	l := lockout(c)
	if n := c.Compliance.LockoutAttempts; n > 0 {
		l.PasswordTries, l.PasswordTriesAnywhere = n, n
		l.Rest, l.MaxRest = c.Compliance.LockoutDuration, c.Compliance.LockoutDuration
	}
	return l
}

// report says what events tell of wrong passwords.
func report(c config.Compliance) auth.Report {
	if c.ReportHash != config.ReportEvent {
		return auth.Report{}
	}
	return auth.Report{Key: c.ReportKey.Reveal(), Chars: c.ReportMaxChars}
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
