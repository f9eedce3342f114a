package v3

import (
	"net/http"
	"net/url"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/oauth"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// oauth1 serves OS-OAUTH1 (OAuth 1.0a): consumers, how they come to access tokens, and who sees those.
type oauth1 struct{ Services }

func (h oauth1) ops() []httpapi.Op {
	const consumers, tokens = "/v3/OS-OAUTH1/consumers", "/v3/users/{user_id}/OS-OAUTH1/access_tokens"
	const signed = "the consumer signs it with its secret"
	return []httpapi.Op{
		httpapi.On("GET "+consumers, policy.ListConsumers, httpapi.NoTarget, h.list),
		httpapi.On("POST "+consumers, policy.CreateConsumer, httpapi.NoTarget, h.create),
		httpapi.On("GET "+consumers+"/{consumer_id}", policy.GetConsumer, httpapi.NoTarget, h.show),
		httpapi.On("PATCH "+consumers+"/{consumer_id}", policy.UpdateConsumer, httpapi.NoTarget, h.update),
		httpapi.On("DELETE "+consumers+"/{consumer_id}", policy.DeleteConsumer, httpapi.NoTarget, h.remove),
		httpapi.Public("POST /v3/OS-OAUTH1/request_token", signed, h.ask),
		httpapi.On("PUT /v3/OS-OAUTH1/authorize/{request_token_id}", policy.AuthorizeRequestToken, h.asked, h.authorize).Fresh(auth.FreshFor),
		httpapi.Public("POST /v3/OS-OAUTH1/access_token", signed, h.exchange),
		httpapi.On("GET "+tokens, policy.ListAccessTokens, users(h).find, h.tokens),
		httpapi.On("GET "+tokens+"/{access_token_id}", policy.GetAccessToken, h.find, h.token),
		httpapi.On("DELETE "+tokens+"/{access_token_id}", policy.DeleteAccessToken, h.find, h.removeToken),
		httpapi.On("GET "+tokens+"/{access_token_id}/roles", policy.ListAccessTokenRoles, h.find, h.roles),
		httpapi.On("GET "+tokens+"/{access_token_id}/roles/{role_id}", policy.GetAccessTokenRole, h.find, h.role),
	}
}

// consumerNames are the attributes of consumers that are not the client's own.
var consumerNames = declare("description", "secret")

// consumerView is a consumer on the wire; its secret is there when it has just been made.
type consumerView struct {
	ID          string     `json:"id"`
	Description *string    `json:"description"`
	Secret      string     `json:"secret,omitzero"`
	Links       links      `json:"links"`
	Extra       attributes `json:",embed"`
}

func viewConsumer(c *httpapi.Call, x oauth.Consumer) consumerView {
	return consumerView{
		ID: x.ID, Description: x.Description, Links: links{c.Link("v3", "OS-OAUTH1", "consumers", x.ID)},
		Extra: consumerNames.show(x.Extra),
	}
}

func (h oauth1) draft(c *httpapi.Call, keep func(attributes) (map[string]any, error)) (oauth.ConsumerDraft, error) {
	var b struct {
		ID          optional.Value[any]    `json:"id"`
		Description optional.Value[string] `json:"description"`
		Secret      optional.Value[any]    `json:"secret"`
		Extra       attributes             `json:",embed"`
	}
	if err := c.Body("consumer", &b); err != nil {
		return oauth.ConsumerDraft{}, err
	}
	extra, err := keep(b.Extra)
	return oauth.ConsumerDraft{ID: sentID(b.ID), Description: b.Description, Secret: b.Secret.Present(), Extra: extra}, err
}

func (h oauth1) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List()
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.OAuth.ListConsumers(c.Context(), q)
	return httpapi.Collection(c, "consumers", page, func(x oauth.Consumer) string { return x.ID },
		func(x oauth.Consumer) consumerView { return viewConsumer(c, x) }), err
}

func (h oauth1) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	d, err := h.draft(c, consumerNames.keepNew)
	if err != nil {
		return httpapi.Reply{}, err
	}
	x, secret, err := h.OAuth.CreateConsumer(c.Context(), d)
	v := viewConsumer(c, x)
	v.Secret = secret
	return httpapi.Created("consumer", v), err
}

func (h oauth1) show(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("consumer_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	x, err := h.OAuth.Consumer(c.Context(), id)
	return httpapi.Show("consumer", viewConsumer(c, x)), err
}

func (h oauth1) update(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("consumer_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	d, err := h.draft(c, consumerNames.keep)
	if err != nil {
		return httpapi.Reply{}, err
	}
	x, err := h.OAuth.UpdateConsumer(c.Context(), id, d)
	return httpapi.Show("consumer", viewConsumer(c, x)), err
}

func (h oauth1) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("consumer_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.OAuth.DeleteConsumer(c.Context(), id)
}

// signedRequest is the request as its signature covers it. The address is the server's public one: that is where
// clients believe to send it, whatever proxies make of it. Nothing is read from a body but JSON, which is not covered.
func signedRequest(c *httpapi.Call) oauth.Signed {
	return oauth.Signed{
		Method: http.MethodPost, URL: c.Base() + c.Path(), Params: c.Query(), Authorization: c.Header("Authorization"),
	}
}

// issuedOAuth writes a token of a consumer as a form (RFC 5849 section 2.1).
func issuedOAuth(t oauth.Issued) httpapi.Reply {
	form := url.Values{"oauth_token": {t.ID}, "oauth_token_secret": {t.Secret}}
	if t.ExpiresAt != nil {
		at, _ := httpapi.Time(*t.ExpiresAt).MarshalText() // never fails
		form.Set("oauth_expires_at", string(at))
	}
	return httpapi.Reply{Status: http.StatusCreated, Raw: []byte(form.Encode()), ContentType: "application/x-www-form-urlencoded"}
}

func (h oauth1) ask(c *httpapi.Call) (httpapi.Reply, error) {
	t, err := h.OAuth.Ask(c.Context(), signedRequest(c), c.Header("Requested-Project-Id"))
	return issuedOAuth(t), err
}

func (h oauth1) exchange(c *httpapi.Call) (httpapi.Reply, error) {
	t, err := h.OAuth.Exchange(c.Context(), signedRequest(c))
	return issuedOAuth(t), err
}

func (h oauth1) asked(c *httpapi.Call) (oauth.RequestToken, error) {
	id, err := c.ID("request_token_id")
	if err != nil {
		return oauth.RequestToken{}, err
	}
	return h.OAuth.RequestToken(c.Context(), id)
}

func (h oauth1) authorize(c *httpapi.Call, t oauth.RequestToken) (httpapi.Reply, error) {
	var roles []oauth.RoleRef
	if err := c.Body("roles", &roles); err != nil {
		return httpapi.Reply{}, err
	}
	by := oauth.Authorizer{UserID: c.Actor.UserID, Methods: c.Actor.Methods, AuthTime: c.Actor.AuthTime}
	verifier, err := h.OAuth.Authorize(c.Context(), t.ID, by, roles)
	return httpapi.Show("token", map[string]string{"oauth_verifier": verifier}), err
}

// foundAccessToken is an access token of the user of the path. Those of others do not exist there.
type foundAccessToken struct {
	oauth.AccessToken
	owner identity.User
}

// PolicyAttrs is all that a rule may know about it.
func (x foundAccessToken) PolicyAttrs() policy.Attrs { return x.owner.PolicyAttrs() }

func (h oauth1) find(c *httpapi.Call) (foundAccessToken, error) {
	owner, err := users(h).find(c)
	if err != nil {
		return foundAccessToken{}, err
	}
	id, err := c.ID("access_token_id")
	if err != nil {
		return foundAccessToken{owner: owner}, err
	}
	t, err := h.OAuth.AccessToken(c.Context(), owner.ID, id)
	return foundAccessToken{t, owner}, err
}

// accessTokenView is an access token on the wire, without its secret.
type accessTokenView struct {
	ID         string           `json:"id"`
	ConsumerID string           `json:"consumer_id"`
	ProjectID  string           `json:"project_id"`
	UserID     string           `json:"authorizing_user_id"`
	ExpiresAt  *httpapi.Time    `json:"expires_at"`
	Links      accessTokenLinks `json:"links"`
}

type accessTokenLinks struct {
	Self  string `json:"self"`
	Roles string `json:"roles"`
}

func viewAccessToken(c *httpapi.Call, t oauth.AccessToken) accessTokenView {
	self := c.Link("v3", "users", t.UserID, "OS-OAUTH1", "access_tokens", t.ID)
	return accessTokenView{
		ID: t.ID, ConsumerID: t.ConsumerID, ProjectID: t.ProjectID, UserID: t.UserID, ExpiresAt: httpapi.TimeOf(t.ExpiresAt),
		Links: accessTokenLinks{self, self + "/roles"},
	}
}

func (h oauth1) tokens(c *httpapi.Call, u identity.User) (httpapi.Reply, error) {
	q, err := c.List()
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.OAuth.AccessTokens(c.Context(), u.ID, q)
	return httpapi.Collection(c, "access_tokens", page, func(t oauth.AccessToken) string { return t.ID },
		func(t oauth.AccessToken) accessTokenView { return viewAccessToken(c, t) }), err
}

func (h oauth1) token(c *httpapi.Call, t foundAccessToken) (httpapi.Reply, error) {
	return httpapi.Show("access_token", viewAccessToken(c, t.AccessToken)), nil
}

func (h oauth1) removeToken(c *httpapi.Call, t foundAccessToken) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.OAuth.DeleteAccessToken(c.Context(), t.ID)
}

// delegated are those roles of an access token that are still there.
func (h oauth1) delegated(c *httpapi.Call, t foundAccessToken) ([]assignment.Role, error) {
	table, err := h.Facts.Table(c.Context())
	if err != nil {
		return nil, err
	}
	var roles []assignment.Role
	for _, id := range t.RoleIDs {
		if r := table.Role(id); r != nil {
			roles = append(roles, *r)
		}
	}
	return roles, nil
}

func (h oauth1) roles(c *httpapi.Call, t foundAccessToken) (httpapi.Reply, error) {
	roles, err := h.delegated(c, t)
	views := make([]roleView, len(roles))
	for i, r := range roles {
		views[i] = viewRole(c, r)
	}
	return httpapi.JSON(http.StatusOK, map[string]any{
		"roles": views, "links": map[string]any{"self": c.SelfLink(), "next": nil, "previous": nil},
	}), err
}

func (h oauth1) role(c *httpapi.Call, t foundAccessToken) (httpapi.Reply, error) {
	roles, err := h.delegated(c, t)
	if err != nil {
		return httpapi.Reply{}, err
	}
	for _, r := range roles {
		if r.ID == c.Param("role_id") {
			return httpapi.Show("role", viewRole(c, r)), nil
		}
	}
	return httpapi.Reply{}, fault.New(fault.NotFound, "Could not find role: %s.", c.Param("role_id"))
}

// signIn is the sign-in with a signed request (method oauth1). What it is for stands in the access token.
func (h oauth1) signIn(c *httpapi.Call, want auth.WantedScope) (auth.Issued, error) {
	if want.Kind != auth.ScopeDefault {
		return auth.Issued{}, fault.New(fault.Unauthorized, "The request you have made requires authentication.").Because("scope_fixed")
	}
	t, err := h.OAuth.Authenticate(c.Context(), signedRequest(c))
	if err != nil {
		return auth.Issued{}, err
	}
	return h.Auth.Vouch(c.Context(), auth.Voucher{
		Method: auth.MethodOAuth1, UserID: t.UserID, ProjectID: t.ProjectID, Methods: t.Methods, AuthTime: t.AuthTime,
		ExpiresAt: t.ExpiresAt, AccessTokenID: t.ID,
	})
}
