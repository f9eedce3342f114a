package assignment

import (
	"strings"
	"testing"
)

func names(roles []*Role) string {
	var s []string
	for _, r := range roles {
		s = append(s, r.Name)
	}
	return strings.Join(s, " ")
}

func TestEffective(t *testing.T) {
	t.Parallel()
	table := NewTable([]Role{
		{ID: "a", Name: "admin"}, {ID: "g", Name: "manager"}, {ID: "m", Name: "member"}, {ID: "r", Name: "reader"},
		{ID: "d", Name: "lead", DomainID: "red"}, {ID: "x", Name: "ring"}, {ID: "y", Name: "gnir"},
	}, []Implication{{"a", "g"}, {"g", "m"}, {"m", "r"}, {"d", "m"}, {"x", "y"}, {"y", "x"}, {"m", "gone"}})
	web := Scope{On: OnProject, ID: "web", Above: []string{"shop", "red"}}
	for _, c := range []struct {
		name   string
		grants []Grant
		scope  Scope
		want   string
	}{
		{"no grants give nothing", nil, web, ""},
		{"a grant elsewhere gives nothing", []Grant{{RoleID: "a", On: OnProject, TargetID: "other"}}, web, ""},
		{"a grant on the parent that is not inherited gives nothing", []Grant{{RoleID: "a", On: OnProject, TargetID: "shop"}}, web, ""},
		{"a grant on the domain that is not inherited gives nothing below", []Grant{{RoleID: "a", On: OnDomain, TargetID: "red"}}, web, ""},
		{"an inherited grant does not hold on its own target", []Grant{{RoleID: "a", On: OnProject, TargetID: "web", Inherited: true}}, web, ""},
		{"an inherited domain grant does not hold on the domain", []Grant{{RoleID: "a", On: OnDomain, TargetID: "red", Inherited: true}}, Scope{On: OnDomain, ID: "red"}, ""},
		{"an inherited domain grant of another domain gives nothing", []Grant{{RoleID: "a", On: OnDomain, TargetID: "blue", Inherited: true}}, web, ""},
		{"the system is not a project", []Grant{{RoleID: "a", On: OnSystem}}, web, ""},
		{"a project grant is no domain grant of the same id", []Grant{{RoleID: "a", On: OnProject, TargetID: "red"}}, Scope{On: OnDomain, ID: "red"}, ""},
		{"a deleted role gives nothing", []Grant{{RoleID: "gone", On: OnProject, TargetID: "web"}}, web, ""},
		{"a direct grant brings what it implies", []Grant{{RoleID: "g", On: OnProject, TargetID: "web"}}, web, "manager member reader"},
		{"two grants do not repeat roles", []Grant{{RoleID: "m", On: OnProject, TargetID: "web"}, {RoleID: "r", On: OnProject, TargetID: "web"}}, web, "member reader"},
		{"an inherited grant on the parent holds below", []Grant{{RoleID: "r", On: OnProject, TargetID: "shop", Inherited: true}}, web, "reader"},
		{"an inherited grant on the domain holds below", []Grant{{RoleID: "r", On: OnDomain, TargetID: "red", Inherited: true}}, web, "reader"},
		{"a role of a domain stands for what it implies only", []Grant{{RoleID: "d", On: OnProject, TargetID: "web"}}, web, "member reader"},
		{"a loop ends", []Grant{{RoleID: "x", On: OnProject, TargetID: "web"}}, web, "gnir ring"},
		{"the system has its own grants", []Grant{{RoleID: "r", On: OnSystem}}, Scope{On: OnSystem}, "reader"},
	} {
		if got := names(table.Effective(c.grants, c.scope)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
