// Package token owns the text of tokens and receipts: signed JWTs, the claims in them, and the keys that sign
// them, with their states and their rotation. It says whether a text is one that this installation signed and
// what it states. Whether that is still true (expiry, revocation, the user, the scope, the roles) is for
// others to decide; it knows no database, and keys come in and go out as values.
package token

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/keyward/identity/internal/fault"
)

const (
	// MaxSize is the longest text that is looked at, in bytes.
	MaxSize = 4096

	signatureSize    = 64 // of both algorithms
	leeway           = 5 * time.Second
	defaultCacheSize = 100_000
)

// ErrInvalid is the only failure of Parse, so that nobody can tell how far a forged text came.
var ErrInvalid = fault.New(fault.Unauthorized, "The request you have made requires authentication.")

// Signer signs and parses texts with a set of keys that can be replaced while it serves.
type Signer struct {
	keys       atomic.Pointer[generation]
	generation atomic.Uint64
	now        func() time.Time
	cache      *otter.Cache[[sha256.Size]byte, cached]
}

// generation is a set of keys and its number.
type generation struct {
	*Keys
	number uint64
}

// cached is a parsed text and the generation of the keys that it was verified with.
type cached struct {
	claims Claims
	number uint64
}

// NewSigner makes a signer. cacheSize is how many parsed texts are remembered (each takes up to about 1 KiB);
// zero means 100,000 and a negative number none.
func NewSigner(keys *Keys, now func() time.Time, cacheSize int) (*Signer, error) {
	s := &Signer{now: now}
	if cacheSize == 0 {
		cacheSize = defaultCacheSize
	}
	if cacheSize > 0 {
		cache, err := otter.New(&otter.Options[[sha256.Size]byte, cached]{MaximumSize: cacheSize})
		if err != nil {
			return nil, fmt.Errorf("token cache: %w", err)
		}
		s.cache = cache
	}
	s.Replace(keys)
	return s, nil
}

// Replace changes the keys from the next call on. What was parsed with other keys is forgotten; a set equal to
// the present one changes nothing, so it may be called as often as the keys are read.
func (s *Signer) Replace(keys *Keys) {
	if old := s.keys.Load(); old != nil && old.identity == keys.identity {
		return
	}
	s.keys.Store(&generation{keys, s.generation.Add(1)})
}

// Generation is a number that changes with every replacement of the keys.
func (s *Signer) Generation() uint64 { return s.keys.Load().number }

// JWKS returns the public keys; see Keys.JWKS.
func (s *Signer) JWKS() []byte { return s.keys.Load().JWKS() }

// Sign returns the text for c, under 600 bytes with ids of Keystone's length. It fails, with an internal error,
// on claims that Parse would refuse.
func (s *Signer) Sign(c Claims) (string, error) {
	c = c.complete()
	if flaw := c.flaw(); flaw != "" {
		return "", errors.New("sign token: " + flaw)
	}
	body, err := encode(c)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	key := s.keys.Load().active
	text := header(key, c.Kind) + "." + b64.EncodeToString(body)
	signature, err := sign(key, text)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	if text += "." + b64.EncodeToString(signature); len(text) > MaxSize {
		return "", errors.New("sign token: it is too long")
	}
	return text, nil
}

// Parse returns what text states when it is one that we signed as the given kind. It does not look at the
// expiry (see Claims.Expired), but a text from the future is refused. Every failure is ErrInvalid.
func (s *Signer) Parse(text string, kind Kind) (Claims, error) {
	if len(text) > MaxSize {
		return Claims{}, ErrInvalid
	}
	keys := s.keys.Load()
	sum := sha256.Sum256([]byte(text))
	if s.cache != nil {
		if hit, ok := s.cache.GetIfPresent(sum); ok && hit.number == keys.number {
			return hit.claims.as(kind)
		}
	}
	c, ok := keys.parse(text)
	if !ok || c.IssuedAt.After(s.now().Add(leeway)) {
		return Claims{}, ErrInvalid
	}
	if s.cache != nil {
		c = c.compact()
		s.cache.Set(sum, cached{c, keys.number})
	}
	return c.as(kind)
}

// as returns c, sharing nothing with the cache, when it is of the kind that is wanted.
func (c Claims) as(kind Kind) (Claims, error) {
	if c.Kind != kind {
		return Claims{}, ErrInvalid
	}
	c.Methods = slices.Clone(c.Methods)
	return c, nil
}

// parse checks header, then signature, and only then reads the payload: JSON of strangers is never parsed.
func (ks *Keys) parse(text string) (Claims, bool) {
	head, rest, ok := strings.Cut(text, ".")
	if !ok {
		return Claims{}, false
	}
	signedWith, ok := ks.accepted[head]
	if !ok {
		return Claims{}, false
	}
	body, signature, ok := strings.Cut(rest, ".")
	if !ok || len(signature) != b64.EncodedLen(signatureSize) || strings.ContainsAny(rest, "\r\n") {
		return Claims{}, false
	}
	raw, err := b64.DecodeString(signature)
	if err != nil || !verify(signedWith, text[:len(head)+1+len(body)], raw) {
		return Claims{}, false
	}
	data, err := b64.DecodeString(body)
	if err != nil {
		return Claims{}, false
	}
	c, err := decode(data, signedWith.kind)
	return c, err == nil
}
