package policy

const (
	asTrustor = "user_id:%(target.trust.trustor_user_id)s"
	asTrustee = "user_id:%(target.trust.trustee_user_id)s"
	readTrust = "(" + admin + ") or " + systemReader + " or " + asTrustor + " or " + asTrustee
)

var trustAttrs = []string{"target.trust.id", "target.trust.trustor_user_id", "target.trust.trustee_user_id"}

// Trusts. Delegated tokens may not touch them, but for the token of a trust that may be handed on.
var (
	CreateTrust = Rule{
		Name:   "identity:create_trust",
		Check:  "user_id:%(trust.trustor_user_id)s",
		Scopes: []Scope{ScopeProject},
		Doc: "Create a trust. Anyone may for themselves; the target is the trust to be. Made with the token of a trust, it hands " +
			"that trust on, if that may be handed on.",
		Targets:   []string{"target.trust.trustor_user_id", "target.trust.trustee_user_id"},
		Ops:       []string{"POST /v3/OS-TRUST/trusts"},
		FromTrust: true,
	}
	ListTrusts = Rule{
		Name:   "identity:list_trusts",
		Check:  adminOrSystemReader,
		Scopes: systemOrProject,
		Doc:    "List everybody's trusts.",
		Ops:    []string{"GET /v3/OS-TRUST/trusts"},
	}
	ListTrustsForTrustor = Rule{
		Name:    "identity:list_trusts_for_trustor",
		Check:   "(" + admin + ") or " + systemReader + " or " + asTrustor,
		Scopes:  systemOrProject,
		Doc:     "List the trusts that a user made. That user may.",
		Targets: []string{"target.trust.trustor_user_id"},
		Ops:     []string{"GET /v3/OS-TRUST/trusts?trustor_user_id={trustor_user_id}"},
	}
	ListTrustsForTrustee = Rule{
		Name:    "identity:list_trusts_for_trustee",
		Check:   "(" + admin + ") or " + systemReader + " or " + asTrustee,
		Scopes:  systemOrProject,
		Doc:     "List the trusts that a user was given. That user may.",
		Targets: []string{"target.trust.trustee_user_id"},
		Ops:     []string{"GET /v3/OS-TRUST/trusts?trustee_user_id={trustee_user_id}"},
	}
	ListRolesForTrust = Rule{
		Name:    "identity:list_roles_for_trust",
		Check:   readTrust,
		Scopes:  systemOrProject,
		Doc:     "List the roles that a trust delegates. Its trustor and its trustee may.",
		Targets: trustAttrs,
		Ops:     []string{"GET /v3/OS-TRUST/trusts/{trust_id}/roles"},
	}
	GetRoleForTrust = Rule{
		Name:    "identity:get_role_for_trust",
		Check:   readTrust,
		Scopes:  systemOrProject,
		Doc:     "Show a role that a trust delegates. Its trustor and its trustee may.",
		Targets: trustAttrs,
		Ops:     []string{"GET /v3/OS-TRUST/trusts/{trust_id}/roles/{role_id}"},
	}
	GetTrust = Rule{
		Name:    "identity:get_trust",
		Check:   readTrust,
		Scopes:  systemOrProject,
		Doc:     "Show a trust. Its trustor and its trustee may.",
		Targets: trustAttrs,
		Ops:     []string{"GET /v3/OS-TRUST/trusts/{trust_id}"},
	}
	DeleteTrust = Rule{
		Name:    "identity:delete_trust",
		Check:   "(" + admin + ") or " + asTrustor,
		Scopes:  systemOrProject,
		Doc:     "Delete a trust. Its trustor may.",
		Targets: trustAttrs,
		Ops:     []string{"DELETE /v3/OS-TRUST/trusts/{trust_id}"},
	}
)

var trustRules = []Rule{
	CreateTrust, ListTrusts, ListTrustsForTrustor, ListTrustsForTrustee, ListRolesForTrust, GetRoleForTrust, GetTrust, DeleteTrust,
}
