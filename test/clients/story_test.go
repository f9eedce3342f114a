package clients_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/keyward/identity/test/program"
)

// sameQR checks that a scanner reads the URI off the picture.
func sameQR(t *testing.T, picture, uri string) {
	t.Helper()
	png, err := base64.StdEncoding.DecodeString(picture)
	if err != nil {
		t.Fatalf("decode the picture: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "zbarimg", "--quiet", "--raw", "--nodbus", "-")
	cmd.Stdin = bytes.NewReader(png)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("zbarimg: %v", err)
	}
	if got := strings.TrimSuffix(string(out), "\n"); got != uri || !strings.HasPrefix(uri, "otpauth://totp/") {
		t.Errorf("the picture says %q, the answer %q", got, uri)
	}
}

// TestE3TheQRCodeIsReadByAScanner shows a picture that a scanner reads, and beside it the key for who types it.
func TestE3TheQRCodeIsReadByAScanner(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		need(t, "zbarimg")
		ann := hire(t, s, s.AdminToken(t), "ann")
		token := s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/auth/tokens", Body: program.PasswordAuth(ann.name, ann.password, nil)}).Header.Get("X-Subject-Token")
		res := s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/users/" + ann.id + "/mfa/totp", Token: token, Body: program.Map{"totp": program.Map{"name": "phone"}}})
		sameQR(t, res.String("totp", "qr_png"), res.String("totp", "uri"))
		uri, err := url.Parse(res.String("totp", "uri"))
		if err != nil || res.String("totp", "secret") == "" || uri.Query().Get("secret") != res.String("totp", "secret") {
			t.Errorf("the key beside the picture is not the one in it: %v", err)
		}
	})
}

// TestStoryOfAnEnrolledUser follows one person from the password alone to the last way in.
func TestStoryOfAnEnrolledUser(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		need(t, "oathtool", "zbarimg")
		mia := hire(t, s, s.AdminToken(t), "mia")
		app, recovery := enrol(t, s, mia)
		if len(recovery) != 4 {
			t.Fatalf("recovery codes: got %d, want 4", len(recovery))
		}
		story{t, s, mia}.steps(app, recovery)
	})
}

// story is what the steps share.
type story struct {
	t   *testing.T
	s   *program.Server
	mia person
}

// signIn tries with the password, a code, a receipt, or several of them; what is empty is left out.
func (st story) signIn(password, code, receipt string) program.Response {
	st.t.Helper()
	identity := program.Map{"methods": []string{}}
	user := func(key, value string) program.Map {
		return program.Map{"user": program.Map{"id": st.mia.id, key: value}}
	}
	methods := []string{}
	if password != "" {
		methods = append(methods, "password")
		identity["password"] = user("password", password)
	}
	if code != "" {
		methods = append(methods, "totp")
		identity["totp"] = user("passcode", code)
	}
	identity["methods"] = methods
	r := program.Request{Method: "POST", Path: "/v3/auth/tokens", Body: program.Map{
		"auth": program.Map{"identity": identity, "scope": st.mia.scope()},
	}}
	if receipt != "" {
		r.Header = map[string]string{"Openstack-Auth-Receipt": receipt}
	}
	res, err := st.s.Do(st.t.Context(), r)
	if err != nil {
		st.t.Fatal(err)
	}
	return res
}

// accepted checks that an answer is a token of the person, scoped, with both methods.
func (st story) accepted(step string, res program.Response) {
	st.t.Helper()
	methods, _ := res.At("token", "methods").([]any)
	if res.Status != http.StatusCreated || res.Header.Get("X-Subject-Token") == "" || len(methods) != 2 ||
		res.String("token", "project", "id") != st.mia.projectID {
		st.t.Errorf("%s: got %d %s, want 201 and a token with two methods", step, res.Status, res.Text)
	}
}

// refused checks that an answer is a 401 with the reason, and no token or receipt.
func (st story) refused(step, reason string, res program.Response) {
	st.t.Helper()
	if res.Status != http.StatusUnauthorized || res.Header.Get("X-Subject-Token") != "" ||
		res.Header.Get("Openstack-Auth-Receipt") != "" || res.String("error", "reason") != reason {
		st.t.Errorf("%s: got %d %s, want 401 with reason %q and neither token nor receipt", step, res.Status, res.Text, reason)
	}
}

// receipt checks that an answer asks for a code and returns the receipt.
func (st story) receipt(res program.Response) string {
	st.t.Helper()
	text := res.Header.Get("Openstack-Auth-Receipt")
	required, _ := res.At("required_auth_methods").([]any)
	if res.Status != http.StatusUnauthorized || text == "" || len(required) == 0 || res.Header.Get("X-Subject-Token") != "" {
		st.t.Fatalf("password alone: got %d %s, want 401 with a receipt", res.Status, res.Text)
	}
	return text
}

func (st story) steps(app *authenticator, recovery []string) {
	t := st.t
	st.refused("a wrong password", "", st.signIn("wrong", "", ""))
	st.refused("a code alone", "", st.signIn("", app.at(t, app.last+1), ""))

	receipt := st.receipt(st.signIn(st.mia.password, "", ""))
	st.refused("receipt and a wrong code", "", st.signIn("", "abcdef", receipt))
	st.accepted("receipt and code", st.signIn("", app.next(t), receipt))

	code := app.next(t)
	st.accepted("both at once", st.signIn(st.mia.password, code, ""))
	st.refused("the same code again", "passcode_already_used", st.signIn(st.mia.password, code, ""))

	st.accepted("recovery code", st.signIn(st.mia.password, recovery[0], ""))
	st.refused("recovery code again", "", st.signIn(st.mia.password, recovery[0], ""))
	st.accepted("recovery code with a receipt", st.signIn("", recovery[1], st.receipt(st.signIn(st.mia.password, "", ""))))

	for _, tenant := range []string{"", st.mia.projectID} {
		res, err := st.s.Do(t.Context(), program.Request{Method: "POST", Path: "/v2.0/tokens", Body: program.Map{"auth": program.Map{
			"tenantId": tenant, "passwordCredentials": program.Map{"username": st.mia.name, "password": st.mia.password},
		}}})
		if err != nil || res.Status != http.StatusUnauthorized || strings.Contains(res.Text, `"access"`) {
			t.Errorf("v2.0 for tenant %q: got %d %s %v, want 401", tenant, res.Status, res.Text, err)
		}
	}
}
