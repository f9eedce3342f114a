package store

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/risk"
)

type profileRow struct {
	UserID    string
	Profile   string
	ExpiresAt int64
}

func (profileRow) TableName() string { return "sign_in_profile" }

// Profile returns what is remembered of the user's sign-ins; that of somebody who was never seen when there is nothing,
// or nothing that can be read.
func (s *Store) Profile(ctx context.Context, userID string) (risk.Profile, error) {
	var rows []profileRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return db.Where("user_id = ?", userID).Limit(1).Find(&rows).Error
	})
	if err != nil || len(rows) == 0 {
		return risk.Profile{}, err
	}
	return rows[0].profile(), nil
}

func (r profileRow) profile() risk.Profile {
	var p risk.Profile
	if json.Unmarshal([]byte(r.Profile), &p) != nil {
		return risk.Profile{}
	}
	return p
}

// KeepProfile stores what is remembered of the user's sign-ins until a time; of two at once one is lost. It appends no
// event; the sign-in does.
func (s *Store) KeepProfile(ctx context.Context, userID string, p risk.Profile, expires time.Time) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return s.mark(ctx, func(db *gorm.DB) error {
		return db.Exec(`INSERT INTO sign_in_profile (user_id, profile, expires_at) VALUES (?, ?, ?)
			ON CONFLICT (user_id) DO UPDATE SET profile = excluded.profile, expires_at = excluded.expires_at`,
			userID, string(text), micros(expires)).Error
	})
}

// unlearn forgets what was first seen of the user's sign-ins at a time or later.
func unlearn(db *gorm.DB, userID string, since time.Time) error {
	var rows []profileRow
	err := db.Where("user_id = ?", userID).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return err
	}
	text, err := json.Marshal(rows[0].profile().Before(since))
	if err != nil {
		return err
	}
	return db.Exec("UPDATE sign_in_profile SET profile = ? WHERE user_id = ?", string(text), userID).Error
}

// forgetSignIns deletes what has no foreign key to users: what is counted and remembered of their sign-ins.
func forgetSignIns(db *gorm.DB, users, arg string) error {
	for _, table := range []string{"sign_in_failure", "sign_in_profile"} {
		if err := db.Exec("DELETE FROM "+table+" WHERE user_id IN ("+users+")", arg).Error; err != nil {
			return err
		}
	}
	return nil
}

// verdict reads what a session keeps of one.
func verdict(score int, reasons string) risk.Verdict {
	v := risk.Verdict{Score: score}
	for r := range strings.FieldsSeq(reasons) {
		v.Reasons = append(v.Reasons, risk.Reason(r))
	}
	return v
}
