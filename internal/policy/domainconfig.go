package policy

// The configuration of domains. It holds passwords of identity back ends, which are set here and never shown. All of
// it is for those who run the deployment, but for what is demanded of passwords, which everyone may know.
var (
	GetDomainConfig = Rule{
		Name:      "identity:get_domain_config",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Show the configuration of a domain, without what is sensitive.",
		Delegated: true,
		Ops:       domainConfigOps("GET"),
	}
	GetSecurityComplianceDomainConfig = Rule{
		Name:      "identity:get_security_compliance_domain_config",
		Check:     "",
		Scopes:    anyScope,
		Doc:       "Show what is demanded of passwords, the group security_compliance. Anyone.",
		Delegated: true,
		Ops:       domainConfigOps("GET")[1:],
	}
	GetDomainConfigDefault = Rule{
		Name:      "identity:get_domain_config_default",
		Check:     adminOrSystemReader,
		Scopes:    systemOrProject,
		Doc:       "Show what holds where a domain configures nothing.",
		Delegated: true,
		Ops: []string{
			"GET /v3/domains/config/default", "GET /v3/domains/config/{group}/default", "GET /v3/domains/config/{group}/{option}/default",
		},
	}
	CreateDomainConfig = Rule{
		Name:   "identity:create_domain_config",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Replace the configuration of a domain.",
		Ops:    domainConfigOps("PUT")[:1],
	}
	UpdateDomainConfig = Rule{
		Name:   "identity:update_domain_config",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Change the configuration of a domain.",
		Ops:    domainConfigOps("PATCH"),
	}
	DeleteDomainConfig = Rule{
		Name:   "identity:delete_domain_config",
		Check:  admin,
		Scopes: systemOrProject,
		Doc:    "Remove the configuration of a domain, or parts of it.",
		Ops:    domainConfigOps("DELETE"),
	}
)

var domainConfigRules = []Rule{
	GetDomainConfig, GetSecurityComplianceDomainConfig, GetDomainConfigDefault, CreateDomainConfig, UpdateDomainConfig,
	DeleteDomainConfig,
}

// domainConfigOps lists a method on all of a configuration, on a group and on an option.
func domainConfigOps(method string) []string {
	const all = " /v3/domains/{domain_id}/config"
	return []string{method + all, method + all + "/{group}", method + all + "/{group}/{option}"}
}
