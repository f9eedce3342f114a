package auth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/keyward/identity/internal/appcred"
	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/oauth"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/token"
	"github.com/keyward/identity/internal/trust"
)

// Token is who a token stands for and what that person may do with it, true at the time it was looked at.
type Token struct {
	token.Claims
	User       *identity.User
	UserDomain *resource.Project
	// Project and ProjectDomain, or Domain, are set for those scopes.
	Project       *resource.Project
	ProjectDomain *resource.Project
	Domain        *resource.Project
	// Roles are the effective roles on the scope; empty exactly for unscoped tokens.
	Roles []*assignment.Role
	// AppCredential, Trust or AccessToken is what the token stems from; all are nil for a person's own.
	AppCredential *appcred.Credential
	Trust         *trust.Trust
	AccessToken   *oauth.AccessToken
	// behind are the methods of the sign-in that what the token stems from was made with; empty for a person's own.
	behind []string

	// kept tells that the token is remembered, and so may be what it was rendered to.
	kept     bool
	rendered atomic.Pointer[[]byte]
}

// Render returns what render returned the first time; it is for a view of the token, which is as it was as long as
// the token is remembered.
func (t *Token) Render(render func() ([]byte, error)) ([]byte, error) {
	if !t.kept {
		return render()
	}
	if b := t.rendered.Load(); b != nil {
		return *b, nil
	}
	b, err := render()
	if err == nil {
		t.rendered.Store(&b)
	}
	return b, err
}

// PolicyAttrs is all that a rule may know about a token somebody asks about; a nil one does not exist.
func (t *Token) PolicyAttrs() policy.Attrs {
	if t == nil {
		return policy.Attrs{"target.token.user_id": policy.Value{}}
	}
	return policy.Attrs{"target.token.user_id": policy.Is(t.UserID)}
}

// Scoped reports whether the token has a scope.
func (t *Token) Scoped() bool { return t.Project != nil || t.Domain != nil || t.System }

// Actor is the token's bearer as the rules see him.
func (t *Token) Actor() policy.Actor {
	a := policy.Actor{
		UserID: t.User.ID, UserName: t.User.Name, UserDomainID: t.User.DomainID, System: t.System,
		Methods: t.Methods, AuthTime: t.AuthTime, IssuedAt: t.IssuedAt, ExpiresAt: t.ExpiresAt,
		AuthVersion: t.AuthVersion, AuditID: t.AuditID, ChainID: t.ChainID, Delegated: t.Delegated(),
		AppCredentialID: t.AppCredID, Unrestricted: t.AppCredential != nil && !t.AppCredential.Restricted(),
	}
	if t.Trust != nil && !slices.Contains(t.Methods, token.MethodEC2) { // an access key of a trust is not the trust
		a.TrustID = t.TrustID
	}
	if t.Project != nil {
		a.ProjectID, a.ProjectDomainID = t.Project.ID, t.Project.DomainID
	}
	if t.Domain != nil {
		a.DomainID = t.Domain.ID
	}
	a.Roles = make([]string, len(t.Roles))
	for i, r := range t.Roles {
		a.Roles[i] = r.Name
	}
	return a
}

// serviceType is this service's type in the catalog, by which access rules name it.
const serviceType = "identity"

// Authenticate tells who the bearer of a token is. It fails with Unauthorized for every token that is not good now,
// and for those that are not good for the request: tokens may be for some requests only (access rules), and for who has
// a certificate only. cameWith reports whether the request came with the certificate that has a thumbprint.
func (s *Service) Authenticate(ctx context.Context, text, method, path string, cameWith func(thumbprint string) bool) (policy.Actor, error) {
	t, err := s.Read(ctx, text, false)
	if err != nil {
		return policy.Actor{}, err
	}
	if t.Thumbprint != "" && !cameWith(t.Thumbprint) {
		return policy.Actor{}, errRefused
	}
	if t.AppCredential != nil && !t.AppCredential.Admits(serviceType, method, path) {
		return policy.Actor{}, errRefused
	}
	return t.Actor(), nil
}

// Read looks at a token: its signature, kind and time, then every fact it stands on. With allowExpired its
// end may lie back as far as the operator allows; everything else must hold. Every failure of the token is
// Unauthorized. The token belongs to everybody who reads it: nothing in it may be changed.
func (s *Service) Read(ctx context.Context, text string, allowExpired bool) (*Token, error) {
	t := s.seen.find(s, text)
	if t == nil || s.demands.Inactive(t.User, s.now()) {
		var err error
		if t, err = s.read(ctx, text); err != nil {
			return nil, err
		}
	}
	end := t.ExpiresAt
	if allowExpired {
		end = end.Add(s.o.AllowExpiredWindow)
	}
	now := s.now()
	if !now.Before(end) {
		return nil, errRefused
	}
	if s.sessions == nil || t.Expired(now) || t.Delegated() {
		return t, nil
	}
	if err := s.sessions.Seen(ctx, t.ChainID, now); err != nil {
		return nil, err
	}
	return t, nil
}

// read looks at everything but the time.
func (s *Service) read(ctx context.Context, text string) (*Token, error) {
	at := s.moment()
	c, err := s.signer.Parse(text, token.KindToken)
	if err != nil {
		return nil, err
	}
	if c.Expired(s.now().Add(-s.o.AllowExpiredWindow)) {
		return nil, errRefused // before the database is asked about it
	}
	if gone, err := s.facts.Revoked(ctx, c.AuditID, c.ChainID); err != nil || gone {
		return nil, orRefused(err)
	}
	t := &Token{Claims: c}
	if err := s.stand(ctx, t); err != nil {
		return nil, orRefused(err)
	}
	if s.enough(t) != nil { // the role came later than the token
		return nil, errRefused
	}
	if err := s.stillStandsIn(ctx, t); err != nil {
		return nil, orRefused(err)
	}
	if t.User.AuthVersion != c.AuthVersion {
		return nil, errRefused
	}
	s.seen.keep(text, t, at)
	return t, nil
}

// stand fills in the facts that the claims refer to: user, scope, roles and what the token stems from, all alive.
// What is not alive or not the user's is errRefused.
func (s *Service) stand(ctx context.Context, t *Token) error {
	switch {
	case t.AppCredID != "":
		return s.standOnAppCredential(ctx, t)
	case t.TrustID != "":
		return s.standOnTrust(ctx, t)
	case t.AccessTokenID != "":
		return s.standOnAccessToken(ctx, t)
	}
	return s.standAlone(ctx, t)
}

// standAlone fills in the facts of a token that is its user's own.
func (s *Service) standAlone(ctx context.Context, t *Token) error {
	var err error
	if t.User, t.UserDomain, err = s.userAt(ctx, t.UserID, t.AuthVersion); err != nil {
		return err
	}
	switch {
	case t.ProjectID != "":
		if t.Project, err = s.live(ctx, t.ProjectID, false); err != nil {
			return err
		}
		if t.ProjectDomain, err = s.live(ctx, t.Project.DomainID, true); err != nil {
			return err
		}
		t.Roles, err = s.facts.Roles(ctx, t.UserID, assignment.OnProject, t.Project)
	case t.DomainID != "":
		if t.Domain, err = s.live(ctx, t.DomainID, true); err != nil {
			return err
		}
		t.Roles, err = s.facts.Roles(ctx, t.UserID, assignment.OnDomain, t.Domain)
	case t.System:
		t.Roles, err = s.facts.Roles(ctx, t.UserID, assignment.OnSystem, nil)
	default:
		return nil
	}
	if err == nil && len(t.Roles) == 0 {
		err = errRefused
	}
	return err
}

// userAt is liveUser for who saw the user at an auth version: when the facts of this node are of an earlier
// one, another node has just raised it, and the database knows.
func (s *Service) userAt(ctx context.Context, id string, version int64) (*identity.User, *resource.Project, error) {
	u, err := s.facts.User(ctx, id)
	if err == nil && u.AuthVersion < version {
		var now identity.User
		now, err = s.store.User(ctx, id)
		u = &now
	}
	return s.alive(ctx, u, err)
}

// liveUser returns a user who is enabled in an enabled domain.
func (s *Service) liveUser(ctx context.Context, id string) (*identity.User, *resource.Project, error) {
	u, err := s.facts.User(ctx, id)
	return s.alive(ctx, u, err)
}

// alive also refuses who has been inactive for too long, but not on the word of a cache: that may lag behind.
func (s *Service) alive(ctx context.Context, u *identity.User, err error) (*identity.User, *resource.Project, error) {
	if err != nil {
		return nil, nil, err
	}
	d, err := s.live(ctx, u.DomainID, true)
	if err == nil && s.demands.Inactive(u, s.now()) {
		if u, err = s.facts.Renewed(ctx, u.ID); err == nil && s.demands.Inactive(u, s.now()) {
			err = errRefused
		}
	}
	if err == nil && !u.Enabled {
		err = errRefused
	}
	return u, d, err
}

// live returns a project or domain that is enabled.
func (s *Service) live(ctx context.Context, id string, isDomain bool) (*resource.Project, error) {
	p, err := s.facts.Project(ctx, id)
	if err == nil && (!p.Enabled || p.IsDomain != isDomain) {
		err = errRefused
	}
	return p, err
}

// orRefused turns what a stranger may not tell apart into one answer, and leaves our own troubles alone.
func orRefused(err error) error {
	switch {
	case err == nil: // the caller found something that is not good
		return errRefused
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Forbidden), fault.Is(err, fault.Unauthorized):
		return errRefused
	}
	return err
}

// Revoke ends a token, and with the first token of a session every token of that session.
func (s *Service) Revoke(ctx context.Context, t *Token) error {
	end := t.ExpiresAt.Add(s.o.AllowExpiredWindow + time.Minute)
	if t.AuditID != t.ChainID {
		return s.store.RevokeOne(ctx, t.AuditID, end)
	}
	return s.store.Revoke(ctx, t.AuditID, end)
}

// EndChain ends every token of a session, whatever its first token was.
func (s *Service) EndChain(ctx context.Context, chainID string) error {
	return s.store.Revoke(ctx, chainID, s.now().Add(s.o.TokenTTL+s.o.AllowExpiredWindow+time.Minute))
}

// Fresh refuses actors whose proof is older than age or weaker than what they have enrolled; the refusal
// carries a receipt with which they can prove themselves again. The operator's window takes the place of the age.
// Delegated tokens are never fresh.
func (s *Service) Fresh(ctx context.Context, a policy.Actor, age time.Duration) error {
	if a.Delegated {
		return fault.New(fault.Forbidden, "A delegated token cannot be used for this.").Because("delegated_token")
	}
	if a.Enrolling {
		return s.freshEnough(a, age)
	}
	u, _, err := s.liveUser(ctx, a.UserID)
	if err != nil {
		return orRefused(err)
	}
	need, err := s.requirement(ctx, u)
	if err == nil {
		need, err = s.fresher(ctx, u.ID, need)
	}
	if err != nil {
		return err
	}
	if s.recent(a.AuthTime, age) && need.metBy(without(a.Methods, MethodDevice)) {
		return nil
	}
	err = s.receipt(ctx, u, s.blankReceipt(u, nil), need, ReasonReauthenticate)
	if r, ok := errors.AsType[*ReceiptError](err); ok {
		r.StepUp = need.again()
		if e := s.store.Append(ctx, r.event(ctx)); e != nil {
			return e
		}
	}
	return err
}

// OldAPI refuses users whom APIs that know passwords only must not serve: those who prove more than a
// password, and those outside the default domain.
func (s *Service) OldAPI(ctx context.Context, userID string) error {
	u, err := s.facts.User(ctx, userID)
	if err != nil {
		return orRefused(err)
	}
	if u.DomainID != DefaultDomainID {
		return errRefused
	}
	need, err := s.requirement(ctx, u)
	if err == nil && need.demandsMore() {
		err = errOldAPI
	}
	return err
}

// OldMethods reports whether a session was made only by methods that such APIs know: no federation, no
// certificates and nothing that stands for a person.
func OldMethods(methods []string) bool {
	return !slices.ContainsFunc(methods, func(m string) bool {
		return m != MethodPassword && m != MethodToken && m != MethodTOTP
	})
}

// SecondFactorRequired reports whether a password alone does not let the user in.
func (s *Service) SecondFactorRequired(ctx context.Context, userID string) (bool, error) {
	u, err := s.facts.User(ctx, userID)
	if err != nil {
		return false, err
	}
	need, err := s.requirement(ctx, u)
	return need.demandsMore(), err
}

// ReasonReauthenticate is the reason of refusing a proof that is too old or too weak.
const ReasonReauthenticate = "reauthentication_required"

func joinMethods(m []string) string { return strings.Join(m, ",") }
