package token

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"pgregory.net/rapid"
)

var (
	epoch  = time.Date(2026, 9, 1, 12, 0, 0, 123456000, time.UTC)
	algs   = []Alg{EdDSA, ES256}
	hexIDs = []string{"0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210", "00112233445566778899aabbccddeeff"}
)

// ids returns a source of predictable ids of 32 characters.
func ids() func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("%032x", n)
	}
}

func firstKeys(t testing.TB, alg Alg) []Key {
	t.Helper()
	keys, err := First(alg, epoch, ids())
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func keySet(t testing.TB, keys ...Key) *Keys {
	t.Helper()
	set, err := NewKeys(keys)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// signer returns a signer whose clock stands at epoch, and its keys, the active one first.
func signer(t testing.TB, alg Alg, cacheSize int) (*Signer, []Key) {
	t.Helper()
	keys := firstKeys(t, alg)
	s, err := NewSigner(keySet(t, keys...), func() time.Time { return epoch }, cacheSize)
	if err != nil {
		t.Fatal(err)
	}
	return s, keys
}

func sample() Claims {
	return Claims{
		Kind: KindToken, UserID: hexIDs[0], ProjectID: hexIDs[1], Methods: []string{"password", "totp"},
		AuditID: "AAAAAAAAAAAAAAAAAAAAAA", IssuedAt: epoch, ExpiresAt: epoch.Add(time.Hour), AuthVersion: 7,
	}
}

func mustSign(t testing.TB, s *Signer, c Claims) string {
	t.Helper()
	text, err := s.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	s, _ := signer(t, EdDSA, -1)
	for name, change := range map[string]func(*Claims){
		"an unknown kind":              func(c *Claims) { c.Kind = "session" },
		"no user":                      func(c *Claims) { c.UserID = "" },
		"a user id of 256 bytes":       func(c *Claims) { c.UserID = strings.Repeat("a", 256) },
		"a user id that is not UTF-8":  func(c *Claims) { c.UserID = "a\xff" },
		"project and domain scope":     func(c *Claims) { c.DomainID = "default" },
		"project and system scope":     func(c *Claims) { c.System = true },
		"trust and app credential":     func(c *Claims) { c.TrustID, c.AppCredID = "t", "a" },
		"no methods":                   func(c *Claims) { c.Methods = nil },
		"an empty method":              func(c *Claims) { c.Methods = []string{""} },
		"17 methods":                   func(c *Claims) { c.Methods = strings.Split(strings.Repeat("m,", 16)+"m", ",") },
		"no audit id":                  func(c *Claims) { c.AuditID = "" },
		"an audit id of 21 characters": func(c *Claims) { c.AuditID = c.AuditID[1:] },
		"an audit id with stray bits":  func(c *Claims) { c.AuditID = c.AuditID[1:] + "B" },
		"a chain id with a line end":   func(c *Claims) { c.ChainID = c.AuditID[1:] + "\n" },
		"no issue time":                func(c *Claims) { c.IssuedAt = time.Time{} },
		"no expiry":                    func(c *Claims) { c.ExpiresAt = time.Time{} },
		"expiry at the issue time":     func(c *Claims) { c.ExpiresAt = c.IssuedAt.Add(999) },
		"expiry in the year 10000":     func(c *Claims) { c.ExpiresAt = maxTime },
		"authentication after issue":   func(c *Claims) { c.AuthTime = c.IssuedAt.Add(time.Second) },
		"a negative auth version":      func(c *Claims) { c.AuthVersion = -1 },
		"authentication before 1970":   func(c *Claims) { c.AuthTime = time.Unix(-1, 0) },
	} {
		c := sample()
		change(&c)
		if text, err := s.Sign(c); err == nil {
			t.Errorf("%s: signed %s", name, text)
		}
	}
}

func TestParsedClaimsAreTheSignedOnes(t *testing.T) {
	t.Parallel()
	for _, alg := range algs {
		for _, cacheSize := range []int{-1, 0} {
			s, _ := signer(t, alg, cacheSize)
			rapid.Check(t, func(t *rapid.T) {
				c := drawClaims(t)
				text, err := s.Sign(c)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 { // the second may come from the cache
					got, err := s.Parse(text, c.Kind)
					if err != nil || fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", c.complete()) {
						t.Fatalf("got %#v, %v\nwant %#v", got, err, c.complete())
					}
					got.Methods[0] = "changed by the caller"
				}
			})
		}
	}
}

func drawClaims(t *rapid.T) Claims {
	id := rapid.StringN(1, 64, 255)
	c := Claims{
		Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), UserID: id.Draw(t, "user"),
		Methods: rapid.SliceOfN(id, 1, 4).Draw(t, "methods"), AuditID: NewAuditID(),
		AuthVersion: rapid.Int64Min(0).Draw(t, "version"),
	}
	switch rapid.IntRange(0, 3).Draw(t, "scope") {
	case 1:
		c.ProjectID = id.Draw(t, "project")
	case 2:
		c.DomainID = id.Draw(t, "domain")
	case 3:
		c.System = true
	}
	switch rapid.IntRange(0, 2).Draw(t, "delegation") {
	case 1:
		c.TrustID = id.Draw(t, "trust")
	case 2:
		c.AppCredID = id.Draw(t, "application credential")
	}
	if rapid.Bool().Draw(t, "rescoped") {
		c.ChainID = NewAuditID()
	}
	back := rapid.Int64Range(0, 1e15)
	c.IssuedAt = epoch.Add(-time.Duration(back.Draw(t, "issued")))
	c.AuthTime = c.IssuedAt.Add(-time.Duration(back.Draw(t, "authenticated")))
	c.ExpiresAt = c.IssuedAt.Add(time.Duration(rapid.Int64Range(1000, 1e15).Draw(t, "life")))
	return c
}

// Every kind of token that the gate makes, each with all that it can say and ids of Keystone's length.
func TestTextIsShort(t *testing.T) {
	t.Parallel()
	for _, alg := range algs {
		s, _ := signer(t, alg, -1)
		for name, change := range map[string]func(*Claims){
			"unscoped":               func(c *Claims) { c.ProjectID = "" },
			"project":                func(*Claims) {},
			"domain":                 func(c *Claims) { c.ProjectID, c.DomainID = "", hexIDs[1] },
			"system":                 func(c *Claims) { c.ProjectID, c.System = "", true },
			"rescoped":               rescoped,
			"rescoped with a code":   func(c *Claims) { rescoped(c); c.Methods = []string{"password", "totp", "token"} },
			"federated":              func(c *Claims) { rescoped(c); c.UserID = hexIDs[0] + hexIDs[1] }, // ids from elsewhere are SHA-256 sums
			"application credential": func(c *Claims) { c.AppCredID, c.Methods = hexIDs[2], []string{"application_credential"} },
			"application credential, continued": func(c *Claims) {
				rescoped(c)
				c.AppCredID, c.Methods = hexIDs[2], []string{"application_credential", "token"}
			},
			"trust":               func(c *Claims) { c.TrustID, c.PartnerVersion = hexIDs[2], 123456 },
			"trust, from a token": func(c *Claims) { rescoped(c); c.TrustID, c.PartnerVersion = hexIDs[2], 123456 },
			"OAuth access token":  func(c *Claims) { c.AccessTokenID, c.Methods = hexIDs[2], []string{"oauth1"}; c.ChainID = NewAuditID() },
			"bound to a certificate": func(c *Claims) {
				c.AppCredID, c.Methods, c.Thumbprint = hexIDs[2], []string{"oauth2_credential"}, strings.Repeat("A", 43)+"=" // base64url of a SHA-256 sum
			},
			"EC2": func(c *Claims) { c.Methods, c.ChainID = []string{MethodEC2}, NewAuditID() },
			"EC2, of an application credential": func(c *Claims) {
				c.Methods, c.ChainID, c.AppCredID = []string{MethodEC2}, NewAuditID(), hexIDs[2]
			},
			"EC2, of a trust": func(c *Claims) {
				c.Methods, c.ChainID, c.TrustID, c.PartnerVersion = []string{MethodEC2}, NewAuditID(), hexIDs[2], 123456
			},
		} {
			c := sample()
			c.Methods, c.AuditID, c.AuthVersion, c.AuthTime = []string{"password", "totp"}, NewAuditID(), 123456, epoch.Add(-time.Hour)
			change(&c)
			for _, c.Kind = range kinds {
				if text := mustSign(t, s, c); len(text) >= 600 {
					t.Errorf("%s %s, %s: %d bytes, want fewer than 600", alg, c.Kind, name, len(text))
				}
			}
		}
	}
}

func rescoped(c *Claims) { c.Methods, c.ChainID = []string{"password", "token"}, NewAuditID() }

// The form is what other nodes of other versions read during an upgrade: a change here needs a plan.
func TestWireForm(t *testing.T) {
	t.Parallel()
	s, _ := signer(t, EdDSA, -1)
	plain, full := sample(), sample()
	full.ProjectID, full.System, full.AppCredID = "", true, "app"
	full.ChainID, full.AuthTime = "BAAAAAAAAAAAAAAAAAAAAA", epoch.Add(-time.Second)
	for name, c := range map[string]struct {
		claims Claims
		want   string
	}{
		"what can be left out is left out": {plain, `{"sub":"0123456789abcdef0123456789abcdef","prj":"fedcba9876543210fedcba9876543210",` +
			`"amr":["password","totp"],"jti":"AAAAAAAAAAAAAAAAAAAAAA","iat":1788264000.123456,"exp":1788267600.123456,"ver":7}`},
		"all members": {full, `{"sub":"0123456789abcdef0123456789abcdef","sys":true,"apc":"app","amr":["password","totp"],` +
			`"jti":"AAAAAAAAAAAAAAAAAAAAAA","sid":"BAAAAAAAAAAAAAAAAAAAAA","iat":1788264000.123456,"exp":1788267600.123456,` +
			`"auth_time":1788263999.123456,"ver":7}`},
	} {
		parts := strings.Split(mustSign(t, s, c.claims), ".")
		head, _ := b64.DecodeString(parts[0])
		body, _ := b64.DecodeString(parts[1])
		if want := `{"alg":"EdDSA","kid":"0000000000000001","typ":"token"}`; string(head) != want {
			t.Errorf("%s: header: got %s, want %s", name, head, want)
		}
		if string(body) != c.want {
			t.Errorf("%s: payload:\ngot  %s\nwant %s", name, body, c.want)
		}
	}
}

func TestOtherJWTLibrariesAcceptOurs(t *testing.T) {
	t.Parallel()
	for _, alg := range algs {
		s, keys := signer(t, alg, -1)
		parser := jwt.NewParser(jwt.WithValidMethods([]string{string(alg)}), jwt.WithExpirationRequired(), jwt.WithStrictDecoding(),
			jwt.WithTimeFunc(func() time.Time { return epoch }))
		for range 20 { // half of all ES256 signatures are changed to the smaller s
			got, err := parser.Parse(mustSign(t, s, sample()), func(*jwt.Token) (any, error) { return keys[0].Public, nil })
			if err != nil || got.Header["kid"] != keys[0].KID {
				t.Fatalf("%s: got %v, %v", alg, got, err)
			}
		}
	}
}

func TestExpired(t *testing.T) {
	t.Parallel()
	c := sample()
	for at, want := range map[time.Time]bool{c.ExpiresAt.Add(-1): false, c.ExpiresAt: true, c.ExpiresAt.Add(1): true} {
		if got := c.Expired(at); got != want {
			t.Errorf("Expired(%v): got %v", at, got)
		}
	}
}

func TestExpiredTextStillParses(t *testing.T) {
	t.Parallel()
	s, _ := signer(t, EdDSA, -1)
	c := sample()
	c.IssuedAt, c.ExpiresAt = epoch.Add(-2*time.Hour), epoch.Add(-time.Hour)
	if got, err := s.Parse(mustSign(t, s, c), KindToken); err != nil || !got.Expired(epoch) {
		t.Errorf("got %v, %v; want expired claims", got, err)
	}
}

func TestAuditIDsAreWellFormedAndDiffer(t *testing.T) {
	t.Parallel()
	a, b := NewAuditID(), NewAuditID()
	if !isAuditID(a) || !isAuditID(b) || a == b {
		t.Errorf("got %q and %q", a, b)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, alg := range algs {
		for name, cacheSize := range map[string]int{"cached": 0, "uncached": -1} {
			b.Run(string(alg)+"/"+name, func(b *testing.B) {
				s, _ := signer(b, alg, cacheSize)
				text := mustSign(b, s, sample())
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.Parse(text, KindToken); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkSign(b *testing.B) {
	s, _ := signer(b, EdDSA, -1)
	b.ReportAllocs()
	for b.Loop() {
		mustSign(b, s, sample())
	}
}
