package policy

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// key is an attribute of the caller that check strings can compare.
type key uint8

const (
	keyUserID key = iota + 1
	keyUserDomainID
	keyProjectID
	keyProjectDomainID
	keyDomainID
	keySystemScope
	keyIsAdmin
)

// keys are the names under which check strings know the caller, Keystone's token.… spellings included.
var keys = map[string]key{
	"user_id":                 keyUserID,
	"user_domain_id":          keyUserDomainID,
	"project_id":              keyProjectID,
	"project_domain_id":       keyProjectDomainID,
	"domain_id":               keyDomainID,
	"system_scope":            keySystemScope,
	"is_admin":                keyIsAdmin,
	"token.user.id":           keyUserID,
	"token.user.domain.id":    keyUserDomainID,
	"token.project.id":        keyProjectID,
	"token.project.domain.id": keyProjectDomainID,
	"token.domain.id":         keyDomainID,
}

// of returns the actor's attribute; empty means null.
func (k key) of(a *Actor) string {
	switch k {
	case keyUserID:
		return a.UserID
	case keyUserDomainID:
		return a.UserDomainID
	case keyProjectID:
		return a.ProjectID
	case keyProjectDomainID:
		return a.ProjectDomainID
	case keyDomainID:
		return a.DomainID
	case keySystemScope:
		if a.System {
			return "all"
		}
	case keyIsAdmin:
		return "False" // the shared admin secret does not exist here
	}
	return ""
}

// decide evaluates a bound expression. Null, empty and absent values equal nothing, not even each other.
func (e *expr) decide(a *Actor, t Attrs) bool {
	switch e.kind {
	case exprConst:
		return e.yes
	case exprNot:
		return !e.args[0].decide(a, t)
	case exprAnd:
		for _, arg := range e.args {
			if !arg.decide(a, t) {
				return false
			}
		}
		return true
	case exprOr:
		for _, arg := range e.args {
			if arg.decide(a, t) {
				return true
			}
		}
		return false
	case exprRole:
		return hasRole(a.Roles, e.text)
	case exprRoleAttr:
		v := t[e.attr]
		return v.known && v.text != "" && hasRole(a.Roles, v.text)
	case exprServiceRole:
		return slices.Contains(a.ServiceRoles, e.text)
	case exprKeyText:
		return e.key.of(a) == e.text
	case exprKeyNull:
		return e.key.of(a) == ""
	case exprKeyAttr:
		return t[e.attr].is(e.key.of(a))
	case exprTextAttr:
		return t[e.attr].is(e.text)
	case exprNullAttr:
		v, held := t[e.attr]
		return held && !v.known
	}
	return false
}

// is reports whether v equals s, which nothing does when either is empty or null.
func (v Value) is(s string) bool { return v.known && s != "" && v.text == s }

// hasRole reports whether want is among the roles. Like oslo.policy it ignores case.
func hasRole(roles []string, want string) bool {
	for _, role := range roles {
		if role == want || sameLower(role, want) {
			return true
		}
	}
	return false
}

// sameLower compares the lower-case forms rune by rune. strings.EqualFold would let ſervice pass for service.
func sameLower(s, want string) bool {
	for _, r := range s {
		w, size := utf8.DecodeRuneInString(want)
		if size == 0 || r == utf8.RuneError || unicode.ToLower(r) != unicode.ToLower(w) {
			return false
		}
		want = want[size:]
	}
	return want == ""
}

// binder turns parsed definitions into what one rule evaluates: references replaced by what they stand for,
// path parameters by the attributes that hold them. References it cannot follow become refusals of the whole
// rule; the engine has reported them already.
type binder struct {
	defs map[string]*definition
	rule Rule
	done map[string]*expr
	// undeclared is told of each attribute that the rule does not declare, and the definition that names it.
	undeclared func(in, attr string)
}

// bind returns the expression of the named definition, or nil when it cannot be evaluated.
func (b *binder) bind(name string) *expr {
	if e, ok := b.done[name]; ok {
		return e // nil while it is being bound: a cycle
	}
	b.done[name] = nil
	def := b.defs[name]
	if def == nil || def.expr == nil {
		return nil
	}
	e := b.copy(name, def.expr)
	b.done[name] = e
	return e
}

func (b *binder) copy(in string, e *expr) *expr {
	switch {
	case e.kind == exprRule:
		return b.bind(e.text)
	case e.attr != "":
		c := *e
		c.attr = b.attr(in, e.attr)
		return &c
	case e.args != nil:
		c := *e
		c.args = make([]*expr, len(e.args))
		for i, arg := range e.args {
			if c.args[i] = b.copy(in, arg); c.args[i] == nil {
				return nil
			}
		}
		return &c
	}
	return e
}

func (b *binder) attr(in, name string) string {
	if slices.Contains(b.rule.Targets, name) {
		return name
	}
	if alias := pathAliases[name]; slices.Contains(b.rule.Targets, alias) {
		return alias
	}
	b.undeclared(in, name)
	return name
}
