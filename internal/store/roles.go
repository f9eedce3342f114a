package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

type roleRow struct {
	ID          string `gorm:"primaryKey"`
	Name        string
	NameFold    string
	DomainID    string
	Description *string
	Options     string
	Extra       string
}

func (roleRow) TableName() string { return "role" }

type implicationRow struct {
	PriorRoleID   string
	ImpliedRoleID string
}

func (implicationRow) TableName() string { return "implication" }

func newRoleRow(r assignment.Role) (roleRow, error) {
	options, err := encode(r.Options)
	if err != nil {
		return roleRow{}, err
	}
	extra, err := encode(r.Extra)
	return roleRow{ID: r.ID, Name: nameOf(r.Name), NameFold: fold(r.Name), DomainID: r.DomainID,
		Description: r.Description, Options: options, Extra: extra}, err
}

func (r roleRow) role() (assignment.Role, error) {
	role := assignment.Role{ID: r.ID, Name: r.Name, DomainID: r.DomainID, Description: r.Description}
	if err := decode(r.Options, &role.Options); err != nil {
		return role, err
	}
	return role, decode(r.Extra, &role.Extra)
}

var roleAttrs = collection{
	"id": {name: "id"}, "domain_id": {name: "domain_id"}, "name": {name: "name", kind: nameColumn},
}

// Role returns a role; NotFound when there is none.
func (s *Store) Role(ctx context.Context, id string) (assignment.Role, error) {
	row, err := take[roleRow](ctx, s, missing("role", id), "id = ?", id)
	if err != nil {
		return assignment.Role{}, err
	}
	return row.role()
}

// RoleByName returns the role with exactly this name, after NFC; domainID is empty for global roles.
func (s *Store) RoleByName(ctx context.Context, domainID, name string) (assignment.Role, error) {
	row, err := take[roleRow](ctx, s, missing("role", name), "domain_id = ? AND name = ?", domainID, nameOf(name))
	if err != nil {
		return assignment.Role{}, err
	}
	return row.role()
}

// ListRoles filters by id, name and domain_id, where the empty value means global roles.
func (s *Store) ListRoles(ctx context.Context, q listing.Query) (listing.Page[assignment.Role], error) {
	return list(ctx, s, roleAttrs, q, nil, roleRow.role)
}

// AllRoles returns every role, global and of domains, ordered by id.
func (s *Store) AllRoles(ctx context.Context) ([]assignment.Role, error) {
	page, err := s.ListRoles(ctx, listing.Query{})
	return page.Items, err
}

// CreateRole stores a new role; Conflict when the name is taken. Its domain need not exist, as in Keystone.
func (s *Store) CreateRole(ctx context.Context, r assignment.Role) error {
	row, err := newRoleRow(r)
	if err != nil {
		return err
	}
	ev := event.Event{Action: "role.create", Kind: event.Role, TargetID: r.ID, DomainID: r.DomainID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return conflictAs(db.Create(&row).Error, taken("role", r.Name, r.DomainID))
	})
}

// UpdateRole reads the role, locked, lets change alter it, and stores all of it but id and domain.
func (s *Store) UpdateRole(ctx context.Context, id string, change func(*assignment.Role) error) (assignment.Role, error) {
	var r assignment.Role
	ev := event.Event{Action: "role.update", Kind: event.Role, TargetID: id}
	err := s.change(ctx, &ev, func(db *gorm.DB) (err error) {
		r, err = edit(db, missing("role", id), id, roleRow.role, change, func(old roleRow, r *assignment.Role) error {
			r.ID, r.DomainID, ev.DomainID = old.ID, old.DomainID, old.DomainID
			return nil
		}, newRoleRow)
		return conflictAs(err, taken("role", r.Name, r.DomainID))
	})
	return r, err
}

// DeleteRole deletes a role with its grants and what it implies or is implied by.
func (s *Store) DeleteRole(ctx context.Context, id string) error {
	ev := event.Event{Action: "role.delete", Kind: event.Role, TargetID: id, Revoking: true}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[roleRow](db, missing("role", id), "id = ?", id)
		if err != nil {
			return err
		}
		ev.DomainID = old.DomainID
		// What was made to act with the role goes with it: it must not go on with less and surprise its owner.
		err = db.Exec(`DELETE FROM application_credential WHERE id IN
			(SELECT application_credential_id FROM application_credential_role WHERE role_id = ?)`, id).Error
		if err != nil {
			return err
		}
		return db.Exec("DELETE FROM role WHERE id = ?", id).Error
	})
}

// Implications returns every direct implication, ordered by prior and implied role.
func (s *Store) Implications(ctx context.Context) ([]assignment.Implication, error) {
	var rows []implicationRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return db.Order("prior_role_id, implied_role_id").Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, func(r implicationRow) (assignment.Implication, error) { return assignment.Implication(r), nil })
}

// CreateImplication makes one role imply another. NotFound names a missing role; Conflict when it does so
// already.
func (s *Store) CreateImplication(ctx context.Context, i assignment.Implication) error {
	ev := implicationEvent("implication.create", i)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		for _, id := range []string{i.PriorRoleID, i.ImpliedRoleID} {
			if err := need(db, "role", "role", id); err != nil {
				return err
			}
		}
		row := implicationRow(i)
		return conflictAs(db.Create(&row).Error, fault.New(fault.Conflict,
			"Conflict occurred attempting to store implied_role - Duplicate entry: %s implies %s already.", i.PriorRoleID, i.ImpliedRoleID))
	})
}

// LockImplications keeps other transactions from locking the implications until this one ends. It matters inside InTx
// only. SQLite has one writer at a time.
func (s *Store) LockImplications(ctx context.Context) error {
	t := s.txOf(ctx)
	if t == nil || !s.notifies {
		return nil
	}
	// Not the table: who deletes a role has locked that and then needs the table.
	return classify(ctx, exempted(t.db.WithContext(ctx)).Exec("SELECT pg_advisory_xact_lock(hashtext('implication'))").Error)
}

// DeleteImplication ends a direct implication; NotFound when there is none.
func (s *Store) DeleteImplication(ctx context.Context, i assignment.Implication) error {
	ev := implicationEvent("implication.delete", i)
	none := fault.New(fault.NotFound, "%s does not imply %s.", i.PriorRoleID, i.ImpliedRoleID)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return deleteOne(db, none, "DELETE FROM implication WHERE prior_role_id = ? AND implied_role_id = ?",
			i.PriorRoleID, i.ImpliedRoleID)
	})
}

func implicationEvent(action string, i assignment.Implication) event.Event {
	return event.Event{Action: action, Kind: event.Role, TargetID: i.PriorRoleID,
		Detail: map[string]any{"implied_role_id": i.ImpliedRoleID}}
}
