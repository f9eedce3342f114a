package policy

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// engine builds an engine of one rule that declares x and target.user.id, plus the base rules.
func engine(t *testing.T, check string) (*Engine, Rule) {
	t.Helper()
	r := Rule{Name: "identity:test", Check: check, Scopes: anyScope, Targets: []string{"x", "target.user.id"}, Delegated: true}
	e, err := build([]Rule{r}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e, r
}

func TestComparison(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, check string
		actor       Actor
		attrs       Attrs
		want        bool
	}{
		{"nothing equals nothing", "project_id:%(x)s", Actor{}, Attrs{"x": IsOrNull("")}, false},
		{"nothing equals no empty text", "project_id:%(x)s", Actor{}, Attrs{"x": Is("")}, false},
		{"nothing equals no missing attribute", "project_id:%(x)s", Actor{}, nil, false},
		{"a value equals no null", "project_id:%(x)s", Actor{ProjectID: "p"}, Attrs{"x": IsOrNull("")}, false},
		{"a value equals no missing attribute", "project_id:%(x)s", Actor{ProjectID: "p"}, nil, false},
		{"null is not the text None", "'None':%(x)s", Actor{}, Attrs{"x": IsOrNull("")}, false},
		{"the user None is not null", "user_id:None", Actor{UserID: "None"}, nil, false},
		{"the text None is not null", "None:%(x)s", Actor{}, Attrs{"x": Is("None")}, false},
		{"empty text is not null", "None:%(x)s", Actor{}, Attrs{"x": Is("")}, false},
		{"a missing attribute is not null", "None:%(x)s", Actor{}, nil, false},
		{"an empty literal equals nothing", "'':%(x)s", Actor{}, Attrs{"x": Is("")}, false},
		{"values are compared exactly", "user_id:%(x)s", Actor{UserID: "U"}, Attrs{"x": Is("u")}, false},
		{"a longer role is another role", "role:admin", Actor{Roles: []string{"administrator"}}, nil, false},
		{"a shorter role is another role", "role:admin", Actor{Roles: []string{"adm", ""}}, nil, false},
		{"a role that merely folds alike is another role", "role:service", Actor{Roles: []string{"\u017fervice"}}, nil, false},
		{"no role equals a null name", "role:%(x)s", Actor{Roles: []string{""}}, Attrs{"x": IsOrNull("")}, false},
		{"a service role is not a role", "role:service", Actor{ServiceRoles: []string{"service"}}, nil, false},
		{"a role is not a service role", "service_roles:service", Actor{Roles: []string{"service"}}, nil, false},
		{"nobody is Keystone's shared-secret admin", "is_admin:1", Actor{Roles: []string{"admin"}}, nil, false},
		{"a domain token has no system scope", "system_scope:all", Actor{DomainID: "all"}, nil, false},

		{"equal values are equal", "user_id:%(x)s", Actor{UserID: "u"}, Attrs{"x": Is("u")}, true},
		{"the path parameter is the target's", "user_id:%(user_id)s", Actor{UserID: "u"}, Attrs{"target.user.id": Is("u")}, true},
		{"null is None", "None:%(x)s", Actor{}, Attrs{"x": IsOrNull("")}, true},
		{"a caller without domain has None", "domain_id:None", Actor{}, nil, true},
		{"a literal equals its attribute", "'a':%(x)s", Actor{}, Attrs{"x": Is("a")}, true},
		{"a literal equals the caller", "user_id:u", Actor{UserID: "u"}, nil, true},
		{"a role in other letters is the same role", "role:admin", Actor{Roles: []string{"member", "ADMIN"}}, nil, true},
		{"a rule's letters do not matter either", "role:Ärzte", Actor{Roles: []string{"äRZTE"}}, nil, true},
		{"a role may be named by the target", "role:%(x)s", Actor{Roles: []string{"ops"}}, Attrs{"x": Is("Ops")}, true},
		{"service roles are those of the service token", "service_roles:service", Actor{ServiceRoles: []string{"service"}}, nil, true},
		{"the scope project's domain", "token.project.domain.id:%(x)s", Actor{ProjectID: "p", ProjectDomainID: "d"}, Attrs{"x": Is("d")}, true},
		{"the scope domain", "token.domain.id:%(x)s", Actor{DomainID: "d"}, Attrs{"x": Is("d")}, true},
		{"the user's domain", "user_domain_id:%(x)s", Actor{UserDomainID: "d"}, Attrs{"x": Is("d")}, true},
		{"the system", "system_scope:all", Actor{System: true}, nil, true},
		{"a base rule", "rule:admin_or_owner", Actor{UserID: "u"}, Attrs{"target.user.id": Is("u")}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, rule := engine(t, c.check)
			if got := e.Allows(rule, &c.actor, c.attrs); got != c.want {
				t.Errorf("%s: got %v, want %v", c.check, got, c.want)
			}
		})
	}
}

func TestAllowsRefusesBeforeItAsks(t *testing.T) {
	t.Parallel()
	e, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	admin := []string{"admin", "manager", "member", "reader"}
	for _, c := range []struct {
		name  string
		rule  Rule
		actor *Actor
		want  bool
	}{
		{"no actor", GetRegion, nil, false},
		{"an unknown rule", Rule{Name: "identity:fly", Scopes: anyScope}, &Actor{Roles: admin}, false},
		{"a rule without a name", Rule{}, &Actor{Roles: admin}, false},
		{"a copy of a rule with more scopes", Rule{Name: CreateDomain.Name, Scopes: anyScope}, &Actor{DomainID: "d", Roles: admin}, false},
		{"a domain token where it is not admitted", CreateDomain, &Actor{DomainID: "d", Roles: admin}, false},
		{"a delegated token at credentials", CreateCredential, &Actor{Delegated: true, ProjectID: "p", Roles: admin}, false},
		{"a restricted application credential that makes another", CreateApplicationCredential, &Actor{UserID: "u", Delegated: true, AppCredentialID: "a"}, false},
		{"a restricted application credential that deletes another", DeleteApplicationCredential, &Actor{UserID: "u", Delegated: true, AppCredentialID: "a"}, false},
		{"a trust at application credentials", ListApplicationCredentials, &Actor{UserID: "u", Delegated: true}, false},
		{"an unrestricted application credential at credentials", CreateCredential, &Actor{Delegated: true, AppCredentialID: "a", Unrestricted: true, Roles: admin}, false},
		{"a delegated token at passwords", UpdateUser, &Actor{Delegated: true, ProjectID: "p", Roles: admin}, false},
		{"a system token", CreateDomain, &Actor{System: true, Roles: admin}, true},
		{"a project token", CreateDomain, &Actor{ProjectID: "p", Roles: admin}, true},
		{"an unscoped token", GetRegion, &Actor{UserID: "u"}, true},
		{"a restricted application credential that looks at others", ListApplicationCredentials, &Actor{UserID: "u", Delegated: true, AppCredentialID: "a"}, true},
		{"an unrestricted application credential that makes another", CreateApplicationCredential, &Actor{UserID: "u", Delegated: true, AppCredentialID: "a", Unrestricted: true}, true},
		{"a delegated token at resources", CreateDomain, &Actor{Delegated: true, ProjectID: "p", Roles: admin}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := e.Allows(c.rule, c.actor, Attrs{"target.user.id": Is("u")}); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]Actor{
		"project": {}, "domain": {DomainID: "d"}, "system": {System: true},
	} {
		if got := a.Scope().String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := Scope(0).String(); got != "none" {
		t.Errorf("zero scope is %s", got)
	}
}

func TestOverridesRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		want       []string
	}{
		{"not YAML", "a: [", []string{"not YAML"}},
		{"a list", "- a", []string{"line 1: policy is not a mapping"}},
		{"two documents", "a: '@'\n---\nb: '@'", []string{"more than one"}},
		{"an unknown rule", "\n\"identity:get_usr\": \"@\"", []string{`line 2: "identity:get_usr": there is no such rule`}},
		{"the old list syntax", "admin_required: [[\"role:admin\"]]", []string{"list syntax"}},
		{"an unquoted ! is no empty string", "\"identity:get_user\": !", []string{"not a string"}},
		{"a missing check is no empty string", "\"identity:get_user\":", []string{"not a string"}},
		{"a number", "\"identity:get_user\": 1", []string{"not a string"}},
		{"the same rule twice", "a: '@'\na: '!'", []string{`"a" is defined twice`}},
		{"a check that does not parse", "\"identity:get_user\": \"role:admin or\"", []string{`line 1: "identity:get_user": ends where`}},
		{"a reference to nothing", "\"identity:get_user\": \"rule:boss\"", []string{`refers to rule:boss, which is not defined`}},
		{"a circle", "a: 'rule:b'\nb: 'not rule:c'\nc: 'rule:a'", []string{"a -> b -> c -> a"}},
		{"a circle of one", "admin_required: 'rule:admin_required'", []string{"admin_required -> admin_required"}},
		{"an undeclared attribute", "\"identity:get_user\": \"user_id:%(target.group.id)s\"",
			[]string{"names %(target.group.id)s, which identity:get_user does not declare"}},
		{"an undeclared attribute behind a reference", "\"identity:create_region\": \"rule:owner\"",
			[]string{`"owner" names %(user_id)s, which identity:create_region does not declare`}},
		{"everything at once", "\"identity:x\": '@'\na: 'role:'\nb: 'rule:none'\n\"identity:get_user\": 'user_id:%(y)s'",
			[]string{"identity:x", "role:", "rule:none", "%(y)s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := New([]byte(c.file))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error lacks %q:\n%v", want, err)
				}
			}
		})
	}
}

func TestOverrides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		actor      Actor
		want       bool
	}{
		{"nothing changes nothing", "# only a comment\n", Actor{Roles: []string{"helpdesk"}}, false},
		{"null changes nothing", "null", Actor{Roles: []string{"helpdesk"}}, false},
		{"a rule is replaced", "\"identity:get_user\": \"role:helpdesk\"", Actor{Roles: []string{"helpdesk"}}, true},
		{"a replaced rule forgets its default", "\"identity:get_user\": \"role:helpdesk\"", Actor{Roles: []string{"admin"}}, false},
		{"a base rule is replaced", "admin_required: \"role:root\"", Actor{Roles: []string{"root"}}, true},
		{"a base rule is replaced everywhere", "admin_required: \"role:root\"", Actor{Roles: []string{"admin"}}, false},
		{"an own rule is used", "staff: role:helpdesk\n\"identity:get_user\": rule:staff or rule:identity:create_domain",
			Actor{Roles: []string{"helpdesk"}}, true},
		{"Keystone's owner is understood", "\"identity:get_user\": \"rule:admin_or_owner\"", Actor{UserID: "ann"}, true},
		{"the empty check is for everyone", "\"identity:get_user\": \"\"", Actor{}, true},
		{"a quoted ! is for nobody", "\"identity:get_user\": \"!\"", Actor{Roles: []string{"admin"}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, err := New([]byte(c.file))
			if err != nil {
				t.Fatal(err)
			}
			if got := e.Allows(GetUser, &c.actor, Attrs{"target.user.id": Is("ann")}); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestBuildRefusesBadRows(t *testing.T) {
	t.Parallel()
	good := Rule{Name: "identity:a", Check: "@", Scopes: anyScope}
	for name, rules := range map[string][]Rule{
		"declared twice":  {good, good},
		"admits no scope": {{Name: "identity:a", Check: "@"}},
	} {
		if _, err := build(rules, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// decidesSignIns are the rules about changing who signs in, and as whom, by federation or by another directory.
var decidesSignIns = regexp.MustCompile(`:(create|update|delete)_(identity_provider|protocol|mapping|domain_config)$`)

// ofOAuth are the rules about who comes to an access token of OAuth 1.0a, and about those tokens.
var ofOAuth = regexp.MustCompile(`:((create|update|delete)_consumer|authorize_request_token|(get|list|delete)_access_token(_role)?s?)$`)

// ours are the rules that Keystone has nothing like.
var ours = regexp.MustCompile(`mfa|user_session|user_device|explain`)

func TestRowsAreDocumented(t *testing.T) {
	t.Parallel()
	for _, r := range All() {
		if !strings.HasPrefix(r.Name, "identity:") || !strings.HasSuffix(r.Doc, ".") || len(r.Ops) == 0 {
			t.Errorf("%s: name, doc or operations are wanting", r.Name)
		}
		material := strings.Contains(r.Name, "credential") || strings.Contains(r.Name, "access_rule") || strings.Contains(r.Name, "mfa") ||
			strings.Contains(r.Name, "trust") || strings.Contains(r.Name, "user_session") || strings.Contains(r.Name, "user_device") ||
			r.Name == "identity:update_user" || r.Name == "identity:change_password" || decidesSignIns.MatchString(r.Name) || ofOAuth.MatchString(r.Name)
		if r.Delegated == material {
			t.Errorf("%s: delegated is %v", r.Name, r.Delegated)
		}
		if ours.MatchString(r.Name) != strings.Contains(r.Doc, "Ours, not Keystone's.") {
			t.Errorf("%s: doc must say whose rule it is", r.Name)
		}
	}
}

func TestPrintReadBackChangesNothing(t *testing.T) {
	t.Parallel()
	mine := "\"identity:get_user\": \"'a':%(target.user.id)s\"\nstaff: role:helpdesk\nowner: \"!\"\n"
	e, err := New([]byte(mine))
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := e.Print(&first); err != nil {
		t.Fatal(err)
	}
	again, err := New(first.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Print(&second); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Error("printing what was printed differs")
	}
	lines := strings.Split(first.String(), "\n")
	for _, want := range []string{
		`"identity:get_user": "'a':%(target.user.id)s"`, `"staff": "role:helpdesk"`, `"owner": "!"`,
		`#"identity:create_domain": "rule:admin_required"`, "# POST /v3/domains", "# Token scopes: system, project. Delegated tokens: yes.",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("line %s is missing", want)
		}
	}
}

// TestPrintedDefaultsAreTheDefaults uncomments every printed line, and compares the sample that we ship.
func TestPrintedDefaultsAreTheDefaults(t *testing.T) {
	t.Parallel()
	e, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := e.Print(&out); err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "../../configs/policy.yaml", out.String())
	again, err := New([]byte(strings.ReplaceAll(out.String(), "\n#\"", "\n\"")))
	if err != nil {
		t.Fatal(err)
	}
	for name, def := range e.defs {
		if got := again.defs[name]; !got.own || got.check != def.check {
			t.Errorf("%s: got %q, want %q", name, got.check, def.check)
		}
	}
}

func TestAllowsDoesNotAllocate(t *testing.T) {
	e, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	a := &Actor{UserID: "u", DomainID: "d", Roles: []string{"Manager", "member", "reader"}}
	attrs := grantTarget("d", "auditor")
	if n := testing.AllocsPerRun(100, func() { e.Allows(CreateGrant, a, attrs) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func grantTarget(domain, role string) Attrs {
	return Attrs{
		"target.user.id": Is("x"), "target.user.domain_id": Is(domain),
		"target.project.id": Is("q"), "target.project.domain_id": Is(domain),
		"target.role.id": Is("r"), "target.role.name": Is(role), "target.role.domain_id": IsOrNull(""),
	}
}

func BenchmarkAllows(b *testing.B) {
	e, err := New(nil)
	if err != nil {
		b.Fatal(err)
	}
	reader := &Actor{UserID: "u", DomainID: "d", Roles: []string{"reader"}}
	user := Attrs{"target.user.id": Is("x"), "target.user.domain_id": Is("d")}
	for name, rule := range map[string]Rule{"get_user": GetUser, "create_grant": CreateGrant, "get_region": GetRegion} {
		attrs := user
		if rule.Name == CreateGrant.Name {
			attrs = grantTarget("d", "admin")
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.Allows(rule, reader, attrs)
			}
		})
	}
}
