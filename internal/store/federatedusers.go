package store

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/notify"
)

type federatedRow struct {
	IdPID      string `gorm:"column:idp_id;primaryKey"`
	ProtocolID string `gorm:"primaryKey"`
	UniqueID   string `gorm:"primaryKey"`
	UserID     string
}

func (federatedRow) TableName() string { return "federated_user" }

// Federated returns what identity providers know a user as, in the order of their ids.
func (s *Store) Federated(ctx context.Context, userID string) ([]identity.FederatedIdentity, error) {
	var rows []federatedRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return db.Where("user_id = ?", userID).Order("idp_id, protocol_id, unique_id").Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, func(r federatedRow) (identity.FederatedIdentity, error) {
		return identity.FederatedIdentity{IdPID: r.IdPID, ProtocolID: r.ProtocolID, UniqueID: r.UniqueID}, nil
	})
}

// SetFederated replaces what identity providers know a user as. NotFound names a missing user, BadRequest an
// identity provider or protocol that does not exist, or is of another domain than domainID unless that is empty.
// Conflict when another user is known as one of them.
func (s *Store) SetFederated(ctx context.Context, userID, domainID string, all []identity.FederatedIdentity) error {
	ev := event.Event{Action: "user.federate", Kind: event.User, TargetID: userID, UserID: userID}
	rows := make([]federatedRow, len(all))
	for i, f := range all {
		rows[i] = federatedRow{f.IdPID, f.ProtocolID, f.UniqueID, userID}
	}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		user, err := lock[userRow](db, missing("user", userID), "id = ?", userID)
		if err != nil {
			return err
		}
		ev.DomainID = user.DomainID
		ev.Detail = map[string]any{notify.Linked: len(rows), notify.First: madeNow(s.txOf(db.Statement.Context), userID)}
		if err := needProtocols(db, domainID, rows); err != nil {
			return err
		}
		if err := db.Exec("DELETE FROM federated_user WHERE user_id = ?", userID).Error; err != nil {
			return err
		}
		return conflictAs(createAll(db, rows), fault.New(fault.Conflict,
			"Conflict occurred attempting to store federated_user - An identity provider knows a user by this unique_id already."))
	})
}

// needProtocols fails with BadRequest unless all protocols exist, in the domain if one is named.
func needProtocols(db *gorm.DB, domainID string, rows []federatedRow) error {
	var idps []string
	for _, r := range rows {
		if !storable(r.IdPID) || !storable(r.ProtocolID) {
			return errText
		}
		idps = append(idps, r.IdPID)
	}
	type key struct {
		IdPID string `gorm:"column:idp_id"`
		ID    string
	}
	known := map[key]bool{}
	slices.Sort(idps)
	for some := range slices.Chunk(slices.Compact(idps), 500) {
		var found []key
		q := db.Table("federation_protocol").Select("federation_protocol.idp_id, federation_protocol.id").
			Joins("JOIN identity_provider i ON i.id = federation_protocol.idp_id").Where("federation_protocol.idp_id IN ?", some)
		if domainID != "" {
			q = q.Where("i.domain_id = ?", domainID)
		}
		if err := q.Find(&found).Error; err != nil {
			return err
		}
		for _, k := range found {
			known[k] = true
		}
	}
	for _, r := range rows {
		if !known[key{r.IdPID, r.ProtocolID}] {
			return fault.New(fault.BadRequest, "Could not find the protocol %s of the identity provider %s.", r.ProtocolID, r.IdPID)
		}
	}
	return nil
}

// forgetIdentities takes what identity providers know users as, and appends an event for each user.
func (s *Store) forgetIdentities(db *gorm.DB, where string, args ...any) error {
	var ids []string
	err := db.Raw("DELETE FROM federated_user WHERE "+where+" RETURNING user_id", args...).Scan(&ids).Error
	if err != nil {
		return err
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		ev := event.Event{Action: "user.federate", Kind: event.User, TargetID: id, UserID: id}
		if err := s.append(db.Statement.Context, ev); err != nil {
			return err
		}
	}
	return nil
}

// federatedAttrs are the filters of users that look at one of their federated identities, all at the same one.
var federatedAttrs = collection{
	"idp_id": {name: "idp_id"}, "protocol_id": {name: "protocol_id"}, "unique_id": {name: "unique_id"},
}

// byIdentity takes the filters of federatedAttrs out of a query and returns the condition that they make.
func (s *Store) byIdentity(q listing.Query) (listing.Query, func(*gorm.DB) *gorm.DB, error) {
	var of, others listing.Query
	for _, f := range q.Filters {
		if _, ok := federatedAttrs[f.Attr]; ok {
			of.Filters = append(of.Filters, f)
		} else {
			others.Filters = append(others.Filters, f)
		}
	}
	if of.Filters == nil {
		return q, nil, nil
	}
	conditions, err := s.conditions(federatedAttrs, of)
	if err != nil {
		return q, nil, err
	}
	wheres, args := make([]string, len(conditions)), []any{}
	for i, c := range conditions {
		wheres[i] = c.where
		args = append(args, c.args...)
	}
	q.Filters = others.Filters
	return q, func(db *gorm.DB) *gorm.DB {
		return db.Where("id IN (SELECT user_id FROM federated_user WHERE "+strings.Join(wheres, " AND ")+")", args...)
	}, nil
}
