package bootstrap

import (
	"context"
	"slices"
	"strings"

	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/listing"
)

// catalog makes the region, this server's service and its endpoints. An endpoint that is there stays as it is:
// an administrator may have moved it.
func (r *run) catalog(ctx context.Context) error {
	_, err := r.Store.Region(ctx, r.Region)
	err = r.ensure(err, func() error { return r.Store.CreateRegion(ctx, catalog.Region{ID: r.Region}) })
	if err != nil {
		return err
	}
	service, err := r.service(ctx)
	if err != nil || r.PublicURL == "" {
		return err
	}
	page, err := r.Store.ListEndpoints(ctx, listing.Query{}.With("service_id", service))
	if err != nil {
		return err
	}
	for _, i := range []catalog.Interface{catalog.Public, catalog.Internal, catalog.Admin} {
		if slices.ContainsFunc(page.Items, func(e catalog.Endpoint) bool { return e.Interface == i && e.RegionID == r.Region }) {
			continue
		}
		r.Created = true
		err := r.Store.CreateEndpoint(ctx, catalog.Endpoint{
			ID: r.NewID(), Interface: i, ServiceID: service, RegionID: r.Region, Enabled: true,
			URL: strings.ReplaceAll(r.PublicURL, "%", "%%") + "/v3", // a URL of the catalog is a template
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// service returns the id of the service of type identity, the first if there are several.
func (r *run) service(ctx context.Context) (string, error) {
	page, err := r.Store.ListServices(ctx, listing.Query{}.With("type", "identity"))
	if err != nil {
		return "", err
	}
	if len(page.Items) > 0 {
		return page.Items[0].ID, nil
	}
	r.Created = true
	id := r.NewID()
	return id, r.Store.CreateService(ctx, catalog.Service{ID: id, Type: "identity", Name: "keystone", Enabled: true})
}
