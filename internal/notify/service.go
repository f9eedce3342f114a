package notify

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
)

// Store is the outbox.
type Store interface {
	User(ctx context.Context, id string) (identity.User, error)
	EventsByID(ctx context.Context, ids []int64) ([]event.Event, error)
	// ClaimDeliveries takes up to limit deliveries of the channel whose time has come, the oldest first, and keeps them
	// from other nodes until the given time.
	ClaimDeliveries(ctx context.Context, channel string, now, until time.Time, limit int) ([]Delivery, error)
	// Delivered ends a delivery, RetryDelivery puts it off. They append no event.
	Delivered(ctx context.Context, d Delivery, at time.Time) error
	RetryDelivery(ctx context.Context, d Delivery, due time.Time) error
	// GiveUpDelivery ends a delivery that failed for good, and appends an event.
	GiveUpDelivery(ctx context.Context, d Delivery, channel string, at time.Time) error

	Notice(ctx context.Context, id string) (Notice, error)
	// Disown notes that the person did not do what the notice tells, once, and ends all that the person signed in with:
	// tokens and receipts end, devices are forgotten, the key or trust that the notice tells of is deleted, and the
	// password expires. It reports whether this was the first time.
	Disown(ctx context.Context, n Notice, at time.Time) (bool, error)
}

// Ring makes digests that nobody else can (internal/keyring).
type Ring interface {
	MAC(purpose string, parts ...string) []byte
	MACs(purpose string, parts ...string) [][]byte
}

// Options are an operator's choices.
type Options struct {
	// Language is that of people who have none of their own.
	Language string
	// LinkURL is the operator's page on which people disown a notice; empty for none.
	LinkURL string
	// LinkTTL is how long a notice may be disowned.
	LinkTTL time.Duration
	// GiveUpAfter is how long a delivery is tried.
	GiveUpAfter time.Duration
	// Program says in a few words which program a User-Agent header names.
	Program func(userAgent string) string
}

// The worker's measures. A lease outlasts the tries of one claim.
const (
	claim      = 5
	sendWithin = 15 * time.Second
	lease      = 2 * time.Minute
	firstPause = 30 * time.Second
	maxPause   = time.Hour
	pollEvery  = time.Second
)

// Service delivers notices and takes back what people disown. It is safe for concurrent use.
type Service struct {
	store     Store
	ring      Ring
	templates *Templates
	channels  []Channel
	o         Options
	log       *slog.Logger
	now       func() time.Time
	wake      []chan struct{}
}

// NewService makes a service with the channels.
func NewService(store Store, ring Ring, t *Templates, channels []Channel, o Options, log *slog.Logger, now func() time.Time) *Service {
	s := &Service{store: store, ring: ring, templates: t, channels: channels, o: o, log: log, now: now}
	for range channels {
		s.wake = append(s.wake, make(chan struct{}, 1))
	}
	return s
}

// Channels are the names of the channels.
func (s *Service) Channels() []string {
	var names []string
	for _, c := range s.channels {
		names = append(names, c.Name())
	}
	return names
}

// Heard wakes the workers when one of the events made a notice.
func (s *Service) Heard(events []event.Event) {
	for _, ev := range events {
		if kind, _ := Of(ev); kind == "" {
			continue
		}
		for _, w := range s.wake {
			select {
			case w <- struct{}{}:
			default:
			}
		}
		return
	}
}

// Run delivers until ctx ends. Each channel has a worker, so that one that hangs delays no other.
func (s *Service) Run(ctx context.Context) {
	var all sync.WaitGroup
	for i, c := range s.channels {
		all.Go(func() { s.run(ctx, c, s.wake[i]) })
	}
	all.Wait()
}

func (s *Service) run(ctx context.Context, c Channel, wake <-chan struct{}) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-wake:
		}
		for {
			n, err := s.Deliver(ctx, c)
			if err != nil && !failing && ctx.Err() == nil {
				s.log.WarnContext(ctx, "notices cannot be delivered; it is tried again", "channel", c.Name(), "error", err.Error())
			}
			failing = err != nil
			if err != nil || n == 0 {
				break
			}
		}
	}
}

// Deliver tries the deliveries of a channel whose time has come, as many as are claimed at once, and reports how
// many it tried. A failure of the channel is no error: the delivery is tried again.
func (s *Service) Deliver(ctx context.Context, c Channel) (int, error) {
	now := s.now()
	due, err := s.store.ClaimDeliveries(ctx, c.Name(), now, now.Add(lease), claim)
	if err != nil {
		return 0, err
	}
	for _, d := range due {
		if err := s.deliver(ctx, c, d); err != nil {
			return 0, err
		}
	}
	return len(due), nil
}

func (s *Service) deliver(ctx context.Context, c Channel, d Delivery) error {
	err := s.send(ctx, c, d)
	now := s.now()
	switch {
	case err == nil || errors.Is(err, ErrNobody):
		return s.store.Delivered(ctx, d, now)
	case ctx.Err() != nil:
		return ctx.Err() // the server stops; the lease ends by itself
	case !now.Before(d.At.Add(s.o.GiveUpAfter)):
		s.log.WarnContext(ctx, "a notice was given up", "channel", c.Name(), "notice", d.ID, "error", err.Error())
		return s.store.GiveUpDelivery(ctx, d, c.Name(), now)
	}
	s.log.InfoContext(ctx, "a notice could not be delivered; it is tried again", "channel", c.Name(), "notice", d.ID, "error", err.Error())
	return s.store.RetryDelivery(ctx, d, now.Add(pause(d.Attempts)))
}

// pause is how long to wait after so many tries.
func pause(attempts int) time.Duration {
	d := firstPause
	for range attempts - 1 {
		if d *= 2; d >= maxPause {
			return maxPause
		}
	}
	return d
}

func (s *Service) send(ctx context.Context, c Channel, d Delivery) error {
	u, err := s.store.User(ctx, d.UserID)
	if fault.Is(err, fault.NotFound) {
		return ErrNobody
	}
	if err != nil {
		return err
	}
	evs, err := s.store.EventsByID(ctx, []int64{d.EventID})
	if err != nil {
		return err
	}
	if len(evs) == 0 {
		return ErrNobody // nobody knows any more what happened
	}
	m, err := s.templates.Message(d.Notice, person(u, d.Address, s.o.Language), s.facts(d.Notice, evs[0]))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	return c.Send(ctx, m)
}

// maxLanguage is the longest name of a language that is looked at; none in use comes near.
const maxLanguage = 35

// person reads what Keystone keeps without understanding it: the attribute language.
func person(u identity.User, address, fallback string) Person {
	p := Person{ID: u.ID, DomainID: u.DomainID, Name: line(u.Name, maxText), Mail: address, Language: fallback}
	if own, ok := u.Extra["language"].(string); ok && len(own) <= maxLanguage && language.MatchString(own) {
		p.Language = own
	}
	return p
}

// Mailbox is the address in the attribute email of a user, empty for none to which a mail could be sent.
func Mailbox(u identity.User) string {
	text, _ := u.Extra["email"].(string)
	if !deliverable(text) {
		return ""
	}
	return text
}

func (s *Service) facts(n Notice, ev event.Event) Facts {
	f := Facts{
		Action: ev.Action, At: ev.At, Address: line(ev.Address, maxText), Program: line(s.o.Program(ev.UserAgent), maxText),
		RequestID: ev.RequestID,
	}
	if reasons, ok := ev.Detail["reasons"].([]any); ok {
		for _, r := range reasons {
			if text, ok := r.(string); ok {
				f.Reasons = append(f.Reasons, line(text, maxText))
			}
		}
	}
	if left, ok := ev.Detail["remaining"].(json.Number); ok { // as the store reads numbers
		if n, err := left.Int64(); err == nil {
			f.Remaining = new(int(n))
		}
	}
	f.Token = s.token(n.ID)
	if s.o.LinkURL != "" {
		f.Link = s.o.LinkURL + "#notice=" + n.ID + "&token=" + f.Token // servers and their logs do not see a fragment
	}
	return f
}
