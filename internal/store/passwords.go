package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/notify"
)

type passwordRow struct {
	ID          int64 `gorm:"primaryKey;autoIncrement"`
	UserID      string
	Hash        string
	CreatedAt   int64 `gorm:"autoCreateTime:false"`
	ExpiresAt   *int64
	SelfService bool
}

func (passwordRow) TableName() string { return "password" }

func (r passwordRow) password() (identity.Password, error) {
	return identity.Password{
		UserID: r.UserID, Hash: r.Hash, CreatedAt: timeOf(r.CreatedAt), ExpiresAt: timeOrNull(r.ExpiresAt),
		SelfService: r.SelfService,
	}, nil
}

// Password returns the current password of a user; NotFound when the user has none or does not exist.
func (s *Store) Password(ctx context.Context, userID string) (identity.Password, error) {
	all, err := s.PasswordHistory(ctx, userID, 1)
	if err != nil {
		return identity.Password{}, err
	}
	if len(all) == 0 {
		return identity.Password{}, fault.New(fault.NotFound, "Could not find a password of user: %s.", userID)
	}
	return all[0], nil
}

// PasswordHistory returns up to limit passwords of a user, the current one first. Their order is that in which they
// were set, whatever the clocks of the nodes said.
func (s *Store) PasswordHistory(ctx context.Context, userID string, limit int) ([]identity.Password, error) {
	var rows []passwordRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return db.Where("user_id = ?", userID).Order("id DESC").Limit(limit).Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, passwordRow.password)
}

// SetPassword makes p the user's current password, keeps the former ones, and raises the user's AuthVersion,
// which ends all tokens. NotFound when the user does not exist.
func (s *Store) SetPassword(ctx context.Context, p identity.Password) error {
	if p.CreatedAt.IsZero() {
		p.CreatedAt = s.now()
	}
	ev := event.Event{Action: "password.set", Kind: event.Password, TargetID: p.UserID, UserID: p.UserID,
		Detail: map[string]any{"self_service": p.SelfService}}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[userRow](db, missing("user", p.UserID), "id = ?", p.UserID)
		if err != nil {
			return err
		}
		first := madeNow(s.txOf(db.Statement.Context), p.UserID)
		ev.DomainID, ev.Revoking = old.DomainID, !first
		if first {
			ev.Detail = map[string]any{"self_service": p.SelfService, notify.First: true}
		}
		err = db.Exec("UPDATE user_account SET auth_version = auth_version + 1, password_expires_at = ? WHERE id = ?",
			microsOrNull(p.ExpiresAt), p.UserID).Error
		if err != nil {
			return err
		}
		return db.Create(&passwordRow{UserID: p.UserID, Hash: p.Hash, CreatedAt: micros(p.CreatedAt),
			ExpiresAt: microsOrNull(p.ExpiresAt), SelfService: p.SelfService}).Error
	})
}

// madeNow tells that the transaction makes the user, who cannot have tokens yet.
func madeNow(t *tx, userID string) bool {
	return slices.ContainsFunc(t.events, func(ev event.Event) bool { return ev.Action == "user.create" && ev.TargetID == userID })
}

// ForgetPasswords deletes all passwords of a user but the newest ones, keep in number. It is for the transaction
// that sets a password, whose event tells of it.
func (s *Store) ForgetPasswords(ctx context.Context, userID string, keep int) error {
	return s.mark(ctx, func(db *gorm.DB) error {
		return db.Exec("DELETE FROM password WHERE user_id = ? AND id NOT IN "+
			"(SELECT id FROM password WHERE user_id = ? ORDER BY id DESC LIMIT ?)", userID, userID, keep).Error
	})
}

// Rehash replaces the hash of the same password by one made with newer parameters. It fails with Conflict
// when oldHash is no longer stored, which a caller may ignore. Tokens live on.
func (s *Store) Rehash(ctx context.Context, userID, oldHash, newHash string) error {
	ev := event.Event{Action: "password.rehash", Kind: event.Password, TargetID: userID, UserID: userID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		res := db.Exec("UPDATE password SET hash = ? WHERE user_id = ? AND hash = ?", newHash, userID, oldHash)
		if res.Error == nil && res.RowsAffected == 0 {
			return fault.New(fault.Conflict, "The password has been changed meanwhile.")
		}
		return res.Error
	})
}

// DeletePasswords leaves the user without a password and raises the AuthVersion.
func (s *Store) DeletePasswords(ctx context.Context, userID string) error {
	ev := event.Event{Action: "password.delete", Kind: event.Password, TargetID: userID, UserID: userID, Revoking: true}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[userRow](db, missing("user", userID), "id = ?", userID)
		if err != nil {
			return err
		}
		ev.DomainID = old.DomainID
		err = db.Exec("UPDATE user_account SET auth_version = auth_version + 1, password_expires_at = NULL WHERE id = ?",
			userID).Error
		if err != nil {
			return err
		}
		return db.Exec("DELETE FROM password WHERE user_id = ?", userID).Error
	})
}
