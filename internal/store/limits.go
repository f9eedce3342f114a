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

// limitRow is what is stored of a limit.
type limitRow struct {
	ID                string `gorm:"primaryKey"`
	RegisteredLimitID string
	ProjectID         *string
	DomainID          *string
	ResourceLimit     int
	Description       *string
}

func (limitRow) TableName() string { return "project_limit" }

func newLimitRow(l limit.Limit) limitRow {
	return limitRow{ID: l.ID, RegisteredLimitID: l.RegisteredID, ProjectID: textOrNull(l.ProjectID), DomainID: textOrNull(l.DomainID),
		ResourceLimit: l.Value, Description: l.Description}
}

// fullLimitRow is a limit with what its registered limit and its project say of it.
type fullLimitRow struct {
	ID                string
	RegisteredLimitID string
	ProjectID         *string
	DomainID          *string
	ResourceLimit     int
	Description       *string
	ServiceID         string
	RegionID          *string
	ResourceName      string
	ProjectDomainID   *string
}

// fullLimits is the table that full rows are read from. GORM takes the word after the last AS for its name, and
// reads no further than a line.
const fullLimits = "(SELECT l.id, l.registered_limit_id, l.project_id, l.domain_id, l.resource_limit, l.description, r.service_id, " +
	"r.region_id, r.resource_name, r.resource_name_fold, p.domain_id AS project_domain_id FROM project_limit l " +
	"JOIN registered_limit r ON r.id = l.registered_limit_id LEFT JOIN project p ON p.id = l.project_id) AS project_limit"

func full(db *gorm.DB) *gorm.DB { return db.Table(fullLimits) }

func (r fullLimitRow) limit() (limit.Limit, error) {
	return limit.Limit{
		ID: r.ID, RegisteredID: r.RegisteredLimitID,
		Key:       limit.Key{ServiceID: r.ServiceID, RegionID: orEmpty(r.RegionID), ResourceName: r.ResourceName},
		ProjectID: orEmpty(r.ProjectID), DomainID: orEmpty(r.DomainID), ProjectDomainID: orEmpty(r.ProjectDomainID),
		Value: r.ResourceLimit, Description: r.Description,
	}, nil
}

var limitAttrs = collection{
	"id": {name: "id"}, "service_id": {name: "service_id"}, "region_id": {name: "region_id"},
	"resource_name": {name: "resource_name", kind: nameColumn},
	"project_id":    {name: "project_id"}, "domain_id": {name: "domain_id"},
	"within": {special: func(f listing.Filter) (string, []any, error) {
		return "(domain_id = ? OR project_id IN (SELECT id FROM project WHERE domain_id = ?))", []any{f.Value, f.Value}, nil
	}},
}

// Limit returns a limit; NotFound when there is none.
func (s *Store) Limit(ctx context.Context, id string) (limit.Limit, error) {
	page, err := s.ListLimits(ctx, listing.Query{Limit: 1}.With("id", id))
	if fault.Is(err, fault.BadRequest) || err == nil && len(page.Items) == 0 {
		err = missing("limit", id)
	}
	if err != nil {
		return limit.Limit{}, err
	}
	return page.Items[0], nil
}

// ListLimits filters by id, service_id, region_id, resource_name, project_id and domain_id, and by "within": the
// limits of a domain and of its projects.
func (s *Store) ListLimits(ctx context.Context, q listing.Query) (listing.Page[limit.Limit], error) {
	return list(ctx, s, limitAttrs, q, full, fullLimitRow.limit)
}

// LimitsOf returns the limits of projects and domains, ordered by id.
func (s *Store) LimitsOf(ctx context.Context, owners []string) ([]limit.Limit, error) {
	var rows []fullLimitRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		for chunk := range slices.Chunk(owners, batch) {
			var some []fullLimitRow
			if err := full(db).Where("project_id IN ? OR domain_id IN ?", chunk, chunk).Order("id").Find(&some).Error; err != nil {
				return err
			}
			rows = append(rows, some...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return each(rows, fullLimitRow.limit)
}

// LimitsIn returns the limits of domains that refer to these registered ones, and with projects also those of
// all projects in these domains.
func (s *Store) LimitsIn(ctx context.Context, registered, domains []string, projects bool) ([]limit.Limit, error) {
	whose, args := "domain_id IN ?", []any{registered, domains}
	if projects {
		whose, args = "(domain_id IN ? OR project_id IN (SELECT id FROM project WHERE domain_id IN ?))", append(args, domains)
	}
	var rows []fullLimitRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return full(db).Where("registered_limit_id IN ? AND "+whose, args...).Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, fullLimitRow.limit)
}

// Owners returns those of the projects and domains that exist, by id.
func (s *Store) Owners(ctx context.Context, ids []string) (map[string]limit.Owner, error) {
	rows, err := batches[projectRow](ctx, s, slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !storable(id) }), nil, "id IN ?")
	owners := make(map[string]limit.Owner, len(rows))
	for _, r := range rows {
		o := limit.Owner{ID: r.ID, DomainID: orEmpty(r.DomainID), IsDomain: r.IsDomain}
		if o.IsDomain {
			o.DomainID = o.ID
		}
		owners[r.ID] = o
	}
	return owners, err
}

// CreateLimits stores new limits, all or none. Conflict when a project or domain has one already that refers to
// the same registered limit. One event tells of all of them.
func (s *Store) CreateLimits(ctx context.Context, ls []limit.Limit) error {
	rows, ids := make([]limitRow, len(ls)), make([]string, len(ls))
	for i, l := range ls {
		rows[i], ids[i] = newLimitRow(l), l.ID
	}
	ev := event.Event{Action: "limit.create", Kind: event.Document}
	named(&ev, ids)
	if len(ls) == 1 {
		ev = limitEvent(ev.Action, ls[0])
	}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return conflictAs(createAll(db, rows), fault.New(fault.Conflict,
			"Conflict occurred attempting to store limit - The project or domain has a limit for the same resource."))
	})
}

// limitEvent is about one limit.
func limitEvent(action string, l limit.Limit) event.Event {
	return event.Event{Action: action, Kind: event.Document, TargetID: l.ID, DomainID: l.DomainID + l.ProjectDomainID} // one is empty
}

// UpdateLimit reads the limit, locked, lets change alter it, and stores its value and description.
func (s *Store) UpdateLimit(ctx context.Context, id string, change func(*limit.Limit) error) (limit.Limit, error) {
	var l limit.Limit
	var ev event.Event
	err := s.change(ctx, &ev, func(db *gorm.DB) error {
		if _, err := lock[limitRow](db, missing("limit", id), "id = ?", id); err != nil {
			return err
		}
		var rows []fullLimitRow
		if err := full(db).Where("id = ?", id).Find(&rows).Error; err != nil {
			return err
		}
		var err error
		if l, err = rows[0].limit(); err != nil { // it is locked, so it is there
			return err
		}
		ev = limitEvent("limit.update", l)
		if err := change(&l); err != nil {
			return err
		}
		l.RegisteredID, l.ProjectID, l.DomainID = rows[0].RegisteredLimitID, orEmpty(rows[0].ProjectID), orEmpty(rows[0].DomainID)
		row := newLimitRow(l)
		return saveAll(db, &row, id)
	})
	return l, err
}

// DeleteLimit deletes a limit.
func (s *Store) DeleteLimit(ctx context.Context, id string) error {
	var ev event.Event
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		l, err := s.Limit(db.Statement.Context, id)
		if err != nil {
			return err
		}
		ev = limitEvent("limit.delete", l)
		return deleteOne(db, missing("limit", id), "DELETE FROM project_limit WHERE id = ?", id)
	})
}

// ProjectDeeperThan returns the id of a project that more than depth projects, itself among them, lead down to
// from its domain; "" when there is none.
func (s *Store) ProjectDeeperThan(ctx context.Context, depth int) (string, error) {
	var ids []string
	err := s.view(ctx, func(db *gorm.DB) error {
		ids = nil
		return db.Raw(`WITH RECURSIVE tree (id, depth) AS (
			SELECT id, 0 FROM project WHERE is_domain
			UNION ALL SELECT p.id, t.depth + 1 FROM project p JOIN tree t ON p.parent_id = t.id WHERE t.depth <= ?)
			SELECT id FROM tree WHERE depth > ? ORDER BY id LIMIT 1`, depth, depth).Scan(&ids).Error
	})
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}
