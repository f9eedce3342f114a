package policy

// Policy documents, which are kept for other services, and the endpoints they are for. They decide nothing here.
// All of it is for those who run the deployment.
var (
	GetPolicy = Rule{
		Name:      "identity:get_policy",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Show a policy document.",
		Delegated: true,
		Ops:       []string{"GET /v3/policies/{policy_id}"},
	}
	ListPolicies = Rule{
		Name:      "identity:list_policies",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List policy documents.",
		Delegated: true,
		Ops:       []string{"GET /v3/policies"},
	}
	CreatePolicy = Rule{
		Name:      "identity:create_policy",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Create a policy document.",
		Delegated: true,
		Ops:       []string{"POST /v3/policies"},
	}
	UpdatePolicy = Rule{
		Name:      "identity:update_policy",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Change a policy document.",
		Delegated: true,
		Ops:       []string{"PATCH /v3/policies/{policy_id}"},
	}
	DeletePolicy = Rule{
		Name:      "identity:delete_policy",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Delete a policy document and its associations.",
		Delegated: true,
		Ops:       []string{"DELETE /v3/policies/{policy_id}"},
	}
	CreatePolicyAssociationForEndpoint = Rule{
		Name:      "identity:create_policy_association_for_endpoint",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Make a policy document the one for an endpoint.",
		Delegated: true,
		Ops:       []string{"PUT /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints/{endpoint_id}"},
	}
	CheckPolicyAssociationForEndpoint = Rule{
		Name:      "identity:check_policy_association_for_endpoint",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Check whether a policy document is the one for an endpoint.",
		Delegated: true,
		Ops:       []string{"GET /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints/{endpoint_id}"},
	}
	DeletePolicyAssociationForEndpoint = Rule{
		Name:      "identity:delete_policy_association_for_endpoint",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Take a policy document from an endpoint.",
		Delegated: true,
		Ops:       []string{"DELETE /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints/{endpoint_id}"},
	}
	CreatePolicyAssociationForService = Rule{
		Name:      "identity:create_policy_association_for_service",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Make a policy document the one for a service.",
		Delegated: true,
		Ops:       []string{"PUT /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}"},
	}
	CheckPolicyAssociationForService = Rule{
		Name:      "identity:check_policy_association_for_service",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Check whether a policy document is the one for a service.",
		Delegated: true,
		Ops:       []string{"GET /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}"},
	}
	DeletePolicyAssociationForService = Rule{
		Name:      "identity:delete_policy_association_for_service",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Take a policy document from a service.",
		Delegated: true,
		Ops:       []string{"DELETE /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}"},
	}
	CreatePolicyAssociationForRegionAndService = Rule{
		Name:      "identity:create_policy_association_for_region_and_service",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Make a policy document the one for a service in a region.",
		Delegated: true,
		Ops:       []string{"PUT /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}/regions/{region_id}"},
	}
	CheckPolicyAssociationForRegionAndService = Rule{
		Name:      "identity:check_policy_association_for_region_and_service",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Check whether a policy document is the one for a service in a region.",
		Delegated: true,
		Ops:       []string{"GET /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}/regions/{region_id}"},
	}
	DeletePolicyAssociationForRegionAndService = Rule{
		Name:      "identity:delete_policy_association_for_region_and_service",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Take a policy document from a service in a region.",
		Delegated: true,
		Ops:       []string{"DELETE /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}/regions/{region_id}"},
	}
	GetPolicyForEndpoint = Rule{
		Name:      "identity:get_policy_for_endpoint",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Show the policy document for an endpoint.",
		Delegated: true,
		Ops:       []string{"GET /v3/endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy"},
	}
	ListEndpointsForPolicy = Rule{
		Name:      "identity:list_endpoints_for_policy",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List the endpoints that a policy document is for.",
		Delegated: true,
		Ops:       []string{"GET /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints"},
	}
)

var documentRules = []Rule{
	GetPolicy, ListPolicies, CreatePolicy, UpdatePolicy, DeletePolicy,
	CreatePolicyAssociationForEndpoint, CheckPolicyAssociationForEndpoint, DeletePolicyAssociationForEndpoint,
	CreatePolicyAssociationForService, CheckPolicyAssociationForService, DeletePolicyAssociationForService,
	CreatePolicyAssociationForRegionAndService, CheckPolicyAssociationForRegionAndService,
	DeletePolicyAssociationForRegionAndService,
	GetPolicyForEndpoint, ListEndpointsForPolicy,
}
