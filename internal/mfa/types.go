// Package mfa owns second factors and recovery codes: enrolment, confirmation, checking and removal. Whether
// a factor is demanded is decided by internal/auth. It knows neither HTTP nor SQL.
package mfa

import (
	"time"

	"github.com/keyward/identity/internal/phone"
	"github.com/keyward/identity/internal/policy"
)

// Kind says what sort of factor it is.
type Kind string

// The kinds: a time-based one-time password generator (RFC 6238), and a telephone that codes are sent to.
const (
	TOTP  Kind = "totp"
	Phone Kind = "phone"
)

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
	// Secret is the seed, or the number of a phone, sealed by the key ring. A seed is shown once, at creation, and a
	// number never.
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
	// Phone is what else is known of a phone; zero for other kinds.
	Phone PhoneDetails
}

// PhoneDetails are what a phone has besides its number.
type PhoneDetails struct {
	Channel phone.Channel
	// Country is the number's (ISO 3166-1, two letters), Masked the number as it may be shown.
	Country, Masked string
	// Position orders a user's phones; the first is asked first.
	Position int
	// HasApp tells that the authenticator app is on the same device, as the user says.
	HasApp bool
	// Preferred tells that the user wants to be asked for this phone before the app.
	Preferred bool
}

// Kinds are the kinds of a user's active factors.
type Kinds struct {
	App, Phone bool
	// PhoneFirst tells that the user prefers a phone to the app.
	PhoneFirst bool
}

// KindsOf looks at factors, of which only active ones count.
func KindsOf(factors []Factor) Kinds {
	var k Kinds
	for _, f := range factors {
		if f.State == Active {
			k.App = k.App || f.Kind == TOTP
			k.Phone = k.Phone || f.Kind == Phone
			k.PhoneFirst = k.PhoneFirst || f.Kind == Phone && f.Phone.Preferred
		}
	}
	return k
}

// Any reports whether there is an active factor at all.
func (k Kinds) Any() bool { return k.App || k.Phone }

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
