package v3

import (
	"github.com/keyward/identity/internal/federation"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// identityProviders serves /v3/OS-FEDERATION/identity_providers and what OS-FEDERATION calls by other names. The
// ids of all its resources are names that people choose, so they need not look like ids.
type identityProviders struct{ Services }

func (h identityProviders) ops() []httpapi.Op {
	const one = "/v3/OS-FEDERATION/identity_providers/{idp_id}"
	reads := authReads(h)
	return []httpapi.Op{
		httpapi.On("GET /v3/OS-FEDERATION/projects", policy.GetAuthProjects, httpapi.NoTarget, reads.projects),
		httpapi.On("GET /v3/OS-FEDERATION/domains", policy.GetAuthDomains, httpapi.NoTarget, reads.domains),
		httpapi.On("GET /v3/OS-FEDERATION/identity_providers", policy.ListIdentityProviders, httpapi.NoTarget, h.list),
		httpapi.On("GET "+one, policy.GetIdentityProvider, httpapi.NoTarget, h.show),
		httpapi.On("PUT "+one, policy.CreateIdentityProvider, httpapi.NoTarget, h.create),
		httpapi.On("PATCH "+one, policy.UpdateIdentityProvider, httpapi.NoTarget, h.update),
		httpapi.On("DELETE "+one, policy.DeleteIdentityProvider, httpapi.NoTarget, h.remove),
	}
}

// idpView is an identity provider on the wire.
type idpView struct {
	ID               string   `json:"id"`
	DomainID         string   `json:"domain_id"`
	Enabled          bool     `json:"enabled"`
	Description      *string  `json:"description"`
	RemoteIDs        []string `json:"remote_ids"`
	AuthorizationTTL *int64   `json:"authorization_ttl"`
	Links            idpLinks `json:"links"`
}

type idpLinks struct {
	Self      string `json:"self"`
	Protocols string `json:"protocols"`
}

func viewIdP(c *httpapi.Call, p federation.IdentityProvider) idpView {
	parts := []string{"v3", "OS-FEDERATION", "identity_providers", p.ID}
	return idpView{
		ID: p.ID, DomainID: p.DomainID, Enabled: p.Enabled, Description: p.Description, RemoteIDs: p.RemoteIDs,
		AuthorizationTTL: p.AuthorizationTTL, Links: idpLinks{c.Link(parts...), c.Link(append(parts, "protocols")...)},
	}
}

// idpBody is what a PUT or PATCH says of an identity provider.
type idpBody struct {
	DomainID         optional.Value[string]   `json:"domain_id"`
	Enabled          optional.Value[bool]     `json:"enabled"`
	Description      optional.Value[string]   `json:"description"`
	RemoteIDs        optional.Value[[]string] `json:"remote_ids"`
	AuthorizationTTL optional.Value[int64]    `json:"authorization_ttl"`
}

func (h identityProviders) draft(c *httpapi.Call) (federation.IdPDraft, error) {
	var b idpBody
	err := c.Body("identity_provider", &b)
	return federation.IdPDraft(b), err
}

func (h identityProviders) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List("id", "enabled?")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Federation.ListIdentityProviders(c.Context(), q)
	return httpapi.Collection(c, "identity_providers", page, func(p federation.IdentityProvider) string { return p.ID },
		func(p federation.IdentityProvider) idpView { return viewIdP(c, p) }), err
}

func (h identityProviders) show(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	p, err := h.Federation.IdentityProvider(c.Context(), c.Param("idp_id"))
	return httpapi.Show("identity_provider", viewIdP(c, p)), err
}

func (h identityProviders) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.draft(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	p, err := h.Federation.CreateIdentityProvider(c.Context(), c.Param("idp_id"), draft)
	return httpapi.Created("identity_provider", viewIdP(c, p)), err
}

func (h identityProviders) update(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.draft(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	p, err := h.Federation.UpdateIdentityProvider(c.Context(), c.Param("idp_id"), draft)
	return httpapi.Show("identity_provider", viewIdP(c, p)), err
}

func (h identityProviders) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Federation.DeleteIdentityProvider(c.Context(), c.Param("idp_id"))
}
