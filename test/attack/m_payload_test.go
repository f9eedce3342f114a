package attack_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/notify"
)

const mobile = "+4915112345678"

// texting is a gateway for messages; texts are what it took.
func texting(t *testing.T) (option apitest.Option, texts chan string) {
	t.Helper()
	texts = make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		texts <- string(body)
		_, _ = io.WriteString(w, "ok")
	}))
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "gateways.yaml")
	text := `gateways: [{name: one, kind: http, url: "` + s.URL + `/canary-of-a-gateway", content_type: application/json, expect: ok, body: '{"text":"{text}"}'}]`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(c *config.Config) { c.Phones.GatewaysFile = file }, texts
}

var sixDigits = regexp.MustCompile(`[0-9]{6}`)

// accountFlow uses the secrets of phones, devices and keys.
func accountFlow(w *apitest.World, texts <-chan string) {
	w.Secret(mobile)
	w.User("ned", "red")
	ned := apitest.Token(w.Token("ned", ""))
	const phones = "/v3/users/{ned}/mfa/phones"
	id := w.Post(phones, map[string]any{"phone": map[string]any{"number": mobile}}, ned).Want(http.StatusCreated).Str("phone.id")
	w.Post(phones+"/"+id+"/verify", `{"phone":{}}`, ned).Want(http.StatusCreated)
	passcode := sixDigits.FindString(<-texts)
	w.Post(phones+"/"+id+"/confirm", map[string]any{"phone": map[string]any{"passcode": canary(w, "phone")}}, ned)
	codes := w.Post(phones+"/"+id+"/confirm", map[string]any{"phone": map[string]any{"passcode": passcode}}, ned).Want(http.StatusOK)
	for _, c := range codes.List("recovery_codes") {
		w.Secret(c.(string))
	}
	w.Post("/v3/auth/challenges", `{"challenge":{}}`, receipt(receiptOf(w, "ned"))).Want(http.StatusCreated)
	texted := shows{"phone": map[string]any{"user": map[string]any{"id": w.ID("ned"), "passcode": sixDigits.FindString(<-texts)}}}
	shown(w, thePassword(w, "ned").and(texted)).Want(http.StatusCreated)

	rob := enrolled(w, "rob")
	token := rob.strong()
	d := w.Post("/v3/users/{rob}/devices", `{"device":{"name":"laptop"}}`, apitest.Token(token)).Want(http.StatusCreated)
	w.Secret(d.Str("device.secret"))
	shown(w, thePassword(w, "rob").and(shows{"device": map[string]any{"secret": d.Str("device.secret")}})).Want(http.StatusCreated)
	shown(w, thePassword(w, "rob").and(shows{"device": map[string]any{"secret": canary(w, "device")}}))
	project := map[string]any{"project": map[string]any{"id": w.Project("red", "p1")}}
	token = w.Post("/v3/auth/tokens", thePassword(w, "rob").and(code(w, "rob", rob.next())).body(project)).Want(http.StatusCreated).Token()
	w.Post("/v3/users/{rob}/application_credentials", map[string]any{"application_credential": map[string]any{"name": "ci", "secret": canary(w, "app")}},
		apitest.Token(token)).Want(http.StatusCreated)
	made := w.Post("/v3/users/{rob}/credentials/OS-EC2", map[string]any{"tenant_id": w.Project("red", "p1")}, apitest.Token(token)).Want(http.StatusCreated)
	w.Secret(made.Str("credential.secret"))
	w.Post("/v3/users/{rob}/mfa/reset", `{"reset":{"reason":"lost"}}`, w.As("sysadmin")).Want(http.StatusNoContent)
}

// M5 and K1: notices tell no secret but the one that disowns them, are signed, and leave none in logs and files.
func TestM5K1NoticesTellNoSecret(t *testing.T) {
	t.Parallel()
	url, calls := hook(t, func(http.ResponseWriter, *http.Request) {})
	gateway, texts := texting(t)
	w := apitest.New(t, quick, gateway, hooked(url), func(c *config.Config) {
		c.Notices.MailHost, c.Notices.MailPort, c.Notices.MailTLS = "127.0.0.1", 1, "starttls"
		c.Notices.MailFrom, c.Notices.MailUser, c.Notices.MailPassword = "a@cloud.example", "identity", "canary-mail-password-5b1f9e"
	})
	w.Secret(hookKey)
	w.Secret("canary-mail-password-5b1f9e")
	w.Secret("canary-of-a-gateway")
	everyFlow(w)
	accountFlow(w, texts)
	w.User("last", "default")
	w.Patch("/v3/users/{last}", `{"user":{"email":"last@shop.example"}}`, w.As("sysadmin")).Want(http.StatusOK)
	w.Log.Await(t, `"channel":"mail"`, 1)

	kinds := map[string]bool{}
	for user := ""; user != w.ID("last"); {
		c := await(t, calls)
		n := c.notice()
		kinds[n.Type], user = true, n.Data.User.ID
		if c.signature != notify.Sign([]byte(hookKey), c.id, c.stamp, c.body) || c.signature == notify.Sign([]byte(hookKey), c.id, c.stamp+"0", c.body) {
			t.Errorf("%s is not signed with its time", c.body)
		}
		for _, s := range w.Secrets() {
			if strings.Contains(string(c.body), s) {
				t.Errorf("a notice holds the secret %.8s…: %s", s, c.body)
			}
		}
		token := n.Data.Event.Token
		answer := w.Post("/v3/notices/"+c.id+"/disown", map[string]any{"notice": map[string]any{"token": token + "x"}}).Want(http.StatusNotFound)
		answer.Never(token)
		w.Secret(token)
		if user == w.ID("last") {
			w.Post("/v3/notices/"+c.id+"/disown", map[string]any{"notice": map[string]any{"token": token}}).Want(http.StatusNoContent)
		}
	}
	for _, kind := range []notify.Kind{
		notify.FactorAdded, notify.FactorReset, notify.RecoveryUsed, notify.RecoveryRenewed, notify.DeviceRemembered, notify.PasswordChanged,
		notify.MailChanged, notify.CredentialMade,
	} {
		if !kinds[string(kind)] {
			t.Errorf("nobody was told of %s", kind)
		}
	}
	storesNoSecret(t, w)
}
