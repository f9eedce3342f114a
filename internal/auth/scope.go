package auth

import (
	"context"
	"errors"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/resource"
)

// scope resolves what the token is wanted for and checks that the user has a role there.
func (s *Service) scope(ctx context.Context, t *Token, p proofs, want WantedScope) error {
	if err := s.mayRescope(p, want); err != nil {
		return err
	}
	if want.err != nil {
		return orRefused(want.err)
	}
	if v := p.voucher; v != nil && want.Kind != ScopeNone {
		switch {
		case v.TrustID != "":
			return s.trustScope(ctx, t, p.user.ID, v.TrustID)
		case v.ProjectID != "":
			want = WantedScope{Kind: ScopeProject, id: v.ProjectID}
		}
	}
	switch want.Kind {
	case ScopeNone:
		return nil
	case ScopeDefault:
		return s.defaultScope(ctx, t, p)
	case ScopeTrust:
		return s.trustScope(ctx, t, p.user.ID, want.Target.ID)
	}
	want.state(t)
	if err := s.enter(ctx, t); errors.Is(err, errPhoneWeak) {
		return err
	} else if err != nil {
		return orRefused(err)
	}
	if p.oldAPI && (t.Project == nil || t.Project.DomainID != DefaultDomainID) {
		return errRefused
	}
	return nil
}

// mayRescope refuses to continue tokens that must not change their scope, and to go from what stands for a
// person to a trust.
func (s *Service) mayRescope(p proofs, want WantedScope) error {
	if v := p.voucher; v != nil && v.delegated() && want.Kind != ScopeDefault {
		return errRescope
	}
	if p.parent == nil || p.voucher != nil {
		return nil
	}
	elsewhere := want.Kind == ScopeProject || want.Kind == ScopeDomain || want.Kind == ScopeTrust
	if p.parent.Delegated() || p.parent.System && elsewhere || !s.o.RescopeScoped && p.parent.Scoped() {
		return errRescope
	}
	return nil
}

var errRescope = fault.New(fault.Forbidden, "The token cannot be exchanged for one with this scope.")

// defaultScope gives the user's default project when that works, and otherwise no scope, silently. Continuing
// from a system token stays unscoped: a token of the system is not for projects.
func (s *Service) defaultScope(ctx context.Context, t *Token, p proofs) error {
	if t.User.DefaultProjectID == "" || p.oldAPI || p.parent != nil && p.parent.System {
		return nil
	}
	try := &Token{Claims: t.Claims}
	try.ProjectID = t.User.DefaultProjectID
	switch err := s.enter(ctx, try); {
	case err == nil:
		t.Claims, t.Project, t.ProjectDomain, t.Roles = try.Claims, try.Project, try.ProjectDomain, try.Roles
	case !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Unauthorized):
		return err
	}
	return nil
}

// enter is stand for a token that is to be: what has a name that it may not have is no scope.
func (s *Service) enter(ctx context.Context, t *Token) error {
	if err := s.stand(ctx, t); err != nil {
		return err
	}
	if t.Project != nil && s.o.SafeProjects && !naming.URLSafe(t.Project.Name) {
		return errRefused // as if it were not there
	}
	for _, d := range []*resource.Project{t.Domain, t.ProjectDomain} {
		if d != nil && s.o.SafeDomains && !naming.URLSafe(d.Name) {
			return errRefused // as if it were not there
		}
	}
	return s.enough(t)
}
