package apitest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net/netip"
	"time"

	"github.com/keyward/identity/internal/config"
)

// CertificateHeader is the header in which servers of WithCertificates find client certificates.
const CertificateHeader = "Client-Cert"

// WithCertificates lets clients at this machine's own address tell of certificates, as a proxy would.
func WithCertificates(c *config.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c.OAuth2.ClientCertificateHeader = CertificateHeader
}

// Certificate makes a client certificate and returns its DER. It is good from an hour before to life after what the
// clock shows. Its issuer is called "Root".
func (w *World) Certificate(subject pkix.Name, life time.Duration) []byte {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		w.t.Fatal(err)
	}
	now := w.Clock.Now()
	leaf := &x509.Certificate{SerialNumber: serial, Subject: subject, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(life)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, &x509.Certificate{Subject: pkix.Name{CommonName: "Root"}}, key.Public(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	return der
}

// ShowCertificate is what a proxy adds to the request of a client that showed it the certificate (RFC 9440).
func ShowCertificate(der []byte) With {
	return Header(CertificateHeader, CertificateValue(der))
}

// CertificateValue is the value of the header.
func CertificateValue(der []byte) string { return ":" + base64.StdEncoding.EncodeToString(der) + ":" }
