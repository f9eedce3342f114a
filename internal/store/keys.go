package store

import (
	"context"
	"reflect"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/event"
)

type keyRow struct {
	KID         string `gorm:"column:kid;primaryKey"`
	Algorithm   string
	State       string
	PrivateKey  string
	PublicKey   []byte
	CreatedAt   int64 `gorm:"autoCreateTime:false"`
	ActivatedAt *int64
	RetireAt    *int64
}

func (keyRow) TableName() string { return "signing_key" }

func newKeyRow(k auth.StoredKey) keyRow {
	return keyRow{KID: k.KID, Algorithm: k.Algorithm, State: k.State, PrivateKey: k.Private, PublicKey: k.Public,
		CreatedAt: micros(k.CreatedAt), ActivatedAt: microsOrNull(k.ActivatedAt), RetireAt: microsOrNull(k.RetireAt)}
}

func (r keyRow) key() (auth.StoredKey, error) {
	return auth.StoredKey{KID: r.KID, Algorithm: r.Algorithm, State: r.State, Private: r.PrivateKey, Public: r.PublicKey,
		CreatedAt: timeOf(r.CreatedAt), ActivatedAt: timeOrNull(r.ActivatedAt), RetireAt: timeOrNull(r.RetireAt)}, nil
}

// SigningKeys returns all keys in the order of their making.
func (s *Store) SigningKeys(ctx context.Context) ([]auth.StoredKey, error) {
	var rows []keyRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return db.Order("created_at, kid").Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, keyRow.key)
}

// UpdateSigningKeys reads the set of keys, locked against everyone else who does, and replaces it by what
// change returns. Of two nodes that find the set empty and make a key, the second one sees the first's. Each
// key that came, changed or went is one event; when nothing differs nothing is written.
func (s *Store) UpdateSigningKeys(ctx context.Context, change func([]auth.StoredKey) ([]auth.StoredKey, error)) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		db := s.txOf(ctx).db.WithContext(ctx)
		var guard string
		if err := forUpdate(db.Table("guard")).Select("name").Where("name = ?", "signing_key").Scan(&guard).Error; err != nil {
			return err
		}
		old, err := s.SigningKeys(ctx)
		if err != nil {
			return err
		}
		keys, err := change(append([]auth.StoredKey(nil), old...))
		if err != nil {
			return err
		}
		return s.replaceKeys(ctx, db, old, keys)
	})
}

// SaveSigningKeys replaces the set of keys. To decide from what is there, use UpdateSigningKeys.
func (s *Store) SaveSigningKeys(ctx context.Context, keys []auth.StoredKey) error {
	return s.UpdateSigningKeys(ctx, func([]auth.StoredKey) ([]auth.StoredKey, error) { return keys, nil })
}

func (s *Store) replaceKeys(ctx context.Context, db *gorm.DB, old, keys []auth.StoredKey) error {
	before := map[string]keyRow{}
	for _, k := range old {
		before[k.KID] = newKeyRow(k)
	}
	for _, k := range keys {
		row := newKeyRow(k)
		was, known := before[k.KID]
		delete(before, k.KID)
		var action string
		var err error
		switch {
		case !known:
			action, err = "key.create", db.Create(&row).Error
		case !reflect.DeepEqual(was, row):
			action, err = "key.update", db.Model(&row).Where("kid = ?", k.KID).Select("*").Omit("kid").Updates(&row).Error
		default:
			continue
		}
		if err != nil {
			return err
		}
		if err := s.append(ctx, keyEvent(action, row)); err != nil {
			return err
		}
	}
	for kid, row := range before {
		if err := db.Exec("DELETE FROM signing_key WHERE kid = ?", kid).Error; err != nil {
			return err
		}
		if err := s.append(ctx, keyEvent("key.delete", row)); err != nil {
			return err
		}
	}
	return nil
}

func keyEvent(action string, r keyRow) event.Event {
	return event.Event{Action: action, Kind: event.Key, TargetID: r.KID,
		Detail: map[string]any{"state": r.State, "algorithm": r.Algorithm}}
}
