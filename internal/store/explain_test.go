package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/listing"
)

// A table of this size shows which index a database takes; both plan by estimates.
var atSize = []string{
	insert("project (id, name, name_fold, domain_id, parent_id, is_domain, description, enabled, options, extra)",
		"'d' || i, 'd' || i, '', NULL, NULL, TRUE, '', TRUE, '{}', '{}'", 50),
	insert("project (id, name, name_fold, domain_id, parent_id, is_domain, description, enabled, options, extra)",
		"'p' || i, 'p' || i, '', 'd' || (i % 50 + 1), 'd' || (i % 50 + 1), FALSE, '', TRUE, '{}', '{}'", 6000),
	insert("project_tag (project_id, name)", "'p' || i, 't' || (i % 2000)", 6000),
	insert("user_account (id, domain_id, name, name_fold, enabled, default_project_id, options, extra, created_at, auth_version, password_expires_at)",
		"'u' || i, 'd' || (i % 50 + 1), 'n' || i, '', TRUE, '', '{}', '{}', 0, 1, CASE WHEN i % 100 = 0 THEN i END", 10000),
	insert("user_group (id, domain_id, name, name_fold, extra)", "'g' || i, 'd' || (i % 50 + 1), 'n' || i, '', '{}'", 5000),
	insert("membership (group_id, user_id)", "'g' || (i % 5000 + 1), 'u' || i", 10000),
	insert("role (id, name, name_fold, domain_id, options, extra)", "'r' || i, 'r' || i, '', '', '{}', '{}'", 500),
	insert("role_grant (role_id, user_id, group_id, target_kind, target_id, inherited)",
		"'r' || (i % 500 + 1), 'u' || (i % 10000 + 1), NULL, 'project', 'p' || (i % 6000 + 1), FALSE", 15000),
	insert("role_grant (role_id, user_id, group_id, target_kind, target_id, inherited)",
		"'r' || (i % 500 + 1), NULL, 'g' || (i % 5000 + 1), 'project', 'p' || (i % 6000 + 1), FALSE", 15000),
	insert("region (id, description, parent_id, extra)", "'x' || i, '', NULL, '{}'", 50),
	insert("region (id, description, parent_id, extra)", "'y' || i, '', 'x' || (i % 50 + 1), '{}'", 1000),
	insert("service (id, type, type_fold, name, name_fold, enabled, extra)", "'s' || i, 't' || i, '', 'n' || i, '', TRUE, '{}'", 1000),
	insert("endpoint (id, interface, service_id, url, region_id, enabled, extra)",
		"'e' || i, 'public', 's' || (i % 1000 + 1), 'http://e', 'y' || (i % 1000 + 1), TRUE, '{}'", 5000),
	insert("event (at, action, outcome, kind, target_id, user_id, domain_id, detail, revoking, actor_id, request_id, address, user_agent)",
		"i, CASE WHEN i % 20 = 0 THEN 'user.delete' ELSE 'token.issue' END, '', '', 'gone' || i, '', '', '{}', i % 20 = 0, '', '', '', ''", 20000),
}

func insert(into, values string, rows int) string {
	return fmt.Sprintf("INSERT INTO %s WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT %s FROM n", into, rows, values)
}

// plans collects the plan of every query that is run. It tells what the planner knows when it plans: SQLite is
// never told the sizes of the tables, as in production; PostgreSQL finds them out by itself.
type plans struct {
	t    *testing.T
	s    *Store
	seen []string
}

func explaining(t *testing.T, s *Store) *plans {
	t.Helper()
	for _, sql := range atSize {
		if err := exempted(s.writer).Exec(sql).Error; err != nil {
			t.Fatalf("%v: %s", err, sql)
		}
	}
	if s.pg != nil {
		if err := exempted(s.writer).Exec("ANALYZE").Error; err != nil {
			t.Fatal(err)
		}
	}
	p := &plans{t: t, s: s}
	cb := s.reader.Callback()
	if err := cb.Query().After("gorm:query").Register("test:plan", p.note); err != nil {
		t.Fatal(err)
	}
	if err := cb.Row().After("gorm:row").Register("test:plan", p.note); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *plans) note(db *gorm.DB) {
	sql := db.Statement.SQL.String()
	if strings.Contains(sql, "project_tag") && !strings.Contains(sql, "project_tag WHERE name") {
		return // the tags of what was found, by the primary key, unless a small table is as cheap to read
	}
	explain := "EXPLAIN "
	if p.s.pg == nil {
		explain = "EXPLAIN QUERY PLAN "
	}
	rows, err := p.s.pools[len(p.s.pools)-1].QueryContext(p.t.Context(), explain+sql, db.Statement.Vars...)
	if err != nil {
		p.t.Errorf("%v: %s", err, sql)
		return
	}
	defer func() { _ = rows.Close() }()
	plan := sql
	for rows.Next() {
		var line string
		var n [3]int
		if p.s.pg != nil {
			err = rows.Scan(&line)
		} else {
			err = rows.Scan(&n[0], &n[1], &n[2], &line)
		}
		if err != nil {
			p.t.Error(err)
		}
		plan += "\n\t" + line
	}
	if rows.Err() != nil {
		p.t.Error(rows.Err())
	}
	p.seen = append(p.seen, plan)
}

// of returns the plans of what do runs.
func (p *plans) of(do func() error) string {
	p.t.Helper()
	p.seen = nil
	if err := do(); err != nil {
		p.t.Error(err)
	}
	return strings.Join(p.seen, "\n")
}

// Every filter that finds few of many rows does so by an index, on a whole list and on a page far into it.
func TestFiltersUseIndexes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *Store) {
		p := explaining(t, s)
		lists := map[string]func(listing.Query) error{
			"users":     func(q listing.Query) error { _, err := s.ListUsers(t.Context(), q); return err },
			"members":   func(q listing.Query) error { _, err := s.ListMembers(t.Context(), "g7", q); return err },
			"groups":    func(q listing.Query) error { _, err := s.ListGroups(t.Context(), q); return err },
			"of user":   func(q listing.Query) error { _, err := s.ListGroupsOfUser(t.Context(), "u7", q); return err },
			"projects":  func(q listing.Query) error { _, err := s.ListProjects(t.Context(), q); return err },
			"roles":     func(q listing.Query) error { _, err := s.ListRoles(t.Context(), q); return err },
			"regions":   func(q listing.Query) error { _, err := s.ListRegions(t.Context(), q); return err },
			"services":  func(q listing.Query) error { _, err := s.ListServices(t.Context(), q); return err },
			"endpoints": func(q listing.Query) error { _, err := s.ListEndpoints(t.Context(), q); return err },
		}
		for _, c := range []struct {
			list, attr, value string
			marker            string
			index             string // one of these, by words
		}{
			{"users", "domain_id", "d7", "u506", "user_account_page user_account_name"},
			{"users", "name", "n7", "", "user_account_by_name"},
			{"users", "password_expires_at", "lt:1970-01-01T00:00:00.000300Z", "", "user_account_expiry"},
			{"users", "password_expires_at", "1970-01-01T00:00:00.000300Z", "", "user_account_expiry"},
			{"members", "enabled", "true", "u506", "membership_pkey sqlite_autoindex_membership_1"},
			{"groups", "domain_id", "d7", "g506", "user_group_page user_group_name"},
			{"groups", "name", "n7", "", "user_group_by_name"},
			{"of user", "name__", "", "", "membership_of_user"},
			{"projects", "domain_id", "d7", "p506", "project_page project_name"},
			{"projects", "parent_id", "d7", "p506", "project_children"},
			{"projects", "name", "p7", "", "project_by_name"},
			{"projects", "is_domain", "true", "d20", "project_domains"},
			{"projects", "tags", "t7", "", "project_tag_name"},
			{"projects", "tags", "t7,t8", "", "project_tag_name"},
			{"projects", "tags-any", "t7,t8", "", "project_tag_name"},
			{"roles", "name", "r7", "", "role_name"},
			{"regions", "parent_region_id", "x7", "", "region_parent"},
			{"services", "type", "t7", "", "service_type"},
			{"services", "name", "n7", "", "service_name"},
			{"endpoints", "service_id", "s7", "", "endpoint_service"},
			{"endpoints", "region_id", "y7", "", "endpoint_region"},
		} {
			q := listing.Query{Limit: 100, Marker: c.marker}
			if !strings.HasSuffix(c.attr, "__") {
				q = q.With(c.attr, c.value)
			}
			if c.list == "roles" {
				q = q.With("domain_id", "")
			}
			check(t, c.list+" by "+c.attr, p.of(func() error { return lists[c.list](q) }), c.index)
		}
		grantPlans(t, s, p)
		revokingPlans(t, s, p)
		markerPlans(t, s, p)
	})
}

func grantPlans(t *testing.T, s *Store, p *plans) {
	t.Helper()
	for what, c := range map[string]struct {
		f     assignment.Filter
		index string
	}{
		"a user":               {assignment.Filter{UserID: "u7"}, "role_grant_of_user"},
		"a user or its groups": {assignment.Filter{UserID: "u7", UserOrItsGroups: true}, "role_grant_of_group"},
		"a group":              {assignment.Filter{GroupID: "g7"}, "role_grant_of_group"},
		"a role":               {assignment.Filter{RoleID: "r7"}, "role_grant_once"},
		"a project":            {assignment.Filter{On: assignment.OnProject, TargetIDs: []string{"p7"}}, "role_grant_on_target"},
		"projects":             {assignment.Filter{On: assignment.OnProject, TargetIDs: []string{"p7", "p8"}}, "role_grant_on_target"},
		"the system":           {assignment.Filter{On: assignment.OnSystem}, "role_grant_on_target"},
	} {
		check(t, "grants of "+what, p.of(func() error { _, err := s.Grants(t.Context(), c.f); return err }), c.index)
	}
}

func revokingPlans(t *testing.T, s *Store, p *plans) {
	t.Helper()
	for what, after := range map[string]time.Time{"the first": {}, "those behind one": time.UnixMicro(15000)} {
		check(t, "revoking events, "+what, p.of(func() error {
			evs, err := s.Revoking(t.Context(), time.UnixMicro(10000), after, 15000, 100)
			if len(evs) != 100 {
				t.Errorf("%s: got %d events", what, len(evs))
			}
			return err
		}), "event_revoking")
	}
}

func markerPlans(t *testing.T, s *Store, p *plans) {
	t.Helper()
	users := func(q listing.Query) func() error {
		q.Limit = 100
		return func() error { _, err := s.ListUsers(t.Context(), q); return err }
	}
	pkey := "user_account_pkey sqlite_autoindex_user_account_1"
	check(t, "a page by id", p.of(users(listing.Query{Marker: "u506"})), pkey)
	check(t, "a page by name", p.of(users(listing.Query{Marker: "u506", Sort: "name"})), "user_account_by_name")
	check(t, "a page by name, backwards", p.of(users(listing.Query{Marker: "u506", Sort: "name", Desc: true})), "user_account_by_name")
	check(t, "a deleted marker", p.of(users(listing.Query{Marker: "gone40"})), "event_deleted")
}

// check fails unless the plan uses one of the indexes and reads no table from end to end.
func check(t *testing.T, what, plan, indexes string) {
	t.Helper()
	used := false
	for name := range strings.FieldsSeq(indexes) {
		used = used || strings.Contains(plan, name+" ") || strings.HasSuffix(plan, name) || strings.Contains(plan, name+"\n")
	}
	if !used {
		t.Errorf("%s does not use %s:\n%s", what, indexes, plan)
	}
	for line := range strings.Lines(plan) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "Seq Scan on") || strings.HasPrefix(line, "SCAN ") && !strings.Contains(line, "INDEX") && line != "SCAN CONSTANT ROW" {
			t.Errorf("%s reads a whole table:\n%s", what, plan)
		}
	}
}
