package auth

import (
	"context"

	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/mfa"
)

// text is one way to read what came in the field of the password.
type text struct {
	password string
	// code is the passcode or recovery code behind the password; empty for none.
	code string
}

// texts are the ways to read the field of the password: as it is, and before that as a password with a code behind
// it where an administrator allows that, the user has a second factor and the end has the form of a code. What is
// tried is settled before any password is compared. A password that itself ends like a code is why the field is
// read as it is too; when neither is right both count as guesses.
func (s *Service) texts(ctx context.Context, u *identity.User, plain string) ([]text, error) {
	whole := []text{{password: plain}}
	if allowed, err := s.mayJoin(ctx, u); err != nil || !allowed {
		return whole, err
	}
	factors, err := s.factors.Active(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	if password, code, ok := mfa.Cut(plain, factors); ok {
		return []text{{password, code}, {password: plain}}, nil
	}
	return whole, nil
}

// mayJoin tells whether the user may send a code behind the password: by the user's own option, else by that of the
// domain, and only with a second factor.
func (s *Service) mayJoin(ctx context.Context, u *identity.User) (bool, error) {
	allowed := u.Options.PasscodeInPassword
	if allowed == nil {
		d, err := s.facts.Project(ctx, u.DomainID)
		if err != nil {
			return false, err
		}
		allowed = d.Options.PasscodeInPassword
	}
	if allowed == nil || !*allowed {
		return false, nil
	}
	return s.facts.HasFactor(ctx, u.ID)
}
