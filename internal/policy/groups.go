package policy

import "slices"

const (
	readGroup   = "(" + admin + ") or " + systemReader + " or (role:reader and domain_id:%(target.group.domain_id)s)"
	manageGroup = "(" + admin + ") or (role:manager and domain_id:%(target.group.domain_id)s)"
	// A membership belongs to the manager only when both the group and the user do.
	manageMembership = "(" + admin + ") or (role:manager and domain_id:%(target.group.domain_id)s and domain_id:%(target.user.domain_id)s)"
)

var membershipAttrs = slices.Concat(groupAttrs, userAttrs)

// Groups and who is in them.
var (
	GetGroup = Rule{
		Name:    "identity:get_group",
		Check:   readGroup,
		Scopes:  anyScope,
		Doc:     "Show a group. Readers of its domain.",
		Targets: groupAttrs, Delegated: true,
		Ops: []string{"GET /v3/groups/{group_id}"},
	}
	ListGroups = Rule{
		Name:    "identity:list_groups",
		Check:   readGroup,
		Scopes:  anyScope,
		Doc:     "List groups. The target's domain is the one that the token is scoped to, and such a token sees only that domain's.",
		Targets: []string{"target.group.domain_id"}, Delegated: true,
		Ops: []string{"GET /v3/groups"},
	}
	ListGroupsForUser = Rule{
		Name:    "identity:list_groups_for_user",
		Check:   "(" + admin + ") or " + systemReader + " or (role:reader and domain_id:%(target.user.domain_id)s) or user_id:%(user_id)s",
		Scopes:  anyScope,
		Doc:     "List the groups of a user. Readers of the user's domain, and the user.",
		Targets: userAttrs, Delegated: true,
		Ops: []string{"GET /v3/users/{user_id}/groups"},
	}
	CreateGroup = Rule{
		Name:    "identity:create_group",
		Check:   manageGroup,
		Scopes:  anyScope,
		Doc:     "Create a group. A domain's manager may when the body names that domain.",
		Targets: []string{"target.group.domain_id"}, Delegated: true,
		Ops: []string{"POST /v3/groups"},
	}
	UpdateGroup = Rule{
		Name:    "identity:update_group",
		Check:   manageGroup,
		Scopes:  anyScope,
		Doc:     "Change a group. Managers of its domain.",
		Targets: groupAttrs, Delegated: true,
		Ops: []string{"PATCH /v3/groups/{group_id}"},
	}
	DeleteGroup = Rule{
		Name:    "identity:delete_group",
		Check:   manageGroup,
		Scopes:  anyScope,
		Doc:     "Delete a group. Managers of its domain.",
		Targets: groupAttrs, Delegated: true,
		Ops: []string{"DELETE /v3/groups/{group_id}"},
	}
	ListUsersInGroup = Rule{
		Name:    "identity:list_users_in_group",
		Check:   readGroup,
		Scopes:  anyScope,
		Doc:     "List the members of a group. Readers of the group's domain, who see only members of that domain.",
		Targets: groupAttrs, Delegated: true,
		Ops: []string{"GET /v3/groups/{group_id}/users"},
	}
	CheckUserInGroup = Rule{
		Name: "identity:check_user_in_group",
		Check: "(" + admin + ") or " + systemReader +
			" or (role:reader and domain_id:%(target.group.domain_id)s and domain_id:%(target.user.domain_id)s)",
		Scopes:  anyScope,
		Doc:     "Ask whether a user is in a group. Readers of the domain of both.",
		Targets: membershipAttrs, Delegated: true,
		Ops: []string{"GET /v3/groups/{group_id}/users/{user_id}"},
	}
	AddUserToGroup = Rule{
		Name:    "identity:add_user_to_group",
		Check:   manageMembership,
		Scopes:  anyScope,
		Doc:     "Put a user into a group. Managers of the domain of both.",
		Targets: membershipAttrs, Delegated: true,
		Ops: []string{"PUT /v3/groups/{group_id}/users/{user_id}"},
	}
	RemoveUserFromGroup = Rule{
		Name:    "identity:remove_user_from_group",
		Check:   manageMembership,
		Scopes:  anyScope,
		Doc:     "Take a user out of a group. Managers of the domain of both.",
		Targets: membershipAttrs, Delegated: true,
		Ops: []string{"DELETE /v3/groups/{group_id}/users/{user_id}"},
	}
)

var groupRules = []Rule{
	GetGroup, ListGroups, ListGroupsForUser, CreateGroup, UpdateGroup, DeleteGroup, ListUsersInGroup,
	CheckUserInGroup, AddUserToGroup, RemoveUserFromGroup,
}
