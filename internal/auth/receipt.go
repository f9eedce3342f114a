package auth

import (
	"context"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/token"
)

// ReceiptError says that what was shown is right but not enough. It carries the receipt that remembers it.
type ReceiptError struct {
	// Text goes into the Openstack-Auth-Receipt header.
	Text       string
	User       *identity.User
	UserDomain *resource.Project
	Methods    []string
	IssuedAt   time.Time
	ExpiresAt  time.Time
	// Required are the sets of methods of which one must be complete.
	Required [][]string
	// StepUp are the methods that prove the person again within the session; none for an ordinary sign-in.
	StepUp []string
	// Reason says why more is asked for, empty for an ordinary sign-in.
	Reason string

	risk *judged // why more is asked for than usual; clients do not hear of it
}

// Error is for the log.
func (e *ReceiptError) Error() string { return "more authentication methods are required" }

// incomplete answers a sign-in that must show more. Only what was shown for it is remembered, not what an
// older token says: a receipt starts a new session. A receipt that continues another has the other's proofs and
// ends when the other does, else receipts could be stretched without end.
func (s *Service) incomplete(ctx context.Context, u *identity.User, p proofs, need requirement) error {
	c := s.blankReceipt(u, without(p.shown(), MethodDevice)) // a device is looked at each time
	if p.receipt != nil && !subset(p.kept, p.methods) {
		c.AuthTime, c.ExpiresAt = p.receipt.AuthTime, p.receipt.ExpiresAt
	}
	may, err := s.mayEnrol(ctx, u, need, c.Methods)
	if err != nil {
		return err
	}
	reason := ""
	if may {
		reason = ReasonEnrol
	}
	return s.receipt(ctx, u, c, need, reason)
}

func (s *Service) blankReceipt(u *identity.User, methods []string) token.Claims {
	if len(methods) == 0 {
		methods = []string{MethodToken}
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	return token.Claims{
		Kind: token.KindReceipt, UserID: u.ID, Methods: methods, AuditID: token.NewAuditID(),
		IssuedAt: now, AuthTime: now, ExpiresAt: now.Add(s.o.ReceiptTTL),
	}
}

// receipt makes the error that carries a receipt. Whoever answers with it records it.
func (s *Service) receipt(ctx context.Context, u *identity.User, c token.Claims, need requirement, reason string) error {
	state, err := s.state(ctx, u)
	if err != nil {
		return err
	}
	d, err := s.facts.Project(ctx, u.DomainID)
	if err != nil {
		return err
	}
	c.AuthVersion = state
	text, err := s.signer.Sign(c)
	if err != nil {
		return err
	}
	shown := make([]string, 0, len(c.Methods))
	for _, m := range c.Methods {
		if m != MethodToken {
			shown = append(shown, m)
		}
	}
	return &ReceiptError{
		Text: text, User: u, UserDomain: d, Methods: shown, IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
		Required: need.offer(shown), Reason: reason,
	}
}

// readReceipt looks at a receipt: ours, of that kind, in time, and nothing happened to the user since.
func (s *Service) readReceipt(ctx context.Context, text string) (*token.Claims, *identity.User, error) {
	c, err := s.signer.Parse(text, token.KindReceipt)
	if err != nil || c.Expired(s.now()) {
		return nil, nil, errReceipt
	}
	u, _, err := s.liveUser(ctx, c.UserID)
	if err != nil {
		if fault.Is(orRefused(err), fault.Unauthorized) {
			err = errReceipt
		}
		return nil, nil, err
	}
	state, err := s.state(ctx, u)
	if err != nil {
		return nil, nil, err
	}
	if state != c.AuthVersion {
		return nil, nil, errReceipt
	}
	return &c, u, nil
}

// errReceipt is the one answer to a receipt that is not good.
var errReceipt = fault.New(fault.Unauthorized, "The receipt is not valid.").Because("receipt_invalid")

// receiptEvent tells of a receipt for what a user has shown.
func receiptEvent(ctx context.Context, u *identity.User, methods []string) event.Event {
	return event.Event{
		Action: "receipt.issue", Outcome: event.Success, Kind: event.Token, UserID: u.ID, DomainID: u.DomainID,
		Detail: map[string]any{"methods": joinMethods(methods)}, Origin: withActor(ctx, u.ID),
	}
}

// event tells of the receipt, and of what was asked for.
func (e *ReceiptError) event(ctx context.Context) event.Event {
	ev := receiptEvent(ctx, e.User, e.Methods)
	ev.Detail["required"] = e.Required
	if e.Reason != "" {
		ev.Detail["cause"] = e.Reason
	}
	if e.risk != nil {
		ev.Detail["cause"] = causeChallenged
		e.risk.describe(ev.Detail)
	}
	return ev
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
