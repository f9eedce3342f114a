// Package event is the one stream of events: every change to the database and every authentication appends
// one row in the same transaction. The stream is the audit trail, each person's activity list, the source
// of notices, and what keeps caches true on every node. This package owns the row's type and the origin of
// a request; internal/store writes it, internal/facts reads it.
package event

import (
	"context"
	"net/netip"
	"time"
)

// Outcome says how an action ended.
type Outcome string

// The outcomes.
const (
	Success Outcome = "success"
	Failure Outcome = "failure"
)

// Kind is the kind of object an event is about. Caches drop what the kind and the ids name.
type Kind string

// The kinds of objects.
const (
	User       Kind = "user"
	Password   Kind = "password"
	Group      Kind = "group"
	Membership Kind = "membership"
	Project    Kind = "project" // domains included: they are projects with is_domain
	Role       Kind = "role"
	Grant      Kind = "grant"
	Catalog    Kind = "catalog" // regions, services, endpoints, and which project sees which of them
	Factor     Kind = "factor"  // second factors and recovery codes, and what is on record about who must have one
	Token      Kind = "token"   // issue, refusal and revocation
	Key        Kind = "key"     // signing keys
	Policy     Kind = "policy"  // refusals by policy
	Credential Kind = "credential"
	// Duty is what is demanded of second factors.
	Duty Kind = "mfa_requirement"
	// AppCredential is an application credential or an access rule, Trust a trust: what tokens may stem from.
	AppCredential Kind = "application_credential"
	Trust         Kind = "trust"
	// OAuth is a consumer of OAuth 1.0a, or one of its tokens.
	OAuth      Kind = "oauth"
	Federation Kind = "federation" // identity providers, their protocols, mappings, service providers
	Notice     Kind = "notice"     // what people were told
	// Document is what is stored for other programs and never read here to decide anything: limits, policy
	// documents and their associations, configurations of domains.
	Document Kind = "document"
)

// Alone marks in Detail that the revocation of a token is not that of its whole session.
const Alone = "alone"

// Event is one row of the stream.
type Event struct {
	// ID grows with the order of appending; zero before the row is written.
	ID int64
	// At is when it happened, UTC with microseconds.
	At time.Time
	// Action is a dotted verb such as "user.create", "token.issue" or "factor.confirm".
	Action  string
	Outcome Outcome
	// Kind and TargetID name the object acted on.
	Kind     Kind
	TargetID string
	// UserID is the account concerned, so that people can read what happened to theirs; empty if none.
	UserID string
	// DomainID is the domain of the target, for administrators of one domain.
	DomainID string
	// Detail holds further facts. Never a secret, a code, a token or a key.
	Detail map[string]any
	// Revoking tells that tokens which were good before are no longer, or not for all they were.
	Revoking bool
	Origin
}

// Origin says who asked and from where.
type Origin struct {
	// ActorID is the user who asked; empty for strangers and for the operator's commands.
	ActorID   string
	RequestID string
	// Address is the client's address as the trusted proxies tell it.
	Address   string
	UserAgent string
}

// Network is the client's network as far as limits distinguish: IPv4 /24, IPv6 /56, "unknown" for no address.
func (o Origin) Network() string {
	addr, err := netip.ParseAddr(o.Address)
	if err != nil {
		return "unknown"
	}
	addr = addr.Unmap()
	bits := 24
	if addr.Is6() {
		bits = 56
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return p.String()
}

type originKey struct{}

// WithOrigin returns a context that carries where a request came from.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// OriginOf returns what WithOrigin stored, or the zero Origin.
func OriginOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}
