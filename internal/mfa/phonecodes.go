package mfa

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/phone"
)

// What a code that was sent is for.
const (
	ForConfirming = "confirm"
	ForSigningIn  = "sign_in"
)

// PhoneCode is a code that was sent to a phone, or is about to be.
type PhoneCode struct {
	ID, UserID, FactorID string
	// Purpose is ForConfirming or ForSigningIn.
	Purpose string
	// Digest is a keyed hash of the code, which is nowhere else.
	Digest  string
	Channel phone.Channel
	// Status is what is known of the message: StatusSending before anything is.
	Status phone.Outcome
	// Tries is how many wrong codes were given while it was good.
	Tries                int
	CreatedAt, ExpiresAt time.Time
	UsedAt               *time.Time
}

// StatusSending is the status of a code that no gateway has answered about.
const StatusSending phone.Outcome = "sending"

// Challenge is a code on its way, as people are told.
type Challenge struct {
	PhoneCode
	Phone Factor
	// ResendAt is when another code may be asked for.
	ResendAt time.Time
}

// phoneStore is where codes for phones and their limits live.
type phoneStore interface {
	// CreatePhoneCode and SettlePhoneCode append their events.
	CreatePhoneCode(ctx context.Context, c PhoneCode) error
	SettlePhoneCode(ctx context.Context, c PhoneCode, gateway string) error
	// RefusePhoneCode appends an event for a code that was not sent because a limit is reached.
	RefusePhoneCode(ctx context.Context, userID, limit string) error
	// PhoneCodes returns the codes of a user, oldest first.
	PhoneCodes(ctx context.Context, userID string) ([]PhoneCode, error)
	// MissPhoneCodes counts a wrong code against every code that is good.
	MissPhoneCodes(ctx context.Context, userID, purpose string, now time.Time) error
	// UsePhoneCode ends a code and all others for its purpose, and reports whether it was unused.
	UsePhoneCode(ctx context.Context, c PhoneCode, now time.Time) (bool, error)
	// Count adds n to a counter that is forgotten after expires, and returns the sum.
	Count(ctx context.Context, key string, n int, expires time.Time) (int, error)
	Counted(ctx context.Context, key string) (int, error)
}

const (
	purposeCode = "phone-code"
	codeDigits  = 6
	// liveCodes is how many codes are good at a time: texts may come late and in any order.
	liveCodes = 3
	// remembered is how long codes count for the wait before another one.
	remembered = time.Hour
)

// ErrNoPhone is the answer to who wants a code and has no confirmed phone for it.
var ErrNoPhone = fault.New(fault.Conflict, "There is no confirmed phone that a code could be sent to.").Because("no_phone")

// VerifyPhone sends a code to a pending phone of the user; with it the phone is confirmed. It fails with NotFound, and as
// Challenge does.
func (s *Service) VerifyPhone(ctx context.Context, userID, id string, channel phone.Channel) (Challenge, error) {
	return s.send(ctx, userID, ForConfirming, channel, func(ctx context.Context) (Factor, error) {
		f, err := s.PhoneOf(ctx, userID, id)
		if err == nil && f.State != Pending {
			err = fault.New(fault.Conflict, "This phone is confirmed already.").Because("phone_confirmed")
		}
		return f, err
	})
}

// Challenge sends a code for a sign-in to a confirmed phone of the user: the first one when id is empty. It fails with
// ErrNoPhone, with TooManyRequests when another code was sent lately or a limit is reached, and with Unavailable when no
// gateway could take the message. It must not be called within a transaction.
func (s *Service) Challenge(ctx context.Context, userID, id string, channel phone.Channel) (Challenge, error) {
	return s.send(ctx, userID, ForSigningIn, channel, func(ctx context.Context) (Factor, error) {
		all, err := s.Phones(ctx, userID)
		if err != nil {
			return Factor{}, err
		}
		for _, f := range all {
			if f.State == Active && (id == "" || f.ID == id) {
				return f, nil
			}
		}
		return Factor{}, ErrNoPhone
	})
}

// ChallengeOf returns a challenge of the user again. It fails with NotFound.
func (s *Service) ChallengeOf(ctx context.Context, userID, id string) (Challenge, error) {
	missing := fault.New(fault.NotFound, "Could not find challenge.")
	codes, err := s.store.PhoneCodes(ctx, userID)
	if err != nil {
		return Challenge{}, err
	}
	for _, c := range codes {
		if c.ID == id && c.Purpose == ForSigningIn {
			f, err := s.PhoneOf(ctx, userID, c.FactorID)
			return Challenge{c, f, s.resendAt(codes)}, err
		}
	}
	return Challenge{}, missing
}

func (s *Service) send(ctx context.Context, userID, purpose string, channel phone.Channel, pick func(context.Context) (Factor, error)) (Challenge, error) {
	code := digitsOf(codeDigits)
	var out Challenge
	var spent budget
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockUser(ctx, userID); err != nil {
			return err
		}
		f, err := pick(ctx)
		if err != nil {
			return err
		}
		out, spent, err = s.prepare(ctx, f, purpose, channel, code)
		return err
	})
	if limit := reached(""); errors.As(err, &limit) {
		if e := s.store.RefusePhoneCode(ctx, userID, string(limit)); e != nil {
			return Challenge{}, e
		}
	}
	if err != nil {
		return Challenge{}, err
	}
	return s.deliver(ctx, out, spent, code)
}

// prepare looks at the limits and stores the code. What it counts is forgotten when it fails.
func (s *Service) prepare(ctx context.Context, f Factor, purpose string, channel phone.Channel, code string) (Challenge, budget, error) {
	if channel == "" {
		channel = f.Phone.Channel
	}
	codes, err := s.store.PhoneCodes(ctx, f.UserID)
	if err != nil {
		return Challenge{}, budget{}, err
	}
	now := s.now()
	if wait := s.resendAt(codes).Sub(now); wait > 0 {
		return Challenge{}, budget{}, fault.New(fault.TooManyRequests, "A code was sent a moment ago. Messages may take a while.").
			Because("challenge_too_soon").After(wait)
	}
	spent, err := s.count(ctx, f, channel, purpose)
	if err != nil {
		return Challenge{}, budget{}, err
	}
	c := PhoneCode{
		ID: s.newID(), UserID: f.UserID, FactorID: f.ID, Purpose: purpose, Channel: channel, Status: StatusSending,
		CreatedAt: now, ExpiresAt: now.Add(s.phones.CodeTTL),
	}
	c.Digest = hex.EncodeToString(s.sealer.MAC(purposeCode, c.UserID, c.ID, c.Purpose, code))
	out := Challenge{c, f, s.resendAt(append(codes, c))}
	return out, spent, s.store.CreatePhoneCode(ctx, c)
}

// deliver gives the message to the gateways and writes down what became of it, also when the client has gone.
func (s *Service) deliver(ctx context.Context, out Challenge, spent budget, code string) (Challenge, error) {
	ctx = context.WithoutCancel(ctx)
	n, err := s.number(out.Phone)
	if err != nil {
		return Challenge{}, err
	}
	m := phone.Message{ID: out.ID, To: n, Channel: out.Channel, Code: code}
	template, shown := s.phones.Text, code
	if m.Channel == phone.Voice {
		template, shown = s.phones.Spoken, strings.Join(strings.Split(code, ""), ", ")
	}
	m.Text = strings.NewReplacer("{code}", shown, "{issuer}", s.o.Issuer).Replace(template)
	status, gateway := s.carrier.Send(ctx, m)
	out.Status = status
	if err := s.store.SettlePhoneCode(ctx, out.PhoneCode, gateway); err != nil {
		return Challenge{}, err
	}
	if status != phone.Failed {
		return out, nil
	}
	if _, err := s.store.Count(ctx, spent.key, -spent.cost, spent.end); err != nil {
		return Challenge{}, err
	}
	return Challenge{}, fault.New(fault.Unavailable, "The message could not be sent. Try again, or use another way in.").
		Because("phone_delivery_failed").After(time.Second)
}

// digitsOf makes a random code.
func digitsOf(n int) string {
	top := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	v, err := rand.Int(rand.Reader, top)
	if err != nil { // never: crypto/rand does not fail
		panic(err)
	}
	return fmt.Sprintf("%0*d", n, v)
}

// resendAt is when another code may be sent: the wait doubles with every one of the last hour. Codes that were used do
// not count, nor messages that certainly did not go out.
func (s *Service) resendAt(codes []PhoneCode) time.Time {
	var at time.Time
	wait := s.phones.Resend
	after := s.now().Add(-remembered)
	for _, c := range codes {
		if c.Status == phone.Failed || c.UsedAt != nil || !c.CreatedAt.After(after) {
			continue
		}
		at = c.CreatedAt.Add(wait)
		wait = min(2*wait, s.phones.MaxResend)
	}
	return at
}

// CheckPhone looks at a code that was sent to a phone for a sign-in and spends it, as Check does.
func (s *Service) CheckPhone(ctx context.Context, userID, code string) (Accepted, error) {
	c, err := s.find(ctx, userID, ForSigningIn, "", code)
	if err != nil {
		return Accepted{}, err
	}
	return Accepted{Phone: true, FactorID: c.FactorID}, s.use(ctx, c)
}

func (s *Service) use(ctx context.Context, c PhoneCode) error {
	fresh, err := s.store.UsePhoneCode(ctx, c, s.now())
	if err == nil && !fresh {
		err = errUsed
	}
	return err
}

var errUsed = fault.New(fault.Unauthorized, "This passcode was used before. Ask for another one.").Because(ReasonUsed)

// find returns the code that is meant. Every code that may be is compared, without stopping at a match.
func (s *Service) find(ctx context.Context, userID, purpose, factorID, code string) (PhoneCode, error) {
	if len(code) != codeDigits || !digits(code) {
		return PhoneCode{}, ErrWrongCode
	}
	codes, err := s.store.PhoneCodes(ctx, userID)
	if err != nil {
		return PhoneCode{}, err
	}
	var found, used *PhoneCode
	live := 0
	for _, c := range slices.Backward(codes) { // the latest first
		if c.Purpose != purpose || factorID != "" && c.FactorID != factorID || !s.now().Before(c.ExpiresAt) || c.Status == phone.Failed {
			continue
		}
		same := false
		for _, mac := range s.sealer.MACs(purposeCode, c.UserID, c.ID, c.Purpose, code) {
			same = hmac.Equal([]byte(hex.EncodeToString(mac)), []byte(c.Digest)) || same
		}
		switch {
		case c.UsedAt != nil:
			if same {
				used = &c
			}
		case live >= liveCodes || c.Tries >= s.phones.Tries:
		case same:
			found = &c
		}
		if c.UsedAt == nil {
			live++
		}
	}
	switch {
	case found != nil:
		return *found, nil
	case used != nil:
		return PhoneCode{}, errUsed
	}
	return PhoneCode{}, ErrWrongCode
}

// Missed counts a wrong code against the codes that are good.
func (s *Service) Missed(ctx context.Context, userID string) error {
	return s.store.MissPhoneCodes(ctx, userID, ForSigningIn, s.now())
}

// ConfirmPhone turns a pending phone active with the code that was sent to it. The recovery codes are returned with the
// user's first factor only. It fails as Confirm does.
func (s *Service) ConfirmPhone(ctx context.Context, userID, id, code string) (f Factor, codes []string, err error) {
	f, err = s.PhoneOf(ctx, userID, id)
	if err == nil && f.State != Pending {
		err = fault.New(fault.NotFound, "Could not find pending phone: %s.", id)
	}
	if err != nil {
		return Factor{}, nil, err
	}
	if ok, err := s.attempts.Reserve(ctx, userID); err != nil || !ok {
		return Factor{}, nil, orWrong(err)
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		c, err := s.find(ctx, userID, ForConfirming, id, code)
		if err == nil {
			err = s.use(ctx, c)
		}
		if err != nil {
			return err
		}
		f, codes, err = s.confirmed(ctx, f, 0)
		return err
	})
	if fault.ReasonOf(err) == ErrWrongCode.Reason {
		if e := s.store.MissPhoneCodes(ctx, userID, ForConfirming, s.now()); e != nil {
			return Factor{}, nil, e
		}
	}
	if err != nil {
		return Factor{}, nil, err
	}
	return f, codes, nil
}
