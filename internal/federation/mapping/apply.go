package mapping

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/keyward/identity/internal/fault"
)

// Assertion is what an identity provider says of a person: the values of each attribute. An attribute that is
// there has at least one value, which may be empty.
type Assertion map[string][]string

// NewAssertion splits the values of attributes at semicolons, which is how web servers join several.
func NewAssertion(attributes map[string]string) Assertion {
	a := make(Assertion, len(attributes))
	for name, v := range attributes {
		a[name] = strings.Split(v, ";")
	}
	return a
}

// Outcome is who a person is here. What was not mapped is empty; nothing in it has been looked up.
type Outcome struct {
	User     User
	Groups   []Group
	Projects []Project
}

// Domain is a domain by its id, or else by its name; both are empty for the identity provider's.
type Domain struct{ ID, Name string }

// User is the user that the rules make. With neither ID nor Name the web server's user name is meant.
type User struct {
	ID, Name, Email string
	Domain          Domain
	// Local means a user who exists here, whose groups are not the rules' to say.
	Local bool
}

// Group is a group by its id, or by its name in a domain.
type Group struct {
	ID, Name string
	Domain   Domain
}

// Project is a project that the user shall have, with the names of roles.
type Project struct {
	Name   string
	Roles  []string
	Domain Domain
}

// refused says no more than Keystone does: why a person cannot sign in is the operator's to find out.
func refused(why string) error {
	return fault.New(fault.Unauthorized, "Could not map any federated user properties to identity values.").Because(why)
}

// Why an assertion that rules apply to gives no outcome, as the error's reason.
const (
	noRule       = "no_rule_matches"
	severalHere  = "one_value_needed"
	noDomain     = "group_without_domain"
	badGroupJSON = "malformed_group"
	badProjects  = "malformed_projects"
)

// Apply tells who the person of an assertion is. All rules that match contribute: the first user, all groups and
// the last projects. It fails with Unauthorized, and a reason, when no rule matches, and when what an assertion
// holds cannot be what a rule makes of it.
func (r *Rules) Apply(a Assertion) (Outcome, error) {
	o := outcome{version: r.version}
	matched := false
	for _, rule := range r.rules {
		values, ok := rule.values(a)
		if !ok {
			continue
		}
		for _, l := range rule.local {
			matched = true
			if err := o.add(l, values); err != nil {
				return Outcome{}, err
			}
		}
	}
	if !matched {
		return Outcome{}, refused(noRule)
	}
	if r.version != "1.0" && o.User.Domain == (Domain{}) {
		o.User.Domain = o.domain
	}
	return o.Outcome, nil
}

// values returns the positional values that the rule has for an assertion, and whether it applies to it.
func (r rule) values(a Assertion) ([][]string, bool) {
	var values [][]string
	for _, c := range r.remote {
		have, there := a[c.attribute]
		if !there {
			return nil, false
		}
		switch c.form {
		case present:
			values = append(values, have)
		case anyOneOf, notAnyOf:
			if slices.ContainsFunc(have, c.lists) != (c.form == anyOneOf) {
				return nil, false
			}
		case whitelist, blacklist:
			kept := []string{}
			for _, v := range have {
				if c.lists(v) == (c.form == whitelist) && !slices.Contains(kept, v) {
					kept = append(kept, v)
				}
			}
			values = append(values, kept)
		}
	}
	return values, true
}

// lists reports whether the condition names the value.
func (c condition) lists(v string) bool {
	return slices.Contains(c.entries, v) || slices.ContainsFunc(c.patterns, func(re *regexp.Regexp) bool { return re.MatchString(v) })
}

// outcome collects what rules make.
type outcome struct {
	Outcome
	version string
	hasUser bool
	domain  Domain // of the last local part that named one
}

func (o *outcome) add(l local, values [][]string) error {
	r := rendering{values: values}
	domain := r.domain(l.domain)
	if domain != (Domain{}) {
		o.domain = domain
	}
	if l.user != nil && !o.hasUser {
		o.hasUser = true
		o.User = User{
			ID: r.one(l.user.id), Name: r.one(l.user.name), Email: r.one(l.user.email),
			Domain: r.domain(l.user.domain), Local: l.user.local,
		}
	}
	if l.group != nil {
		o.join(Group{r.one(l.group.id), r.one(l.group.name), r.domain(l.group.domain)})
	}
	for _, id := range r.all(l.groupIDs) {
		o.join(Group{ID: id})
	}
	for _, name := range r.all(l.groups) {
		g, err := groupNamed(name, domain)
		if err != nil {
			return err
		}
		o.join(g)
	}
	projects, err := o.projects(l, &r, domain)
	if err != nil {
		return err
	}
	if projects != nil {
		o.Projects = projects
	}
	if r.failed {
		return refused(severalHere)
	}
	return nil
}

func (o *outcome) join(g Group) {
	if !slices.Contains(o.Groups, g) {
		o.Groups = append(o.Groups, g)
	}
}

// groupNamed is a group of the list "groups". Without a domain beside the list each value must bring its own.
func groupNamed(value string, domain Domain) (Group, error) {
	if domain != (Domain{}) {
		return Group{Name: value, Domain: domain}, nil
	}
	text, ok := strings.CutPrefix(value, "JSON:")
	if !ok {
		return Group{}, refused(noDomain)
	}
	n := node{at: "group"}
	if json.Unmarshal([]byte(text), &n.v) != nil {
		return Group{}, refused(badGroupJSON)
	}
	g, err := (&parser{values: literal}).group(n)
	if err != nil || g.name == nil {
		return Group{}, refused(badGroupJSON)
	}
	r := rendering{}
	return Group{Name: r.one(g.name), Domain: r.domain(g.domain)}, nil
}

// projects are those of a local part, nil when it says nothing of them.
func (o *outcome) projects(l local, r *rendering, domain Domain) ([]Project, error) {
	templates := l.projects
	if l.projectsJSON != nil {
		n := node{at: "projects"}
		err := json.Unmarshal([]byte(r.one(l.projectsJSON)), &n.v)
		if err == nil {
			templates, err = (&parser{version: o.version, values: literal}).projects(n)
		}
		if err != nil {
			return nil, refused(badProjects)
		}
	}
	if templates == nil {
		return nil, nil
	}
	projects := make([]Project, 0, len(templates))
	for _, t := range templates {
		p := Project{Name: r.one(t.name), Domain: r.domain(t.domain)}
		if p.Domain == (Domain{}) && o.version != "1.0" {
			p.Domain = domain
		}
		for _, role := range t.roles {
			p.Roles = append(p.Roles, r.one(role))
		}
		projects = append(projects, p)
	}
	return projects, nil
}

// rendering fills templates and remembers whether one could not be filled.
type rendering struct {
	values [][]string
	failed bool
}

func (r *rendering) one(t template) string {
	s, ok := t.one(r.values)
	r.failed = r.failed || !ok
	return s
}

func (r *rendering) all(t template) []string {
	if t == nil {
		return nil
	}
	all, ok := t.all(r.values)
	r.failed = r.failed || !ok
	return all
}

func (r *rendering) domain(d *domainTemplate) Domain {
	if d == nil {
		return Domain{}
	}
	if id := r.one(d.id); id != "" {
		return Domain{ID: id}
	}
	return Domain{Name: r.one(d.name)}
}
