package v3

import (
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// users serves /v3/users.
type users struct{ Services }

func (h users) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/users/{user_id}/projects", policy.ListUserProjects, h.find, h.projects),
		httpapi.On("GET /v3/users", policy.ListUsers, h.scope, h.list),
		httpapi.On("POST /v3/users", policy.CreateUser, h.draft, h.create),
		httpapi.On("GET /v3/users/{user_id}", policy.GetUser, h.find, h.show),
		httpapi.On("PATCH /v3/users/{user_id}", policy.UpdateUser, h.find, h.update).FreshWhen(auth.FreshFor, ownSecrets),
		httpapi.On("DELETE /v3/users/{user_id}", policy.DeleteUser, h.find, h.remove).FreshWhen(auth.FreshFor, ownAccount),
		httpapi.On("GET /v3/users/{user_id}/groups", policy.ListGroupsForUser, h.find, h.groups),
	}
}

// ownAccount picks out what people do to their own account, which takes a recent proof.
func ownAccount(c *httpapi.Call) bool { return c.Param("user_id") == c.Actor.UserID }

// ownSecrets picks out changes of what people sign in with and are reached by.
func ownSecrets(c *httpapi.Call) bool {
	var given map[string]jsontext.Value
	if !ownAccount(c) || c.Body("user", &given) != nil {
		return ownAccount(c)
	}
	return slices.ContainsFunc([]string{"password", "email", "options"}, func(name string) bool { return given[name] != nil })
}

// userNames are the attributes of users that are not the caller's own; the last three never leave the server
// and are not kept under any circumstances.
var userNames = declare("name", "domain_id", "enabled", "default_project_id", "options", "federated",
	"password_expires_at", "password", "original_password", "password_hash")

// userView is a user on the wire.
type userView struct {
	ID               string `json:"id"`
	Name             string `json:"name"`
	DomainID         string `json:"domain_id"`
	Enabled          bool   `json:"enabled"`
	DefaultProjectID string `json:"default_project_id,omitzero"`
	// PasswordExpiresAt is UTC with microseconds and, as in Keystone, without a zone.
	PasswordExpiresAt *string          `json:"password_expires_at"`
	Options           identity.Options `json:"options"`
	// Federated is not in lists.
	Federated []federatedView `json:"federated,omitzero"`
	Links     links           `json:"links"`
	// Repeated is Extra once more, in answers to PATCH.
	Repeated *attributes `json:"extra,omitzero"`
	Extra    attributes  `json:",embed"`
}

func viewUser(c *httpapi.Call, u identity.User) userView {
	v := userView{
		ID: u.ID, Name: u.Name, DomainID: u.DomainID, Enabled: u.Enabled, DefaultProjectID: u.DefaultProjectID,
		Options: u.Options, Links: links{c.Link("v3", "users", u.ID)}, Extra: userNames.show(u.Extra),
	}
	if u.PasswordExpiresAt != nil {
		s := u.PasswordExpiresAt.UTC().Format("2006-01-02T15:04:05.000000")
		v.PasswordExpiresAt = &s
	}
	return v
}

func viewUsers(c *httpapi.Call, page listing.Page[identity.User]) httpapi.Reply {
	return httpapi.Collection(c, "users", page, func(u identity.User) string { return u.ID },
		func(u identity.User) userView { return viewUser(c, u) })
}

// userBody is what a POST or PATCH says of a user.
type userBody struct {
	ID               optional.Value[any]    `json:"id"`
	DomainID         optional.Value[string] `json:"domain_id"`
	Name             optional.Value[string] `json:"name"`
	Password         optional.Value[string] `json:"password"`
	DefaultProjectID optional.Value[string] `json:"default_project_id"`
	Enabled          optional.Value[bool]   `json:"enabled"`
	Options          jsontext.Value         `json:"options"`
	Federated        []federatedView        `json:"federated"`
	Extra            attributes             `json:",embed"`
}

// input is what the body asks of the service, without its own attributes.
func (b userBody) input() (identity.UserInput, error) {
	in := identity.UserInput{
		ID: sentID(b.ID), DomainID: b.DomainID, Name: b.Name, Password: b.Password,
		DefaultProjectID: b.DefaultProjectID, Enabled: b.Enabled, Federated: identities(b.Federated),
	}
	if b.Options == nil {
		return in, nil
	}
	err := json.Unmarshal(b.Options, &in.Options, json.RejectUnknownMembers(true))
	if err != nil || b.Options.Kind() != '{' {
		return in, fault.New(fault.BadRequest, "Invalid input for 'options'.").From(err)
	}
	return in, nil
}

func (h users) find(c *httpapi.Call) (identity.User, error) {
	id, err := c.ID("user_id")
	if err != nil {
		return identity.User{}, err
	}
	return h.Identity.User(c.Context(), id)
}

// scope is the domain whose users are listed, as far as the rule is concerned.
func (h users) scope(c *httpapi.Call) (httpapi.Draft, error) {
	return httpapi.Draft{"target.domain_id": policy.IsOrNull(c.Actor.DomainID)}, nil
}

// draft is the user to be. Its domain counts only when the body names it.
func (h users) draft(c *httpapi.Call) (httpapi.Draft, error) {
	var b userBody
	err := c.Body("user", &b)
	return httpapi.Draft{"target.user.domain_id": policy.IsOrNull(b.DomainID.Or(""))}, err
}

func (h users) list(c *httpapi.Call, _ httpapi.Draft) (httpapi.Reply, error) {
	q, err := narrowed(c, "domain_id", "enabled?", "name", "password_expires_at", "idp_id", "protocol_id", "unique_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Identity.ListUsers(c.Context(), c.Sorted(q, "name", "domain_id", "enabled", "default_project_id"))
	return viewUsers(c, page), err
}

func (h users) create(c *httpapi.Call, _ httpapi.Draft) (httpapi.Reply, error) {
	var b userBody
	if err := c.Body("user", &b); err != nil {
		return httpapi.Reply{}, err
	}
	in, err := b.input()
	if err != nil {
		return httpapi.Reply{}, err
	}
	if in.Extra, err = userNames.keepNew(b.Extra); err != nil {
		return httpapi.Reply{}, err
	}
	in.DomainID, in.FederatedWithin = domainFor(c, in.DomainID), c.Actor.DomainID
	u, err := h.Identity.CreateUser(c.Context(), in)
	if err != nil {
		return httpapi.Reply{}, err
	}
	v := viewUser(c, u)
	if in.Federated != nil {
		v.Federated, err = h.federated(c, u.ID)
	}
	return httpapi.Created("user", v), err
}

func (h users) show(c *httpapi.Call, u identity.User) (httpapi.Reply, error) {
	v := viewUser(c, u)
	var err error
	v.Federated, err = h.federated(c, u.ID)
	return httpapi.Show("user", v), err
}

func (h users) update(c *httpapi.Call, u identity.User) (httpapi.Reply, error) {
	var b userBody
	if err := c.Body("user", &b); err != nil {
		return httpapi.Reply{}, err
	}
	in, err := b.input()
	if err != nil {
		return httpapi.Reply{}, err
	}
	if in.Extra, err = userNames.keep(b.Extra); err != nil {
		return httpapi.Reply{}, err
	}
	in.FederatedWithin = c.Actor.DomainID
	if u, err = h.Identity.UpdateUser(c.Context(), u.ID, in); err != nil {
		return httpapi.Reply{}, err
	}
	v := viewUser(c, u)
	v.Repeated = &v.Extra
	v.Federated, err = h.federated(c, u.ID)
	return httpapi.Show("user", v), err
}

func (h users) remove(c *httpapi.Call, u identity.User) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Identity.DeleteUser(c.Context(), u.ID)
}

// groups lists the groups that a user is in.
func (h users) groups(c *httpapi.Call, u identity.User) (httpapi.Reply, error) {
	q, err := narrowed(c, "name")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Identity.ListGroupsOfUser(c.Context(), u.ID, q)
	return httpapi.Collection(c, "groups", page, groupID,
		func(g identity.Group) groupOfUserView { return groupOfUserView{groupView: viewGroup(c, g)} }), err
}

// projects lists the projects on which a user has a role.
func (h users) projects(c *httpapi.Call, u identity.User) (httpapi.Reply, error) {
	q, err := narrowed(c, "domain_id", "enabled?", "name")
	if err != nil {
		return httpapi.Reply{}, err
	}
	all, err := h.Assignment.ProjectsOf(c.Context(), u.ID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	matching := slices.DeleteFunc(slices.Clone(all), func(p resource.Project) bool { return !projectMatches(p, q.Filters) })
	return httpapi.Collection(c, "projects", listing.Cut(matching, q, projectID), projectID,
		func(p resource.Project) projectView { return viewProject(c, p) }), nil
}

// projectMatches reports whether a project passes all filters.
func projectMatches(p resource.Project, filters []listing.Filter) bool {
	enabled := map[bool]string{true: "true", false: "false"}[p.Enabled]
	value := map[string]string{"domain_id": p.DomainID, "name": p.Name, "enabled": enabled}
	return !slices.ContainsFunc(filters, func(f listing.Filter) bool { return !f.Match(value[f.Attr]) })
}
