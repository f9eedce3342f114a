package auth

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyward/identity/internal/identity"
)

func rules(r ...[]string) *[][]string { return &r }

func TestRequirement(t *testing.T) {
	t.Parallel()
	on, off := true, false
	for _, c := range []struct {
		name    string
		options identity.Options
		factor  bool
		methods []string
		want    bool
	}{
		{"nothing shown", identity.Options{}, false, nil, false},
		{"a code alone", identity.Options{}, true, []string{"totp"}, false},
		{"a password with a factor", identity.Options{}, true, []string{"password"}, false},
		{"a password when a rule wants more", identity.Options{MFARules: rules([]string{"password", "totp"})}, false, []string{"password"}, false},
		{"a rule that is on", identity.Options{MFAEnabled: &on, MFARules: rules([]string{"password", "totp"})}, false, []string{"password"}, false},
		{"rules off do not lift a factor", identity.Options{MFAEnabled: &off, MFARules: rules([]string{"password"})}, true, []string{"password"}, false},
		{"a weak rule does not lift a factor", identity.Options{MFARules: rules([]string{"password"})}, true, []string{"password"}, false},
		{"an unknown method in a rule is not ignored", identity.Options{MFARules: rules([]string{"password", "webauthn"})}, false, []string{"password"}, false},
		{"only unknown methods let nobody in", identity.Options{MFARules: rules([]string{"webauthn"})}, false, []string{"password", "totp"}, false},
		{"an empty rule is no rule", identity.Options{MFARules: rules([]string{})}, false, []string{"password"}, false},
		{"unreadable options let nobody in", identity.Options{Unreadable: true}, false, []string{"password", "totp"}, false},
		{"another token satisfies no rule", identity.Options{}, false, []string{"token"}, false},

		{"a password", identity.Options{}, false, []string{"password"}, true},
		{"no rules in the list", identity.Options{MFARules: rules()}, false, []string{"password"}, true},
		{"rules off", identity.Options{MFAEnabled: &off, MFARules: rules([]string{"password", "totp"})}, false, []string{"password"}, true},
		{"both with a factor", identity.Options{}, true, []string{"totp", "password"}, true},
		{"the second of two rules", identity.Options{MFARules: rules([]string{"password", "x"}, []string{"password", "totp"})}, true, []string{"password", "totp"}, true},
		{"a code alone when a rule says so", identity.Options{MFARules: rules([]string{"totp"})}, true, []string{"totp"}, true},
	} {
		if got := requirementOf(c.options, c.factor).metBy(c.methods); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestOfferIsNeverNil(t *testing.T) {
	t.Parallel()
	q := requirementOf(identity.Options{MFARules: rules([]string{"password", "totp"}, []string{"oauth2_credential"}, []string{"oauth2_credential", "password"})}, false)
	for _, c := range []struct {
		methods []string
		want    [][]string
	}{
		{nil, [][]string{{"password", "totp"}}},
		{[]string{"password"}, [][]string{{"password", "totp"}}},
		{[]string{"external"}, [][]string{}},
	} {
		if got := q.offer(c.methods); !reflect.DeepEqual(got, c.want) {
			t.Errorf("offer(%v) = %v, want %v", c.methods, got, c.want)
		}
	}
}

// The rules are evaluated a second time, written as the sentence they are: somebody gets in when one of the
// rules in force names known methods only and all of them were shown, and a factor, if there is one, was too
// unless that rule is about codes anyway.
func TestRequirementAgainstASecondEvaluator(t *testing.T) {
	t.Parallel()
	names := []string{"password", "totp", "token", "webauthn", ""}
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom(names), 0, 3), 0, 4).Draw(t, "rules")
		enabled := rapid.SampledFrom([]*bool{nil, new(true), new(false)}).Draw(t, "enabled")
		factor := rapid.Bool().Draw(t, "factor")
		shown := rapid.SliceOfDistinct(rapid.SampledFrom(names), func(s string) string { return s }).Draw(t, "shown")

		inForce := all
		if len(all) == 0 || enabled != nil && !*enabled {
			inForce = [][]string{{"password"}}
		}
		want := false
		for _, rule := range inForce {
			ok := len(rule) > 0
			for _, m := range rule {
				ok = ok && (m == "password" || m == "totp") && slices.Contains(shown, m)
			}
			want = want || ok && (!factor || slices.Contains(shown, "totp"))
		}
		got := requirementOf(identity.Options{MFAEnabled: enabled, MFARules: &all}, factor).metBy(shown)
		if got != want {
			t.Fatalf("rules %v enabled %v factor %v shown %v: got %v, want %v", all, enabled, factor, shown, got, want)
		}
	})
}
