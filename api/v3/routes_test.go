package v3_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

var variable = regexp.MustCompile(`\{[a-z0-9_]+\}`)

// TestEveryOperationNeedsAToken walks the whole route table, v2.0 included. Whatever is no good token gets the
// same answer, before anything else about the request is looked at.
func TestEveryOperationNeedsAToken(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	expired := w.Persona("admin")
	w.Clock.Advance(w.Config.Token.TTL + 1)
	tokens := map[string][]apitest.With{
		"no token":                 nil,
		"Keystone's shared secret": {apitest.Header("X-Auth-Token", "ADMIN")},
		"a token of nobody":        {apitest.Header("X-Auth-Token", "gAAAAABhZHNmYXNkZmFzZGZhc2RmYXNkZg")},
		"a token that has expired": {apitest.Token(expired)},
		"an unsigned token":        {apitest.Header("X-Auth-Token", "eyJhbGciOiJub25lIiwidHlwIjoidG9rZW4ifQ.eyJzdWIiOiJhZG1pbiJ9.")},
	}
	protected := 0
	for _, op := range w.Server.Ops() {
		if op.Public != "" {
			continue
		}
		protected++
		path := variable.ReplaceAllString(op.Path, "x")
		for name, with := range tokens {
			r := w.Do(op.Method, path, append(with, apitest.Body(`{"nonsense`))...)
			if r.Status != 401 {
				t.Errorf("%s %s with %s: got %d, want 401", op.Method, op.Path, name, r.Status)
			}
			if got := r.Header.Get("WWW-Authenticate"); got != `Keystone uri="`+apitest.PublicURL+`/v3"` {
				t.Errorf("%s %s: WWW-Authenticate is %q", op.Method, op.Path, got)
			}
		}
	}
	if protected < 60 {
		t.Errorf("only %d operations need a token", protected)
	}
}

// TestPublicOperations lists what needs no token. An operation that joins them must be written down here.
func TestPublicOperations(t *testing.T) {
	t.Parallel()
	want := strings.Fields(`
		GET/ GET/v3 GET/v2.0 GET/healthcheck GET/readyz GET/openapi.yaml GET/.well-known/security.txt GET/v3/auth/jwks
		POST/v3/auth/tokens POST/v3/users/{user_id}/password POST/v3/auth/challenges GET/v3/auth/challenges/{challenge_id}
		GET/v3/OS-SIMPLE-CERT/ca GET/v3/OS-SIMPLE-CERT/certificates GET/v3/auth/tokens/OS-PKI/revoked POST/v3/notices/{notice_id}/disown
		POST/v3/OS-OAUTH1/request_token POST/v3/OS-OAUTH1/access_token POST/v3/OS-OAUTH2/token
		POST/v2.0/tokens GET/v2.0/tokens/revoked GET/v2.0/certificates/ca GET/v2.0/certificates/signing
		GET/v2.0/extensions GET/v2.0/extensions/{alias}`)
	var got []string
	for _, op := range apitest.New(t).Server.Ops() {
		if op.Public != "" {
			got = append(got, op.Method+op.Path)
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("public operations: got %v, want %v", got, want)
	}
}

// TestRouting holds what every path has in common.
func TestRouting(t *testing.T) {
	t.Parallel()
	apitest.Run(t, []apitest.Case{
		{Name: "an unknown path has the envelope", Do: "GET /v3/nothing", Want: 404},
		{Name: "an unknown version has the envelope", Do: "GET /v4", Want: 404},
		{Name: "a wrong method has the envelope", As: "admin", Do: "PUT /v3/users", Want: 405},
		{Name: "a slash at the end is ignored", As: "admin", Do: "GET /v3/users/", Want: 200},
		{Name: "many slashes at the end are ignored", As: "admin", Do: "GET /v3/users///", Want: 200},
		{Name: "a method nobody knows", As: "admin", Do: "FROB /v3/users", Want: 405},
	})
}
