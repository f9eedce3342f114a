package server

import (
	"context"
	"slices"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/device"
	"github.com/keyward/identity/internal/facts"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/mfa"
)

// newDevices makes the service of remembered devices, and what the gate asks: nil where the operator wants none.
func (s *Server) newDevices(f *facts.Facts, factors *mfa.Service) (*device.Service, auth.Devices) {
	c := s.cfg.Devices
	rules := device.Rules{
		Factors: func(ctx context.Context, userID string) ([]string, error) {
			active, err := factors.Active(ctx, userID)
			ids := make([]string, len(active))
			for i, x := range active {
				ids[i] = x.ID
			}
			return ids, err
		},
		Forbidden: func(ctx context.Context, u *identity.User) (bool, error) { return forbidsDevices(ctx, c, f, u) },
	}
	d := device.NewService(s.store, s.keys.ring, rules, device.Options{Life: c.Life, Max: c.Max}, s.deps.Now, s.deps.NewID)
	if !c.Enabled {
		return d, nil
	}
	return d, d
}

// forbidsDevices looks at the user's domain, and at every role that the user has anywhere, directly, by a group or by
// implication.
func forbidsDevices(ctx context.Context, c config.Devices, f *facts.Facts, u *identity.User) (bool, error) {
	if slices.Contains(c.ForbiddenDomains, u.DomainID) {
		return true, nil
	}
	if len(c.ForbiddenRoles) == 0 {
		return false, nil
	}
	table, err := f.Table(ctx)
	if err != nil {
		return false, err
	}
	grants, err := f.Grants(ctx, u.ID)
	for _, g := range grants {
		if r := table.Role(g.RoleID); r != nil && slices.Contains(c.ForbiddenRoles, r.Name) {
			return true, err
		}
		for _, r := range table.StandsFor(g.RoleID) {
			if slices.Contains(c.ForbiddenRoles, r.Name) {
				return true, err
			}
		}
	}
	return false, err
}
