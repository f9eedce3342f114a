// Package domainconfig owns the configuration of domains: overrides of options about where a domain's users come
// from, which Keystone keeps for its identity back ends. Nothing in this program obeys them; they are checked, kept
// and shown as in Keystone, for tools that set them. It knows neither HTTP nor SQL.
package domainconfig

import (
	"context"
	"encoding/json"

	"github.com/keyward/identity/internal/fault"
)

// Config is options by group and name, each a JSON value. It never holds a sensitive one.
type Config map[string]map[string]json.RawMessage

// Option is an option as it is kept.
type Option struct {
	Group, Name string
	// Value is a JSON value, sealed when the option is Sensitive.
	Value     string
	Sensitive bool
}

// Store keeps options. Its methods fail with NotFound when there is no such domain.
type Store interface {
	// DomainConfig returns the options of a domain, by group and name.
	DomainConfig(ctx context.Context, domainID string) ([]Option, error)
	// UpdateDomainConfig reads the options of a domain, keeps others from changing them, and stores what change
	// makes of them in their place.
	UpdateDomainConfig(ctx context.Context, domainID string, change func([]Option) ([]Option, error)) error
}

// Sealer encrypts at rest (internal/keyring).
type Sealer interface {
	Seal(purpose string, aad []string, plaintext []byte) (string, error)
}

// Compliance is what this installation demands of passwords, for forms that ask for new ones. Null is unset.
type Compliance struct {
	PasswordRegex, PasswordRegexDescription *string
}

const (
	purpose = "domain configuration"
	// complianceGroup is the group that everyone may read and nobody write.
	complianceGroup = "security_compliance"
	// defaultDomainID is the one domain whose security_compliance can be read.
	defaultDomainID = "default"
)

// aad binds a sealed value to its place.
func aad(domainID string, o Option) []string {
	return []string{"domain_config", "value", domainID, o.Group, o.Name}
}

// SealedAs returns the purpose and the place that a sensitive option is sealed for.
func SealedAs(domainID, group, name string) (purposeOf string, place []string) {
	return purpose, aad(domainID, Option{Group: group, Name: name})
}

// invalid is Keystone's answer to configurations that make no sense: all of them are a 403.
func invalid(format string, args ...any) error {
	return fault.New(fault.Forbidden, "Invalid domain specific configuration: "+format, args...).Because("invalid_domain_config")
}

// absent says what of a domain's configuration is not there. Empty texts stand for all.
func absent(domainID, group, name string) error {
	what := "any options"
	switch {
	case name != "":
		what = "option " + name + " in group " + group
	case group != "":
		what = "group " + group
	}
	return fault.New(fault.NotFound, "Could not find %s in domain configuration for domain %s.", what, domainID)
}
