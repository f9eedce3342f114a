package resource

import (
	"context"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

// Domain returns a domain. It fails with NotFound, also for the id of a project.
func (s *Service) Domain(ctx context.Context, id string) (Domain, error) {
	p, err := s.store.Domain(ctx, id)
	return Domain{p}, err
}

func noDomain(id string) error { return fault.New(fault.NotFound, "Could not find domain: %s.", id) }

// Domains lists domains. It fails with NotFound when the marker names nothing.
func (s *Service) Domains(ctx context.Context, q listing.Query) (listing.Page[Project], error) {
	return s.page(ctx, q.With("is_domain", "true"))
}

// CreateDomain stores a new domain. It fails with BadRequest for a name, description or tag that may not be,
// and with Conflict when the name or the id is taken.
func (s *Service) CreateDomain(ctx context.Context, d Draft) (Domain, error) {
	d.IsDomain = true
	p, err := s.draft(d)
	if err != nil {
		return Domain{}, err
	}
	return Domain{p}, s.store.CreateProject(ctx, p)
}

// UpdateDomain changes a domain. It fails with Forbidden while the domain is immutable, BadRequest, Conflict
// when the name is taken, and NotFound. As in Keystone, attempts at its id and place are ignored.
func (s *Service) UpdateDomain(ctx context.Context, id string, patch Patch) (Domain, error) {
	p, err := s.store.UpdateProject(ctx, id, func(p *Project) error {
		if !p.IsDomain {
			return noDomain(id)
		}
		if p.immutable() && !patch.unlocks() {
			return immutable(*p)
		}
		return s.apply(patch, p)
	})
	if fault.Is(err, fault.NotFound) {
		err = noDomain(id)
	}
	return Domain{p}, err
}

// DeleteDomain removes a domain with its projects, users and groups. It fails with Forbidden while the domain
// is enabled, while it or one of its projects is immutable, and with NotFound.
func (s *Service) DeleteDomain(ctx context.Context, id string) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		d, err := s.Domain(ctx, id)
		if err != nil {
			return err
		}
		return s.deleteDomain(ctx, d)
	})
}

func (s *Service) deleteDomain(ctx context.Context, d Domain) error {
	if d.immutable() {
		return immutable(d.Project)
	}
	if d.Enabled {
		return fault.New(fault.Forbidden, "Cannot delete a domain that is enabled, please disable it first.").Because("domain_enabled")
	}
	below, err := s.store.Subtree(ctx, d.ID)
	if err != nil {
		return err
	}
	for _, p := range below {
		if p.immutable() {
			return immutable(p)
		}
	}
	return s.store.DeleteProject(ctx, d.ID)
}

// immutable is the refusal to change or delete what is protected.
func immutable(p Project) error {
	return fault.New(fault.Forbidden, "Cannot change or delete %s %s: it is immutable.", p.kind(), p.ID).Because("immutable")
}
