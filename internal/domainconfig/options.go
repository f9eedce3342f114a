package domainconfig

import "encoding/json"

// known are the options that a domain may override, with Keystone's defaults (keystone.conf, sections identity
// and ldap). The sensitive ones are not among them.
var known = map[string]map[string]any{
	"identity": {"driver": "sql", "list_limit": nil},
	"ldap": {
		"url": "ldap://localhost", "user": nil, "suffix": "cn=example,cn=com", "query_scope": "one", "page_size": 0,
		"alias_dereferencing": "default", "debug_level": nil, "chase_referrals": nil,
		"user_tree_dn": nil, "user_filter": nil, "user_objectclass": "inetOrgPerson", "user_id_attribute": "cn",
		"user_name_attribute": "sn", "user_mail_attribute": "mail", "user_description_attribute": "description",
		"user_pass_attribute": "userPassword", "user_enabled_attribute": "enabled", "user_enabled_invert": false,
		"user_enabled_mask": 0, "user_enabled_default": "True", "user_attribute_ignore": []string{"default_project_id"},
		"user_default_project_id_attribute": nil, "user_enabled_emulation": false, "user_enabled_emulation_dn": nil,
		"user_enabled_emulation_use_group_config": false, "user_additional_attribute_mapping": []string{},
		"group_tree_dn": nil, "group_filter": nil, "group_objectclass": "groupOfNames", "group_id_attribute": "cn",
		"group_name_attribute": "ou", "group_members_are_ids": false, "group_member_attribute": "member",
		"group_desc_attribute": "description", "group_attribute_ignore": []string{}, "group_additional_attribute_mapping": []string{},
		"tls_cacertfile": nil, "tls_cacertdir": nil, "use_tls": false, "tls_req_cert": "demand",
		"use_pool": true, "pool_size": 10, "pool_retry_max": 3, "pool_retry_delay": 0.1, "pool_connection_timeout": -1,
		"pool_connection_lifetime": 600, "use_auth_pool": true, "auth_pool_size": 100, "auth_pool_connection_lifetime": 60,
	},
}

// sensitive are the options whose values are never shown.
var sensitive = map[string]map[string]bool{"ldap": {"password": true}}

// supported fails with Forbidden unless the group, and the option when one is named, may be configured.
func supported(group, name string) error {
	options, ok := known[group]
	if !ok {
		return invalid("group %.64q is not supported.", group)
	}
	if _, ok := options[name]; name != "" && !ok && !sensitive[group][name] {
		return invalid("option %s in group %.64q is not supported.", name, group)
	}
	return nil
}

// Default returns the values that hold where a domain overrides nothing: of everything, of a group or, when both
// are named, of one option, which then stands alone in its group. It fails with Forbidden for what cannot be
// configured and for what is sensitive.
func Default(group, name string) (Config, error) {
	if group != "" {
		if err := supported(group, name); err != nil {
			return nil, err
		}
	}
	if sensitive[group][name] {
		return nil, invalid("option %s in group %s cannot be read.", name, group)
	}
	shown := Config{}
	for g, options := range known {
		for n, v := range options {
			if (group == "" || g == group) && (name == "" || n == name) {
				shown.set(g, n, asJSON(v))
			}
		}
	}
	return shown, nil
}

func (c Config) set(group, name string, v json.RawMessage) {
	if c[group] == nil {
		c[group] = map[string]json.RawMessage{}
	}
	c[group][name] = v
}

// asJSON encodes values that are always valid: texts, numbers, lists of texts and null.
func asJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("domainconfig: a default that is no JSON: " + err.Error())
	}
	return b
}
