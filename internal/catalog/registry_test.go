package catalog_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/dbtest"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/store"
)

var (
	text = optional.Of[string]
	null = optional.Null[string]()
)

// world is a registry over a database of its own, with a service.
type world struct {
	*catalog.Registry
	t       *testing.T
	service string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	var ids atomic.Int64
	newID := func() string { return fmt.Sprintf("%032x", ids.Add(1)) }
	s, err := store.Open(t.Context(), store.Options{
		URL:   dbtest.SQLite(t),
		Now:   func() time.Time { return time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC) },
		NewID: newID,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{Registry: catalog.NewRegistry(s, newID), t: t}
	v, err := w.CreateService(t.Context(), catalog.ServiceDraft{Type: text("compute")})
	w.must(err)
	w.service = v.ID
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) region(id, parent string) {
	w.t.Helper()
	d := catalog.RegionDraft{ID: text(id)}
	if parent != "" {
		d.ParentID = text(parent)
	}
	_, err := w.CreateRegion(w.t.Context(), d)
	w.must(err)
}

// draft is a good endpoint of the world's service.
func (w *world) draft(url string) catalog.EndpointDraft {
	return catalog.EndpointDraft{Interface: text("public"), ServiceID: text(w.service), URL: text(url)}
}

type refused struct {
	why  string
	err  error
	want fault.Kind
}

func check(t *testing.T, cases []refused) {
	t.Helper()
	for _, c := range cases {
		if !fault.Is(c.err, c.want) {
			t.Errorf("%s: got %v, want kind %d", c.why, c.err, c.want)
		}
	}
}

func TestRegionRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.region("eu", "")
	w.region("eu-west", "eu")
	w.region("eu-west-1", "eu-west")
	create := func(d catalog.RegionDraft) error {
		_, err := w.CreateRegion(t.Context(), d)
		return err
	}
	update := func(id string, d catalog.RegionDraft) error {
		_, err := w.UpdateRegion(t.Context(), id, d)
		return err
	}
	as := func(id string, d catalog.RegionDraft) error {
		_, err := w.CreateRegionAs(t.Context(), id, d)
		return err
	}
	_, showMissing := w.Region(t.Context(), "mars")
	check(t, []refused{
		{"an id with a NUL", create(catalog.RegionDraft{ID: text("a\x00b")}), fault.BadRequest},
		{"an id that is too long", create(catalog.RegionDraft{ID: text(strings.Repeat("a", 256))}), fault.BadRequest},
		{"an id that is taken", create(catalog.RegionDraft{ID: text("eu")}), fault.Conflict},
		{"a parent that is not", create(catalog.RegionDraft{ParentID: text("mars")}), fault.NotFound},
		{"itself for a parent", create(catalog.RegionDraft{ID: text("x"), ParentID: text("x")}), fault.BadRequest},
		{"a long description", create(catalog.RegionDraft{Description: text(strings.Repeat("a", 256))}), fault.BadRequest},
		{"another id than the path's", as("x", catalog.RegionDraft{ID: text("y")}), fault.BadRequest},
		{"a path that is taken", as("eu", catalog.RegionDraft{}), fault.Conflict},
		{"moving below itself", update("eu", catalog.RegionDraft{ParentID: text("eu")}), fault.BadRequest},
		{"moving below its grandchild", update("eu", catalog.RegionDraft{ParentID: text("eu-west-1")}), fault.BadRequest},
		{"moving below nothing", update("eu-west", catalog.RegionDraft{ParentID: text("mars")}), fault.NotFound},
		{"changing the id", update("eu", catalog.RegionDraft{ID: text("us")}), fault.BadRequest},
		{"changing what is not", update("mars", catalog.RegionDraft{Description: text("red")}), fault.NotFound},
		{"deleting what is not", w.DeleteRegion(t.Context(), "mars"), fault.NotFound},
		{"showing what is not", showMissing, fault.NotFound},
	})
}

func TestRegions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := w.CreateRegion(t.Context(), catalog.RegionDraft{ID: null, Description: null})
	if err != nil || len(r.ID) != 32 || r.Description != "" {
		t.Errorf("the server chose %+v, %v", r, err)
	}
	if _, err := w.CreateRegionAs(t.Context(), "Zu\u0308rich/1", catalog.RegionDraft{ID: text("Z\u00fcrich/1")}); err != nil {
		t.Errorf("a free id: %v", err)
	}
	if r, err = w.Region(t.Context(), "Zu\u0308rich/1"); err != nil || r.ID != "Z\u00fcrich/1" {
		t.Errorf("a decomposed id finds %+v, %v", r, err)
	}
	w.region("eu", "")
	w.region("eu-west", "eu")
	page, err := w.ListRegions(t.Context(), listing.Query{}.With("parent_region_id", "eu"))
	if err != nil || len(page.Items) != 1 || page.Items[0].ID != "eu-west" {
		t.Errorf("below eu there is %+v, %v", page, err)
	}
	if r, err = w.UpdateRegion(t.Context(), "eu-west", catalog.RegionDraft{ParentID: null, Description: text("west")}); err != nil || r.ParentID != "" || r.Description != "west" {
		t.Errorf("moved to the top it is %+v, %v", r, err)
	}
}

func TestDeletingARegionTakesThoseBelowAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.region("eu", "")
	w.region("eu-west", "eu")
	d := w.draft("https://nova.example")
	d.RegionID = text("eu-west")
	e, err := w.CreateEndpoint(t.Context(), d)
	w.must(err)
	check(t, []refused{{"with an endpoint below", w.DeleteRegion(t.Context(), "eu"), fault.Forbidden}})
	w.must(w.DeleteEndpoint(t.Context(), e.ID))
	w.must(w.DeleteRegion(t.Context(), "eu"))
	_, err = w.Region(t.Context(), "eu-west")
	check(t, []refused{{"the region below", err, fault.NotFound}})
}

func TestServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create := func(d catalog.ServiceDraft) error {
		_, err := w.CreateService(t.Context(), d)
		return err
	}
	update := func(id string, d catalog.ServiceDraft) error {
		_, err := w.UpdateService(t.Context(), id, d)
		return err
	}
	_, byMarker := w.ListServices(t.Context(), listing.Query{Marker: "missing"})
	check(t, []refused{
		{"no type", create(catalog.ServiceDraft{Name: text("nova")}), fault.BadRequest},
		{"an empty type", create(catalog.ServiceDraft{Type: text("")}), fault.BadRequest},
		{"a null name", create(catalog.ServiceDraft{Type: text("x"), Name: null}), fault.BadRequest},
		{"a name with a line break", create(catalog.ServiceDraft{Type: text("x"), Name: text("a\nb")}), fault.BadRequest},
		{"enabled that is null", create(catalog.ServiceDraft{Type: text("x"), Enabled: optional.Null[bool]()}), fault.BadRequest},
		{"changing the id", update(w.service, catalog.ServiceDraft{ID: text("x")}), fault.BadRequest},
		{"changing what is not", update("missing", catalog.ServiceDraft{Name: text("x")}), fault.NotFound},
		{"deleting what is not", w.DeleteService(t.Context(), "missing"), fault.NotFound},
		{"a marker that is not", byMarker, fault.NotFound},
	})
	w.must(create(catalog.ServiceDraft{ID: text("ignored"), Type: text("compute")})) // types may repeat
	v, err := w.UpdateService(t.Context(), w.service, catalog.ServiceDraft{
		ID: text(w.service), Name: text("nova"), Enabled: optional.Of(false), Extra: map[string]any{"description": "vms"},
	})
	if err != nil || v.Type != "compute" || v.Name != "nova" || v.Enabled || v.Extra["description"] != "vms" {
		t.Errorf("the service is %+v, %v", v, err)
	}
	e, err := w.CreateEndpoint(t.Context(), w.draft("https://nova.example"))
	w.must(err)
	w.must(w.DeleteService(t.Context(), w.service))
	_, err = w.Endpoint(t.Context(), e.ID)
	check(t, []refused{{"an endpoint of a deleted service", err, fault.NotFound}})
}

// attackURLs are the URLs of attack case D14: they name what must never be filled in.
var attackURLs = []string{
	"https://x.example/$(admin_token)s", "https://x.example/%(password)s", "https://x.example/$(user_id.password)s",
	"https://x.example/$(project_id)d", "https://x.example/%(project_id", "https://x.example/$()s",
	"https://x.example/100%", "https://x.example/%s", "https://x.example/%20", "https://x.example/%(a)d/%(b)s",
	"https://x.example/$($(user_id)s)s",
}

func TestEndpointRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good, err := w.CreateEndpoint(t.Context(), w.draft("https://nova.example/"))
	w.must(err)
	with := func(change func(*catalog.EndpointDraft)) error {
		d := w.draft("https://nova.example/")
		change(&d)
		_, err := w.CreateEndpoint(t.Context(), d)
		return err
	}
	update := func(id string, d catalog.EndpointDraft) error {
		_, err := w.UpdateEndpoint(t.Context(), id, d)
		return err
	}
	_, byMarker := w.ListEndpoints(t.Context(), listing.Query{Marker: "missing"})
	cases := []refused{
		{"an unknown interface", with(func(d *catalog.EndpointDraft) { d.Interface = text("foo") }), fault.BadRequest},
		{"no interface", with(func(d *catalog.EndpointDraft) { d.Interface = optional.Value[string]{} }), fault.BadRequest},
		{"no URL", with(func(d *catalog.EndpointDraft) { d.URL = optional.Value[string]{} }), fault.BadRequest},
		{"a path for a URL", with(func(d *catalog.EndpointDraft) { d.URL = text("/v3") }), fault.BadRequest},
		{"a URL with a line break", with(func(d *catalog.EndpointDraft) { d.URL = text("https://x\r\nevil") }), fault.BadRequest},
		{"a URL that is too long", with(func(d *catalog.EndpointDraft) { d.URL = text("http://" + strings.Repeat("a", 219)) }), fault.BadRequest},
		{"a service that is not", with(func(d *catalog.EndpointDraft) { d.ServiceID = text("missing") }), fault.BadRequest},
		{"a region that is not", with(func(d *catalog.EndpointDraft) { d.RegionID = text("mars") }), fault.BadRequest},
		{"a region of the old kind that may not be", with(func(d *catalog.EndpointDraft) { d.Region = text("a\x00") }), fault.BadRequest},
		{"moving to a service that is not", update(good.ID, catalog.EndpointDraft{ServiceID: text("missing")}), fault.BadRequest},
		{"moving to a region that is not", update(good.ID, catalog.EndpointDraft{RegionID: text("mars")}), fault.BadRequest},
		{"changing the id", update(good.ID, catalog.EndpointDraft{ID: text("x")}), fault.BadRequest},
		{"changing what is not", update("missing", catalog.EndpointDraft{URL: text("http://x")}), fault.NotFound},
		{"deleting what is not", w.DeleteEndpoint(t.Context(), "missing"), fault.NotFound},
		{"a marker that is not", byMarker, fault.NotFound},
	}
	for _, url := range attackURLs {
		cases = append(cases,
			refused{"create with " + url, with(func(d *catalog.EndpointDraft) { d.URL = text(url) }), fault.BadRequest},
			refused{"update to " + url, update(good.ID, catalog.EndpointDraft{URL: text(url)}), fault.BadRequest})
	}
	check(t, cases)
	if e, err := w.Endpoint(t.Context(), good.ID); err != nil || e.URL != good.URL || e.ServiceID != w.service || e.RegionID != "" {
		t.Errorf("refusals changed the endpoint: %+v, %v", e, err)
	}
}

func TestRefusedEndpointLeavesNoRegion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.draft("https://nova.example")
	d.Region, d.ServiceID = text("mars"), text("missing")
	_, err := w.CreateEndpoint(t.Context(), d)
	_, region := w.Region(t.Context(), "mars")
	check(t, []refused{{"the endpoint", err, fault.BadRequest}, {"the region made for it", region, fault.NotFound}})
}

func TestRegionByItsOldName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.region("eu", "")
	placed := func(region, regionID optional.Value[string]) string {
		d := w.draft("https://nova.example")
		d.Region, d.RegionID = region, regionID
		e, err := w.CreateEndpoint(t.Context(), d)
		w.must(err)
		return e.RegionID
	}
	absent := optional.Value[string]{}
	for _, c := range []struct{ why, got, want string }{
		{"a region that is not is made", placed(text("mars"), absent), "mars"},
		{"and used the second time", placed(text("mars"), absent), "mars"},
		{"null does not name one", placed(text("mars"), null), "mars"},
		{"the new name wins", placed(text("venus"), text("eu")), "eu"},
		{"neither", placed(null, null), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.why, c.got, c.want)
		}
	}
	_, err := w.Region(t.Context(), "venus")
	check(t, []refused{{"the old name when the new one is there", err, fault.NotFound}})
	page, err := w.ListEndpoints(t.Context(), listing.Query{}.With("region_id", "eu"))
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("in eu there is %+v, %v", page, err)
	}
	e, err := w.UpdateEndpoint(t.Context(), page.Items[0].ID, catalog.EndpointDraft{Region: text("pluto"), Interface: text("admin")})
	if err != nil || e.RegionID != "pluto" || e.Interface != catalog.Admin || e.URL != "https://nova.example" {
		t.Errorf("moved by the old name: %+v, %v", e, err)
	}
	if e, err = w.UpdateEndpoint(t.Context(), e.ID, catalog.EndpointDraft{Region: null}); err != nil || e.RegionID != "" {
		t.Errorf("taken out of its region: %+v, %v", e, err)
	}
}
