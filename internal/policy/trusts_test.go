package policy

import "testing"

// Handing a trust on is for its own tokens, and no others that somebody was handed.
func TestOnlyTokensOfTrustsMakeTrusts(t *testing.T) {
	t.Parallel()
	e, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	own := Attrs{"target.trust.trustor_user_id": Is("ann"), "target.trust.trustee_user_id": Is("ann")}
	foreign := Attrs{"target.trust.trustor_user_id": Is("bob"), "target.trust.trustee_user_id": Is("ann")}
	for _, c := range []struct {
		name   string
		actor  Actor
		rule   Rule
		target Attrs
		want   bool
	}{
		{"nobody at all", Actor{}, CreateTrust, own, false},
		{"somebody else's, an administrator", Actor{UserID: "ann", Roles: []string{"admin"}}, CreateTrust, foreign, false},
		{"without a trustor", Actor{UserID: "ann"}, CreateTrust, Attrs{}, false},
		{"a domain's token", Actor{UserID: "ann", DomainID: "red"}, CreateTrust, own, false},
		{"the system's token", Actor{UserID: "ann", System: true}, CreateTrust, own, false},
		{"an application credential", Actor{UserID: "ann", Delegated: true}, CreateTrust, own, false},
		{"an unrestricted one", Actor{UserID: "ann", Delegated: true, Unrestricted: true}, CreateTrust, own, false},
		{"a trust, somebody else's", Actor{UserID: "ann", Delegated: true, TrustID: "t"}, CreateTrust, foreign, false},
		{"a trust that looks", Actor{UserID: "ann", Delegated: true, TrustID: "t"}, GetTrust, own, false},
		{"a trust that looks at its roles", Actor{UserID: "ann", Delegated: true, TrustID: "t"}, ListRolesForTrust, own, false},
		{"a trust that lists", Actor{UserID: "ann", Delegated: true, TrustID: "t"}, ListTrustsForTrustor, own, false},
		{"a trust that deletes", Actor{UserID: "ann", Delegated: true, TrustID: "t"}, DeleteTrust, own, false},
		{"a trust and credentials", Actor{UserID: "ann", Delegated: true, TrustID: "t"}, CreateCredential, Attrs{"target.credential.user_id": Is("ann")}, false},
		{"the trustee deletes", Actor{UserID: "ann"}, DeleteTrust, foreign, false},
		{"a trust", Actor{UserID: "ann", Delegated: true, TrustID: "t"}, CreateTrust, own, true},
		{"the trustor", Actor{UserID: "ann"}, CreateTrust, own, true},
		{"the trustee looks", Actor{UserID: "ann"}, GetTrust, foreign, true},
	} {
		if got := e.Allows(c.rule, &c.actor, c.target); got != c.want {
			t.Errorf("%s: %s allows %v, want %v", c.name, c.rule.Name, got, c.want)
		}
	}
}
