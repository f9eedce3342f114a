package auth

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/notify"
	"github.com/keyward/identity/internal/risk"
	"github.com/keyward/identity/internal/session"
)

// ReasonRisk is why a sign-in is refused that is too unusual.
const ReasonRisk = "risk_refused"

// causeChallenged is what events say of a receipt for who is asked for a code although the device is remembered.
const causeChallenged = "risk_challenged"

var errUnusual = fault.New(fault.Unauthorized, "The sign-in is too unusual for this account. Sign in from where you usually do, or ask an administrator.").
	Because(ReasonRisk)

// judged is what a sign-in was found to be, and what is remembered of the person's from now on.
type judged struct {
	risk.Verdict
	profile risk.Profile
	news    bool // the profile has
	tell    bool // the person is to hear of it
}

// judge compares a sign-in, of which everything else is right, with the person's earlier ones. It fails with
// Unauthorized for what the operator wants refused, and with a receipt for what is good enough with a code only, where the
// person has a second factor. Programs, and what continues a session, are not judged.
func (s *Service) judge(ctx context.Context, u *identity.User, p *proofs, need requirement) error {
	o := s.o.Risk
	if !o.Enabled || p.voucher != nil || p.parent != nil {
		return nil
	}
	known, err := s.store.Profile(ctx, u.ID)
	if err != nil {
		return err
	}
	seen := s.observe(ctx, *p)
	j := &judged{Verdict: o.Judge(known, seen)}
	j.profile, j.news = o.Learn(known, seen)
	j.tell, p.risk = risk.Reached(j.Score, o.Notify), j
	if risk.Reached(j.Score, o.Refuse) {
		return errUnusual
	}
	if risk.Reached(j.Score, o.Challenge) && need.demandsMore() && !need.metBy(without(p.shown(), MethodDevice)) {
		return s.demandCode(ctx, u, *p, need)
	}
	return nil
}

// observe is what is seen of a sign-in.
func (s *Service) observe(ctx context.Context, p proofs) risk.Observation {
	from := event.OriginOf(ctx)
	browser, system := session.Client(from.UserAgent)
	place := s.places.Of(from.Address)
	o := risk.Observation{
		At: s.now(), Device: risk.DeviceOf(browser.Name, system.Name), Remembered: slices.Contains(p.shown(), MethodDevice),
		Networks: risk.NetworksOf(from.Address, place.Network), Country: place.Country, Point: place.Point,
	}
	if p.standing != nil {
		o.Failures, o.FailedAt = p.standing.failures, p.standing.failedAt
	}
	return o
}

// demandCode gives the receipt of somebody who has not shown a device.
func (s *Service) demandCode(ctx context.Context, u *identity.User, p proofs, need requirement) error {
	p.methods, p.kept = without(p.methods, MethodDevice), without(p.kept, MethodDevice)
	err := s.incomplete(ctx, u, p, need)
	if r, ok := errors.AsType[*ReceiptError](err); ok {
		r.risk = p.risk
	}
	return err
}

// describe adds to the detail of an event how unusual the sign-in was.
func (j *judged) describe(detail map[string]any) {
	if j == nil || j.Score == 0 {
		return
	}
	detail["risk"], detail["reasons"] = j.Score, j.Names()
	if j.tell {
		detail[notify.Tell] = true
	}
}

// verdict is what the session keeps.
func (j *judged) verdict() risk.Verdict {
	if j == nil {
		return risk.Verdict{}
	}
	return j.Verdict
}

// learn remembers a sign-in that has become a session.
func (s *Service) learn(ctx context.Context, userID string, j *judged) error {
	if j == nil || !j.news {
		return nil
	}
	return s.store.KeepProfile(ctx, userID, j.profile, s.now().Add(s.o.Risk.Keep))
}

// failures are how many wrong passwords and codes in a row there were, and the last of them.
func failures(counters ...Failures) (n int, last time.Time) {
	for _, f := range counters {
		n += f.Count
		if f.LastAt.After(last) {
			last = f.LastAt
		}
	}
	return n, last
}
