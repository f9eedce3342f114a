package resource

import (
	"context"
	"regexp"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
)

// Project returns a project or domain. It fails with NotFound.
func (s *Service) Project(ctx context.Context, id string) (Project, error) {
	return s.store.Project(ctx, id)
}

// Projects lists projects, and domains when the query asks for is_domain. It fails with NotFound when the
// marker names nothing.
func (s *Service) Projects(ctx context.Context, q listing.Query) (listing.Page[Project], error) {
	for _, f := range q.Filters {
		if f.Attr == "is_domain" {
			return s.page(ctx, q)
		}
	}
	return s.page(ctx, q.With("is_domain", "false"))
}

// ProjectsAndDomains lists projects and domains alike.
func (s *Service) ProjectsAndDomains(ctx context.Context, q listing.Query) (listing.Page[Project], error) {
	return s.page(ctx, q)
}

// explicitID is the form of an id that an importer gives to a domain.
var explicitID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// draft checks what a new domain or project is by itself.
func (s *Service) draft(d Draft) (Project, error) {
	p := Project{
		ID: d.ID, DomainID: d.DomainID, ParentID: d.ParentID, IsDomain: d.IsDomain, Enabled: d.Enabled.Or(true),
		Options: Options{Immutable: d.Immutable.Pointer(), PasscodeInPassword: d.PasscodeInPassword.Pointer()}, Extra: d.Extra,
	}
	if d.Enabled.IsNull() {
		return p, fault.New(fault.BadRequest, "Invalid input for field 'enabled': it must be a boolean.")
	}
	if d.IsDomain && (d.DomainID != "" || d.ParentID != "") {
		return p, fault.New(fault.BadRequest, "A domain cannot be in a domain or have a parent.")
	}
	switch {
	case !d.IsDomain || p.ID == "":
		p.ID = s.newID()
	case !explicitID.MatchString(p.ID):
		return p, fault.New(fault.BadRequest, "The id of a domain must be 32 lower-case hexadecimal digits.")
	}
	var err error
	if p.Name, err = s.cleanName(d.IsDomain, d.Name); err != nil {
		return p, err
	}
	if p.Description, err = cleanDescription(d.IsDomain, d.Description); err != nil {
		return p, err
	}
	p.Tags, err = cleanTags(d.Tags)
	return p, err
}

// CreateProject stores a new project, or a new domain when the draft says so. It fails with BadRequest for a
// domain or parent that does not exist, does not fit or is disabled, with Forbidden when the tree would be too
// deep, and with Conflict when the name is taken in the domain.
func (s *Service) CreateProject(ctx context.Context, d Draft) (Project, error) {
	p, err := s.draft(d)
	if err != nil {
		return p, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if p.IsDomain {
			return s.store.CreateProject(ctx, p)
		}
		if err := s.place(ctx, &p); err != nil {
			return err
		}
		if err := s.store.CreateProject(ctx, p); err != nil {
			return err
		}
		return s.checkBranch(ctx, p) // only now: the row holds its parent, so that nobody disables it meanwhile
	})
	return p, err
}

// place finds the parent of a new project and checks that it is in the domain and not too deep.
func (s *Service) place(ctx context.Context, p *Project) error {
	if _, err := s.store.Domain(ctx, p.DomainID); err != nil {
		return fault.BadReference(err)
	}
	if p.ParentID == "" {
		p.ParentID = p.DomainID
	}
	parent, err := s.store.Project(ctx, p.ParentID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil || parent.ID != p.DomainID && parent.DomainID != p.DomainID { // one answer: ids cannot be probed
		return fault.New(fault.BadRequest, "Could not find the parent %s in the domain of the project.", p.ParentID)
	}
	above, err := s.store.Ancestors(ctx, parent.ID)
	if err != nil {
		return err
	}
	if len(above)+1 > s.limits.MaxDepth { // parent and above, of which the domain stands for the new project
		return fault.New(fault.Forbidden, "Projects cannot be more than %d levels deep.", s.limits.MaxDepth).Because("too_deep")
	}
	return nil
}

// checkBranch refuses a new project below a disabled project or domain.
func (s *Service) checkBranch(ctx context.Context, p Project) error {
	above, err := s.store.Ancestors(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, a := range above {
		if !a.Enabled {
			return fault.New(fault.BadRequest, "Cannot create a project under %s %s, which is disabled.", a.kind(), a.ID)
		}
	}
	return nil
}

// UpdateProject changes a project or domain. It fails with Forbidden while it is immutable, for a change of
// parent, when it would be disabled above an enabled project or enabled below a disabled one; with BadRequest
// for a change of id, domain or kind; with Conflict when the name is taken; and with NotFound.
func (s *Service) UpdateProject(ctx context.Context, id string, patch Patch) (Project, error) {
	if patch.empty() {
		return s.store.Project(ctx, id)
	}
	var changed Project
	err := s.store.InTx(ctx, func(ctx context.Context) (err error) {
		changed, err = s.store.UpdateProject(ctx, id, func(p *Project) error {
			if p.immutable() && !patch.unlocks() {
				return immutable(*p)
			}
			if err := patch.keepsPlace(*p); err != nil {
				return err
			}
			was := p.Enabled
			if err := s.apply(patch, p); err != nil || p.IsDomain || p.Enabled == was {
				return err
			}
			return s.checkSwitch(ctx, *p)
		})
		return err
	})
	return changed, err
}

// keepsPlace refuses to change what cannot change. Naming the present value is no change.
func (p Patch) keepsPlace(of Project) error {
	same := func(o optional.Value[string], have string) bool { return !o.Present() || o.Or("") == have }
	switch {
	case !same(p.ID, of.ID):
		return fault.New(fault.BadRequest, "The id of a project cannot be changed.")
	case !same(p.DomainID, of.DomainID):
		return fault.New(fault.BadRequest, "The domain of a project cannot be changed.")
	case p.IsDomain.Present() && p.IsDomain.Or(!of.IsDomain) != of.IsDomain:
		return fault.New(fault.BadRequest, "Whether a project is a domain cannot be changed.")
	case !same(p.ParentID, of.ParentID):
		return fault.New(fault.Forbidden, "The parent of a project cannot be changed.")
	}
	return nil
}

// checkSwitch refuses to disable a project above enabled ones and to enable one below disabled ones.
func (s *Service) checkSwitch(ctx context.Context, p Project) error {
	if p.Enabled {
		above, err := s.store.Ancestors(ctx, p.ID)
		if err != nil {
			return err
		}
		for _, a := range above {
			if !a.Enabled {
				return fault.New(fault.Forbidden, "Cannot enable project %s: %s %s above it is disabled.", p.ID, a.kind(), a.ID)
			}
		}
		return nil
	}
	below, err := s.store.Subtree(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, b := range below {
		if b.Enabled {
			return fault.New(fault.Forbidden, "Cannot disable project %s: there are enabled projects below it.", p.ID)
		}
	}
	return nil
}

// DeleteProject removes a project without children, or a domain by the rules of DeleteDomain. It fails with
// Forbidden when there are children or it is immutable, and with NotFound.
func (s *Service) DeleteProject(ctx context.Context, id string) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		p, err := s.store.Project(ctx, id)
		if err != nil {
			return err
		}
		if p.IsDomain {
			return s.deleteDomain(ctx, Domain{p})
		}
		if p.immutable() {
			return immutable(p)
		}
		below, err := s.store.Subtree(ctx, id)
		if err != nil {
			return err
		}
		if len(below) > 0 {
			return fault.New(fault.Forbidden, "Cannot delete project %s: there are projects below it.", id).Because("has_children")
		}
		return s.store.DeleteProject(ctx, id)
	})
}
