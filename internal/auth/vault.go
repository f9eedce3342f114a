package auth

import (
	"context"
	"fmt"

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
