package clients_test

import (
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/domains"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/endpoints"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/groups"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/projects"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/regions"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/roles"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/services"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/users"
	"github.com/gophercloud/gophercloud/v2/pagination"

	"github.com/keyward/identity/test/program"
)

// crud is what gophercloud can do with one kind of resource. Each function returns the id, the name (or what
// stands for it) and the description.
type crud struct {
	kind   string
	create func(name string) (id, gotName, description string, err error)
	get    func(id string) (gotName, description string, err error)
	update func(id, description string) (got string, err error)
	list   func() (ids []string, err error)
	remove func(id string) error
	// unnamed resources may be created twice.
	unnamed bool
}

func TestGophercloudManagesResources(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		p := hire(t, s, s.AdminToken(t), "gopher")
		admin := must(connect(t, s, "", adminOptions()))(t, "connect")
		member := must(connect(t, s, "", gophercloud.AuthOptions{UserID: p.id, Password: p.password, TenantID: p.projectID}))(t, "connect")
		for i, c := range resources(t, admin) {
			theirs := resources(t, member)[i]
			t.Run(c.kind, func(t *testing.T) { c.check(t, theirs) })
		}
	})
}

// check walks a resource's life; theirs is the same for somebody without rights.
func (c crud) check(t *testing.T, theirs crud) {
	_, _, err := c.get("0123456789abcdef0123456789abcdef")
	wantStatus(t, "show what does not exist", err, 404)
	_, _, _, err = theirs.create("forbidden")
	wantStatus(t, "create without rights", err, 403)

	id, name, description, err := c.create("thing")
	if err != nil || id == "" || name != "thing" || description != "first" {
		t.Fatalf("create: got %q %q %q, %v", id, name, description, err)
	}
	if !c.unnamed {
		_, _, _, err = c.create("thing")
		wantStatus(t, "create the same again", err, 409)
	}
	wantStatus(t, "remove without rights", theirs.remove(id), 403)
	if name, description, err := c.get(id); err != nil || name != "thing" || description != "first" {
		t.Errorf("get: got %q %q, %v", name, description, err)
	}
	for _, want := range []string{"second", ""} {
		if got, err := c.update(id, want); err != nil || got != want {
			t.Errorf("update the description to %q: got %q, %v", want, got, err)
		}
	}
	if _, description, err := c.get(id); err != nil || description != "" {
		t.Errorf("get after the updates: got %q, %v", description, err)
	}
	c.listed(t, id, true)
	if err := c.remove(id); err != nil {
		t.Fatalf("remove: %v", err)
	}
	_, _, err = c.get(id)
	wantStatus(t, "show what was removed", err, 404)
	wantStatus(t, "remove it again", c.remove(id), 404)
	c.listed(t, id, false)
}

func (c crud) listed(t *testing.T, id string, want bool) {
	t.Helper()
	ids, err := c.list()
	found := false
	for _, other := range ids {
		found = found || other == id
	}
	if err != nil || found != want {
		t.Errorf("list: has the id: %v, %v, want %v", found, err, want)
	}
}

// idsOf reads all pages of a list.
func idsOf[T any](t *testing.T, p pagination.Pager, extract func(pagination.Page) ([]T, error), id func(T) string) ([]string, error) {
	t.Helper()
	page, err := p.AllPages(t.Context())
	if err != nil {
		return nil, err
	}
	all, err := extract(page)
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = id(all[i])
	}
	return ids, err
}

// text returns the named entry of a resource's free attributes.
func text(extra map[string]any, name string) string {
	s, _ := extra[name].(string)
	return s
}

// resources lists the kinds that have a name and a description.
func resources(t *testing.T, c *gophercloud.ServiceClient) []crud {
	ctx := t.Context()
	disabled := false
	return []crud{
		{
			kind: "domains",
			create: func(name string) (string, string, string, error) {
				v, err := domains.Create(ctx, c, domains.CreateOpts{Name: name, Description: "first", Enabled: &disabled}).Extract()
				if err != nil {
					return "", "", "", err
				}
				return v.ID, v.Name, v.Description, nil
			},
			get: func(id string) (string, string, error) {
				v, err := domains.Get(ctx, c, id).Extract()
				if err != nil {
					return "", "", err
				}
				return v.Name, v.Description, nil
			},
			update: func(id, d string) (string, error) {
				v, err := domains.Update(ctx, c, id, domains.UpdateOpts{Description: &d}).Extract()
				if err != nil {
					return "", err
				}
				return v.Description, nil
			},
			list: func() ([]string, error) {
				return idsOf(t, domains.List(c, domains.ListOpts{Limit: 1}), domains.ExtractDomains, func(v domains.Domain) string { return v.ID })
			},
			remove: func(id string) error { return domains.Delete(ctx, c, id).ExtractErr() },
		},
		{
			kind: "projects",
			create: func(name string) (string, string, string, error) {
				v, err := projects.Create(ctx, c, projects.CreateOpts{Name: name, Description: "first", DomainID: "default", Tags: []string{"a"}}).Extract()
				if err != nil {
					return "", "", "", err
				}
				return v.ID, v.Name, v.Description, nil
			},
			get: func(id string) (string, string, error) {
				v, err := projects.Get(ctx, c, id).Extract()
				if err != nil {
					return "", "", err
				}
				return v.Name, v.Description, nil
			},
			update: func(id, d string) (string, error) {
				v, err := projects.Update(ctx, c, id, projects.UpdateOpts{Description: &d, Enabled: &disabled}).Extract()
				if err != nil {
					return "", err
				}
				return v.Description, nil
			},
			list: func() ([]string, error) {
				return idsOf(t, projects.List(c, projects.ListOpts{Limit: 1}), projects.ExtractProjects, func(v projects.Project) string { return v.ID })
			},
			remove: func(id string) error { return projects.Delete(ctx, c, id).ExtractErr() },
		},
		{
			kind: "users",
			create: func(name string) (string, string, string, error) {
				v, err := users.Create(ctx, c, users.CreateOpts{Name: name, Description: "first", DomainID: "default", Extra: map[string]any{"email": "a@b"}}).Extract()
				if err != nil {
					return "", "", "", err
				}
				return v.ID, v.Name, v.Description, nil
			},
			get: func(id string) (string, string, error) {
				v, err := users.Get(ctx, c, id).Extract()
				if err != nil {
					return "", "", err
				}
				if text(v.Extra, "email") != "a@b" {
					t.Errorf("e-mail of the user: got %v", v.Extra)
				}
				return v.Name, v.Description, nil
			},
			update: func(id, d string) (string, error) {
				v, err := users.Update(ctx, c, id, users.UpdateOpts{Description: &d, Enabled: &disabled}).Extract()
				if err != nil {
					return "", err
				}
				return v.Description, nil
			},
			list: func() ([]string, error) {
				return idsOf(t, users.List(c, users.ListOpts{DomainID: "default"}), users.ExtractUsers, func(v users.User) string { return v.ID })
			},
			remove: func(id string) error { return users.Delete(ctx, c, id).ExtractErr() },
		},
		{
			kind: "groups",
			create: func(name string) (string, string, string, error) {
				v, err := groups.Create(ctx, c, groups.CreateOpts{Name: name, Description: "first", DomainID: "default"}).Extract()
				if err != nil {
					return "", "", "", err
				}
				return v.ID, v.Name, v.Description, nil
			},
			get: func(id string) (string, string, error) {
				v, err := groups.Get(ctx, c, id).Extract()
				if err != nil {
					return "", "", err
				}
				return v.Name, v.Description, nil
			},
			update: func(id, d string) (string, error) {
				v, err := groups.Update(ctx, c, id, groups.UpdateOpts{Description: &d}).Extract()
				if err != nil {
					return "", err
				}
				return v.Description, nil
			},
			list: func() ([]string, error) {
				return idsOf(t, groups.List(c, groups.ListOpts{Filters: map[string]string{"name__contains": "hin"}}), groups.ExtractGroups, func(v groups.Group) string { return v.ID })
			},
			remove: func(id string) error { return groups.Delete(ctx, c, id).ExtractErr() },
		},
		{
			kind: "roles",
			create: func(name string) (string, string, string, error) {
				v, err := roles.Create(ctx, c, roles.CreateOpts{Name: name, Description: "first"}).Extract()
				if err != nil {
					return "", "", "", err
				}
				return v.ID, v.Name, v.Description, nil
			},
			get: func(id string) (string, string, error) {
				v, err := roles.Get(ctx, c, id).Extract()
				if err != nil {
					return "", "", err
				}
				return v.Name, v.Description, nil
			},
			update: func(id, d string) (string, error) {
				v, err := roles.Update(ctx, c, id, roles.UpdateOpts{Description: &d}).Extract()
				if err != nil {
					return "", err
				}
				return v.Description, nil
			},
			list: func() ([]string, error) {
				return idsOf(t, roles.List(c, nil), roles.ExtractRoles, func(v roles.Role) string { return v.ID })
			},
			remove: func(id string) error { return roles.Delete(ctx, c, id).ExtractErr() },
		},
		{
			kind: "regions",
			create: func(name string) (string, string, string, error) {
				v, err := regions.Create(ctx, c, regions.CreateOpts{ID: name, Description: "first", ParentRegionID: "RegionOne"}).Extract()
				if err != nil {
					return "", "", "", err
				}
				return v.ID, v.ID, v.Description, nil
			},
			get: func(id string) (string, string, error) {
				v, err := regions.Get(ctx, c, id).Extract()
				if err != nil {
					return "", "", err
				}
				return v.ID, v.Description, nil
			},
			update: func(id, d string) (string, error) {
				v, err := regions.Update(ctx, c, id, regions.UpdateOpts{Description: &d}).Extract()
				if err != nil {
					return "", err
				}
				return v.Description, nil
			},
			list: func() ([]string, error) {
				return idsOf(t, regions.List(c, regions.ListOpts{ParentRegionID: "RegionOne"}), regions.ExtractRegions, func(v regions.Region) string { return v.ID })
			},
			remove: func(id string) error { return regions.Delete(ctx, c, id).ExtractErr() },
		},
		{
			kind: "services", unnamed: true,
			create: func(name string) (string, string, string, error) {
				v, err := services.Create(ctx, c, services.CreateOpts{Type: "test", Name: name, Description: "first"}).Extract()
				if err != nil {
					return "", "", "", err
				}
				return v.ID, v.Name, v.Description, nil
			},
			get: func(id string) (string, string, error) {
				v, err := services.Get(ctx, c, id).Extract()
				if err != nil {
					return "", "", err
				}
				return v.Name, v.Description, nil
			},
			update: func(id, d string) (string, error) {
				v, err := services.Update(ctx, c, id, services.UpdateOpts{Description: &d}).Extract()
				if err != nil {
					return "", err
				}
				return v.Description, nil
			},
			list: func() ([]string, error) {
				return idsOf(t, services.List(c, services.ListOpts{ServiceType: "test"}), services.ExtractServices, func(v services.Service) string { return v.ID })
			},
			remove: func(id string) error { return services.Delete(ctx, c, id).ExtractErr() },
		},
	}
}

// TestGophercloudManagesEndpoints is apart from the others since an endpoint has neither name nor description.
func TestGophercloudManagesEndpoints(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		ctx := t.Context()
		c := must(connect(t, s, "", adminOptions()))(t, "connect")
		service := must(services.Create(ctx, c, services.CreateOpts{Type: "compute", Name: "nova"}).Extract())(t, "service")
		o := endpoints.CreateOpts{Availability: gophercloud.AvailabilityPublic, Region: "RegionOne", URL: "http://nova/v2.1", ServiceID: "nowhere"}
		_, err := endpoints.Create(ctx, c, o).Extract()
		wantStatus(t, "endpoint of an unknown service", err, 400)
		o.ServiceID = service.ID
		e := must(endpoints.Create(ctx, c, o).Extract())(t, "create")
		ids, err := idsOf(t, endpoints.List(c, endpoints.ListOpts{ServiceID: service.ID}), endpoints.ExtractEndpoints, func(v endpoints.Endpoint) string { return v.ID })
		if err != nil || len(ids) != 1 || ids[0] != e.ID {
			t.Errorf("list: got %v, %v, want one", ids, err)
		}
		if v, err := endpoints.Update(ctx, c, e.ID, endpoints.UpdateOpts{URL: "http://nova/v3"}).Extract(); err != nil || v.URL != "http://nova/v3" {
			t.Errorf("update: got %+v, %v", v, err)
		}
		again := must(connect(t, s, "", adminOptions()))(t, "connect again")
		if got, err := again.EndpointLocator(gophercloud.EndpointOpts{Type: "compute", Region: "RegionOne", Availability: gophercloud.AvailabilityPublic}); err != nil || got != "http://nova/v3/" {
			t.Errorf("endpoint in the catalog of a new token: got %q, %v", got, err)
		}
		if err := endpoints.Delete(ctx, c, e.ID).ExtractErr(); err != nil {
			t.Errorf("delete: %v", err)
		}
		_, err = endpoints.Get(ctx, c, e.ID).Extract()
		wantStatus(t, "show what was deleted", err, 404)
	})
}
