package v3

import (
	"slices"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/trust"
)

// trusts serves /v3/OS-TRUST/trusts. Trusts that ended or are used up stay visible until they are deleted.
type trusts struct{ Services }

func (h trusts) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.OnOneOf("GET /v3/OS-TRUST/trusts", listRules, h.listRule, h.asked, h.list),
		httpapi.On("POST /v3/OS-TRUST/trusts", policy.CreateTrust, h.draft, h.create),
		httpapi.On("GET /v3/OS-TRUST/trusts/{trust_id}", policy.GetTrust, h.find(policy.GetTrust), h.show),
		httpapi.On("DELETE /v3/OS-TRUST/trusts/{trust_id}", policy.DeleteTrust, h.find(policy.DeleteTrust), h.remove),
		httpapi.On("GET /v3/OS-TRUST/trusts/{trust_id}/roles", policy.ListRolesForTrust, h.find(policy.ListRolesForTrust), h.roles),
		httpapi.On("GET /v3/OS-TRUST/trusts/{trust_id}/roles/{role_id}", policy.GetRoleForTrust, h.find(policy.GetRoleForTrust), h.role),
	}
}

// trustNames are the attributes of trusts that are not the client's own.
var trustNames = declare(
	"trustor_user_id", "trustee_user_id", "impersonation", "project_id", "expires_at", "remaining_uses", "deleted_at",
	"allow_redelegation", "redelegated_trust_id", "redelegation_count", "roles", "roles_links",
)

type trustView struct {
	ID                string         `json:"id"`
	TrustorID         string         `json:"trustor_user_id"`
	TrusteeID         string         `json:"trustee_user_id"`
	ProjectID         *string        `json:"project_id"`
	Impersonation     bool           `json:"impersonation"`
	ExpiresAt         *httpapi.Time  `json:"expires_at"`
	RemainingUses     *int           `json:"remaining_uses"`
	DeletedAt         *httpapi.Time  `json:"deleted_at"` // what is deleted is not shown
	RedelegatedID     *string        `json:"redelegated_trust_id"`
	RedelegationCount int            `json:"redelegation_count"`
	Roles             *[]roleView    `json:"roles,omitzero"`
	RolesLinks        *roleListLinks `json:"roles_links,omitzero"`
	Links             links          `json:"links"`
	Extra             attributes     `json:",embed"`
}

type roleListLinks struct {
	Self     string  `json:"self"`
	Next     *string `json:"next"`
	Previous *string `json:"previous"`
}

// viewTrust is a trust as lists show it, without its roles.
func viewTrust(c *httpapi.Call, t trust.Trust) trustView {
	return trustView{
		ID: t.ID, TrustorID: t.TrustorID, TrusteeID: t.TrusteeID, ProjectID: textOrNull(t.ProjectID), Impersonation: t.Impersonation,
		ExpiresAt: httpapi.TimeOf(t.ExpiresAt), RemainingUses: t.RemainingUses, RedelegatedID: textOrNull(t.RedelegatedID),
		RedelegationCount: t.RedelegationCount, Links: links{c.Link("v3", "OS-TRUST", "trusts", t.ID)}, Extra: trustNames.show(t.Extra),
	}
}

// view is a trust with its roles.
func (h trusts) view(c *httpapi.Call, t trust.Trust) (trustView, error) {
	v := viewTrust(c, t)
	roles, err := h.rolesOf(c, t)
	if err != nil {
		return v, err
	}
	views := make([]roleView, len(roles))
	for i, r := range roles {
		views[i] = viewRole(c, r)
	}
	v.Roles, v.RolesLinks = &views, &roleListLinks{Self: c.Link("v3", "OS-TRUST", "trusts", t.ID, "roles")}
	return v, nil
}

// rolesOf are the roles that a trust names, in the order of their ids. What was deleted since is left out.
func (h trusts) rolesOf(c *httpapi.Call, t trust.Trust) ([]assignment.Role, error) {
	table, err := h.Facts.Table(c.Context())
	if err != nil {
		return nil, err
	}
	roles := make([]assignment.Role, 0, len(t.RoleIDs))
	for _, id := range slices.Sorted(slices.Values(t.RoleIDs)) {
		if r := table.Role(id); r != nil {
			roles = append(roles, *r)
		}
	}
	return roles, nil
}

var listRules = []policy.Rule{policy.ListTrusts, policy.ListTrustsForTrustor, policy.ListTrustsForTrustee}

// listRule goes by whose trusts are asked for. With both, the trustor's rule decides, as in Keystone.
func (h trusts) listRule(c *httpapi.Call, _ httpapi.Draft) policy.Rule {
	switch {
	case c.Query().Get("trustor_user_id") != "":
		return policy.ListTrustsForTrustor
	case c.Query().Get("trustee_user_id") != "":
		return policy.ListTrustsForTrustee
	}
	return policy.ListTrusts
}

// asked is whose trusts are listed.
func (h trusts) asked(c *httpapi.Call) (httpapi.Draft, error) {
	return httpapi.Draft{
		"target.trust.trustor_user_id": policy.IsOrNull(c.Query().Get("trustor_user_id")),
		"target.trust.trustee_user_id": policy.IsOrNull(c.Query().Get("trustee_user_id")),
	}, nil
}

func (h trusts) list(c *httpapi.Call, _ httpapi.Draft) (httpapi.Reply, error) {
	q, err := c.List("trustor_user_id", "trustee_user_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	var page listing.Page[trust.Trust]
	if len(q.Filters) > 0 || !asksForSomethingElse(c) {
		page, err = h.Trust.List(c.Context(), q)
	}
	return httpapi.Collection(c, "trusts", page, func(t trust.Trust) string { return t.ID },
		func(t trust.Trust) trustView { return viewTrust(c, t) }), err
}

// asksForSomethingElse tells that there is a parameter that trusts do not have. Keystone's answer is an empty list,
// and clients rely on it: python-keystoneclient looks for trusts by ?name= and takes what it gets.
func asksForSomethingElse(c *httpapi.Call) bool {
	for name := range c.Query() {
		if name != "limit" && name != "marker" {
			return true
		}
	}
	return false
}

// find loads a trust for a rule. Whom the rule would let at a trust of his own learns that there is none, as clients
// of Keystone expect after a delete. What is none of his business looks the same to him.
func (h trusts) find(rule policy.Rule) func(*httpapi.Call) (trust.Trust, error) {
	return func(c *httpapi.Call) (trust.Trust, error) {
		own := trust.Trust{TrustorID: c.Actor.UserID, TrusteeID: c.Actor.UserID}
		id, err := c.ID("trust_id")
		if err != nil {
			return own, err
		}
		t, err := h.Trust.Trust(c.Context(), id)
		party := t.TrustorID == c.Actor.UserID || t.TrusteeID == c.Actor.UserID
		if err == nil && !party && !c.Can(rule, t) && c.Can(rule, own) {
			err = fault.New(fault.NotFound, "Could not find trust: %s.", id)
		}
		if err != nil {
			return own, err
		}
		return t, nil
	}
}

type trustBody struct {
	TrustorID         string                 `json:"trustor_user_id"`
	TrusteeID         string                 `json:"trustee_user_id"`
	Impersonation     bool                   `json:"impersonation"`
	ProjectID         optional.Value[string] `json:"project_id"`
	Roles             []trust.RoleRef        `json:"roles"`
	ExpiresAt         optional.Value[string] `json:"expires_at"`
	RemainingUses     optional.Value[int]    `json:"remaining_uses"`
	AllowRedelegation optional.Value[bool]   `json:"allow_redelegation"`
	RedelegationCount optional.Value[int]    `json:"redelegation_count"`
	Extra             attributes             `json:",embed"`
}

// draft is the trust to be.
func (h trusts) draft(c *httpapi.Call) (trust.Trust, error) {
	var b trustBody
	err := c.Body("trust", &b)
	return trust.Trust{TrustorID: b.TrustorID, TrusteeID: b.TrusteeID}, err
}

func (h trusts) create(c *httpapi.Call, _ trust.Trust) (httpapi.Reply, error) {
	var b trustBody
	if err := c.Body("trust", &b); err != nil {
		return httpapi.Reply{}, err
	}
	extra, err := trustNames.keep(b.Extra)
	if err != nil {
		return httpapi.Reply{}, err
	}
	maker := trust.Maker{UserID: c.Actor.UserID, Methods: c.Actor.Methods, AuthTime: c.Actor.AuthTime, TrustID: c.Actor.TrustID}
	made, err := h.Trust.Create(c.Context(), maker, trust.Draft{
		TrustorID: b.TrustorID, TrusteeID: b.TrusteeID, ProjectID: b.ProjectID.Or(""), Impersonation: b.Impersonation, Roles: b.Roles,
		ExpiresAt: b.ExpiresAt.Or(""), RemainingUses: b.RemainingUses.Pointer(), AllowRedelegation: b.AllowRedelegation.Or(false),
		RedelegationCount: b.RedelegationCount.Pointer(), Extra: extra,
	})
	if err != nil {
		return httpapi.Reply{}, err
	}
	v, err := h.view(c, made)
	return httpapi.Created("trust", v), err
}

func (h trusts) show(c *httpapi.Call, t trust.Trust) (httpapi.Reply, error) {
	v, err := h.view(c, t)
	return httpapi.Show("trust", v), err
}

func (h trusts) remove(c *httpapi.Call, t trust.Trust) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Trust.Delete(c.Context(), t.ID)
}

func (h trusts) roles(c *httpapi.Call, t trust.Trust) (httpapi.Reply, error) {
	roles, err := h.rolesOf(c, t)
	return httpapi.Collection(c, "roles", listing.Page[assignment.Role]{Items: roles}, roleID,
		func(r assignment.Role) roleView { return viewRole(c, r) }), err
}

func (h trusts) role(c *httpapi.Call, t trust.Trust) (httpapi.Reply, error) {
	id, err := c.ID("role_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	roles, err := h.rolesOf(c, t)
	if err != nil {
		return httpapi.Reply{}, err
	}
	for _, r := range roles {
		if r.ID == id {
			return httpapi.Show("role", viewRole(c, r)), nil
		}
	}
	return httpapi.Reply{}, fault.New(fault.NotFound, "Could not find role: %s.", id)
}
