package policy

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The model below is oslo.policy's meaning of a check, written a second time from its documentation: a caller
// and a target are maps from name to text, null is an entry without text, and every check is a function.

type world struct {
	creds, target map[string]*string
	roles         []string
}

type model struct {
	text string
	eval func(world) bool
}

var (
	credNames = []string{"user_id", "project_id", "domain_id", "project_domain_id", "user_domain_id"}
	attrNames = []string{"x", "target.user.id"}
	someTexts = []string{"a", "b", "A"}
)

func drawLeaf(t *rapid.T) model {
	cred := rapid.SampledFrom(credNames).Draw(t, "cred")
	attr := rapid.SampledFrom(attrNames).Draw(t, "attr")
	lit := rapid.SampledFrom(someTexts).Draw(t, "lit")
	same := func(l, r *string) bool { return l != nil && r != nil && *l == *r }
	return rapid.SampledFrom([]model{
		{"@", func(world) bool { return true }},
		{"!", func(world) bool { return false }},
		{"rule:base", func(w world) bool { return same(w.creds["user_id"], w.target["x"]) }},
		{"role:" + lit, func(w world) bool {
			return strings.Contains("|"+strings.ToLower(strings.Join(w.roles, "|"))+"|", "|"+strings.ToLower(lit)+"|")
		}},
		{cred + ":" + lit, func(w world) bool { return same(w.creds[cred], &lit) }},
		{cred + ":None", func(w world) bool { return w.creds[cred] == nil }},
		{cred + ":%(" + attr + ")s", func(w world) bool { return same(w.creds[cred], w.target[attr]) }},
		{"'" + lit + "':%(" + attr + ")s", func(w world) bool { return same(w.target[attr], &lit) }},
		{"None:%(" + attr + ")s", func(w world) bool { v, held := w.target[attr]; return held && v == nil }},
	}).Draw(t, "leaf")
}

// draw makes a check of at most the given depth; loose says that it may be written without parentheses.
func draw(t *rapid.T, depth int) (m model, loose bool) {
	if depth == 0 {
		return drawLeaf(t), true
	}
	l, lLoose := draw(t, depth-1)
	r, rLoose := draw(t, depth-1)
	wrap := func(m model, loose bool) string {
		if loose && !rapid.Bool().Draw(t, "parentheses") {
			return m.text
		}
		return "( " + m.text + ")"
	}
	switch rapid.IntRange(0, 3).Draw(t, "shape") {
	case 0:
		return model{"not " + wrap(l, lLoose), func(w world) bool { return !l.eval(w) }}, true
	case 1:
		return model{wrap(l, lLoose) + " And " + wrap(r, rLoose), func(w world) bool { return l.eval(w) && r.eval(w) }}, false
	case 2:
		return model{wrap(l, lLoose) + " or " + wrap(r, rLoose), func(w world) bool { return l.eval(w) || r.eval(w) }}, false
	default: // precedence: or binds less than and, and less than not
		third := drawLeaf(t)
		return model{
			wrap(l, lLoose) + " or " + wrap(r, rLoose) + " and not " + third.text,
			func(w world) bool { return l.eval(w) || (r.eval(w) && !third.eval(w)) },
		}, false
	}
}

func drawWorld(t *rapid.T) world {
	w := world{creds: map[string]*string{}, target: map[string]*string{}}
	maybe := rapid.SampledFrom([]*string{nil, nil, new("a"), new("b"), new("A")})
	for _, name := range credNames {
		w.creds[name] = maybe.Draw(t, name)
	}
	for _, name := range attrNames {
		if rapid.Bool().Draw(t, "held") {
			w.target[name] = maybe.Draw(t, name)
		}
	}
	w.roles = rapid.SliceOfN(rapid.SampledFrom([]string{"a", "B", "ab"}), 0, 2).Draw(t, "roles")
	return w
}

func (w world) actor() *Actor {
	get := func(name string) string {
		if v := w.creds[name]; v != nil {
			return *v
		}
		return ""
	}
	return &Actor{
		UserID: get("user_id"), UserDomainID: get("user_domain_id"), ProjectID: get("project_id"),
		ProjectDomainID: get("project_domain_id"), DomainID: get("domain_id"), Roles: w.roles,
	}
}

func (w world) attrs() Attrs {
	attrs := Attrs{}
	for name, v := range w.target {
		if v == nil {
			attrs[name] = IsOrNull("")
		} else {
			attrs[name] = Is(*v)
		}
	}
	return attrs
}

func TestEngineAgreesWithTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, _ := draw(t, rapid.IntRange(0, 3).Draw(t, "depth"))
		rule := Rule{Name: "identity:test", Check: m.text, Scopes: anyScope, Targets: attrNames}
		e, err := build([]Rule{rule}, []byte("base: user_id:%(x)s"))
		if err != nil {
			t.Fatalf("%s: %v", m.text, err)
		}
		for range 5 {
			w := drawWorld(t)
			if got, want := e.Allows(rule, w.actor(), w.attrs()), m.eval(w); got != want {
				t.Fatalf("%s: got %v, want %v", m.text, got, want)
			}
		}
	})
}
