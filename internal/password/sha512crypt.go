package password

import (
	"bytes"
	"crypto/sha512"
	"crypto/subtle"
)

// cryptRounds are the rounds of sha512_crypt that does not name them.
const cryptRounds = 5000

// crypted is sha512_crypt, the $6$ of crypt(3), with which Keystone hashed before 13.0.0 (Pike). A hash whose
// rounds would take too long for the length of a password does not match it.
func crypted(parts []string) matcher {
	rounds, salt, digest := cryptRounds, parts[1], parts[2]
	if parts[0] != "" {
		rounds = number(parts[0])
	}
	if rounds*sha512.Size > maxCryptBytes {
		return nil
	}
	return func(password string) bool {
		if rounds*(2*len(password)+len(salt)+sha512.Size) > maxCryptBytes {
			return false
		}
		got := sha512Crypt([]byte(password), []byte(salt), rounds)
		return subtle.ConstantTimeCompare([]byte(got), []byte(digest)) == 1
	}
}

// sha512Crypt is Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512" (version 0.6); the numbers are those of
// its steps. It returns the last part of the hash.
func sha512Crypt(password, salt []byte, rounds int) string {
	b := sum512(password, salt, password) // 4 to 8
	a := sha512.New()                     // 1 to 3
	a.Write(password)
	a.Write(salt)
	a.Write(stretch(b, len(password))) // 9, 10
	for n := len(password); n > 0; n >>= 1 {
		if n&1 != 0 { // 11
			a.Write(b)
		} else {
			a.Write(password)
		}
	}
	c := a.Sum(nil) // 12

	p := stretch(sum512(bytes.Repeat(password, len(password))), len(password)) // 13 to 16
	s := stretch(sum512(bytes.Repeat(salt, 16+int(c[0]))), len(salt))          // 17 to 20
	for i := range rounds {                                                    // 21
		h := sha512.New()
		write := func(first bool) {
			if first {
				h.Write(p)
			} else {
				h.Write(c)
			}
		}
		write(i%2 != 0)
		if i%3 != 0 {
			h.Write(s)
		}
		if i%7 != 0 {
			h.Write(p)
		}
		write(i%2 == 0)
		c = h.Sum(c[:0])
	}
	return cryptText(c)
}

func sum512(parts ...[]byte) []byte {
	h := sha512.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// stretch repeats b up to n bytes.
func stretch(b []byte, n int) []byte {
	return bytes.Repeat(b, n/len(b)+1)[:n]
}

// cryptText writes a digest in crypt's base64: three bytes at a time, taken round the digest, lowest bits first.
func cryptText(c []byte) string {
	const digits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	out := make([]byte, 0, 86)
	put := func(v uint32, n int) {
		for range n {
			out = append(out, digits[v&63])
			v >>= 6
		}
	}
	at := [3]int{0, 21, 42}
	for range 21 {
		put(uint32(c[at[0]])<<16|uint32(c[at[1]])<<8|uint32(c[at[2]]), 4)
		at = [3]int{at[1] + 1, at[2] + 1, at[0] + 1}
	}
	put(uint32(c[63]), 2)
	return string(out)
}
