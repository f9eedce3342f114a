package attack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// withMessages lets a server write its messages to a file of the test.
func withMessages(t *testing.T) apitest.Option {
	return func(c *config.Config) {
		dir := t.TempDir()
		c.Phones.GatewaysFile = filepath.Join(dir, "gateways.yaml")
		text := fmt.Sprintf("gateways: [{name: file, kind: file, path: %q}]\n", filepath.Join(dir, "messages"))
		if err := os.WriteFile(c.Phones.GatewaysFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// messages are the codes that were sent, in their order.
func messages(t *testing.T, w *apitest.World) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(w.Config.Phones.GatewaysFile), "messages"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var codes []string
	for line := range strings.Lines(string(text)) {
		var m map[string]string
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		codes = append(codes, m["code"])
	}
	return codes
}

func last(codes []string) string { return codes[len(codes)-1] }

// reachable makes a user of the domain red who has a confirmed phone, and returns its path.
func reachable(t *testing.T, w *apitest.World, user, number string) string {
	t.Helper()
	w.User(user, "red")
	w.Grant(user, "member", "project:red/p1")
	token := apitest.Token(w.Token(user, ""))
	at := "/v3/users/{" + user + "}/mfa/phones"
	at += "/" + w.Post(at, map[string]any{"phone": map[string]any{"number": number}}, token).Want(http.StatusCreated).Str("phone.id")
	w.Post(at+"/verify", `{"phone":{}}`, token).Want(http.StatusCreated)
	r := w.Post(at+"/confirm", map[string]any{"phone": map[string]any{"passcode": last(messages(t, w))}}, token).Want(http.StatusOK)
	for i := range r.List("recovery_codes") {
		w.Secret(r.Str(fmt.Sprint("recovery_codes.", i)))
	}
	w.ForgetTokens()
	return at
}

// challenged asks for a code with a receipt, a while after the last one.
func challenged(t *testing.T, w *apitest.World, with ...apitest.With) string {
	t.Helper()
	w.Post("/v3/auth/challenges", `{"challenge":{}}`, with...).Want(http.StatusCreated)
	return last(messages(t, w))
}

// sent is the proof of having got a code.
func sent(w *apitest.World, user, text string) shows {
	return shows{"phone": map[string]any{"user": map[string]any{"id": w.ID(user), "passcode": text}}}
}

func TestB2B3B13B16ACodeThatWasSentIsGoodOnceBesideItsOwnersPassword(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		reachable(t, w, "mia", "+4915112345678")
		reachable(t, w, "bob", "+33612345678")
		want := unknown(w)
		code := challenged(t, w, receipt(receiptOf(w, "mia")))
		alike(t, "alone", shown(w, sent(w, "mia", code)), want)
		alike(t, "of nobody", shown(w, shows{"phone": map[string]any{"user": map[string]any{"id": "0123456789abcdef0123456789abcdef", "passcode": code}}}), want)
		for what, proofs := range map[string]shows{
			"with a wrong password": sent(w, "mia", code).and(password(w.ID("mia"), "no")),
			"with bob's password":   sent(w, "mia", code).and(thePassword(w, "bob")),
			"as bob's":              sent(w, "bob", code).and(thePassword(w, "bob")),
			"as a password":         password(w.ID("mia"), code),
			"with a blank":          sent(w, "mia", code+" ").and(thePassword(w, "mia")),
			"a digit more":          sent(w, "mia", code+"0").and(thePassword(w, "mia")),
			"in another alphabet":   sent(w, "mia", strings.Map(func(r rune) rune { return r - '0' + '٠' }, code)).and(thePassword(w, "mia")),
			"none":                  sent(w, "mia", "").and(thePassword(w, "mia")),
		} {
			tokenless(t, what, shown(w, proofs))
		}
		shown(w, shows{"phone": nil}.and(thePassword(w, "mia"))).Want(http.StatusBadRequest)
		w.Post("/v3/auth/tokens", `{"auth":{"identity":{"methods":["phone"]}}}`).Want(http.StatusBadRequest)
		tokenless(t, "with bob's receipt", shown(w, sent(w, "mia", code), receipt(receiptOf(w, "bob"))))
		w.Clock.Advance(5 * time.Minute) // what was guessed is forgiven
		done := shown(w, sent(w, "mia", code), receipt(receiptOf(w, "mia"))).Want(http.StatusCreated)
		for what, proofs := range map[string]shows{
			"again": sent(w, "mia", code).and(thePassword(w, "mia")), "again, in the other field": theCode(w, "mia", code),
			"again, with a token": sent(w, "mia", code).and(theToken(done.Token())),
		} {
			tokenless(t, what, shown(w, proofs))
		}
		tokenless(t, "again, with a receipt", shown(w, sent(w, "mia", code), receipt(receiptOf(w, "mia"))))
	}, withMessages(t))
}

// theCode is the password with a code in the field of authenticators.
func theCode(w *apitest.World, user, text string) shows {
	return thePassword(w, user).and(code(w, user, text))
}

func TestB13B15NothingIsSentWithoutAGoodReceipt(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		at := reachable(t, w, "mia", "+4915112345678")
		app := enrolled(w, "app")
		good := receiptOf(w, "mia")
		before := len(messages(t, w))
		token := w.Token("admin", "system")
		ask := func(what string, want int, with ...apitest.With) {
			t.Helper()
			if r := w.Post("/v3/auth/challenges", `{"challenge":{}}`, with...); r.Status != want {
				t.Errorf("%s: got %d %s, want %d", what, r.Status, r.Body, want)
			}
		}
		ask("nothing", 401)
		ask("a token", 401, apitest.Token(token))
		ask("a token as a receipt", 401, receipt(token))
		ask("a receipt as a token", 401, apitest.Token(good))
		ask("another letter", 401, receipt(good[:len(good)-2]+string(good[len(good)-2]^1)+good[len(good)-1:]))
		ask("of who has an app only", 409, receipt(receiptOf(w, "app")))
		for _, body := range []string{``, `[]`, `{}`, `{"challenge":[]}`, `{"challenge":{"phone_id":5}}`, `{"challenge":{"channel":"fax"}}`, `{"challenge":{"to":"+491"}}`} {
			w.Post("/v3/auth/challenges", body, receipt(good)).Want(http.StatusBadRequest)
		}
		w.Post("/v3/auth/challenges", map[string]any{"challenge": map[string]any{"phone_id": app.id}}, receipt(good)).Want(http.StatusConflict)
		w.Patch("/v3/users/{mia}", `{"user":{"enabled":false}}`, w.As("sysadmin")).Want(http.StatusOK)
		ask("of who is disabled", 401, receipt(good))
		w.Patch("/v3/users/{mia}", `{"user":{"enabled":true}}`, w.As("sysadmin")).Want(http.StatusOK)
		good = receiptOf(w, "mia")
		strong := shown(w, sent(w, "mia", challenged(t, w, receipt(good))), receipt(receiptOf(w, "mia"))).Want(http.StatusCreated).Token()
		before++
		good = receiptOf(w, "mia")
		w.Delete(at, apitest.Token(strong)).Want(http.StatusNoContent)
		ask("of a phone that is gone", 401, receipt(good))
		if n := len(messages(t, w)); n != before {
			t.Errorf("%d messages were sent, want %d", n, before)
		}
	}, withMessages(t))
}

// Who has an app can do nothing that asks for a fresh proof with a phone; who has a phone only can.
func TestB25APhoneChangesNothingOfWhoHasAnApp(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		at := reachable(t, w, "mia", "+4915112345678")
		change := func(user, code string) *apitest.Response {
			return w.Post("/v3/users/{"+user+"}/password", map[string]any{"user": map[string]any{
				"original_password": w.Password(user), "password": w.NewPassword() + "x", "passcode": code,
			}})
		}
		token := shown(w, sent(w, "mia", challenged(t, w, receipt(receiptOf(w, "mia")))), receipt(receiptOf(w, "mia"))).Want(http.StatusCreated).Token()
		app := begun(w, "mia", token)
		app.confirm(token, app.next()).Want(http.StatusOK)
		w.Clock.Advance(time.Hour)
		weak := apitest.Token(shown(w, sent(w, "mia", challenged(t, w, receipt(receiptOf(w, "mia")))), receipt(receiptOf(w, "mia"))).Want(http.StatusCreated).Token())
		const all = "/v3/users/{mia}/mfa/phones"
		for what, r := range map[string]*apitest.Response{
			"removing the app":    w.Delete("/v3/users/{mia}/mfa/totp/"+app.id, weak),
			"another app":         w.Post("/v3/users/{mia}/mfa/totp", `{"totp":{}}`, weak),
			"recovery codes":      w.Post("/v3/users/{mia}/mfa/recovery_codes", nil, weak),
			"removing the phone":  w.Delete(at, weak),
			"another phone":       w.Post(all, `{"phone":{"number":"+33612345678"}}`, weak),
			"confirming":          w.Post(at+"/confirm", `{"phone":{"passcode":"123456"}}`, weak),
			"verifying":           w.Post(at+"/verify", `{"phone":{}}`, weak),
			"a device":            w.Post("/v3/users/{mia}/devices", `{"device":{"name":"x"}}`, weak),
			"a credential":        w.Post("/v3/credentials", `{"credential":{"type":"totp","user_id":"{mia}","blob":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}`, weak),
			"another's phone":     w.Get("/v3/users/{admin}/mfa/phones", weak),
			"the gateways":        w.Get("/v3/mfa/gateways", weak),
			"adding with a token": w.Post(all, `{"phone":{"number":"+33612345678"}}`, apitest.Token(token)),
		} {
			if r.Status != http.StatusUnauthorized && r.Status != http.StatusForbidden {
				t.Errorf("%s: got %d %s", what, r.Status, r.Body)
			}
		}
		w.Clock.Advance(time.Hour)
		change("mia", challenged(t, w, receipt(receiptOf(w, "mia")))).Want(http.StatusUnauthorized)
		reachable(t, w, "bob", "+33612345678")
		change("bob", "000000").Want(http.StatusUnauthorized)
		change("bob", challenged(t, w, receipt(receiptOf(w, "bob")))).Want(http.StatusNoContent)
	}, withMessages(t))
}
