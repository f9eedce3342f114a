package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/notify"
	"github.com/keyward/identity/internal/phone"
)

type factorRow struct {
	ID          string `gorm:"primaryKey"`
	UserID      string
	Kind        string
	Name        string
	State       string
	Secret      string
	Algorithm   string
	Digits      int
	Period      int
	LastStep    int64
	Drift       int
	CreatedAt   int64 `gorm:"autoCreateTime:false"`
	ConfirmedAt *int64
	ExpiresAt   *int64
	Channel     string
	Country     string
	Masked      string
	Position    int
	HasApp      bool
	Preferred   bool
}

func (factorRow) TableName() string { return "factor" }

func newFactorRow(f mfa.Factor) factorRow {
	return factorRow{
		ID: f.ID, UserID: f.UserID, Kind: string(f.Kind), Name: nameOf(f.Name), State: string(f.State), Secret: f.Secret,
		Algorithm: f.Algorithm, Digits: f.Digits, Period: f.Period, LastStep: f.LastStep, Drift: f.Drift, CreatedAt: micros(f.CreatedAt),
		ConfirmedAt: microsOrNull(f.ConfirmedAt), ExpiresAt: microsOrNull(f.ExpiresAt),
		Channel: string(f.Phone.Channel), Country: f.Phone.Country, Masked: f.Phone.Masked, Position: f.Phone.Position,
		HasApp: f.Phone.HasApp, Preferred: f.Phone.Preferred,
	}
}

func (r factorRow) factor() (mfa.Factor, error) {
	return mfa.Factor{
		ID: r.ID, UserID: r.UserID, Kind: mfa.Kind(r.Kind), Name: r.Name, State: mfa.State(r.State), Secret: r.Secret,
		Algorithm: r.Algorithm, Digits: r.Digits, Period: r.Period, LastStep: r.LastStep, Drift: r.Drift, CreatedAt: timeOf(r.CreatedAt),
		ConfirmedAt: timeOrNull(r.ConfirmedAt), ExpiresAt: timeOrNull(r.ExpiresAt),
		Phone: mfa.PhoneDetails{
			Channel: phone.Channel(r.Channel), Country: r.Country, Masked: r.Masked, Position: r.Position, HasApp: r.HasApp, Preferred: r.Preferred,
		},
	}, nil
}

func factorEvent(action, userID, id string) event.Event {
	return event.Event{Action: action, Kind: event.Factor, TargetID: id, UserID: userID}
}

// Factor returns a factor of the user; NotFound when the user has no such factor.
func (s *Store) Factor(ctx context.Context, userID, id string) (mfa.Factor, error) {
	row, err := take[factorRow](ctx, s, missing("factor", id), "id = ? AND user_id = ?", id, userID)
	if err != nil {
		return mfa.Factor{}, err
	}
	return row.factor()
}

// FactorByID returns a factor whoever has it; NotFound when there is none.
func (s *Store) FactorByID(ctx context.Context, id string) (mfa.Factor, error) {
	row, err := take[factorRow](ctx, s, missing("factor", id), "id = ?", id)
	if err != nil {
		return mfa.Factor{}, err
	}
	return row.factor()
}

// Factors returns all factors of a user, pending ones included, in the order of their making.
func (s *Store) Factors(ctx context.Context, userID string) ([]mfa.Factor, error) {
	var rows []factorRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return db.Where("user_id = ?", userID).Order("created_at, id").Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, factorRow.factor)
}

// CreateFactor stores a new factor. NotFound when the user does not exist.
func (s *Store) CreateFactor(ctx context.Context, f mfa.Factor) error {
	ev := factorEvent("factor.create", f.UserID, f.ID)
	row := newFactorRow(f)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := need(db, "user_account", "user", f.UserID); err != nil {
			return err
		}
		return conflictAs(db.Create(&row).Error, fault.New(fault.Conflict,
			"Conflict occurred attempting to store factor - Duplicate ID, %s.", f.ID))
	})
}

// UpdateFactor reads the factor, locked, lets change alter it, and stores all of it but its id and user. The
// event is factor.confirm when the factor became active, else factor.update.
func (s *Store) UpdateFactor(ctx context.Context, userID, id string, change func(*mfa.Factor) error) (mfa.Factor, error) {
	var f mfa.Factor
	ev := factorEvent("factor.update", userID, id)
	err := s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[factorRow](db, missing("factor", id), "id = ? AND user_id = ?", id, userID)
		if err != nil {
			return err
		}
		f, _ = old.factor()
		if err := change(&f); err != nil {
			return err
		}
		f.ID, f.UserID = old.ID, old.UserID
		if old.State == string(mfa.Pending) && f.State == mfa.Active {
			ev.Action = "factor.confirm"
		}
		if f.Secret != old.Secret { // another authenticator: what stood for the old one is over
			ev.Detail = map[string]any{notify.Replaced: old.State == string(mfa.Active)}
			if err := db.Exec("DELETE FROM device WHERE user_id = ?", userID).Error; err != nil {
				return err
			}
		}
		row := newFactorRow(f)
		return saveAll(db, &row, id)
	})
	return f, err
}

// DeleteFactor deletes a factor of the user; NotFound when the user has no such factor.
func (s *Store) DeleteFactor(ctx context.Context, userID, id string) error {
	ev := factorEvent("factor.delete", userID, id)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		var gone []string
		err := db.Raw("DELETE FROM factor WHERE id = ? AND user_id = ? RETURNING state", id, userID).Scan(&gone).Error
		if err == nil && len(gone) == 0 || sqlState(err) == "22021" {
			err = missing("factor", id)
		}
		if err == nil && gone[0] == string(mfa.Active) {
			ev.Detail = map[string]any{notify.WasActive: true}
		}
		return err
	})
}

// AdvanceStep marks a time step as used and reports whether it was later than all used before: of many who
// try the same step, exactly one hears true (RFC 6238, 5.2). It appends no event; the sign-in does.
func (s *Store) AdvanceStep(ctx context.Context, factorID string, step int64) (bool, error) {
	var advanced bool
	err := s.mark(ctx, func(db *gorm.DB) error {
		res := db.Exec("UPDATE factor SET last_step = ? WHERE id = ? AND last_step < ?", step, factorID, step)
		advanced = res.RowsAffected == 1
		return res.Error
	})
	return advanced && err == nil, err
}

// SetDrift notes how far off the clock of a phone is. It appends no event; the sign-in does.
func (s *Store) SetDrift(ctx context.Context, factorID string, drift int) error {
	return s.mark(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE factor SET drift = ? WHERE id = ?", drift, factorID).Error
	})
}

type resetRow struct {
	UserID  string `gorm:"primaryKey"`
	ResetAt int64
	ResetBy string
	Reason  string
}

func (resetRow) TableName() string { return "mfa_reset" }

// ResetFactors takes every factor and recovery code from a user, raises the AuthVersion and notes who did it and why.
// When there was a reset after the time free it changes nothing and returns its time, else the zero time.
func (s *Store) ResetFactors(ctx context.Context, r mfa.Reset, free time.Time) (time.Time, error) {
	var before time.Time
	ev := event.Event{Action: "mfa.reset", Kind: event.User, TargetID: r.UserID, UserID: r.UserID, Revoking: true, Detail: map[string]any{"reason": r.Reason}}
	err := s.change(ctx, &ev, func(db *gorm.DB) error {
		before = time.Time{}
		u, err := lock[userRow](db, missing("user", r.UserID), "id = ?", r.UserID)
		if err != nil {
			return err
		}
		ev.DomainID = u.DomainID
		var last []resetRow
		if err := db.Where("user_id = ? AND reset_at > ?", r.UserID, free.UnixMicro()).Find(&last).Error; err != nil {
			return err
		}
		if len(last) > 0 {
			before = timeOf(last[0].ResetAt)
			return errUnchanged
		}
		for _, sql := range []string{
			"DELETE FROM factor WHERE user_id = ?", "DELETE FROM recovery_code WHERE user_id = ?", "DELETE FROM mfa_reset WHERE user_id = ?",
			"UPDATE user_account SET auth_version = auth_version + 1 WHERE id = ?",
		} {
			if err := db.Exec(sql, r.UserID).Error; err != nil {
				return err
			}
		}
		return db.Create(&resetRow{UserID: r.UserID, ResetAt: micros(r.At), ResetBy: r.By, Reason: r.Reason}).Error
	})
	return before, err
}

// ExpirePendingFactors deletes the pending factors whose time has passed.
func (s *Store) ExpirePendingFactors(ctx context.Context, now time.Time) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		var gone []factorRow
		err := s.txOf(ctx).db.WithContext(ctx).Raw("DELETE FROM factor WHERE state = ? AND expires_at <= ? RETURNING id, user_id",
			string(mfa.Pending), now.UnixMicro()).Scan(&gone).Error
		for _, f := range gone {
			if err == nil {
				err = s.append(ctx, factorEvent("factor.expire", f.UserID, f.ID))
			}
		}
		return err
	})
}
