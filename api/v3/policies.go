package v3

import (
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// policies serves /v3/policies: documents that are kept for other services.
type policies struct{ Services }

func (h policies) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/policies", policy.ListPolicies, httpapi.NoTarget, h.list),
		httpapi.On("POST /v3/policies", policy.CreatePolicy, httpapi.NoTarget, h.create),
		httpapi.On("GET /v3/policies/{policy_id}", policy.GetPolicy, httpapi.NoTarget, h.show),
		httpapi.On("PATCH /v3/policies/{policy_id}", policy.UpdatePolicy, httpapi.NoTarget, h.update),
		httpapi.On("DELETE /v3/policies/{policy_id}", policy.DeletePolicy, httpapi.NoTarget, h.remove),
	}
}

// policyNames are the attributes of policy documents that are not the caller's own.
var policyNames = declare("blob", "type")

// policyView is a policy document on the wire.
type policyView struct {
	ID    string     `json:"id"`
	Blob  string     `json:"blob"`
	Type  string     `json:"type"`
	Links links      `json:"links"`
	Extra attributes `json:",embed"`
}

func viewPolicy(c *httpapi.Call, d catalog.PolicyDocument) policyView {
	return policyView{
		ID: d.ID, Blob: d.Blob, Type: d.Type,
		Links: links{c.Link("v3", "policies", d.ID)}, Extra: policyNames.show(d.Extra),
	}
}

// policyBody is what a POST or PATCH says of a policy document.
type policyBody struct {
	ID    optional.Value[any]    `json:"id"`
	Blob  optional.Value[string] `json:"blob"`
	Type  optional.Value[string] `json:"type"`
	Extra attributes             `json:",embed"`
}

// document is the draft that the body describes; keep says which attributes of the caller's own are kept.
func (h policies) document(c *httpapi.Call, keep func(attributes) (map[string]any, error)) (catalog.PolicyDocumentDraft, error) {
	var b policyBody
	if err := c.Body("policy", &b); err != nil {
		return catalog.PolicyDocumentDraft{}, err
	}
	extra, err := keep(b.Extra)
	return catalog.PolicyDocumentDraft{ID: sentID(b.ID), Blob: b.Blob, Type: b.Type, Extra: extra}, err
}

func (h policies) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List("type")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Catalog.ListPolicyDocuments(c.Context(), c.Sorted(q, "type"))
	return httpapi.Collection(c, "policies", page, func(d catalog.PolicyDocument) string { return d.ID },
		func(d catalog.PolicyDocument) policyView { return viewPolicy(c, d) }), err
}

func (h policies) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.document(c, policyNames.keepNew)
	if err != nil {
		return httpapi.Reply{}, err
	}
	d, err := h.Catalog.CreatePolicyDocument(c.Context(), draft)
	return httpapi.Created("policy", viewPolicy(c, d)), err
}

func (h policies) show(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("policy_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	d, err := h.Catalog.PolicyDocument(c.Context(), id)
	return httpapi.Show("policy", viewPolicy(c, d)), err
}

func (h policies) update(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("policy_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	draft, err := h.document(c, policyNames.keep)
	if err != nil {
		return httpapi.Reply{}, err
	}
	d, err := h.Catalog.UpdatePolicyDocument(c.Context(), id, draft)
	return httpapi.Show("policy", viewPolicy(c, d)), err
}

func (h policies) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("policy_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Catalog.DeletePolicyDocument(c.Context(), id)
}
