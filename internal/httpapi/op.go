package httpapi

import (
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/policy"
)

// Op is one operation: a row of a route table.
type Op struct {
	Method, Path string
	// Rule decides who may call it; nil only for public operations.
	Rule *policy.Rule
	// Public says why the operation needs no token; empty for all others.
	Public string
	// MaxAge, when set, demands that the caller proved himself no longer ago than that, with a second
	// factor when he has one.
	MaxAge time.Duration
	// byReceipt also admits callers who have no token but a receipt that is good for enrolling a second factor.
	byReceipt bool
	// freshWhen narrows MaxAge to some requests; nil for all.
	freshWhen func(*Call) bool
	// headRule replaces Rule for HEAD requests; nil for the same rule.
	headRule *policy.Rule
	// headStatus replaces the status of a HEAD that goes well; zero for that of the GET.
	headStatus int
	// Other is the rule that takes the place of Rule for some targets (OnEither), or nil.
	Other *policy.Rule
	// refuse, when set, turns every error into the one that is answered, for APIs with refusals of their own shape.
	refuse func(error) error
	run    func(*Call) (Reply, error)
}

// HeadRule returns the operation with another rule for HEAD, where Keystone has one.
func (o Op) HeadRule(rule policy.Rule) Op {
	o.headRule = &rule
	return o
}

// HeadStatus returns the operation with another status for a HEAD that goes well: Keystone answers
// HEAD …/implies/… with 204 where GET is 200.
func (o Op) HeadStatus(status int) Op {
	o.headStatus = status
	return o
}

// Refusing returns the operation with another shape of its refusals, those of malformed requests included.
func (o Op) Refusing(as func(error) error) Op {
	o.refuse = as
	return o
}

// Fresh returns the operation with a bound on the age of the caller's proof (step-up).
func (o Op) Fresh(age time.Duration) Op {
	o.MaxAge, o.freshWhen = age, nil
	return o
}

// FreshWhen is Fresh for the requests that when picks out.
func (o Op) FreshWhen(age time.Duration, when func(*Call) bool) Op {
	o.MaxAge, o.freshWhen = age, when
	return o
}

// OrReceipt returns the operation open to those who must enrol a second factor before they get a token.
func (o Op) OrReceipt() Op {
	o.byReceipt = true
	return o
}

// On declares an operation. load finds its target, and act runs only when rule lets the actor touch it.
// Existing and missing targets are refused alike, so that ids cannot be probed.
func On[T policy.Target](pattern string, rule policy.Rule, load func(*Call) (T, error), act func(*Call, T) (Reply, error)) Op {
	return protected(pattern, rule, func(c *Call, t T) error { return c.Allow(c.ruleOr(rule), t) }, load, act)
}

// OnEither is On for operations with one rule for some targets and another for the rest, as for global roles
// and those of a domain. isOther looks at what load returned, which is the zero value for what does not exist.
// Refusals name both rules: which one refused would tell what the target is.
func OnEither[T policy.Target](pattern string, rule, other policy.Rule, isOther func(*Call, T) bool,
	load func(*Call) (T, error), act func(*Call, T) (Reply, error)) Op {
	op := protected(pattern, rule, func(c *Call, t T) error {
		asked := c.ruleOr(rule)
		if isOther(c, t) {
			asked = other
		}
		if c.Allow(asked, t) == nil {
			return nil
		}
		return refusal(rule.Name + " or " + other.Name)
	}, load, act)
	op.Other = &other
	return op
}

// OnOneOf is On for operations with several rules; which looks at the request to say which of them is asked. It
// must not look at anything stored: the refusal names the rule.
func OnOneOf[T policy.Target](pattern string, rules []policy.Rule, which func(*Call, T) policy.Rule,
	load func(*Call) (T, error), act func(*Call, T) (Reply, error)) Op {
	return protected(pattern, rules[0], func(c *Call, t T) error { return c.Allow(which(c, t), t) }, load, act)
}

// protected is the way of every operation that needs a token.
func protected[T policy.Target](pattern string, rule policy.Rule, allow func(*Call, T) error,
	load func(*Call) (T, error), act func(*Call, T) (Reply, error)) Op {
	method, path := split(pattern)
	return Op{Method: method, Path: path, Rule: &rule, run: func(c *Call) (Reply, error) {
		t, err := load(c)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return Reply{}, err
		}
		if denied := allow(c, t); denied != nil {
			return Reply{}, denied
		}
		if err != nil {
			return Reply{}, err
		}
		if c.api.DryRun {
			return NoContent(), nil
		}
		if err := c.fresh(); err != nil {
			return Reply{}, err
		}
		return act(c, t)
	}}
}

// ruleOr returns the rule of a HEAD when this is one and it has its own, else the given one.
func (c *Call) ruleOr(rule policy.Rule) policy.Rule {
	if c.op.headRule != nil && c.req.Method == http.MethodHead {
		return *c.op.headRule
	}
	return rule
}

// Public declares an operation that needs no token, and says why.
func Public(pattern, why string, act func(*Call) (Reply, error)) Op {
	method, path := split(pattern)
	return Op{Method: method, Path: path, Public: why, run: act}
}

func split(pattern string) (method, path string) {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		panic("httpapi: pattern without a method: " + pattern)
	}
	return method, path
}

// NoTarget loads the target of operations whose rule looks at the caller only.
func NoTarget(*Call) (policy.None, error) { return policy.None{}, nil }

// Draft is a target that is only attributes: the scope of a list, or an object that does not exist yet.
type Draft policy.Attrs

// PolicyAttrs returns the attributes.
func (d Draft) PolicyAttrs() policy.Attrs { return policy.Attrs(d) }

// Targets joins the attributes of several targets into one, for rules that look at more than one object.
func Targets(ts ...policy.Target) Draft {
	all := Draft{}
	for _, t := range ts {
		maps.Copy(all, t.PolicyAttrs())
	}
	return all
}
