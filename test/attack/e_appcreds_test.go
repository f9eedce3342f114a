package attack_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// program is an application credential of a user on red/p1.
type program struct {
	w                *apitest.World
	user, id, secret string
}

// programOf makes one, with what attrs say beside the name, by the user's own token or the one that is sent.
func programOf(w *apitest.World, user, name, attrs string, with ...apitest.With) program {
	if len(with) == 0 {
		with = []apitest.With{apitest.Token(w.Token(user, "project:red/p1"))}
	}
	if attrs != "" {
		attrs = "," + attrs
	}
	r := w.Post("/v3/users/{"+user+"}/application_credentials", `{"application_credential":{"name":"`+name+`"`+attrs+`}}`, with...).Want(http.StatusCreated)
	p := program{w, user, r.Str("application_credential.id"), r.Str("application_credential.secret")}
	w.Secret(p.secret)
	return p
}

func (p program) path() string { return "/v3/users/{" + p.user + "}/application_credentials/" + p.id }

// signIn sends the proof with further methods and members beside it.
func (p program) signIn(more map[string]any, methods ...string) *apitest.Response {
	proof := map[string]any{"id": p.id, "secret": p.secret}
	identity := map[string]any{"methods": append([]string{"application_credential"}, methods...), "application_credential": proof}
	auth := map[string]any{"identity": identity}
	for name, value := range more {
		switch name {
		case "scope":
			auth[name] = value
		case "password":
			identity[name] = value
		default:
			proof[name] = value
		}
	}
	return p.w.Post("/v3/auth/tokens", map[string]any{"auth": auth})
}

func (p program) token() string { return p.signIn(nil).Want(http.StatusCreated).Token() }

func TestE11AnApplicationCredentialIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		p := programOf(w, "alice", "backup", "")
		bob := map[string]any{"id": w.ID("bob")}
		named := map[string]any{"name": "bob", "domain": map[string]any{"id": w.ID("red")}}
		p.signIn(map[string]any{"user": bob, "id": "", "name": "backup"}).Want(http.StatusUnauthorized)
		for _, user := range []any{bob, named, map[string]any{"id": w.ID("bob"), "name": "alice"}} {
			if r := p.signIn(map[string]any{"user": user}); r.Status == http.StatusCreated && r.Str("token.user.id") != w.ID("alice") {
				t.Errorf("%v: the token is of %s", user, r.Str("token.user.id"))
			}
			if r := p.signIn(map[string]any{"user": user, "id": "", "name": "backup"}); r.Status == http.StatusCreated {
				t.Errorf("by the name and %v: %s", user, r.Body)
			}
		}
		alice := map[string]any{"name": "alice", "domain": map[string]any{"id": w.ID("red")}}
		byName := p.signIn(map[string]any{"user": alice, "id": "", "name": "backup"}).Want(http.StatusCreated)
		if byName.Str("token.application_credential.id") != p.id {
			t.Errorf("by name: %s", byName.Body)
		}
		p.signIn(map[string]any{"id": "", "name": "backup"}).Want(http.StatusBadRequest)
		password := func(user string) map[string]any {
			return map[string]any{"password": map[string]any{"user": map[string]any{"id": w.ID(user), "password": w.Password(user)}}}
		}
		p.signIn(password("bob"), "password").Want(http.StatusUnauthorized)
		for _, other := range []program{{w, "alice", p.id, p.secret + "x"}, {w, "alice", p.id, p.secret[:85]}, {w, "alice", w.ID("alice"), p.secret}} {
			other.signIn(nil).Want(http.StatusUnauthorized)
		}
	}, quick)
}

func TestE12NobodySeesTheApplicationCredentialsOfOthers(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		p := programOf(w, "alice", "backup", `"access_rules":[{"service":"x","path":"/x","method":"GET"}]`)
		programOf(w, "bob", "his", `"access_rules":[{"service":"x","path":"/x","method":"PUT"}]`)
		rule := w.Get("/v3/users/{alice}/access_rules", w.As("alice")).Want(http.StatusOK).Str("access_rules.0.id")
		bob, never := apitest.Token(w.Token("bob", "project:red/p1")), "0123456789abcdef0123456789abcdef"
		for _, method := range []string{"GET", "HEAD", "DELETE"} {
			for _, kind := range []string{"application_credentials/", "access_rules/"} {
				id := map[string]string{"application_credentials/": p.id, "access_rules/": rule}[kind]
				for _, user := range []string{"{alice}", "{bob}", never} {
					there := w.Do(method, "/v3/users/"+user+"/"+kind+id, bob)
					none := w.Do(method, "/v3/users/"+user+"/"+kind+never, bob)
					same := strings.ReplaceAll(string(there.Body), id, never) == string(none.Body)
					if there.Status != none.Status || !same || there.Status != http.StatusForbidden && there.Status != http.StatusNotFound {
						t.Errorf("%s %s of %s: %d %s, but of none %d %s", method, kind, user, there.Status, there.Body, none.Status, none.Body)
					}
				}
			}
		}
		for _, list := range []string{"application_credentials", "access_rules"} {
			for _, user := range []string{"{alice}", never, "admin"} {
				w.Get("/v3/users/"+user+"/"+list, bob).Want(http.StatusForbidden).Never(p.id).Never(rule)
			}
			for _, query := range []string{"", "?user_id={alice}", "?name=backup", "?name__contains=", "?service=x&method=GET", "?marker=0"} {
				w.Get("/v3/users/{bob}/"+list+query, bob).Never(p.id).Never(rule)
			}
		}
		w.Post("/v3/users/{alice}/application_credentials", `{"application_credential":{"name":"mine"}}`, bob).Want(http.StatusForbidden)
		w.Post("/v3/users/{bob}/application_credentials", `{"application_credential":{"name":"mine","access_rules":[{"id":"`+rule+`"}]}}`, bob).Want(http.StatusBadRequest)
		p.signIn(nil).Want(http.StatusCreated)
	}, quick)
}

func TestE13TokensOfApplicationCredentialsKeepTheirScope(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		w.Grant("alice", "member", "domain:red")
		w.Grant("alice", "member", "system")
		end := w.Clock.Now().Add(time.Hour / 2).Format("2006-01-02T15:04:05")
		for _, kind := range []string{"false", "true"} {
			p := programOf(w, "alice", "backup "+kind, `"unrestricted":`+kind+`,"expires_at":"`+end+`","roles":[{"name":"reader"}]`)
			first := p.signIn(nil).Want(http.StatusCreated)
			scopes := []any{
				onProject(w.ID("red/p2")), onProject(w.ID("red/p1")), onDomain(w.ID("red")), onSystem, "unscoped", map[string]any{},
				map[string]any{"unscoped": map[string]any{}}, map[string]any{"OS-TRUST:trust": map[string]any{"id": p.id}},
			}
			for _, scope := range scopes {
				for _, r := range []*apitest.Response{continued(w, first.Token(), scope), p.signIn(map[string]any{"scope": scope})} {
					empty := fmt.Sprint(scope) == "map[]" && r.Status == http.StatusCreated && r.Str("token.project.id") == w.ID("red/p1")
					if r.Status != http.StatusForbidden && r.Status != http.StatusUnauthorized && r.Status != http.StatusBadRequest && !empty {
						t.Errorf("scope %v: %d: %.300s", scope, r.Status, r.Body)
					}
				}
			}
			w.Clock.Advance(time.Minute)
			next := w.Post("/v3/auth/tokens", continueBody(first.Token(), nil)).Want(http.StatusCreated)
			for _, path := range []string{"token.project.id", "token.application_credential.id", "token.expires_at", "token.user.id"} {
				if got, want := next.Str(path), first.Str(path); got != want {
					t.Errorf("%s is %s, was %s", path, got, want)
				}
			}
			if got := next.Names("token.roles", "name"); !slices.Equal(got, []string{"reader"}) {
				t.Errorf("the roles are %q", got)
			}
			if got := next.Bool("token.application_credential.restricted"); got != (kind == "false") {
				t.Errorf("restricted is %v", got)
			}
		}
	}, quick)
}

// TestE14WhatProgramsMayMake goes by Keystone's table. What no delegated token may do is in
// TestE3E13E14F4B25DelegatedTokensKeepTheirPlace.
func TestE14WhatProgramsMayMake(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		const all = "/v3/users/{alice}/application_credentials"
		body := func(name, more string) string {
			return `{"application_credential":{"name":"` + name + `"` + more + `}}`
		}
		restricted := programOf(w, "alice", "restricted", "")
		unrestricted := programOf(w, "alice", "unrestricted", `"unrestricted":true,"roles":[{"name":"reader"}]`)
		spare := programOf(w, "alice", "spare", "")
		less, more := apitest.Token(restricted.token()), apitest.Token(unrestricted.token())
		for _, token := range []apitest.With{less, more} {
			w.Get(all, token).Want(http.StatusOK)
			w.Get(spare.path(), token).Want(http.StatusOK).Never(spare.secret)
			w.Get("/v3/users/{alice}/access_rules", token).Want(http.StatusOK)
			w.Patch("/v3/users/{alice}", `{"user":{"description":"x"}}`, token).Want(http.StatusForbidden)
		}
		w.Post(all, body("more", ""), less).Want(http.StatusForbidden)
		w.Delete(spare.path(), less).Want(http.StatusForbidden)
		w.Delete(restricted.path(), less).Want(http.StatusForbidden)
		// One makes no more than it is.
		w.Post(all, body("more", `,"roles":[{"name":"member"}]`), more).Want(http.StatusBadRequest)
		w.Post("/v3/users/{bob}/application_credentials", body("more", ""), more).Want(http.StatusForbidden)
		child := programOf(w, "alice", "child", `"unrestricted":true`, more)
		if got := child.signIn(nil).Want(http.StatusCreated).Names("token.roles", "name"); !slices.Equal(got, []string{"reader"}) {
			t.Errorf("the roles of the child are %q", got)
		}
		w.Delete(spare.path(), more).Want(http.StatusNoContent)

		const rule = `"access_rules":[{"service":"identity","path":"/v3/users/*/application_credentials","method":"POST"}]`
		narrow := apitest.Token(programOf(w, "alice", "narrow", `"unrestricted":true,`+rule).token())
		w.Post(all, body("wide", ""), narrow).Want(http.StatusForbidden).Has("access_rules_exceeded")
		w.Post(all, body("wide", `,"access_rules":[{"service":"identity","path":"/**","method":"POST"}]`), narrow).Want(http.StatusForbidden)
		programOf(w, "alice", "as narrow", rule, narrow)
	}, quick)
}

func TestE15NothingOutlivesAnApplicationCredential(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		end := w.Clock.Now().Add(3 * time.Second).Format("2006-01-02T15:04:05.000000")
		p := programOf(w, "alice", "brief", `"expires_at":"`+end+`"`)
		first := p.signIn(nil).Want(http.StatusCreated)
		if got := first.Str("token.expires_at"); got != end+"Z" {
			t.Errorf("the token ends at %s, the application credential at %s", got, end)
		}
		live(t, w, "before the end", first.Token())
		w.Clock.Advance(3 * time.Second)
		dead(t, w, "after the end", first.Token())
		p.signIn(nil).Want(http.StatusUnauthorized)
		w.Get(p.path(), w.As("alice")).Want(http.StatusOK) // it is still there to be seen
	}, quick)
}

func TestE16WhatAnApplicationCredentialStandsOn(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		w.Grant("alice", "auditor", "project:red/p1")
		gone := programOf(w, "alice", "gone", "")
		text := gone.token()
		w.Delete(gone.path(), w.As("sysadmin")).Want(http.StatusNoContent)
		dead(t, w, "its application credential deleted", text)
		gone.signIn(nil).Want(http.StatusUnauthorized)

		p := programOf(w, "alice", "backup", `"roles":[{"name":"auditor"},{"name":"member"}]`)
		narrow := programOf(w, "alice", "narrow", `"roles":[{"name":"reader"}]`)
		text = p.token()
		if got := validate(w, text).Names("token.roles", "name"); !slices.Equal(got, []string{"auditor", "member", "reader"}) {
			t.Errorf("the roles are %q", got)
		}
		w.Delete("/v3/projects/{red/p1}/users/{alice}/roles/{role auditor}", w.As("sysadmin")).Want(http.StatusNoContent)
		for what, r := range map[string]*apitest.Response{"the token": validate(w, text), "a new one": p.signIn(nil).Want(http.StatusCreated)} {
			if got := r.Names("token.roles", "name"); !slices.Equal(got, []string{"member", "reader"}) {
				t.Errorf("%s has the roles %q after one was taken away", what, got)
			}
		}

		// The owner's password is another matter (A5), the owner is not (A3).
		w.SetPassword("alice")
		dead(t, w, "password changed", text)
		text = p.token()
		w.Patch("/v3/users/{alice}", enabled("user", false), w.As("sysadmin")).Want(http.StatusOK)
		dead(t, w, "owner disabled", text)
		p.signIn(nil).Want(http.StatusUnauthorized)
		w.Patch("/v3/users/{alice}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK)
		dead(t, w, "owner enabled again", text)
		text = p.token()
		w.Patch("/v3/projects/{red/p1}", enabled("project", false), w.As("sysadmin")).Want(http.StatusOK)
		dead(t, w, "project disabled", text)
		p.signIn(nil).Want(http.StatusUnauthorized)
		w.Patch("/v3/projects/{red/p1}", enabled("project", true), w.As("sysadmin")).Want(http.StatusOK)

		text = p.token()
		w.Delete("/v3/projects/{red/p1}/users/{alice}/roles/{role member}", w.As("sysadmin")).Want(http.StatusNoContent)
		dead(t, w, "no role left", text)
		p.signIn(nil).Want(http.StatusUnauthorized)
		w.Grant("alice", "member", "project:red/p1")
		p.signIn(nil).Want(http.StatusCreated)

		// A7: when a role is deleted, what was made with it goes.
		text = p.token()
		w.Delete("/v3/roles/{role auditor}", w.As("sysadmin")).Want(http.StatusNoContent)
		dead(t, w, "a role of it deleted", text)
		p.signIn(nil).Want(http.StatusUnauthorized)
		narrow.signIn(nil).Want(http.StatusCreated)
		w.Delete("/v3/users/{alice}", w.As("sysadmin")).Want(http.StatusNoContent)
		narrow.signIn(nil).Want(http.StatusUnauthorized)
	}, quick)
}

// TestB25AProgramIsNoWayRoundASecondFactor is for what was made before its owner had one, and after.
func TestB25AProgramIsNoWayRoundASecondFactor(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		weak := programOf(w, "alice", "weak", `"unrestricted":true`)
		text := weak.token()
		withSeed(w, "alice", aSeed)
		r := weak.signIn(nil).Want(http.StatusUnauthorized).Has("second_factor_required")
		if r.Header.Get("Openstack-Auth-Receipt") != "" {
			t.Error("a program is given a receipt")
		}
		// Its tokens of before end with the hour. What they make is no better than it.
		washed := programOf(w, "alice", "washed", "", apitest.Token(text))
		washed.signIn(nil).Want(http.StatusUnauthorized).Has("second_factor_required")
		strong := strongToken(t, w, "alice", aSeed)
		scoped := continued(w, strong, onProject(w.ID("red/p1"))).Want(http.StatusCreated).Token()
		good := programOf(w, "alice", "strong", `"unrestricted":true`, apitest.Token(scoped))
		token := good.token()
		programOf(w, "alice", "child", "", apitest.Token(token)).signIn(nil).Want(http.StatusCreated) // as strong as its parent
		// B25: no second factor is touched by either.
		for _, do := range []string{"GET /v3/users/{alice}/mfa", "POST /v3/users/{alice}/mfa/totp", "POST /v3/users/{alice}/mfa/recovery_codes", "DELETE /v3/credentials/{seed of alice}"} {
			method, path, _ := strings.Cut(do, " ")
			with := []apitest.With{apitest.Token(token)}
			if strings.HasSuffix(path, "totp") {
				with = append(with, apitest.Body(`{"totp":{"name":"mine"}}`))
			}
			w.Do(method, path, with...).Want(http.StatusForbidden)
		}
		w.Patch("/v3/users/{alice}", `{"user":{"options":{"multi_factor_auth_enabled":false}}}`, apitest.Token(token)).Want(http.StatusForbidden)
		// A rule of an administrator judges alike.
		w.Patch("/v3/users/{bob}", `{"user":{"options":{"multi_factor_auth_enabled":true,"multi_factor_auth_rules":[["password","totp"]]}}}`, w.As("sysadmin")).Want(http.StatusOK)
		w.SignIn("bob", "project:red/p1").Want(http.StatusUnauthorized)
	}, quick)
}

func TestE19AccessRulesAdmitWhatTheySay(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		ruled := func(method, pattern string) string {
			body := map[string]any{"application_credential": map[string]any{
				"name": method + pattern, "access_rules": []any{map[string]any{"service": "identity", "method": method, "path": pattern}},
			}}
			r := w.Post("/v3/users/{alice}/application_credentials", body, apitest.Token(w.Token("alice", "project:red/p1"))).Want(http.StatusCreated)
			return program{w, "alice", r.Str("application_credential.id"), r.Str("application_credential.secret")}.token()
		}
		alice := w.ID("alice")
		for _, c := range []struct {
			pattern      string
			passes, fail []string
		}{
			{"/v3/users/*", []string{"/v3/users/" + alice, "/v3/users/" + alice + "?a=/../b", "/v3/users/none",
				"/v3/users/" + alice + "/", // which is the same to this server
			}, []string{
				"/v3/users", "/v3/users/", "/v3/users/" + alice + "/projects", "/v3/users/" + alice + "%2Fprojects", "/v3/Users/" + alice,
				"/v3/users/../projects", "/v3/users/..", "/v3/users/%2e%2e/projects", "/v3/users//" + alice, "//v3/users/" + alice, "/v3/users/" + alice + ";x",
				"/v3/users/" + alice + "%00", "/v3/users/%2E", "/v3/auth/projects?/v3/users/x", "/v3/users/..%2f..%2fv3%2fprojects", `/v3/users/..%5c..%5c`,
			}},
			{"/v3/users/{name}/projects", []string{"/v3/users/" + alice + "/projects?limit=1"}, []string{
				"/v3/users/" + alice, "/v3/users/a/b/projects", "/v3/users//projects", "/v3/users/" + alice + "%2F/projects",
			}},
			{"/v3/auth/**", []string{"/v3/auth/projects", "/v3/auth/domains"}, []string{"/v3/users", "/v3/auth/../users", "/v3/auth", "/v3/auth/%2e%2e/users", "/v3/AUTH/projects"}},
			{"/v3/auth.projects", nil, []string{"/v3/auth/projects"}},
		} {
			text := ruled("GET", c.pattern)
			for _, path := range c.passes {
				if r := w.Get(path, apitest.Token(text)); r.Status == http.StatusUnauthorized {
					t.Errorf("%s does not admit GET %s: %.200s", c.pattern, path, r.Body)
				}
				for _, method := range []string{"HEAD", "POST", "DELETE", "PATCH"} {
					if r := w.Do(method, path, apitest.Token(text), apitest.Undocumented()); r.Status != http.StatusUnauthorized && r.Status != http.StatusMethodNotAllowed {
						t.Errorf("%s of GET admits %s %s: %d", c.pattern, method, path, r.Status)
					}
				}
			}
			for _, path := range c.fail {
				if _, err := url.Parse(path); err != nil {
					t.Fatal(err)
				}
				if r := w.Get(path, apitest.Token(text), apitest.Undocumented()); r.Status != http.StatusUnauthorized && r.Status != http.StatusNotFound && r.Status != http.StatusBadRequest {
					t.Errorf("%s admits GET %s: %d: %.200s", c.pattern, path, r.Status, r.Body)
				}
			}
		}

		// What continues a token with rules has them too.
		next := w.Post("/v3/auth/tokens", continueBody(ruled("GET", "/v3/auth/domains"), nil)).Want(http.StatusCreated).Token()
		w.Get("/v3/auth/domains", apitest.Token(next)).Want(http.StatusOK)
		for _, path := range []string{"/v3/auth/projects", "/v3/users/{alice}", "/v2.0/tenants"} {
			w.Get(path, apitest.Token(next)).Want(http.StatusUnauthorized)
		}

		// Who does not say that he knows of access rules is not shown a token that has some.
		text := ruled("GET", "/v3/auth/projects")
		for version, want := range map[string]int{"": 404, "0": 404, "0.9": 404, "x": 404, "-1": 404, "NaN": 404, "1.0": 200, "1": 200, "1.1": 200} {
			for _, method := range []string{"GET", "HEAD"} {
				with := []apitest.With{w.As("sysadmin"), subject(text)}
				if version != "" {
					with = append(with, apitest.Header("OpenStack-Identity-Access-Rules", version))
				}
				r := w.Do(method, "/v3/auth/tokens", with...).Want(want)
				if want == http.StatusOK && method == http.MethodGet && r.Str("token.application_credential.access_rules.0.path") != "/v3/auth/projects" {
					t.Errorf("version %s: the rules are not shown: %s", version, r.Body)
				}
			}
		}
		w.Get("/v3/auth/tokens", w.As("sysadmin"), subject(text), apitest.Headers("OpenStack-Identity-Access-Rules", "1.0", "1.0")).Want(http.StatusNotFound)
	}, quick)
}

// TestF4ProgramsKeepOffCredentials is about tokens of application credentials. Here they see none at all.
func TestF4ProgramsKeepOffCredentials(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		withKey(w, "alice", "alices-access", "alices-secret")
		withCert(w, "alice", "alices-cert")
		for _, kind := range []string{"false", "true"} {
			text := apitest.Token(programOf(w, "alice", "of kind "+kind, `"unrestricted":`+kind).token())
			w.Get("/v3/credentials", text).Want(http.StatusForbidden).Never("alices-")
			for _, id := range []string{"{key of alice}", "{cert of alice}"} {
				w.Get("/v3/credentials/"+id, text).Want(http.StatusForbidden).Never("alices-")
				w.Patch("/v3/credentials/"+id, `{"credential":{"blob":"x"}}`, text).Want(http.StatusForbidden)
				w.Delete("/v3/credentials/"+id, text).Want(http.StatusForbidden)
			}
			for _, kind := range []string{"totp", "ec2", "cert"} {
				w.Post("/v3/credentials", `{"credential":{"type":"`+kind+`","user_id":"{alice}","project_id":"{red/p1}","blob":"`+aSeed+`"}}`, text).Want(http.StatusForbidden)
			}
		}
	}, quick)
}
