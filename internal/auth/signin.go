package auth

import (
	"context"
	"slices"

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
	if r.has(MethodDevice) && s.devices == nil {
		return Issued{}, errMethods
	}
	wait := func() {}
	if r.has(MethodPassword) || r.has(MethodTOTP) || r.has(MethodPhone) || r.has(MethodAppCredential) || r.has(MethodDevice) {
		wait = s.floor(ctx)
	}
	p, err := s.prove(ctx, r)
	var issued Issued
	if err == nil {
		want := s.resolve(ctx, r.Scope)
		s.warm(ctx, p.user.ID, want)
		issued, err = s.issue(ctx, p, want)
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
		case MethodPhone:
			missing = r.Phone == nil
		case MethodToken:
			missing = r.Token == nil
		case MethodAppCredential:
			missing = r.AppCredential == nil
		case MethodDevice:
			missing = r.Device == nil
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
	if r.code() != nil && r.has(MethodDevice) {
		return fault.New(fault.BadRequest, "A code and a device stand for the same; show one of them.")
	}
	if r.has(MethodPassword) {
		if err := r.Password.User.shape("user", true); err != nil {
			return err
		}
	}
	if r.has(MethodTOTP) && r.has(MethodPhone) {
		return fault.New(fault.BadRequest, "One passcode is enough: give totp or phone.")
	}
	if code := r.code(); code != nil {
		if err := code.User.shape("user", true); err != nil {
			return err
		}
	}
	if c := r.AppCredential; r.has(MethodAppCredential) && c.ID == "" {
		if c.Name == "" {
			return fault.New(fault.BadRequest, "Expecting to find id or name in application_credential.")
		}
		if err := c.User.shape("user", true); err != nil {
			return err
		}
	}
	switch r.Scope.Kind {
	case ScopeProject:
		return r.Scope.Target.shape("project", true)
	case ScopeTrust:
		return r.Scope.Target.shape("OS-TRUST:trust", false)
	case ScopeDomain:
		return r.Scope.Target.shape("domain", false)
	}
	return nil
}

// code is the passcode that came, by either method, or nil.
func (r *Request) code() *CodeProof {
	switch {
	case r.has(MethodTOTP):
		return r.TOTP
	case r.has(MethodPhone):
		return r.Phone
	}
	return nil
}

func (r *Request) has(method string) bool { return slices.Contains(r.Methods, method) }

// prove looks at what was shown, first factors first, so that nobody can try codes without one. All proofs
// must be of the same user.
func (s *Service) prove(ctx context.Context, r Request) (proofs, error) {
	p := proofs{oldAPI: r.OldAPI}
	for _, prove := range []func(context.Context, Request, *proofs) error{
		s.proveReceipt, s.proveToken, s.proveAppCredential, s.provePassword, s.proveCode, s.proveDevice,
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

// mustBe notes whose proof it was, and refuses proofs of different users.
func (s *Service) mustBe(ctx context.Context, p *proofs, u *identity.User) error {
	if p.user != nil && p.user.ID != u.ID {
		return s.refuse(ctx, p.user.ID, "another_user", errRefused)
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
			p.kept = append(p.kept, m)
		}
	}
	if slices.Contains(p.kept, MethodPassword) {
		if err := s.stillGood(ctx, u, p); err != nil {
			return err
		}
	}
	return s.mustBe(ctx, p, u)
}

// stillGood looks at what became of the password that a receipt remembers: while passwords of the user rest
// the receipt is no way round, and the password's time may be over.
func (s *Service) stillGood(ctx context.Context, u *identity.User, p *proofs) error {
	st, err := s.standing(ctx, u)
	if err != nil {
		return err
	}
	if st.locked {
		return s.refuse(ctx, u.ID, "password_locked", errReceipt)
	}
	stored, err := s.store.Password(ctx, u.ID)
	if fault.Is(err, fault.NotFound) {
		return s.refuse(ctx, u.ID, "password_gone", errReceipt)
	}
	p.standing, p.expired = &st, s.expired(u, stored)
	return err
}

// expired tells whether a password's time is over.
func (s *Service) expired(u *identity.User, stored identity.Password) bool {
	return stored.ExpiresAt != nil && !s.now().Before(*stored.ExpiresAt) &&
		(u.Options.IgnorePasswordExpiry == nil || !*u.Options.IgnorePasswordExpiry)
}

func (s *Service) proveToken(ctx context.Context, r Request, p *proofs) error {
	if !r.has(MethodToken) {
		return nil
	}
	t, err := s.Read(ctx, *r.Token, false)
	if err != nil {
		return err
	}
	switch c := t.AppCredential; {
	case c != nil && r.Scope.Kind == ScopeDefault:
		p.voucher = voucherOf(c, MethodToken) // what continues it depends on it
	case t.Delegated():
		return errRescope
	}
	p.parent = t
	p.stems = union(t.Methods, []string{MethodToken})
	return s.mustBe(ctx, p, t.User)
}

func (s *Service) provePassword(ctx context.Context, r Request, p *proofs) error {
	if !r.has(MethodPassword) {
		return nil
	}
	joined := !r.OldAPI && r.code() == nil && !r.has(MethodDevice)
	good, err := s.checkPassword(ctx, r.Password.User, r.Password.Password, joined)
	if err != nil {
		return err
	}
	if good.code != "" {
		p.code = &good.code
	}
	p.expired, p.standing = good.expired, &good.standing
	p.methods = union(p.methods, []string{MethodPassword})
	return s.mustBe(ctx, p, good.user)
}

// proveCode finds out whose code it is; the gate looks at the code itself. Without any other proof a code is
// not even looked at, unless a rule of the user lets codes sign in alone: strangers must not use up the tries.
func (s *Service) proveCode(ctx context.Context, r Request, p *proofs) error {
	given := r.code()
	if given == nil {
		return nil
	}
	found, err := s.user(ctx, given.User)
	if err != nil {
		return orRefused(err)
	}
	if p.user == nil {
		need, err := s.requirement(ctx, &found)
		if err != nil {
			return err
		}
		if r.has(MethodPhone) || !need.codeAlone() {
			return s.refuse(ctx, found.ID, "code_alone", errRefused)
		}
		p.user = &found
	}
	p.code, p.sent = &given.Code, r.has(MethodPhone)
	if p.user.ID != found.ID {
		return s.refuse(ctx, p.user.ID, "another_user", errRefused)
	}
	return nil
}

// goodPassword is what is known after a right password.
type goodPassword struct {
	user *identity.User
	standing
	expired bool
	// code is what followed the password in the same field; empty for nothing.
	code string
}

// checkPassword tells whether a password is the user's. Whoever the user is or is not, it costs the same and
// refuses alike; a failure is counted and recorded before the slot is free again, so that guesses in flight
// can never exceed the limit by more than the slots.
//
// joined allows a code behind the password, for those who may send one there (see texts).
func (s *Service) checkPassword(ctx context.Context, ref Ref, plain string, joined bool) (good goodPassword, err error) {
	if _, err := password.Normalize(plain); err != nil { // what Keystone hashed is compared as it is given
		return good, err
	}
	if err := s.sprays.admit(ctx, ref); err != nil {
		return good, err
	}
	found, stored, err := s.passwordOf(ctx, ref)
	if err != nil {
		return good, err
	}
	read := []text{{password: plain}}
	if joined && found != nil {
		if read, err = s.texts(ctx, found, plain); err != nil {
			return good, err
		}
	}
	err = s.vault.pool.Do(ctx, func() error {
		good, err = s.tryPassword(ctx, found, stored, read)
		return err
	})
	if fault.Is(err, fault.Unauthorized) {
		s.sprays.failed(ctx, ref)
	}
	return good, err
}

// tryPassword is checkPassword within a slot. Should the password change while the slot is waited for, the gate
// sees that the auth version did.
func (s *Service) tryPassword(ctx context.Context, found *identity.User, stored identity.Password, read []text) (goodPassword, error) {
	none, plain := goodPassword{}, read[0].password
	if found == nil {
		s.vault.verify("", "", plain)
		return none, s.refuse(ctx, "", "unknown_or_disabled", errRefused)
	}
	st, err := s.standing(ctx, found)
	if err != nil {
		return none, err
	}
	if st.locked {
		s.vault.verify("", "", plain)
		return none, s.refuse(ctx, found.ID, "password_locked", errRefused)
	}
	for _, t := range read {
		ok, rehash := s.vault.verify(found.ID, stored.Hash, t.password)
		if !ok {
			continue
		}
		if rehash {
			s.rehash(ctx, stored, t.password)
		}
		return goodPassword{found, st, s.expired(found, stored), t.code}, nil
	}
	for _, t := range read { // each was a guess
		if err := s.wrongPassword(ctx, found.ID, t.password); err != nil {
			return none, err
		}
	}
	return none, errRefused
}

// wrongPassword counts and records one wrong password.
func (s *Service) wrongPassword(ctx context.Context, userID, plain string) error {
	wrong := refusalEvent(ctx, userID, "password_wrong")
	if s.o.Report.Key != "" {
		wrong.Detail["partial_password_hash"] = s.o.Report.of(plain)
	}
	return s.countPassword(ctx, userID, wrong)
}

// passwordOf finds a live user and the current password. A user who is unknown or not alive is nil.
func (s *Service) passwordOf(ctx context.Context, ref Ref) (*identity.User, identity.Password, error) {
	none := identity.Password{}
	found, err := s.user(ctx, ref)
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
