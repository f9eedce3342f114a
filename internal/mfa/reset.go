package mfa

import (
	"context"
	"strings"
	"time"

	"github.com/keyward/identity/internal/fault"
)

// Reset is an administrator's help for somebody who has lost every factor.
type Reset struct {
	UserID string
	// By is the administrator, Reason what he says why.
	By, Reason string
	At         time.Time
}

// Rename gives a factor another name. It fails with NotFound.
func (s *Service) Rename(ctx context.Context, userID, factorID, name string) (Factor, error) {
	return s.store.UpdateFactor(ctx, userID, factorID, func(f *Factor) error {
		if f.Kind != TOTP || f.expired(s.now()) {
			return fault.New(fault.NotFound, "Could not find factor: %s.", factorID)
		}
		f.Name = name
		return nil
	})
}

// Reset takes all factors and recovery codes from a user; tokens, receipts and whatever else depends on the sign-ins of
// the user end. BadRequest when the reason says nothing, Forbidden for one's own, Conflict when there is nothing to take
// or the last reset was not long ago.
func (s *Service) Reset(ctx context.Context, by, userID, reason string) error {
	now := s.now()
	r := Reset{UserID: userID, By: by, Reason: strings.TrimSpace(reason), At: now}
	switch {
	case r.Reason == "":
		return fault.New(fault.BadRequest, "Invalid input for field 'reason': it must say why.")
	case by == userID:
		return fault.New(fault.Forbidden, "Nobody can reset his own second factors. Remove them one by one.").Because("self_reset")
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockUser(ctx, userID); err != nil {
			return err
		}
		all, err := s.store.Factors(ctx, userID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return fault.New(fault.Conflict, "The user has no second factor.").Because("no_second_factor")
		}
		free := now.Add(-s.o.ResetCoolDown)
		before, err := s.store.ResetFactors(ctx, r, free)
		if err == nil && before.After(free) {
			err = fault.New(fault.Conflict, "The second factors of this user were reset not long ago.").Because("reset_too_soon").After(before.Sub(free))
		}
		if err != nil {
			return err
		}
		return s.attempts.Reset(ctx, userID)
	})
}
