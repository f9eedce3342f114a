// Package duty owns who must have a second factor: what operators demand of the people with a role, in a group, on a
// project or of a domain, from when, and who is exempt. It tells what a person owes; whether a sign-in is enough is
// decided by internal/auth, and factors are those of internal/mfa. It knows neither HTTP nor SQL.
package duty

import "time"

// Kind says what a requirement names.
type Kind string

// The kinds. A role counts wherever a person has it, a project for everybody who has a role there, and a domain for the
// accounts in it.
const (
	OfRole    Kind = "role"
	OfGroup   Kind = "group"
	OfProject Kind = "project"
	OfDomain  Kind = "domain"
)

// Requirement demands a second factor of everybody whom its target stands for.
type Requirement struct {
	ID       string
	On       Kind
	TargetID string
	// From is when it begins to hold; GraceDays are the days that each person has from the first sign-in under it. The
	// later of both counts.
	From        time.Time
	GraceDays   int
	Description string
	CreatedAt   time.Time
}

// grace is the time that each person has.
func (r Requirement) grace() time.Duration { return time.Duration(r.GraceDays) * 24 * time.Hour }

// Due is when a second factor is demanded of a person who fell under the requirement at a time.
func (r Requirement) Due(since time.Time) time.Time {
	if end := since.Add(r.grace()); r.GraceDays > 0 && end.After(r.From) {
		return end
	}
	return r.From
}

// Exemption keeps requirements from holding for a person until it ends.
type Exemption struct {
	ID, UserID string
	// Reason is why, for those who look later.
	Reason    string
	ExpiresAt time.Time
	CreatedAt time.Time
	// CreatedBy is the administrator who made it.
	CreatedBy string
}

// Record is what is on record about a person.
type Record struct {
	// Since tells, by requirement, when the person fell under it.
	Since map[string]time.Time
	// ExemptUntil is the end of the person's exemption, zero for none.
	ExemptUntil time.Time
}

// Duty is what a person owes. The zero value is nothing.
type Duty struct {
	// Requirements are those that the person falls under.
	Requirements []Requirement
	Record
}

// From is the earliest time from which a second factor is demanded, as things are now; false when it never is. A grace
// that has not begun would begin now.
func (d Duty) From(now time.Time) (from time.Time, ok bool) {
	for _, r := range d.Requirements {
		since, begun := d.Since[r.ID]
		if !begun {
			since = now
		}
		if due := r.Due(since); !ok || due.Before(from) {
			from, ok = due, true
		}
	}
	if ok && d.ExemptUntil.After(from) {
		from = d.ExemptUntil
	}
	return from, ok
}

// Due reports whether a second factor is demanded now.
func (d Duty) Due(now time.Time) bool {
	from, ok := d.From(now)
	return ok && !now.Before(from)
}

// Unbegun are the requirements with a grace that has not begun for the person.
func (d Duty) Unbegun() []string {
	var ids []string
	for _, r := range d.Requirements {
		if _, begun := d.Since[r.ID]; !begun && r.GraceDays > 0 {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// Circle is the people under a requirement, by what is stored.
type Circle struct {
	Requirement
	// Roles are the role and those that imply it, for a requirement of a role.
	Roles []string
	// Above are the ids above a project, nearest first and its domain last, for a requirement of a project.
	Above []string
}

// Person is somebody who would be refused.
type Person struct {
	ID, Name, DomainID string
	// RequirementIDs are those that the person fails.
	RequirementIDs []string
}

// Adoption counts enabled accounts.
type Adoption struct {
	Users, Enrolled int
	// Required are those under a requirement and not exempt, RequiredEnrolled those of them who have a factor.
	Required, RequiredEnrolled int
	// Exempt are those under a requirement who are exempt now.
	Exempt int
}
