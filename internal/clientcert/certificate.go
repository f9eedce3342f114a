// Package clientcert signs programs in by their TLS client certificates (RFC 8705, tls_client_auth). It reads a
// certificate out of what a proxy writes into a header, says what of it counts, and asks the gate for a token that is
// bound to it. It neither ends TLS nor looks at chains and revocation, which is the proxy's; which proxies are believed
// is internal/server's, and what a user's rules make of a certificate internal/auth's.
package clientcert

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/keyward/identity/internal/federation/mapping"
)

// Certificate is a client certificate that was understood.
type Certificate struct {
	x *x509.Certificate
	// attributes are those of Attributes, made once, when it was clear that they are text.
	attributes mapping.Assertion
}

var (
	errForm = errors.New("clientcert: the header is neither a byte sequence (RFC 9440) nor an escaped PEM certificate")
	errText = errors.New("clientcert: a name in the certificate is not plain text")
)

// Parse reads the value of a header: the byte sequence of RFC 9440 (":" and base64 of the DER ":"), or one certificate
// in PEM with its bytes escaped as in a URL, which is nginx's $ssl_client_escaped_cert. Anything around it, a second
// certificate included, makes it unreadable, and so do names with bytes that are no text.
func Parse(header string) (*Certificate, error) {
	der, err := decode(header)
	if err != nil {
		return nil, err
	}
	x, err := x509.ParseCertificate(der) // refuses trailing data
	if err != nil {
		return nil, err
	}
	c := &Certificate{x: x, attributes: mapping.Assertion{}}
	if !c.add("SSL_CLIENT_SUBJECT_DN_", x.Subject) || !c.add("SSL_CLIENT_ISSUER_DN_", x.Issuer) {
		return nil, errText
	}
	return c, nil
}

func decode(header string) ([]byte, error) {
	if inner, ok := strings.CutPrefix(header, ":"); ok {
		inner, ok = strings.CutSuffix(inner, ":")
		if !ok || strings.ContainsAny(inner, "\r\n") { // which the decoder would skip
			return nil, errForm
		}
		return base64.StdEncoding.Strict().DecodeString(inner)
	}
	text, err := url.PathUnescape(header) // a plus is itself
	if err != nil {
		return nil, errForm
	}
	if !strings.HasPrefix(text, pemBegin) || strings.Count(text, pemBegin) > 1 { // pem.Decode would look further
		return nil, errForm
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != pemType || len(block.Headers) > 0 || strings.TrimSpace(string(rest)) != "" {
		return nil, errForm
	}
	return block.Bytes, nil
}

const (
	pemType  = "CERTIFICATE"
	pemBegin = "-----BEGIN "
)

// names are the types of attributes that have a short one in RFC 4514, and the one that Keystone adds. Others go by
// their numbers.
var names = map[string]string{
	"2.5.4.3": "CN", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.6": "C", "2.5.4.9": "STREET",
	"0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID", "1.2.840.113549.1.9.1": "EMAILADDRESS",
}

func nameOf(t asn1.ObjectIdentifier) string {
	if short, ok := names[t.String()]; ok {
		return short
	}
	return t.String()
}

// add takes over the attributes of a name and reports whether all are text.
func (c *Certificate) add(prefix string, n pkix.Name) bool {
	for _, a := range n.Names {
		text, ok := a.Value.(string)
		if !ok || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return false
		}
		key := prefix + nameOf(a.Type)
		c.attributes[key] = append(c.attributes[key], text)
	}
	return true
}

// Attributes are the parts of subject and issuer under Keystone's names, for a mapping: SSL_CLIENT_SUBJECT_DN_CN,
// SSL_CLIENT_ISSUER_DN_O and so on. Nothing may be changed in them.
func (c *Certificate) Attributes() mapping.Assertion { return c.attributes }

// Thumbprint is what Keystone and its middleware (keystonemiddleware.oauth2_mtls_token) know the certificate by: the
// SHA-256 sum of its PEM text with lines of 64 characters, in padded base64url. RFC 8705 section 3.1 takes the DER; a
// service compares what it is shown with its own sum, so it is the middleware that decides.
func (c *Certificate) Thumbprint() string {
	sum := sha256.Sum256(pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: c.x.Raw}))
	return base64.URLEncoding.EncodeToString(sum[:])
}

// ValidAt reports whether the certificate is good at a time.
func (c *Certificate) ValidAt(now time.Time) bool {
	return !now.Before(c.x.NotBefore) && now.Before(c.x.NotAfter)
}

// Ends is when its validity ends.
func (c *Certificate) Ends() time.Time { return c.x.NotAfter.UTC() }
