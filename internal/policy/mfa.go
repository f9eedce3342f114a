package policy

const self = "user_id:%(target.user.id)s"

// MFA. These rules are ours, Keystone has none of them. People keep their own second factor: not even an
// administrator can add, confirm or remove one in somebody's name, and delegated tokens cannot see them.
var (
	GetUserMFA = Rule{
		Name:    "identity:get_user_mfa",
		Check:   adminOrSystemReader + " or " + self,
		Scopes:  anyScope,
		Doc:     "Show which second factors a user has. Ours, not Keystone's. Administrators, readers on the system, and the user.",
		Targets: userAttrs,
		Ops:     []string{"GET /v3/users/{user_id}/mfa"},
	}
	UpdateUserMFA = Rule{
		Name:    "identity:update_user_mfa",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Put off being reminded of a second factor. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"PATCH /v3/users/{user_id}/mfa"},
	}
	CreateUserMFATOTP = Rule{
		Name:    "identity:create_user_mfa_totp",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Start to enrol an authenticator app. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"POST /v3/users/{user_id}/mfa/totp"},
	}
	ConfirmUserMFATOTP = Rule{
		Name:    "identity:confirm_user_mfa_totp",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Finish enrolling an authenticator app. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"POST /v3/users/{user_id}/mfa/totp/{factor_id}/confirm"},
	}
	UpdateUserMFATOTP = Rule{
		Name:    "identity:update_user_mfa_totp",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Rename an authenticator app. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"PATCH /v3/users/{user_id}/mfa/totp/{factor_id}"},
	}
	ResetUserMFA = Rule{
		Name:    "identity:reset_user_mfa",
		Check:   admin,
		Scopes:  anyScope,
		Doc:     "Take all second factors from a user who has lost them. Ours, not Keystone's. Administrators.",
		Targets: userAttrs,
		Ops:     []string{"POST /v3/users/{user_id}/mfa/reset"},
	}
	DeleteUserMFATOTP = Rule{
		Name:    "identity:delete_user_mfa_totp",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Remove an authenticator app. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"DELETE /v3/users/{user_id}/mfa/totp/{factor_id}"},
	}
	GetUserMFARecoveryCodes = Rule{
		Name:    "identity:get_user_mfa_recovery_codes",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Show how many recovery codes are left. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"GET /v3/users/{user_id}/mfa/recovery_codes"},
	}
	CreateUserMFARecoveryCodes = Rule{
		Name:    "identity:create_user_mfa_recovery_codes",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Make a new set of recovery codes, which ends the old one. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"POST /v3/users/{user_id}/mfa/recovery_codes"},
	}
)

var mfaRules = []Rule{
	GetUserMFA, UpdateUserMFA, CreateUserMFATOTP, ConfirmUserMFATOTP, UpdateUserMFATOTP, DeleteUserMFATOTP, GetUserMFARecoveryCodes,
	CreateUserMFARecoveryCodes, ResetUserMFA,
}
