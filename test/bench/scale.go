package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// The sizes that are compared: the second has a hundred times as many users, projects and assignments. Both have
// the same catalog, which is part of every answer about a token.
const (
	fewUsers, manyUsers = 1_000, 100_000
	usersOfProject      = 10 // each with two roles
	catalogEndpoints    = 1_000
	signedIn, tokensOf  = 100, 10 // people who have tokens, and how many each
	asked               = 1_000   // different requests of a kind
)

// What is measured at each size.
var scaleOrder = []string{
	"user by name", "list page of 100 users", "effective assignments of a project", "validate among many tokens",
	"dry run, page of 100, all have the role", "dry run, page of 100, one in a thousand", counted,
}

// counted reads everybody, so that it grows with them; it has a goal of its own.
const counted = "adoption of second factors"

// scale is what the database holds, and what was measured at each size.
type scale struct {
	*world
	users, projects []string // ids
	rare            string   // id of a role that one in a thousand has
	found           map[int]map[string]measured
}

// measureScale fills one database twice, and measures the same each time.
func (b *bench) measureScale(ctx context.Context) (s *scale, err error) {
	id, err := b.startIdentity(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, id.stop()) }()
	w, err := openWorld(ctx, id.address)
	if err != nil {
		return nil, err
	}
	s = &scale{world: w, found: map[int]map[string]measured{}}
	b.note("making %d endpoints", catalogEndpoints)
	if err := errors.Join(s.makeCatalog(ctx), s.makeRequirements(ctx)); err != nil {
		return nil, id.explain(err)
	}
	for _, users := range []int{fewUsers, manyUsers} {
		b.note("growing to %d users, %d projects and %d assignments", users, users/usersOfProject, 2*users)
		if err := s.grow(ctx, users); err != nil {
			return nil, id.explain(err)
		}
		if s.found[users], err = b.atSize(ctx, s, id); err != nil {
			return nil, id.explain(err)
		}
	}
	return s, nil
}

// atSize measures everything once.
func (b *bench) atSize(ctx context.Context, s *scale, server *process) (map[string]measured, error) {
	found := map[string]measured{}
	for i, requests := range [][]request{s.byName(), s.pages(), s.assignments(), s.validateMany(), s.dryRun(s.reader), s.dryRun(s.rare), s.adoption()} {
		b.note("%s", scaleOrder[i])
		by := *b
		if scaleOrder[i] == counted {
			by.connections = 1 // administrators look at it; nobody asks all the time
		}
		m, err := by.load(ctx, server, requests)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", scaleOrder[i], err)
		}
		found[scaleOrder[i]] = m
	}
	return found, nil
}

// makeCatalog makes services with ten endpoints each.
func (s *scale) makeCatalog(ctx context.Context) error {
	const each = 10
	return atOnce(ctx, catalogEndpoints/each, func(ctx context.Context, i int) error {
		var made struct{ Service struct{ ID string } }
		body := fmt.Sprintf(`{"service":{"type":"kind-%04d","name":"service-%04d"}}`, i, i)
		if err := s.call(ctx, request{method: "POST", path: "/v3/services", body: body}, &made); err != nil {
			return err
		}
		for n := range each {
			body := fmt.Sprintf(`{"endpoint":{"interface":"public","region":"region-%d","service_id":%q,"url":"https://%d.example.org/$(project_id)s"}}`,
				n, made.Service.ID, i)
			if err := s.call(ctx, request{method: "POST", path: "/v3/endpoints", body: body}, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// makeRequirements makes a role that few will have, and requirements that nobody falls under yet: adoption counts them.
func (s *scale) makeRequirements(ctx context.Context) error {
	var made struct{ Role struct{ ID string } }
	if err := s.call(ctx, request{method: "POST", path: "/v3/roles", body: `{"role":{"name":"rare"}}`}, &made); err != nil {
		return err
	}
	s.rare = made.Role.ID
	for _, role := range []string{s.rare, s.reader} {
		body := fmt.Sprintf(`{"requirement":{"role_id":%q,"from":"2999-01-01T00:00:00Z"}}`, role)
		if err := s.call(ctx, request{method: "POST", path: "/v3/mfa/requirements", body: body}, nil); err != nil {
			return err
		}
	}
	return nil
}

// grow makes what is missing to have so many users, and tokens of some of them.
func (s *scale) grow(ctx context.Context, users int) error {
	firstProject, firstUser := len(s.projects), len(s.users)
	s.projects = append(s.projects, make([]string, users/usersOfProject-firstProject)...)
	s.users = append(s.users, make([]string, users-firstUser)...)
	err := atOnce(ctx, len(s.projects)-firstProject, func(ctx context.Context, i int) (err error) {
		i += firstProject
		s.projects[i], err = s.makeProject(ctx, fmt.Sprintf("project-%06d", i))
		return err
	})
	if err != nil {
		return err
	}
	err = atOnce(ctx, len(s.users)-firstUser, func(ctx context.Context, i int) error { return s.join(ctx, firstUser+i, users/signedIn) })
	if err != nil {
		return err
	}
	s.people = make([]person, signedIn)
	return atOnce(ctx, signedIn, func(ctx context.Context, i int) error {
		u := i * users / signedIn
		s.people[i] = person{name: userName(u), project: fmt.Sprintf("project-%06d", u/usersOfProject)}
		return s.signInAs(ctx, &s.people[i], tokensOf)
	})
}

// join makes a user with two roles on a project. One in so many can sign in: passwords take long to store.
func (s *scale) join(ctx context.Context, i, oneIn int) (err error) {
	password := ""
	if i%oneIn == 0 {
		password = userPassword
	}
	if s.users[i], err = s.makeUser(ctx, userName(i), password); err != nil {
		return err
	}
	roles := []string{s.member, s.reader}
	if i%1000 == 7 {
		roles = append(roles, s.rare)
	}
	for _, role := range roles {
		if err := s.grant(ctx, s.projects[i/usersOfProject], s.users[i], role); err != nil {
			return err
		}
	}
	if i%10 != 3 {
		return nil
	}
	body := fmt.Sprintf(`{"credential":{"type":"totp","user_id":%q,"blob":"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}}`, s.users[i])
	return s.call(ctx, request{method: "POST", path: "/v3/credentials", body: body}, nil)
}

func userName(i int) string { return fmt.Sprintf("user-%06d", i) }

func (s *scale) byName() []request {
	return s.requests(func() string { return "/v3/users?domain_id=default&name=" + userName(rand.IntN(len(s.users))) })
}

func (s *scale) pages() []request {
	return s.requests(func() string { return "/v3/users?limit=100&marker=" + s.users[rand.IntN(len(s.users))] })
}

func (s *scale) assignments() []request {
	return s.requests(func() string {
		return "/v3/role_assignments?effective&scope.project.id=" + s.projects[rand.IntN(len(s.projects))]
	})
}

// dryRun reads pages of those who would be refused if a role demanded a second factor.
func (s *scale) dryRun(role string) []request {
	return s.requests(func() string {
		return "/v3/mfa/refusals?limit=100&role_id=" + role + "&marker=" + s.users[rand.IntN(len(s.users))]
	})
}

func (s *scale) adoption() []request {
	return s.requests(func() string { return "/v3/mfa/adoption" })
}

func (s *scale) requests(path func() string) []request {
	all := make([]request, asked)
	for i := range all {
		all[i] = request{method: "GET", path: path(), token: s.admin}
	}
	return all
}

// report prints both sizes beside each other, as Markdown.
func (s *scale) report(w io.Writer, b *bench, loadBefore string) {
	fmt.Fprintf(w, "%s · %s · %s\n", time.Now().UTC().Format(time.DateOnly), b.database, machine())
	fmt.Fprintf(w, "%d connections, %s each, %d endpoints; load average before and after: %s, %s\n\n",
		b.connections, b.duration, catalogEndpoints, loadBefore, loadAverage())
	fmt.Fprintf(w, "| what | p50, %d users | p99 | p50, %d users | p99 | p99 / p99 | goal |\n|---|---:|---:|---:|---:|---:|---:|\n", fewUsers, manyUsers)
	for _, name := range scaleOrder {
		few, many := s.found[fewUsers][name], s.found[manyUsers][name]
		goal := "≤ 2"
		if name == counted {
			goal = "p99 < 1 s"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %.2f | %s |\n", name, span(few.P50), span(few.P99), span(many.P50), span(many.P99),
			float64(many.P99)/float64(few.P99), goal)
	}
}
