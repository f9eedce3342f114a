package auth

import (
	"context"
	"slices"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/password"
)

// SignIn turns a request into a token. Its errors are: BadRequest for what is malformed, *ReceiptError when
// more must be shown, Unauthorized for everything a stranger may not tell apart, Forbidden for tokens that
// must not change their scope, and Unavailable when the server is too busy or cannot reach its database.
func (s *Service) SignIn(ctx context.Context, r Request) (Issued, error) {
	if err := r.shape(); err != nil {
		return Issued{}, err
	}
	wait := func() {}
	if r.has(MethodPassword) || r.has(MethodTOTP) {
		wait = s.floor(ctx)
	}
	p, err := s.prove(ctx, r)
	var issued Issued
	if err == nil {
		issued, err = s.issue(ctx, p, r.Scope)
	}
	if fault.Is(err, fault.Unauthorized) {
		wait()
	}
	return issued, err
}

// shape refuses requests that cannot be looked at. Unknown methods are Unauthorized, as in Keystone, but only
// once every known one has its payload.
func (r *Request) shape() error {
	var methods []string
	known := true
	for _, m := range r.Methods {
		if !slices.Contains(methods, m) {
			methods = append(methods, m)
		}
		var missing bool
		switch m {
		case MethodPassword:
			missing = r.Password == nil
		case MethodTOTP:
			missing = r.TOTP == nil
		case MethodToken:
			missing = r.Token == nil
		default:
			known = false
		}
		if missing {
			return fault.New(fault.BadRequest, "Expecting to find %s in identity.", m)
		}
	}
	r.Methods = methods
	if !known || len(methods) == 0 {
		return errMethods
	}
	return r.refs()
}

var errMethods = fault.New(fault.Unauthorized, "Attempted to authenticate with an unsupported method.").Because("unsupported_method")

func (r *Request) refs() error {
	if r.has(MethodPassword) {
		if err := r.Password.User.shape("user", true); err != nil {
			return err
		}
	}
	if r.has(MethodTOTP) {
		if err := r.TOTP.User.shape("user", true); err != nil {
			return err
		}
	}
	switch r.Scope.Kind {
	case ScopeProject:
		return r.Scope.Target.shape("project", true)
	case ScopeDomain:
		return r.Scope.Target.shape("domain", false)
	}
	return nil
}

func (r *Request) has(method string) bool { return slices.Contains(r.Methods, method) }

// prove looks at what was shown, first factors first, so that nobody can try codes without one. All proofs
// must be of the same user.
func (s *Service) prove(ctx context.Context, r Request) (proofs, error) {
	p := proofs{oldAPI: r.OldAPI}
	for _, prove := range []func(context.Context, Request, *proofs) error{
		s.proveReceipt, s.proveToken, s.provePassword, s.proveCode,
	} {
		if err := prove(ctx, r, &p); err != nil {
			return p, err
		}
	}
	if p.user == nil {
		return p, errRefused
	}
	return p, nil
}

// is notes whose proof it was, and refuses proofs of different users.
func (p *proofs) is(u *identity.User) error {
	if p.user != nil && p.user.ID != u.ID {
		return errRefused
	}
	p.user = u
	return nil
}

func (s *Service) proveReceipt(ctx context.Context, r Request, p *proofs) error {
	if r.Receipt == "" {
		return nil
	}
	c, u, err := s.readReceipt(ctx, r.Receipt)
	if err != nil {
		return err
	}
	p.receipt = c
	for _, m := range c.Methods {
		if m != MethodToken {
			p.methods = append(p.methods, m)
		}
	}
	return p.is(u)
}

func (s *Service) proveToken(ctx context.Context, r Request, p *proofs) error {
	if !r.has(MethodToken) {
		return nil
	}
	t, err := s.Read(ctx, *r.Token, false)
	if err != nil {
		return err
	}
	p.parent = t
	p.stems = union(t.Methods, []string{MethodToken})
	return p.is(t.User)
}

func (s *Service) provePassword(ctx context.Context, r Request, p *proofs) error {
	if !r.has(MethodPassword) {
		return nil
	}
	u, expired, failures, err := s.checkPassword(ctx, r.Password.User, r.Password.Password)
	if err != nil {
		return err
	}
	p.expired, p.failures = expired, failures
	p.methods = union(p.methods, []string{MethodPassword})
	return p.is(u)
}

// proveCode finds out whose code it is; the gate looks at the code itself. Without any other proof a code is
// not even looked at, unless a rule of the user lets codes sign in alone: strangers must not use up the tries.
func (s *Service) proveCode(ctx context.Context, r Request, p *proofs) error {
	if !r.has(MethodTOTP) {
		return nil
	}
	found, err := user(ctx, s.store, r.TOTP.User)
	if err != nil {
		return orRefused(err)
	}
	if p.user == nil {
		need, err := s.requirement(ctx, &found)
		if err != nil {
			return err
		}
		if !need.codeAlone() {
			return errRefused
		}
	}
	p.code = &r.TOTP.Code
	if p.user != nil && p.user.ID != found.ID {
		return errRefused
	}
	if p.user == nil {
		p.user = &found
	}
	return nil
}

// checkPassword tells whether a password is the user's. Whoever the user is or is not, it costs the same and
// refuses alike; a failure is counted and recorded before the slot is free again, so that guesses in flight
// can never exceed the limit by more than the slots.
func (s *Service) checkPassword(ctx context.Context, ref Ref, plain string) (u *identity.User, expired, failures bool, err error) {
	plain, err = password.Normalize(plain)
	if err != nil {
		return nil, false, false, err
	}
	err = s.vault.pool.Do(ctx, func() error {
		u, expired, failures, err = s.tryPassword(ctx, ref, plain)
		return err
	})
	return u, expired, failures, err
}

// tryPassword is checkPassword within a slot.
func (s *Service) tryPassword(ctx context.Context, ref Ref, plain string) (u *identity.User, expired, failures bool, err error) {
	found, stored, err := s.passwordOf(ctx, ref)
	if err != nil {
		return nil, false, false, err
	}
	if found == nil {
		s.vault.verify("", "", plain)
		return nil, false, false, s.refuse(ctx, "", "unknown_or_disabled", errRefused)
	}
	locked, failures, err := s.passwordState(ctx, found.ID)
	if err != nil {
		return nil, false, false, err
	}
	if locked {
		s.vault.verify("", "", plain)
		return nil, false, false, s.refuse(ctx, found.ID, "password_locked", errRefused)
	}
	ok, rehash := s.vault.verify(found.ID, stored.Hash, plain)
	if !ok {
		if err := s.countPassword(ctx, found.ID, refusalEvent(ctx, found.ID, "password_wrong")); err != nil {
			return nil, false, false, err
		}
		return nil, false, false, errRefused
	}
	if rehash {
		s.rehash(ctx, stored, plain)
	}
	expired = stored.ExpiresAt != nil && !s.now().Before(*stored.ExpiresAt) &&
		(found.Options.IgnorePasswordExpiry == nil || !*found.Options.IgnorePasswordExpiry)
	return found, expired, failures, nil
}

// passwordOf finds a live user and the current password. A user who is unknown or not alive is nil.
func (s *Service) passwordOf(ctx context.Context, ref Ref) (*identity.User, identity.Password, error) {
	none := identity.Password{}
	found, err := user(ctx, s.store, ref)
	if fault.Is(err, fault.NotFound) {
		return nil, none, nil
	}
	if err != nil {
		return nil, none, err
	}
	if _, _, err := s.liveUser(ctx, found.ID); err != nil {
		if fault.Is(orRefused(err), fault.Unauthorized) {
			return nil, none, nil
		}
		return nil, none, err
	}
	stored, err := s.store.Password(ctx, found.ID)
	if fault.Is(err, fault.NotFound) {
		return &found, none, nil
	}
	return &found, stored, err
}

// rehash brings a hash to today's cost. It is a courtesy: a failure costs nothing but the next try.
func (s *Service) rehash(ctx context.Context, stored identity.Password, plain string) {
	phc, err := s.vault.hasher.Hash(plain)
	if err != nil {
		return
	}
	sealed, err := s.vault.seal(stored.UserID, phc)
	if err != nil {
		return
	}
	_ = s.store.Rehash(ctx, stored.UserID, stored.Hash, sealed)
}

// PasswordChange is a person's wish for a new password.
type PasswordChange struct {
	UserID        string
	Original, New string
	// Code is a passcode or recovery code, for people with a second factor.
	Code string
	// Token is the text of a token that came along, empty for none. A strong and fresh one of the same user
	// stands for the code.
	Token string
}

// FreshFor is how old a proof may be for actions on what people sign in with.
const FreshFor = 10 * time.Minute

// ChangePassword sets a password that the person chose. The original one is demanded whatever else is shown;
// people who sign in with a second factor show that as well. All tokens of the user end. It fails with
// Unauthorized, and with BadRequest when the new password is too weak.
func (s *Service) ChangePassword(ctx context.Context, c PasswordChange) error {
	wait := s.floor(ctx)
	err := s.changePassword(ctx, c)
	if fault.Is(err, fault.Unauthorized) {
		wait()
	}
	return err
}

func (s *Service) changePassword(ctx context.Context, c PasswordChange) error {
	u, _, failures, err := s.checkPassword(ctx, Ref{ID: c.UserID}, c.Original)
	if err != nil {
		return err
	}
	if u.Options.LockPassword != nil && *u.Options.LockPassword {
		return fault.New(fault.BadRequest, "The password of this user can be changed by an administrator only.").Because("password_locked")
	}
	if err := s.policy.Check(c.New, u.Name); err != nil {
		return err
	}
	hash, err := s.vault.Hash(ctx, u.ID, c.New)
	if err != nil {
		return err
	}
	p := proofs{user: u, methods: []string{MethodPassword}, failures: failures}
	if c.Code != "" {
		p.code = &c.Code
		if ok, err := s.attempts.Reserve(ctx, u.ID); err != nil {
			return err
		} else if !ok {
			return s.refuse(ctx, u.ID, "code_locked", errRefused)
		}
	} else if t, err := s.Read(ctx, c.Token, false); err == nil && t.UserID == u.ID && t.TrustID == "" && t.AppCredID == "" &&
		s.now().Sub(t.AuthTime) <= FreshFor {
		p.stems = t.Methods
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error { return s.replacePassword(ctx, p, hash) })
	if err != nil {
		return s.refused(ctx, p, err)
	}
	return nil
}

func (s *Service) replacePassword(ctx context.Context, p proofs, hash string) error {
	if p.code != nil {
		if err := s.spend(ctx, &p); err != nil {
			return err
		}
	}
	need, err := s.requirement(ctx, p.user)
	if err != nil {
		return err
	}
	if !need.metBy(union(p.methods, p.stems)) {
		return errRefused.Because("second_factor_required")
	}
	for _, l := range s.passwordLimits(ctx, p.user.ID) {
		if err := s.store.ResetFailures(ctx, p.user.ID, l.key.Kind, l.key.Network); err != nil {
			return err
		}
	}
	o := event.OriginOf(ctx)
	o.ActorID = p.user.ID
	return s.store.SetPassword(event.WithOrigin(ctx, o), identity.Password{
		UserID: p.user.ID, Hash: hash, CreatedAt: s.now(), SelfService: true,
	})
}

// ClearLockout forgets the failures of a user, for administrators.
func (s *Service) ClearLockout(ctx context.Context, userID string) error {
	for _, kind := range []FailureKind{PasswordFailure, CodeFailure} {
		if err := s.store.ResetFailures(ctx, userID, kind, ""); err != nil {
			return err
		}
	}
	return nil
}
