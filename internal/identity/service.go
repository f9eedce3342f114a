package identity

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/resource"
)

// Lengths of names in characters, and of ids, as in Keystone.
const (
	maxUserName  = 255
	maxGroupName = 64
	maxID        = 64
)

// Store keeps users, groups and memberships. Its look-ups and changes fail with NotFound for an id that names
// nothing, and with Conflict for a name that is taken.
type Store interface {
	// InTx runs fn in a transaction that travels in its context.
	InTx(ctx context.Context, fn func(ctx context.Context) error) error

	User(ctx context.Context, id string) (User, error)
	ListUsers(ctx context.Context, q listing.Query) (listing.Page[User], error)
	CreateUser(ctx context.Context, u User) error
	// UpdateUser runs change on the locked row.
	UpdateUser(ctx context.Context, id string, change func(*User) error) (User, error)
	DeleteUser(ctx context.Context, id string) error
	// SetPassword and DeletePasswords raise the user's AuthVersion.
	SetPassword(ctx context.Context, p Password) error
	DeletePasswords(ctx context.Context, userID string) error
	// ForgetPasswords deletes all passwords of a user but the newest ones.
	ForgetPasswords(ctx context.Context, userID string, keep int) error
	// Federated returns nothing for an unknown user.
	Federated(ctx context.Context, userID string) ([]FederatedIdentity, error)
	// SetFederated replaces all; BadRequest for a protocol that does not exist, or not in the domain if one is
	// named, Conflict when an identity is another user's.
	SetFederated(ctx context.Context, userID, domainID string, all []FederatedIdentity) error

	groupStore
}

// Hasher turns passwords into what may be stored. It fails with BadRequest for what is no password, and with
// Unavailable when too many are waiting.
type Hasher interface {
	// Hash returns the hash, sealed so that it is good for this user only.
	Hash(ctx context.Context, userID, password string) (sealed string, err error)
}

// Domains tells which domains and projects exist.
type Domains interface {
	// Project returns a project or a domain; NotFound when the id names neither.
	Project(ctx context.Context, id string) (resource.Project, error)
}

// Lockouts forgets failed sign-ins.
type Lockouts interface {
	// ClearLockout forgets all failures counted against the user, within the transaction of ctx.
	ClearLockout(ctx context.Context, userID string) error
}

// Service holds the rules of users and groups. It is safe for concurrent use.
type Service struct {
	store    Store
	hasher   Hasher
	domains  Domains
	lockouts Lockouts
	methods  []string
	now      func() time.Time
	newID    func() string

	compliance Compliance
}

// NewService makes the service. methods are the names that a user's multi_factor_auth_rules may use.
func NewService(store Store, hasher Hasher, domains Domains, lockouts Lockouts, methods []string,
	now func() time.Time, newID func() string) *Service {
	return &Service{store: store, hasher: hasher, domains: domains, lockouts: lockouts, methods: methods, now: now, newID: newID}
}

// WithCompliance sets what is demanded of accounts and passwords, and returns s. It is for the time before s is
// used; without it nothing is.
func (s *Service) WithCompliance(c Compliance) *Service {
	s.compliance = c
	return s
}

// UserInput is what a caller says of a user, new or changed. What is absent keeps its value, or gets its
// default.
type UserInput struct {
	// ID and DomainID of an existing user cannot be changed, only repeated. The id of a new one is ignored.
	ID, DomainID optional.Value[string]
	Name         optional.Value[string]
	// Password is set as an administrator sets it; null takes the password away.
	Password optional.Value[string]
	// DefaultProjectID may name a project that does not exist (Keystone does not look), but never a domain.
	DefaultProjectID optional.Value[string]
	// Enabled is true for a new user that does not say otherwise. True also clears a lock-out.
	Enabled optional.Value[bool]
	Options OptionsPatch
	// Federated replaces what identity providers know the user as; nothing changes when it is empty, as in Keystone.
	Federated []FederatedIdentity
	// FederatedWithin, when set, is the only domain whose identity providers Federated may name: who signs in
	// through those of others is not for an administrator of one domain to say.
	FederatedWithin string
	// Extra are attributes to keep; those of before stay unless they are named.
	Extra map[string]any
	// Along, when set, runs in the same transaction, after the change; its failure undoes the change. was is the
	// zero User for a new one.
	Along func(ctx context.Context, was, is User) error
}

// along runs what goes along with a change.
func (in UserInput) along(ctx context.Context, was, is User) error {
	if in.Along == nil {
		return nil
	}
	return in.Along(ctx, was, is)
}

// User returns a user; NotFound when there is none. Who has been inactive for too long is not enabled.
func (s *Service) User(ctx context.Context, id string) (User, error) {
	u, err := s.store.User(ctx, id)
	return s.shown(u), err
}

// shown is a user as others are to see it.
func (s *Service) shown(u User) User {
	u.Enabled = u.Enabled && !s.compliance.Inactive(&u, s.now())
	return u
}

func (s *Service) shownAll(page listing.Page[User], err error) (listing.Page[User], error) {
	for i := range page.Items {
		page.Items[i] = s.shown(page.Items[i])
	}
	return page, err
}

// ListUsers lists users. NotFound when the marker is not, and was not, a user of the domain asked for. The filter
// enabled is about what administrators set, not about who has been inactive for too long.
func (s *Service) ListUsers(ctx context.Context, q listing.Query) (listing.Page[User], error) {
	return s.shownAll(s.store.ListUsers(ctx, q))
}

// CreateUser makes a user of in.DomainID. NotFound when that is not a domain, Conflict when the name is taken
// in it or a federated identity is another user's, BadRequest for a bad name, password, default project, option
// or federated identity, Unavailable when the server has too many passwords to hash.
func (s *Service) CreateUser(ctx context.Context, in UserInput) (User, error) {
	u := User{ID: s.newID(), DomainID: in.DomainID.Or(""), Enabled: true, Extra: map[string]any{}, CreatedAt: s.now(), AuthVersion: 1}
	name, err := naming.Clean("user name", in.Name.Or(""), maxUserName)
	if err != nil {
		return User{}, err
	}
	in.ID, in.DomainID, in.Name = optional.Of(u.ID), optional.Of(u.DomainID), optional.Of(name)
	if err := needDomain(ctx, s.domains, u.DomainID); err != nil {
		return User{}, err
	}
	if err := s.checkDefaultProject(ctx, in); err != nil {
		return User{}, err
	}
	if err := checkFederated(in.Federated); err != nil {
		return User{}, err
	}
	if err := s.apply(in, &u); err != nil {
		return User{}, err
	}
	sealed, err := s.hash(ctx, u.ID, in)
	if err != nil {
		return User{}, err
	}
	var created User
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.CreateUser(ctx, u); err != nil {
			return err
		}
		if sealed != "" {
			if err := s.setPassword(ctx, u, sealed); err != nil {
				return err
			}
		}
		if err := s.federate(ctx, u.ID, in); err != nil {
			return err
		}
		if created, err = s.store.User(ctx, u.ID); err != nil {
			return err
		}
		return in.along(ctx, User{}, created)
	})
	return s.shown(created), err
}

// UpdateUser changes a user. Disabling it and changing or removing its password end its tokens; enabling it
// clears a lock-out. NotFound when there is no such user, Conflict when the name is taken, a federated identity
// is another's, or stored options that cannot be read would be overwritten in part, BadRequest when the id or
// the domain would change and for a bad name, password, default project, option or federated identity,
// Unavailable as CreateUser.
func (s *Service) UpdateUser(ctx context.Context, id string, in UserInput) (User, error) {
	u, err := s.store.User(ctx, id)
	if err != nil {
		return User{}, err
	}
	if in.Name.Present() {
		name, err := naming.Clean("user name", in.Name.Or(""), maxUserName)
		if err != nil {
			return User{}, err
		}
		in.Name = optional.Of(name)
	}
	if err := s.apply(in, &u); err != nil { // refuse before hashing; the change itself is made on the locked row
		return User{}, err
	}
	if err := s.checkDefaultProject(ctx, in); err != nil {
		return User{}, err
	}
	if err := checkFederated(in.Federated); err != nil {
		return User{}, err
	}
	sealed, err := s.hash(ctx, id, in)
	if err != nil {
		return User{}, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		var was User
		changed, err := s.store.UpdateUser(ctx, id, func(u *User) error {
			was = *u
			return s.apply(in, u)
		})
		if err != nil {
			return err
		}
		if err := s.aftermath(ctx, changed, in, sealed); err != nil {
			return err
		}
		if u, err = s.store.User(ctx, id); err != nil {
			return err
		}
		return in.along(ctx, was, u)
	})
	return s.shown(u), err
}

// aftermath does what a change asks for besides the user's own row.
func (s *Service) aftermath(ctx context.Context, u User, in UserInput, sealed string) error {
	if err := s.federate(ctx, u.ID, in); err != nil {
		return err
	}
	if in.Enabled.Or(false) {
		if err := s.lockouts.ClearLockout(ctx, u.ID); err != nil {
			return err
		}
	}
	switch {
	case sealed != "":
		return s.setPassword(ctx, u, sealed)
	case in.Password.IsNull():
		return s.store.DeletePasswords(ctx, u.ID)
	}
	return nil
}

// DeleteUser deletes a user with all that is the user's: passwords, memberships, grants, factors. NotFound
// when there is none.
func (s *Service) DeleteUser(ctx context.Context, id string) error {
	return s.store.DeleteUser(ctx, id)
}

// EndSessions ends all tokens of a user; NotFound when there is none.
func (s *Service) EndSessions(ctx context.Context, id string) error {
	_, err := s.store.UpdateUser(ctx, id, func(u *User) error {
		u.AuthVersion++
		return nil
	})
	return err
}

// apply writes what in says to u. Keystone's ids cannot be changed.
func (s *Service) apply(in UserInput, u *User) error {
	if err := unchanged(in.ID, u.ID, in.DomainID, u.DomainID); err != nil {
		return err
	}
	if in.Enabled.IsNull() {
		return fault.New(fault.BadRequest, "Invalid input for 'enabled': it must be a boolean.")
	}
	if err := in.Options.apply(&u.Options, s.methods); err != nil {
		return err
	}
	wasEnabled := u.Enabled
	in.Enabled.Apply(&u.Enabled)
	if wasEnabled && !u.Enabled {
		u.AuthVersion++
	}
	if in.Enabled.Or(false) {
		u.LastActiveAt = Day(s.now()) // who is enabled has been inactive from now on only
	}
	in.Name.Apply(&u.Name)
	in.DefaultProjectID.Apply(&u.DefaultProjectID)
	u.Extra = optional.Merge(u.Extra, in.Extra)
	return nil
}

// checkDefaultProject refuses a domain as default project. As in Keystone, the project need not exist.
func (s *Service) checkDefaultProject(ctx context.Context, in UserInput) error {
	id := in.DefaultProjectID.Or("")
	if id == "" {
		return nil
	}
	if utf8.RuneCountInString(id) > maxID {
		return fault.New(fault.BadRequest, "Invalid input for 'default_project_id': it must not be longer than %d characters.", maxID)
	}
	p, err := s.domains.Project(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil && p.IsDomain {
		return fault.New(fault.BadRequest, "User's default project ID cannot be a domain ID: %s.", id)
	}
	return err
}

// hash returns the sealed hash of the password that in sets, or "". It runs before the transaction: hashing
// takes long, and a transaction keeps others waiting.
func (s *Service) hash(ctx context.Context, userID string, in UserInput) (string, error) {
	if err := s.compliance.checkPattern(in); err != nil {
		return "", err
	}
	password, ok := in.Password.Get()
	if !ok {
		return "", nil
	}
	return s.hasher.Hash(ctx, userID, password)
}

// setPassword sets a password as an administrator does. History and age are for those who choose for themselves.
func (s *Service) setPassword(ctx context.Context, u User, sealed string) error {
	now := s.now()
	err := s.store.SetPassword(ctx, Password{
		UserID: u.ID, Hash: sealed, CreatedAt: now, ExpiresAt: s.compliance.Expiry(u.Options, now, false),
	})
	if err != nil {
		return err
	}
	return s.store.ForgetPasswords(ctx, u.ID, s.compliance.Keep())
}

// needDomain fails with NotFound unless id names a domain.
func needDomain(ctx context.Context, domains Domains, id string) error {
	p, err := domains.Project(ctx, id)
	if fault.Is(err, fault.NotFound) || err == nil && !p.IsDomain {
		return fault.New(fault.NotFound, "Could not find domain: %s.", id)
	}
	return err
}

// unchanged refuses to change the id or the domain of what exists.
func unchanged(id optional.Value[string], is string, domain optional.Value[string], isIn string) error {
	if id.Present() && id.Or("") != is {
		return fault.New(fault.BadRequest, "Cannot change the ID.")
	}
	if domain.Present() && domain.Or("") != isIn {
		return fault.New(fault.BadRequest, "Cannot change the domain ID.")
	}
	return nil
}
