package v3_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// ec2Body is a request of EC2, signed by version 2 at a time.
func ec2Body(access, secret string, at time.Time) map[string]any {
	params := map[string]string{"SignatureVersion": "2", "SignatureMethod": "HmacSHA256", "Timestamp": at.UTC().Format(time.RFC3339)}
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte("GET\nec2.test\n/\nSignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=" + strings.ReplaceAll(params["Timestamp"], ":", "%3A")))
	return map[string]any{
		"access": access, "signature": base64.StdEncoding.EncodeToString(h.Sum(nil)), "host": "ec2.test:8773", "verb": "GET", "path": "/",
		"params": params, "headers": nil, "body_hash": nil,
	}
}

// s3Body is a text of S3's own, signed at a time.
func s3Body(access, secret string, at time.Time) map[string]any {
	text := "GET\n\n\n" + at.UTC().Format(http.TimeFormat) + "\n/bucket/?\xc3\xa4~"
	h := hmac.New(sha1.New, []byte(secret))
	h.Write([]byte(text))
	return map[string]any{
		"access": access, "signature": base64.StdEncoding.EncodeToString(h.Sum(nil)), "token": base64.URLEncoding.EncodeToString([]byte(text)),
	}
}

func credentials(of map[string]any) map[string]any { return map[string]any{"credentials": of} }

func TestAccessKeysOfUsers(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("ben", "red")
		w.Grant("ann", "member", "project:red/web")
		w.Grant("ben", "reader", "project:red/web")
		w.Project("red", "db")
		w.Name("ann", w.ID("ann"))
		bearer := func(user, scope string) map[string]string {
			return map[string]string{"X-Auth-Token": w.Token(user, scope)}
		}
		ann, ben := bearer("ann", "project:red/web"), bearer("ben", "project:red/web")
		const all, body = "/v3/users/{ann}/credentials/OS-EC2", `{"tenant_id":"{red/web}"}`
		post := func(name string, as map[string]string, body string, want int) apitest.Case {
			return apitest.Case{Name: name, Header: as, Do: "POST " + all, Body: body, Want: want}
		}
		w.Run(t, []apitest.Case{
			post("nobody", nil, body, 401),
			post("another", ben, body, 403),
			post("she herself without a role", bearer("ann", "unscoped"), body, 403),
			{Name: "a reader for himself", Header: ben, Do: "POST /v3/users/{ben}/credentials/OS-EC2", Body: body, Want: 403},
			post("no project", ann, `{}`, 400),
			post("a project that is null", ann, `{"tenant_id":null}`, 400),
			post("a project that is a number", ann, `{"tenant_id":1}`, 400),
			post("a project without a role of hers", ann, `{"tenant_id":"{red/db}"}`, 403),
			post("a project that is not there", ann, `{"tenant_id":"none"}`, 403),
			{Name: "a project that is not there, for another", As: "admin", Do: "POST " + all, Body: `{"tenant_id":"none"}`, Want: 404},
			{Name: "nobody's key", As: "admin", Do: "POST /v3/users/none/credentials/OS-EC2", Body: body, Want: 404},
			{As: "reader@system", Do: "POST " + all, Body: body, Want: 403},
			{As: "manager@red", Do: "POST " + all, Body: body, Want: 403},
			{As: "admin@blue", Do: "POST " + all, Body: body, Want: 403},
		})
		made := w.Post(all, body, apitest.Token(ann["X-Auth-Token"])).Want(http.StatusCreated)
		access, secret := made.Str("credential.access"), made.Str("credential.secret")
		w.Secret(secret)
		w.Name("key", access)
		w.Post("/v3/users/{ben}/credentials/OS-EC2", body, w.As("admin")).Want(http.StatusCreated)
		if made.Str("credential.tenant_id") != w.ID("red/web") || made.Str("credential.user_id") != w.ID("ann") || len(access) != 32 || len(secret) != 32 ||
			!strings.HasSuffix(made.Str("credential.links.self"), w.Expand("/v3/users/{ann}/credentials/OS-EC2/{key}")) {
			t.Errorf("made %s", made.Body)
		}
		w.Run(t, []apitest.Case{
			{Name: "another's list", Header: ben, Do: "GET " + all, Want: 403, Never: secret},
			{Name: "another's key", Header: ben, Do: "GET " + all + "/{key}", Want: 403, Never: secret},
			{Name: "another's key by his own path", Header: ben, Do: "GET /v3/users/{ben}/credentials/OS-EC2/{key}", Want: 403, Never: secret},
			{Name: "her key by another path", As: "admin", Do: "GET /v3/users/{ben}/credentials/OS-EC2/{key}", Want: 404, Never: secret},
			{Name: "an unknown key", As: "admin", Do: "GET " + all + "/none", Want: 404},
			{Name: "an unknown key, for her", Header: ann, Do: "GET " + all + "/none", Want: 403},
			{Name: "a key of wild letters", As: "admin", Do: "GET " + all + "/%00%20%C3%A4", Want: 404},
			{Name: "gone by another", Header: ben, Do: "DELETE " + all + "/{key}", Want: 403},
			{Name: "gone by another path", As: "admin", Do: "DELETE /v3/users/{ben}/credentials/OS-EC2/{key}", Want: 404},
			{Name: "gone without a role", Header: bearer("ann", "unscoped"), Do: "DELETE " + all + "/{key}", Want: 403},
			{As: "reader@system", Do: "DELETE " + all + "/{key}", Want: 403},
			{As: "admin@blue", Do: "GET " + all + "/{key}", Want: 403, Never: secret},
			{Name: "she sees it", Header: ann, Do: "GET " + all + "/{key}", Want: 200, Check: shows(w, "credential.secret", `"`+secret+`"`, "credential.trust_id", "null")},
			{As: "reader@system", Do: "GET " + all + "/{key}", Want: 200},
			{Name: "her list", Header: ann, Do: "GET " + all, Want: 200, Check: func(t *testing.T, r *apitest.Response) {
				if len(r.List("credentials")) != 1 || r.Str("credentials.0.access") != access {
					t.Errorf("got %s", r.Body)
				}
			}},
			{Name: "the same as a credential", As: "admin", Do: "GET /v3/credentials/" + accessID(access), Want: 200},
		})
		w.Clock.Advance(11 * time.Minute)
		w.Post(all, body, apitest.Token(ann["X-Auth-Token"])).Want(http.StatusUnauthorized).Has("reauthentication_required")
		w.Delete(all+"/{key}", apitest.Token(ann["X-Auth-Token"])).Want(http.StatusUnauthorized)
		w.Delete(all+"/{key}", apitest.Token(w.Token("ann", "project:red/web"))).Want(http.StatusNoContent)
		w.Get(all+"/{key}", w.As("admin")).Want(http.StatusNotFound)
	})
}

// TestSigningInWithAKey goes through the life of a key's tokens.
func TestSigningInWithAKey(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.Grant("ann", "member", "project:red/web")
		const all, body = "/v3/users/{ann}/credentials/OS-EC2", `{"tenant_id":"{red/web}"}`
		made := w.Post(all, body, apitest.Token(w.Token("ann", "project:red/web"))).Want(http.StatusCreated)
		access, secret := made.Str("credential.access"), made.Str("credential.secret")
		w.Secret(secret)
		w.Name("key", access)
		service := w.As("service@red/web")
		signIn := func(name string) *apitest.Response {
			return w.Post("/v3/ec2tokens", map[string]any{name: ec2Body(access, secret, w.Clock.Now())}, service)
		}
		w.Post("/v3/ec2tokens", map[string]any{}, service).Want(http.StatusBadRequest)
		w.Post("/v3/s3tokens", map[string]any{}, service).Want(http.StatusBadRequest)
		w.Post("/v3/s3tokens", credentials(map[string]any{"access": access, "token": "ä", "signature": "x"}), service).Want(http.StatusBadRequest)
		w.Post("/v3/ec2tokens", credentials(map[string]any{"signature": "x"}), service).Want(http.StatusUnauthorized)
		w.Post("/v3/ec2tokens", credentials(ec2Body("none", secret, w.Clock.Now())), service).Want(http.StatusNotFound)

		r := signIn("credentials").Want(http.StatusOK)
		first := r.Token()
		if r.Str("token.methods.0") != "ec2credential" || r.Str("token.project.id") != w.ID("red/web") ||
			r.Str("token.user.id") != w.ID("ann") || r.Str("token.roles.0.name") != "member" && r.Str("token.roles.1.name") != "member" {
			t.Errorf("got %s", r.Body)
		}
		for _, name := range []string{"credential", "ec2Credentials"} {
			signIn(name).Want(http.StatusOK)
		}
		w.Post("/v3/ec2tokens", map[string]any{"credential": map[string]any{}, "credentials": ec2Body(access, secret, w.Clock.Now())}, service).Want(http.StatusBadRequest)
		s3 := w.Post("/v3/s3tokens", credentials(s3Body(access, secret, w.Clock.Now())), service).Want(http.StatusOK)
		if s3.Header.Get("X-Subject-Token") != "" || s3.Str("token.user.id") != w.ID("ann") {
			t.Errorf("S3: %v %s", s3.Header, s3.Body)
		}
		// Such a token is no way to further secrets, nor to another scope.
		w.Get(all, apitest.Token(first)).Want(http.StatusForbidden)
		w.Post(all, body, apitest.Token(first)).Want(http.StatusForbidden)
		w.Get("/v3/auth/tokens", apitest.Token(first), apitest.Header("X-Subject-Token", first)).Want(http.StatusOK)

		// Another secret ends what was made with the old one, and so does the end of the key.
		w.Patch("/v3/credentials/"+accessID(access), map[string]any{"credential": map[string]any{"blob": `{"access":"` + access + `","secret":"` + secret + `2"}`}}, w.As("admin")).Want(http.StatusOK)
		w.Get("/v3/auth/tokens", service, apitest.Header("X-Subject-Token", first)).Want(http.StatusNotFound)
		signIn("credentials").Want(http.StatusUnauthorized).Has("wrong_signature")
		secret += "2"
		w.Secret(secret)
		second := signIn("credentials").Want(http.StatusOK)
		w.Delete(all+"/{key}", w.As("admin")).Want(http.StatusNoContent)
		w.Get("/v3/auth/tokens", service, apitest.Header("X-Subject-Token", second.Token())).Want(http.StatusNotFound)
		signIn("credentials").Want(http.StatusNotFound)

		// The same access key made again begins a session of its own.
		w.Post("/v3/credentials", keyBody(access, secret, ""), w.As("admin")).Want(http.StatusCreated)
		third := signIn("credentials").Want(http.StatusOK).Token()
		w.Get("/v3/auth/tokens", service, apitest.Header("X-Subject-Token", third)).Want(http.StatusOK)
		w.Delete("/v3/credentials/"+accessID(access), w.As("admin")).Want(http.StatusNoContent)
		w.Get("/v3/auth/tokens", service, apitest.Header("X-Subject-Token", third)).Want(http.StatusNotFound)
	})
}
