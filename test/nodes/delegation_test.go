package nodes_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/keyward/identity/test/program"
)

// unmake deletes what the last token of a delegation stands on.
func (p *pair) unmake(string, int) {
	p.t.Helper()
	p.do(http.MethodDelete, p.made, nil, http.StatusNoContent)
}

// annMakes lets ann make something on the first node.
func (p *pair) annMakes(path string, body any) program.Response {
	p.t.Helper()
	return p.a.Must(p.t, http.StatusCreated, program.Request{Method: http.MethodPost, Path: path, Token: p.token(), Body: body})
}

// signIn signs in on the first node.
func (p *pair) signIn(auth program.Map, header map[string]string) string {
	p.t.Helper()
	res := p.a.Must(p.t, http.StatusCreated, program.Request{
		Method: http.MethodPost, Path: "/v3/auth/tokens", Header: header, Body: program.Map{"auth": auth},
	})
	return res.Header.Get("X-Subject-Token")
}

// credential makes an application credential of ann's, and a token from it.
func (p *pair) credential() string {
	p.t.Helper()
	made := p.annMakes("/v3/users/"+p.ann+"/application_credentials", program.Map{"application_credential": program.Map{"name": "backup"}})
	id, secret := made.String("application_credential", "id"), made.String("application_credential", "secret")
	p.made = "/v3/users/" + p.ann + "/application_credentials/" + id
	return p.signIn(program.Map{"identity": program.Map{
		"methods": []string{"application_credential"}, "application_credential": program.Map{"id": id, "secret": secret},
	}}, nil)
}

// trust lets ann trust herself with her role on web, and makes a token of that.
func (p *pair) trust() string {
	p.t.Helper()
	made := p.annMakes("/v3/OS-TRUST/trusts", program.Map{"trust": program.Map{
		"trustor_user_id": p.ann, "trustee_user_id": p.ann, "project_id": p.web, "impersonation": false, "roles": []program.Map{{"id": p.role}},
	}})
	p.made = "/v3/OS-TRUST/trusts/" + made.String("trust", "id")
	auth := program.PasswordAuth("ann", p.password, program.Map{"OS-TRUST:trust": program.Map{"id": made.String("trust", "id")}})["auth"]
	return p.signIn(auth.(program.Map), nil)
}

// accessKey makes an access key of ann's, and a token for a request that it signed (version 2 of EC2's signatures).
func (p *pair) accessKey() string {
	p.t.Helper()
	made := p.annMakes("/v3/users/"+p.ann+"/credentials/OS-EC2", program.Map{"tenant_id": p.web})
	access := made.String("credential", "access")
	p.made = "/v3/users/" + p.ann + "/credentials/OS-EC2/" + access
	now := time.Now().UTC().Format(time.RFC3339)
	h := hmac.New(sha256.New, []byte(made.String("credential", "secret")))
	fmt.Fprint(h, "GET\nec2.test\n/\nAction=List&SignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=", strings.ReplaceAll(now, ":", "%3A"))
	res := p.do(http.MethodPost, "/v3/ec2tokens", program.Map{"credentials": program.Map{
		"access": access, "signature": base64.StdEncoding.EncodeToString(h.Sum(nil)), "host": "ec2.test", "verb": "GET", "path": "/",
		"params": program.Map{"Action": "List", "SignatureMethod": "HmacSHA256", "SignatureVersion": "2", "Timestamp": now},
	}}, http.StatusOK)
	return res.Header.Get("X-Subject-Token")
}

// accessToken lets a consumer of OAuth act for the administrator, and makes a token of that.
func (p *pair) accessToken() string {
	p.t.Helper()
	consumer := p.do(http.MethodPost, "/v3/OS-OAUTH1/consumers", program.Map{"consumer": program.Map{}}, http.StatusCreated)
	project, user := p.administrator()
	asked := p.oauth("/v3/OS-OAUTH1/request_token", consumer, nil, map[string]string{"Requested-Project-Id": project})
	authorized := p.do(http.MethodPut, "/v3/OS-OAUTH1/authorize/"+asked.Get("oauth_token"),
		program.Map{"roles": []program.Map{{"name": "admin"}}}, http.StatusOK)
	asked.Set("oauth_verifier", authorized.String("token", "oauth_verifier"))
	access := p.oauth("/v3/OS-OAUTH1/access_token", consumer, asked, nil)
	p.made = "/v3/users/" + user + "/OS-OAUTH1/access_tokens/" + access.Get("oauth_token")
	return p.signIn(program.Map{"identity": program.Map{"methods": []string{"oauth1"}, "oauth1": program.Map{}}}, signed(consumer, access, nil))
}

// administrator tells the project and the user of the administrator's token.
func (p *pair) administrator() (project, user string) {
	p.t.Helper()
	res := p.a.Must(p.t, http.StatusOK, program.Request{
		Method: http.MethodGet, Path: "/v3/auth/tokens", Token: p.admin, Header: map[string]string{"X-Subject-Token": p.admin},
	})
	return res.String("token", "project", "id"), res.String("token", "user", "id")
}

// oauth asks for a token of OAuth.
func (p *pair) oauth(path string, consumer program.Response, token url.Values, header map[string]string) url.Values {
	p.t.Helper()
	res := p.a.Must(p.t, http.StatusCreated, program.Request{Method: http.MethodPost, Path: path, Header: signed(consumer, token, header)})
	form, err := url.ParseQuery(res.Text)
	if err != nil {
		p.t.Fatal(err)
	}
	return form
}

// signed adds a header that has the secrets themselves for a signature (RFC 5849, section 3.4.4).
func signed(consumer program.Response, token url.Values, header map[string]string) map[string]string {
	now := time.Now()
	params := map[string]string{
		"oauth_consumer_key": consumer.String("consumer", "id"), "oauth_signature_method": "PLAINTEXT",
		"oauth_signature": consumer.String("consumer", "secret") + "&" + token.Get("oauth_token_secret"),
		"oauth_timestamp": fmt.Sprint(now.Unix()), "oauth_nonce": fmt.Sprint(now.UnixNano()),
	}
	for _, name := range []string{"oauth_token", "oauth_verifier"} {
		if token.Has(name) {
			params[name] = token.Get(name)
		}
	}
	var pairs []string
	for name, value := range params {
		pairs = append(pairs, name+`="`+url.QueryEscape(value)+`"`)
	}
	out := map[string]string{"Authorization": "OAuth " + strings.Join(pairs, ", ")}
	maps.Copy(out, header)
	return out
}
