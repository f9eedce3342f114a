package attack_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/keyward/identity/internal/apitest"
)

// phone is a person's authenticator app.
type phone struct {
	w    *apitest.World
	user string
	id   string
	seed string
	last int64
	// codes are the recovery codes on the sheet of paper beside it.
	codes []string
}

// next is a code that was not used. The clock moves on when there is none in this step.
func (p *phone) next() string {
	step := p.w.Clock.Now().Unix() / 30
	if step <= p.last {
		p.w.Clock.Advance(time.Duration(p.last+1-step) * 30 * time.Second)
		step = p.last + 1
	}
	p.last = step
	return p.at(0)
}

// at is the code that the app shows so many steps from now.
func (p *phone) at(steps int) string {
	code, err := totp.GenerateCode(p.seed, p.w.Clock.Now().Add(time.Duration(steps)*30*time.Second))
	if err != nil {
		panic(err)
	}
	return code
}

// enrolled makes a user of the domain red who has a confirmed factor.
func enrolled(w *apitest.World, user string) *phone {
	w.User(user, "red")
	w.Grant(user, "member", "project:red/p1")
	p := begun(w, user, w.Token(user, ""))
	r := p.confirm(w.Token(user, ""), p.next()).Want(http.StatusOK)
	for i := range r.List("recovery_codes") {
		p.codes = append(p.codes, r.Str(fmt.Sprintf("recovery_codes.%d", i)))
		w.Secret(p.codes[i])
	}
	w.ForgetTokens()
	return p
}

// begun starts an enrolment.
func begun(w *apitest.World, user, token string) *phone {
	r := w.Post("/v3/users/{"+user+"}/mfa/totp", map[string]any{"totp": map[string]any{"name": "phone"}}, apitest.Token(token)).Want(http.StatusCreated)
	p := &phone{w: w, user: user, id: r.Str("totp.id"), seed: r.Str("totp.secret")}
	w.Secret(p.seed)
	return p
}

func (p *phone) confirm(token, code string) *apitest.Response {
	return p.w.Post("/v3/users/{"+p.user+"}/mfa/totp/"+p.id+"/confirm", map[string]any{"totp": map[string]any{"passcode": code}}, apitest.Token(token))
}

// shows are the proofs of a sign-in by method.
type shows map[string]any

// thePassword is the proof of knowing the user's password.
func thePassword(w *apitest.World, user string) shows {
	return password(w.ID(user), w.Password(user))
}

func password(id, text string) shows {
	return shows{"password": map[string]any{"user": map[string]any{"id": id, "password": text}}}
}

// code is the proof of having a code.
func code(w *apitest.World, user, text string) shows {
	return shows{"totp": map[string]any{"user": map[string]any{"id": w.ID(user), "passcode": text}}}
}

func theToken(text string) shows { return shows{"token": map[string]any{"id": text}} }

// and joins proofs.
func (s shows) and(more shows) shows {
	all := maps.Clone(s)
	maps.Copy(all, more)
	return all
}

// body is a sign-in with all proofs and, when there is one, a scope.
func (s shows) body(scope any) map[string]any {
	id := map[string]any{"methods": slices.Sorted(maps.Keys(s))}
	maps.Copy(id, s)
	auth := map[string]any{"identity": id}
	if scope != nil {
		auth["scope"] = scope
	}
	return map[string]any{"auth": auth}
}

// shown is a sign-in that shows the proofs, with a receipt when there is one.
func shown(w *apitest.World, s shows, with ...apitest.With) *apitest.Response {
	return w.Post("/v3/auth/tokens", s.body(nil), with...)
}

func receipt(text string) apitest.With { return apitest.Header("Openstack-Auth-Receipt", text) }

// receiptOf is the receipt that the user's password alone gives.
func receiptOf(w *apitest.World, user string) string {
	return shown(w, thePassword(w, user)).Want(http.StatusUnauthorized).Header.Get("Openstack-Auth-Receipt")
}

// strong is a token of a sign-in with both.
func (p *phone) strong() string {
	return shown(p.w, thePassword(p.w, p.user).and(code(p.w, p.user, p.next()))).Want(http.StatusCreated).Token()
}

// unknown is the answer to somebody who does not exist.
func unknown(w *apitest.World) *apitest.Response {
	return shown(w, password("0123456789abcdef0123456789abcdef", "no such password")).Want(http.StatusUnauthorized)
}

// alike fails the test unless the answer is the one to somebody who does not exist, but for its date and id.
func alike(t *testing.T, what string, got, want *apitest.Response) {
	t.Helper()
	if got.Status != want.Status || string(got.Body) != string(want.Body) {
		t.Errorf("%s: got %d %s, want what somebody unknown is told: %s", what, got.Status, got.Body, want.Body)
	}
	a, b := got.Header.Clone(), want.Header.Clone()
	for _, h := range []http.Header{a, b} {
		h.Del("Date")
		h.Del("X-Openstack-Request-Id")
	}
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("%s: the headers are %v, want %v", what, a, b)
	}
	if got.Token() != "" {
		t.Errorf("%s: a refusal carries a token", what)
	}
}
