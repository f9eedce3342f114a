// Package appcred owns application credentials and the access rules that narrow them: what a person hands to a
// program so that it can sign in without a password, with some of the person's roles on one project. It knows
// neither HTTP nor SQL; that a secret is right and what a token may then do is for internal/auth.
package appcred

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/keyward/identity/internal/policy"
)

// Credential is an application credential. It never changes after it was made.
type Credential struct {
	ID string
	// Name is unique among those of the user.
	Name        string
	Description *string
	UserID      string
	ProjectID   string
	// Secret is the sealed digest or hash of the secret, which is shown once and not kept.
	Secret string
	// Unrestricted lets its tokens make and delete application credentials; EC2 keys no delegated token may make.
	// Null stays null, and means false.
	Unrestricted *bool
	// ExpiresAt is when it and all its tokens end; nil for never.
	ExpiresAt *time.Time
	CreatedAt time.Time
	// RoleIDs are the roles that its tokens have as long as the user has them, implied ones included.
	RoleIDs []string
	// AccessRules are the only requests that its tokens are good for; none means all.
	AccessRules []AccessRule
	// Methods and AuthTime are those of the sign-in that it was made with. The user's rules judge them: what was
	// made with one factor is no way round a second.
	Methods  []string
	AuthTime time.Time
}

// Expired reports whether its time is over at now.
func (c *Credential) Expired(now time.Time) bool {
	return c.ExpiresAt != nil && !now.Before(*c.ExpiresAt)
}

// Restricted reports whether its tokens are kept from making further credentials.
func (c *Credential) Restricted() bool { return c.Unrestricted == nil || !*c.Unrestricted }

// Admits reports whether its tokens are good for a request to a service.
func (c *Credential) Admits(service, method, path string) bool {
	return len(c.AccessRules) == 0 ||
		slices.ContainsFunc(c.AccessRules, func(r AccessRule) bool { return r.Matches(service, method, path) })
}

// PolicyAttrs is all that a rule may know about it.
func (c Credential) PolicyAttrs() policy.Attrs {
	return policy.Attrs{
		"target.application_credential.id": policy.Is(c.ID), "target.application_credential.user_id": policy.Is(c.UserID),
		"target.user.id": policy.Is(c.UserID),
	}
}

// AccessRule is one kind of request to one kind of service.
type AccessRule struct {
	ID     string
	UserID string
	// Service is the type of the service in the catalog, such as "compute".
	Service string
	// Path is matched as a whole, without the query: * and {name} stand for a piece between slashes, ** for
	// anything.
	Path   string
	Method string
}

// Methods are the methods that an access rule may name.
var Methods = []string{
	http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost, http.MethodPut,
}

// Matches reports whether the rule admits a request. Everything but the wildcards stands for itself, where
// Keystone's middleware takes it for a regular expression. A path with a dot segment or an encoded slash is
// admitted by nothing: what it means is for the service to find out, after we have let it through.
func (r AccessRule) Matches(service, method, path string) bool {
	return r.Service == service && r.Method == method && !devious(path) && matches(r.Path, path)
}

func devious(path string) bool {
	if strings.ContainsAny(path, "\\%;") || strings.Contains(path, "//") {
		return true
	}
	for piece := range strings.SplitSeq(path, "/") {
		if piece == "." || piece == ".." {
			return true
		}
	}
	return false
}

// matches walks through the pattern once and keeps every place of the path that it may have come to, so that no
// pattern takes long.
func matches(pattern, path string) bool {
	at := make([]bool, len(path)+1)
	at[0] = true
	for pattern != "" {
		kind, width := wildcard(pattern)
		next := make([]bool, len(path)+1)
		for i := range at {
			switch kind {
			case 0:
				next[i] = i > 0 && at[i-1] && path[i-1] == pattern[0]
			case many:
				next[i] = at[i] || i > 0 && next[i-1]
			default:
				next[i] = i > 0 && path[i-1] != '/' && (at[i-1] || next[i-1])
			}
		}
		at, pattern = next, pattern[width:]
	}
	return at[len(path)]
}

const (
	one  = 1 // a piece between slashes
	many = 2 // anything
)

// wildcard tells what a pattern begins with, zero for a byte that stands for itself, and how long that is.
func wildcard(pattern string) (kind, width int) {
	switch {
	case strings.HasPrefix(pattern, "**"):
		return many, 2
	case strings.HasPrefix(pattern, "*"):
		return one, 1
	case strings.HasPrefix(pattern, "{"):
		if end := strings.IndexByte(pattern, '}'); end > 0 {
			return one, end + 1
		}
	}
	return 0, 1
}
