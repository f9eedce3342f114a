package v3_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

const totpOf = `{"credential":{"type":"totp","user_id":"{ann}","blob":"` + otherSeed + `"}}`

func TestCredentialRefusals(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("ben", "red")
		w.Name("cred", w.Post("/v3/credentials", totpOf, w.As("sysadmin")).Want(http.StatusCreated).Str("credential.id"))
		patch := `{"credential":{"blob":"MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK"}}`
		var cases []apitest.Case
		for _, c := range []struct {
			do, body string
		}{
			{"GET /v3/credentials/{cred}", ""}, {"PATCH /v3/credentials/{cred}", patch}, {"DELETE /v3/credentials/{cred}", ""}, {"POST /v3/credentials", totpOf},
		} {
			cases = append(cases, apitest.Case{Do: c.do, Body: body(c.body), Want: 401})
			for _, who := range []string{"ben", "manager@red", "member@red/web", "reader@red", "service@red/web"} {
				cases = append(cases, apitest.Case{As: who, Do: c.do, Body: body(c.body), Want: 403, Never: otherSeed})
			}
			if c.do[:3] != "GET" {
				cases = append(cases, apitest.Case{As: "reader@system", Do: c.do, Body: body(c.body), Want: 403})
			}
		}
		blob := func(seed string) string {
			return `{"credential":{"type":"totp","user_id":"{ben}","blob":"` + seed + `"}}`
		}
		w.Run(t, append(cases, []apitest.Case{
			{Name: "nobody's list", Do: "GET /v3/credentials", Want: 401},
			{Name: "what is not there", As: "ben", Do: "GET /v3/credentials/none", Want: 403},
			{Name: "what is not there, for who may know", As: "admin", Do: "GET /v3/credentials/none", Want: 404},
			{Name: "a user who is not there", As: "admin", Do: "POST /v3/credentials", Body: `{"credential":{"type":"totp","user_id":"none","blob":"` + otherSeed + `"}}`, Want: 404},
			{Name: "an empty seed", As: "admin", Do: "POST /v3/credentials", Body: blob(""), Want: 400},
			{Name: "a seed of one letter", As: "admin", Do: "POST /v3/credentials", Body: blob("A"), Want: 400, Never: `"A"`},
			{Name: "a seed that is no base32", As: "admin", Do: "POST /v3/credentials", Body: blob("not-base32-at-all-1890"), Want: 400, Never: "not-base32"},
			{Name: "no seed", As: "admin", Do: "POST /v3/credentials", Body: `{"credential":{"type":"totp","user_id":"{ben}"}}`, Want: 400},
			{Name: "a project", As: "admin", Do: "POST /v3/credentials", Body: `{"credential":{"type":"totp","user_id":"{ben}","project_id":"{admin-project}","blob":"` + otherSeed + `"}}`, Want: 400},
			{Name: "an attribute that a factor cannot keep", As: "admin", Do: "POST /v3/credentials", Body: `{"credential":{"name":"phone","type":"totp","user_id":"{ben}","blob":"` + otherSeed + `"}}`, Want: 400},
			{Name: "such an attribute for it", As: "admin", Do: "PATCH /v3/credentials/{cred}", Body: `{"credential":{"name":"phone"}}`, Want: 400},
			{Name: "another id", As: "admin", Do: "PATCH /v3/credentials/{cred}", Body: `{"credential":{"id":"{ben}"}}`, Want: 400},
			{Name: "another owner", As: "admin", Do: "PATCH /v3/credentials/{cred}", Body: `{"credential":{"user_id":"{ben}"}}`, Want: 400},
			{Name: "another type for it", As: "admin", Do: "PATCH /v3/credentials/{cred}", Body: `{"credential":{"type":"ec2"}}`, Want: 400},
			{Name: "a project for it", As: "admin", Do: "PATCH /v3/credentials/{cred}", Body: `{"credential":{"project_id":"{admin-project}"}}`, Want: 400},
			{Name: "a bad seed for it", As: "admin", Do: "PATCH /v3/credentials/{cred}", Body: `{"credential":{"blob":"A"}}`, Want: 400},
			{Name: "an empty change", As: "admin", Do: "PATCH /v3/credentials/{cred}", Body: `{"credential":{}}`, Want: 400},
			{Name: "another's list", As: "ben", Do: "GET /v3/credentials?user_id={ann}", Want: 200, Check: lists(w, "credentials", "id")},
			{Name: "one's own list", As: "ben", Do: "GET /v3/credentials", Want: 200, Check: lists(w, "credentials", "id")},
			{Name: "nothing of it was done", As: "admin", Do: "GET /v3/credentials", Want: 200, Never: otherSeed, Check: lists(w, "credentials", "id", "{cred}")},
		}...))
	})
}

func TestCredentialLife(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("ben", "red")
		before := w.Token("ann", "")
		made := w.Post("/v3/credentials", totpOf, apitest.Token(before)).Want(http.StatusCreated)
		made.Has(otherSeed) // once, and never again
		w.Name("cred", made.Str("credential.id"))
		w.Secret(otherSeed)
		ann := &device{w: w, user: "ann", seed: otherSeed}
		w.SignIn("ann", "").Want(http.StatusUnauthorized)
		strong := ann.signIn(ann.next()).Want(http.StatusCreated).Token()
		w.Name("bens", w.Post("/v3/credentials", `{"credential":{"type":"TOTP","user_id":"{ben}","blob":"MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK"}}`, w.As("admin")).Want(http.StatusCreated).Str("credential.id"))

		mine := map[string]string{"X-Auth-Token": strong}
		w.Run(t, []apitest.Case{
			{Name: "the owner's list", Header: mine, Do: "GET /v3/credentials", Want: 200, Never: otherSeed, Check: lists(w, "credentials", "id", "{cred}")},
			{Name: "the owner asks for another's", Header: mine, Do: "GET /v3/credentials?user_id={ben}", Want: 200, Check: lists(w, "credentials", "id")},
			{As: "admin", Do: "GET /v3/credentials", Want: 200, Never: otherSeed, Check: lists(w, "credentials", "id", "{cred}", "{bens}")},
			{As: "reader@system", Do: "GET /v3/credentials?user_id={ben}", Want: 200, Check: lists(w, "credentials", "id", "{bens}")},
			{As: "admin", Do: "GET /v3/credentials?type=totp", Want: 200, Check: lists(w, "credentials", "id", "{cred}", "{bens}")},
			{As: "admin", Do: "GET /v3/credentials?type=ec2", Want: 200, Check: lists(w, "credentials", "id")},
			{Name: "the owner looks", Header: mine, Do: "GET /v3/credentials/{cred}", Want: 200, Never: otherSeed},
			{Name: "a token from before", Header: map[string]string{"X-Auth-Token": before}, Do: "DELETE /v3/credentials/{cred}", Want: 401, Has: "reauthentication_required"},
			{Name: "the owner takes another seed", Header: mine, Do: "PATCH /v3/credentials/{cred}",
				Body: `{"credential":{"blob":"MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK"}}`, Want: 200, Never: "MFRGG"},
		})
		ann.signIn(ann.next()).Want(http.StatusUnauthorized)
		ann = &device{w: w, user: "ann", seed: "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK"}
		strong = ann.signIn(ann.next()).Want(http.StatusCreated).Token()

		// An administrator helps somebody who lost his phone: whoever holds a session may be the reason.
		w.Patch("/v3/credentials/{cred}", `{"credential":{"blob":"`+otherSeed+`"}}`, w.As("sysadmin")).Want(http.StatusOK).Never(otherSeed)
		w.Get("/v3/credentials", apitest.Token(strong)).Want(http.StatusUnauthorized)
		ann = &device{w: w, user: "ann", seed: otherSeed}
		w.Clock.Advance(30 * time.Second)
		strong = ann.signIn(ann.next()).Want(http.StatusCreated).Token()
		w.Delete("/v3/credentials/{cred}", w.As("sysadmin")).Want(http.StatusNoContent)
		w.Get("/v3/credentials", apitest.Token(strong)).Want(http.StatusUnauthorized)
		w.Get("/v3/credentials/{cred}", w.As("sysadmin")).Want(http.StatusNotFound)
		w.Token("ann", "")
	})
}
