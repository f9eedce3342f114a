// Package oauth owns OAuth 1.0a (RFC 5849): consumers, the request tokens that they ask for, and the access tokens
// that an administrator lets them have, with some of his roles on one project. It checks signatures and replays. It
// knows neither HTTP nor SQL, and gives no tokens of the API: what an access token is good for is for internal/auth.
package oauth

import (
	"time"

	"github.com/keyward/identity/internal/policy"
)

// Consumer is a program that may ask for access tokens.
type Consumer struct {
	ID          string
	Description *string
	// Secret is sealed. It is shown once, when the consumer is made.
	Secret string
	Extra  map[string]any
}

// RequestToken is a consumer's wish to act on a project. Somebody authorizes it, and the consumer exchanges it for
// an access token, once.
type RequestToken struct {
	ID string
	// Secret is sealed.
	Secret     string
	ConsumerID string
	ProjectID  string
	// ExpiresAt is nil for never.
	ExpiresAt *time.Time
	// Tries is how many wrong verifiers came.
	Tries int
	// The following are there once it is authorized. Verifier is sealed; Methods and AuthTime are those of the
	// sign-in that authorized it.
	UserID   string
	RoleIDs  []string
	Verifier string
	Methods  []string
	AuthTime time.Time
}

// Authorized reports whether somebody has authorized it.
func (t *RequestToken) Authorized() bool { return t.UserID != "" }

// PolicyAttrs is all that a rule may know about a request token: it is nobody's yet.
func (t RequestToken) PolicyAttrs() policy.Attrs { return nil }

// AccessToken is what a consumer signs in with, for the user who authorized it.
type AccessToken struct {
	ID string
	// Secret is sealed.
	Secret     string
	ConsumerID string
	ProjectID  string
	// UserID is who authorized it.
	UserID  string
	RoleIDs []string
	// ExpiresAt is nil for never.
	ExpiresAt *time.Time
	// Methods and AuthTime are those of the sign-in that authorized it. The user's rules judge them.
	Methods  []string
	AuthTime time.Time
}

// Expired reports whether its time is over at now.
func (t *AccessToken) Expired(now time.Time) bool { return over(t.ExpiresAt, now) }

func over(end *time.Time, now time.Time) bool { return end != nil && !now.Before(*end) }
