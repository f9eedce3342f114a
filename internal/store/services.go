package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

type serviceRow struct {
	ID       string `gorm:"primaryKey"`
	Type     string
	TypeFold string
	Name     string
	NameFold string
	Enabled  bool
	Extra    string
}

func (serviceRow) TableName() string { return "service" }

type endpointRow struct {
	ID        string `gorm:"primaryKey"`
	Interface string
	ServiceID string
	URL       string
	RegionID  *string
	Enabled   bool
	Extra     string
}

func (endpointRow) TableName() string { return "endpoint" }

func newServiceRow(v catalog.Service) (serviceRow, error) {
	extra, err := encode(v.Extra)
	return serviceRow{ID: v.ID, Type: nameOf(v.Type), TypeFold: fold(v.Type), Name: nameOf(v.Name), NameFold: fold(v.Name),
		Enabled: v.Enabled, Extra: extra}, err
}

func (r serviceRow) service() (catalog.Service, error) {
	v := catalog.Service{ID: r.ID, Type: r.Type, Name: r.Name, Enabled: r.Enabled}
	return v, decode(r.Extra, &v.Extra)
}

func newEndpointRow(e catalog.Endpoint) (endpointRow, error) {
	extra, err := encode(e.Extra)
	return endpointRow{ID: e.ID, Interface: string(e.Interface), ServiceID: e.ServiceID, URL: e.URL,
		RegionID: textOrNull(e.RegionID), Enabled: e.Enabled, Extra: extra}, err
}

func (r endpointRow) endpoint() (catalog.Endpoint, error) {
	e := catalog.Endpoint{ID: r.ID, Interface: catalog.Interface(r.Interface), ServiceID: r.ServiceID, URL: r.URL,
		RegionID: orEmpty(r.RegionID), Enabled: r.Enabled}
	return e, decode(r.Extra, &e.Extra)
}

var serviceAttrs = collection{
	"id": {name: "id"}, "type": {name: "type", kind: nameColumn}, "name": {name: "name", kind: nameColumn},
	"enabled": {name: "enabled", kind: boolColumn},
}

var endpointAttrs = collection{
	"id": {name: "id"}, "interface": {name: "interface"}, "service_id": {name: "service_id"},
	"region_id": {name: "region_id", null: true}, "url": {name: "url"}, "enabled": {name: "enabled", kind: boolColumn},
	"project_id": {special: ofProject}, "endpoint_group_id": {special: ofEndpointGroup},
}

// Service returns a service; NotFound when there is none.
func (s *Store) Service(ctx context.Context, id string) (catalog.Service, error) {
	row, err := take[serviceRow](ctx, s, missing("service", id), "id = ?", id)
	if err != nil {
		return catalog.Service{}, err
	}
	return row.service()
}

// ListServices filters by id, type, name and enabled.
func (s *Store) ListServices(ctx context.Context, q listing.Query) (listing.Page[catalog.Service], error) {
	return list(ctx, s, serviceAttrs, q, nil, serviceRow.service)
}

// CreateService stores a new service. Types and names may repeat; Conflict when the id is taken.
func (s *Store) CreateService(ctx context.Context, v catalog.Service) error {
	row, err := newServiceRow(v)
	if err != nil {
		return err
	}
	ev := event.Event{Action: "service.create", Kind: event.Catalog, TargetID: v.ID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return conflictAs(db.Create(&row).Error, taken("service", v.Name, ""))
	})
}

// UpdateService reads the service, locked, lets change alter it, and stores all of it but its id.
func (s *Store) UpdateService(ctx context.Context, id string, change func(*catalog.Service) error) (catalog.Service, error) {
	var v catalog.Service
	ev := event.Event{Action: "service.update", Kind: event.Catalog, TargetID: id}
	err := s.change(ctx, &ev, func(db *gorm.DB) (err error) {
		v, err = edit(db, missing("service", id), id, serviceRow.service, change, func(old serviceRow, v *catalog.Service) error {
			v.ID = old.ID
			return nil
		}, newServiceRow)
		return err
	})
	return v, err
}

// DeleteService deletes a service with its endpoints, with an event for each; Forbidden when it has registered
// limits.
func (s *Store) DeleteService(ctx context.Context, id string) error {
	ev := event.Event{Action: "service.delete", Kind: event.Catalog, TargetID: id}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if _, err := lock[serviceRow](db, missing("service", id), "id = ?", id); err != nil {
			return err
		}
		var gone []string
		if err := db.Raw("DELETE FROM endpoint WHERE service_id = ? RETURNING id", id).Scan(&gone).Error; err != nil {
			return err
		}
		for _, endpoint := range gone {
			ev := event.Event{Action: "endpoint.delete", Kind: event.Catalog, TargetID: endpoint,
				Detail: map[string]any{"with_service": id}}
			if err := s.append(db.Statement.Context, ev); err != nil {
				return err
			}
		}
		return inUse(db.Exec("DELETE FROM service WHERE id = ?", id).Error,
			"Unable to delete service %s because it has registered limits.", id)
	})
}

// Endpoint returns an endpoint; NotFound when there is none.
func (s *Store) Endpoint(ctx context.Context, id string) (catalog.Endpoint, error) {
	row, err := take[endpointRow](ctx, s, missing("endpoint", id), "id = ?", id)
	if err != nil {
		return catalog.Endpoint{}, err
	}
	return row.endpoint()
}

// ListEndpoints filters by id, interface, service_id, region_id and enabled, by the project_id that endpoints are
// associated with, directly or through groups, and by the endpoint_group_id that matches them.
func (s *Store) ListEndpoints(ctx context.Context, q listing.Query) (listing.Page[catalog.Endpoint], error) {
	return list(ctx, s, endpointAttrs, q, nil, endpointRow.endpoint)
}

// CreateEndpoint stores a new endpoint. NotFound names a missing service or region.
func (s *Store) CreateEndpoint(ctx context.Context, e catalog.Endpoint) error {
	row, err := newEndpointRow(e)
	if err != nil {
		return err
	}
	ev := event.Event{Action: "endpoint.create", Kind: event.Catalog, TargetID: e.ID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := needPlace(db, e); err != nil {
			return err
		}
		return conflictAs(db.Create(&row).Error, fault.New(fault.Conflict,
			"Conflict occurred attempting to store endpoint - Duplicate ID, %s.", e.ID))
	})
}

func needPlace(db *gorm.DB, e catalog.Endpoint) error {
	if err := need(db, "service", "service", e.ServiceID); err != nil || e.RegionID == "" {
		return err
	}
	return need(db, "region", "region", e.RegionID)
}

// UpdateEndpoint reads the endpoint, locked, lets change alter it, and stores all of it but its id. NotFound
// names a missing service or region.
func (s *Store) UpdateEndpoint(ctx context.Context, id string, change func(*catalog.Endpoint) error) (catalog.Endpoint, error) {
	var e catalog.Endpoint
	ev := event.Event{Action: "endpoint.update", Kind: event.Catalog, TargetID: id}
	err := s.change(ctx, &ev, func(db *gorm.DB) (err error) {
		e, err = edit(db, missing("endpoint", id), id, endpointRow.endpoint, change, func(old endpointRow, e *catalog.Endpoint) error {
			e.ID = old.ID
			return needPlace(db, *e)
		}, newEndpointRow)
		return err
	})
	return e, err
}

// DeleteEndpoint deletes an endpoint.
func (s *Store) DeleteEndpoint(ctx context.Context, id string) error {
	ev := event.Event{Action: "endpoint.delete", Kind: event.Catalog, TargetID: id}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return deleteOne(db, missing("endpoint", id), "DELETE FROM endpoint WHERE id = ?", id)
	})
}

// Catalog returns all regions, services and endpoints, each ordered by id.
func (s *Store) Catalog(ctx context.Context) ([]catalog.Region, []catalog.Service, []catalog.Endpoint, error) {
	regions, err := s.ListRegions(ctx, listing.Query{})
	if err != nil {
		return nil, nil, nil, err
	}
	services, err := s.ListServices(ctx, listing.Query{})
	if err != nil {
		return nil, nil, nil, err
	}
	endpoints, err := s.ListEndpoints(ctx, listing.Query{})
	return regions.Items, services.Items, endpoints.Items, err
}
