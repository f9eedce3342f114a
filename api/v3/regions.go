package v3

import (
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// regions serves /v3/regions. Their ids are names that people choose, so they need not look like ids.
type regions struct{ Services }

func (h regions) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/regions", policy.ListRegions, httpapi.NoTarget, h.list),
		httpapi.On("POST /v3/regions", policy.CreateRegion, httpapi.NoTarget, h.create),
		httpapi.On("GET /v3/regions/{region_id}", policy.GetRegion, httpapi.NoTarget, h.show),
		httpapi.On("PUT /v3/regions/{region_id}", policy.CreateRegion, httpapi.NoTarget, h.createAs),
		httpapi.On("PATCH /v3/regions/{region_id}", policy.UpdateRegion, httpapi.NoTarget, h.update),
		httpapi.On("DELETE /v3/regions/{region_id}", policy.DeleteRegion, httpapi.NoTarget, h.remove),
	}
}

// regionNames are the attributes of regions that are not the caller's own.
var regionNames = declare("description", "parent_region_id")

// regionView is a region on the wire.
type regionView struct {
	ID          string     `json:"id"`
	Description string     `json:"description"`
	ParentID    *string    `json:"parent_region_id"`
	Links       links      `json:"links"`
	Extra       attributes `json:",embed"`
}

func viewRegion(c *httpapi.Call, r catalog.Region) regionView {
	return regionView{
		ID: r.ID, Description: r.Description, ParentID: textOrNull(r.ParentID),
		Links: links{c.Link("v3", "regions", r.ID)}, Extra: regionNames.show(r.Extra),
	}
}

// regionBody is what a POST, PUT or PATCH says of a region.
type regionBody struct {
	ID          optional.Value[any]    `json:"id"`
	Description optional.Value[string] `json:"description"`
	ParentID    optional.Value[string] `json:"parent_region_id"`
	Extra       attributes             `json:",embed"`
}

// region is the draft that the body describes; keep says which attributes of the caller's own are kept.
func (h regions) region(c *httpapi.Call, keep func(attributes) (map[string]any, error)) (catalog.RegionDraft, error) {
	var b regionBody
	if err := c.Body("region", &b); err != nil {
		return catalog.RegionDraft{}, err
	}
	extra, err := keep(b.Extra)
	return catalog.RegionDraft{ID: sentID(b.ID), Description: b.Description, ParentID: b.ParentID, Extra: extra}, err
}

func (h regions) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List("parent_region_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	q.Limit = 0 // regions have no pages: a next link would be refused for its marker
	page, err := h.Catalog.ListRegions(c.Context(), q)
	return httpapi.Collection(c, "regions", page, func(r catalog.Region) string { return r.ID },
		func(r catalog.Region) regionView { return viewRegion(c, r) }), err
}

func (h regions) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.region(c, regionNames.keepNew)
	if err != nil {
		return httpapi.Reply{}, err
	}
	r, err := h.Catalog.CreateRegion(c.Context(), draft)
	return httpapi.Created("region", viewRegion(c, r)), err
}

func (h regions) createAs(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.region(c, regionNames.keepNew)
	if err != nil {
		return httpapi.Reply{}, err
	}
	r, err := h.Catalog.CreateRegionAs(c.Context(), c.Param("region_id"), draft)
	return httpapi.Created("region", viewRegion(c, r)), err
}

func (h regions) show(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	r, err := h.Catalog.Region(c.Context(), c.Param("region_id"))
	return httpapi.Show("region", viewRegion(c, r)), err
}

func (h regions) update(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.region(c, regionNames.keep)
	if err != nil {
		return httpapi.Reply{}, err
	}
	r, err := h.Catalog.UpdateRegion(c.Context(), c.Param("region_id"), draft)
	return httpapi.Show("region", viewRegion(c, r)), err
}

func (h regions) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Catalog.DeleteRegion(c.Context(), c.Param("region_id"))
}
