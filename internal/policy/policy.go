// Package policy decides who may do what. It owns one documented row per protected operation (Rule), the
// language those rows are written in (oslo.policy check strings, so that operators keep their policy.yaml),
// and the Engine that evaluates them. It does not find out who is calling, load targets, filter lists, or ask
// for fresh proofs: callers hand in an Actor and the attributes of the target, and get yes or no.
//
// Policy input comes from the token and the database, never from the request: a rule can only name attributes
// that its row declares (Rule.Targets), and everything unknown is a refusal.
package policy

import "time"

// Scope is the kind of thing a token is scoped to.
type Scope uint8

// The scopes. The zero value is none of them.
const (
	// ScopeProject is a project-scoped token, and also an unscoped one, as Keystone treats those.
	ScopeProject Scope = iota + 1
	// ScopeDomain is a domain-scoped token.
	ScopeDomain
	// ScopeSystem is a token scoped to the whole deployment.
	ScopeSystem
)

// String returns Keystone's name of the scope type.
func (s Scope) String() string {
	switch s {
	case ScopeProject:
		return "project"
	case ScopeDomain:
		return "domain"
	case ScopeSystem:
		return "system"
	}
	return "none"
}

// Actor is what a rule may know about the caller. An empty field is null and equals nothing.
type Actor struct {
	// UserID, UserName and UserDomainID are the user whom the token stands for.
	UserID, UserName, UserDomainID string
	// ProjectID and ProjectDomainID are the project scope and the domain that owns it.
	ProjectID, ProjectDomainID string
	// DomainID is the domain scope; it is empty for project-scoped tokens.
	DomainID string
	// System says that the token is scoped to the system.
	System bool
	// Roles are the names of the effective roles: group, inherited and implied ones included.
	Roles []string
	// ServiceRoles are the effective role names of the accompanying service token, if there is one.
	ServiceRoles []string
	// Methods are the authentication methods of the sign-in the token stems from.
	Methods []string
	// AuthTime is when that sign-in happened, IssuedAt and ExpiresAt are the token's own times.
	AuthTime, IssuedAt, ExpiresAt time.Time
	// AuthVersion is the user's when the token was made: a token is good no longer than that.
	AuthVersion int64
	// AuditID and ChainID identify the token and its session.
	AuditID, ChainID string
	// Delegated says that the token was made from a trust, an application credential or an OAuth grant.
	Delegated bool
	// AppCredentialID is the application credential that it was made from, empty for all other tokens, and
	// Unrestricted says that this one may make further ones.
	AppCredentialID string
	Unrestricted    bool
	// TrustID is the trust that it was made from, empty for all other tokens.
	TrustID string
	// Enrolling says that the caller has no token but the receipt of a sign-in that lacks a second factor, which is good
	// for enrolling one.
	Enrolling bool
}

// Scope returns the scope type of the actor's token. Unscoped counts as project.
func (a *Actor) Scope() Scope {
	switch {
	case a.System:
		return ScopeSystem
	case a.DomainID != "":
		return ScopeDomain
	}
	return ScopeProject
}

// Value is one attribute of a target: a text, or null. The zero Value is null.
type Value struct {
	text  string
	known bool
}

// Is returns the attribute value s. An empty s equals nothing, and is not null either: it is what the empty
// target of a failed look-up holds.
func Is(s string) Value { return Value{text: s, known: true} }

// IsOrNull returns s, or null when s is empty. Only an explicit None check matches null.
func IsOrNull(s string) Value { return Value{text: s, known: s != ""} }

// Attrs are the attributes of a target, by the names that check strings use ("target.user.id").
type Attrs map[string]Value

// Target is anything a rule can be asked about.
type Target interface {
	// PolicyAttrs returns all that a rule may know about the target, from stored state only.
	PolicyAttrs() Attrs
}

// None is the target of operations that have none, such as listing regions.
type None struct{}

// PolicyAttrs returns nothing.
func (None) PolicyAttrs() Attrs { return nil }

// Rule is the documented policy of one or more operations.
type Rule struct {
	// Name is Keystone's name of the rule, such as "identity:get_user".
	Name string
	// Check is the default check string. The empty string lets every valid token pass.
	Check string
	// Scopes are the token scopes admitted; every other token is refused whatever its roles. Not overridable.
	Scopes []Scope
	// Doc says in a sentence or two what the rule protects and who passes by default.
	Doc string
	// Targets are the attributes that the rule, or an operator's replacement, may name.
	Targets []string
	// Ops are the protected operations, as "METHOD /path", for documentation.
	Ops []string
	// Delegated admits tokens made from trusts, application credentials and OAuth grants. Not overridable, and
	// never set where authentication material is read or changed.
	Delegated bool
	// AppCredentials admits tokens of application credentials, Unrestricted those of application credentials that
	// may make further ones, and no other delegated tokens. Not overridable.
	AppCredentials, Unrestricted bool
	// FromTrust admits tokens of trusts, and no other delegated tokens. Not overridable.
	FromTrust bool
}

// All returns every rule, in the order of the files and of each file's API.
func All() []Rule {
	var all []Rule
	for _, of := range [][]Rule{
		domainRules, domainConfigRules, projectRules, userRules, groupRules, roleRules, grantRules, assignmentRules,
		catalogRules, documentRules, endpointFilterRules, limitRules, tokenRules, credentialRules, appCredentialRules, ec2Rules, trustRules,
		mfaRules, mfaDutyRules, phoneRules, sessionRules, deviceRules, explainRules, federationRules, oauthRules,
	} {
		all = append(all, of...)
	}
	return all
}

// Scope lists and target attributes that several resources share.
var (
	anyScope        = []Scope{ScopeSystem, ScopeDomain, ScopeProject}
	systemOrProject = []Scope{ScopeSystem, ScopeProject}

	userAttrs       = []string{"target.user.id", "target.user.domain_id"}
	groupAttrs      = []string{"target.group.id", "target.group.domain_id"}
	projectAttrs    = []string{"target.project.id", "target.project.domain_id"}
	domainAttrs     = []string{"target.domain.id"}
	roleAttrs       = []string{"target.role.id", "target.role.name", "target.role.domain_id"}
	credentialAttrs = []string{"target.credential.user_id", "target.credential.project_id", "target.credential.type"}
	// listAttrs is for lists that Keystone judges by the domain the caller is scoped to (null without one).
	listAttrs = []string{"target.domain_id"}
)

// Check strings that several resources share. A reader on the system may read everything; the other roles
// above reader have reader by implication.
const (
	admin               = "rule:admin_required"
	systemReader        = "(role:reader and system_scope:all)"
	adminOrSystemReader = admin + " or " + systemReader
)
