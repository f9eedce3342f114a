package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
)

// Issued is a new token of a consumer, with its secret.
type Issued struct {
	ID, Secret string
	ExpiresAt  *time.Time
}

// RoleRef names a role; the id wins over the name.
type RoleRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Authorizer is who authorizes a request token, and the sign-in that he did it with.
type Authorizer struct {
	UserID   string
	Methods  []string
	AuthTime time.Time
}

// MaxTries is how many verifiers may be tried for one request token.
const MaxTries = 5

// skew is how far the clock of a consumer may be off.
const skew = 5 * time.Minute

// Ask gives a consumer a request token for a project. It fails with Unauthorized for a request that is not
// rightly signed, and NotFound for a project that is not there.
func (s *Service) Ask(ctx context.Context, r Signed, projectID string) (Issued, error) {
	p, err := s.verify(ctx, r, func(params) (string, error) { return "", nil })
	if err != nil {
		return Issued{}, err
	}
	if callback, ok := p["oauth_callback"]; ok && callback != "oob" {
		return Issued{}, fault.New(fault.BadRequest, "The oauth_callback must be oob: people bring the verifier themselves.")
	}
	if projectID == "" {
		return Issued{}, fault.New(fault.BadRequest, "The header Requested-Project-Id is required.")
	}
	t := RequestToken{ID: s.newID(), ConsumerID: p["oauth_consumer_key"], ProjectID: projectID, ExpiresAt: s.end(s.o.RequestTokens)}
	out := Issued{ID: t.ID, Secret: newSecret(), ExpiresAt: t.ExpiresAt}
	if t.Secret, err = s.seal(OfRequestToken, t.ID, out.Secret); err != nil {
		return Issued{}, err
	}
	return out, s.store.CreateRequestToken(ctx, t)
}

// RequestToken returns a request token whose time is not over. It fails with NotFound.
func (s *Service) RequestToken(ctx context.Context, id string) (RequestToken, error) {
	t, err := s.store.RequestToken(ctx, id)
	if err == nil && over(t.ExpiresAt, s.now()) {
		err = fault.New(fault.NotFound, "Could not find request token: %s.", id)
	}
	if err != nil {
		return RequestToken{}, err
	}
	return t, nil
}

// Authorize lets a consumer act on the project that it asked for with these roles, which the user must have there,
// and returns the verifier. Unauthorized, as in Keystone, when he has not; Conflict when somebody was first.
func (s *Service) Authorize(ctx context.Context, id string, by Authorizer, refs []RoleRef) (verifier string, err error) {
	t, err := s.RequestToken(ctx, id)
	if err != nil {
		return "", err
	}
	ids, err := s.roles(ctx, by.UserID, t.ProjectID, refs)
	if err != nil {
		return "", err
	}
	verifier = newVerifier()
	sealed, err := s.seal(OfVerifier, id, verifier)
	if err != nil {
		return "", err
	}
	return verifier, s.store.AuthorizeRequestToken(ctx, id, func(t *RequestToken) error {
		if t.Authorized() {
			return fault.New(fault.Conflict, "The request token has been authorized already.")
		}
		t.UserID, t.RoleIDs, t.Verifier, t.Methods, t.AuthTime = by.UserID, ids, sealed, by.Methods, by.AuthTime
		return nil
	})
}

// roles finds the wanted roles among those that a user has on a project.
func (s *Service) roles(ctx context.Context, userID, projectID string, refs []RoleRef) ([]string, error) {
	project, err := s.facts.Project(ctx, projectID)
	if err != nil {
		return nil, err
	}
	held, err := s.facts.Roles(ctx, userID, assignment.OnProject, project)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, ref := range refs {
		i := slices.IndexFunc(held, func(r *assignment.Role) bool {
			return ref.ID != "" && r.ID == ref.ID || ref.ID == "" && r.Name == ref.Name
		})
		if i < 0 || !project.Enabled {
			return nil, fault.New(fault.Unauthorized, "The authorizing user does not have a required role.").Because("role_not_held")
		}
		if !slices.Contains(ids, held[i].ID) {
			ids = append(ids, held[i].ID)
		}
	}
	return ids, nil
}

// Exchange gives a consumer the access token for a request token that was authorized, once. Everything that is not
// right is Unauthorized.
func (s *Service) Exchange(ctx context.Context, r Signed) (Issued, error) {
	var t RequestToken
	p, err := s.verify(ctx, r, func(p params) (string, error) {
		var err error
		if t, err = s.RequestToken(ctx, p["oauth_token"]); err != nil || t.ConsumerID != p["oauth_consumer_key"] {
			return "", orRefused(err)
		}
		return s.open(OfRequestToken, t.ID, t.Secret)
	})
	if err != nil {
		return Issued{}, err
	}
	if err := s.rightVerifier(ctx, t, p["oauth_verifier"]); err != nil {
		return Issued{}, err
	}
	a := AccessToken{
		ID: s.newID(), ConsumerID: t.ConsumerID, ProjectID: t.ProjectID, UserID: t.UserID, RoleIDs: t.RoleIDs,
		ExpiresAt: s.end(s.o.AccessTokens), Methods: t.Methods, AuthTime: t.AuthTime,
	}
	out := Issued{ID: a.ID, Secret: newSecret(), ExpiresAt: a.ExpiresAt}
	if a.Secret, err = s.seal(OfAccessToken, a.ID, out.Secret); err != nil {
		return Issued{}, err
	}
	if err := s.store.Exchange(ctx, t.ID, a); fault.Is(err, fault.NotFound) {
		return Issued{}, errRefused // another request was first, or something behind the token has gone
	} else if err != nil {
		return Issued{}, err
	}
	return out, nil
}

// rightVerifier takes a try before it looks, so that many at once try no more often.
func (s *Service) rightVerifier(ctx context.Context, t RequestToken, sent string) error {
	if !t.Authorized() {
		return errRefused.Because("request_token_not_authorized")
	}
	if ok, err := s.store.TryVerifier(ctx, t.ID, MaxTries); err != nil {
		return err
	} else if !ok {
		return errRefused.Because("verifier_locked")
	}
	want, err := s.open(OfVerifier, t.ID, t.Verifier)
	if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(sent)) != 1 {
		err = errRefused.Because("verifier_wrong")
	}
	return err
}

// Authenticate tells which access token a request was signed with. Everything that is not right is Unauthorized.
func (s *Service) Authenticate(ctx context.Context, r Signed) (AccessToken, error) {
	var t AccessToken
	_, err := s.verify(ctx, r, func(p params) (string, error) {
		var err error
		if t, err = s.store.AccessToken(ctx, p["oauth_token"]); err != nil || t.ConsumerID != p["oauth_consumer_key"] {
			return "", orRefused(err)
		}
		return s.open(OfAccessToken, t.ID, t.Secret)
	})
	if err == nil && t.Expired(s.now()) {
		err = errRefused.Because("access_token_expired")
	}
	if fault.Is(err, fault.Unauthorized) && t.UserID != "" {
		if e := s.store.Append(ctx, event.Event{
			Action: "token.refuse", Outcome: event.Failure, Kind: event.Token, UserID: t.UserID,
			Detail: map[string]any{"cause": "oauth1", "access_token": t.ID}, Origin: event.OriginOf(ctx),
		}); e != nil {
			return AccessToken{}, e
		}
	}
	return t, err
}

// verify checks signature, time and nonce of a request, in that order: what a stranger sends leaves no trace. secret
// finds the secret of the token that the request names.
func (s *Service) verify(ctx context.Context, r Signed, secret func(params) (string, error)) (params, error) {
	p, err := parse(r.Authorization)
	if err != nil {
		return nil, err
	}
	consumer, err := s.store.Consumer(ctx, p["oauth_consumer_key"])
	if err != nil {
		return nil, orRefused(err)
	}
	consumerKey, err := s.open(OfConsumer, consumer.ID, consumer.Secret)
	if err != nil {
		return nil, err
	}
	tokenKey, err := secret(p)
	if err != nil {
		return nil, err
	}
	if !p.rightFor(r, consumerKey, tokenKey) {
		return nil, errRefused
	}
	return p, s.fresh(ctx, p)
}

// fresh refuses requests that are too old or too new, and those that came before.
func (s *Service) fresh(ctx context.Context, p params) error {
	at, err := strconv.ParseInt(p["oauth_timestamp"], 10, 64)
	sent := time.Unix(at, 0)
	if off := s.now().Sub(sent); err != nil || off > skew || off < -skew {
		return errRefused.Because("timestamp_refused")
	}
	if p["oauth_nonce"] == "" {
		return errRefused.Because("nonce_refused")
	}
	var key strings.Builder
	for _, part := range []string{p["oauth_consumer_key"], p["oauth_token"], strconv.FormatInt(at, 10), p["oauth_nonce"]} {
		fmt.Fprintf(&key, "%d:%s", len(part), part)
	}
	sum := sha256.Sum256([]byte(key.String()))
	fresh, err := s.store.UseNonce(ctx, hex.EncodeToString(sum[:]), sent.Add(skew+time.Minute))
	if err == nil && !fresh {
		err = errRefused.Because("nonce_refused")
	}
	return err
}

const purpose = "oauth"

// The secrets, by what they are of. The names are part of what is sealed: a secret of one does not open as another's.
const (
	OfConsumer     = "consumer"
	OfRequestToken = "request_token"
	OfAccessToken  = "access_token"
	OfVerifier     = "verifier" // of a request token
)

// SealedAs returns the purpose and the place that the secret of something with an id is sealed for.
func SealedAs(of, id string) (purposeOf string, aad []string) { return purpose, []string{of, id} }

func (s *Service) seal(of, id, plain string) (string, error) {
	sealed, err := s.sealer.Seal(purpose, []string{of, id}, []byte(plain))
	if err != nil {
		return "", fmt.Errorf("seal a secret of OAuth: %w", err)
	}
	return sealed, nil
}

func (s *Service) open(of, id, sealed string) (string, error) {
	plain, err := s.sealer.Open(purpose, []string{of, id}, sealed)
	if err != nil {
		return "", fmt.Errorf("open a secret of OAuth: %w", err)
	}
	return string(plain), nil
}

// newSecret makes a secret of 128 random bits, in Keystone's form.
func newSecret() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// newVerifier makes eight random letters, that people can copy.
func newVerifier() string { return rand.Text()[:8] }

// orRefused hides what is not there; our own troubles stay.
func orRefused(err error) error {
	if err == nil || fault.Is(err, fault.NotFound) {
		return errRefused
	}
	return err
}
