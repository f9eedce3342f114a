package auth_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"pgregory.net/rapid"

	"github.com/keyward/identity/internal/appcred"
	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/device"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/trust"
)

// What follows says what must hold, from the promises of the gate alone, and asks none of its functions.

// proof is a set of what somebody really showed, whatever a token says of itself.
type proof map[string]bool

func (p proof) and(q proof) proof {
	both := maps.Clone(p)
	if both == nil {
		both = proof{}
	}
	maps.Copy(both, q)
	return both
}

// person is a user as an administrator and the user left him.
type person struct {
	id, secret string
	rules      [][]string
	switchedTo *bool // multi_factor_auth_enabled
	seed       string
	recovery   []string
	// device is the secret of the device that was remembered last, and deviceOf the seed that the person then had.
	device, deviceOf string
}

// letsIn is the promise: what was shown is all of one of the rules, and the factor when there is one. Without rules in
// force that is the password. A rule with a word that is no method of a person's or a certificate's is never met, nor is
// one without words. A device stands for a code, but only beside the password.
func (p *person) letsIn(shown proof) bool {
	if shown["device"] && shown["password"] {
		shown = shown.and(proof{"totp": true})
	}
	rules := [][]string{{"password"}}
	if len(p.rules) > 0 && (p.switchedTo == nil || *p.switchedTo) {
		rules = p.rules
	}
	if p.seed != "" && !shown["totp"] {
		return false
	}
	for _, rule := range rules {
		met := len(rule) > 0
		for _, word := range rule {
			met = met && (word == "password" || word == "totp" || word == "oauth2_credential") && shown[word]
		}
		if met {
			return true
		}
	}
	return false
}

// letsProgramsIn is the same for what stands for the person: where the password is enough, whatever was made for him. What
// was made on a device was made with the password.
func (p *person) letsProgramsIn(shown proof) bool {
	shown = shown.and(nil)
	delete(shown, "device")
	return p.letsIn(proof{"password": true}) || p.letsIn(shown)
}

// held is a token or a receipt that somebody has, and what was really shown for it.
type held struct {
	text  string
	who   *person
	shown proof
	token *auth.Token // nil for receipts
}

// made is an application credential or the record behind an EC2 key or the like.
type made struct {
	id    string
	who   *person
	shown proof
	says  []string // the methods that it records
	trust *entrusted
}

// entrusted is a trust; shown is what its first trustor showed for the first of its kind.
type entrusted struct {
	trust.Trust
	first, trustee *person
	shown          proof
}

// walk is one random history. Each has people of its own in a shared database.
type walk struct {
	*gate
	rt       *rapid.T
	people   []*person
	tokens   []held
	receipts []held
	creds    []made
	vouched  []made
	trusts   []*entrusted
	ids      *int
	tally    map[string]int
	devices  *device.Service
}

// No way in, in whatever order things happen, gives a token for less than the person's rules demand.
func TestNoWayInIsBelowTheRules(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.delegating()
	devices := g.remembering()
	tally, ids := map[string]int{}, 0
	rapid.Check(t, func(rt *rapid.T) {
		w := &walk{gate: g, rt: rt, ids: &ids, tally: tally, devices: devices}
		w.populate()
		steps := map[string]struct {
			often int
			do    func()
		}{
			"sign in": {4, w.signInFresh}, "continue": {3, w.continueToken}, "complete": {3, w.completeReceipt}, "step up": {1, w.stepUp},
			"rules": {2, w.setRules}, "enrol": {2, w.enrolOne}, "make a credential": {2, w.makeCredential}, "use one": {3, w.useCredential},
			"trust": {4, w.makeTrust}, "use a trust": {7, w.useTrust}, "make a voucher": {3, w.makeVoucher}, "vouch": {4, w.vouch},
			"show a certificate": {3, w.showCertificate}, "remember a device": {3, w.remember},
		}
		var deck []string
		for _, name := range slices.Sorted(maps.Keys(steps)) {
			deck = append(deck, slices.Repeat([]string{name}, steps[name].often)...)
		}
		for range rapid.IntRange(20, 60).Draw(rt, "steps") {
			steps[rapid.SampledFrom(deck).Draw(rt, "step")].do()
		}
	})
	for _, way := range []string{"sign-in", "rescope", "receipt", "credential", "trust", "voucher", "certificate", "device"} {
		t.Logf("%s: %d tokens, %d refusals", way, tally[way+" yes"], tally[way+" no"])
		if tally[way+" yes"] == 0 || tally[way+" no"] == 0 {
			t.Errorf("by %s: %d tokens and %d refusals show nothing", way, tally[way+" yes"], tally[way+" no"])
		}
	}
}

func (w *walk) nextID(kind string) string {
	*w.ids++
	return fmt.Sprintf("%s%d", kind, *w.ids)
}

func (w *walk) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.rt.Fatal(err)
	}
}

func (w *walk) populate() {
	ctx := w.t.Context()
	for range 3 {
		p := &person{id: w.nextID("p")}
		p.secret = "the password of " + p.id
		w.ok(w.store.CreateUser(ctx, identity.User{ID: p.id, Name: p.id, DomainID: "default", Enabled: true}))
		hash, err := w.vault.Hash(ctx, p.id, p.secret)
		w.ok(err)
		w.ok(w.store.SetPassword(ctx, identity.Password{UserID: p.id, Hash: hash, CreatedAt: w.now()}))
		w.ok(w.store.CreateGrant(ctx, assignment.Grant{RoleID: "member", UserID: p.id, On: assignment.OnProject, TargetID: "web"}))
		w.people = append(w.people, p)
	}
}

func pick[T any](w *walk, what string, from []T) (one T, ok bool) {
	if len(from) == 0 {
		return one, false
	}
	return from[rapid.IntRange(0, len(from)-1).Draw(w.rt, what)], true
}

func (w *walk) anybody() *person { p, _ := pick(w, "person", w.people); return p }

func (w *walk) chance(what string, n int) bool { return rapid.IntRange(1, n).Draw(w.rt, what) == 1 }

// setRules is what an administrator does.
func (w *walk) setRules() {
	p := w.anybody()
	word := rapid.SampledFrom([]string{"password", "totp", "password", "totp", "oauth2_credential", "webauthn", "token", "application_credential"})
	p.rules = rapid.SliceOfN(rapid.SliceOfN(word, 0, 2), 0, 2).Draw(w.rt, "rules")
	p.switchedTo = rapid.SampledFrom([]*bool{nil, new(true), new(false)}).Draw(w.rt, "enabled")
	_, err := w.store.UpdateUser(w.t.Context(), p.id, func(u *identity.User) error {
		u.Options.MFARules, u.Options.MFAEnabled = &p.rules, p.switchedTo
		return nil
	})
	w.ok(err)
}

// enrolOne enrols somebody, or takes the factor away.
func (w *walk) enrolOne() {
	p, ctx := w.anybody(), w.t.Context()
	if p.seed != "" {
		factors, err := w.mfa.Active(ctx, p.id)
		w.ok(err)
		for _, f := range factors {
			w.ok(w.store.DeleteFactor(ctx, p.id, f.ID))
		}
		p.seed, p.recovery = "", nil
		return
	}
	w.enrol(p)
}

func (w *walk) enrol(p *person) {
	ctx := w.t.Context()
	e, err := w.mfa.Enrol(ctx, p.id, p.id, "phone")
	w.ok(err)
	code, err := totp.GenerateCode(e.Secret, w.now())
	w.ok(err)
	_, p.recovery, err = w.mfa.Confirm(ctx, p.id, e.Factor.ID, code)
	w.ok(err)
	p.seed = e.Secret
}

// remember keeps a device of somebody, who enrols first without a factor.
func (w *walk) remember() {
	p := w.anybody()
	if p.seed == "" {
		w.enrol(p)
	}
	u, err := w.store.User(w.t.Context(), p.id)
	w.ok(err)
	_, p.device, err = w.devices.Remember(w.t.Context(), p.id, u.AuthVersion, "laptop")
	w.ok(err)
	p.deviceOf = p.seed
}

// show draws what somebody puts into a request, and returns what of it is right.
func (w *walk) show(r *auth.Request, p *person) proof {
	right := proof{}
	all := rapid.Bool().Draw(w.rt, "all that there is")
	if all || rapid.Bool().Draw(w.rt, "with a password") {
		plain := p.secret
		if right["password"] = !w.chance("wrong password", 10); !right["password"] {
			plain = "something else"
		}
		r.Methods = append(r.Methods, "password")
		r.Password = &auth.PasswordProof{User: auth.Ref{ID: p.id}, Password: plain}
	}
	if p.device != "" && w.chance("on a device", 2) {
		secret := p.device
		if right["device"] = p.deviceOf == p.seed && !w.chance("another device", 10); !right["device"] && p.deviceOf == p.seed {
			secret = strings.Repeat("A", len(secret))
		}
		r.Methods, r.Device = append(r.Methods, "device"), &secret
		return right // a device or a code
	}
	if all && p.seed != "" || !all && rapid.Bool().Draw(w.rt, "with a code") {
		code := "000000"
		w.pass(31 * time.Second) // codes are good once
		switch {
		case p.seed == "" || w.chance("wrong code", 10):
		case len(p.recovery) > 0 && w.chance("recovery code", 4):
			code, p.recovery, right["totp"] = p.recovery[0], p.recovery[1:], true
		default:
			code, _ = totp.GenerateCode(p.seed, w.now())
			right["totp"] = true
		}
		r.Methods = append(r.Methods, "totp")
		r.TOTP = &auth.CodeProof{User: auth.Ref{ID: p.id}, Code: code}
	}
	return right
}

// judge keeps what came of a sign-in and says whether it may have come. claims is what was shown by p himself.
func (w *walk) judge(way string, p *person, shown proof, allowed bool, issued auth.Issued, err error) *auth.Token {
	w.t.Helper()
	if receipt, ok := errors.AsType[*auth.ReceiptError](err); ok {
		shown = shown.and(proof{"device": false}) // which is looked at each time
		w.receipts = append(w.receipts, held{text: receipt.Text, who: p, shown: shown})
	} else if err != nil {
		if !fault.Is(err, fault.Unauthorized) && !fault.Is(err, fault.Forbidden) {
			w.rt.Fatalf("%s: %v", way, err)
		}
	}
	if err != nil {
		w.tally[way+" no"]++
		if fault.ReasonOf(err) == "device_unknown" {
			w.tally["device no"]++
		}
		return nil
	}
	w.tally[way+" yes"]++
	if slices.Contains(issued.Methods, auth.MethodDevice) {
		w.tally["device yes"]++
	}
	if !allowed {
		w.rt.Fatalf("%s: %s, with the rules %v (enabled %v, factor %v), got a token for %v",
			way, p.id, p.rules, p.switchedTo, p.seed != "", shown)
	}
	for _, m := range []string{"password", "totp", "oauth2_credential", "device"} {
		if slices.Contains(issued.Methods, m) && !shown[m] {
			w.rt.Fatalf("%s: the token says %s, which nobody showed", way, m)
		}
	}
	w.tokens = append(w.tokens, held{issued.Text, p, shown, issued.Token})
	return issued.Token
}

func (w *walk) scope(r *auth.Request) {
	switch rapid.IntRange(0, 2).Draw(w.rt, "scope") {
	case 1:
		r.Scope = auth.WantedScope{Kind: auth.ScopeNone}
	case 2:
		r.Scope = auth.WantedScope{Kind: auth.ScopeProject, Target: auth.Ref{ID: "web"}}
	}
}

func (w *walk) send(r auth.Request) (auth.Issued, error) { return w.SignIn(w.from("192.0.2.1"), r) }

func (w *walk) signInFresh() {
	var r auth.Request
	p := w.anybody()
	shown := w.show(&r, p)
	w.scope(&r)
	r.OldAPI = w.chance("old API", 6)
	issued, err := w.send(r)
	w.judge("sign-in", p, shown, p.letsIn(shown) && (!r.OldAPI || p.letsIn(proof{"password": true})), issued, err)
}

func (w *walk) continueToken() {
	h, ok := pick(w, "token", w.tokens)
	if !ok {
		return
	}
	r := withToken(h.text)
	shown := h.shown
	if w.chance("and more", 2) {
		shown = shown.and(w.show(&r, h.who))
	}
	w.scope(&r)
	issued, err := w.send(r)
	allowed := h.who.letsIn(shown)
	if h.token.AppCredID != "" {
		allowed = h.who.letsProgramsIn(shown) && issued.Token != nil && issued.AppCredID == h.token.AppCredID
	} else if h.token.Delegated() {
		allowed = false
	}
	w.judge("rescope", h.who, shown, allowed, issued, err)
}

func (w *walk) completeReceipt() {
	h, ok := pick(w, "receipt", w.receipts)
	if !ok {
		return
	}
	var r auth.Request
	shown := h.shown.and(w.show(&r, h.who))
	r.Receipt = h.text
	w.scope(&r)
	issued, err := w.send(r)
	w.judge("receipt", h.who, shown, h.who.letsIn(shown), issued, err)
}

// stepUp asks for a receipt with a token; it remembers nothing of what the token was made with.
func (w *walk) stepUp() {
	h, ok := pick(w, "token", w.tokens)
	if !ok {
		return
	}
	receipt, ok := errors.AsType[*auth.ReceiptError](w.Fresh(w.t.Context(), h.token.Actor(), 0))
	if ok {
		w.receipts = append(w.receipts, held{text: receipt.Text, who: h.who, shown: proof{}})
	}
}

// origin is a token that something is made with, of the person's own or from an application credential; or nothing,
// for what an administrator made.
func (w *walk) origin() made {
	h, ok := pick(w, "token", w.tokens)
	switch {
	case !ok || w.chance("by an administrator", 8):
		return made{who: w.anybody()}
	case h.token.Trust != nil:
		return made{who: w.anybody()}
	case h.token.AppCredential != nil:
		return made{who: h.who, shown: h.shown, says: h.token.AppCredential.Methods}
	}
	return made{who: h.who, shown: h.shown, says: h.token.Methods}
}

func (w *walk) makeCredential() {
	m := w.origin()
	m.id = w.nextID("c")
	secret, err := w.vault.HashSecret(w.t.Context(), m.id, "secret of "+m.id, false)
	w.ok(err)
	_, err = w.store.CreateAppCredential(w.t.Context(), appcred.Credential{
		ID: m.id, Name: m.id, UserID: m.who.id, ProjectID: "web", RoleIDs: []string{"member"}, CreatedAt: w.now(),
		Secret: secret, Methods: m.says, AuthTime: w.now(),
	})
	w.ok(err)
	w.creds = append(w.creds, m)
}

func (w *walk) useCredential() {
	c, ok := pick(w, "credential", w.creds)
	if !ok {
		return
	}
	r := withAppCredential(c.id, "secret of "+c.id)
	shown := c.shown
	if w.chance("and more", 4) {
		shown = shown.and(w.show(&r, c.who))
	}
	issued, err := w.send(r)
	w.judge("credential", c.who, shown, c.who.letsProgramsIn(shown), issued, err)
}

// makeTrust makes a trust with a token of the trustor's, or hands one on.
func (w *walk) makeTrust() {
	m := w.origin()
	e := &entrusted{first: m.who, trustee: w.anybody(), shown: m.shown}
	e.Trust = trust.Trust{ID: w.nextID("t"), TrustorID: m.who.id, Methods: m.says, RedelegationCount: 3}
	if parent, ok := pick(w, "parent", w.trusts); ok && rapid.Bool().Draw(w.rt, "redelegated") {
		e.first, e.shown = parent.first, parent.shown
		e.RedelegatedID, e.TrustorID = parent.ID, parent.TrusteeID
		// What the one between showed is his own, whatever it was, and says nothing of the first.
		e.Methods = rapid.SampledFrom([][]string{nil, {"password"}, {"totp"}, {"password", "totp"}}).Draw(w.rt, "between")
	}
	e.TrusteeID, e.ProjectID, e.RoleIDs = e.trustee.id, "web", []string{"member"}
	e.Impersonation, e.CreatedAt, e.AuthTime = rapid.Bool().Draw(w.rt, "impersonation"), w.now(), w.now()
	w.ok(w.store.CreateTrust(w.t.Context(), e.Trust))
	w.trusts = append(w.trusts, e)
}

// useTrust signs the trustee in for a trust, with all that he has.
func (w *walk) useTrust() {
	e, ok := pick(w, "trust", w.trusts)
	if !ok {
		return
	}
	var r auth.Request
	shown := proof{}
	for _, h := range w.tokens {
		if h.who == e.trustee && rapid.Bool().Draw(w.rt, "this token") {
			if h.token.Delegated() && !w.chance("delegated", 4) {
				continue
			}
			r, shown = withToken(h.text), h.shown
			break
		}
	}
	shown = shown.and(w.show(&r, e.trustee))
	r.Scope = auth.WantedScope{Kind: auth.ScopeTrust, Target: auth.Ref{ID: e.ID}}
	issued, err := w.send(r)
	w.judge("trust", e.trustee, shown, e.trustee.letsIn(shown) && e.first.letsProgramsIn(e.shown), issued, err)
}

func (w *walk) makeVoucher() {
	m := w.origin()
	if e, ok := pick(w, "trust", w.trusts); ok && w.chance("for a trust", 3) {
		m.trust = e
		if m.who != e.trustee {
			m = made{who: e.trustee, trust: e}
		}
	}
	w.vouched = append(w.vouched, m)
}

// vouch is what other parts of the program do for EC2 keys, OAuth, certificates and the like.
func (w *walk) vouch() {
	m, ok := pick(w, "voucher", w.vouched)
	if !ok {
		return
	}
	v := auth.Voucher{UserID: m.who.id, Methods: m.says, AuthTime: w.now()}
	v.Method = rapid.SampledFrom([]string{
		"ec2credential", "oauth1", "mapped", "saml2", "openid", "x509", "external", "tls_client_auth", "password", "totp",
	}).Draw(w.rt, "method")
	allowed := m.who.letsProgramsIn(m.shown)
	switch c, ok := pick(w, "credential", w.creds); {
	case m.trust != nil:
		v.TrustID = m.trust.ID
		allowed = allowed && m.trust.first.letsProgramsIn(m.trust.shown)
	case ok && c.who == m.who && w.chance("of an application credential", 2):
		v.AppCredID, v.ProjectID, v.Methods = c.id, "web", c.says
		allowed, m.shown = m.who.letsProgramsIn(c.shown), c.shown
	case rapid.Bool().Draw(w.rt, "for a project"):
		v.ProjectID = "web"
	}
	issued, err := w.Vouch(w.t.Context(), v)
	shown := m.shown.and(proof{v.Method: true}) // what it says of itself: the caller's word
	w.judge("voucher", m.who, shown, allowed, issued, err)
}

// showCertificate is what a program with a client certificate does. It is one factor, and nothing of the person's.
func (w *walk) showCertificate() {
	p := w.anybody()
	issued, err := w.Vouch(w.t.Context(), auth.Voucher{
		Method: "oauth2_credential", Methods: []string{"oauth2_credential"}, UserID: p.id, ProjectID: "web", Thumbprint: "sum of " + p.id,
	})
	shown := proof{"oauth2_credential": true}
	if t := w.judge("certificate", p, shown, p.letsProgramsIn(shown), issued, err); t != nil && (!t.Delegated() || t.Thumbprint == "") {
		w.rt.Fatalf("the token is not bound: %+v", t.Claims)
	}
}
