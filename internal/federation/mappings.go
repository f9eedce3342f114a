package federation

import (
	"context"
	"encoding/json"

	"github.com/keyward/identity/internal/federation/mapping"
	"github.com/keyward/identity/internal/listing"
)

// defaultSchema is the version of the mapping language when none is named (attribute_mapping_default_schema_version).
const defaultSchema = "1.0"

// MappingDraft is a mapping that is to be, or what takes its place.
type MappingDraft struct {
	// SchemaVersion is "1.0" when empty, also for a mapping that had another.
	SchemaVersion string
	Rules         json.RawMessage
}

// mapping checks the draft as a whole.
func (d MappingDraft) mapping(id string) (Mapping, error) {
	m := Mapping{ID: id, SchemaVersion: d.SchemaVersion, Rules: d.Rules}
	if m.SchemaVersion == "" {
		m.SchemaVersion = defaultSchema
	}
	_, err := mapping.Parse(m.SchemaVersion, m.Rules)
	return m, err
}

// Mapping returns a mapping. It fails with NotFound.
func (s *Service) Mapping(ctx context.Context, id string) (Mapping, error) {
	return s.store.Mapping(ctx, exact(id))
}

// ListMappings lists mappings. It fails with NotFound when the marker names nothing.
func (s *Service) ListMappings(ctx context.Context, q listing.Query) (listing.Page[Mapping], error) {
	return page(ctx, q, s.store.Mapping, s.store.ListMappings)
}

// CreateMapping stores a new mapping. It fails with BadRequest for an id that may not be and for rules that
// cannot be understood, and with Conflict when the id is taken.
func (s *Service) CreateMapping(ctx context.Context, id string, d MappingDraft) (Mapping, error) {
	id, err := newObjectID("mapping", id)
	if err != nil {
		return Mapping{}, err
	}
	m, err := d.mapping(id)
	if err != nil {
		return Mapping{}, err
	}
	return m, s.store.CreateMapping(ctx, m)
}

// ReplaceMapping replaces rules and version of a mapping. It fails with BadRequest and NotFound.
func (s *Service) ReplaceMapping(ctx context.Context, id string, d MappingDraft) (Mapping, error) {
	m, err := d.mapping(exact(id))
	if err != nil {
		return Mapping{}, err
	}
	return m, s.store.UpdateMapping(ctx, m)
}

// DeleteMapping removes a mapping, also one that protocols use: they keep its name. It fails with NotFound.
func (s *Service) DeleteMapping(ctx context.Context, id string) error {
	return s.store.DeleteMapping(ctx, exact(id))
}
