package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/duty"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/mfa"
)

// throughGrants is the condition that a user, u, has a grant, g, that passes a condition, directly or through a group.
// It asks for one user after the other: there may be as many holders as users.
func throughGrants(grant condition) condition {
	return condition{
		"(EXISTS (SELECT 1 FROM role_grant g WHERE g.user_id = u.id AND " + grant.where + ")" +
			" OR EXISTS (SELECT 1 FROM membership m JOIN role_grant g ON g.group_id = m.group_id WHERE m.user_id = u.id AND " + grant.where + "))",
		append(append([]any{}, grant.args...), grant.args...),
	}
}

// onProject is the condition that a grant, g, holds on the project of a requirement.
func onProject(c duty.Circle) condition {
	grant := condition{"g.target_kind = 'project' AND g.target_id = ? AND NOT g.inherited", []any{c.TargetID}}
	if n := len(c.Above); n > 0 {
		grant.where += " OR g.inherited AND (g.target_kind = 'project' AND g.target_id IN ? OR g.target_kind = 'domain' AND g.target_id = ?)"
		grant.args = append(grant.args, c.Above, c.Above[n-1])
	}
	// What all grants have in common stands for itself: that is what databases look for in an index.
	return condition{"g.target_id IN ? AND (" + grant.where + ")", append([]any{append([]string{c.TargetID}, c.Above...)}, grant.args...)}
}

// inCircle is the condition that a user, u, falls under a requirement.
func inCircle(c duty.Circle) condition {
	switch c.On {
	case duty.OfDomain:
		return condition{"u.domain_id = ?", []any{c.TargetID}}
	case duty.OfGroup:
		return condition{"EXISTS (SELECT 1 FROM membership m WHERE m.group_id = ? AND m.user_id = u.id)", []any{c.TargetID}}
	case duty.OfRole:
		return throughGrants(condition{"g.role_id IN ?", []any{c.Roles}})
	case duty.OfProject:
		return throughGrants(onProject(c))
	}
	return condition{"FALSE", nil}
}

// overdue is inCircle for those whose grace is over at a time.
func overdue(c duty.Circle, at time.Time) condition {
	if at.Before(c.From) {
		return condition{"FALSE", nil}
	}
	in := inCircle(c)
	if c.GraceDays > 0 {
		in.where += " AND EXISTS (SELECT 1 FROM mfa_duty d WHERE d.requirement_id = ? AND d.user_id = u.id AND d.since <= ?)"
		in.args = append(in.args, c.ID, at.AddDate(0, 0, -c.GraceDays).UnixMicro())
	}
	return in
}

// source finds users in the order of their ids without looking at all of them: a table that an index reads in that order,
// or one of which few rows are meant.
type source struct {
	id, from string // the column of the user's id, and the table with its name
	condition
}

// sources are where everybody of whom overdue is true is found.
func sources(c duty.Circle, at time.Time) []source {
	switch {
	case at.Before(c.From):
		return nil
	case c.GraceDays > 0:
		return []source{{"d.user_id", "mfa_duty d", condition{"d.requirement_id = ?", []any{c.ID}}}}
	case c.On != duty.OfRole:
		return circle(c)
	}
	var all []source
	for _, role := range c.Roles { // of one role after the other, so that an index has them in order
		all = append(all, holders([]string{role})...)
	}
	return all
}

// circle is where everybody who falls under a requirement is found.
func circle(c duty.Circle) []source {
	switch c.On {
	case duty.OfDomain:
		return []source{{"o.id", "user_account o", condition{"o.domain_id = ?", []any{c.TargetID}}}}
	case duty.OfGroup:
		return []source{{"m.user_id", "membership m", condition{"m.group_id = ?", []any{c.TargetID}}}}
	case duty.OfProject:
		return granted(onProject(c))
	case duty.OfRole:
		return holders(c.Roles)
	}
	return nil
}

// holders are who has one of the roles.
func holders(roles []string) []source { return granted(condition{"g.role_id IN ?", []any{roles}}) }

// granted is where everybody is found who has a grant, g, that passes a condition. Users and groups are told apart by the
// columns of role_grant_once, word for word.
func granted(grant condition) []source {
	grant.where += " AND COALESCE(g.user_id, '')"
	direct, through := grant, grant
	direct.where += " > ''"
	through.where += " = ''"
	return []source{
		{"COALESCE(g.user_id, '')", "role_grant g", direct},
		{"m.user_id", "role_grant g JOIN membership m ON m.group_id = g.group_id", through},
	}
}

const (
	hasFactor = "EXISTS (SELECT 1 FROM factor f WHERE f.user_id = u.id AND f.state = ?)"
	isExempt  = "EXISTS (SELECT 1 FROM mfa_exemption x WHERE x.user_id = u.id AND x.expires_at > ?)"
)

// Owing lists enabled users by id who are overdue at a time, have no active factor and are not exempt then.
func (s *Store) Owing(ctx context.Context, circles []duty.Circle, at time.Time, q listing.Query) (listing.Page[duty.Person], error) {
	var page listing.Page[duty.Person]
	if !storable(q.Marker) {
		return page, errText
	}
	var ids []string
	for _, c := range circles {
		found, err := s.owingOne(ctx, c, at, q)
		if err != nil {
			return page, err
		}
		ids = append(ids, found...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if q.Limit > 0 && len(ids) > q.Limit {
		ids, page.More = ids[:q.Limit], true
	}
	for part := range slices.Chunk(ids, 500) { // databases bound how many variables a statement may have
		people, err := s.people(ctx, part, circles, at)
		if err != nil {
			return page, err
		}
		page.Items = append(page.Items, people...)
	}
	return page, nil
}

// owingOne are the ids of those who owe by one requirement, one more than the page has.
func (s *Store) owingOne(ctx context.Context, c duty.Circle, at time.Time, q listing.Query) (ids []string, err error) {
	var parts []string
	var args []any
	in := condition{"TRUE", nil} // of who is found in sources for it
	if c.GraceDays > 0 {
		in = overdue(c, at)
	}
	for i, from := range sources(c, at) {
		sql := "SELECT DISTINCT " + from.id + " AS id FROM " + from.from + " JOIN user_account u ON u.id = " + from.id + " WHERE " + from.where +
			" AND " + from.id + " > ? AND u.enabled AND NOT " + hasFactor + " AND NOT " + isExempt + " AND " + in.where + " ORDER BY id"
		args = append(append(args, from.args...), q.Marker, string(mfa.Active), at.UnixMicro())
		args = append(args, in.args...)
		if q.Limit > 0 {
			sql += " LIMIT ?"
			args = append(args, q.Limit+1)
		}
		parts = append(parts, "SELECT id FROM ("+sql+") s"+strconv.Itoa(i))
	}
	if len(parts) == 0 {
		return nil, nil
	}
	err = s.view(ctx, func(db *gorm.DB) error {
		ids = nil
		return db.Raw(strings.Join(parts, " UNION "), args...).Scan(&ids).Error
	})
	return ids, err
}

// people reads who these are and by which requirements they owe.
func (s *Store) people(ctx context.Context, ids []string, circles []duty.Circle, at time.Time) ([]duty.Person, error) {
	var columns strings.Builder
	var args []any
	for _, c := range circles {
		in := overdue(c, at)
		columns.WriteString(", CASE WHEN " + in.where + " THEN 1 ELSE 0 END")
		args = append(args, in.args...)
	}
	sql := "SELECT u.id, u.name, u.domain_id" + columns.String() + " FROM user_account u WHERE u.id IN ? ORDER BY u.id"
	var found []duty.Person
	err := s.view(ctx, func(db *gorm.DB) error {
		found = nil
		rows, err := db.Raw(sql, append(args, ids)...).Rows()
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		under := make([]int, len(circles))
		for rows.Next() {
			var p duty.Person
			into := []any{&p.ID, &p.Name, &p.DomainID}
			for i := range under {
				into = append(into, &under[i])
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			p.RequirementIDs = failing(circles, under)
			found = append(found, p)
		}
		return rows.Err()
	})
	return found, err
}

// failing names the requirements that are marked; one that is only tried out has no id.
func failing(circles []duty.Circle, under []int) []string {
	ids := []string{}
	for i, c := range circles {
		if under[i] == 1 && c.ID != "" {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// Adoption counts enabled users: all, and those in the circles.
func (s *Store) Adoption(ctx context.Context, circles []duty.Circle, now time.Time) (duty.Adoption, error) {
	var a duty.Adoption
	must := []string{"SELECT id FROM user_account WHERE FALSE"}
	args := []any{string(mfa.Active), now.UnixMicro()}
	for _, from := range together(circles) {
		must = append(must, "SELECT "+from.id+" FROM "+from.from+" WHERE "+from.where)
		args = append(args, from.args...)
	}
	// Joins, and not a look at one user after the other: everybody is counted.
	sql := "SELECT COUNT(*) AS users, COUNT(f.user_id) AS enrolled," +
		" COUNT(CASE WHEN x.user_id IS NULL THEN m.id END) AS required," +
		" COUNT(CASE WHEN x.user_id IS NULL AND f.user_id IS NOT NULL THEN m.id END) AS required_enrolled," +
		" COUNT(CASE WHEN x.user_id IS NOT NULL THEN m.id END) AS exempt FROM user_account u" +
		" LEFT JOIN (SELECT DISTINCT user_id FROM factor WHERE state = ?) f ON f.user_id = u.id" +
		" LEFT JOIN mfa_exemption x ON x.user_id = u.id AND x.expires_at > ?" +
		" LEFT JOIN (" + strings.Join(must, " UNION ") + ") m ON m.id = u.id WHERE u.enabled"
	err := s.view(ctx, func(db *gorm.DB) error {
		a = duty.Adoption{}
		return db.Raw(sql, args...).Scan(&a).Error
	})
	return a, err
}

// together is circle of all requirements, in few parts: databases bound how many a union may have.
func together(circles []duty.Circle) []source {
	var roles []string
	var all []source
	for _, c := range circles {
		if c.On == duty.OfRole {
			roles = append(roles, c.Roles...)
		} else {
			all = append(all, circle(c)...)
		}
	}
	return append(all, holders(roles)...)
}
