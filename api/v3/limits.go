package v3

import (
	"slices"

	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/limit"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// limits serves /v3/limits.
type limits struct{ Services }

func (h limits) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/limits", policy.ListLimits, httpapi.NoTarget, h.list),
		httpapi.On("POST /v3/limits", policy.CreateLimits, httpapi.NoTarget, h.create),
		httpapi.On("GET /v3/limits/model", policy.GetLimitModel, httpapi.NoTarget, h.model),
		httpapi.On("GET /v3/limits/{limit_id}", policy.GetLimit, h.find, h.show),
		httpapi.On("PATCH /v3/limits/{limit_id}", policy.UpdateLimit, httpapi.NoTarget, h.update),
		httpapi.On("DELETE /v3/limits/{limit_id}", policy.DeleteLimit, httpapi.NoTarget, h.remove),
	}
}

// limitView is a limit on the wire.
type limitView struct {
	ID           string  `json:"id"`
	ProjectID    *string `json:"project_id"`
	DomainID     *string `json:"domain_id"`
	ServiceID    string  `json:"service_id"`
	RegionID     *string `json:"region_id"`
	ResourceName string  `json:"resource_name"`
	Value        int     `json:"resource_limit"`
	Description  *string `json:"description"`
	Links        links   `json:"links"`
}

func viewLimit(c *httpapi.Call, l limit.Limit) limitView {
	return limitView{
		ID: l.ID, ProjectID: textOrNull(l.ProjectID), DomainID: textOrNull(l.DomainID), ServiceID: l.ServiceID,
		RegionID: textOrNull(l.RegionID), ResourceName: l.ResourceName, Value: l.Value, Description: l.Description,
		Links: links{c.Link("v3", "limits", l.ID)},
	}
}

// limitBody is what a POST says of a limit.
type limitBody struct {
	ServiceID    string                 `json:"service_id"`
	RegionID     optional.Value[string] `json:"region_id"`
	ResourceName string                 `json:"resource_name"`
	ProjectID    optional.Value[string] `json:"project_id"`
	DomainID     optional.Value[string] `json:"domain_id"`
	Value        optional.Value[int]    `json:"resource_limit"`
	Description  optional.Value[string] `json:"description"`
}

// limitPatch is what a PATCH says of a limit.
type limitPatch struct {
	Value       optional.Value[int]    `json:"resource_limit"`
	Description optional.Value[string] `json:"description"`
}

func (h limits) find(c *httpapi.Call) (limit.Limit, error) {
	id, err := c.ID("limit_id")
	if err != nil {
		return limit.Limit{}, err
	}
	return h.Limit.Limit(c.Context(), id)
}

func (h limits) model(*httpapi.Call, policy.None) (httpapi.Reply, error) {
	m := h.Limit.Model()
	return httpapi.Show("model", map[string]string{"name": string(m), "description": m.Description()}), nil
}

// seen is whose limits the caller's list shows. Roles do not lift a token of a domain out of it.
func seen(a policy.Actor) limit.Seen {
	if a.DomainID != "" {
		return limit.Seen{DomainID: a.DomainID}
	}
	all := a.System || slices.Contains(a.Roles, "admin") || slices.Contains(a.Roles, "service")
	return limit.Seen{All: all, ProjectID: a.ProjectID}
}

func (h limits) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List("service_id", "region_id", "resource_name", "project_id", "domain_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Limit.Limits(c.Context(), q, seen(c.Actor))
	return httpapi.Collection(c, "limits", page, func(l limit.Limit) string { return l.ID },
		func(l limit.Limit) limitView { return viewLimit(c, l) }), err
}

func (h limits) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	var bodies []limitBody
	if err := c.Body("limits", &bodies); err != nil {
		return httpapi.Reply{}, err
	}
	drafts := make([]limit.Draft, len(bodies))
	for i, b := range bodies {
		drafts[i] = limit.Draft{
			ServiceID: b.ServiceID, RegionID: b.RegionID.Or(""), ResourceName: b.ResourceName,
			ProjectID: b.ProjectID.Or(""), DomainID: b.DomainID.Or(""), Value: b.Value, Description: b.Description,
		}
	}
	made, err := h.Limit.CreateLimits(c.Context(), drafts)
	return createdAll(c, "limits", made, viewLimit), err
}

func (h limits) show(c *httpapi.Call, l limit.Limit) (httpapi.Reply, error) {
	return httpapi.Show("limit", viewLimit(c, l)), nil
}

func (h limits) update(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("limit_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	var b limitPatch
	if err := c.Body("limit", &b); err != nil {
		return httpapi.Reply{}, err
	}
	l, err := h.Limit.UpdateLimit(c.Context(), id, limit.Patch{Value: b.Value, Description: b.Description})
	return httpapi.Show("limit", viewLimit(c, l)), err
}

func (h limits) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("limit_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Limit.DeleteLimit(c.Context(), id)
}

// of reads the limits of projects and domains, and returns what shows those of one.
func (h limits) of(c *httpapi.Call, ps []resource.Project) (func(resource.Project) *[]limitView, error) {
	ids := make([]string, len(ps))
	for i, p := range ps {
		ids[i] = p.ID
	}
	found, err := h.Limit.LimitsOf(c.Context(), ids)
	return func(p resource.Project) *[]limitView {
		views := []limitView{}
		for _, l := range found[p.ID] {
			views = append(views, viewLimit(c, l))
		}
		return &views
	}, err
}
