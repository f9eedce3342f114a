package policy

// named is a check string that rules refer to as rule:name and that protects nothing by itself.
type named struct {
	name, check, doc string
}

// baseRules are the named rules that Keystone ships; operators may replace them and add their own.
var baseRules = []named{
	{"admin_required", "role:admin or is_admin:1",
		"Administrators. is_admin is Keystone's shared-secret bypass, which does not exist here and never holds."},
	{"service_role", "role:service", "Other OpenStack services, which validate their users' tokens."},
	{"service_or_admin", "rule:admin_required or rule:service_role", "Administrators and services."},
	{"owner", "user_id:%(user_id)s", "The user named in the path."},
	{"admin_or_owner", "rule:admin_required or rule:owner", "Administrators and the user named in the path."},
	{"token_subject", "user_id:%(target.token.user_id)s", "The user whom the subject token stands for."},
	{"admin_or_token_subject", "rule:admin_required or rule:token_subject",
		"Administrators and the user whom the subject token stands for."},
	{"service_admin_or_token_subject", "rule:service_or_admin or rule:token_subject",
		"Administrators, services and the user whom the subject token stands for."},
	{"domain_managed_target_role",
		"'manager':%(target.role.name)s or 'member':%(target.role.name)s or 'reader':%(target.role.name)s",
		"The roles that the manager of a domain may hand out."},
}

// pathAliases are the path parameters that Keystone offers to rules beside the target, and the attribute that
// holds the same value. A rule that declares the attribute understands the parameter, so that an operator's
// rule:owner keeps working. The trust to be stands in the body.
var pathAliases = map[string]string{
	"user_id":    "target.user.id",
	"group_id":   "target.group.id",
	"project_id": "target.project.id",
	"domain_id":  "target.domain.id",
	"role_id":    "target.role.id",

	"trust.trustor_user_id": "target.trust.trustor_user_id",
	"trust.trustee_user_id": "target.trust.trustee_user_id",
}
