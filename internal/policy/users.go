package policy

const (
	// readList is for lists that are judged by the domain the caller is scoped to.
	readList   = "(" + admin + ") or " + systemReader + " or (role:reader and domain_id:%(target.domain_id)s)"
	manageUser = "(" + admin + ") or (role:manager and token.domain.id:%(target.user.domain_id)s)"
)

// Users. In v3, changing one's own password needs no token and therefore no rule.
var (
	GetUser = Rule{
		Name: "identity:get_user",
		Check: "(" + admin + ") or " + systemReader +
			" or (role:reader and token.domain.id:%(target.user.domain_id)s) or user_id:%(target.user.id)s",
		Scopes:  anyScope,
		Doc:     "Show a user. Readers see their own domain; anyone may see themselves.",
		Targets: userAttrs, Delegated: true,
		Ops: []string{"GET /v3/users/{user_id}"},
	}
	ListUsers = Rule{
		Name:    "identity:list_users",
		Check:   readList,
		Scopes:  anyScope,
		Doc:     "List users. The target is the domain that the token is scoped to, and such a token sees only that domain's.",
		Targets: listAttrs, Delegated: true,
		Ops: []string{"GET /v3/users"},
	}
	CreateUser = Rule{
		Name:    "identity:create_user",
		Check:   manageUser,
		Scopes:  anyScope,
		Doc:     "Create a user. A domain's manager may when the body names that domain.",
		Targets: []string{"target.user.domain_id"}, Delegated: true,
		Ops: []string{"POST /v3/users"},
	}
	// UpdateUser can set a password and MFA options, so delegated tokens are kept out, unlike in Keystone.
	UpdateUser = Rule{
		Name:    "identity:update_user",
		Check:   manageUser,
		Scopes:  anyScope,
		Doc:     "Change a user, including password and MFA options. Managers of the user's domain; not the users themselves.",
		Targets: userAttrs,
		Ops:     []string{"PATCH /v3/users/{user_id}"},
	}
	DeleteUser = Rule{
		Name:    "identity:delete_user",
		Check:   manageUser,
		Scopes:  anyScope,
		Doc:     "Delete a user. Managers of the user's domain.",
		Targets: userAttrs, Delegated: true,
		Ops: []string{"DELETE /v3/users/{user_id}"},
	}
	// ChangePassword is the name that Keystone had for it when the API was v2.0.
	ChangePassword = Rule{
		Name:    "identity:change_password",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Change one's own password in the v2.0 API. Only the user, who shows the old one as well.",
		Targets: userAttrs,
		Ops:     []string{"PATCH /v2.0/OS-KSCRUD/users/{user_id}"},
	}
)

var userRules = []Rule{GetUser, ListUsers, CreateUser, UpdateUser, DeleteUser, ChangePassword}
