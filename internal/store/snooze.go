package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
)

type snoozeRow struct {
	UserID string `gorm:"primaryKey"`
	Until  int64
}

func (snoozeRow) TableName() string { return "mfa_snooze" }

// Snooze keeps a user from being reminded of a second factor until a time; the zero time reminds again.
func (s *Store) Snooze(ctx context.Context, userID string, until time.Time) error {
	ev := event.Event{Action: "mfa.snooze", Kind: event.User, TargetID: userID, UserID: userID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		u, err := lock[userRow](db, missing("user", userID), "id = ?", userID)
		if err != nil {
			return err
		}
		ev.DomainID = u.DomainID
		if err := db.Exec("DELETE FROM mfa_snooze WHERE user_id = ?", userID).Error; err != nil || until.IsZero() {
			return err
		}
		return db.Create(&snoozeRow{UserID: userID, Until: micros(until)}).Error
	})
}

// SnoozedUntil tells until when a user is not reminded; the zero time when he has not said so.
func (s *Store) SnoozedUntil(ctx context.Context, userID string) (time.Time, error) {
	var until time.Time
	err := s.view(ctx, func(db *gorm.DB) error {
		var rows []snoozeRow
		err := db.Where("user_id = ?", userID).Find(&rows).Error
		if len(rows) > 0 {
			until = timeOf(rows[0].Until)
		}
		return err
	})
	return until, err
}
