package token

import (
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
)

// forge signs any header and payload with k, as a thief of the key or the owner of another key would.
func forge(t testing.TB, k Key, header, payload string) string {
	t.Helper()
	text := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload))
	signature, err := sign(k, text)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + b64.EncodeToString(signature)
}

func headerOf(k Key) string {
	return fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"token"}`, string(k.Alg), k.KID)
}

func payloadOf(t testing.TB, c Claims) string {
	t.Helper()
	body, err := encode(c.complete())
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// refused parses text, which must fail with the one error, quickly, and the second time as well.
func refused(t *testing.T, s *Signer, name, text string) {
	t.Helper()
	fastest := time.Hour // of two, so that a busy machine does not count
	for range 2 {
		start := time.Now()
		got, err := s.Parse(text, KindToken)
		fastest = min(fastest, time.Since(start))
		if !errors.Is(err, ErrInvalid) || err.Error() != ErrInvalid.Message || got.UserID != "" {
			t.Errorf("%s: got %v, %v; want ErrInvalid", name, got, err)
		}
	}
	if fastest > 50*time.Millisecond {
		t.Errorf("%s: took %v", name, fastest)
	}
}

// What forge makes is accepted when nothing is wrong with it, so that the refusals below mean something.
func TestForgedTextWithoutFlawIsAccepted(t *testing.T) {
	t.Parallel()
	for _, alg := range algs {
		s, keys := signer(t, alg, 0)
		if _, err := s.Parse(forge(t, keys[0], headerOf(keys[0]), payloadOf(t, sample())), KindToken); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
}

func TestHeaderTricksAreRefused(t *testing.T) { // G1, G3, G4
	t.Parallel()
	s, keys := signer(t, EdDSA, 0)
	own := firstKeys(t, EdDSA)[0] // same kid, another key
	kid, good := keys[0].KID, payloadOf(t, sample())
	plain := `{"alg":"EdDSA","kid":"` + kid + `","typ":"token"`
	for name, header := range map[string]string{
		"another key under our kid":  plain + `}`,
		"jwk":                        plain + `,"jwk":` + string(keySet(t, own).JWKS()) + `}`,
		"jku":                        plain + `,"jku":"http://127.0.0.1:1/jwks"}`,
		"x5u":                        plain + `,"x5u":"http://127.0.0.1:1/x"}`,
		"x5c":                        plain + `,"x5c":["AAAA"]}`,
		"crit":                       plain + `,"crit":["exp"]}`,
		"zip":                        plain + `,"zip":"DEF"}`,
		"b64 false":                  plain + `,"b64":false,"crit":["b64"]}`,
		"cty":                        plain + `,"cty":"JWT"}`,
		"an unknown member":          plain + `,"x":1}`,
		"a second kid":               plain + `,"kid":"` + kid + `"}`,
		"white space":                plain + ` }`,
		"no alg":                     `{"kid":"` + kid + `","typ":"token"}`,
		"no typ":                     `{"alg":"EdDSA","kid":"` + kid + `"}`,
		"no kid":                     `{"alg":"EdDSA","typ":"token"}`,
		"alg of another key type":    `{"alg":"ES256","kid":"` + kid + `","typ":"token"}`,
		"alg Ed25519":                `{"alg":"Ed25519","kid":"` + kid + `","typ":"token"}`,
		"kid null":                   `{"alg":"EdDSA","kid":null,"typ":"token"}`,
		"typ JWT":                    `{"alg":"EdDSA","kid":"` + kid + `","typ":"JWT"}`,
		"typ session":                `{"alg":"EdDSA","kid":"` + kid + `","typ":"session"}`,
		"typ enrolment":              `{"alg":"EdDSA","kid":"` + kid + `","typ":"enrolment"}`,
		"typ in capitals":            `{"alg":"EdDSA","kid":"` + kid + `","typ":"TOKEN"}`,
		"a header that is an array":  `["EdDSA"]`,
		"an empty header":            ``,
		"a header nested 1,000 deep": strings.Repeat("[", 1000) + strings.Repeat("]", 1000),
		"kid that is a path":         `{"alg":"EdDSA","kid":"../../dev/null","typ":"token"}`,
		"kid that is /etc/passwd":    `{"alg":"EdDSA","kid":"/etc/passwd","typ":"token"}`,
		"kid that is SQL":            `{"alg":"EdDSA","kid":"' OR 1=1--","typ":"token"}`,
		"kid that is empty":          `{"alg":"EdDSA","kid":"","typ":"token"}`,
		"kid with NUL":               `{"alg":"EdDSA","kid":"` + kid + `\u0000","typ":"token"}`,
		"kid array":                  `{"alg":"EdDSA","kid":["` + kid + `"],"typ":"token"}`,
		"kid number":                 `{"alg":"EdDSA","kid":1,"typ":"token"}`,
		"kid of 10 KB":               `{"alg":"EdDSA","kid":"` + strings.Repeat("k", 10_000) + `","typ":"token"}`,
		"kid of the pending key":     `{"alg":"EdDSA","kid":"` + keys[1].KID + `","typ":"token"}`,
		"kid written with an escape": `{"alg":"EdDSA","kid":"\u0030` + kid[1:] + `","typ":"token"}`,
		"members in another order":   `{"kid":"` + kid + `","alg":"EdDSA","typ":"token"}`,
	} {
		refused(t, s, name+", foreign key", forge(t, own, header, good))
		if name != "another key under our kid" {
			refused(t, s, name+", our key", forge(t, keys[0], header, good))
		}
	}
	for _, alg := range []string{"none", "None", "nOnE", "NONE", "", "HS256"} {
		text := b64.EncodeToString([]byte(`{"alg":"`+alg+`","kid":"`+kid+`","typ":"token"}`)) + "." + b64.EncodeToString([]byte(good)) + "."
		refused(t, s, "alg "+alg+" with no signature", text)
		refused(t, s, "alg "+alg+" with a zero signature", text+b64.EncodeToString(make([]byte, 64)))
	}
}

func TestForeignAlgorithmsAreRefused(t *testing.T) { // G2
	t.Parallel()
	for _, alg := range algs {
		s, keys := signer(t, alg, 0)
		der, err := x509.MarshalPKIXPublicKey(keys[0].Public)
		if err != nil {
			t.Fatal(err)
		}
		secrets := map[string][]byte{
			"DER": der, "base64": []byte(base64.StdEncoding.EncodeToString(der)), "raw": der[len(der)-32:], "empty": {},
			"PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "JWKS": s.JWKS(),
		}
		for name, secret := range secrets {
			for _, header := range []string{strings.Replace(headerOf(keys[0]), string(alg), "HS256", 1), headerOf(keys[0])} {
				text := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payloadOf(t, sample())))
				mac := hmac.New(sha256.New, secret)
				mac.Write([]byte(text))
				sum := mac.Sum(nil)
				refused(t, s, "HMAC with the public key as "+name, text+"."+b64.EncodeToString(sum))
				refused(t, s, "HMAC of 64 bytes with the public key as "+name, text+"."+b64.EncodeToString(append(sum, sum...)))
			}
		}
		for _, other := range algs {
			own, err := GenerateKey(other, epoch, ids()) // has the kid of keys[0]
			if err != nil || own.KID != keys[0].KID {
				t.Fatal(own, err)
			}
			refused(t, s, "own key of "+string(other), forge(t, own, headerOf(own), payloadOf(t, sample())))
			refused(t, s, "own key with our header", forge(t, own, headerOf(keys[0]), payloadOf(t, sample())))
		}
		for _, name := range []string{"RS256", "PS256", "ES512", "RSA-OAEP"} {
			refused(t, s, name, forge(t, keys[0], strings.Replace(headerOf(keys[0]), string(alg), name, 1), payloadOf(t, sample())))
		}
	}
}

func TestPayloadTricksAreRefused(t *testing.T) { // G5: the signature is good, what is signed is not
	t.Parallel()
	s, keys := signer(t, EdDSA, 0)
	good := payloadOf(t, sample())
	swap := func(old, by string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%s is not in %s", old, good)
		}
		return strings.Replace(good, old, by, 1)
	}
	const iat, exp = `"iat":1788264000.123456`, `"exp":1788267600.123456`
	for name, payload := range map[string]string{
		"exp missing":                swap(exp+",", ""),
		"exp string":                 swap(exp, `"exp":"1788267600.123456"`),
		"exp 1e300":                  swap(exp, `"exp":1e300`),
		"exp with an exponent":       swap(exp, `"exp":1.788267600123456e9`),
		"exp null":                   swap(exp, `"exp":null`),
		"exp zero":                   swap(exp, `"exp":0.000000`),
		"exp negative":               swap(exp, `"exp":-1788267600.123456`),
		"exp without decimals":       swap(exp, `"exp":1788267600`),
		"exp with five decimals":     swap(exp, `"exp":1788267600.12345`),
		"exp with seven decimals":    swap(exp, `"exp":1788267600.1234560`),
		"exp in the year 33658":      swap(exp, `"exp":999999999999.000000`),
		"exp beyond any integer":     swap(exp, `"exp":99999999999999999999.000000`),
		"exp before iat":             swap(exp, `"exp":1788263999.000000`),
		"exp array":                  swap(exp, `"exp":[1788267600.123456]`),
		"iat missing":                swap(iat+",", ""),
		"iat string":                 swap(iat, `"iat":"x"`),
		"iat 6 seconds ahead":        swap(iat, `"iat":1788264006.123456`),
		"auth_time equal to iat":     swap(`,"ver"`, `,"auth_time":1788264000.123456,"ver"`),
		"auth_time after iat":        swap(`,"ver"`, `,"auth_time":1788264001.123456,"ver"`),
		"nbf":                        swap(`,"ver"`, `,"nbf":1788264000.123456,"ver"`),
		"iss":                        swap(`,"ver"`, `,"iss":"https://other","ver"`),
		"aud":                        swap(`,"ver"`, `,"aud":"other","ver"`),
		"aud array":                  swap(`,"ver"`, `,"aud":["other"],"ver"`),
		"an unknown member":          swap(`,"ver"`, `,"roles":["admin"],"ver"`),
		"sub missing":                swap(`"sub":"`+hexIDs[0]+`",`, ""),
		"sub empty":                  swap(hexIDs[0], ""),
		"sub null":                   swap(`"`+hexIDs[0]+`"`, "null"),
		"sub number":                 swap(`"`+hexIDs[0]+`"`, "1"),
		"sub twice":                  swap(`{"sub"`, `{"sub":"admin","sub"`),
		"SUB in capitals":            swap(`"sub"`, `"SUB"`),
		"sub with a lone surrogate":  swap(hexIDs[0], `\ud800`),
		"sub with raw bytes":         swap(hexIDs[0], "a\xff"),
		"two scopes":                 swap(`,"amr"`, `,"sys":true,"amr"`),
		"sys false":                  swap(`,"amr"`, `,"sys":false,"amr"`),
		"prj null":                   swap(`"`+hexIDs[1]+`"`, "null"),
		"amr missing":                swap(`"amr":["password","totp"],`, ""),
		"amr empty":                  swap(`["password","totp"]`, `[]`),
		"amr string":                 swap(`["password","totp"]`, `"password"`),
		"jti missing":                swap(`"jti":"AAAAAAAAAAAAAAAAAAAAAA",`, ""),
		"jti too short":              swap("AAAAAAAAAAAAAAAAAAAAAA", "AAAA"),
		"sid equal to jti":           swap(`,"iat"`, `,"sid":"AAAAAAAAAAAAAAAAAAAAAA","iat"`),
		"ver missing":                swap(`,"ver":7`, ""),
		"ver string":                 swap(`"ver":7`, `"ver":"7"`),
		"ver negative":               swap(`"ver":7`, `"ver":-7`),
		"ver with decimals":          swap(`"ver":7`, `"ver":7.0`),
		"white space":                good + " ",
		"something after the object": good + "{}",
		"an empty object":            "{}",
		"null":                       "null",
		"an array":                   "[" + good + "]",
		"nothing":                    "",
		"JSON nested 1,400 deep":     strings.Repeat("[", 1400) + strings.Repeat("]", 1400),
		"JSON nested 100,000 deep":   strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000),
	} {
		refused(t, s, name, forge(t, keys[0], headerOf(keys[0]), payload))
	}
	if _, err := s.Parse(forge(t, keys[0], headerOf(keys[0]), swap(iat, `"iat":1788264005.123456`)), KindToken); err != nil {
		t.Errorf("iat 5 seconds ahead is within the leeway: %v", err)
	}
}

func TestKindsDoNotMix(t *testing.T) { // G6
	t.Parallel()
	s, _ := signer(t, EdDSA, 0)
	for _, made := range kinds {
		c := sample()
		c.Kind = made
		text := mustSign(t, s, c)
		for range 2 {
			for _, wanted := range append(kinds, "", "session") {
				if _, err := s.Parse(text, wanted); (err == nil) != (made == wanted) {
					t.Errorf("a %s as %q: got %v", made, wanted, err)
				}
			}
		}
	}
}

func TestEveryChangedCharacterIsRefused(t *testing.T) { // G7
	t.Parallel()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for _, alg := range algs {
		s, _ := signer(t, alg, 0)
		text := mustSign(t, s, sample())
		if _, err := s.Parse(text, KindToken); err != nil { // so that it is in the cache
			t.Fatal(err)
		}
		for i := range text {
			other := alphabet[(strings.IndexByte(alphabet, text[i])+1)%len(alphabet)]
			for _, changed := range []string{text[:i] + string(other) + text[i+1:], text[:i] + text[i+1:], text[:i] + "\n" + text[i:], text[:i] + "." + text[i:]} {
				if _, err := s.Parse(changed, KindToken); err == nil {
					t.Errorf("%s: accepted with a change at %d", alg, i)
				}
			}
		}
		for _, tail := range []string{"=", "==", "\r\n", " ", ".", "A", "\x00"} {
			refused(t, s, fmt.Sprintf("%q at the end", tail), text+tail)
			refused(t, s, fmt.Sprintf("%q at the start", tail), tail+text)
		}
	}
}

func TestPartsOfTwoTextsDoNotMix(t *testing.T) { // G7
	t.Parallel()
	s, _ := signer(t, EdDSA, 0)
	other := sample()
	other.UserID = hexIDs[2]
	a, b := strings.Split(mustSign(t, s, sample()), "."), strings.Split(mustSign(t, s, other), ".")
	refused(t, s, "the other's payload", a[0]+"."+b[1]+"."+a[2])
	refused(t, s, "the other's signature", a[0]+"."+a[1]+"."+b[2])
	other.Kind = KindReceipt
	c := strings.Split(mustSign(t, s, other), ".")
	refused(t, s, "a receipt under a token's header", a[0]+"."+c[1]+"."+c[2])
}

func TestTwinOfES256SignatureIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := signer(t, ES256, 0)
	for range 10 {
		text := mustSign(t, s, sample())
		cut := strings.LastIndexByte(text, '.') + 1
		raw, err := b64.DecodeString(text[cut:])
		if err != nil {
			t.Fatal(err)
		}
		n := elliptic.P256().Params().N
		new(big.Int).Sub(n, new(big.Int).SetBytes(raw[32:])).FillBytes(raw[32:])
		refused(t, s, "(r, n-s)", text[:cut]+b64.EncodeToString(raw))
	}
}

func TestOversizedAndEmptyTextsAreRefused(t *testing.T) { // G1, G12
	t.Parallel()
	s, keys := signer(t, EdDSA, 0)
	text := mustSign(t, s, sample())
	for name, junk := range map[string]string{
		"nothing": "", "one dot": ".", "two dots": "..", "three dots": "...", "ADMIN": "ADMIN", "NUL": "\x00",
		"1 MB of dots": strings.Repeat(".", 1<<20), "1 MB of A": strings.Repeat("A", 1<<20),
		"4096 dots": strings.Repeat(".", 4096), "header only": text[:strings.IndexByte(text, '.')],
		"header and dots": text[:strings.IndexByte(text, '.')] + "..", "no signature": text[:strings.LastIndexByte(text, '.')+1],
		"signed text above the cap": forge(t, keys[0], headerOf(keys[0]), payloadOf(t, sample())+strings.Repeat(" ", 4000)),
	} {
		refused(t, s, name, junk)
	}
}

func FuzzParse(f *testing.F) {
	s, keys := signer(f, EdDSA, -1)
	text := mustSign(f, s, sample())
	for _, seed := range []string{
		"", "..", text, text + "=", strings.Replace(text, ".", "..", 1),
		forge(f, keys[0], headerOf(keys[0]), "{}"), forge(f, keys[0], `{"alg":"none"}`, "{}"),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		// The fuzzer has no key, so the one text that was signed is all that may ever be accepted.
		if c, err := s.Parse(in, KindToken); (err == nil) != (in == text) {
			t.Fatalf("%q: got %v, %v", in, c, err)
		}
	})
}

// FuzzDecode feeds payloads behind the signature: what is accepted must render to the same bytes.
func FuzzDecode(f *testing.F) {
	f.Add(payloadOf(f, sample()))
	f.Add(`{"sub":"a"}`)
	f.Fuzz(func(t *testing.T, in string) {
		c, err := decode([]byte(in), KindToken)
		if err != nil {
			return
		}
		if again := payloadOf(t, c); again != in || c.flaw() != "" {
			t.Fatalf("accepted %q, which renders as %q", in, again)
		}
	})
}
