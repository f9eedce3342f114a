// Package auth is the one gate: the only place where credentials are checked and tokens and receipts are
// issued, whatever the way in. It also tells who a token stands for, from facts that are true now. It knows
// neither HTTP nor SQL.
package auth

import "time"

// FailureKind separates the counters of a user's authenticators: success with one never resets another.
type FailureKind string

// The counted authenticators.
const (
	PasswordFailure FailureKind = "password"
	CodeFailure     FailureKind = "code" // TOTP and recovery codes together
	// knownNetwork is no failure: its LastAt is when the user last signed in from the network.
	knownNetwork FailureKind = "known"
)

// AnyNetwork is the network of counters that do not distinguish where a guess came from.
const AnyNetwork = "*"

// FailureKey names one counter of consecutive failures.
type FailureKey struct {
	UserID string
	Kind   FailureKind
	// Network is the client's network (IPv4 /24, IPv6 /56) or AnyNetwork.
	Network string
}

// Failures is one counter of consecutive failures.
type Failures struct {
	FailureKey
	Count  int
	LastAt time.Time
	// LockedUntil is when the next try is looked at; zero when it is not locked.
	LockedUntil time.Time
}

// StoredKey is a signing key as the database keeps it.
type StoredKey struct {
	KID       string
	Algorithm string
	State     string
	// Private is the PKCS#8 private key, sealed by the key ring; empty once the key is retired.
	Private string
	// Public is the DER form of the public key.
	Public      []byte
	CreatedAt   time.Time
	ActivatedAt *time.Time
	RetireAt    *time.Time
}
