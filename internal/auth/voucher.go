package auth

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/keyward/identity/internal/appcred"
	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/trust"
)

// Voucher is what stands for a person who is not there: something that the person made for a program. It never
// knows more than the sign-in that it was made with, and the person's rules judge it by that.
type Voucher struct {
	// Method is what the token says of the way in, such as MethodAppCredential.
	Method string
	// UserID is the person, ProjectID the only project that it is good for; empty for what fixes none.
	UserID, ProjectID string
	// Methods and AuthTime are those of the sign-in that it was made with; no methods when the person did not
	// make it himself, or nobody knows.
	Methods  []string
	AuthTime time.Time
	// ExpiresAt is when it and its tokens end; nil for never.
	ExpiresAt *time.Time
	// AppCredID, TrustID and AccessTokenID name what a token goes on depending on; at most one is set.
	AppCredID, TrustID, AccessTokenID string
	// ChainID makes all tokens from the voucher one session, which can be revoked as a whole; empty for a
	// session each.
	ChainID string
	// Thumbprint binds the token to a client certificate, which must come along whenever it is used.
	Thumbprint string
	// OldAPI holds the person to what the v2.0 API knows, as Request.OldAPI does.
	OldAPI bool
}

// Vouch is the way in for what another part of the program has checked: the signature of an EC2 or OAuth request,
// or a client certificate. What the token may then do is decided by the gate, as for everybody. It fails like
// SignIn, but never with a receipt: a program has nothing more to show.
func (s *Service) Vouch(ctx context.Context, v Voucher) (Issued, error) {
	u, _, err := s.liveUser(ctx, v.UserID)
	if err != nil {
		return Issued{}, orRefused(err)
	}
	want := s.resolve(ctx, WantedScope{})
	s.warm(ctx, u.ID, want)
	return s.issue(ctx, proofs{user: u, voucher: &v, oldAPI: v.OldAPI}, want)
}

// Find returns a user who may sign in, and the domain. It fails with Unauthorized for everybody else, whatever the
// cause, for what other parts of the program make of what they were shown.
func (s *Service) Find(ctx context.Context, r Ref) (*identity.User, *resource.Project, error) {
	if err := r.shape("user", true); err != nil {
		return nil, nil, errRefused
	}
	u, err := s.user(ctx, r)
	if err != nil {
		return nil, nil, orRefused(err)
	}
	live, d, err := s.liveUser(ctx, u.ID)
	if err != nil {
		return nil, nil, orRefused(err)
	}
	return live, d, nil
}

// Refuse is for what other parts of the program refuse before they vouch: it records the cause, for the user if one is
// known, and returns the refusal that tells a stranger nothing.
func (s *Service) Refuse(ctx context.Context, userID, cause string) error {
	return s.refuse(ctx, userID, cause, errRefused)
}

func (v *Voucher) delegated() bool {
	return v.AppCredID != "" || v.TrustID != "" || v.AccessTokenID != ""
}

// voucherOf is what a token goes on depending on, when it stems from an application credential.
func voucherOf(c *appcred.Credential, method string) *Voucher {
	return &Voucher{
		Method: method, UserID: c.UserID, ProjectID: c.ProjectID, Methods: c.Methods, AuthTime: c.AuthTime,
		ExpiresAt: c.ExpiresAt, AppCredID: c.ID,
	}
}

// admits reports whether what was made with a sign-in by these methods may stand for a person of whom so much is
// required. Where the password is enough, anything that the person or an administrator made is.
func (q requirement) admits(methods []string) bool {
	return len(q) > 0 && (!q.demandsMore() || q.metBy(methods))
}

// errWeak refuses what was made with less than its owner must now show.
var errWeak = fault.New(fault.Unauthorized, "This was made with fewer factors than its owner must show. Make it anew.").
	Because("second_factor_required")

// proveAppCredential looks at the secret of an application credential. Who guesses is slowed down as with
// passwords, on counters of the credential's own.
func (s *Service) proveAppCredential(ctx context.Context, r Request, p *proofs) error {
	if !r.has(MethodAppCredential) {
		return nil
	}
	if r.Scope.Kind != ScopeDefault {
		return errRefused // it has the scope that it was made with, and no other
	}
	c, err := s.appCredential(ctx, *r.AppCredential)
	if err != nil {
		return err
	}
	u, _, err := s.liveUser(ctx, c.UserID)
	if err == nil {
		err = s.checkSecret(ctx, c, r.AppCredential.Secret)
	}
	if err == nil && c.Expired(s.now()) {
		err = s.refuse(ctx, c.UserID, "application_credential_expired", errRefused)
	}
	if err != nil {
		return orRefused(err)
	}
	p.voucher = voucherOf(&c, MethodAppCredential)
	p.methods = union(p.methods, []string{MethodAppCredential})
	return s.mustBe(ctx, p, u)
}

// appCredential finds an application credential by id, or by name among those of a user; the id wins.
func (s *Service) appCredential(ctx context.Context, proof AppCredentialProof) (appcred.Credential, error) {
	if proof.ID != "" {
		c, err := s.store.AppCredential(ctx, proof.ID)
		if err != nil {
			err = orRefused(err)
		}
		return c, err
	}
	u, err := s.user(ctx, proof.User)
	if err != nil {
		return appcred.Credential{}, orRefused(err)
	}
	c, err := s.store.AppCredentialByName(ctx, u.ID, proof.Name)
	if err != nil {
		err = orRefused(err)
	}
	return c, err
}

// checkSecret compares a secret, within the limits of passwords. The counters go by the id of the credential.
func (s *Service) checkSecret(ctx context.Context, c appcred.Credential, plain string) error {
	st, err := s.standing(ctx, &identity.User{ID: c.ID})
	if err != nil {
		return err
	}
	if st.locked {
		return s.refuse(ctx, c.UserID, "application_credential_locked", errRefused)
	}
	ok, err := s.vault.VerifySecret(ctx, c.ID, c.Secret, plain)
	if err != nil {
		return err
	}
	if !ok {
		if err := s.countPassword(ctx, c.ID, refusalEvent(ctx, c.UserID, "application_credential_wrong")); err != nil {
			return err
		}
		return errRefused
	}
	if st.failed {
		return s.store.InTx(ctx, func(ctx context.Context) error { return s.succeeded(ctx, c.ID, st) })
	}
	return nil
}

// standOnAppCredential fills in the facts of a token from an application credential: those of its user, and of
// the user's roles those that the credential was given.
func (s *Service) standOnAppCredential(ctx context.Context, t *Token) error {
	c, err := s.facts.AppCredential(ctx, t.AppCredID)
	if err != nil {
		return err
	}
	if c.UserID != t.UserID || c.ProjectID != t.ProjectID || c.Expired(s.now()) {
		return errRefused
	}
	if err := s.standAlone(ctx, t); err != nil {
		return err
	}
	t.AppCredential, t.behind = c, c.Methods
	t.Roles = among(t.Roles, c.RoleIDs)
	if len(t.Roles) == 0 {
		return errRefused
	}
	return nil
}

// standOnAccessToken fills in the facts of a token from OAuth 1.0a: those of its user, and of the user's roles those
// that the user gave, with what they imply.
func (s *Service) standOnAccessToken(ctx context.Context, t *Token) error {
	a, err := s.facts.AccessToken(ctx, t.AccessTokenID)
	if err != nil {
		return err
	}
	if a.UserID != t.UserID || a.ProjectID != t.ProjectID || a.Expired(s.now()) {
		return errRefused
	}
	if err := s.standAlone(ctx, t); err != nil {
		return err
	}
	table, err := s.facts.Table(ctx)
	if err != nil {
		return err
	}
	var ids []string
	for _, id := range a.RoleIDs {
		for _, r := range table.StandsFor(id) {
			ids = append(ids, r.ID)
		}
	}
	t.AccessToken, t.behind = a, a.Methods
	if t.Roles = among(t.Roles, ids); len(t.Roles) == 0 {
		return errRefused
	}
	return nil
}

// among returns those of the roles that are listed.
func among(roles []*assignment.Role, ids []string) []*assignment.Role {
	var out []*assignment.Role
	for _, r := range roles {
		if slices.Contains(ids, r.ID) {
			out = append(out, r)
		}
	}
	return out
}

// standOnTrust fills in the facts of a token from a trust: both users alive and as they were, everybody through
// whose hands the trust went, and every role still the first trustor's.
func (s *Service) standOnTrust(ctx context.Context, t *Token) error {
	tr, err := s.facts.Trust(ctx, t.TrustID)
	if err != nil {
		return err
	}
	if t.UserID != tr.Bearer() || t.ProjectID != tr.ProjectID || tr.Expired(s.now()) {
		return errRefused
	}
	partner, _, err := s.userAt(ctx, tr.Partner(), t.PartnerVersion)
	if err != nil {
		return err
	}
	if partner.AuthVersion != t.PartnerVersion {
		return errRefused
	}
	if t.User, t.UserDomain, err = s.userAt(ctx, t.UserID, t.AuthVersion); err != nil {
		return err
	}
	first, err := s.firstTrust(ctx, tr)
	if err != nil {
		return err
	}
	t.Trust, t.behind = tr, first.Methods
	if tr.ProjectID == "" {
		return nil
	}
	if t.Project, err = s.live(ctx, t.ProjectID, false); err != nil {
		return err
	}
	if t.ProjectDomain, err = s.live(ctx, t.Project.DomainID, true); err != nil {
		return err
	}
	t.Roles, err = s.trustedRoles(ctx, first.TrustorID, tr, t)
	return err
}

// maxTrusts bounds the way back to the first trust; redelegation is bounded far below it.
const maxTrusts = 100

// firstTrust goes back to the trust that somebody made of his own power. All on the way must be good, and their
// users alive.
func (s *Service) firstTrust(ctx context.Context, tr *trust.Trust) (*trust.Trust, error) {
	for range maxTrusts {
		for _, id := range []string{tr.TrustorID, tr.TrusteeID} {
			if _, _, err := s.liveUser(ctx, id); err != nil {
				return nil, err
			}
		}
		if tr.Expired(s.now()) {
			return nil, errRefused
		}
		if tr.RedelegatedID == "" {
			return tr, nil
		}
		var err error
		if tr, err = s.facts.Trust(ctx, tr.RedelegatedID); err != nil {
			return nil, err
		}
	}
	return nil, fault.New(fault.Internal, "the trusts have a loop at %s", tr.ID)
}

// trustedRoles are the roles of a trust and what they imply, all of which the trustor must have now: a trust whose
// trustor has lost one of them is void, it does not shrink.
func (s *Service) trustedRoles(ctx context.Context, trustorID string, tr *trust.Trust, t *Token) ([]*assignment.Role, error) {
	held, err := s.facts.Roles(ctx, trustorID, assignment.OnProject, t.Project)
	if err != nil {
		return nil, err
	}
	table, err := s.facts.Table(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, id := range tr.RoleIDs {
		if !slices.ContainsFunc(held, func(r *assignment.Role) bool { return r.ID == id }) {
			return nil, errRefused
		}
		for _, r := range table.StandsFor(id) {
			ids = append(ids, r.ID)
		}
	}
	roles := among(held, ids)
	if len(roles) == 0 {
		return nil, errRefused
	}
	return roles, nil
}

var (
	errNotTrustee = fault.New(fault.Forbidden, "The trust is not for this user.").Because("trust_of_another")
	errTrustVoid  = fault.New(fault.Forbidden, "The trust is void: not everybody and every role behind it is still there.").Because("trust_void")
	errTrustWeak  = fault.New(fault.Forbidden, "%s", errWeak.Message).Because(errWeak.Reason)
	errTrustUsed  = fault.New(fault.Forbidden, "The trust has no uses left.").Because("trust_used_up")
)

// trustScope makes the token one of a trust and takes one of its uses. It runs inside the transaction, so that a
// sign-in that fails takes none. Strangers learn nothing about trusts, trustees why theirs is of no use.
func (s *Service) trustScope(ctx context.Context, t *Token, trusteeID, id string) error {
	tr, err := s.store.Trust(ctx, id)
	if err != nil {
		return orRefused(err)
	}
	if tr.Expired(s.now()) {
		return errRefused
	}
	if tr.TrusteeID != trusteeID {
		return errNotTrustee
	}
	if err := s.bearTrust(ctx, t, &tr); err != nil {
		switch {
		case errors.Is(err, errWeak):
			return errTrustWeak
		case errors.Is(err, errPhoneWeak):
			return err
		}
		if fault.Is(orRefused(err), fault.Unauthorized) {
			return errTrustVoid
		}
		return err
	}
	if tr.RemainingUses != nil {
		if ok, err := s.store.UseTrust(ctx, tr.ID); err != nil {
			return err
		} else if !ok {
			return errTrustUsed
		}
	}
	return nil
}

// bearTrust states in the token whom it stands for, and looks at everything behind the trust. The trustor's rules
// judge what the trust was made with.
func (s *Service) bearTrust(ctx context.Context, t *Token, tr *trust.Trust) error {
	bearer, _, err := s.liveUser(ctx, tr.Bearer())
	if err != nil {
		return err
	}
	partner, _, err := s.liveUser(ctx, tr.Partner())
	if err != nil {
		return err
	}
	t.UserID, t.AuthVersion, t.PartnerVersion = bearer.ID, bearer.AuthVersion, partner.AuthVersion
	t.TrustID, t.ProjectID = tr.ID, tr.ProjectID
	t.ExpiresAt = earlier(t.ExpiresAt, tr.ExpiresAt)
	if err := s.stand(ctx, t); err != nil {
		return err
	}
	first, err := s.firstTrust(ctx, tr)
	if err != nil {
		return err
	}
	trustor, err := s.facts.User(ctx, first.TrustorID)
	if err != nil {
		return err
	}
	need, err := s.requirement(ctx, trustor)
	switch {
	case err != nil:
		return err
	case !need.admits(first.Methods):
		return errWeak
	}
	return s.enough(t)
}

func earlier(t time.Time, end *time.Time) time.Time {
	if end != nil && end.Before(t) {
		return *end
	}
	return t
}
