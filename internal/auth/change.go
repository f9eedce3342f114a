package auth

import (
	"context"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
)

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
	good, err := s.checkPassword(ctx, Ref{ID: c.UserID}, c.Original, false)
	if err != nil {
		return err
	}
	u := good.user
	if u.Options.LockPassword != nil && *u.Options.LockPassword {
		return fault.New(fault.BadRequest, "The password of this user can be changed by an administrator only.").Because("password_locked")
	}
	if err := s.acceptable(ctx, u, c.New); err != nil {
		return err
	}
	hash, err := s.vault.Hash(ctx, u.ID, c.New)
	if err != nil {
		return err
	}
	p := proofs{user: u, methods: []string{MethodPassword}, standing: &good.standing}
	if c.Code != "" {
		p.code = &c.Code
		if ok, err := s.attempts.Reserve(ctx, u.ID); err != nil {
			return err
		} else if !ok {
			return s.refuse(ctx, u.ID, "code_locked", errRefused)
		}
	} else if p.stems, err = s.freshMethods(ctx, u.ID, c.Token); err != nil {
		return err
	}
	var tried proofs
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		tried = p
		return s.replacePassword(ctx, &tried, hash)
	})
	if err != nil {
		return s.refused(ctx, tried, err)
	}
	return nil
}

// acceptable refuses new passwords that a person may not choose, and choosing again too soon. What it looks at is
// of the password that was just checked, or of a later one: replacePassword refuses in that case.
func (s *Service) acceptable(ctx context.Context, u *identity.User, plain string) error {
	if err := s.policy.Check(plain, u.Name); err != nil {
		return err
	}
	d := s.demands
	if d.Pattern != nil {
		if err := d.Pattern.Check(plain); err != nil {
			return err
		}
	}
	if d.MinimumAgeDays <= 0 && d.History <= 0 {
		return nil
	}
	former, err := s.store.PasswordHistory(ctx, u.ID, d.Keep())
	if err != nil || len(former) == 0 {
		return err
	}
	free := former[0].CreatedAt.AddDate(0, 0, d.MinimumAgeDays)
	if wait := free.Sub(s.now()); former[0].SelfService && d.MinimumAgeDays > 0 && wait > 0 {
		return fault.New(fault.BadRequest, "The password was changed less than %d days ago. An administrator can set another one now.",
			d.MinimumAgeDays).Because("password_too_new").After(wait)
	}
	if d.History <= 0 {
		return nil
	}
	used, err := s.vault.anyOf(ctx, u.ID, former, plain)
	if used {
		err = fault.New(fault.BadRequest, "The new password must not be one of the last %d.", d.History).Because("password_reused")
	}
	return err
}

// freshMethods returns the methods of a fresh token of the user; none when there is no such token.
func (s *Service) freshMethods(ctx context.Context, userID, text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	t, err := s.Read(ctx, text, false)
	if err != nil {
		if fault.Is(err, fault.Unauthorized) {
			err = nil
		}
		return nil, err
	}
	if t.UserID != userID || t.Delegated() || !s.recent(t.AuthTime, FreshFor) {
		return nil, nil
	}
	return without(t.Methods, MethodDevice), nil
}

// replacePassword runs inside the transaction. The user stays locked meanwhile: what the proofs were checked
// against must still be so, else a change under way would undo the one that an administrator just made.
func (s *Service) replacePassword(ctx context.Context, p *proofs, hash string) error {
	if err := s.store.LockUser(ctx, p.user.ID); err != nil {
		return err
	}
	u, err := s.store.User(ctx, p.user.ID)
	if err != nil {
		return err
	}
	if u.AuthVersion != p.user.AuthVersion || !u.Enabled {
		return errRefused.Because("changed_meanwhile")
	}
	if p.code != nil {
		if err := s.spend(ctx, p); err != nil {
			return err
		}
	}
	need, err := s.requirement(ctx, &u)
	if err == nil {
		need, err = s.fresher(ctx, u.ID, need)
	}
	if err != nil {
		return err
	}
	if !need.metBy(union(p.methods, p.stems)) {
		return errRefused.Because("second_factor_required")
	}
	if err := s.succeeded(ctx, u.ID, *p.standing); err != nil {
		return err
	}
	o := event.OriginOf(ctx)
	o.ActorID = u.ID
	now := s.now()
	err = s.store.SetPassword(event.WithOrigin(ctx, o), identity.Password{
		UserID: u.ID, Hash: hash, CreatedAt: now, ExpiresAt: s.demands.Expiry(u.Options, now, true), SelfService: true,
	})
	if err != nil {
		return err
	}
	return s.store.ForgetPasswords(ctx, u.ID, s.demands.Keep())
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
