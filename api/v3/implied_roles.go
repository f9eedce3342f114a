package v3

import (
	"net/http"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/policy"
)

// impliedRoles serves which role implies which. The target of the rules is the prior role.
type impliedRoles struct{ Services }

func (h impliedRoles) ops() []httpapi.Op {
	const one = "/v3/roles/{prior_role_id}/implies/{implied_role_id}"
	return []httpapi.Op{
		httpapi.On("GET /v3/roles/{prior_role_id}/implies", policy.ListImpliedRoles, h.prior, h.list),
		httpapi.On("GET "+one, policy.GetImpliedRole, h.prior, h.show).
			HeadRule(policy.CheckImpliedRole).HeadStatus(http.StatusNoContent),
		httpapi.On("PUT "+one, policy.CreateImpliedRole, h.prior, h.create),
		httpapi.On("DELETE "+one, policy.DeleteImpliedRole, h.prior, h.remove),
		httpapi.On("GET /v3/role_inferences", policy.ListRoleInferenceRules, httpapi.NoTarget, h.all),
	}
}

// roleNameView is a role in an inference.
type roleNameView struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Links links  `json:"links"`
}

// impliedRoleView is one implication.
type impliedRoleView struct {
	PriorRole roleNameView `json:"prior_role"`
	Implies   roleNameView `json:"implies"`
}

// inferenceView is all that one role directly implies.
type inferenceView struct {
	PriorRole roleNameView   `json:"prior_role"`
	Implies   []roleNameView `json:"implies"`
}

func viewRoleName(c *httpapi.Call, r assignment.Role) roleNameView {
	return roleNameView{ID: r.ID, Name: r.Name, Links: links{roleLink(c, r.ID)}}
}

func viewInference(c *httpapi.Call, i assignment.Inference) inferenceView {
	v := inferenceView{PriorRole: viewRoleName(c, i.Prior), Implies: make([]roleNameView, len(i.Implies))}
	for n, r := range i.Implies {
		v.Implies[n] = viewRoleName(c, r)
	}
	return v
}

// implication is the answer about one implication.
func implication(c *httpapi.Call, status int, prior, implied assignment.Role) httpapi.Reply {
	return httpapi.JSON(status, map[string]any{
		"role_inference": impliedRoleView{PriorRole: viewRoleName(c, prior), Implies: viewRoleName(c, implied)},
		"links":          links{implicationLink(c.Link, prior.ID, implied.ID)},
	})
}

func implicationLink(link linker, priorID, impliedID string) string {
	return link("v3", "roles", priorID, "implies", impliedID)
}

func (h impliedRoles) prior(c *httpapi.Call) (foundRole, error) {
	return roles(h).named(c, "prior_role_id")
}

func (h impliedRoles) list(c *httpapi.Call, prior foundRole) (httpapi.Reply, error) {
	i, err := h.Assignment.Implied(c.Context(), prior.ID)
	return httpapi.JSON(http.StatusOK, map[string]any{
		"role_inference": viewInference(c, i), "links": links{c.SelfLink()},
	}), err
}

// show also serves HEAD, for which Keystone asks the rule of GET besides its own.
func (h impliedRoles) show(c *httpapi.Call, prior foundRole) (httpapi.Reply, error) {
	if err := c.Allow(policy.GetImpliedRole, prior); err != nil {
		return httpapi.Reply{}, err
	}
	id, err := c.ID("implied_role_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	p, i, err := h.Assignment.Implication(c.Context(), prior.ID, id)
	return implication(c, http.StatusOK, p, i), err
}

func (h impliedRoles) create(c *httpapi.Call, prior foundRole) (httpapi.Reply, error) {
	id, err := c.ID("implied_role_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	p, i, err := h.Assignment.Imply(c.Context(), prior.ID, id)
	return implication(c, http.StatusCreated, p, i), err
}

func (h impliedRoles) remove(c *httpapi.Call, prior foundRole) (httpapi.Reply, error) {
	id, err := c.ID("implied_role_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Assignment.Unimply(c.Context(), prior.ID, id)
}

func (h impliedRoles) all(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	all, err := h.Assignment.Inferences(c.Context())
	views := make([]inferenceView, len(all))
	for n, i := range all {
		views[n] = viewInference(c, i)
	}
	return httpapi.JSON(http.StatusOK, map[string]any{"role_inferences": views}), err
}
