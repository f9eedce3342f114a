package auth

import (
	"context"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/resource"
)

// Ref names an object by id or by name; the name wins when both are given, as in Keystone.
type Ref struct {
	ID   string
	Name string
	// Domain says where the name is unique. Domains themselves have none.
	Domain *Ref
}

// Request is a wish for a token, whatever the API it came by.
type Request struct {
	// Methods are the ways in, in the caller's order. Only their payloads are looked at.
	Methods  []string
	Password *PasswordProof
	TOTP     *CodeProof
	// Phone is the payload of method "phone": a code that was sent to one.
	Phone         *CodeProof
	AppCredential *AppCredentialProof
	// Token is the text of a token to continue from.
	Token *string
	// Device is the secret of a remembered device.
	Device *string
	// Receipt is the text of a receipt from an earlier, incomplete try; empty for none.
	Receipt string
	Scope   WantedScope
	// OldAPI marks API versions that know passwords only: users who must prove more are turned away.
	OldAPI bool
}

// PasswordProof is the payload of method "password".
type PasswordProof struct {
	User     Ref
	Password string
}

// CodeProof is the payload of method "totp"; the code may be a recovery code.
type CodeProof struct {
	User Ref
	Code string
}

// AppCredentialProof is the payload of method "application_credential": the credential by its id, or by its name
// among those of a user.
type AppCredentialProof struct {
	ID, Name string
	User     Ref
	Secret   string
}

// ScopeKind is what a token is wanted for.
type ScopeKind int

// The kinds of wanted scopes. ScopeDefault is the user's default project, or no scope.
const (
	ScopeDefault ScopeKind = iota
	ScopeNone
	ScopeProject
	ScopeDomain
	ScopeSystem
	ScopeTrust
)

// WantedScope is what a token is wanted for.
type WantedScope struct {
	Kind ScopeKind
	// Target names the project or domain, or the trust by its id.
	Target Ref

	id  string // of the target, once it was looked up
	err error  // why it was not found; told when it is the scope's turn
}

// resolve looks up the target of a scope, before the gate's transaction: others need not wait for that.
func (s *Service) resolve(ctx context.Context, want WantedScope) WantedScope {
	switch want.Kind {
	case ScopeProject:
		want.id, want.err = s.project(ctx, want.Target)
	case ScopeDomain:
		want.id, want.err = s.domain(ctx, want.Target)
	}
	return want
}

// DefaultDomainID is the id of the domain that exists from the start.
const DefaultDomainID = "default"

var (
	// errRefused is the one answer to everything that a stranger may not tell apart: unknown, disabled or
	// locked users, wrong passwords and codes, and scopes that do not exist or are not the user's.
	errRefused = fault.New(fault.Unauthorized, "The request you have made requires authentication.")
)

// lookup resolves users, projects and domains by reference.
type lookup interface {
	User(ctx context.Context, id string) (identity.User, error)
	UserByName(ctx context.Context, domainID, name string) (identity.User, error)
	ProjectByName(ctx context.Context, domainID, name string) (resource.Project, error)
	DomainByName(ctx context.Context, name string) (resource.Project, error)
}

// cleanName brings a name into the form in which names are stored.
func cleanName(s string) string { return norm.NFC.String(strings.TrimSpace(s)) }

// shape refuses references that cannot be looked up.
func (r Ref) shape(kind string, needsDomain bool) error {
	if r.ID == "" && r.Name == "" {
		return fault.New(fault.BadRequest, "Expecting to find id or name in %s.", kind)
	}
	if strings.ContainsRune(r.ID+r.Name, 0) {
		return fault.New(fault.BadRequest, "Invalid input for %s.", kind)
	}
	if needsDomain && r.Name != "" {
		if r.Domain == nil {
			return fault.New(fault.BadRequest, "Expecting to find domain in %s.", kind)
		}
		return r.Domain.shape("domain", false)
	}
	return nil
}

// domain resolves a reference to a domain. What is missing is NotFound.
func (s *Service) domain(ctx context.Context, r Ref) (string, error) {
	if r.Name != "" {
		if s.o.SafeDomains && !naming.URLSafe(r.Name) {
			return "", fault.New(fault.NotFound, "Could not find domain.")
		}
		d, err := s.store.DomainByName(ctx, cleanName(r.Name))
		return d.ID, err
	}
	d, err := s.facts.Project(ctx, r.ID)
	if err != nil {
		return "", err
	}
	if !d.IsDomain {
		return "", fault.New(fault.NotFound, "Could not find domain.")
	}
	return d.ID, nil
}

// project resolves a reference to a project. What is missing is NotFound.
func (s *Service) project(ctx context.Context, r Ref) (string, error) {
	if r.Name == "" {
		p, err := s.facts.Project(ctx, r.ID)
		if err != nil {
			return "", err
		}
		return p.ID, nil
	}
	d, err := s.domain(ctx, *r.Domain)
	if err != nil {
		return "", err
	}
	p, err := s.store.ProjectByName(ctx, d, cleanName(r.Name))
	return p.ID, err
}

// user resolves a reference to a user. What is missing is NotFound.
func (s *Service) user(ctx context.Context, r Ref) (identity.User, error) {
	if r.Name == "" {
		return s.store.User(ctx, r.ID)
	}
	d, err := s.domain(ctx, *r.Domain)
	if err != nil {
		return identity.User{}, err
	}
	return s.store.UserByName(ctx, d, cleanName(r.Name))
}

// state writes a scope that was looked up into what a token says.
func (want WantedScope) state(t *Token) {
	switch want.Kind {
	case ScopeProject:
		t.ProjectID = want.id
	case ScopeDomain:
		t.DomainID = want.id
	case ScopeSystem:
		t.System = true
	}
}

// warm reads what the gate will ask about, so that its transaction, which others wait for, finds most of it in
// the caches. What it finds decides nothing.
func (s *Service) warm(ctx context.Context, userID string, want WantedScope) {
	t := &Token{}
	t.UserID = userID
	want.state(t)
	_ = s.stand(ctx, t)
	_, _ = s.facts.HasFactor(ctx, userID)
	if t.User != nil {
		_, _ = s.facts.Duty(ctx, t.User)
	}
}
