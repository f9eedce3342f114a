package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/notify"
)

type userRow struct {
	ID               string `gorm:"primaryKey"`
	DomainID         string
	Name             string
	NameFold         string
	Enabled          bool
	DefaultProjectID string
	Options          string
	Extra            string
	CreatedAt        int64 `gorm:"autoCreateTime:false"`
	AuthVersion      int64
	// LastActiveAt is null when no sign-in is known.
	LastActiveAt *int64
	// PasswordExpiresAt is a copy of the newest password's, written by SetPassword only.
	PasswordExpiresAt *int64
}

func (userRow) TableName() string { return "user_account" }

func newUserRow(u identity.User) (userRow, error) {
	options, err := encode(u.Options)
	if err != nil {
		return userRow{}, err
	}
	extra, err := encode(u.Extra)
	return userRow{
		ID: u.ID, DomainID: u.DomainID, Name: nameOf(u.Name), NameFold: fold(u.Name), Enabled: u.Enabled,
		DefaultProjectID: u.DefaultProjectID, Options: options, Extra: extra, CreatedAt: micros(u.CreatedAt),
		AuthVersion: u.AuthVersion, LastActiveAt: microsUnlessZero(u.LastActiveAt),
	}, err
}

func (r userRow) user() (identity.User, error) {
	u := identity.User{
		ID: r.ID, DomainID: r.DomainID, Name: r.Name, Enabled: r.Enabled, DefaultProjectID: r.DefaultProjectID,
		CreatedAt: timeOf(r.CreatedAt), AuthVersion: r.AuthVersion, PasswordExpiresAt: timeOrNull(r.PasswordExpiresAt),
	}
	if r.LastActiveAt != nil {
		u.LastActiveAt = timeOf(*r.LastActiveAt)
	}
	if err := decodeStrictly(r.Options, &u.Options); err != nil {
		u.Options = identity.Options{Unreadable: true}
	}
	return u, decode(r.Extra, &u.Extra)
}

var userAttrs = collection{
	"id": {name: "id"}, "domain_id": {name: "domain_id"}, "name": {name: "name", kind: nameColumn},
	"enabled": {name: "enabled", kind: boolColumn}, "default_project_id": {name: "default_project_id"},
	"password_expires_at": {special: passwordExpiry},
}

// passwordExpiry reads Keystone's <op>:<time> filter. Users whose password never expires do not match.
func passwordExpiry(f listing.Filter) (string, []any, error) {
	bad := fault.New(fault.BadRequest, "The filter password_expires_at takes an operator (lt, lte, gt, gte, eq or neq), "+
		"a colon and a time such as 2031-05-01T09:30:00Z.")
	op, value := "eq", f.Value
	if head, tail, found := strings.Cut(f.Value, ":"); found && head == strings.Trim(head, "0123456789-T") {
		op, value = head, tail
	}
	sign, ok := map[string]string{"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "eq": "=", "neq": "<>"}[op]
	at, err := time.Parse(time.RFC3339, value)
	if !ok || err != nil || f.Op != listing.Equals {
		return "", nil, bad
	}
	return "password_expires_at " + sign + " ?", []any{at.UnixMicro()}, nil
}

// User returns a user; NotFound when there is none.
func (s *Store) User(ctx context.Context, id string) (identity.User, error) {
	row, err := take[userRow](ctx, s, missing("user", id), "id = ?", id)
	if err != nil {
		return identity.User{}, err
	}
	return row.user()
}

// UserByName returns the user of a domain with exactly this name, after NFC.
func (s *Store) UserByName(ctx context.Context, domainID, name string) (identity.User, error) {
	row, err := take[userRow](ctx, s, missing("user", name), "domain_id = ? AND name = ?", domainID, nameOf(name))
	if err != nil {
		return identity.User{}, err
	}
	return row.user()
}

// ListUsers filters by id, domain_id, name, enabled, default_project_id and password_expires_at, and by idp_id,
// protocol_id and unique_id of one federated identity.
func (s *Store) ListUsers(ctx context.Context, q listing.Query) (listing.Page[identity.User], error) {
	q, federated, err := s.byIdentity(q)
	if err != nil {
		return listing.Page[identity.User]{}, err
	}
	return s.listUsers(ctx, q, federated)
}

func (s *Store) listUsers(ctx context.Context, q listing.Query, base func(*gorm.DB) *gorm.DB) (listing.Page[identity.User], error) {
	return list(ctx, s, userAttrs, q, base, userRow.user)
}

// CreateUser stores a new user. NotFound when its domain does not exist, Conflict when the name or the id is
// taken.
func (s *Store) CreateUser(ctx context.Context, u identity.User) error {
	row, err := newUserRow(u)
	if err != nil {
		return err
	}
	ev := event.Event{Action: "user.create", Kind: event.User, TargetID: u.ID, UserID: u.ID, DomainID: u.DomainID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := needDomain(db, u.DomainID); err != nil {
			return err
		}
		return conflictAs(db.Create(&row).Error, taken("user", u.Name, u.DomainID))
	})
}

// UpdateUser reads the user, locked, lets change alter it, and stores all of it. The id and the domain stay;
// so does PasswordExpiresAt, which SetPassword writes. Options that could not be read are kept as they are
// unless change replaces them.
func (s *Store) UpdateUser(ctx context.Context, id string, change func(*identity.User) error) (identity.User, error) {
	var u identity.User
	ev := event.Event{Action: "user.update", Kind: event.User, TargetID: id, UserID: id}
	err := s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[userRow](db, missing("user", id), "id = ?", id)
		if err != nil {
			return err
		}
		if u, err = old.user(); err != nil {
			return err
		}
		mail := notify.Mailbox(u)
		if err := change(&u); err != nil {
			return err
		}
		if notify.Mailbox(u) != mail {
			ev.Detail = map[string]any{notify.Mailed: true}
			s.txOf(db.Statement.Context).moved = append(s.txOf(db.Statement.Context).moved, mailbox{id, mail})
		}
		u.ID, u.DomainID, u.PasswordExpiresAt = old.ID, old.DomainID, timeOrNull(old.PasswordExpiresAt)
		row, err := newUserRow(u)
		if err != nil {
			return err
		}
		if u.Options.Unreadable {
			row.Options = old.Options
		}
		row.PasswordExpiresAt = old.PasswordExpiresAt
		ev.DomainID, ev.Revoking = u.DomainID, u.AuthVersion != old.AuthVersion || old.Enabled && !u.Enabled
		return conflictAs(saveAll(db, &row, id), taken("user", u.Name, u.DomainID))
	})
	return u, err
}

// DeleteUser deletes a user with its passwords, memberships, grants, factors, recovery codes, counters, profile
// and federated identities.
func (s *Store) DeleteUser(ctx context.Context, id string) error {
	ev := event.Event{Action: "user.delete", Kind: event.User, TargetID: id, UserID: id, Revoking: true}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[userRow](db, missing("user", id), "id = ?", id)
		if err != nil {
			return err
		}
		ev.DomainID = old.DomainID
		if err := forgetSignIns(db, "?", id); err != nil {
			return err
		}
		return db.Exec("DELETE FROM user_account WHERE id = ?", id).Error
	})
}

// LockUser keeps other transactions from changing the user until this one ends. It matters inside InTx only:
// lock first, then read what a decision depends on, such as the password history.
func (s *Store) LockUser(ctx context.Context, id string) error {
	if s.txOf(ctx) == nil {
		return nil
	}
	return s.view(ctx, func(db *gorm.DB) error {
		_, err := lock[userRow](db, missing("user", id), "id = ?", id)
		return err
	})
}

// Active notes the day of a user's last sign-in, in UTC; an earlier day than the one on record changes nothing. It
// appends no event, so that a sign-in costs other nodes nothing: what they remember may lag behind.
func (s *Store) Active(ctx context.Context, id string, day time.Time) error {
	return s.mark(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE user_account SET last_active_at = ? WHERE id = ? AND (last_active_at IS NULL OR last_active_at < ?)",
			micros(day), id, micros(day)).Error
	})
}
