package attack_test

import (
	"net/http"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// owner is a user who is member and administrator of a project of his own.
type owner struct{ name, domain, project string }

func (o owner) scope() string { return "project:" + o.project }

// settled makes an owner with his project in a domain.
func settled(w *apitest.World, name, domain string) owner {
	o := owner{name, domain, domain + "/home of " + name}
	w.User(name, domain)
	for _, role := range []string{"admin", "member"} {
		w.Grant(name, role, o.scope())
	}
	return o
}

// way is a way to a token.
type way struct {
	name string
	// prepare makes what the owner, or his program, signs in with, by a token of his on the project. What it returns
	// signs in on a node.
	prepare func(w *apitest.World, o owner, text string) func(w *apitest.World) *apitest.Response
	// delegated ways give tokens that stand for an owner who is not there. Old ones are of v2.0, and for owners of the
	// default domain only.
	delegated, old bool
}

// ways are all ways to a token of an owner's, or in his name.
var ways = []way{
	{"a password", func(_ *apitest.World, o owner, _ string) func(*apitest.World) *apitest.Response {
		return func(w *apitest.World) *apitest.Response { return w.SignIn(o.name, o.scope()) }
	}, false, false},
	{"another token", func(_ *apitest.World, o owner, text string) func(*apitest.World) *apitest.Response {
		return func(w *apitest.World) *apitest.Response { return continued(w, text, onProject(w.ID(o.project))) }
	}, false, false},
	{"an application credential", func(w *apitest.World, o owner, text string) func(*apitest.World) *apitest.Response {
		p := programOf(w, o.name, "restricted of "+o.name, "", apitest.Token(text))
		return func(w *apitest.World) *apitest.Response { return program{w, p.user, p.id, p.secret}.signIn(nil) }
	}, true, false},
	{"an unrestricted application credential", func(w *apitest.World, o owner, text string) func(*apitest.World) *apitest.Response {
		p := programOf(w, o.name, "unrestricted of "+o.name, `"unrestricted":true`, apitest.Token(text))
		return func(w *apitest.World) *apitest.Response { return program{w, p.user, p.id, p.secret}.signIn(nil) }
	}, true, false},
	{"OAuth 2.0", func(w *apitest.World, o owner, text string) func(*apitest.World) *apitest.Response {
		p := programOf(w, o.name, "client of "+o.name, "", apitest.Token(text))
		return func(w *apitest.World) *apitest.Response {
			form := "grant_type=client_credentials&client_id=" + p.id + "&client_secret=" + p.secret
			return w.Post("/v3/OS-OAUTH2/token", form, apitest.Header("Content-Type", "application/x-www-form-urlencoded"))
		}
	}, true, false},
	{"a trust", trustedWay(false), true, false},
	{"an impersonating trust", trustedWay(true), true, false},
	{"OAuth 1.0a", func(w *apitest.World, o owner, text string) func(*apitest.World) *apitest.Response {
		k := newRobot(w).allowed(w, o, text)
		k = k.with(w, k.exchange(w))
		return func(w *apitest.World) *apitest.Response { return k.signIn(w, nil) }
	}, true, false},
	{"an access key", keyWay("/v3/ec2tokens"), true, false},
	{"an access key in v2.0", keyWay("/v2.0/ec2tokens"), true, true},
	{"an access key of S3 in v2.0", keyWay("/v2.0/s3tokens"), true, true},
	{"a password in v2.0", func(_ *apitest.World, o owner, _ string) func(*apitest.World) *apitest.Response {
		return func(w *apitest.World) *apitest.Response {
			proof := map[string]any{"userId": w.ID(o.name), "password": w.Password(o.name)}
			return w.Post("/v2.0/tokens", map[string]any{"auth": map[string]any{"tenantId": w.ID(o.project), "passwordCredentials": proof}})
		}
	}, false, true},
	{"another token in v2.0", func(_ *apitest.World, o owner, text string) func(*apitest.World) *apitest.Response {
		return func(w *apitest.World) *apitest.Response {
			return w.Post("/v2.0/tokens", map[string]any{"auth": map[string]any{"tenantId": w.ID(o.project), "token": map[string]any{"id": text}}})
		}
	}, false, true},
}

// trustedWay is a trust to {partner}.
func trustedWay(impersonation bool) func(*apitest.World, owner, string) func(*apitest.World) *apitest.Response {
	return func(w *apitest.World, o owner, text string) func(*apitest.World) *apitest.Response {
		w.User("partner", "default")
		body := map[string]any{"trust": map[string]any{
			"trustor_user_id": w.ID(o.name), "trustee_user_id": w.ID("partner"), "impersonation": impersonation, "project_id": w.ID(o.project),
			"roles": []any{map[string]any{"name": "admin"}, map[string]any{"name": "member"}},
		}}
		id := w.Post("/v3/OS-TRUST/trusts", body, apitest.Token(text)).Want(http.StatusCreated).Str("trust.id")
		return func(w *apitest.World) *apitest.Response {
			return w.Post("/v3/auth/tokens", signInBody(w, "partner", onTrust(id)))
		}
	}
}

// keyWay is an access key whose signature a service brings to path.
func keyWay(path string) func(*apitest.World, owner, string) func(*apitest.World) *apitest.Response {
	return func(w *apitest.World, o owner, text string) func(*apitest.World) *apitest.Response {
		r := w.Post("/v3/users/{"+o.name+"}/credentials/OS-EC2", `{"tenant_id":"{`+o.project+`}"}`, apitest.Token(text)).Want(http.StatusCreated)
		access, secret := r.Str("credential.access"), r.Str("credential.secret")
		w.Secret(secret)
		return func(w *apitest.World) *apitest.Response {
			return w.Post(path, signatures[path](access, secret, w.Clock.Now()), w.As("sysadmin"))
		}
	}
}

// tokenIn is the token of an answer, in whichever place that API has it; empty for none.
func tokenIn(w *apitest.World, r *apitest.Response) string {
	text := r.Token()
	for _, path := range []string{"access.token.id", "access_token"} {
		if s, ok := r.Value(path).(string); ok && text == "" {
			text = s
		}
	}
	w.Secret(text)
	return text
}

// ways are those that are open to an owner.
func (o owner) ways() []way {
	var open []way
	for _, v := range ways {
		if !v.old || o.domain == "default" {
			open = append(open, v)
		}
	}
	return open
}

// heldBy are tokens of an owner's of every kind, by the name of the way.
func heldBy(t *testing.T, w *apitest.World, o owner) map[string]string {
	t.Helper()
	text := w.Token(o.name, o.scope())
	held := map[string]string{}
	for _, v := range o.ways() {
		r := v.prepare(w, o, text)(w)
		if held[v.name] = tokenIn(w, r); held[v.name] == "" {
			t.Fatalf("%s gives no token: %d %s", v.name, r.Status, r.Body)
		}
		if r.Header.Get("Cache-Control") != "no-store" { // A16
			t.Errorf("an answer with a token by %s may be kept: %v", v.name, r.Header)
		}
	}
	return held
}
