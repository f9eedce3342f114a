package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Keys is an immutable set of keys with exactly one active key.
type Keys struct {
	active   Key
	accepted map[string]accepted // by the encoded header
	jwks     []byte
	identity string // equal for sets that sign and verify the same
}

// accepted is what one header text means.
type accepted struct {
	kind   Kind
	alg    Alg
	public crypto.PublicKey
}

// NewKeys makes a set. It fails unless exactly one key is active and has its private part, all ids are well
// formed and differ, and every key but retired ones has a public part that fits its algorithm.
func NewKeys(keys []Key) (*Keys, error) {
	ks := &Keys{accepted: map[string]accepted{}}
	seen := map[string]bool{}
	actives := 0
	var published []Key
	for _, k := range keys {
		if !kidForm.MatchString(k.KID) || seen[k.KID] {
			return nil, errors.New("signing keys: a key id is malformed or used twice")
		}
		seen[k.KID] = true
		if k.State == Retired {
			continue
		}
		if !k.Alg.fits(k.Public) {
			return nil, fmt.Errorf("signing keys: key %s is not a key for %q", k.KID, string(k.Alg))
		}
		switch k.State {
		case Active:
			ks.active = k
			actives++
			published = slices.Insert(published, 0, k)
		case VerifyOnly:
			published = append(published, k)
		case Pending: // not published before it signs; see Pending for why it verifies
		default:
			return nil, fmt.Errorf("signing keys: key %s has the unknown state %q", k.KID, string(k.State))
		}
		for _, kind := range kinds {
			ks.accepted[header(k, kind)] = accepted{kind, k.Alg, k.Public}
		}
	}
	if actives != 1 {
		return nil, fmt.Errorf("signing keys: %d keys are active, want exactly one", actives)
	}
	if ks.active.private == nil {
		return nil, fmt.Errorf("signing keys: the active key %s has no private part", ks.active.KID)
	}
	return ks, ks.render(keys, published)
}

// header returns the encoded header of what k signs for kind. There is one such text for each key and kind,
// so a header is read by looking it up: alg and kid always belong together, and a header with anything else
// in it (jwk, jku, x5u, x5c, crit, zip, b64, cty …) is simply not known. Headers are never parsed.
func header(k Key, kind Kind) string {
	return b64.EncodeToString(fmt.Appendf(nil, `{"alg":%q,"kid":%q,"typ":%q}`, string(k.Alg), k.KID, string(kind)))
}

// JWKS returns the set as a JWK Set (RFC 7517): the public parts of the active and the verify-only keys.
func (ks *Keys) JWKS() []byte { return slices.Clone(ks.jwks) }

// jwk is a public key (RFC 7517 section 4, RFC 7518 section 6.2, RFC 8037 section 2).
type jwk struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y,omitempty"`
	KID string `json:"kid"`
	Use string `json:"use"`
	Alg Alg    `json:"alg"`
}

func (ks *Keys) render(all, published []Key) error {
	set := struct {
		Keys []jwk `json:"keys"`
	}{}
	for _, k := range published {
		j, err := publicJWK(k)
		if err != nil {
			return err
		}
		set.Keys = append(set.Keys, j)
	}
	var err error
	if ks.jwks, err = json.Marshal(set); err != nil {
		return fmt.Errorf("signing keys: render JWKS: %w", err)
	}
	for _, k := range all {
		if k.State == Retired {
			continue
		}
		j, err := publicJWK(k)
		if err != nil {
			return err
		}
		ks.identity += fmt.Sprintln(k.State, j)
	}
	return nil
}

func publicJWK(k Key) (jwk, error) {
	j := jwk{KID: k.KID, Use: "sig", Alg: k.Alg}
	switch public := k.Public.(type) {
	case ed25519.PublicKey:
		j.Kty, j.Crv, j.X = "OKP", "Ed25519", b64.EncodeToString(public)
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4, X, Y
		if err != nil {
			return jwk{}, fmt.Errorf("signing keys: key %s: %w", k.KID, err)
		}
		j.Kty, j.Crv = "EC", "P-256"
		j.X, j.Y = b64.EncodeToString(point[1:33]), b64.EncodeToString(point[33:])
	}
	return j, nil
}
