package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/appcred"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

type appCredentialRow struct {
	ID           string `gorm:"primaryKey"`
	UserID       string
	ProjectID    string
	Name         string
	NameFold     string
	Description  *string
	Secret       string
	Unrestricted *bool
	ExpiresAt    *int64
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
	Methods      string
	AuthTime     int64
	Roles        []appCredentialRoleRow `gorm:"foreignKey:ApplicationCredentialID"`
	Rules        []ruleUseRow           `gorm:"foreignKey:ApplicationCredentialID"`
}

func (appCredentialRow) TableName() string { return "application_credential" }

type appCredentialRoleRow struct {
	ApplicationCredentialID string `gorm:"primaryKey"`
	RoleID                  string `gorm:"primaryKey"`
}

func (appCredentialRoleRow) TableName() string { return "application_credential_role" }

// ruleUseRow says that an application credential has an access rule, and at which place.
type ruleUseRow struct {
	ApplicationCredentialID string `gorm:"primaryKey"`
	AccessRuleID            string `gorm:"primaryKey"`
	Position                int
	Rule                    accessRuleRow `gorm:"foreignKey:AccessRuleID"`
}

func (ruleUseRow) TableName() string { return "application_credential_access_rule" }

type accessRuleRow struct {
	ID      string `gorm:"primaryKey"`
	UserID  string
	Service string
	Path    string
	Method  string
}

func (accessRuleRow) TableName() string { return "access_rule" }

func (r accessRuleRow) rule() (appcred.AccessRule, error) { return appcred.AccessRule(r), nil }

func newAppCredentialRow(c appcred.Credential) (appCredentialRow, error) {
	methods, err := encode(c.Methods)
	return appCredentialRow{
		ID: c.ID, UserID: c.UserID, ProjectID: c.ProjectID, Name: nameOf(c.Name), NameFold: fold(c.Name), Description: c.Description,
		Secret: c.Secret, Unrestricted: c.Unrestricted, ExpiresAt: microsOrNull(c.ExpiresAt), CreatedAt: micros(c.CreatedAt),
		Methods: methods, AuthTime: micros(c.AuthTime),
	}, err
}

func (r appCredentialRow) credential() (appcred.Credential, error) {
	c := appcred.Credential{
		ID: r.ID, UserID: r.UserID, ProjectID: r.ProjectID, Name: r.Name, Description: r.Description, Secret: r.Secret,
		Unrestricted: r.Unrestricted, ExpiresAt: timeOrNull(r.ExpiresAt), CreatedAt: timeOf(r.CreatedAt), AuthTime: timeOf(r.AuthTime),
	}
	for _, role := range r.Roles {
		c.RoleIDs = append(c.RoleIDs, role.RoleID)
	}
	for _, use := range r.Rules {
		c.AccessRules = append(c.AccessRules, appcred.AccessRule(use.Rule))
	}
	return c, decode(r.Methods, &c.Methods)
}

// withParts makes a query of application credentials fetch their roles and rules too, in three further queries.
func withParts(db *gorm.DB) *gorm.DB {
	return db.Preload("Roles", func(db *gorm.DB) *gorm.DB { return db.Order("role_id") }).
		Preload("Rules", func(db *gorm.DB) *gorm.DB { return db.Order("position") }).Preload("Rules.Rule")
}

// AppCredential returns an application credential; NotFound when there is none.
func (s *Store) AppCredential(ctx context.Context, id string) (appcred.Credential, error) {
	return s.appCredential(ctx, id, "id = ?", id)
}

// AppCredentialByName returns a user's application credential of that name; NotFound when there is none.
func (s *Store) AppCredentialByName(ctx context.Context, userID, name string) (appcred.Credential, error) {
	return s.appCredential(ctx, name, "user_id = ? AND name = ?", userID, nameOf(name))
}

func (s *Store) appCredential(ctx context.Context, called, where string, args ...any) (appcred.Credential, error) {
	var rows []appCredentialRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return withParts(db).Where(where, args...).Limit(1).Find(&rows).Error
	})
	if err == nil && len(rows) == 0 || fault.Is(err, fault.BadRequest) {
		err = missing("application credential", called)
	}
	if err != nil {
		return appcred.Credential{}, err
	}
	return rows[0].credential()
}

var appCredentialAttrs = collection{
	"id": {name: "id"}, "user_id": {name: "user_id"}, "project_id": {name: "project_id"}, "name": {name: "name", kind: nameColumn},
}

// ListAppCredentials filters by id, user_id, project_id and name.
func (s *Store) ListAppCredentials(ctx context.Context, q listing.Query) (listing.Page[appcred.Credential], error) {
	return list(ctx, s, appCredentialAttrs, q, withParts, appCredentialRow.credential)
}

// CountAppCredentials counts the application credentials of a user.
func (s *Store) CountAppCredentials(ctx context.Context, userID string) (int, error) {
	var n int
	err := s.view(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT COUNT(*) FROM application_credential WHERE user_id = ?", userID).Scan(&n).Error
	})
	return n, err
}

func appCredentialEvent(action string, c appCredentialRow) event.Event {
	return event.Event{Action: action, Kind: event.AppCredential, TargetID: c.ID, UserID: c.UserID}
}

// CreateAppCredential stores a new application credential. Of its access rules, those that the user has already
// are taken instead of new ones; it returns the credential with the rules as they are stored. NotFound names a
// missing user, project or role; Conflict when the name is taken.
func (s *Store) CreateAppCredential(ctx context.Context, c appcred.Credential) (appcred.Credential, error) {
	row, err := newAppCredentialRow(c)
	if err != nil {
		return c, err
	}
	ev := appCredentialEvent("application_credential.create", row)
	err = s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := needAll(db, c); err != nil {
			return err
		}
		if c.AccessRules, err = keepRules(db, c.AccessRules); err != nil {
			return err
		}
		if err := conflictAs(db.Omit("Roles", "Rules").Create(&row).Error, taken("application_credential", c.Name, "")); err != nil {
			return err
		}
		for _, id := range c.RoleIDs {
			if err := db.Create(&appCredentialRoleRow{c.ID, id}).Error; err != nil {
				return err
			}
		}
		for i, r := range c.AccessRules {
			if err := db.Omit("Rule").Create(&ruleUseRow{ApplicationCredentialID: c.ID, AccessRuleID: r.ID, Position: i}).Error; err != nil {
				return err
			}
		}
		return nil
	})
	return c, err
}

func needAll(db *gorm.DB, c appcred.Credential) error {
	if err := need(db, "user_account", "user", c.UserID); err != nil {
		return err
	}
	if err := need(db, "project", "project", c.ProjectID); err != nil {
		return err
	}
	for _, id := range c.RoleIDs {
		if err := need(db, "role", "role", id); err != nil {
			return err
		}
	}
	return nil
}

// keepRules stores those of the rules that are new and returns each once, in the order that they were given in.
func keepRules(db *gorm.DB, rules []appcred.AccessRule) ([]appcred.AccessRule, error) {
	var kept []appcred.AccessRule
	for _, r := range rules {
		err := db.Exec(`INSERT INTO access_rule (id, user_id, service, path, method) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (user_id, service, path, method) DO NOTHING`, r.ID, r.UserID, r.Service, r.Path, r.Method).Error
		if err != nil {
			return nil, err
		}
		row, err := lock[accessRuleRow](db, errVanished, "user_id = ? AND service = ? AND path = ? AND method = ?",
			r.UserID, r.Service, r.Path, r.Method)
		if err != nil {
			return nil, err
		}
		if same := appcred.AccessRule(row); !slices.Contains(kept, same) {
			kept = append(kept, same)
		}
	}
	return kept, nil
}

// DeleteAppCredential deletes an application credential. Its access rules stay the user's.
func (s *Store) DeleteAppCredential(ctx context.Context, id string) error {
	ev := event.Event{}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[appCredentialRow](db, missing("application credential", id), "id = ?", id)
		if err != nil {
			return err
		}
		ev = appCredentialEvent("application_credential.delete", old)
		return db.Exec("DELETE FROM application_credential WHERE id = ?", id).Error
	})
}

// AccessRule returns a user's access rule; NotFound when the user has none with the id.
func (s *Store) AccessRule(ctx context.Context, userID, id string) (appcred.AccessRule, error) {
	row, err := take[accessRuleRow](ctx, s, missing("access rule", id), "id = ? AND user_id = ?", id, userID)
	if err != nil {
		return appcred.AccessRule{}, err
	}
	return row.rule()
}

var accessRuleAttrs = collection{
	"id": {name: "id"}, "user_id": {name: "user_id"}, "service": {name: "service"}, "path": {name: "path"}, "method": {name: "method"},
}

// ListAccessRules filters by id, user_id, service, path and method.
func (s *Store) ListAccessRules(ctx context.Context, q listing.Query) (listing.Page[appcred.AccessRule], error) {
	return list(ctx, s, accessRuleAttrs, q, nil, accessRuleRow.rule)
}

// DeleteAccessRule deletes a user's access rule. NotFound when the user has none with the id, Forbidden while an
// application credential uses it.
func (s *Store) DeleteAccessRule(ctx context.Context, userID, id string) error {
	ev := event.Event{Action: "access_rule.delete", Kind: event.AppCredential, TargetID: id, UserID: userID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if _, err := lock[accessRuleRow](db, missing("access rule", id), "id = ? AND user_id = ?", id, userID); err != nil {
			return err
		}
		var used bool
		err := db.Raw("SELECT EXISTS (SELECT 1 FROM application_credential_access_rule WHERE access_rule_id = ?)", id).Scan(&used).Error
		if err == nil && used {
			err = fault.New(fault.Forbidden, "The access rule %s is in use.", id)
		}
		if err != nil {
			return err
		}
		return db.Exec("DELETE FROM access_rule WHERE id = ?", id).Error
	})
}
