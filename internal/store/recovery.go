package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/mfa"
)

type recoveryRow struct {
	ID     string `gorm:"primaryKey"`
	UserID string
	Digest string
	UsedAt *int64
}

func (recoveryRow) TableName() string { return "recovery_code" }

func recoveryEvent(action, userID string) event.Event {
	return event.Event{Action: action, Kind: event.Factor, TargetID: userID, UserID: userID}
}

// ReplaceRecoveryCodes makes codes the user's only set; of two sets made at once, one survives whole. Ids that
// are empty are filled in. NotFound when the user does not exist.
func (s *Store) ReplaceRecoveryCodes(ctx context.Context, userID string, codes []mfa.RecoveryCode) error {
	rows := make([]recoveryRow, 0, len(codes))
	for _, c := range codes {
		if c.ID == "" {
			c.ID = s.newID()
		}
		rows = append(rows, recoveryRow{ID: c.ID, UserID: userID, Digest: c.Digest, UsedAt: microsOrNull(c.UsedAt)})
	}
	ev := recoveryEvent("recovery_codes.create", userID)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if _, err := lock[userRow](db, missing("user", userID), "id = ?", userID); err != nil {
			return err
		}
		if err := db.Exec("DELETE FROM recovery_code WHERE user_id = ?", userID).Error; err != nil {
			return err
		}
		return createAll(db, rows)
	})
}

// RecoveryCodeCount tells how many codes the user's set has and how many of them are unused.
func (s *Store) RecoveryCodeCount(ctx context.Context, userID string) (remaining, total int, err error) {
	var counts struct{ Remaining, Total int }
	err = s.view(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT COUNT(*) AS total, COUNT(*) - COUNT(used_at) AS remaining FROM recovery_code WHERE user_id = ?",
			userID).Scan(&counts).Error
	})
	return counts.Remaining, counts.Total, err
}

// UseRecoveryCode marks the unused code with this digest as used and reports whether there was one: of many
// who try the same code, exactly one hears true.
func (s *Store) UseRecoveryCode(ctx context.Context, userID, digest string) (bool, error) {
	used := false
	ev := recoveryEvent("recovery_codes.use", userID)
	err := s.change(ctx, &ev, func(db *gorm.DB) error {
		res := db.Exec("UPDATE recovery_code SET used_at = ? WHERE user_id = ? AND digest = ? AND used_at IS NULL",
			s.now().UnixMicro(), userID, digest)
		used = res.RowsAffected == 1
		if res.Error == nil && !used {
			return errUnchanged
		}
		return res.Error
	})
	return used && err == nil, err
}

// DeleteRecoveryCodes deletes the user's set, if there is one.
func (s *Store) DeleteRecoveryCodes(ctx context.Context, userID string) error {
	ev := recoveryEvent("recovery_codes.delete", userID)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		res := db.Exec("DELETE FROM recovery_code WHERE user_id = ?", userID)
		if res.Error == nil && res.RowsAffected == 0 {
			return errUnchanged
		}
		return res.Error
	})
}
