package limit

import (
	"context"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/optional"
)

// What Keystone allows.
const (
	maxText  = 255 // characters of names of resources and of descriptions
	maxCount = 1<<31 - 1
)

// Store keeps registered limits and limits. Its methods fail with NotFound for what does not exist and with
// Conflict for what is there already, and append the event of each change. What makes several things makes all
// of them or none.
type Store interface {
	// InTx runs fn in one transaction that travels in its context.
	InTx(ctx context.Context, fn func(ctx context.Context) error) error

	Registered(ctx context.Context, id string) (Registered, error)
	ListRegistered(ctx context.Context, q listing.Query) (listing.Page[Registered], error)
	CreateRegistered(ctx context.Context, rs []Registered) error
	// UpdateRegistered fails with Forbidden while limits refer to it, as DeleteRegistered does.
	UpdateRegistered(ctx context.Context, id string, change func(*Registered) error) (Registered, error)
	DeleteRegistered(ctx context.Context, id string) error
	// LockRegistered returns those of the registered limits that exist. Until the transaction ends nobody else
	// changes them, nor do others that lock them first change limits that refer to them.
	LockRegistered(ctx context.Context, keys []Key) (map[Key]Registered, error)
	// NeedPlaces fails with NotFound of a service or region that does not exist.
	NeedPlaces(ctx context.Context, keys []Key) error

	// Owners returns those of the projects and domains that exist, by id.
	Owners(ctx context.Context, ids []string) (map[string]Owner, error)
	Limit(ctx context.Context, id string) (Limit, error)
	// ListLimits also filters by "within": a domain and its projects.
	ListLimits(ctx context.Context, q listing.Query) (listing.Page[Limit], error)
	// LimitsOf returns the limits of projects and domains, ordered by id.
	LimitsOf(ctx context.Context, owners []string) ([]Limit, error)
	// LimitsIn returns the limits of domains that refer to these registered ones, and with projects also those of
	// all projects in these domains.
	LimitsIn(ctx context.Context, registered, domains []string, projects bool) ([]Limit, error)
	CreateLimits(ctx context.Context, ls []Limit) error
	UpdateLimit(ctx context.Context, id string, change func(*Limit) error) (Limit, error)
	DeleteLimit(ctx context.Context, id string) error
}

// Service holds the rules of registered limits and limits.
type Service struct {
	store Store
	model Model
	newID func() string
}

// NewService returns the rules over a store, in a model.
func NewService(store Store, model Model, newID func() string) *Service {
	return &Service{store: store, model: model, newID: newID}
}

// Model is the model that is in force.
func (s *Service) Model() Model { return s.model }

// RegisteredDraft is a registered limit that is to be, or a change of one: absent attributes keep their value.
type RegisteredDraft struct {
	ServiceID    optional.Value[string]
	RegionID     optional.Value[string] // null is none
	ResourceName optional.Value[string]
	Default      optional.Value[int]
	Description  optional.Value[string] // null when absent
}

func (d RegisteredDraft) empty() bool {
	return !d.ServiceID.Present() && !d.RegionID.Present() && !d.ResourceName.Present() && !d.Default.Present() &&
		!d.Description.Present()
}

func (d RegisteredDraft) apply(to *Registered) (err error) {
	if d.ServiceID.Present() {
		to.ServiceID = d.ServiceID.Or("")
	}
	if d.RegionID.Present() {
		to.RegionID = regionID(d.RegionID.Or(""))
	}
	if d.ResourceName.Present() {
		if to.ResourceName, err = resourceName(d.ResourceName.Or("")); err != nil {
			return err
		}
	}
	if d.Default.Present() {
		if to.Default, err = count("default_limit", d.Default); err != nil {
			return err
		}
	}
	return describe(&to.Description, d.Description)
}

// regionID is the form in which ids of regions are kept: people choose them like names.
func regionID(id string) string { return norm.NFC.String(id) }

func resourceName(name string) (string, error) { return naming.Exact("resource name", name, maxText) }

func count(field string, v optional.Value[int]) (int, error) {
	n, ok := v.Get()
	if !ok || n < Unlimited || n > maxCount {
		return 0, fault.New(fault.BadRequest, "Invalid input for field '%s': it must be a whole number from -1, which is no limit, to %d.",
			field, maxCount)
	}
	return n, nil
}

func describe(to **string, d optional.Value[string]) error {
	if !d.Present() {
		return nil
	}
	if utf8.RuneCountInString(d.Or("")) > maxText {
		return fault.New(fault.BadRequest, "Invalid description: it must not be longer than %d characters.", maxText)
	}
	*to = d.Pointer()
	return nil
}

// Registered returns a registered limit. It fails with NotFound.
func (s *Service) Registered(ctx context.Context, id string) (Registered, error) {
	return s.store.Registered(ctx, id)
}

// ListRegistered lists registered limits.
func (s *Service) ListRegistered(ctx context.Context, q listing.Query) (listing.Page[Registered], error) {
	return s.store.ListRegistered(ctx, normal(q))
}

// normal is the query with values in the form in which they are kept.
func normal(q listing.Query) listing.Query {
	for i := range q.Filters {
		q.Filters[i].Value = norm.NFC.String(q.Filters[i].Value)
	}
	return q
}

// CreateRegistered stores new registered limits, all or none. It fails with BadRequest for values that may not
// be and for a service or region that does not exist, and with Conflict when there is one for the same resource
// of the same service in the same region.
func (s *Service) CreateRegistered(ctx context.Context, drafts []RegisteredDraft) ([]Registered, error) {
	rs := make([]Registered, len(drafts))
	for i, d := range drafts {
		rs[i].ID = s.newID()
		if !d.ServiceID.Present() || !d.ResourceName.Present() || !d.Default.Present() {
			return nil, fault.New(fault.BadRequest, "A registered limit needs a service_id, a resource_name and a default_limit.")
		}
		if err := d.apply(&rs[i]); err != nil {
			return nil, err
		}
	}
	return rs, fault.BadReference(s.store.CreateRegistered(ctx, rs))
}

// UpdateRegistered changes a registered limit. It fails with Forbidden while limits refer to it, BadRequest,
// Conflict and NotFound. A draft that says nothing changes nothing.
func (s *Service) UpdateRegistered(ctx context.Context, id string, d RegisteredDraft) (Registered, error) {
	if d.empty() {
		return s.store.Registered(ctx, id)
	}
	var changed Registered
	err := s.store.InTx(ctx, func(ctx context.Context) (err error) {
		changed, err = s.store.UpdateRegistered(ctx, id, func(r *Registered) error {
			if err := d.apply(r); err != nil {
				return err
			}
			return fault.BadReference(s.store.NeedPlaces(ctx, []Key{r.Key}))
		})
		return err
	})
	return changed, err
}

// DeleteRegistered removes a registered limit. It fails with Forbidden while limits refer to it, and with
// NotFound.
func (s *Service) DeleteRegistered(ctx context.Context, id string) error {
	return s.store.DeleteRegistered(ctx, id)
}
