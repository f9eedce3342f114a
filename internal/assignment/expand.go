package assignment

import (
	"context"

	"github.com/keyward/identity/internal/resource"
)

// listEffective reads the grants that may matter and expands them. Assignments on the system are listed only
// when they are asked for: Keystone never lists them here, and then lists everything else instead.
func (s *Service) listEffective(ctx context.Context, q Query) ([]Assignment, error) {
	if q.UserID != "" && q.Within == "" {
		if _, err := s.store.User(ctx, q.UserID); err != nil {
			return nil, err
		}
	}
	x := expansion{query: q}
	grants, err := s.candidates(ctx, q, &x)
	if err != nil {
		return nil, err
	}
	if grants, err = s.narrow(ctx, grants, q); err != nil {
		return nil, err
	}
	if x.table, err = s.table(ctx); err != nil {
		return nil, err
	}
	if x.below == nil {
		var roots []string
		for _, g := range grants {
			if g.Inherited {
				roots = append(roots, g.TargetID)
			}
		}
		below, err := s.store.ProjectsBelow(ctx, unique(roots))
		if err != nil {
			return nil, err
		}
		x.below = children(below)
	}
	if q.UserID == "" {
		var groups []string
		for _, g := range grants {
			groups = append(groups, g.GroupID)
		}
		if x.members, err = s.store.MembersOf(ctx, unique(groups)); err != nil {
			return nil, err
		}
	}
	return x.expand(grants), nil
}

// candidates returns the grants from which effective assignments in the query's scope can follow, and tells x
// the projects that are wanted if not all are.
func (s *Service) candidates(ctx context.Context, q Query, x *expansion) ([]Grant, error) {
	f := Filter{UserID: q.UserID, UserOrItsGroups: q.UserID != ""}
	switch {
	case q.System:
		f.On = OnSystem
		return s.store.Grants(ctx, f)
	case q.DomainID != "":
		plain := false
		f.On, f.TargetIDs, f.Inherited = OnDomain, []string{q.DomainID}, &plain
		return s.store.Grants(ctx, f)
	case q.ProjectID == "":
		return s.store.Grants(ctx, f)
	}
	var tree []resource.Project
	var err error
	if q.Subtree {
		if tree, err = s.subtree(ctx, q.ProjectID); err != nil {
			return nil, err
		}
	}
	above, err := s.store.Ancestors(ctx, q.ProjectID)
	if err != nil {
		return nil, err
	}
	x.wanted = map[string]bool{q.ProjectID: true}
	for _, p := range tree {
		x.wanted[p.ID] = true
	}
	x.below = children(tree)
	at := q.ProjectID
	for _, p := range above { // the way down from the domain to the project
		x.below[p.ID] = append(x.below[p.ID], at)
		at = p.ID
	}
	f.On, f.TargetIDs = OnProject, append(append([]string{q.ProjectID}, ids(tree)...), ids(above)...)
	grants, err := s.grants(ctx, f)
	if err != nil {
		return nil, err
	}
	inherited := true // a domain's inherited grants; at is the domain
	f.On, f.TargetIDs, f.Inherited = OnDomain, []string{at}, &inherited
	more, err := s.store.Grants(ctx, f)
	return append(grants, more...), err
}

// children maps ids to the ids directly below.
func children(projects []resource.Project) map[string][]string {
	below := make(map[string][]string, len(projects))
	for _, p := range projects {
		below[p.ParentID] = append(below[p.ParentID], p.ID)
	}
	return below
}

// expansion turns grants into effective assignments. It is pure: everything it needs has been read.
type expansion struct {
	query Query
	table *Table
	// below are the projects directly below an id.
	below map[string][]string
	// wanted are the projects to list; nil means all.
	wanted map[string]bool
	// members are the users of the groups; with a user in the query all groups are that user's.
	members map[string][]string
}

// expand makes one entry for each user, concrete target and implication. What one grant gives is listed once;
// two grants that give the same are two entries, for their links tell them apart.
func (x *expansion) expand(grants []Grant) []Assignment {
	var out []Assignment
	for _, g := range grants {
		steps := x.table.Steps(g.RoleID)
		for _, on := range x.targets(g) {
			for _, userID := range x.users(g) {
				for _, step := range steps {
					if x.query.RoleID != "" && step.Role.ID != x.query.RoleID {
						continue
					}
					entry := Assignment{Grant: on, By: g, PriorRoleID: step.PriorRoleID}
					entry.UserID, entry.GroupID, entry.RoleID = userID, "", step.Role.ID
					out = append(out, entry)
				}
			}
		}
	}
	return out
}

func (x *expansion) users(g Grant) []string {
	switch {
	case g.GroupID == "":
		return []string{g.UserID}
	case x.query.UserID != "":
		return []string{x.query.UserID}
	}
	return x.members[g.GroupID]
}

// targets returns the grant once for each place where it holds.
func (x *expansion) targets(g Grant) []Grant {
	if g.On == OnSystem {
		if x.query.System {
			return []Grant{g}
		}
		return nil
	}
	if !g.Inherited {
		if g.On == OnProject && x.wanted != nil && !x.wanted[g.TargetID] {
			return nil
		}
		return []Grant{g}
	}
	var out []Grant
	seen := map[string]bool{g.TargetID: true}
	for queue := []string{g.TargetID}; len(queue) > 0; queue = queue[1:] {
		for _, id := range x.below[queue[0]] {
			if seen[id] {
				continue
			}
			seen[id] = true
			queue = append(queue, id)
			if x.wanted == nil || x.wanted[id] {
				on := g
				on.On, on.TargetID = OnProject, id
				out = append(out, on)
			}
		}
	}
	return out
}
