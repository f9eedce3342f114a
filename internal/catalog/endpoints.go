package catalog

import (
	"context"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
)

// EndpointDraft is an endpoint that is to be, or a change of one: absent attributes keep their value.
type EndpointDraft struct {
	// ID cannot change: it is compared with what is there, and ignored in a new endpoint.
	ID        optional.Value[string]
	Interface optional.Value[string]
	ServiceID optional.Value[string]
	URL       optional.Value[string]
	RegionID  optional.Value[string] // null is none
	// Region is the old name of RegionID, and counts when that is absent or null. A region that does not exist
	// is made.
	Region  optional.Value[string]
	Enabled optional.Value[bool] // true when absent
	Extra   map[string]any
}

func (i Interface) check() error {
	switch i {
	case Public, Internal, Admin:
		return nil
	}
	return fault.New(fault.BadRequest, "The interface of an endpoint must be public, internal or admin.")
}

func (d EndpointDraft) apply(to *Endpoint) error {
	if d.Interface.Present() {
		to.Interface = Interface(d.Interface.Or(""))
	}
	if err := to.Interface.check(); err != nil {
		return err
	}
	d.ServiceID.Apply(&to.ServiceID)
	if d.URL.Present() {
		to.URL = d.URL.Or("")
		if err := checkURL(to.URL); err != nil {
			return err
		}
	}
	if id, ok := d.region(); ok {
		to.RegionID = id
	}
	to.Extra = optional.Merge(to.Extra, d.Extra)
	return setEnabled(&to.Enabled, d.Enabled)
}

// region returns the id of the region that the draft names by either name, "" for none, and whether it does.
func (d EndpointDraft) region() (string, bool) {
	if id := d.RegionID.Or(d.Region.Or("")); id != "" {
		return regionID(id), true
	}
	return "", d.RegionID.Present() || d.Region.Present()
}

// byOldName reports whether the draft names a region by the old name, which makes the region.
func (d EndpointDraft) byOldName() bool { return d.RegionID.Or("") == "" && d.Region.Or("") != "" }

// Endpoint returns an endpoint. It fails with NotFound.
func (s *Registry) Endpoint(ctx context.Context, id string) (Endpoint, error) {
	return s.store.Endpoint(ctx, id)
}

// ListEndpoints lists endpoints. It fails with NotFound when the marker names nothing that is or was there.
func (s *Registry) ListEndpoints(ctx context.Context, q listing.Query) (listing.Page[Endpoint], error) {
	for i := range q.Filters {
		if q.Filters[i].Attr == "region_id" {
			q.Filters[i].Value = regionID(q.Filters[i].Value)
		}
	}
	return s.store.ListEndpoints(ctx, q)
}

// CreateEndpoint stores a new endpoint. It fails with BadRequest for a service or region that does not exist, an
// interface that Keystone does not know, and a URL that could not be rendered.
func (s *Registry) CreateEndpoint(ctx context.Context, d EndpointDraft) (Endpoint, error) {
	e := Endpoint{ID: s.newID(), Enabled: true}
	if !d.URL.Present() {
		return e, fault.New(fault.BadRequest, "An endpoint needs a URL.")
	}
	if err := d.apply(&e); err != nil {
		return e, err
	}
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.haveRegion(ctx, d); err != nil {
			return err
		}
		return fault.BadReference(s.store.CreateEndpoint(ctx, e))
	})
	return e, err
}

// UpdateEndpoint changes an endpoint, by the rules of a new one. It fails with BadRequest and NotFound.
func (s *Registry) UpdateEndpoint(ctx context.Context, id string, d EndpointDraft) (Endpoint, error) {
	if err := keepsID(d.ID, id); err != nil {
		return Endpoint{}, err
	}
	var changed Endpoint
	err := s.store.InTx(ctx, func(ctx context.Context) (err error) {
		if _, err := s.store.Endpoint(ctx, id); err != nil {
			return err
		}
		if err := s.haveRegion(ctx, d); err != nil {
			return err
		}
		changed, err = s.store.UpdateEndpoint(ctx, id, func(e *Endpoint) error { return d.apply(e) })
		return fault.BadReference(err) // the endpoint was there: what is missing is what it refers to
	})
	return changed, err
}

// haveRegion makes the region that a draft names by its old name, unless it is there.
func (s *Registry) haveRegion(ctx context.Context, d EndpointDraft) error {
	if !d.byOldName() {
		return nil
	}
	_, err := s.Region(ctx, d.Region.Or(""))
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	_, err = s.CreateRegion(ctx, RegionDraft{ID: d.Region})
	if fault.Is(err, fault.Conflict) { // somebody made it meanwhile
		return nil
	}
	return err
}

// DeleteEndpoint removes an endpoint. It fails with NotFound.
func (s *Registry) DeleteEndpoint(ctx context.Context, id string) error {
	return s.store.DeleteEndpoint(ctx, id)
}

// looksLikeURL is Keystone's idea of a URL.
var looksLikeURL = regexp.MustCompile(`^[a-zA-Z0-9+.-]+:.+`)

func checkURL(url string) error {
	if !looksLikeURL.MatchString(url) || utf8.RuneCountInString(url) > maxURL || strings.ContainsFunc(url, unicode.IsControl) {
		return fault.New(fault.BadRequest, "The URL of an endpoint must begin with a scheme and have at most %d characters.", maxURL)
	}
	_, err := parse(url)
	return err
}
