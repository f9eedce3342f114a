package auth

import (
	"context"
	"errors"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/session"
	"github.com/keyward/identity/internal/token"
)

// Issued is a new token.
type Issued struct {
	Text string
	*Token
}

// proofs is what a sign-in has shown so far, whatever the way in.
type proofs struct {
	user *identity.User
	// methods were shown now; kept are those that a receipt remembers, stems those of the token that the
	// sign-in continues.
	methods, kept, stems []string
	// parent is the token that the sign-in continues, nil for a new session.
	parent *Token
	// voucher stands for the person, for programs; nil when the person is there.
	voucher *Voucher
	// receipt is the receipt that the sign-in completes, nil for none.
	receipt *token.Claims
	// code is a passcode that still has to be looked at; nil for none. With sent it is one that went to a phone.
	code *string
	sent bool
	// device is the secret of a device that still has to be looked at, nil for none; deviceID whose it was.
	device   *string
	deviceID string
	// right tells that the code, or the secret, was looked at and accepted.
	right bool
	// standing is what is on record about passwords; nil when none was shown, now or for the receipt.
	standing *standing
	// expired tells that the password was right but its time is over.
	expired bool
	oldAPI  bool
	// risk is how unusual the sign-in is; nil as long as it was not judged.
	risk *judged
}

// shown are the methods that were shown for this session.
func (p proofs) shown() []string { return union(p.methods, p.kept) }

// issue is the gate. It looks at everything that was shown and gives a token, or a receipt (as an error)
// when more must be shown, or refuses. Codes are spent, receipts used up and the event written in one
// transaction with the decision: a refusal spends nothing.
func (s *Service) issue(ctx context.Context, p proofs, want WantedScope) (Issued, error) {
	if p.code != nil || p.device != nil {
		if ok, err := s.attempts.Reserve(ctx, p.user.ID); err != nil {
			return Issued{}, err
		} else if !ok {
			return Issued{}, s.refuse(ctx, p.user.ID, "code_locked", errRefused)
		}
	}
	var out Issued
	var more *ReceiptError
	var tried proofs
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		var err error
		tried = p
		out, err = s.decide(ctx, &tried, want)
		if more = nil; errors.As(err, &more) {
			return s.store.Append(ctx, more.event(ctx)) // what was spent stays spent
		}
		return err
	})
	switch {
	case err != nil:
		return Issued{}, s.refused(ctx, tried, err)
	case more != nil:
		return Issued{}, more
	}
	return out, nil
}

// refused records a refusal. A code that was right does not count as a wrong one: it was spent before, or is
// not spent now because the sign-in failed for another cause.
func (s *Service) refused(ctx context.Context, p proofs, err error) error {
	if p.right || p.code != nil && fault.ReasonOf(err) == mfa.ReasonUsed {
		if e := s.attempts.Release(ctx, p.user.ID); e != nil {
			return e
		}
	}
	cause := fault.ReasonOf(err)
	if !fault.Is(err, fault.Unauthorized) && !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.NotFound) {
		return err
	}
	if errors.Is(err, mfa.ErrWrongCode) {
		if e := s.factors.Missed(ctx, p.user.ID); e != nil {
			return e
		}
	}
	if errors.Is(err, mfa.ErrWrongCode) || fault.Is(err, fault.NotFound) {
		err = errRefused
	}
	ev := refusalEvent(ctx, p.user.ID, cause)
	if cause == ReasonRisk {
		p.risk.describe(ev.Detail)
	}
	return s.record(ctx, ev, err)
}

// decide runs inside the transaction: user and domain, second factor, rules, password state, scope, life.
func (s *Service) decide(ctx context.Context, p *proofs, want WantedScope) (Issued, error) {
	u, d, err := s.userAt(ctx, p.user.ID, p.user.AuthVersion)
	if err != nil {
		return Issued{}, orRefused(err)
	}
	if u.AuthVersion != p.user.AuthVersion {
		return Issued{}, errRefused // something ended all sign-ins while this one was under way
	}
	if p.code != nil {
		if err := s.spend(ctx, p); err != nil {
			return Issued{}, err
		}
	}
	if p.device != nil {
		if err := s.recognise(ctx, p); err != nil {
			return Issued{}, err
		}
	}
	need, err := s.requirement(ctx, u)
	if err != nil {
		return Issued{}, err
	}
	if err := s.suffice(ctx, u, *p, need); err != nil {
		return Issued{}, err
	}
	if p.expired {
		return Issued{}, fault.New(fault.Unauthorized, "The password is expired and needs to be changed for user: %s.", u.ID).Because("password_expired")
	}
	if err := s.judge(ctx, u, p, need); err != nil {
		return Issued{}, err
	}
	if err := s.begin(ctx, u); err != nil {
		return Issued{}, err
	}
	proof, err := s.fresher(ctx, u.ID, need) // a phone does not make the session of who has an app fresh
	if err != nil {
		return Issued{}, err
	}
	t := &Token{Claims: s.claims(u, *p, proof), User: u, UserDomain: d}
	if p.voucher != nil {
		t.behind = p.voucher.Methods
	}
	if err := s.scope(ctx, t, *p, want); err != nil {
		return Issued{}, err
	}
	return s.finish(ctx, t, *p)
}

// suffice refuses, or answers with a receipt, what is less than the user must prove.
func (s *Service) suffice(ctx context.Context, u *identity.User, p proofs, need requirement) error {
	if p.oldAPI && (u.DomainID != DefaultDomainID || !OldMethods(p.stems)) {
		return errRefused // the old API knows one domain, and passwords
	}
	if p.oldAPI && need.demandsMore() {
		return errOldAPI
	}
	if p.voucher != nil {
		if !need.admits(union(p.shown(), p.voucher.Methods)) {
			return errWeak
		}
		return nil
	}
	enter, err := s.entrance(ctx, u, need)
	if err != nil || enter.metBy(standIn(union(p.shown(), p.stems))) {
		return err
	}
	if p.oldAPI {
		return errRefused // it knows no receipts
	}
	return s.incomplete(ctx, u, p, enter)
}

var errOldAPI = fault.New(fault.Unauthorized,
	"This user signs in with a second factor, which the v2.0 API does not know. Use the Identity API v3.").Because("mfa_requires_v3")

// spend looks at the passcode and spends it.
func (s *Service) spend(ctx context.Context, p *proofs) error {
	check, method := s.factors.Check, MethodTOTP
	if p.sent {
		check = s.factors.CheckPhone
	}
	accepted, err := check(ctx, p.user.ID, *p.code)
	if err != nil {
		return err
	}
	if accepted.Phone {
		method = MethodPhone
	}
	p.methods, p.right = union(p.methods, []string{method}), true
	if accepted.Recovery {
		err = s.store.Append(ctx, event.Event{
			Action: "recovery_code.use", Outcome: event.Success, Kind: event.Factor, TargetID: p.user.ID, UserID: p.user.ID,
			DomainID: p.user.DomainID, Detail: map[string]any{"remaining": accepted.Remaining},
		})
	}
	if err != nil {
		return err
	}
	return s.attempts.Reset(ctx, p.user.ID)
}

// claims are what the new token will say, but for its scope.
func (s *Service) claims(u *identity.User, p proofs, need requirement) token.Claims {
	now := s.now().UTC().Truncate(time.Microsecond)
	c := token.Claims{
		Kind: token.KindToken, UserID: u.ID, AuditID: token.NewAuditID(), IssuedAt: now, AuthTime: now,
		ExpiresAt: now.Add(s.o.TokenTTL), AuthVersion: u.AuthVersion,
		Methods: union(p.shown(), p.stems),
	}
	if v := p.voucher; v != nil {
		c.Methods = union(c.Methods, []string{v.Method})
		c.ExpiresAt = earlier(c.ExpiresAt, v.ExpiresAt)
		c.AppCredID, c.AccessTokenID, c.Thumbprint, c.ChainID = v.AppCredID, v.AccessTokenID, v.Thumbprint, v.ChainID
		if !v.AuthTime.IsZero() && v.AuthTime.Before(c.AuthTime) {
			c.AuthTime = v.AuthTime
		}
	}
	// A token is as fresh as the oldest proof that it needs; what continues a session, as the last proof again.
	if !need.metBy(p.methods) && p.receipt != nil {
		c.AuthTime = p.receipt.AuthTime
	}
	if p.parent == nil {
		return c
	}
	// What continues a session ends with it.
	c.ChainID = p.parent.ChainID
	if p.parent.ExpiresAt.Before(c.ExpiresAt) {
		c.ExpiresAt = p.parent.ExpiresAt
	}
	if !need.provenBy(p.shown(), p.stems) && p.parent.AuthTime.Before(c.AuthTime) {
		c.AuthTime = p.parent.AuthTime
	}
	return c
}

// finish uses up the receipt, forgets failures, signs the token and records it.
func (s *Service) finish(ctx context.Context, t *Token, p proofs) (Issued, error) {
	if p.receipt != nil {
		fresh, err := s.store.UseReceipt(ctx, p.receipt.AuditID, p.receipt.ExpiresAt.Add(time.Minute))
		if err != nil {
			return Issued{}, err
		}
		if !fresh {
			return Issued{}, errRefused.Because("receipt_already_used")
		}
	}
	if p.standing != nil {
		if err := s.succeeded(ctx, p.user.ID, *p.standing); err != nil {
			return Issued{}, err
		}
	}
	begins := t.ChainID == ""
	if begins {
		t.ChainID = t.AuditID
	}
	text, err := s.signer.Sign(t.Claims)
	if err != nil {
		return Issued{}, err
	}
	if err := s.keepSession(ctx, t, p, begins); err != nil {
		return Issued{}, err
	}
	detail := t.detail()
	if p.deviceID != "" {
		detail["device"] = p.deviceID
	}
	if err := s.learn(ctx, p.user.ID, p.risk); err != nil {
		return Issued{}, err
	}
	p.risk.describe(detail)
	err = s.store.Append(ctx, event.Event{
		Action: "token.issue", Outcome: event.Success, Kind: event.Token, TargetID: t.AuditID, UserID: t.UserID,
		DomainID: t.User.DomainID, Detail: detail, Origin: withActor(ctx, p.user.ID),
	})
	return Issued{Text: text, Token: t}, err
}

// keepSession stores what people see in the list of their sessions: their own sign-ins, not those of programs.
func (s *Service) keepSession(ctx context.Context, t *Token, p proofs, begins bool) error {
	switch {
	case p.voucher != nil:
		return nil
	case begins:
		if s.sessions != nil {
			s.sessions.Began(t.ChainID, t.IssuedAt)
		}
		return s.store.BeginSession(ctx, session.Session{
			ID: t.ChainID, UserID: p.user.ID, CreatedAt: t.IssuedAt, LastSeenAt: t.IssuedAt, ExpiresAt: t.ExpiresAt,
			Methods: t.Methods, AuthVersion: p.user.AuthVersion, Risk: p.risk.verdict(),
		})
	case !subset(p.methods, p.stems):
		return s.store.ProveSession(ctx, t.ChainID, without(t.Methods, MethodToken))
	}
	return nil
}
