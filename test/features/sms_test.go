package features_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// carrier is a gateway for messages that does what a test tells it.
type carrier struct {
	t    testing.TB
	url  string
	path string // of the file that names it
	mu   sync.Mutex
	how  map[string]string // behaviour by gateway: fails, hangs, garbage, refuses; empty works
	got  []sent
}

// sent is a message that a gateway took, whatever it answered.
type sent struct{ gateway, to, channel, from, text string }

// newCarrier serves two gateways, "one" in Twilio's way and "two" by a template.
func newCarrier(t testing.TB) *carrier {
	c := &carrier{t: t, how: map[string]string{}, path: filepath.Join(t.TempDir(), "gateways.yaml")}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	c.url = s.URL
	c.configure("one", "two")
	return c
}

// configure writes the file of gateways.
func (c *carrier) configure(order ...string) {
	text := "gateways:\n"
	for _, name := range order {
		if name == "one" {
			text += fmt.Sprintf("- {name: one, kind: twilio, url: %q, account: AC1, token: tok, senders: {\"*\": \"+15005550006\", DE: Acme}}\n", c.url)
		} else {
			text += fmt.Sprintf("- {name: %s, kind: http, url: %q, content_type: application/json, expect: ok, senders: {FR: Fr}, body: %q}\n",
				name, c.url+"/"+name, `{"to":"{to}","channel":"{channel}","from":"{sender}","text":"{text}"}`)
		}
	}
	if err := writeFile(c.path, text); err != nil {
		c.t.Fatal(err)
	}
}

func writeFile(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }

// option makes a server use the carrier.
func (c *carrier) option(also ...func(*config.Config)) apitest.Option {
	return func(cfg *config.Config) {
		cfg.Phones.GatewaysFile, cfg.Phones.GatewayTimeout = c.path, 300*time.Millisecond
		for _, f := range also {
			f(cfg)
		}
	}
}

func (c *carrier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m := sent{gateway: strings.TrimPrefix(r.URL.Path, "/")}
	if strings.HasPrefix(r.URL.Path, "/2010-04-01/Accounts/AC1/") {
		if user, pass, _ := r.BasicAuth(); user != "AC1" || pass != "tok" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		m = sent{"one", r.FormValue("To"), "sms", r.FormValue("From"), r.FormValue("Body")}
		if strings.HasSuffix(r.URL.Path, "/Calls.json") {
			m.channel, m.text = "voice", r.FormValue("Twiml")
		}
	} else {
		var body map[string]string
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			c.t.Errorf("gateway %s: %v", m.gateway, err)
		}
		m.to, m.channel, m.from, m.text = body["to"], body["channel"], body["from"], body["text"]
	}
	c.mu.Lock()
	how := c.how[m.gateway]
	if how != "refuses" && how != "fails" {
		c.got = append(c.got, m)
	}
	c.mu.Unlock()
	switch how {
	case "refuses":
		w.WriteHeader(http.StatusBadRequest)
	case "fails":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "breaks":
		w.WriteHeader(http.StatusInternalServerError)
	case "hangs":
		<-r.Context().Done()
	case "garbage":
		_, _ = w.Write([]byte("<html>"))
	default:
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"sid":"SM1","status":"queued","ok":true}`))
	}
}

// does tells gateways how to behave.
func (c *carrier) does(how string, gateways ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range gateways {
		c.how[g] = how
	}
}

// take returns the messages since it was called last.
func (c *carrier) take() []sent {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.got
	c.got = nil
	return out
}

var sixDigits = regexp.MustCompile(`[0-9]{6}|([0-9], ){5}[0-9]`)

// code returns the code of the only message since the last look.
func (c *carrier) code(w *apitest.World) string {
	c.t.Helper()
	got := c.take()
	if len(got) != 1 {
		c.t.Fatalf("got %d messages, want one: %v", len(got), got)
	}
	code := strings.ReplaceAll(sixDigits.FindString(got[0].text), ", ", "")
	if len(code) != 6 {
		c.t.Fatalf("no code in %q", got[0].text)
	}
	w.Secret(got[0].to)
	return code
}

// eachWithPhones runs a test on both databases, each with a carrier of its own.
func eachWithPhones(t *testing.T, test func(t *testing.T, w *apitest.World, c *carrier), also ...func(*config.Config)) {
	t.Helper()
	var mu sync.Mutex
	carriers := map[string]*carrier{}
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mu.Lock()
		c := carriers[w.Config.Phones.GatewaysFile]
		mu.Unlock()
		c.t = t
		test(t, w, c)
	}, func(cfg *config.Config) {
		c := newCarrier(t)
		mu.Lock()
		carriers[c.path] = c
		mu.Unlock()
		c.option(also...)(cfg)
	})
}

const number = "+4915112345678"

// addPhone gives a user a confirmed phone, and returns its id and the recovery codes. token must be fresh.
func addPhone(w *apitest.World, c *carrier, user, token, number string) (id string, codes []any) {
	c.t.Helper()
	at := "/v3/users/{" + user + "}/mfa/phones"
	id = w.Post(at, map[string]any{"phone": map[string]any{"number": number}}, apitest.Token(token)).Want(201).Str("phone.id")
	w.Post(at+"/"+id+"/verify", `{"phone":{}}`, apitest.Token(token)).Want(201)
	r := w.Post(at+"/"+id+"/confirm", confirmBody(c.code(w)), apitest.Token(token)).Want(200)
	if strings.Contains(string(r.Body), "recovery_codes") {
		codes = r.List("recovery_codes")
	}
	return id, codes
}

func confirmBody(code string) map[string]any {
	return map[string]any{"phone": map[string]any{"passcode": code}}
}

// half shows the password only, and returns the receipt.
func half(w *apitest.World, user string) apitest.With {
	r := w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID(user), w.Password(user), nil)).Want(401)
	return apitest.Header("Openstack-Auth-Receipt", r.Header.Get("Openstack-Auth-Receipt"))
}

// codeBody completes a sign-in with a code by a method.
func codeBody(w *apitest.World, user, method, code string, scope any) map[string]any {
	auth := map[string]any{"identity": map[string]any{
		"methods": []string{method}, method: map[string]any{"user": map[string]any{"id": w.ID(user), "passcode": code}},
	}}
	if scope != nil {
		auth["scope"] = scope
	}
	return map[string]any{"auth": auth}
}

// ask asks for a code.
func ask(w *apitest.World, receipt apitest.With) *apitest.Response {
	return w.Post("/v3/auth/challenges", `{"challenge":{}}`, receipt)
}
