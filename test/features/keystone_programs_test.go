package features_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// What Keystone's second factors get wrong about programs and delegation, and how it is here.

// robot is an application credential of the app's user.
func (a *app) robot(name string, as apitest.With) (signIn func() *apitest.Response) {
	r := a.w.Post("/v3/users/{"+a.user+"}/application_credentials", m{"application_credential": m{"name": name}}, as).Want(http.StatusCreated)
	id, secret := r.Str("application_credential.id"), r.Str("application_credential.secret")
	a.w.Secret(secret)
	return func() *apitest.Response {
		return a.w.Post("/v3/auth/tokens", m{"auth": m{"identity": m{
			"methods": []string{"application_credential"}, "application_credential": m{"id": id, "secret": secret},
		}}})
	}
}

// key is an access key of the app's user, whose signature a service brings.
func (a *app) accessKey(as apitest.With) (signIn func() *apitest.Response) {
	r := a.w.Post("/v3/users/{"+a.user+"}/credentials/OS-EC2", `{"tenant_id":"{red/p1}"}`, as).Want(http.StatusCreated)
	access, secret := r.Str("credential.access"), r.Str("credential.secret")
	a.w.Secret(secret)
	return func() *apitest.Response {
		return a.w.Post("/v3/ec2tokens", apitest.SignedEC2(access, secret, a.w.Clock.Now()), a.w.As("sysadmin"))
	}
}

// scoped is a token with both factors for a project.
func (a *app) scoped() apitest.With {
	return apitest.Token(a.w.Post("/v3/auth/tokens", a.both(a.next(), "project:red/p1")).Want(http.StatusCreated).Token())
}

// grown is a user who makes something for programs with the password alone, and enrols an app afterwards.
func grown(w *apitest.World, made func(a *app, as apitest.With)) *app {
	w.User("mia", "red")
	w.Grant("mia", "member", "project:red/p1")
	made(&app{w: w, user: "mia"}, apitest.Token(w.Token("mia", "project:red/p1")))
	a := enrolled(w, "mia")
	w.ForgetTokens()
	return a
}

func Test3b11ApplicationCredentialsGoOnWorking(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		var before func() *apitest.Response
		mia := grown(w, func(a *app, as apitest.With) {
			before = a.robot("before", as)
			before().Want(http.StatusCreated)
		})
		weak := before() // made with less than its owner must show now
		refused(t, "made with a password", weak, false)
		weak.Has("second_factor_required")
		after := mia.robot("after", mia.scoped())
		w.Clock.Advance(24 * time.Hour)
		after().Want(http.StatusCreated) // no rule for it, no code
	})
}

func Test3b12AccessKeysDoNotGoRoundIt(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		var before func() *apitest.Response
		mia := grown(w, func(a *app, as apitest.With) {
			before = a.accessKey(as)
			before().Want(http.StatusOK)
		})
		refused(t, "made with a password", before(), false)
		mia.accessKey(mia.scoped())().Want(http.StatusOK)
	})
}

func Test3b13SeedsAreNotReadAgain(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		id := credential(w, "ann", seed, apitest.Token(w.Token("ann", ""))).Want(http.StatusCreated).Str("credential.id")
		w.Name("it", id)
		mia := withApp(w, "mia")
		for _, path := range []string{"/v3/credentials", "/v3/credentials/{it}", "/v3/credentials?user_id={ann}", "/v3/credentials?type=totp", "/v3/users/{ann}/mfa"} {
			w.Get(path, fresh(w)).Want(http.StatusOK).Never(seed).Never(mia.secret)
		}
		w.Get("/v3/credentials?user_id={mia}", mia.strong()).Want(http.StatusOK).Never(mia.secret).Never(strings.TrimRight(mia.secret, "="))
	})
}

func Test3b14FactorsChangeWithAFreshProofOnly(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		weak := apitest.Token(w.Token("ann", ""))
		a := enrolled(w, "ann")
		w.Name("it", a.id)
		strong := a.strong()
		w.Clock.Advance(11 * time.Minute)
		for _, as := range []apitest.With{weak, strong} {
			w.Delete("/v3/credentials/{it}", as).Want(http.StatusUnauthorized)
			w.Delete("/v3/users/{ann}/mfa/totp/{it}", as).Want(http.StatusUnauthorized)
			credential(w, "ann", seed, as).Want(http.StatusUnauthorized)
			w.Patch("/v3/credentials/{it}", m{"credential": m{"blob": seed}}, as).Want(http.StatusUnauthorized)
			w.Post("/v3/users/{ann}/mfa/totp", m{"totp": m{}}, as).Want(http.StatusUnauthorized)
		}
		w.Delete("/v3/credentials/{it}", a.strong()).Want(http.StatusNoContent)
	})
}

func Test3b15DelegatedTokensSeeNoFactors(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := withApp(w, "mia")
		w.Name("it", mia.id)
		as := mia.scoped()
		robot := apitest.Token(mia.robot("robot", as)().Want(http.StatusCreated).Token())
		w.User("bob", "red")
		trust := w.Post("/v3/OS-TRUST/trusts", m{"trust": m{
			"trustor_user_id": w.ID("mia"), "trustee_user_id": w.ID("bob"), "impersonation": true, "project_id": w.ID("red/p1"), "roles": []m{{"name": "member"}},
		}}, as).Want(http.StatusCreated).Str("trust.id")
		body := apitest.PasswordBody(w.ID("bob"), w.Password("bob"), m{"OS-TRUST:trust": m{"id": trust}})
		posing := apitest.Token(w.Post("/v3/auth/tokens", body).Want(http.StatusCreated).Token())
		for _, as := range []apitest.With{robot, posing} {
			w.Get("/v3/credentials/{it}", as).Want(http.StatusForbidden)
			w.Get("/v3/users/{mia}/mfa", as).Want(http.StatusForbidden)
			w.Delete("/v3/credentials/{it}", as).Want(http.StatusForbidden)
			credential(w, "mia", seed, as).Want(http.StatusForbidden)
			if r := w.Get("/v3/credentials", as); r.Status != http.StatusForbidden && strings.Contains(string(r.Body), mia.id) {
				t.Errorf("a delegated token sees the factor: %s", r.Body)
			}
		}
	})
}
