package resource

import (
	"context"
	"slices"
)

// Tree is ids of projects by what follows them: another Tree, or nil.
type Tree map[string]any

// Visible decides whether the caller sees a project in a list of relatives.
type Visible func(ctx context.Context, p Project) (bool, error)

// Parents returns what is above a project, nearest first, the domain last; only what visible lets pass.
func (s *Service) Parents(ctx context.Context, id string, visible Visible) ([]Project, error) {
	above, err := s.store.Ancestors(ctx, id)
	if err != nil {
		return nil, err
	}
	return only(ctx, above, visible)
}

// Subtree returns what is below a project, level by level; only what visible lets pass.
func (s *Service) Subtree(ctx context.Context, id string, visible Visible) ([]Project, error) {
	below, err := s.store.Subtree(ctx, id)
	if err != nil {
		return nil, err
	}
	return only(ctx, below, visible)
}

func only(ctx context.Context, ps []Project, visible Visible) ([]Project, error) {
	seen := make([]Project, 0, len(ps))
	for _, p := range ps {
		ok, err := visible(ctx, p)
		if err != nil {
			return nil, err
		}
		if ok {
			seen = append(seen, p)
		}
	}
	return seen, nil
}

// ParentIDs returns the ids above a project, each holding the next one up; nil above a domain.
func (s *Service) ParentIDs(ctx context.Context, id string) (Tree, error) {
	above, err := s.store.Ancestors(ctx, id)
	if err != nil {
		return nil, err
	}
	var outer Tree
	for _, a := range slices.Backward(above) {
		outer = Tree{a.ID: orNull(outer)}
	}
	return outer, nil
}

// SubtreeIDs returns the ids below a project, each holding those below it; nil when there are none.
func (s *Service) SubtreeIDs(ctx context.Context, id string) (Tree, error) {
	below, err := s.store.Subtree(ctx, id)
	if err != nil {
		return nil, err
	}
	children := make(map[string][]string, len(below))
	for _, p := range below {
		children[p.ParentID] = append(children[p.ParentID], p.ID)
	}
	return tree(id, children), nil
}

func tree(id string, children map[string][]string) Tree {
	if len(children[id]) == 0 {
		return nil
	}
	t := Tree{}
	for _, c := range children[id] {
		t[c] = orNull(tree(c, children))
	}
	return t
}

// orNull makes an empty tree the null that the wire wants, rather than a Tree that is nil.
func orNull(t Tree) any {
	if t == nil {
		return nil
	}
	return t
}
