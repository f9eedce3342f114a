package assignment

import (
	"slices"
	"strings"
)

// Table is every role with everything it implies, worked out once and then only read.
type Table struct {
	roles   map[string]*Role
	closure map[string][]*Role
}

// NewTable works out what each role stands for: itself and, through any number of steps, what it implies.
// Roles of a domain stand for what they imply but never for themselves. Loops are harmless.
func NewTable(roles []Role, implications []Implication) *Table {
	t := &Table{roles: make(map[string]*Role, len(roles)), closure: make(map[string][]*Role, len(roles))}
	for i := range roles {
		t.roles[roles[i].ID] = &roles[i]
	}
	implied := map[string][]string{}
	for _, i := range implications {
		implied[i.PriorRoleID] = append(implied[i.PriorRoleID], i.ImpliedRoleID)
	}
	for id := range t.roles {
		t.closure[id] = t.close(id, implied)
	}
	return t
}

func (t *Table) close(id string, implied map[string][]string) []*Role {
	var out []*Role
	seen := map[string]bool{id: true}
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		if r := t.roles[queue[0]]; r != nil && r.DomainID == "" {
			out = append(out, r)
		}
		for _, next := range implied[queue[0]] {
			if !seen[next] {
				seen[next] = true
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
