package policy

var appCredentialAttrs = append([]string{"target.application_credential.id", "target.application_credential.user_id"}, userAttrs...)

// Application credentials and access rules. Nobody makes one for somebody else. Of delegated tokens only those of
// application credentials are admitted: all of them may look, and only unrestricted ones may make and delete.
var (
	GetApplicationCredential = Rule{
		Name:           "identity:get_application_credential",
		Check:          adminOrSystemReader + " or rule:owner",
		Scopes:         systemOrProject,
		Doc:            "Show an application credential. Administrators, readers on the system, and its owner.",
		Targets:        appCredentialAttrs,
		Ops:            []string{"GET /v3/users/{user_id}/application_credentials/{application_credential_id}"},
		AppCredentials: true,
	}
	ListApplicationCredentials = Rule{
		Name:           "identity:list_application_credentials",
		Check:          adminOrSystemReader + " or rule:owner",
		Scopes:         systemOrProject,
		Doc:            "List the application credentials of a user. Administrators, readers on the system, and the user.",
		Targets:        userAttrs,
		Ops:            []string{"GET /v3/users/{user_id}/application_credentials"},
		AppCredentials: true,
	}
	CreateApplicationCredential = Rule{
		Name:         "identity:create_application_credential",
		Check:        "rule:owner",
		Scopes:       []Scope{ScopeProject},
		Doc:          "Create an application credential. Only the user.",
		Targets:      userAttrs,
		Ops:          []string{"POST /v3/users/{user_id}/application_credentials"},
		Unrestricted: true,
	}
	DeleteApplicationCredential = Rule{
		Name:         "identity:delete_application_credential",
		Check:        admin + " or rule:owner",
		Scopes:       systemOrProject,
		Doc:          "Delete an application credential. Administrators and its owner.",
		Targets:      appCredentialAttrs,
		Ops:          []string{"DELETE /v3/users/{user_id}/application_credentials/{application_credential_id}"},
		Unrestricted: true,
	}
	GetAccessRule = Rule{
		Name:           "identity:get_access_rule",
		Check:          systemReader + " or " + self,
		Scopes:         systemOrProject,
		Doc:            "Show an access rule of a user. Readers on the system, and the user.",
		Targets:        userAttrs,
		Ops:            []string{"GET /v3/users/{user_id}/access_rules/{access_rule_id}"},
		AppCredentials: true,
	}
	ListAccessRules = Rule{
		Name:           "identity:list_access_rules",
		Check:          systemReader + " or " + self,
		Scopes:         systemOrProject,
		Doc:            "List the access rules of a user. Readers on the system, and the user.",
		Targets:        userAttrs,
		Ops:            []string{"GET /v3/users/{user_id}/access_rules"},
		AppCredentials: true,
	}
	DeleteAccessRule = Rule{
		Name:         "identity:delete_access_rule",
		Check:        "(role:admin and system_scope:all) or " + self,
		Scopes:       systemOrProject,
		Doc:          "Delete an access rule of a user that nothing uses. Administrators of the system, and the user.",
		Targets:      userAttrs,
		Ops:          []string{"DELETE /v3/users/{user_id}/access_rules/{access_rule_id}"},
		Unrestricted: true,
	}
)

var appCredentialRules = []Rule{
	GetApplicationCredential, ListApplicationCredentials, CreateApplicationCredential, DeleteApplicationCredential,
	GetAccessRule, ListAccessRules, DeleteAccessRule,
}
