package password

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// Limits of cost of the hashes that Keystone left behind, about 1.5 s each: what Keystone wrote by default is a
// fifth of them at most, and a planted one is no bomb.
const (
	maxBcryptCost   = 14      // Keystone's default is 12
	maxScryptWork   = 1 << 22 // N times r times p; 1 << 19
	maxPBKDF2Rounds = 2_000_000
	maxCryptBytes   = 1 << 29 // rounds of sha512_crypt times the bytes that each of them hashes
)

// matcher compares a password, byte for byte as it was given, with the hash it was made of.
type matcher func(password string) bool

// foreign are the forms of the hashes that Keystone has written, each with what compares it, or nil when its cost
// is out of range. Keystone chooses by the beginning of a hash, so that one database mixes them.
var foreign = []struct {
	form *regexp.Regexp
	make func(parts []string) matcher
}{
	{regexp.MustCompile(`^\$2([abxy]?)\$(\d\d)\$([./A-Za-z0-9]{22}[./A-Za-z0-9]{31})$`), plainBcrypt},
	{regexp.MustCompile(`^\$bcrypt-sha256\$v=2,t=2[aby],r=(\d{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$`), keyedBcrypt},
	{regexp.MustCompile(`^\$bcrypt-sha256\$2[aby],(\d{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$`), digestBcrypt},
	{regexp.MustCompile(`^\$scrypt\$ln=([1-9]\d?),r=([1-9]\d{0,2}),p=([1-9]\d?)\$([+/A-Za-z0-9]{1,172})\$([+/A-Za-z0-9]{43})$`), scrypted},
	{regexp.MustCompile(`^\$pbkdf2-sha512\$([1-9]\d{0,6})\$([./+A-Za-z0-9]{1,172})\$([./+A-Za-z0-9]{86})$`), pbkdf2ed},
	{regexp.MustCompile(`^\$6\$(?:rounds=([1-9]\d{3,6})\$)?([^$:\x00-\x1f\x7f]{0,16})\$([./0-9A-Za-z]{86})$`), crypted},
}

// keystones returns what compares passwords with a hash that Keystone wrote. It fails with ErrScheme.
func keystones(stored string) (matcher, error) {
	for _, f := range foreign {
		if parts := f.form.FindStringSubmatch(stored); parts != nil {
			if m := f.make(parts[1:]); m != nil {
				return m, nil
			}
			break
		}
	}
	return nil, ErrScheme
}

const (
	bcryptBytes = 72 // of the password; bcrypt reads no more
	shortEra    = 54 // characters that Keystone 23.0.0 and some packages of its time cut passwords to
)

// plainBcrypt is bcrypt over the first 72 bytes. Hashes of the time when Keystone cut passwords to 54 characters
// are of the same form: a long password that does not match is tried once more as it was cut then.
func plainBcrypt(parts []string) matcher {
	cost, rest := parts[1], parts[2]
	ancient := parts[0] == "" // $2$ has no NUL after the password before it repeats it
	compare := bcryptOf(cost, rest)
	if compare == nil {
		return nil
	}
	key := func(password string) string {
		if ancient && password != "" {
			password = strings.Repeat(password, bcryptBytes/len(password)+1)
		}
		return password[:min(len(password), bcryptBytes)]
	}
	return func(password string) bool {
		whole := key(password)
		if compare(whole) {
			return true
		}
		if utf8.RuneCountInString(password) <= shortEra {
			return false
		}
		cut := key(string([]rune(password)[:shortEra]))
		return cut != whole && compare(cut)
	}
}

// keyedBcrypt is passlib's second bcrypt_sha256: bcrypt over HMAC-SHA256 with the salt's text as key.
func keyedBcrypt(parts []string) matcher {
	cost, salt, digest := parts[0], parts[1], parts[2]
	compare := bcryptOf(cost, salt+digest)
	if compare == nil {
		return nil
	}
	return func(password string) bool {
		mac := hmac.New(sha256.New, []byte(salt))
		mac.Write([]byte(password))
		return compare(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
}

// digestBcrypt is passlib's first bcrypt_sha256: bcrypt over SHA-256.
func digestBcrypt(parts []string) matcher {
	compare := bcryptOf(parts[0], parts[1]+parts[2])
	if compare == nil {
		return nil
	}
	return func(password string) bool {
		d := sha256.Sum256([]byte(password))
		return compare(base64.StdEncoding.EncodeToString(d[:]))
	}
}

// bcryptOf compares keys of at most 72 bytes. The variants of bcrypt are one for text without NUL, but for $2x$ of
// text beyond ASCII, which Keystone compares wrongly as well.
func bcryptOf(cost, saltAndDigest string) matcher {
	n, err := strconv.Atoi(cost)
	if err != nil || n < bcrypt.MinCost || n > maxBcryptCost {
		return nil
	}
	hash := fmt.Appendf(nil, "$2b$%02d$%s", n, saltAndDigest)
	return func(key string) bool { return bcrypt.CompareHashAndPassword(hash, []byte(key)) == nil }
}

func scrypted(parts []string) matcher {
	ln, r, p := number(parts[0]), number(parts[1]), number(parts[2])
	salt, sum := unpadded(parts[3]), unpadded(parts[4])
	// ln up to 30 times r up to 999 times p up to 99 overflows nothing.
	if ln > 30 || (r*p)<<ln > maxScryptWork || 128*r<<ln > maxMemory<<10 || salt == nil || len(sum) != 32 {
		return nil
	}
	return func(password string) bool {
		got, err := scrypt.Key([]byte(password), salt, 1<<ln, r, p, len(sum))
		return err == nil && subtle.ConstantTimeCompare(got, sum) == 1
	}
}

func pbkdf2ed(parts []string) matcher {
	rounds, salt, sum := number(parts[0]), unpadded(parts[1]), unpadded(parts[2])
	if rounds > maxPBKDF2Rounds || salt == nil || len(sum) != sha512.Size {
		return nil
	}
	return func(password string) bool {
		got, err := pbkdf2.Key(sha512.New, password, salt, rounds, len(sum))
		return err == nil && subtle.ConstantTimeCompare(got, sum) == 1
	}
}

// number reads what a form has made sure to be a number.
func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// unpadded reads base64 without padding, of which passlib writes + as a full stop. It returns nil for what is none.
func unpadded(text string) []byte {
	b, err := b64.DecodeString(strings.ReplaceAll(text, ".", "+"))
	if err != nil {
		return nil
	}
	return b
}
