package attack_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// refused fails the test when the server believes a text anywhere where it takes tokens.
func refused(t *testing.T, w *apitest.World, what, text string) {
	t.Helper()
	if strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) < 0 { // else it is no header
		if r := w.Get("/v3/auth/projects", apitest.Token(text)); r.Status != http.StatusUnauthorized {
			t.Errorf("%s: as X-Auth-Token it is answered %d", what, r.Status)
		}
		if r := validate(w, text); r.Status != http.StatusNotFound {
			t.Errorf("%s: as X-Subject-Token it is answered %d", what, r.Status)
		}
		receipt := apitest.Header("Openstack-Auth-Receipt", text)
		if r := w.Post("/v3/auth/tokens", signInBody(w, "alice", nil), receipt); text != "" && r.Status != http.StatusUnauthorized {
			t.Errorf("%s: as a receipt it is answered %d", what, r.Status)
		}
	}
	r := continued(w, text, nil)
	if r.Status != http.StatusUnauthorized && r.Status != http.StatusBadRequest {
		t.Errorf("%s: as the proof of a sign-in it is answered %d", what, r.Status)
	}
	old := map[string]any{"auth": map[string]any{"token": map[string]any{"id": text}}}
	if r := w.Post("/v2.0/tokens", old); r.Status != http.StatusUnauthorized && r.Status != http.StatusBadRequest {
		t.Errorf("%s: as the proof of an old sign-in it is answered %d", what, r.Status)
	}
}

// eachAlgorithm runs test in a world whose keys are of each algorithm. What a text says is no matter of
// databases, so one will do.
func eachAlgorithm(t *testing.T, test func(t *testing.T, w *apitest.World)) {
	t.Helper()
	for _, alg := range []string{"EdDSA", "ES256"} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			w := apitest.New(t, func(c *config.Config) { c.Keys.Algorithm = alg }, unfloored)
			cast(w)
			test(t, w)
		})
	}
}

// unfloored lets refusals answer at once, for tests that are not about how long they take.
func unfloored(c *config.Config) { c.Lockout.FailureFloor = 0 }

func TestGTheForgerWorks(t *testing.T) {
	t.Parallel()
	eachAlgorithm(t, func(t *testing.T, w *apitest.World) {
		s := w.Signer()
		text := w.Token("alice", "project:red/p1")
		live(t, w, "what the server would have signed", s.Forge(s.Header("token"), apitest.Claims(text)))
		head, _, _ := strings.Cut(text, ".")
		if apitest.Base64(s.Header("token")) != head {
			t.Error("the forger's header is not the server's; every refusal below would be for that alone")
		}
		if len(text) > 600 {
			t.Errorf("a token has %d bytes", len(text))
		}
	})
}

func TestG1TokensWithoutSignatureAreRefused(t *testing.T) {
	t.Parallel()
	eachAlgorithm(t, func(t *testing.T, w *apitest.World) {
		s := w.Signer()
		claims := apitest.Claims(w.Token("admin", "system"))
		body := apitest.Base64(claims)
		for _, alg := range []string{"none", "None", "nOnE", "NONE", "", "null"} {
			for _, header := range []string{
				`{"alg":"` + alg + `","kid":"` + s.KID + `","typ":"token"}`, `{"alg":"` + alg + `","typ":"JWT"}`, `{"alg":"` + alg + `"}`,
			} {
				unsigned := apitest.Base64(header) + "." + body
				refused(t, w, header+" without a signature", unsigned+".")
				refused(t, w, header+" without the last part", unsigned)
				refused(t, w, header+" and a good signature of it", unsigned+"."+base64.RawURLEncoding.EncodeToString(s.Sign(unsigned)))
			}
		}
		good := s.Forge(s.Header("token"), claims)
		cut := strings.LastIndexByte(good, '.')
		for what, text := range map[string]string{
			"two dots":              "..",
			"three dots":            "...",
			"no text":               "",
			"a dot":                 ".",
			"no alg":                s.Forge(`{"kid":"`+s.KID+`","typ":"token"}`, claims),
			"alg null":              s.Forge(`{"alg":null,"kid":"`+s.KID+`","typ":"token"}`, claims),
			"an empty header":       s.Forge(`{}`, claims),
			"no header":             good[strings.IndexByte(good, '.'):],
			"a good header alone":   good[:cut] + ".",
			"a signature of zeros":  good[:cut+1] + strings.Repeat("A", 86),
			"half a signature":      good[:len(good)-43],
			"a fourth part":         good + ".e30",
			"a dot at the end":      good + ".",
			"a space around":        "Bearer " + good,
			"padding":               good + "==",
			"the standard alphabet": strings.NewReplacer("-", "+", "_", "/").Replace(good) + "=",
			"JSON serialization":    `{"protected":"` + strings.Split(good, ".")[0] + `","payload":"` + body + `","signature":"` + good[cut+1:] + `"}`,
			"ADMIN":                 "ADMIN",
			"a UUID of Keystone":    "0b1c2d3e4f5061728394a5b6c7d8e9f0",
			"a Fernet of Keystone":  "gAAAAABmXk8d" + strings.Repeat("k", 160) + "==",
		} {
			if what == "padding" || what == "the standard alphabet" { // these differ only when there is something to differ
				if text == good {
					continue
				}
			}
			refused(t, w, what, text)
		}
	})
}

func TestG2TokensOfForeignAlgorithmsAreRefused(t *testing.T) {
	t.Parallel()
	eachAlgorithm(t, func(t *testing.T, w *apitest.World) {
		s := w.Signer()
		claims := apitest.Claims(w.Token("admin", "system"))
		der, err := x509.MarshalPKIXPublicKey(s.Public)
		if err != nil {
			t.Fatal(err)
		}
		jwks := w.Get("/v3/auth/jwks").Want(http.StatusOK)
		x, err := base64.RawURLEncoding.DecodeString(jwks.Str("keys.0.x"))
		if err != nil {
			t.Fatal(err)
		}
		secrets := map[string][]byte{
			"PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "DER": der, "raw": x,
			"base64": []byte(jwks.Str("keys.0.x")), "the key id": []byte(s.KID), "JWKS": jwks.Body, "nothing": nil,
		}
		for what, secret := range secrets {
			for _, header := range []string{`{"alg":"HS256","kid":"` + s.KID + `","typ":"token"}`, s.Header("token")} {
				text := apitest.Base64(header) + "." + apitest.Base64(claims)
				mac := hmac.New(sha256.New, secret)
				mac.Write([]byte(text))
				refused(t, w, header+" keyed with "+what, text+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
			}
		}
		for alg, sign := range foreignSigners(t) {
			for _, header := range []string{`{"alg":"` + alg + `","kid":"` + s.KID + `","typ":"token"}`, s.Header("token")} {
				text := apitest.Base64(header) + "." + apitest.Base64(claims)
				refused(t, w, header+" signed by a stranger's "+alg, text+"."+base64.RawURLEncoding.EncodeToString(sign([]byte(text))))
			}
		}
		own := s.NewSigner()
		refused(t, w, "the server's header, a stranger's key of its algorithm", own.Forge(s.Header("token"), claims))
	})
}

// foreignSigners sign as strangers do, with keys of their own.
func foreignSigners(t *testing.T) map[string]func([]byte) []byte {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	digest := func(text []byte) []byte { sum := sha256.Sum256(text); return sum[:] }
	must := func(b []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	return map[string]func([]byte) []byte{
		"RS256": func(b []byte) []byte { return must(rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, digest(b))) },
		"PS256": func(b []byte) []byte { return must(rsa.SignPSS(rand.Reader, rsaKey, crypto.SHA256, digest(b), nil)) },
		"ES256": func(b []byte) []byte {
			r, v, err := ecdsa.Sign(rand.Reader, ecKey, digest(b))
			out := make([]byte, 64)
			r.FillBytes(out[:32])
			v.FillBytes(out[32:])
			return must(out, err)
		},
		// "Psychic signatures": r and s of zero verify under broken libraries.
		"ES384": func([]byte) []byte { return make([]byte, 96) },
		"EdDSA": func([]byte) []byte { return make([]byte, 64) },
	}
}

func TestG3HeadersNeverBringKeys(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int32
	trap := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) })}
	go func() { _ = trap.Serve(l) }()
	t.Cleanup(func() { _ = trap.Close() })
	url := "http://" + l.Addr().String() + "/jwks.json"
	t.Run("worlds", func(t *testing.T) {
		eachAlgorithm(t, func(t *testing.T, w *apitest.World) {
			s := w.Signer()
			claims := apitest.Claims(w.Token("admin", "system"))
			jwk, err := json.Marshal(map[string]string{"kty": "OKP", "crv": "Ed25519", "x": strings.Repeat("A", 43)})
			if err != nil {
				t.Fatal(err)
			}
			for _, extra := range []string{
				`"jwk":` + string(jwk), `"jku":"` + url + `"`, `"x5u":"` + url + `"`, `"x5c":["MIIB"]`, `"x5t":"AAAA"`,
				`"crit":["exp"]`, `"crit":[]`, `"zip":"DEF"`, `"b64":false`, `"b64":false,"crit":["b64"]`, `"cty":"JWT"`, `"enc":"A128GCM"`,
			} {
				own := s.NewSigner()
				base := strings.TrimSuffix(s.Header("token"), "}")
				refused(t, w, extra+" with a stranger's key", own.Forge(base+","+extra+"}", claims))
				refused(t, w, extra+" with the server's key", s.Forge(base+","+extra+"}", claims))
				refused(t, w, extra+" in front", own.Forge("{"+extra+","+base[1:]+"}", claims))
			}
		})
	})
	if n := calls.Load(); n != 0 {
		t.Errorf("the server fetched a key that a token named, %d times", n)
	}
}

func TestG4KeyIdsAreNamesAndNothingElse(t *testing.T) {
	t.Parallel()
	eachAlgorithm(t, func(t *testing.T, w *apitest.World) {
		s := w.Signer()
		next := w.SignerIn("pending")
		claims := apitest.Claims(w.Token("admin", "system"))
		logged := len(w.Log.String())
		header := func(kid string) string { return `{"alg":"` + string(s.Alg) + `","kid":` + kid + `,"typ":"token"}` }
		for _, kid := range []string{
			`"../../dev/null"`, `"/etc/passwd"`, `"file:///dev/null"`, `"' OR 1=1--"`, `"%00"`, `"` + strings.Repeat("k", 10_000) + `"`, `""`,
			"\"\x00\"", `"\u0000"`, `[]`, `["` + s.KID + `"]`, `{"kid":"` + s.KID + `"}`, `0`, `1e300`, `true`, `null`, `"` + next.KID + `"`,
			`"` + strings.ToUpper(s.KID) + `x"`, `" ` + s.KID + `"`, `"` + s.KID + `\u0000"`, `"` + s.KID + `","kid":"other"`,
		} {
			refused(t, w, "kid "+clip(kid)+" signed by the active key", s.Forge(header(kid), claims))
			refused(t, w, "kid "+clip(kid)+" signed by a stranger", s.NewSigner().Forge(header(kid), claims))
		}
		refused(t, w, "no kid", s.Forge(`{"alg":"`+string(s.Alg)+`","typ":"token"}`, claims))
		refused(t, w, "a signature of the next key under the active one's name", next.Forge(s.Header("token"), claims))
		for line := range strings.SplitSeq(w.Log.String()[logged:], "\n") {
			if len(line) > 1024 {
				t.Errorf("a line of %d bytes was logged: %.200s", len(line), line)
			}
		}
	})
}

func clip(s string) string { return fmt.Sprintf("%.40q", s) }

func TestG7EveryChangedCharacterKillsAToken(t *testing.T) {
	t.Parallel()
	eachAlgorithm(t, func(t *testing.T, w *apitest.World) {
		text := w.Token("admin", "system")
		for i := range len(text) {
			for _, c := range []byte("A_.\x00") {
				if c == text[i] || c == 0 && text[i] == 'B' {
					continue
				}
				if c == 0 {
					c = 'B'
				}
				changed := []byte(text)
				changed[i] = c
				if r := w.Get("/v3/auth/projects", apitest.Token(string(changed))); r.Status != http.StatusUnauthorized {
					t.Fatalf("with character %d as %q: %d", i, c, r.Status)
				}
			}
			if r := w.Get("/v3/auth/projects", apitest.Token(text[:i]+text[i+1:])); r.Status != http.StatusUnauthorized {
				t.Fatalf("without character %d: %d", i, r.Status)
			}
		}
		live(t, w, "the unchanged token", text)

		a, b := strings.Split(w.Token("alice", "project:red/p1"), "."), strings.Split(text, ".")
		refused(t, w, "the payload of another token", a[0]+"."+b[1]+"."+a[2])
		refused(t, w, "the signature of another token", a[0]+"."+a[1]+"."+b[2])
		refused(t, w, "the parts in another order", a[1]+"."+a[0]+"."+a[2])
	})
}

func TestG12HugeTokensAreRefusedUnread(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, unfloored)
	cast(w)
	s := w.Signer()
	claims := apitest.Claims(w.Token("admin", "system"))
	deep := strings.Repeat("[", 2500)
	for what, text := range map[string]string{
		"8 KB of a letter":                       strings.Repeat("A", 8<<10),
		"8 KB of dots":                           strings.Repeat(".", 8<<10),
		"a payload of brackets, signed":          s.Forge(s.Header("token"), deep),
		"a payload of objects, signed":           s.Forge(s.Header("token"), strings.Repeat(`{"a":`, 500)+"1"+strings.Repeat("}", 500)),
		"a header of brackets":                   apitest.Base64(deep) + ".e30.AA",
		"a good payload with 6 KB behind":        s.Forge(s.Header("token"), claims+strings.Repeat(" ", 6<<10)),
		"a good payload with a blank behind":     s.Forge(s.Header("token"), claims+" "),
		"a good token with 6 KB behind":          s.Forge(s.Header("token"), claims) + strings.Repeat("A", 6<<10),
		"an id of 3 KB in a signed payload":      s.Forge(s.Header("token"), strings.Replace(claims, w.ID("admin"), strings.Repeat("a", 2000), 1)),
		"a thousand methods in a signed payload": s.Forge(s.Header("token"), strings.Replace(claims, `["password"]`, `["password"`+strings.Repeat(`,"x"`, 300)+`]`, 1)),
	} {
		refused(t, w, what, text)
	}
	for what, text := range map[string]string{"100 KB of dots": strings.Repeat(".", 100<<10), "a deep tower": apitest.Base64(strings.Repeat("[", 70_000))} {
		if r := continued(w, text, nil); r.Status != http.StatusUnauthorized && r.Status != http.StatusBadRequest {
			t.Errorf("%s in a body: %d", what, r.Status)
		}
	}
	if status := rawStatus(t, w, "GET /v3/auth/projects HTTP/1.1\r\nHost: x\r\nX-Auth-Token: "+strings.Repeat(".", 1<<20)+"\r\n\r\n"); status != "431" {
		t.Errorf("a header of 1 MB is answered %q", status)
	}
	live(t, w, "a good token after all that", w.Token("alice", ""))
}

var statusLine = regexp.MustCompile(`^HTTP/1\.[01] (\d{3}) `)

// rawStatus sends bytes that no client would and returns the status of the answer.
func rawStatus(t *testing.T, w *apitest.World, request string) string {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = conn.Write([]byte(request)) }() // the server may hang up in the middle
	var answer bytes.Buffer
	buf := make([]byte, 4096)
	for !bytes.Contains(answer.Bytes(), []byte("\r\n")) {
		n, err := conn.Read(buf)
		answer.Write(buf[:n])
		if err != nil {
			break
		}
	}
	if m := statusLine.FindSubmatch(answer.Bytes()); m != nil {
		return string(m[1])
	}
	return answer.String()
}
