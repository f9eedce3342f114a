// Package v2 is the OpenStack Identity v2.0 API for tools that never moved on, over the same services and
// rules as v3. It knows passwords and one domain only, so it is closed to people who sign in with a second
// factor and to users outside the default domain, wherever a v2.0 token or a v2.0 view of one would be given.
package v2

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/credential"
	"github.com/keyward/identity/internal/ec2"
	"github.com/keyward/identity/internal/facts"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// Services are what the handlers call.
type Services struct {
	Auth       *auth.Service
	Assignment *assignment.Service
	Facts      *facts.Facts
	Credential *credential.Service
	EC2        *ec2.Service
}

// Ops lists every operation under /v2.0, in the order of openapi.yaml.
func Ops(s Services) []httpapi.Op {
	return slices.Concat(tokens{s}.ops(), accessKeys{s}.ops())
}

// tokens serves /v2.0/tokens and /v2.0/tenants.
type tokens struct{ Services }

func (h tokens) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.Public("POST /v2.0/tokens", "it is the old way in", h.issue),
		httpapi.On("GET /v2.0/tokens/{token_id}", policy.ValidateToken, h.subject, h.show),
		httpapi.On("DELETE /v2.0/tokens/{token_id}", policy.RevokeToken, h.subject, h.revoke),
		httpapi.On("GET /v2.0/tenants", policy.GetAuthProjects, httpapi.NoTarget, h.tenants),
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
	if err := h.open(c, s.Token); err != nil {
		return httpapi.Reply{}, err
	}
	if want := c.Query().Get("belongsTo"); want != "" && (s.Project == nil || s.Project.ID != want) {
		return httpapi.Reply{}, fault.New(fault.Unauthorized, "The token does not belong to the tenant.")
	}
	return h.access(c, s.Token, s.text)
}

// open refuses callers and tokens that the old API must not serve.
func (h tokens) open(c *httpapi.Call, t *auth.Token) error {
	if err := h.Auth.OldAPI(c.Context(), c.Actor.UserID); err != nil {
		return err
	}
	if t == nil {
		return nil
	}
	outside := t.Project != nil && t.Project.DomainID != auth.DefaultDomainID ||
		t.Domain != nil && t.Domain.ID != auth.DefaultDomainID
	if outside || t.System || t.TrustID != "" || t.AppCredID != "" {
		return fault.New(fault.Unauthorized, "The token is of a kind that the v2.0 API does not know.")
	}
	return h.Auth.OldAPI(c.Context(), t.UserID)
}

func (h tokens) revoke(c *httpapi.Call, s subject) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Auth.Revoke(c.Context(), s.Token)
}

// tenants lists the projects of the default domain on which the bearer has a role.
func (h tokens) tenants(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	if err := h.open(c, nil); err != nil {
		return httpapi.Reply{}, err
	}
	q, err := c.List()
	if err != nil {
		return httpapi.Reply{}, err
	}
	all, err := h.Assignment.ProjectsOf(c.Context(), c.Actor.UserID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	all = slices.DeleteFunc(all, func(p resource.Project) bool { return p.DomainID != auth.DefaultDomainID })
	slices.SortFunc(all, func(a, b resource.Project) int { return cmp.Compare(a.ID, b.ID) })
	if q.Marker != "" {
		at := slices.IndexFunc(all, func(p resource.Project) bool { return p.ID == q.Marker })
		if at < 0 {
			return httpapi.Reply{}, fault.New(fault.BadRequest, "The marker could not be found.")
		}
		all = all[at+1:]
	}
	if q.Limit > 0 && len(all) > q.Limit {
		all = all[:q.Limit]
	}
	views := make([]tenantView, len(all))
	for i := range all {
		views[i] = viewTenant(&all[i])
	}
	return httpapi.JSON(http.StatusOK, map[string]any{"tenants": views, "tenants_links": []string{}}), nil
}
