package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/federation"
	"github.com/keyward/identity/internal/listing"
)

type idpRow struct {
	ID               string `gorm:"primaryKey"`
	DomainID         string
	Enabled          bool
	Description      *string
	AuthorizationTTL *int64        `gorm:"column:authorization_ttl"`
	RemoteIDs        []remoteIDRow `gorm:"foreignKey:IdPID"`
}

func (idpRow) TableName() string { return "identity_provider" }

type remoteIDRow struct {
	RemoteID string `gorm:"primaryKey"`
	IdPID    string `gorm:"column:idp_id"`
	Place    int64
}

func (remoteIDRow) TableName() string { return "remote_id" }

func newIdPRow(p federation.IdentityProvider) idpRow {
	return idpRow{ID: p.ID, DomainID: p.DomainID, Enabled: p.Enabled, Description: p.Description, AuthorizationTTL: p.AuthorizationTTL}
}

func (r idpRow) provider() (federation.IdentityProvider, error) {
	p := federation.IdentityProvider{
		ID: r.ID, DomainID: r.DomainID, Enabled: r.Enabled, Description: r.Description, AuthorizationTTL: r.AuthorizationTTL,
	}
	for _, id := range r.RemoteIDs {
		p.RemoteIDs = append(p.RemoteIDs, id.RemoteID)
	}
	return p, nil
}

var idpAttrs = collection{"id": {name: "id"}, "enabled": {name: "enabled", kind: boolColumn}}

// withRemoteIDs makes a query of identity providers fetch their remote ids too, in one further query.
func withRemoteIDs(db *gorm.DB) *gorm.DB {
	return db.Preload("RemoteIDs", func(db *gorm.DB) *gorm.DB { return db.Order("place") })
}

// IdentityProvider returns an identity provider; NotFound when there is none.
func (s *Store) IdentityProvider(ctx context.Context, id string) (federation.IdentityProvider, error) {
	page, err := list(ctx, s, idpAttrs, listing.Query{}.With("id", id), withRemoteIDs, idpRow.provider)
	switch {
	case err == nil && len(page.Items) == 1:
		return page.Items[0], nil
	case err == nil || fault.Is(err, fault.BadRequest):
		err = missing("identity provider", id)
	}
	return federation.IdentityProvider{}, err
}

// ListIdentityProviders filters by id and enabled.
func (s *Store) ListIdentityProviders(ctx context.Context, q listing.Query) (listing.Page[federation.IdentityProvider], error) {
	return list(ctx, s, idpAttrs, q, withRemoteIDs, idpRow.provider)
}

// CreateIdentityProvider stores a new identity provider. NotFound names a missing domain, Conflict a taken id or
// a remote id that is another's.
func (s *Store) CreateIdentityProvider(ctx context.Context, p federation.IdentityProvider) error {
	row := newIdPRow(p)
	ev := event.Event{Action: "identity_provider.create", Kind: event.Federation, TargetID: p.ID, DomainID: p.DomainID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := needDomain(db, p.DomainID); err != nil {
			return err
		}
		if err := db.Omit("RemoteIDs").Create(&row).Error; err != nil {
			return conflictAs(err, idTaken("identity_provider", p.ID))
		}
		return createRemoteIDs(db, p)
	})
}

func idTaken(kind, id string) error {
	return fault.New(fault.Conflict, "Conflict occurred attempting to store %s - Duplicate entry found with ID %s.", kind, id)
}

func createRemoteIDs(db *gorm.DB, p federation.IdentityProvider) error {
	rows := make([]remoteIDRow, len(p.RemoteIDs))
	for i, id := range p.RemoteIDs {
		rows[i] = remoteIDRow{RemoteID: id, IdPID: p.ID, Place: int64(i)}
	}
	return conflictAs(createAll(db, rows), fault.New(fault.Conflict,
		"Conflict occurred attempting to store identity_provider - A remote id belongs to another identity provider."))
}

// UpdateIdentityProvider reads the identity provider, locked, lets change alter it, and stores all of it, remote
// ids included, but its id and its domain. Conflict names a remote id that is another's.
func (s *Store) UpdateIdentityProvider(ctx context.Context, id string,
	change func(*federation.IdentityProvider) error) (federation.IdentityProvider, error) {
	var p federation.IdentityProvider
	ev := event.Event{Action: "identity_provider.update", Kind: event.Federation, TargetID: id}
	err := s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[idpRow](withRemoteIDs(db), missing("identity provider", id), "id = ?", id)
		if err != nil {
			return err
		}
		if p, err = old.provider(); err != nil {
			return err
		}
		before := p.RemoteIDs
		if err := change(&p); err != nil {
			return err
		}
		p.ID, p.DomainID, ev.DomainID = old.ID, old.DomainID, old.DomainID
		row := newIdPRow(p)
		if err := saveAll(db.Omit("RemoteIDs"), &row, id); err != nil || slices.Equal(before, p.RemoteIDs) {
			return err
		}
		if err := db.Exec("DELETE FROM remote_id WHERE idp_id = ?", id).Error; err != nil {
			return err
		}
		return createRemoteIDs(db, p)
	})
	return p, err
}

// DeleteIdentityProvider deletes an identity provider with its protocols and what it knew users as; each of those
// users gets an event.
func (s *Store) DeleteIdentityProvider(ctx context.Context, id string) error {
	ev := event.Event{Action: "identity_provider.delete", Kind: event.Federation, TargetID: id}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[idpRow](db, missing("identity provider", id), "id = ?", id)
		if err != nil {
			return err
		}
		ev.DomainID = old.DomainID
		if err := s.forgetIdentities(db, "idp_id = ?", id); err != nil {
			return err
		}
		return db.Exec("DELETE FROM identity_provider WHERE id = ?", id).Error
	})
}

// deleteIdPsOf deletes the identity providers of a domain and appends an event for each.
func (s *Store) deleteIdPsOf(db *gorm.DB, domainID string) error {
	err := s.forgetIdentities(db, "idp_id IN (SELECT id FROM identity_provider WHERE domain_id = ?)", domainID)
	if err != nil {
		return err
	}
	var ids []string
	if err := db.Raw("DELETE FROM identity_provider WHERE domain_id = ? RETURNING id", domainID).Scan(&ids).Error; err != nil {
		return err
	}
	for _, id := range ids {
		ev := event.Event{Action: "identity_provider.delete", Kind: event.Federation, TargetID: id, DomainID: domainID,
			Detail: map[string]any{"with_domain": true}}
		if err := s.append(db.Statement.Context, ev); err != nil {
			return err
		}
	}
	return nil
}

type protocolRow struct {
	IdPID             string `gorm:"column:idp_id;primaryKey"`
	ID                string `gorm:"primaryKey"`
	MappingID         string
	RemoteIDAttribute *string
}

func (protocolRow) TableName() string { return "federation_protocol" }

func (r protocolRow) protocol() (federation.Protocol, error) { return federation.Protocol(r), nil }

var protocolAttrs = collection{"id": {name: "id"}}

// Protocol returns a protocol of an identity provider; NotFound when there is none.
func (s *Store) Protocol(ctx context.Context, idpID, id string) (federation.Protocol, error) {
	row, err := take[protocolRow](ctx, s, missing("federated protocol", id), "idp_id = ? AND id = ?", idpID, id)
	return federation.Protocol(row), err
}

// ListProtocols lists the protocols of an identity provider; empty when there is no such one. It filters by id.
func (s *Store) ListProtocols(ctx context.Context, idpID string, q listing.Query) (listing.Page[federation.Protocol], error) {
	if !storable(idpID) {
		return listing.Page[federation.Protocol]{}, nil
	}
	base := func(db *gorm.DB) *gorm.DB { return db.Where("idp_id = ?", idpID) }
	return list(ctx, s, protocolAttrs, q, base, protocolRow.protocol)
}

func protocolEvent(action string, idpID, id string) event.Event {
	return event.Event{Action: action, Kind: event.Federation, TargetID: id, Detail: map[string]any{"idp_id": idpID}}
}

// CreateProtocol stores a new protocol. NotFound names a missing identity provider, BadRequest a missing mapping,
// Conflict a taken id.
func (s *Store) CreateProtocol(ctx context.Context, p federation.Protocol) error {
	row := protocolRow(p)
	ev := protocolEvent("protocol.create", p.IdPID, p.ID)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := need(db, "identity_provider", "identity provider", p.IdPID); err != nil {
			return err
		}
		if err := need(db, "mapping", "mapping", p.MappingID); err != nil {
			return fault.BadReference(err)
		}
		return conflictAs(db.Create(&row).Error, idTaken("federation_protocol", p.ID))
	})
}

// UpdateProtocol reads the protocol, locked, lets change alter it, and stores all of it but its ids. BadRequest
// names a missing mapping.
func (s *Store) UpdateProtocol(ctx context.Context, idpID, id string, change func(*federation.Protocol) error) (federation.Protocol, error) {
	var p federation.Protocol
	ev := protocolEvent("protocol.update", idpID, id)
	err := s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[protocolRow](db, missing("federated protocol", id), "idp_id = ? AND id = ?", idpID, id)
		if err != nil {
			return err
		}
		p = federation.Protocol(old)
		if err := change(&p); err != nil {
			return err
		}
		p.IdPID, p.ID = old.IdPID, old.ID
		if err := need(db, "mapping", "mapping", p.MappingID); err != nil {
			return fault.BadReference(err)
		}
		row := protocolRow(p)
		return saveAll(db.Where("idp_id = ?", idpID), &row, id)
	})
	return p, err
}

// DeleteProtocol deletes a protocol with what users are known as through it; each of those users gets an event.
func (s *Store) DeleteProtocol(ctx context.Context, idpID, id string) error {
	ev := protocolEvent("protocol.delete", idpID, id)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if _, err := lock[protocolRow](db, missing("federated protocol", id), "idp_id = ? AND id = ?", idpID, id); err != nil {
			return err
		}
		if err := s.forgetIdentities(db, "idp_id = ? AND protocol_id = ?", idpID, id); err != nil {
			return err
		}
		return db.Exec("DELETE FROM federation_protocol WHERE idp_id = ? AND id = ?", idpID, id).Error
	})
}
