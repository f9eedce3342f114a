package assignment

import (
	"slices"
	"strings"
)

// Table is every role with everything it implies, worked out once and then only read.
type Table struct {
	roles   map[string]*Role
	closure map[string][]*Role
	steps   map[string][]Step
}

// Step is one role that another stands for, and how it comes to that.
type Step struct {
	Role *Role
	// PriorRoleID is the role that directly implies Role on the shortest way; empty for the role itself.
	PriorRoleID string
}

// NewTable works out what each role stands for: itself and, through any number of steps, what it implies.
// Roles of a domain stand for what they imply but never for themselves. Loops are harmless.
func NewTable(roles []Role, implications []Implication) *Table {
	t := &Table{
		roles:   make(map[string]*Role, len(roles)),
		closure: make(map[string][]*Role, len(roles)),
		steps:   make(map[string][]Step, len(roles)),
	}
	for i := range roles {
		t.roles[roles[i].ID] = &roles[i]
	}
	implied := map[string][]string{}
	for _, i := range implications {
		implied[i.PriorRoleID] = append(implied[i.PriorRoleID], i.ImpliedRoleID)
	}
	for id := range t.roles {
		t.steps[id] = t.close(id, implied)
		for _, step := range t.steps[id] {
			t.closure[id] = append(t.closure[id], step.Role)
		}
	}
	return t
}

// close walks from a role to all that it implies, nearest first.
func (t *Table) close(id string, implied map[string][]string) []Step {
	var out []Step
	prior := map[string]string{id: ""}
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if r := t.roles[at]; r != nil && r.DomainID == "" {
			out = append(out, Step{r, prior[at]})
		}
		for _, next := range implied[at] {
			if _, seen := prior[next]; !seen {
				prior[next] = at
				queue = append(queue, next)
			}
		}
	}
	return out
}

// Role returns a role by id, or nil.
func (t *Table) Role(id string) *Role { return t.roles[id] }

// StandsFor returns the global roles that a grant of the role gives, itself first if it is global.
func (t *Table) StandsFor(roleID string) []*Role { return t.closure[roleID] }

// Givers returns the roles a grant of which gives the role: itself first, even when it is of a domain, and all that
// imply it, ordered by id.
func (t *Table) Givers(roleID string) []string {
	ids := []string{roleID}
	for id, given := range t.closure {
		if id != roleID && slices.ContainsFunc(given, func(r *Role) bool { return r.ID == roleID }) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids[1:])
	return ids
}

// Steps is StandsFor with the implication that each role comes from.
func (t *Table) Steps(roleID string) []Step { return t.steps[roleID] }

// Scope is what effective roles are asked for.
type Scope struct {
	On TargetKind
	// ID is the project or domain; empty for the system.
	ID string
	// Above are the ids above a project, nearest first, its domain last. Inherited grants on them count.
	Above []string
}

// Covers reports whether a grant gives its role on the scope.
func (s Scope) Covers(g Grant) bool {
	if !g.Inherited {
		return g.On == s.On && g.TargetID == s.ID
	}
	return s.On == OnProject && slices.Contains(s.Above, g.TargetID) && (g.On == OnProject || g.TargetID == s.Above[len(s.Above)-1])
}

// Effective returns the roles that the grants give on the scope, implied ones included, without repetition
// and ordered by name.
func (t *Table) Effective(grants []Grant, scope Scope) []*Role {
	var out []*Role
	for _, g := range grants {
		if !scope.Covers(g) {
			continue
		}
		for _, r := range t.StandsFor(g.RoleID) {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	slices.SortFunc(out, func(a, b *Role) int { return strings.Compare(a.Name, b.Name) })
	return out
}
