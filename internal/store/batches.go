package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/resource"
)

// batch bounds the placeholders of one statement; longer lists of ids take several.
const batch = 500

// UsersByID returns those of the users that exist, in no particular order.
func (s *Store) UsersByID(ctx context.Context, ids []string) ([]identity.User, error) {
	rows, err := batches[userRow](ctx, s, ids, nil, "id IN ?")
	if err != nil {
		return nil, err
	}
	return each(rows, userRow.user)
}

// GroupsByID returns those of the groups that exist, in no particular order.
func (s *Store) GroupsByID(ctx context.Context, ids []string) ([]identity.Group, error) {
	rows, err := batches[groupRow](ctx, s, ids, nil, "id IN ?")
	if err != nil {
		return nil, err
	}
	return each(rows, groupRow.group)
}

// ProjectsByID returns those of the projects and domains that exist, in no particular order.
func (s *Store) ProjectsByID(ctx context.Context, ids []string) ([]resource.Project, error) {
	rows, err := batches[projectRow](ctx, s, ids, withTags, "id IN ?")
	if err != nil {
		return nil, err
	}
	return each(rows, projectRow.project)
}

// ProjectsBelow returns what is below any of the projects or domains, each once and in no particular order. A
// root that is below another one is among them.
func (s *Store) ProjectsBelow(ctx context.Context, roots []string) ([]resource.Project, error) {
	var below []string
	err := s.view(ctx, func(db *gorm.DB) error {
		below = nil
		for chunk := range slices.Chunk(roots, batch) {
			var some []string
			err := db.Raw(`WITH RECURSIVE tree (id) AS (
				SELECT id FROM project WHERE parent_id IN ?
				UNION SELECT p.id FROM project p JOIN tree t ON p.parent_id = t.id)
				SELECT id FROM tree`, chunk).Scan(&some).Error
			if err != nil {
				return err
			}
			below = append(below, some...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(below)
	return s.ProjectsByID(ctx, slices.Compact(below))
}

// MembersOf returns the ids of the members of the groups, ordered, by group.
func (s *Store) MembersOf(ctx context.Context, groupIDs []string) (map[string][]string, error) {
	rows, err := batches[membershipRow](ctx, s, groupIDs, ordered, "group_id IN ?")
	members := map[string][]string{}
	for _, r := range rows {
		members[r.GroupID] = append(members[r.GroupID], r.UserID)
	}
	return members, err
}

func ordered(db *gorm.DB) *gorm.DB { return db.Order("group_id, user_id") }

// batches reads the rows whose ids are given, some hundreds at a time. base may be nil.
func batches[R any](ctx context.Context, s *Store, ids []string, base func(*gorm.DB) *gorm.DB, where string) ([]R, error) {
	var rows []R
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		if base != nil {
			db = base(db)
		}
		for chunk := range slices.Chunk(ids, batch) {
			var some []R
			if err := db.Session(&gorm.Session{}).Where(where, chunk).Find(&some).Error; err != nil {
				return err
			}
			rows = append(rows, some...)
		}
		return nil
	})
	return rows, err
}
