package policy

import "slices"

// One grant rule serves users and groups, on projects and on domains: the target holds one of each pair, and
// a comparison with the other, absent one fails. Both ends must lie in the domain of the token.
const (
	userAndProject  = " and domain_id:%(target.user.domain_id)s and domain_id:%(target.project.domain_id)s)"
	userAndDomain   = " and domain_id:%(target.user.domain_id)s and domain_id:%(target.domain.id)s)"
	groupAndProject = " and domain_id:%(target.group.domain_id)s and domain_id:%(target.project.domain_id)s)"
	groupAndDomain  = " and domain_id:%(target.group.domain_id)s and domain_id:%(target.domain.id)s)"

	readGrants = "(role:reader" + userAndProject + " or (role:reader" + userAndDomain +
		" or (role:reader" + groupAndProject + " or (role:reader" + groupAndDomain
	adminGrants = "(role:admin" + userAndProject + " or (role:admin" + userAndDomain +
		" or (role:admin" + groupAndProject + " or (role:admin" + groupAndDomain
	manageGrants = "(role:manager" + userAndProject + " or (role:manager" + userAndDomain +
		" or (role:manager" + groupAndProject + " or (role:manager" + groupAndDomain

	roleOfDomainOrGlobal = "(domain_id:%(target.role.domain_id)s or None:%(target.role.domain_id)s)"

	writeGrant = "(" + admin + ") or (" + adminGrants + ") and " + roleOfDomainOrGlobal +
		" or (" + manageGrants + ") and rule:domain_managed_target_role"
)

var (
	grantListAttrs   = slices.Concat(userAttrs, groupAttrs, projectAttrs, domainAttrs)
	grantAttrs       = slices.Concat(grantListAttrs, roleAttrs)
	systemUserAttrs  = slices.Concat(userAttrs, roleAttrs)
	systemGroupAttrs = slices.Concat(groupAttrs, roleAttrs)
)

// Grants of roles to users and groups, on projects, domains and the system. The inherited forms share the rules.
var (
	CheckGrant = Rule{
		Name:    "identity:check_grant",
		Check:   "(" + admin + ") or (" + systemReader + " or (" + readGrants + ") and " + roleOfDomainOrGlobal + ")",
		Scopes:  anyScope,
		Doc:     "Ask whether a user or group has a role on a project or domain. Readers of the domain of both.",
		Targets: grantAttrs, Delegated: true,
		Ops: grantOps("GET", "/{role_id}"),
	}
	ListGrants = Rule{
		Name:    "identity:list_grants",
		Check:   "(" + admin + ") or (" + systemReader + " or " + readGrants + ")",
		Scopes:  anyScope,
		Doc:     "List the roles of a user or group on a project or domain. Readers of the domain of both.",
		Targets: grantListAttrs, Delegated: true,
		Ops: grantOps("GET", ""),
	}
	CreateGrant = Rule{
		Name:    "identity:create_grant",
		Check:   writeGrant,
		Scopes:  anyScope,
		Doc:     "Give a role to a user or group on a project or domain. Managers of the domain of both, for the roles manager, member and reader.",
		Targets: grantAttrs, Delegated: true,
		Ops: grantOps("PUT", "/{role_id}"),
	}
	RevokeGrant = Rule{
		Name:    "identity:revoke_grant",
		Check:   writeGrant,
		Scopes:  anyScope,
		Doc:     "Take a role from a user or group on a project or domain. Whoever may give it.",
		Targets: grantAttrs, Delegated: true,
		Ops: grantOps("DELETE", "/{role_id}"),
	}
	ListSystemGrantsForUser = Rule{
		Name:    "identity:list_system_grants_for_user",
		Check:   adminOrSystemReader,
		Scopes:  systemOrProject,
		Doc:     "List the roles of a user on the system.",
		Targets: userAttrs, Delegated: true,
		Ops: []string{"GET /v3/system/users/{user_id}/roles"},
	}
	CheckSystemGrantForUser = Rule{
		Name:    "identity:check_system_grant_for_user",
		Check:   adminOrSystemReader,
		Scopes:  systemOrProject,
		Doc:     "Ask whether a user has a role on the system.",
		Targets: systemUserAttrs, Delegated: true,
		Ops: []string{"GET /v3/system/users/{user_id}/roles/{role_id}"},
	}
	CreateSystemGrantForUser = Rule{
		Name:    "identity:create_system_grant_for_user",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Give a user a role on the system.",
		Targets: systemUserAttrs, Delegated: true,
		Ops: []string{"PUT /v3/system/users/{user_id}/roles/{role_id}"},
	}
	RevokeSystemGrantForUser = Rule{
		Name:    "identity:revoke_system_grant_for_user",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Take a role on the system from a user.",
		Targets: systemUserAttrs, Delegated: true,
		Ops: []string{"DELETE /v3/system/users/{user_id}/roles/{role_id}"},
	}
	ListSystemGrantsForGroup = Rule{
		Name:    "identity:list_system_grants_for_group",
		Check:   adminOrSystemReader,
		Scopes:  systemOrProject,
		Doc:     "List the roles of a group on the system.",
		Targets: groupAttrs, Delegated: true,
		Ops: []string{"GET /v3/system/groups/{group_id}/roles"},
	}
	CheckSystemGrantForGroup = Rule{
		Name:    "identity:check_system_grant_for_group",
		Check:   adminOrSystemReader,
		Scopes:  systemOrProject,
		Doc:     "Ask whether a group has a role on the system.",
		Targets: systemGroupAttrs, Delegated: true,
		Ops: []string{"GET /v3/system/groups/{group_id}/roles/{role_id}"},
	}
	CreateSystemGrantForGroup = Rule{
		Name:    "identity:create_system_grant_for_group",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Give a group a role on the system.",
		Targets: systemGroupAttrs, Delegated: true,
		Ops: []string{"PUT /v3/system/groups/{group_id}/roles/{role_id}"},
	}
	RevokeSystemGrantForGroup = Rule{
		Name:    "identity:revoke_system_grant_for_group",
		Check:   admin,
		Scopes:  systemOrProject,
		Doc:     "Take a role on the system from a group.",
		Targets: systemGroupAttrs, Delegated: true,
		Ops: []string{"DELETE /v3/system/groups/{group_id}/roles/{role_id}"},
	}
)

var grantRules = []Rule{
	CheckGrant, ListGrants, CreateGrant, RevokeGrant,
	ListSystemGrantsForUser, CheckSystemGrantForUser, CreateSystemGrantForUser, RevokeSystemGrantForUser,
	ListSystemGrantsForGroup, CheckSystemGrantForGroup, CreateSystemGrantForGroup, RevokeSystemGrantForGroup,
}

// grantOps lists the eight forms of a grant operation. With no role it is a list, which has no inherited form
// for projects.
func grantOps(method, role string) []string {
	var ops []string
	for _, on := range []string{"projects/{project_id}", "domains/{domain_id}"} {
		for _, to := range []string{"users/{user_id}", "groups/{group_id}"} {
			path := "/" + on + "/" + to + "/roles" + role
			ops = append(ops, method+" /v3"+path)
			if role != "" || on == "domains/{domain_id}" {
				ops = append(ops, method+" /v3/OS-INHERIT"+path+"/inherited_to_projects")
			}
		}
	}
	return ops
}
