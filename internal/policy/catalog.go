package policy

// Regions, services and endpoints. Regions are for everyone to read; the rest is for those who run the deployment.
var (
	GetRegion = Rule{
		Name:      "identity:get_region",
		Check:     "",
		Scopes:    anyScope,
		Doc:       "Show a region. Any valid token will do.",
		Delegated: true,
		Ops:       []string{"GET /v3/regions/{region_id}"},
	}
	ListRegions = Rule{
		Name:      "identity:list_regions",
		Check:     "",
		Scopes:    anyScope,
		Doc:       "List regions. Any valid token will do.",
		Delegated: true,
		Ops:       []string{"GET /v3/regions"},
	}
	CreateRegion = Rule{
		Name:      "identity:create_region",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Create a region.",
		Delegated: true,
		Ops:       []string{"POST /v3/regions", "PUT /v3/regions/{region_id}"},
	}
	UpdateRegion = Rule{
		Name:      "identity:update_region",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Change a region.",
		Delegated: true,
		Ops:       []string{"PATCH /v3/regions/{region_id}"},
	}
	DeleteRegion = Rule{
		Name:      "identity:delete_region",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Delete a region without endpoints, and those below it.",
		Delegated: true,
		Ops:       []string{"DELETE /v3/regions/{region_id}"},
	}
	GetService = Rule{
		Name:      "identity:get_service",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Show a service.",
		Delegated: true,
		Ops:       []string{"GET /v3/services/{service_id}"},
	}
	ListServices = Rule{
		Name:      "identity:list_services",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List services.",
		Delegated: true,
		Ops:       []string{"GET /v3/services"},
	}
	CreateService = Rule{
		Name:      "identity:create_service",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Create a service.",
		Delegated: true,
		Ops:       []string{"POST /v3/services"},
	}
	UpdateService = Rule{
		Name:      "identity:update_service",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Change a service.",
		Delegated: true,
		Ops:       []string{"PATCH /v3/services/{service_id}"},
	}
	DeleteService = Rule{
		Name:      "identity:delete_service",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Delete a service and its endpoints.",
		Delegated: true,
		Ops:       []string{"DELETE /v3/services/{service_id}"},
	}
	GetEndpoint = Rule{
		Name:      "identity:get_endpoint",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Show an endpoint.",
		Delegated: true,
		Ops:       []string{"GET /v3/endpoints/{endpoint_id}"},
	}
	ListEndpoints = Rule{
		Name:      "identity:list_endpoints",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List endpoints.",
		Delegated: true,
		Ops:       []string{"GET /v3/endpoints"},
	}
	CreateEndpoint = Rule{
		Name:      "identity:create_endpoint",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Create an endpoint.",
		Delegated: true,
		Ops:       []string{"POST /v3/endpoints"},
	}
	UpdateEndpoint = Rule{
		Name:      "identity:update_endpoint",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Change an endpoint.",
		Delegated: true,
		Ops:       []string{"PATCH /v3/endpoints/{endpoint_id}"},
	}
	DeleteEndpoint = Rule{
		Name:      "identity:delete_endpoint",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Delete an endpoint.",
		Delegated: true,
		Ops:       []string{"DELETE /v3/endpoints/{endpoint_id}"},
	}
)

var catalogRules = []Rule{
	GetRegion, ListRegions, CreateRegion, UpdateRegion, DeleteRegion,
	GetService, ListServices, CreateService, UpdateService, DeleteService,
	GetEndpoint, ListEndpoints, CreateEndpoint, UpdateEndpoint, DeleteEndpoint,
}
