package policy

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Engine evaluates the rules as an operator has arranged them. It is immutable, so any number of goroutines
// may use one.
type Engine struct {
	bound    map[string]bound
	defs     map[string]*definition
	confined bool
}

// bound is a rule ready to be evaluated.
type bound struct {
	scopes                                             uint8 // bit set of Scope
	delegated, appCredentials, unrestricted, fromTrust bool
	check                                              *expr
}

// definition is a named check string: a rule's, a base rule's, or one of the operator's.
type definition struct {
	check string
	expr  *expr  // nil when check does not parse
	where string // for messages: "line 3: " when it stands in the operator's file
	own   bool   // the operator's file has it
}

// New builds the engine from all rules and an operator's policy.yaml (empty for none), which may replace the
// check string of any rule or base rule and define named rules of its own. Its error joins every problem
// found: unknown rules, check strings that do not parse, references that lead nowhere or in a circle, and
// attributes that a rule does not declare.
func New(overrides []byte) (*Engine, error) {
	return build(All(), overrides)
}

// Confine makes the engine refuse domain-scoped tokens everything outside their domain, whatever the check
// strings say. Keystone's defaults let an administrator of one domain act on all of them.
func (e *Engine) Confine() { e.confined = true }

func build(rules []Rule, overrides []byte) (*Engine, error) {
	defs := make(map[string]*definition, len(rules)+len(baseRules))
	for _, b := range baseRules {
		defs[b.name] = &definition{check: b.check}
	}
	var errs []error
	for _, r := range rules {
		if defs[r.Name] != nil {
			errs = append(errs, fmt.Errorf("%q is declared twice", r.Name))
		}
		defs[r.Name] = &definition{check: r.Check}
	}
	errs = append(errs, override(defs, overrides)...)
	errs = append(errs, parseAll(defs)...)
	errs = append(errs, checkReferences(defs)...)
	e := &Engine{bound: make(map[string]bound, len(rules)), defs: defs}
	errs = append(errs, e.bindAll(rules)...)
	if len(errs) > 0 {
		return nil, fmt.Errorf("policy: %w", errors.Join(errs...))
	}
	return e, nil
}

// Allows reports whether rule lets the actor touch a target with the attributes t. It refuses a missing actor,
// a rule it does not know, a token scope or a delegated token that the rule does not admit, and then asks the
// check string. It reads nothing but the name from rule: what counts is the row that the engine was built with.
func (e *Engine) Allows(rule Rule, a *Actor, t Attrs) bool {
	b, ok := e.bound[rule.Name]
	if !ok || a == nil {
		return false
	}
	admitted := !a.Delegated || b.delegated || b.appCredentials && a.AppCredentialID != "" || b.unrestricted && a.Unrestricted ||
		b.fromTrust && a.TrustID != ""
	if b.scopes&(1<<a.Scope()) == 0 || !admitted {
		return false
	}
	return b.check.decide(a, t) && (!e.confined || a.Scope() != ScopeDomain || within(a, t))
}

// within reports whether a target lies in the domain that the actor's token is scoped to: every domain among
// its attributes is that one or null. What is the actor's own is always within.
func within(a *Actor, t Attrs) bool {
	self := t["target.user.id"]
	own := self.known && self.text == a.UserID
	for name, v := range t {
		if !v.known || v.text == a.DomainID || !strings.HasSuffix(name, ".domain_id") && !strings.HasSuffix(name, ".domain.id") {
			continue
		}
		if !own || name != "target.user.domain_id" {
			return false
		}
	}
	return true
}

func parseAll(defs map[string]*definition) []error {
	var errs []error
	for name, def := range sorted(defs) {
		var err error
		if def.expr, err = parse(def.check); err != nil {
			errs = append(errs, fmt.Errorf("%s%q: %w", def.where, name, err))
		}
	}
	return errs
}

// checkReferences finds rule: checks that name nothing, and those that lead back to where they stand.
func checkReferences(defs map[string]*definition) []error {
	var errs []error
	done := map[string]bool{}
	var path []string
	var visit func(name string)
	visit = func(name string) {
		if i := slices.Index(path, name); i >= 0 {
			circle := strings.Join(append(slices.Clone(path[i:]), name), " -> ")
			errs = append(errs, fmt.Errorf("%s%q refers to itself: %s", defs[name].where, name, circle))
			return
		}
		if done[name] {
			return
		}
		path = append(path, name)
		for _, ref := range defs[name].expr.references(nil) {
			if defs[ref] == nil {
				errs = append(errs, fmt.Errorf("%s%q refers to rule:%s, which is not defined", defs[name].where, name, ref))
				continue
			}
			visit(ref)
		}
		path = path[:len(path)-1]
		done[name] = true
	}
	for name := range sorted(defs) {
		visit(name)
	}
	return errs
}

// references appends the names of the rules that e refers to.
func (e *expr) references(refs []string) []string {
	if e == nil {
		return refs
	}
	if e.kind == exprRule {
		return append(refs, e.text)
	}
	for _, arg := range e.args {
		refs = arg.references(refs)
	}
	return refs
}

// bindAll makes every rule ready, and reports undeclared attributes once for each definition that names them.
func (e *Engine) bindAll(rules []Rule) []error {
	type use struct{ in, attr string }
	users := map[use][]string{}
	var errs []error
	for _, r := range rules {
		var scopes uint8
		for _, s := range r.Scopes {
			scopes |= 1 << s
		}
		if scopes == 0 {
			errs = append(errs, fmt.Errorf("%q admits no scope", r.Name))
		}
		b := &binder{defs: e.defs, rule: r, done: map[string]*expr{}, undeclared: func(in, attr string) {
			if u := (use{in, attr}); !slices.Contains(users[u], r.Name) {
				users[u] = append(users[u], r.Name)
			}
		}}
		check := b.bind(r.Name)
		if check == nil {
			check = &expr{kind: exprConst} // reported elsewhere; never allow
		}
		e.bound[r.Name] = bound{scopes, r.Delegated, r.AppCredentials, r.Unrestricted, r.FromTrust, check}
	}
	byUse := func(a, b use) int { return cmp.Or(strings.Compare(a.in, b.in), strings.Compare(a.attr, b.attr)) }
	for _, u := range slices.SortedFunc(maps.Keys(users), byUse) {
		for _, name := range users[u][:1] {
			more := ""
			if n := len(users[u]) - 1; n > 0 {
				more = fmt.Sprintf(" (nor do %d others that use it)", n)
			}
			errs = append(errs, fmt.Errorf("%s%q names %%(%s)s, which %s does not declare%s", e.defs[u.in].where, u.in, u.attr, name, more))
		}
	}
	return errs
}

// sorted yields the definitions by name, so that messages come in a fixed order.
func sorted(defs map[string]*definition) func(func(string, *definition) bool) {
	return func(yield func(string, *definition) bool) {
		for _, name := range slices.Sorted(maps.Keys(defs)) {
			if !yield(name, defs[name]) {
				return
			}
		}
	}
}
