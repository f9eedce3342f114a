package policy

// Devices. These rules are ours. A remembered device stands for a second factor, so people keep their own: others may
// see and end devices and cannot make any, and delegated tokens are kept out.
var (
	ListUserDevices = Rule{
		Name:    "identity:list_user_devices",
		Check:   seeUser + " or " + self,
		Scopes:  anyScope,
		Doc:     "List the devices on which a user's second factor is not asked for. Ours, not Keystone's. Administrators, readers on the system, managers of the user's domain, and the user.",
		Targets: userAttrs,
		Ops:     []string{"GET /v3/users/{user_id}/devices"},
	}
	CreateUserDevice = Rule{
		Name:    "identity:create_user_device",
		Check:   self,
		Scopes:  anyScope,
		Doc:     "Remember a device. Ours, not Keystone's. Only the user.",
		Targets: userAttrs,
		Ops:     []string{"POST /v3/users/{user_id}/devices"},
	}
	DeleteUserDevice = Rule{
		Name:    "identity:delete_user_device",
		Check:   manageUser + " or " + self,
		Scopes:  anyScope,
		Doc:     "Forget one of a user's devices. Ours, not Keystone's. Administrators, managers of the user's domain, and the user.",
		Targets: userAttrs,
		Ops:     []string{"DELETE /v3/users/{user_id}/devices/{device_id}"},
	}
	DeleteUserDevices = Rule{
		Name:    "identity:delete_user_devices",
		Check:   manageUser + " or " + self,
		Scopes:  anyScope,
		Doc:     "Forget all of a user's devices. Ours, not Keystone's. As for one.",
		Targets: userAttrs,
		Ops:     []string{"DELETE /v3/users/{user_id}/devices"},
	}
)

var deviceRules = []Rule{ListUserDevices, CreateUserDevice, DeleteUserDevice, DeleteUserDevices}
