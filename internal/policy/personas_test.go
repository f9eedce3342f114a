package policy

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/personas.golden")

const golden = "testdata/personas.golden"

// persona is a caller of domain d1 with one role, the roles it implies included, on one scope.
type persona struct {
	name  string
	actor Actor
}

func personas() []persona {
	implied := []string{"admin", "manager", "member", "reader"}
	var all []persona
	for _, scope := range []string{"S", "D", "P"} {
		for i, role := range append(slices.Clone(implied), "service") {
			a := Actor{UserID: "me", UserDomainID: "d1", Roles: []string{"service"}}
			if role != "service" {
				a.Roles = implied[i:]
			}
			switch scope {
			case "S":
				a.System = true
			case "D":
				a.DomainID = "d1"
			case "P":
				a.ProjectID, a.ProjectDomainID = "p1", "d1"
			}
			all = append(all, persona{scope + "-" + role, a})
		}
	}
	unscoped := Actor{UserID: "me", UserDomainID: "d1"}
	all = append(all, persona{"unscoped", unscoped})
	for _, p := range slices.Clone(all) {
		if p.name == "P-admin" || p.name == "P-member" {
			p.actor.Delegated = true
			all = append(all, persona{"del." + p.name, p.actor})
			p.actor.AppCredentialID = "a"
			all = append(all, persona{"app." + p.name, p.actor})
			p.actor.Unrestricted = true
			all = append(all, persona{"unr." + p.name, p.actor})
		}
	}
	return all
}

// targets are the objects that a rule is asked about: m the caller's own (the user, project p1), o another in
// the caller's domain d1, x one in the other domain d2, n one without any domain.
var targets = []struct{ mark, user, project, domain string }{
	{"m", "me", "p1", "d1"}, {"o", "u1", "p2", "d1"}, {"x", "u2", "p3", "d2"}, {"n", "u3", "p4", ""},
}

// variants are the forms in which a rule's target can come.
func variants(r Rule) map[string]func(Attrs) {
	name := func(s string) func(Attrs) { return func(t Attrs) { t["target.role.name"] = Is(s) } }
	drop := func(prefixes ...string) func(Attrs) {
		return func(t Attrs) {
			maps.DeleteFunc(t, func(k string, _ Value) bool {
				return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(k, p) })
			})
		}
	}
	both := func(fs ...func(Attrs)) func(Attrs) {
		return func(t Attrs) {
			for _, f := range fs {
				f(t)
			}
		}
	}
	const user, group, project, domain = "target.user.", "target.group.", "target.project.", "target.domain."
	switch r.Name {
	case GetRole.Name:
		return map[string]func(Attrs){" member": name("member"), " auditor": name("auditor"), " admin": name("admin")}
	case ListGrants.Name, CheckGrant.Name, CreateGrant.Name, RevokeGrant.Name:
		elsewhere := func(key string) func(Attrs) { return func(t Attrs) { t[key] = Is("d9") } }
		forms := map[string]func(Attrs){}
		for _, role := range []string{"member", "auditor"} {
			forms[" "+role+" user/project"] = both(drop(group, domain), name(role))
			forms[" "+role+" user/domain"] = both(drop(group, project), name(role))
			forms[" "+role+" group/project"] = both(drop(user, domain), name(role))
			forms[" "+role+" group/domain"] = both(drop(user, project), name(role))
			forms[" "+role+" user elsewhere/project"] = both(drop(group, domain), name(role), elsewhere(user+"domain_id"))
			forms[" "+role+" user/project elsewhere"] = both(drop(group, domain), name(role), elsewhere(project+"domain_id"))
			forms[" "+role+" of another domain"] = both(drop(group, domain), name(role), elsewhere("target.role.domain_id"))
		}
		return forms
	case GetLimit.Name:
		return map[string]func(Attrs){
			" of a project": func(Attrs) {},
			" of a domain": func(t Attrs) {
				t["target.limit.domain.id"], t["target.limit.project.domain_id"] = t["target.limit.project.domain_id"], Value{}
				t["target.limit.project_id"] = Value{}
			},
		}
	case AddUserToGroup.Name, RemoveUserFromGroup.Name, CheckUserInGroup.Name:
		return map[string]func(Attrs){
			"": func(Attrs) {}, " user elsewhere": func(t Attrs) { t[user+"domain_id"] = Is("d9") },
			" group elsewhere": func(t Attrs) { t[group+"domain_id"] = Is("d9") },
		}
	}
	return map[string]func(Attrs){"": func(Attrs) {}}
}

// ofCaller are the lists that are judged by the caller's own domain scope, whatever they list.
var ofCaller = []string{
	"identity:list_domains", "identity:list_projects", "identity:list_users", "identity:list_groups",
	"identity:list_role_assignments",
}

func targetAttrs(r Rule, i int, a Actor) Attrs {
	o := targets[i]
	if slices.Contains(ofCaller, r.Name) {
		o.domain = a.DomainID
	}
	all := Attrs{
		"target.user.id": Is(o.user), "target.user.domain_id": IsOrNull(o.domain),
		"target.group.id": Is("g"), "target.group.domain_id": IsOrNull(o.domain),
		"target.project.id": Is(o.project), "target.project.domain_id": IsOrNull(o.domain),
		"target.domain.id": Is(o.domain), "target.domain_id": IsOrNull(o.domain),
		"target.role.id": Is("r"), "target.role.name": Is("auditor"), "target.role.domain_id": IsOrNull(""),
		"target.credential.user_id": Is(o.user), "target.credential.project_id": Is(o.project),
		"target.limit.domain.id": IsOrNull(""), "target.limit.project_id": Is(o.project), "target.limit.project.domain_id": IsOrNull(o.domain),
		"target.application_credential.id": Is("c"), "target.application_credential.user_id": Is(o.user),
		"target.credential.type": Is("ec2"), "target.token.user_id": Is(o.user),
		"target.trust.id": Is("t"), "target.trust.trustor_user_id": Is(o.user), "target.trust.trustee_user_id": Is(o.user),
	}
	maps.DeleteFunc(all, func(k string, _ Value) bool { return !slices.Contains(r.Targets, k) })
	return all
}

// cell says which targets the persona may touch: "all", "-", or their marks.
func cell(e *Engine, r Rule, p persona, vary func(Attrs)) string {
	marks := ""
	for i, o := range targets {
		attrs := targetAttrs(r, i, p.actor)
		vary(attrs)
		if e.Allows(r, &p.actor, attrs) {
			marks += o.mark
		}
	}
	switch marks {
	case "":
		return "-"
	case "moxn":
		return "all"
	}
	return marks
}

// TestPersonas holds the whole of the default policy still. Every cell was compared with what oslo.policy 6.0.1
// answers for the rules of Keystone 30.0.0; only the MFA rows, and delegated callers, are ours.
func TestPersonas(t *testing.T) {
	t.Parallel()
	e, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	people := personas()
	var out bytes.Buffer
	out.WriteString("# m: the caller's own, o: other of the same domain, x: of another domain, n: of no domain\n")
	fmt.Fprintf(&out, "%-50s", "rule")
	for _, p := range people {
		fmt.Fprintf(&out, " %-12s", p.name)
	}
	out.WriteByte('\n')
	for _, r := range All() {
		forms := variants(r)
		for _, form := range slices.Sorted(maps.Keys(forms)) {
			fmt.Fprintf(&out, "%-50s", strings.TrimPrefix(r.Name, "identity:")+form)
			for _, p := range people {
				fmt.Fprintf(&out, " %-12s", cell(e, r, p, forms[form]))
			}
			out.WriteByte('\n')
		}
	}
	compareGolden(t, golden, out.String())
}

// compareGolden reports the first line in which got differs from the file, or writes the file with -update.
func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(gotLines), len(wantLines)) {
		if gotLines[i] != wantLines[i] {
			t.Fatalf("%s:%d differs (run with -update after review):\n want %s\n got  %s", file, i+1, wantLines[i], gotLines[i])
		}
	}
	t.Fatalf("%s has %d lines, want %d (run with -update after review)", file, len(wantLines), len(gotLines))
}
