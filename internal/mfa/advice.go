package mfa

import (
	"context"
	"time"

	"github.com/keyward/identity/internal/fault"
)

// What people are advised to do about their second factors.
const (
	// AdviceEnrol is for who has none.
	AdviceEnrol = "enrol_second_factor"
	// AdviceOtherPhone is for those of whom the loss of one device takes every way in but the recovery codes.
	AdviceOtherPhone = "backup_phone_elsewhere"
	// AdviceCodes is for who has a second factor and hardly any recovery code.
	AdviceCodes = "new_recovery_codes"
)

// fewCodes is how many recovery codes are too few.
const fewCodes = 1

// MaxSnooze is the longest that people may go without being reminded of a second factor.
const MaxSnooze = 90 * 24 * time.Hour

// Advice is what somebody with these factors, and so many recovery codes left, should be told. Who has no factor is told
// so when remind says it.
func Advice(factors []Factor, codes int, remind bool) []string {
	advice, has := []string{}, KindsOf(factors).Any()
	if !has && remind {
		advice = append(advice, AdviceEnrol)
	}
	if SameDevice(factors) {
		advice = append(advice, AdviceOtherPhone)
	}
	if has && codes <= fewCodes {
		advice = append(advice, AdviceCodes)
	}
	return advice
}

// Snooze keeps a user who has no second factor from being reminded until a time; a time that is not in the future
// reminds again. BadRequest when that is later than MaxSnooze.
func (s *Service) Snooze(ctx context.Context, userID string, until time.Time) error {
	now := s.now()
	if until.Sub(now) > MaxSnooze {
		return fault.New(fault.BadRequest, "Invalid input for field 'snoozed_until': it is at most %d days away.", int(MaxSnooze.Hours()/24))
	}
	if !until.After(now) {
		until = time.Time{}
	}
	return s.store.Snooze(ctx, userID, until)
}

// SnoozedUntil tells until when a user is not reminded; nil when he is.
func (s *Service) SnoozedUntil(ctx context.Context, userID string) (*time.Time, error) {
	until, err := s.store.SnoozedUntil(ctx, userID)
	if err != nil || !until.After(s.now()) {
		return nil, err
	}
	return &until, nil
}
