package clients_test

import (
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/groups"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/projects"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/roles"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/users"

	"github.com/keyward/identity/test/program"
)

func TestGophercloudManagesGrantsAndGroups(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		ctx := t.Context()
		p := hire(t, s, s.AdminToken(t), "gopher")
		c := must(connect(t, s, "", adminOptions()))(t, "connect")
		group := must(groups.Create(ctx, c, groups.CreateOpts{Name: "team", DomainID: "default"}).Extract())(t, "group")
		role := must(roles.Create(ctx, c, roles.CreateOpts{Name: "painter"}).Extract())(t, "role")

		member := func(want bool) {
			t.Helper()
			if ok, err := users.IsMemberOfGroup(ctx, c, group.ID, p.id).Extract(); err != nil || ok != want {
				t.Errorf("is a member: got %v, %v, want %v", ok, err, want)
			}
		}
		member(false)
		if err := users.AddToGroup(ctx, c, group.ID, p.id).ExtractErr(); err != nil {
			t.Fatalf("add to the group: %v", err)
		}
		member(true)
		ids, err := idsOf(t, users.ListInGroup(c, group.ID, nil), users.ExtractUsers, func(v users.User) string { return v.ID })
		if err != nil || len(ids) != 1 || ids[0] != p.id {
			t.Errorf("members: got %v, %v", ids, err)
		}
		ids, err = idsOf(t, users.ListGroups(c, p.id), groups.ExtractGroups, func(v groups.Group) string { return v.ID })
		if err != nil || len(ids) != 1 || ids[0] != group.ID {
			t.Errorf("groups of the user: got %v, %v", ids, err)
		}

		for name, o := range map[string]roles.AssignOpts{
			"user on project":  {UserID: p.id, ProjectID: p.projectID},
			"user on domain":   {UserID: p.id, DomainID: "default"},
			"user on system":   {UserID: p.id, System: true},
			"group on project": {GroupID: group.ID, ProjectID: p.projectID},
		} {
			if err := roles.Validate(ctx, c, role.ID, roles.ValidateOpts(o)).ExtractErr(); !gophercloud.ResponseCodeIs(err, 404) {
				t.Errorf("%s: before: got %v, want 404", name, err)
			}
			if err := roles.Assign(ctx, c, role.ID, o).ExtractErr(); err != nil {
				t.Errorf("%s: assign: %v", name, err)
			}
			if err := roles.Validate(ctx, c, role.ID, roles.ValidateOpts(o)).ExtractErr(); err != nil {
				t.Errorf("%s: after: %v", name, err)
			}
		}
		checkAssignments(t, c, role.ID, p)
		if err := users.RemoveFromGroup(ctx, c, group.ID, p.id).ExtractErr(); err != nil {
			t.Fatalf("remove from the group: %v", err)
		}
		member(false)
		o := roles.UnassignOpts{UserID: p.id, ProjectID: p.projectID}
		if err := roles.Unassign(ctx, c, role.ID, o).ExtractErr(); err != nil {
			t.Errorf("unassign: %v", err)
		}
		wantStatus(t, "unassign again", roles.Unassign(ctx, c, role.ID, o).ExtractErr(), 404)
	})
}

func checkAssignments(t *testing.T, c *gophercloud.ServiceClient, role string, p person) {
	t.Helper()
	yes := true
	count := func(o roles.ListAssignmentsOpts) int {
		t.Helper()
		page := must(roles.ListAssignments(c, o).AllPages(t.Context()))(t, "assignments")
		return len(must(roles.ExtractRoleAssignments(page))(t, "assignments"))
	}
	for name, row := range map[string]struct {
		o    roles.ListAssignmentsOpts
		want int
	}{
		"all of the role":           {roles.ListAssignmentsOpts{RoleID: role}, 4},
		"of the user":               {roles.ListAssignmentsOpts{RoleID: role, UserID: p.id}, 3},
		"on the project, effective": {roles.ListAssignmentsOpts{RoleID: role, ScopeProjectID: p.projectID, Effective: &yes}, 2},
		"on the system, with names": {roles.ListAssignmentsOpts{RoleID: role, ScopeSystem: "all", IncludeNames: &yes}, 1},
	} {
		if got := count(row.o); got != row.want {
			t.Errorf("%s: got %d assignments, want %d", name, got, row.want)
		}
	}
	ids, err := idsOf(t, users.ListProjects(c, p.id), projects.ExtractProjects, func(v projects.Project) string { return v.ID })
	if err != nil || len(ids) != 1 || ids[0] != p.projectID {
		t.Errorf("projects of the user: got %v, %v", ids, err)
	}
}
