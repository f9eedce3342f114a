package v3

import (
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// services serves /v3/services.
type services struct{ Services }

func (h services) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/services", policy.ListServices, httpapi.NoTarget, h.list),
		httpapi.On("POST /v3/services", policy.CreateService, httpapi.NoTarget, h.create),
		httpapi.On("GET /v3/services/{service_id}", policy.GetService, httpapi.NoTarget, h.show),
		httpapi.On("PATCH /v3/services/{service_id}", policy.UpdateService, httpapi.NoTarget, h.update),
		httpapi.On("DELETE /v3/services/{service_id}", policy.DeleteService, httpapi.NoTarget, h.remove),
	}
}

// serviceNames are the attributes of services that are not the caller's own.
var serviceNames = declare("type", "name", "enabled")

// serviceView is a service on the wire.
type serviceView struct {
	ID      string     `json:"id"`
	Type    string     `json:"type"`
	Name    string     `json:"name"`
	Enabled bool       `json:"enabled"`
	Links   links      `json:"links"`
	Extra   attributes `json:",embed"`
}

func viewService(c *httpapi.Call, v catalog.Service) serviceView {
	return serviceView{
		ID: v.ID, Type: v.Type, Name: v.Name, Enabled: v.Enabled,
		Links: links{c.Link("v3", "services", v.ID)}, Extra: serviceNames.show(v.Extra),
	}
}

// serviceBody is what a POST or PATCH says of a service.
type serviceBody struct {
	ID      optional.Value[any]    `json:"id"`
	Type    optional.Value[string] `json:"type"`
	Name    optional.Value[string] `json:"name"`
	Enabled optional.Value[bool]   `json:"enabled"`
	Extra   attributes             `json:",embed"`
}

// service is the draft that the body describes; keep says which attributes of the caller's own are kept.
func (h services) service(c *httpapi.Call, keep func(attributes) (map[string]any, error)) (catalog.ServiceDraft, error) {
	var b serviceBody
	if err := c.Body("service", &b); err != nil {
		return catalog.ServiceDraft{}, err
	}
	extra, err := keep(b.Extra)
	return catalog.ServiceDraft{ID: sentID(b.ID), Type: b.Type, Name: b.Name, Enabled: b.Enabled, Extra: extra}, err
}

func (h services) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List("type", "name")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Catalog.ListServices(c.Context(), c.Sorted(q, "type", "name", "enabled"))
	return httpapi.Collection(c, "services", page, func(v catalog.Service) string { return v.ID },
		func(v catalog.Service) serviceView { return viewService(c, v) }), err
}

func (h services) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.service(c, serviceNames.keepNew)
	if err != nil {
		return httpapi.Reply{}, err
	}
	v, err := h.Catalog.CreateService(c.Context(), draft)
	return httpapi.Created("service", viewService(c, v)), err
}

func (h services) show(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("service_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	v, err := h.Catalog.Service(c.Context(), id)
	return httpapi.Show("service", viewService(c, v)), err
}

func (h services) update(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("service_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	draft, err := h.service(c, serviceNames.keep)
	if err != nil {
		return httpapi.Reply{}, err
	}
	v, err := h.Catalog.UpdateService(c.Context(), id, draft)
	return httpapi.Show("service", viewService(c, v)), err
}

func (h services) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("service_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Catalog.DeleteService(c.Context(), id)
}
