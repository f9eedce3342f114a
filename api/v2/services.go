package v2

import (
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/extra"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// services serves /v2.0/OS-KSADM/services.
type services struct{ Services }

func (h services) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v2.0/OS-KSADM/services", policy.ListServices, httpapi.NoTarget, h.list),
		httpapi.On("POST /v2.0/OS-KSADM/services", policy.CreateService, httpapi.NoTarget, h.create),
		httpapi.On("GET /v2.0/OS-KSADM/services/{service_id}", policy.GetService, httpapi.NoTarget, h.show),
		httpapi.On("DELETE /v2.0/OS-KSADM/services/{service_id}", policy.DeleteService, httpapi.NoTarget, h.remove),
	}
}

const oneService = "OS-KSADM:service"

// serviceNames are the attributes of services that are not the caller's own.
var serviceNames = declare("type")

// fullServiceView is a service on the wire, but in tokens.
type fullServiceView struct {
	ID      string           `json:"id"`
	Name    string           `json:"name"`
	Type    string           `json:"type"`
	Enabled bool             `json:"enabled"`
	Extra   extra.Attributes `json:",embed"`
}

func viewService(v catalog.Service) fullServiceView {
	return fullServiceView{ID: v.ID, Name: v.Name, Type: v.Type, Enabled: v.Enabled, Extra: serviceNames.Show(v.Extra)}
}

func (h services) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	all, err := every(listing.Query{}, func(v catalog.Service) string { return v.ID },
		func(q listing.Query) (listing.Page[catalog.Service], error) {
			return h.Catalog.ListServices(c.Context(), q)
		})
	return ok("OS-KSADM:services", views(all, viewService), err)
}

func (h services) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	var b struct {
		Type    optional.Value[string] `json:"type"`
		Name    optional.Value[string] `json:"name"`
		Enabled optional.Value[bool]   `json:"enabled"`
		Extra   extra.Attributes       `json:",embed"`
	}
	if err := c.Body(oneService, &b); err != nil {
		return httpapi.Reply{}, err
	}
	kept, err := serviceNames.KeepNew(b.Extra)
	if err != nil {
		return httpapi.Reply{}, err
	}
	v, err := h.Catalog.CreateService(c.Context(), catalog.ServiceDraft{Type: b.Type, Name: b.Name, Enabled: b.Enabled, Extra: kept})
	return ok(oneService, viewService(v), err)
}

func (h services) show(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("service_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	v, err := h.Catalog.Service(c.Context(), id)
	return ok(oneService, viewService(v), err)
}

func (h services) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("service_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Catalog.DeleteService(c.Context(), id)
}
