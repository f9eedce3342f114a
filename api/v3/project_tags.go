package v3

import (
	"net/http"

	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// projectTags serves /v3/projects/{project_id}/tags, for domains too. Who changes a domain's tags changes the
// domain and needs the rule for that as well.
type projectTags struct{ Services }

func (h projectTags) ops() []httpapi.Op {
	const all = "/v3/projects/{project_id}/tags"
	const one = all + "/{value}"
	find := projects(h).find
	return []httpapi.Op{
		httpapi.On("GET "+all, policy.ListProjectTags, find, h.list),
		httpapi.On("PUT "+all, policy.UpdateProjectTags, find, h.replace),
		httpapi.On("DELETE "+all, policy.DeleteProjectTags, find, h.clear),
		httpapi.On("GET "+one, policy.GetProjectTag, find, h.check),
		httpapi.On("PUT "+one, policy.CreateProjectTag, find, h.add),
		httpapi.On("DELETE "+one, policy.DeleteProjectTag, find, h.remove),
	}
}

// tagsView is all tags of a project on the wire.
type tagsView struct {
	Tags  []string `json:"tags"`
	Links links    `json:"links"`
}

func viewTags(c *httpapi.Call, p resource.Project) httpapi.Reply {
	return httpapi.JSON(http.StatusOK, tagsView{p.Tags, links{c.Link("v3", "projects", p.ID, "tags")}})
}

func (h projectTags) list(c *httpapi.Call, p resource.Project) (httpapi.Reply, error) {
	return viewTags(c, p), nil
}

func (h projectTags) replace(c *httpapi.Call, p resource.Project) (httpapi.Reply, error) {
	if err := asDomain(c, p, policy.UpdateDomain); err != nil {
		return httpapi.Reply{}, err
	}
	var tags []string
	err := c.Body("tags", &tags)
	if err != nil {
		return httpapi.Reply{}, err
	}
	p, err = h.Resource.SetTags(c.Context(), p.ID, tags)
	return viewTags(c, p), err
}

func (h projectTags) clear(c *httpapi.Call, p resource.Project) (httpapi.Reply, error) {
	if err := asDomain(c, p, policy.UpdateDomain); err != nil {
		return httpapi.Reply{}, err
	}
	_, err := h.Resource.SetTags(c.Context(), p.ID, nil)
	return httpapi.NoContent(), err
}

func (h projectTags) check(c *httpapi.Call, p resource.Project) (httpapi.Reply, error) {
	return httpapi.NoContent(), p.HasTag(c.Param("value"))
}

func (h projectTags) add(c *httpapi.Call, p resource.Project) (httpapi.Reply, error) {
	if err := asDomain(c, p, policy.UpdateDomain); err != nil {
		return httpapi.Reply{}, err
	}
	tag, err := h.Resource.AddTag(c.Context(), p.ID, c.Param("value"))
	return httpapi.Reply{Status: http.StatusCreated}.With("Location", c.Link("v3", "projects", p.ID, "tags", tag)), err
}

func (h projectTags) remove(c *httpapi.Call, p resource.Project) (httpapi.Reply, error) {
	if err := asDomain(c, p, policy.UpdateDomain); err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Resource.RemoveTag(c.Context(), p.ID, c.Param("value"))
}
