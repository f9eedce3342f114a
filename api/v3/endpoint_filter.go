package v3

import (
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// endpointFilter serves the associations of projects with endpoints and endpoint groups under /v3/OS-EP-FILTER.
type endpointFilter struct{ Services }

func (h endpointFilter) ops() []httpapi.Op {
	const inGroup = "/v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/{project_id}"
	const direct = "/v3/OS-EP-FILTER/projects/{project_id}/endpoints/{endpoint_id}"
	project := projects(h).find
	return []httpapi.Op{
		httpapi.On("GET "+inGroup, policy.GetEndpointGroupInProject, h.withGroup, h.show),
		httpapi.On("PUT "+inGroup, policy.AddEndpointGroupToProject, h.withGroup, h.add),
		httpapi.On("DELETE "+inGroup, policy.RemoveEndpointGroupFromProject, h.withGroup, h.remove),
		httpapi.On("GET /v3/OS-EP-FILTER/endpoints/{endpoint_id}/projects", policy.ListProjectsForEndpoint, httpapi.NoTarget, h.projects),
		httpapi.On("GET /v3/OS-EP-FILTER/projects/{project_id}/endpoint_groups", policy.ListEndpointGroupsForProject, project, h.groups),
		httpapi.On("GET /v3/OS-EP-FILTER/projects/{project_id}/endpoints", policy.ListEndpointsForProject, project, h.endpoints),
		httpapi.On("GET "+direct, policy.CheckEndpointInProject, h.withEndpoint, h.check),
		httpapi.On("PUT "+direct, policy.AddEndpointToProject, h.withEndpoint, h.add),
		httpapi.On("DELETE "+direct, policy.RemoveEndpointFromProject, h.withEndpoint, h.remove),
	}
}

// projectLink is what a path names. The rules look at the caller only.
type projectLink struct {
	policy.None
	catalog.ProjectLink
}

// withGroup and withEndpoint read the two ids of a path.
func (endpointFilter) withGroup(c *httpapi.Call) (l projectLink, err error) {
	if l.ProjectID, err = c.ID("project_id"); err == nil {
		l.GroupID, err = c.ID("endpoint_group_id")
	}
	return l, err
}

func (endpointFilter) withEndpoint(c *httpapi.Call) (l projectLink, err error) {
	if l.ProjectID, err = c.ID("project_id"); err == nil {
		l.EndpointID, err = c.ID("endpoint_id")
	}
	return l, err
}

// projectGroupView is an association with an endpoint group on the wire.
type projectGroupView struct {
	GroupID   string `json:"endpoint_group_id"`
	ProjectID string `json:"project_id"`
	Links     links  `json:"links"`
}

func (h endpointFilter) show(c *httpapi.Call, l projectLink) (httpapi.Reply, error) {
	self := c.Link("v3", "OS-EP-FILTER", "endpoint_groups", l.GroupID, "projects", l.ProjectID)
	return httpapi.Show("project_endpoint_group", projectGroupView{l.GroupID, l.ProjectID, links{self}}),
		h.Catalog.InProject(c.Context(), l.ProjectLink)
}

func (h endpointFilter) check(c *httpapi.Call, l projectLink) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Catalog.InProject(c.Context(), l.ProjectLink)
}

func (h endpointFilter) add(c *httpapi.Call, l projectLink) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Catalog.AddToProject(c.Context(), l.ProjectLink)
}

func (h endpointFilter) remove(c *httpapi.Call, l projectLink) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Catalog.RemoveFromProject(c.Context(), l.ProjectLink)
}

// projects lists the projects that are directly associated with an endpoint.
func (h endpointFilter) projects(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("endpoint_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	if _, err := h.Catalog.Endpoint(c.Context(), id); err != nil {
		return httpapi.Reply{}, err
	}
	return h.projectsBy(c, "endpoint_id", id)
}

// projectsBy lists the projects that are associated with an endpoint or an endpoint group, all on one page.
func (s Services) projectsBy(c *httpapi.Call, attr, id string) (httpapi.Reply, error) {
	page, err := s.Resource.ProjectsAndDomains(c.Context(), listing.Query{}.With(attr, id))
	return httpapi.Collection(c, "projects", page, projectID,
		func(p resource.Project) projectView { return viewProject(c, p) }), err
}

func (h endpointFilter) groups(c *httpapi.Call, p resource.Project) (httpapi.Reply, error) {
	page, err := h.Catalog.GroupsOfProject(c.Context(), p.ID)
	return viewEndpointGroups(c, page), err
}

func (h endpointFilter) endpoints(c *httpapi.Call, p resource.Project) (httpapi.Reply, error) {
	page, err := h.Catalog.EndpointsOfProject(c.Context(), p.ID)
	return viewEndpoints(c, page), err
}
