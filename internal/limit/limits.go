package limit

import (
	"context"
	"slices"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
)

// Draft is a limit that is to be.
type Draft struct {
	ServiceID, RegionID, ResourceName string
	// ProjectID or DomainID is whose limit it shall be; the other is empty. A ProjectID may name a domain.
	ProjectID, DomainID string
	Value               optional.Value[int]
	Description         optional.Value[string]
}

// Patch is a change of a limit. Absent attributes keep their value.
type Patch struct {
	Value       optional.Value[int]
	Description optional.Value[string]
}

func (p Patch) empty() bool { return !p.Value.Present() && !p.Description.Present() }

func (p Patch) apply(to *Limit) (err error) {
	if p.Value.Present() {
		if to.Value, err = count("resource_limit", p.Value); err != nil {
			return err
		}
	}
	return describe(&to.Description, p.Description)
}

// Limit returns a limit. It fails with NotFound.
func (s *Service) Limit(ctx context.Context, id string) (Limit, error) {
	return s.store.Limit(ctx, id)
}

// Limits lists those limits that the caller sees.
func (s *Service) Limits(ctx context.Context, q listing.Query, seen Seen) (listing.Page[Limit], error) {
	q = normal(q)
	switch {
	case seen.All:
	case seen.DomainID != "":
		q = q.With("within", seen.DomainID)
	case seen.ProjectID != "":
		q = q.With("project_id", seen.ProjectID)
	default:
		return listing.Page[Limit]{}, nil
	}
	return s.store.ListLimits(ctx, q)
}

// LimitsOf returns the limits of projects and domains, by their ids.
func (s *Service) LimitsOf(ctx context.Context, owners []string) (map[string][]Limit, error) {
	if len(owners) == 0 {
		return nil, nil
	}
	ls, err := s.store.LimitsOf(ctx, owners)
	of := make(map[string][]Limit, len(owners))
	for _, l := range ls {
		of[l.ProjectID+l.DomainID] = append(of[l.ProjectID+l.DomainID], l) // one of them is empty
	}
	return of, err
}

// CreateLimits stores new limits, all or none. It fails with BadRequest for values that may not be and for a
// project, domain, service or region that does not exist; with Forbidden when no registered limit is about the
// same resource of the same service in the same region, and when the model does not allow the number; and with
// Conflict when the project or domain has such a limit.
func (s *Service) CreateLimits(ctx context.Context, drafts []Draft) ([]Limit, error) {
	wanted := make([]Limit, len(drafts))
	for i, d := range drafts {
		var err error
		if wanted[i], err = s.draft(d); err != nil {
			return nil, err
		}
	}
	var made []Limit
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		made = slices.Clone(wanted)
		if err := s.own(ctx, made); err != nil {
			return err
		}
		registered, err := s.register(ctx, made)
		if err != nil {
			return err
		}
		if err := s.fits(ctx, made, registered); err != nil {
			return err
		}
		return s.store.CreateLimits(ctx, made)
	})
	return made, err
}

// draft checks what a new limit is by itself.
func (s *Service) draft(d Draft) (Limit, error) {
	l := Limit{
		ID: s.newID(), Key: Key{ServiceID: d.ServiceID, RegionID: regionID(d.RegionID)},
		ProjectID: d.ProjectID, DomainID: d.DomainID,
	}
	if (d.ProjectID == "") == (d.DomainID == "") {
		return l, fault.New(fault.BadRequest, "A limit needs either a project_id or a domain_id.")
	}
	var err error
	if l.ResourceName, err = resourceName(d.ResourceName); err != nil {
		return l, err
	}
	if l.Value, err = count("resource_limit", d.Value); err != nil {
		return l, err
	}
	return l, describe(&l.Description, d.Description)
}

// own finds whose the limits are. A project_id that names a domain makes a limit of the domain.
func (s *Service) own(ctx context.Context, ls []Limit) error {
	ids := make([]string, len(ls))
	for i, l := range ls {
		ids[i] = l.ProjectID + l.DomainID
	}
	owners, err := s.store.Owners(ctx, distinct(ids))
	if err != nil {
		return err
	}
	for i := range ls {
		l := &ls[i]
		o, found := owners[l.ProjectID+l.DomainID]
		switch {
		case l.DomainID != "" && !o.IsDomain:
			return fault.New(fault.BadRequest, "Could not find domain: %s.", l.DomainID)
		case !found:
			return fault.New(fault.BadRequest, "Could not find project: %s.", l.ProjectID)
		case o.IsDomain:
			l.ProjectID, l.DomainID = "", o.ID
		default:
			l.ProjectDomainID = o.DomainID
		}
	}
	return nil
}

// register finds the registered limits that the limits are about, and locks them.
func (s *Service) register(ctx context.Context, ls []Limit) (map[Key]Registered, error) {
	keys := make([]Key, len(ls))
	for i, l := range ls {
		keys[i] = l.Key
	}
	registered, err := s.store.LockRegistered(ctx, keys)
	if err != nil {
		return nil, err
	}
	for i := range ls {
		r, ok := registered[ls[i].Key]
		if !ok {
			if err := s.store.NeedPlaces(ctx, keys); err != nil {
				return nil, fault.BadReference(err)
			}
			return nil, fault.New(fault.Forbidden, "There is no registered limit for the resource %s of this service in this region.",
				ls[i].ResourceName).Because("no_registered_limit")
		}
		ls[i].RegisteredID = r.ID
	}
	return registered, nil
}

// UpdateLimit changes a limit. It fails with BadRequest, with Forbidden when the model does not allow the number,
// and with NotFound. A patch that says nothing changes nothing.
func (s *Service) UpdateLimit(ctx context.Context, id string, p Patch) (Limit, error) {
	if p.empty() {
		return s.store.Limit(ctx, id)
	}
	var changed Limit
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		l, err := s.store.Limit(ctx, id)
		if err != nil {
			return err
		}
		// The registered limit first, always: whoever holds it decides alone about all limits that refer to it.
		registered, err := s.store.LockRegistered(ctx, []Key{l.Key})
		if err != nil {
			return err
		}
		changed, err = s.store.UpdateLimit(ctx, id, p.apply)
		if err != nil || !p.Value.Present() {
			return err
		}
		return s.fits(ctx, []Limit{changed}, registered)
	})
	return changed, err
}

// DeleteLimit removes a limit. It fails with Forbidden when the model does not allow the projects of a domain
// what they have without the domain's own limit, and with NotFound.
func (s *Service) DeleteLimit(ctx context.Context, id string) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		l, err := s.store.Limit(ctx, id)
		if err != nil {
			return err
		}
		registered, err := s.store.LockRegistered(ctx, []Key{l.Key})
		if err != nil {
			return err
		}
		if l.DomainID != "" {
			l.Value = registered[l.Key].Default // what will count in its place
			if err := s.fits(ctx, []Limit{l}, registered); err != nil {
				return err
			}
		}
		return s.store.DeleteLimit(ctx, id)
	})
}

func distinct(ids []string) []string { return slices.Compact(slices.Sorted(slices.Values(ids))) }
