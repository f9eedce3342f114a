package v2

import (
	"net/http"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/policy"
)

// tokens serves /v2.0/tokens.
type tokens struct{ Services }

func (h tokens) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.Public("POST /v2.0/tokens", "it is the old way in", h.issue),
		httpapi.On("GET /v2.0/tokens/{token_id}", policy.ValidateToken, h.subject, h.show),
		httpapi.On("DELETE /v2.0/tokens/{token_id}", policy.RevokeToken, h.subject, h.revoke),
		httpapi.On("GET /v2.0/tokens/{token_id}/endpoints", policy.ValidateToken, h.subject, h.endpoints),
	}
}

type credentials struct {
	Username string `json:"username"`
	UserID   string `json:"userId"`
	Password string `json:"password"`
}

type authBody struct {
	Password *credentials `json:"passwordCredentials"`
	Token    *struct {
		ID string `json:"id"`
	} `json:"token"`
	TenantID   string `json:"tenantId"`
	TenantName string `json:"tenantName"`
	TrustID    string `json:"trust_id"`
}

// request turns a v2.0 body into what the gate understands. Names are those of the default domain.
func (b authBody) request() (auth.Request, error) {
	r := auth.Request{OldAPI: true, Scope: auth.WantedScope{Kind: auth.ScopeNone}}
	defaultDomain := &auth.Ref{ID: auth.DefaultDomainID}
	switch {
	case b.TrustID != "":
		return r, fault.New(fault.Forbidden, "Trusts are used through the Identity API v3.")
	case b.Token != nil:
		r.Methods, r.Token = []string{auth.MethodToken}, &b.Token.ID
	case b.Password != nil:
		user := auth.Ref{ID: b.Password.UserID, Name: b.Password.Username, Domain: defaultDomain}
		r.Methods, r.Password = []string{auth.MethodPassword}, &auth.PasswordProof{User: user, Password: b.Password.Password}
	default:
		return r, fault.New(fault.BadRequest, "Expecting to find passwordCredentials or token in auth.")
	}
	switch {
	case b.TenantID != "":
		r.Scope = auth.WantedScope{Kind: auth.ScopeProject, Target: auth.Ref{ID: b.TenantID}}
	case b.TenantName != "":
		r.Scope = auth.WantedScope{Kind: auth.ScopeProject, Target: auth.Ref{Name: b.TenantName, Domain: defaultDomain}}
	}
	return r, nil
}

func (h tokens) issue(c *httpapi.Call) (httpapi.Reply, error) {
	var body authBody
	if err := c.Body("auth", &body); err != nil {
		return httpapi.Reply{}, err
	}
	r, err := body.request()
	if err != nil {
		return httpapi.Reply{}, err
	}
	issued, err := h.Auth.SignIn(c.Context(), r)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return h.access(c, issued.Token, issued.Text)
}

// subject is the token in the path.
type subject struct {
	*auth.Token
	text string
}

func (h tokens) subject(c *httpapi.Call) (subject, error) {
	s := subject{text: c.Param("token_id")}
	t, err := h.Auth.Read(c.Context(), s.text, false)
	if fault.Is(err, fault.Unauthorized) {
		err = fault.New(fault.NotFound, "Could not find token.")
	}
	s.Token = t
	return s, err
}

func (h tokens) show(c *httpapi.Call, s subject) (httpapi.Reply, error) {
	if err := open(c, h.Auth, s.Token); err != nil {
		return httpapi.Reply{}, err
	}
	if want := c.Query().Get("belongsTo"); want != "" && (s.Project == nil || s.Project.ID != want) {
		return httpapi.Reply{}, fault.New(fault.Unauthorized, "The token does not belong to the tenant.")
	}
	return h.access(c, s.Token, s.text)
}

// endpoints shows the catalog of a token once more, as a flat list.
func (h tokens) endpoints(c *httpapi.Call, s subject) (httpapi.Reply, error) {
	if err := open(c, h.Auth, s.Token); err != nil {
		return httpapi.Reply{}, err
	}
	if s.Project == nil {
		return httpapi.JSON(http.StatusOK, map[string]any{}), nil
	}
	snapshot, err := h.Facts.Catalog(c.Context(), s.ProjectID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.JSON(http.StatusOK, map[string]any{
		"endpoints": viewAddresses(snapshot.Entries(s.ProjectID, s.UserID)), "endpoints_links": []string{},
	}), nil
}

// open refuses callers and tokens that the old API must not serve. The token may be nil, for what is about the
// caller alone.
func open(c *httpapi.Call, gate *auth.Service, t *auth.Token) error {
	if err := gate.OldAPI(c.Context(), c.Actor.UserID); err != nil {
		return err
	}
	if t == nil {
		return nil
	}
	outside := t.Project != nil && t.Project.DomainID != auth.DefaultDomainID ||
		t.Domain != nil && t.Domain.ID != auth.DefaultDomainID
	if outside || t.System || t.Delegated() || !auth.OldMethods(t.Methods) {
		return fault.New(fault.Unauthorized, "The token is of a kind that the v2.0 API does not know.")
	}
	return gate.OldAPI(c.Context(), t.UserID)
}

func (h tokens) revoke(c *httpapi.Call, s subject) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Auth.Revoke(c.Context(), s.Token)
}
