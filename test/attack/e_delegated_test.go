package attack_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/policy"
)

// admits tells whether a rule that is closed to delegated tokens makes an exception for those of a way.
func admits(r policy.Rule, way string) bool {
	program := strings.HasSuffix(way, "application credential") || way == "OAuth 2.0"
	return r.AppCredentials && program || r.Unrestricted && strings.HasPrefix(way, "an unrestricted") || r.FromTrust && strings.HasSuffix(way, "trust")
}

// closed are the operations that are closed to the delegated tokens of a way, by the rules that protect them.
func closed(t *testing.T, all map[string]operation, way string) []operation {
	t.Helper()
	var found []operation
	for _, r := range policy.All() {
		if r.Delegated || admits(r, way) {
			continue
		}
		for _, name := range r.Ops {
			if op, ok := all[name]; ok {
				found = append(found, op)
			}
		}
	}
	if len(found) < 30 {
		t.Fatalf("only %d operations are closed to delegated tokens: are the rules read right?", len(found))
	}
	return found
}

// TestE3E13E14F4B25DelegatedTokensKeepTheirPlace: tokens that stand for an administrator of a project do nothing to what
// people sign in with, his own least of all, and become no other tokens.
func TestE3E13E14F4B25DelegatedTokensKeepTheirPlace(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		o := settled(w, "owner", "default")
		w.Grant(o.name, "member", "domain:red")
		w.Grant(o.name, "member", "system")
		all := map[string]operation{}
		for _, op := range operations(t) {
			all[op.String()] = op
		}
		before := state(w)
		text := w.Token(o.name, o.scope())
		for _, v := range o.ways() {
			if !v.delegated {
				continue
			}
			token := tokenIn(w, v.prepare(w, o, text)(w))
			w.Name("the user_id", validate(w, token).Want(http.StatusOK).Str("token.user.id"))
			for _, op := range closed(t, all, v.name) {
				with := []apitest.With{apitest.Token(token)}
				if op.body != nil {
					with = append(with, apitest.Body(op.body.example(t, w, "")))
				}
				if r := w.Do(op.method, at(w, op.path), with...); r.Status != http.StatusForbidden {
					t.Errorf("%s by a token by %s: %d, want 403: %.300s", op, v.name, r.Status, r.Body)
				}
			}
			change := user(map[string]any{"password": w.NewPassword(), "original_password": "not the password"})
			for _, path := range []string{"/v3/users/{the user_id}/password", "/v2.0/OS-KSCRUD/users/{the user_id}"} {
				method := map[bool]string{true: http.MethodPost, false: http.MethodPatch}[strings.HasPrefix(path, "/v3")]
				if r := w.Do(method, path, apitest.Body(change), apitest.Token(token)); r.Status != http.StatusUnauthorized && r.Status != http.StatusForbidden {
					t.Errorf("a new password by a token by %s: %d: %s", v.name, r.Status, r.Body)
				}
			}
			scopes := map[string]any{
				"its own project": onProject(w.ID(o.project)), "another project": onProject(w.ID("red/web")), "a domain": onDomain(w.ID("red")), "the system": onSystem,
				"none": "unscoped", "a trust": onTrust("0123456789abcdef0123456789abcdef"), "the default": nil,
			}
			if strings.HasSuffix(v.name, "application credential") || v.name == "OAuth 2.0" {
				delete(scopes, "the default") // which is the same once more
			}
			for to, scope := range scopes {
				if r := continued(w, token, scope); r.Status != http.StatusForbidden && r.Status != http.StatusUnauthorized || r.Token() != "" {
					t.Errorf("a token by %s continued to %s: %d: %s", v.name, to, r.Status, r.Body)
				}
				both := theToken(token).and(thePassword(w, o.name)).body(scope)
				if r := w.Post("/v3/auth/tokens", both); r.Status < 400 {
					t.Errorf("a token by %s and the password, to %s: %d: %s", v.name, to, r.Status, r.Body)
				}
			}
			r := w.Post("/v2.0/tokens", map[string]any{"auth": map[string]any{"tenantId": w.ID(o.project), "token": map[string]any{"id": token}}})
			if r.Status != http.StatusForbidden && r.Status != http.StatusUnauthorized {
				t.Errorf("a token by %s continued in v2.0: %d: %s", v.name, r.Status, r.Body)
			}
			for _, tail := range []string{"", "/endpoints"} { // nor is there a view of it
				w.Get("/v2.0/tokens/"+token+tail, w.As("admin")).Want(http.StatusUnauthorized).Never(w.ID(o.name))
			}
			live(t, w, "a token by "+v.name+" that was refused much", token)
		}
		w.Name("the user_id", w.ID("target"))
		now := state(w)
		for _, path := range []string{"/v3/users", "/v3/role_assignments", "/v3/domains", "/v3/roles"} {
			if path != "/v3/users" && now[path] != before[path] {
				t.Errorf("%s changed from %.500s\nto %.500s", path, before[path], now[path])
			}
		}
	}, quick)
}

// TestB11NoWayGoesRoundASecondFactor: neither with what was made before there was one, nor by an administrator's rule.
func TestB11NoWayGoesRoundASecondFactor(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		for who, demand := range map[string]func(o owner){
			"who has a factor": func(o owner) { withSeed(w, o.name, aSeed) },
			"who has a rule":   func(o owner) { rule(w, o.name, []string{"password", "totp"}) },
		} {
			o := settled(w, "owner "+who, "default")
			text := w.Token(o.name, o.scope())
			made := map[string]func(*apitest.World) *apitest.Response{}
			for _, v := range o.ways() {
				made[v.name] = v.prepare(w, o, text)
			}
			demand(o)
			for name, signIn := range made {
				r := signIn(w)
				if r.Status != http.StatusUnauthorized && r.Status != http.StatusForbidden || tokenIn(w, r) != "" {
					t.Errorf("%s, with %s of before: %d: %s", who, name, r.Status, r.Body)
				}
				personal := name == "a password" || name == "another token"
				if hasReceipt := r.Header.Get("Openstack-Auth-Receipt") != ""; hasReceipt != personal {
					t.Errorf("%s, with %s of before: a receipt is %v", who, name, hasReceipt)
				}
				if !personal && !strings.Contains(string(r.Body), "second_factor_required") && !strings.Contains(string(r.Body), "mfa_requires_v3") {
					t.Errorf("%s, with %s of before: no reason: %s", who, name, r.Body)
				}
			}
			if who == "who has a rule" {
				continue
			}
			strong := continued(w, strongToken(t, w, o.name, aSeed), onProject(w.ID(o.project))).Want(http.StatusCreated).Token()
			w.Post("/v3/users/{"+o.name+"}/application_credentials", `{"application_credential":{"name":"x"}}`, apitest.Token(text)).Want(http.StatusUnauthorized)
			removeAll(w, o) // names are taken
			for _, v := range o.ways() {
				r := v.prepare(w, o, strong)(w)
				opens := !v.old && v.name != "a password"
				if text := tokenIn(w, r); opens != (text != "") {
					t.Errorf("%s, with %s of a sign-in with both: %d: %s", who, v.name, r.Status, r.Body)
				}
			}
		}
	}, quick)
}

// removeAll deletes the application credentials of an owner.
func removeAll(w *apitest.World, o owner) {
	path := "/v3/users/" + w.ID(o.name) + "/application_credentials"
	for _, id := range w.Get(path, w.As("sysadmin")).Want(http.StatusOK).Names("application_credentials", "id") {
		w.Delete(path+"/"+id, w.As("sysadmin")).Want(http.StatusNoContent)
	}
}
