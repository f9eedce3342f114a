package server

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/credential"
	"github.com/keyward/identity/internal/device"
	"github.com/keyward/identity/internal/domainconfig"
	"github.com/keyward/identity/internal/keyring"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/notify"
	"github.com/keyward/identity/internal/oauth"
	"github.com/keyward/identity/internal/store"
)

// place tells what a value is sealed for, from the columns that store.Reseal hands out.
type place func(columns []string) (purpose string, aad []string)

// places are those of the columns that a root key seals.
var places = map[string]place{
	"application_credential.secret": func(c []string) (string, []string) { return auth.SecretSealedAs(c[0]) },
	"credential.sealed": func(c []string) (string, []string) {
		return credential.SealedAs(credential.Credential{ID: c[0], UserID: c[1], ProjectID: c[2], Type: c[3]})
	},
	"domain_option.value": func(c []string) (string, []string) { return domainconfig.SealedAs(c[0], c[1], c[2]) },
	"factor.secret":       func(c []string) (string, []string) { return mfa.SeedSealedAs(c[0], c[1]) },
	"mac_key.sealed": func(c []string) (string, []string) {
		return keyring.Heirloom{Purpose: c[0], KeyID: c[1]}.SealedAs()
	},
	"oauth_access_token.secret":    ofOAuth(oauth.OfAccessToken),
	"oauth_consumer.secret":        ofOAuth(oauth.OfConsumer),
	"oauth_request_token.secret":   ofOAuth(oauth.OfRequestToken),
	"oauth_request_token.verifier": ofOAuth(oauth.OfVerifier),
	"password.hash":                func(c []string) (string, []string) { return auth.PasswordSealedAs(c[1]) },
}

func ofOAuth(of string) place {
	return func(c []string) (string, []string) { return oauth.SealedAs(of, c[0]) }
}

// Resealed tells what became of the values of a column that older root keys had sealed.
type Resealed struct {
	// Column is a table and its column, with a dot between them.
	Column string
	// Sealed is how many are now sealed by the first root key; Unreadable how many no root key opens, which stay.
	Sealed, Unreadable int
}

// Root is the id of the root key that seals, which is the first word of its line in the file.
func (k *Keys) Root() string { return k.ring.Primary() }

// resealPasses is how often a column is gone through while servers keep changing it.
const resealPasses = 10

// lasting are what digests are made for that are looked at for longer than a day.
var lasting = []string{mfa.PurposeRecovery, device.Purpose, notify.Purpose}

// Reseal seals everything that an older root key sealed with the first one, so that the older ones may leave the
// file: nothing else changes. It works beside servers that have the same root keys, may be interrupted, and run
// again. Digests cannot be made again; what those that last need of the older keys is kept, sealed.
func (k *Keys) Reseal(ctx context.Context) ([]Resealed, error) {
	for _, purpose := range lasting {
		heirlooms, err := k.ring.Bequeath(purpose)
		if err == nil {
			err = k.store.SaveHeirlooms(ctx, heirlooms)
		}
		if err != nil {
			return nil, fmt.Errorf("keep what digests for %s need of older root keys: %w", purpose, err)
		}
	}
	columns := store.SealedColumns()
	all := make([]Resealed, 0, len(columns)+1)
	for _, c := range columns {
		r, err := k.resealColumn(ctx, c)
		all = append(all, r)
		if err != nil {
			return all, err
		}
	}
	r, err := k.resealSigningKeys(ctx)
	return append(all, r), err
}

// resealColumn goes through a column until nothing is left to do.
func (k *Keys) resealColumn(ctx context.Context, c store.SealedColumn) (Resealed, error) {
	out := Resealed{Column: c.Name}
	place := places[c.Name]
	if place == nil {
		return out, fmt.Errorf("nothing is known of what %s is sealed for", c.Name)
	}
	for range resealPasses {
		var failed error
		n, err := k.store.Reseal(ctx, c, k.ring.Prefix(), func(columns []string, value string) (string, bool) {
			purpose, aad := place(columns)
			sealed, err := k.reseal(purpose, aad, value)
			if err != nil && !errors.Is(err, keyring.ErrOpen) {
				failed = err
			}
			return sealed, err == nil
		})
		out.Sealed += n.Done
		out.Unreadable = n.Unreadable
		if err = errors.Join(err, failed); err != nil || n.Done+n.Raced == 0 {
			return out, err
		}
	}
	return out, fmt.Errorf("%s keeps being sealed by an older root key: some server does not have the new one in its first line", c.Name)
}

func (k *Keys) reseal(purpose string, aad []string, value string) (string, error) {
	plain, err := k.ring.Open(purpose, aad, value)
	if err != nil {
		return "", err
	}
	return k.ring.Seal(purpose, aad, plain)
}

// resealSigningKeys locks the signing keys as their rotation does.
func (k *Keys) resealSigningKeys(ctx context.Context) (Resealed, error) {
	out := Resealed{Column: "signing_key.private_key"}
	err := k.store.UpdateSigningKeys(ctx, func(stored []auth.StoredKey) ([]auth.StoredKey, error) {
		out.Sealed = 0
		keys := slices.Clone(stored)
		for i, key := range keys {
			if key.Private == "" || k.ring.Current(key.Private) {
				continue
			}
			var err error
			if keys[i].Private, err = k.reseal(purposeSigning, keyAAD(key.KID), key.Private); err != nil {
				return nil, err
			}
			out.Sealed++
		}
		return keys, nil
	})
	if err != nil {
		err = fmt.Errorf("seal the signing keys again: %w", err)
	}
	return out, err
}
