package appcred

import (
	"strings"
	"testing"
	"time"
)

func TestAccessRules(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, rule, path string
		want             bool
	}{
		{"another path", "/v2.1/servers", "/v2.1/flavors", false},
		{"more than the path", "/v2.1/servers", "/v2.1/servers/detail", false},
		{"a slash at the end", "/v2.1/servers", "/v2.1/servers/", false},
		{"another case", "/v2.1/servers", "/v2.1/Servers", false},
		{"a star stops at a slash", "/v2.1/servers/*", "/v2.1/servers/1/action", false},
		{"a star is not nothing", "/v2.1/servers/*", "/v2.1/servers/", false},
		{"a name stops at a slash", "/v2.1/servers/{id}/action", "/v2.1/servers/1/2/action", false},
		{"a dot is a dot", "/v2.1/servers", "/v2x1/servers", false},
		{"two dots go up", "/v2.1/servers/**", "/v2.1/servers/../flavors", false},
		{"an encoded slash hides", "/v2.1/servers/*", "/v2.1/servers/1%2Faction", false},
		{"a backslash is a slash to some", "/v2.1/servers/**", `/v2.1/servers/..\flavors`, false},
		{"doubled slashes", "/v2.1/**", "/v2.1//servers", false},
		{"path parameters", "/v2.1/servers/*", "/v2.1/servers/1;x", false},
		{"the path itself", "/v2.1/servers", "/v2.1/servers", true},
		{"a star", "/v2.1/servers/*", "/v2.1/servers/1", true},
		{"a star within a piece", "/v2.1/serv*s", "/v2.1/servers", true},
		{"a name", "/v2.1/servers/{id}/action", "/v2.1/servers/1/action", true},
		{"two stars", "/v2.1/**", "/v2.1/servers/1/action", true},
		{"two stars are nothing as well", "/v2.1/servers**", "/v2.1/servers", true},
		{"two stars and a tail", "/**/action", "/v2.1/servers/1/action", true},
		{"a brace that never closes is itself", "/v2.1/{id", "/v2.1/{id", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			rule := AccessRule{Service: "compute", Path: row.rule, Method: "GET"}
			if got := rule.Matches("compute", "GET", row.path); got != row.want {
				t.Errorf("rule %s admits %s: %v, want %v", row.rule, row.path, got, row.want)
			}
			if rule.Matches("volume", "GET", row.path) || rule.Matches("compute", "POST", row.path) {
				t.Error("the rule admits another service or method")
			}
		})
	}
}

func TestNoRulesAdmitAll(t *testing.T) {
	t.Parallel()
	c := Credential{}
	if !c.Admits("compute", "GET", "/") {
		t.Error("a credential without rules is refused something")
	}
	c.AccessRules = []AccessRule{{Service: "compute", Path: "/a", Method: "GET"}}
	if c.Admits("compute", "GET", "/b") || !c.Admits("compute", "GET", "/a") {
		t.Error("rules admit something else than what they say")
	}
}

// A pattern made of wildcards alone must not take for ever on a path that it does not match.
func TestWildcardsEnd(t *testing.T) {
	t.Parallel()
	rule := AccessRule{Service: "s", Method: "GET", Path: "/" + strings.Repeat("**a", 8) + "b"}
	if rule.Matches("s", "GET", "/"+strings.Repeat("a", 60)) {
		t.Error("it matches")
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := Credential{}
	if c.Expired(now) || !c.Restricted() {
		t.Error("a credential without an end has ended, or one that says nothing is unrestricted")
	}
	c.ExpiresAt = &now
	if !c.Expired(now) || c.Expired(now.Add(-time.Microsecond)) {
		t.Error("the end is not where it is")
	}
}
