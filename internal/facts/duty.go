package facts

import (
	"context"
	"slices"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/duty"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
)

// Duty returns what a user owes: the requirements of second factors that the user falls under, and what is on record
// about them. Roles count wherever the user has them, through groups and other roles too.
func (f *Facts) Duty(ctx context.Context, u *identity.User) (duty.Duty, error) {
	all, err := single(ctx, f, &f.requirements, func() (*[]duty.Requirement, error) {
		rs, err := f.source.Requirements(ctx)
		return &rs, err
	})
	if err != nil {
		return duty.Duty{}, err
	}
	var d duty.Duty
	for _, r := range *all {
		under, err := f.under(ctx, u, r)
		if err != nil {
			return duty.Duty{}, err
		}
		if under {
			d.Requirements = append(d.Requirements, r)
		}
	}
	if len(d.Requirements) > 0 {
		d.Record, err = cached(ctx, f, f.records, u.ID, func() (duty.Record, error) { return f.source.DutyRecord(ctx, u.ID) })
	}
	return d, err
}

// under reports whether a user falls under a requirement.
func (f *Facts) under(ctx context.Context, u *identity.User, r duty.Requirement) (bool, error) {
	switch r.On {
	case duty.OfDomain:
		return u.DomainID == r.TargetID, nil
	case duty.OfGroup:
		groups, err := cached(ctx, f, f.groups, u.ID, func() ([]string, error) { return f.source.GroupIDs(ctx, u.ID) })
		return slices.Contains(groups, r.TargetID), err
	case duty.OfRole:
		givers, err := f.RolesThatGive(ctx, r.TargetID)
		if err != nil {
			return false, err
		}
		grants, err := f.Grants(ctx, u.ID)
		return slices.ContainsFunc(grants, func(g assignment.Grant) bool { return slices.Contains(givers, g.RoleID) }), err
	case duty.OfProject:
		above, err := f.AboveProject(ctx, r.TargetID)
		if fault.Is(err, fault.NotFound) {
			return false, nil // gone meanwhile
		}
		if err != nil {
			return false, err
		}
		grants, err := f.Grants(ctx, u.ID)
		scope := assignment.Scope{On: assignment.OnProject, ID: r.TargetID, Above: above}
		return slices.ContainsFunc(grants, scope.Covers), err
	}
	return false, fault.New(fault.Internal, "a requirement of the unknown kind %s", r.On)
}

// RolesThatGive returns a role and every role that implies it.
func (f *Facts) RolesThatGive(ctx context.Context, roleID string) ([]string, error) {
	table, err := f.Table(ctx)
	if err != nil {
		return nil, err
	}
	return table.Givers(roleID), nil
}

// AboveProject returns the ids above a project, nearest first, its domain last. NotFound for what is no project.
func (f *Facts) AboveProject(ctx context.Context, projectID string) ([]string, error) {
	p, err := f.Project(ctx, projectID)
	if err != nil {
		return nil, err
	}
	if p.IsDomain {
		return nil, fault.New(fault.NotFound, "Could not find project: %s.", projectID)
	}
	return f.Above(ctx, p)
}
