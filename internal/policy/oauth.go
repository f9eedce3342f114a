package policy

// OAuth 1.0a. Access tokens are authentication material: delegated tokens may neither see them nor make one.
var (
	GetConsumer = Rule{
		Name:      "identity:get_consumer",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Show a consumer.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-OAUTH1/consumers/{consumer_id}"},
	}
	ListConsumers = Rule{
		Name:      "identity:list_consumers",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "List consumers.",
		Delegated: true,
		Ops:       []string{"GET /v3/OS-OAUTH1/consumers"},
	}
	CreateConsumer = Rule{
		Name:   "identity:create_consumer",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Create a consumer, with a secret.",
		Ops:    []string{"POST /v3/OS-OAUTH1/consumers"},
	}
	UpdateConsumer = Rule{
		Name:   "identity:update_consumer",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Change the description of a consumer.",
		Ops:    []string{"PATCH /v3/OS-OAUTH1/consumers/{consumer_id}"},
	}
	DeleteConsumer = Rule{
		Name:   "identity:delete_consumer",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Delete a consumer, with everything that it was given.",
		Ops:    []string{"DELETE /v3/OS-OAUTH1/consumers/{consumer_id}"},
	}
	AuthorizeRequestToken = Rule{
		Name:   "identity:authorize_request_token",
		Check:  admin,
		Scopes: []Scope{ScopeProject},
		Doc:    "Let a consumer act on a project with some of the caller's roles there.",
		Ops:    []string{"PUT /v3/OS-OAUTH1/authorize/{request_token_id}"},
	}
	GetAccessToken = Rule{
		Name:    "identity:get_access_token",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Show an access token that a user authorized.",
		Targets: userAttrs,
		Ops:     []string{"GET /v3/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}"},
	}
	ListAccessTokens = Rule{
		Name:    "identity:list_access_tokens",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "List the access tokens that a user authorized.",
		Targets: userAttrs,
		Ops:     []string{"GET /v3/users/{user_id}/OS-OAUTH1/access_tokens"},
	}
	DeleteAccessToken = Rule{
		Name:    "identity:delete_access_token",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "End an access token that a user authorized, and every token made with it.",
		Targets: userAttrs,
		Ops:     []string{"DELETE /v3/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}"},
	}
	GetAccessTokenRole = Rule{
		Name:    "identity:get_access_token_role",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Show a role of an access token.",
		Targets: userAttrs,
		Ops:     []string{"GET /v3/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}/roles/{role_id}"},
	}
	ListAccessTokenRoles = Rule{
		Name:    "identity:list_access_token_roles",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "List the roles of an access token.",
		Targets: userAttrs,
		Ops:     []string{"GET /v3/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}/roles"},
	}
)

var oauthRules = []Rule{
	GetConsumer, ListConsumers, CreateConsumer, UpdateConsumer, DeleteConsumer, AuthorizeRequestToken, GetAccessToken,
	ListAccessTokens, DeleteAccessToken, GetAccessTokenRole, ListAccessTokenRoles,
}
