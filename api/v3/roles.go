package v3

import (
	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// roles serves /v3/roles. Global roles and the roles of a domain have rules of their own.
type roles struct{ Services }

func (h roles) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.OnEither("GET /v3/roles", policy.ListRoles, policy.ListDomainRoles, h.ofDomain, h.asked, h.list),
		httpapi.OnEither("POST /v3/roles", policy.CreateRole, policy.CreateDomainRole, h.draftOfDomain, h.draft, h.create),
		httpapi.OnEither("GET /v3/roles/{role_id}", policy.GetRole, policy.GetDomainRole, h.isOfDomain, h.find, h.show),
		httpapi.OnEither("PATCH /v3/roles/{role_id}", policy.UpdateRole, policy.UpdateDomainRole, h.isOfDomain, h.find, h.update),
		httpapi.OnEither("DELETE /v3/roles/{role_id}", policy.DeleteRole, policy.DeleteDomainRole, h.isOfDomain, h.find, h.remove),
	}
}

// roleNames are the attributes of roles that are not the caller's own.
var roleNames = declare("name", "domain_id", "description", "options")

// roleView is a role on the wire.
type roleView struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	DomainID    *string          `json:"domain_id"`
	Description *string          `json:"description"`
	Options     resource.Options `json:"options"`
	Links       links            `json:"links"`
	Extra       attributes       `json:",embed"`
}

func viewRole(c *httpapi.Call, r assignment.Role) roleView {
	v := roleView{
		ID: r.ID, Name: r.Name, Description: r.Description, Options: r.Options,
		Links: links{roleLink(c, r.ID)}, Extra: roleNames.show(r.Extra),
	}
	if r.DomainID != "" {
		v.DomainID = &r.DomainID
	}
	return v
}

func roleLink(c *httpapi.Call, id string) string { return c.Link("v3", "roles", id) }

func roleID(r assignment.Role) string { return r.ID }

// roleBody is what a POST or PATCH says of a role.
type roleBody struct {
	ID          optional.Value[any]    `json:"id"`
	DomainID    optional.Value[string] `json:"domain_id"`
	Name        optional.Value[string] `json:"name"`
	Description optional.Value[string] `json:"description"`
	Options     struct {
		Immutable optional.Value[bool] `json:"immutable"`
	} `json:"options"`
	Extra attributes `json:",embed"`
}

// asked is the domain whose roles are listed; without one the global roles are.
func (h roles) asked(c *httpapi.Call) (httpapi.Draft, error) {
	if id := c.Query().Get("domain_id"); id != "" {
		return httpapi.Draft{"target.role.domain_id": policy.Is(id)}, nil
	}
	return httpapi.Draft{}, nil
}

func (h roles) ofDomain(c *httpapi.Call, _ httpapi.Draft) bool {
	return c.Query().Get("domain_id") != ""
}

// draft is the role to be.
func (h roles) draft(c *httpapi.Call) (assignment.Role, error) {
	var b roleBody
	if err := c.Body("role", &b); err != nil {
		return assignment.Role{}, err
	}
	r := assignment.Role{Name: b.Name.Or(""), DomainID: b.DomainID.Or("")}
	if d, ok := b.Description.Get(); ok {
		r.Description = &d
	}
	if on, ok := b.Options.Immutable.Get(); ok {
		r.Options.Immutable = &on
	}
	var err error
	r.Extra, err = roleNames.keepNew(b.Extra)
	return r, err
}

func (h roles) draftOfDomain(_ *httpapi.Call, r assignment.Role) bool { return r.DomainID != "" }

func (h roles) isOfDomain(_ *httpapi.Call, r foundRole) bool { return r.DomainID != "" }

// foundRole is a role as the target of a rule. What was not found has no attributes at all: those of an empty
// role would say that it is global.
type foundRole struct{ assignment.Role }

// PolicyAttrs is what a rule may know about the role.
func (r foundRole) PolicyAttrs() policy.Attrs {
	if r.ID == "" {
		return nil
	}
	return r.Role.PolicyAttrs()
}

func (h roles) find(c *httpapi.Call) (foundRole, error) { return h.named(c, "role_id") }

// named loads the role that a variable of the path names.
func (h roles) named(c *httpapi.Call, variable string) (foundRole, error) {
	id, err := c.ID(variable)
	if err != nil {
		return foundRole{}, err
	}
	r, err := h.Assignment.Role(c.Context(), id)
	return foundRole{r}, err
}

func (h roles) list(c *httpapi.Call, _ httpapi.Draft) (httpapi.Reply, error) {
	q, err := c.List("name")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Assignment.ListRoles(c.Context(), c.Query().Get("domain_id"), c.Sorted(q, "name"))
	return httpapi.Collection(c, "roles", page, roleID,
		func(r assignment.Role) roleView { return viewRole(c, r) }), err
}

func (h roles) create(c *httpapi.Call, draft assignment.Role) (httpapi.Reply, error) {
	r, err := h.Assignment.CreateRole(c.Context(), draft)
	return httpapi.Created("role", viewRole(c, r)), err
}

func (h roles) show(c *httpapi.Call, r foundRole) (httpapi.Reply, error) {
	return httpapi.Show("role", viewRole(c, r.Role)), nil
}

func (h roles) update(c *httpapi.Call, r foundRole) (httpapi.Reply, error) {
	var b roleBody
	if err := c.Body("role", &b); err != nil {
		return httpapi.Reply{}, err
	}
	extra, err := roleNames.keep(b.Extra)
	if err != nil {
		return httpapi.Reply{}, err
	}
	changed, err := h.Assignment.UpdateRole(c.Context(), r.ID, assignment.RolePatch{
		ID: sentID(b.ID), DomainID: b.DomainID, Name: b.Name, Description: b.Description,
		Immutable: b.Options.Immutable, Extra: extra,
	})
	return httpapi.Show("role", viewRole(c, changed)), err
}

func (h roles) remove(c *httpapi.Call, r foundRole) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Assignment.DeleteRole(c.Context(), r.ID)
}
