package policy

// Roles, the roles of one domain, and which role implies which.
var (
	GetRole = Rule{
		Name:    "identity:get_role",
		Check:   "(" + adminOrSystemReader + ") or (role:manager and rule:domain_managed_target_role)",
		Scopes:  anyScope,
		Doc:     "Show a global role. Any manager may see the roles that managers of a domain hand out.",
		Targets: roleAttrs, Delegated: true,
		Ops: []string{"GET /v3/roles/{role_id}"},
	}
	ListRoles = Rule{
		Name:      "identity:list_roles",
		Check:     "(" + adminOrSystemReader + ") or (role:manager and not domain_id:None)",
		Scopes:    anyScope,
		Doc:       "List the global roles. Managers may with a domain-scoped token.",
		Delegated: true,
		Ops:       []string{"GET /v3/roles"},
	}
	CreateRole = Rule{
		Name:      "identity:create_role",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Create a global role.",
		Delegated: true,
		Ops:       []string{"POST /v3/roles"},
	}
	UpdateRole = Rule{
		Name:    "identity:update_role",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Change a global role.",
		Targets: roleAttrs, Delegated: true,
		Ops: []string{"PATCH /v3/roles/{role_id}"},
	}
	DeleteRole = Rule{
		Name:    "identity:delete_role",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Delete a global role and every grant of it.",
		Targets: roleAttrs, Delegated: true,
		Ops: []string{"DELETE /v3/roles/{role_id}"},
	}
	GetDomainRole = Rule{
		Name:    "identity:get_domain_role",
		Check:   adminOrSystemReader,
		Scopes:  systemOrProject,
		Doc:     "Show a role that belongs to a domain.",
		Targets: roleAttrs, Delegated: true,
		Ops: []string{"GET /v3/roles/{role_id}"},
	}
	ListDomainRoles = Rule{
		Name:    "identity:list_domain_roles",
		Check:   adminOrSystemReader,
		Scopes:  systemOrProject,
		Doc:     "List the roles that belong to a domain. The target's domain is the one asked for.",
		Targets: []string{"target.role.domain_id"}, Delegated: true,
		Ops: []string{"GET /v3/roles?domain_id={domain_id}"},
	}
	CreateDomainRole = Rule{
		Name:    "identity:create_domain_role",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Create a role that belongs to a domain.",
		Targets: []string{"target.role.domain_id"}, Delegated: true,
		Ops: []string{"POST /v3/roles"},
	}
	UpdateDomainRole = Rule{
		Name:    "identity:update_domain_role",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Change a role that belongs to a domain.",
		Targets: roleAttrs, Delegated: true,
		Ops: []string{"PATCH /v3/roles/{role_id}"},
	}
	DeleteDomainRole = Rule{
		Name:    "identity:delete_domain_role",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Delete a role that belongs to a domain, and every grant of it.",
		Targets: roleAttrs, Delegated: true,
		Ops: []string{"DELETE /v3/roles/{role_id}"},
	}
	GetImpliedRole = Rule{
		Name:    "identity:get_implied_role",
		Check:   adminOrSystemReader,
		Scopes:  systemOrProject,
		Doc:     "Show that one role implies another. The target is the prior role.",
		Targets: roleAttrs, Delegated: true,
		Ops: []string{"GET /v3/roles/{prior_role_id}/implies/{implied_role_id}"},
	}
	ListImpliedRoles = Rule{
		Name:    "identity:list_implied_roles",
		Check:   adminOrSystemReader,
		Scopes:  systemOrProject,
		Doc:     "List the roles that a role directly implies. The target is the prior role.",
		Targets: roleAttrs, Delegated: true,
		Ops: []string{"GET /v3/roles/{prior_role_id}/implies"},
	}
	CreateImpliedRole = Rule{
		Name:    "identity:create_implied_role",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Let one role imply another. The target is the prior role.",
		Targets: roleAttrs, Delegated: true,
		Ops: []string{"PUT /v3/roles/{prior_role_id}/implies/{implied_role_id}"},
	}
	DeleteImpliedRole = Rule{
		Name:    "identity:delete_implied_role",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Stop one role from implying another. The target is the prior role.",
		Targets: roleAttrs, Delegated: true,
		Ops: []string{"DELETE /v3/roles/{prior_role_id}/implies/{implied_role_id}"},
	}
	ListRoleInferenceRules = Rule{
		Name:      "identity:list_role_inference_rules",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List every implication between roles.",
		Delegated: true,
		Ops:       []string{"GET /v3/role_inferences"},
	}
	CheckImpliedRole = Rule{
		Name:    "identity:check_implied_role",
		Check:   adminOrSystemReader,
		Scopes:  systemOrProject,
		Doc:     "Ask whether one role directly implies another. The target is the prior role.",
		Targets: roleAttrs, Delegated: true,
		Ops: []string{"HEAD /v3/roles/{prior_role_id}/implies/{implied_role_id}"},
	}
)

var roleRules = []Rule{
	GetRole, ListRoles, CreateRole, UpdateRole, DeleteRole, GetDomainRole, ListDomainRoles, CreateDomainRole,
	UpdateDomainRole, DeleteDomainRole, GetImpliedRole, ListImpliedRoles, CreateImpliedRole, DeleteImpliedRole,
	ListRoleInferenceRules, CheckImpliedRole,
}
