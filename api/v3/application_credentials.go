package v3

import (
	"maps"
	"slices"
	"strings"

	"github.com/keyward/identity/internal/appcred"
	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// appCredentials serves /v3/users/{user_id}/application_credentials. They never change, so that there is no PATCH.
type appCredentials struct{ Services }

func (h appCredentials) ops() []httpapi.Op {
	const all, one = "/v3/users/{user_id}/application_credentials", "/v3/users/{user_id}/application_credentials/{application_credential_id}"
	return []httpapi.Op{
		httpapi.On("GET "+all, policy.ListApplicationCredentials, h.owner, h.list),
		httpapi.On("POST "+all, policy.CreateApplicationCredential, h.owner, h.create).Fresh(auth.FreshFor),
		httpapi.On("GET "+one, policy.GetApplicationCredential, h.find, h.show),
		httpapi.On("DELETE "+one, policy.DeleteApplicationCredential, h.find, h.remove),
	}
}

// owner loads the user of the path.
func (s Services) owner(c *httpapi.Call) (identity.User, error) {
	id, err := c.ID("user_id")
	if err != nil {
		return identity.User{}, err
	}
	return s.Identity.User(c.Context(), id)
}

// foundAppCredential is an application credential of the user of the path. What the user has not does not exist
// there, so that those of others and none are one to the owner and to everybody else.
type foundAppCredential struct {
	appcred.Credential
	owner identity.User
}

// PolicyAttrs is all that a rule may know about it.
func (x foundAppCredential) PolicyAttrs() policy.Attrs {
	attrs := x.Credential.PolicyAttrs()
	maps.Copy(attrs, x.owner.PolicyAttrs())
	return attrs
}

func (h appCredentials) find(c *httpapi.Call) (foundAppCredential, error) {
	var x foundAppCredential
	var err error
	if x.owner, err = h.owner(c); err != nil {
		return x, err
	}
	id, err := c.ID("application_credential_id")
	if err != nil {
		return x, err
	}
	x.Credential, err = h.AppCredential.Credential(c.Context(), x.owner.ID, id)
	return x, err
}

// appCredentialView is an application credential on the wire; its secret is there when it has just been made.
type appCredentialView struct {
	ID           string              `json:"id"`
	Name         string              `json:"name"`
	Description  *string             `json:"description"`
	Secret       string              `json:"secret,omitzero"`
	UserID       string              `json:"user_id"`
	ProjectID    string              `json:"project_id"`
	System       *string             `json:"system"`
	ExpiresAt    *httpapi.NaiveTime  `json:"expires_at"`
	Unrestricted *bool               `json:"unrestricted"`
	Roles        []appCredentialRole `json:"roles"`
	AccessRules  []accessRuleWords   `json:"access_rules,omitzero"`
	Links        links               `json:"links"`
}

type appCredentialRole struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	DomainID    *string          `json:"domain_id"`
	Description *string          `json:"description"`
	Options     resource.Options `json:"options"`
}

// view needs the table of roles, which is remembered.
func (h appCredentials) view(c *httpapi.Call, table *assignment.Table, x appcred.Credential) appCredentialView {
	v := appCredentialView{
		ID: x.ID, Name: x.Name, Description: x.Description, UserID: x.UserID, ProjectID: x.ProjectID,
		ExpiresAt: (*httpapi.NaiveTime)(x.ExpiresAt), Unrestricted: x.Unrestricted, Roles: []appCredentialRole{},
		Links: links{c.Link("v3", "users", x.UserID, "application_credentials", x.ID)},
	}
	for _, id := range x.RoleIDs {
		if r := table.Role(id); r != nil {
			v.Roles = append(v.Roles, appCredentialRole{ID: r.ID, Name: r.Name, Description: r.Description, Options: r.Options})
		}
	}
	slices.SortFunc(v.Roles, func(a, b appCredentialRole) int { return strings.Compare(a.Name, b.Name) })
	for _, r := range x.AccessRules {
		v.AccessRules = append(v.AccessRules, wordsOf(r))
	}
	return v
}

// appCredentialBody is what a POST says. Other members that openapi.yaml admits mean nothing: the token says them.
type appCredentialBody struct {
	Name         string                            `json:"name"`
	Description  *string                           `json:"description"`
	Secret       string                            `json:"secret"`
	Unrestricted *bool                             `json:"unrestricted"`
	ExpiresAt    *string                           `json:"expires_at"`
	Roles        []ref                             `json:"roles"`
	AccessRules  optional.Value[[]accessRuleWords] `json:"access_rules"`
}

func (b appCredentialBody) draft() (appcred.Draft, error) {
	d := appcred.Draft{Name: b.Name, Description: b.Description, Secret: b.Secret, Unrestricted: b.Unrestricted}
	if b.ExpiresAt != nil {
		t, ok := httpapi.ParseTime(*b.ExpiresAt)
		if !ok {
			return d, fault.New(fault.BadRequest, "Invalid input for field 'expires_at': it must be a time in UTC such as 2027-01-31T12:00:00.000000.")
		}
		d.ExpiresAt = &t
	}
	for _, r := range b.Roles {
		if (r.ID == "") == (r.Name == "") {
			return d, fault.New(fault.BadRequest, "Invalid input for field 'roles': each must have either an id or a name.")
		}
		d.Roles = append(d.Roles, appcred.RoleRef{ID: r.ID, Name: r.Name})
	}
	rules, _ := b.AccessRules.Get()
	for _, r := range rules {
		if r.ID == "" && (r.Service == "" || r.Path == "" || r.Method == "") {
			return d, fault.New(fault.BadRequest, "Invalid input for field 'access_rules': each must have either an id, or service, path and method.")
		}
		d.AccessRules = append(d.AccessRules, appcred.AccessRule{ID: r.ID, Service: r.Service, Path: r.Path, Method: r.Method})
	}
	return d, nil
}

// maker is the caller as the maker of an application credential.
func (h appCredentials) maker(c *httpapi.Call) (appcred.Maker, error) {
	m := appcred.Maker{
		UserID: c.Actor.UserID, ProjectID: c.Actor.ProjectID, Roles: c.Actor.Roles, Methods: c.Actor.Methods, AuthTime: c.Actor.AuthTime,
	}
	if c.Actor.AppCredentialID == "" {
		return m, nil
	}
	var err error
	m.Parent, err = h.Facts.AppCredential(c.Context(), c.Actor.AppCredentialID)
	return m, err
}

func (h appCredentials) create(c *httpapi.Call, _ identity.User) (httpapi.Reply, error) {
	var b appCredentialBody
	if err := c.Body("application_credential", &b); err != nil {
		return httpapi.Reply{}, err
	}
	d, err := b.draft()
	if err != nil {
		return httpapi.Reply{}, err
	}
	m, err := h.maker(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	made, secret, err := h.AppCredential.Create(c.Context(), m, d)
	if err != nil {
		return httpapi.Reply{}, err
	}
	table, err := h.Facts.Table(c.Context())
	if err != nil {
		return httpapi.Reply{}, err
	}
	v := h.view(c, table, made)
	v.Secret = secret
	return httpapi.Created("application_credential", v), nil
}

func (h appCredentials) list(c *httpapi.Call, owner identity.User) (httpapi.Reply, error) {
	q, err := c.List("name")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.AppCredential.List(c.Context(), owner.ID, q)
	if err != nil {
		return httpapi.Reply{}, err
	}
	table, err := h.Facts.Table(c.Context())
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Collection(c, "application_credentials", page, func(x appcred.Credential) string { return x.ID },
		func(x appcred.Credential) appCredentialView { return h.view(c, table, x) }), nil
}

func (h appCredentials) show(c *httpapi.Call, x foundAppCredential) (httpapi.Reply, error) {
	table, err := h.Facts.Table(c.Context())
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Show("application_credential", h.view(c, table, x.Credential)), nil
}

func (h appCredentials) remove(c *httpapi.Call, x foundAppCredential) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.AppCredential.Delete(c.Context(), x.ID)
}
