package v3

import (
	"encoding/json"
	"strconv"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/policy"
)

// explain serves why requests were refused, for administrators. Strangers are told little on purpose; this tells those
// who must help them. It is ours; Keystone has nothing like it.
type explain struct{ Services }

func (h explain) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/explain/{request_id}", policy.ExplainRequest, httpapi.NoTarget, h.list),
	}
}

// decisionView is one decision. Of what the event holds only what is named here is shown.
type decisionView struct {
	At          httpapi.Time `json:"at"`
	Action      string       `json:"action"`
	Cause       *string      `json:"cause"`
	Explanation string       `json:"explanation"`
	Rule        *string      `json:"rule"`
	Factor      *string      `json:"factor"`
	Counter     *string      `json:"counter"`
	Shown       *string      `json:"methods"`
	Required    any          `json:"required_auth_methods"`
	Risk        *riskView    `json:"risk"`
	UserID      *string      `json:"user_id"`
	ActorID     *string      `json:"actor_id"`
	Address     string       `json:"ip"`
	UserAgent   string       `json:"user_agent"`
}

// cause is what stands behind a word in the events.
type cause struct{ text, factor, counter string }

var causes = map[string]cause{
	"unknown_or_disabled":           {"There is no such user, or the user or the domain is disabled.", "", ""},
	"password_wrong":                {"The password is wrong.", "password", "password"},
	"password_locked":               {"Too many wrong passwords: passwords of the user rest for a while, right ones too.", "password", "password"},
	"password_expired":              {"The password was right and must be changed first.", "password", ""},
	"password_gone":                 {"The password that the receipt remembers is no longer there.", "password", ""},
	"code_locked":                   {"Too many wrong codes: codes of the user rest for a while, right ones too.", "totp", "code"},
	"code_alone":                    {"A code was shown and no password.", "totp", ""},
	"passcode_invalid":              {"The code is wrong.", "totp", "code"},
	"passcode_already_used":         {"The code was right and had been used before.", "totp", ""},
	"device_unknown":                {"The secret is of no device that is remembered, or devices may not be used by this user.", "device", "code"},
	"device_alone":                  {"The secret of a device was shown without the password.", "device", ""},
	"phone_not_enough":              {"The role is not given to who has shown nothing stronger than a phone or a remembered device.", "phone", ""},
	"another_user":                  {"What was shown belongs to different users.", "", ""},
	"application_credential_wrong":  {"The secret of the application credential is wrong.", "application_credential", "password"},
	"application_credential_locked": {"Too many wrong secrets: the application credential rests for a while.", "application_credential", "password"},
	"application_credential_expired": {
		"The application credential is past its end.", "application_credential", "",
	},
	"certificate_not_valid_now":   {"The certificate is not valid yet, or not any more.", "certificate", ""},
	"certificate_of_another":      {"The certificate is of another user than was asked for.", "certificate", ""},
	"certificate_without_project": {"The user of the certificate has no default project.", "certificate", ""},
	"certificate_mapping_missing": {"There is no mapping for certificates.", "certificate", ""},
	"certificate_names_nobody":    {"The mapping makes no user of the certificate.", "certificate", ""},
	"certificate_says_otherwise":  {"The certificate says something of the user that is not so.", "certificate", ""},
	"receipt_already_used":        {"The receipt has completed another sign-in.", "", ""},
	"receipt_invalid":             {"The receipt is expired, not ours, or something happened to the user since.", "", ""},
	"changed_meanwhile":           {"The password or the account changed meanwhile.", "", ""},
	"second_factor_required":      {"Less was shown than the user must show now.", "totp", ""},
	"mfa_requires_v3":             {"The user signs in with a second factor, which the v2.0 API does not know.", "totp", ""},
	"delegated_token":             {"The token stands for somebody who is not there.", "", ""},
	"trust_of_another":            {"The trust is for another user.", "", ""},
	"trust_void":                  {"Somebody or a role behind the trust is gone.", "", ""},
	"trust_used_up":               {"The trust has no uses left.", "", ""},
	"oauth1":                      {"The request is not signed as it must be with the access token, or the access token is past its end.", "oauth1", ""},
	"unsupported_method":          {"A method that was asked for is not known, or is switched off.", "", ""},
	"reauthentication_required":   {"The token was good, and its proof too old or too weak for the operation (step-up).", "", ""},
	"factor_enrolment_required":   {"A second factor is demanded of the user, who has none and may enrol one.", "totp", ""},
	"too_many_messages":           {"A limit of messages to phones is reached: the user's, the number's, the network's, the country's or the day's.", "phone", "messages"},
	"phone_delivery_failed":       {"No gateway took the message with the code.", "phone", ""},
	"risk_refused":                {"Everything was right, and the sign-in too unusual for this account (risk.refuse).", "", ""},
	"risk_challenged":             {"Everything was right, and the sign-in so unusual that a code was demanded (risk.challenge).", "", ""},
}

func viewDecision(ev event.Event) decisionView {
	word, _ := ev.Detail["cause"].(string)
	methods, _ := ev.Detail["methods"].(string)
	v := decisionView{
		At: httpapi.Time(ev.At), Action: ev.Action, Cause: textOrNull(word), Shown: textOrNull(methods), Required: ev.Detail["required"],
		Risk: riskOf(ev), UserID: textOrNull(ev.UserID), ActorID: textOrNull(ev.ActorID), Address: ev.Address, UserAgent: ev.UserAgent,
	}
	switch known, ok := causes[word]; {
	case ev.Kind == event.Policy:
		v.Rule, v.Explanation = textOrNull(ev.TargetID), ruleDoc(ev.TargetID)
	case ok:
		v.Explanation, v.Factor, v.Counter = known.text, textOrNull(known.factor), textOrNull(known.counter)
		if limit, _ := ev.Detail["limit"].(string); limit != "" { // the one of several
			v.Counter = &limit
		}
	case ev.Action == "receipt.issue":
		v.Explanation = "What was shown was right, and more is required."
	default:
		v.Explanation = "What was shown was not accepted."
	}
	return v
}

// riskOf is how unusual an event says that a sign-in was; nil when it does not say.
func riskOf(ev event.Event) *riskView {
	number, _ := ev.Detail["risk"].(json.Number)
	score, err := number.Int64()
	if err != nil {
		return nil
	}
	v := &riskView{Score: int(score), Reasons: []string{}}
	reasons, _ := ev.Detail["reasons"].([]any)
	for _, r := range reasons {
		if name, ok := r.(string); ok {
			v.Reasons = append(v.Reasons, name)
		}
	}
	return v
}

// ruleDoc says what a rule is for.
func ruleDoc(name string) string {
	for _, r := range policy.All() {
		if r.Name == name {
			return "The rule does not let the caller do this. " + r.Doc
		}
	}
	return "The rule does not let the caller do this."
}

func (h explain) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List()
	if err != nil {
		return httpapi.Reply{}, err
	}
	id, err := c.ID("request_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Auth.Refusals(c.Context(), id, q)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Collection(c, "decisions", page, func(ev event.Event) string { return strconv.FormatInt(ev.ID, 10) }, viewDecision), nil
}
