package attack_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// signedS3 is a text of S3's own at a time.
func signedS3(access, secret string, at time.Time) map[string]any {
	text := "GET\n\n\n" + at.UTC().Format(http.TimeFormat) + "\n/bucket"
	h := hmac.New(sha1.New, []byte(secret))
	h.Write([]byte(text))
	return map[string]any{"credentials": map[string]any{
		"access": access, "signature": base64.StdEncoding.EncodeToString(h.Sum(nil)), "token": base64.URLEncoding.EncodeToString([]byte(text)),
	}}
}

// signatures are the ways in with what an access key signed.
var signatures = map[string]func(access, secret string, at time.Time) map[string]any{
	"/v3/ec2tokens": apitest.SignedEC2, "/v3/s3tokens": signedS3, "/v2.0/ec2tokens": apitest.SignedEC2, "/v2.0/s3tokens": signedS3,
}

func TestF8SignaturesAreForServicesAndTheLiving(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		withKey(w, "alice", "her-access", "her-secret-text")
		service := w.As("service@red/p1")
		ask := func(with ...apitest.With) map[string]*apitest.Response {
			answers := map[string]*apitest.Response{}
			for path, sign := range signatures {
				answers[path] = w.Post(path, sign("her-access", "her-secret-text", w.Clock.Now()), with...)
			}
			return answers
		}
		for who, row := range map[string]struct {
			with []apitest.With
			want int
		}{
			"nobody": {nil, 401}, "she herself": {[]apitest.With{apitest.Token(w.Token("alice", "project:red/p1"))}, 403},
			"a manager": {[]apitest.With{w.As("manager@red/p1")}, 403}, "a domain's administrator": {[]apitest.With{w.As("admin@red")}, 403},
			"a reader of the system": {[]apitest.With{w.As("reader@system")}, 403},
		} {
			for path, r := range ask(row.with...) {
				if r.Status != row.want {
					t.Errorf("%s by %s: %d, want %d", path, who, r.Status, row.want)
				}
				r.Never("her-secret-text")
			}
		}
		for path, r := range ask(service) {
			if want := map[bool]int{true: 200, false: 401}[strings.HasPrefix(path, "/v3")]; r.Status != want { // v2.0 knows the default domain only
				t.Errorf("%s: %d, want %d: %s", path, r.Status, want, r.Body)
			}
		}
		dead := func(what string) {
			t.Helper()
			for path, r := range ask(service) {
				if r.Status != 401 {
					t.Errorf("%s: %s answers %d", what, path, r.Status)
				}
			}
		}
		set := func(path, kind string, yes bool) {
			t.Helper()
			w.Patch(path, enabled(kind, yes), w.As("sysadmin")).Want(http.StatusOK)
		}
		set("/v3/users/{alice}", "user", false)
		dead("a disabled user")
		set("/v3/users/{alice}", "user", true)
		w.Delete("/v3/projects/{red/p1}/users/{alice}/roles/{role member}", w.As("sysadmin")).Want(http.StatusNoContent)
		dead("a former member")
		w.Grant("alice", "member", "project:red/p1")
		service = w.As("sysadmin") // the service's own project goes with it
		set("/v3/projects/{red/p1}", "project", false)
		dead("a disabled project")
		set("/v3/projects/{red/p1}", "project", true)
		set("/v3/domains/{red}", "domain", false)
		dead("a disabled domain")
	})
}

func TestF10SignaturesAreForTheirTimeAndRequest(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		withKey(w, "alice", "her-access", "her-secret-text")
		withKey(w, "bob", "bobs-access", "bobs-secret-text")
		service := w.As("service@red/p1")
		now := w.Clock.Now()
		for path, sign := range signatures {
			for _, body := range map[string]map[string]any{
				"16 minutes old": sign("her-access", "her-secret-text", now.Add(-16*time.Minute)), "16 minutes ahead": sign("her-access", "her-secret-text", now.Add(16*time.Minute)),
				"another's secret": sign("her-access", "bobs-secret-text", now), "no secret": sign("her-access", "", now),
			} {
				w.Post(path, body, service).Want(http.StatusUnauthorized).Never("her-secret-text")
			}
		}
		for field, value := range map[string]any{
			"verb": "POST", "path": "/x", "host": "other.test", "access": "bobs-access", "signature": "", "params": map[string]any{
				"Action": "Delete", "SignatureMethod": "HmacSHA256", "SignatureVersion": "2", "Timestamp": now.UTC().Format(time.RFC3339),
			},
		} {
			body := apitest.SignedEC2("her-access", "her-secret-text", now)
			body["credentials"].(map[string]any)[field] = value
			if r := w.Post("/v3/ec2tokens", body, service); r.Status != http.StatusUnauthorized {
				t.Errorf("another %s: %d", field, r.Status)
			}
		}
	})
}

// TestB11AccessKeys: a key knows no more than the sign-in that it was made with.
func TestB11AccessKeys(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("mia", "default")
		w.Name("home", w.Post("/v3/projects", `{"project":{"name":"home","domain_id":"default"}}`, w.As("sysadmin")).Want(http.StatusCreated).Str("project.id"))
		w.Put("/v3/projects/{home}/users/{mia}/roles/"+w.Role("member"), w.As("sysadmin")).Want(http.StatusNoContent)
		newKey := func(token string) (string, string) {
			body := map[string]any{"auth": map[string]any{"identity": map[string]any{"methods": []string{"token"}, "token": map[string]any{"id": token}}, "scope": onProject(w.ID("home"))}}
			scoped := w.Post("/v3/auth/tokens", body).Want(http.StatusCreated).Token()
			r := w.Post("/v3/users/{mia}/credentials/OS-EC2", `{"tenant_id":"{home}"}`, apitest.Token(scoped)).Want(http.StatusCreated)
			w.Secret(r.Str("credential.secret"))
			return r.Str("credential.access"), r.Str("credential.secret")
		}
		access, secret := newKey(w.Token("mia", ""))
		service := w.As("sysadmin")
		for path, sign := range signatures {
			w.Post(path, sign(access, secret, w.Clock.Now()), service).Want(http.StatusOK)
		}
		withSeed(w, "mia", aSeed)
		for path, sign := range signatures {
			r := w.Post(path, sign(access, secret, w.Clock.Now()), service).Want(http.StatusUnauthorized)
			if reason := r.Str("error.reason"); reason != "second_factor_required" && reason != "mfa_requires_v3" {
				t.Errorf("%s: %s", path, r.Body)
			}
		}
		access, secret = newKey(strongToken(t, w, "mia", aSeed))
		for path, sign := range signatures {
			want := http.StatusOK
			if strings.HasPrefix(path, "/v2.0") {
				want = http.StatusUnauthorized
			}
			w.Post(path, sign(access, secret, w.Clock.Now()), service).Want(want)
		}
	})
}
