package discovery_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	identitydoc "github.com/keyward/identity"
	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

func TestVersions(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	r := w.Get("/").Want(300)
	if got := r.Header.Get("Location"); got != apitest.PublicURL+"/v3/" {
		t.Errorf("Location: %s", got)
	}
	if ids := strings.Join(r.Names("versions.values", "id"), " "); ids != "v3.14 v2.0" {
		t.Errorf("versions: %s", ids)
	}
	for path, want := range map[string]string{"/v3": "stable", "/v3/": "stable", "/v2.0": "deprecated", "/v2.0/": "deprecated"} {
		r := w.Get(path).Want(200)
		if got := r.Str("version.status"); got != want {
			t.Errorf("%s: status %s, want %s", path, got, want)
		}
		if got := r.Str("version.links.0.href"); got != apitest.PublicURL+strings.TrimRight(path, "/")+"/" {
			t.Errorf("%s: its link is %s", path, got)
		}
	}
}

// TestLinksIgnoreTheRequest: whoever reaches the server decides nothing about where its links lead.
func TestLinksIgnoreTheRequest(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Get("/v3", apitest.Header("X-Forwarded-Host", "evil.test"), apitest.Header("X-Forwarded-Proto", "gopher"),
		apitest.Header("Forwarded", "host=evil.test")).Want(200).Never("evil.test").Never("gopher")
}

func TestJSONHome(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	const users = "https://docs.openstack.org/api/openstack-identity/3/rel/user"
	type document struct {
		Resources map[string]struct {
			Href     string            `json:"href"`
			Template string            `json:"href-template"`
			Vars     map[string]string `json:"href-vars"`
			Hints    map[string]string `json:"hints"`
		} `json:"resources"`
	}
	for path, prefix := range map[string]string{"/": "/v3", "/v3": ""} {
		r := w.Get(path, apitest.Header("Accept", "application/json-home")).Want(200)
		var d document
		if err := json.Unmarshal(r.Body, &d); err != nil {
			t.Fatal(err)
		}
		if got := d.Resources[users+"s"].Href; got != prefix+"/users" {
			t.Errorf("%s: users are at %q", path, got)
		}
		one := d.Resources[users]
		if one.Template != prefix+"/users/{user_id}" || one.Vars["user_id"] != "https://docs.openstack.org/api/openstack-identity/3/param/user_id" {
			t.Errorf("%s: a user is at %+v", path, one)
		}
		for _, name := range []string{"registered_limits", "registered_limit", "limits", "limit", "limit_model"} {
			if r := d.Resources["https://docs.openstack.org/api/openstack-identity/3/rel/"+name]; r.Href+r.Template == "" || r.Hints["status"] != "experimental" {
				t.Errorf("%s: %s is at %+v", path, name, r)
			}
		}
		if one.Hints != nil {
			t.Errorf("%s: a user is %v", path, one.Hints)
		}
		if _, ok := d.Resources["https://docs.openstack.org/api/openstack-identity/3/ext/OS-TRUST/1.0/rel/trusts"]; ok != served(w, "/v3/OS-TRUST/trusts") {
			t.Errorf("%s: trusts are listed: %t", path, ok)
		}
	}
	for accept, home := range map[string]bool{
		"application/json-home;q=0.2, application/json;q=0.8": false,
		"application/json-home, application/json":             false, // JSON wins ties
		"application/json-home;q=0.9, application/json;q=0.1": true,
		"*/*": false,
	} {
		r := w.Get("/v3", apitest.Header("Accept", accept)).Want(200)
		if got := r.Header.Get("Content-Type") == "application/json-home"; got != home {
			t.Errorf("Accept %s: JSON Home %t, want %t", accept, got, home)
		}
	}
}

func served(w *apitest.World, path string) bool {
	for _, op := range w.Server.Ops() {
		if op.Path == path {
			return true
		}
	}
	return false
}

func TestHealth(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	for _, path := range []string{"/healthcheck", "/readyz"} {
		w.Get(path).Want(200).Has("OK")
		w.Get(path, apitest.Header("Accept", "application/json")).Want(200).Has(`"reasons":[]`)
	}
	w.Do("HEAD", "/healthcheck").Want(204)
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	if r := w.Get("/openapi.yaml").Want(200); string(r.Body) != string(identitydoc.OpenAPI) {
		t.Error("/openapi.yaml is not the document that was built in")
	}
	r := w.Get("/v3/auth/jwks").Want(200).Never(`"d"`)
	if r.Str("keys.0.crv") != "Ed25519" || r.Str("keys.0.use") != "sig" {
		t.Errorf("the keys are %s", r.Body)
	}
}

func TestSecurityContact(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	fields := map[string]string{}
	for line := range strings.Lines(string(w.Get("/.well-known/security.txt").Want(200).Body)) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), ": ")
		fields[k] = v
	}
	expires, err := time.Parse(time.RFC3339, fields["Expires"])
	if left := expires.Sub(w.Clock.Now()); err != nil || left < 30*24*time.Hour || left >= 365*24*time.Hour {
		t.Errorf("Expires is %q (%v)", fields["Expires"], err)
	}
	if fields["Contact"] != "mailto:security@identity.test" {
		t.Errorf("Contact is %q", fields["Contact"])
	}
	without := apitest.New(t, func(c *config.Config) { c.Security.Contact = "" })
	without.Get("/.well-known/security.txt").Want(404)
}
