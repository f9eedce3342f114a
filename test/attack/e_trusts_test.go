package attack_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

func onTrust(id string) any { return map[string]any{"OS-TRUST:trust": map[string]any{"id": id}} }

// trustOf is a trust of a user of the world to bob, with the role member on red/p1; change sets members, and takes
// away those that are nil.
func trustOf(w *apitest.World, trustor string, change map[string]any) map[string]any {
	trust := map[string]any{
		"trustor_user_id": w.ID(trustor), "trustee_user_id": w.ID("bob"), "impersonation": false, "project_id": w.ID("red/p1"),
		"roles": []any{map[string]any{"name": "member"}},
	}
	maps.Copy(trust, change)
	maps.DeleteFunc(trust, func(_ string, v any) bool { return v == nil })
	return map[string]any{"trust": trust}
}

// trusted makes a trust of alice's to bob and names it.
func trusted(w *apitest.World, name string, change map[string]any) {
	r := w.Post("/v3/OS-TRUST/trusts", trustOf(w, "alice", change), apitest.Token(w.Token("alice", ""))).Want(http.StatusCreated)
	w.Name(name, r.Str("trust.id"))
}

// trustee is bob's sign-in to a trust.
func trustee(w *apitest.World, name string) *apitest.Response {
	return w.Post("/v3/auth/tokens", signInBody(w, "bob", onTrust(w.ID(name))))
}

// uses are how many the trust has left.
func uses(w *apitest.World, name string) int {
	return w.Get("/v3/OS-TRUST/trusts/{"+name+"}", w.As("sysadmin")).Want(http.StatusOK).Int("trust.remaining_uses")
}

func TestE1ATrustIsForItsProjectAndRoles(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		w.Grant("alice", "manager", "project:red/p1")
		w.Grant("bob", "member", "domain:red")
		for _, impersonation := range []bool{true, false} {
			trusted(w, "trust", map[string]any{"impersonation": impersonation})
			trusted(w, "other", nil)
			r := trustee(w, "trust").Want(http.StatusCreated)
			names := r.Names("token.roles", "name")
			if slices.Sort(names); !slices.Equal(names, []string{"member", "reader"}) || r.Str("token.project.id") != w.ID("red/p1") {
				t.Errorf("roles %v on %s", names, r.Str("token.project.id"))
			}
			for _, scope := range []any{
				nil, "unscoped", onProject(w.ID("red/p1")), onProject(w.ID("red/p2")), onDomain(w.ID("red")), onSystem,
				onTrust(w.ID("trust")), onTrust(w.ID("other")),
			} {
				if r := continued(w, r.Token(), scope); r.Status != http.StatusForbidden {
					t.Errorf("continued to %v: %d, want 403: %s", scope, r.Status, r.Body)
				}
			}
		}
		for _, scope := range []map[string]any{
			{"OS-TRUST:trust": map[string]any{"id": w.ID("trust")}, "project": map[string]any{"id": w.ID("red/p1")}},
			{"OS-TRUST:trust": map[string]any{}}, {"OS-TRUST:trust": map[string]any{"id": ""}}, {"OS-TRUST:trust": w.ID("trust")},
		} {
			w.Post("/v3/auth/tokens", signInBody(w, "bob", scope)).Want(http.StatusBadRequest)
		}
	}, quick)
}

func TestE2WhatNobodyMayTrustOthersWith(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		w.User("carol", "red")
		w.Project("red", "p3")
		alice := apitest.Token(w.Token("alice", "project:red/p1"))
		role := func(name string) []any { return []any{map[string]any{"name": name}} }
		for _, c := range []struct {
			change map[string]any
			want   int
		}{
			{map[string]any{"roles": role("admin")}, 404},
			{map[string]any{"roles": []any{role("member")[0], role("admin")[0]}}, 404},
			{map[string]any{"project_id": w.ID("red/p3")}, 404},
			{map[string]any{"trustor_user_id": w.ID("carol")}, 403},
			{map[string]any{"trustee_user_id": "0123456789abcdef0123456789abcdef"}, 404},
			{map[string]any{"expires_at": w.Clock.Now().Add(-time.Second).UTC().Format(time.RFC3339)}, 400},
			{map[string]any{"remaining_uses": 0}, 400}, {map[string]any{"remaining_uses": -1}, 400}, {map[string]any{"remaining_uses": "1"}, 400},
			{map[string]any{"roles": nil}, 403},
		} {
			if r := w.Post("/v3/OS-TRUST/trusts", trustOf(w, "alice", c.change), alice); r.Status != c.want {
				t.Errorf("%v: %d, want %d: %s", c.change, r.Status, c.want, r.Body)
			}
		}
		if n := len(w.Get("/v3/OS-TRUST/trusts", w.As("sysadmin")).List("trusts")); n != 0 {
			t.Errorf("%d trusts were made", n)
		}
	}, quick)
}

// TestE3TokensOfTrustsDoNothingToWhatPeopleSignInWith also plays the trust's part of F4 and B25.
func TestE3TokensOfTrustsDoNothingToWhatPeopleSignInWith(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		withCert(w, "bob", "bobs-cert")
		key := w.Post("/v3/credentials", map[string]any{"credential": map[string]any{
			"type": "cert", "user_id": w.ID("alice"), "project_id": w.ID("red/p1"), "blob": "alices-cert",
		}}, w.As("sysadmin")).Want(http.StatusCreated)
		w.Name("key", key.Str("credential.id"))
		for _, impersonation := range []bool{true, false} {
			trusted(w, "trust", map[string]any{"impersonation": impersonation})
			bearer := map[bool]string{true: "alice", false: "bob"}[impersonation]
			token := trustee(w, "trust").Want(http.StatusCreated).Token()
			for do, body := range map[string]any{
				"POST /v3/OS-TRUST/trusts":                            trustOf(w, bearer, nil), // it may not be handed on
				"GET /v3/OS-TRUST/trusts?trustor_user_id={alice}":     nil,
				"GET /v3/OS-TRUST/trusts?trustee_user_id={bob}":       nil,
				"GET /v3/OS-TRUST/trusts/{trust}":                     nil,
				"GET /v3/OS-TRUST/trusts/{trust}/roles":               nil,
				"GET /v3/OS-TRUST/trusts/{trust}/roles/{role member}": nil,
				"DELETE /v3/OS-TRUST/trusts/{trust}":                  nil,
				"GET /v3/credentials":                                 nil,
				"GET /v3/credentials/{key}":                           nil,
				"DELETE /v3/credentials/{key}":                        nil,
				"PATCH /v3/credentials/{key}":                         `{"credential":{"blob":"x"}}`,
				"POST /v3/credentials":                                `{"credential":{"type":"totp","user_id":"{` + bearer + `}","blob":"` + aSeed + `"}}`,
				"PATCH /v3/users/{" + bearer + "}":                    `{"user":{"description":"x"}}`,
				"POST /v3/users/{" + bearer + "}/mfa/totp":            `{"totp":{"name":"phone"}}`,
				"POST /v3/users/{" + bearer + "}/mfa/recovery_codes":  nil,
			} {
				var with []apitest.With
				if body != nil {
					with = append(with, apitest.Body(body))
				}
				method, path, _ := strings.Cut(do, " ")
				if r := w.Do(method, path, append(with, apitest.Token(token))...); r.Status != http.StatusForbidden {
					t.Errorf("%s as %s: %d, want 403: %s", do, bearer, r.Status, r.Body)
				}
			}
			live(t, w, "a trust's token that was refused much", token)
		}
	}, quick)
}

// TestE4AChainOfTrustsEndsWithEveryLink: that none is wider than the one before is tested in api/v3.
func TestE4AChainOfTrustsEndsWithEveryLink(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		for name, end := range map[string]func(){
			"the first is deleted":  func() { w.Delete("/v3/OS-TRUST/trusts/{trust 0}", w.As("sysadmin")).Want(http.StatusNoContent) },
			"the second is deleted": func() { w.Delete("/v3/OS-TRUST/trusts/{trust 1}", w.As("sysadmin")).Want(http.StatusNoContent) },
			"who handed it on is disabled": func() {
				w.Patch("/v3/users/{hand 1}", enabled("user", false), w.As("sysadmin")).Want(http.StatusOK)
			},
			"its head loses the role": func() {
				w.Delete("/v3/projects/{red/p1}/users/{alice}/roles/{role member}", w.As("sysadmin")).Want(http.StatusNoContent)
			},
		} {
			w.Grant("alice", "member", "project:red/p1")
			hands := []string{"alice", "hand 1", "hand 2", "hand 3", "hand 4"}
			token := w.Token("alice", "")
			for i := range 4 {
				w.User(hands[i+1], "red")
				w.Patch("/v3/users/{"+hands[i+1]+"}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK)
				body := trustOf(w, hands[i], map[string]any{"trustee_user_id": w.ID(hands[i+1]), "allow_redelegation": true})
				r := w.Post("/v3/OS-TRUST/trusts", body, apitest.Token(token)).Want(http.StatusCreated)
				w.Name(fmt.Sprintf("trust %d", i), r.Str("trust.id"))
				token = w.Post("/v3/auth/tokens", signInBody(w, hands[i+1], onTrust(r.Str("trust.id")))).Want(http.StatusCreated).Token()
			}
			body := trustOf(w, "hand 4", map[string]any{"allow_redelegation": true})
			w.Post("/v3/OS-TRUST/trusts", body, apitest.Token(token)).Want(http.StatusForbidden) // as deep as may be
			live(t, w, "the end of a chain", token)
			end()
			dead(t, w, name, token)
			if r := w.Post("/v3/auth/tokens", signInBody(w, "hand 4", onTrust(w.ID("trust 3")))); r.Status < 400 {
				t.Errorf("%s: the last of the chain still gives tokens", name)
			}
		}
	}, quick)
}

func TestE5AndE6UsesAreTakenByTokensAlone(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		w.User("carol", "red")
		trusted(w, "trust", map[string]any{"remaining_uses": 2})
		wrong := signInBody(w, "bob", onTrust(w.ID("trust")))
		wrong["auth"].(map[string]any)["identity"].(map[string]any)["password"].(map[string]any)["user"].(map[string]any)["password"] = "wrong"
		both := map[string]any{"OS-TRUST:trust": map[string]any{"id": w.ID("trust")}, "project": map[string]any{"id": w.ID("red/p1")}}
		w.Post("/v3/auth/tokens", wrong).Want(http.StatusUnauthorized)
		w.Post("/v3/auth/tokens", signInBody(w, "bob", both)).Want(http.StatusBadRequest)
		w.Post("/v3/auth/tokens", signInBody(w, "carol", onTrust(w.ID("trust")))).Want(http.StatusForbidden)
		w.Post("/v3/auth/tokens", signInBody(w, "alice", onTrust(w.ID("trust")))).Want(http.StatusForbidden)
		w.Delete("/v3/projects/{red/p1}/users/{alice}/roles/{role member}", w.As("sysadmin")).Want(http.StatusNoContent)
		trustee(w, "trust").Want(http.StatusForbidden).Has("trust_void")
		w.Grant("alice", "member", "project:red/p1")
		for _, who := range []string{"alice", "bob"} {
			off, on := patches("/v3/users/{"+who+"}", "user")
			off(w)
			if r := trustee(w, "trust"); r.Status < 400 {
				t.Errorf("%s is disabled and the trust gives tokens", who)
			}
			on(w)
		}
		if n := uses(w, "trust"); n != 2 {
			t.Fatalf("%d uses are left after sign-ins that failed, want 2", n)
		}
		first := trustee(w, "trust").Want(http.StatusCreated).Token()
		second := trustee(w, "trust").Want(http.StatusCreated).Token()
		trustee(w, "trust").Want(http.StatusForbidden).Has("trust_used_up")
		if n := uses(w, "trust"); n != 0 {
			t.Errorf("%d uses are left", n)
		}
		live(t, w, "a token made before the last use", first)
		live(t, w, "the last token", second)
	}, quick)
}

// pair makes two users of a domain of their own, the first with the roles member and another on its project p, and two
// trusts of the first to the second, which end in half an hour. {trustor} and so on are theirs from now on.
func pair(w *apitest.World, n int) (trustor, trustee string) {
	suffix := strconv.Itoa(n)
	domain, extra := "land-"+suffix, "extra-"+suffix
	trustor, trustee = "giver-"+suffix, "taker-"+suffix
	w.Name("trustor", w.User(trustor, domain))
	w.Name("trustee", w.User(trustee, domain))
	w.Grant(trustor, "member", "project:"+domain+"/p")
	w.Grant(trustor, extra, "project:"+domain+"/p")
	w.Name("domain", w.ID(domain))
	w.Name("project", w.ID(domain+"/p"))
	w.Name("extra", w.Role(extra))
	token := apitest.Token(w.Token(trustor, ""))
	for name, impersonation := range map[string]bool{"trust": false, "impersonation": true} {
		body := trustOf(w, trustor, map[string]any{
			"trustee_user_id": w.ID("trustee"), "project_id": w.ID("project"), "impersonation": impersonation,
			"expires_at": w.Clock.Now().Add(30 * time.Minute).UTC().Format("2006-01-02T15:04:05"),
			"roles":      []any{map[string]any{"name": "member"}, map[string]any{"id": w.ID("extra")}},
		})
		w.Name(name, w.Post("/v3/OS-TRUST/trusts", body, token).Want(http.StatusCreated).Str("trust.id"))
	}
	return trustor, trustee
}

// ending is something that ends the tokens of a trust, and the trust itself unless it goesOn.
type ending struct {
	name   string
	end    func(w *apitest.World, trustor, trustee string)
	goesOn bool
}

func endings() []ending {
	remove := func(paths ...string) func(*apitest.World, string, string) {
		return func(w *apitest.World, _, _ string) {
			for _, path := range paths {
				w.Delete(path, w.As("sysadmin")).Want(http.StatusNoContent)
			}
		}
	}
	disable := func(path, kind string) func(*apitest.World, string, string) {
		return func(w *apitest.World, _, _ string) {
			w.Patch(path, enabled(kind, false), w.As("sysadmin")).Want(http.StatusOK)
		}
	}
	return []ending{
		{"one of the roles is taken", remove("/v3/projects/{project}/users/{trustor}/roles/{extra}"), false},
		{"one of the roles is deleted", remove("/v3/roles/{extra}"), false},
		{"the project is disabled", disable("/v3/projects/{project}", "project"), false},
		{"the project is deleted", remove("/v3/projects/{project}"), false},
		{"the domain is disabled", disable("/v3/domains/{domain}", "domain"), false},
		{"the trust is deleted", remove("/v3/OS-TRUST/trusts/{trust}", "/v3/OS-TRUST/trusts/{impersonation}"), false},
		{"the trustor is disabled (A3)", disable("/v3/users/{trustor}", "user"), false},
		{"the trustor is deleted", remove("/v3/users/{trustor}"), false},
		{"the trustee is disabled (E8, A3)", disable("/v3/users/{trustee}", "user"), false},
		{"the trustee is deleted", remove("/v3/users/{trustee}"), false},
		{"the trustor has a new password (A5)", func(w *apitest.World, trustor, _ string) { w.SetPassword(trustor) }, true},
		{"the trustee has a new password (E8, A5)", func(w *apitest.World, _, trustee string) { w.SetPassword(trustee) }, true},
		{"the trust has ended", func(w *apitest.World, _, _ string) { w.Clock.Advance(31 * time.Minute) }, false}, // last
	}
}

func TestE7AndE8TrustsEndWithWhatTheyStandOn(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		for i, e := range endings() {
			trustor, trustee := pair(w, i)
			tokens := map[string]string{}
			signIn := func(trust string) *apitest.Response {
				return w.Post("/v3/auth/tokens", signInBody(w, trustee, onTrust(w.ID(trust))))
			}
			for _, trust := range []string{"trust", "impersonation"} {
				tokens[trust] = signIn(trust).Want(http.StatusCreated).Token()
				live(t, w, "before "+e.name, tokens[trust])
			}
			e.end(w, trustor, trustee)
			for trust, token := range tokens {
				dead(t, w, e.name, token)
				if r := signIn(trust); (r.Status == http.StatusCreated) != e.goesOn {
					t.Errorf("%s: a sign-in to the trust is answered %d: %s", e.name, r.Status, r.Body)
				}
			}
		}
	}, quick)
}

// TestA3TokensOfTrustsStayDead when who was disabled is enabled again.
func TestA3TokensOfTrustsStayDead(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		for _, who := range []string{"alice", "bob"} {
			trusted(w, "trust", nil)
			token := trustee(w, "trust").Want(http.StatusCreated).Token()
			off, on := patches("/v3/users/{"+who+"}", "user")
			off(w)
			on(w)
			dead(t, w, who+" was disabled and enabled", token)
			live(t, w, "a new one", trustee(w, "trust").Want(http.StatusCreated).Token())
		}
	}, quick)
}

func TestE10PeopleSeeAndEndWhatWasMadeInTheirName(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		stolen := w.Token("alice", "project:red/p1")
		var tokens []string
		for range 3 {
			r := w.Post("/v3/OS-TRUST/trusts", trustOf(w, "alice", map[string]any{"impersonation": true}), apitest.Token(stolen)).Want(http.StatusCreated)
			w.Name("trust", r.Str("trust.id"))
			tokens = append(tokens, trustee(w, "trust").Want(http.StatusCreated).Token())
		}
		trusted(w, "used up", map[string]any{"remaining_uses": 1})
		tokens = append(tokens, trustee(w, "used up").Want(http.StatusCreated).Token())
		alice := apitest.Token(w.Token("alice", ""))
		list := w.Get("/v3/OS-TRUST/trusts?trustor_user_id={alice}", alice).Want(http.StatusOK).Names("trusts", "id")
		if len(list) != 4 {
			t.Errorf("alice sees %d trusts, want 4", len(list))
		}
		for _, id := range list {
			w.Delete("/v3/OS-TRUST/trusts/"+id, apitest.Token(w.Token("bob", ""))).Want(http.StatusForbidden)
			w.Delete("/v3/OS-TRUST/trusts/"+id, alice).Want(http.StatusNoContent)
			w.Get("/v3/OS-TRUST/trusts/"+id, alice).Want(http.StatusNotFound)
			w.Delete("/v3/OS-TRUST/trusts/"+id, alice).Want(http.StatusNotFound)
		}
		for _, token := range tokens {
			dead(t, w, "its trust was deleted", token)
		}
	}, quick)
}

func TestN3OfManySignInsAtOnceAsManyWinAsThereAreUses(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		nodes := nodesOf(w)
		trusted(w, "trust", map[string]any{"remaining_uses": 3})
		trusted(w, "once", map[string]any{"remaining_uses": 1})
		bob := w.Token("bob", "")
		for name, want := range map[string]int{"trust": 3, "once": 1} {
			id := w.ID(name)
			got := atOnce(60, func(i int) int { return continued(nodes[i%len(nodes)], bob, onTrust(id)).Status })
			if good, bad := count(got, http.StatusCreated), count(got, http.StatusForbidden); good != want || good+bad != len(got) {
				t.Errorf("%d tokens and %d refusals of %d tries, want %d tokens: %v", good, bad, len(got), want, got)
			}
			if n := uses(w, name); n != 0 {
				t.Errorf("%d uses are left", n)
			}
		}
	}, quick)
}

func TestB11TrustsAreNoWayRoundASecondFactor(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		w.Grant("alice", "manager", "project:red/p1")
		trusted(w, "weak", map[string]any{"allow_redelegation": true})
		trusted(w, "impersonating", map[string]any{"impersonation": true})
		token := trustee(w, "weak").Want(http.StatusCreated).Token()
		onward := w.Post("/v3/OS-TRUST/trusts", trustOf(w, "bob", map[string]any{"trustee_user_id": w.ID("bob")}), apitest.Token(token)).Want(http.StatusCreated)
		w.Name("onward", onward.Str("trust.id"))
		alice := enrolled(w, "alice")
		for _, name := range []string{"weak", "impersonating", "onward"} { // made by a password alone
			trustee(w, name).Want(http.StatusForbidden).Has(`"reason":"second_factor_required"`)
		}
		strong := w.Post("/v3/OS-TRUST/trusts", trustOf(w, "alice", nil), apitest.Token(alice.strong())).Want(http.StatusCreated)
		w.Name("strong", strong.Str("trust.id"))
		trustee(w, "strong").Want(http.StatusCreated)

		bob := enrolled(w, "bob")
		r := trustee(w, "strong").Want(http.StatusUnauthorized)
		if r.Header.Get("Openstack-Auth-Receipt") == "" || r.Token() != "" {
			t.Errorf("bob's password alone: %v %s", r.Header, r.Body)
		}
		w.Post("/v3/auth/tokens", code(w, "bob", bob.next()).body(onTrust(w.ID("strong"))), receipt(r.Header.Get("Openstack-Auth-Receipt"))).Want(http.StatusCreated)
		both := thePassword(w, "bob").and(code(w, "bob", bob.next()))
		w.Post("/v3/auth/tokens", both.body(onTrust(w.ID("strong")))).Want(http.StatusCreated)
	}, quick)
}
