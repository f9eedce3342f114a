// Package identity owns users, their passwords, groups and memberships: Keystone's "identity" subject. It
// knows neither HTTP nor SQL. Who may call it is decided before, by internal/policy; signing in is internal/auth.
package identity

import (
	"time"

	"github.com/keyward/identity/internal/policy"
)

// User is an account.
type User struct {
	ID       string
	DomainID string
	// Name is unique in its domain, compared exactly after Unicode NFC.
	Name    string
	Enabled bool
	// DefaultProjectID is the project that a sign-in without a scope gets; empty if none.
	DefaultProjectID string
	Options          Options
	// Extra holds the attributes Keystone keeps without understanding (email, description, …).
	Extra     map[string]any
	CreatedAt time.Time
	// AuthVersion is in every token of the user; raising it ends them all.
	AuthVersion int64
	// LastActiveAt is the day, in UTC, of the last sign-in with a password; zero for none that is known.
	LastActiveAt time.Time
	// PasswordExpiresAt is when the current password expires; nil means never, or no password.
	PasswordExpiresAt *time.Time
}

// PolicyAttrs is all that a rule may know about a user.
func (u User) PolicyAttrs() policy.Attrs {
	return policy.Attrs{
		"target.user.id":        policy.Is(u.ID),
		"target.user.domain_id": policy.Is(u.DomainID),
	}
}

// Options are Keystone's resource options of a user, and one of ours. A nil option is not set.
type Options struct {
	IgnoreChangePasswordUponFirstUse *bool `json:"ignore_change_password_upon_first_use,omitzero"`
	IgnorePasswordExpiry             *bool `json:"ignore_password_expiry,omitzero"`
	IgnoreLockoutFailureAttempts     *bool `json:"ignore_lockout_failure_attempts,omitzero"`
	LockPassword                     *bool `json:"lock_password,omitzero"`
	IgnoreUserInactivity             *bool `json:"ignore_user_inactivity,omitzero"`
	MFAEnabled                       *bool `json:"multi_factor_auth_enabled,omitzero"`
	// MFARules is nil when not set; an empty list is kept and means "no rules".
	MFARules *[][]string `json:"multi_factor_auth_rules,omitzero"`
	// PasscodeInPassword lets a user who has a second factor send its code at the end of the password. It is ours;
	// nil leaves it to the domain's option of the same name.
	PasscodeInPassword *bool `json:"passcode_in_password,omitzero"`
	// Unreadable is set by the store when the stored options could not be understood. Nobody signs in with
	// unreadable options: they may hold a rule that demands more than we would ask for.
	Unreadable bool `json:"-"`
}

// FederatedIdentity is what an identity provider knows a user as. No two users share one.
type FederatedIdentity struct {
	IdPID      string
	ProtocolID string
	// UniqueID is the provider's id of the user, as it is compared when the user signs in.
	UniqueID string
}

// Password is one password of a user; the newest is the current one.
type Password struct {
	UserID string
	// Hash is the PHC string, sealed by the key ring. It never leaves the server.
	Hash      string
	CreatedAt time.Time
	ExpiresAt *time.Time
	// SelfService is true when the user chose it, false when an administrator set it.
	SelfService bool
}

// Group is a set of users of one domain's making; its grants are its members' grants.
type Group struct {
	ID          string
	DomainID    string
	Name        string
	Description *string
	Extra       map[string]any
}

// PolicyAttrs is all that a rule may know about a group.
func (g Group) PolicyAttrs() policy.Attrs {
	return policy.Attrs{
		"target.group.id":        policy.Is(g.ID),
		"target.group.domain_id": policy.Is(g.DomainID),
	}
}
