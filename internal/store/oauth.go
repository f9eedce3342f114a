package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/oauth"
)

type consumerRow struct {
	ID          string `gorm:"primaryKey"`
	Description *string
	Secret      string
	Extra       string
}

func (consumerRow) TableName() string { return "oauth_consumer" }

func newConsumerRow(c oauth.Consumer) (consumerRow, error) {
	extra, err := encode(c.Extra)
	return consumerRow{ID: c.ID, Description: c.Description, Secret: c.Secret, Extra: extra}, err
}

func (r consumerRow) consumer() (oauth.Consumer, error) {
	c := oauth.Consumer{ID: r.ID, Description: r.Description, Secret: r.Secret}
	return c, decode(r.Extra, &c.Extra)
}

type requestTokenRow struct {
	ID         string `gorm:"primaryKey"`
	Secret     string
	ConsumerID string
	ProjectID  string
	ExpiresAt  *int64
	Tries      int
	UserID     *string
	RoleIDs    string `gorm:"column:role_ids"`
	Verifier   string
	Methods    string
	AuthTime   int64
}

func (requestTokenRow) TableName() string { return "oauth_request_token" }

func newRequestTokenRow(t oauth.RequestToken) (requestTokenRow, error) {
	roles, methods, err := encodeBoth(t.RoleIDs, t.Methods)
	return requestTokenRow{
		ID: t.ID, Secret: t.Secret, ConsumerID: t.ConsumerID, ProjectID: t.ProjectID, ExpiresAt: microsOrNull(t.ExpiresAt), Tries: t.Tries,
		UserID: textOrNull(t.UserID), RoleIDs: roles, Verifier: t.Verifier, Methods: methods, AuthTime: micros(t.AuthTime),
	}, err
}

func (r requestTokenRow) token() (oauth.RequestToken, error) {
	t := oauth.RequestToken{
		ID: r.ID, Secret: r.Secret, ConsumerID: r.ConsumerID, ProjectID: r.ProjectID, ExpiresAt: timeOrNull(r.ExpiresAt), Tries: r.Tries,
		UserID: orEmpty(r.UserID), Verifier: r.Verifier, AuthTime: timeOf(r.AuthTime),
	}
	if err := decode(r.RoleIDs, &t.RoleIDs); err != nil {
		return t, err
	}
	return t, decode(r.Methods, &t.Methods)
}

type accessTokenRow struct {
	ID         string `gorm:"primaryKey"`
	Secret     string
	ConsumerID string
	ProjectID  string
	UserID     string
	RoleIDs    string `gorm:"column:role_ids"`
	ExpiresAt  *int64
	Methods    string
	AuthTime   int64
}

func (accessTokenRow) TableName() string { return "oauth_access_token" }

func newAccessTokenRow(t oauth.AccessToken) (accessTokenRow, error) {
	roles, methods, err := encodeBoth(t.RoleIDs, t.Methods)
	return accessTokenRow{
		ID: t.ID, Secret: t.Secret, ConsumerID: t.ConsumerID, ProjectID: t.ProjectID, UserID: t.UserID, RoleIDs: roles,
		ExpiresAt: microsOrNull(t.ExpiresAt), Methods: methods, AuthTime: micros(t.AuthTime),
	}, err
}

func (r accessTokenRow) token() (oauth.AccessToken, error) {
	t := oauth.AccessToken{
		ID: r.ID, Secret: r.Secret, ConsumerID: r.ConsumerID, ProjectID: r.ProjectID, UserID: r.UserID,
		ExpiresAt: timeOrNull(r.ExpiresAt), AuthTime: timeOf(r.AuthTime),
	}
	if err := decode(r.RoleIDs, &t.RoleIDs); err != nil {
		return t, err
	}
	return t, decode(r.Methods, &t.Methods)
}

func encodeBoth(a, b []string) (first, second string, err error) {
	if first, err = encode(a); err == nil {
		second, err = encode(b)
	}
	return first, second, err
}

// Consumer returns a consumer; NotFound when there is none.
func (s *Store) Consumer(ctx context.Context, id string) (oauth.Consumer, error) {
	row, err := take[consumerRow](ctx, s, missing("consumer", id), "id = ?", id)
	if err != nil {
		return oauth.Consumer{}, err
	}
	return row.consumer()
}

// ListConsumers filters by id.
func (s *Store) ListConsumers(ctx context.Context, q listing.Query) (listing.Page[oauth.Consumer], error) {
	return list(ctx, s, collection{"id": {name: "id"}}, q, nil, consumerRow.consumer)
}

// CreateConsumer stores a new consumer.
func (s *Store) CreateConsumer(ctx context.Context, c oauth.Consumer) error {
	row, err := newConsumerRow(c)
	if err != nil {
		return err
	}
	ev := event.Event{Action: "consumer.create", Kind: event.OAuth, TargetID: c.ID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return conflictAs(db.Create(&row).Error, taken("consumer", c.ID, ""))
	})
}

// UpdateConsumer reads the consumer, locked, lets change alter it, and stores it; its secret stays.
func (s *Store) UpdateConsumer(ctx context.Context, id string, change func(*oauth.Consumer) error) (oauth.Consumer, error) {
	var c oauth.Consumer
	ev := event.Event{Action: "consumer.update", Kind: event.OAuth, TargetID: id}
	err := s.change(ctx, &ev, func(db *gorm.DB) (err error) {
		c, err = edit(db, missing("consumer", id), id, consumerRow.consumer, change, func(old consumerRow, c *oauth.Consumer) error {
			c.ID, c.Secret = old.ID, old.Secret
			return nil
		}, newConsumerRow)
		return err
	})
	return c, err
}

// DeleteConsumer deletes a consumer with its request tokens and access tokens.
func (s *Store) DeleteConsumer(ctx context.Context, id string) error {
	ev := event.Event{Action: "consumer.delete", Kind: event.OAuth, TargetID: id}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return deleteOne(db, missing("consumer", id), "DELETE FROM oauth_consumer WHERE id = ?", id)
	})
}

// RequestToken returns a request token, whether or not its time is over; NotFound when there is none.
func (s *Store) RequestToken(ctx context.Context, id string) (oauth.RequestToken, error) {
	row, err := take[requestTokenRow](ctx, s, missing("request token", id), "id = ?", id)
	if err != nil {
		return oauth.RequestToken{}, err
	}
	return row.token()
}

// CreateRequestToken stores a new request token. NotFound names a missing consumer or project.
func (s *Store) CreateRequestToken(ctx context.Context, t oauth.RequestToken) error {
	row, err := newRequestTokenRow(t)
	if err != nil {
		return err
	}
	ev := event.Event{Action: "request_token.create", Kind: event.OAuth, TargetID: t.ID, Detail: map[string]any{"consumer": t.ConsumerID}}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if err := need(db, "oauth_consumer", "consumer", t.ConsumerID); err != nil {
			return err
		}
		var found bool
		err := db.Raw("SELECT EXISTS (SELECT 1 FROM project WHERE id = ? AND NOT is_domain)", t.ProjectID).Scan(&found).Error
		if err == nil && !found || sqlState(err) == "22021" {
			err = missing("project", t.ProjectID)
		}
		if err != nil {
			return err
		}
		return db.Create(&row).Error
	})
}

// AuthorizeRequestToken reads a request token, locked, and stores what change makes of it.
func (s *Store) AuthorizeRequestToken(ctx context.Context, id string, change func(*oauth.RequestToken) error) error {
	ev := event.Event{Action: "request_token.authorize", Kind: event.OAuth, TargetID: id}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		_, err := edit(db, missing("request token", id), id, requestTokenRow.token, change, func(_ requestTokenRow, t *oauth.RequestToken) error {
			ev.UserID, ev.Detail = t.UserID, map[string]any{"consumer": t.ConsumerID, "project_id": t.ProjectID}
			return nil
		}, newRequestTokenRow)
		return err
	})
}

// TryVerifier takes one of the tries of a request token and reports whether there was one: of many at once exactly
// as many hear true. It appends no event; what comes of it does.
func (s *Store) TryVerifier(ctx context.Context, id string, tries int) (bool, error) {
	var took bool
	err := s.mark(ctx, func(db *gorm.DB) error {
		res := db.Exec("UPDATE oauth_request_token SET tries = tries + 1 WHERE id = ? AND tries < ?", id, tries)
		took = res.RowsAffected == 1
		return res.Error
	})
	return took, err
}

// Exchange deletes a request token and stores an access token. NotFound when the request token, or what the other
// refers to, is not there (any more): of many at once one succeeds.
func (s *Store) Exchange(ctx context.Context, requestTokenID string, t oauth.AccessToken) error {
	row, err := newAccessTokenRow(t)
	if err != nil {
		return err
	}
	ev := accessTokenEvent("access_token.create", row)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		err := deleteOne(db, missing("request token", requestTokenID), "DELETE FROM oauth_request_token WHERE id = ?", requestTokenID)
		if err != nil {
			return err
		}
		for table, id := range map[string]string{"user_account": t.UserID, "project": t.ProjectID, "oauth_consumer": t.ConsumerID} {
			if err := need(db, table, table, id); err != nil {
				return err
			}
		}
		return db.Create(&row).Error
	})
}

func accessTokenEvent(action string, t accessTokenRow) event.Event {
	return event.Event{
		Action: action, Kind: event.OAuth, TargetID: t.ID, UserID: t.UserID,
		Detail: map[string]any{"consumer": t.ConsumerID, "project_id": t.ProjectID},
	}
}

// AccessToken returns an access token, whether or not its time is over; NotFound when there is none.
func (s *Store) AccessToken(ctx context.Context, id string) (oauth.AccessToken, error) {
	row, err := take[accessTokenRow](ctx, s, missing("access token", id), "id = ?", id)
	if err != nil {
		return oauth.AccessToken{}, err
	}
	return row.token()
}

// ListAccessTokens filters by id and user_id.
func (s *Store) ListAccessTokens(ctx context.Context, q listing.Query) (listing.Page[oauth.AccessToken], error) {
	return list(ctx, s, collection{"id": {name: "id"}, "user_id": {name: "user_id"}}, q, nil, accessTokenRow.token)
}

// DeleteAccessToken deletes an access token.
func (s *Store) DeleteAccessToken(ctx context.Context, id string) error {
	ev := event.Event{}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[accessTokenRow](db, missing("access token", id), "id = ?", id)
		if err != nil {
			return err
		}
		ev = accessTokenEvent("access_token.delete", old)
		return db.Exec("DELETE FROM oauth_access_token WHERE id = ?", id).Error
	})
}

// UseNonce notes a nonce until expires and reports whether it is new: of many at once one hears true.
func (s *Store) UseNonce(ctx context.Context, id string, expires time.Time) (bool, error) {
	var fresh bool
	err := s.mark(ctx, func(db *gorm.DB) error {
		res := db.Exec("INSERT INTO oauth_nonce (id, expires_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING", id, micros(expires))
		fresh = res.RowsAffected == 1
		return res.Error
	})
	return fresh, err
}
