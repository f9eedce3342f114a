// Package limit owns registered limits and limits: Keystone's "unified_limit" subject. The services of a cloud
// ask for them and enforce them; here they are kept, and in the model strict_two_level what projects may use is
// kept within what their domain may. It knows neither HTTP nor SQL.
package limit

import "github.com/keyward/identity/internal/policy"

// Model says how limits of a domain and of its projects go together.
type Model string

// The models.
const (
	// Flat does not compare limits with each other.
	Flat Model = "flat"
	// StrictTwoLevel keeps the limit of a project within that of its domain, or within the registered default
	// where the domain has none.
	StrictTwoLevel Model = "strict_two_level"
)

// StrictDepth is how many projects may lie below one another in the model strict_two_level, the domain not
// counted.
const StrictDepth = 2

// Description tells people what the model does.
func (m Model) Description() string {
	if m == StrictTwoLevel {
		return "This model requires project hierarchies never exceed a depth of two. The limit of a project is never above " +
			"that of its domain, or above the registered default where its domain has none."
	}
	return "Limit enforcement and validation does not take project hierarchy into consideration."
}

// Unlimited is the number that stands for no limit.
const Unlimited = -1

// Key is what a registered limit is about. There is one registered limit at most for each key.
type Key struct {
	ServiceID string
	// RegionID is empty for a limit without a region, which is not the same as all regions.
	RegionID     string
	ResourceName string
}

// Registered is a registered limit: how much of a resource every project may use that has no limit of its own.
type Registered struct {
	ID string
	Key
	// Default is a count, or Unlimited.
	Default     int
	Description *string
}

// Limit is how much of a resource a project or a domain may use, in place of the registered default.
type Limit struct {
	ID string
	// RegisteredID is the registered limit that it takes the place of; Key is the same as there.
	RegisteredID string
	Key
	// ProjectID or DomainID is whose limit it is; the other is empty.
	ProjectID, DomainID string
	// ProjectDomainID is the domain of the project; empty for the limit of a domain.
	ProjectDomainID string
	// Value is a count, or Unlimited.
	Value       int
	Description *string
}

// domain is the domain in whose tree the limit is.
func (l Limit) domain() string {
	if l.ProjectID == "" {
		return l.DomainID
	}
	return l.ProjectDomainID
}

// PolicyAttrs is all that a rule may know about a limit. What does not exist has a domain that equals nothing.
func (l Limit) PolicyAttrs() policy.Attrs {
	attrs := policy.Attrs{
		"target.limit.domain.id":         policy.Is(l.DomainID),
		"target.limit.project_id":        policy.IsOrNull(l.ProjectID),
		"target.limit.project.domain_id": policy.IsOrNull(l.ProjectDomainID),
	}
	if l.ProjectID != "" {
		attrs["target.limit.domain.id"] = policy.Value{}
	}
	return attrs
}

// Owner is a project or domain that may have limits.
type Owner struct {
	// DomainID is the domain of a project, and that of a domain itself.
	ID, DomainID string
	IsDomain     bool
}

// Seen says whose limits a caller sees. The zero value is nobody's.
type Seen struct {
	All bool
	// DomainID shows the limits of a domain and of its projects.
	DomainID string
	// ProjectID shows the limits of a project.
	ProjectID string
}
