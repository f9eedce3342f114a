// Package keyring owns encryption at rest: the root keys of a node, the purpose keys derived from them, and
// the two things done with those, sealing a value and computing a digest for a lookup. It knows nothing of
// what it seals, of rows, or of the keys that sign tokens; those are merely values that somebody seals here.
package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
)

const (
	// KeySize is the length of a root key in bytes.
	KeySize = 32

	version = "v1"
	// The labels are part of the format: changing one makes everything sealed under it unreadable.
	sealLabel = "identity keyring v1 seal: "
	macLabel  = "identity keyring v1 mac: "
	idLabel   = "identity keyring v1 key id"
)

// ErrOpen means that a sealed value cannot be opened: it is damaged, was sealed by a key that is not in the
// ring, for another purpose, or for another place than the one it was found in. Which of these is not told.
var ErrOpen = errors.New("keyring: the sealed value cannot be opened")

var text = base64.RawURLEncoding.Strict()

// Ring is a set of root keys. The first one seals; all of them open. It is safe for concurrent use.
type Ring struct {
	order []string          // key ids, primary first
	roots map[string][]byte // by key id
	// inherited are the keys of digests of root keys that have left, by purpose.
	inherited map[string][][]byte

	aeads sync.Map // derived -> cipher.AEAD
	macs  sync.Map // derived -> []byte
}

// derived names one purpose key.
type derived struct{ id, purpose string }

// FromBytes makes a ring of raw root keys, the primary first; ids are derived from the keys. It refuses the
// same keys that Load refuses.
func FromBytes(keys ...[]byte) (*Ring, error) {
	entries := make([]entry, len(keys))
	for i, key := range keys {
		if len(key) == KeySize {
			entries[i].id = fingerprint(key)
		}
		entries[i].key = key
	}
	return newRing(entries)
}

// entry is one root key with the id under which values name it.
type entry struct {
	id  string
	key []byte
}

func newRing(entries []entry) (*Ring, error) {
	if len(entries) == 0 {
		return nil, errors.New("it holds no key")
	}
	r := &Ring{roots: make(map[string][]byte, len(entries))}
	for i, e := range entries {
		if err := check(e.key); err != nil {
			return nil, fmt.Errorf("key %d %w", i+1, err)
		}
		if _, taken := r.roots[e.id]; taken {
			return nil, fmt.Errorf("key %d has the id of an earlier key", i+1)
		}
		r.roots[e.id] = append([]byte(nil), e.key...)
		r.order = append(r.order, e.id)
	}
	return r, nil
}

// Primary returns the id of the key that seals.
func (r *Ring) Primary() string { return r.order[0] }

// Prefix is how all values that the primary key sealed begin, and no others.
func (r *Ring) Prefix() string { return version + "." + r.Primary() + "." }

// Seal encrypts plaintext with AES-256-GCM under the primary key's key for purpose and returns
// "v1.<key id>.<base64url>". The same purpose and aad must be given to Open; aad should name the place the
// value is stored in (table, column, row, user), so that a copy elsewhere does not open.
func (r *Ring) Seal(purpose string, aad []string, plaintext []byte) (string, error) {
	id := r.Primary()
	aead, err := r.aead(id, purpose)
	if err != nil {
		return "", err
	}
	box := aead.Seal(nil, nil, plaintext, join(id, aad))
	return version + "." + id + "." + text.EncodeToString(box), nil
}

// Open decrypts what Seal returned. Every failure is ErrOpen.
func (r *Ring) Open(purpose string, aad []string, sealed string) ([]byte, error) {
	id, body, ok := split(sealed)
	if !ok || r.roots[id] == nil {
		return nil, ErrOpen
	}
	box, err := text.DecodeString(body)
	if err != nil || strings.ContainsAny(body, "\r\n") { // the decoder skips line ends
		return nil, ErrOpen
	}
	aead, err := r.aead(id, purpose)
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, nil, box, join(id, aad))
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// Current reports whether sealed was sealed by the primary key. Values that were not should be opened and
// sealed again, so that the older key can leave the file.
func (r *Ring) Current(sealed string) bool {
	id, _, ok := split(sealed)
	return ok && id == r.Primary()
}

// MAC returns the HMAC-SHA-256 of parts under the primary key's key for purpose. It fits values of at least
// 112 bits of entropy that are stored as a digest and looked up by it, such as recovery codes.
func (r *Ring) MAC(purpose string, parts ...string) []byte {
	return r.mac(r.Primary(), purpose, parts)
}

// MACs returns what MAC would return with each key of the ring as primary, the primary's first, and then with those
// that it inherited. A lookup must try all of them, because a digest, unlike a sealed value, cannot be redone when a
// new primary is added.
func (r *Ring) MACs(purpose string, parts ...string) [][]byte {
	all := make([][]byte, 0, len(r.order))
	for _, id := range r.order {
		all = append(all, r.mac(id, purpose, parts))
	}
	for _, key := range r.inherited[purpose] {
		all = append(all, digest(key, parts))
	}
	return all
}

// String names the ring without its keys.
func (r *Ring) String() string { return fmt.Sprintf("keyring.Ring(%d keys)", len(r.order)) }

// GoString is String, so that %#v does not print keys either.
func (r *Ring) GoString() string { return r.String() }

func (r *Ring) mac(id, purpose string, parts []string) []byte {
	return digest(r.macKey(id, purpose), parts)
}

func (r *Ring) macKey(id, purpose string) []byte {
	key, ok := r.macs.Load(derived{id, purpose})
	if !ok {
		key, _ = r.macs.LoadOrStore(derived{id, purpose}, derive(r.roots[id], macLabel+purpose))
	}
	return key.([]byte)
}

func digest(key []byte, parts []string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(join("", parts))
	return h.Sum(nil)
}

func (r *Ring) aead(id, purpose string) (cipher.AEAD, error) {
	if a, ok := r.aeads.Load(derived{id, purpose}); ok {
		return a.(cipher.AEAD), nil
	}
	block, err := aes.NewCipher(derive(r.roots[id], sealLabel+purpose))
	if err != nil {
		return nil, fmt.Errorf("keyring: make cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("keyring: make cipher: %w", err)
	}
	a, _ := r.aeads.LoadOrStore(derived{id, purpose}, aead)
	return a.(cipher.AEAD), nil
}

// derive returns the 32-byte key for label. HKDF without salt is sound here: root keys are uniformly random.
func derive(root []byte, label string) []byte {
	key, err := hkdf.Key(sha256.New, root, nil, label, KeySize)
	if err != nil {
		panic("keyring: HKDF refused a fixed length") // only for lengths above 8160 bytes
	}
	return key
}

// fingerprint returns a key id that tells nothing about the key.
func fingerprint(root []byte) string { return hex.EncodeToString(derive(root, idLabel)[:6]) }

// split takes a sealed value apart.
func split(sealed string) (id, body string, ok bool) {
	v, rest, _ := strings.Cut(sealed, ".")
	id, body, ok = strings.Cut(rest, ".")
	return id, body, ok && v == version
}

// join concatenates parts, each after its length, so that no two lists give the same bytes.
func join(first string, parts []string) []byte {
	size := 8 + len(first)
	for _, p := range parts {
		size += 8 + len(p)
	}
	out := make([]byte, 0, size)
	out = append(binary.BigEndian.AppendUint64(out, uint64(len(first))), first...)
	for _, p := range parts {
		out = append(binary.BigEndian.AppendUint64(out, uint64(len(p))), p...)
	}
	return out
}
