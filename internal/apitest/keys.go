package apitest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"

	"github.com/keyward/identity/internal/server"
	"github.com/keyward/identity/internal/token"
)

// Keys opens the signing keys as the operator's commands do: beside the running servers, through the database.
// They are closed with the test.
func (w *World) Keys() *server.Keys {
	w.t.Helper()
	k, err := server.OpenKeys(context.Background(), w.Config, server.Deps{Now: w.Clock.Now})
	if err != nil {
		w.t.Fatalf("open the keys: %v", err)
	}
	w.t.Cleanup(func() {
		if err := k.Close(); err != nil {
			w.t.Errorf("close the keys: %v", err)
		}
	})
	return k
}

// Signer is one of the server's own signing keys in the hands of a test, to sign what the server never would.
type Signer struct {
	KID     string
	Alg     token.Alg
	Public  crypto.PublicKey
	private crypto.Signer
}

// Signer returns the key that the server signs with now.
func (w *World) Signer() Signer {
	w.t.Helper()
	return w.SignerIn(token.Active)
}

// SignerIn returns the oldest key in a state.
func (w *World) SignerIn(state token.State) Signer {
	w.t.Helper()
	keys, err := w.Keys().List(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, k := range keys {
		if k.State != state {
			continue
		}
		der, err := k.MarshalPrivate()
		if err != nil {
			w.t.Fatal(err)
		}
		parsed, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			w.t.Fatal(err)
		}
		return Signer{KID: k.KID, Alg: k.Alg, Public: k.Public, private: parsed.(crypto.Signer)}
	}
	w.t.Fatalf("no signing key is %s", state)
	return Signer{}
}

// NewSigner is a fresh key of the same algorithm that claims to be this one.
func (s Signer) NewSigner() Signer {
	s.private, _ = newKey(s.Alg)
	s.Public = s.private.Public()
	return s
}

func newKey(alg token.Alg) (crypto.Signer, error) {
	k, err := token.GenerateKey(alg, NewClock().Now(), rand.Text)
	if err != nil {
		return nil, err
	}
	der, err := k.MarshalPrivate()
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	return parsed.(crypto.Signer), err
}

// Header is the header that the server gives to texts of a kind: "token" or "receipt".
func (s Signer) Header(kind string) string {
	return `{"alg":"` + string(s.Alg) + `","kid":"` + s.KID + `","typ":"` + kind + `"}`
}

// Forge signs header and payload, which may be any text, as a JWT. The signature is good, whatever they say.
func (s Signer) Forge(header, payload string) string {
	text := Base64(header) + "." + Base64(payload)
	return text + "." + base64.RawURLEncoding.EncodeToString(s.Sign(text))
}

// Sign returns the signature of text in the form of JWS.
func (s Signer) Sign(text string) []byte {
	switch key := s.private.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, []byte(text))
	case *ecdsa.PrivateKey:
		sum := sha256.Sum256([]byte(text))
		r, v, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			panic(err)
		}
		n := key.Params().N
		if v.Cmp(new(big.Int).Rsh(n, 1)) > 0 { // the server takes the smaller of the two twins only
			v.Sub(n, v)
		}
		out := make([]byte, 64)
		r.FillBytes(out[:32])
		v.FillBytes(out[32:])
		return out
	}
	panic("apitest: an algorithm without a signer")
}

// Base64 is the encoding of the parts of a JWT.
func Base64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// Claims returns the payload of a token as the text that was signed.
func Claims(text string) string {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return ""
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	return string(b)
}
