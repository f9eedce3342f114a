package store

import (
	"cmp"
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/credential"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/mfa"
)

type credentialRow struct {
	ID        string `gorm:"primaryKey"`
	UserID    string
	ProjectID *string
	Kind      string
	Sealed    string
	Methods   string
	AuthTime  *int64
	ChainID   string
}

func (credentialRow) TableName() string { return "credential" }

func newCredentialRow(c credential.Credential) (credentialRow, error) {
	r := credentialRow{ID: c.ID, UserID: c.UserID, ProjectID: textOrNull(c.ProjectID), Kind: c.Type, Sealed: c.Sealed, ChainID: c.ChainID}
	if !c.Made.AuthTime.IsZero() {
		r.AuthTime = microsOrNull(&c.Made.AuthTime)
	}
	var err error
	r.Methods, err = encode(append([]string{}, c.Made.Methods...)) // none is []
	return r, err
}

func (r credentialRow) credential() (credential.Credential, error) {
	c := credential.Credential{ID: r.ID, UserID: r.UserID, ProjectID: orEmpty(r.ProjectID), Type: r.Kind, Sealed: r.Sealed, ChainID: r.ChainID}
	if at := timeOrNull(r.AuthTime); at != nil {
		c.Made.AuthTime = *at
	}
	if r.Methods == "[]" {
		return c, nil
	}
	return c, decode(r.Methods, &c.Made.Methods)
}

// credential is an active factor as a credential. Its seed stays behind.
func (r factorRow) credential() (credential.Credential, error) {
	return credential.Credential{ID: r.ID, UserID: r.UserID, Type: r.Kind}, nil
}

func credentialEvent(action string, r credentialRow) event.Event {
	ev := event.Event{Action: action, Kind: event.Credential, TargetID: r.ID, UserID: r.UserID, Detail: map[string]any{"type": r.Kind}}
	if r.ProjectID != nil {
		ev.Detail["project_id"] = *r.ProjectID
	}
	return ev
}

// Credential returns a credential or an active authenticator app; NotFound when there is neither.
func (s *Store) Credential(ctx context.Context, id string) (credential.Credential, error) {
	none := missing("credential", id)
	row, err := take[credentialRow](ctx, s, none, "id = ?", id)
	if err == nil {
		return row.credential()
	}
	if !fault.Is(err, fault.NotFound) {
		return credential.Credential{}, err
	}
	factor, err := take[factorRow](ctx, s, none, "id = ? AND kind = ? AND state = ?", id, string(mfa.TOTP), string(mfa.Active))
	if err != nil {
		return credential.Credential{}, err
	}
	return factor.credential()
}

var credentialAttrs = collection{"id": {name: "id"}, "user_id": {name: "user_id"}, "type": {name: "kind"}}

// ListCredentials lists credentials and active authenticator apps together, ordered by id; it filters by id,
// user_id and type. A page takes one query of each table, neither longer than the page.
func (s *Store) ListCredentials(ctx context.Context, q listing.Query) (listing.Page[credential.Credential], error) {
	active := func(db *gorm.DB) *gorm.DB {
		return db.Where("kind = ? AND state = ?", string(mfa.TOTP), string(mfa.Active))
	}
	factors, err := list(ctx, s, credentialAttrs, q, active, factorRow.credential)
	if err != nil {
		return factors, err
	}
	page, err := list(ctx, s, credentialAttrs, q, nil, credentialRow.credential)
	if err != nil {
		return page, err
	}
	// What either table left out comes after all that it gave, so the first of both are the first of all.
	page.Items = append(page.Items, factors.Items...)
	slices.SortFunc(page.Items, func(a, b credential.Credential) int { return cmp.Compare(a.ID, b.ID) })
	page.More = page.More || factors.More
	if q.Limit > 0 && len(page.Items) > q.Limit {
		page.Items, page.More = page.Items[:q.Limit], true
	}
	return page, nil
}

// CountCredentials counts the credentials of a user, without second factors.
func (s *Store) CountCredentials(ctx context.Context, userID string) (int, error) {
	var n int
	err := s.view(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT COUNT(*) FROM credential WHERE user_id = ?", userID).Scan(&n).Error
	})
	return n, err
}

// CreateCredential stores a new credential. NotFound when its user or project does not exist; Conflict when the
// id is taken.
func (s *Store) CreateCredential(ctx context.Context, c credential.Credential) error {
	row, err := newCredentialRow(c)
	if err != nil {
		return err
	}
	ev := credentialEvent("credential.create", row)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := need(db, "user_account", "user", c.UserID); err != nil {
			return err
		}
		if c.ProjectID != "" {
			if err := need(db, "project", "project", c.ProjectID); err != nil {
				return err
			}
		}
		return conflictAs(db.Create(&row).Error, fault.New(fault.Conflict,
			"Conflict occurred attempting to store credential - Duplicate entry."))
	})
}

// UpdateCredential reads the credential, locked, lets change alter it, and stores all but whose it is, and of
// which project.
func (s *Store) UpdateCredential(ctx context.Context, id string, change func(*credential.Credential) error) (credential.Credential, error) {
	var c credential.Credential
	var ev event.Event
	err := s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[credentialRow](db, missing("credential", id), "id = ?", id)
		if err != nil {
			return err
		}
		if c, err = old.credential(); err != nil {
			return err
		}
		if err := change(&c); err != nil {
			return err
		}
		c.ID, c.UserID, c.ProjectID = old.ID, old.UserID, orEmpty(old.ProjectID)
		row, err := newCredentialRow(c)
		if err != nil {
			return err
		}
		ev = credentialEvent("credential.update", row)
		return saveAll(db, &row, id)
	})
	return c, err
}

// DeleteCredential deletes a credential and returns it; NotFound when there is none.
func (s *Store) DeleteCredential(ctx context.Context, id string) (credential.Credential, error) {
	var ev event.Event
	var c credential.Credential
	err := s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[credentialRow](db, missing("credential", id), "id = ?", id)
		if err != nil {
			return err
		}
		ev = credentialEvent("credential.delete", old)
		if c, err = old.credential(); err != nil {
			return err
		}
		return deleteOne(db, missing("credential", id), "DELETE FROM credential WHERE id = ?", id)
	})
	return c, err
}
