package features_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// TestR8 adds three phones, each verified before it is used, reorders and removes them.
func TestR8(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		w.User("bob", "red")
		const at = "/v3/users/{ann}/mfa/phones"
		body := map[string]any{"phone": map[string]any{"number": number}}
		w.Post(at, body).Want(401)
		w.Post(at, body, w.As("bob")).Want(403)
		w.Post(at, body, w.As("sysadmin")).Want(403) // not even an administrator, in somebody's name
		w.Get(at, w.As("sysadmin")).Want(403)
		token := w.Token("ann", "")
		ann := apitest.Token(token)
		w.Get(at+"/none", ann).Want(404)
		w.Post(at+"/none/verify", `{"phone":{}}`, ann).Want(404)

		pending := w.Post(at, body, ann).Want(201).Str("phone.id")
		w.Post(at, body, ann).Want(409).Has("phone_exists")
		w.Post(at+"/"+pending+"/confirm", confirmBody("000000"), ann).Want(401).Has("passcode_invalid") // none was sent
		w.Patch(at+"/"+pending, `{"phone":{"preferred":true}}`, ann).Want(409).Has("phone_not_confirmed")
		if w.Get("/v3/users/{ann}/mfa", ann).Want(200).Bool("mfa.enabled") {
			t.Error("a pending phone counts")
		}
		w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID("ann"), w.Password("ann"), nil)).Want(201)
		w.Delete(at+"/"+pending, ann).Want(204)

		first, codes := addPhone(w, c, "ann", token, number)
		if len(codes) != 4 {
			t.Errorf("%d recovery codes with the first factor", len(codes))
		}
		half(w, "ann") // now it is asked for
		token = w.Post("/v3/auth/tokens", codeBody(w, "ann", "totp", codes[0].(string), nil), half(w, "ann")).Want(201).Token()
		ann = apitest.Token(token)
		second, none := addPhone(w, c, "ann", token, "+33612345678")
		third, _ := addPhone(w, c, "ann", token, "+12125550123")
		if none != nil {
			t.Error("recovery codes with the second factor")
		}
		order := func() string {
			r := w.Get(at, ann).Want(200)
			var ids []string
			for i := range r.List("phones") {
				ids = append(ids, r.Str(fmt.Sprintf("phones.%d.id", i)))
			}
			return strings.Join(ids, " ")
		}
		if got := order(); got != first+" "+second+" "+third {
			t.Errorf("got %s", got)
		}
		w.Patch(at+"/"+third, `{"phone":{"position":0}}`, ann).Want(400)
		w.Patch(at+"/"+third, `{"phone":{"position":1,"name":"mum"}}`, ann).Want(200).Has(`"mum"`)
		if got := order(); got != third+" "+first+" "+second {
			t.Errorf("got %s", got)
		}
		r := ask(w, half(w, "ann")).Want(201)
		if got := c.take(); r.Str("challenge.phone.id") != third || len(got) != 1 || got[0].to != "+12125550123" {
			t.Errorf("the first phone was not asked first: %s", r.Body)
		}
		w.Delete(at+"/"+first, w.As("bob")).Want(403)
		w.Delete("/v3/users/{ann}/mfa/totp/"+first, ann).Want(404) // it is no app
		w.Delete(at+"/"+first, ann).Want(204)
		w.Delete(at+"/"+first, ann).Want(404)
		if got := order(); got != third+" "+second {
			t.Errorf("got %s", got)
		}
	})
}

// TestR9 stores numbers whole, shows them masked, and refuses what is none.
func TestR9(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		ann := apitest.Token(w.Token("ann", ""))
		const at = "/v3/users/{ann}/mfa/phones"
		for name, wish := range map[string]map[string]any{
			"no number": {"number": "hello"}, "too short": {"number": "+49151"}, "without its country": {"number": "0151 12345678"},
			"of a country that is none": {"number": "0151 12345678", "country": "XX"}, "one that costs": {"number": "+499001234567"},
			"with an extension": {"number": "+4915112345678 ext. 5"}, "too short for its country": {"number": "12", "country": "DE"},
			"refused here": {"number": "+8613812345678"},
		} {
			if r := w.Post(at, map[string]any{"phone": wish}, ann); r.Status != 400 || !strings.Contains(string(r.Body), "phone_") {
				t.Errorf("%s: got %d %s", name, r.Status, r.Body)
			}
		}
		w.Post(at, `{"phone":{"number":"+4915112345678","secret":"x"}}`, ann).Want(400)
		r := w.Post(at, map[string]any{"phone": map[string]any{"number": "0151 / 1234 5678", "country": "de", "channel": "voice"}}, ann).Want(201)
		if r.Str("phone.number") != "+49*********78" || r.Str("phone.country") != "DE" {
			t.Errorf("got %s", r.Body)
		}
		id := r.Str("phone.id")
		for _, r := range []*apitest.Response{
			r, w.Get(at, ann), w.Get(at+"/"+id, ann), w.Get("/v3/users/{ann}/mfa", ann), w.Get("/v3/users/{ann}/mfa", w.As("sysadmin")),
			w.Post(at+"/"+id+"/verify", `{"phone":{}}`, ann).Want(201),
		} {
			r.Never("1512345").Never("15112345678")
		}
		if got := c.take(); len(got) != 1 || got[0].to != number || got[0].channel != "voice" {
			t.Errorf("got %v", got)
		}
	}, func(cfg *config.Config) { cfg.Phones.Countries = []string{"DE", "FR", "US"} })
}

// TestR10 verifies by text or call; a code is good once, for a time, and for some tries.
func TestR10(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		ann := apitest.Token(w.Token("ann", ""))
		const at = "/v3/users/{ann}/mfa/phones"
		id := w.Post(at, map[string]any{"phone": map[string]any{"number": number}}, ann).Want(201).Str("phone.id")
		w.Post(at+"/"+id+"/verify", `{"phone":{"channel":"pigeon"}}`, ann).Want(400)
		w.Post(at+"/"+id+"/verify", `{"phone":{"channel":"voice"}}`, ann).Want(201)
		got := c.take()
		if len(got) != 1 || got[0].channel != "voice" || !strings.Contains(got[0].text, "<Say>") || !sixDigits.MatchString(got[0].text) {
			t.Fatalf("got %v", got)
		}
		code := strings.ReplaceAll(sixDigits.FindString(got[0].text), ", ", "")
		for range 5 { // its tries
			w.Post(at+"/"+id+"/confirm", confirmBody(other(code)), ann).Want(401)
		}
		w.Post(at+"/"+id+"/confirm", confirmBody(code), ann).Want(401).Has("passcode_invalid")
		w.Clock.Advance(time.Minute)
		w.Post(at+"/"+id+"/verify", `{"phone":{}}`, ann).Want(201)
		code = c.code(w)
		w.Clock.Advance(9*time.Minute + 30*time.Second) // a fresh sign-in is demanded by now
		w.Post(at+"/"+id+"/confirm", confirmBody(code), ann).Want(401).Has("reauthentication_required")
		ann = apitest.Token(w.Token("ann", ""))
		w.Clock.Advance(time.Minute)
		w.Post(at+"/"+id+"/confirm", confirmBody(code), ann).Want(401).Has("passcode_invalid") // its time is over
		w.Post(at+"/"+id+"/verify", `{"phone":{}}`, ann).Want(201)
		code = c.code(w)
		w.Post(at+"/"+id+"/confirm", confirmBody(code), ann).Want(200)
	}, func(cfg *config.Config) { cfg.MFA.PendingTTL = time.Hour })
}

// other is a code that is not this one.
func other(code string) string {
	if code == "123456" {
		return "654321"
	}
	return "123456"
}

// enrolApp enrols an authenticator with a fresh token, and returns how to read a code off it.
func enrolApp(w *apitest.World, user, token string) func() string {
	at := "/v3/users/{" + user + "}/mfa/totp"
	r := w.Post(at, `{"totp":{}}`, apitest.Token(token)).Want(201)
	seed := r.Str("totp.secret")
	w.Secret(seed)
	next := func() string {
		w.Clock.Advance(30 * time.Second)
		code, err := totp.GenerateCode(seed, w.Clock.Now())
		if err != nil {
			panic(err)
		}
		return code
	}
	w.Post(at+"/"+r.Str("totp.id")+"/confirm", map[string]any{"totp": map[string]any{"passcode": next()}}, apitest.Token(token)).Want(200)
	return next
}

// TestR11 lets somebody whose app is lost in by a text, but not into the roles that an operator keeps from it, nor to
// where a fresh proof is asked for.
func TestR11(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		w.Grant("ann", "member", "project:red/web")
		w.Grant("ann", "manager", "project:red/vault")
		w.Post("/v3/auth/challenges", `{"challenge":{}}`).Want(401).Has("receipt_invalid")
		w.Post("/v3/auth/challenges", `{"challenge":{}}`, apitest.Header("Openstack-Auth-Receipt", "x")).Want(401).Has("receipt_invalid")
		token := w.Token("ann", "")
		_, codes := addPhone(w, c, "ann", token, number)
		token = w.Post("/v3/auth/tokens", codeBody(w, "ann", "totp", codes[0].(string), nil), half(w, "ann")).Want(201).Token()
		next := enrolApp(w, "ann", token)
		r := w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID("ann"), w.Password("ann"), nil)).Want(401)
		r.Has(`["password","totp"],["password","phone"]`)

		receipt := half(w, "ann")
		w.Post("/v3/auth/challenges", `{"challenge":{"phone_id":"none"}}`, receipt).Want(409).Has("no_phone")
		r = ask(w, receipt).Want(201)
		id := r.Str("challenge.id")
		w.Get("/v3/auth/challenges/" + id).Want(401)
		w.Get("/v3/auth/challenges/none", receipt).Want(404)
		if got := w.Get("/v3/auth/challenges/"+id, receipt).Want(200).Str("challenge.status"); got != "sent" {
			t.Errorf("status %s", got)
		}
		code := c.code(w)
		vault := map[string]any{"project": map[string]any{"id": w.Project("red", "vault")}}
		web := map[string]any{"project": map[string]any{"id": w.Project("red", "web")}}
		w.Post("/v3/auth/tokens", codeBody(w, "ann", "phone", code, vault), receipt).Want(401).Has("phone_not_enough")
		w.Post("/v3/auth/tokens", codeBody(w, "ann", "phone", next(), web), receipt).Want(401) // an app's code is no phone's
		done := w.Post("/v3/auth/tokens", codeBody(w, "ann", "phone", code, web), receipt).Want(201)
		done.Has(`"password"`).Has(`"phone"`).Never(`"totp"`)
		w.Post("/v3/auth/tokens", codeBody(w, "ann", "phone", code, web), half(w, "ann")).Want(401)
		phone := apitest.Token(done.Token())
		w.Post("/v3/users/{ann}/mfa/recovery_codes", nil, phone).Want(401).Has("reauthentication_required").Never(`["password","phone"]`)
		w.Post("/v3/auth/tokens", map[string]any{"auth": map[string]any{"scope": vault, "identity": map[string]any{
			"methods": []string{"token"}, "token": map[string]any{"id": done.Token()},
		}}}).Want(401).Has("phone_not_enough")
		// The role comes later than the token.
		w.Get("/v3/auth/catalog", phone).Want(200)
		w.Grant("ann", "manager", "project:red/web")
		w.Get("/v3/auth/catalog", phone).Want(401)
		w.Post("/v3/auth/tokens", codeBody(w, "ann", "totp", next(), vault), half(w, "ann")).Want(201)
	}, func(cfg *config.Config) { cfg.Phones.ForbiddenRoles = []string{"manager", "admin"} })
}

// TestR12 advises another number when the only one is on the device with the app.
func TestR12(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		token := w.Token("ann", "")
		next := enrolApp(w, "ann", token)
		token = w.Post("/v3/auth/tokens", codeBody(w, "ann", "totp", next(), nil), half(w, "ann")).Want(201).Token()
		id, _ := addPhone(w, c, "ann", token, number)
		ann := apitest.Token(token)
		w.Get("/v3/users/{ann}/mfa", ann).Want(200).Never("backup_phone_elsewhere")
		w.Patch("/v3/users/{ann}/mfa/phones/"+id, `{"phone":{"has_app":true}}`, ann).Want(200)
		w.Get("/v3/users/{ann}/mfa", ann).Want(200).Has("backup_phone_elsewhere")
		addPhone(w, c, "ann", token, "+33612345678")
		w.Get("/v3/users/{ann}/mfa", ann).Want(200).Never("backup_phone_elsewhere")
	})
}

// TestR14 sends again with a growing wait; late messages are still good, and the code outlives an app's.
func TestR14(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		addPhone(w, c, "ann", w.Token("ann", ""), number)
		receipt := half(w, "ann")
		ask(w, receipt).Want(201)
		early := c.code(w)
		for _, wait := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute} {
			w.Clock.Advance(wait - time.Second)
			r := ask(w, half(w, "ann")).Want(429).Has("challenge_too_soon")
			if got := r.Header.Get("Retry-After"); got != "1" {
				t.Errorf("after %s: Retry-After %q", wait, got)
			}
			if n := len(c.take()); n != 0 {
				t.Errorf("%d messages were sent too soon", n)
			}
			w.Clock.Advance(time.Second)
			if wait < 2*time.Minute {
				ask(w, half(w, "ann")).Want(201)
				c.take()
			}
		}
		w.Post("/v3/auth/tokens", codeBody(w, "ann", "totp", early, nil), half(w, "ann")).Want(201) // late, and by the old field
		r := w.Get("/v3/mfa/gateways", w.As("sysadmin")).Want(200).Has(`"mean_ms"`)
		if r.Str("gateways.0.name") != "one" || r.Int("gateways.0.sent") != 4 || r.Int("spent_today") != 4 {
			t.Errorf("got %s", r.Body)
		}
		w.Get("/v3/mfa/gateways", w.As("manager@red")).Want(403)
	}, func(cfg *config.Config) { cfg.Receipt.TTL = 10 * time.Minute })
}

// TestE13 lists app and phone, and asks first for what the user prefers.
func TestE13(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		id, codes := addPhone(w, c, "ann", w.Token("ann", ""), number)
		r := w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID("ann"), w.Password("ann"), nil)).Want(401)
		r.Has(`[["password","phone"],["password","totp"]]`)
		token := w.Post("/v3/auth/tokens", codeBody(w, "ann", "totp", codes[0].(string), nil), half(w, "ann")).Want(201).Token()
		enrolApp(w, "ann", token)
		ann := apitest.Token(token)
		w.Get("/v3/users/{ann}/mfa", ann).Want(200).Has(`"kind":"phone"`).Has(`"kind":"totp"`)
		first := func() string {
			return w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID("ann"), w.Password("ann"), nil)).Want(401).Str("required_auth_methods.0.1")
		}
		var got []string
		got = append(got, first())
		w.Patch("/v3/users/{ann}/mfa/phones/"+id, `{"phone":{"preferred":true}}`, ann).Want(200)
		got = append(got, first())
		w.Patch("/v3/users/{ann}/mfa/phones/"+id, `{"phone":{"preferred":false}}`, ann).Want(200)
		if got = append(got, first()); !slices.Equal(got, []string{"totp", "phone", "totp"}) {
			t.Errorf("got %v", got)
		}
	})
}

// TestE14 demands a phone before an app where the operator says so.
func TestE14(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		token := w.Token("ann", "")
		w.Post("/v3/users/{ann}/mfa/totp", `{"totp":{}}`, apitest.Token(token)).Want(409).Has("phone_required_first")
		w.Post("/v3/credentials", `{"credential":{"type":"totp","user_id":"{ann}","blob":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}`, apitest.Token(token)).
			Want(409).Has("phone_required_first")
		_, codes := addPhone(w, c, "ann", token, number)
		token = w.Post("/v3/auth/tokens", codeBody(w, "ann", "totp", codes[0].(string), nil), half(w, "ann")).Want(201).Token()
		enrolApp(w, "ann", token)
	}, func(cfg *config.Config) { cfg.MFA.SMSFirst = true })
}

// TestACodeSentToAPhoneIsGoodOnce: of many who use it at once exactly one gets in.
func TestACodeSentToAPhoneIsGoodOnce(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		addPhone(w, c, "ann", w.Token("ann", ""), number)
		var receipts []apitest.With
		for range 50 {
			receipts = append(receipts, half(w, "ann"))
		}
		ask(w, receipts[0]).Want(201)
		body := codeBody(w, "ann", "phone", c.code(w), nil)
		var mu sync.Mutex
		var wg sync.WaitGroup
		statuses := map[int]int{}
		for _, receipt := range receipts {
			wg.Go(func() {
				r := w.Post("/v3/auth/tokens", body, receipt)
				mu.Lock()
				defer mu.Unlock()
				statuses[r.Status]++
			})
		}
		wg.Wait()
		if statuses[201] != 1 || statuses[401] != len(receipts)-1 {
			t.Errorf("got %v", statuses)
		}
	})
}

// TestAPhoneDoesNotStepUpWhoHasAnApp: not even within a session that an app's code began.
func TestAPhoneDoesNotStepUpWhoHasAnApp(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		_, codes := addPhone(w, c, "ann", w.Token("ann", ""), number)
		token := w.Post("/v3/auth/tokens", codeBody(w, "ann", "totp", codes[0].(string), nil), half(w, "ann")).Want(201).Token()
		next := enrolApp(w, "ann", token)
		token = w.Post("/v3/auth/tokens", codeBody(w, "ann", "totp", next(), nil), half(w, "ann")).Want(201).Token()
		w.Clock.Advance(11 * time.Minute)
		ask(w, half(w, "ann")).Want(201)
		body := codeBody(w, "ann", "phone", c.code(w), nil)["auth"].(map[string]any)
		identity := body["identity"].(map[string]any)
		identity["methods"], identity["token"] = []string{"token", "phone"}, map[string]any{"id": token}
		token = w.Post("/v3/auth/tokens", map[string]any{"auth": body}).Want(201).Token()
		w.Post("/v3/users/{ann}/mfa/recovery_codes", nil, apitest.Token(token)).Want(401).Has("reauthentication_required")
	})
}
