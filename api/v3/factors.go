package v3

import (
	"net/http"
	"strings"
	"time"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// factors serves /v3/users/{user_id}/mfa: what people sign in with besides their password. It is ours;
// Keystone has nothing like it.
type factors struct{ Services }

func (h factors) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/users/{user_id}/mfa", policy.GetUserMFA, h.owner, h.state),
		httpapi.On("PATCH /v3/users/{user_id}/mfa", policy.UpdateUserMFA, h.owner, h.snooze),
		httpapi.On("POST /v3/users/{user_id}/mfa/totp", policy.CreateUserMFATOTP, h.owner, h.enrol).Fresh(auth.FreshFor).OrReceipt(),
		httpapi.On("POST /v3/users/{user_id}/mfa/totp/{factor_id}/confirm", policy.ConfirmUserMFATOTP, h.owner, h.confirm).Fresh(auth.FreshFor).OrReceipt(),
		httpapi.On("PATCH /v3/users/{user_id}/mfa/totp/{factor_id}", policy.UpdateUserMFATOTP, h.owner, h.rename),
		httpapi.On("DELETE /v3/users/{user_id}/mfa/totp/{factor_id}", policy.DeleteUserMFATOTP, h.owner, h.remove).Fresh(auth.FreshFor),
		httpapi.On("GET /v3/users/{user_id}/mfa/recovery_codes", policy.GetUserMFARecoveryCodes, h.owner, h.count),
		httpapi.On("POST /v3/users/{user_id}/mfa/recovery_codes", policy.CreateUserMFARecoveryCodes, h.owner, h.regenerate).Fresh(auth.FreshFor),
		httpapi.On("POST /v3/users/{user_id}/mfa/reset", policy.ResetUserMFA, h.owner, h.reset).Fresh(auth.FreshFor),
	}
}

// owner loads whose factors are concerned.
func (h factors) owner(c *httpapi.Call) (mfa.Owner, error) {
	id, err := c.ID("user_id")
	if err != nil {
		return mfa.Owner{}, err
	}
	u, err := h.Identity.User(c.Context(), id)
	if err != nil {
		return mfa.Owner{}, err
	}
	return mfa.Owner{UserID: u.ID, DomainID: u.DomainID, Name: u.Name}, nil
}

// factorView is a factor in the list of a person's factors, without its secret.
type factorView struct {
	ID          string        `json:"id"`
	Kind        string        `json:"kind"`
	Name        string        `json:"name"`
	State       string        `json:"state"`
	CreatedAt   httpapi.Time  `json:"created_at"`
	ConfirmedAt *httpapi.Time `json:"confirmed_at"`
	ExpiresAt   *httpapi.Time `json:"expires_at"`
	Links       links         `json:"links"`
}

// totpView is an authenticator as the calls on it show it. Secret, URI and QR code are there once, when the
// enrolment begins.
type totpView struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	State       string        `json:"state"`
	Secret      string        `json:"secret,omitzero"`
	URI         string        `json:"uri,omitzero"`
	PNG         []byte        `json:"qr_png,omitzero"`
	Algorithm   string        `json:"algorithm"`
	Digits      int           `json:"digits"`
	Period      int           `json:"period"`
	ConfirmedAt *httpapi.Time `json:"confirmed_at,omitzero"`
	ExpiresAt   *httpapi.Time `json:"expires_at,omitzero"`
	Links       links         `json:"links"`
}

type links struct {
	Self string `json:"self"`
}

func factorLinks(c *httpapi.Call, f mfa.Factor) links {
	collection := "totp"
	if f.Kind == mfa.Phone {
		collection = "phones"
	}
	return links{c.Link("v3", "users", f.UserID, "mfa", collection, f.ID)}
}

func viewFactor(c *httpapi.Call, f mfa.Factor) factorView {
	return factorView{
		ID: f.ID, Kind: string(f.Kind), Name: f.Name, State: string(f.State), CreatedAt: httpapi.Time(f.CreatedAt),
		ConfirmedAt: httpapi.TimeOf(f.ConfirmedAt), ExpiresAt: httpapi.TimeOf(f.ExpiresAt), Links: factorLinks(c, f),
	}
}

func viewTOTP(c *httpapi.Call, f mfa.Factor) totpView {
	return totpView{
		ID: f.ID, Name: f.Name, State: string(f.State), Algorithm: f.Algorithm, Digits: f.Digits, Period: f.Period,
		ConfirmedAt: httpapi.TimeOf(f.ConfirmedAt), ExpiresAt: httpapi.TimeOf(f.ExpiresAt), Links: factorLinks(c, f),
	}
}

type countView struct {
	Remaining int      `json:"remaining"`
	Total     int      `json:"total"`
	Codes     []string `json:"codes,omitzero"`
}

func (h factors) state(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	all, err := h.MFA.Factors(c.Context(), o.UserID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	required, err := h.Auth.SecondFactorRequired(c.Context(), o.UserID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	from, err := h.Auth.RequiredFrom(c.Context(), o.UserID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	left, total, err := h.MFA.RecoveryCodes(c.Context(), o.UserID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	snoozed, err := h.MFA.SnoozedUntil(c.Context(), o.UserID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	views, enabled := make([]factorView, len(all)), false
	for i, f := range all {
		views[i] = viewFactor(c, f)
		enabled = enabled || f.State == mfa.Active
	}
	return httpapi.Show("mfa", map[string]any{
		"advice": mfa.Advice(all, left, snoozed == nil || from != nil), "snoozed_until": httpapi.TimeOf(snoozed), "enabled": enabled, "required": required, "required_from": httpapi.TimeOf(from), "factors": views,
		"recovery_codes": countView{Remaining: left, Total: total},
	}), nil
}

// snooze puts off the advice to enrol a first factor.
func (h factors) snooze(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	var body struct {
		SnoozedUntil optional.Value[string] `json:"snoozed_until"`
	}
	if err := c.Body("mfa", &body); err != nil {
		return httpapi.Reply{}, err
	}
	if !body.SnoozedUntil.Present() {
		return h.state(c, o)
	}
	var until time.Time
	if text, ok := body.SnoozedUntil.Get(); ok {
		if until, ok = httpapi.ParseTime(text); !ok {
			return httpapi.Reply{}, errMoment("snoozed_until")
		}
	}
	if err := h.MFA.Snooze(c.Context(), o.UserID, until); err != nil {
		return httpapi.Reply{}, err
	}
	return h.state(c, o)
}

func (h factors) enrol(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	var body struct {
		Name string `json:"name"`
	}
	if err := c.Body("totp", &body); err != nil {
		return httpapi.Reply{}, err
	}
	name := strings.TrimSpace(body.Name)
	if name == "" {
		name = "totp"
	}
	e, err := h.MFA.Enrol(c.Context(), o.UserID, o.Name, name)
	if err != nil {
		return httpapi.Reply{}, err
	}
	v := viewTOTP(c, e.Factor)
	v.Secret, v.URI, v.PNG = e.Secret, e.URI, e.PNG
	return httpapi.Created("totp", v), nil
}

func (h factors) confirm(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	id, err := c.ID("factor_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	var body struct {
		Passcode string `json:"passcode"`
	}
	if err := c.Body("totp", &body); err != nil {
		return httpapi.Reply{}, err
	}
	f, codes, err := h.MFA.Confirm(c.Context(), o.UserID, id, body.Passcode)
	if err != nil {
		return httpapi.Reply{}, err
	}
	reply := map[string]any{"totp": viewTOTP(c, f)}
	if codes != nil {
		reply["recovery_codes"] = codes
	}
	if !c.Actor.Enrolling {
		return httpapi.JSON(http.StatusOK, reply), nil
	}
	receipt, err := h.Auth.Enrolled(c.Context(), c.Actor)
	return httpapi.JSON(http.StatusOK, reply).With(httpapi.ReceiptHeader, receipt), err
}

func (h factors) remove(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	id, err := c.ID("factor_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.MFA.Remove(c.Context(), o.UserID, mfa.TOTP, id)
}

// rename needs no fresh proof: nothing that people sign in with changes.
func (h factors) rename(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	id, err := c.ID("factor_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	var body struct {
		Name string `json:"name"`
	}
	if err := c.Body("totp", &body); err != nil {
		return httpapi.Reply{}, err
	}
	f, err := h.MFA.Rename(c.Context(), o.UserID, id, strings.TrimSpace(body.Name))
	return httpapi.Show("totp", viewTOTP(c, f)), err
}

func (h factors) reset(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	var body struct {
		Reason string `json:"reason"`
	}
	if err := c.Body("reset", &body); err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.MFA.Reset(c.Context(), c.Actor.UserID, o.UserID, body.Reason)
}

func (h factors) count(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	left, total, err := h.MFA.RecoveryCodes(c.Context(), o.UserID)
	return httpapi.Show("recovery_codes", countView{Remaining: left, Total: total}), err
}

func (h factors) regenerate(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	active, err := h.MFA.Active(c.Context(), o.UserID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	if len(active) == 0 {
		return httpapi.Reply{}, fault.New(fault.Conflict, "Recovery codes stand for a second factor; enrol one first.").Because("no_second_factor")
	}
	codes, err := h.MFA.Regenerate(c.Context(), o.UserID)
	return httpapi.Created("recovery_codes", countView{Remaining: len(codes), Total: len(codes), Codes: codes}), err
}
