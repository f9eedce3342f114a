package v3

import (
	"context"
	"strings"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/policy"
)

// grants serves the roles that users and groups have been given on projects, on domains and on the system.
type grants struct{ Services }

// grantRow is one kind of grant: its collection and the rules of its four operations.
type grantRow struct {
	path                        string
	on                          assignment.TargetKind
	list, check, create, revoke policy.Rule
}

// grantRows are the kinds of grants, in the order of openapi.yaml.
var grantRows = []grantRow{
	{"/v3/projects/{project_id}/users/{user_id}/roles", assignment.OnProject, policy.ListGrants, policy.CheckGrant, policy.CreateGrant, policy.RevokeGrant},
	{"/v3/projects/{project_id}/groups/{group_id}/roles", assignment.OnProject, policy.ListGrants, policy.CheckGrant, policy.CreateGrant, policy.RevokeGrant},
	{"/v3/domains/{domain_id}/users/{user_id}/roles", assignment.OnDomain, policy.ListGrants, policy.CheckGrant, policy.CreateGrant, policy.RevokeGrant},
	{"/v3/domains/{domain_id}/groups/{group_id}/roles", assignment.OnDomain, policy.ListGrants, policy.CheckGrant, policy.CreateGrant, policy.RevokeGrant},
	{
		"/v3/system/users/{user_id}/roles", assignment.OnSystem, policy.ListSystemGrantsForUser, policy.CheckSystemGrantForUser,
		policy.CreateSystemGrantForUser, policy.RevokeSystemGrantForUser,
	},
	{
		"/v3/system/groups/{group_id}/roles", assignment.OnSystem, policy.ListSystemGrantsForGroup, policy.CheckSystemGrantForGroup,
		policy.CreateSystemGrantForGroup, policy.RevokeSystemGrantForGroup,
	},
}

// inheritedRows are the grants that count in the projects below their target only. They share the rules of the
// plain ones. As in Keystone, those on projects cannot be listed.
var inheritedRows = []grantRow{
	{path: "/v3/OS-INHERIT/projects/{project_id}/users/{user_id}/roles", on: assignment.OnProject},
	{path: "/v3/OS-INHERIT/projects/{project_id}/groups/{group_id}/roles", on: assignment.OnProject},
	{path: "/v3/OS-INHERIT/domains/{domain_id}/users/{user_id}/roles", on: assignment.OnDomain},
	{path: "/v3/OS-INHERIT/domains/{domain_id}/groups/{group_id}/roles", on: assignment.OnDomain},
}

func (h grants) ops() []httpapi.Op {
	var ops []httpapi.Op
	for _, row := range grantRows {
		g := assignment.Grant{On: row.on}
		ops = append(ops, httpapi.On("GET "+row.path, row.list, loadGrant(row.path, g, h.Assignment.Parts), h.list))
		ops = append(ops, h.each(row, row.path+"/{role_id}", g)...)
	}
	for _, row := range inheritedRows {
		row.check, row.create, row.revoke = policy.CheckGrant, policy.CreateGrant, policy.RevokeGrant
		g := assignment.Grant{On: row.on, Inherited: true}
		if row.on == assignment.OnDomain {
			list := row.path + "/inherited_to_projects"
			ops = append(ops, httpapi.On("GET "+list, policy.ListGrants, loadGrant(list, g, h.Assignment.Parts), h.list))
		}
		ops = append(ops, h.each(row, row.path+"/{role_id}/inherited_to_projects", g)...)
	}
	return ops
}

// each is what can be done with one grant; kind says which of its sort.
func (h grants) each(row grantRow, path string, kind assignment.Grant) []httpapi.Op {
	find := loadGrant(path, kind, h.Assignment.Parts)
	return []httpapi.Op{
		httpapi.On("GET "+path, row.check, find, h.check),
		httpapi.On("PUT "+path, row.create, find, h.give),
		httpapi.On("DELETE "+path, row.revoke, loadGrant(path, kind, h.Assignment.Leftovers), h.take),
	}
}

// grantTarget is a grant with what it joins; the rules look at the latter.
type grantTarget struct {
	assignment.Parts
	grant assignment.Grant
}

// partsReader reads what a grant joins.
type partsReader func(context.Context, assignment.Grant) (assignment.Parts, error)

// loadGrant returns a loader of the grant of this kind that a path names. When something is missing the rule sees the rest:
// nobody passes it by knowing less, and so those who may not see what exists can't tell it from what does not.
func loadGrant(path string, kind assignment.Grant, read partsReader) func(*httpapi.Call) (grantTarget, error) {
	return func(c *httpapi.Call) (grantTarget, error) {
		t := grantTarget{grant: kind}
		for _, v := range []struct {
			name string
			into *string
		}{
			{"role_id", &t.grant.RoleID},
			{"user_id", &t.grant.UserID},
			{"group_id", &t.grant.GroupID},
			{"project_id", &t.grant.TargetID},
			{"domain_id", &t.grant.TargetID},
		} {
			if !strings.Contains(path, "{"+v.name+"}") {
				continue
			}
			var err error
			if *v.into, err = c.ID(v.name); err != nil {
				return grantTarget{}, err
			}
		}
		var err error
		t.Parts, err = read(c.Context(), t.grant)
		return t, err
	}
}

func (h grants) list(c *httpapi.Call, t grantTarget) (httpapi.Reply, error) {
	given, err := h.Assignment.Granted(c.Context(), t.grant)
	return httpapi.Collection(c, "roles", listing.Page[assignment.Role]{Items: given}, roleID,
		func(r assignment.Role) roleView { return viewRole(c, r) }), err
}

func (h grants) check(c *httpapi.Call, t grantTarget) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Assignment.CheckGrant(c.Context(), t.grant)
}

func (h grants) give(c *httpapi.Call, t grantTarget) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Assignment.Grant(c.Context(), t.grant)
}

func (h grants) take(c *httpapi.Call, t grantTarget) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Assignment.Revoke(c.Context(), t.grant)
}
