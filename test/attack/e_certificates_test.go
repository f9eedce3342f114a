package attack_test

import (
	"crypto/x509/pkix"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// certified lets alice, who works on red/p1, sign in with a certificate, and returns hers and bob's.
func certified(w *apitest.World) (alice, bob []byte) {
	cast(w)
	w.Name("0", "{0}")
	w.Put("/v3/OS-FEDERATION/mappings/oauth2_mapping", w.As("sysadmin"), apitest.Body(`{"mapping":{"rules":[{
		"local":[{"user":{"id":"{0}"}}],"remote":[{"type":"SSL_CLIENT_SUBJECT_DN_UID"}]}]}}`)).Want(http.StatusCreated)
	for _, user := range []string{"alice", "bob"} {
		w.Patch("/v3/users/{"+user+"}", `{"user":{"default_project_id":"{red/p1}"}}`, w.As("sysadmin")).Want(http.StatusOK)
	}
	return certificateOf(w, "alice", time.Hour), certificateOf(w, "bob", time.Hour)
}

func certificateOf(w *apitest.World, user string, life time.Duration) []byte {
	uid := pkix.AttributeTypeAndValue{Type: []int{0, 9, 2342, 19200300, 100, 1, 1}, Value: w.ID(user)}
	return w.Certificate(pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{uid}}, life)
}

func grantTo(w *apitest.World, client string, with ...apitest.With) *apitest.Response {
	with = append(with, apitest.Header("Content-Type", "application/x-www-form-urlencoded"))
	r := w.Post("/v3/OS-OAUTH2/token", "grant_type=client_credentials&client_id="+client, with...)
	if r.Status == http.StatusOK {
		w.Secret(r.Str("access_token"))
	}
	return r
}

// boundAndLive fails the test unless the token is good for who shows the certificate, and for services that ask.
func boundAndLive(t *testing.T, w *apitest.World, token string, certificate []byte) {
	t.Helper()
	if r := validate(w, token); r.Status != http.StatusOK || r.Str("token.oauth2_credential.x5t#S256") == "" {
		t.Errorf("validation says %d: %.300s", r.Status, r.Body)
	}
	w.Get("/v3/auth/projects", apitest.Token(token), apitest.ShowCertificate(certificate)).Want(http.StatusOK)
}

// spellings are how somebody who is no proxy may write the header.
func spellings(der []byte) map[string]apitest.With {
	value := apitest.CertificateValue(der)
	all := map[string]apitest.With{"twice": apitest.Headers(apitest.CertificateHeader, value, value)}
	for _, name := range []string{
		apitest.CertificateHeader, "client-cert", "CLIENT-CERT", "Client_Cert", "X-Client-Cert", "Ssl-Client-Cert", "X-Ssl-Client-Cert",
		"X-Forwarded-Client-Cert", "X-Forwarded-Tls-Client-Cert", "Client-Cert-Chain",
	} {
		all[name] = apitest.Header(name, value)
	}
	return all
}

func TestECertificatesAreBelievedFromProxiesOnly(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, apitest.WithCertificates)
	alice, _ := certified(w)
	token := grantTo(w, w.ID("alice"), apitest.ShowCertificate(alice)).Want(http.StatusOK).Str("access_token")
	far := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	apart, _ := w.Node(func(c *config.Config) { c.TrustedProxies = far })
	for name, with := range spellings(alice) {
		// Saying that one comes from a proxy's address does not make one a proxy.
		for _, by := range []string{"192.0.2.1", "127.0.0.1, 192.0.2.1", "::ffff:192.0.2.1", ""} {
			from := []apitest.With{with, apitest.Header("X-Forwarded-For", by), apitest.Header("X-Real-Ip", by), apitest.Header("Forwarded", "for="+by)}
			if r := grantTo(apart, w.ID("alice"), from...); r.Status != http.StatusUnauthorized {
				t.Errorf("%s from %q: %d %s", name, by, r.Status, r.Body)
			}
			if r := apart.Get("/v3/auth/projects", append(from, apitest.Token(token))...); r.Status != http.StatusUnauthorized {
				t.Errorf("%s from %q with her token: %d %s", name, by, r.Status, r.Body)
			}
		}
	}
	boundAndLive(t, w, token, alice)
}

func TestECertificatesAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		alice, bob := certified(w)
		over, later := certificateOf(w, "alice", -time.Second), apitest.CertificateValue(alice)
		refusals := map[string]string{}
		for name, with := range map[string]apitest.With{
			"none": apitest.Header("Accept", "*/*"), "bob's": apitest.ShowCertificate(bob), "one that is over": apitest.ShowCertificate(over),
			"two": apitest.Headers(apitest.CertificateHeader, later, later), "two, hers first": apitest.Headers(apitest.CertificateHeader, later, apitest.CertificateValue(bob)),
			"two in one": apitest.Header(apitest.CertificateHeader, later+", "+apitest.CertificateValue(bob)), "her id": apitest.Header(apitest.CertificateHeader, w.ID("alice")),
			"with a parameter": apitest.Header(apitest.CertificateHeader, later+";a"), "cut": apitest.Header(apitest.CertificateHeader, later[:len(later)/2]+":"),
			"nobody's": apitest.ShowCertificate(w.Certificate(pkix.Name{CommonName: "alice"}, time.Hour)),
			"with more than one id": apitest.ShowCertificate(w.Certificate(pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
				{Type: []int{0, 9, 2342, 19200300, 100, 1, 1}, Value: w.ID("bob")}, {Type: []int{0, 9, 2342, 19200300, 100, 1, 1}, Value: w.ID("alice")},
			}}, time.Hour)),
			"with a NUL": apitest.ShowCertificate(w.Certificate(pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
				{Type: []int{0, 9, 2342, 19200300, 100, 1, 1}, Value: w.ID("alice") + "\x00"},
			}}, time.Hour)),
			"with a placeholder": apitest.ShowCertificate(w.Certificate(pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
				{Type: []int{0, 9, 2342, 19200300, 100, 1, 1}, Value: "{0}"},
			}}, time.Hour)),
		} {
			r := grantTo(w, w.ID("alice"), with)
			if r.Status != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", name, r.Status, r.Body)
			}
			refusals[string(r.Body)] = name
		}
		for _, client := range []string{"nobody", strings.Repeat("0", 32), w.ID("bob"), "alice", w.ID("alice") + "%20", "%27+OR+1%3D1--"} {
			r := grantTo(w, client, apitest.ShowCertificate(alice))
			if r.Status != http.StatusUnauthorized {
				t.Errorf("alice's certificate for %s: %d %s", client, r.Status, r.Body)
			}
			refusals[string(r.Body)] = client
		}
		if len(refusals) != 1 {
			t.Errorf("refusals can be told apart: %v", refusals)
		}
		token := grantTo(w, w.ID("alice"), apitest.ShowCertificate(alice)).Want(http.StatusOK).Str("access_token")
		renewed := certificateOf(w, "alice", time.Hour) // of the same person, with another key
		for name, with := range map[string]apitest.With{
			"no certificate": apitest.Header("Accept", "*/*"), "bob's": apitest.ShowCertificate(bob), "another of hers": apitest.ShowCertificate(renewed),
			"two": apitest.Headers(apitest.CertificateHeader, later, later),
		} {
			for _, do := range []string{
				"GET /v3/auth/tokens", "HEAD /v3/auth/tokens", "DELETE /v3/auth/tokens", "GET /v3/auth/projects", "GET /v3/auth/catalog", "GET /v3/users/{alice}", "GET /v2.0/tenants",
			} {
				method, path, _ := strings.Cut(do, " ")
				if r := w.Do(method, path, with, apitest.Token(token), apitest.Header("X-Subject-Token", token)); r.Status != http.StatusUnauthorized {
					t.Errorf("%s with %s: %d %s", do, name, r.Status, r.Body)
				}
			}
		}
		boundAndLive(t, w, token, alice)
	}, apitest.WithCertificates)
}

func TestETokensOfCertificatesLeadNowhereElse(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, apitest.WithCertificates)
	alice, _ := certified(w)
	token := grantTo(w, w.ID("alice"), apitest.ShowCertificate(alice)).Want(http.StatusOK).Str("access_token")
	with := []apitest.With{apitest.Token(token), apitest.ShowCertificate(alice)}
	for do, body := range map[string]string{
		"POST /v3/users/{alice}/application_credentials": `{"application_credential":{"name":"x"}}`,
		"POST /v3/users/{alice}/credentials/OS-EC2":      `{"tenant_id":"{red/p1}"}`,
		"POST /v3/credentials":                           `{"credential":{"type":"cert","user_id":"{alice}","blob":"x"}}`,
		"POST /v3/OS-TRUST/trusts":                       `{"trust":{"trustor_user_id":"{alice}","trustee_user_id":"{bob}","impersonation":false,"project_id":"{red/p1}","roles":[{"name":"member"}]}}`,
		"POST /v3/users/{alice}/mfa/totp":                `{"totp":{"name":"phone"}}`,
		"PATCH /v3/users/{alice}":                        `{"user":{"description":"x"}}`,
	} {
		method, path, _ := strings.Cut(do, " ")
		if r := w.Do(method, path, append(with, apitest.Body(body))...); r.Status != http.StatusForbidden {
			t.Errorf("%s: %d %s", do, r.Status, r.Body)
		}
	}
	for _, scope := range []string{"", `,"scope":"unscoped"`, `,"scope":{"project":{"id":"{red/p1}"}}`, `,"scope":{"system":{"all":true}}`} {
		body := `{"auth":{"identity":{"methods":["token"],"token":{"id":"` + token + `"}}` + scope + `}}`
		if r := w.Post("/v3/auth/tokens", body, apitest.ShowCertificate(alice)); r.Status != http.StatusForbidden {
			t.Errorf("continued for %q: %d %s", scope, r.Status, r.Body)
		}
	}
	w.Post("/v2.0/tokens", `{"auth":{"token":{"id":"`+token+`"},"tenantId":"{red/p1}"}}`, apitest.ShowCertificate(alice)).Want(http.StatusForbidden)
	w.Patch("/v3/users/{alice}", `{"user":{"enabled":false}}`, w.As("sysadmin")).Want(http.StatusOK)
	w.Get("/v3/auth/projects", with...).Want(http.StatusUnauthorized)
	grantTo(w, w.ID("alice"), apitest.ShowCertificate(alice)).Want(http.StatusUnauthorized)
}
