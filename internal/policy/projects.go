package policy

// A domain is a project without a domain, so the domain of the target must be one before it can be equal.
const (
	inDomainOfProject = "domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s"
	readProject       = "(" + admin + ") or " + systemReader + " or (role:reader and " + inDomainOfProject + ")" +
		" or project_id:%(target.project.id)s"
	manageProject = "(" + admin + ") or (role:manager and " + inDomainOfProject + ")"
)

// Projects and their tags.
var (
	GetProject = Rule{
		Name:    "identity:get_project",
		Check:   readProject,
		Scopes:  anyScope,
		Doc:     "Show a project. Readers of its domain may, and any token scoped to the project itself.",
		Targets: projectAttrs, Delegated: true,
		Ops: []string{"GET /v3/projects/{project_id}"},
	}
	ListProjects = Rule{
		Name:    "identity:list_projects",
		Check:   readList,
		Scopes:  anyScope,
		Doc:     "List projects. The target is the domain that the token is scoped to, and such a token sees only that domain's.",
		Targets: listAttrs, Delegated: true,
		Ops: []string{"GET /v3/projects"},
	}
	ListUserProjects = Rule{
		Name:    "identity:list_user_projects",
		Check:   "(" + admin + ") or " + systemReader + " or (role:reader and domain_id:%(target.user.domain_id)s) or user_id:%(target.user.id)s",
		Scopes:  anyScope,
		Doc:     "List the projects on which a user has a role. Readers of the user's domain, and the user.",
		Targets: userAttrs, Delegated: true,
		Ops: []string{"GET /v3/users/{user_id}/projects"},
	}
	CreateProject = Rule{
		Name:    "identity:create_project",
		Check:   manageProject,
		Scopes:  anyScope,
		Doc:     "Create a project. A domain's manager may when the body names that domain.",
		Targets: []string{"target.project.domain_id"}, Delegated: true,
		Ops: []string{"POST /v3/projects"},
	}
	UpdateProject = Rule{
		Name:    "identity:update_project",
		Check:   manageProject,
		Scopes:  anyScope,
		Doc:     "Change a project. Managers of its domain.",
		Targets: projectAttrs, Delegated: true,
		Ops: []string{"PATCH /v3/projects/{project_id}"},
	}
	DeleteProject = Rule{
		Name:    "identity:delete_project",
		Check:   manageProject,
		Scopes:  anyScope,
		Doc:     "Delete a project. Managers of its domain.",
		Targets: projectAttrs, Delegated: true,
		Ops: []string{"DELETE /v3/projects/{project_id}"},
	}
	ListProjectTags = Rule{
		Name:    "identity:list_project_tags",
		Check:   readProject,
		Scopes:  anyScope,
		Doc:     "List the tags of a project. Whoever may show the project.",
		Targets: projectAttrs, Delegated: true,
		Ops: []string{"GET /v3/projects/{project_id}/tags"},
	}
	GetProjectTag = Rule{
		Name:    "identity:get_project_tag",
		Check:   readProject,
		Scopes:  anyScope,
		Doc:     "Ask whether a project has a tag. Whoever may show the project.",
		Targets: projectAttrs, Delegated: true,
		Ops: []string{"GET /v3/projects/{project_id}/tags/{value}"},
	}
	UpdateProjectTags = Rule{
		Name:    "identity:update_project_tags",
		Check:   manageProject,
		Scopes:  anyScope,
		Doc:     "Replace all tags of a project. Managers of its domain.",
		Targets: projectAttrs, Delegated: true,
		Ops: []string{"PUT /v3/projects/{project_id}/tags"},
	}
	CreateProjectTag = Rule{
		Name:    "identity:create_project_tag",
		Check:   manageProject,
		Scopes:  anyScope,
		Doc:     "Add a tag to a project. Managers of its domain.",
		Targets: projectAttrs, Delegated: true,
		Ops: []string{"PUT /v3/projects/{project_id}/tags/{value}"},
	}
	DeleteProjectTags = Rule{
		Name:    "identity:delete_project_tags",
		Check:   manageProject,
		Scopes:  anyScope,
		Doc:     "Remove all tags of a project. Managers of its domain.",
		Targets: projectAttrs, Delegated: true,
		Ops: []string{"DELETE /v3/projects/{project_id}/tags"},
	}
	DeleteProjectTag = Rule{
		Name:    "identity:delete_project_tag",
		Check:   manageProject,
		Scopes:  anyScope,
		Doc:     "Remove a tag from a project. Managers of its domain.",
		Targets: projectAttrs, Delegated: true,
		Ops: []string{"DELETE /v3/projects/{project_id}/tags/{value}"},
	}
)

var projectRules = []Rule{
	GetProject, ListProjects, ListUserProjects, CreateProject, UpdateProject, DeleteProject, ListProjectTags,
	GetProjectTag, UpdateProjectTags, CreateProjectTag, DeleteProjectTags, DeleteProjectTag,
}
