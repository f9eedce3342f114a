package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/event"
)

type failureRow struct {
	UserID      string
	Kind        string
	Network     string
	Tries       int
	LastAt      int64
	LockedUntil int64
}

func (failureRow) TableName() string { return "sign_in_failure" }

func (r failureRow) failures() auth.Failures {
	return auth.Failures{
		FailureKey: auth.FailureKey{UserID: r.UserID, Kind: auth.FailureKind(r.Kind), Network: r.Network},
		Count:      r.Tries, LastAt: timeOf(r.LastAt), LockedUntil: timeOf(r.LockedUntil),
	}
}

var errVanished = errors.New("a counter vanished while it was read")

const thisCounter = "user_id = ? AND kind = ? AND network = ?"

// UpdateFailures reads a counter, locked and made when there is none, lets change alter it, and stores it.
// Nothing is lost when many do so at once. It appends no event; the refusal of the sign-in does.
func (s *Store) UpdateFailures(ctx context.Context, key auth.FailureKey, change func(*auth.Failures) error) error {
	return s.mark(ctx, func(db *gorm.DB) error {
		row, err := lockCounter(db, key)
		for range maxTries {
			if !errors.Is(err, errVanished) {
				break
			}
			row, err = lockCounter(db, key) // a success elsewhere has just reset it
		}
		if err != nil {
			return err
		}
		f := row.failures()
		if err := change(&f); err != nil {
			return err
		}
		return db.Exec("UPDATE sign_in_failure SET tries = ?, last_at = ?, locked_until = ? WHERE "+thisCounter,
			f.Count, micros(f.LastAt), micros(f.LockedUntil), key.UserID, string(key.Kind), key.Network).Error
	})
}

// lockCounter makes a counter, unless there is one, and locks it.
func lockCounter(db *gorm.DB, key auth.FailureKey) (failureRow, error) {
	blank := failureRow{UserID: key.UserID, Kind: string(key.Kind), Network: key.Network}
	if err := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&blank).Error; err != nil {
		return blank, err
	}
	return lock[failureRow](db, errVanished, thisCounter, key.UserID, string(key.Kind), key.Network)
}

// Failures returns one counter for each key, in the order of the keys; a counter that was never raised is zero.
func (s *Store) Failures(ctx context.Context, keys ...auth.FailureKey) ([]auth.Failures, error) {
	out := make([]auth.Failures, len(keys))
	at := map[auth.FailureKey]int{}
	for i, k := range keys {
		out[i].FailureKey, at[k] = k, i
	}
	if len(keys) == 0 {
		return out, nil
	}
	var rows []failureRow
	err := s.view(ctx, func(db *gorm.DB) error {
		match := db.Session(&gorm.Session{NewDB: true})
		for i, k := range keys {
			if i == 0 {
				match = match.Where(thisCounter, k.UserID, string(k.Kind), k.Network)
			} else {
				match = match.Or(thisCounter, k.UserID, string(k.Kind), k.Network)
			}
		}
		rows = nil
		return db.Where(match).Find(&rows).Error
	})
	for _, r := range rows {
		f := r.failures()
		out[at[f.FailureKey]] = f
	}
	return out, err
}

// ResetFailures forgets the counters of a user. An empty kind means all kinds, an empty network all networks.
func (s *Store) ResetFailures(ctx context.Context, userID string, kind auth.FailureKind, network string) error {
	return s.mark(ctx, func(db *gorm.DB) error {
		return db.Exec("DELETE FROM sign_in_failure WHERE user_id = ? AND (? = '' OR kind = ?) AND (? = '' OR network = ?)",
			userID, string(kind), string(kind), network, network).Error
	})
}

type receiptRow struct {
	ID        string `gorm:"primaryKey"`
	ExpiresAt int64
}

func (receiptRow) TableName() string { return "used_receipt" }

// Revoke ends a session: the tokens with this audit id or chain id. expires is when the last of them would have
// ended by itself; of several times the latest is kept.
func (s *Store) Revoke(ctx context.Context, id string, expires time.Time) error {
	return s.revoke(ctx, event.Event{Action: "token.revoke", Kind: event.Token, TargetID: id, Revoking: true}, expires)
}

// RevokeOne ends one token that others of its session outlive. It is like Revoke, but for what the event says.
func (s *Store) RevokeOne(ctx context.Context, auditID string, expires time.Time) error {
	return s.revoke(ctx, event.Event{
		Action: "token.revoke", Kind: event.Token, TargetID: auditID, Revoking: true, Detail: map[string]any{event.Alone: true},
	}, expires)
}

func (s *Store) revoke(ctx context.Context, ev event.Event, expires time.Time) error {
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := db.Exec("DELETE FROM session WHERE id = ?", ev.TargetID).Error; err != nil { // a single token is none
			return err
		}
		return db.Exec(`INSERT INTO revocation (id, expires_at) VALUES (?, ?) ON CONFLICT (id) DO UPDATE
			SET expires_at = excluded.expires_at WHERE revocation.expires_at < excluded.expires_at`,
			ev.TargetID, expires.UnixMicro()).Error
	})
}

// Revoked reports whether any of the audit ids or chain ids was revoked.
func (s *Store) Revoked(ctx context.Context, ids ...string) (bool, error) {
	if len(ids) == 0 {
		return false, nil
	}
	var found bool
	err := s.view(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT EXISTS (SELECT 1 FROM revocation WHERE id IN ?)", ids).Scan(&found).Error
	})
	return found, err
}

// UseReceipt marks a receipt as used until it expires and reports whether it was unused: of many who try the
// same receipt, exactly one hears true. It appends no event; the sign-in does.
func (s *Store) UseReceipt(ctx context.Context, id string, expires time.Time) (bool, error) {
	var first bool
	err := s.mark(ctx, func(db *gorm.DB) error {
		res := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&receiptRow{ID: id, ExpiresAt: expires.UnixMicro()})
		first = res.RowsAffected == 1
		return res.Error
	})
	return first && err == nil, err
}

// ReceiptUsed reports whether a receipt was used.
func (s *Store) ReceiptUsed(ctx context.Context, id string) (bool, error) {
	var used bool
	err := s.view(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT EXISTS (SELECT 1 FROM used_receipt WHERE id = ?)", id).Scan(&used).Error
	})
	return used, err
}
