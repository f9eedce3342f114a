// Package mfa owns second factors and recovery codes: enrolment, confirmation, checking and removal. Whether
// a factor is demanded is decided by internal/auth. It knows neither HTTP nor SQL.
package mfa

import (
	"time"

	"github.com/keyward/identity/internal/policy"
)

// Kind says what sort of factor it is.
type Kind string

// TOTP is a time-based one-time password generator (RFC 6238).
const TOTP Kind = "totp"

// State is where a factor is in its life.
type State string

// The states. A pending factor satisfies nothing until a code from it was given.
const (
	Pending State = "pending"
	Active  State = "active"
)

// Factor is one second factor of a user.
type Factor struct {
	ID     string
	UserID string
	Kind   Kind
	Name   string
	State  State
	// Secret is the seed, sealed by the key ring. It is shown once, at creation.
	Secret    string
	Algorithm string // "SHA1", "SHA256" or "SHA512"
	Digits    int
	// Period is the length of a time step in seconds.
	Period int
	// LastStep is the last time step whose code was accepted; only later steps are accepted (RFC 6238, 5.2).
	LastStep int64
	// Drift is how many steps the phone's clock was off when the last code was accepted, within the window.
	Drift       int
	CreatedAt   time.Time
	ConfirmedAt *time.Time
	// ExpiresAt is when a pending factor is forgotten; nil once it is active.
	ExpiresAt *time.Time
}

// RecoveryCode is one code of a user's current set.
type RecoveryCode struct {
	ID     string
	UserID string
	// Digest is a keyed hash of the code; the code itself is shown once.
	Digest string
	UsedAt *time.Time
}

// Owner is the user whose factors are concerned, as the rules see it.
type Owner struct {
	UserID   string
	DomainID string
	// Name is the user's name, the label that authenticator apps show.
	Name string
}

// PolicyAttrs is all that a rule may know about the owner of factors.
func (o Owner) PolicyAttrs() policy.Attrs {
	return policy.Attrs{
		"target.user.id":        policy.Is(o.UserID),
		"target.user.domain_id": policy.Is(o.DomainID),
	}
}
