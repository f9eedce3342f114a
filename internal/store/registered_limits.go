package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/limit"
	"github.com/keyward/identity/internal/listing"
)

type registeredLimitRow struct {
	ID               string `gorm:"primaryKey"`
	ServiceID        string
	RegionID         *string
	ResourceName     string
	ResourceNameFold string
	DefaultLimit     int
	Description      *string
}

func (registeredLimitRow) TableName() string { return "registered_limit" }

func newRegisteredLimitRow(r limit.Registered) registeredLimitRow {
	return registeredLimitRow{ID: r.ID, ServiceID: r.ServiceID, RegionID: textOrNull(r.RegionID), ResourceName: nameOf(r.ResourceName),
		ResourceNameFold: fold(r.ResourceName), DefaultLimit: r.Default, Description: r.Description}
}

func (r registeredLimitRow) registered() (limit.Registered, error) {
	key := limit.Key{ServiceID: r.ServiceID, RegionID: orEmpty(r.RegionID), ResourceName: r.ResourceName}
	return limit.Registered{ID: r.ID, Key: key, Default: r.DefaultLimit, Description: r.Description}, nil
}

var registeredLimitAttrs = collection{
	"id": {name: "id"}, "service_id": {name: "service_id"}, "region_id": {name: "region_id"},
	"resource_name": {name: "resource_name", kind: nameColumn},
}

var registeredLimitTaken = fault.New(fault.Conflict,
	"Conflict occurred attempting to store registered_limit - There is one for the same resource of the same service in the same region.")

// Registered returns a registered limit; NotFound when there is none.
func (s *Store) Registered(ctx context.Context, id string) (limit.Registered, error) {
	row, err := take[registeredLimitRow](ctx, s, missing("registered limit", id), "id = ?", id)
	if err != nil {
		return limit.Registered{}, err
	}
	return row.registered()
}

// ListRegistered filters by id, service_id, region_id and resource_name.
func (s *Store) ListRegistered(ctx context.Context, q listing.Query) (listing.Page[limit.Registered], error) {
	return list(ctx, s, registeredLimitAttrs, q, nil, registeredLimitRow.registered)
}

// CreateRegistered stores new registered limits, all or none. NotFound names a missing service or region,
// Conflict one that is there already. One event tells of all of them.
func (s *Store) CreateRegistered(ctx context.Context, rs []limit.Registered) error {
	rows := make([]registeredLimitRow, len(rs))
	ids, keys := make([]string, len(rs)), make([]limit.Key, len(rs))
	for i, r := range rs {
		rows[i], ids[i], keys[i] = newRegisteredLimitRow(r), r.ID, r.Key
	}
	ev := event.Event{Action: "registered_limit.create", Kind: event.Document}
	named(&ev, ids)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := needPlaces(db, keys); err != nil {
			return err
		}
		return conflictAs(createAll(db, rows), registeredLimitTaken)
	})
}

// named makes an event about several objects tell their ids: as its target when there is one, else as a detail.
func named(ev *event.Event, ids []string) {
	if len(ids) == 1 {
		ev.TargetID = ids[0]
		return
	}
	ev.Detail = map[string]any{"ids": ids}
}

// NeedPlaces fails with NotFound of a service or region that does not exist.
func (s *Store) NeedPlaces(ctx context.Context, keys []limit.Key) error {
	return s.view(ctx, func(db *gorm.DB) error { return needPlaces(db, keys) })
}

func needPlaces(db *gorm.DB, keys []limit.Key) error {
	var services, regions []string
	for _, k := range keys {
		services = append(services, k.ServiceID)
		if k.RegionID != "" {
			regions = append(regions, k.RegionID)
		}
	}
	if err := needEach(db, "service", services); err != nil {
		return err
	}
	return needEach(db, "region", regions)
}

// needEach fails with NotFound of the first id, in their order, that the table of that kind does not have.
func needEach(db *gorm.DB, kind string, ids []string) error {
	known := make(map[string]bool, len(ids))
	for chunk := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(ids))), batch) {
		var found []string
		if err := db.Raw("SELECT id FROM "+kind+" WHERE id IN ?", chunk).Scan(&found).Error; err != nil {
			return err
		}
		for _, id := range found {
			known[id] = true
		}
	}
	for _, id := range ids {
		if !known[id] {
			return missing(kind, id)
		}
	}
	return nil
}

// UpdateRegistered reads the registered limit, locked, lets change alter it, and stores all of it but its id.
// Forbidden while limits refer to it.
func (s *Store) UpdateRegistered(ctx context.Context, id string, change func(*limit.Registered) error) (limit.Registered, error) {
	var r limit.Registered
	ev := event.Event{Action: "registered_limit.update", Kind: event.Document, TargetID: id}
	err := s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[registeredLimitRow](db, missing("registered limit", id), "id = ?", id)
		if err != nil {
			return err
		}
		var used bool
		if err := db.Raw("SELECT EXISTS (SELECT 1 FROM project_limit WHERE registered_limit_id = ?)", id).Scan(&used).Error; err != nil {
			return err
		}
		if used {
			return fault.New(fault.Forbidden, "Unable to update registered limit %s because limits refer to it.", id)
		}
		if r, err = old.registered(); err != nil {
			return err
		}
		if err := change(&r); err != nil {
			return err
		}
		r.ID = old.ID
		row := newRegisteredLimitRow(r)
		return conflictAs(saveAll(db, &row, id), registeredLimitTaken)
	})
	return r, err
}

// DeleteRegistered deletes a registered limit; Forbidden while limits refer to it.
func (s *Store) DeleteRegistered(ctx context.Context, id string) error {
	ev := event.Event{Action: "registered_limit.delete", Kind: event.Document, TargetID: id}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return inUse(deleteOne(db, missing("registered limit", id), "DELETE FROM registered_limit WHERE id = ?", id),
			"Unable to delete registered limit %s because limits refer to it.", id)
	})
}

// LockRegistered returns those of the registered limits that exist, and keeps them from others until the
// transaction of ctx ends. It locks in the order of ids, so that two callers do not wait for each other.
func (s *Store) LockRegistered(ctx context.Context, keys []limit.Key) (map[limit.Key]limit.Registered, error) {
	wanted := make(map[limit.Key]bool, len(keys))
	var services, names []string
	for _, k := range keys {
		wanted[k] = true
		if storable(k.ServiceID) && storable(k.ResourceName) { // what no database can hold names nothing
			services, names = append(services, k.ServiceID), append(names, k.ResourceName)
		}
	}
	services, names = slices.Compact(slices.Sorted(slices.Values(services))), slices.Compact(slices.Sorted(slices.Values(names)))
	var rows []registeredLimitRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return forUpdate(db).Where("service_id IN ? AND resource_name IN ?", services, names).Order("id").Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	found := make(map[limit.Key]limit.Registered, len(keys))
	for _, row := range rows {
		r, err := row.registered()
		if err != nil {
			return nil, err
		}
		if wanted[r.Key] {
			found[r.Key] = r
		}
	}
	return found, nil
}
