package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/event"
)

type policyAssociationRow struct {
	PolicyID   string
	EndpointID *string
	ServiceID  *string
	RegionID   *string
}

func (policyAssociationRow) TableName() string { return "policy_association" }

func (r policyAssociationRow) association() (catalog.Association, error) {
	return catalog.Association{PolicyID: r.PolicyID, Target: catalog.PolicyTarget{
		EndpointID: orEmpty(r.EndpointID), ServiceID: orEmpty(r.ServiceID), RegionID: orEmpty(r.RegionID)}}, nil
}

// policyTarget are the expressions of the unique index: a target has one document.
const policyTarget = "COALESCE(endpoint_id, ''), COALESCE(service_id, ''), COALESCE(region_id, '')"

// thisAssociation is the condition that finds exactly one association, written like the unique index.
const thisAssociation = "policy_id = ? AND (" + policyTarget + ") = (?, ?, ?)"

func associationArgs(a catalog.Association) []any {
	return []any{a.PolicyID, a.Target.EndpointID, a.Target.ServiceID, a.Target.RegionID}
}

func associationEvent(action string, a catalog.Association) event.Event {
	detail := map[string]any{}
	for name, id := range map[string]string{
		"endpoint_id": a.Target.EndpointID, "service_id": a.Target.ServiceID, "region_id": a.Target.RegionID,
	} {
		if id != "" {
			detail[name] = id
		}
	}
	return event.Event{Action: action, Kind: event.Document, TargetID: a.PolicyID, Detail: detail}
}

// SetAssociation makes a document the one for a target, in place of any other. It is one statement, so that of
// two at once the later one wins. NotFound names what is missing.
func (s *Store) SetAssociation(ctx context.Context, a catalog.Association) error {
	ev := associationEvent("policy_association.create", a)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := needAssociated(db, a); err != nil {
			return err
		}
		res := db.Exec("INSERT INTO policy_association (policy_id, endpoint_id, service_id, region_id) VALUES (?, ?, ?, ?)"+
			" ON CONFLICT ("+policyTarget+") DO UPDATE SET policy_id = excluded.policy_id"+
			" WHERE policy_association.policy_id <> excluded.policy_id",
			a.PolicyID, textOrNull(a.Target.EndpointID), textOrNull(a.Target.ServiceID), textOrNull(a.Target.RegionID))
		if res.Error == nil && res.RowsAffected == 0 {
			return errUnchanged
		}
		return res.Error
	})
}

// needAssociated fails with NotFound of the first thing that an association names and that does not exist.
func needAssociated(db *gorm.DB, a catalog.Association) error {
	for _, part := range []struct{ table, kind, id string }{
		{"policy_document", "policy", a.PolicyID}, {"endpoint", "endpoint", a.Target.EndpointID},
		{"service", "service", a.Target.ServiceID}, {"region", "region", a.Target.RegionID},
	} {
		if part.id == "" {
			continue
		}
		if !storable(part.id) { // ids of regions are any text; what no database can hold names nothing
			return missing(part.kind, part.id)
		}
		if err := need(db, part.table, part.kind, part.id); err != nil {
			return err
		}
	}
	return nil
}

// HasAssociation reports whether exactly this association exists. NotFound names what it would be of and that is
// missing.
func (s *Store) HasAssociation(ctx context.Context, a catalog.Association) (bool, error) {
	var found bool
	err := s.view(ctx, func(db *gorm.DB) error {
		if err := needAssociated(db, a); err != nil {
			return err
		}
		return db.Raw("SELECT EXISTS (SELECT 1 FROM policy_association WHERE "+thisAssociation+")", associationArgs(a)...).
			Scan(&found).Error
	})
	return found, err
}

// DeleteAssociation ends an association, and does nothing when there is none. NotFound names what it would be of
// and that is missing.
func (s *Store) DeleteAssociation(ctx context.Context, a catalog.Association) error {
	ev := associationEvent("policy_association.delete", a)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := needAssociated(db, a); err != nil {
			return err
		}
		return deleteOne(db, errUnchanged, "DELETE FROM policy_association WHERE "+thisAssociation, associationArgs(a)...)
	})
}

// AssociationsOf returns the associations of an endpoint and those of its service, in whatever regions.
func (s *Store) AssociationsOf(ctx context.Context, e catalog.Endpoint) ([]catalog.Association, error) {
	var rows []policyAssociationRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return db.Where("endpoint_id = ? OR service_id = ?", e.ID, e.ServiceID).Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, policyAssociationRow.association)
}

// EndpointsOfPolicy returns the endpoints that the associations of a document lead to, each once and ordered by
// id. A region leads to those below it too.
func (s *Store) EndpointsOfPolicy(ctx context.Context, policyID string) ([]catalog.Endpoint, error) {
	var rows []endpointRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return db.Raw(`WITH RECURSIVE place (service_id, region_id) AS (
				SELECT service_id, region_id FROM policy_association WHERE policy_id = ? AND region_id IS NOT NULL
				UNION SELECT p.service_id, r.id FROM region r JOIN place p ON r.parent_id = p.region_id)
			SELECT * FROM endpoint WHERE id IN (
				SELECT endpoint_id FROM policy_association WHERE policy_id = ? AND endpoint_id IS NOT NULL
				UNION SELECT e.id FROM endpoint e JOIN policy_association a
					ON a.service_id = e.service_id AND a.region_id IS NULL WHERE a.policy_id = ?
				UNION SELECT e.id FROM endpoint e JOIN place p ON p.service_id = e.service_id AND p.region_id = e.region_id)
			ORDER BY id`, policyID, policyID, policyID).Scan(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, endpointRow.endpoint)
}

// RegionsUp returns the ids of a region and of those above it, nearest first. It ends also where two racing
// updates made a circle.
func (s *Store) RegionsUp(ctx context.Context, id string) ([]string, error) {
	var rows []regionRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return db.Raw(`WITH RECURSIVE up (id, parent_id) AS (SELECT id, parent_id FROM region WHERE id = ?
			UNION SELECT r.id, r.parent_id FROM region r JOIN up u ON r.id = u.parent_id) SELECT id, parent_id FROM up`, id).
			Scan(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	above := make(map[string]string, len(rows))
	for _, r := range rows {
		above[r.ID] = orEmpty(r.ParentID)
	}
	var ids []string
	for range rows { // each at most once
		if _, ok := above[id]; !ok {
			break
		}
		ids, id = append(ids, id), above[id]
	}
	return ids, nil
}
