package v3

import (
	"context"

	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/policy"
)

// endpointPolicies serves OS-ENDPOINT-POLICY: which policy document is for which endpoints.
type endpointPolicies struct{ Services }

func (h endpointPolicies) ops() []httpapi.Op {
	const (
		of        = "/v3/policies/{policy_id}/OS-ENDPOINT-POLICY"
		onOne     = of + "/endpoints/{endpoint_id}"
		onService = of + "/services/{service_id}"
		onPlace   = of + "/services/{service_id}/regions/{region_id}"
	)
	set, check, end := h.Catalog.Associate, h.Catalog.CheckAssociation, h.Catalog.Dissociate
	return []httpapi.Op{
		association("GET "+onOne, policy.CheckPolicyAssociationForEndpoint, namedEndpoint, check),
		association("PUT "+onOne, policy.CreatePolicyAssociationForEndpoint, namedEndpoint, set),
		association("DELETE "+onOne, policy.DeletePolicyAssociationForEndpoint, namedEndpoint, end),
		association("GET "+onService, policy.CheckPolicyAssociationForService, namedService, check),
		association("PUT "+onService, policy.CreatePolicyAssociationForService, namedService, set),
		association("DELETE "+onService, policy.DeletePolicyAssociationForService, namedService, end),
		association("GET "+onPlace, policy.CheckPolicyAssociationForRegionAndService, namedPlace, check),
		association("PUT "+onPlace, policy.CreatePolicyAssociationForRegionAndService, namedPlace, set),
		association("DELETE "+onPlace, policy.DeletePolicyAssociationForRegionAndService, namedPlace, end),
		httpapi.On("GET "+of+"/endpoints", policy.ListEndpointsForPolicy, httpapi.NoTarget, h.endpoints),
		httpapi.On("GET /v3/endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy", policy.GetPolicyForEndpoint,
			httpapi.NoTarget, h.policy),
	}
}

// association declares an operation on the association that the path names; target reads what it is with.
func association(pattern string, rule policy.Rule, target func(*httpapi.Call) (catalog.PolicyTarget, error),
	do func(context.Context, catalog.Association) error) httpapi.Op {
	return httpapi.On(pattern, rule, httpapi.NoTarget, func(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
		id, err := c.ID("policy_id")
		if err != nil {
			return httpapi.Reply{}, err
		}
		t, err := target(c)
		if err != nil {
			return httpapi.Reply{}, err
		}
		return httpapi.NoContent(), do(c.Context(), catalog.Association{PolicyID: id, Target: t})
	})
}

func namedEndpoint(c *httpapi.Call) (t catalog.PolicyTarget, err error) {
	t.EndpointID, err = c.ID("endpoint_id")
	return t, err
}

func namedService(c *httpapi.Call) (t catalog.PolicyTarget, err error) {
	t.ServiceID, err = c.ID("service_id")
	return t, err
}

func namedPlace(c *httpapi.Call) (catalog.PolicyTarget, error) {
	t, err := namedService(c)
	t.RegionID = c.Param("region_id")
	return t, err
}

// endpoints lists the endpoints that a policy document is for. As in Keystone the list has neither filters nor pages.
func (h endpointPolicies) endpoints(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("policy_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	found, err := h.Catalog.EndpointsOfPolicy(c.Context(), id)
	return httpapi.Collection(c, "endpoints", listing.Page[catalog.Endpoint]{Items: found},
		func(e catalog.Endpoint) string { return e.ID },
		func(e catalog.Endpoint) endpointView { return viewEndpoint(c, e) }), err
}

// policy shows the policy document for an endpoint.
func (h endpointPolicies) policy(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("endpoint_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	d, err := h.Catalog.PolicyOfEndpoint(c.Context(), id)
	return httpapi.Show("policy", viewPolicy(c, d)), err
}
