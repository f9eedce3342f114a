package store

import (
	"cmp"
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
)

type grantRow struct {
	RoleID     string
	UserID     *string
	GroupID    *string
	TargetKind string
	TargetID   *string
	Inherited  bool
}

func (grantRow) TableName() string { return "role_grant" }

func newGrantRow(g assignment.Grant) grantRow {
	return grantRow{RoleID: g.RoleID, UserID: textOrNull(g.UserID), GroupID: textOrNull(g.GroupID),
		TargetKind: string(g.On), TargetID: textOrNull(g.TargetID), Inherited: g.Inherited}
}

func (r grantRow) grant() (assignment.Grant, error) {
	return assignment.Grant{RoleID: r.RoleID, UserID: orEmpty(r.UserID), GroupID: orEmpty(r.GroupID),
		On: assignment.TargetKind(r.TargetKind), TargetID: orEmpty(r.TargetID), Inherited: r.Inherited}, nil
}

// thisGrant is the condition that finds exactly one grant, written like the unique index.
const thisGrant = "role_id = ? AND COALESCE(user_id, '') = ? AND COALESCE(group_id, '') = ? AND target_kind = ?" +
	" AND COALESCE(target_id, '') = ? AND inherited = ?"

func grantArgs(g assignment.Grant) []any {
	return []any{g.RoleID, g.UserID, g.GroupID, string(g.On), g.TargetID, g.Inherited}
}

// Grants returns the grants that pass the filter, ordered by target, role and actor.
func (s *Store) Grants(ctx context.Context, f assignment.Filter) ([]assignment.Grant, error) {
	var rows []grantRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return grantFilter(db, f).Order("target_kind, target_id, role_id, user_id, group_id, inherited").Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, grantRow.grant)
}

func grantFilter(db *gorm.DB, f assignment.Filter) *gorm.DB {
	switch {
	case f.UserID != "" && f.UserOrItsGroups:
		its := "group_id IN (SELECT group_id FROM membership WHERE user_id = ?)"
		if db.Name() == "postgres" { // which reads the whole table for an OR with a subquery, but not with an array
			its = "group_id = ANY (ARRAY(SELECT group_id FROM membership WHERE user_id = ?))"
		}
		db = db.Where("(user_id = ? OR "+its+")", f.UserID, f.UserID)
	case f.UserID != "":
		db = db.Where("user_id = ?", f.UserID)
	}
	if f.GroupID != "" {
		db = db.Where("group_id = ?", f.GroupID)
	}
	if f.RoleID != "" {
		db = db.Where("role_id = ?", f.RoleID)
	}
	if f.On != "" {
		db = db.Where("target_kind = ?", string(f.On))
	}
	if f.On == assignment.OnSystem {
		db = db.Where("target_id IS NULL") // it always is; this is what the index knows
	}
	if len(f.TargetIDs) > 0 {
		db = db.Where("target_id IN ?", f.TargetIDs)
	}
	if f.Inherited != nil {
		db = db.Where("inherited = ?", *f.Inherited)
	}
	return db
}

// HasGrant reports whether exactly this grant exists.
func (s *Store) HasGrant(ctx context.Context, g assignment.Grant) (bool, error) {
	var found bool
	err := s.view(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT EXISTS (SELECT 1 FROM role_grant WHERE "+thisGrant+")", grantArgs(g)...).Scan(&found).Error
	})
	return found, err
}

// CreateGrant stores a grant, and does nothing when it exists. NotFound names what is missing: the role, the
// user or group, or the target; a project is no domain.
func (s *Store) CreateGrant(ctx context.Context, g assignment.Grant) error {
	ev := grantEvent("grant.create", g)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := needParts(db, g); err != nil {
			return err
		}
		row := newGrantRow(g)
		res := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		if res.Error == nil && res.RowsAffected == 0 {
			return errUnchanged
		}
		return res.Error
	})
}

// needParts fails with NotFound of the first thing that a grant names and that does not exist.
func needParts(db *gorm.DB, g assignment.Grant) error {
	if (g.UserID == "") == (g.GroupID == "") || (g.On == assignment.OnSystem) != (g.TargetID == "") {
		return fault.New(fault.BadRequest, "A grant has one user or group and one target.")
	}
	if err := need(db, "role", "role", g.RoleID); err != nil {
		return err
	}
	var err error
	if g.UserID != "" {
		err = need(db, "user_account", "user", g.UserID)
	} else {
		err = need(db, "user_group", "group", g.GroupID)
	}
	if err != nil {
		return err
	}
	switch g.On {
	case assignment.OnProject:
		return need(db, "project", "project", g.TargetID)
	case assignment.OnDomain:
		return needDomain(db, g.TargetID)
	}
	return nil
}

// DeleteGrant ends a grant; NotFound when there is none.
func (s *Store) DeleteGrant(ctx context.Context, g assignment.Grant) error {
	ev := grantEvent("grant.delete", g)
	ev.Revoking = g.UserID != "" && g.TargetID != "" && !g.Inherited // other losses cannot be said of tokens
	none := fault.New(fault.NotFound,
		"Could not find role assignment with role: %s, user or group: %s, project, domain, or system: %s.",
		g.RoleID, cmp.Or(g.UserID, g.GroupID), cmp.Or(g.TargetID, "system"))
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return deleteOne(db, none, "DELETE FROM role_grant WHERE "+thisGrant, grantArgs(g)...)
	})
}

// grantEvent is about the target; the system's id is "system".
func grantEvent(action string, g assignment.Grant) event.Event {
	detail := map[string]any{"role_id": g.RoleID, "on": string(g.On), "inherited": g.Inherited}
	if g.GroupID != "" {
		detail["group_id"] = g.GroupID
	}
	ev := event.Event{Action: action, Kind: event.Grant, TargetID: cmp.Or(g.TargetID, "system"), UserID: g.UserID, Detail: detail}
	if g.On == assignment.OnDomain {
		ev.DomainID = g.TargetID
	}
	return ev
}
