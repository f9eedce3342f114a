package v3

import (
	"github.com/keyward/identity/internal/federation"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// serviceProviders serves /v3/OS-FEDERATION/service_providers.
type serviceProviders struct{ Services }

func (h serviceProviders) ops() []httpapi.Op {
	const one = "/v3/OS-FEDERATION/service_providers/{service_provider_id}"
	return []httpapi.Op{
		httpapi.On("GET /v3/OS-FEDERATION/service_providers", policy.ListServiceProviders, httpapi.NoTarget, h.list),
		httpapi.On("GET "+one, policy.GetServiceProvider, httpapi.NoTarget, h.show),
		httpapi.On("PUT "+one, policy.CreateServiceProvider, httpapi.NoTarget, h.create),
		httpapi.On("PATCH "+one, policy.UpdateServiceProvider, httpapi.NoTarget, h.update),
		httpapi.On("DELETE "+one, policy.DeleteServiceProvider, httpapi.NoTarget, h.remove),
	}
}

// spView is a service provider on the wire.
type spView struct {
	ID               string  `json:"id"`
	AuthURL          string  `json:"auth_url"`
	URL              string  `json:"sp_url"`
	Enabled          bool    `json:"enabled"`
	Description      *string `json:"description"`
	RelayStatePrefix string  `json:"relay_state_prefix"`
	Links            links   `json:"links"`
}

func viewSP(c *httpapi.Call, p federation.ServiceProvider) spView {
	return spView{
		ID: p.ID, AuthURL: p.AuthURL, URL: p.URL, Enabled: p.Enabled, Description: p.Description,
		RelayStatePrefix: p.RelayStatePrefix, Links: links{c.Link("v3", "OS-FEDERATION", "service_providers", p.ID)},
	}
}

// spBody is what a PUT or PATCH says of a service provider.
type spBody struct {
	AuthURL          optional.Value[string] `json:"auth_url"`
	URL              optional.Value[string] `json:"sp_url"`
	Enabled          optional.Value[bool]   `json:"enabled"`
	Description      optional.Value[string] `json:"description"`
	RelayStatePrefix optional.Value[string] `json:"relay_state_prefix"`
}

func (h serviceProviders) draft(c *httpapi.Call) (federation.SPDraft, error) {
	var b spBody
	err := c.Body("service_provider", &b)
	return federation.SPDraft(b), err
}

func (h serviceProviders) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List("id", "enabled?")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Federation.ListServiceProviders(c.Context(), q)
	return httpapi.Collection(c, "service_providers", page, func(p federation.ServiceProvider) string { return p.ID },
		func(p federation.ServiceProvider) spView { return viewSP(c, p) }), err
}

func (h serviceProviders) show(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	p, err := h.Federation.ServiceProvider(c.Context(), c.Param("service_provider_id"))
	return httpapi.Show("service_provider", viewSP(c, p)), err
}

func (h serviceProviders) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.draft(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	p, err := h.Federation.CreateServiceProvider(c.Context(), c.Param("service_provider_id"), draft)
	return httpapi.Created("service_provider", viewSP(c, p)), err
}

func (h serviceProviders) update(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.draft(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	p, err := h.Federation.UpdateServiceProvider(c.Context(), c.Param("service_provider_id"), draft)
	return httpapi.Show("service_provider", viewSP(c, p)), err
}

func (h serviceProviders) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Federation.DeleteServiceProvider(c.Context(), c.Param("service_provider_id"))
}
