package attack_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// subject sends the token that is asked about.
func subject(text string) apitest.With { return apitest.Header("X-Subject-Token", text) }

// validate asks the server about a token as an administrator of the system does.
func validate(w *apitest.World, text string) *apitest.Response {
	return w.Get("/v3/auth/tokens?nocatalog", w.As("sysadmin"), subject(text))
}

// dead fails the test when the server still honours the token anywhere.
func dead(t *testing.T, w *apitest.World, what, text string) {
	t.Helper()
	if r := validate(w, text); r.Status != http.StatusNotFound {
		t.Errorf("%s: validation says %d, want 404: %.300s", what, r.Status, r.Body)
	}
	if r := w.Get("/v3/auth/projects", apitest.Token(text)); r.Status != http.StatusUnauthorized {
		t.Errorf("%s: its bearer is answered %d, want 401", what, r.Status)
	}
	if r := w.Post("/v3/auth/tokens", continueBody(text, "unscoped")); r.Status != http.StatusUnauthorized {
		t.Errorf("%s: continuing from it says %d, want 401", what, r.Status)
	}
}

// live fails the test unless the token is honoured.
func live(t *testing.T, w *apitest.World, what, text string) {
	t.Helper()
	if r := validate(w, text); r.Status != http.StatusOK {
		t.Errorf("%s: validation says %d, want 200: %.300s", what, r.Status, r.Body)
	}
	if r := w.Get("/v3/auth/projects", apitest.Token(text)); r.Status != http.StatusOK {
		t.Errorf("%s: its bearer is answered %d, want 200", what, r.Status)
	}
}

// continueBody asks for a token that continues from another.
func continueBody(text string, scope any) map[string]any {
	auth := map[string]any{"identity": map[string]any{"methods": []string{"token"}, "token": map[string]any{"id": text}}}
	if scope != nil {
		auth["scope"] = scope
	}
	return map[string]any{"auth": auth}
}

func onProject(id string) any { return map[string]any{"project": map[string]any{"id": id}} }
func onDomain(id string) any  { return map[string]any{"domain": map[string]any{"id": id}} }

var onSystem = map[string]any{"system": map[string]any{"all": true}}

// continued is a new token that continues from another.
func continued(w *apitest.World, text string, scope any) *apitest.Response {
	return w.Post("/v3/auth/tokens", continueBody(text, scope))
}

// signInBody is a sign-in of a user of the world.
func signInBody(w *apitest.World, user string, scope any) map[string]any {
	return apitest.PasswordBody(w.ID(user), w.Password(user), scope)
}

// cast makes alice (member on red/p1 and red/p2) and bob (member on red/p1).
func cast(w *apitest.World) {
	for _, u := range []string{"alice", "bob"} {
		w.User(u, "red")
		w.Grant(u, "member", "project:red/p1")
	}
	w.Grant("alice", "member", "project:red/p2")
}

func enabled(kind string, yes bool) map[string]any {
	return map[string]any{kind: map[string]any{"enabled": yes}}
}

func TestA1RescopingNeverExtendsLife(t *testing.T) {
	t.Parallel()
	for _, ttl := range []time.Duration{time.Hour, 3 * time.Second} {
		t.Run(ttl.String(), func(t *testing.T) {
			t.Parallel()
			apitest.Each(t, func(t *testing.T, w *apitest.World) {
				cast(w)
				first := w.SignIn("alice", "").Want(http.StatusCreated)
				end := first.Str("token.expires_at")
				texts := []string{first.Token()}
				scopes := []any{onProject(w.ID("red/p1")), onProject(w.ID("red/p2")), "unscoped", onProject(w.ID("red/p1")), map[string]any{"unscoped": map[string]any{}}}
				for _, scope := range scopes {
					w.Clock.Advance(ttl / 10)
					next := continued(w, texts[len(texts)-1], scope).Want(http.StatusCreated)
					if got := next.Str("token.expires_at"); got != end {
						t.Errorf("a token made from another ends at %s, the first at %s", got, end)
					}
					texts = append(texts, next.Token())
				}
				w.Clock.Advance(ttl/2 - ttl/30) // just before the end
				last := continued(w, texts[len(texts)-1], onProject(w.ID("red/p2"))).Want(http.StatusCreated)
				if got := last.Str("token.expires_at"); got != end {
					t.Errorf("a token made at the last moment ends at %s, the first at %s", got, end)
				}
				for _, text := range append(texts, last.Token()) {
					live(t, w, "a token of the session before its end", text)
				}
				w.Clock.Advance(ttl / 30)
				for _, text := range append(texts, last.Token()) {
					dead(t, w, "a token of the session at its end", text)
				}
			}, func(c *config.Config) { c.Token.TTL = ttl })
		})
	}
}

func TestA1ProvingOneselfAgainNeverExtendsTheSessionEither(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		first := w.SignIn("alice", "").Want(http.StatusCreated)
		w.Clock.Advance(30 * time.Minute)
		body := signInBody(w, "alice", "unscoped")
		identity := body["auth"].(map[string]any)["identity"].(map[string]any)
		identity["methods"], identity["token"] = []string{"password", "token"}, map[string]any{"id": first.Token()}
		r := w.Post("/v3/auth/tokens", body).Want(http.StatusCreated)
		if r.Str("token.expires_at") != first.Str("token.expires_at") {
			t.Errorf("password and token together end at %s, the token alone at %s", r.Str("token.expires_at"), first.Str("token.expires_at"))
		}
		// The token of one user and the password of another are nobody.
		identity["token"] = map[string]any{"id": w.Token("bob", "")}
		w.Post("/v3/auth/tokens", body).Want(http.StatusUnauthorized)
	})
}

func TestA2ARevokedTokenIsDeadAtOnce(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		text := w.Token("alice", "project:red/p1")
		live(t, w, "a new token", text)
		w.Delete("/v3/auth/tokens", w.As("sysadmin"), subject(text)).Want(http.StatusNoContent)
		dead(t, w, "a revoked token", text)
		w.Delete("/v3/auth/tokens", w.As("sysadmin"), subject(text)).Want(http.StatusNotFound)
		w.Delete("/v3/auth/tokens", apitest.Token(text), subject(text)).Want(http.StatusUnauthorized)
		live(t, w, "another session of the same user", w.Token("alice", "project:red/p1"))
	})
}

func TestA2RevokingTheFirstTokenEndsTheSessionAndALaterOneOnlyItself(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		first := w.Token("alice", "")
		second := continued(w, first, onProject(w.ID("red/p1"))).Want(http.StatusCreated).Token()
		third := continued(w, second, onProject(w.ID("red/p2"))).Want(http.StatusCreated).Token()
		other := w.Token("alice", "")

		w.Delete("/v3/auth/tokens", apitest.Token(second), subject(second)).Want(http.StatusNoContent)
		dead(t, w, "the revoked second token", second)
		live(t, w, "the first token", first)
		live(t, w, "a token made from the revoked one", third)

		w.Delete("/v3/auth/tokens", apitest.Token(first), subject(first)).Want(http.StatusNoContent)
		dead(t, w, "the first token", first)
		dead(t, w, "a token of the ended session", third)
		live(t, w, "the other session", other)
	})
}

func TestA10AnExpiredTokenIsReadByServicesOnly(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		expired, revoked := w.Token("alice", "project:red/p1"), w.Token("alice", "project:red/p1")
		w.Clock.Advance(time.Second)
		w.Delete("/v3/auth/tokens", apitest.Token(revoked), subject(revoked)).Want(http.StatusNoContent)
		w.Clock.Advance(time.Second)
		dead(t, w, "a revoked token before its end", revoked)
		live(t, w, "a token before its end", expired)
		w.Clock.Advance(1100 * time.Millisecond)
		dead(t, w, "an expired token", expired)
		w.Clock.Advance(time.Second)

		const ask = "/v3/auth/tokens?nocatalog&allow_expired="
		for _, yes := range []string{"1", "true", "True", "yes", "on"} {
			w.Get(ask+yes, w.As("service@red/p1"), subject(expired)).Want(http.StatusOK)
		}
		for _, no := range []string{"0", "false", "no", "", "2", "maybe"} {
			w.Get(ask+no, w.As("service@red/p1"), subject(expired)).Want(http.StatusNotFound)
		}
		w.Get(ask+"1", w.As("service@red/p1"), subject(revoked)).Want(http.StatusNotFound)
		w.Get(ask+"1", w.As("sysadmin"), subject(expired)).Want(http.StatusNotFound)
		w.Get(ask+"1", w.As("sysadmin"), subject(revoked)).Want(http.StatusNotFound)
		fresh := w.Token("alice", "project:red/p1")
		if r := w.Get(ask+"1", apitest.Token(fresh), subject(expired)); r.Status != http.StatusForbidden && r.Status != http.StatusNotFound {
			t.Errorf("its owner, no service, is answered %d", r.Status)
		}
		w.Get(ask+"1", apitest.Token(expired), subject(expired)).Want(http.StatusUnauthorized)
		w.Get(ask+"1", apitest.Token(expired), subject(fresh)).Want(http.StatusUnauthorized)
		w.Delete(ask+"1", w.As("service@red/p1"), subject(expired)).Never(expired)
		continued(w, expired, "unscoped").Want(http.StatusUnauthorized)
		w.Post("/v3/auth/tokens?allow_expired=1", continueBody(expired, "unscoped")).Want(http.StatusUnauthorized)

		w.Clock.Advance(w.Config.Token.AllowExpiredWindow)
		w.Get(ask+"1", w.As("service@red/p1"), subject(expired)).Want(http.StatusNotFound)
	}, func(c *config.Config) { c.Token.TTL = 3 * time.Second })
}

func TestA13WhoMayAskAboutWhoseToken(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		alice, bob := w.Token("alice", "project:red/p1"), w.Token("bob", "project:red/p1")
		for _, c := range []struct {
			name, caller, about string
			want                int
		}{
			{"nobody about alice", "", alice, http.StatusUnauthorized},
			{"alice about bob", alice, bob, http.StatusForbidden},
			{"a reader of the project about bob", w.Persona("reader@red/p1"), bob, http.StatusForbidden},
			{"a manager of the domain about bob", w.Persona("manager@red"), bob, http.StatusForbidden},
			{"alice about herself", alice, alice, http.StatusOK},
			{"a reader of the system about bob", w.Persona("reader@system"), bob, http.StatusOK},
		} {
			get := w.Get("/v3/auth/tokens", apitest.Token(c.caller), subject(c.about))
			head := w.Do(http.MethodHead, "/v3/auth/tokens", apitest.Token(c.caller), subject(c.about))
			if get.Status != c.want || head.Status != c.want {
				t.Errorf("%s: GET says %d and HEAD %d, want %d", c.name, get.Status, head.Status, c.want)
			}
			if len(head.Body) > 0 {
				t.Errorf("%s: HEAD has a body", c.name)
			}
			if c.want != http.StatusOK {
				get.Never(w.ID("bob")).Never(bob)
				head.Never(bob)
			}
		}
		w.Delete("/v3/auth/tokens", apitest.Token(alice), subject(bob)).Want(http.StatusForbidden)
		w.Delete("/v3/auth/tokens", w.As("reader@system"), subject(bob)).Want(http.StatusForbidden)
		w.Delete("/v3/auth/tokens", w.As("service@red/p1"), subject(bob)).Want(http.StatusForbidden)
		live(t, w, "bob's token, which strangers tried to revoke", bob)
	})
}

func TestA14SeveralTokensInOneRequestAreNeverBelieved(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		good, bad := w.Token("alice", ""), w.Token("bob", "")
		w.Delete("/v3/auth/tokens", w.As("sysadmin"), subject(bad)).Want(http.StatusNoContent)
		twice := func(name string, values ...string) apitest.With { return apitest.Headers(name, values...) }
		for _, values := range [][]string{{good, bad}, {bad, good}, {good, good}, {good + ", " + bad}, {bad + "," + good}, {good + ","}, {good, ""}, {"", good}} {
			r := w.Get("/v3/auth/tokens", w.As("sysadmin"), twice("X-Subject-Token", values...))
			if r.Status != http.StatusBadRequest && r.Status != http.StatusNotFound {
				t.Errorf("%d subject headers: %d", len(values), r.Status)
			}
			w.Delete("/v3/auth/tokens", w.As("sysadmin"), twice("X-Subject-Token", values...)).Never("X-Subject-Token")
			w.Get("/v3/auth/projects", twice("X-Auth-Token", values...)).Want(http.StatusUnauthorized)
		}
		live(t, w, "the good token after all that", good)
	})
}

func TestA16NoAnswerWithATokenMayBeKept(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	cast(w)
	text := w.Token("alice", "project:red/p1")
	for _, r := range []*apitest.Response{
		w.SignIn("alice", ""), w.Get("/v3/auth/tokens", apitest.Token(text), subject(text)), continued(w, text, "unscoped"),
		w.Do(http.MethodHead, "/v3/auth/tokens", apitest.Token(text), subject(text)),
	} {
		if r.Header.Get("Cache-Control") != "no-store" || !strings.Contains(strings.Join(r.Header.Values("Vary"), ","), "X-Auth-Token") {
			t.Errorf("an answer with a token may be kept: %v", r.Header)
		}
		if strings.Contains(string(r.Body), text) || strings.Contains(r.Header.Get("Location"), "ey") {
			t.Errorf("a token stands in the body or in a URL: %.300s", r.Body)
		}
	}
	for _, query := range []string{"?X-Auth-Token=", "?x-auth-token=", "?auth_token=", "?token="} {
		w.Get("/v3/auth/tokens"+query+text, subject(text)).Want(http.StatusUnauthorized)
	}
	for _, header := range []string{"Authorization", "X-Storage-Token", "X-Service-Token", "Cookie"} {
		for _, value := range []string{text, "Bearer " + text, "token=" + text} {
			w.Get("/v3/auth/projects", apitest.Header(header, value)).Want(http.StatusUnauthorized)
		}
	}
}
