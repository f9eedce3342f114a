package mfa

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/phone"
)

// PhoneOptions are an operator's choices about phones. Limits of zero are none.
type PhoneOptions struct {
	// First demands a phone of everybody who wants to enrol an app.
	First bool
	// CodeTTL is how long a code is good.
	CodeTTL time.Duration
	// Resend is how long to wait before another code is sent; it doubles with each one, up to MaxResend.
	Resend, MaxResend time.Duration
	// Tries is how many wrong codes one code survives.
	Tries int
	// PerUser, PerNumber, PerCountry and PerNetwork bound the messages of an hour.
	PerUser, PerNumber, PerCountry, PerNetwork int
	// DailyBudget bounds what messages cost in a day (UTC), of which a text costs SMSCost and a call VoiceCost.
	DailyBudget, SMSCost, VoiceCost int
	// Countries are those whose numbers are accepted; empty for all.
	Countries []string
	// Text and Spoken are the sentences for texts and calls, with {code} and {issuer}.
	Text, Spoken string
}

// Carrier gets messages to phones (internal/phone).
type Carrier interface {
	Send(ctx context.Context, m phone.Message) (out phone.Outcome, gateway string)
	// Counts tells what the gateways have done; none means that there are no gateways.
	Counts() []phone.Count
}

// WithPhones lets people have phones as second factors.
func (s *Service) WithPhones(c Carrier, o PhoneOptions) *Service {
	s.carrier, s.phones = c, o
	return s
}

// MaxPhones is how many phones one person may have, pending ones included.
const MaxPhones = 5

// NewPhone is a wish for a phone.
type NewPhone struct {
	Name, Number, Country string
	Channel               phone.Channel
	HasApp                bool
}

// AddPhone stores a pending phone, behind the others. It fails with BadRequest for what is no number, and with
// Conflict when the user has it already or has too many, and when there are no gateways. Whether anybody else has
// the number makes no difference.
func (s *Service) AddPhone(ctx context.Context, userID string, wish NewPhone) (Factor, error) {
	if s.carrier == nil || len(s.carrier.Counts()) == 0 {
		return Factor{}, fault.New(fault.Conflict, "Codes cannot be sent to phones here.").Because("phones_not_configured")
	}
	n, err := phone.Parse(wish.Number, wish.Country)
	if err != nil {
		return Factor{}, err
	}
	if len(s.phones.Countries) > 0 && !slices.Contains(s.phones.Countries, n.Country) {
		return Factor{}, fault.New(fault.BadRequest, "Codes are not sent to numbers of this country.").Because("phone_country_refused")
	}
	expires := s.now().Add(s.o.PendingFor)
	f := Factor{
		ID: s.newID(), UserID: userID, Kind: Phone, Name: wish.Name, State: Pending, CreatedAt: s.now(), ExpiresAt: &expires,
		Phone: PhoneDetails{Channel: wish.Channel, Country: n.Country, Masked: n.Masked(), HasApp: wish.HasApp},
	}
	if f.Secret, err = s.sealer.Seal(purposeSeed, seedAAD(f), []byte(n.E164)); err != nil {
		return Factor{}, fmt.Errorf("seal number: %w", err)
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockUser(ctx, userID); err != nil {
			return err
		}
		if f.Phone.Position, err = s.place(ctx, userID, n); err != nil {
			return err
		}
		return s.insert(ctx, f)
	})
	return f, err
}

// place finds the position of a new phone.
func (s *Service) place(ctx context.Context, userID string, n phone.Number) (int, error) {
	have, err := s.Phones(ctx, userID)
	if err != nil {
		return 0, err
	}
	if len(have) >= MaxPhones {
		return 0, fault.New(fault.Conflict, "A user can have at most %d phones.", MaxPhones).Because("too_many_factors")
	}
	for _, f := range have {
		if old, err := s.number(f); err == nil && old.E164 == n.E164 {
			return 0, fault.New(fault.Conflict, "This phone is there already.").Because("phone_exists")
		}
	}
	if len(have) == 0 {
		return 1, nil
	}
	return have[len(have)-1].Phone.Position + 1, nil
}

// number opens the number of a phone.
func (s *Service) number(f Factor) (phone.Number, error) {
	raw, err := s.sealer.Open(purposeSeed, seedAAD(f), f.Secret)
	if err != nil {
		return phone.Number{}, fmt.Errorf("open number: %w", err)
	}
	return phone.Number{E164: string(raw), Country: f.Phone.Country}, nil
}

// Phones returns the user's phones in their order, those whose enrolment ran out left aside.
func (s *Service) Phones(ctx context.Context, userID string) ([]Factor, error) {
	out, err := s.some(ctx, userID, func(f Factor) bool { return f.Kind == Phone && !f.expired(s.now()) })
	slices.SortStableFunc(out, func(a, b Factor) int { return cmp.Compare(a.Phone.Position, b.Phone.Position) })
	return out, err
}

// PhoneOf returns a phone of the user. It fails with NotFound.
func (s *Service) PhoneOf(ctx context.Context, userID, id string) (Factor, error) {
	f, err := s.store.Factor(ctx, userID, id)
	if err == nil && (f.Kind != Phone || f.expired(s.now())) {
		err = fault.New(fault.NotFound, "Could not find phone: %s.", id)
	}
	return f, err
}

// PhoneChange is what a user may change about a phone.
type PhoneChange struct {
	Name              optional.Value[string]
	Channel           optional.Value[string]
	HasApp, Preferred optional.Value[bool]
	// Position is the place among the user's phones, from 1.
	Position optional.Value[int]
}

// ChangePhone changes a phone; the others make room when it gets another place. It fails with NotFound.
func (s *Service) ChangePhone(ctx context.Context, userID, id string, c PhoneChange) (Factor, error) {
	var changed Factor
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockUser(ctx, userID); err != nil {
			return err
		}
		f, err := s.PhoneOf(ctx, userID, id)
		if err != nil {
			return err
		}
		if f, err = c.apply(f); err != nil {
			return err
		}
		changed = f
		return s.arrange(ctx, &changed, c.Position.Or(0))
	})
	return changed, err
}

func (c PhoneChange) apply(f Factor) (Factor, error) {
	if wants := c.Preferred.Or(f.Phone.Preferred); wants && f.State != Active {
		return f, fault.New(fault.Conflict, "A phone must be confirmed before it can be preferred.").Because("phone_not_confirmed")
	}
	f.Name = c.Name.Or(f.Name)
	f.Phone.Channel = phone.Channel(c.Channel.Or(string(f.Phone.Channel)))
	f.Phone.HasApp = c.HasApp.Or(f.Phone.HasApp)
	f.Phone.Preferred = c.Preferred.Or(f.Phone.Preferred)
	return f, nil
}

// arrange stores a phone, at a place when it is not zero, and every other that has to move or is no longer preferred.
func (s *Service) arrange(ctx context.Context, changed *Factor, place int) error {
	all, err := s.Phones(ctx, changed.UserID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(f Factor) bool { return f.ID == changed.ID })
	old := slices.Clone(all)
	all = slices.Delete(all, at, at+1)
	if place > 0 {
		at = min(place-1, len(all))
	}
	all = slices.Insert(all, at, *changed)
	for i := range all {
		f := &all[i]
		f.Phone.Position = i + 1
		if f.ID != changed.ID && changed.Phone.Preferred {
			f.Phone.Preferred = false
		}
		if f.ID == changed.ID {
			changed.Phone.Position = f.Phone.Position
		}
		if slices.ContainsFunc(old, func(o Factor) bool { return o.ID == f.ID && o.Phone == f.Phone && o.Name == f.Name }) {
			continue
		}
		_, err := s.store.UpdateFactor(ctx, f.UserID, f.ID, func(stored *Factor) error {
			stored.Name, stored.Phone = f.Name, f.Phone
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// PhoneFirst refuses the enrolment of an app by its user where a phone has to come first.
func (s *Service) PhoneFirst(ctx context.Context, userID string) error {
	if !s.phones.First {
		return nil
	}
	active, err := s.Active(ctx, userID)
	if err == nil && !KindsOf(active).Phone {
		err = fault.New(fault.Conflict, "Verify a phone first: it is the way back when the app is lost.").Because("phone_required_first")
	}
	return err
}

// SameDevice reports whether all ways in but the recovery codes are on one device: the user has an app, and every
// phone of the user is the one with the app.
func SameDevice(factors []Factor) bool {
	k := KindsOf(factors)
	return k.App && k.Phone && !slices.ContainsFunc(factors, func(f Factor) bool {
		return f.Kind == Phone && f.State == Active && !f.Phone.HasApp
	})
}
