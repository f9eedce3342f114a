package auth

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/resource"
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

// scope resolves what the token is wanted for and checks that the user has a role there.
func (s *Service) scope(ctx context.Context, t *Token, p proofs, want WantedScope) error {
	if err := s.mayRescope(p, want); err != nil {
		return err
	}
	if want.err != nil {
		return orRefused(want.err)
	}
	if v := p.voucher; v != nil && want.Kind != ScopeNone {
		switch {
		case v.TrustID != "":
			return s.trustScope(ctx, t, p.user.ID, v.TrustID)
		case v.ProjectID != "":
			want = WantedScope{Kind: ScopeProject, id: v.ProjectID}
		}
	}
	switch want.Kind {
	case ScopeNone:
		return nil
	case ScopeDefault:
		return s.defaultScope(ctx, t, p)
	case ScopeTrust:
		return s.trustScope(ctx, t, p.user.ID, want.Target.ID)
	}
	want.state(t)
	if err := s.enter(ctx, t); errors.Is(err, errPhoneWeak) {
		return err
	} else if err != nil {
		return orRefused(err)
	}
	if p.oldAPI && (t.Project == nil || t.Project.DomainID != DefaultDomainID) {
		return errRefused
	}
	return nil
}

// mayRescope refuses to continue tokens that must not change their scope, and to go from what stands for a
// person to a trust.
func (s *Service) mayRescope(p proofs, want WantedScope) error {
	if v := p.voucher; v != nil && v.delegated() && want.Kind != ScopeDefault {
		return errRescope
	}
	if p.parent == nil || p.voucher != nil {
		return nil
	}
	elsewhere := want.Kind == ScopeProject || want.Kind == ScopeDomain || want.Kind == ScopeTrust
	if p.parent.Delegated() || p.parent.System && elsewhere || !s.o.RescopeScoped && p.parent.Scoped() {
		return errRescope
	}
	return nil
}

var errRescope = fault.New(fault.Forbidden, "The token cannot be exchanged for one with this scope.")

// defaultScope gives the user's default project when that works, and otherwise no scope, silently. Continuing
// from a system token stays unscoped: a token of the system is not for projects.
func (s *Service) defaultScope(ctx context.Context, t *Token, p proofs) error {
	if t.User.DefaultProjectID == "" || p.oldAPI || p.parent != nil && p.parent.System {
		return nil
	}
	try := &Token{Claims: t.Claims}
	try.ProjectID = t.User.DefaultProjectID
	switch err := s.enter(ctx, try); {
	case err == nil:
		t.Claims, t.Project, t.ProjectDomain, t.Roles = try.Claims, try.Project, try.ProjectDomain, try.Roles
	case !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Unauthorized):
		return err
	}
	return nil
}

// enter is stand for a token that is to be: what has a name that it may not have is no scope.
func (s *Service) enter(ctx context.Context, t *Token) error {
	if err := s.stand(ctx, t); err != nil {
		return err
	}
	if t.Project != nil && s.o.SafeProjects && !naming.URLSafe(t.Project.Name) {
		return errRefused // as if it were not there
	}
	for _, d := range []*resource.Project{t.Domain, t.ProjectDomain} {
		if d != nil && s.o.SafeDomains && !naming.URLSafe(d.Name) {
			return errRefused // as if it were not there
		}
	}
	return s.enough(t)
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

// detail is what the stream of events tells of a new token.
func (t *Token) detail() map[string]any {
	d := map[string]any{"methods": joinMethods(t.Methods), "chain": t.ChainID, "scope": t.scopeName()}
	for name, id := range map[string]string{"application_credential": t.AppCredID, "trust": t.TrustID, "access_token": t.AccessTokenID, "certificate": t.Thumbprint} {
		if id != "" {
			d[name] = id
		}
	}
	return d
}

func (t *Token) scopeName() string {
	switch {
	case t.Project != nil:
		return string(assignment.OnProject) + ":" + t.Project.ID
	case t.Domain != nil:
		return string(assignment.OnDomain) + ":" + t.Domain.ID
	case t.System:
		return string(assignment.OnSystem)
	}
	return "none"
}

// refuse records a failed sign-in and returns the refusal. When it cannot be recorded that is the answer.
func (s *Service) refuse(ctx context.Context, userID, cause string, refusal error) error {
	return s.record(ctx, refusalEvent(ctx, userID, cause), refusal)
}

// record is refuse for an event that says more.
func (s *Service) record(ctx context.Context, ev event.Event, refusal error) error {
	if err := s.store.Append(ctx, ev); err != nil {
		return err
	}
	return refusal
}

func refusalEvent(ctx context.Context, userID, cause string) event.Event {
	return event.Event{
		Action: "token.refuse", Outcome: event.Failure, Kind: event.Token, UserID: userID,
		Detail: map[string]any{"cause": cause}, Origin: withActor(ctx, ""),
	}
}

func withActor(ctx context.Context, userID string) event.Origin {
	o := event.OriginOf(ctx)
	o.ActorID = userID
	return o
}

// state is a number that changes whenever something happens to the user that must end receipts: the auth
// version, the set of active factors and their seeds.
func (s *Service) state(ctx context.Context, u *identity.User) (int64, error) {
	factors, err := s.factors.Active(ctx, u.ID)
	if err != nil {
		return 0, err
	}
	ids := make([]string, 0, len(factors))
	for _, f := range factors {
		ids = append(ids, f.ID+" "+f.Secret) // sealed, so a new seed is a new text
	}
	slices.Sort(ids)
	h := fnv.New64a()
	_, _ = h.Write([]byte(strconv.FormatInt(u.AuthVersion, 10) + " " + strings.Join(ids, " "))) // never fails
	return int64(h.Sum64() >> 1), nil
}
