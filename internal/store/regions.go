package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

type regionRow struct {
	ID          string `gorm:"primaryKey"`
	Description string
	ParentID    *string
	Extra       string
}

func (regionRow) TableName() string { return "region" }

func newRegionRow(r catalog.Region) (regionRow, error) {
	extra, err := encode(r.Extra)
	return regionRow{ID: r.ID, Description: r.Description, ParentID: textOrNull(r.ParentID), Extra: extra}, err
}

func (r regionRow) region() (catalog.Region, error) {
	out := catalog.Region{ID: r.ID, Description: r.Description, ParentID: orEmpty(r.ParentID)}
	return out, decode(r.Extra, &out.Extra)
}

var regionAttrs = collection{
	"id": {name: "id"}, "parent_region_id": {name: "parent_id"},
}

// Region returns a region; NotFound when there is none.
func (s *Store) Region(ctx context.Context, id string) (catalog.Region, error) {
	row, err := take[regionRow](ctx, s, missing("region", id), "id = ?", id)
	if err != nil {
		return catalog.Region{}, err
	}
	return row.region()
}

// ListRegions filters by id and parent_region_id.
func (s *Store) ListRegions(ctx context.Context, q listing.Query) (listing.Page[catalog.Region], error) {
	return list(ctx, s, regionAttrs, q, nil, regionRow.region)
}

// CreateRegion stores a new region. NotFound names a missing parent, Conflict a taken id.
func (s *Store) CreateRegion(ctx context.Context, r catalog.Region) error {
	row, err := newRegionRow(r)
	if err != nil {
		return err
	}
	ev := event.Event{Action: "region.create", Kind: event.Catalog, TargetID: r.ID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if r.ParentID != "" {
			if err := need(db, "region", "region", r.ParentID); err != nil {
				return err
			}
		}
		return conflictAs(db.Create(&row).Error, fault.New(fault.Conflict,
			"Conflict occurred attempting to store region - Duplicate ID, %s.", r.ID))
	})
}

// UpdateRegion reads the region, locked, lets change alter it, and stores all of it but its id. NotFound names
// a missing parent; BadRequest when the region would be above itself.
func (s *Store) UpdateRegion(ctx context.Context, id string, change func(*catalog.Region) error) (catalog.Region, error) {
	var r catalog.Region
	ev := event.Event{Action: "region.update", Kind: event.Catalog, TargetID: id}
	err := s.change(ctx, &ev, func(db *gorm.DB) (err error) {
		r, err = edit(db, missing("region", id), id, regionRow.region, change, func(old regionRow, r *catalog.Region) error {
			r.ID = old.ID
			return checkParent(db, *r)
		}, newRegionRow)
		return err
	})
	return r, err
}

func checkParent(db *gorm.DB, r catalog.Region) error {
	if r.ParentID == "" {
		return nil
	}
	if err := need(db, "region", "region", r.ParentID); err != nil {
		return err
	}
	below, err := regionTree(db, r.ID)
	if err == nil && slices.Contains(below, r.ParentID) {
		err = fault.New(fault.BadRequest, "A region cannot be below itself: %s.", r.ID)
	}
	return err
}

// regionTree returns the region and all regions below it. UNION ends also where two racing updates made a
// circle.
func regionTree(db *gorm.DB, id string) ([]string, error) {
	var ids []string
	err := db.Raw(`WITH RECURSIVE tree (id) AS (SELECT id FROM region WHERE id = ?
		UNION SELECT r.id FROM region r JOIN tree t ON r.parent_id = t.id) SELECT id FROM tree`, id).Scan(&ids).Error
	return ids, err
}

// DeleteRegion deletes a region and the regions below it; Forbidden when one of them has endpoints or registered
// limits.
func (s *Store) DeleteRegion(ctx context.Context, id string) error {
	ev := event.Event{Action: "region.delete", Kind: event.Catalog, TargetID: id}
	const refusal = "Unable to delete region %s because it or its child regions have associated endpoints or registered limits."
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if _, err := lock[regionRow](db, missing("region", id), "id = ?", id); err != nil {
			return err
		}
		ids, err := regionTree(db, id)
		if err != nil {
			return err
		}
		return inUse(db.Exec("DELETE FROM region WHERE id IN ?", ids).Error, refusal, id)
	})
}
