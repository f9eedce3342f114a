package auth

import (
	"slices"

	"github.com/keyward/identity/internal/identity"
)

// The methods a sign-in can be made of. A rule may name those of Methods only; "token" is what a sign-in
// that stems from another token says of itself, and never satisfies a rule.
const (
	MethodPassword = "password"
	MethodTOTP     = "totp"
	MethodToken    = "token"
	// MethodAppCredential is an application credential's own; no rule can name it, for it proves what the sign-in
	// proved that it was made with.
	MethodAppCredential = "application_credential"
	// MethodOAuth1 is a request signed with an access token of OAuth 1.0a. The same holds for it.
	MethodOAuth1 = "oauth1"
	// MethodCertificate is a client certificate's (RFC 8705). A rule may name it beside those of Methods; it is for
	// programs, so nobody is asked for it.
	MethodCertificate = "oauth2_credential"
)

// Methods are the methods that people sign in with, of which rules are made (user option multi_factor_auth_rules).
var Methods = []string{MethodPassword, MethodTOTP}

// requirement is what a user must prove to sign in: all methods of at least one of its rules. No rules mean
// that nobody gets in: the requirement could not be worked out.
type requirement [][]string

// requirementOf works out what a user must prove. An administrator's rules hold unless they are switched off;
// a rule that names a method we do not know can never be met, and rules that cannot be read let nobody in
// (Keystone would let everybody in). A factor is demanded whatever the rules say, unless a rule names it already, of
// everybody who has confirmed one, and of those who must have one.
func requirementOf(o identity.Options, factor bool) requirement {
	if o.Unreadable {
		return nil
	}
	rules := requirement{{MethodPassword}}
	if o.MFARules != nil && len(*o.MFARules) > 0 && (o.MFAEnabled == nil || *o.MFAEnabled) {
		rules = nil
		for _, r := range *o.MFARules {
			if len(r) > 0 && !slices.ContainsFunc(r, unknownMethod) {
				rules = append(rules, slices.Clone(r))
			}
		}
	}
	if !factor {
		return rules
	}
	for i, r := range rules {
		if !slices.Contains(r, MethodTOTP) {
			rules[i] = append(slices.Clone(r), MethodTOTP)
		}
	}
	return rules
}

func unknownMethod(m string) bool { return m != MethodCertificate && !slices.Contains(Methods, m) }

// metBy reports whether the methods satisfy one of the rules.
func (q requirement) metBy(methods []string) bool {
	return slices.ContainsFunc(q, func(rule []string) bool { return subset(rule, methods) })
}

// demandsMore reports whether every rule asks for something besides the password: such a user has no business
// with an API that knows passwords only.
func (q requirement) demandsMore() bool { return !q.metBy([]string{MethodPassword}) }

// codeAlone reports whether an explicit rule lets a code sign in by itself.
func (q requirement) codeAlone() bool { return q.metBy([]string{MethodTOTP}) }

// offer returns the rules that the caller may still complete: those that share a method with what was
// proved, or all of them when nothing was, but none that people cannot. It is never nil, since clients iterate over it.
func (q requirement) offer(methods []string) [][]string {
	out := [][]string{}
	for _, rule := range q {
		if slices.Contains(rule, MethodCertificate) {
			continue
		}
		if len(methods) == 0 || slices.ContainsFunc(rule, func(m string) bool { return slices.Contains(methods, m) }) {
			out = append(out, rule)
		}
	}
	return out
}

func subset(rule, methods []string) bool {
	for _, m := range rule {
		if !slices.Contains(methods, m) {
			return false
		}
	}
	return true
}

// without returns the methods but one.
func without(methods []string, method string) []string {
	return slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return m == method })
}

// union returns the methods of both without repetition, in order of appearance.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, m := range b {
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}
