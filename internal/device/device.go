// Package device keeps the secrets of devices on which people have signed in with a second factor and asked not to be
// asked for it there again. It tells whether a secret is good now; what a good one stands for is the gate's business
// (internal/auth). It knows neither HTTP nor SQL.
package device

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
)

// Device is a browser or computer on which a person's second factor is not asked for.
type Device struct {
	ID, UserID string
	// Name is what the person calls it.
	Name string
	// Digest is the keyed digest of its secret, in hex.
	Digest string
	// AuthVersion is the user's when the device was remembered; it ends when that is raised, as by a new password.
	AuthVersion int64
	// Factors are the second factors that the user then had; it ends when any of them is gone.
	Factors              []string
	CreatedAt, ExpiresAt time.Time
	// LastUsedAt is nil until it was used, and LastUsedFrom empty.
	LastUsedAt   *time.Time
	LastUsedFrom string
}

// Store is where devices are kept. Its changes append their events.
type Store interface {
	// LockUser keeps the user as it is until the transaction ends.
	LockUser(ctx context.Context, userID string) error
	User(ctx context.Context, id string) (identity.User, error)
	// Devices returns all devices of a user, in the order of their making.
	Devices(ctx context.Context, userID string) ([]Device, error)
	CreateDevice(ctx context.Context, d Device) error
	// UseDevice notes when and, from the request that ctx belongs to, where a device was used. It fails with NotFound
	// when the device is gone, and keeps it there until the transaction ends. It appends no event.
	UseDevice(ctx context.Context, id string, at time.Time) error
	// DeleteDevice fails with NotFound when the user has no such device.
	DeleteDevice(ctx context.Context, userID, id string) error
	DeleteDevices(ctx context.Context, userID string) error
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
}

// Sealer makes keyed digests (internal/keyring).
type Sealer interface {
	MAC(purpose string, parts ...string) []byte
	MACs(purpose string, parts ...string) [][]byte
}

// Options are an operator's choices.
type Options struct {
	// Life is how long a device is remembered, however often it is used.
	Life time.Duration
	// Max is how many devices a user may have.
	Max int
}

// Rules is what is true of users now.
type Rules struct {
	// Factors returns the ids of a user's active second factors.
	Factors func(ctx context.Context, userID string) ([]string, error)
	// Forbidden reports whether devices may not stand for a user's second factor.
	Forbidden func(ctx context.Context, u *identity.User) (bool, error)
}

// Service remembers devices.
type Service struct {
	store  Store
	sealer Sealer
	rules  Rules
	o      Options
	now    func() time.Time
	newID  func() string
}

// NewService returns a Service.
func NewService(store Store, sealer Sealer, rules Rules, o Options, now func() time.Time, newID func() string) *Service {
	return &Service{store: store, sealer: sealer, rules: rules, o: o, now: now, newID: newID}
}

// Purpose is what the digests of secrets are for.
const Purpose = "device"

const (
	secretSize = 32 // bytes
	maxName    = 255
)

// ErrUnknown is the answer to every secret that is not good, whatever the cause.
var ErrUnknown = fault.New(fault.Unauthorized, "The device is not remembered. Sign in with a code.").Because("device_unknown")

// Remember keeps a new device of a user and returns it with its secret, which nobody can see again. It is for a session
// that was begun at an auth version of the user: what ends all sessions meanwhile is not outlived by a device. It fails
// with Unauthorized when that happened, with Conflict for who has no second factor and for one device too many, with
// Forbidden where devices may not be remembered, and with BadRequest for a name that cannot be.
func (s *Service) Remember(ctx context.Context, userID string, authVersion int64, name string) (d Device, secret string, err error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > maxName || strings.ContainsRune(name, 0) {
		return d, "", fault.New(fault.BadRequest, "Invalid input for field 'name': it must have 1 to %d characters.", maxName)
	}
	var raw [secretSize]byte
	_, _ = rand.Read(raw[:]) // never fails
	secret = base64.RawURLEncoding.EncodeToString(raw[:])
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockUser(ctx, userID); err != nil {
			return err
		}
		u, err := s.store.User(ctx, userID)
		if err != nil {
			return err
		}
		if u.AuthVersion != authVersion {
			return fault.New(fault.Unauthorized, "The session has ended. Sign in again.").Because("changed_meanwhile")
		}
		if d, err = s.draft(ctx, &u); err != nil {
			return err
		}
		d.Name, d.Digest = name, hex.EncodeToString(s.sealer.MAC(Purpose, userID, secret))
		return s.store.CreateDevice(ctx, d)
	})
	return d, secret, err
}

// draft is a device of the user as the user is now.
func (s *Service) draft(ctx context.Context, u *identity.User) (Device, error) {
	none := Device{}
	if forbidden, err := s.Forbidden(ctx, u); err != nil || forbidden {
		return none, orErr(err, fault.New(fault.Forbidden, "Devices of this user are not remembered.").Because("devices_forbidden"))
	}
	factors, err := s.rules.Factors(ctx, u.ID)
	if err != nil || len(factors) == 0 {
		return none, orErr(err, fault.New(fault.Conflict, "A device stands for a second factor; enrol one first.").Because("no_second_factor"))
	}
	if n, err := s.clear(ctx, u, factors); err != nil || n >= s.o.Max {
		return none, orErr(err, fault.New(fault.Conflict, "No more than %d devices are remembered. Forget one first.", s.o.Max).Because("too_many_devices"))
	}
	now := s.now()
	return Device{
		ID: s.newID(), UserID: u.ID, AuthVersion: u.AuthVersion, Factors: factors, CreatedAt: now, ExpiresAt: now.Add(s.o.Life),
	}, nil
}

// clear deletes the devices of a user that something has ended, and tells how many are left.
func (s *Service) clear(ctx context.Context, u *identity.User, factors []string) (left int, err error) {
	all, err := s.store.Devices(ctx, u.ID)
	for _, d := range all {
		if s.good(d, u, factors) {
			left++
		} else if err = s.store.DeleteDevice(ctx, u.ID, d.ID); err != nil {
			break
		}
	}
	return left, err
}

func orErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// Devices returns the devices of a user that are good now.
func (s *Service) Devices(ctx context.Context, userID string) ([]Device, error) {
	u, err := s.store.User(ctx, userID)
	if err != nil {
		return nil, err
	}
	factors, err := s.rules.Factors(ctx, userID)
	if err != nil {
		return nil, err
	}
	return s.live(ctx, &u, factors)
}

func (s *Service) live(ctx context.Context, u *identity.User, factors []string) ([]Device, error) {
	all, err := s.store.Devices(ctx, u.ID)
	return slices.DeleteFunc(all, func(d Device) bool { return !s.good(d, u, factors) }), err
}

// good tells whether nothing has ended a device.
func (s *Service) good(d Device, u *identity.User, factors []string) bool {
	return d.AuthVersion == u.AuthVersion && s.now().Before(d.ExpiresAt) && len(d.Factors) > 0 &&
		!slices.ContainsFunc(d.Factors, func(id string) bool { return !slices.Contains(factors, id) })
}

// Recognise looks at the secret of a device of a user and notes its use. It runs inside the caller's transaction and
// fails with ErrUnknown for every secret that is not good.
func (s *Service) Recognise(ctx context.Context, u *identity.User, secret string) (Device, error) {
	if len(secret) != base64.RawURLEncoding.EncodedLen(secretSize) {
		return Device{}, ErrUnknown
	}
	if forbidden, err := s.Forbidden(ctx, u); err != nil || forbidden {
		return Device{}, orErr(err, ErrUnknown)
	}
	factors, err := s.rules.Factors(ctx, u.ID)
	if err != nil {
		return Device{}, err
	}
	live, err := s.live(ctx, u, factors)
	if err != nil {
		return Device{}, err
	}
	var digests []string
	for _, mac := range s.sealer.MACs(Purpose, u.ID, secret) {
		digests = append(digests, hex.EncodeToString(mac))
	}
	at := slices.IndexFunc(live, func(d Device) bool { return slices.Contains(digests, d.Digest) })
	if at < 0 {
		return Device{}, ErrUnknown
	}
	err = s.store.UseDevice(ctx, live[at].ID, s.now())
	if fault.Is(err, fault.NotFound) {
		err = ErrUnknown // forgotten this moment
	}
	return live[at], err
}

// Forbidden reports whether devices may not stand for a user's second factor now.
func (s *Service) Forbidden(ctx context.Context, u *identity.User) (bool, error) {
	return s.rules.Forbidden(ctx, u)
}

// Forget ends a device of a user. It fails with NotFound.
func (s *Service) Forget(ctx context.Context, userID, id string) error {
	return s.store.DeleteDevice(ctx, userID, id)
}

// ForgetAll ends all devices of a user.
func (s *Service) ForgetAll(ctx context.Context, userID string) error {
	return s.store.DeleteDevices(ctx, userID)
}
