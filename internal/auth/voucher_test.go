package auth_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyward/identity/internal/appcred"
	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/trust"
)

// delegating gives ann the roles member and reader on the project web, and makes bob and the role lead, which
// nobody has.
func (g *gate) delegating() {
	g.t.Helper()
	ctx := g.t.Context()
	for _, id := range []string{"member", "reader", "lead"} {
		g.must(g.store.CreateRole(ctx, assignment.Role{ID: id, Name: id}))
	}
	g.must(g.store.CreateImplication(ctx, assignment.Implication{PriorRoleID: "member", ImpliedRoleID: "reader"}))
	g.must(g.store.CreateProject(ctx, resource.Project{ID: "web", Name: "web", DomainID: "default", ParentID: "default", Enabled: true}))
	g.must(g.store.CreateProject(ctx, resource.Project{ID: "lab", Name: "lab", DomainID: "default", ParentID: "default", Enabled: true}))
	for _, project := range []string{"web", "lab"} {
		g.must(g.store.CreateGrant(ctx, assignment.Grant{RoleID: "member", UserID: "ann", On: assignment.OnProject, TargetID: project}))
	}
	g.must(g.store.CreateUser(ctx, identity.User{ID: "bob", Name: "bob", DomainID: "default", Enabled: true}))
	hash, err := g.vault.Hash(ctx, "bob", "bobs own words")
	g.must(err)
	g.must(g.store.SetPassword(ctx, identity.Password{UserID: "bob", Hash: hash, CreatedAt: g.now()}))
}

// appCredential makes one of ann's on web with the secret "a secret that ann chose".
func (g *gate) appCredential(change func(*appcred.Credential)) appcred.Credential {
	g.t.Helper()
	c := appcred.Credential{
		ID: "cred", Name: "backup", UserID: "ann", ProjectID: "web", RoleIDs: []string{"member", "reader"},
		CreatedAt: g.now(), Methods: []string{"password"}, AuthTime: g.now(),
	}
	if change != nil {
		change(&c)
	}
	var err error
	c.Secret, err = g.vault.HashSecret(g.t.Context(), c.ID, "a secret that ann chose", false)
	g.must(err)
	c, err = g.store.CreateAppCredential(g.t.Context(), c)
	g.must(err)
	return c
}

func withAppCredential(id, secret string) auth.Request {
	return auth.Request{Methods: []string{"application_credential"}, AppCredential: &auth.AppCredentialProof{ID: id, Secret: secret}}
}

func goodAppCredential() auth.Request { return withAppCredential("cred", "a secret that ann chose") }

// refused must not give a token, and tells why it was refused.
func (g *gate) refused(what string, r auth.Request) error {
	g.t.Helper()
	issued, err := g.SignIn(g.from("192.0.2.1"), r)
	if err == nil {
		g.t.Errorf("%s: got a token of %s", what, issued.UserID)
	}
	return err
}

func (g *gate) dead(what, text string) {
	g.t.Helper()
	if _, err := g.Read(g.t.Context(), text, false); !fault.Is(err, fault.Unauthorized) {
		g.t.Errorf("%s: reading the token gives %v, want a refusal", what, err)
	}
}

func (g *gate) live(what, text string) *auth.Token {
	g.t.Helper()
	t, err := g.Read(g.t.Context(), text, false)
	if err != nil {
		g.t.Errorf("%s: reading the token gives %v", what, err)
	}
	return t
}

func roleNames(t *auth.Token) (names []string) {
	for _, r := range t.Roles {
		names = append(names, r.Name)
	}
	return names
}

func TestApplicationCredentialsAreRefused(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.delegating()
	g.appCredential(nil)
	byName := func(user, name string) auth.Request {
		return auth.Request{Methods: []string{"application_credential"}, AppCredential: &auth.AppCredentialProof{
			Name: name, User: auth.Ref{ID: user}, Secret: "a secret that ann chose",
		}}
	}
	scoped := goodAppCredential()
	scoped.Scope = auth.WantedScope{Kind: auth.ScopeProject, Target: auth.Ref{ID: "lab"}}
	unscoped := goodAppCredential()
	unscoped.Scope = auth.WantedScope{Kind: auth.ScopeNone}
	mixed := goodAppCredential()
	mixed.Methods = []string{"application_credential", "password"}
	mixed.Password = &auth.PasswordProof{User: auth.Ref{ID: "bob"}, Password: "bobs own words"}
	for what, r := range map[string]auth.Request{
		"a wrong secret":                  withAppCredential("cred", "a secret that ann chos"),
		"no secret":                       withAppCredential("cred", ""),
		"an unknown id":                   withAppCredential("none", "a secret that ann chose"),
		"an unknown name":                 byName("ann", "restore"),
		"the name with another user":      byName("bob", "backup"),
		"a scope that the user has":       scoped,
		"no scope, asked for":             unscoped,
		"somebody else's password beside": mixed,
	} {
		if err := g.refused(what, r); !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%s: %v, want Unauthorized", what, err)
		}
	}
	if _, err := g.SignIn(t.Context(), auth.Request{Methods: []string{"application_credential"}}); !fault.Is(err, fault.BadRequest) {
		t.Errorf("without a payload: %v", err)
	}
	g.signIn(byName("ann", "backup"))
}

func TestApplicationCredentialSecretsAreCounted(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.delegating()
	g.appCredential(nil)
	for range auth.DefaultLockout.PasswordTries {
		_ = g.refused("a wrong secret", withAppCredential("cred", "wrong"))
	}
	_ = g.refused("the right secret while it rests", goodAppCredential())
	g.signIn(withPassword("correct horse")) // ann's own password does not rest
	g.pass(time.Hour)
	g.signIn(goodAppCredential())
	for range auth.DefaultLockout.PasswordTries - 1 {
		_ = g.refused("a wrong secret", withAppCredential("cred", "wrong"))
	}
	g.signIn(goodAppCredential()) // success has forgotten the failures of before
}

func TestApplicationCredentialTokens(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.delegating()
	end := g.now().Add(10 * time.Minute)
	g.appCredential(func(c *appcred.Credential) { c.RoleIDs, c.ExpiresAt = []string{"reader"}, &end })
	issued := g.signIn(goodAppCredential())
	if got := roleNames(issued.Token); !slices.Equal(got, []string{"reader"}) || issued.ProjectID != "web" || !issued.ExpiresAt.Equal(end) {
		t.Errorf("roles %v on %s until %v", got, issued.ProjectID, issued.ExpiresAt)
	}
	if a := issued.Actor(); !a.Delegated || a.Unrestricted {
		t.Errorf("the actor is delegated %v, unrestricted %v", a.Delegated, a.Unrestricted)
	}
	again := withToken(issued.Text)
	for _, kind := range []auth.ScopeKind{auth.ScopeNone, auth.ScopeSystem, auth.ScopeProject, auth.ScopeDomain, auth.ScopeTrust} {
		again.Scope = auth.WantedScope{Kind: kind, Target: auth.Ref{ID: "web"}}
		if err := g.refused("another scope", again); !fault.Is(err, fault.Forbidden) {
			t.Errorf("scope %v: %v, want Forbidden", kind, err)
		}
	}
	next := g.signIn(withToken(issued.Text))
	if next.AppCredID != "cred" || next.ProjectID != "web" || !next.ExpiresAt.Equal(end) || !slices.Equal(roleNames(next.Token), []string{"reader"}) {
		t.Errorf("continued: %+v with %v", next.Claims, roleNames(next.Token))
	}
	g.must(g.store.DeleteGrant(t.Context(), assignment.Grant{RoleID: "member", UserID: "ann", On: assignment.OnProject, TargetID: "web"}))
	g.dead("after the role is gone", issued.Text)
	_ = g.refused("after the role is gone", goodAppCredential())
	g.must(g.store.CreateGrant(t.Context(), assignment.Grant{RoleID: "reader", UserID: "ann", On: assignment.OnProject, TargetID: "web"}))
	g.live("with the role again", issued.Text)
	g.pass(11 * time.Minute)
	_ = g.refused("after its end", goodAppCredential())
}

func TestDeletedApplicationCredentialsEndTheirTokens(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.delegating()
	g.appCredential(nil)
	issued := g.signIn(goodAppCredential())
	g.must(g.store.DeleteAppCredential(t.Context(), "cred"))
	g.dead("deleted", issued.Text)
	_ = g.refused("deleted", goodAppCredential())
}

// What was made with one factor is no way round the second.
func TestApplicationCredentialsAreJudgedByTheRulesOfTheirOwner(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.delegating()
	g.appCredential(nil)
	g.appCredential(func(c *appcred.Credential) {
		c.ID, c.Name, c.Methods = "strong", "strong", []string{"password", "totp"}
	})
	g.enrol()
	if err := g.refused("made with a password alone", goodAppCredential()); fault.ReasonOf(err) != "second_factor_required" {
		t.Errorf("%v, want the reason second_factor_required", err)
	}
	g.signIn(withAppCredential("strong", "a secret that ann chose"))
	g.appCredential(func(c *appcred.Credential) { c.ID, c.Name, c.Methods = "admins", "admins", nil })
	_ = g.refused("made by somebody else", withAppCredential("admins", "a secret that ann chose"))
}

func TestAccessRulesHoldHere(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.delegating()
	g.appCredential(func(c *appcred.Credential) {
		c.AccessRules = []appcred.AccessRule{{ID: "rule", UserID: "ann", Service: "identity", Path: "/v3/users/*", Method: "GET"}}
	})
	issued := g.signIn(goodAppCredential())
	for path, want := range map[string]bool{"/v3/users/ann": true, "/v3/users": false, "/v3/users/ann/groups": false, "/v3/projects": false} {
		if _, err := g.Authenticate(t.Context(), issued.Text, "GET", path, without); (err == nil) != want {
			t.Errorf("GET %s: %v, want to pass: %v", path, err, want)
		}
	}
	if _, err := g.Authenticate(t.Context(), issued.Text, "DELETE", "/v3/users/ann", without); err == nil {
		t.Error("another method passes")
	}
}

// trust makes one from ann to bob on web.
func (g *gate) trust(change func(*trust.Trust)) {
	g.t.Helper()
	tr := trust.Trust{
		ID: "trust", TrustorID: "ann", TrusteeID: "bob", ProjectID: "web", Impersonation: true, RoleIDs: []string{"member"},
		CreatedAt: g.now(), Methods: []string{"password"}, AuthTime: g.now(),
	}
	if change != nil {
		change(&tr)
	}
	g.must(g.store.CreateTrust(g.t.Context(), tr))
}

func withTrust(id string) auth.Request {
	return auth.Request{
		Methods: []string{"password"}, Password: &auth.PasswordProof{User: auth.Ref{ID: "bob"}, Password: "bobs own words"},
		Scope: auth.WantedScope{Kind: auth.ScopeTrust, Target: auth.Ref{ID: id}},
	}
}

func TestTrustTokens(t *testing.T) {
	t.Parallel()
	for _, impersonation := range []bool{true, false} {
		g := newGate(t)
		g.delegating()
		g.trust(func(tr *trust.Trust) { tr.Impersonation = impersonation })
		other := withTrust("trust")
		other.Password = &auth.PasswordProof{User: ann(), Password: "correct horse"}
		if err := g.refused("the trustor herself", other); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%v, want Forbidden", err)
		}
		if err := g.refused("an unknown trust", withTrust("none")); !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%v, want Unauthorized", err)
		}
		issued := g.signIn(withTrust("trust"))
		bearer := map[bool]string{true: "ann", false: "bob"}[impersonation]
		if issued.UserID != bearer || issued.TrustID != "trust" || !slices.Equal(roleNames(issued.Token), []string{"member", "reader"}) {
			t.Errorf("%+v with %v", issued.Claims, roleNames(issued.Token))
		}
		for _, kind := range []auth.ScopeKind{auth.ScopeDefault, auth.ScopeNone, auth.ScopeProject, auth.ScopeTrust} {
			again := withToken(issued.Text)
			again.Scope = auth.WantedScope{Kind: kind, Target: auth.Ref{ID: "trust"}}
			if err := g.refused("continued", again); !fault.Is(err, fault.Forbidden) {
				t.Errorf("continuing to scope %v: %v, want Forbidden", kind, err)
			}
		}
	}
}

// void are the ways in which a trust ends.
var void = map[string]func(*gate){
	"the trust is deleted": func(g *gate) { g.must(g.store.DeleteTrust(g.t.Context(), "trust")) },
	"the trust has ended":  func(g *gate) { g.pass(30 * time.Minute) },
	"the role is gone": func(g *gate) {
		g.must(g.store.DeleteGrant(g.t.Context(), assignment.Grant{RoleID: "member", UserID: "ann", On: assignment.OnProject, TargetID: "web"}))
	},
	"the role is deleted":     func(g *gate) { g.must(g.store.DeleteRole(g.t.Context(), "member")) },
	"the trustor is disabled": func(g *gate) { g.disable("ann") },
	"the trustee is disabled": func(g *gate) { g.disable("bob") },
	"the trustor is deleted":  func(g *gate) { g.must(g.store.DeleteUser(g.t.Context(), "ann")) },
	"the trustee is deleted":  func(g *gate) { g.must(g.store.DeleteUser(g.t.Context(), "bob")) },
	"the project is disabled": func(g *gate) { g.disableProject("web") },
	"the trustor has a new password": func(g *gate) {
		g.setPassword("a new password", nil)
	},
	"the trustee has a new password": func(g *gate) {
		hash, err := g.vault.Hash(g.t.Context(), "bob", "bobs new words")
		g.must(err)
		g.must(g.store.SetPassword(g.t.Context(), identity.Password{UserID: "bob", Hash: hash, CreatedAt: g.now()}))
	},
}

func (g *gate) disable(id string) {
	_, err := g.store.UpdateUser(g.t.Context(), id, func(u *identity.User) error { u.Enabled = false; return nil })
	g.must(err)
}

func (g *gate) disableProject(id string) {
	_, err := g.store.UpdateProject(g.t.Context(), id, func(p *resource.Project) error { p.Enabled = false; return nil })
	g.must(err)
}

func TestTrustTokensEnd(t *testing.T) {
	t.Parallel()
	for what, happens := range void {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for _, impersonation := range []bool{true, false} {
				g := newGate(t)
				g.delegating()
				end := g.now().Add(20 * time.Minute)
				g.trust(func(tr *trust.Trust) { tr.Impersonation, tr.ExpiresAt = impersonation, &end })
				issued := g.signIn(withTrust("trust"))
				happens(g)
				g.dead(what, issued.Text)
			}
		})
	}
}

func TestTrustsAreJudgedByTheRulesOfTheTrustor(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.delegating()
	g.trust(nil)
	g.trust(func(tr *trust.Trust) { tr.ID, tr.Methods = "strong", []string{"password", "totp"} })
	g.enrol()
	if err := g.refused("made with a password alone", withTrust("trust")); !fault.Is(err, fault.Forbidden) || fault.ReasonOf(err) != "second_factor_required" {
		t.Errorf("%v, want Forbidden for second_factor_required", err)
	}
	g.signIn(withTrust("strong"))
}

func TestRedelegatedTrustsNeedTheWholeChain(t *testing.T) {
	t.Parallel()
	for what, happens := range map[string]func(*gate){
		"the first trust is deleted":   func(g *gate) { g.must(g.store.DeleteTrust(g.t.Context(), "first")) },
		"who handed it on is disabled": func(g *gate) { g.disable("eve") },
		"the first trustor has lost the role": func(g *gate) {
			g.must(g.store.DeleteGrant(g.t.Context(), assignment.Grant{RoleID: "member", UserID: "ann", On: assignment.OnProject, TargetID: "web"}))
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			g.delegating()
			g.must(g.store.CreateUser(t.Context(), identity.User{ID: "eve", Name: "eve", DomainID: "default", Enabled: true}))
			g.trust(func(tr *trust.Trust) { tr.ID, tr.TrusteeID, tr.RedelegationCount = "first", "eve", 1 })
			g.trust(func(tr *trust.Trust) { tr.ID, tr.TrustorID, tr.RedelegatedID = "second", "eve", "first" })
			issued := g.signIn(withTrust("second"))
			if got := roleNames(issued.Token); issued.UserID != "eve" || !slices.Equal(got, []string{"member", "reader"}) {
				t.Errorf("user %s with %v", issued.UserID, got)
			}
			happens(g)
			g.dead(what, issued.Text)
			_ = g.refused(what, withTrust("second"))
		})
	}
}

func TestTrustUsesAreCountedOnce(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.delegating()
	uses := 3
	g.trust(func(tr *trust.Trust) { tr.RemainingUses = &uses })
	lost := withTrust("trust")
	lost.Scope.Target.ID = "none"
	_ = g.refused("another trust", lost)
	session := g.signIn(auth.Request{Methods: []string{"password"}, Password: withTrust("").Password})
	var good, bad atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			r := withToken(session.Text)
			r.Scope = withTrust("trust").Scope
			_, err := g.SignIn(t.Context(), r)
			switch {
			case err == nil:
				good.Add(1)
			case fault.ReasonOf(err) == "trust_used_up":
				bad.Add(1)
			default:
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	if good.Load() != 3 || bad.Load() != 17 {
		t.Errorf("%d tokens and %d refusals, want 3 and 17", good.Load(), bad.Load())
	}
}

func TestVouchers(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.delegating()
	v := auth.Voucher{Method: "ec2credential", UserID: "ann", ProjectID: "web", Methods: []string{"password"}, ChainID: "AAAAAAAAAAAAAAAAAAAAAA"}
	elsewhere, nobody := v, v
	elsewhere.ProjectID, nobody.UserID = "default", "nobody"
	for what, bad := range map[string]auth.Voucher{"a project without a role": elsewhere, "an unknown user": nobody} {
		if _, err := g.Vouch(t.Context(), bad); !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%s: %v, want Unauthorized", what, err)
		}
	}
	issued, err := g.Vouch(t.Context(), v)
	g.must(err)
	if a := issued.Actor(); !a.Delegated || issued.ProjectID != "web" {
		t.Errorf("delegated %v on %s", a.Delegated, issued.ProjectID)
	}
	if err := g.refused("an EC2 token continued", withToken(issued.Text)); !fault.Is(err, fault.Forbidden) {
		t.Errorf("%v, want Forbidden", err)
	}
	g.must(g.store.Revoke(t.Context(), v.ChainID, g.now().Add(time.Hour)))
	g.dead("its session is revoked", issued.Text)
	v.ChainID = ""
	g.enrol()
	if _, err := g.Vouch(t.Context(), v); fault.ReasonOf(err) != "second_factor_required" {
		t.Errorf("made with a password alone: %v", err)
	}
}

// without is a request without a client certificate.
func without(string) bool { return false }

func TestTokensBoundToACertificate(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.delegating()
	soon := g.now().Add(10 * time.Minute)
	v := auth.Voucher{
		Method: "oauth2_credential", Methods: []string{"oauth2_credential"}, UserID: "ann", ProjectID: "web", Thumbprint: "sum", ExpiresAt: &soon,
	}
	issued, err := g.Vouch(t.Context(), v)
	g.must(err)
	with := func(shown string) func(string) bool { return func(asked string) bool { return asked == shown } }
	for what, cameWith := range map[string]func(string) bool{"no certificate": without, "another certificate": with("other")} {
		if _, err := g.Authenticate(t.Context(), issued.Text, "GET", "/v3", cameWith); !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%s: %v, want Unauthorized", what, err)
		}
	}
	a, err := g.Authenticate(t.Context(), issued.Text, "GET", "/v3", with("sum"))
	g.must(err)
	if !a.Delegated || a.ProjectID != "web" || !slices.Equal(a.Methods, []string{"oauth2_credential"}) || !a.ExpiresAt.Equal(soon) {
		t.Errorf("%+v", a)
	}
	if err := g.Fresh(t.Context(), a, time.Hour); fault.ReasonOf(err) != "delegated_token" {
		t.Errorf("a step-up: %v", err)
	}
	for _, scope := range []auth.WantedScope{{}, {Kind: auth.ScopeNone}, {Kind: auth.ScopeProject, Target: auth.Ref{ID: "lab"}}} {
		r := withToken(issued.Text)
		r.Scope = scope
		if err := g.refused("a bound token continued", r); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%v, want Forbidden", err)
		}
	}
	for what, c := range map[string]struct {
		rules  [][]string
		factor bool
		want   bool
	}{
		"two factors":                       {[][]string{{"password", "totp"}}, false, false},
		"a certificate and more":            {[][]string{{"password", "totp"}, {"oauth2_credential", "password"}}, false, false},
		"a certificate":                     {[][]string{{"password", "totp"}, {"oauth2_credential"}}, false, true},
		"a certificate, with an own factor": {[][]string{{"password", "totp"}, {"oauth2_credential"}}, true, false},
		"a password":                        {[][]string{{"password"}}, false, true},
		"a word that is no method":          {[][]string{{"x509"}}, false, false},
	} {
		g := newGate(t)
		g.delegating()
		_, err := g.store.UpdateUser(t.Context(), "ann", func(u *identity.User) error {
			u.Options.MFARules = &c.rules
			return nil
		})
		g.must(err)
		if c.factor {
			g.enrol()
		}
		_, err = g.Vouch(t.Context(), v)
		if c.want && err != nil || !c.want && fault.ReasonOf(err) != "second_factor_required" {
			t.Errorf("rules that ask for %s: %v", what, err)
		}
	}
}

func TestFindKnowsThoseWhoMaySignIn(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.delegating()
	g.disable("bob")
	byName := func(name, domain string) auth.Ref { return auth.Ref{Name: name, Domain: &auth.Ref{Name: domain}} }
	for what, r := range map[string]auth.Ref{
		"nobody": {ID: "nobody"}, "a user who is disabled": {ID: "bob"}, "the name of one": byName("bob", "Default"), "a NUL": byName("a\x00n", "Default"),
		"another domain": byName("ann", "other"), "a name without a domain": {Name: "ann"}, "nothing": {},
	} {
		if u, _, err := g.Find(t.Context(), r); !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%s: %v, %v", what, u, err)
		}
	}
	for _, r := range []auth.Ref{{ID: "ann"}, byName("ann", "Default")} {
		u, d, err := g.Find(t.Context(), r)
		g.must(err)
		if u.ID != "ann" || d.ID != "default" {
			t.Errorf("%+v: %s of %s", r, u.ID, d.ID)
		}
	}
}
