package v3

import (
	"net/http"

	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/limit"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// registeredLimits serves /v3/registered_limits.
type registeredLimits struct{ Services }

func (h registeredLimits) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/registered_limits", policy.ListRegisteredLimits, httpapi.NoTarget, h.list),
		httpapi.On("POST /v3/registered_limits", policy.CreateRegisteredLimits, httpapi.NoTarget, h.create),
		httpapi.On("GET /v3/registered_limits/{registered_limit_id}", policy.GetRegisteredLimit, httpapi.NoTarget, h.show),
		httpapi.On("PATCH /v3/registered_limits/{registered_limit_id}", policy.UpdateRegisteredLimit, httpapi.NoTarget, h.update),
		httpapi.On("DELETE /v3/registered_limits/{registered_limit_id}", policy.DeleteRegisteredLimit, httpapi.NoTarget, h.remove),
	}
}

// registeredLimitView is a registered limit on the wire.
type registeredLimitView struct {
	ID           string  `json:"id"`
	ServiceID    string  `json:"service_id"`
	RegionID     *string `json:"region_id"`
	ResourceName string  `json:"resource_name"`
	Default      int     `json:"default_limit"`
	Description  *string `json:"description"`
	Links        links   `json:"links"`
}

func viewRegisteredLimit(c *httpapi.Call, r limit.Registered) registeredLimitView {
	return registeredLimitView{
		ID: r.ID, ServiceID: r.ServiceID, RegionID: textOrNull(r.RegionID), ResourceName: r.ResourceName, Default: r.Default,
		Description: r.Description, Links: links{c.Link("v3", "registered_limits", r.ID)},
	}
}

// registeredLimitBody is what a POST or PATCH says of a registered limit.
type registeredLimitBody struct {
	ServiceID    optional.Value[string] `json:"service_id"`
	RegionID     optional.Value[string] `json:"region_id"`
	ResourceName optional.Value[string] `json:"resource_name"`
	Default      optional.Value[int]    `json:"default_limit"`
	Description  optional.Value[string] `json:"description"`
}

func (b registeredLimitBody) draft() limit.RegisteredDraft {
	return limit.RegisteredDraft{
		ServiceID: b.ServiceID, RegionID: b.RegionID, ResourceName: b.ResourceName, Default: b.Default, Description: b.Description,
	}
}

func (h registeredLimits) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List("service_id", "region_id", "resource_name")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Limit.ListRegistered(c.Context(), q)
	return httpapi.Collection(c, "registered_limits", page, func(r limit.Registered) string { return r.ID },
		func(r limit.Registered) registeredLimitView { return viewRegisteredLimit(c, r) }), err
}

func (h registeredLimits) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	var bodies []registeredLimitBody
	if err := c.Body("registered_limits", &bodies); err != nil {
		return httpapi.Reply{}, err
	}
	drafts := make([]limit.RegisteredDraft, len(bodies))
	for i, b := range bodies {
		drafts[i] = b.draft()
	}
	made, err := h.Limit.CreateRegistered(c.Context(), drafts)
	return createdAll(c, "registered_limits", made, viewRegisteredLimit), err
}

// createdAll is 201 with new objects under their name; unlike a list it has no links of its own.
func createdAll[T, V any](c *httpapi.Call, name string, made []T, view func(*httpapi.Call, T) V) httpapi.Reply {
	views := make([]V, len(made))
	for i, m := range made {
		views[i] = view(c, m)
	}
	return httpapi.JSON(http.StatusCreated, map[string]any{name: views})
}

func (h registeredLimits) show(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("registered_limit_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	r, err := h.Limit.Registered(c.Context(), id)
	return httpapi.Show("registered_limit", viewRegisteredLimit(c, r)), err
}

func (h registeredLimits) update(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("registered_limit_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	var b registeredLimitBody
	if err := c.Body("registered_limit", &b); err != nil {
		return httpapi.Reply{}, err
	}
	r, err := h.Limit.UpdateRegistered(c.Context(), id, b.draft())
	return httpapi.Show("registered_limit", viewRegisteredLimit(c, r)), err
}

func (h registeredLimits) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("registered_limit_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Limit.DeleteRegistered(c.Context(), id)
}
