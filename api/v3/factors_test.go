package v3_test

import (
	"database/sql"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/keyward/identity/internal/apitest"
)

// device is an authenticator app that a test holds.
type device struct {
	w          *apitest.World
	user, seed string
	last       int64
}

// next is a code that was not used; the clock moves when there is none in this step.
func (d *device) next() string {
	if step := d.w.Clock.Now().Unix() / 30; step <= d.last {
		d.w.Clock.Advance(time.Duration(d.last+1-step) * 30 * time.Second)
	}
	d.last = d.w.Clock.Now().Unix() / 30
	text, err := totp.GenerateCode(d.seed, d.w.Clock.Now())
	if err != nil {
		panic(err)
	}
	return text
}

// signIn is a sign-in with the password and a code.
func (d *device) signIn(code string) *apitest.Response {
	user := map[string]any{"id": d.w.ID(d.user), "password": d.w.Password(d.user), "passcode": code}
	return d.w.Post("/v3/auth/tokens", map[string]any{"auth": map[string]any{"identity": map[string]any{
		"methods": []string{"password", "totp"}, "password": map[string]any{"user": user}, "totp": map[string]any{"user": user},
	}}})
}

// enrol makes a confirmed factor, known as "factor", and returns the recovery codes.
func enrol(w *apitest.World, user string) (*device, []string) {
	token := apitest.Token(w.Token(user, ""))
	r := w.Post("/v3/users/{"+user+"}/mfa/totp", `{"totp":{"name":"phone"}}`, token).Want(http.StatusCreated)
	d := &device{w: w, user: user, seed: r.Str("totp.secret")}
	w.Secret(d.seed)
	w.Name("factor", r.Str("totp.id"))
	r = w.Post("/v3/users/{"+user+"}/mfa/totp/{factor}/confirm", map[string]any{"totp": map[string]any{"passcode": d.next()}}, token).Want(http.StatusOK)
	var codes []string
	for i := range r.List("recovery_codes") {
		codes = append(codes, r.Str(fmt.Sprint("recovery_codes.", i)))
		w.Secret(codes[i])
	}
	return d, codes
}

const otherSeed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

func TestFactorRefusals(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("ben", "red")
		w.Domain("blue")
		w.Name("pending", w.Post("/v3/users/{ann}/mfa/totp", `{"totp":{}}`, w.As("ann")).Want(http.StatusCreated).Str("totp.id"))
		own := []string{
			"POST /v3/users/{ann}/mfa/totp", "POST /v3/users/{ann}/mfa/totp/{pending}/confirm", "DELETE /v3/users/{ann}/mfa/totp/{pending}",
			"GET /v3/users/{ann}/mfa/recovery_codes", "POST /v3/users/{ann}/mfa/recovery_codes",
		}
		bodies := map[string]string{
			"POST /v3/users/{ann}/mfa/totp": `{"totp":{"name":"x"}}`, "POST /v3/users/{ann}/mfa/totp/{pending}/confirm": `{"totp":{"passcode":"123456"}}`,
		}
		var cases []apitest.Case
		for _, do := range append(own, "GET /v3/users/{ann}/mfa") {
			cases = append(cases, apitest.Case{Do: do, Body: body(bodies[do]), Want: 401})
			for _, who := range []string{"ben", "manager@red", "member@red/web", "manager@blue", "service@blue/x", "reader@red"} {
				cases = append(cases, apitest.Case{As: who, Do: do, Body: body(bodies[do]), Want: 403, Never: "{pending}"})
			}
		}
		for _, do := range own { // nobody keeps another's factors, not even who may do all else
			for _, who := range []string{"admin", "sysadmin", "reader@system"} {
				cases = append(cases, apitest.Case{As: who, Do: do, Body: body(bodies[do]), Want: 403})
			}
		}
		w.Run(t, append(cases, []apitest.Case{
			{Name: "a factor of nobody", As: "admin", Do: "GET /v3/users/none/mfa", Want: 404},
			{Name: "what nobody may know", As: "ben", Do: "GET /v3/users/none/mfa", Want: 403},
			{Name: "a factor that is not there", As: "ann", Do: "DELETE /v3/users/{ann}/mfa/totp/none", Want: 404},
			{Name: "confirming one that is not there", As: "ann", Do: "POST /v3/users/{ann}/mfa/totp/none/confirm", Body: `{"totp":{"passcode":"123456"}}`, Want: 404},
			{Name: "another's factor under one's own name", As: "ben", Do: "DELETE /v3/users/{ben}/mfa/totp/{pending}", Want: 404},
			{Name: "confirming another's", As: "ben", Do: "POST /v3/users/{ben}/mfa/totp/{pending}/confirm", Body: `{"totp":{"passcode":"123456"}}`, Want: 404},
			{Name: "a seed of one's own", As: "ann", Do: "POST /v3/users/{ann}/mfa/totp", Body: `{"totp":{"secret":"` + otherSeed + `"}}`, Want: 400},
			{Name: "a code as a number", As: "ann", Do: "POST /v3/users/{ann}/mfa/totp/{pending}/confirm", Body: `{"totp":{"passcode":123456}}`, Want: 400},
			{Name: "no code", As: "ann", Do: "POST /v3/users/{ann}/mfa/totp/{pending}/confirm", Body: `{"totp":{}}`, Want: 400},
			{Name: "a wrong code", As: "ann", Do: "POST /v3/users/{ann}/mfa/totp/{pending}/confirm", Body: `{"totp":{"passcode":"000000"}}`, Want: 401, Has: "passcode_invalid"},
			{Name: "recovery codes before any factor", As: "ann", Do: "POST /v3/users/{ann}/mfa/recovery_codes", Want: 409, Has: "no_second_factor"},
			{Name: "nothing of it was done", As: "ann", Do: "GET /v3/users/{ann}/mfa", Want: 200, Check: shows(w,
				"mfa.enabled", "false", "mfa.required", "false", "mfa.factors.0.id", `"{pending}"`, "mfa.factors.0.state", `"pending"`,
				"mfa.factors.1", absent, "mfa.recovery_codes", `{"remaining":0,"total":0}`)},
		}...))
	})
}

// body is nil for no text.
func body(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func TestFactorLife(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		ann, codes := enrol(w, "ann")
		w.Name("strong", ann.signIn(ann.next()).Want(http.StatusCreated).Token())
		mine := map[string]string{"X-Auth-Token": w.ID("strong")}
		want := all(
			shows(w, "mfa.enabled", "true", "mfa.required", "true", "mfa.factors.0.id", `"{factor}"`, "mfa.factors.0.kind", `"totp"`,
				"mfa.factors.0.name", `"phone"`, "mfa.factors.0.state", `"active"`, "mfa.factors.0.expires_at", "null",
				"mfa.factors.0.secret", absent, "mfa.factors.0.uri", absent, "mfa.recovery_codes", `{"remaining":4,"total":4}`),
			func(_ *testing.T, r *apitest.Response) { r.Never(ann.seed).Never("otpauth").Never(codes[0]) },
		)
		credential := all(
			shows(w, "credential.id", `"{factor}"`, "credential.type", `"totp"`, "credential.user_id", `"{ann}"`, "credential.project_id", "null",
				"credential.blob", absent, "credential.links.self", link("/v3/credentials/{factor}")),
			func(_ *testing.T, r *apitest.Response) { r.Never(ann.seed) },
		)
		w.Run(t, []apitest.Case{
			{Name: "the owner looks", Header: mine, Do: "GET /v3/users/{ann}/mfa", Want: 200, Check: want},
			{As: "admin", Do: "GET /v3/users/{ann}/mfa", Want: 200, Check: want},
			{As: "reader@system", Do: "GET /v3/users/{ann}/mfa", Want: 200, Check: want},
			{Name: "the owner counts", Header: mine, Do: "GET /v3/users/{ann}/mfa/recovery_codes", Want: 200, Never: codes[1], Check: shows(w,
				"recovery_codes", `{"remaining":4,"total":4}`)},
			{Name: "the owner's credential", Header: mine, Do: "GET /v3/credentials/{factor}", Want: 200, Check: credential},
			{As: "admin", Do: "GET /v3/credentials/{factor}", Want: 200, Check: credential},
			{As: "reader@system", Do: "GET /v3/credentials/{factor}", Want: 200, Check: credential},
			{As: "reader@red", Do: "GET /v3/credentials/{factor}", Want: 403, Never: ann.seed},
			{Name: "a new set", Header: mine, Do: "POST /v3/users/{ann}/mfa/recovery_codes", Want: 201, Never: codes[0], Check: shows(w,
				"recovery_codes.remaining", "4", "recovery_codes.total", "4", "recovery_codes.codes.4", absent)},
			{Name: "the factor goes", Header: mine, Do: "DELETE /v3/users/{ann}/mfa/totp/{factor}", Want: 204},
			{Name: "and is gone", Header: mine, Do: "GET /v3/users/{ann}/mfa", Want: 200, Check: shows(w,
				"mfa.enabled", "false", "mfa.required", "false", "mfa.factors", "[]", "mfa.recovery_codes", `{"remaining":0,"total":0}`)},
			{Name: "twice", Header: mine, Do: "DELETE /v3/users/{ann}/mfa/totp/{factor}", Want: 404},
			{As: "admin", Do: "GET /v3/credentials/{factor}", Want: 404},
		})
		w.Token("ann", "") // the password alone does again
	})
}

// What a copy of the database tells: no seed, no password, no code, no token.
func TestTheDatabaseHoldsNoSecretInClear(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.User("ann", "red")
	ann, codes := enrol(w, "ann")
	token := ann.signIn(ann.next()).Want(http.StatusCreated).Token()
	ann.signIn(codes[0]).Want(http.StatusCreated)
	w.Post("/v3/credentials", `{"credential":{"type":"totp","user_id":"{ann}","blob":"`+otherSeed+`"}}`, apitest.Token(token)).Want(http.StatusCreated)

	path := strings.TrimPrefix(w.Config.Database.URL.Reveal(), "sqlite://")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "PRAGMA wal_checkpoint(FULL)"); err != nil {
		t.Fatal(err)
	}
	dump := ""
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(filepath.Clean(path + suffix))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		dump += string(b)
	}
	if !strings.Contains(dump, w.ID("factor")) {
		t.Fatal("the dump does not hold what it must, so it proves nothing")
	}
	secrets := map[string]string{
		"the password": w.Password("ann"), "the administrator's password": w.Password("admin"), "a token": token,
		"the signature of a token": token[strings.LastIndexByte(token, '.')+1:],
	}
	for i, c := range codes {
		secrets[fmt.Sprint("recovery code ", i)] = c
		secrets[fmt.Sprint("recovery code without hyphens ", i)] = strings.ReplaceAll(c, "-", "")
	}
	for name, seed := range map[string]string{"the seed": ann.seed, "the imported seed": otherSeed} {
		raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(seed)
		if err != nil {
			t.Fatal(err)
		}
		secrets[name], secrets[name+" in bytes"], secrets[name+" in hex"] = seed, string(raw), hex.EncodeToString(raw)
	}
	for what, secret := range secrets {
		if strings.Contains(dump, secret) {
			t.Errorf("the database holds %s in clear", what)
		}
	}
}
