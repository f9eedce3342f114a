package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/device"
	"github.com/keyward/identity/internal/event"
)

type deviceRow struct {
	ID           string `gorm:"primaryKey"`
	UserID       string
	Name         string
	Digest       string
	AuthVersion  int64
	Factors      string
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
	ExpiresAt    int64
	LastUsedAt   *int64
	LastUsedFrom string
}

func (deviceRow) TableName() string { return "device" }

func (r deviceRow) device() (device.Device, error) {
	return device.Device{
		ID: r.ID, UserID: r.UserID, Name: r.Name, Digest: r.Digest, AuthVersion: r.AuthVersion, Factors: strings.Fields(r.Factors),
		CreatedAt: timeOf(r.CreatedAt), ExpiresAt: timeOf(r.ExpiresAt), LastUsedAt: timeOrNull(r.LastUsedAt), LastUsedFrom: r.LastUsedFrom,
	}, nil
}

func deviceEvent(action, userID, id string) event.Event {
	return event.Event{Action: action, Kind: event.Factor, TargetID: id, UserID: userID}
}

// Devices returns all devices of a user, those included that are not good any more, in the order of their making.
func (s *Store) Devices(ctx context.Context, userID string) ([]device.Device, error) {
	var rows []deviceRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return db.Where("user_id = ?", userID).Order("created_at, id").Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, deviceRow.device)
}

// CreateDevice stores a new device. NotFound when the user does not exist.
func (s *Store) CreateDevice(ctx context.Context, d device.Device) error {
	row := deviceRow{
		ID: d.ID, UserID: d.UserID, Name: d.Name, Digest: d.Digest, AuthVersion: d.AuthVersion, Factors: strings.Join(d.Factors, " "),
		CreatedAt: micros(d.CreatedAt), ExpiresAt: micros(d.ExpiresAt),
	}
	ev := deviceEvent("device.create", d.UserID, d.ID)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := need(db, "user_account", "user", d.UserID); err != nil {
			return err
		}
		return db.Create(&row).Error
	})
}

// UseDevice notes when a device was used, and the address of the request that ctx belongs to; NotFound when there is no
// such device. It appends no event; the sign-in does.
func (s *Store) UseDevice(ctx context.Context, id string, at time.Time) error {
	return s.mark(ctx, func(db *gorm.DB) error {
		res := db.Exec("UPDATE device SET last_used_at = ?, last_used_from = ? WHERE id = ?",
			micros(at), clean(event.OriginOf(ctx).Address), id)
		if res.Error == nil && res.RowsAffected == 0 {
			return missing("device", id)
		}
		return res.Error
	})
}

// DeleteDevice deletes a device of the user; NotFound when the user has no such device.
func (s *Store) DeleteDevice(ctx context.Context, userID, id string) error {
	ev := deviceEvent("device.delete", userID, id)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return deleteOne(db, missing("device", id), "DELETE FROM device WHERE id = ? AND user_id = ?", id, userID)
	})
}

// DeleteDevices deletes all devices of the user, if there are any.
func (s *Store) DeleteDevices(ctx context.Context, userID string) error {
	ev := deviceEvent("devices.delete", userID, userID)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		res := db.Exec("DELETE FROM device WHERE user_id = ?", userID)
		if res.Error == nil && res.RowsAffected == 0 {
			return errUnchanged
		}
		return res.Error
	})
}
