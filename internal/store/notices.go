package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/notify"
)

type noticeRow struct {
	ID         string `gorm:"primaryKey"`
	Kind       string
	UserID     string
	EventID    int64
	At         int64
	DisownedAt *int64
}

func (noticeRow) TableName() string { return "notice" }

func (r noticeRow) notice() notify.Notice {
	return notify.Notice{
		ID: r.ID, Kind: notify.Kind(r.Kind), UserID: r.UserID, EventID: r.EventID, At: timeOf(r.At), DisownedAt: timeOrNull(r.DisownedAt),
	}
}

// deliveryRow is a notice's way through one channel, and to one address where the channel has any.
type deliveryRow struct {
	Seq      int64 `gorm:"primaryKey;autoIncrement"`
	NoticeID string
	UserID   string
	Channel  string
	Address  string
	DueAt    int64
	Attempts int
	State    string
	DoneAt   *int64
}

func (deliveryRow) TableName() string { return "notice_delivery" }

// The states of a delivery.
const (
	waiting = "waiting"
	sent    = "sent"
	givenUp = "given_up"
)

// Tell makes every event that somebody is to be told of leave a notice for the channels, in its transaction. It must be
// called before the store serves; without channels nothing is written.
func (s *Store) Tell(channels []string) { s.channels = channels }

// tell writes the notices of events in the transaction of ctx. Most events make none, which costs a look at their names.
func (s *Store) tell(ctx context.Context, events []event.Event) error {
	if len(s.channels) == 0 {
		return nil
	}
	for _, ev := range events {
		kind, userID := notify.Of(ev)
		if kind == "" {
			continue
		}
		if err := s.notice(ctx, kind, userID, ev); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) notice(ctx context.Context, kind notify.Kind, userID string, ev event.Event) error {
	db := exempted(s.txOf(ctx).db.WithContext(ctx))
	if rest := kind.Throttle(); rest > 0 {
		var told bool
		err := db.Raw("SELECT EXISTS (SELECT 1 FROM notice WHERE user_id = ? AND kind = ? AND at > ?)",
			userID, string(kind), ev.At.Add(-rest).UnixMicro()).Scan(&told).Error
		if err != nil || told {
			return err
		}
	}
	n := noticeRow{ID: s.newID(), Kind: string(kind), UserID: userID, EventID: ev.ID, At: ev.At.UnixMicro()}
	if err := db.Create(&n).Error; err != nil {
		return err
	}
	var rows []deliveryRow
	for _, c := range s.channels {
		to := []string{""}
		if c == notify.MailChannel {
			var err error
			if to, err = s.mailboxes(ctx, userID); err != nil {
				return err
			}
		}
		for _, address := range to {
			rows = append(rows, deliveryRow{NoticeID: n.ID, UserID: userID, Channel: c, Address: address, DueAt: n.At, State: waiting})
		}
	}
	return createAll(db, rows)
}

// mailbox is the mail address that a user had.
type mailbox struct{ userID, address string }

// mailboxes are where a user gets mails at this moment of the transaction of ctx: whoever changes the address later, or
// in the same transaction, keeps no notice from its owner.
func (s *Store) mailboxes(ctx context.Context, userID string) ([]string, error) {
	t := s.txOf(ctx)
	all := []string{}
	for _, m := range t.moved {
		if m.userID == userID && m.address != "" {
			all = append(all, m.address)
		}
	}
	var rows []userRow
	if err := t.db.WithContext(ctx).Where("id = ?", userID).Find(&rows).Error; err != nil {
		return nil, err
	}
	for _, r := range rows {
		u, err := r.user()
		if err != nil {
			return nil, err
		}
		if m := notify.Mailbox(u); m != "" && !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all, nil
}

// ClaimDeliveries takes up to limit deliveries of the channel that are due, the oldest first, and keeps them from others
// until a time. Nodes that claim at once get different ones. One that fails holds up no other.
func (s *Store) ClaimDeliveries(ctx context.Context, channel string, now, until time.Time, limit int) ([]notify.Delivery, error) {
	var found []struct {
		Notice   noticeRow `gorm:"embedded"`
		Seq      int64
		Address  string
		Attempts int
	}
	const due = " FROM notice_delivery d JOIN notice n ON n.id = d.notice_id WHERE d.channel = ? AND d.state = 'waiting' AND d.due_at <= ?" +
		" ORDER BY d.due_at, d.seq LIMIT ?"
	lock := ""
	if s.pg != nil {
		lock = " FOR UPDATE OF d SKIP LOCKED"
	}
	var idle bool // looking costs SQLite's only writer nothing
	err := s.view(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT NOT EXISTS (SELECT 1 FROM notice_delivery WHERE channel = ? AND state = 'waiting' AND due_at <= ?)",
			channel, now.UnixMicro()).Scan(&idle).Error
	})
	if err != nil || idle {
		return nil, err
	}
	err = s.mark(ctx, func(db *gorm.DB) error {
		found = nil
		err := db.Raw("SELECT n.id, n.kind, n.user_id, n.event_id, n.at, n.disowned_at, d.seq, d.address, d.attempts"+due+lock,
			channel, now.UnixMicro(), limit).Scan(&found).Error
		for i := range found {
			if err == nil {
				found[i].Attempts++
				err = db.Exec("UPDATE notice_delivery SET due_at = ?, attempts = ? WHERE seq = ?",
					until.UnixMicro(), found[i].Attempts, found[i].Seq).Error
			}
		}
		return err
	})
	claimed := make([]notify.Delivery, 0, len(found))
	for _, f := range found {
		claimed = append(claimed, notify.Delivery{Notice: f.Notice.notice(), Seq: f.Seq, Address: f.Address, Attempts: f.Attempts})
	}
	return claimed, err
}

// Delivered ends a delivery. It appends no event.
func (s *Store) Delivered(ctx context.Context, d notify.Delivery, at time.Time) error {
	return s.mark(ctx, func(db *gorm.DB) error { return endDelivery(db, d, sent, at) })
}

// RetryDelivery puts a delivery off. It appends no event.
func (s *Store) RetryDelivery(ctx context.Context, d notify.Delivery, due time.Time) error {
	return s.mark(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE notice_delivery SET due_at = ? WHERE seq = ? AND state = 'waiting'", due.UnixMicro(), d.Seq).Error
	})
}

// GiveUpDelivery ends a delivery that failed for good.
func (s *Store) GiveUpDelivery(ctx context.Context, d notify.Delivery, channel string, at time.Time) error {
	ev := event.Event{
		Action: "notice.give_up", Outcome: event.Failure, Kind: event.Notice, TargetID: d.ID, UserID: d.UserID,
		Detail: map[string]any{"channel": channel, "notice": string(d.Kind), "attempts": d.Attempts},
	}
	return s.change(ctx, &ev, func(db *gorm.DB) error { return endDelivery(db, d, givenUp, at) })
}

// endDelivery forgets the address, which is of no use any more.
func endDelivery(db *gorm.DB, d notify.Delivery, state string, at time.Time) error {
	return db.Exec("UPDATE notice_delivery SET state = ?, done_at = ?, address = '' WHERE seq = ? AND state = 'waiting'",
		state, at.UnixMicro(), d.Seq).Error
}

// Notice returns a notice; NotFound when there is none with the id.
func (s *Store) Notice(ctx context.Context, id string) (notify.Notice, error) {
	row, err := take[noticeRow](ctx, s, missing("notice", id), "id = ?", id)
	return row.notice(), err
}
