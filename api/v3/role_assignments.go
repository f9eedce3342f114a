package v3

import (
	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/policy"
)

// roleAssignments serves who has which role where, as one list.
type roleAssignments struct{ Services }

func (h roleAssignments) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.OnEither("GET /v3/role_assignments", policy.ListRoleAssignments, policy.ListRoleAssignmentsForTree,
			h.ofTree, h.scope, h.list),
	}
}

// assignmentQuery is what is asked for, and the domain that the rule judges by.
type assignmentQuery struct {
	assignment.Query
	domainID string
}

// PolicyAttrs is the domain that the rule judges by.
func (q assignmentQuery) PolicyAttrs() policy.Attrs {
	return policy.Attrs{"target.domain_id": policy.IsOrNull(q.domainID)}
}

func (h roleAssignments) ofTree(_ *httpapi.Call, q assignmentQuery) bool { return q.Subtree }

// scope reads the query. A list is judged by the domain that the token is scoped to, and shows that domain
// only; a tree is judged by the domain that it lies in.
func (h roleAssignments) scope(c *httpapi.Call) (assignmentQuery, error) {
	v := c.Query()
	q := assignmentQuery{domainID: c.Actor.DomainID, Query: assignment.Query{
		UserID: v.Get("user.id"), GroupID: v.Get("group.id"), RoleID: v.Get("role.id"),
		ProjectID: v.Get("scope.project.id"), DomainID: v.Get("scope.domain.id"), System: v.Get("scope.system") == "all",
		Effective: c.Flag("effective"), Names: c.Flag("include_names"), Subtree: c.Flag("include_subtree"),
		Within: c.Actor.DomainID,
	}}
	if v.Has("scope.OS-INHERIT:inherited_to") {
		inherited := v.Get("scope.OS-INHERIT:inherited_to") == "projects"
		q.Inherited = &inherited
	}
	if err := q.Check(); err != nil || !q.Subtree {
		return q, err
	}
	var err error
	q.Within = ""
	q.domainID, err = h.Assignment.TreeDomain(c.Context(), q.ProjectID)
	return q, err
}

func (h roleAssignments) list(c *httpapi.Call, q assignmentQuery) (httpapi.Reply, error) {
	found, err := h.Assignment.List(c.Context(), q.Query)
	return httpapi.Collection(c, "role_assignments", listing.Page[assignment.Assignment]{Items: found.Items},
		func(a assignment.Assignment) string { return a.RoleID }, // there are no pages
		func(a assignment.Assignment) assignmentView { return viewAssignment(c.Link, a, found.Names) }), err
}

// assignmentView is one entry on the wire.
type assignmentView struct {
	Role  partyView           `json:"role"`
	User  *partyView          `json:"user,omitzero"`
	Group *partyView          `json:"group,omitzero"`
	Scope assignmentScopeView `json:"scope"`
	Links assignmentLinks     `json:"links"`
}

// partyView is a role, user, group or project of an entry. Names are there only when they were asked for.
type partyView struct {
	ID     string            `json:"id"`
	Name   *string           `json:"name,omitzero"`
	Domain *assignmentDomain `json:"domain,omitzero"`
}

type assignmentDomain struct {
	ID   string  `json:"id"`
	Name *string `json:"name,omitzero"`
}

type assignmentScopeView struct {
	Project     *partyView        `json:"project,omitzero"`
	Domain      *assignmentDomain `json:"domain,omitzero"`
	System      *assignmentSystem `json:"system,omitzero"`
	InheritedTo string            `json:"OS-INHERIT:inherited_to,omitzero"`
}

type assignmentSystem struct {
	All bool `json:"all"`
}

// assignmentLinks name the grant that an entry comes from, and the membership and the implication that lead
// from it to the entry.
type assignmentLinks struct {
	Assignment string `json:"assignment"`
	Membership string `json:"membership,omitzero"`
	PriorRole  string `json:"prior_role,omitzero"`
}

// linker makes an absolute link from the parts of its path.
type linker func(parts ...string) string

// viewAssignment makes the entry; n is nil when names were not asked for.
func viewAssignment(link linker, a assignment.Assignment, n *assignment.Names) assignmentView {
	if n == nil {
		n = &assignment.Names{}
	}
	v := assignmentView{Role: party(a.RoleID, n.Roles, n.Projects), Links: assignmentLinks{Assignment: grantLink(link, a.By)}}
	if a.GroupID != "" {
		group := owned(a.GroupID, n.Groups, n.Projects)
		v.Group = &group
	} else {
		user := owned(a.UserID, n.Users, n.Projects)
		v.User = &user
		if a.By.GroupID != "" {
			v.Links.Membership = link("v3", "groups", a.By.GroupID, "users", a.UserID)
		}
	}
	if a.PriorRoleID != "" {
		v.Links.PriorRole = implicationLink(link, a.PriorRoleID, a.RoleID)
	}
	switch a.On {
	case assignment.OnProject:
		project := owned(a.TargetID, n.Projects, n.Projects)
		v.Scope.Project = &project
	case assignment.OnDomain:
		domain := domainOf(a.TargetID, n.Projects)
		v.Scope.Domain = &domain
	case assignment.OnSystem:
		v.Scope.System = &assignmentSystem{All: true}
	}
	if a.Inherited {
		v.Scope.InheritedTo = "projects"
	}
	return v
}

// party is something with its name and the domain it belongs to, when there are names.
func party(id string, names, domains map[string]assignment.Name) partyView {
	v := partyView{ID: id}
	if names == nil {
		return v
	}
	name := names[id]
	v.Name = &name.Name
	if name.DomainID != "" {
		domain := domainOf(name.DomainID, domains)
		v.Domain = &domain
	}
	return v
}

// owned is a party that always belongs to a domain. Clients read its name without looking whether it is there:
// what has gone has the empty one, as in Keystone, and a domain seen as a project has itself.
func owned(id string, names, domains map[string]assignment.Name) partyView {
	v := party(id, names, domains)
	if names == nil || v.Domain != nil {
		return v
	}
	domainID := ""
	if _, is := domains[id]; is {
		domainID = id
	}
	domain := domainOf(domainID, domains)
	v.Domain = &domain
	return v
}

// domainOf is a domain with its name, when there are names.
func domainOf(id string, domains map[string]assignment.Name) assignmentDomain {
	v := assignmentDomain{ID: id}
	if domains != nil {
		name := domains[id].Name
		v.Name = &name
	}
	return v
}

// grantLink is the link to a stored grant.
func grantLink(link linker, g assignment.Grant) string {
	path := []string{"v3"}
	if g.Inherited {
		path = append(path, "OS-INHERIT")
	}
	switch g.On {
	case assignment.OnProject:
		path = append(path, "projects", g.TargetID)
	case assignment.OnDomain:
		path = append(path, "domains", g.TargetID)
	case assignment.OnSystem:
		path = append(path, "system")
	}
	if g.GroupID != "" {
		path = append(path, "groups", g.GroupID)
	} else {
		path = append(path, "users", g.UserID)
	}
	path = append(path, "roles", g.RoleID)
	if g.Inherited {
		path = append(path, "inherited_to_projects")
	}
	return link(path...)
}
