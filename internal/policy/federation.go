package policy

// Identity providers, their protocols, mappings and service providers, all for those who run the deployment. Who
// signs in, and as whom, is decided by the first three: delegated tokens may not change them.
var (
	GetIdentityProvider = Rule{
		Name:      "identity:get_identity_provider",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Show an identity provider.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-FEDERATION/identity_providers/{idp_id}"},
	}
	ListIdentityProviders = Rule{
		Name:      "identity:list_identity_providers",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List identity providers.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-FEDERATION/identity_providers"},
	}
	CreateIdentityProvider = Rule{
		Name:   "identity:create_identity_provider",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Create an identity provider.",
		Ops:    []string{"PUT /v3/OS-FEDERATION/identity_providers/{idp_id}"},
	}
	UpdateIdentityProvider = Rule{
		Name:   "identity:update_identity_provider",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Change an identity provider.",
		Ops:    []string{"PATCH /v3/OS-FEDERATION/identity_providers/{idp_id}"},
	}
	DeleteIdentityProvider = Rule{
		Name:   "identity:delete_identity_provider",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Delete an identity provider with its protocols, and take its identities from users.",
		Ops:    []string{"DELETE /v3/OS-FEDERATION/identity_providers/{idp_id}"},
	}
	GetProtocol = Rule{
		Name:      "identity:get_protocol",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Show a protocol of an identity provider.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}"},
	}
	ListProtocols = Rule{
		Name:      "identity:list_protocols",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List the protocols of an identity provider.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols"},
	}
	CreateProtocol = Rule{
		Name:   "identity:create_protocol",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Create a protocol of an identity provider.",
		Ops:    []string{"PUT /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}"},
	}
	UpdateProtocol = Rule{
		Name:   "identity:update_protocol",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Change a protocol of an identity provider.",
		Ops:    []string{"PATCH /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}"},
	}
	DeleteProtocol = Rule{
		Name:   "identity:delete_protocol",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Delete a protocol, and take its identities from users.",
		Ops:    []string{"DELETE /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}"},
	}
	GetMapping = Rule{
		Name:      "identity:get_mapping",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Show a mapping.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-FEDERATION/mappings/{mapping_id}"},
	}
	ListMappings = Rule{
		Name:      "identity:list_mappings",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List mappings.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-FEDERATION/mappings"},
	}
	CreateMapping = Rule{
		Name:   "identity:create_mapping",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Create a mapping.",
		Ops:    []string{"PUT /v3/OS-FEDERATION/mappings/{mapping_id}"},
	}
	UpdateMapping = Rule{
		Name:   "identity:update_mapping",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Change a mapping.",
		Ops:    []string{"PATCH /v3/OS-FEDERATION/mappings/{mapping_id}"},
	}
	DeleteMapping = Rule{
		Name:   "identity:delete_mapping",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Delete a mapping.",
		Ops:    []string{"DELETE /v3/OS-FEDERATION/mappings/{mapping_id}"},
	}
	GetServiceProvider = Rule{
		Name:      "identity:get_service_provider",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Show a service provider.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-FEDERATION/service_providers/{service_provider_id}"},
	}
	ListServiceProviders = Rule{
		Name:      "identity:list_service_providers",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List service providers.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-FEDERATION/service_providers"},
	}
	CreateServiceProvider = Rule{
		Name:      "identity:create_service_provider",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Create a service provider.",
		Delegated: true,
		Ops:       []string{"PUT /v3/OS-FEDERATION/service_providers/{service_provider_id}"},
	}
	UpdateServiceProvider = Rule{
		Name:      "identity:update_service_provider",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Change a service provider.",
		Delegated: true,
		Ops:       []string{"PATCH /v3/OS-FEDERATION/service_providers/{service_provider_id}"},
	}
	DeleteServiceProvider = Rule{
		Name:      "identity:delete_service_provider",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Delete a service provider.",
		Delegated: true,
		Ops:       []string{"DELETE /v3/OS-FEDERATION/service_providers/{service_provider_id}"},
	}
)

var federationRules = []Rule{
	GetIdentityProvider, ListIdentityProviders, CreateIdentityProvider, UpdateIdentityProvider, DeleteIdentityProvider,
	GetProtocol, ListProtocols, CreateProtocol, UpdateProtocol, DeleteProtocol,
	GetMapping, ListMappings, CreateMapping, UpdateMapping, DeleteMapping,
	GetServiceProvider, ListServiceProviders, CreateServiceProvider, UpdateServiceProvider, DeleteServiceProvider,
}
