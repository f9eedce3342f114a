package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/trust"
)

type trustRow struct {
	ID                 string `gorm:"primaryKey"`
	TrustorID          string
	TrusteeID          string
	ProjectID          *string
	Impersonation      bool
	ExpiresAt          *int64
	RemainingUses      *int
	RedelegatedTrustID *string
	RedelegationCount  int
	CreatedAt          int64 `gorm:"autoCreateTime:false"`
	Methods            string
	AuthTime           int64
	Extra              string
	Roles              []trustRoleRow `gorm:"foreignKey:TrustID"`
}

func (trustRow) TableName() string { return "trust" }

type trustRoleRow struct {
	TrustID string `gorm:"primaryKey"`
	RoleID  string `gorm:"primaryKey"`
}

func (trustRoleRow) TableName() string { return "trust_role" }

func newTrustRow(t trust.Trust) (trustRow, error) {
	methods, err := encode(t.Methods)
	if err != nil {
		return trustRow{}, err
	}
	extra, err := encode(t.Extra)
	return trustRow{
		ID: t.ID, TrustorID: t.TrustorID, TrusteeID: t.TrusteeID, ProjectID: textOrNull(t.ProjectID), Impersonation: t.Impersonation,
		ExpiresAt: microsOrNull(t.ExpiresAt), RemainingUses: t.RemainingUses, RedelegatedTrustID: textOrNull(t.RedelegatedID),
		RedelegationCount: t.RedelegationCount, CreatedAt: micros(t.CreatedAt), Methods: methods, AuthTime: micros(t.AuthTime), Extra: extra,
	}, err
}

func (r trustRow) trust() (trust.Trust, error) {
	t := trust.Trust{
		ID: r.ID, TrustorID: r.TrustorID, TrusteeID: r.TrusteeID, ProjectID: orEmpty(r.ProjectID), Impersonation: r.Impersonation,
		ExpiresAt: timeOrNull(r.ExpiresAt), RemainingUses: r.RemainingUses, RedelegatedID: orEmpty(r.RedelegatedTrustID),
		RedelegationCount: r.RedelegationCount, CreatedAt: timeOf(r.CreatedAt), AuthTime: timeOf(r.AuthTime),
	}
	for _, role := range r.Roles {
		t.RoleIDs = append(t.RoleIDs, role.RoleID)
	}
	if err := decode(r.Methods, &t.Methods); err != nil {
		return t, err
	}
	return t, decode(r.Extra, &t.Extra)
}

func withTrustRoles(db *gorm.DB) *gorm.DB {
	return db.Preload("Roles", func(db *gorm.DB) *gorm.DB { return db.Order("role_id") })
}

// Trust returns a trust, whether or not its time is over or its uses are used up; NotFound when there is none.
func (s *Store) Trust(ctx context.Context, id string) (trust.Trust, error) {
	var rows []trustRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return withTrustRoles(db).Where("id = ?", id).Limit(1).Find(&rows).Error
	})
	if err == nil && len(rows) == 0 || fault.Is(err, fault.BadRequest) {
		err = missing("trust", id)
	}
	if err != nil {
		return trust.Trust{}, err
	}
	return rows[0].trust()
}

var trustAttrs = collection{
	"id": {name: "id"}, "trustor_user_id": {name: "trustor_id"}, "trustee_user_id": {name: "trustee_id"}, "project_id": {name: "project_id"},
}

// ListTrusts filters by id, trustor_user_id, trustee_user_id and project_id.
func (s *Store) ListTrusts(ctx context.Context, q listing.Query) (listing.Page[trust.Trust], error) {
	return list(ctx, s, trustAttrs, q, withTrustRoles, trustRow.trust)
}

func trustEvent(action string, t trustRow) event.Event {
	return event.Event{
		Action: action, Kind: event.Trust, TargetID: t.ID, UserID: t.TrustorID, Detail: map[string]any{"trustee": t.TrusteeID},
	}
}

// CreateTrust stores a new trust. NotFound names a missing user, project, role or trust that it was made with;
// Conflict when a trust between the same users on the same project with the same end is there.
func (s *Store) CreateTrust(ctx context.Context, t trust.Trust) error {
	row, err := newTrustRow(t)
	if err != nil {
		return err
	}
	ev := trustEvent("trust.create", row)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := needParties(db, t); err != nil {
			return err
		}
		if err := noTwin(db, row); err != nil {
			return err
		}
		if err := db.Omit("Roles").Create(&row).Error; err != nil {
			return err
		}
		for _, id := range t.RoleIDs {
			if err := db.Create(&trustRoleRow{t.ID, id}).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

func needParties(db *gorm.DB, t trust.Trust) error {
	// The trustor's row is locked, so that two equal trusts cannot be made at once.
	if _, err := lock[userRow](db, missing("user", t.TrustorID), "id = ?", t.TrustorID); err != nil {
		return err
	}
	if err := need(db, "user_account", "user", t.TrusteeID); err != nil {
		return err
	}
	if t.ProjectID != "" {
		if err := need(db, "project", "project", t.ProjectID); err != nil {
			return err
		}
	}
	if t.RedelegatedID != "" {
		if err := need(db, "trust", "trust", t.RedelegatedID); err != nil {
			return err
		}
	}
	for _, id := range t.RoleIDs {
		if err := need(db, "role", "role", id); err != nil {
			return err
		}
	}
	return nil
}

// noTwin refuses a second trust that ends at the same time. Trusts without an end may be there twice, as in
// Keystone.
func noTwin(db *gorm.DB, t trustRow) error {
	if t.ExpiresAt == nil {
		return nil
	}
	var found bool
	err := db.Raw(`SELECT EXISTS (SELECT 1 FROM trust WHERE trustor_id = ? AND trustee_id = ? AND COALESCE(project_id, '') = ?
		AND impersonation = ? AND expires_at = ?)`, t.TrustorID, t.TrusteeID, orEmpty(t.ProjectID), t.Impersonation, *t.ExpiresAt).Scan(&found).Error
	if err == nil && found {
		err = fault.New(fault.Conflict, "Conflict occurred attempting to store trust - Duplicate entry.")
	}
	return err
}

// UseTrust takes one of the remaining uses and reports whether there was one: of many who try at once, exactly
// as many hear true as there are uses. It appends no event; the sign-in does.
func (s *Store) UseTrust(ctx context.Context, id string) (bool, error) {
	var used bool
	err := s.mark(ctx, func(db *gorm.DB) error {
		res := db.Exec("UPDATE trust SET remaining_uses = remaining_uses - 1 WHERE id = ? AND remaining_uses > 0", id)
		used = res.RowsAffected == 1
		return res.Error
	})
	return used, err
}

// DeleteTrust deletes a trust and all that were made with it.
func (s *Store) DeleteTrust(ctx context.Context, id string) error {
	ev := event.Event{}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[trustRow](db, missing("trust", id), "id = ?", id)
		if err != nil {
			return err
		}
		ev = trustEvent("trust.delete", old)
		ev.Revoking = true
		return db.Exec("DELETE FROM trust WHERE id = ?", id).Error
	})
}
