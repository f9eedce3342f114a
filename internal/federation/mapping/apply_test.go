package mapping

import (
	"errors"
	"reflect"
	"testing"

	"github.com/keyward/identity/internal/fault"
)

// person is the assertion of most tests.
var person = NewAssertion(map[string]string{
	"LOGIN": "zoe", "MAIL": "zoe@corp.example", "TEAMS": "dev;ops;guests", "ISSUER": "https://sso.corp.example", "EMPTY": "",
	"PROJECTS": `[{"name":"web","roles":[{"name":"member"}]}]`, "JSON": `JSON:{"name":"{0} crew","domain":{"name":"red"}}`,
})

func TestApply(t *testing.T) {
	t.Parallel()
	red := Domain{ID: "red"}
	for name, c := range map[string]struct {
		version, rules string
		want           Outcome
	}{
		"the example of the documentation": {"1.0", `[{
			"local":[{"user":{"name":"{0}","email":"{1}"}},{"groups":"{2}","domain":{"id":"red"}}],
			"remote":[{"type":"LOGIN"},{"type":"MAIL"},{"type":"TEAMS","whitelist":["dev","ops"]},{"type":"ISSUER","any_one_of":["https://sso.corp.example"]}]}]`,
			Outcome{User: User{Name: "zoe", Email: "zoe@corp.example"}, Groups: []Group{{Name: "dev", Domain: red}, {Name: "ops", Domain: red}}}},
		"conditions give no values": {"1.0", with(`{"user":{"id":"{0}"}}`, `{"type":"TEAMS","any_one_of":["ops"]},{"type":"ISSUER","not_any_of":["x"]},{"type":"LOGIN"}`),
			Outcome{User: User{ID: "zoe"}}},
		"an empty value is there": {"1.0", with(`{"user":{"name":"x{0}"}}`, `{"type":"EMPTY"}`), Outcome{User: User{Name: "x"}}},
		"a blacklist leaves the rest": {"1.0", with(`{"group_ids":"{0}"}`, `{"type":"TEAMS","blacklist":["guests"]}`),
			Outcome{Groups: []Group{{ID: "dev"}, {ID: "ops"}}}},
		"a blacklist of expressions": {"1.0", with(`{"group_ids":"{0}"}`, `{"type":"TEAMS","blacklist":["^g","v$"],"regex":true}`),
			Outcome{Groups: []Group{{ID: "ops"}}}},
		"a whitelist may leave nothing": {"1.0", with(`{"user":{"name":"x"}},{"group_ids":"{0}"}`, `{"type":"TEAMS","whitelist":["none"]}`),
			Outcome{User: User{Name: "x"}}},
		"a whitelist of expressions": {"1.0", with(`{"group_ids":"{0}"}`, `{"type":"TEAMS","whitelist":["o.s"],"regex":true}`),
			Outcome{Groups: []Group{{ID: "ops"}}}},
		"expressions are searched for": {"1.0", with(`{"user":{"name":"x"}}`, `{"type":"MAIL","any_one_of":["@corp"],"regex":true}`),
			Outcome{User: User{Name: "x"}}},
		"rules that do not match are left out": {"1.0", `[
			{"local":[{"user":{"name":"no"}}],"remote":[{"type":"LOGIN","any_one_of":["bob"]}]},
			{"local":[{"user":{"name":"no"}}],"remote":[{"type":"LOGIN","not_any_of":["zoe"]}]},
			{"local":[{"user":{"name":"no"}}],"remote":[{"type":"LOGIN"},{"type":"NOTHING"}]},
			{"local":[{"user":{"name":"no"}}],"remote":[{"type":"NOTHING","not_any_of":["x"]}]},
			{"local":[{"user":{"name":"no"}}],"remote":[{"type":"NOTHING","blacklist":["x"]}]},
			{"local":[{"user":{"name":"yes"}}],"remote":[{"type":"LOGIN"}]}]`, Outcome{User: User{Name: "yes"}}},
		"the first user wins, groups are joined, the last projects win": {"1.0", `[
			{"local":[{"user":{"name":"first"},"group":{"id":"g"}},{"projects":[{"name":"a","roles":[]}]}],"remote":[{"type":"LOGIN"}]},
			{"local":[{"user":{"name":"second"},"group":{"id":"g"}},{"group":{"name":"h","domain":{"name":"red"}}},
				{"projects":[{"name":"{0}s","roles":[{"name":"member"},{"name":"{0}"}]}]}],"remote":[{"type":"LOGIN"}]}]`,
			Outcome{User: User{Name: "first"}, Groups: []Group{{ID: "g"}, {Name: "h", Domain: Domain{Name: "red"}}},
				Projects: []Project{{Name: "zoes", Roles: []string{"member", "zoe"}}}}},
		"an empty user is none": {"1.0", with(`{"user":{}},{"user":{"name":"x","type":"local","domain":{"name":"{0}"}}}`, `{"type":"LOGIN"}`),
			Outcome{User: User{Name: "x", Local: true, Domain: Domain{Name: "zoe"}}}},
		"a group that brings its domain": {"1.0", with(`{"groups":"{0}"}`, `{"type":"JSON"}`),
			Outcome{Groups: []Group{{Name: "{0} crew", Domain: Domain{Name: "red"}}}}},
		"a group whose name holds the letters name": {"1.0", with(`{"groups":"filename-x","domain":{"id":"red"}}`, `{"type":"LOGIN"}`),
			Outcome{Groups: []Group{{Name: "filename-x", Domain: red}}}},
		"a value that looks like a list is one value": {"1.0", with(`{"groups":"['a', 'b']","domain":{"id":"red"}}`, `{"type":"LOGIN"}`),
			Outcome{Groups: []Group{{Name: "['a', 'b']", Domain: red}}}},
		"doubled braces are single ones": {"1.0", with(`{"user":{"name":"{{{0}}}"}}`, `{"type":"LOGIN"}`), Outcome{User: User{Name: "{zoe}"}}},
		"the domain of 1.0 is that of groups only": {"1.0", with(`{"user":{"name":"x"},"domain":{"id":"red"},"projects":[{"name":"p","roles":[]}]}`, `{"type":"LOGIN"}`),
			Outcome{User: User{Name: "x"}, Projects: []Project{{Name: "p"}}}},
		"the last domain of 2.0 is the user's": {"2.0", with(`{"user":{"name":"x"}},{"domain":{"id":"blue"}},{"domain":{"id":"red"},"projects":[{"name":"p","roles":[]},{"name":"q","roles":[],"domain":{"name":"own"}}]}`, `{"type":"LOGIN"}`),
			Outcome{User: User{Name: "x", Domain: red}, Projects: []Project{{Name: "p", Domain: red}, {Name: "q", Domain: Domain{Name: "own"}}}}},
		"the user's own domain comes first": {"2.0", with(`{"user":{"name":"x","domain":{"id":"own"}},"domain":{"id":"red"}}`, `{"type":"LOGIN"}`),
			Outcome{User: User{Name: "x", Domain: Domain{ID: "own"}}}},
		"no domain in 2.0 is no failure": {"2.0", with(`{"user":{"name":"x"}}`, `{"type":"LOGIN"}`), Outcome{User: User{Name: "x"}}},
		"projects from the assertion": {"3.0", with(`{"projects_json":"{0}","domain":{"id":"red"}}`, `{"type":"PROJECTS"}`),
			Outcome{User: User{Domain: red}, Projects: []Project{{Name: "web", Roles: []string{"member"}, Domain: red}}}},
	} {
		rules, err := Parse(c.version, []byte(c.rules))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := rules.Apply(person); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\ngot  %+v (%v)\nwant %+v", name, got, err, c.want)
		}
	}
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ rules, reason string }{
		"no rule matches":                    {with(`{"user":{"name":"x"}}`, `{"type":"NOTHING"}`), "no_rule_matches"},
		"the rule that matches says nothing": {with(``, `{"type":"LOGIN"}`), "no_rule_matches"},
		"a name with several values":         {with(`{"user":{"name":"{0}"}}`, `{"type":"TEAMS"}`), "one_value_needed"},
		"a name without a value":             {with(`{"user":{"name":"{0}"}}`, `{"type":"TEAMS","whitelist":[]}`), "one_value_needed"},
		"a role with several values":         {with(`{"projects":[{"name":"p","roles":[{"name":"{0}"}]}]}`, `{"type":"TEAMS"}`), "one_value_needed"},
		"groups made of several values":      {with(`{"group_ids":"x-{0}"}`, `{"type":"TEAMS"}`), "one_value_needed"},
		"groups without a domain":            {with(`{"groups":"{0}"}`, `{"type":"TEAMS"}`), "group_without_domain"},
		"a malformed group":                  {with(`{"groups":"JSON:{0}"}`, `{"type":"LOGIN"}`), "malformed_group"},
		"a group by id":                      {with(`{"groups":"JSON:{{\"id\":\"x\"}}"}`, `{"type":"LOGIN"}`), "malformed_group"},
		"projects that are no JSON":          {with(`{"projects_json":"{0}"}`, `{"type":"LOGIN"}`), "malformed_projects"},
		"projects without roles":             {with(`{"projects_json":"[{{\"name\":\"{0}\"}}]"}`, `{"type":"LOGIN"}`), "malformed_projects"},
	} {
		rules, err := Parse("3.0", []byte(c.rules))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := rules.Apply(person)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.Unauthorized || f.Reason != c.reason {
			t.Errorf("%s: got %+v, %v, want the reason %s", name, got, err, c.reason)
		}
	}
}
