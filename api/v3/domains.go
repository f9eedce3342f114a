package v3

import (
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// domains serves /v3/domains.
type domains struct{ Services }

func (h domains) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/domains", policy.ListDomains, h.scope, h.list),
		httpapi.On("POST /v3/domains", policy.CreateDomain, httpapi.NoTarget, h.create),
		httpapi.On("GET /v3/domains/{domain_id}", policy.GetDomain, h.find, h.show),
		httpapi.On("PATCH /v3/domains/{domain_id}", policy.UpdateDomain, h.find, h.update),
		httpapi.On("DELETE /v3/domains/{domain_id}", policy.DeleteDomain, h.find, h.remove),
	}
}

// domainView is a domain on the wire.
type domainView struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Description *string          `json:"description"`
	Enabled     bool             `json:"enabled"`
	Tags        []string         `json:"tags"`
	Options     resource.Options `json:"options"`
	Links       links            `json:"links"`
	Extra       attributes       `json:",embed"`
}

func viewDomain(c *httpapi.Call, d resource.Project) domainView {
	return domainView{
		ID: d.ID, Name: d.Name, Description: d.Description, Enabled: d.Enabled, Tags: d.Tags, Options: d.Options,
		Links: links{c.Link("v3", "domains", d.ID)}, Extra: projectNames.show(d.Extra),
	}
}

// domainBody is what a POST or PATCH says of a domain. Keystone ignores attempts at its id and place, which
// are among the names that Extra never keeps.
type domainBody struct {
	Name        optional.Value[string]   `json:"name"`
	Description optional.Value[string]   `json:"description"`
	Enabled     optional.Value[bool]     `json:"enabled"`
	Tags        optional.Value[[]string] `json:"tags"`
	Options     domainOptions            `json:"options"`
	// ExplicitID is the id that the domain shall have; in a PATCH it may be anything and says nothing.
	ExplicitID optional.Value[any] `json:"explicit_domain_id"`
	Extra      attributes          `json:",embed"`
}

// resourceOptions are the options of domains and projects in a body.
type resourceOptions struct {
	Immutable optional.Value[bool] `json:"immutable"`
}

// domainOptions are the options of domains in a body.
type domainOptions struct {
	resourceOptions
	PasscodeInPassword optional.Value[bool] `json:"passcode_in_password"`
}

func (h domains) find(c *httpapi.Call) (resource.Domain, error) {
	id, err := c.ID("domain_id")
	if err != nil {
		return resource.Domain{}, err
	}
	return h.Resource.Domain(c.Context(), id)
}

// scope is the domain that the token is scoped to, which is all that such a token sees.
func (h domains) scope(c *httpapi.Call) (httpapi.Draft, error) {
	return httpapi.Draft{"target.domain.id": policy.IsOrNull(c.Actor.DomainID)}, nil
}

func (h domains) list(c *httpapi.Call, _ httpapi.Draft) (httpapi.Reply, error) {
	q, err := c.List("name", "enabled?")
	if err != nil {
		return httpapi.Reply{}, err
	}
	if c.Actor.DomainID != "" {
		q = q.With("id", c.Actor.DomainID)
	}
	page, err := h.Resource.Domains(c.Context(), c.Sorted(q, "name", "enabled"))
	return httpapi.Collection(c, "domains", page, projectID,
		func(d resource.Project) domainView { return viewDomain(c, d) }), err
}

func (h domains) create(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	var b domainBody
	err := c.Body("domain", &b)
	if err != nil {
		return httpapi.Reply{}, err
	}
	draft := resource.Draft{
		ID: sentID(b.ExplicitID).Or(""), Name: b.Name.Or(""), IsDomain: true, Description: b.Description,
		Enabled: b.Enabled, Tags: b.Tags.Or(nil), Immutable: b.Options.Immutable, PasscodeInPassword: b.Options.PasscodeInPassword,
	}
	if draft.Extra, err = projectNames.keepNew(b.Extra); err != nil {
		return httpapi.Reply{}, err
	}
	d, err := h.Resource.CreateDomain(c.Context(), draft)
	return httpapi.Created("domain", viewDomain(c, d.Project)), err
}

func (h domains) show(c *httpapi.Call, d resource.Domain) (httpapi.Reply, error) {
	return httpapi.Show("domain", viewDomain(c, d.Project)), nil
}

func (h domains) update(c *httpapi.Call, d resource.Domain) (httpapi.Reply, error) {
	var b domainBody
	err := c.Body("domain", &b)
	if err != nil {
		return httpapi.Reply{}, err
	}
	patch := resource.Patch{
		Name: b.Name, Description: b.Description, Enabled: b.Enabled, Tags: b.Tags, Immutable: b.Options.Immutable,
		PasscodeInPassword: b.Options.PasscodeInPassword,
	}
	if patch.Extra, err = projectNames.keep(b.Extra); err != nil {
		return httpapi.Reply{}, err
	}
	d, err = h.Resource.UpdateDomain(c.Context(), d.ID, patch)
	return httpapi.Show("domain", viewDomain(c, d.Project)), err
}

func (h domains) remove(c *httpapi.Call, d resource.Domain) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Resource.DeleteDomain(c.Context(), d.ID)
}
