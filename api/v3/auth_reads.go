package v3

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// authReads serves what the bearer of a token may ask about himself under /v3/auth.
type authReads struct{ Services }

func (h authReads) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/auth/catalog", policy.GetAuthCatalog, httpapi.NoTarget, h.catalog),
		httpapi.On("GET /v3/auth/projects", policy.GetAuthProjects, httpapi.NoTarget, h.projects),
		httpapi.On("GET /v3/auth/domains", policy.GetAuthDomains, httpapi.NoTarget, h.domains),
		httpapi.On("GET /v3/auth/system", policy.GetAuthSystem, httpapi.NoTarget, h.system),
	}
}

// catalog shows what the token's project sees. Tokens of domains and of the system are refused, as in Keystone.
func (h authReads) catalog(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	if c.Actor.ProjectID == "" {
		return httpapi.Reply{}, fault.New(fault.Forbidden, "The catalog is shown to project-scoped tokens only.")
	}
	snapshot, err := h.Facts.Catalog(c.Context(), c.Actor.ProjectID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.JSON(http.StatusOK, map[string]any{
		"catalog": jsontext.Value(snapshot.AppendJSON(nil, c.Actor.ProjectID, c.Actor.UserID)),
		"links":   map[string]any{"self": c.SelfLink()},
	}), nil
}

func (h authReads) projects(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	ps, err := h.Assignment.ProjectsOf(c.Context(), c.Actor.UserID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Collection(c, "projects", listing.Page[resource.Project]{Items: ps}, projectID,
		func(p resource.Project) projectView { return viewProject(c, p) }), nil
}

func (h authReads) domains(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	ds, err := h.Assignment.DomainsOf(c.Context(), c.Actor.UserID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Collection(c, "domains", listing.Page[resource.Project]{Items: ds}, projectID,
		func(p resource.Project) domainView { return viewDomain(c, p) }), nil
}

func projectID(p resource.Project) string { return p.ID }

func (h authReads) system(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	has, err := h.Assignment.HasSystemRole(c.Context(), c.Actor.UserID)
	if err != nil {
		return httpapi.Reply{}, err
	}
	system := []tokenSystem{}
	if has {
		system = append(system, tokenSystem{All: true})
	}
	return httpapi.JSON(http.StatusOK, map[string]any{"system": system, "links": map[string]any{"self": c.SelfLink()}}), nil
}
