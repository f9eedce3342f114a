package v3

import (
	"net/http"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/httpapi"
)

type idName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type tokenUser struct {
	ID                string             `json:"id"`
	Name              string             `json:"name"`
	Domain            idName             `json:"domain"`
	PasswordExpiresAt *httpapi.NaiveTime `json:"password_expires_at"`
}

type tokenProject struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain idName `json:"domain"`
}

type tokenSystem struct {
	All bool `json:"all"`
}

// tokenView is a token as it is shown when it is issued and validated; withCatalog adds the catalog.
type tokenView struct {
	Methods   []string     `json:"methods"`
	User      tokenUser    `json:"user"`
	AuditIDs  []string     `json:"audit_ids"`
	ExpiresAt httpapi.Time `json:"expires_at"`
	IssuedAt  httpapi.Time `json:"issued_at"`
	// AuthenticatedAt and Assurance are ours: other services may ask for a fresh or strong proof by them.
	AuthenticatedAt httpapi.Time   `json:"authenticated_at"`
	Assurance       auth.Assurance `json:"assurance"`

	Project  *tokenProject `json:"project,omitzero"`
	IsDomain *bool         `json:"is_domain,omitzero"`
	Domain   *idName       `json:"domain,omitzero"`
	System   *tokenSystem  `json:"system,omitzero"`
	Roles    []idName      `json:"roles,omitzero"`
	Partners []partner     `json:"service_providers,omitzero"`

	Trust         *tokenTrust         `json:"OS-TRUST:trust,omitzero"`
	AppCredential *tokenAppCredential `json:"application_credential,omitzero"`
	AccessToken   *tokenAccess        `json:"OS-OAUTH1,omitzero"`
	OAuth2        *tokenCertificate   `json:"oauth2_credential,omitzero"`
}

// partner is an enabled service provider in a token.
type partner struct {
	ID      string `json:"id"`
	AuthURL string `json:"auth_url"`
	URL     string `json:"sp_url"`
}

type tokenTrust struct {
	ID            string `json:"id"`
	Impersonation bool   `json:"impersonation"`
	Trustor       onlyID `json:"trustor_user"`
	Trustee       onlyID `json:"trustee_user"`
}

type onlyID struct {
	ID string `json:"id"`
}

// tokenAppCredential has the access rules where keystonemiddleware looks for them: services enforce what they find.
type tokenAppCredential struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Restricted  bool              `json:"restricted"`
	AccessRules []accessRuleWords `json:"access_rules,omitzero"`
}

// tokenAccess names the access token of OAuth 1.0a that a token stems from.
type tokenAccess struct {
	AccessTokenID string `json:"access_token_id"`
	ConsumerID    string `json:"consumer_id"`
}

// tokenCertificate names the client certificate that a token is bound to (RFC 8705).
type tokenCertificate struct {
	Thumbprint string `json:"x5t#S256"`
}

type tokenEnvelope struct {
	Token tokenView `json:"token"`
}

// reply shows a token and puts its text into X-Subject-Token.
func (h tokens) reply(c *httpapi.Call, status int, t *auth.Token, text string) (httpapi.Reply, error) {
	r := httpapi.Reply{Status: status, Header: http.Header{"X-Subject-Token": {text}}}
	var err error
	r.Raw, err = t.Render(func() ([]byte, error) { return h.withPartners(c, t) })
	if err == nil && t.Scoped() && !c.Query().Has("nocatalog") {
		r.Raw, err = h.withCatalog(c, t, r.Raw)
	}
	return r, err
}

// withPartners writes a token with the service providers that it may be shown to.
func (h tokens) withPartners(c *httpapi.Call, t *auth.Token) ([]byte, error) {
	partners, err := h.Facts.ServiceProviders(c.Context())
	if err != nil {
		return nil, err
	}
	v := viewToken(t)
	for _, p := range partners {
		v.Partners = append(v.Partners, partner{p.ID, p.AuthURL, p.URL})
	}
	return httpapi.Marshal(tokenEnvelope{v})
}

// withCatalog returns a written token with the catalog as its last member. The catalog comes written already, and
// is not kept with each token: a large one would fill the memory.
func (h tokens) withCatalog(c *httpapi.Call, t *auth.Token, written []byte) ([]byte, error) {
	catalog, err := h.Facts.Catalog(c.Context(), t.ProjectID)
	if err != nil {
		return nil, err
	}
	const member = `,"catalog":`
	b := make([]byte, 0, len(written)+len(member)+catalog.JSONSize(t.ProjectID, t.UserID))
	b = append(append(b, written[:len(written)-len("}}")]...), member...)
	return append(catalog.AppendJSON(b, t.ProjectID, t.UserID), "}}"...), nil
}

func viewToken(t *auth.Token) tokenView {
	v := tokenView{
		Methods: t.Methods, AuditIDs: []string{t.AuditID},
		User:      viewTokenUser(t),
		ExpiresAt: httpapi.Time(t.ExpiresAt), IssuedAt: httpapi.Time(t.IssuedAt),
		AuthenticatedAt: httpapi.Time(t.AuthTime), Assurance: t.Assurance(),
	}
	if t.ChainID != t.AuditID {
		v.AuditIDs = append(v.AuditIDs, t.ChainID)
	}
	switch {
	case t.Project != nil:
		v.Project = &tokenProject{t.Project.ID, t.Project.Name, idName{t.ProjectDomain.ID, t.ProjectDomain.Name}}
		if t.Trust == nil { // as in Keystone
			v.IsDomain = &t.Project.IsDomain
		}
	case t.Domain != nil:
		v.Domain = &idName{t.Domain.ID, t.Domain.Name}
	case t.System:
		v.System = &tokenSystem{All: true}
	}
	if len(t.Roles) > 0 {
		v.Roles = make([]idName, len(t.Roles))
		for i, r := range t.Roles {
			v.Roles[i] = idName{r.ID, r.Name}
		}
	}
	viewStem(&v, t)
	return v
}

// viewStem shows what a token stems from besides its user.
func viewStem(v *tokenView, t *auth.Token) {
	if tr := t.Trust; tr != nil {
		v.Trust = &tokenTrust{tr.ID, tr.Impersonation, onlyID{tr.TrustorID}, onlyID{tr.TrusteeID}}
	}
	if c := t.AppCredential; c != nil {
		v.AppCredential = &tokenAppCredential{ID: c.ID, Name: c.Name, Restricted: c.Restricted()}
		for _, r := range c.AccessRules {
			v.AppCredential.AccessRules = append(v.AppCredential.AccessRules, wordsOf(r))
		}
	}
	if a := t.AccessToken; a != nil {
		v.AccessToken = &tokenAccess{a.ID, a.ConsumerID}
	}
	if t.Thumbprint != "" {
		v.OAuth2 = &tokenCertificate{t.Thumbprint}
	}
}

func viewTokenUser(t *auth.Token) tokenUser {
	u := tokenUser{ID: t.User.ID, Name: t.User.Name, Domain: idName{t.UserDomain.ID, t.UserDomain.Name}}
	if at := t.User.PasswordExpiresAt; at != nil {
		naive := httpapi.NaiveTime(*at)
		u.PasswordExpiresAt = &naive
	}
	return u
}
