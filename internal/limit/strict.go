package limit

import (
	"context"

	"github.com/keyward/identity/internal/fault"
)

// branch is a domain with its projects, as far as one registered limit goes.
type branch struct{ registered, domain string }

// tree is the limits of some branches: those of the domains, and those of their projects.
type tree struct {
	domains  map[branch]Limit
	projects map[branch][]Limit
}

func (t *tree) add(l Limit) {
	b := branch{l.RegisteredID, l.domain()}
	if l.ProjectID == "" {
		t.domains[b] = l
		return
	}
	t.projects[b] = append(t.projects[b], l)
}

// fits refuses limits, new or changed, that the model does not allow. Only what changes is looked at: limits that
// are too high since the model was another one stand in nobody's way. The caller has locked the registered ones.
func (s *Service) fits(ctx context.Context, changed []Limit, registered map[Key]Registered) error {
	if s.model != StrictTwoLevel {
		return nil
	}
	t, err := s.tree(ctx, changed)
	if err != nil {
		return err
	}
	for _, l := range changed {
		b := branch{l.RegisteredID, l.domain()}
		if l.ProjectID == "" {
			for _, p := range t.projects[b] {
				if above(p.Value, l.Value) {
					return tooHigh(p, l.Value)
				}
			}
			continue
		}
		bound := registered[l.Key].Default
		if d, ok := t.domains[b]; ok {
			bound = d.Value
		}
		if above(l.Value, bound) {
			return tooHigh(l, bound)
		}
	}
	return nil
}

// tree is what there will be with the changes, around them.
func (s *Service) tree(ctx context.Context, changed []Limit) (tree, error) {
	t := tree{domains: map[branch]Limit{}, projects: map[branch][]Limit{}}
	known := make(map[string]bool, len(changed))
	var registered, domains []string
	below := false
	for _, l := range changed {
		known[l.ID] = true
		registered, domains = append(registered, l.RegisteredID), append(domains, l.domain())
		below = below || l.ProjectID == ""
	}
	stored, err := s.store.LimitsIn(ctx, distinct(registered), distinct(domains), below)
	if err != nil {
		return t, err
	}
	for _, l := range stored {
		if !known[l.ID] {
			t.add(l)
		}
	}
	for _, l := range changed {
		t.add(l)
	}
	return t, nil
}

// above reports whether a number is higher than a bound.
func above(n, bound int) bool { return bound != Unlimited && (n == Unlimited || n > bound) }

func tooHigh(l Limit, bound int) error {
	return fault.New(fault.Forbidden, "The limit %d of project %s for the resource %s would be above what its domain allows, %d.",
		l.Value, l.ProjectID, l.ResourceName, bound).Because("limit_tree_exceeded")
}
