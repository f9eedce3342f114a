package store

import (
	"cmp"
	"context"
	"time"

	"gorm.io/gorm"
)

// Retention says how long what has happened is on record; zero is for ever.
type Retention struct {
	// Events is for the stream of events, for resets of second factors and for exemptions that are over.
	Events time.Duration
	// SignInFailures is for what is known of the networks from which somebody tried to sign in as a user.
	SignInFailures time.Duration
	// Notices is for what people were told.
	Notices time.Duration
}

// aged are the rows of a table that are of no use some time after the time in a column.
type aged struct {
	table, column string
	key           string // empty for id
	also          string // a further condition
	// kept is how long after that time they stay; nil for not at all.
	kept func(Retention) time.Duration
}

// allAged is everything that is forgotten by itself, but pending factors, whose end has an event.
var allAged = []aged{
	{table: "session", column: "expires_at"},
	{table: "revocation", column: "expires_at"},
	{table: "used_receipt", column: "expires_at"},
	{table: "device", column: "expires_at"},
	{table: "sign_in_profile", column: "expires_at", key: "user_id"},
	{table: "oauth_nonce", column: "expires_at"},
	{table: "oauth_request_token", column: "expires_at"},
	{table: "oauth_access_token", column: "expires_at"},
	{table: "message_count", column: "expires_at"},
	{table: "phone_code", column: "expires_at", kept: func(Retention) time.Duration { return 24 * time.Hour }},
	{table: "mfa_snooze", column: "until", key: "user_id"},
	{table: "mfa_exemption", column: "expires_at", kept: eventsKept},
	{table: "mfa_reset", column: "reset_at", key: "user_id", kept: eventsKept},
	{table: "notice", column: "at", kept: func(r Retention) time.Duration { return r.Notices }},
	{
		table: "sign_in_failure", column: "last_at", key: "user_id, kind, network",
		kept: func(r Retention) time.Duration { return r.SignInFailures },
	},
	// The last event stays: its id is where followers of the stream begin.
	{table: "event", column: "at", also: " AND id < (SELECT MAX(id) FROM event)", kept: eventsKept},
}

func eventsKept(r Retention) time.Duration { return r.Events }

// What one call deletes of a table: in small transactions, between which others get their turn, and not for ever when
// there is much. The next call goes on.
const (
	purgeBatch   = 1000
	purgeBatches = 200
)

// Purge deletes what means nothing any more, and what has been on record for long enough. Nodes may do so at once:
// they leave each other's rows alone.
func (s *Store) Purge(ctx context.Context, now time.Time, keep Retention) error {
	for _, a := range allAged {
		before := now
		if a.kept != nil {
			age := a.kept(keep)
			if age <= 0 {
				continue
			}
			before = now.Add(-age)
		}
		if err := s.purge(ctx, a, before); err != nil {
			return err
		}
	}
	return s.ExpirePendingFactors(ctx, now)
}

func (s *Store) purge(ctx context.Context, a aged, before time.Time) error {
	key := cmp.Or(a.key, "id")
	old := "SELECT " + key + " FROM " + a.table + " WHERE " + a.column + " <= ?" + a.also + " ORDER BY " + a.column + " LIMIT ?"
	if s.pg != nil {
		old += " FOR UPDATE SKIP LOCKED"
	}
	for range purgeBatches {
		if idle, err := s.nothingAged(ctx, a, before); err != nil || idle {
			return err
		}
		var gone int64
		err := s.mark(ctx, func(db *gorm.DB) error {
			res := db.Exec("DELETE FROM "+a.table+" WHERE ("+key+") IN ("+old+")", before.UnixMicro(), purgeBatch)
			gone = res.RowsAffected
			return res.Error
		})
		if err != nil || gone < purgeBatch {
			return err
		}
	}
	return nil
}

// nothingAged looks before anything is locked: mostly there is nothing to do, and looking costs SQLite's only writer nothing.
func (s *Store) nothingAged(ctx context.Context, a aged, before time.Time) (idle bool, err error) {
	err = s.view(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT NOT EXISTS (SELECT 1 FROM "+a.table+" WHERE "+a.column+" <= ?"+a.also+")", before.UnixMicro()).Scan(&idle).Error
	})
	return idle, err
}
