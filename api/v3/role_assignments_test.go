package v3

import (
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/httpapi"
)

func TestViewAssignment(t *testing.T) {
	t.Parallel()
	link := func(parts ...string) string { return httpapi.Link("http://id.example", parts...) }
	names := &assignment.Names{
		Users:    map[string]assignment.Name{"u1": {Name: "ann", DomainID: "d1"}},
		Groups:   map[string]assignment.Name{"g1": {Name: "ops", DomainID: "d1"}},
		Roles:    map[string]assignment.Name{"r1": {Name: "reader"}, "r2": {Name: "lead", DomainID: "d1"}},
		Projects: map[string]assignment.Name{"p1": {Name: "web", DomainID: "d1"}, "d1": {Name: "red"}},
	}
	user := assignment.Grant{RoleID: "r1", UserID: "u1", On: assignment.OnProject, TargetID: "p1"}
	group := assignment.Grant{RoleID: "r1", GroupID: "g1", On: assignment.OnDomain, TargetID: "d1"}
	system := assignment.Grant{RoleID: "r1", UserID: "u1", On: assignment.OnSystem}
	inherited := assignment.Grant{RoleID: "r2", GroupID: "g1", On: assignment.OnDomain, TargetID: "d1", Inherited: true}
	landed := assignment.Grant{RoleID: "r1", UserID: "u1", On: assignment.OnProject, TargetID: "p1", Inherited: true}
	goneGroup := assignment.Grant{RoleID: "r1", GroupID: "g1", On: assignment.OnProject, TargetID: "p1"}
	asProject := assignment.Grant{RoleID: "r1", UserID: "u1", On: assignment.OnProject, TargetID: "d1"}
	for _, c := range []struct {
		name  string
		entry assignment.Assignment
		names *assignment.Names
		want  string
	}{
		{
			"a user on a project", assignment.Assignment{Grant: user, By: user}, nil,
			`{"role":{"id":"r1"},"user":{"id":"u1"},"scope":{"project":{"id":"p1"}},` +
				`"links":{"assignment":"http://id.example/v3/projects/p1/users/u1/roles/r1"}}`,
		},
		{
			"a group on a domain", assignment.Assignment{Grant: group, By: group}, nil,
			`{"role":{"id":"r1"},"group":{"id":"g1"},"scope":{"domain":{"id":"d1"}},` +
				`"links":{"assignment":"http://id.example/v3/domains/d1/groups/g1/roles/r1"}}`,
		},
		{
			"a user on the system", assignment.Assignment{Grant: system, By: system}, nil,
			`{"role":{"id":"r1"},"user":{"id":"u1"},"scope":{"system":{"all":true}},` +
				`"links":{"assignment":"http://id.example/v3/system/users/u1/roles/r1"}}`,
		},
		{
			"a stored inherited grant", assignment.Assignment{Grant: inherited, By: inherited}, nil,
			`{"role":{"id":"r2"},"group":{"id":"g1"},"scope":{"domain":{"id":"d1"},"OS-INHERIT:inherited_to":"projects"},` +
				`"links":{"assignment":"http://id.example/v3/OS-INHERIT/domains/d1/groups/g1/roles/r2/inherited_to_projects"}}`,
		},
		{
			"what a member of a group gets by inheritance and implication",
			assignment.Assignment{Grant: landed, By: inherited, PriorRoleID: "r2"}, nil,
			`{"role":{"id":"r1"},"user":{"id":"u1"},"scope":{"project":{"id":"p1"},"OS-INHERIT:inherited_to":"projects"},` +
				`"links":{"assignment":"http://id.example/v3/OS-INHERIT/domains/d1/groups/g1/roles/r2/inherited_to_projects",` +
				`"membership":"http://id.example/v3/groups/g1/users/u1","prior_role":"http://id.example/v3/roles/r2/implies/r1"}}`,
		},
		{
			"names of a user on a project", assignment.Assignment{Grant: user, By: user}, names,
			`{"role":{"id":"r1","name":"reader"},"user":{"id":"u1","name":"ann","domain":{"id":"d1","name":"red"}},` +
				`"scope":{"project":{"id":"p1","name":"web","domain":{"id":"d1","name":"red"}}},` +
				`"links":{"assignment":"http://id.example/v3/projects/p1/users/u1/roles/r1"}}`,
		},
		{
			"names of a domain's role on a domain", assignment.Assignment{Grant: inherited, By: inherited}, names,
			`{"role":{"id":"r2","name":"lead","domain":{"id":"d1","name":"red"}},"group":{"id":"g1","name":"ops","domain":{"id":"d1","name":"red"}},` +
				`"scope":{"domain":{"id":"d1","name":"red"},"OS-INHERIT:inherited_to":"projects"},` +
				`"links":{"assignment":"http://id.example/v3/OS-INHERIT/domains/d1/groups/g1/roles/r2/inherited_to_projects"}}`,
		},
		{
			"the name of somebody who has gone is empty",
			assignment.Assignment{Grant: system, By: system},
			&assignment.Names{Users: map[string]assignment.Name{}, Roles: names.Roles, Projects: names.Projects},
			`{"role":{"id":"r1","name":"reader"},"user":{"id":"u1","name":"","domain":{"id":"","name":""}},"scope":{"system":{"all":true}},` +
				`"links":{"assignment":"http://id.example/v3/system/users/u1/roles/r1"}}`,
		},
		{
			"a group and a project that have gone",
			assignment.Assignment{Grant: goneGroup, By: goneGroup},
			&assignment.Names{Users: map[string]assignment.Name{}, Groups: map[string]assignment.Name{}, Roles: names.Roles, Projects: map[string]assignment.Name{}},
			`{"role":{"id":"r1","name":"reader"},"group":{"id":"g1","name":"","domain":{"id":"","name":""}},` +
				`"scope":{"project":{"id":"p1","name":"","domain":{"id":"","name":""}}},` +
				`"links":{"assignment":"http://id.example/v3/projects/p1/groups/g1/roles/r1"}}`,
		},
		{
			"a domain seen as a project belongs to itself", assignment.Assignment{Grant: asProject, By: asProject}, names,
			`{"role":{"id":"r1","name":"reader"},"user":{"id":"u1","name":"ann","domain":{"id":"d1","name":"red"}},` +
				`"scope":{"project":{"id":"d1","name":"red","domain":{"id":"d1","name":"red"}}},` +
				`"links":{"assignment":"http://id.example/v3/projects/d1/users/u1/roles/r1"}}`,
		},
	} {
		got, err := json.Marshal(viewAssignment(link, c.entry, c.names))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got\n\t%s, %v\nwant\n\t%s", c.name, got, err, c.want)
		}
	}
}

func TestGrantOps(t *testing.T) {
	t.Parallel()
	ops := grants{}.ops()
	if len(ops) != 38 {
		t.Errorf("got %d operations, want 38", len(ops))
	}
	seen := map[string]bool{}
	for _, op := range ops {
		if name := op.Method + " " + op.Path; seen[name] || op.Rule == nil || op.Public != "" {
			t.Errorf("%s is repeated or unprotected", name)
		} else {
			seen[name] = true
		}
	}
}
