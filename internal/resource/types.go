// Package resource owns domains and projects: Keystone's "resource" subject. A domain is a project with
// IsDomain set, as in Keystone, so that its id is also a valid project id. It knows neither HTTP nor SQL.
package resource

import "github.com/keyward/identity/internal/policy"

// Project is a project or, with IsDomain, a domain.
type Project struct {
	ID   string
	Name string
	// DomainID is the owning domain; empty for a domain.
	DomainID string
	// ParentID is the project or domain above; empty for a domain.
	ParentID    string
	IsDomain    bool
	Description *string
	Enabled     bool
	Tags        []string
	Options     Options
	// Extra holds the attributes Keystone keeps without understanding.
	Extra map[string]any
}

// Options are Keystone's resource options of domains, projects and roles, and one of ours.
type Options struct {
	// Immutable forbids changing and deleting; nil means not set.
	Immutable *bool `json:"immutable,omitempty"`
	// PasscodeInPassword lets people of the domain who have a second factor send its code at the end of the
	// password; nil means not set. It is ours and for domains only, and a user's option of the same name wins.
	PasscodeInPassword *bool `json:"passcode_in_password,omitempty"`
}

// PolicyAttrs is all that a rule may know about a project. A domain, seen as a project, has a null domain.
func (p Project) PolicyAttrs() policy.Attrs {
	attrs := policy.Attrs{
		"target.project.id":        policy.Is(p.ID),
		"target.project.domain_id": policy.IsOrNull(p.DomainID),
	}
	if p.IsDomain {
		attrs["target.self.domain_id"] = policy.Is(p.ID) // no rule names it; tokens of a domain are confined by it
	}
	return attrs
}

// Domain is a project seen as a domain by the rules.
type Domain struct{ Project }

// PolicyAttrs is all that a rule may know about a domain.
func (d Domain) PolicyAttrs() policy.Attrs {
	return policy.Attrs{"target.domain.id": policy.Is(d.ID)}
}
