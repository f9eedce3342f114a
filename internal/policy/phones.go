package policy

// Phones that codes are sent to. These rules are ours, Keystone has none of them. As with apps, people keep their own.
var (
	ListUserMFAPhones = Rule{
		Name:    "identity:list_user_mfa_phones",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "List the phones that codes are sent to. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"GET /v3/users/{user_id}/mfa/phones"},
	}
	CreateUserMFAPhone = Rule{
		Name:    "identity:create_user_mfa_phone",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Add a phone that codes are sent to. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"POST /v3/users/{user_id}/mfa/phones"},
	}
	GetUserMFAPhone = Rule{
		Name:    "identity:get_user_mfa_phone",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Show a phone that codes are sent to. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"GET /v3/users/{user_id}/mfa/phones/{phone_id}"},
	}
	UpdateUserMFAPhone = Rule{
		Name:    "identity:update_user_mfa_phone",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Name, order and prefer phones. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"PATCH /v3/users/{user_id}/mfa/phones/{phone_id}"},
	}
	DeleteUserMFAPhone = Rule{
		Name:    "identity:delete_user_mfa_phone",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Remove a phone. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"DELETE /v3/users/{user_id}/mfa/phones/{phone_id}"},
	}
	VerifyUserMFAPhone = Rule{
		Name:    "identity:verify_user_mfa_phone",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Send a code to a new phone. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"POST /v3/users/{user_id}/mfa/phones/{phone_id}/verify"},
	}
	ConfirmUserMFAPhone = Rule{
		Name:    "identity:confirm_user_mfa_phone",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Finish adding a phone. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"POST /v3/users/{user_id}/mfa/phones/{phone_id}/confirm"},
	}
	ListPhoneGateways = Rule{
		Name:   "identity:list_mfa_gateways",
		Check:  adminOrSystemReader,
		Scopes: anyScope,
		Doc:    "Show what the gateways for messages have done. Ours, not Keystone's. Administrators and readers on the system.",
		Ops:    []string{"GET /v3/mfa/gateways"},
	}
)

var phoneRules = []Rule{
	ListUserMFAPhones, CreateUserMFAPhone, GetUserMFAPhone, UpdateUserMFAPhone,
	DeleteUserMFAPhone, VerifyUserMFAPhone, ConfirmUserMFAPhone, ListPhoneGateways,
}
