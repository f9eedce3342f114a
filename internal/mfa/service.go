package mfa

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"image/png"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"

	"github.com/keyward/identity/internal/fault"
)

// Store is where factors and recovery codes live. Changes append their events themselves.
type Store interface {
	Factor(ctx context.Context, userID, id string) (Factor, error)
	Factors(ctx context.Context, userID string) ([]Factor, error)
	FactorByID(ctx context.Context, id string) (Factor, error)
	CreateFactor(ctx context.Context, f Factor) error
	UpdateFactor(ctx context.Context, userID, id string, change func(*Factor) error) (Factor, error)
	DeleteFactor(ctx context.Context, userID, id string) error
	// LockUser lets one change of the user's factors after the other happen.
	LockUser(ctx context.Context, userID string) error
	AdvanceStep(ctx context.Context, factorID string, step int64) (bool, error)
	// SetDrift notes how far off a phone's clock is. It appends no event.
	SetDrift(ctx context.Context, factorID string, drift int) error
	// ResetFactors takes every factor and recovery code from the user, raises the AuthVersion and notes the reset. It
	// fails with the time of the one before when that is not before the time free.
	ResetFactors(ctx context.Context, r Reset, free time.Time) (before time.Time, err error)
	ReplaceRecoveryCodes(ctx context.Context, userID string, codes []RecoveryCode) error
	DeleteRecoveryCodes(ctx context.Context, userID string) error
	RecoveryCodeCount(ctx context.Context, userID string) (remaining, total int, err error)
	UseRecoveryCode(ctx context.Context, userID, digest string) (bool, error)
	// Snooze keeps the user from being reminded until a time; the zero time ends it.
	Snooze(ctx context.Context, userID string, until time.Time) error
	// SnoozedUntil is zero for who has not said so.
	SnoozedUntil(ctx context.Context, userID string) (time.Time, error)
	phoneStore
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
}

// Sealer keeps secrets at rest (internal/keyring).
type Sealer interface {
	Seal(purpose string, aad []string, plaintext []byte) (string, error)
	Open(purpose string, aad []string, sealed string) ([]byte, error)
	MAC(purpose string, parts ...string) []byte
	MACs(purpose string, parts ...string) [][]byte
}

// Attempts counts wrong codes. Reserve is called before a code is looked at and reports whether it may be.
type Attempts interface {
	Reserve(ctx context.Context, userID string) (bool, error)
	Release(ctx context.Context, userID string) error
	Reset(ctx context.Context, userID string) error
}

// Options are an operator's choices.
type Options struct {
	// Issuer is the name that authenticator apps show.
	Issuer string
	// Digits is the length of a code, 6 or 8; Period the length of a time step in seconds, 30 or 60.
	Digits, Period int
	// Algorithm is "SHA1", which every app understands, "SHA256" or "SHA512".
	Algorithm string
	// StepsBehind and StepsAhead are how many time steps a phone's clock may be off, 0 or 1 each.
	StepsBehind, StepsAhead int
	// RecoveryCodes is how many codes are made, 1 to 16.
	RecoveryCodes int
	// PendingFor is how long an enrolment may stay unconfirmed.
	PendingFor time.Duration
	// ResetCoolDown is how long after a reset of somebody's factors the next one is refused.
	ResetCoolDown time.Duration
}

// Defaults are what every authenticator app understands.
var Defaults = Options{
	Issuer: "Identity", Digits: 6, Period: 30, Algorithm: "SHA1", StepsBehind: 1, StepsAhead: 1,
	RecoveryCodes: 4, PendingFor: 15 * time.Minute, ResetCoolDown: time.Hour,
}

// MaxFactors is how many factors one person may have, pending ones included.
const MaxFactors = 10

// Service enrols, checks and removes second factors.
type Service struct {
	store    Store
	sealer   Sealer
	attempts Attempts
	o        Options
	now      func() time.Time
	newID    func() string
	phones   PhoneOptions
	carrier  Carrier
}

// NewService makes the service.
func NewService(store Store, sealer Sealer, attempts Attempts, o Options, now func() time.Time, newID func() string) *Service {
	return &Service{store: store, sealer: sealer, attempts: attempts, o: o, now: now, newID: newID}
}

// Enrolment is what a person needs to set up an app. It is shown once.
type Enrolment struct {
	Factor Factor
	// Secret is the seed in base32 without padding, URI the same as an otpauth link, PNG the link as a QR code.
	Secret string
	URI    string
	PNG    []byte
}

const (
	purposeSeed = "totp-seed"
	seedSize    = 20 // bytes; 160 bits for SHA-1 (RFC 4226 R6)
	qrSize      = 256
)

var seedText = base32.StdEncoding.WithPadding(base32.NoPadding)

// Enrol starts the enrolment of an authenticator app: a pending factor with a seed made here. account is the
// label that the app shows. It fails with Conflict when the user has MaxFactors already, or must have a phone first.
func (s *Service) Enrol(ctx context.Context, userID, account, name string) (Enrolment, error) {
	if err := s.PhoneFirst(ctx, userID); err != nil {
		return Enrolment{}, err
	}
	size := seedSize
	if s.o.Algorithm != "SHA1" {
		size = 32
	}
	seed := make([]byte, size)
	_, _ = rand.Read(seed) // never fails
	expires := s.now().Add(s.o.PendingFor)
	f := s.factor(userID, name, Pending)
	f.ExpiresAt = &expires
	e := Enrolment{Secret: seedText.EncodeToString(seed)}
	e.URI = s.uri(f, account, e.Secret)
	var err error
	if e.PNG, err = qr(e.URI); err != nil {
		return Enrolment{}, err
	}
	err = s.add(ctx, &f, seed)
	e.Factor = f
	return e, err
}

// Import adds a factor whose seed was made elsewhere, active at once: Keystone's way of POST /v3/credentials.
// The seed is base32 text with or without padding and holds at least 16 bytes, else BadRequest.
func (s *Service) Import(ctx context.Context, userID, name, seed string) (Factor, error) {
	raw, err := readSeed(seed)
	if err != nil {
		return Factor{}, err
	}
	f := s.factor(userID, name, Active)
	// Imported seeds follow what Keystone knows: SHA-1, 6 digits, 30 seconds.
	f.Algorithm, f.Digits, f.Period = "SHA1", 6, 30
	now := s.now()
	f.ConfirmedAt = &now
	return f, s.add(ctx, &f, raw)
}

// readSeed reads a seed that was made elsewhere.
func readSeed(text string) ([]byte, error) {
	raw, err := seedText.DecodeString(strings.TrimRight(strings.ToUpper(strings.TrimSpace(text)), "="))
	if err != nil || len(raw) < 16 || len(raw) > 128 {
		return nil, fault.New(fault.BadRequest, "Invalid input for field 'credential/blob': a TOTP secret is base32 text of 16 to 128 bytes.")
	}
	if bytes.Equal(raw, bytes.Repeat(raw[:1], len(raw))) {
		return nil, fault.New(fault.BadRequest, "Invalid input for field 'credential/blob': the secret is too simple.")
	}
	return raw, nil
}

// Reseed replaces the seed of an active factor by one that was made elsewhere. It fails as Import does.
func (s *Service) Reseed(ctx context.Context, f Factor, seed string) error {
	raw, err := readSeed(seed)
	if err != nil {
		return err
	}
	sealed, err := s.sealer.Seal(purposeSeed, seedAAD(f), raw)
	if err != nil {
		return fmt.Errorf("seal seed: %w", err)
	}
	_, err = s.store.UpdateFactor(ctx, f.UserID, f.ID, func(f *Factor) error {
		old, err := s.sealer.Open(purposeSeed, seedAAD(*f), f.Secret)
		if err != nil || !bytes.Equal(old, raw) {
			f.LastStep = 0 // the same seed again would else make its used codes good again
		}
		f.Secret = sealed
		return nil
	})
	return err
}

// Credential returns an active factor by its id alone. It fails with NotFound.
func (s *Service) Credential(ctx context.Context, id string) (Factor, error) {
	f, err := s.store.FactorByID(ctx, id)
	if err == nil && (f.State != Active || f.Kind != TOTP) {
		err = fault.New(fault.NotFound, "Could not find credential: %s.", id)
	}
	return f, err
}

func (s *Service) factor(userID, name string, state State) Factor {
	return Factor{
		ID: s.newID(), UserID: userID, Kind: TOTP, Name: name, State: state,
		Algorithm: s.o.Algorithm, Digits: s.o.Digits, Period: s.o.Period, CreatedAt: s.now(),
	}
}

// add seals the seed and stores the factor; enrolments nobody finished make room.
func (s *Service) add(ctx context.Context, f *Factor, seed []byte) error {
	var err error
	if f.Secret, err = s.sealer.Seal(purposeSeed, seedAAD(*f), seed); err != nil {
		return fmt.Errorf("seal seed: %w", err)
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockUser(ctx, f.UserID); err != nil {
			return err
		}
		return s.insert(ctx, *f)
	})
}

// insert runs inside a transaction that has locked the user.
func (s *Service) insert(ctx context.Context, f Factor) error {
	have, err := s.store.Factors(ctx, f.UserID)
	if err != nil {
		return err
	}
	n := len(have)
	for _, old := range have {
		if old.expired(s.now()) {
			if err := s.store.DeleteFactor(ctx, old.UserID, old.ID); err != nil {
				return err
			}
			n--
		}
	}
	if n >= MaxFactors {
		return fault.New(fault.Conflict, "A user can have at most %d second factors.", MaxFactors).Because("too_many_factors")
	}
	return s.store.CreateFactor(ctx, f)
}

func (f Factor) expired(now time.Time) bool {
	return f.State == Pending && f.ExpiresAt != nil && !now.Before(*f.ExpiresAt)
}

func seedAAD(f Factor) []string { return []string{"factor", "secret", f.ID, f.UserID} }

// SeedSealedAs returns the purpose and the place that the seed of a factor is sealed for.
func SeedSealedAs(factorID, userID string) (purpose string, aad []string) {
	return purposeSeed, seedAAD(Factor{ID: factorID, UserID: userID})
}

// maxLabel is how many bytes a name takes in a link at most: a QR code holds about 2300 in all.
const maxLabel = 512

// escaped is a name as it stands in a link. What is too long for a QR code is cut.
func escaped(name string) string {
	var b strings.Builder
	for _, r := range name {
		e := strings.ReplaceAll(url.QueryEscape(string(r)), "+", "%20")
		if b.Len()+len(e) > maxLabel {
			break
		}
		b.WriteString(e)
	}
	return b.String()
}

// uri is the otpauth link of the factor (the key URI format of authenticator apps).
func (s *Service) uri(f Factor, account, secret string) string {
	return "otpauth://totp/" + escaped(s.o.Issuer) + ":" + escaped(account) + "?secret=" + secret + "&issuer=" + escaped(s.o.Issuer) +
		"&algorithm=" + f.Algorithm + "&digits=" + strconv.Itoa(f.Digits) + "&period=" + strconv.Itoa(f.Period)
}

// qr draws the link.
func qr(uri string) ([]byte, error) {
	key, err := otp.NewKeyFromURL(uri)
	if err != nil {
		return nil, fmt.Errorf("read otpauth link: %w", err)
	}
	img, err := key.Image(qrSize, qrSize)
	if err != nil {
		return nil, fmt.Errorf("draw QR code: %w", err)
	}
	var b bytes.Buffer
	err = png.Encode(&b, img)
	return b.Bytes(), err
}

// Confirm turns a pending factor active with a code from it, which is spent thereby. The recovery codes are
// returned with the user's first factor only. It fails with NotFound when there is no such pending factor,
// and with Unauthorized when the code is wrong or codes of the user rest.
func (s *Service) Confirm(ctx context.Context, userID, factorID, code string) (Factor, []string, error) {
	f, err := s.store.Factor(ctx, userID, factorID)
	if err != nil {
		return Factor{}, nil, err
	}
	if f.Kind != TOTP || f.State != Pending || f.expired(s.now()) {
		return Factor{}, nil, fault.New(fault.NotFound, "Could not find pending factor: %s.", factorID)
	}
	if ok, err := s.attempts.Reserve(ctx, userID); err != nil || !ok {
		return Factor{}, nil, orWrong(err)
	}
	step, ok := s.match(f, code)
	if !ok {
		return Factor{}, nil, ErrWrongCode
	}
	return s.confirmed(ctx, f, step)
}

// confirmed makes a factor active, and recovery codes with the first one.
func (s *Service) confirmed(ctx context.Context, f Factor, step int64) (active Factor, codes []string, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		err := s.store.LockUser(ctx, f.UserID)
		if err != nil {
			return err
		}
		if active, err = s.activate(ctx, f, step); err != nil {
			return err
		}
		if codes, err = s.firstCodes(ctx, active); err != nil {
			return err
		}
		return s.attempts.Reset(ctx, f.UserID)
	})
	if err != nil {
		return Factor{}, nil, err
	}
	return active, codes, nil
}

func (s *Service) activate(ctx context.Context, f Factor, step int64) (Factor, error) {
	return s.store.UpdateFactor(ctx, f.UserID, f.ID, func(f *Factor) error {
		if f.State != Pending {
			return fault.New(fault.NotFound, "Could not find pending factor: %s.", f.ID)
		}
		now := s.now()
		f.State, f.ConfirmedAt, f.ExpiresAt, f.LastStep = Active, &now, nil, step
		if f.Kind == TOTP {
			f.Drift = s.drift(*f, step)
		}
		return nil
	})
}

// firstCodes makes recovery codes when f is the user's only active factor.
func (s *Service) firstCodes(ctx context.Context, f Factor) ([]string, error) {
	factors, err := s.store.Factors(ctx, f.UserID)
	if err != nil {
		return nil, err
	}
	for _, other := range factors {
		if other.ID != f.ID && other.State == Active {
			return nil, nil
		}
	}
	return s.Regenerate(ctx, f.UserID)
}

// Remove deletes a factor of a kind; with the last active one the recovery codes go too. It fails with NotFound.
func (s *Service) Remove(ctx context.Context, userID string, kind Kind, factorID string) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockUser(ctx, userID); err != nil {
			return err
		}
		f, err := s.store.Factor(ctx, userID, factorID)
		if err != nil {
			return err
		}
		if f.Kind != kind {
			return fault.New(fault.NotFound, "Could not find factor: %s.", factorID)
		}
		if err := s.store.DeleteFactor(ctx, userID, factorID); err != nil {
			return err
		}
		factors, err := s.Active(ctx, userID)
		if err != nil || len(factors) > 0 {
			return err
		}
		return s.store.DeleteRecoveryCodes(ctx, userID)
	})
}

// Factors returns the user's factors, those whose enrolment ran out left aside.
func (s *Service) Factors(ctx context.Context, userID string) ([]Factor, error) {
	return s.some(ctx, userID, func(f Factor) bool { return !f.expired(s.now()) })
}

// Active returns the user's confirmed factors.
func (s *Service) Active(ctx context.Context, userID string) ([]Factor, error) {
	return s.some(ctx, userID, func(f Factor) bool { return f.State == Active })
}

func (s *Service) some(ctx context.Context, userID string, keep func(Factor) bool) ([]Factor, error) {
	all, err := s.store.Factors(ctx, userID)
	if err != nil {
		return nil, err
	}
	out := all[:0]
	for _, f := range all {
		if keep(f) {
			out = append(out, f)
		}
	}
	return out, nil
}
