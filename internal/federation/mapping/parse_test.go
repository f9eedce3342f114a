package mapping

import (
	"strings"
	"testing"

	"github.com/keyward/identity/internal/fault"
)

// with puts parts of rules together: the local and the remote part of one rule.
func with(local, remote string) string {
	return `[{"local":[` + local + `],"remote":[` + remote + `]}]`
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const plain = `{"type":"A"}`
	for name, c := range map[string]struct{ version, rules, at string }{
		"an unknown version":                       {"4.0", with(`{}`, plain), "schema_version"},
		"a version that looks like a number":       {"1", with(`{}`, plain), "schema_version"},
		"no rules":                                 {"1.0", `[]`, "rules must not be empty"},
		"rules that are an object":                 {"1.0", `{}`, "rules must be an array"},
		"rules that are null":                      {"1.0", `null`, "rules must be an array"},
		"text that is no JSON":                     {"1.0", `[`, "rules must be an array"},
		"a rule that is a text":                    {"1.0", `["x"]`, "rules[0] must be an object"},
		"a rule without remote":                    {"1.0", `[{"local":[]}]`, "needs 'remote'"},
		"a rule without local":                     {"1.0", `[{"remote":[` + plain + `]}]`, "needs 'local'"},
		"a rule with more":                         {"1.0", `[{"local":[],"remote":[` + plain + `],"name":"x"}]`, "'name'"},
		"an empty remote":                          {"1.0", with(`{}`, ``), "rules[0].remote must not be empty"},
		"a second rule that is wrong":              {"1.0", `[{"local":[],"remote":[` + plain + `]},{"local":[],"remote":[]}]`, "rules[1].remote"},
		"a remote without a type":                  {"1.0", with(``, `{"regex":true}`), "needs 'type'"},
		"a remote with an empty type":              {"1.0", with(``, `{"type":""}`), "rules[0].remote[0].type"},
		"a remote with a number as type":           {"1.0", with(``, `{"type":1}`), "must be a string"},
		"a remote with an unknown attribute":       {"1.0", with(``, `{"type":"A","all_of":["x"]}`), "'all_of'"},
		"two forms at once":                        {"1.0", with(``, `{"type":"A","whitelist":["x"],"blacklist":["y"]}`), "only one of"},
		"regex alone":                              {"1.0", with(``, `{"type":"A","regex":true}`), "'regex'"},
		"regex as text":                            {"1.0", with(``, `{"type":"A","whitelist":["x"],"regex":"true"}`), "must be true or false"},
		"a list that is a text":                    {"1.0", with(``, `{"type":"A","any_one_of":"x"}`), "any_one_of must be an array"},
		"a list that is null":                      {"1.0", with(``, `{"type":"A","not_any_of":null}`), "not_any_of must be an array"},
		"a list of numbers":                        {"1.0", with(``, `{"type":"A","any_one_of":[1]}`), "any_one_of[0] must be a string"},
		"an expression that is none":               {"1.0", with(``, `{"type":"A","whitelist":["("],"regex":true}`), "whitelist[0] is not a regular expression"},
		"an unknown local attribute":               {"1.0", with(`{"role":"x"}`, plain), "'role'"},
		"a user as text":                           {"1.0", with(`{"user":"x"}`, plain), "user must be an object"},
		"an unknown attribute of a user":           {"1.0", with(`{"user":{"phone":"x"}}`, plain), "'phone'"},
		"a user of an unknown type":                {"1.0", with(`{"user":{"name":"x","type":"root"}}`, plain), "ephemeral or local"},
		"a name that is a number":                  {"1.0", with(`{"user":{"name":7}}`, plain), "user.name must be a string"},
		"a group by id and name":                   {"1.0", with(`{"group":{"id":"x","name":"y"}}`, plain), "either an id"},
		"a group by name without a domain":         {"1.0", with(`{"group":{"name":"y"}}`, plain), "either an id"},
		"an empty group":                           {"1.0", with(`{"group":{}}`, plain), "either an id"},
		"an empty domain":                          {"1.0", with(`{"domain":{}}`, plain), "id or a name"},
		"groups as a list":                         {"1.0", with(`{"groups":["x"]}`, plain), "groups must be a string"},
		"group_ids as a list":                      {"1.0", with(`{"group_ids":["x"]}`, plain), "group_ids must be a string"},
		"projects as an object":                    {"1.0", with(`{"projects":{}}`, plain), "projects must be an array"},
		"a project without roles":                  {"1.0", with(`{"projects":[{"name":"p"}]}`, plain), "needs 'roles'"},
		"a project without a name":                 {"1.0", with(`{"projects":[{"roles":[]}]}`, plain), "needs 'name'"},
		"a role as text":                           {"1.0", with(`{"projects":[{"name":"p","roles":["member"]}]}`, plain), "roles[0] must be an object"},
		"a role by id":                             {"1.0", with(`{"projects":[{"name":"p","roles":[{"id":"x"}]}]}`, plain), "'id'"},
		"a project's domain in 1.0":                {"1.0", with(`{"projects":[{"name":"p","roles":[],"domain":{"id":"d"}}]}`, plain), "'domain'"},
		"projects_json in 1.0":                     {"1.0", with(`{"projects_json":"{0}"}`, plain), "'projects_json'"},
		"projects_json in 2.0":                     {"2.0", with(`{"projects_json":"{0}"}`, plain), "'projects_json'"},
		"projects_json as a list":                  {"3.0", with(`{"projects_json":[]}`, plain), "projects_json must be a string"},
		"a placeholder without a value":            {"1.0", with(`{"user":{"name":"{1}"}}`, plain), "{1}"},
		"a placeholder of a condition":             {"1.0", with(`{"user":{"name":"{1}"}}`, plain+`,{"type":"B","any_one_of":["x"]}`), "{1}"},
		"a placeholder deep inside":                {"2.0", with(`{"projects":[{"name":"p","roles":[{"name":"{3}"}]}]}`, plain), "roles[0].name"},
		"a placeholder of the second rule's":       {"1.0", `[{"local":[{"groups":"{1}"}],"remote":[{"type":"A"}]},{"local":[],"remote":[{"type":"A"},{"type":"B"}]}]`, "rules[0]"},
		"a single brace":                           {"1.0", with(`{"user":{"name":"{"}}`, plain), "brace"},
		"a closing brace":                          {"1.0", with(`{"user":{"name":"}"}}`, plain), "brace"},
		"an empty placeholder":                     {"1.0", with(`{"user":{"name":"{}"}}`, plain), "brace"},
		"a named placeholder":                      {"1.0", with(`{"user":{"name":"{A}"}}`, plain), "brace"},
		"a placeholder that looks into the object": {"1.0", with(`{"user":{"name":"{0.__class__}"}}`, plain), "brace"},
		"a negative placeholder":                   {"1.0", with(`{"user":{"name":"{-1}"}}`, plain), "brace"},
		"a placeholder beyond all numbers":         {"1.0", with(`{"user":{"name":"{99999999999999999999}"}}`, plain), "brace"},
	} {
		_, err := Parse(c.version, []byte(c.rules))
		if !fault.Is(err, fault.BadRequest) || !strings.Contains(err.Error(), c.at) {
			t.Errorf("%s: got %v, want a refusal that names %q", name, err, c.at)
		}
	}
}

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	const plain = `{"type":"A"}`
	for name, c := range map[string]struct{ version, rules string }{
		"an empty local":                 {"1.0", with(``, plain)},
		"an empty object":                {"1.0", with(`{}`, plain)},
		"an empty user":                  {"1.0", with(`{"user":{}}`, plain)},
		"every form":                     {"1.0", with(``, plain+`,{"type":"B","any_one_of":[]},{"type":"C","not_any_of":["x"],"regex":false},{"type":"D","whitelist":["x"],"regex":true},{"type":"E","blacklist":["y"]}`)},
		"a user with everything":         {"1.0", with(`{"user":{"id":"{0}","name":"x","email":"{0}","domain":{"name":"{0}"},"type":"local"}}`, plain)},
		"a group by id":                  {"1.0", with(`{"group":{"id":"g"}}`, plain)},
		"a group by name and domain":     {"1.0", with(`{"group":{"name":"g","domain":{"id":"d"}}}`, plain)},
		"groups with a domain":           {"1.0", with(`{"groups":"{0}","domain":{"id":"d"}}`, plain)},
		"groups without a domain":        {"1.0", with(`{"groups":"{0}"}`, plain)},
		"projects":                       {"1.0", with(`{"projects":[{"name":"{0}","roles":[{"name":"member"}]}]}`, plain)},
		"a project's domain":             {"2.0", with(`{"projects":[{"name":"p","roles":[],"domain":{"id":"d"}}]}`, plain)},
		"projects_json":                  {"3.0", with(`{"projects_json":"{0}"}`, plain)},
		"doubled braces":                 {"1.0", with(`{"user":{"name":"{{0}} {0}"}}`, plain)},
		"values of white and blacklists": {"1.0", with(`{"group_ids":"{0}{1}{2}"}`, plain+`,{"type":"B","whitelist":["x"]},{"type":"C","any_one_of":["x"]},{"type":"D","blacklist":["x"]}`)},
	} {
		if _, err := Parse(c.version, []byte(c.rules)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestExpressionsMeanWhatTheyMeanInPython has vectors that were run through Python 3's re.search.
func TestExpressionsMeanWhatTheyMeanInPython(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, value string
		want           bool
	}{
		{`@example\.org$`, "ann@example.org", true},
		{`@example\.org$`, "ann@example.org.evil", false},
		{`@example\.org$`, "ann@example.org\n", true},
		{`^admin$`, "admin\n\n", false},
		{`^admin\Z`, "admin\n", false},
		{`dmi`, "admin", true},
		{`^ADMIN`, "admin", false},
		{`(?i)^ADMIN`, "admin", true},
		{`^\w+$`, "étudiant", true},
		{`^\W+$`, "é", false},
		{`^[\w.-]+@x$`, "zoë.b-c@x", true},
		{`^[^\w]$`, "é", false},
		{`^\d+$`, "٣", true},
		{`^\D$`, "٣", false},
		{`^a\sb$`, "a\u00a0b", true},
		{`^a\Sb$`, "a\u00a0b", false},
		{`^[\s]$`, "\u2028", true},
		{`^ab{,2}c$`, "abbc", true},
		{`^ab{,2}c$`, "ab{,2}c", false},
		{`^a{,b}$`, "a{,b}", true},
		{`^[]x]$`, "]", true},
		{`^[^]x]$`, "y", true},
		{`^[$]$`, "$", true},
		{`^\$$`, "$", true},
		{`^(?P<who>a|b)$`, "b", true},
		{`^a\.b\-c$`, "a.b-c", true},
		{``, "anything", true},
	} {
		re, err := (&parser{}).compile(node{"x", c.pattern})
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
		} else if got := re.MatchString(c.value); got != c.want {
			t.Errorf("%s in %q: got %t, want %t", c.pattern, c.value, got, c.want)
		}
	}
}

func TestExpressionsThatAreNotCarriedOver(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		`(?=x)`, `(?!x)`, `(?<=x)`, `(?<!x)`, `(a)\1`, `(?P<n>a)(?P=n)`, `\bx`, `x\B`, `[[:alpha:]]`, `[\W]`, `[\S]`, `\Qx\E`, `\pL`, `\C`,
		`a++`, `(?x)a`, `x{1001}`, `(x{100}){100}`, `\`, `[`, `*`, strings.Repeat("x", maxPattern+1),
	} {
		if _, err := (&parser{}).compile(node{"x", pattern}); !fault.Is(err, fault.BadRequest) {
			t.Errorf("%.60s: got %v, want a refusal", pattern, err)
		}
	}
	greedy := `"` + strings.Repeat(`[a-z]{1000}`, 40) + `"`
	rules := with(``, `{"type":"A","regex":true,"any_one_of":[`+strings.Repeat(greedy+",", 3)+greedy+`]}`)
	if _, err := Parse("1.0", []byte(rules)); !fault.Is(err, fault.BadRequest) || !strings.Contains(err.Error(), "repeat too much") {
		t.Errorf("expressions of many states: got %v, want a refusal", err)
	}
}
