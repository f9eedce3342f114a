package v3_test

import (
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

const certificateMapping = `{"mapping":{"rules":[{
	"local":[{"user":{"name":"{0}","domain":{"name":"{1}"}}}],
	"remote":[{"type":"SSL_CLIENT_SUBJECT_DN_CN"},{"type":"SSL_CLIENT_SUBJECT_DN_O"},{"type":"SSL_CLIENT_ISSUER_DN_CN","any_one_of":["Root"]}]}]}}`

// holder makes a user of the domain red who works on red/web, and a certificate of his.
func holder(w *apitest.World, user string) []byte {
	w.User(user, "red")
	w.Grant(user, "member", "project:red/web")
	w.Patch("/v3/users/{"+user+"}", `{"user":{"default_project_id":"{red/web}"}}`, w.As("admin")).Want(http.StatusOK)
	return w.Certificate(pkix.Name{CommonName: user, Organization: []string{"red"}}, 24*time.Hour)
}

// byCertificate asks for a token for a client, with what a proxy adds.
func byCertificate(w *apitest.World, client string, with ...apitest.With) *apitest.Response {
	with = append(with, apitest.Header("Content-Type", "application/x-www-form-urlencoded"))
	r := w.Post(oauth2Path, "grant_type=client_credentials&client_id="+client, with...)
	if r.Status == http.StatusOK {
		w.Secret(r.Str("access_token"))
	}
	return r
}

func TestOAuth2CertificatesThatAreRefused(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		placeholders(w)
		ann, ben, off := holder(w, "ann"), holder(w, "ben"), holder(w, "off")
		w.Patch("/v3/users/{off}", `{"user":{"enabled":false}}`, w.As("admin")).Want(http.StatusOK)
		homeless, roleless := holder(w, "homeless"), holder(w, "roleless")
		w.Patch("/v3/users/{homeless}", `{"user":{"default_project_id":null}}`, w.As("admin")).Want(http.StatusOK)
		w.Delete("/v3/projects/{red/web}/users/{roleless}/roles/{role member}", w.As("admin")).Want(http.StatusNoContent)
		stranger := w.Certificate(pkix.Name{CommonName: "nobody", Organization: []string{"red"}}, time.Hour)
		elsewhere := w.Certificate(pkix.Name{CommonName: "ann", Organization: []string{"default"}}, time.Hour)
		twice := w.Certificate(pkix.Name{CommonName: "ann", Organization: []string{"red", "red"}}, time.Hour)
		over := w.Certificate(pkix.Name{CommonName: "ann", Organization: []string{"red"}}, -time.Minute)
		byCertificate(w, w.ID("ann"), apitest.ShowCertificate(ann)).Want(http.StatusUnauthorized).Has(`"invalid_client"`) // no mapping yet
		w.Put(maps+"/oauth2_mapping", w.As("admin"), apitest.Body(certificateMapping)).Want(http.StatusCreated)
		closed, _ := w.Node(func(c *config.Config) { c.OAuth2.ClientCertificateHeader = "" })
		apart, _ := w.Node(func(c *config.Config) { c.TrustedProxies = nil })
		var first string
		for _, row := range []struct {
			name, client string
			with         apitest.With
			at           *apitest.World
		}{
			{"no certificate", "ann", apitest.Header("Accept", "*/*"), w},
			{"an empty header", "ann", apitest.Header(apitest.CertificateHeader, ""), w},
			{"something unreadable", "ann", apitest.Header(apitest.CertificateHeader, ":AAAA:"), w},
			{"twice", "ann", apitest.Headers(apitest.CertificateHeader, apitest.CertificateValue(ann), apitest.CertificateValue(ann)), w},
			{"another header", "ann", apitest.Header("Ssl-Client-Cert", apitest.CertificateValue(ann)), w},
			{"a server that believes nobody", "ann", apitest.ShowCertificate(ann), apart},
			{"a server that knows no certificates", "ann", apitest.ShowCertificate(ann), closed},
			{"over", "ann", apitest.ShowCertificate(over), w},
			{"of another", "ann", apitest.ShowCertificate(ben), w},
			{"of a namesake in another domain", "ann", apitest.ShowCertificate(elsewhere), w},
			{"with the organization twice", "ann", apitest.ShowCertificate(twice), w},
			{"of nobody", "ann", apitest.ShowCertificate(stranger), w},
			{"for nobody", "none", apitest.ShowCertificate(ann), w},
			{"of a user who is disabled", "off", apitest.ShowCertificate(off), w},
			{"without a default project", "homeless", apitest.ShowCertificate(homeless), w},
			{"without a role there", "roleless", apitest.ShowCertificate(roleless), w},
		} {
			client := row.client
			if client != "none" {
				client = w.ID(client)
			}
			r := byCertificate(row.at.In(t), client, row.with)
			if first == "" {
				first = string(r.Body)
			}
			if r.Status != http.StatusUnauthorized || string(r.Body) != first || !strings.Contains(first, `"invalid_client"`) {
				t.Errorf("%s: %d %s", row.name, r.Status, r.Body)
			}
		}
		w.Clock.Advance(-2 * time.Hour)
		byCertificate(w, w.ID("ann"), apitest.ShowCertificate(ann)).Want(http.StatusUnauthorized) // it is not good yet
		w.Clock.Advance(2 * time.Hour)

		w.Patch("/v3/users/{ann}", `{"user":{"options":{"multi_factor_auth_rules":[["password","totp"]]}}}`, w.As("admin")).Want(http.StatusOK)
		byCertificate(w, w.ID("ann"), apitest.ShowCertificate(ann)).Want(http.StatusUnauthorized).Has(`"reason":"second_factor_required"`)
		byCertificate(w, w.ID("ann"), apitest.ShowCertificate(ben)).Want(http.StatusUnauthorized).Never("reason")
		w.Patch("/v3/users/{ann}", `{"user":{"options":{"multi_factor_auth_rules":[["password","totp"],["oauth2_credential"]]}}}`, w.As("admin")).Want(http.StatusOK)
		byCertificate(w, w.ID("ann"), apitest.ShowCertificate(ann)).Want(http.StatusOK)
		w.SignIn("ann", "").Want(http.StatusUnauthorized).Never("oauth2_credential") // people are not asked for it
	}, apitest.WithCertificates)
}

func TestOAuth2Certificates(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		placeholders(w)
		ann, ben := holder(w, "ann"), holder(w, "ben")
		w.Put(maps+"/oauth2_mapping", w.As("admin"), apitest.Body(certificateMapping)).Want(http.StatusCreated)
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ann})
		byCertificate(w, w.ID("ann"), apitest.Header(apitest.CertificateHeader, url.PathEscape(string(text)))).Want(http.StatusOK)

		r := byCertificate(w, w.ID("ann"), apitest.ShowCertificate(ann)).Want(http.StatusOK)
		if r.Int("expires_in") != 3600 || r.Str("token_type") != "Bearer" {
			t.Errorf("%s", r.Body)
		}
		token := r.Str("access_token")
		subject := apitest.Header("X-Subject-Token", token)
		shown := w.Get("/v3/auth/tokens", w.As("admin"), subject).Want(http.StatusOK)
		sum := sha256.Sum256(text) // what keystonemiddleware computes
		shown.Has(`"oauth2_credential":{"x5t#S256":"` + base64.URLEncoding.EncodeToString(sum[:]) + `"}`)
		shown.Has(`"methods":["oauth2_credential"]`)
		if shown.Str("token.user.id") != w.ID("ann") || shown.Str("token.project.id") != w.ID("red/web") {
			t.Errorf("%s", shown.Body)
		}
		closed, _ := w.Node(func(c *config.Config) { c.OAuth2.ClientCertificateHeader = "" })
		apart, _ := w.Node(func(c *config.Config) { c.TrustedProxies = nil })
		own := apitest.Token(token)
		for name, refused := range map[string]*apitest.Response{
			"without the certificate":          w.Get("/v3/auth/projects", own),
			"with another":                     w.Get("/v3/auth/projects", own, apitest.ShowCertificate(ben)),
			"with it twice":                    w.Get("/v3/auth/projects", own, apitest.Headers(apitest.CertificateHeader, apitest.CertificateValue(ann), apitest.CertificateValue(ann))),
			"validating itself without it":     w.Get("/v3/auth/tokens", own, subject),
			"at a server that believes nobody": apart.Get("/v3/auth/projects", own, apitest.ShowCertificate(ann)),
			"at a server without certificates": closed.Get("/v3/auth/projects", own, apitest.ShowCertificate(ann)),
			"in the v2.0 API, without it":      w.Get("/v2.0/tenants", own),
			"with something unreadable":        w.Get("/v3/auth/projects", own, apitest.Header(apitest.CertificateHeader, "-----BEGIN")),
		} {
			if refused.Status != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", name, refused.Status, refused.Body)
			}
		}
		w.Get("/v3/auth/projects", own, apitest.ShowCertificate(ann)).Want(http.StatusOK).Has(w.ID("red/web"))
		w.Get("/v3/auth/tokens", own, subject, apitest.ShowCertificate(ann)).Want(http.StatusOK)
		w.Post("/v3/auth/tokens", `{"auth":{"identity":{"methods":["token"],"token":{"id":"`+token+`"}}}}`, apitest.ShowCertificate(ann)).Want(http.StatusForbidden)
		w.Post("/v3/users/{ann}/application_credentials", `{"application_credential":{"name":"x"}}`, own, apitest.ShowCertificate(ann)).Want(http.StatusForbidden)

		id := clientOf(t, w, "cat", "oauth2-cats-secret-beside-a-certificate", nil)
		r = w.Post(oauth2Path, "grant_type=client_credentials&client_id="+id+"&client_secret=oauth2-cats-secret-beside-a-certificate",
			apitest.Header("Content-Type", "application/x-www-form-urlencoded"), apitest.ShowCertificate(ann)).Want(http.StatusOK)
		w.Secret(r.Str("access_token"))
		w.Get("/v3/auth/projects", apitest.Token(r.Str("access_token"))).Want(http.StatusOK) // the secret counted

		w.Clock.Advance(24*time.Hour - time.Minute)
		r = byCertificate(w, w.ID("ann"), apitest.ShowCertificate(ann)).Want(http.StatusOK)
		if n := r.Int("expires_in"); n < 50 || n > 60 { // a certificate's times are whole seconds
			t.Errorf("the token outlives its certificate: %s", r.Body)
		}
		w.Clock.Advance(time.Minute)
		w.Get("/v3/auth/projects", apitest.Token(r.Str("access_token")), apitest.ShowCertificate(ann)).Want(http.StatusUnauthorized)
		byCertificate(w, w.ID("ann"), apitest.ShowCertificate(ann)).Want(http.StatusUnauthorized)
	}, apitest.WithCertificates)
}
