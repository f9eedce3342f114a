package v3_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/appcred"
	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/keyring"
	"github.com/keyward/identity/internal/store"
)

const oauth2Path = "/v3/OS-OAUTH2/token"

// clientOf makes an application credential of a user of the domain red with the role member on red/web.
func clientOf(t *testing.T, w *apitest.World, user, secret string, expires *time.Time) string {
	t.Helper()
	ctx := t.Context()
	userID := w.User(user, "red")
	w.Grant(user, "member", "project:red/web")
	s, err := store.Open(ctx, store.Options{URL: w.Config.Database.URL.Reveal(), Now: w.Clock.Now, NewID: func() string { return "e-" + secret }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ring, err := keyring.Load(w.Config.Keys.RootFile)
	if err != nil {
		t.Fatal(err)
	}
	c := appcred.Credential{
		ID: "cred-" + user, Name: "program", UserID: userID, ProjectID: w.Project("red", "web"), RoleIDs: []string{w.Role("member")},
		CreatedAt: w.Clock.Now(), Methods: []string{"password"}, AuthTime: w.Clock.Now(), ExpiresAt: expires,
	}
	if c.Secret, err = auth.NewVault(nil, nil, ring).HashSecret(ctx, c.ID, secret, true); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateAppCredential(ctx, c); err != nil {
		t.Fatal(err)
	}
	w.Secret(secret)
	return c.ID
}

func basic(name, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+secret))
}

func TestOAuth2ClientCredentials(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		soon := w.Clock.Now().Add(90 * time.Second)
		id := clientOf(t, w, "ann", "oauth2-s3cret@1+%41", &soon)
		clientOf(t, w, "ben", "oauth2-bens-secret", nil)
		secret := url.QueryEscape("oauth2-s3cret@1+%41")
		const grant = "grant_type=client_credentials"
		form := func(name, body string, want int, has string, header ...string) apitest.Case {
			h := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
			for i := 0; i < len(header); i += 2 {
				h[header[i]] = header[i+1]
			}
			return apitest.Case{Name: name, Do: "POST " + oauth2Path, Body: body, Header: h, Want: want, Has: has}
		}
		token := func(c apitest.Case) apitest.Case {
			c.Check = func(t *testing.T, r *apitest.Response) {
				w.Secret(r.Str("access_token"))
				if n := r.Int("expires_in"); n != 90 || r.Str("token_type") != "Bearer" || r.Header.Get("Pragma") != "no-cache" {
					t.Errorf("%s %v", r.Body, r.Header)
				}
				shown := w.In(t).Get("/v3/auth/tokens", apitest.Token(r.Str("access_token")), apitest.Header("X-Subject-Token", r.Str("access_token"))).Want(200)
				if shown.Str("token.project.id") != w.ID("red/web") || shown.Str("token.methods.0") != "application_credential" {
					t.Errorf("the token is %s", shown.Body)
				}
			}
			return c
		}
		challenged := func(c apitest.Case, n int) apitest.Case {
			c.Check = func(t *testing.T, r *apitest.Response) {
				if got := r.Header.Values("WWW-Authenticate"); len(got) != n {
					t.Errorf("challenges %q", got)
				}
			}
			return c
		}
		w.Run(t, []apitest.Case{
			form("no body", "", 400, `"invalid_request"`),
			form("no grant type", "client_id=a&client_secret=b", 400, `"invalid_request"`),
			form("an empty grant type", "grant_type=&client_id=a&client_secret=b", 400, `"invalid_request"`),
			form("a grant type twice", grant+"&"+grant, 400, `"invalid_request"`),
			form("no form", grant+"&client_id=%zz", 400, `"invalid_request"`),
			form("NUL", grant+"&client_id=%00&client_secret=a", 400, `"invalid_request"`),
			form("no UTF-8", grant+"&client_id=%ff&client_secret=a", 400, `"invalid_request"`),
			form("JSON", `{"grant_type":"client_credentials"}`, 400, `"invalid_request"`, "Content-Type", "application/json"),
			form("another grant type", "grant_type=password&username=a&password=b", 400, `"unsupported_grant_type"`),
			form("secret and Basic", grant+"&client_id="+id+"&client_secret="+secret, 400, `"invalid_request"`, "Authorization", basic(id, "x")),
			form("another client than in Basic", grant+"&client_id=cred-ben", 400, `"invalid_request"`, "Authorization", basic(id, "x")),
			challenged(form("no client", grant, 401, `"invalid_client"`), 1),
			form("no secret", grant+"&client_id="+id, 401, `"invalid_client"`),
			form("in the query", grant, 401, `"invalid_client"`),
			challenged(form("Basic that is no base64", grant, 401, `"invalid_client"`, "Authorization", "Basic !"), 2),
			form("a wrong secret", grant+"&client_id="+id+"&client_secret=wrong", 401, `"invalid_client"`),
			form("an unknown client", grant+"&client_id=nobody&client_secret=wrong", 401, `"invalid_client"`),
			form("the secret of another", grant+"&client_id=cred-ben&client_secret="+secret, 401, `"invalid_client"`),
			token(form("in the form", grant+"&client_id="+id+"&client_secret="+secret, 200, "")),
			token(form("by Basic, as Keystone's clients send it", grant, 200, "", "Authorization", basic(id, "oauth2-s3cret@1+%41"))),
			token(form("by Basic, as RFC 6749 says", grant+"&client_id="+id, 200, "", "Authorization", basic(url.QueryEscape(id), secret))),
		})
		body := grant + "&client_id=" + id + "&client_secret=" + secret
		post := func(body string) *apitest.Response {
			return w.Post(oauth2Path, body, apitest.Header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"))
		}
		w.Post(oauth2Path+"?client_id=%zz", grant, apitest.Header("Content-Type", "application/x-www-form-urlencoded")).Want(400).Has(`"invalid_request"`)
		w.Clock.Advance(90 * time.Second)
		post(body).Want(http.StatusUnauthorized).Has(`"invalid_client"`) // its time is over
		w.Patch("/v3/users/{ben}", `{"user":{"options":{"multi_factor_auth_rules":[["password","totp"]]}}}`, w.As("admin")).Want(200)
		post(grant + "&client_id=cred-ben&client_secret=oauth2-bens-secret").Want(http.StatusUnauthorized).Has(`"reason":"second_factor_required"`)
		w.Patch("/v3/users/{ben}", `{"user":{"options":{"multi_factor_auth_rules":[["password"]]}}}`, w.As("admin")).Want(200)
		post(grant + "&client_id=cred-ben&client_secret=oauth2-bens-secret").Want(http.StatusOK)
	})
}
