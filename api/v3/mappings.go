package v3

import (
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyward/identity/internal/federation"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/policy"
)

// mappings serves /v3/OS-FEDERATION/mappings.
type mappings struct{ Services }

func (h mappings) ops() []httpapi.Op {
	const one = "/v3/OS-FEDERATION/mappings/{mapping_id}"
	return []httpapi.Op{
		httpapi.On("GET /v3/OS-FEDERATION/mappings", policy.ListMappings, httpapi.NoTarget, h.list),
		httpapi.On("GET "+one, policy.GetMapping, httpapi.NoTarget, h.show),
		httpapi.On("PUT "+one, policy.CreateMapping, httpapi.NoTarget, h.create),
		httpapi.On("PATCH "+one, policy.UpdateMapping, httpapi.NoTarget, h.update),
		httpapi.On("DELETE "+one, policy.DeleteMapping, httpapi.NoTarget, h.remove),
	}
}

// mappingView is a mapping on the wire. Its rules are those that were sent.
type mappingView struct {
	ID            string         `json:"id"`
	Rules         jsontext.Value `json:"rules"`
	SchemaVersion string         `json:"schema_version"`
	Links         links          `json:"links"`
}

func viewMapping(c *httpapi.Call, m federation.Mapping) mappingView {
	return mappingView{m.ID, jsontext.Value(m.Rules), m.SchemaVersion, links{c.Link("v3", "OS-FEDERATION", "mappings", m.ID)}}
}

// draft is what a PUT or PATCH says of a mapping. Attributes that a mapping does not have are dropped, as in
// Keystone; those inside of rules are refused.
func (h mappings) draft(c *httpapi.Call) (federation.MappingDraft, error) {
	var b struct {
		SchemaVersion string         `json:"schema_version"`
		Rules         jsontext.Value `json:"rules"`
	}
	err := c.Body("mapping", &b)
	return federation.MappingDraft{SchemaVersion: b.SchemaVersion, Rules: json.RawMessage(b.Rules)}, err
}

func (h mappings) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List()
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Federation.ListMappings(c.Context(), q)
	return httpapi.Collection(c, "mappings", page, func(m federation.Mapping) string { return m.ID },
		func(m federation.Mapping) mappingView { return viewMapping(c, m) }), err
}

func (h mappings) show(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	m, err := h.Federation.Mapping(c.Context(), c.Param("mapping_id"))
	return httpapi.Show("mapping", viewMapping(c, m)), err
}

func (h mappings) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.draft(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	m, err := h.Federation.CreateMapping(c.Context(), c.Param("mapping_id"), draft)
	return httpapi.Created("mapping", viewMapping(c, m)), err
}

func (h mappings) update(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.draft(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	m, err := h.Federation.ReplaceMapping(c.Context(), c.Param("mapping_id"), draft)
	return httpapi.Show("mapping", viewMapping(c, m)), err
}

func (h mappings) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Federation.DeleteMapping(c.Context(), c.Param("mapping_id"))
}
