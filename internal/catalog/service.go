package catalog

import (
	"context"

	"golang.org/x/text/unicode/norm"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/optional"
)

// What Keystone allows, in characters.
const (
	maxText = 255 // ids of regions, their descriptions, types and names of services
	maxURL  = 225
)

// Store keeps the catalog. Its methods fail with NotFound for what does not exist and with Conflict for an id
// that is taken, and append the event of each change.
type Store interface {
	// InTx runs fn in one transaction that travels in its context.
	InTx(ctx context.Context, fn func(ctx context.Context) error) error

	Region(ctx context.Context, id string) (Region, error)
	ListRegions(ctx context.Context, q listing.Query) (listing.Page[Region], error)
	CreateRegion(ctx context.Context, r Region) error
	// UpdateRegion fails with BadRequest when the region would be below itself.
	UpdateRegion(ctx context.Context, id string, change func(*Region) error) (Region, error)
	// DeleteRegion takes the regions below along; Forbidden when one of them has endpoints or registered limits.
	DeleteRegion(ctx context.Context, id string) error

	Service(ctx context.Context, id string) (Service, error)
	ListServices(ctx context.Context, q listing.Query) (listing.Page[Service], error)
	CreateService(ctx context.Context, v Service) error
	UpdateService(ctx context.Context, id string, change func(*Service) error) (Service, error)
	// DeleteService takes the endpoints of the service along; Forbidden when it has registered limits.
	DeleteService(ctx context.Context, id string) error

	Endpoint(ctx context.Context, id string) (Endpoint, error)
	ListEndpoints(ctx context.Context, q listing.Query) (listing.Page[Endpoint], error)
	CreateEndpoint(ctx context.Context, e Endpoint) error
	UpdateEndpoint(ctx context.Context, id string, change func(*Endpoint) error) (Endpoint, error)
	DeleteEndpoint(ctx context.Context, id string) error

	documentStore
	filterStore
}

// Registry holds the rules of regions, services, endpoints, endpoint groups and of policy documents for them. It is
// not called Service, as in the other subjects, because that is one of the things it keeps.
type Registry struct {
	store Store
	newID func() string
}

// NewRegistry returns the rules over a store.
func NewRegistry(store Store, newID func() string) *Registry {
	return &Registry{store: store, newID: newID}
}

// ServiceDraft is a service that is to be, or a change of one: absent attributes keep their value.
type ServiceDraft struct {
	// ID cannot change: it is compared with what is there, and ignored in a new service.
	ID      optional.Value[string]
	Type    optional.Value[string]
	Name    optional.Value[string] // "" when absent; not null
	Enabled optional.Value[bool]   // true when absent
	Extra   map[string]any
}

func (d ServiceDraft) apply(to *Service) (err error) {
	if d.Type.Present() {
		if to.Type, err = naming.Exact("service type", d.Type.Or(""), maxText); err != nil {
			return err
		}
	}
	if d.Name.Present() {
		if to.Name, err = naming.Exact("service name", d.Name.Or(""), maxText); err != nil {
			return err
		}
	}
	to.Extra = optional.Merge(to.Extra, d.Extra)
	return setEnabled(&to.Enabled, d.Enabled)
}

// Service returns a service. It fails with NotFound.
func (s *Registry) Service(ctx context.Context, id string) (Service, error) {
	return s.store.Service(ctx, id)
}

// ListServices lists services. It fails with NotFound when the marker names nothing that is or was there.
func (s *Registry) ListServices(ctx context.Context, q listing.Query) (listing.Page[Service], error) {
	return s.store.ListServices(ctx, q)
}

// CreateService stores a new service. It fails with BadRequest for a type or name that may not be. Types and
// names may repeat.
func (s *Registry) CreateService(ctx context.Context, d ServiceDraft) (Service, error) {
	v := Service{ID: s.newID(), Enabled: true}
	if !d.Type.Present() {
		return v, fault.New(fault.BadRequest, "A service needs a type.")
	}
	if err := d.apply(&v); err != nil {
		return v, err
	}
	return v, s.store.CreateService(ctx, v)
}

// UpdateService changes a service. It fails with BadRequest and NotFound.
func (s *Registry) UpdateService(ctx context.Context, id string, d ServiceDraft) (Service, error) {
	if err := keepsID(d.ID, id); err != nil {
		return Service{}, err
	}
	return s.store.UpdateService(ctx, id, func(v *Service) error { return d.apply(v) })
}

// DeleteService removes a service and its endpoints. It fails with Forbidden while it has registered limits, and
// with NotFound.
func (s *Registry) DeleteService(ctx context.Context, id string) error {
	return s.store.DeleteService(ctx, id)
}

func keepsID(o optional.Value[string], id string) error {
	if o.Present() && norm.NFC.String(o.Or("")) != norm.NFC.String(id) {
		return fault.New(fault.BadRequest, "The id in the body must be the one in the path; it cannot be changed.")
	}
	return nil
}

func setEnabled(to *bool, o optional.Value[bool]) error {
	if o.IsNull() {
		return fault.New(fault.BadRequest, "Invalid input for field 'enabled': it must be a boolean.")
	}
	o.Apply(to)
	return nil
}
