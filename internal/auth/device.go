package auth

import (
	"context"
	"slices"

	"github.com/keyward/identity/internal/device"
	"github.com/keyward/identity/internal/identity"
)

// MethodDevice is a remembered device's secret. No rule names it: it stands for a code when somebody signs in, and
// nowhere else. The token says what was shown, so it never passes for a fresh second factor.
const MethodDevice = "device"

// Devices knows the secrets of remembered devices (internal/device).
type Devices interface {
	// Recognise runs inside the transaction of the sign-in. It fails with Unauthorized for every secret that is not good.
	Recognise(ctx context.Context, u *identity.User, secret string) (device.Device, error)
	// Forbidden reports whether devices may not stand for a user's second factor now.
	Forbidden(ctx context.Context, u *identity.User) (bool, error)
}

// proveDevice takes the secret of a device from somebody who has shown the password; the gate looks at it.
func (s *Service) proveDevice(ctx context.Context, r Request, p *proofs) error {
	if !r.has(MethodDevice) {
		return nil
	}
	if p.user == nil {
		return errRefused
	}
	if p.voucher != nil || !slices.Contains(p.shown(), MethodPassword) {
		return s.refuse(ctx, p.user.ID, "device_alone", errRefused)
	}
	p.device = r.Device
	return nil
}

// recognise looks at a device's secret. It is counted as a code until it proved right; unlike a code, it makes no
// wrong codes forgotten, since it can be shown again and again.
func (s *Service) recognise(ctx context.Context, p *proofs) error {
	d, err := s.devices.Recognise(ctx, p.user, *p.device)
	if err != nil {
		return err
	}
	p.methods, p.right, p.deviceID = union(p.methods, []string{MethodDevice}), true, d.ID
	return s.attempts.Release(ctx, p.user.ID)
}

// standIn adds to the methods what a device among them stands for.
func standIn(methods []string) []string {
	if slices.Contains(methods, MethodDevice) {
		return union(methods, []string{MethodTOTP})
	}
	return methods
}

// stillStandsIn refuses tokens of sessions that have nothing but a device for a second factor where that would not do
// any more: devices are switched off, or the person has come under a rule against them.
func (s *Service) stillStandsIn(ctx context.Context, t *Token) error {
	if !slices.Contains(t.Methods, MethodDevice) || slices.ContainsFunc(t.Methods, isCode) || t.Delegated() {
		return nil
	}
	if s.devices == nil {
		return errRefused
	}
	forbidden, err := s.devices.Forbidden(ctx, t.User)
	if err == nil && forbidden {
		err = errRefused
	}
	return err
}

// KnowsDevices reports whether the operator lets devices stand for second factors.
func (s *Service) KnowsDevices() bool { return s.devices != nil }
