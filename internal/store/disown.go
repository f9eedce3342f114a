package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/notify"
)

// Disown notes, once, that it was not the user, and ends what the user signed in with: all tokens and receipts end, no
// device is remembered any more, nor what was first seen of sign-ins since then, the key or trust that the notice tells of
// is deleted, and the password, if there is one, expires at the given time. It reports whether this was the first time.
func (s *Store) Disown(ctx context.Context, n notify.Notice, at time.Time) (bool, error) {
	first := false
	ev := event.Event{
		Action: "notice.disown", Kind: event.User, TargetID: n.UserID, UserID: n.UserID, Revoking: true,
		Detail: map[string]any{"notice": n.ID, "kind": string(n.Kind)},
	}
	err := s.change(ctx, &ev, func(db *gorm.DB) error {
		res := db.Exec("UPDATE notice SET disowned_at = ? WHERE id = ? AND disowned_at IS NULL", at.UnixMicro(), n.ID)
		if first = res.Error == nil && res.RowsAffected == 1; !first {
			return orUnchanged(res.Error)
		}
		old, err := lock[userRow](db, missing("user", n.UserID), "id = ?", n.UserID)
		if fault.Is(err, fault.NotFound) {
			return nil // who is gone has nothing that could end
		}
		if err != nil {
			return err
		}
		ev.DomainID = old.DomainID
		if err := db.Exec("DELETE FROM device WHERE user_id = ?", n.UserID).Error; err != nil {
			return err
		}
		if err := unlearn(db, n.UserID, n.At); err != nil {
			return err
		}
		if err := s.undo(db.Statement.Context, n.EventID); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		err = db.Exec("UPDATE password SET expires_at = ? WHERE id = (SELECT MAX(id) FROM password WHERE user_id = ?)"+
			" AND (expires_at IS NULL OR expires_at > ?)", at.UnixMicro(), n.UserID, at.UnixMicro()).Error
		if err != nil {
			return err
		}
		return db.Exec("UPDATE user_account SET auth_version = auth_version + 1, password_expires_at ="+
			" (SELECT expires_at FROM password WHERE user_id = user_account.id ORDER BY id DESC LIMIT 1) WHERE id = ?", n.UserID).Error
	})
	return first && err == nil, err
}

// undo deletes what an event made, if that is a key or a trust; NotFound when it is not there any more. Second factors
// stay: whoever reads somebody's mails must not get them out of the way.
func (s *Store) undo(ctx context.Context, eventID int64) error {
	evs, err := s.EventsByID(ctx, []int64{eventID})
	if err != nil || len(evs) == 0 {
		return err
	}
	id := evs[0].TargetID
	switch evs[0].Action {
	case "application_credential.create":
		return s.DeleteAppCredential(ctx, id)
	case "access_token.create":
		return s.DeleteAccessToken(ctx, id)
	case "credential.create", "credential.update":
		_, err = s.DeleteCredential(ctx, id)
		return err
	case "trust.create":
		return s.DeleteTrust(ctx, id)
	}
	return nil
}

func orUnchanged(err error) error {
	if err == nil {
		err = errUnchanged
	}
	return err
}
