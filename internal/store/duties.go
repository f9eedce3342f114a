package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/duty"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/mfa"
)

// holdersOf is the condition that a user, u, has a grant, g, that passes a condition, directly or through a group.
func holdersOf(grant condition) condition {
	return condition{
		"u.id IN (SELECT g.user_id FROM role_grant g WHERE g.user_id IS NOT NULL AND (" + grant.where + ")" +
			" UNION ALL SELECT m.user_id FROM membership m JOIN role_grant g ON g.group_id = m.group_id WHERE " + grant.where + ")",
		append(append([]any{}, grant.args...), grant.args...),
	}
}

// inCircle is the condition that a user, u, falls under a requirement.
func inCircle(c duty.Circle) condition {
	switch c.On {
	case duty.OfDomain:
		return condition{"u.domain_id = ?", []any{c.TargetID}}
	case duty.OfGroup:
		return condition{"u.id IN (SELECT m.user_id FROM membership m WHERE m.group_id = ?)", []any{c.TargetID}}
	case duty.OfRole:
		return holdersOf(condition{"g.role_id IN ?", []any{c.Roles}})
	case duty.OfProject:
		grant := condition{"g.target_kind = 'project' AND g.target_id = ? AND NOT g.inherited", []any{c.TargetID}}
		if n := len(c.Above); n > 0 {
			grant.where += " OR g.inherited AND (g.target_kind = 'project' AND g.target_id IN ? OR g.target_kind = 'domain' AND g.target_id = ?)"
			grant.args = append(grant.args, c.Above, c.Above[n-1])
		}
		grant.where = "(" + grant.where + ")"
		return holdersOf(grant)
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
		in.where += " AND u.id IN (SELECT d.user_id FROM mfa_duty d WHERE d.requirement_id = ? AND d.since <= ?)"
		in.args = append(in.args, c.ID, at.AddDate(0, 0, -c.GraceDays).UnixMicro())
	}
	return in
}

// marks are columns c0, c1, … that are 1 where the condition of a circle holds, and what is added up of them.
func marks(circles []duty.Circle, of func(duty.Circle) condition) (columns, sum string, args []any) {
	var cols strings.Builder
	sum = "0"
	for i, c := range circles {
		in := of(c)
		name := "c" + strconv.Itoa(i)
		cols.WriteString(", CASE WHEN " + in.where + " THEN 1 ELSE 0 END AS " + name)
		args = append(args, in.args...)
		sum += " + " + name
	}
	return cols.String(), sum, args
}

const (
	hasFactor = "u.id IN (SELECT f.user_id FROM factor f WHERE f.state = ?)"
	isExempt  = "u.id IN (SELECT x.user_id FROM mfa_exemption x WHERE x.expires_at > ?)"
)

// Owing lists enabled users by id who are overdue at a time, have no active factor and are not exempt then.
func (s *Store) Owing(ctx context.Context, circles []duty.Circle, at time.Time, q listing.Query) (listing.Page[duty.Person], error) {
	var page listing.Page[duty.Person]
	columns, sum, args := marks(circles, func(c duty.Circle) condition { return overdue(c, at) })
	sql := "SELECT * FROM (SELECT u.id, u.name, u.domain_id" + columns + " FROM user_account u WHERE u.enabled AND u.id > ?" +
		" AND NOT " + hasFactor + " AND NOT " + isExempt + ") p WHERE " + sum + " > 0 ORDER BY id"
	args = append(args, q.Marker, string(mfa.Active), at.UnixMicro())
	if q.Limit > 0 {
		sql += " LIMIT ?"
		args = append(args, q.Limit+1)
	}
	if !storable(q.Marker) {
		return page, errText
	}
	err := s.view(ctx, func(db *gorm.DB) error {
		page = listing.Page[duty.Person]{}
		rows, err := db.Raw(sql, args...).Rows()
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
			page.Items = append(page.Items, p)
		}
		return rows.Err()
	})
	if q.Limit > 0 && len(page.Items) > q.Limit {
		page.Items, page.More = page.Items[:q.Limit], true
	}
	return page, err
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
	columns, sum, args := marks(circles, inCircle)
	sql := "SELECT COUNT(*) AS users, COALESCE(SUM(has), 0) AS enrolled, COALESCE(SUM(must * (1 - exempt)), 0) AS required," +
		" COALESCE(SUM(must * (1 - exempt) * has), 0) AS required_enrolled, COALESCE(SUM(must * exempt), 0) AS exempt" +
		" FROM (SELECT has, exempt, CASE WHEN " + sum + " > 0 THEN 1 ELSE 0 END AS must FROM (SELECT" +
		" CASE WHEN " + hasFactor + " THEN 1 ELSE 0 END AS has, CASE WHEN " + isExempt + " THEN 1 ELSE 0 END AS exempt" + columns +
		" FROM user_account u WHERE u.enabled) p) t"
	args = append([]any{string(mfa.Active), now.UnixMicro()}, args...)
	err := s.view(ctx, func(db *gorm.DB) error {
		a = duty.Adoption{}
		return db.Raw(sql, args...).Scan(&a).Error
	})
	return a, err
}
