package v2

import (
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/extra"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// endpoints serves /v2.0/endpoints. An endpoint here is a set of up to three of v3.
type endpoints struct{ Services }

func (h endpoints) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v2.0/endpoints", policy.ListEndpoints, httpapi.NoTarget, h.list),
		httpapi.On("POST /v2.0/endpoints", policy.CreateEndpoint, httpapi.NoTarget, h.create),
		httpapi.On("DELETE /v2.0/endpoints/{endpoint_id}", policy.DeleteEndpoint, httpapi.NoTarget, h.remove),
	}
}

// endpointNames are the attributes of endpoints that are not the caller's own.
var endpointNames = declare("service_id", "region", "region_id", "publicurl", "internalurl", "adminurl", "interface", "url", "legacy_endpoint_id")

// setView is an endpoint on the wire, but in tokens.
type setView struct {
	ID          string           `json:"id"`
	ServiceID   string           `json:"service_id"`
	Region      *string          `json:"region"`
	Enabled     bool             `json:"enabled"`
	PublicURL   string           `json:"publicurl"`
	InternalURL string           `json:"internalurl,omitzero"`
	AdminURL    string           `json:"adminurl,omitzero"`
	Extra       extra.Attributes `json:",embed"`
}

func viewSet(s catalog.Set) setView {
	return setView{
		ID: s.ID, ServiceID: s.ServiceID, Region: textOrNull(s.RegionID), Enabled: s.Enabled,
		PublicURL: s.URLs[catalog.Public], InternalURL: s.URLs[catalog.Internal], AdminURL: s.URLs[catalog.Admin],
		Extra: endpointNames.Show(s.Extra),
	}
}

func (h endpoints) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	sets, err := h.Catalog.Sets(c.Context())
	return ok("endpoints", views(sets, viewSet), err)
}

func (h endpoints) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	var b struct {
		ServiceID   string                 `json:"service_id"`
		Region      optional.Value[string] `json:"region"`
		PublicURL   string                 `json:"publicurl"`
		InternalURL optional.Value[string] `json:"internalurl"`
		AdminURL    optional.Value[string] `json:"adminurl"`
		Enabled     optional.Value[bool]   `json:"enabled"`
		Extra       extra.Attributes       `json:",embed"`
	}
	err := c.Body("endpoint", &b)
	if err != nil {
		return httpapi.Reply{}, err
	}
	draft := catalog.SetDraft{
		ServiceID: b.ServiceID, Region: b.Region.Or(""), Enabled: b.Enabled, URLs: map[catalog.Interface]string{catalog.Public: b.PublicURL},
	}
	for of, url := range map[catalog.Interface]string{catalog.Internal: b.InternalURL.Or(""), catalog.Admin: b.AdminURL.Or("")} {
		if url != "" {
			draft.URLs[of] = url
		}
	}
	if draft.Extra, err = endpointNames.KeepNew(b.Extra); err != nil {
		return httpapi.Reply{}, err
	}
	set, err := h.Catalog.CreateSet(c.Context(), draft)
	return ok("endpoint", viewSet(set), err)
}

func (h endpoints) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("endpoint_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Catalog.DeleteSet(c.Context(), id)
}
