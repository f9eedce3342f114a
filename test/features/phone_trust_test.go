package features_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// byPhone signs a user in with the password and a code that is sent for it.
func byPhone(w *apitest.World, c *carrier, user string, scope any) *apitest.Response {
	c.t.Helper()
	receipt := half(w, user)
	ask(w, receipt).Want(http.StatusCreated)
	return w.Post("/v3/auth/tokens", codeBody(w, user, "phone", c.code(w), scope), receipt)
}

// ec2 is a request that an access key has signed now.
func ec2(w *apitest.World, access, secret string) m {
	params := map[string]string{"SignatureVersion": "2", "SignatureMethod": "HmacSHA256", "Timestamp": w.Clock.Now().UTC().Format(time.RFC3339)}
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = h.Write([]byte("GET\nec2.test\n/\nSignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=" + strings.ReplaceAll(params["Timestamp"], ":", "%3A")))
	return m{"credentials": m{
		"access": access, "signature": base64.StdEncoding.EncodeToString(h.Sum(nil)), "host": "ec2.test:8773", "verb": "GET", "path": "/",
		"params": params, "headers": nil, "body_hash": nil,
	}}
}

// R11: what was made with a phone's sign-in does not get the roles that a phone is not enough for either, nor does
// a trustee who came with a phone.
func TestR11NoWayRoundByWhatAPhoneMade(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		w.User("bob", "red")
		w.Grant("ann", "member", "project:red/web")
		w.Grant("ann", "manager", "project:red/vault")
		w.Grant("bob", "member", "project:red/web")
		addPhone(w, c, "ann", w.Token("ann", ""), number)
		addPhone(w, c, "bob", w.Token("bob", ""), "+33612345678")
		vault := m{"project": m{"id": w.Project("red", "vault")}}
		web := m{"project": m{"id": w.Project("red", "web")}}
		byPhone(w, c, "ann", vault).Want(http.StatusUnauthorized).Has("phone_not_enough")
		w.Clock.Advance(time.Hour)
		ann := apitest.Token(byPhone(w, c, "ann", web).Want(http.StatusCreated).Token())

		key := w.Post("/v3/users/{ann}/credentials/OS-EC2", m{"tenant_id": w.Project("red", "vault")}, ann).Want(http.StatusCreated)
		w.Secret(key.Str("credential.secret"))
		trust := func(role, project string) m {
			r := w.Post("/v3/OS-TRUST/trusts", m{"trust": m{
				"trustor_user_id": w.ID("ann"), "trustee_user_id": w.ID("bob"), "impersonation": false, "project_id": w.Project("red", project),
				"roles": []m{{"name": role}},
			}}, ann).Want(http.StatusCreated)
			return m{"OS-TRUST:trust": m{"id": r.Str("trust.id")}}
		}
		safe, mighty := trust("member", "web"), trust("manager", "vault")
		w.Post("/v3/ec2tokens", ec2(w, key.Str("credential.access"), key.Str("credential.secret")), w.As("admin")).Want(http.StatusUnauthorized)
		byPhone(w, c, "bob", mighty).Want(http.StatusUnauthorized).Has("phone_not_enough")
		w.Clock.Advance(time.Hour)
		byPhone(w, c, "bob", safe).Want(http.StatusCreated)
	}, func(cfg *config.Config) { cfg.Phones.ForbiddenRoles = []string{"manager"} })
}

// R11: who has a phone and nothing else proves himself again with it; other services see that it was only a phone.
func TestR11StepUpOfWhoHasOnlyAPhone(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		addPhone(w, c, "ann", w.Token("ann", ""), number)
		in := byPhone(w, c, "ann", nil).Want(http.StatusCreated)
		if got := in.Str("token.assurance"); got != "phone_factor" {
			t.Errorf("assurance %s", got)
		}
		w.Clock.Advance(11 * time.Minute)
		again := func() *apitest.Response {
			return w.Post("/v3/users/{ann}/mfa/recovery_codes", nil, apitest.Token(in.Token())).Want(http.StatusUnauthorized)
		}
		stale := again().Has(`"step_up_methods":["token","phone"]`)
		receipt := apitest.Header("Openstack-Auth-Receipt", stale.Header.Get("Openstack-Auth-Receipt"))
		ask(w, receipt).Want(http.StatusCreated)
		body := func(code string) m {
			return m{"auth": m{"identity": m{
				"methods": []string{"token", "phone"}, "token": m{"id": in.Token()}, "phone": m{"user": m{"id": w.ID("ann"), "passcode": code}},
			}}}
		}
		code := c.code(w)
		w.Post("/v3/auth/tokens", body(other(code))).Want(http.StatusUnauthorized)
		r := w.Post("/v3/auth/tokens", body(code)).Want(http.StatusCreated)
		again() // the older token is as stale as before
		codes := w.Post("/v3/users/{ann}/mfa/recovery_codes", nil, apitest.Token(r.Token())).Want(http.StatusCreated)
		w.Secret(codes.Str("recovery_codes.codes.0"))
	})
}

// TestAUsedReceiptSendsNothing: nor does one that is not of a sign-in under way.
func TestAUsedReceiptSendsNothing(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		addPhone(w, c, "ann", w.Token("ann", ""), number)
		receipt := half(w, "ann")
		ask(w, receipt).Want(http.StatusCreated)
		w.Post("/v3/auth/tokens", codeBody(w, "ann", "phone", c.code(w), nil), receipt).Want(http.StatusCreated)
		ask(w, receipt).Want(http.StatusUnauthorized).Has("receipt_invalid")
		changed := half(w, "ann")
		w.SetPassword("ann")
		ask(w, changed).Want(http.StatusUnauthorized).Has("receipt_invalid")
		late := half(w, "ann")
		w.Clock.Advance(time.Hour)
		ask(w, late).Want(http.StatusUnauthorized).Has("receipt_invalid")
		if got := c.take(); len(got) != 0 {
			t.Errorf("sent %v", got)
		}
	})
}

// TestPhonesAndOldWays: a code that was sent may stand behind the password where codes may; v2.0 is closed; a phone is
// none of Keystone's credentials; one proof is enough.
func TestPhonesAndOldWays(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "default")
		w.Grant("ann", "member", "project:default/web")
		id, _ := addPhone(w, c, "ann", w.Token("ann", ""), number)
		w.Post("/v2.0/tokens", m{"auth": m{"passwordCredentials": m{"userId": w.ID("ann"), "password": w.Password("ann")}}}).Want(http.StatusUnauthorized)
		w.Get("/v3/credentials/"+id, w.As("admin")).Want(http.StatusNotFound)
		w.Delete("/v3/credentials/"+id, w.As("admin")).Want(http.StatusNotFound)
		w.Get("/v3/credentials?user_id={ann}", w.As("admin")).Want(http.StatusOK).Never(id)

		ask(w, half(w, "ann")).Want(http.StatusCreated)
		code := c.code(w)
		secrets := m{
			"password": m{"user": m{"id": w.ID("ann"), "password": w.Password("ann")}},
			"phone":    m{"user": m{"id": w.ID("ann"), "passcode": code}}, "device": m{"secret": "x"},
		}
		shown(w, secrets).Want(http.StatusBadRequest)
		delete(secrets, "device")
		secrets["totp"] = secrets["phone"]
		shown(w, secrets).Want(http.StatusBadRequest)

		joined := func() *apitest.Response {
			return shown(w, m{"password": m{"user": m{"id": w.ID("ann"), "password": w.Password("ann") + code}}})
		}
		joined().Want(http.StatusUnauthorized)
		allow(w, "/v3/users/{ann}", true)
		r := joined().Want(http.StatusCreated).Has(`"phone"`)
		w.Get("/v2.0/tenants", apitest.Token(r.Token())).Want(http.StatusUnauthorized)
		joined().Want(http.StatusUnauthorized)
	})
}

// TestPhonesEnd with a reset by an administrator and with their user, and codes with them.
func TestPhonesEnd(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		id, _ := addPhone(w, c, "ann", w.Token("ann", ""), number)
		receipt := half(w, "ann")
		ask(w, receipt).Want(http.StatusCreated)
		code := c.code(w)
		w.Post("/v3/users/{ann}/mfa/reset", m{"reset": m{"reason": "lost the phone"}}, w.As("sysadmin")).Want(http.StatusNoContent)
		w.Post("/v3/auth/tokens", codeBody(w, "ann", "phone", code, nil), receipt).Want(http.StatusUnauthorized)
		ask(w, receipt).Want(http.StatusUnauthorized)
		w.ForgetTokens()
		token := w.Token("ann", "")
		w.Get("/v3/users/{ann}/mfa/phones/"+id, apitest.Token(token)).Want(http.StatusNotFound)
		addPhone(w, c, "ann", token, number)
		w.Delete("/v3/users/{ann}", w.As("sysadmin")).Want(http.StatusNoContent)
	})
}

// L17: who must have a second factor may enrol a phone with the receipt; it counts as one.
func TestL17APhoneWillDo(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		w.User("ben", "red")
		w.Grant("ann", "Staff", "project:red/web")
		demand(w, `{"role_id":"{role Staff}"}`)
		enrolled := func() int {
			return w.Get("/v3/mfa/adoption", fresh(w)).Want(http.StatusOK).Int("adoption.required_enrolled")
		}
		receipt := refusedUntilEnrolled(w, "ann", "project:red/web")
		const at = "/v3/users/{ann}/mfa/phones"
		body := m{"phone": m{"number": number}}
		w.Post("/v3/users/{ben}/mfa/phones", body, receipt).Want(http.StatusForbidden)
		ask(w, receipt).Want(http.StatusConflict).Has("no_phone")
		w.Get(at, receipt).Want(http.StatusUnauthorized)
		one := at + "/" + w.Post(at, body, receipt).Want(http.StatusCreated).Str("phone.id")
		w.Patch(one, `{"phone":{"name":"x"}}`, receipt).Want(http.StatusUnauthorized)
		w.Post(one+"/verify", `{"phone":{}}`, receipt).Want(http.StatusCreated)
		code := c.code(w)
		w.Post(one+"/confirm", confirmBody(other(code)), receipt).Want(http.StatusUnauthorized).Has("passcode_invalid")
		if got := enrolled(); got != 0 {
			t.Errorf("%d have one", got)
		}
		r := w.Post(one+"/confirm", confirmBody(code), receipt).Want(http.StatusOK)
		if len(r.List("recovery_codes")) != 4 {
			t.Error("no recovery codes")
		}
		w.Delete(one, receipt).Want(http.StatusUnauthorized)
		next := apitest.Header("Openstack-Auth-Receipt", r.Header.Get("Openstack-Auth-Receipt"))
		w.Post("/v3/auth/tokens", codeBody(w, "ann", "phone", code, nil), next).Want(http.StatusUnauthorized)
		ask(w, next).Want(http.StatusCreated)
		w.Post("/v3/auth/tokens", codeBody(w, "ann", "phone", c.code(w), nil), next).Want(http.StatusCreated)
		if got := enrolled(); got != 1 {
			t.Errorf("%d have one", got)
		}
	})
}
