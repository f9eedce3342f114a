package httpapi

import (
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
	// headRule replaces Rule for HEAD requests; nil for the same rule.
	headRule *policy.Rule
	run      func(*Call) (Reply, error)
}

// HeadRule returns the operation with another rule for HEAD, where Keystone has one.
func (o Op) HeadRule(rule policy.Rule) Op {
	o.headRule = &rule
	return o
}

// Fresh returns the operation with a bound on the age of the caller's proof (step-up).
func (o Op) Fresh(age time.Duration) Op {
	o.MaxAge = age
	return o
}

// On declares an operation. load finds its target, and act runs only when rule lets the actor touch it.
// Existing and missing targets are refused alike, so that ids cannot be probed.
func On[T policy.Target](pattern string, rule policy.Rule, load func(*Call) (T, error), act func(*Call, T) (Reply, error)) Op {
	method, path := split(pattern)
	return Op{Method: method, Path: path, Rule: &rule, run: func(c *Call) (Reply, error) {
		t, err := load(c)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return Reply{}, err
		}
		ask := rule
		if c.op.headRule != nil && c.req.Method == http.MethodHead {
			ask = *c.op.headRule
		}
		if denied := c.Allow(ask, t); denied != nil {
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
		for k, v := range t.PolicyAttrs() {
			all[k] = v
		}
	}
	return all
}
