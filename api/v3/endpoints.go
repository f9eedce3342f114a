package v3

import (
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// endpoints serves /v3/endpoints.
type endpoints struct{ Services }

func (h endpoints) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/endpoints", policy.ListEndpoints, httpapi.NoTarget, h.list),
		httpapi.On("POST /v3/endpoints", policy.CreateEndpoint, httpapi.NoTarget, h.create),
		httpapi.On("GET /v3/endpoints/{endpoint_id}", policy.GetEndpoint, httpapi.NoTarget, h.show),
		httpapi.On("PATCH /v3/endpoints/{endpoint_id}", policy.UpdateEndpoint, httpapi.NoTarget, h.update),
		httpapi.On("DELETE /v3/endpoints/{endpoint_id}", policy.DeleteEndpoint, httpapi.NoTarget, h.remove),
	}
}

// endpointNames are the attributes of endpoints that are not the caller's own.
var endpointNames = declare("interface", "service_id", "url", "region_id", "region", "enabled")

// endpointView is an endpoint on the wire.
type endpointView struct {
	ID        string            `json:"id"`
	Interface catalog.Interface `json:"interface"`
	ServiceID string            `json:"service_id"`
	URL       string            `json:"url"`
	RegionID  *string           `json:"region_id"`
	// Region is the old name of RegionID.
	Region  *string    `json:"region"`
	Enabled bool       `json:"enabled"`
	Links   links      `json:"links"`
	Extra   attributes `json:",embed"`
}

func viewEndpoint(c *httpapi.Call, e catalog.Endpoint) endpointView {
	return endpointView{
		ID: e.ID, Interface: e.Interface, ServiceID: e.ServiceID, URL: e.URL, RegionID: textOrNull(e.RegionID),
		Region: textOrNull(e.RegionID), Enabled: e.Enabled,
		Links: links{c.Link("v3", "endpoints", e.ID)}, Extra: endpointNames.show(e.Extra),
	}
}

func viewEndpoints(c *httpapi.Call, page listing.Page[catalog.Endpoint]) httpapi.Reply {
	return httpapi.Collection(c, "endpoints", page, func(e catalog.Endpoint) string { return e.ID },
		func(e catalog.Endpoint) endpointView { return viewEndpoint(c, e) })
}

// endpointBody is what a POST or PATCH says of an endpoint.
type endpointBody struct {
	ID        optional.Value[any]    `json:"id"`
	Interface optional.Value[string] `json:"interface"`
	ServiceID optional.Value[string] `json:"service_id"`
	URL       optional.Value[string] `json:"url"`
	RegionID  optional.Value[string] `json:"region_id"`
	Region    optional.Value[string] `json:"region"`
	Enabled   optional.Value[bool]   `json:"enabled"`
	Extra     attributes             `json:",embed"`
}

// endpoint is the draft that the body describes; keep says which attributes of the caller's own are kept.
func (h endpoints) endpoint(c *httpapi.Call, keep func(attributes) (map[string]any, error)) (catalog.EndpointDraft, error) {
	var b endpointBody
	if err := c.Body("endpoint", &b); err != nil {
		return catalog.EndpointDraft{}, err
	}
	extra, err := keep(b.Extra)
	return catalog.EndpointDraft{
		ID: sentID(b.ID), Interface: b.Interface, ServiceID: b.ServiceID, URL: b.URL, RegionID: b.RegionID,
		Region: b.Region, Enabled: b.Enabled, Extra: extra,
	}, err
}

func (h endpoints) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List("interface", "service_id", "region_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Catalog.ListEndpoints(c.Context(), c.Sorted(q, "interface", "service_id", "region_id", "url", "enabled"))
	return viewEndpoints(c, page), err
}

func (h endpoints) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.endpoint(c, endpointNames.keepNew)
	if err != nil {
		return httpapi.Reply{}, err
	}
	e, err := h.Catalog.CreateEndpoint(c.Context(), draft)
	return httpapi.Created("endpoint", viewEndpoint(c, e)), err
}

func (h endpoints) show(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("endpoint_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	e, err := h.Catalog.Endpoint(c.Context(), id)
	return httpapi.Show("endpoint", viewEndpoint(c, e)), err
}

func (h endpoints) update(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("endpoint_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	draft, err := h.endpoint(c, endpointNames.keep)
	if err != nil {
		return httpapi.Reply{}, err
	}
	e, err := h.Catalog.UpdateEndpoint(c.Context(), id, draft)
	return httpapi.Show("endpoint", viewEndpoint(c, e)), err
}

func (h endpoints) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("endpoint_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Catalog.DeleteEndpoint(c.Context(), id)
}
