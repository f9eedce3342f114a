package attack_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

const (
	askPath      = "/v3/OS-OAUTH1/request_token"
	exchangePath = "/v3/OS-OAUTH1/access_token"
	signInPath   = "/v3/auth/tokens"
)

// robot is a consumer of OAuth 1.0a, with a token when it has one.
type robot struct {
	id, secret    string
	token, tsec   string
	nonce, verify string
	at            time.Time
	method        string // that is signed, POST when empty
}

var nonces atomic.Int64

// signed is the header of a POST to path, by RFC 5849 with HMAC-SHA256; change alters parameters after the signature.
func (k robot) signed(w *apitest.World, path string, change map[string]string) apitest.With {
	if k.at.IsZero() {
		k.at = w.Clock.Now()
	}
	if k.nonce == "" {
		k.nonce = fmt.Sprint("nonce-", nonces.Add(1))
	}
	if k.method == "" {
		k.method = http.MethodPost
	}
	enc := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	params := map[string]string{
		"oauth_consumer_key": k.id, "oauth_nonce": k.nonce, "oauth_signature_method": "HMAC-SHA256",
		"oauth_timestamp": fmt.Sprint(k.at.Unix()), "oauth_token": k.token, "oauth_verifier": k.verify,
	}
	maps.DeleteFunc(params, func(_, v string) bool { return v == "" })
	var pairs, out []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		pairs = append(pairs, enc(name)+"="+enc(params[name]))
	}
	mac := hmac.New(sha256.New, []byte(enc(k.secret)+"&"+enc(k.tsec)))
	mac.Write([]byte(k.method + "&" + enc(apitest.PublicURL+path) + "&" + enc(strings.Join(pairs, "&"))))
	params["oauth_signature"] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	maps.Copy(params, change)
	for name, value := range params {
		out = append(out, enc(name)+`="`+enc(value)+`"`)
	}
	return apitest.Header("Authorization", "OAuth "+strings.Join(out, ", "))
}

// with is the robot with the token of an answer.
func (k robot) with(w *apitest.World, r *apitest.Response) robot {
	form, _ := url.ParseQuery(string(r.Want(http.StatusCreated).Body))
	k.token, k.tsec, k.verify = form.Get("oauth_token"), form.Get("oauth_token_secret"), ""
	w.Secret(k.tsec)
	return k
}

func newRobot(w *apitest.World) robot {
	r := w.Post("/v3/OS-OAUTH1/consumers", `{"consumer":{}}`, w.As("sysadmin")).Want(http.StatusCreated)
	w.Secret(r.Str("consumer.secret"))
	return robot{id: r.Str("consumer.id"), secret: r.Str("consumer.secret")}
}

// allowed is the robot with a request token that the owner of text has authorized, and its verifier.
func (k robot) allowed(w *apitest.World, o owner, text string) robot {
	k = k.with(w, w.Do(http.MethodPost, askPath, k.signed(w, askPath, nil), apitest.Header("Requested-Project-Id", w.ID(o.project))))
	r := w.Do(http.MethodPut, "/v3/OS-OAUTH1/authorize/"+k.token, apitest.Token(text), apitest.Body(`{"roles":[{"name":"admin"},{"name":"member"}]}`))
	k.verify = r.Want(http.StatusOK).Str("token.oauth_verifier")
	return k
}

func (k robot) exchange(w *apitest.World) *apitest.Response {
	return w.Do(http.MethodPost, exchangePath, k.signed(w, exchangePath, nil))
}

func (k robot) signIn(w *apitest.World, change map[string]string) *apitest.Response {
	return w.Post(signInPath, `{"auth":{"identity":{"methods":["oauth1"],"oauth1":{}}}}`, k.signed(w, signInPath, change))
}

func TestF10SignedRequestsOfOAuthAreGoodOnceAndAsTheyWereSigned(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		o := settled(w, "owner", "default")
		text := w.Token(o.name, o.scope())
		k, other := newRobot(w), newRobot(w)
		pending := k.allowed(w, o, text)
		ready := k.allowed(w, o, text)
		holder := ready.with(w, ready.exchange(w))
		others := other.allowed(w, o, text)
		others = others.with(w, others.exchange(w))
		now := w.Clock.Now()
		altered := func(f func(*robot)) robot { c := holder; f(&c); return c }
		for what, k := range map[string]robot{
			"no token":                           altered(func(k *robot) { k.token, k.tsec = "", "" }),
			"another's token, signed as its own": altered(func(k *robot) { k.token = others.token }),
			"another's token with its secret":    altered(func(k *robot) { k.token, k.tsec = others.token, others.tsec }),
			"another consumer":                   altered(func(k *robot) { k.id = other.id }),
			"another consumer with its secret":   altered(func(k *robot) { k.id, k.secret = other.id, other.secret }),
			"a request token":                    altered(func(k *robot) { k.token, k.tsec = pending.token, pending.tsec }),
			"a spent request token":              altered(func(k *robot) { k.token, k.tsec = ready.token, ready.tsec }),
			"no secret":                          altered(func(k *robot) { k.tsec = "" }),
			"the secrets in each other's place":  altered(func(k *robot) { k.secret, k.tsec = k.tsec, k.secret }),
			"the secret of the consumer twice":   altered(func(k *robot) { k.tsec = k.secret }),
			"another method of HTTP":             altered(func(k *robot) { k.method = http.MethodPut }),
			"six minutes old":                    altered(func(k *robot) { k.at = now.Add(-6 * time.Minute) }),
			"six minutes ahead":                  altered(func(k *robot) { k.at = now.Add(6 * time.Minute) }),
			"of 1970":                            altered(func(k *robot) { k.at = time.Unix(1, 0) }),
		} {
			tokenless(t, what, k.signIn(w, nil))
		}
		for what, change := range map[string]map[string]string{
			"the nonce":           {"oauth_nonce": "another"},
			"the time":            {"oauth_timestamp": fmt.Sprint(now.Add(time.Second).Unix())},
			"no nonce":            {"oauth_nonce": ""},
			"no time":             {"oauth_timestamp": ""},
			"a time that is none": {"oauth_timestamp": "now"},
			"the method":          {"oauth_signature_method": "HMAC-SHA1"},
			"the plain method":    {"oauth_signature_method": "PLAINTEXT"},
			"no method":           {"oauth_signature_method": "none"},
			"no signature":        {"oauth_signature": ""},
			"one more parameter":  {"oauth_more": "x"},
			"a verifier":          {"oauth_verifier": "x"},
			"a scope":             {"scope": "system"},
		} {
			if r := holder.signIn(w, change); r.Status != http.StatusUnauthorized && r.Status != http.StatusBadRequest || r.Token() != "" {
				t.Errorf("%s changed after the signature: %d %s", what, r.Status, r.Body)
			}
		}
		// What was signed for one path is nothing on another.
		tokenless(t, "signed for another path", w.Post(signInPath, `{"auth":{"identity":{"methods":["oauth1"],"oauth1":{}}}}`, holder.signed(w, exchangePath, nil)))
		w.Do(http.MethodPost, exchangePath, pending.signed(w, signInPath, nil)).Want(http.StatusUnauthorized)
		w.Do(http.MethodPost, exchangePath, holder.signed(w, exchangePath, nil)).Want(http.StatusUnauthorized)
		once := altered(func(k *robot) { k.nonce = "once" })
		once.signIn(w, nil).Want(http.StatusCreated)
		for _, wait := range []time.Duration{0, time.Minute, 3 * time.Minute, time.Minute + time.Second, 24 * time.Hour} {
			w.Clock.Advance(wait)
			again := once
			again.at = now
			tokenless(t, "the same request later", again.signIn(w, nil))
		}
	}, quick)
}

func TestF10ReplaysOfOAuthAtOnceGiveOne(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		o := settled(w, "owner", "default")
		nodes := nodesOf(w)
		ready := newRobot(w).allowed(w, o, w.Token(o.name, o.scope()))
		answers := atOnce(50, func(i int) *apitest.Response { return ready.exchange(nodes[i%len(nodes)]) })
		var won []robot
		for _, r := range answers {
			if r.Status == http.StatusCreated {
				won = append(won, ready.with(w, r))
			} else if r.Status != http.StatusUnauthorized {
				t.Errorf("an exchange is answered %d", r.Status)
			}
		}
		if len(won) != 1 {
			t.Fatalf("a request token was exchanged %d times", len(won))
		}
		raced := won[0]
		raced.nonce = "raced"
		onceOnly(t, "one signed request", atOnce(50, func(i int) int { return raced.signIn(nodes[i%len(nodes)], nil).Status }))

		// Of fifty wrong verifiers at once no more are looked at than of those one by one, and then the right one rests too.
		guessed := newRobot(w).allowed(w, o, w.Token(o.name, o.scope()))
		wrong := guessed
		wrong.verify = "AAAAAAAA"
		for _, status := range atOnce(50, func(i int) int { return wrong.exchange(nodes[i%len(nodes)]).Status }) {
			if status != http.StatusUnauthorized {
				t.Errorf("a wrong verifier is answered %d", status)
			}
		}
		guessed.exchange(w).Want(http.StatusUnauthorized).Has("verifier_locked")

		// One request token is authorized once.
		asked := newRobot(w)
		asked = asked.with(w, w.Do(http.MethodPost, askPath, asked.signed(w, askPath, nil), apitest.Header("Requested-Project-Id", w.ID(o.project))))
		text := w.Token(o.name, o.scope())
		statuses := atOnce(50, func(i int) int {
			return nodes[i%len(nodes)].Do(http.MethodPut, "/v3/OS-OAUTH1/authorize/"+asked.token, apitest.Token(text), apitest.Body(`{"roles":[{"name":"member"}]}`)).Status
		})
		if good := count(statuses, http.StatusOK); good != 1 || good+count(statuses, http.StatusConflict) != len(statuses) {
			t.Errorf("a request token was authorized %d times: %v", good, statuses)
		}
	}, quick)
}
