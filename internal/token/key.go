package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Alg is a signature algorithm by its JOSE name (RFC 7518, RFC 8037).
type Alg string

// The algorithms. RFC 9864 renames EdDSA to Ed25519; should we follow, this is the only place.
const (
	EdDSA Alg = "EdDSA"
	ES256 Alg = "ES256"
)

// State is where a key stands in its life: pending, active, verify-only, retired.
type State string

// The states of a key.
const (
	// Pending keys do not sign yet. They verify, so that a node that has not heard of a rotation accepts
	// what a node that has signs with the new key.
	Pending State = "pending"
	// Active is the one key that signs.
	Active State = "active"
	// VerifyOnly keys no longer sign; what they signed is still good until RetireAt.
	VerifyOnly State = "verify_only"
	// Retired keys verify nothing and have no key material any more.
	Retired State = "retired"
)

var kidForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Key is a signing key. Copies share the private part, which is never printed.
type Key struct {
	// KID names the key in headers: 1 to 64 of A-Z a-z 0-9 _ -.
	KID string
	Alg Alg
	// State is where the key stands in its life.
	State State
	// Public is an ed25519.PublicKey or *ecdsa.PublicKey; nil once retired.
	Public crypto.PublicKey
	// CreatedAt, ActivatedAt and RetireAt are when it was made, began to sign, and when it stops to verify;
	// zero until known.
	CreatedAt   time.Time
	ActivatedAt time.Time
	RetireAt    time.Time

	private *private // a pointer, so that printing a struct that holds a Key shows an address
}

// private is the secret part of a key.
type private struct{ crypto.Signer }

// GenerateKey makes a pending key. Its id is the last 16 characters of newID(): the header of every token
// carries it, and tokens are to stay short. It fails on an unknown algorithm or an id that cannot be a kid.
func GenerateKey(alg Alg, now time.Time, newID func() string) (Key, error) {
	kid := newID()
	kid = kid[max(0, len(kid)-16):]
	if !kidForm.MatchString(kid) {
		return Key{}, errors.New("generate signing key: the new id cannot be a key id")
	}
	signer, err := generate(alg)
	if err != nil {
		return Key{}, fmt.Errorf("generate signing key: %w", err)
	}
	return Key{
		KID: kid, Alg: alg, State: Pending, CreatedAt: now,
		Public: signer.Public(), private: &private{signer},
	}, nil
}

func generate(alg Alg) (crypto.Signer, error) {
	switch alg {
	case EdDSA:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return nil, fmt.Errorf("unknown algorithm %q", string(alg))
}

// MarshalPrivate returns the private part as PKCS #8 DER, to be sealed before it is stored. It returns nil
// for a key that has none.
func (k Key) MarshalPrivate() ([]byte, error) {
	if k.private == nil {
		return nil, nil
	}
	der, err := x509.MarshalPKCS8PrivateKey(k.private.Signer)
	if err != nil {
		return nil, fmt.Errorf("marshal signing key %s: %w", k.KID, err)
	}
	return der, nil
}

// UnmarshalPrivate sets the private and the public part from what MarshalPrivate returned. It fails when der
// does not hold a key of k.Alg.
func (k *Key) UnmarshalPrivate(der []byte) error {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return fmt.Errorf("unmarshal signing key %s: not a PKCS #8 private key", k.KID) // the cause may quote bytes
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok || !k.Alg.fits(signer.Public()) {
		return fmt.Errorf("unmarshal signing key %s: it is not a key for %s", k.KID, k.Alg)
	}
	k.Public, k.private = signer.Public(), &private{signer}
	return nil
}

// fits reports whether public is a key of the algorithm.
func (a Alg) fits(public crypto.PublicKey) bool {
	switch public := public.(type) {
	case ed25519.PublicKey:
		return a == EdDSA && len(public) == ed25519.PublicKeySize
	case *ecdsa.PublicKey:
		return a == ES256 && public.Curve == elliptic.P256()
	}
	return false
}

// String names the key without its private part.
func (k Key) String() string { return fmt.Sprintf("token.Key(%s %s %s)", k.KID, k.Alg, k.State) }

// GoString is String, so that %#v does not print the private part either.
func (k Key) GoString() string { return k.String() }
