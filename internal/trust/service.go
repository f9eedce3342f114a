package trust

import (
	"context"
	"slices"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/resource"
)

// Store is where trusts live. Changes append their events themselves.
type Store interface {
	// Trust returns a trust, ended and used-up ones too. It fails with NotFound.
	Trust(ctx context.Context, id string) (Trust, error)
	// ListTrusts filters by trustor_user_id and trustee_user_id.
	ListTrusts(ctx context.Context, q listing.Query) (listing.Page[Trust], error)
	// CreateTrust fails with NotFound when a user, the project or a role is missing, and with Conflict for a twin.
	CreateTrust(ctx context.Context, t Trust) error
	// DeleteTrust deletes a trust and all that were made with it. It fails with NotFound.
	DeleteTrust(ctx context.Context, id string) error
}

// Facts says who has which role where (internal/facts).
type Facts interface {
	// Project fails with NotFound.
	Project(ctx context.Context, id string) (*resource.Project, error)
	Roles(ctx context.Context, userID string, on assignment.TargetKind, target *resource.Project) ([]*assignment.Role, error)
}

// Service is the rules of trusts. It is safe for concurrent use.
type Service struct {
	store Store
	facts Facts
	max   int
	now   func() time.Time
	newID func() string
}

// NewService makes a service. A trust may be handed on at most maxRedelegation times.
func NewService(store Store, facts Facts, maxRedelegation int, now func() time.Time, newID func() string) *Service {
	return &Service{store: store, facts: facts, max: maxRedelegation, now: now, newID: newID}
}

// RoleRef names a role; the id wins over the name.
type RoleRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Draft is a trust that is to be.
type Draft struct {
	TrustorID, TrusteeID string
	// ProjectID is empty for a trust without roles.
	ProjectID     string
	Impersonation bool
	Roles         []RoleRef
	// ExpiresAt is the end as the caller wrote it, in UTC with or without Z; empty for never.
	ExpiresAt     string
	RemainingUses *int
	// AllowRedelegation lets the trustee hand the trust on, RedelegationCount times, or as often as the operator
	// allows when that is nil.
	AllowRedelegation bool
	RedelegationCount *int
	Extra             map[string]any
}

// Maker is who makes a trust.
type Maker struct {
	UserID string
	// Methods and AuthTime are those of the sign-in.
	Methods  []string
	AuthTime time.Time
	// TrustID is the trust that the maker's token is of: it is handed on. Empty for a person's own token.
	TrustID string
}

// Trust returns a trust, ended and used-up ones too. It fails with NotFound.
func (s *Service) Trust(ctx context.Context, id string) (Trust, error) { return s.store.Trust(ctx, id) }

// List returns trusts, ended and used-up ones too; filters are trustor_user_id and trustee_user_id.
func (s *Service) List(ctx context.Context, q listing.Query) (listing.Page[Trust], error) {
	return s.store.ListTrusts(ctx, q)
}

// Delete ends a trust, all that were made with it, and their tokens. It fails with NotFound.
func (s *Service) Delete(ctx context.Context, id string) error { return s.store.DeleteTrust(ctx, id) }

// Create makes a trust in the name of its maker, who must be the trustor. It fails with BadRequest for a draft that
// contradicts itself, Forbidden for what the maker may not hand on, NotFound for a trustee who does not exist and
// for roles that the trustor does not have on the project, and Conflict for a twin.
func (s *Service) Create(ctx context.Context, m Maker, d Draft) (Trust, error) {
	t := Trust{
		ID: s.newID(), TrustorID: d.TrustorID, TrusteeID: d.TrusteeID, ProjectID: d.ProjectID, Impersonation: d.Impersonation,
		RemainingUses: d.RemainingUses, CreatedAt: s.now(), Methods: m.Methods, AuthTime: m.AuthTime, Extra: d.Extra,
	}
	if d.TrustorID != m.UserID {
		return t, fault.New(fault.Forbidden, "The trustor must be who makes the trust.")
	}
	if d.ProjectID != "" && len(d.Roles) == 0 {
		return t, fault.New(fault.Forbidden, "A trust on a project needs at least one role.")
	}
	var err error
	if t.ExpiresAt, err = s.end(d.ExpiresAt); err != nil {
		return t, err
	}
	if m.TrustID != "" {
		err = s.redelegate(ctx, &t, m.TrustID, d)
	} else {
		err = s.delegate(ctx, &t, d)
	}
	if err != nil {
		return t, err
	}
	return t, s.store.CreateTrust(ctx, t)
}

// delegate fills in what a person hands on of his own.
func (s *Service) delegate(ctx context.Context, t *Trust, d Draft) error {
	count, err := s.count(d, s.max)
	if err != nil {
		return err
	}
	t.RedelegationCount = count
	if count > s.max {
		return fault.New(fault.Forbidden, "A trust may be handed on at most %d times.", s.max)
	}
	held, err := s.held(ctx, t.TrustorID, t.ProjectID)
	if err != nil {
		return err
	}
	for _, ref := range d.Roles {
		role := find(held, ref)
		if role == nil {
			return fault.New(fault.NotFound, "Could not find role: %s.", ref)
		}
		t.add(role.ID)
	}
	return nil
}

// redelegate fills in what is handed on of another trust: nothing wider than that, in any respect.
func (s *Service) redelegate(ctx context.Context, t *Trust, parentID string, d Draft) error {
	parent, err := s.store.Trust(ctx, parentID)
	if err != nil {
		return err
	}
	if parent.RedelegationCount < 1 || parent.RedelegationCount > s.max {
		return fault.New(fault.Forbidden, "The trust cannot be handed on any more.").Because("trust_not_redelegable")
	}
	if d.RemainingUses != nil {
		return wider("remaining_uses", "must be null")
	}
	left := parent.RedelegationCount - 1
	if t.RedelegationCount, err = s.count(d, left); err != nil {
		return err
	}
	if t.RedelegationCount != 0 && t.RedelegationCount != left {
		return wider("redelegation_count", "must be one less than that of the trust it comes from")
	}
	switch {
	case t.ProjectID != parent.ProjectID:
		return wider("project_id", "must be that of the trust it comes from")
	case t.Impersonation && !parent.Impersonation:
		return wider("impersonation", "is not part of the trust it comes from")
	case parent.ExpiresAt != nil && t.ExpiresAt == nil:
		t.ExpiresAt = parent.ExpiresAt
	case parent.ExpiresAt != nil && t.ExpiresAt.After(*parent.ExpiresAt):
		return wider("expires_at", "must not be later than that of the trust it comes from")
	}
	t.RedelegatedID, t.Methods, t.AuthTime = parent.ID, parent.Methods, parent.AuthTime
	return s.subset(ctx, t, parent, d.Roles)
}

// subset takes roles that the other trust names. What those imply is not enough: it may cease to.
func (s *Service) subset(ctx context.Context, t *Trust, parent Trust, refs []RoleRef) error {
	first, err := s.first(ctx, parent)
	if err != nil {
		return err
	}
	held, err := s.held(ctx, first.TrustorID, t.ProjectID)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		role := find(held, ref)
		if role == nil || !slices.Contains(parent.RoleIDs, role.ID) {
			return wider("roles", "must be among those of the trust it comes from")
		}
		t.add(role.ID)
	}
	return nil
}

// first goes back to the trust that somebody made of his own power.
func (s *Service) first(ctx context.Context, t Trust) (Trust, error) {
	for range s.max + 1 {
		if t.RedelegatedID == "" {
			return t, nil
		}
		var err error
		if t, err = s.store.Trust(ctx, t.RedelegatedID); err != nil {
			return t, err
		}
	}
	return t, fault.New(fault.Forbidden, "The trust was handed on too often.")
}

// count is how often the trust may be handed on; most is for callers who do not say.
func (s *Service) count(d Draft, most int) (int, error) {
	switch {
	case !d.AllowRedelegation || d.RedelegationCount != nil && *d.RedelegationCount == 0:
		return 0, nil
	case d.RemainingUses != nil:
		return 0, fault.New(fault.BadRequest, "Invalid input for field 'trust/remaining_uses': a trust that may be handed on has no number of uses.")
	case d.RedelegationCount != nil:
		return *d.RedelegationCount, nil
	}
	return most, nil
}

// held are the roles of a user on a project, implied and inherited ones too; none on what does not exist.
func (s *Service) held(ctx context.Context, userID, projectID string) ([]*assignment.Role, error) {
	if projectID == "" {
		return nil, nil
	}
	p, err := s.facts.Project(ctx, projectID)
	if fault.Is(err, fault.NotFound) || err == nil && p.IsDomain {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.facts.Roles(ctx, userID, assignment.OnProject, p)
}

func find(roles []*assignment.Role, ref RoleRef) *assignment.Role {
	name := norm.NFC.String(ref.Name)
	for _, r := range roles {
		if ref.ID != "" && r.ID == ref.ID || ref.ID == "" && r.Name == name {
			return r
		}
	}
	return nil
}

// String is the role as its caller named it.
func (r RoleRef) String() string {
	if r.ID != "" {
		return r.ID
	}
	return r.Name
}

// add delegates a role, once.
func (t *Trust) add(roleID string) {
	if !slices.Contains(t.RoleIDs, roleID) {
		t.RoleIDs = append(t.RoleIDs, roleID)
	}
}

func wider(field, why string) error {
	return fault.New(fault.Forbidden, "The trust cannot be handed on like this: %s %s.", field, why).Because("trust_wider_than_its_source")
}

// end reads a time of expiry, to the second as in Keystone.
func (s *Service) end(text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04:05Z", "2006-01-02T15:04", "2006-01-02T15:04Z"} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if t = t.Truncate(time.Second); !t.After(s.now()) {
			return nil, fault.New(fault.BadRequest, "Invalid input for field 'trust/expires_at': it must be in the future.")
		}
		return &t, nil
	}
	return nil, fault.New(fault.BadRequest, "Invalid input for field 'trust/expires_at': it must be a time in UTC such as 2030-01-31T12:00:00Z.")
}
