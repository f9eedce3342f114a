package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/session"
)

type sessionRow struct {
	ID          string
	UserID      string
	CreatedAt   int64 `gorm:"autoCreateTime:false"`
	LastSeenAt  int64
	ExpiresAt   int64
	Methods     string
	Address     string
	UserAgent   string
	AuthVersion int64
	RiskScore   int
	RiskReasons string
}

func (sessionRow) TableName() string { return "session" }

func (r sessionRow) session() (session.Session, error) {
	return session.Session{
		ID: r.ID, UserID: r.UserID, CreatedAt: timeOf(r.CreatedAt), LastSeenAt: timeOf(r.LastSeenAt), ExpiresAt: timeOf(r.ExpiresAt),
		Methods: strings.Split(r.Methods, ","), Address: r.Address, UserAgent: r.UserAgent, AuthVersion: r.AuthVersion,
		Risk: verdict(r.RiskScore, r.RiskReasons),
	}, nil
}

// BeginSession stores a new session, with the origin of the request that ctx belongs to where the session has none. It
// appends no event; the sign-in does.
func (s *Store) BeginSession(ctx context.Context, x session.Session) error {
	if x.Address == "" && x.UserAgent == "" {
		o := event.OriginOf(ctx)
		x.Address, x.UserAgent = o.Address, o.UserAgent
	}
	return s.mark(ctx, func(db *gorm.DB) error {
		return db.Exec(`INSERT INTO session (id, user_id, created_at, last_seen_at, expires_at, methods, address, user_agent, auth_version,
			risk_score, risk_reasons) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, x.ID, x.UserID, micros(x.CreatedAt), micros(x.LastSeenAt),
			micros(x.ExpiresAt), strings.Join(x.Methods, ","), clean(x.Address), clean(x.UserAgent), x.AuthVersion,
			x.Risk.Score, strings.Join(x.Risk.Names(), " ")).Error
	})
}

// ProveSession notes what else was shown in a session. It appends no event; the sign-in does.
func (s *Store) ProveSession(ctx context.Context, id string, methods []string) error {
	return s.mark(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE session SET methods = ? WHERE id = ?", strings.Join(methods, ","), id).Error
	})
}

// live are the sessions of a user that nothing has ended.
func live(db *gorm.DB, userID string, now, seenSince time.Time) *gorm.DB {
	return db.Where("user_id = ? AND expires_at > ? AND last_seen_at >= ?", userID, micros(now), micros(seenSince)).
		Where("auth_version >= (SELECT u.auth_version FROM user_account u WHERE u.id = ?)", userID)
}

// Sessions returns live sessions of a user, newest first.
func (s *Store) Sessions(ctx context.Context, p session.Page) ([]session.Session, error) {
	var rows []sessionRow
	err := s.view(ctx, func(db *gorm.DB) error {
		q := live(db, p.UserID, p.Now, p.SeenSince)
		if !p.After.IsZero() {
			if !storable(p.AfterID) {
				return errText
			}
			q = q.Where("(created_at, id) < (?, ?)", micros(p.After), p.AfterID)
		}
		rows = nil
		return q.Order("created_at DESC, id DESC").Limit(p.Limit).Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, sessionRow.session)
}

// Session returns a live session of a user; NotFound when there is none.
func (s *Store) Session(ctx context.Context, userID, id string, now, seenSince time.Time) (session.Session, error) {
	var rows []sessionRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return live(db, userID, now, seenSince).Where("id = ?", id).Limit(1).Find(&rows).Error
	})
	if err == nil && len(rows) == 0 {
		err = missing("session", id)
	}
	if err != nil {
		return session.Session{}, err
	}
	return rows[0].session()
}

// LastSeen returns when a session was last written to be seen; NotFound when there is none.
func (s *Store) LastSeen(ctx context.Context, id string) (time.Time, error) {
	row, err := take[sessionRow](ctx, s, missing("session", id), "id = ?", id)
	return timeOf(row.LastSeenAt), err
}

// Sight writes sightings of sessions, of which the latest counts. It appends no event: sightings change nothing.
func (s *Store) Sight(ctx context.Context, seen []session.Sighting) error {
	if len(seen) == 0 {
		return nil
	}
	args := make([]any, 0, 2*len(seen))
	for _, x := range seen {
		args = append(args, x.ID, micros(x.At))
	}
	values := strings.TrimSuffix(strings.Repeat("(CAST(? AS TEXT), CAST(? AS BIGINT)), ", len(seen)), ", ")
	return s.mark(ctx, func(db *gorm.DB) error {
		return db.Exec("WITH seen (id, at) AS (VALUES "+values+`)
			UPDATE session SET last_seen_at = seen.at FROM seen WHERE session.id = seen.id AND session.last_seen_at < seen.at`, args...).Error
	})
}

// EndSession ends a session, and keeps its revocation for the time keep behind its end.
func (s *Store) EndSession(ctx context.Context, x session.Session, keep time.Duration) error {
	return s.revoke(ctx, sessionEnd(x.ID, x.UserID), x.ExpiresAt.Add(keep))
}

func sessionEnd(id, userID string) event.Event {
	return event.Event{Action: "token.revoke", Kind: event.Token, TargetID: id, UserID: userID, Revoking: true}
}

// EndSessions ends up to limit sessions of the user but one, and reports how many it ended.
func (s *Store) EndSessions(ctx context.Context, userID, but string, keep time.Duration, limit int) (int, error) {
	var ids []string
	err := s.InTx(ctx, func(ctx context.Context) error {
		db := exempted(s.txOf(ctx).db.WithContext(ctx))
		ids = nil
		err := db.Raw("SELECT id FROM session WHERE user_id = ? AND id <> ? ORDER BY id LIMIT ?", userID, but, limit).Scan(&ids).Error
		if err != nil || len(ids) == 0 {
			return err
		}
		err = db.Exec(`INSERT INTO revocation (id, expires_at) SELECT id, expires_at + ? FROM session WHERE id IN ?
			ON CONFLICT (id) DO NOTHING`, keep.Microseconds(), ids).Error
		if err == nil {
			err = db.Exec("DELETE FROM session WHERE id IN ?", ids).Error
		}
		ended := make([]event.Event, len(ids))
		for i, id := range ids {
			ended[i] = sessionEnd(id, userID)
		}
		if err == nil {
			err = s.append(ctx, ended...)
		}
		return err
	})
	return len(ids), err
}
