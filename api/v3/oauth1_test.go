package v3_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	stdmaps "maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// consumer is a client of OAuth 1.0a. It is written apart from internal/oauth, so that they cannot share mistakes.
type consumer struct {
	w             *apitest.World
	id, secret    string
	token, tsec   string
	method, nonce string
	at            time.Time
	more          map[string]string
	project       string // that it asks for, red/web when empty
}

var nonces atomic.Int64

// header signs a POST to path.
func (k consumer) header(path string) apitest.With {
	enc := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	if k.nonce == "" {
		k.nonce = "n" + strconv.FormatInt(nonces.Add(1), 10)
	}
	if k.at.IsZero() {
		k.at = k.w.Clock.Now()
	}
	if k.method == "" {
		k.method = "HMAC-SHA1"
	}
	p := map[string]string{
		"oauth_consumer_key": k.id, "oauth_signature_method": k.method, "oauth_timestamp": strconv.FormatInt(k.at.Unix(), 10),
		"oauth_nonce": k.nonce, "oauth_version": "1.0",
	}
	if k.token != "" {
		p["oauth_token"] = k.token
	}
	stdmaps.Copy(p, k.more)
	var pairs, out []string
	for name, v := range p {
		pairs = append(pairs, enc(name)+"="+enc(v))
		out = append(out, enc(name)+`="`+enc(v)+`"`)
	}
	slices.Sort(pairs)
	key := enc(k.secret) + "&" + enc(k.tsec)
	signature := key
	if digest := map[string]func() hash.Hash{"HMAC-SHA1": sha1.New, "HMAC-SHA256": sha256.New}[k.method]; digest != nil {
		mac := hmac.New(digest, []byte(key))
		mac.Write([]byte("POST&" + enc(apitest.PublicURL+path) + "&" + enc(strings.Join(pairs, "&"))))
		signature = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return apitest.Header("Authorization", "OAuth "+strings.Join(append(out, `oauth_signature="`+enc(signature)+`"`), ", "))
}

const (
	askPath      = "/v3/OS-OAUTH1/request_token"
	exchangePath = "/v3/OS-OAUTH1/access_token"
	oauth1Body   = `{"auth":{"identity":{"methods":["oauth1"],"oauth1":{}}}}`
)

// newConsumer makes a consumer.
func newConsumer(w *apitest.World) consumer {
	r := w.Post("/v3/OS-OAUTH1/consumers", `{"consumer":{"description":"a robot","team":"ops"}}`, w.As("admin")).Want(http.StatusCreated)
	w.Secret(r.Str("consumer.secret"))
	return consumer{w: w, id: r.Str("consumer.id"), secret: r.Str("consumer.secret")}
}

func (k consumer) with(r *apitest.Response) consumer {
	form, _ := url.ParseQuery(string(r.Want(http.StatusCreated).Body))
	k.token, k.tsec = form.Get("oauth_token"), form.Get("oauth_token_secret")
	k.w.Secret(k.tsec)
	return k
}

func (k consumer) ask(project string) *apitest.Response {
	return k.w.Do("POST", askPath, k.header(askPath), apitest.Header("Requested-Project-Id", k.w.Expand(project)))
}

// authorized is the consumer with a request token that boss has authorized with the role admin, and its verifier.
func (k consumer) authorized(boss string) consumer {
	if k.project == "" {
		k.project = "{red/web}"
	}
	k = k.with(k.ask(k.project))
	r := k.w.Do("PUT", "/v3/OS-OAUTH1/authorize/"+k.token, apitest.Token(boss), apitest.Body(`{"roles":[{"name":"admin"}]}`)).Want(http.StatusOK)
	k.more = map[string]string{"oauth_verifier": r.Str("token.oauth_verifier")}
	return k
}

func (k consumer) exchange() *apitest.Response {
	return k.w.Do("POST", exchangePath, k.header(exchangePath))
}

// holding is the consumer with the access token.
func (k consumer) holding(boss string) consumer {
	k = k.authorized(boss)
	k = k.with(k.exchange())
	k.more = nil
	return k
}

func (k consumer) signIn() *apitest.Response {
	return k.w.Post("/v3/auth/tokens", oauth1Body, k.header("/v3/auth/tokens"))
}

// bossOn makes the user boss, an administrator on red/web, and signs in.
func bossOn(w *apitest.World) string {
	w.User("boss", "red")
	w.Grant("boss", "admin", "project:red/web")
	return w.Token("boss", "project:red/web")
}

func TestOAuth1Consumers(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		k := newConsumer(w)
		w.Name("robot", k.id)
		one := "/v3/OS-OAUTH1/consumers/{robot}"
		w.Run(t, []apitest.Case{
			{Do: "GET /v3/OS-OAUTH1/consumers", Want: 401},
			{As: "member@red/web", Do: "GET /v3/OS-OAUTH1/consumers", Want: 403},
			{As: "reader@system", Do: "POST /v3/OS-OAUTH1/consumers", Body: `{"consumer":{}}`, Want: 403},
			{As: "admin", Do: "POST /v3/OS-OAUTH1/consumers", Body: `{}`, Want: 400},
			{As: "admin", Do: "POST /v3/OS-OAUTH1/consumers", Body: `{"consumer":{"description":1}}`, Want: 400},
			{As: "admin", Do: "PATCH " + one, Body: `{"consumer":{"secret":"mine"}}`, Want: 400},
			{As: "admin", Do: "PATCH " + one, Body: `{"consumer":{"id":"other"}}`, Want: 400},
			{As: "admin", Do: "PATCH /v3/OS-OAUTH1/consumers/none", Body: `{"consumer":{"description":"x"}}`, Want: 404},
			{As: "reader@system", Do: "PATCH " + one, Body: `{"consumer":{"description":"x"}}`, Want: 403},
			{As: "admin", Do: "GET /v3/OS-OAUTH1/consumers/none", Want: 404},
			{As: "reader@system", Do: "GET " + one, Want: 200, Has: `"team":"ops"`, Never: k.secret},
			{As: "reader@system", Do: "GET /v3/OS-OAUTH1/consumers", Want: 200, Has: `"id":"{robot}"`, Never: "secret"},
			{As: "admin", Do: "PATCH " + one, Body: `{"consumer":{"description":"","team":null,"more":1}}`, Want: 200, Has: `"description":""`, Never: k.secret},
			{As: "admin", Do: "GET " + one, Want: 200, Has: `"more":1`},
			{As: "reader@system", Do: "DELETE " + one, Want: 403},
			{As: "admin", Do: "DELETE /v3/OS-OAUTH1/consumers/none", Want: 404},
			{As: "admin", Do: "DELETE " + one, Want: 204},
			{As: "admin", Do: "DELETE " + one, Want: 404},
		})
	})
}

func TestOAuth1Refusals(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		boss, k := bossOn(w), newConsumer(w)
		ask := func(name string, k consumer, want int, with ...apitest.With) {
			t.Helper()
			r := w.Do("POST", askPath, append([]apitest.With{k.header(askPath), apitest.Header("Requested-Project-Id", w.ID("red/web"))}, with...)...)
			if r.Status != want {
				t.Errorf("%s: got %d, want %d: %s", name, r.Status, want, r.Body)
			}
		}
		change := func(f func(*consumer)) consumer { c := k; f(&c); return c }
		ask("an unknown consumer", change(func(k *consumer) { k.id = "nobody" }), 401)
		ask("a wrong secret", change(func(k *consumer) { k.secret = "wrong" }), 401)
		ask("a wrong secret in plain text", change(func(k *consumer) { k.secret, k.method = "wrong", "PLAINTEXT" }), 401)
		ask("an unknown method", change(func(k *consumer) { k.method = "RSA-SHA1" }), 401)
		ask("a timestamp of long ago", change(func(k *consumer) { k.at = w.Clock.Now().Add(-5*time.Minute - time.Second) }), 401)
		ask("a timestamp to come", change(func(k *consumer) { k.at = w.Clock.Now().Add(5*time.Minute + 2*time.Second) }), 401)
		ask("a callback", change(func(k *consumer) { k.more = map[string]string{"oauth_callback": "http://evil"} }), 400)
		ask("no header", k, 401, apitest.Header("Authorization", ""))
		ask("another scheme", k, 401, apitest.Header("Authorization", "Basic YTpi"))
		ask("a malformed header", k, 400, apitest.Header("Authorization", "OAuth a"))
		ask("two headers", k, 401, apitest.Headers("Authorization", "OAuth a", "OAuth b"))
		ask("no project", k, 400, apitest.Header("Requested-Project-Id", ""))
		ask("a project that is not there", k, 404, apitest.Header("Requested-Project-Id", "none"))
		ask("a domain", k, 404, apitest.Header("Requested-Project-Id", "default"))
		once := change(func(k *consumer) { k.nonce, k.at = "once", w.Clock.Now().Add(-4*time.Minute) })
		ask("a nonce", once, 201)
		ask("the same nonce", once, 401)
		ask("by HMAC-SHA256", change(func(k *consumer) { k.method = "HMAC-SHA256" }), 201)
		ask("in plain text", change(func(k *consumer) { k.method = "PLAINTEXT" }), 201)

		wish := k.with(k.ask("{red/web}"))
		w.Name("wish", wish.token)
		w.User("lena", "red")
		w.Grant("lena", "admin", "project:red/db")
		put := "PUT /v3/OS-OAUTH1/authorize/{wish}"
		asBoss := map[string]string{"X-Auth-Token": boss}
		w.Run(t, []apitest.Case{
			{Do: put, Body: `{"roles":[{"name":"admin"}]}`, Want: 401},
			{As: "member@red/web", Do: put, Body: `{"roles":[{"name":"member"}]}`, Want: 403},
			{As: "sysadmin", Do: put, Body: `{"roles":[{"name":"admin"}]}`, Want: 403},
			{Name: "no roles", Header: asBoss, Do: put, Body: `{"roles":[]}`, Want: 400},
			{Name: "a role without a name", Header: asBoss, Do: put, Body: `{"roles":[{}]}`, Want: 400},
			{Name: "a role that he has not", Header: asBoss, Do: put, Body: `{"roles":[{"name":"admin"},{"name":"service"}]}`, Want: 401, Has: "role_not_held"},
			{Name: "somebody without a role there", Header: map[string]string{"X-Auth-Token": w.Token("lena", "project:red/db")}, Do: put, Body: `{"roles":[{"name":"admin"}]}`, Want: 401},
			{Name: "no request token", Header: asBoss, Do: "PUT /v3/OS-OAUTH1/authorize/none", Body: `{"roles":[{"name":"admin"}]}`, Want: 404},
		})
		wish.exchange().Want(401).Has("request_token_not_authorized")
		ok := k.authorized(boss)
		w.Do("PUT", "/v3/OS-OAUTH1/authorize/"+ok.token, apitest.Token(boss), apitest.Body(`{"roles":[{"name":"reader"}]}`)).Want(409)
		other := newConsumer(w)
		other.token, other.tsec, other.more = ok.token, ok.tsec, ok.more
		other.exchange().Want(401)
		wrong := ok
		wrong.tsec = "wrong"
		wrong.exchange().Want(401).Never("verifier")
		wrong = ok
		wrong.more = map[string]string{"oauth_verifier": "wrong"}
		var tried sync.WaitGroup
		for range 50 {
			tried.Go(func() { wrong.exchange().Want(401) })
		}
		tried.Wait()
		ok.exchange().Want(401).Has("verifier_locked")
		late := k.authorized(boss)
		w.Clock.Advance(8 * time.Hour)
		late.exchange().Want(401)
		w.Do("PUT", "/v3/OS-OAUTH1/authorize/"+late.token, apitest.Token(w.Token("boss", "project:red/web")), apitest.Body(`{"roles":[{"name":"admin"}]}`)).Want(404)
	})
}

func TestOAuth1SignIn(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		boss, k := bossOn(w), newConsumer(w)
		ready := k.authorized(boss)
		var wins atomic.Int32
		var holder atomic.Pointer[consumer]
		var racing sync.WaitGroup
		for range 50 {
			racing.Go(func() {
				if r := ready.exchange(); r.Status == http.StatusCreated {
					wins.Add(1)
					won := ready.with(r)
					won.more = nil
					holder.Store(&won)
				}
			})
		}
		racing.Wait()
		if wins.Load() != 1 {
			t.Fatalf("a request token was exchanged %d times", wins.Load())
		}
		k = *holder.Load()
		r := k.signIn().Want(http.StatusCreated)
		if r.Str("token.OS-OAUTH1.access_token_id") != k.token || r.Str("token.OS-OAUTH1.consumer_id") != k.id || r.Str("token.project.id") != w.ID("red/web") ||
			r.Str("token.methods.0") != "oauth1" || !slices.Contains(r.Names("token.roles", "name"), "reader") {
			t.Errorf("the token is %s", r.Body)
		}
		w.Name("access", k.token)
		w.Name("tok", r.Token())
		mine := map[string]string{"X-Auth-Token": r.Token()}
		one := "/v3/users/{boss}/OS-OAUTH1/access_tokens/{access}"
		w.User("ann", "red")
		w.Run(t, []apitest.Case{
			{Name: "it has no other scope", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":["oauth1"],"oauth1":{}},"scope":"unscoped"}}`, Want: 401},
			{Name: "nor goes with other methods", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":["oauth1","token"],"oauth1":{},"token":{"id":"{tok}"}}}}`, Want: 401},
			{Name: "nor without a signature", Do: "POST /v3/auth/tokens", Body: oauth1Body, Want: 401},
			{Name: "its token is not continued", Do: "POST /v3/auth/tokens", Body: `{"auth":{"identity":{"methods":["token"],"token":{"id":"{tok}"}}}}`, Want: 403},
			{Name: "it touches no password", Header: mine, Do: "PATCH /v3/users/{boss}", Body: `{"user":{"password":"another password"}}`, Want: 403},
			{Name: "it authorizes nothing", Header: mine, Do: "PUT /v3/OS-OAUTH1/authorize/none", Body: `{"roles":[{"name":"admin"}]}`, Want: 403},
			{Name: "it sees no access tokens", Header: mine, Do: "GET " + one, Want: 403},
			{Name: "it works", Header: mine, Do: "GET /v3/projects/{red/web}", Want: 200},
			{As: "member@red/web", Do: "GET " + one, Want: 403},
			{As: "admin", Do: "GET /v3/users/{ann}/OS-OAUTH1/access_tokens/{access}", Want: 404},
			{As: "admin", Do: "GET /v3/users/none/OS-OAUTH1/access_tokens", Want: 404},
			{As: "admin", Do: "GET /v3/users/{ann}/OS-OAUTH1/access_tokens", Want: 200, Has: `"access_tokens":[]`},
			{As: "admin", Do: "GET /v3/users/{boss}/OS-OAUTH1/access_tokens", Want: 200, Has: `"id":"{access}"`, Never: k.tsec},
			{As: "admin", Do: "GET " + one, Want: 200, Has: `"authorizing_user_id":"{boss}"`, Never: k.tsec},
			{As: "admin", Do: "GET " + one + "/roles", Want: 200, Has: `"name":"admin"`},
			{As: "admin", Do: "GET " + one + "/roles/{role admin}", Want: 200, Has: `"name":"admin"`},
			{As: "admin", Do: "GET " + one + "/roles/{role reader}", Want: 404},
			{As: "admin", Do: "DELETE /v3/users/{ann}/OS-OAUTH1/access_tokens/{access}", Want: 404},
		})
		wrong := k
		wrong.tsec = "wrong"
		wrong.signIn().Want(401)
		twice := k
		twice.nonce = "twice"
		twice.signIn().Want(201)
		twice.signIn().Want(401).Has("nonce_refused")
		var replays atomic.Int32
		racing = sync.WaitGroup{}
		raced := k
		raced.nonce = "raced"
		for range 50 {
			racing.Go(func() {
				if raced.signIn().Status == http.StatusCreated {
					replays.Add(1)
				}
			})
		}
		racing.Wait()
		if replays.Load() != 1 {
			t.Errorf("one signed request let in %d times", replays.Load())
		}
		good := func(text string, want int) {
			t.Helper()
			w.Get("/v3/auth/tokens", w.As("admin"), apitest.Header("X-Subject-Token", text)).Want(want)
		}
		w.Patch("/v3/users/{boss}", `{"user":{"options":{"multi_factor_auth_rules":[["password","totp"]]}}}`, w.As("admin")).Want(200)
		k.signIn().Want(401).Has("second_factor_required")
		w.Patch("/v3/users/{boss}", `{"user":{"options":{"multi_factor_auth_rules":[]}}}`, w.As("admin")).Want(200)
		live := k.signIn().Want(201).Token()
		w.Delete("/v3/projects/{red/web}/users/{boss}/roles/{role admin}", w.As("admin")).Want(204)
		good(live, 404)
		k.signIn().Want(401)
		w.Grant("boss", "reader", "project:red/web")
		if r := k.signIn().Want(201); !slices.Equal(r.Names("token.roles", "name"), []string{"reader"}) {
			t.Errorf("of the roles that were given, those he has now: %s", r.Body)
		}
		w.Grant("boss", "admin", "project:red/web")
		live = k.signIn().Want(201).Token()
		w.Delete(one, w.As("admin")).Want(204)
		w.Delete(one, w.As("admin")).Want(404)
		good(live, 404)
		k.signIn().Want(401)

		boss = w.Token("boss", "project:red/web")
		again := newConsumer(w)
		again = again.holding(boss)
		live = again.signIn().Want(201).Token()
		w.Clock.Advance(time.Minute)
		w.Delete("/v3/OS-OAUTH1/consumers/"+again.id, w.As("admin")).Want(204)
		good(live, 404)
		again.signIn().Want(401)
		last := newConsumer(w)
		last = last.holding(w.Token("boss", "project:red/web"))
		w.Clock.Advance(24*time.Hour - time.Minute)
		live = last.signIn().Want(201).Token()
		w.Clock.Advance(time.Minute)
		last.signIn().Want(401).Has("access_token_expired")
		good(live, 404)
	})
}
