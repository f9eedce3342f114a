package clientcert

import (
	"encoding/base64"
	"encoding/pem"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// zoe is a certificate that OpenSSL made.
const zoe = `-----BEGIN CERTIFICATE-----
MIIB+zCCAaACFEY9IguPrERTYvSAQU6iiTC9MNfIMAoGCCqGSM49BAMCMC4xCzAJ
BgNVBAYTAkRFMQwwCgYDVQQKDANSZWQxETAPBgNVBAMMCFJlZCBSb290MCAXDTI2
MTEyMjExMTMxOVoYDzIxMjYxMDI5MTExMzE5WjCBzjELMAkGA1UEBhMCREUxDTAL
BgNVBAgMBExhbmQxDDAKBgNVBAcMA09ydDESMBAGA1UECgwJUmVkLCBJbmMuMQww
CgYDVQQLDANPcHMxDjAMBgNVBAsMBU5pZ2h0MQ0wCwYDVQQDDARab8OrMSAwHgYK
CZImiZPyLGQBAQwQMDEyMzQ1Njc4OWFiY2RlZjEeMBwGCSqGSIb3DQEJARYPem9l
QHJlZC5leGFtcGxlMRMwEQYKCZImiZPyLGQBGRYDcmVkMQowCAYDVQQFEwE3MFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE547UUwU3wqdWToTwO4pROZetcboBIxY+
Kre4OZmCJXLTAaMWB3JA/tImNDtNxQN1WzyPq6FOBmzOg3JeQBsMmzAKBggqhkjO
PQQDAgNJADBGAiEA+yFrgTjpDkhQOHtU3cWMQizTWOCSEk18E/XW8GpLBAYCIQD4
Ty0ssR2kyLvzGzqtCnqFXxnZ8q892Ad9sFyZkqFF0A==
-----END CERTIFICATE-----
`

// zoesThumbprint and zoesAttributes are what keystonemiddleware and Keystone make of it, but that Keystone escapes the
// comma and keeps the last organizational unit only.
const zoesThumbprint = "9v9oJfXibDXmvbeVTiARyOPt0vscHxPm4nw5QZU8dHY="

var zoesAttributes = map[string][]string{
	"SSL_CLIENT_SUBJECT_DN_C": {"DE"}, "SSL_CLIENT_SUBJECT_DN_ST": {"Land"}, "SSL_CLIENT_SUBJECT_DN_L": {"Ort"},
	"SSL_CLIENT_SUBJECT_DN_O": {"Red, Inc."}, "SSL_CLIENT_SUBJECT_DN_OU": {"Ops", "Night"}, "SSL_CLIENT_SUBJECT_DN_CN": {"Zoë"},
	"SSL_CLIENT_SUBJECT_DN_UID": {"0123456789abcdef"}, "SSL_CLIENT_SUBJECT_DN_EMAILADDRESS": {"zoe@red.example"},
	"SSL_CLIENT_SUBJECT_DN_DC": {"red"}, "SSL_CLIENT_SUBJECT_DN_2.5.4.5": {"7"},
	"SSL_CLIENT_ISSUER_DN_C": {"DE"}, "SSL_CLIENT_ISSUER_DN_O": {"Red"}, "SSL_CLIENT_ISSUER_DN_CN": {"Red Root"},
}

func der(t *testing.T, text string) []byte {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatal("no PEM")
	}
	return block.Bytes
}

func sequence(der []byte) string { return ":" + base64.StdEncoding.EncodeToString(der) + ":" }

func TestUnreadableHeaders(t *testing.T) {
	t.Parallel()
	good := der(t, zoe)
	b64 := base64.StdEncoding.EncodeToString(good)
	withName := func(from, to string) string {
		return sequence([]byte(strings.Replace(string(good), from, to, 1)))
	}
	for name, header := range map[string]string{
		"nothing":                         "",
		"Apache's word for nothing":       "(null)",
		"an empty sequence":               "::",
		"one colon":                       ":",
		"no colon at the end":             ":" + b64,
		"no colons":                       b64,
		"an item with parameters":         ":" + b64 + ":;a=1",
		"a list":                          ":" + b64 + ":, :" + b64 + ":",
		"base64 of URLs":                  ":" + base64.URLEncoding.EncodeToString(good) + ":",
		"base64 with a space":             ":" + b64[:4] + " " + b64[4:] + ":",
		"base64 with a line end":          ":" + b64[:4] + "\n" + b64[4:] + ":",
		"something else than DER":         sequence([]byte("certificate")),
		"something behind the DER":        sequence(append(slices.Clone(good), 0)),
		"half of the DER":                 sequence(good[:len(good)/2]),
		"PEM that is broken off":          url.PathEscape(zoe[:len(zoe)/2]),
		"a broken escape":                 url.PathEscape(zoe) + "%0",
		"PEM of something else":           url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: good}))),
		"PEM with headers":                url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Headers: map[string]string{"a": "b"}, Bytes: good}))),
		"two certificates":                url.PathEscape(zoe + zoe),
		"a broken one before a good one":  url.PathEscape("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n" + zoe),
		"text before it":                  url.PathEscape("x\n" + zoe),
		"text behind it":                  url.PathEscape(zoe + "x"),
		"a name with a NUL":               withName("Night", "N\x00ght"),
		"a name with a line end":          withName("Night", "N\nght"),
		"a name that is no text":          withName("Night", "N\xffght"),
		"an issuer's name that is broken": withName("Red Root", "Red\x00Root"),
	} {
		if c, err := Parse(header); err == nil {
			t.Errorf("%s is read as %v", name, c.Attributes())
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	plus := strings.NewReplacer("%2B", "+", "%2F", "/", "%3D", "=").Replace(url.QueryEscape(strings.ReplaceAll(zoe, " ", "\x01")))
	for name, header := range map[string]string{
		"RFC 9440":                         sequence(der(t, zoe)),
		"nginx":                            strings.ReplaceAll(url.QueryEscape(zoe), "+", "%20"),
		"balancers that leave + / = alone": strings.ReplaceAll(plus, "%01", "%20"),
		"without the last line end":        url.PathEscape(strings.TrimSpace(zoe)),
		"with the line ends of mail":       url.PathEscape(strings.ReplaceAll(zoe, "\n", "\r\n")),
	} {
		c, err := Parse(header)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := c.Thumbprint(); got != zoesThumbprint {
			t.Errorf("%s: thumbprint %s, want %s", name, got, zoesThumbprint)
		}
		if got := c.Attributes(); !maps.EqualFunc(got, zoesAttributes, slices.Equal) {
			t.Errorf("%s: %v, want %v", name, got, zoesAttributes)
		}
	}
}

func TestValidity(t *testing.T) {
	t.Parallel()
	c, err := Parse(sequence(der(t, zoe)))
	if err != nil {
		t.Fatal(err)
	}
	begin, end := time.Date(2026, 11, 22, 11, 13, 19, 0, time.UTC), time.Date(2126, 10, 29, 11, 13, 19, 0, time.UTC)
	for at, want := range map[time.Time]bool{begin.Add(-1): false, begin: true, end.Add(-1): true, end: false} {
		if got := c.ValidAt(at); got != want {
			t.Errorf("at %v: %v, want %v", at, got, want)
		}
	}
	if !c.Ends().Equal(end) {
		t.Errorf("ends %v, want %v", c.Ends(), end)
	}
}

func FuzzParse(f *testing.F) {
	block, _ := pem.Decode([]byte(zoe))
	for _, seed := range []string{"", "(null)", sequence(block.Bytes), url.PathEscape(zoe)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		c, err := Parse(header)
		if err != nil {
			return
		}
		again, err := Parse(sequence(c.x.Raw))
		if err != nil || again.Thumbprint() != c.Thumbprint() {
			t.Errorf("%q: written again it is another: %v", header, err)
		}
	})
}
