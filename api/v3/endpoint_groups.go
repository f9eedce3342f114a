package v3

import (
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// endpointGroups serves /v3/OS-EP-FILTER/endpoint_groups.
type endpointGroups struct{ Services }

func (h endpointGroups) ops() []httpapi.Op {
	const all, one = "/v3/OS-EP-FILTER/endpoint_groups", "/v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}"
	return []httpapi.Op{
		httpapi.On("GET "+all, policy.ListEndpointGroups, httpapi.NoTarget, h.list),
		httpapi.On("POST "+all, policy.CreateEndpointGroup, httpapi.NoTarget, h.create),
		httpapi.On("GET "+one, policy.GetEndpointGroup, httpapi.NoTarget, h.show),
		httpapi.On("PATCH "+one, policy.UpdateEndpointGroup, httpapi.NoTarget, h.update),
		httpapi.On("DELETE "+one, policy.DeleteEndpointGroup, httpapi.NoTarget, h.remove),
		httpapi.On("GET "+one+"/endpoints", policy.ListEndpointsOfGroup, httpapi.NoTarget, h.endpoints),
		httpapi.On("GET "+one+"/projects", policy.ListProjectsOfGroup, httpapi.NoTarget, h.projects),
	}
}

// filtersView is what an endpoint group demands, on the wire.
type filtersView struct {
	ServiceID string            `json:"service_id,omitzero"`
	RegionID  string            `json:"region_id,omitzero"`
	Interface catalog.Interface `json:"interface,omitzero"`
}

// endpointGroupView is an endpoint group on the wire.
type endpointGroupView struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Description *string     `json:"description"`
	Filters     filtersView `json:"filters"`
	Links       links       `json:"links"`
}

func viewEndpointGroup(c *httpapi.Call, g catalog.EndpointGroup) endpointGroupView {
	return endpointGroupView{
		ID: g.ID, Name: g.Name, Description: g.Description, Filters: filtersView(g.Filter),
		Links: links{c.Link("v3", "OS-EP-FILTER", "endpoint_groups", g.ID)},
	}
}

func viewEndpointGroups(c *httpapi.Call, page listing.Page[catalog.EndpointGroup]) httpapi.Reply {
	return httpapi.Collection(c, "endpoint_groups", page, func(g catalog.EndpointGroup) string { return g.ID },
		func(g catalog.EndpointGroup) endpointGroupView { return viewEndpointGroup(c, g) })
}

// filtersBody is what a body demands of endpoints.
type filtersBody struct {
	ServiceID optional.Value[string] `json:"service_id"`
	RegionID  optional.Value[string] `json:"region_id"`
	Interface optional.Value[string] `json:"interface"`
}

// endpointGroupBody is what a POST or PATCH says of an endpoint group.
type endpointGroupBody struct {
	Name        optional.Value[string] `json:"name"`
	Description optional.Value[string] `json:"description"`
	Filters     *filtersBody           `json:"filters"`
}

// group is the draft that the body describes.
func (h endpointGroups) group(c *httpapi.Call) (catalog.EndpointGroupDraft, error) {
	var b endpointGroupBody
	err := c.Body("endpoint_group", &b)
	d := catalog.EndpointGroupDraft{Name: b.Name, Description: b.Description}
	if b.Filters != nil {
		d.Filter = optional.Of(catalog.FilterDraft(*b.Filters))
	}
	return d, err
}

// list shows all groups on one page: the query is closed, so nobody can ask for another.
func (h endpointGroups) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List("name")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Catalog.ListEndpointGroups(c.Context(), listing.Query{Filters: q.Filters})
	return viewEndpointGroups(c, page), err
}

func (h endpointGroups) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.group(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	g, err := h.Catalog.CreateEndpointGroup(c.Context(), draft)
	return httpapi.Created("endpoint_group", viewEndpointGroup(c, g)), err
}

func (h endpointGroups) show(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("endpoint_group_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	g, err := h.Catalog.EndpointGroup(c.Context(), id)
	return httpapi.Show("endpoint_group", viewEndpointGroup(c, g)), err
}

func (h endpointGroups) update(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("endpoint_group_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	draft, err := h.group(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	g, err := h.Catalog.UpdateEndpointGroup(c.Context(), id, draft)
	return httpapi.Show("endpoint_group", viewEndpointGroup(c, g)), err
}

func (h endpointGroups) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("endpoint_group_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Catalog.DeleteEndpointGroup(c.Context(), id)
}

func (h endpointGroups) endpoints(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("endpoint_group_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Catalog.EndpointsOfGroup(c.Context(), id)
	return viewEndpoints(c, page), err
}

// projects lists the projects of a group; as in Keystone, a group that does not exist has none.
func (h endpointGroups) projects(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("endpoint_group_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return h.projectsBy(c, "endpoint_group_id", id)
}
