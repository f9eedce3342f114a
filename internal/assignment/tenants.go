package assignment

import (
	"context"
	"slices"
	"strings"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
)

// memberRoles are the names of the role that belonging to a tenant means in the v2.0 API, the first that exists.
// Keystone made _member_ by itself until 2014; whoever comes from there still has it.
var memberRoles = []string{"_member_", "member"}

// MemberRole returns the role of those who belong to a tenant. It fails with Conflict when there is none.
func (s *Service) MemberRole(ctx context.Context) (Role, error) {
	for _, name := range memberRoles {
		page, err := s.ListRoles(ctx, "", listing.Query{Limit: 1}.With("name", name))
		if err != nil {
			return Role{}, err
		}
		if len(page.Items) > 0 {
			return page.Items[0], nil
		}
	}
	return Role{}, fault.New(fault.Conflict, "There is no role that belonging to a tenant could give: make one called member.")
}

// MoveMember takes a role on a project from a user, if it was given there, and gives it on another. Either project
// may be empty. It fails as Grant does.
func (s *Service) MoveMember(ctx context.Context, roleID, userID, from, to string) error {
	g := Grant{RoleID: roleID, UserID: userID, On: OnProject}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if g.TargetID = from; from != "" {
			if err := s.Revoke(ctx, g); err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
		}
		if g.TargetID = to; to != "" {
			return s.Grant(ctx, g)
		}
		return nil
	})
}

// GrantOnce is Grant to a user that fails with Conflict when the role is given already. Of several at once one
// succeeds.
func (s *Service) GrantOnce(ctx context.Context, g Grant) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockUser(ctx, g.UserID); err != nil {
			return err
		}
		held, err := s.store.HasGrant(ctx, g)
		if err != nil {
			return err
		}
		if held {
			return fault.New(fault.Conflict, "User %s already has role %s in tenant %s.", g.UserID, g.RoleID, g.TargetID)
		}
		return s.Grant(ctx, g)
	})
}

// UsersOn returns the users with an effective role on a project, by id.
func (s *Service) UsersOn(ctx context.Context, projectID string) ([]identity.User, error) {
	found, err := s.List(ctx, Query{ProjectID: projectID, Effective: true})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, a := range found.Items {
		ids = append(ids, a.UserID)
	}
	var users []identity.User
	for some := range slices.Chunk(unique(ids), 500) { // databases bound the number of values in a statement
		us, err := s.store.UsersByID(ctx, some)
		if err != nil {
			return nil, err
		}
		users = append(users, us...)
	}
	slices.SortFunc(users, func(a, b identity.User) int { return strings.Compare(a.ID, b.ID) })
	return users, nil
}

// RolesOn returns the effective roles of a user on a project, by name.
func (s *Service) RolesOn(ctx context.Context, userID, projectID string) ([]Role, error) {
	found, err := s.List(ctx, Query{UserID: userID, ProjectID: projectID, Effective: true})
	if err != nil {
		return nil, err
	}
	table, err := s.table(ctx)
	if err != nil {
		return nil, err
	}
	var roles []Role
	for _, a := range found.Items {
		r := table.Role(a.RoleID)
		if r != nil && !slices.ContainsFunc(roles, func(have Role) bool { return have.ID == r.ID }) {
			roles = append(roles, *r)
		}
	}
	slices.SortFunc(roles, func(a, b Role) int { return strings.Compare(a.Name, b.Name) })
	return roles, nil
}
