package policy

const readAssignments = "(" + admin + ") or " + systemReader +
	" or (role:reader and domain_id:%(target.domain_id)s and not None:%(target.domain_id)s)"

// Role assignments as one list.
var (
	ListRoleAssignments = Rule{
		Name:    "identity:list_role_assignments",
		Check:   readAssignments,
		Scopes:  anyScope,
		Doc:     "List role assignments. The target is the domain that the token is scoped to, and such a token sees only that domain's.",
		Targets: listAttrs, Delegated: true,
		Ops: []string{"GET /v3/role_assignments"},
	}
	ListRoleAssignmentsForTree = Rule{
		Name:    "identity:list_role_assignments_for_tree",
		Check:   readAssignments,
		Scopes:  anyScope,
		Doc:     "List role assignments on a project and those below it. The target is the domain of that project.",
		Targets: listAttrs, Delegated: true,
		Ops: []string{"GET /v3/role_assignments?include_subtree"},
	}
)

var assignmentRules = []Rule{ListRoleAssignments, ListRoleAssignmentsForTree}
