package federation

import (
	"context"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
)

// defaultRelayState is Keystone's prefix for SAML's ECP (relay_state_prefix).
const defaultRelayState = "ss:mem:"

// SPDraft is a service provider that is to be, or a change of one: absent attributes keep their value.
type SPDraft struct {
	AuthURL          optional.Value[string] // a new one needs it
	URL              optional.Value[string] // a new one needs it
	Enabled          optional.Value[bool]   // false when absent
	Description      optional.Value[string]
	RelayStatePrefix optional.Value[string] // "ss:mem:" when absent; not null
}

func (d SPDraft) apply(to *ServiceProvider) error {
	if d.AuthURL.IsNull() || d.URL.IsNull() || d.RelayStatePrefix.IsNull() {
		return fault.New(fault.BadRequest, "auth_url, sp_url and relay_state_prefix of a service provider cannot be null.")
	}
	d.AuthURL.Apply(&to.AuthURL)
	d.URL.Apply(&to.URL)
	d.RelayStatePrefix.Apply(&to.RelayStatePrefix)
	setDescription(&to.Description, d.Description)
	return setEnabled(&to.Enabled, d.Enabled)
}

// ServiceProvider returns a service provider. It fails with NotFound.
func (s *Service) ServiceProvider(ctx context.Context, id string) (ServiceProvider, error) {
	return s.store.ServiceProvider(ctx, exact(id))
}

// ListServiceProviders lists service providers. It fails with NotFound when the marker names nothing.
func (s *Service) ListServiceProviders(ctx context.Context, q listing.Query) (listing.Page[ServiceProvider], error) {
	return page(ctx, q, s.store.ServiceProvider, s.store.ListServiceProviders)
}

// CreateServiceProvider stores a new service provider. It fails with BadRequest for an id that may not be and
// without its URLs, and with Conflict when the id is taken.
func (s *Service) CreateServiceProvider(ctx context.Context, id string, d SPDraft) (ServiceProvider, error) {
	id, err := newObjectID("service provider", id)
	if err != nil {
		return ServiceProvider{}, err
	}
	p := ServiceProvider{ID: id, RelayStatePrefix: defaultRelayState}
	if err := d.apply(&p); err != nil {
		return ServiceProvider{}, err
	}
	if p.AuthURL == "" || p.URL == "" {
		return ServiceProvider{}, fault.New(fault.BadRequest, "A service provider needs auth_url and sp_url.")
	}
	return p, s.store.CreateServiceProvider(ctx, p)
}

// UpdateServiceProvider changes a service provider. It fails with BadRequest and NotFound.
func (s *Service) UpdateServiceProvider(ctx context.Context, id string, d SPDraft) (ServiceProvider, error) {
	return s.store.UpdateServiceProvider(ctx, exact(id), func(p *ServiceProvider) error { return d.apply(p) })
}

// DeleteServiceProvider removes a service provider. It fails with NotFound.
func (s *Service) DeleteServiceProvider(ctx context.Context, id string) error {
	return s.store.DeleteServiceProvider(ctx, exact(id))
}
