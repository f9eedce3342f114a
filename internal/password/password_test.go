package password

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/keyward/identity/internal/fault"
)

var cheap = Params{MemoryKiB: 8, Passes: 1, Lanes: 1}

func hasher(t testing.TB, p Params) *Hasher {
	t.Helper()
	h, err := NewHasher(p)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func mustHash(t testing.TB, h *Hasher, password string) string {
	t.Helper()
	stored, err := h.Hash(password)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestNormalizeRefuses(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	stored := mustHash(t, h, "x")
	for name, password := range map[string]string{
		"4097 bytes": strings.Repeat("a", 4097), "1 MB": strings.Repeat("a", 1<<20), "invalid UTF-8": "a\xff",
		"a lone surrogate": "a\xed\xa0\x80", "NUL": "a\x00b",
	} {
		_, normalizing := Normalize(password)
		_, hashing := h.Hash(password)
		ok, _, verifying := h.Verify(stored, password)
		for _, err := range []error{normalizing, hashing, verifying, h.Dummy(password), Policy{}.Check(password)} {
			if !fault.Is(err, fault.BadRequest) || ok {
				t.Errorf("%s: got %v, want BadRequest", name, err)
			}
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	stored := mustHash(t, h, "correct horse")
	long := strings.Repeat("a", 72)
	for _, c := range []struct{ name, stored, password string }{
		{"another password", stored, "correct horsf"},
		{"one character more", stored, "correct horse "},
		{"white space before", stored, " correct horse"},
		{"one character less", stored, "correct hors"},
		{"another case", stored, "Correct horse"},
		{"an empty password", stored, ""},
		{"a difference after 72 bytes", mustHash(t, h, long+"b"), long + "c"},
		{"a compatibility form, which NFC keeps apart", mustHash(t, h, "ﬁ"), "fi"},
	} {
		if ok, rehash, err := h.Verify(c.stored, c.password); ok || rehash || err != nil {
			t.Errorf("%s: got %v, %v, %v", c.name, ok, rehash, err)
		}
	}
}

func TestUnsupportedHashNeverVerifies(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	stored := mustHash(t, h, "x")
	swap := func(old, by string) string { return strings.Replace(stored, old, by, 1) }
	for name, stored := range map[string]string{
		"nothing":                     "",
		"the password itself":         "x",
		"a dollar sign":               "$",
		"bcrypt that is cut":          "$2b$04$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu",
		"sha512_crypt":                "$6$salt$x",
		"argon2i":                     swap("argon2id", "argon2i"),
		"version 16":                  swap("v=19", "v=16"),
		"no version":                  swap("$v=19", ""),
		"512 MiB":                     swap("m=8", "m=524288"),
		"256 MiB and 16 passes":       swap("m=8,t=1", "m=262144,t=16"),
		"17 passes":                   swap("t=1", "t=17"),
		"no pass":                     swap("t=1", "t=0"),
		"no lane":                     swap("p=1", "p=0"),
		"255 lanes":                   swap("p=1", "p=255"),
		"lanes that overflow":         swap("p=1", "p=257"),
		"less memory than lanes need": swap("m=8", "m=7"),
		"memory that overflows":       swap("m=8", "m=4294967304"),
		"a sign":                      swap("m=8", "m=+8"),
		"a leading zero":              swap("m=8", "m=08"),
		"a further parameter":         swap("p=1", "p=1,keyid=a"),
		"an empty salt and tag":       "$argon2id$v=19$m=8,t=1,p=1$$",
		"no tag":                      stored[:strings.LastIndexByte(stored, '$')],
		"an empty tag":                stored[:strings.LastIndexByte(stored, '$')+1],
		"a tag of 8 bytes":            stored[:strings.LastIndexByte(stored, '$')+1] + "AAAAAAAAAAA",
		"a line end":                  stored + "\n",
		"padding":                     stored + "=",
	} {
		for _, password := range []string{"x", ""} {
			if ok, rehash, err := h.Verify(stored, password); ok || rehash || !errors.Is(err, ErrScheme) {
				t.Errorf("%s: got %v, %v, %v; want ErrScheme", name, ok, rehash, err)
			}
		}
	}
}

func TestNewHasherRefusesWhatCannotBeVerified(t *testing.T) {
	t.Parallel()
	for _, p := range []Params{{}, {MemoryKiB: 19456, Passes: 2}, {MemoryKiB: 7, Passes: 1, Lanes: 1}, {MemoryKiB: 1 << 30, Passes: 1, Lanes: 1}} {
		if _, err := NewHasher(p); err == nil {
			t.Errorf("%+v was accepted", p)
		}
	}
}

func TestHashedPasswordVerifies(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	rapid.Check(t, func(t *rapid.T) {
		password := strings.ReplaceAll(rapid.StringN(0, 128, -1).Draw(t, "password"), "\x00", "")
		stored, err := h.Hash(password)
		if err != nil {
			t.Fatal(err)
		}
		if ok, rehash, err := h.Verify(stored, password); !ok || rehash || err != nil {
			t.Fatalf("got %v, %v, %v", ok, rehash, err)
		}
		if ok, _, _ := h.Verify(stored, password+"x"); ok {
			t.Fatal("a longer password verifies")
		}
		if again, _ := h.Hash(password); again == stored {
			t.Fatal("two hashes are equal")
		}
	})
}

func TestNormalFormDoesNotMatter(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap)
	const composed, decomposed = "caf\u00e9 au lait", "cafe\u0301 au lait"
	for _, pair := range [][2]string{{composed, decomposed}, {decomposed, composed}} {
		if ok, _, err := h.Verify(mustHash(t, h, pair[0]), pair[1]); !ok || err != nil {
			t.Errorf("set as %q, given as %q: got %v, %v", pair[0], pair[1], ok, err)
		}
	}
	for _, long := range []string{strings.Repeat("x", MaxBytes), strings.Repeat("é", 128)} {
		if got, err := Normalize(long); err != nil || got != long {
			t.Errorf("a password of %d characters: %v", utf8.RuneCountInString(long), err)
		}
	}
}

func TestHashOfAnotherCostNeedsRehash(t *testing.T) {
	t.Parallel()
	old, now := hasher(t, cheap), hasher(t, Params{MemoryKiB: 16, Passes: 2, Lanes: 1})
	stored := mustHash(t, old, "x")
	if ok, rehash, err := now.Verify(stored, "x"); !ok || !rehash || err != nil {
		t.Errorf("the right password: got %v, %v, %v", ok, rehash, err)
	}
	if ok, rehash, err := now.Verify(stored, "y"); ok || rehash || err != nil {
		t.Errorf("a wrong password: got %v, %v, %v; only good ones are hashed again", ok, rehash, err)
	}
}

func TestDefaultCostAndForm(t *testing.T) {
	t.Parallel()
	h := hasher(t, Default)
	stored := mustHash(t, h, "x")
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") || len(stored) != len("$argon2id$v=19$m=19456,t=2,p=1$")+22+1+43 {
		t.Errorf("got %s", stored)
	}
	// A test vector of the reference implementation (phc-winner-argon2, src/test.c), with its shorter salt.
	const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, rehash, err := h.Verify(reference, "password"); !ok || !rehash || err != nil {
		t.Errorf("hash of the reference implementation: got %v, %v, %v", ok, rehash, err)
	}
}

func BenchmarkVerify(b *testing.B) {
	h := hasher(b, Default)
	stored := mustHash(b, h, "x")
	for b.Loop() {
		if ok, _, err := h.Verify(stored, "x"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkDummy(b *testing.B) {
	h := hasher(b, Default)
	for b.Loop() {
		if err := h.Dummy("x"); err != nil {
			b.Fatal(err)
		}
	}
}
