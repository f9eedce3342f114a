package policy

// Endpoint groups, and which projects see which endpoints. They are for those who run the deployment.
var (
	ListEndpointGroups = Rule{
		Name:      "identity:list_endpoint_groups",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List endpoint groups.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-EP-FILTER/endpoint_groups"},
	}
	CreateEndpointGroup = Rule{
		Name:      "identity:create_endpoint_group",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Create an endpoint group.",
		Delegated: true,
		Ops:       []string{"POST /v3/OS-EP-FILTER/endpoint_groups"},
	}
	GetEndpointGroup = Rule{
		Name:      "identity:get_endpoint_group",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Show an endpoint group.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}"},
	}
	UpdateEndpointGroup = Rule{
		Name:      "identity:update_endpoint_group",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Change an endpoint group.",
		Delegated: true,
		Ops:       []string{"PATCH /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}"},
	}
	DeleteEndpointGroup = Rule{
		Name:      "identity:delete_endpoint_group",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Delete an endpoint group and its associations.",
		Delegated: true,
		Ops:       []string{"DELETE /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}"},
	}
	ListEndpointsOfGroup = Rule{
		Name:      "identity:list_endpoints_associated_with_endpoint_group",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List the endpoints that an endpoint group matches.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/endpoints"},
	}
	ListProjectsOfGroup = Rule{
		Name:      "identity:list_projects_associated_with_endpoint_group",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List the projects that an endpoint group is associated with.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects"},
	}
	GetEndpointGroupInProject = Rule{
		Name:      "identity:get_endpoint_group_in_project",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Show that an endpoint group is associated with a project.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/{project_id}"},
	}
	AddEndpointGroupToProject = Rule{
		Name:      "identity:add_endpoint_group_to_project",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Associate an endpoint group with a project.",
		Delegated: true,
		Ops:       []string{"PUT /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/{project_id}"},
	}
	RemoveEndpointGroupFromProject = Rule{
		Name:      "identity:remove_endpoint_group_from_project",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "End the association of an endpoint group with a project.",
		Delegated: true,
		Ops:       []string{"DELETE /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/{project_id}"},
	}
	ListProjectsForEndpoint = Rule{
		Name:      "identity:list_projects_for_endpoint",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List the projects that an endpoint is directly associated with.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-EP-FILTER/endpoints/{endpoint_id}/projects"},
	}
	ListEndpointGroupsForProject = Rule{
		Name:      "identity:list_endpoint_groups_for_project",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List the endpoint groups of a project.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-EP-FILTER/projects/{project_id}/endpoint_groups"},
	}
	ListEndpointsForProject = Rule{
		Name:      "identity:list_endpoints_for_project",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List the endpoints of a project, those of its endpoint groups included.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-EP-FILTER/projects/{project_id}/endpoints"},
	}
	CheckEndpointInProject = Rule{
		Name:      "identity:check_endpoint_in_project",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Check that an endpoint is directly associated with a project.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-EP-FILTER/projects/{project_id}/endpoints/{endpoint_id}"},
	}
	AddEndpointToProject = Rule{
		Name:      "identity:add_endpoint_to_project",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Associate an endpoint with a project.",
		Delegated: true,
		Ops:       []string{"PUT /v3/OS-EP-FILTER/projects/{project_id}/endpoints/{endpoint_id}"},
	}
	RemoveEndpointFromProject = Rule{
		Name:      "identity:remove_endpoint_from_project",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "End the association of an endpoint with a project.",
		Delegated: true,
		Ops:       []string{"DELETE /v3/OS-EP-FILTER/projects/{project_id}/endpoints/{endpoint_id}"},
	}
)

var endpointFilterRules = []Rule{
	ListEndpointGroups, CreateEndpointGroup, GetEndpointGroup, UpdateEndpointGroup, DeleteEndpointGroup,
	ListEndpointsOfGroup, ListProjectsOfGroup,
	GetEndpointGroupInProject, AddEndpointGroupToProject, RemoveEndpointGroupFromProject,
	ListProjectsForEndpoint, ListEndpointGroupsForProject, ListEndpointsForProject,
	CheckEndpointInProject, AddEndpointToProject, RemoveEndpointFromProject,
}
