package oauth

import (
	"context"
	"time"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/resource"
)

// Store is where consumers and tokens live. Changes append their events themselves.
type Store interface {
	Append(ctx context.Context, e event.Event) error

	Consumer(ctx context.Context, id string) (Consumer, error)
	ListConsumers(ctx context.Context, q listing.Query) (listing.Page[Consumer], error)
	CreateConsumer(ctx context.Context, c Consumer) error
	UpdateConsumer(ctx context.Context, id string, change func(*Consumer) error) (Consumer, error)
	// DeleteConsumer deletes a consumer with all its tokens.
	DeleteConsumer(ctx context.Context, id string) error

	RequestToken(ctx context.Context, id string) (RequestToken, error)
	CreateRequestToken(ctx context.Context, t RequestToken) error
	// AuthorizeRequestToken reads a request token, locked, and stores what change makes of it.
	AuthorizeRequestToken(ctx context.Context, id string, change func(*RequestToken) error) error
	// TryVerifier takes one of the tries and reports whether there was one.
	TryVerifier(ctx context.Context, id string, tries int) (bool, error)

	// Exchange stores an access token in the place of a request token. It fails with NotFound when that is gone.
	Exchange(ctx context.Context, requestTokenID string, t AccessToken) error
	AccessToken(ctx context.Context, id string) (AccessToken, error)
	// ListAccessTokens filters by user_id.
	ListAccessTokens(ctx context.Context, q listing.Query) (listing.Page[AccessToken], error)
	DeleteAccessToken(ctx context.Context, id string) error

	// UseNonce notes a nonce until expires and reports whether it is new.
	UseNonce(ctx context.Context, id string, expires time.Time) (bool, error)
}

// Facts says who has which role where (internal/facts).
type Facts interface {
	Project(ctx context.Context, id string) (*resource.Project, error)
	Roles(ctx context.Context, userID string, on assignment.TargetKind, target *resource.Project) ([]*assignment.Role, error)
}

// Sealer keeps secrets at rest (internal/keyring).
type Sealer interface {
	Seal(purpose string, aad []string, plaintext []byte) (string, error)
	Open(purpose string, aad []string, sealed string) ([]byte, error)
}

// Options are an operator's choices; zero is for ever.
type Options struct {
	// RequestTokens and AccessTokens are how long those live.
	RequestTokens, AccessTokens time.Duration
}

// Service is the rules of OAuth 1.0a. It is safe for concurrent use.
type Service struct {
	store  Store
	facts  Facts
	sealer Sealer
	o      Options
	now    func() time.Time
	newID  func() string
}

// NewService makes a service. newID must make ids that nobody can guess.
func NewService(store Store, facts Facts, sealer Sealer, o Options, now func() time.Time, newID func() string) *Service {
	return &Service{store: store, facts: facts, sealer: sealer, o: o, now: now, newID: newID}
}

// end is when something that lives that long from now ends.
func (s *Service) end(life time.Duration) *time.Time {
	if life == 0 {
		return nil
	}
	at := s.now().UTC().Add(life).Truncate(time.Microsecond)
	return &at
}

// ConsumerDraft is what a request says of a consumer.
type ConsumerDraft struct {
	ID          optional.Value[string]
	Description optional.Value[string]
	// Secret tells that one was sent, which is the server's to make.
	Secret bool
	Extra  map[string]any
}

// CreateConsumer makes a consumer and its secret, which is not shown again.
func (s *Service) CreateConsumer(ctx context.Context, d ConsumerDraft) (c Consumer, secret string, err error) {
	c = Consumer{ID: s.newID(), Description: d.Description.Pointer(), Extra: d.Extra}
	secret = newSecret()
	if c.Secret, err = s.seal(OfConsumer, c.ID, secret); err != nil {
		return c, "", err
	}
	return c, secret, s.store.CreateConsumer(ctx, c)
}

// UpdateConsumer changes the description and attributes of the client's own.
func (s *Service) UpdateConsumer(ctx context.Context, id string, d ConsumerDraft) (Consumer, error) {
	if d.Secret {
		return Consumer{}, fault.New(fault.BadRequest, "The secret of a consumer cannot be changed.")
	}
	if d.ID.Present() && d.ID.Or("") != id {
		return Consumer{}, fault.New(fault.BadRequest, "Cannot change the id of a consumer.")
	}
	return s.store.UpdateConsumer(ctx, id, func(c *Consumer) error {
		if d.Description.Present() {
			c.Description = d.Description.Pointer()
		}
		c.Extra = optional.Merge(c.Extra, d.Extra)
		return nil
	})
}

// Consumer returns a consumer. It fails with NotFound.
func (s *Service) Consumer(ctx context.Context, id string) (Consumer, error) {
	return s.store.Consumer(ctx, id)
}

// ListConsumers returns consumers by id; it has no filters.
func (s *Service) ListConsumers(ctx context.Context, q listing.Query) (listing.Page[Consumer], error) {
	return s.store.ListConsumers(ctx, q)
}

// DeleteConsumer deletes a consumer; nothing that it was given is good any more.
func (s *Service) DeleteConsumer(ctx context.Context, id string) error {
	return s.store.DeleteConsumer(ctx, id)
}

// AccessTokens returns the access tokens that a user authorized.
func (s *Service) AccessTokens(ctx context.Context, userID string, q listing.Query) (listing.Page[AccessToken], error) {
	return s.store.ListAccessTokens(ctx, q.With("user_id", userID))
}

// AccessToken returns an access token that the user authorized. It fails with NotFound for those of others.
func (s *Service) AccessToken(ctx context.Context, userID, id string) (AccessToken, error) {
	t, err := s.store.AccessToken(ctx, id)
	if err == nil && t.UserID != userID {
		err = fault.New(fault.NotFound, "Could not find access token: %s.", id)
	}
	if err != nil {
		return AccessToken{}, err
	}
	return t, nil
}

// DeleteAccessToken ends an access token and every token that was made with it.
func (s *Service) DeleteAccessToken(ctx context.Context, id string) error {
	return s.store.DeleteAccessToken(ctx, id)
}
