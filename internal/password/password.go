// Package password owns what is done with passwords of people: bringing them to one form, hashing and
// verifying them, judging new ones, and bounding how many hashes run at a time. It stores nothing, counts no
// failures, and does not decide who may set whose password.
package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/keyward/identity/internal/fault"
)

// MaxBytes is the longest password that is looked at. Argon2 has no such limit; the time to read one has.
const MaxBytes = 4096

const (
	saltSize = 16
	tagSize  = 32

	// Limits of hashes that come from elsewhere, so that a planted one is no bomb.
	maxMemory = 256 << 10 // KiB
	maxPasses = 16
	maxLanes  = 16
	maxWork   = 1 << 20 // KiB times passes: about 1.5 s
)

// ErrScheme means that a stored hash is of a scheme, form or cost that is not supported. It never verifies.
var ErrScheme = errors.New("password: the stored hash is not of a supported scheme and cost")

// Params is the cost of an argon2id hash (RFC 9106).
type Params struct {
	// MemoryKiB is the memory in KiB (m), at least 8 for each lane.
	MemoryKiB uint32
	// Passes is the number of passes over it (t).
	Passes uint32
	// Lanes is the degree of parallelism (p). One lane makes one hash one core, which a Pool can reason about.
	Lanes uint8
}

// Default is the recommended minimum of OWASP: 19 MiB, two passes, one lane.
var Default = Params{MemoryKiB: 19456, Passes: 2, Lanes: 1}

func (p Params) ok() bool {
	return p.Passes >= 1 && p.Passes <= maxPasses && p.Lanes >= 1 && p.Lanes <= maxLanes &&
		p.MemoryKiB >= 8*uint32(p.Lanes) && p.MemoryKiB <= maxMemory &&
		uint64(p.MemoryKiB)*uint64(p.Passes) <= maxWork
}

// Hasher hashes and verifies passwords. It is safe for concurrent use, but each call takes a core and
// Params.MemoryKiB: call it inside Pool.Do.
type Hasher struct{ params Params }

// NewHasher returns a hasher of the given cost. It fails when the cost is not one that Verify would accept.
func NewHasher(p Params) (*Hasher, error) {
	if !p.ok() {
		return nil, fmt.Errorf("password hash: cost m=%d KiB, t=%d, p=%d is out of range", p.MemoryKiB, p.Passes, p.Lanes)
	}
	return &Hasher{p}, nil
}

// Normalize returns the one form of a password under which it is hashed, verified and judged: Unicode NFC,
// with nothing trimmed, cut or changed in case. Invalid UTF-8, NUL and more than MaxBytes are a BadRequest.
// Hash, Verify, Dummy and Policy.Check call it themselves; a normal form stays as it is.
func Normalize(password string) (string, error) {
	switch {
	case len(password) > MaxBytes:
		return "", fault.New(fault.BadRequest, "The password is longer than %d bytes.", MaxBytes).Because("password_too_long")
	case !utf8.ValidString(password) || strings.IndexByte(password, 0) >= 0:
		return "", fault.New(fault.BadRequest, "The password is not valid text.").Because("password_not_text")
	}
	return norm.NFC.String(password), nil
}

// Hash returns the hash of password as a PHC string with a fresh salt. The error is that of Normalize.
func (h *Hasher) Hash(password string) (string, error) {
	password, err := Normalize(password)
	if err != nil {
		return "", err
	}
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails since Go 1.24
	return phc{h.params, salt, h.params.tag(password, salt, tagSize)}.String(), nil
}

// Verify reports whether password is the one that stored was made of and, when it is, whether stored should
// be replaced by a new Hash because its scheme or cost is not the present one. It fails with a BadRequest
// where Normalize does, and with ErrScheme when stored is not supported; the latter takes as long as a
// verification does, so that such accounts do not stand out.
//
// Hashes that Keystone has written verify as well, under the password as it is given: Keystone knows no normal
// form. They always need a rehash. They take the time that they take, which is not that of ours.
func (h *Hasher) Verify(stored, password string) (ok, needsRehash bool, err error) {
	given := password
	password, err = Normalize(password)
	if err != nil {
		return false, false, err
	}
	if scheme(stored) != "argon2id" {
		match, err := keystones(stored)
		if err != nil {
			h.burn(password)
			return false, false, err
		}
		ok = match(given)
		return ok, ok, nil
	}
	parsed, err := parsePHC(stored)
	if err != nil {
		h.burn(password)
		return false, false, err
	}
	tag := parsed.tag(password, parsed.salt, len(parsed.sum))
	ok = subtle.ConstantTimeCompare(tag, parsed.sum) == 1
	stale := parsed.Params != h.params || len(parsed.salt) != saltSize || len(parsed.sum) != tagSize
	return ok, ok && stale, nil
}

// Dummy takes the time of Verify and verifies nothing. It stands in where there is no user or no password.
func (h *Hasher) Dummy(password string) error {
	password, err := Normalize(password)
	if err != nil {
		return err
	}
	h.burn(password)
	return nil
}

func (h *Hasher) burn(password string) {
	var salt [saltSize]byte
	var sum [tagSize]byte
	subtle.ConstantTimeCompare(h.params.tag(password, salt[:], tagSize), sum[:])
}

func (p Params) tag(password string, salt []byte, size int) []byte {
	return argon2.IDKey([]byte(password), salt, p.Passes, p.MemoryKiB, p.Lanes, uint32(size))
}

// scheme returns the name between the first two dollar signs of a stored hash.
func scheme(stored string) string {
	rest, ok := strings.CutPrefix(stored, "$")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "$")
	return name
}

// phc is an argon2id hash taken apart.
type phc struct {
	Params
	salt, sum []byte
}

var b64 = base64.RawStdEncoding.Strict()

// String returns the PHC string format.
func (h phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.MemoryKiB, h.Passes, h.Lanes, b64.EncodeToString(h.salt), b64.EncodeToString(h.sum))
}

// parsePHC reads what String returns and nothing else, within the limits of cost.
func parsePHC(stored string) (phc, error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 {
		return phc{}, ErrScheme
	}
	var h phc
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.MemoryKiB, &h.Passes, &h.Lanes); err != nil || !h.ok() {
		return phc{}, ErrScheme
	}
	var err error
	if h.salt, err = b64.DecodeString(parts[4]); err != nil || len(h.salt) < 8 || len(h.salt) > 64 {
		return phc{}, ErrScheme
	}
	if h.sum, err = b64.DecodeString(parts[5]); err != nil || len(h.sum) < 16 || len(h.sum) > 64 {
		return phc{}, ErrScheme
	}
	if h.String() != stored { // other versions, spellings and line ends
		return phc{}, ErrScheme
	}
	return h, nil
}
