package v3_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// keyBody is the body for an access key of ann on red/web; more goes into the blob.
func keyBody(access, secret, more string) string {
	return fmt.Sprintf(`{"credential":{"type":"ec2","user_id":"{ann}","project_id":"{red/web}","blob":"{\"access\":\"%s\",\"secret\":\"%s\"%s}"}}`,
		access, secret, strings.ReplaceAll(more, `"`, `\"`))
}

func accessID(access string) string {
	sum := sha256.Sum256([]byte(access))
	return hex.EncodeToString(sum[:])
}

func TestAccessKeyRefusals(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("ben", "red")
		w.Grant("ann", "member", "project:red/web")
		w.Project("red", "db")
		ann := map[string]string{"X-Auth-Token": w.Token("ann", "")}
		w.Post("/v3/credentials", keyBody("taken", "secret-one", ""), w.As("admin")).Want(http.StatusCreated)
		w.Name("key", accessID("taken"))
		w.Name("cert", w.Post("/v3/credentials", `{"credential":{"type":"cert","user_id":"{ann}","blob":"PEM"}}`, w.As("admin")).Want(http.StatusCreated).Str("credential.id"))
		post := func(name, body string, want int) apitest.Case {
			return apitest.Case{Name: name, As: "admin", Do: "POST /v3/credentials", Body: body, Want: want}
		}
		patch := func(name, id, attrs string) apitest.Case {
			return apitest.Case{Name: name, As: "admin", Do: "PATCH /v3/credentials/{" + id + "}", Body: `{"credential":{` + attrs + `}}`, Want: 400}
		}
		project := func(as map[string]string, name, kind, project string, want int) apitest.Case {
			body := strings.Replace(strings.Replace(keyBody("a", "secret-two", ""), `"ec2"`, `"`+kind+`"`, 1), "{red/web}", project, 1)
			return apitest.Case{Name: name, Header: as, Do: "POST /v3/credentials", Body: body, Want: want}
		}
		raw := func(blob string) string {
			return `{"credential":{"type":"ec2","user_id":"{ann}","project_id":"{red/web}","blob":"` + blob + `"}}`
		}
		w.Run(t, []apitest.Case{
			post("no project", `{"credential":{"type":"ec2","user_id":"{ann}","blob":"{\"access\":\"a\",\"secret\":\"secret-two\"}"}}`, 400),
			post("a project that is null", strings.Replace(keyBody("a", "secret-two", ""), `"{red/web}"`, "null", 1), 400),
			post("no user", `{"credential":{"type":"cert","blob":"x"}}`, 400),
			post("a user who is not there", strings.Replace(keyBody("a", "secret-two", ""), "{ann}", "none", 1), 404),
			post("a type that is empty", `{"credential":{"type":" ","user_id":"{ann}","blob":"x"}}`, 400),
			post("a type with control characters", `{"credential":{"type":"a\u0007","user_id":"{ann}","blob":"x"}}`, 400),
			post("a blob that is too long", `{"credential":{"type":"cert","user_id":"{ann}","blob":"`+strings.Repeat("x", 33<<10)+`"}}`, 400),
			post("no JSON", raw(`access`), 400),
			post("an array", raw(`[]`), 400),
			post("null", raw(`null`), 400),
			post("JSON in a JSON text", raw(`\"{}\"`), 400),
			post("no access", raw(`{\"secret\":\"secret-two\"}`), 400),
			post("no secret", raw(`{\"access\":\"a\"}`), 400),
			post("an access key that is a number", raw(`{\"access\":1,\"secret\":\"secret-two\"}`), 400),
			post("an access key that is empty", keyBody("", "secret-two", ""), 400),
			post("an access key with a space", keyBody("a b", "secret-two", ""), 400),
			post("an access key that is too long", keyBody(strings.Repeat("a", 256), "secret-two", ""), 400),
			post("a secret that is short", keyBody("a", "1234567", ""), 400),
			post("two access keys", raw(`{\"access\":\"a\",\"access\":\"b\",\"secret\":\"secret-two\"}`), 400),
			post("a trust of one's own", keyBody("a", "secret-two", `,"trust_id":"t"`), 400),
			post("a trust that is no text", keyBody("a", "secret-two", `,"trust_id":{}`), 400),
			post("an application credential of one's own", keyBody("a", "secret-two", `,"app_cred_id":"t"`), 400),
			post("an access key that is taken", keyBody("taken", "secret-two", ""), 409),
			project(ann, "a project without a role of hers", "ec2", "{red/db}", 403),
			project(ann, "a project that is not there", "ec2", "none", 403),
			project(ann, "a domain", "ec2", "{red}", 403),
			project(ann, "a certificate for another's project", "cert", "{red/db}", 403),
			project(nil, "nobody", "ec2", "{red/web}", 401),
			{Name: "an administrator's, on a project that is not there", As: "admin", Do: "POST /v3/credentials", Want: 404,
				Body: strings.Replace(keyBody("b", "secret-two", ""), "{red/web}", "none", 1)},
			patch("another user", "key", `"user_id":"{ben}"`),
			patch("another project", "key", `"project_id":"{red/db}"`),
			patch("no project", "key", `"project_id":null`),
			patch("another id", "key", `"id":"{cert}"`),
			patch("another type", "key", `"type":"cert"`),
			patch("a factor of it", "key", `"type":"totp"`),
			patch("no key", "key", `"blob":"x"`),
			patch("another access key", "key", `"blob":"{\"access\":\"other\",\"secret\":\"secret-one\"}"`),
			patch("a trust", "key", `"blob":"{\"access\":\"taken\",\"secret\":\"secret-one\",\"trust_id\":\"t\"}"`),
			patch("an access token", "key", `"blob":"{\"access\":\"taken\",\"secret\":\"secret-one\",\"access_token_id\":\"t\"}"`),
			patch("an access key of a certificate", "cert", `"type":"EC2"`),
			patch("a factor of a certificate", "cert", `"type":" Totp"`),
			patch("a project for a certificate", "cert", `"project_id":"{red/web}"`),
			patch("another user for a certificate", "cert", `"user_id":"{ben}"`),
			patch("nothing", "cert", ``),
			{Name: "nothing changed", As: "admin", Do: "GET /v3/credentials/{key}", Want: 200, Check: shows(w,
				"credential.blob", `"{\"access\":\"taken\",\"secret\":\"secret-one\"}"`, "credential.project_id", `"{red/web}"`, "credential.type", `"ec2"`)},
			{Name: "nothing came", As: "admin", Do: "GET /v3/credentials?user_id={ann}", Want: 200, Check: func(t *testing.T, r *apitest.Response) {
				if n := len(r.List("credentials")); n != 2 {
					t.Errorf("%d credentials: %s", n, r.Body)
				}
			}},
			{Name: "another's key", Header: map[string]string{"X-Auth-Token": w.Token("ben", "")}, Do: "GET /v3/credentials/{key}", Want: 403, Never: "secret-one"},
			{Name: "another's key, gone by him", Header: map[string]string{"X-Auth-Token": w.Token("ben", "")}, Do: "DELETE /v3/credentials/{key}", Want: 403},
			{As: "reader@system", Do: "DELETE /v3/credentials/{key}", Want: 403},
			{Name: "an administrator's, before there is a role", As: "admin", Do: "POST /v3/credentials", Want: 201,
				Body: strings.Replace(keyBody("b", "secret-two", ""), "{red/web}", "{red/db}", 1)},
		})
		w.Clock.Advance(11 * time.Minute)
		w.Post("/v3/credentials", keyBody("a", "secret-two", ""), apitest.Token(ann["X-Auth-Token"])).Want(http.StatusUnauthorized).Has("reauthentication_required")
		w.Delete("/v3/credentials/{key}", apitest.Token(ann["X-Auth-Token"])).Want(http.StatusUnauthorized)
	})
}

func TestAccessKeyLife(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.Grant("ann", "member", "project:red/web")
		ann := apitest.Token(w.Token("ann", "project:red/web"))
		w.Name("key", accessID("AKIA1"))
		made := w.Post("/v3/credentials", strings.Replace(keyBody("AKIA1", "secret-one", `,"trust_id":null`), `"ec2"`, `" Ec2","id":"mine","purpose":"backup","size":12345678901234567890`, 1), ann).Want(http.StatusCreated)
		view := shows(w, "credential.id", `"{key}"`, "credential.type", `"ec2"`, "credential.user_id", `"{ann}"`, "credential.project_id", `"{red/web}"`,
			"credential.purpose", `"backup"`, "credential.size", "12345678901234567890", "credential.links.self", link("/v3/credentials/{key}"),
			"credential.blob", `"{\"access\":\"AKIA1\",\"secret\":\"secret-one\",\"trust_id\":null}"`)
		view(t, made)
		view(t, w.Get("/v3/credentials/{key}", ann).Want(http.StatusOK))
		view(t, w.Get("/v3/credentials/{key}", w.As("reader@system")).Want(http.StatusOK))
		w.Get("/v3/credentials?type=ec2", ann).Want(http.StatusOK).Has("secret-one")
		// Clients send all they know: what repeats the present is no change.
		w.Patch("/v3/credentials/{key}", strings.Replace(keyBody("AKIA1", "secret-two", ""), `"ec2"`, `"EC2","id":"{key}"`, 1), ann).
			Want(http.StatusOK).Has("secret-two").Has("backup").Never("secret-one")
		w.Patch("/v3/credentials/{key}", `{"credential":{"purpose":"none"}}`, ann).Want(http.StatusOK).Has("secret-two").Never("backup")

		w.Name("cert", w.Post("/v3/credentials", `{"credential":{"type":"Cert","user_id":"{ann}","project_id":null,"blob":"P\nEM"}}`, ann).Want(http.StatusCreated).Str("credential.id"))
		shows(w, "credential.type", `"Cert"`, "credential.blob", `"P\nEM"`, "credential.project_id", "null")(t, w.Get("/v3/credentials/{cert}", ann).Want(http.StatusOK))
		w.Patch("/v3/credentials/{cert}", `{"credential":{"type":"x509","blob":""}}`, ann).Want(http.StatusOK)
		shows(w, "credential.type", `"x509"`, "credential.blob", `""`)(t, w.Get("/v3/credentials/{cert}", ann).Want(http.StatusOK))

		w.Delete("/v3/credentials/{cert}", ann).Want(http.StatusNoContent)
		w.Get("/v3/credentials/{cert}", w.As("admin")).Want(http.StatusNotFound)
		w.Delete("/v3/credentials/{key}", w.As("admin")).Want(http.StatusNoContent)
		w.Get("/v3/credentials", ann).Want(http.StatusOK).Never("secret") // and her session lives
		w.Post("/v3/credentials", keyBody("AKIA1", "secret-one", ""), ann).Want(http.StatusCreated)
	})
}

// TestCredentialPages reads one list over both tables a few at a time.
func TestCredentialPages(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("ben", "red")
		all, anns := map[string]bool{}, 0
		for i := range 9 {
			user, kind, blob := "ann", "cert", fmt.Sprintf("pem-%d", i)
			if i%3 == 0 {
				kind, blob = "totp", fmt.Sprintf("MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2L%c", 'B'+i)
			}
			if i%2 == 0 {
				user = "ben"
			} else {
				anns++
			}
			r := w.Post("/v3/credentials", map[string]any{"credential": map[string]any{"type": kind, "user_id": w.ID(user), "blob": blob}}, w.As("admin"))
			all[r.Want(http.StatusCreated).Str("credential.id")] = true
		}
		for _, c := range []struct {
			query string
			want  int
		}{{"limit=1", 9}, {"limit=2", 9}, {"limit=3", 9}, {"limit=9", 9}, {"limit=10", 9}, {"limit=2&type=cert", 6}, {"limit=1&user_id={ann}", anns}, {"limit=2&type__contains=t", 9}} {
			seen, last := 0, ""
			for next := "/v3/credentials?" + c.query; next != ""; {
				r := w.Get(next, w.As("reader@system")).Want(http.StatusOK)
				for _, id := range r.Names("credentials", "id") {
					if !all[id] || id <= last {
						t.Errorf("%s: %s after %s", c.query, id, last)
					}
					seen, last = seen+1, id
				}
				link, _ := r.Value("links.next").(string)
				next = strings.TrimPrefix(link, apitest.PublicURL)
				if (link != "") != strings.Contains(string(r.Body), `"truncated":true`) {
					t.Errorf("%s: truncated without more: %s", c.query, r.Body)
				}
			}
			if seen != c.want {
				t.Errorf("%s: %d credentials, want %d", c.query, seen, c.want)
			}
		}
	})
}

func TestCredentialLimit(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		ann := apitest.Token(w.Token("ann", ""))
		create := func() int {
			return w.Post("/v3/credentials", `{"credential":{"type":"cert","user_id":"{ann}","blob":"x"}}`, ann).Status
		}
		got := []int{create(), create(), create()}
		if fmt.Sprint(got) != "[201 201 403]" {
			t.Errorf("got %v", got)
		}
		w.Post("/v3/credentials", totpOf, ann).Want(http.StatusCreated) // factors have a limit of their own
	}, func(c *config.Config) { c.Credential.UserLimit = 2 })
}
