package features_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// app is an authenticator app that a test holds. It reads the link alone and works out codes by itself, from RFC 6238.
type app struct {
	w        *apitest.World
	user, id string
	key      []byte
	hash     func() hash.Hash
	digits   int
	period   int64
	last     int64         // the last step that was shown
	ahead    time.Duration // how fast the phone's clock is
	codes    []string      // recovery codes
	link     *url.URL
	secret   string
}

// begin starts an enrolment.
func begin(w *apitest.World, user string, as apitest.With) *app {
	r := w.Post("/v3/users/{"+user+"}/mfa/totp", `{"totp":{"name":"phone"}}`, as).Want(http.StatusCreated)
	a := &app{w: w, user: user, id: r.Str("totp.id"), secret: r.Str("totp.secret")}
	w.Secret(a.secret)
	u, err := url.Parse(r.Str("totp.uri"))
	if err != nil {
		panic(err)
	}
	q := u.Query()
	a.link = u
	a.key, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(q.Get("secret"))
	if err != nil {
		panic(err)
	}
	a.hash = map[string]func() hash.Hash{"SHA1": sha1.New, "SHA256": sha256.New, "SHA512": sha512.New}[q.Get("algorithm")]
	a.digits, _ = strconv.Atoi(q.Get("digits"))
	a.period, _ = strconv.ParseInt(q.Get("period"), 10, 64)
	return a
}

// enrolled is a user's confirmed app.
func enrolled(w *apitest.World, user string) *app {
	as := apitest.Token(w.Token(user, ""))
	a := begin(w, user, as)
	a.keep(w.Post(a.confirm(), a.body(), as).Want(http.StatusOK))
	return a
}

// keep notes the recovery codes of an answer.
func (a *app) keep(r *apitest.Response) {
	a.codes = nil
	for i := range r.List("recovery_codes") {
		a.codes = append(a.codes, r.Str(fmt.Sprint("recovery_codes.", i)))
		a.w.Secret(a.codes[i])
	}
}

func (a *app) confirm() string { return "/v3/users/{" + a.user + "}/mfa/totp/" + a.id + "/confirm" }

// body is a confirmation with the next code.
func (a *app) body() map[string]any {
	return map[string]any{"totp": map[string]any{"passcode": a.next()}}
}

// at is the code of a time step (RFC 4226, 5.3).
func (a *app) at(step int64) string {
	mac := hmac.New(a.hash, a.key)
	_ = binary.Write(mac, binary.BigEndian, step)
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[offset:offset+4]) & 0x7fffffff
	return fmt.Sprintf("%0*d", a.digits, n%uint32(math.Pow10(a.digits)))
}

func (a *app) step() int64 { return a.w.Clock.Now().Add(a.ahead).Unix() / a.period }

// code is what the app shows now.
func (a *app) code() string { return a.at(a.step()) }

// next is a code that was not shown before; the clock moves on when there is none.
func (a *app) next() string {
	if d := a.last + 1 - a.step(); d > 0 {
		a.w.Clock.Advance(time.Duration(d*a.period) * time.Second)
	}
	a.last = a.step()
	return a.code()
}

// totp is the body of a sign-in by a code alone, for who has a receipt.
func (a *app) totp(code, scope string) map[string]any {
	return bodyOf(a.w, a.user, scope, map[string]any{"totp": map[string]any{"user": map[string]any{"id": a.w.ID(a.user), "passcode": code}}})
}

// both is the body of a sign-in by password and code.
func (a *app) both(code, scope string) map[string]any {
	return bodyOf(a.w, a.user, scope, map[string]any{
		"password": map[string]any{"user": map[string]any{"id": a.w.ID(a.user), "password": a.w.Password(a.user)}},
		"totp":     map[string]any{"user": map[string]any{"id": a.w.ID(a.user), "passcode": code}},
	})
}

// try signs in by password and code.
func (a *app) try(code string) *apitest.Response {
	return a.w.Post("/v3/auth/tokens", a.both(code, ""))
}

// strong is a token by password and a code.
func (a *app) strong() apitest.With {
	return apitest.Token(a.try(a.next()).Want(http.StatusCreated).Token())
}

func bodyOf(w *apitest.World, _, scope string, by map[string]any) map[string]any {
	identity := map[string]any{}
	var methods []string
	for m, v := range by {
		methods = append(methods, m)
		identity[m] = v
	}
	identity["methods"] = methods
	var want any = "unscoped"
	if kind, target, ok := strings.Cut(scope, ":"); ok {
		want = map[string]any{kind: map[string]any{"id": w.ID(target)}}
	}
	return map[string]any{"auth": map[string]any{"identity": identity, "scope": want}}
}

// stamp is a time as answers show it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
