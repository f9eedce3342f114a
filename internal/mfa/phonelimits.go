package mfa

import (
	"context"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/phone"
)

const purposeLimit = "phone-limit"

// reached is the name of the limit that a message would have broken: for the operator's events, not for the caller.
type reached string

// Error is for errors.As; nobody sees it.
func (r reached) Error() string { return "limit of messages: " + string(r) }

// errTooMany is the one answer for all limits.
var errTooMany = fault.New(fault.TooManyRequests, "Too many messages were sent. Use another way in, or try again later.").Because("too_many_messages")

// budget is what a message was booked at.
type budget struct {
	key  string
	cost int
	end  time.Time
}

// bound is a limit, on a counter of its own for each of its periods.
type bound struct {
	name, key string
	n, max    int
	end       time.Time
}

// bounds are the limits of a message. Their order is the same for all, so that nobody waits for each other.
func (s *Service) bounds(ctx context.Context, n phone.Number, userID string, channel phone.Channel, purpose string) []bound {
	o, now := s.phones, s.now().UTC()
	hour, day := now.Truncate(time.Hour), now.Truncate(24*time.Hour)
	cost := o.SMSCost
	if channel == phone.Voice {
		cost = o.VoiceCost
	}
	perNumber := o.PerNumber
	if purpose == ForConfirming { // anybody may say that a number is theirs: half is kept for who has confirmed it
		perNumber = (perNumber + 1) / 2
	}
	of := func(name, whose string, most int) bound {
		return bound{name, name + " " + whose + " " + strconv.FormatInt(hour.Unix(), 10), 1, most, hour.Add(time.Hour)}
	}
	return []bound{
		of("user", userID, o.PerUser),
		of("number", hex.EncodeToString(s.sealer.MAC(purposeLimit, n.E164)), perNumber),
		of("network", event.OriginOf(ctx).Network(), o.PerNetwork),
		of("country", n.Country, o.PerCountry),
		{"day", spendKey(day), cost, o.DailyBudget, day.Add(24 * time.Hour)},
	}
}

// count books a message on every limit and returns what it costs. What was booked is forgotten with the transaction
// when a limit is reached.
func (s *Service) count(ctx context.Context, f Factor, channel phone.Channel, purpose string) (budget, error) {
	n, err := s.number(f)
	if err != nil {
		return budget{}, err
	}
	var spent budget
	for _, b := range s.bounds(ctx, n, f.UserID, channel, purpose) {
		spent = budget{b.key, b.n, b.end.Add(24 * time.Hour)} // the last one is the money
		sum, err := s.store.Count(ctx, b.key, b.n, spent.end)
		if err != nil {
			return budget{}, err
		}
		if b.max > 0 && sum > b.max {
			return budget{}, errTooMany.After(b.end.Sub(s.now())).From(reached(b.name))
		}
	}
	return spent, nil
}

// Spent tells what messages have cost today.
func (s *Service) Spent(ctx context.Context) (int, error) {
	day := s.now().UTC().Truncate(24 * time.Hour)
	return s.store.Counted(ctx, spendKey(day))
}

// spendKey names the counter of what messages cost in a day.
func spendKey(day time.Time) string { return "spend " + day.Format(time.DateOnly) }
