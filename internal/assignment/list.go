package assignment

import (
	"context"
	"slices"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/resource"
)

// Query says which assignments are wanted. Empty fields do not narrow.
type Query struct {
	UserID, GroupID, RoleID string
	// ProjectID, DomainID and System are the scope; at most one is set.
	ProjectID, DomainID string
	System              bool
	// Inherited, when set, keeps inherited or plain assignments. As in Keystone it does not touch the system's.
	Inherited *bool
	// Effective resolves groups, inheritance and implications to users on concrete targets.
	Effective bool
	// Subtree adds the projects below ProjectID.
	Subtree bool
	// Names asks for the names of everything.
	Names bool
	// Within keeps only what lies in one domain, for callers whose token is scoped to it.
	Within string
}

// Check fails with BadRequest for combinations that make no sense.
func (q Query) Check() error {
	switch {
	case q.UserID != "" && q.GroupID != "":
		return fault.New(fault.BadRequest, "Specify a user or group, not both.")
	case q.ProjectID != "" && q.DomainID != "":
		return fault.New(fault.BadRequest, "Specify a domain or project, not both.")
	case q.System && (q.ProjectID != "" || q.DomainID != ""):
		return fault.New(fault.BadRequest, "Specify the system or a domain or project, not both.")
	case q.Effective && q.GroupID != "":
		return fault.New(fault.BadRequest, "Combining effective and group filter will always result in an empty list.")
	case q.Effective && q.DomainID != "" && q.Inherited != nil && *q.Inherited:
		return fault.New(fault.BadRequest, "Combining effective, domain and inherited filters will always result in an empty list.")
	case q.Subtree && q.ProjectID == "":
		return fault.New(fault.BadRequest, "scope.project.id must be specified if include_subtree is also specified.")
	}
	return nil
}

// Assignment is one entry of the list: a role of a user or group on a target, and the grant it comes from.
type Assignment struct {
	// Grant is what the entry says. Inherited is set for whatever came by inheritance.
	Grant
	// By is the stored grant behind it; the same as Grant unless the list is effective.
	By Grant
	// PriorRoleID is the role that implies this one; empty when the role was granted itself.
	PriorRoleID string
}

// List is the assignments that were asked for.
type List struct {
	Items []Assignment
	// Names is nil unless they were asked for.
	Names *Names
}

// List returns the assignments that match. Unknown ids match nothing; but it fails with NotFound when the
// root of a subtree does not exist, and, unless narrowed to a domain, when effective assignments of a user
// who does not exist are asked for. It takes no query for any single row.
func (s *Service) List(ctx context.Context, q Query) (List, error) {
	if err := q.Check(); err != nil {
		return List{}, err
	}
	var list List
	var err error
	if q.Effective {
		list.Items, err = s.listEffective(ctx, q)
	} else {
		list.Items, err = s.listStored(ctx, q)
	}
	if err == nil && q.Names {
		list.Names, err = s.names(ctx, list.Items)
	}
	return list, err
}

// TreeDomain returns the domain that a project lies in, or the id itself for a domain. It fails with NotFound.
func (s *Service) TreeDomain(ctx context.Context, projectID string) (string, error) {
	p, err := s.store.Project(ctx, projectID)
	if err != nil || p.IsDomain {
		return p.ID, err
	}
	return p.DomainID, nil
}

func (s *Service) listStored(ctx context.Context, q Query) ([]Assignment, error) {
	f := Filter{UserID: q.UserID, GroupID: q.GroupID, RoleID: q.RoleID}
	switch {
	case q.System:
		f.On = OnSystem
	case q.DomainID != "":
		f.On, f.TargetIDs = OnDomain, []string{q.DomainID}
	case q.ProjectID != "":
		f.On, f.TargetIDs = OnProject, []string{q.ProjectID}
	}
	if q.Subtree {
		below, err := s.subtree(ctx, q.ProjectID)
		if err != nil {
			return nil, err
		}
		f.TargetIDs = append(f.TargetIDs, ids(below)...)
	}
	grants, err := s.grants(ctx, f)
	if err != nil {
		return nil, err
	}
	if grants, err = s.narrow(ctx, grants, q); err != nil {
		return nil, err
	}
	out := make([]Assignment, len(grants))
	for i, g := range grants {
		out[i] = Assignment{Grant: g, By: g}
	}
	return out, nil
}

// grants reads the grants that pass the filter, some hundreds of targets at a time: databases bound the number
// of values in a statement.
func (s *Service) grants(ctx context.Context, f Filter) ([]Grant, error) {
	if len(f.TargetIDs) == 0 {
		return s.store.Grants(ctx, f)
	}
	var all []Grant
	for targets := range slices.Chunk(f.TargetIDs, 500) {
		f.TargetIDs = targets
		some, err := s.store.Grants(ctx, f)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// subtree returns what is below a project. It fails with NotFound when the project does not exist.
func (s *Service) subtree(ctx context.Context, id string) ([]resource.Project, error) {
	if _, err := s.store.Project(ctx, id); err != nil {
		return nil, err
	}
	return s.store.Subtree(ctx, id)
}

// narrow drops what the query's inheritance and domain leave out. Inheritance never leaves a domain, so that
// dropping grants is as good as dropping what follows from them.
func (s *Service) narrow(ctx context.Context, grants []Grant, q Query) ([]Grant, error) {
	var inside map[string]bool
	if q.Within != "" {
		var err error
		if inside, err = s.inside(ctx, grants, q.Within); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(slices.Clone(grants), func(g Grant) bool {
		if q.Within != "" && (g.On == OnSystem || !inside[g.TargetID]) {
			return true
		}
		return q.Inherited != nil && g.On != OnSystem && g.Inherited != *q.Inherited
	}), nil
}

// inside tells which targets of the grants are a domain or lie in it.
func (s *Service) inside(ctx context.Context, grants []Grant, domainID string) (map[string]bool, error) {
	inside := map[string]bool{domainID: true}
	var targets []string
	for _, g := range grants {
		if g.On == OnProject {
			targets = append(targets, g.TargetID)
		}
	}
	projects, err := s.store.ProjectsByID(ctx, unique(targets))
	for _, p := range projects {
		if p.DomainID == domainID {
			inside[p.ID] = true
		}
	}
	return inside, err
}

func ids(projects []resource.Project) []string {
	out := make([]string, len(projects))
	for i, p := range projects {
		out[i] = p.ID
	}
	return out
}

// unique returns the ids in order, once each and without the empty one.
func unique(ids []string) []string {
	out := slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(out) > 0 && out[0] == "" {
		out = out[1:]
	}
	return out
}
