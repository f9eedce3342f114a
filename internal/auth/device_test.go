package auth_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/device"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
)

// laptop knows one secret, of everybody, unless it is forbidden.
type laptop struct{ forbidden *bool }

func (l laptop) Recognise(_ context.Context, _ *identity.User, secret string) (device.Device, error) {
	if secret != "laptop" || *l.forbidden {
		return device.Device{}, device.ErrUnknown
	}
	return device.Device{ID: "d"}, nil
}

func (l laptop) Forbidden(context.Context, *identity.User) (bool, error) { return *l.forbidden, nil }

// devices lets the gate know the laptop; waits counts the refusals that waited as long as all others.
func (g *gate) devices() (forbidden *bool, waits *int) {
	forbidden, waits = new(bool), new(int)
	g.parts.Devices = laptop{forbidden}
	g.parts.Floor = func(context.Context) func() { return func() { *waits++ } }
	g.Service = auth.NewService(g.parts)
	return forbidden, waits
}

// remembering lets the gate know remembered devices as the program does.
func (g *gate) remembering() *device.Service {
	d := device.NewService(g.store, g.ring, device.Rules{
		Factors: func(ctx context.Context, userID string) (ids []string, err error) {
			active, err := g.mfa.Active(ctx, userID)
			for _, f := range active {
				ids = append(ids, f.ID)
			}
			return ids, err
		},
		Forbidden: func(context.Context, *identity.User) (bool, error) { return false, nil },
	}, device.Options{Life: 366 * 24 * time.Hour, Max: 100}, g.now, rand.Text)
	g.parts.Devices = d
	g.Service = auth.NewService(g.parts)
	return d
}

func on(secret string, methods ...string) auth.Request {
	r := withPassword("correct horse")
	r.Methods, r.Device = append(methods, auth.MethodDevice), &secret
	return r
}

// Receipts remember no device: it is looked at at each sign-in.
func TestReceiptsRememberNoDevice(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.enrol()
	_, waits := g.devices()
	rules := func(rules ...[]string) { g.options(func(o *identity.Options) { o.MFARules = &rules }) }
	rules([]string{"password", "totp", "oauth2_credential"}) // which nobody can meet
	half := g.receipt(on("laptop", auth.MethodPassword))
	if !slices.Equal(half.Methods, []string{auth.MethodPassword}) {
		t.Errorf("the receipt remembers %v", half.Methods)
	}
	rules([]string{"password"})
	again := withPassword("correct horse")
	again.Receipt = half.Text
	_ = g.receipt(again)
	wrong := on("another")
	wrong.Receipt = half.Text
	if _, err := g.SignIn(t.Context(), wrong); !errors.Is(err, device.ErrUnknown) || *waits != 1 {
		t.Errorf("another device with a receipt: %v after %d waits, want that it is unknown after one", err, *waits)
	}
	right := on("laptop")
	right.Receipt = half.Text
	if _, err := g.SignIn(t.Context(), right); err != nil {
		t.Errorf("the device with a receipt: %v", err)
	}
}

// A token of a session that has nothing but a device for a second factor is no longer good than a device would be.
func TestTokensOfDevicesEndWithThePermission(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	seed, _ := g.enrol()
	forbidden, _ := g.devices()
	weak := g.signIn(on("laptop", auth.MethodPassword))
	again := withToken(weak.Text)
	again.Methods, again.TOTP = []string{auth.MethodToken, auth.MethodTOTP}, &auth.CodeProof{User: ann(), Code: g.code(seed)}
	strong := g.signIn(again)
	if weak.Assurance() != auth.SingleFactor || strong.Assurance() != auth.MultiFactor {
		t.Errorf("assurance %s and %s", weak.Assurance(), strong.Assurance())
	}
	*forbidden = true
	g.options(func(*identity.Options) {}) // tokens are looked at again, as after every change
	if _, err := g.Read(t.Context(), weak.Text, false); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("a device alone: %v, want a refusal", err)
	}
	if _, err := g.Read(t.Context(), strong.Text, false); err != nil {
		t.Errorf("a code was shown since: %v", err)
	}
}
