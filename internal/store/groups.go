package store

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
)

type groupRow struct {
	ID          string `gorm:"primaryKey"`
	DomainID    string
	Name        string
	NameFold    string
	Description *string
	Extra       string
}

func (groupRow) TableName() string { return "user_group" }

type membershipRow struct {
	GroupID string
	UserID  string
}

func (membershipRow) TableName() string { return "membership" }

func newGroupRow(g identity.Group) (groupRow, error) {
	extra, err := encode(g.Extra)
	return groupRow{ID: g.ID, DomainID: g.DomainID, Name: nameOf(g.Name), NameFold: fold(g.Name),
		Description: g.Description, Extra: extra}, err
}

func (r groupRow) group() (identity.Group, error) {
	g := identity.Group{ID: r.ID, DomainID: r.DomainID, Name: r.Name, Description: r.Description}
	return g, decode(r.Extra, &g.Extra)
}

var groupAttrs = collection{
	"id": {name: "id"}, "domain_id": {name: "domain_id"}, "name": {name: "name", kind: nameColumn},
}

// Group returns a group; NotFound when there is none.
func (s *Store) Group(ctx context.Context, id string) (identity.Group, error) {
	row, err := take[groupRow](ctx, s, missing("group", id), "id = ?", id)
	if err != nil {
		return identity.Group{}, err
	}
	return row.group()
}

// ListGroups filters by id, domain_id and name.
func (s *Store) ListGroups(ctx context.Context, q listing.Query) (listing.Page[identity.Group], error) {
	return list(ctx, s, groupAttrs, q, nil, groupRow.group)
}

// CreateGroup stores a new group. NotFound when its domain does not exist, Conflict when the name is taken.
func (s *Store) CreateGroup(ctx context.Context, g identity.Group) error {
	row, err := newGroupRow(g)
	if err != nil {
		return err
	}
	ev := event.Event{Action: "group.create", Kind: event.Group, TargetID: g.ID, DomainID: g.DomainID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := needDomain(db, g.DomainID); err != nil {
			return err
		}
		return conflictAs(db.Create(&row).Error, taken("group", g.Name, g.DomainID))
	})
}

// UpdateGroup reads the group, locked, lets change alter it, and stores all of it but id and domain.
func (s *Store) UpdateGroup(ctx context.Context, id string, change func(*identity.Group) error) (identity.Group, error) {
	var g identity.Group
	ev := event.Event{Action: "group.update", Kind: event.Group, TargetID: id}
	err := s.change(ctx, &ev, func(db *gorm.DB) (err error) {
		g, err = edit(db, missing("group", id), id, groupRow.group, change, func(old groupRow, g *identity.Group) error {
			g.ID, g.DomainID, ev.DomainID = old.ID, old.DomainID, old.DomainID
			return nil
		}, newGroupRow)
		return conflictAs(err, taken("group", g.Name, g.DomainID))
	})
	return g, err
}

// DeleteGroup deletes a group with its memberships and grants.
func (s *Store) DeleteGroup(ctx context.Context, id string) error {
	ev := event.Event{Action: "group.delete", Kind: event.Group, TargetID: id}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[groupRow](db, missing("group", id), "id = ?", id)
		if err != nil {
			return err
		}
		ev.DomainID = old.DomainID
		return db.Exec("DELETE FROM user_group WHERE id = ?", id).Error
	})
}

// AddMember puts a user into a group; it does nothing when the user is in it. NotFound names what is missing.
func (s *Store) AddMember(ctx context.Context, groupID, userID string) error {
	ev := membershipEvent("membership.add", groupID, userID)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := need(db, "user_group", "group", groupID); err != nil {
			return err
		}
		if err := need(db, "user_account", "user", userID); err != nil {
			return err
		}
		res := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&membershipRow{groupID, userID})
		if res.Error == nil && res.RowsAffected == 0 {
			return errUnchanged
		}
		return res.Error
	})
}

// RemoveMember takes a user out of a group; NotFound when the user is not in it.
func (s *Store) RemoveMember(ctx context.Context, groupID, userID string) error {
	ev := membershipEvent("membership.remove", groupID, userID)
	none := fault.New(fault.NotFound, "User '%s' not found in group '%s'.", userID, groupID)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return deleteOne(db, none, "DELETE FROM membership WHERE group_id = ? AND user_id = ?", groupID, userID)
	})
}

func membershipEvent(action, groupID, userID string) event.Event {
	return event.Event{Action: action, Kind: event.Membership, TargetID: groupID, UserID: userID,
		Detail: map[string]any{"group_id": groupID}}
}

// IsMember reports whether the user is in the group; neither need exist.
func (s *Store) IsMember(ctx context.Context, groupID, userID string) (bool, error) {
	var found bool
	err := s.view(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT EXISTS (SELECT 1 FROM membership WHERE group_id = ? AND user_id = ?)", groupID, userID).
			Scan(&found).Error
	})
	return found, err
}

// ListMembers lists the users of a group, with the filters of ListUsers; empty when there is no such group.
func (s *Store) ListMembers(ctx context.Context, groupID string, q listing.Query) (listing.Page[identity.User], error) {
	return s.listUsers(ctx, q, func(db *gorm.DB) *gorm.DB {
		return db.Where("id IN (SELECT user_id FROM membership WHERE group_id = ?)", groupID)
	})
}

// ListGroupsOfUser lists the groups of a user, with the filters of ListGroups; empty for an unknown user.
func (s *Store) ListGroupsOfUser(ctx context.Context, userID string, q listing.Query) (listing.Page[identity.Group], error) {
	base := func(db *gorm.DB) *gorm.DB {
		return db.Where("id IN (SELECT group_id FROM membership WHERE user_id = ?)", userID)
	}
	return list(ctx, s, groupAttrs, q, base, groupRow.group)
}
