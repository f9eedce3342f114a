package federation

import (
	"context"

	"golang.org/x/text/unicode/norm"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/resource"
)

// Lengths in characters, as in Keystone but for remote ids, which it keeps and does not accept at this length.
const (
	maxID        = 64
	maxAttribute = 64
	maxRemoteID  = 255
)

// Store keeps what federation needs. Its methods fail with NotFound for what does not exist and with Conflict
// for an id or remote id that is taken, and append the event of each change.
type Store interface {
	// InTx runs fn in one transaction that travels in its context.
	InTx(ctx context.Context, fn func(ctx context.Context) error) error

	IdentityProvider(ctx context.Context, id string) (IdentityProvider, error)
	ListIdentityProviders(ctx context.Context, q listing.Query) (listing.Page[IdentityProvider], error)
	// CreateIdentityProvider fails with NotFound when there is no such domain.
	CreateIdentityProvider(ctx context.Context, p IdentityProvider) error
	UpdateIdentityProvider(ctx context.Context, id string, change func(*IdentityProvider) error) (IdentityProvider, error)
	// DeleteIdentityProvider takes the protocols and the identities of users along.
	DeleteIdentityProvider(ctx context.Context, id string) error

	Protocol(ctx context.Context, idpID, id string) (Protocol, error)
	ListProtocols(ctx context.Context, idpID string, q listing.Query) (listing.Page[Protocol], error)
	// CreateProtocol and UpdateProtocol fail with BadRequest when there is no such mapping.
	CreateProtocol(ctx context.Context, p Protocol) error
	UpdateProtocol(ctx context.Context, idpID, id string, change func(*Protocol) error) (Protocol, error)
	// DeleteProtocol takes the identities of users along.
	DeleteProtocol(ctx context.Context, idpID, id string) error

	Mapping(ctx context.Context, id string) (Mapping, error)
	ListMappings(ctx context.Context, q listing.Query) (listing.Page[Mapping], error)
	CreateMapping(ctx context.Context, m Mapping) error
	UpdateMapping(ctx context.Context, m Mapping) error
	DeleteMapping(ctx context.Context, id string) error

	ServiceProvider(ctx context.Context, id string) (ServiceProvider, error)
	ListServiceProviders(ctx context.Context, q listing.Query) (listing.Page[ServiceProvider], error)
	CreateServiceProvider(ctx context.Context, p ServiceProvider) error
	UpdateServiceProvider(ctx context.Context, id string, change func(*ServiceProvider) error) (ServiceProvider, error)
	DeleteServiceProvider(ctx context.Context, id string) error
}

// Domains makes domains; resource.Service does.
type Domains interface {
	CreateDomain(ctx context.Context, d resource.Draft) (resource.Domain, error)
}

// Service holds the rules of identity providers, protocols, mappings and service providers. It is safe for
// concurrent use.
type Service struct {
	store   Store
	domains Domains
	newID   func() string
}

// NewService returns the rules over a store.
func NewService(store Store, domains Domains, newID func() string) *Service {
	return &Service{store, domains, newID}
}

// exact is the form in which ids are kept and looked for: people choose them like names.
func exact(id string) string { return norm.NFC.String(id) }

// newObjectID checks an id that a client chose for a new object.
func newObjectID(kind, id string) (string, error) { return naming.Exact(kind+" id", id, maxID) }

func setEnabled(to *bool, o optional.Value[bool]) error {
	if o.IsNull() {
		return fault.New(fault.BadRequest, "Invalid input for field 'enabled': it must be a boolean.")
	}
	o.Apply(to)
	return nil
}

func setDescription(to **string, o optional.Value[string]) {
	if o.Present() {
		*to = o.Pointer()
	}
}

// page lists after a look at the marker, which must name something.
func page[T any](ctx context.Context, q listing.Query, one func(context.Context, string) (T, error),
	list func(context.Context, listing.Query) (listing.Page[T], error)) (listing.Page[T], error) {
	for i := range q.Filters {
		q.Filters[i].Value = exact(q.Filters[i].Value)
	}
	if q.Marker = exact(q.Marker); q.Marker != "" {
		if _, err := one(ctx, q.Marker); err != nil {
			return listing.Page[T]{}, err
		}
	}
	return list(ctx, q)
}
