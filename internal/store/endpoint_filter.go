package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

type endpointGroupRow struct {
	ID          string `gorm:"primaryKey"`
	Name        string
	Description *string
	ServiceID   *string
	RegionID    *string
	Interface   *string
}

func (endpointGroupRow) TableName() string { return "endpoint_group" }

type projectEndpointRow struct {
	ProjectID  string
	EndpointID string
}

func (projectEndpointRow) TableName() string { return "project_endpoint" }

type projectEndpointGroupRow struct {
	ProjectID       string
	EndpointGroupID string
}

func (projectEndpointGroupRow) TableName() string { return "project_endpoint_group" }

func newEndpointGroupRow(g catalog.EndpointGroup) endpointGroupRow {
	return endpointGroupRow{
		ID: g.ID, Name: nameOf(g.Name), Description: g.Description, ServiceID: textOrNull(g.Filter.ServiceID),
		RegionID: textOrNull(g.Filter.RegionID), Interface: textOrNull(string(g.Filter.Interface)),
	}
}

func (r endpointGroupRow) group() (catalog.EndpointGroup, error) {
	return catalog.EndpointGroup{ID: r.ID, Name: r.Name, Description: r.Description, Filter: catalog.Filter{
		ServiceID: orEmpty(r.ServiceID), RegionID: orEmpty(r.RegionID), Interface: catalog.Interface(orEmpty(r.Interface)),
	}}, nil
}

var endpointGroupAttrs = collection{
	"id": {name: "id"}, "name": {name: "name"},
	"project_id": {special: associatedBy("endpoint_group", "project_endpoint_group", "endpoint_group_id", "project_id")},
}

// associatedBy keeps the rows of a table that an association, by its column mine, ties to the id in its column
// theirs.
func associatedBy(table, association, mine, theirs string) func(listing.Filter) (string, []any, error) {
	where := table + ".id IN (SELECT " + mine + " FROM " + association + " WHERE " + theirs + " = ?)"
	return func(f listing.Filter) (string, []any, error) { return where, []any{f.Value}, nil }
}

// matches is the condition that endpoint group g matches an endpoint.
const matches = `(g.service_id IS NULL OR g.service_id = endpoint.service_id) AND
	(g.region_id IS NULL OR g.region_id = endpoint.region_id) AND (g.interface IS NULL OR g.interface = endpoint.interface)`

// ofEndpointGroup keeps the endpoints that a group matches.
func ofEndpointGroup(f listing.Filter) (string, []any, error) {
	return "EXISTS (SELECT 1 FROM endpoint_group g WHERE g.id = ? AND " + matches + ")", []any{f.Value}, nil
}

// ofProject keeps the endpoints that a project is associated with, directly or through groups.
func ofProject(f listing.Filter) (string, []any, error) {
	return `(endpoint.id IN (SELECT endpoint_id FROM project_endpoint WHERE project_id = ?) OR EXISTS (
		SELECT 1 FROM project_endpoint_group a JOIN endpoint_group g ON g.id = a.endpoint_group_id
		WHERE a.project_id = ? AND ` + matches + `))`, []any{f.Value, f.Value}, nil
}

// EndpointGroup returns an endpoint group; NotFound when there is none.
func (s *Store) EndpointGroup(ctx context.Context, id string) (catalog.EndpointGroup, error) {
	row, err := take[endpointGroupRow](ctx, s, missing("endpoint group", id), "id = ?", id)
	if err != nil {
		return catalog.EndpointGroup{}, err
	}
	return row.group()
}

// ListEndpointGroups filters by id and name, and by the project_id that groups are associated with.
func (s *Store) ListEndpointGroups(ctx context.Context, q listing.Query) (listing.Page[catalog.EndpointGroup], error) {
	return list(ctx, s, endpointGroupAttrs, q, nil, endpointGroupRow.group)
}

// CreateEndpointGroup stores a new endpoint group. Names may repeat; Conflict when the id is taken.
func (s *Store) CreateEndpointGroup(ctx context.Context, g catalog.EndpointGroup) error {
	row := newEndpointGroupRow(g)
	ev := event.Event{Action: "endpoint_group.create", Kind: event.Catalog, TargetID: g.ID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return conflictAs(db.Create(&row).Error, taken("endpoint group", g.Name, ""))
	})
}

// UpdateEndpointGroup reads the group, locked, lets change alter it, and stores all of it but its id.
func (s *Store) UpdateEndpointGroup(ctx context.Context, id string, change func(*catalog.EndpointGroup) error) (catalog.EndpointGroup, error) {
	var g catalog.EndpointGroup
	ev := event.Event{Action: "endpoint_group.update", Kind: event.Catalog, TargetID: id}
	err := s.change(ctx, &ev, func(db *gorm.DB) (err error) {
		g, err = edit(db, missing("endpoint group", id), id, endpointGroupRow.group, change, func(old endpointGroupRow, g *catalog.EndpointGroup) error {
			g.ID = old.ID
			return nil
		}, sound(newEndpointGroupRow))
		return err
	})
	return g, err
}

// DeleteEndpointGroup deletes an endpoint group with its associations.
func (s *Store) DeleteEndpointGroup(ctx context.Context, id string) error {
	ev := event.Event{Action: "endpoint_group.delete", Kind: event.Catalog, TargetID: id}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return deleteOne(db, missing("endpoint group", id), "DELETE FROM endpoint_group WHERE id = ?", id)
	})
}

// half is the part of a project link that is not the project: its table, its column, what it refers to and how
// people call that.
type half struct{ table, column, refers, kind, id string }

func halfOf(a catalog.ProjectLink) half {
	if a.EndpointID != "" {
		return half{"project_endpoint", "endpoint_id", "endpoint", "endpoint", a.EndpointID}
	}
	return half{"project_endpoint_group", "endpoint_group_id", "endpoint_group", "endpoint group", a.GroupID}
}

// need fails with NotFound unless both ends of the association exist.
func (h half) need(db *gorm.DB, projectID string) error {
	if err := need(db, "project", "project", projectID); err != nil {
		return err
	}
	return need(db, h.refers, h.kind, h.id)
}

func (h half) missing(projectID string) error {
	return fault.New(fault.NotFound, "Could not find %s %s in project %s.", h.kind, h.id, projectID)
}

// event is about the endpoint or the group, and says which project it is for.
func (h half) event(verb, projectID string) event.Event {
	return event.Event{Action: h.refers + "." + verb, Kind: event.Catalog, TargetID: h.id, Detail: map[string]any{"project_id": projectID}}
}

// AddToProject stores an association. NotFound names what is missing; Conflict when it is there.
func (s *Store) AddToProject(ctx context.Context, a catalog.ProjectLink) error {
	h := halfOf(a)
	ev := h.event("associate", a.ProjectID)
	there := fault.New(fault.Conflict, "Conflict occurred attempting to store %s - it is already in project %s.", h.kind, a.ProjectID)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := h.need(db, a.ProjectID); err != nil {
			return err
		}
		if a.EndpointID != "" {
			return conflictAs(db.Create(&projectEndpointRow{a.ProjectID, a.EndpointID}).Error, there)
		}
		return conflictAs(db.Create(&projectEndpointGroupRow{a.ProjectID, a.GroupID}).Error, there)
	})
}

// InProject fails with NotFound unless the association is there.
func (s *Store) InProject(ctx context.Context, a catalog.ProjectLink) error {
	h := halfOf(a)
	return s.view(ctx, func(db *gorm.DB) error {
		var found bool
		err := db.Raw("SELECT EXISTS (SELECT 1 FROM "+h.table+" WHERE project_id = ? AND "+h.column+" = ?)", a.ProjectID, h.id).Scan(&found).Error
		if err == nil && !found {
			err = h.missing(a.ProjectID)
		}
		return err
	})
}

// RemoveFromProject deletes an association; NotFound when there is none.
func (s *Store) RemoveFromProject(ctx context.Context, a catalog.ProjectLink) error {
	h := halfOf(a)
	ev := h.event("dissociate", a.ProjectID)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return deleteOne(db, h.missing(a.ProjectID), "DELETE FROM "+h.table+" WHERE project_id = ? AND "+h.column+" = ?", a.ProjectID, h.id)
	})
}

// FilteredProjects returns the ids of the projects that have associations, each once, in no order.
func (s *Store) FilteredProjects(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.view(ctx, func(db *gorm.DB) error {
		ids = nil
		return db.Raw("SELECT project_id FROM project_endpoint UNION SELECT project_id FROM project_endpoint_group").Scan(&ids).Error
	})
	return ids, err
}

// EndpointsOf returns the ids of the endpoints that a project is associated with, directly or through groups, in no
// order.
func (s *Store) EndpointsOf(ctx context.Context, projectID string) ([]string, error) {
	where, args, err := ofProject(listing.Filter{Value: projectID})
	if err != nil {
		return nil, err
	}
	var ids []string
	err = s.view(ctx, func(db *gorm.DB) error {
		ids = nil
		return db.Raw("SELECT endpoint.id FROM endpoint WHERE "+where, args...).Scan(&ids).Error
	})
	return ids, err
}
