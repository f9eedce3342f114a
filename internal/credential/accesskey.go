package credential

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
)

// AccessKey is an opened credential of type ec2.
type AccessKey struct {
	Access, Secret    string
	UserID, ProjectID string
	// TrustID is the trust that the key is bound to, or empty.
	TrustID string
	// Bound tells that the key is bound to a delegation: a trust or, in Keystone's data, something else.
	Bound bool
	// Made is how the owner had signed in when he made the key; zero when somebody else made it.
	Made Proof
	// ChainID is the session of all its tokens.
	ChainID string
}

// Bounds in characters. A secret signs requests (HMAC), and whoever sees one may guess it at leisure.
const (
	maxAccess = 255
	minSecret = 8
	maxSecret = 1024
)

// bindings are the members of an ec2 blob that say through which delegation the key was made. Only the server
// may say so: whoever sets or changes one widens what the key may do (CVE-2020-12691).
var bindings = []string{"trust_id", "app_cred_id", "access_token_id", "access_id"}

// readEC2 reads the blob of an access key. It fails with BadRequest for what is not one.
func readEC2(blob string) (AccessKey, map[string]string, error) {
	var members map[string]jsontext.Value // refuses members that are there twice
	if err := json.Unmarshal([]byte(blob), &members); err != nil || members == nil {
		return AccessKey{}, nil, badBlob("it must be a JSON object with the members access and secret")
	}
	text := func(name string) (s string, ok bool) {
		v, there := members[name]
		if !there {
			return "", false
		}
		return s, v.Kind() == '"' && json.Unmarshal(v, &s) == nil
	}
	var k AccessKey
	var ok bool
	if k.Access, ok = text("access"); !ok || k.Access == "" || len(k.Access) > maxAccess || strings.ContainsFunc(k.Access, notPlain) {
		return k, nil, badBlob("access must be a text of 1 to 255 visible ASCII characters")
	}
	if k.Secret, ok = text("secret"); !ok || utf8.RuneCountInString(k.Secret) < minSecret || len(k.Secret) > maxSecret {
		return k, nil, badBlob("secret must be a text of 8 to 1024 characters")
	}
	bound := map[string]string{}
	for _, name := range bindings {
		v, there := members[name]
		if !there || v.Kind() == 'n' {
			continue
		}
		if bound[name], ok = text(name); !ok || bound[name] == "" {
			return k, nil, badBlob(name + " must be an id or null")
		}
	}
	k.TrustID, k.Bound = bound["trust_id"], len(bound) > 0
	return k, bound, nil
}

func notPlain(r rune) bool { return r <= ' ' || r > '~' }

func badBlob(why string) error {
	return fault.New(fault.BadRequest, "Invalid input for field 'credential/blob': %s.", why)
}

// accessID is the id of the credential with this access key.
func accessID(access string) string {
	sum := sha256.Sum256([]byte(access))
	return hex.EncodeToString(sum[:])
}

// newChain returns the id of a session that nobody knows, in the form of a token's audit id.
func newChain() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// chain is the session of the key's tokens. Keys without one of their own get the same each time.
func (c Credential) chain() string {
	if c.ChainID != "" {
		return c.ChainID
	}
	sum := sha256.Sum256([]byte("session of access key " + c.ID))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// AccessKey returns the access key of that name with its secret. It fails with NotFound. Whether its user may
// sign in, and still has a role on its project, is not looked at.
func (s *Service) AccessKey(ctx context.Context, access string) (AccessKey, error) {
	c, err := s.store.Credential(ctx, accessID(access))
	if err == nil && c.Type == EC2 {
		if k, ok := s.accessKey(c); ok {
			return k, nil
		}
	}
	if err == nil || fault.Is(err, fault.NotFound) {
		err = noAccessKey()
	}
	return AccessKey{}, err
}

// noAccessKey does not repeat what was asked for: it is half of a secret.
func noAccessKey() error { return fault.New(fault.NotFound, "Could not find the access key.") }

// ID is the id of the credential that the key is.
func (k AccessKey) ID() string { return accessID(k.Access) }

// AccessKeys returns the access keys of a user, in the order of their ids. Keys that cannot be opened are left out.
func (s *Service) AccessKeys(ctx context.Context, userID string, q listing.Query) (listing.Page[AccessKey], error) {
	var keys listing.Page[AccessKey]
	page, err := s.List(ctx, q.With("user_id", userID).With("type", EC2), func(c Credential) bool {
		k, ok := s.accessKey(c)
		if ok {
			keys.Items = append(keys.Items, k)
		}
		return ok
	})
	keys.More = page.More
	return keys, err
}

// CreateAccessKey makes an access key with a secret of its own for a user on a project: a draft of which only
// these, ForAnother and By matter. It fails as Create does.
func (s *Service) CreateAccessKey(ctx context.Context, d Draft) (AccessKey, error) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	k := AccessKey{
		Access: hex.EncodeToString(random[:16]), Secret: hex.EncodeToString(random[16:]),
		UserID: d.UserID.Or(""), ProjectID: d.ProjectID.Or(""),
	}
	d.Type, d.Blob = optional.Of(EC2), optional.Of(`{"access":"`+k.Access+`","secret":"`+k.Secret+`","trust_id":null}`)
	c, err := s.Create(ctx, d)
	k.Made, k.ChainID = c.Made, c.ChainID
	return k, err
}

// DeleteAccessKey deletes an access key of the user. It fails with NotFound.
func (s *Service) DeleteAccessKey(ctx context.Context, userID, access string) error {
	c, err := s.store.Credential(ctx, accessID(access))
	if err == nil && (c.Type != EC2 || c.UserID != userID) || fault.Is(err, fault.NotFound) {
		return noAccessKey()
	}
	if err != nil {
		return err
	}
	return s.Delete(ctx, c.ID)
}

func (s *Service) accessKey(c Credential) (AccessKey, bool) {
	content, ok := s.Content(c)
	if !ok {
		return AccessKey{}, false
	}
	k, _, err := readEC2(content.Blob)
	k.UserID, k.ProjectID, k.Made, k.ChainID = c.UserID, c.ProjectID, c.Made, c.chain()
	return k, err == nil && accessID(k.Access) == c.ID
}
