package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// Report is what events tell of wrong passwords: a keyed digest that is the same for the same password, so that a
// program with an old password can be told from somebody who guesses.
type Report struct {
	// Key is the secret of the digests; empty reports nothing.
	Key string
	// Chars is how many characters of a digest are told.
	Chars int
}

func (r Report) of(password string) string {
	mac := hmac.New(sha256.New, []byte(r.Key))
	mac.Write([]byte(password))
	text := base64.RawStdEncoding.EncodeToString(mac.Sum(nil))
	return text[:min(len(text), r.Chars)]
}
