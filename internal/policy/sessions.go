package policy

const seeUser = adminOrSystemReader + " or (role:manager and token.domain.id:%(target.user.domain_id)s)"

// Sessions. These rules are ours. They tell where people are and end their sign-ins, so delegated tokens are kept out.
var (
	ListUserSessions = Rule{
		Name:    "identity:list_user_sessions",
		Check:   seeUser + " or " + self,
		Scopes:  anyScope,
		Doc:     "List a user's sign-ins. Ours, not Keystone's. Administrators, readers on the system, managers of the user's domain, and the user.",
		Targets: userAttrs,
		Ops:     []string{"GET /v3/users/{user_id}/sessions"},
	}
	GetUserSession = Rule{
		Name:    "identity:get_user_session",
		Check:   seeUser + " or " + self,
		Scopes:  anyScope,
		Doc:     "Show one of a user's sign-ins. Ours, not Keystone's. As the list.",
		Targets: userAttrs,
		Ops:     []string{"GET /v3/users/{user_id}/sessions/{session_id}"},
	}
	DeleteUserSession = Rule{
		Name:    "identity:delete_user_session",
		Check:   manageUser + " or " + self,
		Scopes:  anyScope,
		Doc:     "End one of a user's sign-ins. Ours, not Keystone's. Administrators, managers of the user's domain, and the user.",
		Targets: userAttrs,
		Ops:     []string{"DELETE /v3/users/{user_id}/sessions/{session_id}"},
	}
	DeleteUserSessions = Rule{
		Name:    "identity:delete_user_sessions",
		Check:   manageUser + " or " + self,
		Scopes:  anyScope,
		Doc:     "End all of a user's sign-ins, or, for the user, all others. Ours, not Keystone's.",
		Targets: userAttrs,
		Ops:     []string{"DELETE /v3/users/{user_id}/sessions"},
	}
)

var sessionRules = []Rule{ListUserSessions, GetUserSession, DeleteUserSession, DeleteUserSessions}
