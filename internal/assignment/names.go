package assignment

import "context"

// Name is what a list with names tells of something besides its id.
type Name struct {
	Name string
	// DomainID is empty for domains and global roles.
	DomainID string
}

// Names are the names of everything that a list of assignments mentions, by id. What has gone since has the
// empty name, as in Keystone.
type Names struct {
	Users, Groups, Roles map[string]Name
	// Projects holds the domains too.
	Projects map[string]Name
}

// names reads the names for the entries, in one query for each kind of thing.
func (s *Service) names(ctx context.Context, items []Assignment) (*Names, error) {
	n := &Names{Users: map[string]Name{}, Groups: map[string]Name{}, Roles: map[string]Name{}, Projects: map[string]Name{}}
	var users, groups, targets, domains []string
	for _, a := range items {
		users, groups, targets = append(users, a.UserID), append(groups, a.GroupID), append(targets, a.TargetID)
	}
	roles, err := s.store.AllRoles(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		n.Roles[r.ID] = Name{r.Name, r.DomainID}
		domains = append(domains, r.DomainID)
	}
	us, err := s.store.UsersByID(ctx, unique(users))
	if err != nil {
		return nil, err
	}
	for _, u := range us {
		n.Users[u.ID] = Name{u.Name, u.DomainID}
		domains = append(domains, u.DomainID)
	}
	gs, err := s.store.GroupsByID(ctx, unique(groups))
	if err != nil {
		return nil, err
	}
	for _, g := range gs {
		n.Groups[g.ID] = Name{g.Name, g.DomainID}
		domains = append(domains, g.DomainID)
	}
	for _, wanted := range []*[]string{&targets, &domains} {
		ps, err := s.store.ProjectsByID(ctx, unique(*wanted))
		if err != nil {
			return nil, err
		}
		for _, p := range ps {
			n.Projects[p.ID] = Name{p.Name, p.DomainID}
			domains = append(domains, p.DomainID)
		}
	}
	return n, nil
}
