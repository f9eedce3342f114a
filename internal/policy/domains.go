package policy

// Domains. An administrator is not confined by the scope; members of a domain, and of its projects, may look at it.
var (
	GetDomain = Rule{
		Name:    "identity:get_domain",
		Check:   adminOrSystemReader + " or token.domain.id:%(target.domain.id)s or token.project.domain.id:%(target.domain.id)s",
		Scopes:  anyScope,
		Doc:     "Show a domain. Any token scoped to it or to one of its projects will do.",
		Targets: domainAttrs, Delegated: true,
		Ops: []string{"GET /v3/domains/{domain_id}"},
	}
	ListDomains = Rule{
		Name:    "identity:list_domains",
		Check:   adminOrSystemReader + " or (role:reader and domain_id:%(target.domain.id)s)",
		Scopes:  anyScope,
		Doc:     "List domains. The target is the domain that the token is scoped to, and such a token sees only that one.",
		Targets: domainAttrs, Delegated: true,
		Ops: []string{"GET /v3/domains"},
	}
	CreateDomain = Rule{
		Name:      "identity:create_domain",
		Check:     admin,
		Scopes:    systemOrProject,
		Doc:       "Create a domain. Administrators, but not with a domain-scoped token.",
		Delegated: true,
		Ops:       []string{"POST /v3/domains"},
	}
	UpdateDomain = Rule{
		Name:    "identity:update_domain",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Change a domain. Administrators, but not with a domain-scoped token.",
		Targets: domainAttrs, Delegated: true,
		Ops: []string{"PATCH /v3/domains/{domain_id}"},
	}
	DeleteDomain = Rule{
		Name:    "identity:delete_domain",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Delete a disabled domain and all that is in it. Administrators, but not with a domain-scoped token.",
		Targets: domainAttrs, Delegated: true,
		Ops: []string{"DELETE /v3/domains/{domain_id}"},
	}
)

var domainRules = []Rule{GetDomain, ListDomains, CreateDomain, UpdateDomain, DeleteDomain}
