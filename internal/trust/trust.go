// Package trust owns trusts (Keystone's OS-TRUST): roles on a project that one user, the trustor, lets another,
// the trustee, use. It knows neither HTTP nor SQL; what a token from a trust may do is for internal/auth.
package trust

import (
	"time"

	"github.com/keyward/identity/internal/policy"
)

// Trust is a delegation from one user to another. But for its uses it never changes after it was made.
type Trust struct {
	ID        string
	TrustorID string
	TrusteeID string
	// ProjectID is empty for a trust without roles.
	ProjectID string
	// Impersonation makes its tokens those of the trustor; else they are the trustee's.
	Impersonation bool
	// RoleIDs are what is delegated. All of them must still be the first trustor's, else the trust is void.
	RoleIDs []string
	// ExpiresAt is when it and all its tokens end; nil for never.
	ExpiresAt *time.Time
	// RemainingUses is how many tokens may still be made; nil for any number.
	RemainingUses *int
	// RedelegatedID is the trust that this one was made with, empty for one that a trustor made himself.
	RedelegatedID string
	// RedelegationCount is how many more times it may be handed on.
	RedelegationCount int
	CreatedAt         time.Time
	// Methods and AuthTime are those of the trustor's sign-in that it was made with; the trustor's rules judge
	// them at each use.
	Methods  []string
	AuthTime time.Time
	// Extra are attributes that the service does not know.
	Extra map[string]any
}

// Expired reports whether its time is over at now.
func (t *Trust) Expired(now time.Time) bool { return t.ExpiresAt != nil && !now.Before(*t.ExpiresAt) }

// Bearer is the user whom its tokens stand for, and Partner the other one.
func (t *Trust) Bearer() string {
	if t.Impersonation {
		return t.TrustorID
	}
	return t.TrusteeID
}

// Partner is the party of the trust that its tokens do not stand for.
func (t *Trust) Partner() string {
	if t.Impersonation {
		return t.TrusteeID
	}
	return t.TrustorID
}

// PolicyAttrs is all that a rule may know about it.
func (t Trust) PolicyAttrs() policy.Attrs {
	return policy.Attrs{
		"target.trust.id": policy.Is(t.ID), "target.trust.trustor_user_id": policy.Is(t.TrustorID),
		"target.trust.trustee_user_id": policy.Is(t.TrusteeID),
	}
}
