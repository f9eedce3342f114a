package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/keyward/identity/internal/duty"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

// requirementRow has its target in the column of its kind, so that it goes with what it names.
type requirementRow struct {
	ID          string `gorm:"primaryKey"`
	Kind        string
	RoleID      *string
	GroupID     *string
	ProjectID   *string
	DomainID    *string
	FromAt      int64
	GraceDays   int
	Description string
	CreatedAt   int64 `gorm:"autoCreateTime:false"`
}

func (requirementRow) TableName() string { return "mfa_requirement" }

// target is the column that holds the id of what the requirement names.
func (r *requirementRow) target() **string {
	return map[duty.Kind]**string{
		duty.OfRole: &r.RoleID, duty.OfGroup: &r.GroupID, duty.OfProject: &r.ProjectID, duty.OfDomain: &r.DomainID,
	}[duty.Kind(r.Kind)]
}

func newRequirementRow(r duty.Requirement) requirementRow {
	row := requirementRow{
		ID: r.ID, Kind: string(r.On), FromAt: micros(r.From), GraceDays: r.GraceDays, Description: r.Description,
		CreatedAt: micros(r.CreatedAt),
	}
	*row.target() = &r.TargetID
	return row
}

func (r requirementRow) requirement() (duty.Requirement, error) {
	target := r.target()
	if target == nil {
		return duty.Requirement{}, fault.New(fault.Internal, "requirement %s is of the unknown kind %s", r.ID, r.Kind)
	}
	return duty.Requirement{
		ID: r.ID, On: duty.Kind(r.Kind), TargetID: orEmpty(*target), From: timeOf(r.FromAt), GraceDays: r.GraceDays,
		Description: r.Description, CreatedAt: timeOf(r.CreatedAt),
	}, nil
}

var requirementAttrs = collection{
	"id": {name: "id"}, "role_id": {name: "role_id"}, "group_id": {name: "group_id"}, "project_id": {name: "project_id"},
	"domain_id": {name: "domain_id"},
}

// Requirement returns a requirement; NotFound when there is none.
func (s *Store) Requirement(ctx context.Context, id string) (duty.Requirement, error) {
	row, err := take[requirementRow](ctx, s, missing("requirement", id), "id = ?", id)
	if err != nil {
		return duty.Requirement{}, err
	}
	return row.requirement()
}

// Requirements returns all requirements, in the order of their ids.
func (s *Store) Requirements(ctx context.Context) ([]duty.Requirement, error) {
	page, err := s.ListRequirements(ctx, listing.Query{})
	return page.Items, err
}

// ListRequirements filters by id, role_id, group_id, project_id and domain_id.
func (s *Store) ListRequirements(ctx context.Context, q listing.Query) (listing.Page[duty.Requirement], error) {
	return list(ctx, s, requirementAttrs, q, nil, requirementRow.requirement)
}

// requirementEvent tells what is demanded of whom.
func requirementEvent(action string, r duty.Requirement) event.Event {
	ev := event.Event{Action: action, Kind: event.Duty, TargetID: r.ID, Detail: map[string]any{
		string(r.On) + "_id": r.TargetID, "from": r.From.UTC().Format(time.RFC3339), "grace_days": r.GraceDays,
	}}
	if r.On == duty.OfDomain {
		ev.DomainID = r.TargetID
	}
	return ev
}

// CreateRequirement stores a new requirement. NotFound when what it names does not exist, Conflict when there is one for
// that already, or when there are as many as limit.
func (s *Store) CreateRequirement(ctx context.Context, r duty.Requirement, limit int) error {
	row := newRequirementRow(r)
	ev := requirementEvent("mfa_requirement.create", r)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := needTarget(db, r); err != nil {
			return err
		}
		var n int64
		if err := db.Model(&requirementRow{}).Count(&n).Error; err != nil {
			return err
		}
		if n >= int64(limit) {
			return fault.New(fault.Conflict, "There can be at most %d requirements.", limit).Because("too_many_requirements")
		}
		return conflictAs(db.Create(&row).Error, fault.New(fault.Conflict,
			"Conflict occurred attempting to store requirement - There is one for this %s.", r.On))
	})
}

func needTarget(db *gorm.DB, r duty.Requirement) error {
	switch r.On {
	case duty.OfRole:
		return need(db, "role", "role", r.TargetID)
	case duty.OfGroup:
		return need(db, "user_group", "group", r.TargetID)
	case duty.OfDomain:
		return needDomain(db, r.TargetID)
	case duty.OfProject:
		var found bool
		err := db.Raw("SELECT EXISTS (SELECT 1 FROM project WHERE id = ? AND NOT is_domain)", r.TargetID).Scan(&found).Error
		if err == nil && !found {
			err = missing("project", r.TargetID)
		}
		return err
	}
	return fault.New(fault.Internal, "a requirement of the unknown kind %s", r.On)
}

// UpdateRequirement reads the requirement, locked, lets change alter it, and stores all of it but its id and target.
func (s *Store) UpdateRequirement(ctx context.Context, id string, change func(*duty.Requirement) error) (duty.Requirement, error) {
	var r duty.Requirement
	var ev event.Event
	err := s.change(ctx, &ev, func(db *gorm.DB) (err error) {
		r, err = edit(db, missing("requirement", id), id, requirementRow.requirement, change, func(old requirementRow, r *duty.Requirement) error {
			was, err := old.requirement()
			r.ID, r.On, r.TargetID = was.ID, was.On, was.TargetID
			ev = requirementEvent("mfa_requirement.update", *r)
			return err
		}, sound(newRequirementRow))
		return err
	})
	return r, err
}

// DeleteRequirement ends a requirement; NotFound when there is none.
func (s *Store) DeleteRequirement(ctx context.Context, id string) error {
	var ev event.Event
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[requirementRow](db, missing("requirement", id), "id = ?", id)
		if err != nil {
			return err
		}
		r, err := old.requirement()
		if err != nil {
			return err
		}
		ev = requirementEvent("mfa_requirement.delete", r)
		return db.Exec("DELETE FROM mfa_requirement WHERE id = ?", id).Error
	})
}

type exemptionRow struct {
	ID        string `gorm:"primaryKey"`
	UserID    string
	Reason    string
	ExpiresAt int64
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	CreatedBy string
}

func (exemptionRow) TableName() string { return "mfa_exemption" }

func (r exemptionRow) exemption() (duty.Exemption, error) {
	return duty.Exemption{
		ID: r.ID, UserID: r.UserID, Reason: r.Reason, ExpiresAt: timeOf(r.ExpiresAt), CreatedAt: timeOf(r.CreatedAt), CreatedBy: r.CreatedBy,
	}, nil
}

// Exemption returns an exemption; NotFound when there is none.
func (s *Store) Exemption(ctx context.Context, id string) (duty.Exemption, error) {
	row, err := take[exemptionRow](ctx, s, missing("exemption", id), "id = ?", id)
	if err != nil {
		return duty.Exemption{}, err
	}
	return row.exemption()
}

// ListExemptions filters by id and user_id.
func (s *Store) ListExemptions(ctx context.Context, q listing.Query) (listing.Page[duty.Exemption], error) {
	return list(ctx, s, collection{"id": {name: "id"}, "user_id": {name: "user_id"}}, q, nil, exemptionRow.exemption)
}

// CreateExemption stores a new exemption in place of one that has ended. NotFound when the user does not exist, Conflict
// when the user has an exemption that goes on.
func (s *Store) CreateExemption(ctx context.Context, x duty.Exemption, now time.Time) error {
	row := exemptionRow{ID: x.ID, UserID: x.UserID, Reason: x.Reason, ExpiresAt: micros(x.ExpiresAt), CreatedAt: micros(x.CreatedAt), CreatedBy: x.CreatedBy}
	ev := event.Event{Action: "mfa_exemption.create", Kind: event.Factor, TargetID: x.ID, UserID: x.UserID, Detail: map[string]any{
		"reason": x.Reason, "expires_at": x.ExpiresAt.UTC().Format(time.RFC3339),
	}}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		u, err := lock[userRow](db, missing("user", x.UserID), "id = ?", x.UserID)
		if err != nil {
			return err
		}
		ev.DomainID = u.DomainID
		if err := db.Exec("DELETE FROM mfa_exemption WHERE user_id = ? AND expires_at <= ?", x.UserID, now.UnixMicro()).Error; err != nil {
			return err
		}
		return conflictAs(db.Create(&row).Error, fault.New(fault.Conflict,
			"Conflict occurred attempting to store exemption - The user has one that goes on."))
	})
}

// DeleteExemption ends an exemption; NotFound when there is none.
func (s *Store) DeleteExemption(ctx context.Context, id string) error {
	ev := event.Event{Action: "mfa_exemption.delete", Kind: event.Factor, TargetID: id}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[exemptionRow](db, missing("exemption", id), "id = ?", id)
		if err != nil {
			return err
		}
		ev.UserID = old.UserID
		return db.Exec("DELETE FROM mfa_exemption WHERE id = ?", id).Error
	})
}

type dutyRow struct {
	RequirementID string `gorm:"primaryKey"`
	UserID        string `gorm:"primaryKey"`
	Since         int64
}

func (dutyRow) TableName() string { return "mfa_duty" }

// BeginDuty notes that a user has fallen under requirements. What has begun before stays as it was.
func (s *Store) BeginDuty(ctx context.Context, userID string, requirementIDs []string, since time.Time) error {
	rows := make([]dutyRow, len(requirementIDs))
	for i, id := range requirementIDs {
		rows[i] = dutyRow{RequirementID: id, UserID: userID, Since: micros(since)}
	}
	ev := event.Event{Action: "mfa_duty.begin", Kind: event.Factor, TargetID: userID, UserID: userID,
		Detail: map[string]any{"requirements": requirementIDs}}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		res := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&rows)
		if res.Error == nil && res.RowsAffected == 0 {
			return errUnchanged
		}
		return res.Error
	})
}

// DutyRecord tells what is on record about a user; nothing for an unknown one.
func (s *Store) DutyRecord(ctx context.Context, userID string) (duty.Record, error) {
	var began []dutyRow
	var exempt []exemptionRow
	err := s.view(ctx, func(db *gorm.DB) error {
		began, exempt = nil, nil
		if err := db.Where("user_id = ?", userID).Find(&began).Error; err != nil {
			return err
		}
		return db.Where("user_id = ?", userID).Find(&exempt).Error
	})
	rec := duty.Record{Since: make(map[string]time.Time, len(began))}
	for _, b := range began {
		rec.Since[b.RequirementID] = timeOf(b.Since)
	}
	for _, x := range exempt {
		rec.ExemptUntil = timeOf(x.ExpiresAt)
	}
	return rec, err
}

// GroupIDs names the groups that a user is a member of.
func (s *Store) GroupIDs(ctx context.Context, userID string) ([]string, error) {
	var ids []string
	err := s.view(ctx, func(db *gorm.DB) error {
		ids = nil
		return db.Raw("SELECT group_id FROM membership WHERE user_id = ?", userID).Scan(&ids).Error
	})
	return ids, err
}
