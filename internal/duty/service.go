package duty

import (
	"context"
	"strings"
	"time"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
)

// Store is where requirements and exemptions live. Changes append their events themselves.
type Store interface {
	Requirement(ctx context.Context, id string) (Requirement, error)
	Requirements(ctx context.Context) ([]Requirement, error)
	ListRequirements(ctx context.Context, q listing.Query) (listing.Page[Requirement], error)
	CreateRequirement(ctx context.Context, r Requirement, limit int) error
	UpdateRequirement(ctx context.Context, id string, change func(*Requirement) error) (Requirement, error)
	DeleteRequirement(ctx context.Context, id string) error
	Exemption(ctx context.Context, id string) (Exemption, error)
	ListExemptions(ctx context.Context, q listing.Query) (listing.Page[Exemption], error)
	// CreateExemption takes the place of one that has ended; Conflict when the user has one that has not.
	CreateExemption(ctx context.Context, x Exemption, now time.Time) error
	DeleteExemption(ctx context.Context, id string) error
	// Owing lists the enabled people of the circles who have no active factor and no exemption at a time, and who have
	// no grace left then.
	Owing(ctx context.Context, circles []Circle, at time.Time, q listing.Query) (listing.Page[Person], error)
	Adoption(ctx context.Context, circles []Circle, now time.Time) (Adoption, error)
}

// World tells who has a role and what is above a project (internal/facts).
type World interface {
	// RolesThatGive are the role and every role that implies it.
	RolesThatGive(ctx context.Context, roleID string) ([]string, error)
	// AboveProject is NotFound for what is no project.
	AboveProject(ctx context.Context, projectID string) ([]string, error)
}

// Limits of what can be demanded.
const (
	MaxRequirements = 100
	MaxGraceDays    = 365
	// MaxExemption is the longest that an exemption may last.
	MaxExemption = 366 * 24 * time.Hour
)

// Service keeps requirements and exemptions.
type Service struct {
	store Store
	world World
	now   func() time.Time
	newID func() string
}

// NewService makes the service.
func NewService(store Store, world World, now func() time.Time, newID func() string) *Service {
	return &Service{store: store, world: world, now: now, newID: newID}
}

// Targets names what a requirement is for; exactly one is set.
type Targets struct{ RoleID, GroupID, ProjectID, DomainID string }

// one returns the kind and the id, and false unless exactly one is set.
func (t Targets) one() (on Kind, id string, ok bool) {
	for kind, v := range map[Kind]string{OfRole: t.RoleID, OfGroup: t.GroupID, OfProject: t.ProjectID, OfDomain: t.DomainID} {
		if v == "" {
			continue
		}
		if id != "" {
			return "", "", false
		}
		on, id = kind, v
	}
	return on, id, id != ""
}

// Draft is what somebody wants of a requirement.
type Draft struct {
	From        optional.Value[time.Time]
	GraceDays   optional.Value[int]
	Description optional.Value[string]
}

func (d Draft) apply(r *Requirement) error {
	if d.From.IsNull() || d.GraceDays.IsNull() {
		return fault.New(fault.BadRequest, "Neither from nor grace_days can be null.")
	}
	d.From.Apply(&r.From)
	d.GraceDays.Apply(&r.GraceDays)
	d.Description.Apply(&r.Description)
	if r.GraceDays < 0 || r.GraceDays > MaxGraceDays {
		return fault.New(fault.BadRequest, "Invalid input for field 'grace_days': it is 0 to %d.", MaxGraceDays)
	}
	return nil
}

// Create demands a second factor. BadRequest unless there is exactly one target, NotFound when it does not exist,
// Conflict when there is a requirement for it already.
func (s *Service) Create(ctx context.Context, t Targets, d Draft) (Requirement, error) {
	now := s.now().UTC().Truncate(time.Microsecond)
	r := Requirement{ID: s.newID(), From: now, CreatedAt: now}
	var ok bool
	if r.On, r.TargetID, ok = t.one(); !ok {
		return r, errTargets
	}
	if err := d.apply(&r); err != nil {
		return r, err
	}
	return r, s.store.CreateRequirement(ctx, r, MaxRequirements)
}

var errTargets = fault.New(fault.BadRequest, "Exactly one of role_id, group_id, project_id and domain_id is needed.")

// Update changes when a requirement holds. NotFound when there is none.
func (s *Service) Update(ctx context.Context, id string, d Draft) (Requirement, error) {
	return s.store.UpdateRequirement(ctx, id, d.apply)
}

// Requirement returns one; NotFound when there is none.
func (s *Service) Requirement(ctx context.Context, id string) (Requirement, error) {
	return s.store.Requirement(ctx, id)
}

// List returns requirements.
func (s *Service) List(ctx context.Context, q listing.Query) (listing.Page[Requirement], error) {
	return s.store.ListRequirements(ctx, q)
}

// Delete ends a requirement; NotFound when there is none.
func (s *Service) Delete(ctx context.Context, id string) error {
	return s.store.DeleteRequirement(ctx, id)
}

// Exempt keeps requirements from holding for a user. The reason must say something and the end be in the future, at most
// MaxExemption away, else BadRequest; nobody exempts himself, which is Forbidden.
func (s *Service) Exempt(ctx context.Context, by, userID, reason string, until time.Time) (Exemption, error) {
	now := s.now().UTC().Truncate(time.Microsecond)
	x := Exemption{ID: s.newID(), UserID: userID, Reason: strings.TrimSpace(reason), ExpiresAt: until, CreatedAt: now, CreatedBy: by}
	switch {
	case x.Reason == "":
		return x, fault.New(fault.BadRequest, "Invalid input for field 'reason': it must say why.")
	case !until.After(now) || until.Sub(now) > MaxExemption:
		return x, fault.New(fault.BadRequest, "Invalid input for field 'expires_at': it must be in the future, and at most a year away.")
	case by == userID:
		return x, fault.New(fault.Forbidden, "Nobody can exempt himself.").Because("self_exemption")
	}
	return x, s.store.CreateExemption(ctx, x, now)
}

// Exemption returns one; NotFound when there is none.
func (s *Service) Exemption(ctx context.Context, id string) (Exemption, error) {
	return s.store.Exemption(ctx, id)
}

// Exemptions lists exemptions, those that have ended too.
func (s *Service) Exemptions(ctx context.Context, q listing.Query) (listing.Page[Exemption], error) {
	return s.store.ListExemptions(ctx, q)
}

// EndExemption ends an exemption; NotFound when there is none.
func (s *Service) EndExemption(ctx context.Context, id string) error {
	return s.store.DeleteExemption(ctx, id)
}

// WhatIf is a dry run.
type WhatIf struct {
	// At is the time that is looked at.
	At time.Time
	// And is a requirement that is not there: as if it were, without any grace. Empty for none.
	And Targets
}

// Refused lists who would be refused: people who must have a second factor and have none.
func (s *Service) Refused(ctx context.Context, w WhatIf, q listing.Query) (listing.Page[Person], error) {
	none := listing.Page[Person]{}
	circles, err := s.circles(ctx)
	if err != nil {
		return none, err
	}
	if w.And != (Targets{}) {
		on, id, ok := w.And.one()
		if !ok {
			return none, errTargets
		}
		c, err := s.circle(ctx, Requirement{On: on, TargetID: id})
		if err != nil {
			return none, err
		}
		circles = append(circles, c)
	}
	if len(circles) == 0 {
		return none, nil
	}
	return s.store.Owing(ctx, circles, w.At, q)
}

// Adoption counts who must have a second factor and who has one.
func (s *Service) Adoption(ctx context.Context) (Adoption, error) {
	circles, err := s.circles(ctx)
	if err != nil {
		return Adoption{}, err
	}
	return s.store.Adoption(ctx, circles, s.now())
}

func (s *Service) circles(ctx context.Context) ([]Circle, error) {
	all, err := s.store.Requirements(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Circle, 0, len(all))
	for _, r := range all {
		c, err := s.circle(ctx, r)
		if fault.Is(err, fault.NotFound) {
			continue // what it names has just gone
		}
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (s *Service) circle(ctx context.Context, r Requirement) (Circle, error) {
	c := Circle{Requirement: r}
	var err error
	switch r.On {
	case OfRole:
		c.Roles, err = s.world.RolesThatGive(ctx, r.TargetID)
	case OfProject:
		c.Above, err = s.world.AboveProject(ctx, r.TargetID)
	case OfGroup, OfDomain:
	}
	return c, err
}
