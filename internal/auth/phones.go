package auth

import (
	"cmp"
	"context"
	"slices"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/phone"
)

// MethodPhone is a code that was sent to a phone. Where a rule asks for MethodTOTP it will do, as far as PhoneTrust
// allows; no rule can name it.
const MethodPhone = "phone"

// PhoneTrust says what codes that were sent to a phone are good for. Its zero value lets them complete sign-ins to
// everything, and for people with an authenticator app nothing that asks for a fresh proof.
type PhoneTrust struct {
	// StepUp also accepts them as a fresh proof from people who have an app.
	StepUp bool
	// ForbiddenRoles are names of roles that no sign-in gets whose second factor was only a phone, or a remembered
	// device, which a phone may have vouched for.
	ForbiddenRoles []string
}

// withPhone also lets a phone stand where a rule asks for a code, in the order in which the user wants to be asked.
// Rules by which a code signs in alone stay as they are.
func (q requirement) withPhone(k mfa.Kinds) requirement {
	if !k.Phone {
		return q
	}
	var out requirement
	for _, rule := range q {
		if i := slices.Index(rule, MethodTOTP); i >= 0 && len(rule) > 1 {
			instead := slices.Clone(rule)
			instead[i] = MethodPhone
			if k.PhoneFirst || !k.App {
				out = append(out, instead, rule)
			} else {
				out = append(out, rule, instead)
			}
			continue
		}
		out = append(out, rule)
	}
	return out
}

// withoutMethod returns the rules that do not ask for a method.
func (q requirement) withoutMethod(method string) requirement {
	return slices.DeleteFunc(slices.Clone(q), func(rule []string) bool { return slices.Contains(rule, method) })
}

// fresher is the requirement for what asks for a fresh proof: a phone is not enough for those who have an app.
func (s *Service) fresher(ctx context.Context, userID string, need requirement) (requirement, error) {
	k, err := s.facts.FactorKinds(ctx, userID)
	if err == nil && k.App && !s.o.Phones.StepUp {
		need = need.withoutMethod(MethodPhone)
	}
	return need, err
}

// enough refuses tokens with a role that a phone does not suffice for, whether the person came with one or made with it
// what the token stems from.
func (s *Service) enough(t *Token) error {
	forbidden := s.o.Phones.ForbiddenRoles
	if len(forbidden) == 0 || !phoneAtBest(t.Methods) && !phoneAtBest(t.behind) {
		return nil
	}
	if slices.ContainsFunc(t.Roles, func(r *assignment.Role) bool { return slices.Contains(forbidden, r.Name) }) {
		return errPhoneWeak
	}
	return nil
}

// phoneAtBest reports whether a phone, or what it may have vouched for, is the only second factor among the methods.
func phoneAtBest(methods []string) bool {
	has := func(m string) bool { return slices.Contains(methods, m) }
	return (has(MethodPhone) || has(MethodDevice)) && !has(MethodTOTP)
}

var errPhoneWeak = fault.New(fault.Unauthorized, "A code that was sent to a phone, or a remembered device, is not enough for this role. Sign in with an authenticator app or a recovery code.").
	Because("phone_not_enough")

// Challenge sends a code to a phone of whom a receipt is for: to the first one when phoneID is empty. It fails with
// Unauthorized when the receipt is not good, and as mfa.Service.Challenge does.
func (s *Service) Challenge(ctx context.Context, receipt, phoneID string, channel phone.Channel) (mfa.Challenge, error) {
	userID, err := s.challenged(ctx, receipt)
	if err != nil {
		return mfa.Challenge{}, err
	}
	return s.factors.Challenge(ctx, userID, phoneID, channel)
}

// ChallengeOf tells what became of a code that was sent to whom a receipt is for. It fails with Unauthorized and NotFound.
func (s *Service) ChallengeOf(ctx context.Context, receipt, id string) (mfa.Challenge, error) {
	userID, err := s.challenged(ctx, receipt)
	if err != nil {
		return mfa.Challenge{}, err
	}
	return s.factors.ChallengeOf(ctx, userID, id)
}

// challenged tells whom a receipt is for that has completed no sign-in, if the password that it remembers, if any, would
// still do.
func (s *Service) challenged(ctx context.Context, receipt string) (string, error) {
	c, u, err := s.readReceipt(ctx, receipt)
	if err != nil {
		return "", err
	}
	if used, err := s.store.ReceiptUsed(ctx, c.AuditID); err != nil || used {
		return "", cmp.Or(err, error(errReceipt))
	}
	if slices.Contains(c.Methods, MethodPassword) {
		err = s.stillGood(ctx, u, &proofs{})
	}
	return u.ID, err
}
