package password

import (
	"errors"
	"strings"
	"testing"
	"time"
)

const horse = "Correct-Horse-9"

// long90 is a password of 90 characters, all of them ASCII.
var long90 = strings.Repeat("long-passphrase-", 6)[:90]

// vectors were written by Keystone and by the libraries that it used, where nothing else is said.
var vectors = []struct{ name, stored, password string }{
	{"bcrypt", "$2b$04$/60C7wdEeJdfAuTNVL9jMeVDpmcU22hJBEjmUC/Gqzw0U5cm3jDam", horse},
	{"bcrypt with an early prefix", "$2a$04$/60C7wdEeJdfAuTNVL9jMeVDpmcU22hJBEjmUC/Gqzw0U5cm3jDam", horse},
	{"bcrypt of crypt_blowfish", "$2y$04$/60C7wdEeJdfAuTNVL9jMeVDpmcU22hJBEjmUC/Gqzw0U5cm3jDam", horse},
	{"bcrypt of an early crypt_blowfish, ASCII", "$2x$04$/60C7wdEeJdfAuTNVL9jMeVDpmcU22hJBEjmUC/Gqzw0U5cm3jDam", horse},
	{"the first bcrypt (passlib)", "$2$04$5BJqKfqMQvV7nS.yUguNcuRfMMOXK0xPWavM7pOzjEi5ze5T1k8/S", "test"},
	{"bcrypt with a salt whose spare bits are set (crypt_blowfish)", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	{"bcrypt, 72 bytes of a long password", "$2b$04$abcdefghijklmnopqrstuuBoCxmTYQMsE8ZSVGd554L/e/uF9KRl.", long90},
	{"bcrypt, the time of 54 characters", "$2b$04$abcdefghijklmnopqrstuu/Plfl1lt5roJCJEcnadhPUdUmUlgm12", long90},
	{"bcrypt_sha256", "$bcrypt-sha256$v=2,t=2b,r=10$JoW3x4YteT2tJlFveVe87O$H1SCRNyYwDLrBsu3pKfRjG0kPYcvppW", horse},
	{"the first bcrypt_sha256", "$bcrypt-sha256$2b,10$3DQ9VGnZ8QNFAZipZk7/Q.$4.6Zt0f3iyFNd8aDprD2Xqww6tOpDtm", horse},
	{"the first bcrypt_sha256 at a cost of one digit (passlib)", "$bcrypt-sha256$2a,5$5Hg1DKFqPE8C2aflZ5vVoe$12BjNE0p7axMg55.Y/mHsYiVuFBDQyu", "password"},
	{"the first bcrypt_sha256 of nothing (passlib)", "$bcrypt-sha256$2a,5$E/e/2AOhqM5W/KJTFQzLce$F6dYSxOdAEoJZO2eoHUZWZljW/e0TXO", ""},
	{"scrypt", "$scrypt$ln=16,r=8,p=1$jb6RqUC1hRqk1/nwSMaT1w$y73/mSoZ7zFEJOV0YxbqFaxekKHEFbtUGMtHwaXkcpY", horse},
	{"pbkdf2_sha512", "$pbkdf2-sha512$1000$mwXxx07x39RjlyGY+UQvtQ$zqfWGTyncHMV2e9zUUDqhyDQ1/ltPat3Wa6vjO/vMpgJZbg/u+z3II2BHr0G6dCtHBTqKisWyqaBXB0uYQva3g", horse},
	{"pbkdf2_sha512 of passlib", "$pbkdf2-sha512$1000$B6BUSsnZm5NyrjUGAIBw7g$uUju3nS.HQcFT07gTcT4ezNxh92nbTGEj4yCJivzxBwgjeJkqtD36X7FMmrJzpNRtF9QOPpQ8Lt7qdw0MwRtfg", horse},
	{"sha512_crypt", "$6$rounds=10000$Y4yCftA4BUxLvtJX$Y1TC34tO6N/RwYx3RikYuXopVMdEPRJPrXje3L/5SmA/CiFOls6fu78DKqjff6tMYFhGfB1aVxwUvChplTLdM0", horse},
	{"sha512_crypt without rounds (its author)", "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1", "Hello world!"},
}

func TestKeystonesHashesRefuse(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			wrong := []string{"x" + v.password, strings.ToUpper(v.password) + "x"}
			if !strings.HasPrefix(v.stored, "$scrypt") { // one is enough of what takes long
				wrong = append(wrong, v.password[:len(v.password)/2]+"!")
			}
			if len(v.password) < bcryptBytes {
				wrong = append(wrong, v.password+"x")
			}
			for _, password := range wrong {
				if ok, rehash, err := h.Verify(v.stored, password); ok || rehash || err != nil {
					t.Errorf("%q: got %v, %v, %v", password, ok, rehash, err)
				}
			}
			if ok, rehash, err := h.Verify(v.stored, v.password+"\x00"); ok || rehash || err == nil {
				t.Errorf("with a NUL: got %v, %v, %v", ok, rehash, err)
			}
			for _, stored := range []string{v.stored[:len(v.stored)-1], v.stored + "A", v.stored + "\n", v.stored + "=", v.stored[1:], " " + v.stored, strings.Replace(v.stored, "$", "", 2)} {
				if ok, rehash, err := h.Verify(stored, v.password); ok || rehash || !errors.Is(err, ErrScheme) {
					t.Errorf("the hash %q: got %v, %v, %v; want ErrScheme", stored, ok, rehash, err)
				}
			}
		})
	}
}

func TestKeystonesHashesOfOtherCostsAreNoBomb(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	of := func(name string) string {
		for _, v := range vectors {
			if v.name == name {
				return v.stored
			}
		}
		t.Fatalf("no vector %s", name)
		return ""
	}
	swap := func(name, old, by string) string {
		stored := strings.Replace(of(name), old, by, 1)
		if stored == of(name) {
			t.Fatalf("%s has no %s", name, old)
		}
		return stored
	}
	began := time.Now()
	for name, stored := range map[string]string{
		"bcrypt 15":                           swap("bcrypt", "$04$", "$15$"),
		"bcrypt 31":                           swap("bcrypt", "$04$", "$31$"),
		"bcrypt 3":                            swap("bcrypt", "$04$", "$03$"),
		"bcrypt 0":                            swap("bcrypt", "$04$", "$00$"),
		"bcrypt of one digit":                 swap("bcrypt", "$04$", "$4$"),
		"bcrypt of another letter":            swap("bcrypt", "$2b", "$2c"),
		"bcrypt_sha256 15":                    swap("bcrypt_sha256", "r=10", "r=15"),
		"bcrypt_sha256 version 3":             swap("bcrypt_sha256", "v=2", "v=3"),
		"bcrypt_sha256 cost with a sign":      swap("bcrypt_sha256", "r=10", "r=+9"),
		"the first bcrypt_sha256 31":          swap("the first bcrypt_sha256", "2b,10", "2b,31"),
		"scrypt of 2 GiB":                     swap("scrypt", "ln=16", "ln=21"),
		"scrypt of all memory":                swap("scrypt", "ln=16", "ln=63"),
		"scrypt of no memory":                 swap("scrypt", "ln=16", "ln=0"),
		"scrypt with a leading zero":          swap("scrypt", "ln=16", "ln=06"),
		"scrypt with large blocks":            swap("scrypt", "r=8", "r=999"),
		"scrypt over and over":                swap("scrypt", "p=1", "p=99"),
		"scrypt without a salt":               swap("scrypt", "jb6RqUC1hRqk1/nwSMaT1w", ""),
		"scrypt with a salt that is half one": swap("scrypt", "jb6RqUC1hRqk1/nwSMaT1w", "jb6Rq"),
		"passlib's other scrypt":              "$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D",
		"pbkdf2 of 9,999,999 rounds":          swap("pbkdf2_sha512", "$1000$", "$9999999$"),
		"pbkdf2 of 2^32 rounds":               swap("pbkdf2_sha512", "$1000$", "$4294967296$"),
		"pbkdf2 of no rounds":                 swap("pbkdf2_sha512", "$1000$", "$0$"),
		"pbkdf2 with SHA-256":                 swap("pbkdf2_sha512", "sha512", "sha256"),
		"sha512_crypt of 9,999,999 rounds":    swap("sha512_crypt", "rounds=10000", "rounds=9999999"),
		"sha512_crypt of 999,999,999 rounds":  swap("sha512_crypt", "rounds=10000", "rounds=999999999"),
		"sha512_crypt of 999 rounds":          swap("sha512_crypt", "rounds=10000", "rounds=999"),
		"sha512_crypt with a long salt":       swap("sha512_crypt", "$Y4y", "$aY4y"),
		"sha256_crypt":                        swap("sha512_crypt", "$6$", "$5$"),
		"md5_crypt":                           "$1$abcdefgh$irWbblnpmw.5z7wgBnprh0",
	} {
		if ok, rehash, err := h.Verify(stored, horse); ok || rehash || !errors.Is(err, ErrScheme) {
			t.Errorf("%s: got %v, %v, %v; want ErrScheme", name, ok, rehash, err)
		}
	}
	// A million rounds are borne, but not of the longest password.
	if ok, _, err := h.Verify(swap("sha512_crypt", "rounds=10000", "rounds=1000000"), strings.Repeat("a", MaxBytes)); ok || err != nil {
		t.Errorf("sha512_crypt of a long password: got %v, %v", ok, err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("refusing them took %v", took)
	}
}

func TestKeystonesHashesVerifyAndNeedRehash(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			if ok, rehash, err := h.Verify(v.stored, v.password); !ok || !rehash || err != nil {
				t.Errorf("got %v, %v, %v", ok, rehash, err)
			}
		})
	}
}

// Keystone read 72 bytes of a password, and for some months 54 characters. What it cut off says nothing here
// either, until the first sign-in makes a new hash of all of it.
func TestBcryptReadsWhatKeystoneRead(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	const whole, short = "$2b$04$abcdefghijklmnopqrstuuBoCxmTYQMsE8ZSVGd554L/e/uF9KRl.", "$2b$04$abcdefghijklmnopqrstuu/Plfl1lt5roJCJEcnadhPUdUmUlgm12"
	for _, c := range []struct {
		name, stored, password string
		want                   bool
	}{
		{"72 bytes", whole, long90[:72], true},
		{"71 bytes", whole, long90[:71], false},
		{"another 73rd byte", whole, long90[:72] + "x", true},
		{"another 72nd byte", whole, long90[:71] + "x" + long90[72:], false},
		{"54 characters", short, long90[:54], true},
		{"53 characters", short, long90[:53], false},
		{"another 55th character", short, long90[:54] + "x", true},
		{"another 54th character", short, long90[:53] + "x" + long90[54:], false},
	} {
		if ok, rehash, err := h.Verify(c.stored, c.password); ok != c.want || rehash != c.want || err != nil {
			t.Errorf("%s: got %v, %v, %v", c.name, ok, rehash, err)
		}
	}
	again := mustHash(t, h, long90)
	if ok, _, _ := h.Verify(again, long90[:72]); ok {
		t.Error("the new hash is cut, too")
	}
}

// Keystone hashed the bytes that came, whatever their normal form.
func TestKeystonesHashesAreOfThePasswordAsGiven(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	const composed, decomposed = "caf\u00e9 au lait", "cafe\u0301 au lait"
	stored := "$6$rounds=1000$salt$" + sha512Crypt([]byte(decomposed), []byte("salt"), 1000)
	if ok, rehash, err := h.Verify(stored, decomposed); !ok || !rehash || err != nil {
		t.Errorf("as it was given to Keystone: got %v, %v, %v", ok, rehash, err)
	}
	if ok, _, err := h.Verify(stored, composed); ok || err != nil {
		t.Errorf("in the other form: got %v, %v", ok, err)
	}
}
