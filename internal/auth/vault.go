package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/password"
)

// Vault hashes passwords in a bounded pool and keeps the hashes sealed, so that a copy of the database alone
// cannot be guessed at.
type Vault struct {
	pool   *password.Pool
	hasher *password.Hasher
	sealer Sealer
}

// Sealer keeps secrets at rest (internal/keyring).
type Sealer interface {
	Seal(purpose string, aad []string, plaintext []byte) (string, error)
	Open(purpose string, aad []string, sealed string) ([]byte, error)
}

// NewVault makes a vault.
func NewVault(pool *password.Pool, hasher *password.Hasher, sealer Sealer) *Vault {
	return &Vault{pool: pool, hasher: hasher, sealer: sealer}
}

const purposePassword = "password-hash"

func passwordAAD(userID string) []string { return []string{"password", "hash", userID} }

// PasswordSealedAs returns the purpose and the place that the hash of a user's password is sealed for.
func PasswordSealedAs(userID string) (purpose string, aad []string) {
	return purposePassword, passwordAAD(userID)
}

// Hash returns the sealed hash of a user's new password. It fails with BadRequest for text that can be no
// password (not UTF-8, NUL, over 4096 bytes) and with Unavailable when too many wait to be hashed.
func (v *Vault) Hash(ctx context.Context, userID, plain string) (string, error) {
	plain, err := password.Normalize(plain)
	if err != nil {
		return "", err
	}
	var phc string
	if err := v.pool.Do(ctx, func() error { phc, err = v.hasher.Hash(plain); return err }); err != nil {
		return "", err
	}
	return v.seal(userID, phc)
}

// Adopt returns the sealed form of a hash that another system made, for a user who is brought here with it. What
// it is made of is looked at when the user signs in: a hash of no supported scheme never matches.
func (v *Vault) Adopt(userID, hash string) (string, error) { return v.seal(userID, hash) }

func (v *Vault) seal(userID, phc string) (string, error) {
	sealed, err := v.sealer.Seal(purposePassword, passwordAAD(userID), []byte(phc))
	if err != nil {
		return "", fmt.Errorf("seal password hash: %w", err)
	}
	return sealed, nil
}

// verify compares a password with a sealed hash; an empty or unreadable one never matches but costs the same.
// It runs in a slot that the caller holds.
func (v *Vault) verify(userID, sealed, plain string) (ok, rehash bool) {
	phc, err := v.sealer.Open(purposePassword, passwordAAD(userID), sealed)
	if sealed == "" || err != nil {
		_ = v.hasher.Dummy(plain) // the caller has normalized it
		return false, false
	}
	ok, rehash, err = v.hasher.Verify(string(phc), plain)
	return ok && err == nil, rehash
}

// anyOf reports whether a password is any of a user's former ones. Each is looked at in a slot of its own. It fails
// with Unavailable when too many wait.
func (v *Vault) anyOf(ctx context.Context, userID string, former []identity.Password, plain string) (found bool, err error) {
	for _, p := range former {
		err := v.pool.Do(ctx, func() error {
			found, _ = v.verify(userID, p.Hash, plain)
			return nil
		})
		if found || err != nil {
			return found, err
		}
	}
	return false, nil
}

const purposeSecret = "application-credential-secret"

func secretAAD(id string) []string { return []string{"application_credential", "secret", id} }

// SecretSealedAs returns the purpose and the place that the secret of an application credential is sealed for.
func SecretSealedAs(id string) (purpose string, aad []string) { return purposeSecret, secretAAD(id) }

// digest marks the stored form of a secret that was drawn at random: it cannot be guessed, so it need not be slow.
const digest = "sha256:"

// HashSecret returns the sealed form of the secret of an application credential. What people choose is hashed like
// a password, what was drawn at random (at least 128 bits) is not. It fails like Hash.
func (v *Vault) HashSecret(ctx context.Context, id, plain string, random bool) (string, error) {
	var hash string
	if random {
		hash = digest + sum(plain)
	} else {
		plain, err := password.Normalize(plain)
		if err != nil {
			return "", err
		}
		if err := v.pool.Do(ctx, func() error { hash, err = v.hasher.Hash(plain); return err }); err != nil {
			return "", err
		}
	}
	sealed, err := v.sealer.Seal(purposeSecret, secretAAD(id), []byte(hash))
	if err != nil {
		return "", fmt.Errorf("seal secret: %w", err)
	}
	return sealed, nil
}

func sum(plain string) string {
	d := sha256.Sum256([]byte(plain))
	return hex.EncodeToString(d[:])
}

// VerifySecret compares a secret with what HashSecret returned. It fails with Unavailable when too many wait to be
// compared, and with BadRequest for text that can be no secret.
func (v *Vault) VerifySecret(ctx context.Context, id, sealed, plain string) (ok bool, err error) {
	stored, err := v.sealer.Open(purposeSecret, secretAAD(id), sealed)
	if err != nil {
		return false, fmt.Errorf("open secret: %w", err)
	}
	if want, random := strings.CutPrefix(string(stored), digest); random {
		return subtle.ConstantTimeCompare([]byte(want), []byte(sum(plain))) == 1, nil
	}
	err = v.pool.Do(ctx, func() error { ok, _, err = v.hasher.Verify(string(stored), plain); return err })
	return ok, err
}
