package store

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/keyward/identity/internal/duty"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/pgtest"
)

// dutyWorld has so many users, who all have the role r1 and one in ten a factor; a hundred also have the role r2.
func dutyWorld(users int) []string {
	return []string{
		insert("project (id, name, name_fold, domain_id, parent_id, is_domain, description, enabled, options, extra)",
			"'d' || i, 'd' || i, '', NULL, NULL, TRUE, '', TRUE, '{}', '{}'", 1),
		insert("project (id, name, name_fold, domain_id, parent_id, is_domain, description, enabled, options, extra)",
			"'p' || i, 'p' || i, '', 'd1', 'd1', FALSE, '', TRUE, '{}', '{}'", users/10),
		insert("user_account (id, domain_id, name, name_fold, enabled, default_project_id, options, extra, created_at, auth_version)",
			"'u' || (100000 + i), 'd1', 'n' || i, '', TRUE, '', '{}', '{}', 0, 1", users),
		insert("role (id, name, name_fold, domain_id, options, extra)", "'r' || i, 'r' || i, '', '', '{}', '{}'", 2),
		insert("role_grant (role_id, user_id, group_id, target_kind, target_id, inherited)",
			"'r1', 'u' || (100000 + i), NULL, 'project', 'p' || (1 + (i - 1) / 10), FALSE", users),
		insert("role_grant (role_id, user_id, group_id, target_kind, target_id, inherited)",
			"'r2', 'u' || (99999 + i * "+strconv.Itoa(users/100)+"), NULL, 'project', 'p' || i, FALSE", 100),
		insert("factor (id, user_id, kind, name, state, secret, algorithm, digits, period, last_step, created_at)",
			"'f' || i, 'u' || (100000 + i * 10), 'totp', '', 'active', '', 'SHA1', 6, 30, 0, 0", users/10),
	}
}

// BenchmarkDuties is what the dry run of requirements and the counts of adoption take, with a few users and with many.
func BenchmarkDuties(b *testing.B) {
	everyone := duty.Circle{Requirement: duty.Requirement{ID: "a", On: duty.OfRole, TargetID: "r1"}, Roles: []string{"r1"}}
	few := duty.Circle{Requirement: duty.Requirement{ID: "b", On: duty.OfRole, TargetID: "r2"}, Roles: []string{"r2"}}
	domain := duty.Circle{Requirement: duty.Requirement{ID: "c", On: duty.OfDomain, TargetID: "d1"}}
	project := duty.Circle{Requirement: duty.Requirement{ID: "e", On: duty.OfProject, TargetID: "p7"}, Above: []string{"p7", "d1"}}
	grace := everyone
	grace.GraceDays = 10
	at := time.UnixMicro(1e15)
	for _, users := range []int{1000, 100_000} {
		for name, url := range map[string]func() string{
			"sqlite":   func() string { return "sqlite://" + filepath.Join(b.TempDir(), "identity.db") },
			"postgres": func() string { return pgtest.URL(b) },
		} {
			s, err := Open(b.Context(), Options{URL: url(), Now: time.Now, NewID: func() string { return "" }})
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Migrate(b.Context()); err != nil {
				b.Fatal(err)
			}
			sqls := dutyWorld(users)
			if s.pg != nil {
				sqls = append(sqls, "ANALYZE")
			}
			for _, sql := range sqls {
				if err := exempted(s.writer).Exec(sql).Error; err != nil {
					b.Fatal(err)
				}
			}
			page := func(what string, least int, circles ...duty.Circle) {
				b.Run(name+"/"+strconv.Itoa(users)+"/page of "+what, func(b *testing.B) {
					for b.Loop() {
						p, err := s.Owing(b.Context(), circles, at, listing.Query{Limit: 100, Marker: "u100"})
						if err != nil || len(p.Items) < least {
							b.Fatalf("%d of %d: %v", len(p.Items), least, err)
						}
					}
				})
			}
			page("a role that all have", 100, everyone)
			page("a role that few have", 100, few)
			page("a domain", 100, domain)
			page("a project", 9, project)
			page("those whose grace has not begun", 0, grace)
			page("four requirements", 100, everyone, few, domain, project)
			b.Run(name+"/"+strconv.Itoa(users)+"/adoption", func(b *testing.B) {
				for b.Loop() {
					if _, err := s.Adoption(b.Context(), []duty.Circle{everyone, few, domain, project}, at); err != nil {
						b.Fatal(err)
					}
				}
			})
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
