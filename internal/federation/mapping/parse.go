// Package mapping is the language in which an operator says what the attributes of a person, as an identity
// provider asserts them, mean here: who the user is, and in which groups and projects. It reads rules strictly,
// so that a mapping that was stored can be applied, and applies them to an assertion. It looks nothing up: names
// and ids in an outcome may name nothing.
package mapping

import (
	"regexp"
	"slices"

	"github.com/keyward/identity/internal/fault"
)

// Versions are those of the language that are understood (schema_version).
var Versions = []string{"1.0", "2.0", "3.0"}

// Rules is a mapping that was understood. It is safe for concurrent use.
type Rules struct {
	version string
	rules   []rule
}

// rule makes its local part for an assertion that meets all of its conditions.
type rule struct {
	remote []condition
	local  []local
}

// form is what a condition asks of the values of an attribute.
type form int

const (
	present form = iota
	anyOneOf
	notAnyOf
	whitelist
	blacklist
)

// formNames are the attributes that make a form.
var formNames = map[string]form{"any_one_of": anyOneOf, "not_any_of": notAnyOf, "whitelist": whitelist, "blacklist": blacklist}

// condition is a remote part: an attribute and what is asked of it.
type condition struct {
	attribute string
	form      form
	entries   []string
	patterns  []*regexp.Regexp // in place of entries
}

// positional reports whether the attribute's values can be referred to as {n}.
func (c condition) positional() bool { return c.form != anyOneOf && c.form != notAnyOf }

// local is what a rule says of the user. What is absent is nil.
type local struct {
	user         *userTemplate
	group        *groupTemplate
	groups       template
	groupIDs     template
	projects     []projectTemplate
	projectsJSON template
	domain       *domainTemplate
}

type domainTemplate struct{ id, name template }

type userTemplate struct {
	id, name, email template
	domain          *domainTemplate
	local           bool
}

type groupTemplate struct {
	id, name template
	domain   *domainTemplate
}

type projectTemplate struct {
	name   template
	roles  []template
	domain *domainTemplate
}

// parser reads the rules of one mapping.
type parser struct {
	version string
	// values is how many positional values the rule at hand has, or literal for text that is no template.
	values int
	states int // of the regular expressions so far
}

// literal stands for text without placeholders: that of assertions, which must never be taken for a template.
const literal = -1

// Parse reads the JSON of rules in a version of the language. It fails with BadRequest, in words that tell where,
// for what cannot be applied: an unknown version or attribute, a placeholder without a value, or a regular
// expression that is not understood.
func Parse(version string, rules []byte) (*Rules, error) {
	if !slices.Contains(Versions, version) {
		return nil, fault.New(fault.BadRequest, "Invalid mapping: schema_version must be one of 1.0, 2.0 and 3.0.")
	}
	nodes, err := rulesOf(rules)
	if err != nil {
		return nil, err
	}
	p := &parser{version: version}
	out := &Rules{version: version}
	for _, n := range nodes {
		r, err := p.rule(n)
		if err != nil {
			return nil, err
		}
		out.rules = append(out.rules, r)
	}
	return out, nil
}

func (p *parser) rule(n node) (rule, error) {
	var r rule
	parts, err := n.object("local", "remote")
	if err != nil {
		return r, err
	}
	for _, name := range []string{"local", "remote"} {
		if _, ok := parts[name]; !ok {
			return r, n.bad("needs '%s'", name)
		}
	}
	remote, err := parts["remote"].list(1)
	if err != nil {
		return r, err
	}
	if r.remote, err = each(remote, p.condition); err != nil {
		return r, err
	}
	p.values = 0
	for _, c := range r.remote {
		if c.positional() {
			p.values++
		}
	}
	items, err := parts["local"].list(0)
	if err != nil {
		return r, err
	}
	r.local, err = each(items, p.local)
	return r, err
}

func (p *parser) condition(n node) (condition, error) {
	var c condition
	parts, err := n.object("type", "any_one_of", "not_any_of", "whitelist", "blacklist", "regex")
	if err != nil {
		return c, err
	}
	kind, ok := parts["type"]
	if !ok {
		return c, n.bad("needs 'type'")
	}
	if c.attribute, err = kind.text(); err != nil {
		return c, err
	}
	if c.attribute == "" {
		return c, kind.bad("must not be empty")
	}
	var entries node
	for name, f := range formNames {
		if e, ok := parts[name]; ok {
			if c.form != present {
				return c, n.bad("can have only one of any_one_of, not_any_of, whitelist and blacklist")
			}
			c.form, entries = f, e
		}
	}
	regex := false
	if flag, ok := parts["regex"]; ok {
		if regex, ok = flag.v.(bool); !ok {
			return c, flag.bad("must be true or false")
		}
		if c.form == present {
			return c, n.bad("has 'regex' without a list of expressions")
		}
	}
	if c.form == present {
		return c, nil
	}
	items, err := entries.list(0)
	if err != nil {
		return c, err
	}
	if regex {
		c.patterns, err = each(items, p.compile)
	} else {
		c.entries, err = each(items, node.text)
	}
	return c, err
}

// each reads all elements of a list.
func each[T any](nodes []node, read func(node) (T, error)) ([]T, error) {
	out := make([]T, 0, len(nodes))
	for _, n := range nodes {
		v, err := read(n)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}
