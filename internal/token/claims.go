package token

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind says what a signed text is for. It stands in the typ header; a text of one kind is never accepted as
// another (RFC 8725 section 3.11).
type Kind string

// The kinds of signed texts.
const (
	// KindToken is an API token, as in X-Auth-Token and X-Subject-Token.
	KindToken Kind = "token"
	// KindReceipt proves that some, but not all, factors of a sign-in were given (Openstack-Auth-Receipt).
	KindReceipt Kind = "receipt"
)

// kinds lists every kind; a kind that is missing here is neither signed nor accepted.
var kinds = []Kind{KindToken, KindReceipt}

const (
	maxString  = 255 // bytes of an id or a method
	maxMethods = 16
	auditBytes = 16
)

// maxTime is the first moment that is too late to be stated: the year 10000, which RFC 3339 cannot write.
var maxTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)

// Claims is what a signed text says. It holds ids only: names, roles and catalog are read at validation.
// All times are UTC and have microseconds; Sign cuts what is finer and never rounds up.
type Claims struct {
	// Kind is what the text is for.
	Kind Kind
	// UserID is whose text it is (sub).
	UserID string
	// ProjectID (prj), DomainID (dom) and System (sys) are the scope; at most one is set.
	ProjectID string
	DomainID  string
	System    bool
	// Methods are the authentication methods that were used (amr), at least one.
	Methods []string
	// AuditID names this text (jti); see NewAuditID.
	AuditID string
	// ChainID is the audit id of the first text of the session (sid). Empty means AuditID when signing.
	ChainID string
	// IssuedAt (iat) and ExpiresAt (exp) bound its life.
	IssuedAt  time.Time
	ExpiresAt time.Time
	// AuthTime is when the factors were given (auth_time). Zero means IssuedAt when signing.
	AuthTime time.Time
	// AuthVersion is the user's auth version at the time of issue (ver).
	AuthVersion int64
	// TrustID (trs), AppCredID (apc) and AccessTokenID (oat, OAuth 1.0a) name the delegation that the text stems
	// from; at most one is set.
	TrustID       string
	AppCredID     string
	AccessTokenID string
	// PartnerVersion (pvr) is the auth version, at the time of issue, of the party of the trust whom the text does
	// not stand for.
	PartnerVersion int64
	// Thumbprint (x5t) is that of the client certificate to which the text is bound (RFC 8705), in the form of package
	// clientcert; empty for none.
	Thumbprint string
}

// MethodEC2 is the method of tokens that were made with the signature of an EC2 request.
const MethodEC2 = "ec2credential"

// Delegated reports whether the text stems from something that its user handed on, to a program or to somebody, or is
// a program's own.
func (c Claims) Delegated() bool {
	return c.TrustID != "" || c.AppCredID != "" || c.AccessTokenID != "" || c.Thumbprint != "" || slices.Contains(c.Methods, MethodEC2)
}

// Expired reports whether the text's life is over at now.
func (c Claims) Expired(now time.Time) bool { return !now.Before(c.ExpiresAt) }

// NewAuditID returns a random id of 22 base64url characters (16 bytes), the form of Keystone's audit ids.
func NewAuditID() string {
	var b [auditBytes]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return b64.EncodeToString(b[:])
}

// complete fills what may be left out and brings the times to their stated precision.
func (c Claims) complete() Claims {
	if c.ChainID == "" {
		c.ChainID = c.AuditID
	}
	if c.AuthTime.IsZero() {
		c.AuthTime = c.IssuedAt
	}
	for _, t := range []*time.Time{&c.IssuedAt, &c.ExpiresAt, &c.AuthTime} {
		*t = t.UTC().Truncate(time.Microsecond)
	}
	return c
}

// flaw names what is wrong with completed claims, or returns "".
func (c Claims) flaw() string {
	switch {
	case !slices.Contains(kinds, c.Kind):
		return "unknown kind"
	case c.UserID == "":
		return "no user"
	case count(c.ProjectID != "", c.DomainID != "", c.System) > 1:
		return "more than one scope"
	case count(c.TrustID != "", c.AppCredID != "", c.AccessTokenID != "") > 1:
		return "more than one delegation"
	case c.PartnerVersion < 0 || c.PartnerVersion > 0 && c.TrustID == "":
		return "a partner without a trust"
	case len(c.Methods) == 0 || len(c.Methods) > maxMethods || slices.Contains(c.Methods, ""):
		return "no methods, too many, or an empty one"
	case slices.ContainsFunc(c.strings(), func(s string) bool { return len(s) > maxString || !utf8.ValidString(s) }):
		return "an id or method is too long or not UTF-8" // JSON would silently change the latter
	case !isAuditID(c.AuditID) || !isAuditID(c.ChainID):
		return "malformed audit or chain id"
	case c.AuthVersion < 0:
		return "negative auth version"
	}
	return c.timeFlaw()
}

func count(all ...bool) (n int) {
	for _, set := range all {
		if set {
			n++
		}
	}
	return n
}

func (c Claims) strings() []string {
	return append([]string{c.UserID, c.ProjectID, c.DomainID, c.TrustID, c.AppCredID, c.AccessTokenID, c.Thumbprint}, c.Methods...)
}

func (c Claims) timeFlaw() string {
	epoch := time.Unix(0, 0)
	switch {
	case !c.AuthTime.After(epoch) || !c.ExpiresAt.Before(maxTime):
		return "a time is out of range"
	case c.AuthTime.After(c.IssuedAt):
		return "issued before authentication"
	case !c.ExpiresAt.After(c.IssuedAt):
		return "expires before it is issued"
	}
	return ""
}

func isAuditID(s string) bool {
	return len(s) == base64.RawURLEncoding.EncodedLen(auditBytes) && isBase64(s)
}

// compact returns c with its texts in one piece of memory. Many claims are kept for long, and each piece is one
// that the garbage collector visits.
func (c Claims) compact() Claims {
	texts := []*string{
		&c.UserID, &c.ProjectID, &c.DomainID, &c.AuditID, &c.ChainID, &c.TrustID, &c.AppCredID, &c.AccessTokenID, &c.Thumbprint,
	}
	one := c.ChainID == c.AuditID
	c.Methods = slices.Clone(c.Methods)
	for i := range c.Methods {
		texts = append(texts, &c.Methods[i])
	}
	var all strings.Builder
	for _, t := range texts {
		all.WriteString(*t)
	}
	rest := all.String()
	for _, t := range texts {
		*t, rest = rest[:len(*t)], rest[len(*t):]
	}
	if one {
		c.ChainID = c.AuditID
	}
	return c
}
