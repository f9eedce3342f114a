package v2

import (
	"context"
	"net/http"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/extra"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// users serves /v2.0/users: the users of the default domain.
type users struct{ Services }

func (h users) ops() []httpapi.Op {
	ops := []httpapi.Op{
		httpapi.On("GET /v2.0/users", policy.ListUsers, ofCaller, h.list),
		httpapi.On("POST /v2.0/users", policy.CreateUser, h.draft, h.create),
		httpapi.On("GET /v2.0/users/{user_id}", policy.GetUser, h.find, h.show),
		httpapi.On("PUT /v2.0/users/{user_id}", policy.UpdateUser, h.find, h.update),
		httpapi.On("DELETE /v2.0/users/{user_id}", policy.DeleteUser, h.find, h.remove),
	}
	for _, under := range []string{"/v2.0/users/{user_id}/", "/v2.0/users/{user_id}/OS-KSADM/"} {
		ops = append(ops,
			httpapi.On("PUT "+under+"password", policy.UpdateUser, h.find, h.only(func(all, one *userBody) { one.Password = all.Password })),
			httpapi.On("PUT "+under+"enabled", policy.UpdateUser, h.find, h.only(func(all, one *userBody) { one.Enabled = all.Enabled })),
			httpapi.On("PUT "+under+"tenant", policy.UpdateUser, h.find, h.only(func(all, one *userBody) { one.TenantID = all.TenantID })),
		)
	}
	return ops
}

// accountNames are the attributes of users that are not the caller's own. The passwords never leave the server
// and are not kept under any circumstances.
var accountNames = declare("username", "tenantId", "tenant_id", "default_project_id", "federated", "password_expires_at",
	"password", "original_password", "password_hash", "OS-KSADM:password", "OS_KSADM_password", "roles", "roles_links")

// accountView is a user on the wire, but in tokens.
type accountView struct {
	ID       string           `json:"id"`
	Name     string           `json:"name"`
	Username string           `json:"username"`
	Enabled  bool             `json:"enabled"`
	TenantID string           `json:"tenantId,omitzero"`
	Extra    extra.Attributes `json:",embed"`
}

func viewAccount(u identity.User) accountView {
	return accountView{
		ID: u.ID, Name: u.Name, Username: u.Name, Enabled: u.Enabled, TenantID: u.DefaultProjectID, Extra: accountNames.Show(u.Extra),
	}
}

// userBody is what a body says of a user.
type userBody struct {
	ID          optional.Value[any]    `json:"id"`
	Name        optional.Value[string] `json:"name"`
	Username    optional.Value[string] `json:"username"`
	Password    optional.Value[string] `json:"password"`
	OldPassword optional.Value[string] `json:"OS-KSADM:password"`
	Enabled     optional.Value[bool]   `json:"enabled"`
	TenantID    optional.Value[string] `json:"tenantId"`
	Extra       extra.Attributes       `json:",embed"`
}

// input is what the body asks of the service, without the tenant and attributes of the caller's own.
func (b userBody) input() identity.UserInput {
	in := identity.UserInput{ID: sentID(b.ID), Name: b.Name, Password: b.Password, Enabled: b.Enabled}
	if !in.Name.Present() {
		in.Name = b.Username
	}
	if !in.Password.Present() {
		in.Password = b.OldPassword
	}
	return in
}

// user reads a user of the default domain; others are not found.
func (s Services) user(c *httpapi.Call, id string) (identity.User, error) {
	missing := fault.New(fault.NotFound, "Could not find user.")
	if !httpapi.IsID(id) {
		return identity.User{}, missing
	}
	u, err := s.Identity.User(c.Context(), id)
	if fault.Is(err, fault.NotFound) || err == nil && u.DomainID != auth.DefaultDomainID {
		return identity.User{}, missing
	}
	return u, err
}

func (h users) find(c *httpapi.Call) (identity.User, error) { return h.user(c, c.Param("user_id")) }

func (users) draft(*httpapi.Call) (httpapi.Draft, error) {
	return httpapi.Draft{"target.user.domain_id": policy.Is(auth.DefaultDomainID)}, nil
}

func (h users) list(c *httpapi.Call, _ httpapi.Draft) (httpapi.Reply, error) {
	if c.Query().Has("name") {
		return h.named(c, c.Query().Get("name"))
	}
	q, err := c.List()
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Identity.ListUsers(c.Context(), inDefault(c, q))
	return httpapi.JSON(http.StatusOK, map[string]any{"users": views(page.Items, viewAccount)}), fault.BadReference(err)
}

// named shows the user with a name.
func (h users) named(c *httpapi.Call, name string) (httpapi.Reply, error) {
	page, err := h.Identity.ListUsers(c.Context(), inDefault(c, listing.Query{Limit: 1}.With("name", name)))
	if err == nil && len(page.Items) == 0 {
		err = fault.New(fault.NotFound, "Could not find user.")
	}
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Show("user", viewAccount(page.Items[0])), nil
}

func (h users) create(c *httpapi.Call, _ httpapi.Draft) (httpapi.Reply, error) {
	var b userBody
	err := c.Body("user", &b)
	if err != nil {
		return httpapi.Reply{}, err
	}
	in := b.input()
	in.DomainID = optional.Of(auth.DefaultDomainID)
	if in.Extra, err = accountNames.KeepNew(b.Extra); err != nil {
		return httpapi.Reply{}, err
	}
	if err := h.join(c, &in, identity.User{DomainID: auth.DefaultDomainID}, b.TenantID); err != nil {
		return httpapi.Reply{}, err
	}
	u, err := h.Identity.CreateUser(c.Context(), in)
	return ok("user", viewAccount(u), err)
}

func (h users) show(_ *httpapi.Call, u identity.User) (httpapi.Reply, error) {
	return ok("user", viewAccount(u), nil)
}

func (h users) update(c *httpapi.Call, u identity.User) (httpapi.Reply, error) {
	var b userBody
	if err := c.Body("user", &b); err != nil {
		return httpapi.Reply{}, err
	}
	return h.apply(c, u, b)
}

// only is update for bodies of which one attribute counts.
func (h users) only(pick func(all, one *userBody)) func(*httpapi.Call, identity.User) (httpapi.Reply, error) {
	return func(c *httpapi.Call, u identity.User) (httpapi.Reply, error) {
		var all userBody
		if err := c.Body("user", &all); err != nil {
			return httpapi.Reply{}, err
		}
		one := userBody{ID: all.ID}
		pick(&all, &one)
		return h.apply(c, u, one)
	}
}

func (h users) apply(c *httpapi.Call, u identity.User, b userBody) (httpapi.Reply, error) {
	in := b.input()
	var err error
	if in.Extra, err = accountNames.Keep(b.Extra); err != nil {
		return httpapi.Reply{}, err
	}
	if err := h.join(c, &in, u, b.TenantID); err != nil {
		return httpapi.Reply{}, err
	}
	u, err = h.Identity.UpdateUser(c.Context(), u.ID, in)
	return ok("user", viewAccount(u), err)
}

func (h users) remove(c *httpapi.Call, u identity.User) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Identity.DeleteUser(c.Context(), u.ID)
}

// join adds to a change what tenantId asks for: the default project, and the member role there instead of on the
// tenant of before. These are grants, so their rules are asked too.
func (h users) join(c *httpapi.Call, in *identity.UserInput, u identity.User, sent optional.Value[string]) error {
	to, from := sent.Or(""), u.DefaultProjectID
	if !sent.Present() || to == from {
		return nil
	}
	role, err := h.Assignment.MemberRole(c.Context())
	if err != nil {
		return err
	}
	parts := assignment.Parts{Role: &role, User: &u}
	if to != "" {
		p, err := h.tenant(c, to)
		if err != nil {
			return err
		}
		parts.Project = &p
		if err := c.Allow(policy.CreateGrant, parts); err != nil {
			return err
		}
	}
	leave := "" // the tenant to leave; a project that is none, or is gone, stays as it is
	if from != "" {
		var p resource.Project
		switch p, err = h.tenant(c, from); {
		case err == nil:
			leave, parts.Project = from, &p
			err = c.Allow(policy.RevokeGrant, parts)
		case fault.Is(err, fault.NotFound):
			err = nil
		}
		if err != nil {
			return err
		}
	}
	in.DefaultProjectID = optional.Of(to)
	in.Along = func(ctx context.Context, was, is identity.User) error {
		if was.DefaultProjectID != from {
			return fault.New(fault.Conflict, "The tenant of the user was changed meanwhile.")
		}
		return h.Assignment.MoveMember(ctx, role.ID, is.ID, leave, to)
	}
	return nil
}

// ownPassword serves people who change their own password (OS-KSCRUD).
type ownPassword struct{ Services }

func (h ownPassword) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("PATCH /v2.0/OS-KSCRUD/users/{user_id}", policy.ChangePassword, users(h).find, h.change),
	}
}

// change sets the password and signs in with it: the tokens of before are gone. The new token is for the tenant
// of the old one.
func (h ownPassword) change(c *httpapi.Call, u identity.User) (httpapi.Reply, error) {
	if err := open(c, h.Auth, nil); err != nil {
		return httpapi.Reply{}, err
	}
	var b struct {
		Original string `json:"original_password"`
		New      string `json:"password"`
	}
	if err := c.Body("user", &b); err != nil {
		return httpapi.Reply{}, err
	}
	if err := h.Auth.ChangePassword(c.Context(), auth.PasswordChange{UserID: u.ID, Original: b.Original, New: b.New}); err != nil {
		return httpapi.Reply{}, err
	}
	r := auth.Request{
		OldAPI: true, Methods: []string{auth.MethodPassword}, Scope: auth.WantedScope{Kind: auth.ScopeNone},
		Password: &auth.PasswordProof{User: auth.Ref{ID: u.ID}, Password: b.New},
	}
	if c.Actor.ProjectDomainID == auth.DefaultDomainID {
		r.Scope = auth.WantedScope{Kind: auth.ScopeProject, Target: auth.Ref{ID: c.Actor.ProjectID}}
	}
	issued, err := h.Auth.SignIn(c.Context(), r)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return tokens(h).access(c, issued.Token, issued.Text)
}
