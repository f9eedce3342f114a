package policy

import "testing"

func TestConfine(t *testing.T) {
	t.Parallel()
	e, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	e.Confine()
	domain := Actor{UserID: "dadm", UserDomainID: "red", DomainID: "red", Roles: []string{"admin", "manager", "member", "reader"}}
	project := Actor{UserID: "root", UserDomainID: "red", ProjectID: "p", ProjectDomainID: "red", Roles: domain.Roles}
	user := func(domain string) Attrs {
		return Attrs{"target.user.id": Is("u"), "target.user.domain_id": Is(domain)}
	}
	for _, c := range []struct {
		name  string
		rule  Rule
		actor Actor
		t     Attrs
		want  bool
	}{
		{"a user of another domain", GetUser, domain, user("blue"), false},
		{"a user who does not exist", GetUser, domain, Attrs{"target.user.id": Is(""), "target.user.domain_id": Is("")}, false},
		{"another domain", GetDomain, domain, Attrs{"target.domain.id": Is("blue")}, false},
		{"a list of another domain", ListUsers, domain, Attrs{"target.domain_id": Is("blue")}, false},
		{"a user of another domain into a group of its own", AddUserToGroup, domain,
			Attrs{"target.group.id": Is("g"), "target.group.domain_id": Is("red"), "target.user.id": Is("u"), "target.user.domain_id": Is("blue")}, false},
		{"a limit of another domain", GetLimit, domain, Attrs{"target.limit.domain.id": Is("blue")}, false},
		{"a limit of another domain's project", GetLimit, domain, Attrs{"target.limit.project_id": Is("p"), "target.limit.project.domain_id": Is("blue")}, false},
		{"a limit that does not exist", GetLimit, domain, Attrs{"target.limit.domain.id": Is("")}, false},
		{"a limit of its own domain", GetLimit, domain, Attrs{"target.limit.domain.id": Is("red"), "target.limit.project_id": Value{}}, true},
		{"a grant on another domain's project", CreateGrant, domain, Attrs{"target.user.id": Is("u"), "target.user.domain_id": Is("red"),
			"target.project.id": Is("p"), "target.project.domain_id": Is("blue"), "target.role.name": Is("member"), "target.role.domain_id": Value{}}, false},
		{"somebody's own account in another domain", GetUser, Actor{UserID: "u", UserDomainID: "blue", DomainID: "red", Roles: []string{"reader"}}, user("blue"), true},
		{"a user of its own domain", GetUser, domain, user("red"), true},
		{"a grant of a global role in its own domain", CreateGrant, domain, Attrs{"target.user.id": Is("u"), "target.user.domain_id": Is("red"),
			"target.project.id": Is("p"), "target.project.domain_id": Is("red"), "target.role.name": Is("member"), "target.role.domain_id": Value{}}, true},
		{"an administrator with a project token is not confined, as in Keystone", GetUser, project, user("blue"), true},
	} {
		if got := e.Allows(c.rule, &c.actor, c.t); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
