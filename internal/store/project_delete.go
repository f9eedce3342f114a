package store

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/listing"
)

var projectAttrs = collection{
	"id": {name: "id"}, "domain_id": {name: "domain_id", null: true}, "parent_id": {name: "parent_id", null: true},
	"name": {name: "name", kind: nameColumn}, "enabled": {name: "enabled", kind: boolColumn},
	"is_domain":         {name: "is_domain", kind: boolColumn},
	"tags":              {special: byTags(true, true)},
	"tags-any":          {special: byTags(true, false)},
	"not-tags":          {special: byTags(false, true)},
	"not-tags-any":      {special: byTags(false, false)},
	"endpoint_id":       {special: associatedBy("project", "project_endpoint", "project_id", "endpoint_id")},
	"endpoint_group_id": {special: associatedBy("project", "project_endpoint_group", "project_id", "endpoint_group_id")},
}

// byTags reads a comma-separated list of tags. It keeps projects that have all (or any) of them, or, negated,
// those that do not.
func byTags(positive, all bool) func(listing.Filter) (string, []any, error) {
	return func(f listing.Filter) (string, []any, error) {
		tags := strings.Split(f.Value, ",")
		const one = "id IN (SELECT project_id FROM project_tag WHERE name = ?)"
		where, args := "id IN (SELECT project_id FROM project_tag WHERE name IN ?)", []any{tags}
		if all {
			where, args = one, []any{tags[0]}
			for _, tag := range tags[1:] {
				where, args = where+" AND "+one, append(args, tag)
			}
		}
		if !positive {
			where = "NOT (" + where + ")"
		}
		return where, args, nil
	}
}

// DeleteProject deletes a project with its grants and tags, or a domain with everything in it but its roles.
// Users whose default project goes away have none afterwards. Forbidden when a project has children. What a
// domain takes along is told by one event each.
func (s *Store) DeleteProject(ctx context.Context, id string) error {
	var ev event.Event
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[projectRow](db, missing("project", id), "id = ?", id)
		if err != nil {
			return err
		}
		ev = projectEvent("project.delete", old)
		ev.Revoking = true // what a domain takes along needs no mark of its own
		if old.IsDomain {
			err = s.emptyDomain(db, id)
		}
		if err != nil {
			return err
		}
		err = s.forgetDefaults(db, "default_project_id = ?", id)
		if err != nil {
			return err
		}
		return inUse(db.Exec("DELETE FROM project WHERE id = ?", id).Error,
			"Cannot delete project since it is not a leaf in the hierarchy: %s.", id)
	})
}

// emptyDomain deletes the users, groups, projects and identity providers of a domain and appends an event for each.
func (s *Store) emptyDomain(db *gorm.DB, id string) error {
	if err := forgetSignIns(db, "SELECT id FROM user_account WHERE domain_id = ?", id); err != nil {
		return err
	}
	if err := s.forgetDefaults(db, "default_project_id IN (SELECT id FROM project WHERE domain_id = ?)", id); err != nil {
		return err
	}
	for _, part := range []struct {
		table string
		kind  event.Kind
	}{{"user_account", event.User}, {"user_group", event.Group}, {"project", event.Project}} {
		var ids []string
		if err := db.Raw("DELETE FROM "+part.table+" WHERE domain_id = ? RETURNING id", id).Scan(&ids).Error; err != nil {
			return err
		}
		for _, gone := range ids {
			ev := event.Event{Action: string(part.kind) + ".delete", Kind: part.kind, TargetID: gone, DomainID: id,
				Detail: map[string]any{"with_domain": true}}
			if part.kind == event.User {
				ev.UserID = gone
			}
			if err := s.append(db.Statement.Context, ev); err != nil {
				return err
			}
		}
	}
	return s.deleteIdPsOf(db, id)
}

// forgetDefaults clears the default project of the users that the condition finds.
func (s *Store) forgetDefaults(db *gorm.DB, where string, args ...any) error {
	var ids []string
	err := db.Raw("UPDATE user_account SET default_project_id = '' WHERE "+where+" RETURNING id", args...).Scan(&ids).Error
	if err != nil {
		return err
	}
	for _, id := range ids {
		ev := event.Event{Action: "user.update", Kind: event.User, TargetID: id, UserID: id,
			Detail: map[string]any{"default_project_id": nil}}
		if err := s.append(db.Statement.Context, ev); err != nil {
			return err
		}
	}
	return nil
}
