package token

import (
	"crypto/elliptic"
	"math/big"

	"github.com/golang-jwt/jwt/v5"
)

// method returns golang-jwt's implementation of the algorithm. Its parser is not used: it would choose the
// algorithm by a header that strangers write, where ours is chosen by the key (RFC 8725 section 3.1).
func (a Alg) method() jwt.SigningMethod {
	if a == ES256 {
		return jwt.SigningMethodES256
	}
	return jwt.SigningMethodEdDSA
}

// sign returns k's signature of text.
func sign(k Key, text string) ([]byte, error) {
	signature, err := k.Alg.method().Sign(text, k.private.Signer)
	if err == nil && k.Alg == ES256 && highS(signature) {
		s := new(big.Int).SetBytes(signature[32:])
		s.Sub(elliptic.P256().Params().N, s).FillBytes(signature[32:])
	}
	return signature, err
}

// verify reports whether signature is the one that the key made for text.
func verify(with accepted, text string, signature []byte) bool {
	if with.alg == ES256 && highS(signature) {
		return false
	}
	return with.alg.method().Verify(text, signature, with.public) == nil
}

var halfP256 = new(big.Int).Rsh(elliptic.P256().Params().N, 1)

// highS reports whether an ES256 signature (r, s) has the larger of its two possible s. (r, n-s) verifies as
// well, so one of the two must be refused; Ed25519 has no such twin.
func highS(signature []byte) bool {
	return new(big.Int).SetBytes(signature[32:]).Cmp(halfP256) > 0
}
