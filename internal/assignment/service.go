package assignment

import (
	"context"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/resource"
)

// Store is what the service needs of the database. Reads of one object fail with NotFound.
type Store interface {
	// InTx runs fn in one transaction that travels in its context.
	InTx(ctx context.Context, fn func(ctx context.Context) error) error

	Role(ctx context.Context, id string) (Role, error)
	// ListRoles filters by name and domain_id, which is empty for global roles.
	ListRoles(ctx context.Context, q listing.Query) (listing.Page[Role], error)
	AllRoles(ctx context.Context) ([]Role, error)
	// CreateRole and UpdateRole fail with Conflict when the name is taken in the role's namespace.
	CreateRole(ctx context.Context, r Role) error
	UpdateRole(ctx context.Context, id string, change func(*Role) error) (Role, error)
	DeleteRole(ctx context.Context, id string) error

	Implications(ctx context.Context) ([]Implication, error)
	// CreateImplication fails with Conflict when it exists.
	CreateImplication(ctx context.Context, i Implication) error
	DeleteImplication(ctx context.Context, i Implication) error
	// LockImplications keeps other transactions from locking them until this one ends.
	LockImplications(ctx context.Context) error

	Grants(ctx context.Context, f Filter) ([]Grant, error)
	HasGrant(ctx context.Context, g Grant) (bool, error)
	// CreateGrant does nothing when the grant exists.
	CreateGrant(ctx context.Context, g Grant) error
	DeleteGrant(ctx context.Context, g Grant) error

	User(ctx context.Context, id string) (identity.User, error)
	// LockUser keeps other transactions from locking or changing the user until this one ends.
	LockUser(ctx context.Context, id string) error
	Group(ctx context.Context, id string) (identity.Group, error)
	Project(ctx context.Context, id string) (resource.Project, error)
	Ancestors(ctx context.Context, id string) ([]resource.Project, error)
	Subtree(ctx context.Context, id string) ([]resource.Project, error)

	// The following answer for many ids at once and leave out what does not exist.

	UsersByID(ctx context.Context, ids []string) ([]identity.User, error)
	GroupsByID(ctx context.Context, ids []string) ([]identity.Group, error)
	ProjectsByID(ctx context.Context, ids []string) ([]resource.Project, error)
	// ProjectsBelow returns all that is below any of the ids, once.
	ProjectsBelow(ctx context.Context, ids []string) ([]resource.Project, error)
	// MembersOf returns the ids of the members by group.
	MembersOf(ctx context.Context, groupIDs []string) (map[string][]string, error)
}

// Service is the rules of roles and grants. It is safe for concurrent use.
type Service struct {
	store Store
	newID func() string
}

// NewService makes a service over a store. newID makes the ids of roles.
func NewService(store Store, newID func() string) *Service {
	return &Service{store: store, newID: newID}
}

// maxRoleName is the longest name of a role in characters, Keystone's NAME255.
const maxRoleName = 255

// prohibitedImpliedRole may not be implied by any role: Keystone's option of that name, at its default.
const prohibitedImpliedRole = "admin"

// RolePatch is a change to a role. Absent attributes keep their value.
type RolePatch struct {
	// ID and DomainID cannot be changed; the present value is accepted.
	ID, DomainID optional.Value[string]
	Name         optional.Value[string]
	Description  optional.Value[string]
	// Immutable is the option; null removes it.
	Immutable optional.Value[bool]
	// Extra is merged into the kept attributes.
	Extra map[string]any
}

// lifts reports whether the patch does nothing but end the protection of an immutable role.
func (p RolePatch) lifts() bool {
	return p.Immutable.Present() && !p.Immutable.Or(false) && len(p.Extra) == 0 &&
		!p.ID.Present() && !p.DomainID.Present() && !p.Name.Present() && !p.Description.Present()
}

// Role returns a role. It fails with NotFound.
func (s *Service) Role(ctx context.Context, id string) (Role, error) { return s.store.Role(ctx, id) }

// ListRoles returns the roles of a domain, or the global ones when domainID is empty; never both.
func (s *Service) ListRoles(ctx context.Context, domainID string, q listing.Query) (listing.Page[Role], error) {
	return s.store.ListRoles(ctx, q.With("domain_id", domainID))
}

// CreateRole stores a new role. Like Keystone it does not ask whether the domain exists. It fails with
// BadRequest for a name that may not be, and with Conflict when the name is taken among the global roles or
// among those of the same domain.
func (s *Service) CreateRole(ctx context.Context, r Role) (Role, error) {
	var err error
	if r.Name, err = naming.Exact("role name", r.Name, maxRoleName); err != nil {
		return Role{}, err
	}
	r.ID = s.newID()
	return r, s.store.CreateRole(ctx, r)
}

// UpdateRole changes a role. It fails with NotFound, with Forbidden when the role is immutable and the patch
// is not one that ends just that, with BadRequest when the id or the domain would change, and with Conflict
// when the name is taken.
func (s *Service) UpdateRole(ctx context.Context, id string, p RolePatch) (Role, error) {
	name, renamed := p.Name.Get()
	if p.Name.Present() {
		var err error
		if name, err = naming.Exact("role name", name, maxRoleName); err != nil {
			return Role{}, err
		}
	}
	return s.store.UpdateRole(ctx, id, func(r *Role) error {
		if immutable(*r) && !p.lifts() {
			return errImmutable(r.ID)
		}
		if p.ID.Present() && p.ID.Or("") != r.ID {
			return fault.New(fault.BadRequest, "The id of a role cannot be changed.")
		}
		if p.DomainID.Present() && p.DomainID.Or("") != r.DomainID {
			return fault.New(fault.BadRequest, "The domain of a role cannot be changed.")
		}
		if renamed {
			r.Name = name
		}
		if p.Description.Present() {
			r.Description = p.Description.Pointer()
		}
		if p.Immutable.Present() {
			r.Options.Immutable = p.Immutable.Pointer()
		}
		r.Extra = optional.Merge(r.Extra, p.Extra)
		return nil
	})
}

// DeleteRole deletes a role with every grant and implication of it. It fails with NotFound, and with Forbidden
// when the role is immutable.
func (s *Service) DeleteRole(ctx context.Context, id string) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		r, err := s.store.Role(ctx, id)
		if err != nil {
			return err
		}
		if immutable(r) {
			return errImmutable(id)
		}
		return s.store.DeleteRole(ctx, id)
	})
}

func immutable(r Role) bool { return r.Options.Immutable != nil && *r.Options.Immutable }

func errImmutable(id string) error {
	return fault.New(fault.Forbidden, "Cannot change or delete role %s: it is immutable. Set options.immutable to false first.", id)
}
