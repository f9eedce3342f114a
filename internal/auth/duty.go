package auth

import (
	"context"
	"slices"
	"time"

	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/policy"
)

// ReasonEnrol is the reason of a receipt for somebody who must have a second factor and has none.
const ReasonEnrol = "factor_enrolment_required"

// requirement works out what a user must prove now. Who must have a second factor and is past all grace is asked for
// one that is not there.
func (s *Service) requirement(ctx context.Context, u *identity.User) (requirement, error) {
	k, err := s.facts.FactorKinds(ctx, u.ID)
	demanded := k.Any()
	if err == nil && !demanded {
		d, e := s.facts.Duty(ctx, u)
		demanded, err = d.Due(s.now()), e
	}
	if err != nil {
		return nil, err
	}
	return requirementOf(u.Options, demanded).withPhone(k), nil
}

// begin notes that a user who signs in has fallen under requirements: from now on the days of grace are counted. It
// runs inside the transaction of the sign-in.
func (s *Service) begin(ctx context.Context, u *identity.User) error {
	d, err := s.facts.Duty(ctx, u)
	if err != nil {
		return err
	}
	if ids := d.Unbegun(); len(ids) > 0 {
		return s.store.BeginDuty(ctx, u.ID, ids, s.now())
	}
	return nil
}

// RequiredFrom tells from when a second factor is demanded of a user by an operator's requirement; nil for never.
func (s *Service) RequiredFrom(ctx context.Context, userID string) (*time.Time, error) {
	u, err := s.facts.User(ctx, userID)
	if err != nil {
		return nil, err
	}
	d, err := s.facts.Duty(ctx, u)
	if err != nil {
		return nil, err
	}
	if from, ok := d.From(s.now()); ok {
		return &from, nil
	}
	return nil, nil //nolint:nilnil // never
}

// mayEnrol reports whether all that a user lacks is a second factor, and there is none that could be asked for. Who has
// shown nothing may not: strangers would enrol for others.
func (s *Service) mayEnrol(ctx context.Context, u *identity.User, need requirement, shown []string) (bool, error) {
	if !slices.Contains(shown, MethodPassword) || slices.Contains(shown, MethodTOTP) ||
		need.metBy(shown) || !need.metBy(union(shown, []string{MethodTOTP})) {
		return false, nil
	}
	has, err := s.facts.HasFactor(ctx, u.ID)
	return err == nil && !has, err
}

// Enrolling tells who the bearer of a receipt is, for enrolling the first second factor and for nothing else. It fails
// with Unauthorized for every receipt that is not for that.
func (s *Service) Enrolling(ctx context.Context, receipt string) (policy.Actor, error) {
	c, u, err := s.readReceipt(ctx, receipt)
	if err != nil {
		return policy.Actor{}, err
	}
	need, err := s.requirement(ctx, u)
	if err != nil {
		return policy.Actor{}, err
	}
	may, err := s.mayEnrol(ctx, u, need, c.Methods)
	if err == nil && !may {
		err = errReceipt
	}
	if err == nil {
		err = s.stillGood(ctx, u, &proofs{})
	}
	if err != nil {
		return policy.Actor{}, err
	}
	return policy.Actor{
		UserID: u.ID, UserName: u.Name, UserDomainID: u.DomainID, Methods: c.Methods, AuthTime: c.AuthTime,
		IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt, AuditID: c.AuditID, Enrolling: true,
	}, nil
}

// Enrolled gives somebody who has just enrolled with a receipt another one, since the first ended with what it was for.
// With it and a code the sign-in is completed.
func (s *Service) Enrolled(ctx context.Context, a policy.Actor) (string, error) {
	u, _, err := s.liveUser(ctx, a.UserID)
	if err != nil {
		return "", orRefused(err)
	}
	c := s.blankReceipt(u, a.Methods)
	c.AuthTime = a.AuthTime
	if c.AuthVersion, err = s.state(ctx, u); err != nil {
		return "", err
	}
	if err := s.store.Append(ctx, receiptEvent(ctx, u, c.Methods)); err != nil {
		return "", err
	}
	return s.signer.Sign(c)
}

// freshEnough refuses receipts that are too old to enrol with.
func (s *Service) freshEnough(a policy.Actor, age time.Duration) error {
	if s.now().Sub(a.AuthTime) > age {
		return errReceipt
	}
	return nil
}
