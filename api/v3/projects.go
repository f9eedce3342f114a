package v3

import (
	"context"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// projects serves /v3/projects. Domains are projects too, and what is done to one through here also needs
// the rule that guards it under /v3/domains.
type projects struct{ Services }

func (h projects) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/projects", policy.ListProjects, h.scope, h.list),
		httpapi.On("POST /v3/projects", policy.CreateProject, h.draft, h.create),
		httpapi.On("GET /v3/projects/{project_id}", policy.GetProject, h.find, h.show),
		httpapi.On("PATCH /v3/projects/{project_id}", policy.UpdateProject, h.find, h.update),
		httpapi.On("DELETE /v3/projects/{project_id}", policy.DeleteProject, h.find, h.remove),
	}
}

// projectNames are the attributes of projects and domains that are not the caller's own.
var projectNames = declare("name", "domain_id", "parent_id", "is_domain", "description", "enabled", "tags",
	"options", "parents", "subtree", "limits", "explicit_domain_id")

// projectView is a project on the wire.
type projectView struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	DomainID    *string          `json:"domain_id"`
	ParentID    *string          `json:"parent_id"`
	IsDomain    bool             `json:"is_domain"`
	Description *string          `json:"description"`
	Enabled     bool             `json:"enabled"`
	Tags        []string         `json:"tags"`
	Options     resource.Options `json:"options"`
	Links       links            `json:"links"`
	// Parents and Subtree are there when asked for: a tree of ids, or a list.
	Parents *any `json:"parents,omitzero"`
	Subtree *any `json:"subtree,omitzero"`
	// Limits are there in lists of relatives, when asked for.
	Limits *[]limitView `json:"limits,omitzero"`
	// Repeated is Extra once more, in answers to PATCH.
	Repeated *attributes `json:"extra,omitzero"`
	Extra    attributes  `json:",embed"`
}

func viewProject(c *httpapi.Call, p resource.Project) projectView {
	return projectView{
		ID: p.ID, Name: p.Name, DomainID: textOrNull(p.DomainID), ParentID: textOrNull(p.ParentID), IsDomain: p.IsDomain,
		Description: p.Description, Enabled: p.Enabled, Tags: p.Tags,
		Options: resource.Options{Immutable: p.Options.Immutable},
		Links:   links{c.Link("v3", "projects", p.ID)}, Extra: projectNames.show(p.Extra),
	}
}

// textOrNull is null for "".
func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// projectBody is what a POST or PATCH says of a project.
type projectBody struct {
	ID          optional.Value[any]      `json:"id"`
	Name        optional.Value[string]   `json:"name"`
	DomainID    optional.Value[string]   `json:"domain_id"`
	ParentID    optional.Value[string]   `json:"parent_id"`
	IsDomain    optional.Value[bool]     `json:"is_domain"`
	Description optional.Value[string]   `json:"description"`
	Enabled     optional.Value[bool]     `json:"enabled"`
	Tags        optional.Value[[]string] `json:"tags"`
	Options     resourceOptions          `json:"options"`
	Extra       attributes               `json:",embed"`
}

func (h projects) find(c *httpapi.Call) (resource.Project, error) {
	id, err := c.ID("project_id")
	if err != nil {
		return resource.Project{}, err
	}
	return h.Resource.Project(c.Context(), id)
}

// scope is the domain whose projects are listed, as far as the rule is concerned.
func (h projects) scope(c *httpapi.Call) (httpapi.Draft, error) {
	return httpapi.Draft{"target.domain_id": policy.IsOrNull(c.Actor.DomainID)}, nil
}

// draft is the project to be. Its domain counts only when the body names it.
func (h projects) draft(c *httpapi.Call) (httpapi.Draft, error) {
	var b projectBody
	err := c.Body("project", &b)
	return httpapi.Draft{"target.project.domain_id": policy.IsOrNull(b.DomainID.Or(""))}, err
}

func (h projects) list(c *httpapi.Call, _ httpapi.Draft) (httpapi.Reply, error) {
	q, err := narrowed(c, "name", "domain_id", "parent_id", "enabled?", "is_domain?")
	if err != nil {
		return httpapi.Reply{}, err
	}
	for _, f := range []string{"tags", "tags-any", "not-tags", "not-tags-any"} {
		if c.Query().Has(f) { // the first occurrence counts, and an empty one too
			q.Filters = append(q.Filters, listing.Filter{Attr: f, Value: c.Query().Get(f)})
		}
	}
	page, err := h.Resource.Projects(c.Context(), c.Sorted(q, "name", "domain_id", "parent_id", "enabled"))
	return httpapi.Collection(c, "projects", page, projectID,
		func(p resource.Project) projectView { return viewProject(c, p) }), err
}

func (h projects) create(c *httpapi.Call, _ httpapi.Draft) (httpapi.Reply, error) {
	var b projectBody
	err := c.Body("project", &b)
	if err != nil {
		return httpapi.Reply{}, err
	}
	draft := resource.Draft{
		Name: b.Name.Or(""), DomainID: b.DomainID.Or(""), ParentID: b.ParentID.Or(""), IsDomain: b.IsDomain.Or(false),
		Description: b.Description, Enabled: b.Enabled, Tags: b.Tags.Or(nil), Immutable: b.Options.Immutable,
	}
	if draft.Extra, err = projectNames.keepNew(b.Extra); err != nil {
		return httpapi.Reply{}, err
	}
	switch {
	case draft.IsDomain:
		if err := c.Allow(policy.CreateDomain, policy.None{}); err != nil {
			return httpapi.Reply{}, err
		}
	case draft.DomainID == "": // null means absent here
		draft.DomainID = domainFor(c, optional.Value[string]{}).Or("")
	}
	p, err := h.Resource.CreateProject(c.Context(), draft)
	return httpapi.Created("project", viewProject(c, p)), err
}

func (h projects) show(c *httpapi.Call, p resource.Project) (httpapi.Reply, error) {
	v := viewProject(c, p)
	if c.Flag("parents_as_ids") && c.Flag("parents_as_list") || c.Flag("subtree_as_ids") && c.Flag("subtree_as_list") {
		return httpapi.Reply{}, fault.New(fault.BadRequest, "Relatives can be shown as ids or as a list, not as both.")
	}
	err := h.relatives(c, p.ID, &v)
	return httpapi.Show("project", v), err
}

// relatives adds what the flags of the query ask for.
func (h projects) relatives(c *httpapi.Call, id string, v *projectView) error {
	ctx := c.Context()
	for _, part := range []struct {
		flag string
		to   **any
		read func() (any, error)
	}{
		{"parents_as_ids", &v.Parents, func() (any, error) { return tree(h.Resource.ParentIDs(ctx, id)) }},
		{"parents_as_list", &v.Parents, func() (any, error) { return h.branch(c)(h.Resource.Parents(ctx, id, h.visible(c))) }},
		{"subtree_as_ids", &v.Subtree, func() (any, error) { return tree(h.Resource.SubtreeIDs(ctx, id)) }},
		{"subtree_as_list", &v.Subtree, func() (any, error) { return h.branch(c)(h.Resource.Subtree(ctx, id, h.visible(c))) }},
	} {
		if !c.Flag(part.flag) {
			continue
		}
		shown, err := part.read()
		if err != nil {
			return err
		}
		*part.to = &shown
	}
	return nil
}

// tree makes a tree that is nil the null of the wire.
func tree(t resource.Tree, err error) (any, error) {
	if t == nil {
		return nil, err
	}
	return t, err
}

// branch shows relatives as a list of projects, each under its name, and with its limits when asked for.
func (h projects) branch(c *httpapi.Call) func([]resource.Project, error) (any, error) {
	return func(ps []resource.Project, err error) (any, error) {
		if err != nil {
			return nil, err
		}
		list := make([]map[string]projectView, len(ps))
		show := func(resource.Project) *[]limitView { return nil }
		if c.Flag("include_limits") {
			if show, err = limits(h).of(c, ps); err != nil {
				return nil, err
			}
		}
		for i, p := range ps {
			v := viewProject(c, p)
			v.Limits = show(p)
			list[i] = map[string]projectView{"project": v}
		}
		return list, nil
	}
}

// visible lets a caller see the relatives on which he has a role.
func (h projects) visible(c *httpapi.Call) resource.Visible {
	return func(ctx context.Context, p resource.Project) (bool, error) {
		roles, err := h.Facts.Roles(ctx, c.Actor.UserID, assignment.OnProject, &p)
		return len(roles) > 0, err
	}
}

func (h projects) update(c *httpapi.Call, p resource.Project) (httpapi.Reply, error) {
	if err := asDomain(c, p, policy.UpdateDomain); err != nil {
		return httpapi.Reply{}, err
	}
	var b projectBody
	err := c.Body("project", &b)
	if err != nil {
		return httpapi.Reply{}, err
	}
	patch := resource.Patch{
		ID: sentID(b.ID), DomainID: b.DomainID, ParentID: b.ParentID, IsDomain: b.IsDomain, Name: b.Name,
		Description: b.Description, Enabled: b.Enabled, Tags: b.Tags, Immutable: b.Options.Immutable,
	}
	if patch.Extra, err = projectNames.keep(b.Extra); err != nil {
		return httpapi.Reply{}, err
	}
	p, err = h.Resource.UpdateProject(c.Context(), p.ID, patch)
	v := viewProject(c, p)
	v.Repeated = &v.Extra
	return httpapi.Show("project", v), err
}

func (h projects) remove(c *httpapi.Call, p resource.Project) (httpapi.Reply, error) {
	if err := asDomain(c, p, policy.DeleteDomain); err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Resource.DeleteProject(c.Context(), p.ID)
}

// asDomain also asks the rule of domains when the project is one.
func asDomain(c *httpapi.Call, p resource.Project, rule policy.Rule) error {
	if !p.IsDomain {
		return nil
	}
	return c.Allow(rule, resource.Domain{Project: p})
}
