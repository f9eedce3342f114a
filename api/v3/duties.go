package v3

import (
	"time"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/duty"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// duties serves /v3/mfa: who must have a second factor. It is ours; Keystone knows only options of single users.
type duties struct{ Services }

func (h duties) ops() []httpapi.Op {
	const one = "/v3/mfa/requirements/{requirement_id}"
	return []httpapi.Op{
		httpapi.On("GET /v3/mfa/requirements", policy.ListMFARequirements, httpapi.NoTarget, h.list),
		httpapi.On("POST /v3/mfa/requirements", policy.CreateMFARequirement, httpapi.NoTarget, h.create).Fresh(auth.FreshFor),
		httpapi.On("GET "+one, policy.GetMFARequirement, httpapi.NoTarget, h.show),
		httpapi.On("PATCH "+one, policy.UpdateMFARequirement, httpapi.NoTarget, h.update).Fresh(auth.FreshFor),
		httpapi.On("DELETE "+one, policy.DeleteMFARequirement, httpapi.NoTarget, h.remove).Fresh(auth.FreshFor),
		httpapi.On("GET /v3/mfa/exemptions", policy.ListMFAExemptions, httpapi.NoTarget, h.exemptions),
		httpapi.On("POST /v3/mfa/exemptions", policy.CreateMFAExemption, httpapi.NoTarget, h.exempt).Fresh(auth.FreshFor),
		httpapi.On("GET /v3/mfa/exemptions/{exemption_id}", policy.GetMFAExemption, httpapi.NoTarget, h.exemption),
		httpapi.On("DELETE /v3/mfa/exemptions/{exemption_id}", policy.DeleteMFAExemption, httpapi.NoTarget, h.endExemption).Fresh(auth.FreshFor),
		httpapi.On("GET /v3/mfa/refusals", policy.ListMFARefusals, httpapi.NoTarget, h.refusals),
		httpapi.On("GET /v3/mfa/adoption", policy.GetMFAAdoption, httpapi.NoTarget, h.adoption),
	}
}

// mfaRequirementView is a requirement on the wire; one of the four targets is not null.
type mfaRequirementView struct {
	ID          string       `json:"id"`
	RoleID      *string      `json:"role_id"`
	GroupID     *string      `json:"group_id"`
	ProjectID   *string      `json:"project_id"`
	DomainID    *string      `json:"domain_id"`
	From        httpapi.Time `json:"from"`
	GraceDays   int          `json:"grace_days"`
	Description string       `json:"description"`
	CreatedAt   httpapi.Time `json:"created_at"`
	Links       links        `json:"links"`
}

func viewRequirement(c *httpapi.Call, r duty.Requirement) mfaRequirementView {
	v := mfaRequirementView{
		ID: r.ID, From: httpapi.Time(r.From), GraceDays: r.GraceDays, Description: r.Description,
		CreatedAt: httpapi.Time(r.CreatedAt), Links: links{c.Link("v3", "mfa", "requirements", r.ID)},
	}
	switch r.On {
	case duty.OfRole:
		v.RoleID = &r.TargetID
	case duty.OfGroup:
		v.GroupID = &r.TargetID
	case duty.OfProject:
		v.ProjectID = &r.TargetID
	case duty.OfDomain:
		v.DomainID = &r.TargetID
	}
	return v
}

func (h duties) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List("role_id", "group_id", "project_id", "domain_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Duty.List(c.Context(), q)
	return httpapi.Collection(c, "requirements", page, func(r duty.Requirement) string { return r.ID },
		func(r duty.Requirement) mfaRequirementView { return viewRequirement(c, r) }), err
}

// mfaRequirementBody is what a POST or PATCH says of a requirement.
type mfaRequirementBody struct {
	RoleID      string                 `json:"role_id"`
	GroupID     string                 `json:"group_id"`
	ProjectID   string                 `json:"project_id"`
	DomainID    string                 `json:"domain_id"`
	From        optional.Value[string] `json:"from"`
	GraceDays   optional.Value[int]    `json:"grace_days"`
	Description optional.Value[string] `json:"description"`
}

func (b mfaRequirementBody) draft() (duty.Draft, error) {
	d := duty.Draft{GraceDays: b.GraceDays, Description: b.Description}
	text, ok := b.From.Get()
	if !ok {
		return d, nil
	}
	from, ok := httpapi.ParseTime(text)
	if !ok {
		return d, errMoment("from")
	}
	d.From = optional.Of(from)
	return d, nil
}

func errMoment(field string) error {
	return fault.New(fault.BadRequest, "Invalid input for '%s': it must be a time in UTC such as 2030-01-31T12:00:00Z.", field)
}

func (h duties) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	var b mfaRequirementBody
	if err := c.Body("requirement", &b); err != nil {
		return httpapi.Reply{}, err
	}
	d, err := b.draft()
	if err != nil {
		return httpapi.Reply{}, err
	}
	r, err := h.Duty.Create(c.Context(), duty.Targets{RoleID: b.RoleID, GroupID: b.GroupID, ProjectID: b.ProjectID, DomainID: b.DomainID}, d)
	return httpapi.Created("requirement", viewRequirement(c, r)), err
}

func (h duties) show(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("requirement_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	r, err := h.Duty.Requirement(c.Context(), id)
	return httpapi.Show("requirement", viewRequirement(c, r)), err
}

func (h duties) update(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("requirement_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	var b mfaRequirementBody
	if err := c.Body("requirement", &b); err != nil {
		return httpapi.Reply{}, err
	}
	d, err := b.draft()
	if err != nil {
		return httpapi.Reply{}, err
	}
	r, err := h.Duty.Update(c.Context(), id, d)
	return httpapi.Show("requirement", viewRequirement(c, r)), err
}

func (h duties) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("requirement_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Duty.Delete(c.Context(), id)
}

type mfaExemptionView struct {
	ID        string       `json:"id"`
	UserID    string       `json:"user_id"`
	Reason    string       `json:"reason"`
	ExpiresAt httpapi.Time `json:"expires_at"`
	CreatedAt httpapi.Time `json:"created_at"`
	CreatedBy string       `json:"created_by"`
	Links     links        `json:"links"`
}

func viewExemption(c *httpapi.Call, x duty.Exemption) mfaExemptionView {
	return mfaExemptionView{
		ID: x.ID, UserID: x.UserID, Reason: x.Reason, ExpiresAt: httpapi.Time(x.ExpiresAt), CreatedAt: httpapi.Time(x.CreatedAt),
		CreatedBy: x.CreatedBy, Links: links{c.Link("v3", "mfa", "exemptions", x.ID)},
	}
}

func (h duties) exemptions(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List("user_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Duty.Exemptions(c.Context(), q)
	return httpapi.Collection(c, "exemptions", page, func(x duty.Exemption) string { return x.ID },
		func(x duty.Exemption) mfaExemptionView { return viewExemption(c, x) }), err
}

func (h duties) exempt(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	var b struct {
		UserID    string `json:"user_id"`
		Reason    string `json:"reason"`
		ExpiresAt string `json:"expires_at"`
	}
	if err := c.Body("exemption", &b); err != nil {
		return httpapi.Reply{}, err
	}
	until, ok := httpapi.ParseTime(b.ExpiresAt)
	if !ok {
		return httpapi.Reply{}, errMoment("expires_at")
	}
	x, err := h.Duty.Exempt(c.Context(), c.Actor.UserID, b.UserID, b.Reason, until)
	return httpapi.Created("exemption", viewExemption(c, x)), err
}

func (h duties) exemption(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("exemption_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	x, err := h.Duty.Exemption(c.Context(), id)
	return httpapi.Show("exemption", viewExemption(c, x)), err
}

func (h duties) endExemption(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("exemption_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Duty.EndExemption(c.Context(), id)
}

// refusalView is somebody who would be refused.
type refusalView struct {
	UserID         string    `json:"user_id"`
	Name           string    `json:"name"`
	DomainID       string    `json:"domain_id"`
	RequirementIDs []string  `json:"requirement_ids"`
	Links          userLinks `json:"links"`
}

type userLinks struct {
	User string `json:"user"`
}

// tomorrow is what a dry run looks at when no time is given.
const tomorrow = 24 * time.Hour

// refusals is the dry run. Its four targets are no filters: they name a requirement that is tried out.
func (h duties) refusals(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List()
	if err != nil {
		return httpapi.Reply{}, err
	}
	get := c.Query().Get
	try := duty.WhatIf{At: c.Now().Add(tomorrow), And: duty.Targets{
		RoleID: get("role_id"), GroupID: get("group_id"), ProjectID: get("project_id"), DomainID: get("domain_id"),
	}}
	if text := get("at"); text != "" {
		var ok bool
		if try.At, ok = httpapi.ParseTime(text); !ok {
			return httpapi.Reply{}, errMoment("at")
		}
	}
	page, err := h.Duty.Refused(c.Context(), try, listing.Query{Limit: q.Limit, Marker: q.Marker})
	return httpapi.Collection(c, "refusals", page, func(p duty.Person) string { return p.ID },
		func(p duty.Person) refusalView {
			return refusalView{p.ID, p.Name, p.DomainID, p.RequirementIDs, userLinks{c.Link("v3", "users", p.ID)}}
		}), err
}

func (h duties) adoption(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	a, err := h.Duty.Adoption(c.Context())
	return httpapi.Show("adoption", map[string]int{
		"users": a.Users, "enrolled": a.Enrolled, "required": a.Required, "required_enrolled": a.RequiredEnrolled, "exempt": a.Exempt,
	}), err
}
