package store

import (
	"context"
	"encoding/json"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/federation"
	"github.com/keyward/identity/internal/listing"
)

type mappingRow struct {
	ID            string `gorm:"primaryKey"`
	SchemaVersion string
	Rules         string
}

func (mappingRow) TableName() string { return "mapping" }

func newMappingRow(m federation.Mapping) mappingRow {
	return mappingRow{m.ID, m.SchemaVersion, string(m.Rules)}
}

func (r mappingRow) mapping() (federation.Mapping, error) {
	return federation.Mapping{ID: r.ID, SchemaVersion: r.SchemaVersion, Rules: json.RawMessage(r.Rules)}, nil
}

var mappingAttrs = collection{"id": {name: "id"}}

// Mapping returns a mapping; NotFound when there is none.
func (s *Store) Mapping(ctx context.Context, id string) (federation.Mapping, error) {
	row, err := take[mappingRow](ctx, s, missing("mapping", id), "id = ?", id)
	if err != nil {
		return federation.Mapping{}, err
	}
	return row.mapping()
}

// ListMappings filters by id.
func (s *Store) ListMappings(ctx context.Context, q listing.Query) (listing.Page[federation.Mapping], error) {
	return list(ctx, s, mappingAttrs, q, nil, mappingRow.mapping)
}

// CreateMapping stores a new mapping; Conflict when the id is taken.
func (s *Store) CreateMapping(ctx context.Context, m federation.Mapping) error {
	row := newMappingRow(m)
	ev := event.Event{Action: "mapping.create", Kind: event.Federation, TargetID: m.ID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return conflictAs(db.Create(&row).Error, idTaken("mapping", m.ID))
	})
}

// UpdateMapping replaces a mapping; NotFound when there is none of that id.
func (s *Store) UpdateMapping(ctx context.Context, m federation.Mapping) error {
	row := newMappingRow(m)
	ev := event.Event{Action: "mapping.update", Kind: event.Federation, TargetID: m.ID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if _, err := lock[mappingRow](db, missing("mapping", m.ID), "id = ?", m.ID); err != nil {
			return err
		}
		return saveAll(db, &row, m.ID)
	})
}

// DeleteMapping deletes a mapping. Protocols keep its name.
func (s *Store) DeleteMapping(ctx context.Context, id string) error {
	ev := event.Event{Action: "mapping.delete", Kind: event.Federation, TargetID: id}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return deleteOne(db, missing("mapping", id), "DELETE FROM mapping WHERE id = ?", id)
	})
}

type spRow struct {
	ID               string `gorm:"primaryKey"`
	AuthURL          string
	URL              string `gorm:"column:sp_url"`
	Enabled          bool
	Description      *string
	RelayStatePrefix string
}

func (spRow) TableName() string { return "service_provider" }

func (r spRow) provider() (federation.ServiceProvider, error) {
	return federation.ServiceProvider(r), nil
}

var spAttrs = collection{"id": {name: "id"}, "enabled": {name: "enabled", kind: boolColumn}}

// ServiceProvider returns a service provider; NotFound when there is none.
func (s *Store) ServiceProvider(ctx context.Context, id string) (federation.ServiceProvider, error) {
	row, err := take[spRow](ctx, s, missing("service provider", id), "id = ?", id)
	return federation.ServiceProvider(row), err
}

// ListServiceProviders filters by id and enabled.
func (s *Store) ListServiceProviders(ctx context.Context, q listing.Query) (listing.Page[federation.ServiceProvider], error) {
	return list(ctx, s, spAttrs, q, nil, spRow.provider)
}

// CreateServiceProvider stores a new service provider; Conflict when the id is taken.
func (s *Store) CreateServiceProvider(ctx context.Context, p federation.ServiceProvider) error {
	row := spRow(p)
	ev := event.Event{Action: "service_provider.create", Kind: event.Federation, TargetID: p.ID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return conflictAs(db.Create(&row).Error, idTaken("service_provider", p.ID))
	})
}

// UpdateServiceProvider reads the service provider, locked, lets change alter it, and stores all of it but its id.
func (s *Store) UpdateServiceProvider(ctx context.Context, id string,
	change func(*federation.ServiceProvider) error) (federation.ServiceProvider, error) {
	var p federation.ServiceProvider
	ev := event.Event{Action: "service_provider.update", Kind: event.Federation, TargetID: id}
	err := s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[spRow](db, missing("service provider", id), "id = ?", id)
		if err != nil {
			return err
		}
		p = federation.ServiceProvider(old)
		if err := change(&p); err != nil {
			return err
		}
		p.ID = old.ID
		row := spRow(p)
		return saveAll(db, &row, id)
	})
	return p, err
}

// DeleteServiceProvider deletes a service provider.
func (s *Store) DeleteServiceProvider(ctx context.Context, id string) error {
	ev := event.Event{Action: "service_provider.delete", Kind: event.Federation, TargetID: id}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return deleteOne(db, missing("service provider", id), "DELETE FROM service_provider WHERE id = ?", id)
	})
}
