package catalog

import (
	"context"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/optional"
)

// RegionDraft is a region that is to be, or a change of one: absent attributes keep their value.
type RegionDraft struct {
	// ID may be chosen freely for a new region, where empty lets the server choose. It cannot change.
	ID          optional.Value[string]
	Description optional.Value[string] // "" when absent or null
	ParentID    optional.Value[string] // null is none
	Extra       map[string]any
}

func (d RegionDraft) apply(to *Region) error {
	if utf8.RuneCountInString(d.Description.Or("")) > maxText {
		return fault.New(fault.BadRequest, "Invalid region description: it must not be longer than %d characters.", maxText)
	}
	d.Description.Apply(&to.Description)
	if d.ParentID.Present() {
		to.ParentID = regionID(d.ParentID.Or(""))
	}
	if to.ParentID != "" && to.ParentID == to.ID {
		return fault.New(fault.BadRequest, "A region cannot be below itself: %s.", to.ID)
	}
	to.Extra = optional.Merge(to.Extra, d.Extra)
	return nil
}

// regionID is the form in which ids of regions are kept and looked for: people choose them like names.
func regionID(id string) string { return norm.NFC.String(id) }

// Region returns a region. It fails with NotFound.
func (s *Registry) Region(ctx context.Context, id string) (Region, error) {
	return s.store.Region(ctx, regionID(id))
}

// ListRegions lists regions.
func (s *Registry) ListRegions(ctx context.Context, q listing.Query) (listing.Page[Region], error) {
	for i := range q.Filters {
		q.Filters[i].Value = regionID(q.Filters[i].Value)
	}
	return s.store.ListRegions(ctx, q)
}

// CreateRegion stores a new region. It fails with BadRequest for an id or description that may not be, NotFound
// for a parent that does not exist, and Conflict when the id is taken.
func (s *Registry) CreateRegion(ctx context.Context, d RegionDraft) (Region, error) {
	r := Region{ID: s.newID()}
	if id := d.ID.Or(""); id != "" {
		var err error
		if r.ID, err = naming.Exact("region id", id, maxText); err != nil {
			return r, err
		}
	}
	if err := d.apply(&r); err != nil {
		return r, err
	}
	return r, s.store.CreateRegion(ctx, r)
}

// CreateRegionAs is CreateRegion with the id from a path. It fails with BadRequest when the draft names another.
func (s *Registry) CreateRegionAs(ctx context.Context, id string, d RegionDraft) (Region, error) {
	if err := keepsID(d.ID, id); err != nil {
		return Region{}, err
	}
	d.ID = optional.Of(id)
	return s.CreateRegion(ctx, d)
}

// UpdateRegion changes a region. It fails with BadRequest when the region would be below itself, and with
// NotFound when it or the new parent does not exist.
func (s *Registry) UpdateRegion(ctx context.Context, id string, d RegionDraft) (Region, error) {
	if err := keepsID(d.ID, id); err != nil {
		return Region{}, err
	}
	return s.store.UpdateRegion(ctx, regionID(id), func(r *Region) error { return d.apply(r) })
}

// DeleteRegion removes a region and those below it. It fails with Forbidden while one of them has endpoints or
// registered limits, and with NotFound.
func (s *Registry) DeleteRegion(ctx context.Context, id string) error {
	return s.store.DeleteRegion(ctx, regionID(id))
}
