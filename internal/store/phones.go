package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/phone"
)

type phoneCodeRow struct {
	ID        string `gorm:"primaryKey"`
	UserID    string
	FactorID  string
	Purpose   string
	Digest    string
	Channel   string
	Status    string
	Tries     int
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	ExpiresAt int64
	UsedAt    *int64
}

func (phoneCodeRow) TableName() string { return "phone_code" }

func newPhoneCodeRow(c mfa.PhoneCode) phoneCodeRow {
	return phoneCodeRow{
		ID: c.ID, UserID: c.UserID, FactorID: c.FactorID, Purpose: c.Purpose, Digest: c.Digest, Channel: string(c.Channel),
		Status: string(c.Status), Tries: c.Tries, CreatedAt: micros(c.CreatedAt), ExpiresAt: micros(c.ExpiresAt), UsedAt: microsOrNull(c.UsedAt),
	}
}

func (r phoneCodeRow) code() (mfa.PhoneCode, error) {
	return mfa.PhoneCode{
		ID: r.ID, UserID: r.UserID, FactorID: r.FactorID, Purpose: r.Purpose, Digest: r.Digest, Channel: phone.Channel(r.Channel),
		Status: phone.Outcome(r.Status), Tries: r.Tries, CreatedAt: timeOf(r.CreatedAt), ExpiresAt: timeOf(r.ExpiresAt), UsedAt: timeOrNull(r.UsedAt),
	}, nil
}

func phoneCodeEvent(action string, c mfa.PhoneCode) event.Event {
	return event.Event{
		Action: action, Kind: event.Factor, TargetID: c.FactorID, UserID: c.UserID,
		Detail: map[string]any{"challenge": c.ID, "purpose": c.Purpose, "channel": string(c.Channel)},
	}
}

// CreatePhoneCode stores a code that is about to be sent.
func (s *Store) CreatePhoneCode(ctx context.Context, c mfa.PhoneCode) error {
	ev := phoneCodeEvent("phone_code.create", c)
	row := newPhoneCodeRow(c)
	return s.change(ctx, &ev, func(db *gorm.DB) error { return db.Create(&row).Error })
}

// SettlePhoneCode notes what became of the message with a code. It is no error when the code has gone meanwhile.
func (s *Store) SettlePhoneCode(ctx context.Context, c mfa.PhoneCode, gateway string) error {
	ev := phoneCodeEvent("phone_code.send", c)
	ev.Detail["gateway"], ev.Detail["status"] = gateway, string(c.Status)
	if c.Status == phone.Failed {
		ev.Outcome, ev.Detail["cause"] = event.Failure, "phone_delivery_failed"
	}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return db.Exec("UPDATE phone_code SET status = ? WHERE id = ?", string(c.Status), c.ID).Error
	})
}

// RefusePhoneCode appends the event of a code that was not sent because a limit is reached.
func (s *Store) RefusePhoneCode(ctx context.Context, userID, limit string) error {
	return s.Append(ctx, event.Event{
		Action: "phone_code.refuse", Outcome: event.Failure, Kind: event.Factor, TargetID: userID, UserID: userID,
		Detail: map[string]any{"cause": "too_many_messages", "limit": limit},
	})
}

// PhoneCodes returns the codes of a user that are remembered, oldest first.
func (s *Store) PhoneCodes(ctx context.Context, userID string) ([]mfa.PhoneCode, error) {
	var rows []phoneCodeRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return db.Where("user_id = ?", userID).Order("created_at, id").Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, phoneCodeRow.code)
}

// MissPhoneCodes counts a wrong code against every code for the purpose that is still good. It appends no event; the
// refusal does.
func (s *Store) MissPhoneCodes(ctx context.Context, userID, purpose string, now time.Time) error {
	return s.mark(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE phone_code SET tries = tries + 1 WHERE user_id = ? AND purpose = ? AND used_at IS NULL AND expires_at > ?",
			userID, purpose, now.UnixMicro()).Error
	})
}

// UsePhoneCode ends a code, and with it all others of the user for its purpose, and reports whether it was unused: of
// many who try the same code, exactly one hears true. It appends no event; what it is used for does.
func (s *Store) UsePhoneCode(ctx context.Context, c mfa.PhoneCode, now time.Time) (bool, error) {
	var first bool
	err := s.mark(ctx, func(db *gorm.DB) error {
		res := db.Exec("UPDATE phone_code SET used_at = ? WHERE id = ? AND used_at IS NULL", now.UnixMicro(), c.ID)
		if first = res.RowsAffected == 1; res.Error != nil || !first {
			return res.Error
		}
		return db.Exec("UPDATE phone_code SET used_at = ? WHERE user_id = ? AND purpose = ? AND used_at IS NULL",
			now.UnixMicro(), c.UserID, c.Purpose).Error
	})
	return first && err == nil, err
}

// Count adds n to a counter, made when there is none, and returns the sum. Whoever counts on the same one meanwhile
// waits. It is forgotten some time after expires.
func (s *Store) Count(ctx context.Context, key string, n int, expires time.Time) (int, error) {
	var sum int
	err := s.mark(ctx, func(db *gorm.DB) error {
		return db.Raw(`INSERT INTO message_count (id, total, expires_at) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE
			SET total = message_count.total + excluded.total RETURNING total`, key, n, expires.UnixMicro()).Scan(&sum).Error
	})
	return sum, err
}

// Counted returns what was counted; zero for a counter that is not there.
func (s *Store) Counted(ctx context.Context, key string) (int, error) {
	var sum int
	err := s.view(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT COALESCE(SUM(total), 0) FROM message_count WHERE id = ?", key).Scan(&sum).Error
	})
	return sum, err
}
