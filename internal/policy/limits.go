package policy

var limitAttrs = []string{"target.limit.domain.id", "target.limit.project_id", "target.limit.project.domain_id"}

// Registered limits and limits. Everyone may read the registered ones, and the limits of what the token is scoped to.
var (
	ListRegisteredLimits = Rule{
		Name:      "identity:list_registered_limits",
		Check:     "",
		Scopes:    anyScope,
		Doc:       "List registered limits. Any valid token will do.",
		Delegated: true,
		Ops:       []string{"GET /v3/registered_limits"},
	}
	CreateRegisteredLimits = Rule{
		Name:      "identity:create_registered_limits",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Create registered limits.",
		Delegated: true,
		Ops:       []string{"POST /v3/registered_limits"},
	}
	GetRegisteredLimit = Rule{
		Name:      "identity:get_registered_limit",
		Check:     "",
		Scopes:    anyScope,
		Doc:       "Show a registered limit. Any valid token will do.",
		Delegated: true,
		Ops:       []string{"GET /v3/registered_limits/{registered_limit_id}"},
	}
	UpdateRegisteredLimit = Rule{
		Name:      "identity:update_registered_limit",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Change a registered limit that no limit refers to.",
		Delegated: true,
		Ops:       []string{"PATCH /v3/registered_limits/{registered_limit_id}"},
	}
	DeleteRegisteredLimit = Rule{
		Name:      "identity:delete_registered_limit",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Delete a registered limit that no limit refers to.",
		Delegated: true,
		Ops:       []string{"DELETE /v3/registered_limits/{registered_limit_id}"},
	}
	GetLimitModel = Rule{
		Name:      "identity:get_limit_model",
		Check:     "",
		Scopes:    anyScope,
		Doc:       "Show how limits of domains and projects go together. Any valid token will do.",
		Delegated: true,
		Ops:       []string{"GET /v3/limits/model"},
	}
	ListLimits = Rule{
		Name:   "identity:list_limits",
		Check:  "",
		Scopes: anyScope,
		Doc: "List limits. Any valid token will do, and what it shows depends on it: everything to tokens of the system, administrators " +
			"and services, else the limits of the domain with its projects, or of the project, that the token is scoped to.",
		Delegated: true,
		Ops:       []string{"GET /v3/limits"},
	}
	CreateLimits = Rule{
		Name:      "identity:create_limits",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Create limits.",
		Delegated: true,
		Ops:       []string{"POST /v3/limits"},
	}
	GetLimit = Rule{
		Name: "identity:get_limit",
		Check: "(" + admin + ") or " + systemReader +
			" or (domain_id:%(target.limit.domain.id)s or domain_id:%(target.limit.project.domain_id)s)" +
			" or (project_id:%(target.limit.project_id)s and not None:%(target.limit.project_id)s)",
		Scopes:  anyScope,
		Doc:     "Show a limit. Any token scoped to its project, or to the domain that it or its project is in.",
		Targets: limitAttrs, Delegated: true,
		Ops: []string{"GET /v3/limits/{limit_id}"},
	}
	UpdateLimit = Rule{
		Name:      "identity:update_limit",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Change a limit.",
		Delegated: true,
		Ops:       []string{"PATCH /v3/limits/{limit_id}"},
	}
	DeleteLimit = Rule{
		Name:      "identity:delete_limit",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Delete a limit.",
		Delegated: true,
		Ops:       []string{"DELETE /v3/limits/{limit_id}"},
	}
)

var limitRules = []Rule{
	ListRegisteredLimits, CreateRegisteredLimits, GetRegisteredLimit, UpdateRegisteredLimit, DeleteRegisteredLimit,
	GetLimitModel, ListLimits, CreateLimits, GetLimit, UpdateLimit, DeleteLimit,
}
