package appcred

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/password"
)

// Store is where application credentials and access rules live. Changes append their events themselves.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	// LockUser lets one change of the user's credentials after the other happen. It fails with NotFound.
	LockUser(ctx context.Context, userID string) error

	AppCredential(ctx context.Context, id string) (Credential, error)
	// ListAppCredentials filters by user_id and name.
	ListAppCredentials(ctx context.Context, q listing.Query) (listing.Page[Credential], error)
	CountAppCredentials(ctx context.Context, userID string) (int, error)
	// CreateAppCredential takes the access rules that the user has already instead of new ones that say the same,
	// and returns what is stored. It fails with Conflict when the user has one of that name.
	CreateAppCredential(ctx context.Context, c Credential) (Credential, error)
	DeleteAppCredential(ctx context.Context, id string) error

	// The following know the access rules of the user only.

	AccessRule(ctx context.Context, userID, id string) (AccessRule, error)
	// ListAccessRules filters by user_id, service, path and method.
	ListAccessRules(ctx context.Context, q listing.Query) (listing.Page[AccessRule], error)
	// DeleteAccessRule fails with Forbidden while an application credential uses the rule.
	DeleteAccessRule(ctx context.Context, userID, id string) error
}

// Vault keeps secrets (internal/auth).
type Vault interface {
	// HashSecret returns what is stored of the secret of the credential with the id, which was drawn at random or
	// chosen by a person.
	HashSecret(ctx context.Context, id, plain string, random bool) (string, error)
}

// Roles knows what roles stand for (internal/assignment).
type Roles interface {
	// Closures returns, by the name of each global role, the ids of all that it stands for, its own first.
	Closures(ctx context.Context) (map[string][]string, error)
}

// Options bound what users make.
type Options struct {
	// UserLimit is how many a user may have; -1 is no limit.
	UserLimit int
	// MinSecret is the least length of secrets that people choose, in characters.
	MinSecret int
}

// Service is the rules of application credentials and access rules. It is safe for concurrent use.
type Service struct {
	store Store
	vault Vault
	roles Roles
	o     Options
	now   func() time.Time
	newID func() string
}

// NewService makes a service.
func NewService(store Store, vault Vault, roles Roles, o Options, now func() time.Time, newID func() string) *Service {
	return &Service{store: store, vault: vault, roles: roles, o: o, now: now, newID: newID}
}

// Maker is who makes an application credential, as his token says. What it is made with is never more than this.
type Maker struct {
	UserID string
	// ProjectID is what the token is scoped to; it becomes the credential's.
	ProjectID string
	// Roles are the names of the token's effective roles.
	Roles []string
	// Methods and AuthTime are those of the sign-in that the token stems from. They do not count when it stems
	// from Parent, which has its own.
	Methods  []string
	AuthTime time.Time
	// Parent is the application credential that the token was made from; nil for a person's own.
	Parent *Credential
}

// Draft is an application credential to be.
type Draft struct {
	Name        string
	Description *string
	// Secret is what the maker chose; empty for one that is drawn at random.
	Secret       string
	Unrestricted *bool
	ExpiresAt    *time.Time
	// Roles are those it shall have; none means all that the token has.
	Roles []RoleRef
	// AccessRules limit it to some requests; none means no limit.
	AccessRules []AccessRule
}

// RoleRef names a role by its id or its name; exactly one is set.
type RoleRef struct{ ID, Name string }

// Credential returns an application credential of a user; NotFound when the user has none with the id.
func (s *Service) Credential(ctx context.Context, userID, id string) (Credential, error) {
	c, err := s.store.AppCredential(ctx, id)
	if err == nil && c.UserID != userID {
		return Credential{}, fault.New(fault.NotFound, "Could not find application credential: %s.", id)
	}
	return c, err
}

// List returns the application credentials of a user; it filters by name.
func (s *Service) List(ctx context.Context, userID string, q listing.Query) (listing.Page[Credential], error) {
	return s.store.ListAppCredentials(ctx, q.With("user_id", userID))
}

// Delete ends an application credential and all its tokens. Its access rules stay the user's.
func (s *Service) Delete(ctx context.Context, id string) error {
	return s.store.DeleteAppCredential(ctx, id)
}

// AccessRule returns an access rule of a user; NotFound when the user has none with the id.
func (s *Service) AccessRule(ctx context.Context, userID, id string) (AccessRule, error) {
	return s.store.AccessRule(ctx, userID, id)
}

// AccessRules returns the access rules of a user; it filters by service, path and method.
func (s *Service) AccessRules(ctx context.Context, userID string, q listing.Query) (listing.Page[AccessRule], error) {
	return s.store.ListAccessRules(ctx, q.With("user_id", userID))
}

// DeleteAccessRule deletes an access rule of a user. It fails with NotFound, and with Forbidden while an application
// credential uses it.
func (s *Service) DeleteAccessRule(ctx context.Context, userID, id string) error {
	return s.store.DeleteAccessRule(ctx, userID, id)
}

const maxName = 255

// Create makes an application credential and returns it with its secret, which is not kept. It fails with Forbidden
// for a token without a project, for one of a restricted application credential, for more than the application
// credential that the token stems from may do, and beyond the user's limit; with BadRequest for a role that the
// token has not, an end that is past, an access rule that the user has not and a secret that can be guessed; with
// NotFound for the name of a role that does not exist; and with Conflict for a name that the user has used.
func (s *Service) Create(ctx context.Context, m Maker, d Draft) (Credential, string, error) {
	c := Credential{
		ID: s.newID(), Name: d.Name, Description: d.Description, UserID: m.UserID, ProjectID: m.ProjectID,
		Unrestricted: d.Unrestricted, ExpiresAt: d.ExpiresAt, CreatedAt: s.now().UTC().Truncate(time.Microsecond),
		Methods: m.Methods, AuthTime: m.AuthTime,
	}
	if err := m.vouch(&c); err != nil {
		return c, "", err
	}
	var err error
	if c.Name, err = naming.Exact("name", c.Name, maxName); err != nil {
		return c, "", err
	}
	if c.Expired(s.now()) {
		return c, "", fault.New(fault.BadRequest, "Invalid input for field 'expires_at': it must be in the future.")
	}
	if c.RoleIDs, err = s.rolesOf(ctx, m, d.Roles); err != nil {
		return c, "", err
	}
	if c.AccessRules, err = s.rulesOf(ctx, m, d.AccessRules); err != nil {
		return c, "", err
	}
	secret, random, err := s.secretOf(d.Secret)
	if err != nil {
		return c, "", err
	}
	if c.Secret, err = s.vault.HashSecret(ctx, c.ID, secret, random); err != nil {
		return c, "", err
	}
	c, err = s.add(ctx, c)
	return c, secret, err
}

// vouch looks at what the token stems from. What is made with an application credential knows no more of its owner
// than that one: methods and time are handed on.
func (m Maker) vouch(c *Credential) error {
	if m.ProjectID == "" {
		return fault.New(fault.Forbidden, "An application credential is for a project: this needs a token of one.").Because("project_scope_required")
	}
	if m.Parent == nil {
		return nil
	}
	if m.Parent.Restricted() {
		return fault.New(fault.Forbidden, "A restricted application credential cannot make another.").Because("delegated_token")
	}
	c.Methods, c.AuthTime = m.Parent.Methods, m.Parent.AuthTime
	return nil
}

func (s *Service) add(ctx context.Context, c Credential) (Credential, error) {
	var made Credential
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockUser(ctx, c.UserID); err != nil {
			return err
		}
		if s.o.UserLimit >= 0 {
			n, err := s.store.CountAppCredentials(ctx, c.UserID)
			if err != nil {
				return err
			}
			if n >= s.o.UserLimit {
				return fault.New(fault.Forbidden, "A user can have at most %d application credentials.", s.o.UserLimit).
					Because("too_many_application_credentials")
			}
		}
		var err error
		made, err = s.store.CreateAppCredential(ctx, c)
		return err
	})
	return made, err
}

// rolesOf works out the ids of the roles that were asked for with those that they imply, none of which the token
// lacks.
func (s *Service) rolesOf(ctx context.Context, m Maker, wanted []RoleRef) ([]string, error) {
	closures, err := s.roles.Closures(ctx)
	if err != nil {
		return nil, err
	}
	var held []string
	name := map[string]string{}
	for _, n := range m.Roles {
		if ids := closures[n]; len(ids) > 0 {
			held, name[ids[0]] = append(held, ids[0]), n
		}
	}
	if len(wanted) == 0 {
		return held, nil
	}
	var ids []string
	for _, r := range wanted {
		n := r.Name
		if n == "" {
			n = name[r.ID] // empty for what the token has not, whether or not it exists
		} else if closures[n] == nil {
			return nil, fault.New(fault.NotFound, "Could not find role: %s.", n)
		}
		closure := closures[n]
		if n == "" || !slices.Contains(held, closure[0]) {
			return nil, fault.New(fault.BadRequest, "Invalid input for field 'roles': the token does not have the role %s.", r.ID+r.Name)
		}
		for _, id := range closure {
			if slices.Contains(held, id) && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

// rulesOf fills in the rules that were named by id, and gives ids to the others.
func (s *Service) rulesOf(ctx context.Context, m Maker, wanted []AccessRule) ([]AccessRule, error) {
	var rules []AccessRule
	for i, r := range wanted {
		if r.ID != "" {
			own, err := s.store.AccessRule(ctx, m.UserID, r.ID)
			if fault.Is(err, fault.NotFound) {
				return nil, badRule("the user has none with the id " + r.ID)
			}
			if err != nil {
				return nil, err
			}
			if r.contradicts(own) {
				return nil, badRule("the one with the id " + r.ID + " is another")
			}
			r = own
		} else {
			r.ID, r.UserID = newRuleID(s.now(), i), m.UserID
		}
		rules = append(rules, r)
	}
	if p := m.Parent; p != nil && len(p.AccessRules) > 0 && !within(rules, p.AccessRules) {
		return nil, fault.New(fault.Forbidden, "The application credential that this is made with has access rules: so must this, and of those only.").
			Because("access_rules_exceeded")
	}
	return rules, nil
}

// newRuleID makes the id of the i-th access rule of a request: a UUID of version 7 (RFC 9562 section 5.7) with i for its
// counter. A list by id then has a user's rules in the order that they were made in, which clients of Keystone expect.
func newRuleID(now time.Time, i int) string {
	var id [16]byte
	_, _ = rand.Read(id[8:])
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16|0x7000|uint64(i)&0xfff)
	id[8] = id[8]&0x3f | 0x80
	return hex.EncodeToString(id[:])
}

func badRule(why string) error {
	return fault.New(fault.BadRequest, "Invalid input for field 'access_rules': %s.", why)
}

// contradicts reports whether what was said beside the id is not what the rule says.
func (r AccessRule) contradicts(own AccessRule) bool {
	differs := func(said, is string) bool { return said != "" && said != is }
	return differs(r.Service, own.Service) || differs(r.Path, own.Path) || differs(r.Method, own.Method)
}

// within reports whether there are rules, each of which is one of the others.
func within(rules, others []AccessRule) bool {
	foreign := func(r AccessRule) bool {
		return !slices.ContainsFunc(others, func(o AccessRule) bool {
			return r.Service == o.Service && r.Path == o.Path && r.Method == o.Method
		})
	}
	return len(rules) > 0 && !slices.ContainsFunc(rules, foreign)
}

// secretOf draws a secret when none was chosen, and judges one that was.
func (s *Service) secretOf(chosen string) (secret string, random bool, err error) {
	if chosen == "" {
		b := make([]byte, 64)
		rand.Read(b) // never fails since Go 1.24
		return base64.RawURLEncoding.EncodeToString(b), true, nil
	}
	if _, err := password.Normalize(chosen); err != nil {
		return "", false, fault.New(fault.BadRequest, "Invalid input for field 'secret': it must be text of at most %d bytes.", password.MaxBytes)
	}
	if utf8.RuneCountInString(chosen) < s.o.MinSecret {
		return "", false, fault.New(fault.BadRequest, "The secret is too short: it needs at least %d characters. Leave it out to be given one.", s.o.MinSecret).
			Because("secret_too_short")
	}
	if err := (password.Policy{MinLength: 1}).Check(chosen); err != nil {
		return "", false, fault.New(fault.BadRequest, "The secret is among those that are tried first. Leave it out to be given one.").
			Because("secret_too_common").From(err)
	}
	return chosen, false, nil
}
