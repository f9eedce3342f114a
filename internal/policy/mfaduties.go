package policy

// Who must have a second factor. These rules are ours, Keystone has none of them.
var (
	ListMFARequirements = Rule{
		Name:   "identity:list_mfa_requirements",
		Check:  adminOrSystemReader,
		Scopes: systemOrProject,
		Doc:    "List of whom a second factor is demanded. Ours, not Keystone's. Administrators, and readers on the system.",
		Ops:    []string{"GET /v3/mfa/requirements"},
	}
	CreateMFARequirement = Rule{
		Name:   "identity:create_mfa_requirement",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Demand a second factor of the people with a role, in a group, on a project or of a domain. Ours, not Keystone's. Administrators.",
		Ops:    []string{"POST /v3/mfa/requirements"},
	}
	GetMFARequirement = Rule{
		Name:   "identity:get_mfa_requirement",
		Check:  adminOrSystemReader,
		Scopes: systemOrProject,
		Doc:    "Show of whom a second factor is demanded. Ours, not Keystone's. Administrators, and readers on the system.",
		Ops:    []string{"GET /v3/mfa/requirements/{requirement_id}"},
	}
	UpdateMFARequirement = Rule{
		Name:   "identity:update_mfa_requirement",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Change from when a second factor is demanded. Ours, not Keystone's. Administrators.",
		Ops:    []string{"PATCH /v3/mfa/requirements/{requirement_id}"},
	}
	DeleteMFARequirement = Rule{
		Name:   "identity:delete_mfa_requirement",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Demand no second factor any more. Ours, not Keystone's. Administrators.",
		Ops:    []string{"DELETE /v3/mfa/requirements/{requirement_id}"},
	}
	ListMFAExemptions = Rule{
		Name:   "identity:list_mfa_exemptions",
		Check:  adminOrSystemReader,
		Scopes: systemOrProject,
		Doc:    "List who is exempt from having a second factor, and why. Ours, not Keystone's. Administrators, and readers on the system.",
		Ops:    []string{"GET /v3/mfa/exemptions"},
	}
	CreateMFAExemption = Rule{
		Name:   "identity:create_mfa_exemption",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Exempt a user, for a reason and until a time. Ours, not Keystone's. Administrators.",
		Ops:    []string{"POST /v3/mfa/exemptions"},
	}
	GetMFAExemption = Rule{
		Name:   "identity:get_mfa_exemption",
		Check:  adminOrSystemReader,
		Scopes: systemOrProject,
		Doc:    "Show who is exempt from having a second factor, and why. Ours, not Keystone's. Administrators, and readers on the system.",
		Ops:    []string{"GET /v3/mfa/exemptions/{exemption_id}"},
	}
	DeleteMFAExemption = Rule{
		Name:   "identity:delete_mfa_exemption",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "End an exemption. Ours, not Keystone's. Administrators.",
		Ops:    []string{"DELETE /v3/mfa/exemptions/{exemption_id}"},
	}
	ListMFARefusals = Rule{
		Name:   "identity:list_mfa_refusals",
		Check:  adminOrSystemReader,
		Scopes: systemOrProject,
		Doc:    "List who would be refused at a time for want of a second factor. Ours, not Keystone's. Administrators, and readers on the system.",
		Ops:    []string{"GET /v3/mfa/refusals"},
	}
	GetMFAAdoption = Rule{
		Name:   "identity:get_mfa_adoption",
		Check:  adminOrSystemReader,
		Scopes: systemOrProject,
		Doc:    "Count who must have a second factor and who has one. Ours, not Keystone's. Administrators, and readers on the system.",
		Ops:    []string{"GET /v3/mfa/adoption"},
	}
)

var mfaDutyRules = []Rule{
	ListMFARequirements, CreateMFARequirement, GetMFARequirement, UpdateMFARequirement, DeleteMFARequirement,
	ListMFAExemptions, CreateMFAExemption, GetMFAExemption, DeleteMFAExemption, ListMFARefusals, GetMFAAdoption,
}
