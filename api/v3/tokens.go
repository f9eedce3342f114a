package v3

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/policy"
)

// tokens serves /v3/auth/tokens and the change of one's own password.
type tokens struct{ Services }

func (h tokens) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.Public("POST /v3/auth/tokens", "it is the way in", h.issue),
		h.inspect("GET /v3/auth/tokens", h.show).HeadRule(policy.CheckToken),
		h.inspect("DELETE /v3/auth/tokens", h.revoke),
		httpapi.Public("POST /v3/users/{user_id}/password", "people change expired passwords here; the original one is demanded", h.changePassword),
	}
}

// inspect declares an operation on the token in X-Subject-Token.
func (h tokens) inspect(pattern string, act func(*httpapi.Call, subject) (httpapi.Reply, error)) httpapi.Op {
	rule := policy.ValidateToken
	if pattern == "DELETE /v3/auth/tokens" {
		rule = policy.RevokeToken
	}
	return httpapi.On(pattern, rule, h.subject, act)
}

// subject is the token that a caller asks about.
type subject struct {
	*auth.Token
	text string
}

// subject loads the token concerned. What is not good now is not found; asking with several tokens at once is
// an attempt to confuse and finds nothing.
func (h tokens) subject(c *httpapi.Call) (subject, error) {
	s := subject{text: c.Header("X-Subject-Token")}
	if s.text == "" {
		return s, errNoToken
	}
	t, err := h.Auth.Read(c.Context(), s.text, c.Truthy("allow_expired") && mayReadExpired(c.Actor))
	if err != nil {
		if fault.Is(err, fault.Unauthorized) {
			return s, errNoToken
		}
		return s, err
	}
	s.Token = t
	return s, nil
}

var errNoToken = fault.New(fault.NotFound, "Could not find token.")

// mayReadExpired admits services, for long-running work that began in time.
func mayReadExpired(a policy.Actor) bool {
	return slices.Contains(a.Roles, "service")
}

// show also refuses tokens with access rules to callers who do not say that they know of such: they would take the
// token for one that is good for everything.
func (h tokens) show(c *httpapi.Call, s subject) (httpapi.Reply, error) {
	if s.AppCredential != nil && len(s.AppCredential.AccessRules) > 0 && !knowsAccessRules(c.Header("OpenStack-Identity-Access-Rules")) {
		return httpapi.Reply{}, errNoToken
	}
	return h.reply(c, http.StatusOK, s.Token, s.text)
}

// knowsAccessRules reads the version of access rules that a caller claims to know.
func knowsAccessRules(version string) bool {
	v, err := strconv.ParseFloat(version, 64)
	return err == nil && v >= 1
}

func (h tokens) revoke(c *httpapi.Call, s subject) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Auth.Revoke(c.Context(), s.Token)
}

// authBody is the body of POST /v3/auth/tokens.
type authBody struct {
	Identity struct {
		Methods  []string `json:"methods"`
		Password *struct {
			User userRef `json:"user"`
		} `json:"password"`
		TOTP *struct {
			User userRef `json:"user"`
		} `json:"totp"`
		Phone *struct {
			User userRef `json:"user"`
		} `json:"phone"`
		Token *struct {
			ID string `json:"id"`
		} `json:"token"`
		Device *struct {
			Secret string `json:"secret"`
		} `json:"device"`
		AppCredential *struct {
			ref
			Secret string   `json:"secret"`
			User   *userRef `json:"user"`
		} `json:"application_credential"`
	} `json:"identity"`
	Scope jsontext.Value `json:"scope"`
}

type userRef struct {
	ref
	Password string `json:"password"`
	Passcode string `json:"passcode"`
}

// ref is how Keystone's clients name a thing.
type ref struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain *ref   `json:"domain"`
}

func (r *ref) auth() auth.Ref {
	out := auth.Ref{ID: r.ID, Name: r.Name}
	if r.Domain != nil {
		d := r.Domain.auth()
		out.Domain = &d
	}
	return out
}

func (h tokens) issue(c *httpapi.Call) (httpapi.Reply, error) {
	var body authBody
	if err := c.Body("auth", &body); err != nil {
		return httpapi.Reply{}, err
	}
	if c.HeaderTwice("Openstack-Auth-Receipt") {
		return httpapi.Reply{}, fault.New(fault.BadRequest, "The header Openstack-Auth-Receipt was sent more than once.")
	}
	req := auth.Request{Methods: body.Identity.Methods, Receipt: c.Header("Openstack-Auth-Receipt")}
	if p := body.Identity.Password; p != nil {
		req.Password = &auth.PasswordProof{User: p.User.auth(), Password: p.User.Password}
	}
	if p := body.Identity.TOTP; p != nil {
		req.TOTP = &auth.CodeProof{User: p.User.auth(), Code: p.User.Passcode}
	}
	if p := body.Identity.Phone; p != nil {
		req.Phone = &auth.CodeProof{User: p.User.auth(), Code: p.User.Passcode}
	}
	if p := body.Identity.Token; p != nil {
		req.Token = &p.ID
	}
	if p := body.Identity.Device; p != nil {
		req.Device = &p.Secret
	}
	if p := body.Identity.AppCredential; p != nil {
		req.AppCredential = &auth.AppCredentialProof{ID: p.ID, Name: p.Name, Secret: p.Secret}
		if p.User != nil {
			req.AppCredential.User = p.User.auth()
		}
	}
	var err error
	if req.Scope, err = wantedScope(body.Scope); err != nil {
		return httpapi.Reply{}, err
	}
	var issued auth.Issued
	if len(req.Methods) == 1 && req.Methods[0] == auth.MethodOAuth1 {
		issued, err = oauth1(h).signIn(c, req.Scope)
	} else {
		issued, err = h.Auth.SignIn(c.Context(), req)
	}
	if err != nil {
		return httpapi.Reply{}, withReceipt(err)
	}
	return h.reply(c, http.StatusCreated, issued.Token, issued.Text)
}

// wantedScope reads the scope of a request in all forms that Keystone knows.
func wantedScope(raw jsontext.Value) (auth.WantedScope, error) {
	malformed := fault.New(fault.BadRequest, "Expecting to find exactly one of project, domain, system or unscoped in scope.")
	if len(raw) == 0 || raw.Kind() == 'n' {
		return auth.WantedScope{}, nil
	}
	if raw.Kind() == '"' {
		if string(raw) == `"unscoped"` {
			return auth.WantedScope{Kind: auth.ScopeNone}, nil
		}
		return auth.WantedScope{}, malformed
	}
	var scope struct {
		Project  *ref           `json:"project"`
		Domain   *ref           `json:"domain"`
		System   jsontext.Value `json:"system"`
		Unscoped jsontext.Value `json:"unscoped"`
		Trust    *ref           `json:"OS-TRUST:trust"`
	}
	if err := json.Unmarshal(raw, &scope); err != nil {
		return auth.WantedScope{}, malformed
	}
	var found []auth.WantedScope
	if scope.Project != nil {
		found = append(found, auth.WantedScope{Kind: auth.ScopeProject, Target: scope.Project.auth()})
	}
	if scope.Domain != nil {
		found = append(found, auth.WantedScope{Kind: auth.ScopeDomain, Target: scope.Domain.auth()})
	}
	if scope.System != nil {
		found = append(found, auth.WantedScope{Kind: auth.ScopeSystem})
	}
	if scope.Unscoped != nil {
		found = append(found, auth.WantedScope{Kind: auth.ScopeNone})
	}
	if scope.Trust != nil {
		found = append(found, auth.WantedScope{Kind: auth.ScopeTrust, Target: auth.Ref{ID: scope.Trust.ID}})
	}
	if len(found) != 1 {
		return auth.WantedScope{}, malformed
	}
	return found[0], nil
}

// receiptAnswer is the body of a sign-in that must show more; it has no error envelope, as in Keystone.
type receiptAnswer struct {
	*auth.ReceiptError
}

// StepUp demands recent proofs of callers (httpapi.StepUp) and answers stale ones with a receipt.
type StepUp struct{ Auth *auth.Service }

// Fresh refuses an actor whose proof is older than age or weaker than what he has enrolled.
func (s StepUp) Fresh(ctx context.Context, actor policy.Actor, age time.Duration) error {
	return withReceipt(s.Auth.Fresh(ctx, actor, age))
}

func withReceipt(err error) error {
	if r, ok := errors.AsType[*auth.ReceiptError](err); ok {
		return receiptAnswer{r}
	}
	return err
}

type receiptView struct {
	Receipt struct {
		Methods   []string     `json:"methods"`
		User      receiptUser  `json:"user"`
		ExpiresAt httpapi.Time `json:"expires_at"`
		IssuedAt  httpapi.Time `json:"issued_at"`
	} `json:"receipt"`
	Required [][]string       `json:"required_auth_methods"`
	StepUp   []string         `json:"step_up_methods,omitzero"`
	Error    *httpapi.Refusal `json:"error,omitzero"`
}

type receiptUser struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain idName `json:"domain"`
}

// Reply implements httpapi.Answer.
func (r receiptAnswer) Reply(string) httpapi.Reply {
	var v receiptView
	v.Receipt.Methods = r.Methods
	v.Receipt.User = receiptUser{ID: r.User.ID, Name: r.User.Name, Domain: idName{r.UserDomain.ID, r.UserDomain.Name}}
	v.Receipt.ExpiresAt, v.Receipt.IssuedAt = httpapi.Time(r.ExpiresAt), httpapi.Time(r.IssuedAt)
	v.Required, v.StepUp = r.Required, r.StepUp
	if r.Reason != "" {
		f := httpapi.NewRefusal(fault.New(fault.Unauthorized, "%s", receiptMessage(r.Reason)).Because(r.Reason))
		v.Error = &f
	}
	return httpapi.JSON(http.StatusUnauthorized, v).With("Openstack-Auth-Receipt", r.Text)
}

// receiptMessage tells people what to do.
func receiptMessage(reason string) string {
	if reason == auth.ReasonEnrol {
		return "A second factor is demanded of you, and you have none. Enrol one with this receipt, then complete the sign-in."
	}
	return "Prove yourself again: the sign-in is too old or too weak for this."
}

func (h tokens) changePassword(c *httpapi.Call) (httpapi.Reply, error) {
	id, err := c.ID("user_id")
	if err != nil {
		return httpapi.Reply{}, fault.New(fault.Unauthorized, "The request you have made requires authentication.")
	}
	var body struct {
		Original string `json:"original_password"`
		New      string `json:"password"`
		Passcode string `json:"passcode"`
	}
	if err := c.Body("user", &body); err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Auth.ChangePassword(c.Context(), auth.PasswordChange{
		UserID: id, Original: body.Original, New: body.New, Code: body.Passcode, Token: c.Header("X-Auth-Token"),
	})
}
