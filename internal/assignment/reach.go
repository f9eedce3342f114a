package assignment

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/keyward/identity/internal/resource"
)

// ProjectsOf returns the projects on which a user has an effective role: granted to the user or a group of
// the user's, on the project or inherited from above. Disabled ones are among them; domains are not. It takes
// five queries.
func (s *Service) ProjectsOf(ctx context.Context, userID string) ([]resource.Project, error) {
	grants, err := s.giving(ctx, userID)
	if err != nil {
		return nil, err
	}
	var direct, above []string
	for _, g := range grants {
		switch {
		case g.On == OnSystem:
		case g.Inherited:
			above = append(above, g.TargetID)
		case g.On == OnProject:
			direct = append(direct, g.TargetID)
		}
	}
	found := map[string]resource.Project{}
	for _, read := range []struct {
		by  func(context.Context, []string) ([]resource.Project, error)
		ids []string
	}{{s.store.ProjectsByID, unique(direct)}, {s.store.ProjectsBelow, unique(above)}} {
		projects, err := read.by(ctx, read.ids)
		if err != nil {
			return nil, err
		}
		for _, p := range projects {
			if !p.IsDomain {
				found[p.ID] = p
			}
		}
	}
	return slices.SortedFunc(maps.Values(found), byID), nil
}

// HasProjectRole reports whether a user has an effective role on a project. Nobody has one on what does not exist.
func (s *Service) HasProjectRole(ctx context.Context, userID, projectID string) (bool, error) {
	projects, err := s.ProjectsOf(ctx, userID)
	return slices.ContainsFunc(projects, func(p resource.Project) bool { return p.ID == projectID }), err
}

// DomainsOf returns the domains on which a user has an effective role, disabled ones too. Inherited grants
// hold below a domain and do not count.
func (s *Service) DomainsOf(ctx context.Context, userID string) ([]resource.Project, error) {
	grants, err := s.giving(ctx, userID)
	if err != nil {
		return nil, err
	}
	var on []string
	for _, g := range grants {
		if g.On == OnDomain && !g.Inherited {
			on = append(on, g.TargetID)
		}
	}
	domains, err := s.store.ProjectsByID(ctx, unique(on))
	slices.SortFunc(domains, byID)
	return domains, err
}

// HasSystemRole reports whether a user has an effective role on the system.
func (s *Service) HasSystemRole(ctx context.Context, userID string) (bool, error) {
	grants, err := s.giving(ctx, userID)
	return slices.ContainsFunc(grants, func(g Grant) bool { return g.On == OnSystem }), err
}

// giving returns the grants of a user and of the user's groups that give at least one role: one of a domain's
// role that implies nothing does not.
func (s *Service) giving(ctx context.Context, userID string) ([]Grant, error) {
	grants, err := s.store.Grants(ctx, Filter{UserID: userID, UserOrItsGroups: true})
	if err != nil || len(grants) == 0 {
		return nil, err
	}
	table, err := s.table(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(grants), func(g Grant) bool { return len(table.StandsFor(g.RoleID)) == 0 }), nil
}

func byID(a, b resource.Project) int { return strings.Compare(a.ID, b.ID) }
