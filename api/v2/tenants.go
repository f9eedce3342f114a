package v2

import (
	"net/http"
	"slices"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/extra"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// tenants serves /v2.0/tenants: the projects of the default domain.
type tenants struct{ Services }

func (h tenants) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v2.0/tenants", policy.GetAuthProjects, httpapi.NoTarget, h.list),
		httpapi.On("POST /v2.0/tenants", policy.CreateProject, h.draft, h.create),
		httpapi.On("GET /v2.0/tenants/{tenant_id}", policy.GetProject, h.find, h.show),
		httpapi.On("POST /v2.0/tenants/{tenant_id}", policy.UpdateProject, h.find, h.update),
		httpapi.On("PUT /v2.0/tenants/{tenant_id}", policy.UpdateProject, h.find, h.update),
		httpapi.On("DELETE /v2.0/tenants/{tenant_id}", policy.DeleteProject, h.find, h.remove),
		httpapi.On("GET /v2.0/tenants/{tenant_id}/users", policy.ListRoleAssignmentsForTree, h.tree, h.users),
	}
}

// tenantBody is what a body says of a tenant.
type tenantBody struct {
	ID          optional.Value[any]    `json:"id"`
	Name        optional.Value[string] `json:"name"`
	Description optional.Value[string] `json:"description"`
	Enabled     optional.Value[bool]   `json:"enabled"`
	IsDomain    optional.Value[any]    `json:"is_domain"`
	Extra       extra.Attributes       `json:",embed"`
}

func (h tenants) body(c *httpapi.Call) (tenantBody, error) {
	var b tenantBody
	err := c.Body("tenant", &b)
	if err == nil && b.IsDomain.Present() {
		err = fault.New(fault.BadRequest, "A tenant is no domain: 'is_domain' is not for the v2.0 API.")
	}
	return b, err
}

// tenant reads a project of the default domain; others are not found.
func (s Services) tenant(c *httpapi.Call, id string) (resource.Project, error) {
	missing := fault.New(fault.NotFound, "Could not find tenant.")
	if !httpapi.IsID(id) {
		return resource.Project{}, missing
	}
	p, err := s.Resource.Project(c.Context(), id)
	if fault.Is(err, fault.NotFound) || err == nil && (p.IsDomain || p.DomainID != auth.DefaultDomainID) {
		return resource.Project{}, missing
	}
	return p, err
}

func (h tenants) find(c *httpapi.Call) (resource.Project, error) {
	return h.tenant(c, c.Param("tenant_id"))
}

func (tenants) draft(*httpapi.Call) (httpapi.Draft, error) {
	return httpapi.Draft{"target.project.domain_id": policy.Is(auth.DefaultDomainID)}, nil
}

// list has two meanings, as Keystone had two ports for it. Who may list projects sees all tenants, or the one
// with a name; everybody else sees the tenants on which he has a role.
func (h tenants) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List()
	if err != nil {
		return httpapi.Reply{}, err
	}
	target, _ := ofCaller(c) // never fails
	page := listing.Page[resource.Project]{}
	switch admin := c.Can(policy.ListProjects, target); {
	case admin && c.Query().Has("name"):
		return h.named(c, c.Query().Get("name"))
	case admin:
		page, err = h.Resource.Projects(c.Context(), inDefault(c, q))
		err = fault.BadReference(err) // the marker
	default:
		page.Items, err = h.own(c, q)
	}
	return httpapi.JSON(http.StatusOK, map[string]any{"tenants": views(page.Items, viewTenant), "tenants_links": []string{}}), err
}

// named shows the tenant with a name.
func (h tenants) named(c *httpapi.Call, name string) (httpapi.Reply, error) {
	page, err := h.Resource.Projects(c.Context(), inDefault(c, listing.Query{Limit: 1}.With("name", name)))
	if err == nil && len(page.Items) == 0 {
		err = fault.New(fault.NotFound, "Could not find tenant.")
	}
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Show("tenant", viewTenant(page.Items[0])), nil
}

// own returns the tenants on which the caller has a role.
func (h tenants) own(c *httpapi.Call, q listing.Query) ([]resource.Project, error) {
	if err := open(c, h.Auth, nil); err != nil {
		return nil, err
	}
	all, err := h.Assignment.ProjectsOf(c.Context(), c.Actor.UserID) // by id
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(p resource.Project) bool { return p.DomainID != auth.DefaultDomainID })
	if q.Marker != "" && !slices.ContainsFunc(all, func(p resource.Project) bool { return p.ID == q.Marker }) {
		return nil, fault.New(fault.BadRequest, "The marker could not be found.")
	}
	return listing.Cut(all, q, func(p resource.Project) string { return p.ID }).Items, nil
}

func (h tenants) create(c *httpapi.Call, _ httpapi.Draft) (httpapi.Reply, error) {
	b, err := h.body(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	draft := resource.Draft{Name: b.Name.Or(""), DomainID: auth.DefaultDomainID, Description: b.Description, Enabled: b.Enabled}
	if draft.Extra, err = tenantNames.KeepNew(b.Extra); err != nil {
		return httpapi.Reply{}, err
	}
	p, err := h.Resource.CreateProject(c.Context(), draft)
	return ok("tenant", viewTenant(p), err)
}

func (h tenants) show(_ *httpapi.Call, p resource.Project) (httpapi.Reply, error) {
	return ok("tenant", viewTenant(p), nil)
}

func (h tenants) update(c *httpapi.Call, p resource.Project) (httpapi.Reply, error) {
	b, err := h.body(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	patch := resource.Patch{ID: sentID(b.ID), Name: b.Name, Description: b.Description, Enabled: b.Enabled}
	if patch.Extra, err = tenantNames.Keep(b.Extra); err != nil {
		return httpapi.Reply{}, err
	}
	p, err = h.Resource.UpdateProject(c.Context(), p.ID, patch)
	return ok("tenant", viewTenant(p), err)
}

func (h tenants) remove(c *httpapi.Call, p resource.Project) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Resource.DeleteProject(c.Context(), p.ID)
}

// tenantTree is a tenant as the target of rules about who has which role on it.
type tenantTree struct{ resource.Project }

// PolicyAttrs is the domain of the tenant.
func (t tenantTree) PolicyAttrs() policy.Attrs {
	return policy.Attrs{"target.domain_id": policy.IsOrNull(t.DomainID)}
}

func (h tenants) tree(c *httpapi.Call) (tenantTree, error) {
	p, err := h.find(c)
	return tenantTree{p}, err
}

// users lists the users of the default domain with a role on a tenant. That is two questions in v3, who has
// roles and who these users are, and both rules are asked.
func (h tenants) users(c *httpapi.Call, t tenantTree) (httpapi.Reply, error) {
	target, _ := ofCaller(c) // never fails
	if err := c.Allow(policy.ListUsers, target); err != nil {
		return httpapi.Reply{}, err
	}
	all, err := h.Assignment.UsersOn(c.Context(), t.ID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	all = slices.DeleteFunc(all, func(u identity.User) bool { return u.DomainID != auth.DefaultDomainID })
	return ok("users", views(all, viewAccount), nil)
}
