// Package assignment owns roles, what roles imply, and grants: Keystone's "assignment" subject. It computes
// which roles a user effectively has on a scope. It knows neither HTTP nor SQL.
package assignment

import (
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// Role is a name that rules give a meaning to.
type Role struct {
	ID   string
	Name string
	// DomainID is empty for global roles. Roles of a domain never reach a token: they only imply others.
	DomainID    string
	Description *string
	Options     resource.Options
	Extra       map[string]any
}

// PolicyAttrs is all that a rule may know about a role.
func (r Role) PolicyAttrs() policy.Attrs {
	return policy.Attrs{
		"target.role.id":        policy.Is(r.ID),
		"target.role.name":      policy.Is(r.Name),
		"target.role.domain_id": policy.IsOrNull(r.DomainID),
	}
}

// Implication says that who has the prior role also has the implied one.
type Implication struct {
	PriorRoleID   string
	ImpliedRoleID string
}

// TargetKind says what a grant is on.
type TargetKind string

// The kinds of targets.
const (
	OnProject TargetKind = "project"
	OnDomain  TargetKind = "domain"
	OnSystem  TargetKind = "system"
)

// Grant gives a role to a user or a group on a target.
type Grant struct {
	RoleID string
	// UserID or GroupID is set, never both.
	UserID  string
	GroupID string
	On      TargetKind
	// TargetID is a project id or a domain id, and empty for the system.
	TargetID string
	// Inherited grants hold on all projects below the target and not on the target itself.
	Inherited bool
}

// Filter narrows a list of grants. Empty fields do not narrow.
type Filter struct {
	UserID, GroupID, RoleID string
	On                      TargetKind
	// TargetIDs are the ids of the target; empty means any.
	TargetIDs []string
	// Inherited, when set, keeps only inherited or only direct grants.
	Inherited *bool
	// UserOrItsGroups also keeps the grants of the groups that UserID is a member of.
	UserOrItsGroups bool
}
