package assignment

import (
	"context"
	"slices"
	"strings"

	"github.com/keyward/identity/internal/fault"
)

// Inference is a role with the roles that it directly implies, ordered by name.
type Inference struct {
	Prior   Role
	Implies []Role
}

// Implied returns what a role directly implies. It fails with NotFound.
func (s *Service) Implied(ctx context.Context, priorID string) (Inference, error) {
	prior, err := s.store.Role(ctx, priorID)
	if err != nil {
		return Inference{}, err
	}
	all, err := s.inferences(ctx)
	for _, i := range all {
		if i.Prior.ID == prior.ID {
			return i, err
		}
	}
	return Inference{Prior: prior}, err
}

// Implication returns the two roles when the first directly implies the second. It fails with NotFound when
// either does not exist or there is no such implication.
func (s *Service) Implication(ctx context.Context, priorID, impliedID string) (prior, implied Role, err error) {
	if prior, err = s.store.Role(ctx, priorID); err != nil {
		return prior, implied, err
	}
	if implied, err = s.store.Role(ctx, impliedID); err != nil {
		return prior, implied, err
	}
	all, err := s.store.Implications(ctx)
	if err == nil && !slices.Contains(all, Implication{priorID, impliedID}) {
		err = errNotImplied(priorID, impliedID)
	}
	return prior, implied, err
}

// Imply lets one role imply another and returns both. It fails with NotFound when either does not exist; with
// BadRequest when a role would come to imply itself, directly or through others; with Forbidden when the
// implied role is admin, or when a global role would imply a role of a domain; and with Conflict when it is
// implied already.
func (s *Service) Imply(ctx context.Context, priorID, impliedID string) (prior, implied Role, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err = s.store.LockImplications(ctx); err != nil { // two that close a ring must see each other
			return err
		}
		if prior, err = s.store.Role(ctx, priorID); err != nil {
			return err
		}
		if implied, err = s.store.Role(ctx, impliedID); err != nil {
			return err
		}
		if err = s.mayImply(ctx, prior, implied); err != nil {
			return err
		}
		return s.store.CreateImplication(ctx, Implication{priorID, impliedID})
	})
	return prior, implied, err
}

func (s *Service) mayImply(ctx context.Context, prior, implied Role) error {
	switch {
	case implied.Name == prohibitedImpliedRole:
		return fault.New(fault.Forbidden, "The role %s may not be implied by others.", implied.Name)
	case prior.DomainID == "" && implied.DomainID != "":
		return fault.New(fault.Forbidden, "A global role may not imply a role of a domain.")
	}
	all, err := s.store.Implications(ctx)
	if err != nil {
		return err
	}
	if reaches(all, implied.ID, prior.ID) {
		return fault.New(fault.BadRequest, "The role %s would imply itself.", prior.ID)
	}
	return nil
}

// reaches reports whether to is from or is implied by it through any number of steps.
func reaches(all []Implication, from, to string) bool {
	next := map[string][]string{}
	for _, i := range all {
		next[i.PriorRoleID] = append(next[i.PriorRoleID], i.ImpliedRoleID)
	}
	seen := map[string]bool{from: true}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		if queue[0] == to {
			return true
		}
		for _, id := range next[queue[0]] {
			if !seen[id] {
				seen[id] = true
				queue = append(queue, id)
			}
		}
	}
	return false
}

// Unimply stops one role from directly implying another. It fails with NotFound when it does not.
func (s *Service) Unimply(ctx context.Context, priorID, impliedID string) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if _, _, err := s.Implication(ctx, priorID, impliedID); err != nil {
			return err
		}
		return s.store.DeleteImplication(ctx, Implication{priorID, impliedID})
	})
}

// Inferences returns every role that directly implies others, ordered by name.
func (s *Service) Inferences(ctx context.Context) ([]Inference, error) { return s.inferences(ctx) }

func (s *Service) inferences(ctx context.Context) ([]Inference, error) {
	roles, err := s.store.AllRoles(ctx)
	if err != nil {
		return nil, err
	}
	implications, err := s.store.Implications(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]Role, len(roles))
	for _, r := range roles {
		byID[r.ID] = r
	}
	implied := map[string][]Role{}
	for _, i := range implications {
		if r, ok := byID[i.ImpliedRoleID]; ok {
			implied[i.PriorRoleID] = append(implied[i.PriorRoleID], r)
		}
	}
	byName := func(a, b Role) int { return strings.Compare(a.Name+"\x00"+a.ID, b.Name+"\x00"+b.ID) }
	slices.SortFunc(roles, byName)
	var out []Inference
	for _, r := range roles {
		if list := implied[r.ID]; len(list) > 0 {
			slices.SortFunc(list, byName)
			out = append(out, Inference{r, list})
		}
	}
	return out, nil
}

func errNotImplied(priorID, impliedID string) error {
	return fault.New(fault.NotFound, "Role %s does not imply role %s.", priorID, impliedID)
}
