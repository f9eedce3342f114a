package mfa

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/keyward/identity/internal/fault"
)

// ErrWrongCode is the answer to every code that is not accepted, whatever the cause, but a used one.
var ErrWrongCode = fault.New(fault.Unauthorized, "The passcode is not right.").Because("passcode_invalid")

// Accepted says what a code turned out to be.
type Accepted struct {
	// Recovery is true for a recovery code, Phone for one that was sent to a phone.
	Recovery, Phone bool
	FactorID        string
	// Remaining is how many recovery codes are left after a recovery code.
	Remaining int
}

// Check looks at a passcode, of an app or sent to a phone, or recovery code of a user and spends it. It runs inside the caller's
// transaction: when that is rolled back the code is not spent. It fails with ErrWrongCode, and with reason
// passcode_already_used (and the time to the next code) for a code that was right but is spent.
func (s *Service) Check(ctx context.Context, userID, code string) (Accepted, error) {
	if digits(code) {
		accepted, err := s.checkCode(ctx, userID, code)
		if errors.Is(err, ErrWrongCode) {
			return s.CheckPhone(ctx, userID, code)
		}
		return accepted, err
	}
	for _, digest := range s.digests(userID, code) {
		ok, err := s.store.UseRecoveryCode(ctx, userID, digest)
		if err != nil {
			return Accepted{}, err
		}
		if ok {
			left, _, err := s.store.RecoveryCodeCount(ctx, userID)
			return Accepted{Recovery: true, Remaining: left}, err
		}
	}
	return Accepted{}, ErrWrongCode
}

// checkCode tries every active factor and every step of the window, without stopping at a match. One seed may
// be in several factors (Import takes any); their code is one code, and is spent in all of them.
func (s *Service) checkCode(ctx context.Context, userID, code string) (Accepted, error) {
	factors, err := s.Active(ctx, userID)
	if err != nil {
		return Accepted{}, err
	}
	steps := make(map[string]int64, len(factors))
	for _, f := range factors {
		if f.Kind != TOTP {
			continue
		}
		if step, ok := s.match(f, code); ok {
			steps[f.ID] = step
		}
	}
	var accepted Accepted
	for _, f := range factors {
		step, ok := steps[f.ID]
		if !ok {
			continue
		}
		fresh, err := s.store.AdvanceStep(ctx, f.ID, step)
		if err != nil {
			return Accepted{}, err
		}
		if !fresh {
			return Accepted{}, s.used(f)
		}
		if drift := s.drift(f, step); drift != f.Drift {
			if err := s.store.SetDrift(ctx, f.ID, drift); err != nil {
				return Accepted{}, err
			}
		}
		accepted.FactorID = f.ID
	}
	if accepted.FactorID == "" {
		return Accepted{}, ErrWrongCode
	}
	return accepted, nil
}

// used says that a code is spent and when the next one can be read off.
func (s *Service) used(f Factor) error {
	period := int64(f.Period)
	next := period - s.now().Unix()%period
	return fault.New(fault.Unauthorized, "This passcode was used before. Wait for the next one.").
		Because(ReasonUsed).After(time.Duration(next) * time.Second)
}

// ReasonUsed is the reason of refusing a code that was right but is spent.
const ReasonUsed = "passcode_already_used"

// drift is how far off the phone's clock is that showed a step's code, as far as the window goes.
func (s *Service) drift(f Factor, step int64) int {
	off := step - s.now().Unix()/int64(f.Period)
	return int(min(max(off, -int64(s.o.StepsBehind)), int64(s.o.StepsAhead)))
}

// match returns the time step whose code it is. It walks the whole window (RFC 6238, 5.2), which reaches further to
// the side to which the phone's clock was off the last time (RFC 6238, 6): a clock that is a step fast would be refused
// at every other edge of a step, and drifts on. It never reaches less far than for others: clocks are put right. A seed that cannot
// be opened matches nothing.
func (s *Service) match(f Factor, code string) (step int64, ok bool) {
	seed, err := s.sealer.Open(purposeSeed, seedAAD(f), f.Secret)
	if err != nil || len(seed) < 16 || len(code) != f.Digits || f.Period <= 0 {
		return 0, false
	}
	now := s.now().Unix() / int64(f.Period)
	first, last := now-int64(s.o.StepsBehind)+int64(min(f.Drift, 0)), now+int64(s.o.StepsAhead)+int64(max(f.Drift, 0))
	for at := first; at <= last; at++ {
		want, err := codeAt(f, seed, at)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = at, true
		}
	}
	return step, ok
}

func codeAt(f Factor, seed []byte, step int64) (string, error) {
	if step < 0 || step == math.MaxInt64 {
		return "", fmt.Errorf("time step out of range")
	}
	algorithm := map[string]otp.Algorithm{"SHA1": otp.AlgorithmSHA1, "SHA256": otp.AlgorithmSHA256, "SHA512": otp.AlgorithmSHA512}
	a, ok := algorithm[f.Algorithm]
	if !ok {
		return "", fmt.Errorf("unknown algorithm")
	}
	return hotp.GenerateCodeCustom(base32.StdEncoding.EncodeToString(seed), uint64(step),
		hotp.ValidateOpts{Digits: otp.Digits(f.Digits), Algorithm: a})
}

// digits reports whether a code is a passcode: ASCII digits and nothing else.
func digits(code string) bool {
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			return false
		}
	}
	return len(code) > 0 && len(code) < 10
}

const (
	// PurposeRecovery is what the digests of recovery codes are for.
	PurposeRecovery = "recovery-code"
	recoverySize    = 15 // bytes: 120 bits, 24 characters
	recoveryLength  = 24
)

// crockford is the alphabet of recovery codes: no I, L, O or U.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// Regenerate makes a new set of recovery codes; the old set is dead. The codes are returned once, as six
// groups of four characters.
func (s *Service) Regenerate(ctx context.Context, userID string) ([]string, error) {
	codes := make([]string, s.o.RecoveryCodes)
	rows := make([]RecoveryCode, s.o.RecoveryCodes)
	for i := range codes {
		var raw [recoverySize]byte
		_, _ = rand.Read(raw[:]) // never fails
		text := crockford.EncodeToString(raw[:])
		rows[i] = RecoveryCode{ID: s.newID(), UserID: userID, Digest: hex.EncodeToString(s.sealer.MAC(PurposeRecovery, userID, text))}
		var groups []string
		for j := 0; j < recoveryLength; j += 4 {
			groups = append(groups, text[j:j+4])
		}
		codes[i] = strings.Join(groups, "-")
	}
	return codes, s.store.ReplaceRecoveryCodes(ctx, userID, rows)
}

// digests returns what a recovery code may be stored as. Only hyphens and ASCII case are forgiven.
func (s *Service) digests(userID, code string) []string {
	if len(code) > 2*recoveryLength || strings.ContainsFunc(code, func(r rune) bool { return r > 127 }) {
		return nil
	}
	text := strings.ToUpper(strings.ReplaceAll(code, "-", ""))
	if len(text) != recoveryLength {
		return nil
	}
	if _, err := crockford.DecodeString(text); err != nil {
		return nil
	}
	var out []string
	for _, mac := range s.sealer.MACs(PurposeRecovery, userID, text) {
		out = append(out, hex.EncodeToString(mac))
	}
	return out
}

// RecoveryCodes tells how many recovery codes are left of how many.
func (s *Service) RecoveryCodes(ctx context.Context, userID string) (remaining, total int, err error) {
	return s.store.RecoveryCodeCount(ctx, userID)
}

func orWrong(err error) error {
	if err != nil {
		return err
	}
	return ErrWrongCode
}
