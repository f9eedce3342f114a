package assignment

import "context"

// Closures returns, by the name of each global role, the ids of all roles that it stands for, its own first.
func (s *Service) Closures(ctx context.Context) (map[string][]string, error) {
	table, err := s.table(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[string][]string, len(table.roles))
	for id, role := range table.roles {
		if role.DomainID == "" {
			for _, r := range table.StandsFor(id) {
				all[role.Name] = append(all[role.Name], r.ID)
			}
		}
	}
	return all, nil
}
