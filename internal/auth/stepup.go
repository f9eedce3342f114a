package auth

import (
	"context"
	"slices"
	"time"

	"github.com/keyward/identity/internal/identity"
)

// codes are the methods that show a second factor at that moment.
var codes = []string{MethodTOTP, MethodPhone}

func isCode(method string) bool { return slices.Contains(codes, method) }

// entrance is what signing in takes: less than need where the operator wants codes at actions only, but not of those
// who must have a second factor.
func (s *Service) entrance(ctx context.Context, u *identity.User, need requirement) (requirement, error) {
	if !s.o.StepUp.AtAction {
		return need, nil
	}
	d, err := s.facts.Duty(ctx, u)
	if err != nil || d.Due(s.now()) {
		return need, err
	}
	return requirementOf(u.Options, false), nil
}

// recent reports whether a proof of that time still counts.
func (s *Service) recent(proved time.Time, age time.Duration) bool {
	if w := s.o.StepUp.Window; w > 0 {
		age = w
	}
	return s.o.StepUp.PerSession || s.now().Sub(proved) <= age
}

// provenBy reports whether what was shown now, on top of what a session has shown before, proves a person again: a
// code of those who have a second factor, a password alone never; of all others everything that they sign in with.
func (q requirement) provenBy(shown, before []string) bool {
	if !q.demandsMore() {
		return q.metBy(shown)
	}
	return q.metBy(union(shown, before)) && (q.metBy(shown) || slices.ContainsFunc(shown, func(m string) bool { return isCode(m) && q.names(m) }))
}

// names reports whether a rule asks for the method.
func (q requirement) names(m string) bool {
	return slices.ContainsFunc(q, func(rule []string) bool { return slices.Contains(rule, m) })
}

// again are the methods that prove a person again within a session, a code in the way that the person prefers.
func (q requirement) again() []string {
	if !q.demandsMore() {
		return []string{MethodToken, MethodPassword}
	}
	for _, rule := range q {
		if i := slices.IndexFunc(rule, isCode); i >= 0 {
			return []string{MethodToken, rule[i]}
		}
	}
	return []string{MethodToken, MethodTOTP}
}

// Assurance says how strongly somebody proved himself.
type Assurance string

// The levels of assurance, from the weakest on. More may come between them.
const (
	// NotThere is for tokens that stand for a person who is not there: programs and delegation.
	NotThere Assurance = "delegated"
	// SingleFactor is one method, or a second one that was only remembered.
	SingleFactor Assurance = "single_factor"
	// PhoneFactor is a code that was sent to a phone besides another method: messages are read on the way, and numbers
	// are taken over.
	PhoneFactor Assurance = "phone_factor"
	// MultiFactor is a second factor that the person holds besides another method.
	MultiFactor Assurance = "multi_factor"
)

// Assurance tells how strongly the person proved himself in the session of the token, last at its AuthTime.
func (t *Token) Assurance() Assurance {
	first := func(m string) bool { return m != MethodToken && m != MethodDevice && !isCode(m) }
	switch {
	case t.Delegated():
		return NotThere
	case !slices.ContainsFunc(t.Methods, first):
		return SingleFactor
	case slices.Contains(t.Methods, MethodTOTP):
		return MultiFactor
	case slices.Contains(t.Methods, MethodPhone):
		return PhoneFactor
	}
	return SingleFactor
}
