package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
)

type eventRow struct {
	ID        int64 `gorm:"primaryKey;autoIncrement"`
	At        int64
	Action    string
	Outcome   string
	Kind      string
	TargetID  string
	UserID    string
	DomainID  string
	Detail    string
	Revoking  bool
	ActorID   string
	RequestID string
	Address   string
	UserAgent string
}

func (eventRow) TableName() string { return "event" }

func (r eventRow) event() (event.Event, error) {
	ev := event.Event{
		ID: r.ID, At: timeOf(r.At), Action: r.Action, Outcome: event.Outcome(r.Outcome), Kind: event.Kind(r.Kind),
		TargetID: r.TargetID, UserID: r.UserID, DomainID: r.DomainID, Revoking: r.Revoking,
		Origin: event.Origin{ActorID: r.ActorID, RequestID: r.RequestID, Address: r.Address, UserAgent: r.UserAgent},
	}
	return ev, decode(r.Detail, &ev.Detail)
}

// Append appends an event, on its own or in the transaction of ctx. It fills in what is empty: the time, the
// outcome (success) and the origin of the request that ctx belongs to.
func (s *Store) Append(ctx context.Context, ev event.Event) error {
	if s.txOf(ctx) != nil {
		return classify(ctx, s.append(ctx, ev))
	}
	return s.InTx(ctx, func(ctx context.Context) error { return s.append(ctx, ev) })
}

// append writes events in the transaction of ctx.
func (s *Store) append(ctx context.Context, events ...event.Event) error {
	rows := make([]eventRow, len(events))
	for i := range events {
		var err error
		if rows[i], err = s.row(ctx, &events[i]); err != nil {
			return err
		}
	}
	t := s.txOf(ctx)
	if err := t.db.WithContext(ctx).Set(exempt, true).Create(&rows).Error; err != nil {
		return err
	}
	for i := range events {
		events[i].ID = rows[i].ID
	}
	t.events = append(t.events, events...)
	return s.tell(ctx, events)
}

// row fills in what is empty in an event and returns its row.
func (s *Store) row(ctx context.Context, ev *event.Event) (eventRow, error) {
	if ev.At.IsZero() {
		ev.At = s.now()
	}
	ev.At = ev.At.UTC().Truncate(time.Microsecond)
	if ev.Outcome == "" {
		ev.Outcome = event.Success
	}
	if ev.Origin == (event.Origin{}) {
		ev.Origin = event.OriginOf(ctx)
	}
	detail, err := encode(ev.Detail)
	return eventRow{
		At: ev.At.UnixMicro(), Action: ev.Action, Outcome: string(ev.Outcome), Kind: string(ev.Kind),
		TargetID: clean(ev.TargetID), UserID: clean(ev.UserID), DomainID: clean(ev.DomainID), Detail: detail,
		Revoking: ev.Revoking,
		ActorID:  clean(ev.ActorID), RequestID: clean(ev.RequestID), Address: clean(ev.Address), UserAgent: clean(ev.UserAgent),
	}, err
}

// EventsAfter returns up to limit events with greater ids, in the order of their ids; limit 0 means all. On
// PostgreSQL a smaller id may become visible after a greater one, when its transaction committed later: a
// reader that must not miss any asks for the ids it skipped again, with EventsByID.
func (s *Store) EventsAfter(ctx context.Context, afterID int64, limit int) ([]event.Event, error) {
	return s.events(ctx, limit, "id > ?", afterID)
}

// EventsSince returns the events with greater ids and those that happened at since or later, in the order of
// their ids.
func (s *Store) EventsSince(ctx context.Context, afterID int64, since time.Time) ([]event.Event, error) {
	return s.events(ctx, 0, "id > ? OR at >= ?", afterID, since.UnixMicro())
}

// EventsByID returns those of the events with these ids that are there, in the order of their ids.
func (s *Store) EventsByID(ctx context.Context, ids []int64) ([]event.Event, error) {
	var found []event.Event
	for part := range slices.Chunk(ids, 500) { // databases bound how many variables a statement may have
		events, err := s.events(ctx, 0, "id IN ?", part)
		if err != nil {
			return nil, err
		}
		found = append(found, events...)
	}
	slices.SortFunc(found, func(a, b event.Event) int { return cmp.Compare(a.ID, b.ID) })
	return found, nil
}

// EventsOfUser returns up to limit events that concern the user, newest first, with smaller ids than
// beforeID; beforeID 0 begins with the newest.
func (s *Store) EventsOfUser(ctx context.Context, userID string, beforeID int64, limit int) ([]event.Event, error) {
	var rows []eventRow
	err := s.view(ctx, func(db *gorm.DB) error {
		q := db.Where("user_id = ?", userID)
		if beforeID > 0 {
			q = q.Where("id < ?", beforeID)
		}
		rows = nil
		return q.Order("id DESC").Limit(limit).Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, eventRow.event)
}

// Revoking returns up to limit events that ended tokens at since or later, in the order of their times, behind the one
// with the given time and id; the zero time begins with the first.
func (s *Store) Revoking(ctx context.Context, since, after time.Time, id int64, limit int) ([]event.Event, error) {
	var rows []eventRow
	err := s.view(ctx, func(db *gorm.DB) error {
		q := db.Where("revoking AND at >= ?", since.UnixMicro()) // revoking is the index's condition, word for word
		if !after.IsZero() {
			q = q.Where("(at, id) > (?, ?)", after.UnixMicro(), id)
		}
		rows = nil
		return q.Order("at, id").Limit(limit).Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, eventRow.event)
}

// Refusals returns up to limit events that say why a request was refused, in the order of their ids, behind one.
func (s *Store) Refusals(ctx context.Context, requestID string, after int64, limit int) ([]event.Event, error) {
	// The condition is that of the index, word for word.
	return s.events(ctx, limit, "request_id = ? AND id > ? AND (outcome = 'failure' OR action = 'receipt.issue')", requestID, after)
}

func (s *Store) events(ctx context.Context, limit int, where string, args ...any) ([]event.Event, error) {
	var rows []eventRow
	err := s.view(ctx, func(db *gorm.DB) error {
		q := db.Where(where, args...).Order("id")
		if limit > 0 {
			q = q.Limit(limit)
		}
		rows = nil
		return q.Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, eventRow.event)
}

// LastEventID returns the greatest id in the stream, or 0.
func (s *Store) LastEventID(ctx context.Context) (int64, error) {
	var last int64
	err := s.view(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT COALESCE(MAX(id), 0) FROM event").Scan(&last).Error
	})
	return last, err
}
