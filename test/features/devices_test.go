package features_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// remember keeps a device of the app's user and returns its id and its secret.
func (a *app) remember(name string) (id, secret string) {
	r := a.w.Post("/v3/users/{"+a.user+"}/devices", m{"device": m{"name": name}}, a.strong()).Want(http.StatusCreated)
	a.w.Secret(r.Str("device.secret"))
	return r.Str("device.id"), r.Str("device.secret")
}

// on is a sign-in with the password on a device.
func (a *app) on(secret string, with ...apitest.With) *apitest.Response {
	return shown(a.w, m{"password": a.known(a.w.Password(a.user)), "device": m{"secret": secret}}, with...)
}

// unknown demands that a device is not remembered.
func unknown(t *testing.T, what string, r *apitest.Response) {
	t.Helper()
	refused(t, what, r, false)
	r.Has("device_unknown")
}

// TestL3 asks for the code on each new device, and not on one that is remembered.
func TestL3(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.Post("/v3/users/{ann}/devices", `{"device":{"name":"x"}}`, apitest.Token(w.Token("ann", ""))).Want(http.StatusConflict).Has("no_second_factor")
		mia, bob := withApp(w, "mia"), withApp(w, "bob")
		const path = "/v3/users/{mia}/devices"
		w.Post(path, `{"device":{"name":"x"}}`).Want(http.StatusUnauthorized)
		w.Post(path, `{"device":{"name":"x"}}`, bob.strong()).Want(http.StatusForbidden)
		w.Post(path, `{"device":{"name":"x"}}`, w.As("sysadmin")).Want(http.StatusForbidden)
		strong := mia.strong()
		for _, body := range []string{`{"device":{}}`, `{"device":{"name":""}}`, `{"device":{"name":" "}}`, `{"device":{"name":"x","secret":"y"}}`, `{}`} {
			w.Post(path, body, strong).Want(http.StatusBadRequest)
		}
		w.Clock.Advance(11 * time.Minute)
		w.Post(path, `{"device":{"name":"x"}}`, strong).Want(http.StatusUnauthorized).Has("reauthentication_required")

		_, secret := mia.remember("laptop")
		refused(t, "a new device", shown(w, m{"password": mia.known(w.Password("mia"))}), true)
		refused(t, "no password", shown(w, m{"device": m{"secret": secret}}), false)
		refused(t, "a wrong password", shown(w, m{"password": mia.known("wrong"), "device": m{"secret": secret}}), false)
		unknown(t, "another secret", mia.on(strings.Repeat("A", len(secret))))
		unknown(t, "an empty secret", mia.on(""))
		unknown(t, "another's device", bob.on(secret))
		shown(w, m{"password": mia.known(w.Password("mia")), "device": m{}}).Want(http.StatusBadRequest)
		shown(w, m{"password": mia.known(w.Password("mia")), "device": nil}).Want(http.StatusBadRequest)
		shown(w, m{"password": mia.known(w.Password("mia")), "device": m{"secret": secret}, "totp": m{"user": m{"id": w.ID("mia"), "passcode": mia.next()}}}).Want(http.StatusBadRequest)

		r := mia.on(secret).Want(http.StatusCreated)
		if got := fmt.Sprint(r.Value("token.methods")); !strings.Contains(got, "device") || strings.Contains(got, "totp") {
			t.Errorf("methods %s, want what was shown", got)
		}
		weak := r.Token()
		w.Post("/v3/auth/tokens", continuing("", weak, "")).Want(http.StatusCreated)
		// It is no fresh second factor, not even for another device.
		for _, do := range []string{"/v3/users/{mia}/mfa/recovery_codes", path} {
			w.Post(do, `{"device":{"name":"x"}}`, apitest.Token(weak)).Want(http.StatusUnauthorized).Has("reauthentication_required")
		}
		step := w.Post("/v3/users/{mia}/mfa/recovery_codes", nil, apitest.Token(weak)).Want(http.StatusUnauthorized)
		again := mia.on(secret, apitest.Header("Openstack-Auth-Receipt", step.Header.Get("Openstack-Auth-Receipt"))).Want(http.StatusCreated)
		w.Post("/v3/users/{mia}/mfa/recovery_codes", nil, apitest.Token(again.Token())).Want(http.StatusUnauthorized)
		w.Get("/v2.0/tenants", apitest.Token(weak)).Want(http.StatusUnauthorized)

		list := w.Get(path, w.As("sysadmin")).Want(http.StatusOK).Never(secret)
		if len(list.List("devices")) != 1 || list.Str("devices.0.name") != "laptop" || list.Value("devices.0.last_used_at") == nil || list.Value("devices.0.last_used_ip") == nil {
			t.Errorf("the list: %s", list.Body)
		}
		w.Get(path, bob.strong()).Want(http.StatusForbidden)
		w.Get("/v3/users/none/devices", w.As("sysadmin")).Want(http.StatusNotFound)
	})
}

// TestL4 asks for the code again when the device's time is over, and where the operator wants it each time.
func TestL4(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		_, secret := mia.remember("laptop")
		remembered := w.Clock.Now()
		w.Clock.Advance(time.Hour)
		mia.on(secret).Want(http.StatusCreated) // the session is over, the device is not
		w.Clock.Advance(time.Hour - time.Microsecond - w.Clock.Now().Sub(remembered.Add(time.Hour)))
		mia.on(secret).Want(http.StatusCreated) // using it does not make it last
		w.Clock.Advance(time.Microsecond)
		unknown(t, "after its life", mia.on(secret))
		if all := w.Get("/v3/users/{mia}/devices", w.As("sysadmin")).Want(http.StatusOK).List("devices"); len(all) != 0 {
			t.Errorf("%d devices are listed after their life", len(all))
		}
		for i := range 2 {
			mia.remember(fmt.Sprint(i))
		}
		w.Post("/v3/users/{mia}/devices", `{"device":{"name":"one more"}}`, mia.strong()).Want(http.StatusConflict).Has("too_many_devices")

		sam, bob := withApp(w, "sam"), withApp(w, "bob")
		_, kept := sam.remember("phone")
		sam.on(kept).Want(http.StatusCreated)
		begun := apitest.Token(sam.on(kept).Want(http.StatusCreated).Token())
		w.Get("/v3/users/{sam}/devices", begun).Want(http.StatusOK)
		w.Grant("sam", "operator", "project:red/p1")
		unknown(t, "with a role that forbids it", sam.on(kept))
		w.Get("/v3/users/{sam}/devices", begun).Want(http.StatusUnauthorized) // nor does what it let in go on
		w.Post("/v3/users/{sam}/devices", `{"device":{"name":"x"}}`, sam.strong()).Want(http.StatusForbidden).Has("devices_forbidden")

		_, left := bob.remember("laptop")
		begun = apitest.Token(bob.on(left).Want(http.StatusCreated).Token())
		off, _ := w.Node(func(c *config.Config) { c.Devices.Enabled = false })
		other := *mia
		other.w = off
		refused(t, "switched off", other.on(secret), false)
		off.Get("/v3/users/{bob}/devices", begun).Want(http.StatusUnauthorized)
		off.Post("/v3/users/{mia}/devices", `{"device":{"name":"x"}}`, mia.strong()).Want(http.StatusForbidden).Has("devices_forbidden")
		off.Delete("/v3/users/{mia}/devices", mia.strong()).Want(http.StatusNoContent)
	}, func(c *config.Config) {
		c.Devices.Life, c.Devices.Max, c.Devices.ForbiddenRoles = 2*time.Hour, 2, []string{"operator"}
	})
}

// TestL5 forgets devices: one, all, and with whatever changes how the person signs in.
func TestL5(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia, bob := withApp(w, "mia"), withApp(w, "bob")
		const path = "/v3/users/{mia}/devices"
		one, first := mia.remember("one")
		_, second := mia.remember("two")
		_, others := bob.remember("bob's")
		for _, do := range []string{path, path + "/" + one} {
			w.Delete(do).Want(http.StatusUnauthorized)
			w.Delete(do, bob.strong()).Want(http.StatusForbidden)
			w.Delete(do, w.As("reader@system")).Want(http.StatusForbidden)
		}
		w.Delete("/v3/users/{bob}/devices/"+one, bob.strong()).Want(http.StatusNotFound)
		w.Delete(path+"/none", mia.strong()).Want(http.StatusNotFound)

		w.Delete(path+"/"+one, apitest.Token(mia.on(second).Want(http.StatusCreated).Token())).Want(http.StatusNoContent)
		w.Delete(path+"/"+one, mia.strong()).Want(http.StatusNotFound)
		unknown(t, "forgotten", mia.on(first))
		mia.on(second).Want(http.StatusCreated)
		w.Delete(path, w.As("sysadmin")).Want(http.StatusNoContent)
		unknown(t, "all forgotten", mia.on(second))
		w.Delete(path, w.As("sysadmin")).Want(http.StatusNoContent)

		ends := func(what string, do func()) {
			t.Helper()
			_, secret := mia.remember(what)
			mia.on(secret).Want(http.StatusCreated)
			do()
			unknown(t, what, mia.on(secret))
		}
		ends("a new password", func() {
			text := w.NewPassword()
			w.Post("/v3/users/{mia}/password", m{"user": m{"original_password": w.Password("mia"), "password": text, "passcode": mia.next()}}).Want(http.StatusNoContent)
			w.KnowPassword("mia", text)
		})
		ends("an administrator's password", func() { w.SetPassword("mia") })
		old := *mia
		ends("a factor removed", func() {
			token := mia.strong()
			spare := begin(w, "mia", token)
			w.Post(spare.confirm(), spare.body(), token).Want(http.StatusOK)
			w.Delete("/v3/users/{mia}/mfa/totp/"+old.id, token).Want(http.StatusNoContent)
			mia = spare
		})
		ends("disabled for a while", func() {
			for _, on := range []bool{false, true} {
				w.Patch("/v3/users/{mia}", m{"user": m{"enabled": on}}, w.As("sysadmin")).Want(http.StatusOK)
			}
		})
		ends("another seed", func() {
			const seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR"
			w.Secret(seed)
			w.Patch("/v3/credentials/"+mia.id, m{"credential": m{"blob": seed}}, w.As("admin")).Want(http.StatusOK)
		})
		bob.on(others).Want(http.StatusCreated)
	})
}

// Without any factor there is nothing that a device could stand for, nor does it stand for a later one.
func TestL5WithoutFactors(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia, sam := withApp(w, "mia"), withApp(w, "sam")
		_, secret := mia.remember("laptop")
		w.Delete("/v3/users/{mia}/mfa/totp/"+mia.id, mia.strong()).Want(http.StatusNoContent)
		unknown(t, "after the last factor", mia.on(secret))
		w.SignIn("mia", "").Want(http.StatusCreated)
		again := begin(w, "mia", apitest.Token(w.Token("mia", "")))
		w.Post(again.confirm(), again.body(), apitest.Token(w.Token("mia", ""))).Want(http.StatusOK)
		unknown(t, "after a new factor", again.on(secret))

		_, secret = sam.remember("laptop")
		w.Post("/v3/users/{sam}/mfa/reset", m{"reset": m{"reason": "lost the phone"}}, w.As("sysadmin")).Want(http.StatusNoContent)
		unknown(t, "after a reset", sam.on(secret))
		demand(w, `{"domain_id":"{red}"}`)
		unknown(t, "of who must have a factor", sam.on(secret))
		refusedUntilEnrolled(w, "sam", "")
	})
}

// Roles for which a phone is not enough are not given on a device: it may have been remembered with a phone.
func TestL3RolesThatTakeMoreThanADevice(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		w.Grant("mia", "reader", "domain:red")
		_, secret := mia.remember("laptop")
		on := func(scope string) *apitest.Response {
			return w.Post("/v3/auth/tokens", bodyOf(w, "mia", scope, m{
				"password": mia.known(w.Password("mia")), "device": m{"secret": secret},
			}))
		}
		on("project:red/p1").Want(http.StatusUnauthorized).Has("phone_not_enough")
		begun := on("domain:red").Want(http.StatusCreated).Token()
		w.Post("/v3/auth/tokens", bodyOf(w, "mia", "project:red/p1", m{"token": m{"id": begun}})).Want(http.StatusUnauthorized).Has("phone_not_enough")
		w.Post("/v3/auth/tokens", mia.both(mia.next(), "project:red/p1")).Want(http.StatusCreated)
	}, func(c *config.Config) { c.Phones.ForbiddenRoles = []string{"member"} })
}

// Wrong secrets are limited like codes, with them, and a right one makes no wrong code forgotten.
func TestDevicesAreNotGuessedAt(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		_, secret := mia.remember("laptop")
		w.Clock.Advance(time.Hour)
		for range 9 {
			refused(t, "a wrong code", mia.try("000000"), false)
		}
		mia.on(secret).Want(http.StatusCreated)
		unknown(t, "the tenth", mia.on(strings.Repeat("A", len(secret))))
		refused(t, "the right one while codes rest", mia.on(secret), false)
		refused(t, "a right code while codes rest", mia.try(mia.code()), false)
		w.Clock.Advance(time.Hour)
		mia.on(secret).Want(http.StatusCreated)
	})
}
