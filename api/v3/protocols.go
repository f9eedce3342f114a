package v3

import (
	"github.com/keyward/identity/internal/federation"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// protocols serves the protocols of an identity provider.
type protocols struct{ Services }

func (h protocols) ops() []httpapi.Op {
	const all = "/v3/OS-FEDERATION/identity_providers/{idp_id}/protocols"
	const one = all + "/{protocol_id}"
	return []httpapi.Op{
		httpapi.On("GET "+all, policy.ListProtocols, httpapi.NoTarget, h.list),
		httpapi.On("GET "+one, policy.GetProtocol, httpapi.NoTarget, h.show),
		httpapi.On("PUT "+one, policy.CreateProtocol, httpapi.NoTarget, h.create),
		httpapi.On("PATCH "+one, policy.UpdateProtocol, httpapi.NoTarget, h.update),
		httpapi.On("DELETE "+one, policy.DeleteProtocol, httpapi.NoTarget, h.remove),
	}
}

// protocolView is a protocol on the wire.
type protocolView struct {
	ID        string        `json:"id"`
	MappingID string        `json:"mapping_id"`
	Links     protocolLinks `json:"links"`
}

type protocolLinks struct {
	Self             string `json:"self"`
	IdentityProvider string `json:"identity_provider"`
}

// listedProtocolView is a protocol in a list, which says more than that of a protocol alone, as in Keystone.
type listedProtocolView struct {
	protocolView
	IdPID             string  `json:"idp_id"`
	RemoteIDAttribute *string `json:"remote_id_attribute"`
}

func viewProtocol(c *httpapi.Call, p federation.Protocol) protocolView {
	parts := []string{"v3", "OS-FEDERATION", "identity_providers", p.IdPID}
	return protocolView{
		ID: p.ID, MappingID: p.MappingID,
		Links: protocolLinks{Self: c.Link(append(parts, "protocols", p.ID)...), IdentityProvider: c.Link(parts...)},
	}
}

// draft is what a PUT or PATCH says of a protocol.
func (h protocols) draft(c *httpapi.Call) (federation.ProtocolDraft, error) {
	var b struct {
		MappingID         string                 `json:"mapping_id"`
		RemoteIDAttribute optional.Value[string] `json:"remote_id_attribute"`
	}
	err := c.Body("protocol", &b)
	return federation.ProtocolDraft{MappingID: b.MappingID, RemoteIDAttribute: b.RemoteIDAttribute}, err
}

func (h protocols) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List()
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Federation.ListProtocols(c.Context(), c.Param("idp_id"), q)
	return httpapi.Collection(c, "protocols", page, func(p federation.Protocol) string { return p.ID },
		func(p federation.Protocol) listedProtocolView {
			return listedProtocolView{viewProtocol(c, p), p.IdPID, p.RemoteIDAttribute}
		}), err
}

func (h protocols) show(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	p, err := h.Federation.Protocol(c.Context(), c.Param("idp_id"), c.Param("protocol_id"))
	return httpapi.Show("protocol", viewProtocol(c, p)), err
}

func (h protocols) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.draft(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	p, err := h.Federation.CreateProtocol(c.Context(), c.Param("idp_id"), c.Param("protocol_id"), draft)
	return httpapi.Created("protocol", viewProtocol(c, p)), err
}

func (h protocols) update(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	draft, err := h.draft(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	p, err := h.Federation.UpdateProtocol(c.Context(), c.Param("idp_id"), c.Param("protocol_id"), draft)
	return httpapi.Show("protocol", viewProtocol(c, p)), err
}

func (h protocols) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Federation.DeleteProtocol(c.Context(), c.Param("idp_id"), c.Param("protocol_id"))
}
