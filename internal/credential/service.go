package credential

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"fmt"
	"maps"
	"unicode/utf8"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
)

// Store is where credentials live. Changes append their events themselves.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	// LockUser lets one change of the user's credentials after the other happen. It fails with NotFound.
	LockUser(ctx context.Context, userID string) error

	// Credential and ListCredentials read second factors too, active ones only. The list filters by user_id and
	// type.
	Credential(ctx context.Context, id string) (Credential, error)
	ListCredentials(ctx context.Context, q listing.Query) (listing.Page[Credential], error)
	// CountCredentials counts those of a user, second factors aside.
	CountCredentials(ctx context.Context, userID string) (int, error)
	// The following know no second factors.

	CreateCredential(ctx context.Context, c Credential) error
	UpdateCredential(ctx context.Context, id string, change func(*Credential) error) (Credential, error)
	// DeleteCredential returns what it deleted.
	DeleteCredential(ctx context.Context, id string) (Credential, error)
}

// Sealer keeps secrets at rest (internal/keyring).
type Sealer interface {
	Seal(purpose string, aad []string, plaintext []byte) (string, error)
	Open(purpose string, aad []string, sealed string) ([]byte, error)
}

// Roles says who has a role where (internal/assignment).
type Roles interface {
	// HasProjectRole reports whether a user has an effective role on a project that exists.
	HasProjectRole(ctx context.Context, userID, projectID string) (bool, error)
}

// Sessions ends what was made with an access key (internal/auth).
type Sessions interface {
	// EndChain ends all tokens of a session.
	EndChain(ctx context.Context, chainID string) error
}

// Service is the rules of credentials. It is safe for concurrent use.
type Service struct {
	store    Store
	sealer   Sealer
	roles    Roles
	sessions Sessions
	limit    int
	newID    func() string
}

// NewService makes a service. A user may have userLimit credentials, second factors aside; -1 is no limit.
func NewService(store Store, sealer Sealer, roles Roles, sessions Sessions, userLimit int, newID func() string) *Service {
	return &Service{store: store, sealer: sealer, roles: roles, sessions: sessions, limit: userLimit, newID: newID}
}

// Credential returns a credential, which may be a second factor. It fails with NotFound.
func (s *Service) Credential(ctx context.Context, id string) (Credential, error) {
	return s.store.Credential(ctx, id)
}

// readAhead is how many credentials are read at a time when some of a page may not be shown.
const readAhead = 500

// List returns the credentials that may be shown, second factors among them; filters are user_id and type.
func (s *Service) List(ctx context.Context, q listing.Query, may func(Credential) bool) (listing.Page[Credential], error) {
	var shown listing.Page[Credential]
	limit := q.Limit
	for {
		page, err := s.store.ListCredentials(ctx, q)
		if err != nil {
			return shown, err
		}
		for i, c := range page.Items {
			if q.Marker = c.ID; may(c) {
				shown.Items = append(shown.Items, c)
			}
			if limit > 0 && len(shown.Items) == limit {
				shown.More = page.More || i+1 < len(page.Items)
				return shown, nil
			}
		}
		if !page.More {
			return shown, nil
		}
		q.Limit = max(limit, readAhead)
	}
}

const purpose = "credential"

// aad names the place of a content; a copy of it in another row does not open, nor does it for another project.
func aad(c Credential) []string {
	return []string{"credential", "sealed", c.ID, c.UserID, c.ProjectID, c.Type}
}

// SealedAs returns the purpose and the place that the content of a credential is sealed for.
func SealedAs(c Credential) (purposeOf string, place []string) { return purpose, aad(c) }

// Content returns what a credential holds. It reports false for second factors, which show nothing, and for
// what cannot be opened because it was damaged or its root key is gone.
func (s *Service) Content(c Credential) (Content, bool) {
	var content Content
	plain, err := s.sealer.Open(purpose, aad(c), c.Sealed)
	if err != nil {
		return content, false
	}
	d := stdjson.NewDecoder(bytes.NewReader(plain))
	d.UseNumber() // numbers keep their digits
	err = d.Decode(&content)
	return content, err == nil
}

func (s *Service) seal(c *Credential, content Content) error {
	if !utf8.ValidString(content.Blob) {
		return badBlob("it must be valid UTF-8")
	}
	plain, err := stdjson.Marshal(content)
	if err != nil {
		return fmt.Errorf("encode credential: %w", err)
	}
	if len(plain) > maxContent {
		return badBlob(fmt.Sprintf("it must not be longer than %d bytes, with the attributes beside it", maxContent))
	}
	if c.Sealed, err = s.sealer.Seal(purpose, aad(*c), plain); err != nil {
		return fmt.Errorf("seal credential: %w", err)
	}
	return nil
}

// Create stores a new credential. It fails with NotFound for a user that does not exist, BadRequest for a type
// or blob that may not be, Forbidden when the user has no role on the project (which may not exist) or has too
// many credentials, and Conflict for an access key that is taken. What is made for another needs no role yet, but
// the project: NotFound.
func (s *Service) Create(ctx context.Context, d Draft) (Credential, error) {
	c := Credential{ID: s.newID(), UserID: d.UserID.Or(""), ProjectID: d.ProjectID.Or("")}
	var err error
	if c.Type, err = TypeOf(d.Type.Or("")); err != nil {
		return c, err
	}
	content := Content{Blob: d.Blob.Or(""), Extra: d.Extra}
	switch c.Type {
	case TOTP:
		return c, fault.New(fault.BadRequest, "Credentials of type totp are second factors.")
	case EC2:
		if c.ProjectID == "" {
			return c, fault.New(fault.BadRequest, "Invalid input for field 'credential/project_id': a credential of type ec2 needs a project.")
		}
		key, bound, err := readEC2(content.Blob)
		if err != nil {
			return c, err
		}
		if len(bound) > 0 {
			return c, badBlob("an access key cannot be bound by hand")
		}
		c.ID, c.Made, c.ChainID = accessID(key.Access), d.By, newChain()
	}
	if err := s.seal(&c, content); err != nil {
		return c, err
	}
	return c, s.add(ctx, c, d.ForAnother)
}

func (s *Service) add(ctx context.Context, c Credential, forAnother bool) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockUser(ctx, c.UserID); err != nil {
			return err
		}
		if c.ProjectID != "" && !forAnother {
			has, err := s.roles.HasProjectRole(ctx, c.UserID, c.ProjectID)
			if err != nil {
				return err
			}
			if !has {
				return fault.New(fault.Forbidden, "The user has no role on project %s.", c.ProjectID)
			}
		}
		if s.limit >= 0 {
			n, err := s.store.CountCredentials(ctx, c.UserID)
			if err != nil {
				return err
			}
			if n >= s.limit {
				return fault.New(fault.Forbidden, "A user can have at most %d credentials.", s.limit).Because("too_many_credentials")
			}
		}
		return s.store.CreateCredential(ctx, c)
	})
}

// Update changes the blob, the attributes beside it, and the type among those that mean nothing here. It fails
// with NotFound, and with BadRequest for a change of anything else: whose a credential is, its project, and for
// type ec2 the access key and what that is bound to. Tokens that were made with an access key end with its secret.
func (s *Service) Update(ctx context.Context, id string, d Draft) (Credential, error) {
	var out Credential
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		var ended string
		var err error
		if out, err = s.update(ctx, id, d, &ended); err != nil || ended == "" {
			return err
		}
		return s.sessions.EndChain(ctx, ended)
	})
	return out, err
}

// update sets ended to the session that is over.
func (s *Service) update(ctx context.Context, id string, d Draft, ended *string) (Credential, error) {
	return s.store.UpdateCredential(ctx, id, func(c *Credential) error {
		old, readable := s.Content(*c)
		if !readable && !d.Blob.Present() {
			return fault.New(fault.Conflict, "The credential cannot be read any more. Replace its blob or delete it.")
		}
		if err := d.Retype(c); err != nil {
			return err
		}
		content := Content{Blob: d.Blob.Or(old.Blob), Extra: optional.Merge(old.Extra, d.Extra)}
		if c.Type == EC2 && d.Blob.Present() {
			if err := keepsAccess(*c, old.Blob, content.Blob); err != nil {
				return err
			}
			*ended = c.chain()
			c.Made, c.ChainID = d.By, newChain()
		}
		return s.seal(c, content)
	})
}

// Retype applies a change of the type to a credential, which may be a second factor, and refuses one of what
// never changes with BadRequest.
func (d Draft) Retype(c *Credential) error {
	fixed := differs(d.ID, c.ID) || differs(d.UserID, c.UserID) || differs(d.ProjectID, c.ProjectID)
	kind := c.Type
	if d.Type.Present() {
		var err error
		if kind, err = TypeOf(d.Type.Or("")); err != nil {
			return err
		}
	}
	special := func(t string) bool { return t == EC2 || t == TOTP }
	if fixed || kind != c.Type && (special(kind) || special(c.Type)) {
		return ErrFixed
	}
	c.Type = kind
	return nil
}

func differs(v optional.Value[string], have string) bool { return v.Present() && v.Or("") != have }

// ErrFixed refuses a change of what never changes.
var ErrFixed = fault.New(fault.BadRequest, "The id, the user and the project of a credential cannot be changed, nor its type to or from ec2 or totp.")

// keepsAccess refuses a blob that is not the same access key with the same bindings.
func keepsAccess(c Credential, old, blob string) error {
	key, bound, err := readEC2(blob)
	if err != nil {
		return err
	}
	_, before, _ := readEC2(old) // nil when the old one cannot be read: then nothing may be bound
	if accessID(key.Access) != c.ID || !maps.Equal(before, bound) {
		return badBlob("the access key and what it is bound to cannot be changed")
	}
	return nil
}

// Delete deletes a credential that is not a second factor, and ends the tokens that were made with it. It fails
// with NotFound.
func (s *Service) Delete(ctx context.Context, id string) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		c, err := s.store.DeleteCredential(ctx, id)
		if err != nil || c.Type != EC2 {
			return err
		}
		return s.sessions.EndChain(ctx, c.chain())
	})
}
