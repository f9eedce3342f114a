package policy

var tokenAttrs = []string{"target.token.user_id"}

// Tokens, what a token may become, and which tokens are no longer good.
var (
	CheckToken = Rule{
		Name:    "identity:check_token",
		Check:   adminOrSystemReader + " or rule:token_subject",
		Scopes:  anyScope,
		Doc:     "Ask whether a token is valid. Anyone may ask about their own.",
		Targets: tokenAttrs, Delegated: true,
		Ops: []string{"HEAD /v3/auth/tokens"},
	}
	ValidateToken = Rule{
		Name:    "identity:validate_token",
		Check:   adminOrSystemReader + " or rule:service_role or rule:token_subject",
		Scopes:  anyScope,
		Doc:     "Show what a token says. Services may for every token, and anyone for their own.",
		Targets: tokenAttrs, Delegated: true,
		Ops: []string{"GET /v3/auth/tokens"},
	}
	RevokeToken = Rule{
		Name:    "identity:revoke_token",
		Check:   admin + " or rule:token_subject",
		Scopes:  anyScope,
		Doc:     "Revoke a token. Anyone may revoke their own.",
		Targets: tokenAttrs, Delegated: true,
		Ops: []string{"DELETE /v3/auth/tokens"},
	}
	GetAuthCatalog = Rule{
		Name:      "identity:get_auth_catalog",
		Scopes:    anyScope,
		Doc:       "Show the catalog of the token's scope. Any valid token will do.",
		Delegated: true,
		Ops:       []string{"GET /v3/auth/catalog"},
	}
	GetAuthProjects = Rule{
		Name:      "identity:get_auth_projects",
		Scopes:    anyScope,
		Doc:       "List the projects that the caller can scope to. Any valid token will do.",
		Delegated: true,
		Ops:       []string{"GET /v3/auth/projects", "GET /v3/OS-FEDERATION/projects"},
	}
	GetAuthDomains = Rule{
		Name:      "identity:get_auth_domains",
		Scopes:    anyScope,
		Doc:       "List the domains that the caller can scope to. Any valid token will do.",
		Delegated: true,
		Ops:       []string{"GET /v3/auth/domains", "GET /v3/OS-FEDERATION/domains"},
	}
	GetAuthSystem = Rule{
		Name:      "identity:get_auth_system",
		Scopes:    anyScope,
		Doc:       "Say whether the caller can scope to the system. Any valid token will do.",
		Delegated: true,
		Ops:       []string{"GET /v3/auth/system"},
	}
	ListRevokeEvents = Rule{
		Name:      "identity:list_revoke_events",
		Check:     "rule:service_or_admin",
		Scopes:    systemOrProject,
		Doc:       "List revocation events.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-REVOKE/events"},
	}
)

var tokenRules = []Rule{
	CheckToken, ValidateToken, RevokeToken, GetAuthCatalog, GetAuthProjects, GetAuthDomains, GetAuthSystem,
	ListRevokeEvents,
}
