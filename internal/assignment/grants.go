package assignment

import (
	"context"
	"maps"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// Parts are the objects that a grant joins. What the grant does not name, or what does not exist, is nil.
type Parts struct {
	Role    *Role
	User    *identity.User
	Group   *identity.Group
	Project *resource.Project
	Domain  *resource.Domain
}

// PolicyAttrs is what a rule may know about the parts that exist. Absent parts have no attributes, and rules
// that name them refuse.
func (p Parts) PolicyAttrs() policy.Attrs {
	all := policy.Attrs{}
	if p.Role != nil {
		maps.Copy(all, p.Role.PolicyAttrs())
	}
	if p.User != nil {
		maps.Copy(all, p.User.PolicyAttrs())
	}
	if p.Group != nil {
		maps.Copy(all, p.Group.PolicyAttrs())
	}
	if p.Project != nil {
		maps.Copy(all, p.Project.PolicyAttrs())
	}
	if p.Domain != nil {
		maps.Copy(all, p.Domain.PolicyAttrs())
	}
	return all
}

// Parts reads what a grant joins; an empty id is not looked for. It returns what it found and, when something
// is missing, NotFound for the first of role, user or group, and target.
func (s *Service) Parts(ctx context.Context, g Grant) (Parts, error) {
	return s.parts(ctx, g, false)
}

// Leftovers is Parts for taking grants away: a missing user or group is no error.
func (s *Service) Leftovers(ctx context.Context, g Grant) (Parts, error) {
	return s.parts(ctx, g, true)
}

func (s *Service) parts(ctx context.Context, g Grant, tolerant bool) (Parts, error) {
	var p Parts
	var absent error
	// failed reports whether err ends the reading; a missing object is only remembered.
	failed := func(err error, forgive bool) bool {
		if fault.Is(err, fault.NotFound) {
			if absent == nil && !forgive {
				absent = err
			}
			return false
		}
		return err != nil
	}
	var err error
	if p.Role, err = find(ctx, g.RoleID, s.store.Role); failed(err, false) {
		return p, err
	}
	if p.User, err = find(ctx, g.UserID, s.store.User); failed(err, tolerant) {
		return p, err
	}
	if p.Group, err = find(ctx, g.GroupID, s.store.Group); failed(err, tolerant) {
		return p, err
	}
	switch g.On {
	case OnProject:
		p.Project, err = find(ctx, g.TargetID, s.store.Project)
	case OnDomain:
		p.Domain, err = find(ctx, g.TargetID, s.domain)
	case OnSystem:
		err = nil
	}
	if failed(err, false) {
		return p, err
	}
	return p, absent
}

// find reads what the id names; nothing for the empty id.
func find[T any](ctx context.Context, id string, read func(context.Context, string) (T, error)) (*T, error) {
	if id == "" {
		return nil, nil
	}
	v, err := read(ctx, id)
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// domain returns a domain; the id of a project is not found.
func (s *Service) domain(ctx context.Context, id string) (resource.Domain, error) {
	p, err := s.store.Project(ctx, id)
	if fault.Is(err, fault.NotFound) || err == nil && !p.IsDomain {
		err = fault.New(fault.NotFound, "Could not find domain: %s.", id)
	}
	return resource.Domain{Project: p}, err
}

// Grant gives a role, and does nothing when it is given already. It fails with NotFound when the role, the
// user or group, or the target does not exist; with Forbidden when a role of a domain is given on a project
// outside of that domain; and with BadRequest when it is given on the system.
func (s *Service) Grant(ctx context.Context, g Grant) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		p, err := s.Parts(ctx, g)
		if err != nil {
			return err
		}
		if err := mayGrant(g, p); err != nil {
			return err
		}
		return s.store.CreateGrant(ctx, g)
	})
}

// mayGrant holds roles of a domain inside of their domain: they are given on its projects and not on the system.
// On another domain they may be given, as in Keystone, and say nothing there but what they imply.
func mayGrant(g Grant, p Parts) error {
	if p.Role == nil || p.Role.DomainID == "" {
		return nil
	}
	switch g.On {
	case OnProject:
		if p.Project.DomainID == p.Role.DomainID || p.Project.ID == p.Role.DomainID {
			return nil
		}
	case OnDomain:
		return nil
	case OnSystem:
		return fault.New(fault.BadRequest, "The role %s belongs to a domain and cannot be given on the system.", g.RoleID)
	}
	return fault.New(fault.Forbidden, "The role %s belongs to another domain than the project %s.", g.RoleID, g.TargetID)
}

// Revoke takes a role away. It fails with NotFound when the role or target does not exist or there is no such
// grant. A missing user or group is not looked for: what they left behind can be removed.
func (s *Service) Revoke(ctx context.Context, g Grant) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.Leftovers(ctx, g); err != nil {
			return err
		}
		if err := s.need(ctx, g); err != nil {
			return err
		}
		return s.store.DeleteGrant(ctx, g)
	})
}

// CheckGrant fails with NotFound unless the grant and everything it joins exist.
func (s *Service) CheckGrant(ctx context.Context, g Grant) error {
	if _, err := s.Parts(ctx, g); err != nil {
		return err
	}
	return s.need(ctx, g)
}

func (s *Service) need(ctx context.Context, g Grant) error {
	held, err := s.store.HasGrant(ctx, g)
	if err == nil && !held {
		err = fault.New(fault.NotFound, "Could not find role assignment with role: %s.", g.RoleID)
	}
	return err
}

// Granted returns the roles given on exactly the target to exactly the user or group, inherited or plain as g
// says; its RoleID is not looked at. It fails with NotFound when the user, group or target does not exist.
func (s *Service) Granted(ctx context.Context, g Grant) ([]Role, error) {
	g.RoleID = ""
	if _, err := s.Parts(ctx, g); err != nil {
		return nil, err
	}
	f := Filter{UserID: g.UserID, GroupID: g.GroupID, On: g.On, Inherited: &g.Inherited}
	if g.TargetID != "" {
		f.TargetIDs = []string{g.TargetID}
	}
	grants, err := s.store.Grants(ctx, f)
	if err != nil || len(grants) == 0 {
		return nil, err
	}
	table, err := s.table(ctx)
	if err != nil {
		return nil, err
	}
	var out []Role
	for _, held := range grants {
		if r := table.Role(held.RoleID); r != nil {
			out = append(out, *r)
		}
	}
	return out, nil
}

// table reads all roles and implications.
func (s *Service) table(ctx context.Context) (*Table, error) {
	roles, err := s.store.AllRoles(ctx)
	if err != nil {
		return nil, err
	}
	implications, err := s.store.Implications(ctx)
	if err != nil {
		return nil, err
	}
	return NewTable(roles, implications), nil
}
