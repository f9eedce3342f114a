package v3

import (
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// groups serves /v3/groups.
type groups struct{ Services }

func (h groups) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/groups", policy.ListGroups, h.scope, h.list),
		httpapi.On("POST /v3/groups", policy.CreateGroup, h.draft, h.create),
		httpapi.On("GET /v3/groups/{group_id}", policy.GetGroup, h.find, h.show),
		httpapi.On("PATCH /v3/groups/{group_id}", policy.UpdateGroup, h.find, h.update),
		httpapi.On("DELETE /v3/groups/{group_id}", policy.DeleteGroup, h.find, h.remove),
		httpapi.On("GET /v3/groups/{group_id}/users", policy.ListUsersInGroup, h.find, h.members),
		httpapi.On("GET /v3/groups/{group_id}/users/{user_id}", policy.CheckUserInGroup, h.findBoth, h.checkMember),
		httpapi.On("PUT /v3/groups/{group_id}/users/{user_id}", policy.AddUserToGroup, h.findBoth, h.addMember),
		httpapi.On("DELETE /v3/groups/{group_id}/users/{user_id}", policy.RemoveUserFromGroup, h.findBoth, h.removeMember),
	}
}

// groupNames are the attributes of groups that are not the caller's own.
var groupNames = declare("name", "domain_id", "description", "membership_expires_at")

// groupView is a group on the wire.
type groupView struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	DomainID    string     `json:"domain_id"`
	Description *string    `json:"description"`
	Links       links      `json:"links"`
	Extra       attributes `json:",embed"`
}

// groupOfUserView is a group in the list of a user's groups.
type groupOfUserView struct {
	groupView
	// MembershipExpiresAt is null: only memberships by federation end by themselves.
	MembershipExpiresAt *string `json:"membership_expires_at"`
}

func viewGroup(c *httpapi.Call, g identity.Group) groupView {
	return groupView{
		ID: g.ID, Name: g.Name, DomainID: g.DomainID, Description: g.Description,
		Links: links{c.Link("v3", "groups", g.ID)}, Extra: groupNames.show(g.Extra),
	}
}

func groupID(g identity.Group) string { return g.ID }

// groupBody is what a POST or PATCH says of a group.
type groupBody struct {
	ID          optional.Value[any]    `json:"id"`
	DomainID    optional.Value[string] `json:"domain_id"`
	Name        optional.Value[string] `json:"name"`
	Description optional.Value[string] `json:"description"`
	Extra       attributes             `json:",embed"`
}

// input is what the body asks of the service, without its own attributes.
func (b groupBody) input() identity.GroupInput {
	return identity.GroupInput{ID: sentID(b.ID), DomainID: b.DomainID, Name: b.Name, Description: b.Description}
}

// membership is a group and a user as the target of one rule.
type membership struct {
	group identity.Group
	user  identity.User
}

// PolicyAttrs is what the rules may know about both.
func (m membership) PolicyAttrs() policy.Attrs {
	return httpapi.Targets(m.group, m.user).PolicyAttrs()
}

func (h groups) find(c *httpapi.Call) (identity.Group, error) {
	id, err := c.ID("group_id")
	if err != nil {
		return identity.Group{}, err
	}
	return h.Identity.Group(c.Context(), id)
}

// findBoth loads the group and the user. When one is missing the rule sees neither.
func (h groups) findBoth(c *httpapi.Call) (membership, error) {
	g, err := h.find(c)
	if err != nil {
		return membership{}, err
	}
	u, err := users(h).find(c)
	if err != nil {
		return membership{}, err
	}
	return membership{g, u}, nil
}

// scope is the domain whose groups are listed, as far as the rule is concerned.
func (h groups) scope(c *httpapi.Call) (httpapi.Draft, error) {
	return httpapi.Draft{"target.group.domain_id": policy.IsOrNull(c.Actor.DomainID)}, nil
}

// draft is the group to be. Its domain counts only when the body names it.
func (h groups) draft(c *httpapi.Call) (httpapi.Draft, error) {
	var b groupBody
	err := c.Body("group", &b)
	return httpapi.Draft{"target.group.domain_id": policy.IsOrNull(b.DomainID.Or(""))}, err
}

func (h groups) list(c *httpapi.Call, _ httpapi.Draft) (httpapi.Reply, error) {
	q, err := narrowed(c, "domain_id", "name")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Identity.ListGroups(c.Context(), c.Sorted(q, "name", "domain_id"))
	return httpapi.Collection(c, "groups", page, groupID,
		func(g identity.Group) groupView { return viewGroup(c, g) }), err
}

func (h groups) create(c *httpapi.Call, _ httpapi.Draft) (httpapi.Reply, error) {
	var b groupBody
	err := c.Body("group", &b)
	if err != nil {
		return httpapi.Reply{}, err
	}
	in := b.input()
	if in.Extra, err = groupNames.keepNew(b.Extra); err != nil {
		return httpapi.Reply{}, err
	}
	in.DomainID = domainFor(c, in.DomainID)
	g, err := h.Identity.CreateGroup(c.Context(), in)
	return httpapi.Created("group", viewGroup(c, g)), err
}

func (h groups) show(c *httpapi.Call, g identity.Group) (httpapi.Reply, error) {
	return httpapi.Show("group", viewGroup(c, g)), nil
}

func (h groups) update(c *httpapi.Call, g identity.Group) (httpapi.Reply, error) {
	var b groupBody
	err := c.Body("group", &b)
	if err != nil {
		return httpapi.Reply{}, err
	}
	in := b.input()
	if in.Extra, err = groupNames.keep(b.Extra); err != nil {
		return httpapi.Reply{}, err
	}
	g, err = h.Identity.UpdateGroup(c.Context(), g.ID, in)
	return httpapi.Show("group", viewGroup(c, g)), err
}

func (h groups) remove(c *httpapi.Call, g identity.Group) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Identity.DeleteGroup(c.Context(), g.ID)
}

// members lists the users of a group; a domain-scoped token sees those of its own domain.
func (h groups) members(c *httpapi.Call, g identity.Group) (httpapi.Reply, error) {
	q, err := narrowed(c, "domain_id", "enabled?", "name", "password_expires_at")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Identity.ListMembers(c.Context(), g.ID, q)
	return viewUsers(c, page), err
}

func (h groups) checkMember(c *httpapi.Call, m membership) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Identity.CheckMember(c.Context(), m.group.ID, m.user.ID)
}

func (h groups) addMember(c *httpapi.Call, m membership) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Identity.AddMember(c.Context(), m.group.ID, m.user.ID)
}

func (h groups) removeMember(c *httpapi.Call, m membership) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Identity.RemoveMember(c.Context(), m.group.ID, m.user.ID)
}
