package v2

import (
	"net/http"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/extra"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/resource"
)

type accessView struct {
	Token    tokenView     `json:"token"`
	Catalog  []serviceView `json:"serviceCatalog"`
	User     userView      `json:"user"`
	Metadata metadataView  `json:"metadata"`
}

type tokenView struct {
	ID       string       `json:"id"`
	Expires  httpapi.Time `json:"expires"`
	IssuedAt httpapi.Time `json:"issued_at"`
	AuditIDs []string     `json:"audit_ids"`
	Tenant   *tenantView  `json:"tenant,omitzero"`
}

// tenantView is a project as v2.0 knows it, with the attributes that Keystone keeps without understanding.
type tenantView struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Description *string          `json:"description"`
	Enabled     bool             `json:"enabled"`
	Extra       extra.Attributes `json:",embed"`
}

type userView struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Username   string     `json:"username"`
	Roles      []roleView `json:"roles"`
	RolesLinks []string   `json:"roles_links"`
}

type roleView struct {
	Name string `json:"name"`
}

type metadataView struct {
	IsAdmin int      `json:"is_admin"`
	Roles   []string `json:"roles"`
}

type serviceView struct {
	Type           string         `json:"type"`
	Name           string         `json:"name"`
	Endpoints      []endpointView `json:"endpoints"`
	EndpointsLinks []string       `json:"endpoints_links"`
}

// endpointView merges the endpoints of one region: v2.0 has one object for all interfaces.
type endpointView struct {
	ID          string `json:"id"`
	Region      string `json:"region"`
	PublicURL   string `json:"publicURL"`
	InternalURL string `json:"internalURL,omitzero"`
	AdminURL    string `json:"adminURL,omitzero"`
}

// tenantNames are the attributes of tenants that are not the caller's own.
var tenantNames = declare("description", "parent_id", "is_domain", "tags", "parents", "subtree", "limits", "explicit_domain_id")

func viewTenant(p resource.Project) tenantView {
	return tenantView{ID: p.ID, Name: p.Name, Description: p.Description, Enabled: p.Enabled, Extra: tenantNames.Show(p.Extra)}
}

// access shows a token as v2.0 does: 200 with the token in the body.
func (h tokens) access(c *httpapi.Call, t *auth.Token, text string) (httpapi.Reply, error) {
	v := accessView{
		Token: tokenView{
			ID: text, Expires: httpapi.Time(t.ExpiresAt), IssuedAt: httpapi.Time(t.IssuedAt), AuditIDs: []string{t.AuditID},
		},
		Catalog:  []serviceView{},
		User:     userView{ID: t.User.ID, Name: t.User.Name, Username: t.User.Name, Roles: []roleView{}, RolesLinks: []string{}},
		Metadata: metadataView{Roles: []string{}},
	}
	if t.ChainID != t.AuditID {
		v.Token.AuditIDs = append(v.Token.AuditIDs, t.ChainID)
	}
	for _, r := range t.Roles {
		v.User.Roles = append(v.User.Roles, roleView{r.Name})
		v.Metadata.Roles = append(v.Metadata.Roles, r.ID)
	}
	if t.Project != nil {
		tenant := viewTenant(*t.Project)
		v.Token.Tenant = &tenant
		snapshot, err := h.Facts.Catalog(c.Context(), t.ProjectID)
		if err != nil {
			return httpapi.Reply{}, err
		}
		v.Catalog = viewCatalog(snapshot.Entries(t.ProjectID, t.UserID))
	}
	return httpapi.JSON(http.StatusOK, map[string]any{"access": v}), nil
}

// viewCatalog merges services of one type and, within them, the endpoints of one region.
func viewCatalog(entries []catalog.Entry) []serviceView {
	views := []serviceView{}
	at := map[string]int{}
	for _, e := range entries {
		i, known := at[e.Type]
		if !known {
			i = len(views)
			at[e.Type] = i
			views = append(views, serviceView{Type: e.Type, Endpoints: []endpointView{}, EndpointsLinks: []string{}})
		}
		views[i].Name = e.Name
		for _, a := range e.Endpoints {
			views[i].add(a)
		}
	}
	return views
}

func (v *serviceView) add(a catalog.Address) {
	var to *endpointView
	for i := range v.Endpoints {
		if v.Endpoints[i].Region == a.RegionID {
			to = &v.Endpoints[i]
		}
	}
	if to == nil {
		v.Endpoints = append(v.Endpoints, endpointView{ID: a.ID, Region: a.RegionID})
		to = &v.Endpoints[len(v.Endpoints)-1]
	}
	switch a.Interface {
	case catalog.Public:
		to.PublicURL = a.URL
	case catalog.Internal:
		to.InternalURL = a.URL
	case catalog.Admin:
		to.AdminURL = a.URL
	}
}

// addressView is an endpoint of a token's catalog in the flat list.
type addressView struct {
	endpointView
	Name string `json:"name"`
	Type string `json:"type"`
}

func viewAddresses(entries []catalog.Entry) []addressView {
	flat := []addressView{}
	for _, e := range entries {
		var v serviceView
		for _, a := range e.Endpoints {
			v.add(a)
		}
		for _, at := range v.Endpoints {
			flat = append(flat, addressView{at, e.Name, e.Type})
		}
	}
	return flat
}
