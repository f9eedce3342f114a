// Package session knows people's own sign-ins: a session is a chain of tokens with one first sign-in. It lists and
// ends sessions, notes when they were last seen, and refuses those that were not for too long. The gate begins
// sessions (internal/auth) and what ends one is the revocation of its chain; this package neither issues nor reads
// tokens, and knows nothing of HTTP and SQL.
//
// What programs do on their own (application credentials, access keys, OAuth) is no session: it has lists of its own.
package session

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/risk"
)

// Session is one sign-in of a person and everything that continues it.
type Session struct {
	// ID is the chain id that all its tokens have, which is the audit id of the first; it is no secret.
	ID, UserID string
	// CreatedAt is the first sign-in, ExpiresAt when the last token ends at the latest.
	CreatedAt, LastSeenAt, ExpiresAt time.Time
	// Methods are what the person has shown in it.
	Methods []string
	// Address and UserAgent are those of the first sign-in.
	Address, UserAgent string
	// AuthVersion is the user's when the session began: it is over when that was raised.
	AuthVersion int64
	// Risk is how unusual the first sign-in was.
	Risk risk.Verdict
}

// Marker is what a list goes on behind: lists are ordered by time.
func (s Session) Marker() string {
	return strconv.FormatInt(s.CreatedAt.UnixMicro(), 10) + "-" + s.ID
}

// Page says which sessions of a list are wanted, newest first.
type Page struct {
	UserID string
	// Now leaves out what has ended by itself, SeenSince what was idle for too long; zero is no bound.
	Now, SeenSince time.Time
	// After and AfterID are the last session of the page before; the zero time for the first page.
	After   time.Time
	AfterID string
	Limit   int
}

// Sighting is when a session was seen.
type Sighting struct {
	ID string
	At time.Time
}

// Store is where sessions are kept.
type Store interface {
	Sights
	// Sessions returns up to p.Limit live sessions.
	Sessions(ctx context.Context, p Page) ([]Session, error)
	// Session returns a live session of the user; it fails with NotFound.
	Session(ctx context.Context, userID, id string, now, seenSince time.Time) (Session, error)
	// EndSession ends one session; its revocation is kept for the time keep behind the session's end.
	EndSession(ctx context.Context, s Session, keep time.Duration) error
	// EndSessions ends up to limit sessions of the user but one, and reports how many it ended.
	EndSessions(ctx context.Context, userID, but string, keep time.Duration, limit int) (int, error)
}

// Options are an operator's choices.
type Options struct {
	// Idle is how long a session may go unseen; zero is for ever.
	Idle time.Duration
	// Keep is how long behind its end a token may still be asked about.
	Keep time.Duration
	// Remember is how many sessions a node remembers sightings of.
	Remember int
}

// Service lists and ends sessions. It is safe for concurrent use.
type Service struct {
	*Tracker
	store Store
	o     Options
	now   func() time.Time
}

// NewService makes a service that tells what its tracker has seen.
func NewService(store Store, o Options, now func() time.Time) *Service {
	return &Service{Tracker: NewTracker(store, o), store: store, o: o, now: now}
}

// seenSince is when live sessions were seen at the latest. The database may know of it a while later than nodes do.
func (s *Service) seenSince() time.Time {
	if s.o.Idle <= 0 {
		return time.Time{}
	}
	return s.now().Add(-s.o.Idle - Interval)
}

// List returns the user's live sessions, newest first. Of q the limit and the marker count. It fails with BadRequest
// for a marker that it did not give.
func (s *Service) List(ctx context.Context, userID string, q listing.Query) (listing.Page[Session], error) {
	var page listing.Page[Session]
	p := Page{UserID: userID, Now: s.now(), SeenSince: s.seenSince(), Limit: q.Limit + 1}
	if q.Marker != "" {
		at, id, ok := strings.Cut(q.Marker, "-")
		micros, err := strconv.ParseInt(at, 10, 64)
		if err != nil || !ok {
			return page, fault.New(fault.BadRequest, "Invalid input for query parameter 'marker'.")
		}
		p.After, p.AfterID = time.UnixMicro(micros), id
	}
	all, err := s.store.Sessions(ctx, p)
	if err != nil {
		return page, err
	}
	if len(all) > q.Limit {
		all, page.More = all[:q.Limit], true
	}
	for i := range all {
		s.update(&all[i])
	}
	page.Items = all
	return page, nil
}

// Get returns a live session of the user. It fails with NotFound.
func (s *Service) Get(ctx context.Context, userID, id string) (Session, error) {
	found, err := s.store.Session(ctx, userID, id, s.now(), s.seenSince())
	s.update(&found)
	return found, err
}

// update fills in what this node has seen and not written yet.
func (s *Service) update(x *Session) {
	if at := s.last(x.ID); at.After(x.LastSeenAt) {
		x.LastSeenAt = at
	}
}

// End ends a session: its tokens are refused at once on this node, and on the others as soon as they hear of it.
func (s *Service) End(ctx context.Context, x Session) error {
	return s.store.EndSession(ctx, x, s.o.Keep)
}

// batch is how many sessions end in one transaction.
const batch = 500

// EndAll ends the user's sessions but one, whose id may be empty for none. Whoever has so many that it takes several
// transactions may find, after a failure, that some ended and some did not; doing it again ends the rest.
func (s *Service) EndAll(ctx context.Context, userID, but string) error {
	for {
		n, err := s.store.EndSessions(ctx, userID, but, s.o.Keep, batch)
		if err != nil || n < batch {
			return err
		}
	}
}
