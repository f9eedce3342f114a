package v3_test

import (
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestDomainConfig(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Domain("red")
		w.Project("red", "web")
		const secret = "s3cr3t-of-ldap"
		w.Secret(secret)
		all := "/v3/domains/{red}/config"
		put := `{"config":{"identity":{"driver":"ldap"},"ldap":{"url":"ldap://a","page_size":12345678901234567890,"password":"` + secret + `"}}}`
		var cases []apitest.Case
		for _, path := range []string{all, all + "/ldap", all + "/ldap/url"} {
			for _, who := range []string{"admin@red", "manager@red", "reader@red/web", "reader@blue"} {
				cases = append(cases,
					apitest.Case{As: who, Do: "GET " + path, Want: 403},
					apitest.Case{As: who, Do: "PATCH " + path, Body: `{"config":{}}`, Want: 403},
					apitest.Case{As: who, Do: "DELETE " + path, Want: 403})
			}
			cases = append(cases,
				apitest.Case{As: "reader@system", Do: "PATCH " + path, Body: `{"config":{}}`, Want: 403},
				apitest.Case{As: "reader@system", Do: "DELETE " + path, Want: 403},
				apitest.Case{Name: "nothing is set at " + path, As: "reader@system", Do: "GET " + path, Want: 404},
				apitest.Case{Name: "no such domain", As: "admin", Do: "GET " + strings.Replace(path, "{red}", "none", 1), Want: 404},
				apitest.Case{Name: "no such domain to clear", As: "admin", Do: "DELETE " + strings.Replace(path, "{red}", "none", 1), Want: 404})
		}
		for _, body := range []string{
			`{"config":{}}`, `{"config":{"ldap":{}}}`, `{"config":{"ldap":"x"}}`, `{"config":{"ldap":null}}`, `{"config":{"ldap":["url"]}}`,
			`{"config":{"nothing":{"url":"x"}}}`, `{"config":{"ldap":{"nothing":"x"}}}`, `{"config":{"ldap":{"url":"x"},"identity":{"nothing":1}}}`,
			`{"config":{"security_compliance":{"password_regex":"x"}}}`, `{"config":{"ldap":{"":"x"}}}`,
		} {
			cases = append(cases,
				apitest.Case{Name: "PUT " + body, As: "admin", Do: "PUT " + all, Body: body, Want: 403},
				apitest.Case{Name: "PATCH " + body, As: "admin", Do: "PATCH " + all, Body: body, Want: 403})
		}
		w.Run(t, append(cases, []apitest.Case{
			{As: "reader@system", Do: "PUT " + all, Body: put, Want: 403},
			{As: "admin@red", Do: "PUT " + all, Body: put, Want: 403},
			{Name: "no configuration", As: "admin", Do: "PUT " + all, Body: `{}`, Want: 400},
			{Name: "a text", As: "admin", Do: "PUT " + all, Body: `{"config":"x"}`, Want: 400},
			{Name: "no such domain to configure", As: "admin", Do: "PUT /v3/domains/none/config", Body: put, Want: 404},
			{Name: "a project is no domain", As: "admin", Do: "PUT /v3/domains/{red/web}/config", Body: put, Want: 404},
			{As: "admin", Do: "PUT " + all + "/ldap", Body: put, Want: 405},
			{As: "admin", Do: "PUT " + all + "/ldap/url", Body: put, Want: 405},
			{Name: "clearing nothing", As: "admin", Do: "DELETE " + all, Want: 204},
			{Name: "nothing of a group", As: "admin", Do: "DELETE " + all + "/ldap", Want: 404},
			{Name: "the first", As: "admin", Do: "PUT " + all, Body: put, Want: 201, Never: secret,
				Check: shows(w, "config", `{"identity":{"driver":"ldap"},"ldap":{"page_size":12345678901234567890,"url":"ldap://a"}}`)},
			{Name: "the second", As: "sysadmin", Do: "PUT " + all, Body: put, Want: 200},
			{As: "reader@system", Do: "GET " + all, Want: 200, Never: secret, Check: shows(w, "config.ldap.url", `"ldap://a"`, "config.ldap.password", absent)},
			{As: "reader@system", Do: "HEAD " + all, Want: 200},
			{As: "reader@system", Do: "GET " + all + "/identity", Want: 200, Check: shows(w, "config", `{"identity":{"driver":"ldap"}}`)},
			{As: "reader@system", Do: "GET " + all + "/ldap/url", Want: 200, Check: shows(w, "config", `{"url":"ldap://a"}`)},
			{Name: "the secret is not there", As: "admin", Do: "GET " + all + "/ldap/password", Want: 404},
			{Name: "no such group", As: "admin", Do: "GET " + all + "/nothing", Want: 403},
			{Name: "no such option", As: "admin", Do: "GET " + all + "/ldap/nothing", Want: 403},
			{As: "admin", Do: "GET " + all + "/ldap/suffix", Want: 404},
			{Name: "PATCH adds", As: "admin", Do: "PATCH " + all, Body: `{"config":{"ldap":{"url":"ldap://b","suffix":null}},"more":1}`, Want: 200, Never: secret,
				Check: shows(w, "config.ldap", `{"page_size":12345678901234567890,"suffix":null,"url":"ldap://b"}`, "config.identity.driver", `"ldap"`)},
			{Name: "a group", As: "admin", Do: "PATCH " + all + "/ldap", Body: `{"config":{"ldap":{"url":"ldap://c","user":"u"}}}`, Want: 200,
				Check: shows(w, "config.ldap.url", `"ldap://c"`, "config.identity.driver", `"ldap"`)},
			{Name: "another group than that of the path", As: "admin", Do: "PATCH " + all + "/ldap", Body: `{"config":{"identity":{"driver":"sql"}}}`, Want: 403},
			{Name: "one more group", As: "admin", Do: "PATCH " + all + "/ldap", Body: `{"config":{"ldap":{"url":"x"},"identity":{"driver":"sql"}}}`, Want: 403},
			{Name: "an option", As: "admin", Do: "PATCH " + all + "/ldap/url", Body: `{"config":{"url":"ldap://d"}}`, Want: 200, Check: shows(w, "config.ldap.url", `"ldap://d"`)},
			{Name: "the secret can be changed by itself", As: "admin", Do: "PATCH " + all + "/ldap/password", Body: `{"config":{"password":"` + secret + `"}}`, Want: 200, Never: secret},
			{Name: "another option than that of the path", As: "admin", Do: "PATCH " + all + "/ldap/url", Body: `{"config":{"user":"x"}}`, Want: 403},
			{Name: "one more option", As: "admin", Do: "PATCH " + all + "/ldap/url", Body: `{"config":{"url":"x","user":"x"}}`, Want: 403},
			{Name: "an option in its group", As: "admin", Do: "PATCH " + all + "/ldap/url", Body: `{"config":{"ldap":{"url":"x"}}}`, Want: 403},
			{Name: "an option that is not set", As: "admin", Do: "PATCH " + all + "/ldap/page_size", Body: `{"config":{"page_size":1}}`, Want: 200},
			{Name: "an option that was never set", As: "admin", Do: "PATCH " + all + "/ldap/user_filter", Body: `{"config":{"user_filter":"x"}}`, Want: 404},
			{As: "admin", Do: "DELETE " + all + "/identity/list_limit", Want: 404},
			{As: "admin", Do: "DELETE " + all + "/nothing", Want: 403},
			{As: "admin", Do: "DELETE " + all + "/identity", Want: 204},
			{As: "admin", Do: "DELETE " + all + "/identity", Want: 404},
			{Name: "a group that is not set", As: "admin", Do: "PATCH " + all + "/identity", Body: `{"config":{"identity":{"driver":"x"}}}`, Want: 404},
			{As: "admin", Do: "DELETE " + all + "/ldap/url", Want: 204},
			{As: "admin", Do: "GET " + all + "/ldap/url", Want: 404},
			{As: "admin", Do: "DELETE " + all, Want: 204},
			{As: "admin", Do: "GET " + all, Want: 404},
			{Name: "a secret alone", As: "admin", Do: "PUT " + all, Body: `{"config":{"ldap":{"password":"` + secret + `"}}}`, Want: 201, Check: shows(w, "config", "{}")},
			{As: "admin", Do: "GET " + all, Want: 404},
			{Name: "counts as a configuration", As: "admin", Do: "PUT " + all, Body: put, Want: 200},
			{As: "admin", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{"enabled":false}}`, Want: 200},
			{Name: "it goes with its domain", As: "admin", Do: "DELETE /v3/domains/{red}", Want: 204},
			{As: "admin", Do: "GET " + all, Want: 404},
		}...))
	})
}

func TestDomainConfigForEveryone(t *testing.T) {
	t.Parallel()
	apitest.Run(t, []apitest.Case{
		{As: "reader@red", Do: "GET /v3/domains/config/default", Want: 403},
		{As: "reader@system", Do: "GET /v3/domains/config/default", Want: 200, Check: func(t *testing.T, r *apitest.Response) {
			ldap, _ := r.Value("config.ldap").(map[string]any)
			identity, _ := r.Value("config.identity").(map[string]any)
			if len(ldap) != 49 || len(identity) != 2 || ldap["password"] != nil || ldap["suffix"] != "cn=example,cn=com" {
				t.Errorf("%d options of ldap and %d of identity: %s", len(ldap), len(identity), r.Body)
			}
		}},
		{As: "admin", Do: "GET /v3/domains/config/identity/default", Want: 200, Has: `{"config":{"identity":{"driver":"sql","list_limit":null}}}`},
		{As: "admin", Do: "GET /v3/domains/config/ldap/user_enabled_default/default", Want: 200, Has: `{"config":{"user_enabled_default":"True"}}`},
		{As: "admin", Do: "GET /v3/domains/config/ldap/password/default", Want: 403},
		{As: "admin", Do: "GET /v3/domains/config/ldap/nothing/default", Want: 403},
		{As: "admin", Do: "GET /v3/domains/config/nothing/default", Want: 403},
		{As: "admin", Do: "GET /v3/domains/config/security_compliance/default", Want: 403},
		{As: "reader@red", Do: "GET /v3/domains/default/config/security_compliance", Want: 200,
			Has: `{"config":{"security_compliance":{"password_regex":null,"password_regex_description":null}}}`},
		{As: "reader@red", Do: "HEAD /v3/domains/default/config/security_compliance", Want: 200},
		{As: "reader@red", Do: "GET /v3/domains/default/config/security_compliance/password_regex", Want: 200, Has: `{"config":{"password_regex":null}}`},
		{As: "admin", Do: "GET /v3/domains/default/config/security_compliance/lockout_duration", Want: 403},
		{Name: "of no other domain", As: "admin", Do: "GET /v3/domains/{red}/config/security_compliance", Want: 403},
		{Name: "nor of one that is not there", As: "admin", Do: "GET /v3/domains/none/config/security_compliance", Want: 403},
		{Name: "it cannot be written", As: "admin", Do: "PATCH /v3/domains/default/config/security_compliance",
			Body: `{"config":{"security_compliance":{"password_regex":"x"}}}`, Want: 403},
		{As: "admin", Do: "DELETE /v3/domains/default/config/security_compliance", Want: 403},
	})
}
