package v3

import (
	"net/http"
	"strings"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/phone"
	"github.com/keyward/identity/internal/policy"
)

// phones serves /v3/users/{user_id}/mfa/phones, the phones that codes are sent to, and /v3/auth/challenges, which sends
// them. It is ours; Keystone has nothing like it.
type phones struct{ Services }

func (h phones) ops() []httpapi.Op {
	owner := factors(h).owner
	const all, one = "/v3/users/{user_id}/mfa/phones", "/v3/users/{user_id}/mfa/phones/{phone_id}"
	return []httpapi.Op{
		httpapi.On("GET "+all, policy.ListUserMFAPhones, owner, h.list),
		httpapi.On("POST "+all, policy.CreateUserMFAPhone, owner, h.add).Fresh(auth.FreshFor).OrReceipt(),
		httpapi.On("GET "+one, policy.GetUserMFAPhone, owner, h.show),
		httpapi.On("PATCH "+one, policy.UpdateUserMFAPhone, owner, h.change),
		httpapi.On("DELETE "+one, policy.DeleteUserMFAPhone, owner, h.remove).Fresh(auth.FreshFor),
		httpapi.On("POST "+one+"/verify", policy.VerifyUserMFAPhone, owner, h.verify).Fresh(auth.FreshFor).OrReceipt(),
		httpapi.On("POST "+one+"/confirm", policy.ConfirmUserMFAPhone, owner, h.confirm).Fresh(auth.FreshFor).OrReceipt(),
		httpapi.On("GET /v3/mfa/gateways", policy.ListPhoneGateways, httpapi.NoTarget, h.gateways),
	}
}

// challengeOps are the calls of people who have not signed in yet.
func (h phones) challengeOps() []httpapi.Op {
	const why = "it is a part of the way in; a receipt is demanded"
	return []httpapi.Op{
		httpapi.Public("POST /v3/auth/challenges", why, h.challenge),
		httpapi.Public("GET /v3/auth/challenges/{challenge_id}", why, h.challenged),
	}
}

// phoneView is a phone; its number is masked.
type phoneView struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	State       string        `json:"state"`
	Number      string        `json:"number"`
	Country     *string       `json:"country"`
	Channel     string        `json:"channel"`
	Position    int           `json:"position"`
	HasApp      bool          `json:"has_app"`
	Preferred   bool          `json:"preferred"`
	CreatedAt   httpapi.Time  `json:"created_at"`
	ConfirmedAt *httpapi.Time `json:"confirmed_at"`
	ExpiresAt   *httpapi.Time `json:"expires_at"`
	Links       links         `json:"links"`
}

func viewPhone(c *httpapi.Call, f mfa.Factor) phoneView {
	v := phoneView{
		ID: f.ID, Name: f.Name, State: string(f.State), Number: f.Phone.Masked, Channel: string(f.Phone.Channel),
		Position: f.Phone.Position, HasApp: f.Phone.HasApp, Preferred: f.Phone.Preferred, CreatedAt: httpapi.Time(f.CreatedAt),
		ConfirmedAt: httpapi.TimeOf(f.ConfirmedAt), ExpiresAt: httpapi.TimeOf(f.ExpiresAt), Links: factorLinks(c, f),
	}
	if f.Phone.Country != "" {
		v.Country = &f.Phone.Country
	}
	return v
}

// challengeView is a code on its way.
type challengeView struct {
	ID        string       `json:"id"`
	Channel   string       `json:"channel"`
	Status    string       `json:"status"`
	CreatedAt httpapi.Time `json:"created_at"`
	ExpiresAt httpapi.Time `json:"expires_at"`
	ResendAt  httpapi.Time `json:"resend_at"`
	Phone     challengedTo `json:"phone"`
}

type challengedTo struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Number string `json:"number"`
}

func viewChallenge(x mfa.Challenge) challengeView {
	return challengeView{
		ID: x.ID, Channel: string(x.Channel), Status: string(x.Status), CreatedAt: httpapi.Time(x.CreatedAt),
		ExpiresAt: httpapi.Time(x.ExpiresAt), ResendAt: httpapi.Time(x.ResendAt),
		Phone: challengedTo{x.Phone.ID, x.Phone.Name, x.Phone.Phone.Masked},
	}
}

func (h phones) list(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	all, err := h.MFA.Phones(c.Context(), o.UserID)
	views := make([]phoneView, len(all))
	for i, f := range all {
		views[i] = viewPhone(c, f)
	}
	return httpapi.Show("phones", views), err
}

func (h phones) add(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	var body struct {
		Name    string        `json:"name"`
		Number  string        `json:"number"`
		Country string        `json:"country"`
		Channel phone.Channel `json:"channel"`
		HasApp  bool          `json:"has_app"`
	}
	if err := c.Body("phone", &body); err != nil {
		return httpapi.Reply{}, err
	}
	wish := mfa.NewPhone{Name: strings.TrimSpace(body.Name), Number: body.Number, Country: body.Country, Channel: body.Channel, HasApp: body.HasApp}
	if wish.Name == "" {
		wish.Name = "phone"
	}
	if wish.Channel == "" {
		wish.Channel = phone.SMS
	}
	f, err := h.MFA.AddPhone(c.Context(), o.UserID, wish)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Created("phone", viewPhone(c, f)), nil
}

func (h phones) show(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	id, err := c.ID("phone_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	f, err := h.MFA.PhoneOf(c.Context(), o.UserID, id)
	return httpapi.Show("phone", viewPhone(c, f)), err
}

func (h phones) change(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	id, err := c.ID("phone_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	var body struct {
		Name      optional.Value[string] `json:"name"`
		Channel   optional.Value[string] `json:"channel"`
		HasApp    optional.Value[bool]   `json:"has_app"`
		Preferred optional.Value[bool]   `json:"preferred"`
		Position  optional.Value[int]    `json:"position"`
	}
	if err := c.Body("phone", &body); err != nil {
		return httpapi.Reply{}, err
	}
	f, err := h.MFA.ChangePhone(c.Context(), o.UserID, id, mfa.PhoneChange(body))
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Show("phone", viewPhone(c, f)), nil
}

func (h phones) remove(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	id, err := c.ID("phone_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.MFA.Remove(c.Context(), o.UserID, mfa.Phone, id)
}

// channelOf reads the wish for another channel than the phone's own; empty for none.
func channelOf(c *httpapi.Call, key string) (phone.Channel, string, error) {
	var body struct {
		Channel phone.Channel `json:"channel"`
		PhoneID string        `json:"phone_id"`
	}
	err := c.Body(key, &body)
	return body.Channel, body.PhoneID, err
}

func (h phones) verify(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	id, err := c.ID("phone_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	channel, _, err := channelOf(c, "phone")
	if err != nil {
		return httpapi.Reply{}, err
	}
	x, err := h.MFA.VerifyPhone(c.Context(), o.UserID, id, channel)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Created("challenge", viewChallenge(x)), nil
}

func (h phones) confirm(c *httpapi.Call, o mfa.Owner) (httpapi.Reply, error) {
	id, err := c.ID("phone_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	var body struct {
		Passcode string `json:"passcode"`
	}
	if err := c.Body("phone", &body); err != nil {
		return httpapi.Reply{}, err
	}
	f, codes, err := h.MFA.ConfirmPhone(c.Context(), o.UserID, id, body.Passcode)
	if err != nil {
		return httpapi.Reply{}, err
	}
	reply := map[string]any{"phone": viewPhone(c, f)}
	if codes != nil {
		reply["recovery_codes"] = codes
	}
	if !c.Actor.Enrolling {
		return httpapi.JSON(http.StatusOK, reply), nil
	}
	receipt, err := h.Auth.Enrolled(c.Context(), c.Actor)
	return httpapi.JSON(http.StatusOK, reply).With(httpapi.ReceiptHeader, receipt), err
}

// receiptOf returns the one receipt that a request came with.
func receiptOf(c *httpapi.Call) (string, error) {
	if r := c.Header("Openstack-Auth-Receipt"); r != "" {
		return r, nil
	}
	return "", fault.New(fault.Unauthorized, "The receipt is not valid.").Because("receipt_invalid")
}

func (h phones) challenge(c *httpapi.Call) (httpapi.Reply, error) {
	receipt, err := receiptOf(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	channel, id, err := channelOf(c, "challenge")
	if err != nil {
		return httpapi.Reply{}, err
	}
	x, err := h.Auth.Challenge(c.Context(), receipt, id, channel)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Created("challenge", viewChallenge(x)), nil
}

func (h phones) challenged(c *httpapi.Call) (httpapi.Reply, error) {
	receipt, err := receiptOf(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	x, err := h.Auth.ChallengeOf(c.Context(), receipt, c.Param("challenge_id"))
	return httpapi.Show("challenge", viewChallenge(x)), err
}

// gatewayView is what a gateway has done since the node began.
type gatewayView struct {
	Name       string        `json:"name"`
	Sent       int           `json:"sent"`
	Failed     int           `json:"failed"`
	Uncertain  int           `json:"uncertain"`
	MeanMS     int64         `json:"mean_ms"`
	SlowestMS  int64         `json:"slowest_ms"`
	RestsUntil *httpapi.Time `json:"rests_until"`
}

func (h phones) gateways(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	counts := h.Gateways.Counts()
	views := make([]gatewayView, len(counts))
	for i, x := range counts {
		views[i] = gatewayView{
			Name: x.Name, Sent: x.Sent, Failed: x.Failed, Uncertain: x.Uncertain, SlowestMS: x.Slowest.Milliseconds(),
			MeanMS: x.Total.Milliseconds() / int64(max(1, x.Sent+x.Failed+x.Uncertain)),
		}
		if c.Now().Before(x.RestsUntil) {
			views[i].RestsUntil = httpapi.TimeOf(&x.RestsUntil)
		}
	}
	spent, err := h.MFA.Spent(c.Context())
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.JSON(http.StatusOK, map[string]any{"gateways": views, "spent_today": spent}), nil
}
