package contract_test

import (
	"net/http"
	"strings"
	"testing"
)

const goodUser = `{"user":{"id":"4f7c","name":"ann","domain_id":"default","enabled":true,"password_expires_at":null,` +
	`"options":{},"email":"ann@shop.example","links":{"self":"http://id.example/v3/users/4f7c"}}}`

const receipt = `{"receipt":{"methods":["password"],"user":{"id":"u","name":"bob","domain":{"id":"default","name":"Default"}},` +
	`"issued_at":"2026-07-18T10:00:00.000000Z","expires_at":"2026-07-18T10:05:00.000000Z"},"required_auth_methods":[["password","totp"]]}`

const denied = `{"error":{"code":401,"title":"Unauthorized","message":"No."}}`

func TestCheckResponse(t *testing.T) {
	t.Parallel()
	challenge := "WWW-Authenticate: Keystone uri=\"http://id.example/v3\""
	for _, row := range []struct {
		name, op string
		status   int
		headers  []string
		body     string
		want     string // part of the error; empty when the response fits
	}{
		{"an undocumented status", "GET /v3/users/{user_id}", 418, nil, "", "status 418 is not documented"},
		{"an internal error", "GET /v3/users/{user_id}", 500, []string{"Content-Type: application/json"}, `{}`, "status 500 is not documented"},
		{"no content type", "GET /v3/users/{user_id}", 200, nil, goodUser, "content type"},
		{"another content type", "GET /v3/users/{user_id}", 200, []string{"Content-Type: text/html"}, goodUser, `"text/html" is not documented`},
		{"a body that is not JSON", "GET /v3/users/{user_id}", 200, []string{"Content-Type: application/json"}, `{`, "not JSON"},
		{"a body with trailing data", "GET /v3/users/{user_id}", 200, []string{"Content-Type: application/json"}, goodUser + `{}`, "not JSON"},
		{"a required attribute that is missing", "GET /v3/users/{user_id}", 200, []string{"Content-Type: application/json"}, strings.Replace(goodUser, `"enabled":true,`, ``, 1), "enabled"},
		{"a password in an answer", "GET /v3/users/{user_id}", 200, []string{"Content-Type: application/json"}, strings.Replace(goodUser, `"email"`, `"password"`, 1), "password"},
		{"a key beside the wrapper", "GET /v3/users/{user_id}", 200, []string{"Content-Type: application/json"}, strings.Replace(goodUser, `{"user"`, `{"x":1,"user"`, 1), "'x'"},
		{"a link that is no address", "GET /v3/users/{user_id}", 200, []string{"Content-Type: application/json"}, strings.Replace(goodUser, `http://id.example`, ``, 1), "uri"},
		{"a refusal without a wait", "GET /v3/users/{user_id}", 429, []string{"Content-Type: application/json"}, denied, "Retry-After is missing"},
		{"a receipt where none is documented", "GET /v3/users/{user_id}", 403, []string{"Content-Type: application/json", challenge}, receipt, "error"},
		{"an error with an attribute too many", "GET /v3/users/{user_id}", 403, []string{"Content-Type: application/json"}, `{"error":{"code":403,"title":"Forbidden","message":"No.","sql":"x"}}`, "sql"},
		{"a body with 204", "DELETE /v3/users/{user_id}", 204, nil, `{}`, "no body"},
		{"a content type with 204", "DELETE /v3/users/{user_id}", 204, []string{"Content-Type: application/json"}, ``, "no body"},
		{"a token that is not in the header", "POST /v3/auth/tokens", 201, []string{"Content-Type: application/json"}, `{}`, "X-Subject-Token is missing"},
		{"a wait that is no number", "GET /v3/users", 429, []string{"Content-Type: application/json", "Retry-After: soon"}, `{"error":{"code":429,"title":"T","message":"M"}}`, "Retry-After"},
		{"an answer to HEAD with a body", "HEAD /v3/users/{user_id}", 200, []string{"Content-Type: application/json"}, goodUser, "HEAD"},
		{"the 200 of GET where HEAD has its own status", "HEAD /v3/roles/{prior_role_id}/implies/{implied_role_id}", 200, nil, "", "status 200 is not documented"},
		{"a factor that shows its secret", "GET /v3/users/{user_id}/mfa", 200, []string{"Content-Type: application/json"}, `{"mfa":{"enabled":false,"required":false,"recovery_codes":{"remaining":0,"total":0},"factors":[{"id":"1","kind":"totp","name":"phone","state":"active","created_at":"2026-07-18T10:00:00.000000Z","links":{"self":"http://x/y"},"secret":"S"}]}}`, "secret"},

		{"a user", "GET /v3/users/{user_id}", 200, []string{"Content-Type: application/json"}, goodUser, ""},
		{"a user with a charset", "GET /v3/users/{user_id}", 200, []string{"Content-Type: application/json; charset=utf-8"}, goodUser, ""},
		{"the head of a user", "HEAD /v3/users/{user_id}", 200, []string{"Content-Type: application/json"}, "", ""},
		{"the head of an implication", "HEAD /v3/roles/{prior_role_id}/implies/{implied_role_id}", 204, nil, "", ""},
		{"an error with a challenge", "GET /v3/users/{user_id}", 401, []string{"Content-Type: application/json", challenge}, denied, ""},
		{"an error at sign-in", "POST /v3/auth/tokens", 401, []string{"Content-Type: application/json", challenge}, denied, ""},
		{"a receipt at sign-in", "POST /v3/auth/tokens", 401, []string{"Content-Type: application/json", "Openstack-Auth-Receipt: r"}, receipt, ""},
		{"nothing with 204", "DELETE /v3/users/{user_id}", 204, nil, "", ""},
		{"text", "GET /healthcheck", 200, []string{"Content-Type: text/plain; charset=utf-8"}, "", ""},
		{"versions", "GET /", 300, []string{"Content-Type: application/json", "Location: http://id.example/v3/"}, `{"versions":{"values":[{"id":"v3.14","status":"stable","updated":"2020-04-07T00:00:00Z","links":[{"rel":"self","href":"http://id.example/v3/"}],"media-types":[{"base":"application/json","type":"application/vnd.openstack.identity-v3+json"}]}]}}`, ""},
		{"a home document", "GET /v3", 200, []string{"Content-Type: application/json-home"}, `{"resources":{"https://x/rel/users":{"href":"/users"}}}`, ""},
		{"a project with nested parents", "GET /v3/projects/{project_id}", 200, []string{"Content-Type: application/json"}, `{"project":{"id":"p","name":"n","domain_id":"d","parent_id":"d","is_domain":false,"description":"","enabled":true,"tags":[],"options":{},"links":{"self":"http://x/p"},"parents":{"a":{"d":null}},"subtree":null}}`, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			for _, line := range row.headers {
				name, value, _ := strings.Cut(line, ": ")
				h.Add(name, value)
			}
			err := operation(t, row.op).CheckResponse(row.status, h, []byte(row.body))
			if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
				t.Errorf("got %v, want an error that has %q", err, row.want)
			}
		})
	}
}
