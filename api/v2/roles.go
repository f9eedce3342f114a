package v2

import (
	"net/url"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/extra"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// roles serves /v2.0/OS-KSADM/roles: the global roles.
type roles struct{ Services }

func (h roles) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v2.0/OS-KSADM/roles", policy.ListRoles, httpapi.NoTarget, h.list),
		httpapi.On("POST /v2.0/OS-KSADM/roles", policy.CreateRole, httpapi.NoTarget, h.create),
		httpapi.On("GET /v2.0/OS-KSADM/roles/{role_id}", policy.GetRole, h.find, h.show),
		httpapi.On("DELETE /v2.0/OS-KSADM/roles/{role_id}", policy.DeleteRole, h.find, h.remove),
	}
}

// roleNames are the attributes of roles that are not the caller's own.
var roleNames = declare("description")

// fullRoleView is a role on the wire, but in tokens.
type fullRoleView struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Description *string          `json:"description,omitzero"`
	Extra       extra.Attributes `json:",embed"`
}

func viewRole(r assignment.Role) fullRoleView {
	return fullRoleView{ID: r.ID, Name: r.Name, Description: r.Description, Extra: roleNames.Show(r.Extra)}
}

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

func (h roles) find(c *httpapi.Call) (foundRole, error) {
	id, err := c.ID("role_id")
	if err != nil {
		return foundRole{}, err
	}
	r, err := h.Assignment.Role(c.Context(), id)
	if err == nil && r.DomainID != "" {
		r, err = assignment.Role{}, fault.New(fault.NotFound, "Could not find role: %s.", id)
	}
	return foundRole{r}, err
}

func (h roles) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	all, err := every(listing.Query{Sort: "name"}, func(r assignment.Role) string { return r.ID },
		func(q listing.Query) (listing.Page[assignment.Role], error) {
			return h.Assignment.ListRoles(c.Context(), "", q)
		})
	return ok("roles", views(all, viewRole), err)
}

func (h roles) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	var b struct {
		Name        string                 `json:"name"`
		Description optional.Value[string] `json:"description"`
		Extra       extra.Attributes       `json:",embed"`
	}
	err := c.Body("role", &b)
	if err != nil {
		return httpapi.Reply{}, err
	}
	r := assignment.Role{Name: b.Name, Description: b.Description.Pointer()}
	if r.Extra, err = roleNames.KeepNew(b.Extra); err != nil {
		return httpapi.Reply{}, err
	}
	r, err = h.Assignment.CreateRole(c.Context(), r)
	return ok("role", viewRole(r), err)
}

func (h roles) show(_ *httpapi.Call, r foundRole) (httpapi.Reply, error) {
	return ok("role", viewRole(r.Role), nil)
}

func (h roles) remove(c *httpapi.Call, r foundRole) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Assignment.DeleteRole(c.Context(), r.ID)
}

// grants serves the roles of users on tenants. Without a tenant there are none in v2.0.
type grants struct{ Services }

func (h grants) ops() []httpapi.Op {
	const on = "/v2.0/tenants/{tenant_id}/users/{user_id}/roles"
	return []httpapi.Op{
		httpapi.On("GET "+on, policy.ListGrants, h.find, h.list),
		httpapi.On("PUT "+on+"/OS-KSADM/{role_id}", policy.CreateGrant, h.find, h.give),
		httpapi.On("DELETE "+on+"/OS-KSADM/{role_id}", policy.RevokeGrant, h.find, h.take),
		httpapi.On("GET /v2.0/users/{user_id}/roles", policy.ListGrants, h.holder, h.nowhere),
		httpapi.On("PUT /v2.0/users/{user_id}/roles/OS-KSADM/{role_id}", policy.CreateGrant, h.holder, h.nowhere),
		httpapi.On("DELETE /v2.0/users/{user_id}/roles/OS-KSADM/{role_id}", policy.RevokeGrant, h.holder, h.nowhere),
	}
}

// holder is the user of a grant without a tenant.
func (h grants) holder(c *httpapi.Call) (identity.User, error) {
	if role := c.Param("role_id"); role != "" && !httpapi.IsID(role) {
		return identity.User{}, fault.New(fault.NotFound, "Could not find role.")
	}
	return users(h).find(c)
}

func (grants) nowhere(*httpapi.Call, identity.User) (httpapi.Reply, error) {
	return httpapi.Reply{}, fault.New(fault.NotImplemented, "Users have roles on tenants only.")
}

// grant is a grant to a user on a tenant with what it joins; the rules look at the latter.
type grant struct {
	assignment.Parts
	assignment.Grant
}

// PolicyAttrs is what a rule may know about what the grant joins.
func (g grant) PolicyAttrs() policy.Attrs { return g.Parts.PolicyAttrs() }

// grant reads what a grant joins. All of it must be of the default domain, or global; when something is missing
// the rule sees nothing of it, and nobody passes by knowing less.
func (s Services) grant(c *httpapi.Call, tenantID, userID, roleID string) (grant, error) {
	missing := fault.New(fault.NotFound, "Could not find the user, the role or the tenant.")
	g := grant{Grant: assignment.Grant{RoleID: roleID, UserID: userID, On: assignment.OnProject, TargetID: tenantID}}
	if !httpapi.IsID(tenantID) || !httpapi.IsID(userID) || roleID != "" && !httpapi.IsID(roleID) {
		return grant{}, missing
	}
	parts, err := s.Assignment.Parts(c.Context(), g.Grant)
	if fault.Is(err, fault.NotFound) {
		err = missing
	}
	foreign := parts.User != nil && parts.User.DomainID != auth.DefaultDomainID ||
		parts.Project != nil && parts.Project.DomainID != auth.DefaultDomainID ||
		parts.Role != nil && parts.Role.DomainID != ""
	if err == nil && foreign {
		return grant{}, missing
	}
	if foreign {
		parts = assignment.Parts{}
	}
	g.Parts = parts
	return g, err
}

func (h grants) find(c *httpapi.Call) (grant, error) {
	return h.grant(c, c.Param("tenant_id"), c.Param("user_id"), c.Param("role_id"))
}

// list shows the effective roles. That is what role assignments are in v3, so their rule is asked too.
func (h grants) list(c *httpapi.Call, g grant) (httpapi.Reply, error) {
	if err := c.Allow(policy.ListRoleAssignmentsForTree, tenantTree{*g.Project}); err != nil {
		return httpapi.Reply{}, err
	}
	held, err := h.Assignment.RolesOn(c.Context(), g.UserID, g.TargetID)
	return ok("roles", views(held, viewRole), err)
}

func (h grants) give(c *httpapi.Call, g grant) (httpapi.Reply, error) {
	err := h.Assignment.GrantOnce(c.Context(), g.Grant)
	return ok("role", viewRole(*g.Role), err)
}

func (h grants) take(c *httpapi.Call, g grant) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Assignment.Revoke(c.Context(), g.Grant)
}

// roleRefs serves the oldest form of grants: references that are made of their parts.
type roleRefs struct{ Services }

func (h roleRefs) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v2.0/users/{user_id}/roleRefs", policy.ListRoleAssignments, h.holder, h.list),
		httpapi.On("POST /v2.0/users/{user_id}/roleRefs", policy.CreateGrant, h.sent, grants(h).give),
		httpapi.On("DELETE /v2.0/users/{user_id}/roleRefs/{ref_id}", policy.RevokeGrant, h.find, grants(h).take),
	}
}

// refView is a reference on the wire.
type refView struct {
	ID       string `json:"id"`
	RoleID   string `json:"roleId"`
	TenantID string `json:"tenantId"`
	UserID   string `json:"userId"`
}

// viewRef makes the reference; its id is its parts.
func viewRef(a assignment.Assignment) refView {
	id := url.Values{"roleId": {a.RoleID}, "tenantId": {a.TargetID}, "userId": {a.UserID}}
	return refView{ID: id.Encode(), RoleID: a.RoleID, TenantID: a.TargetID, UserID: a.UserID}
}

// holder is a user as the target of the rule of role assignments.
type holder struct{ identity.User }

// PolicyAttrs is the domain of the user.
func (u holder) PolicyAttrs() policy.Attrs {
	return policy.Attrs{"target.domain_id": policy.IsOrNull(u.DomainID)}
}

func (h roleRefs) holder(c *httpapi.Call) (holder, error) {
	u, err := users(h).find(c)
	return holder{u}, err
}

// list shows the effective roles of a user on all tenants.
func (h roleRefs) list(c *httpapi.Call, u holder) (httpapi.Reply, error) {
	found, err := h.Assignment.List(c.Context(), assignment.Query{UserID: u.ID, Effective: true, Within: auth.DefaultDomainID})
	if err != nil {
		return httpapi.Reply{}, err
	}
	refs, seen := []refView{}, map[string]bool{}
	for _, a := range found.Items {
		if ref := viewRef(a); a.On == assignment.OnProject && a.TargetID != auth.DefaultDomainID && !seen[ref.ID] {
			seen[ref.ID] = true
			refs = append(refs, ref)
		}
	}
	return ok("roles", refs, nil)
}

// sent is the grant that the body names.
func (h roleRefs) sent(c *httpapi.Call) (grant, error) {
	var b struct {
		TenantID string `json:"tenantId"`
		RoleID   string `json:"roleId"`
	}
	if err := c.Body("role", &b); err != nil {
		return grant{}, err
	}
	if b.RoleID == "" {
		return grant{}, fault.New(fault.BadRequest, "Expecting to find roleId in role.")
	}
	return h.grant(c, b.TenantID, c.Param("user_id"), b.RoleID)
}

// find is the grant that the reference names.
func (h roleRefs) find(c *httpapi.Call) (grant, error) {
	ref, err := url.ParseQuery(c.Param("ref_id"))
	if err != nil || ref.Get("roleId") == "" || ref.Has("userId") && ref.Get("userId") != c.Param("user_id") {
		return grant{}, fault.New(fault.NotFound, "Could not find role reference.")
	}
	return h.grant(c, ref.Get("tenantId"), c.Param("user_id"), ref.Get("roleId"))
}
