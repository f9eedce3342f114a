package catalog

import (
	"context"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/optional"
)

// Filter is what an endpoint group demands of an endpoint. An empty attribute demands nothing, so the zero value
// matches every endpoint. The ids need not name anything.
type Filter struct {
	ServiceID string
	RegionID  string
	Interface Interface
}

// EndpointGroup is a set of endpoints that projects are given together: those that its filter matches, now and
// later. Names may repeat.
type EndpointGroup struct {
	ID          string
	Name        string
	Description *string // nil is null
	Filter      Filter
}

// ProjectLink gives a project an endpoint or an endpoint group: exactly one of EndpointID and GroupID is set. The
// catalog of a project that has associations shows what they give and nothing else.
type ProjectLink struct {
	ProjectID  string
	EndpointID string
	GroupID    string
}

// filterStore keeps endpoint groups and associations. Its methods fail with NotFound for what does not exist and
// append the event of each change.
type filterStore interface {
	EndpointGroup(ctx context.Context, id string) (EndpointGroup, error)
	// ListEndpointGroups filters by name, and by the project_id of an association.
	ListEndpointGroups(ctx context.Context, q listing.Query) (listing.Page[EndpointGroup], error)
	CreateEndpointGroup(ctx context.Context, g EndpointGroup) error
	UpdateEndpointGroup(ctx context.Context, id string, change func(*EndpointGroup) error) (EndpointGroup, error)
	// DeleteEndpointGroup takes the group's associations along.
	DeleteEndpointGroup(ctx context.Context, id string) error

	// AddToProject fails with Conflict when the association is there.
	AddToProject(ctx context.Context, a ProjectLink) error
	// InProject fails with NotFound unless the association is there.
	InProject(ctx context.Context, a ProjectLink) error
	RemoveFromProject(ctx context.Context, a ProjectLink) error
}

// FilterDraft is the filter of a group to be: all of it, for a filter is replaced as a whole.
type FilterDraft struct {
	ServiceID, RegionID, Interface optional.Value[string]
}

func (d FilterDraft) filter() (Filter, error) {
	f := Filter{ServiceID: d.ServiceID.Or(""), RegionID: regionID(d.RegionID.Or("")), Interface: Interface(d.Interface.Or(""))}
	for _, v := range []optional.Value[string]{d.ServiceID, d.RegionID, d.Interface} {
		if s := v.Or(""); v.Present() && (s == "" || utf8.RuneCountInString(s) > maxText) {
			return f, fault.New(fault.BadRequest, "What an endpoint group filters by must be text of 1 to %d characters.", maxText)
		}
	}
	if !d.Interface.Present() {
		return f, nil
	}
	return f, f.Interface.check()
}

// EndpointGroupDraft is an endpoint group that is to be, or a change of one: absent attributes keep their value.
type EndpointGroupDraft struct {
	Name        optional.Value[string]
	Description optional.Value[string]
	Filter      optional.Value[FilterDraft]
}

func (d EndpointGroupDraft) apply(to *EndpointGroup) (err error) {
	if d.Name.Present() {
		if to.Name, err = naming.Exact("endpoint group name", d.Name.Or(""), maxText); err != nil {
			return err
		}
	}
	if d.Description.Present() {
		to.Description = d.Description.Pointer()
	}
	if d.Filter.Present() {
		to.Filter, err = d.Filter.Or(FilterDraft{}).filter()
	}
	return err
}

// EndpointGroup returns an endpoint group. It fails with NotFound.
func (s *Registry) EndpointGroup(ctx context.Context, id string) (EndpointGroup, error) {
	return s.store.EndpointGroup(ctx, id)
}

// ListEndpointGroups lists endpoint groups.
func (s *Registry) ListEndpointGroups(ctx context.Context, q listing.Query) (listing.Page[EndpointGroup], error) {
	for i := range q.Filters {
		q.Filters[i].Value = norm.NFC.String(q.Filters[i].Value)
	}
	return s.store.ListEndpointGroups(ctx, q)
}

// CreateEndpointGroup stores a new endpoint group. It fails with BadRequest for a name that may not be and for a
// filter that demands nothing or an interface that Keystone does not know. What the filter's ids name need not
// exist.
func (s *Registry) CreateEndpointGroup(ctx context.Context, d EndpointGroupDraft) (EndpointGroup, error) {
	g := EndpointGroup{ID: s.newID()}
	if !d.Name.Present() {
		return g, fault.New(fault.BadRequest, "An endpoint group needs a name.")
	}
	if err := d.apply(&g); err != nil {
		return g, err
	}
	if g.Filter == (Filter{}) {
		return g, fault.New(fault.BadRequest, "An endpoint group needs filters: service_id, region_id or interface.")
	}
	return g, s.store.CreateEndpointGroup(ctx, g)
}

// UpdateEndpointGroup changes an endpoint group, by the rules of a new one; but its filter may become empty. It
// fails with BadRequest and NotFound.
func (s *Registry) UpdateEndpointGroup(ctx context.Context, id string, d EndpointGroupDraft) (EndpointGroup, error) {
	return s.store.UpdateEndpointGroup(ctx, id, func(g *EndpointGroup) error { return d.apply(g) })
}

// DeleteEndpointGroup removes an endpoint group and its associations. It fails with NotFound.
func (s *Registry) DeleteEndpointGroup(ctx context.Context, id string) error {
	return s.store.DeleteEndpointGroup(ctx, id)
}

// EndpointsOfGroup lists the endpoints that a group matches. It fails with NotFound when there is no such group.
func (s *Registry) EndpointsOfGroup(ctx context.Context, id string) (listing.Page[Endpoint], error) {
	if _, err := s.store.EndpointGroup(ctx, id); err != nil {
		return listing.Page[Endpoint]{}, err
	}
	return s.store.ListEndpoints(ctx, listing.Query{}.With("endpoint_group_id", id))
}

// EndpointsOfProject lists the endpoints that a project is associated with, directly or through groups, each
// once; none for a project that does not exist.
func (s *Registry) EndpointsOfProject(ctx context.Context, projectID string) (listing.Page[Endpoint], error) {
	return s.store.ListEndpoints(ctx, listing.Query{}.With("project_id", projectID))
}

// GroupsOfProject lists the endpoint groups that a project is associated with; none for a project that does not
// exist.
func (s *Registry) GroupsOfProject(ctx context.Context, projectID string) (listing.Page[EndpointGroup], error) {
	return s.store.ListEndpointGroups(ctx, listing.Query{}.With("project_id", projectID))
}

// AddToProject gives a project an endpoint or an endpoint group. It fails with NotFound when one of them does not
// exist and with Conflict when the project has it.
func (s *Registry) AddToProject(ctx context.Context, a ProjectLink) error {
	return s.store.AddToProject(ctx, a)
}

// InProject fails with NotFound unless the project has the endpoint or the endpoint group directly.
func (s *Registry) InProject(ctx context.Context, a ProjectLink) error {
	return s.store.InProject(ctx, a)
}

// RemoveFromProject takes an endpoint or an endpoint group from a project. It fails with NotFound unless the project has
// it directly.
func (s *Registry) RemoveFromProject(ctx context.Context, a ProjectLink) error {
	return s.store.RemoveFromProject(ctx, a)
}
