package oauth

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // HMAC-SHA1 is what RFC 5849 has, and HMAC does not depend on collisions
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/keyward/identity/internal/fault"
)

// Signed is a request with what its signature is made over.
type Signed struct {
	// Method is the HTTP method, URL where the request was sent, without a query: the server's public URL, whatever
	// the headers of the request say.
	Method, URL string
	// Params are the parameters of the query, decoded.
	Params url.Values
	// Authorization is the header of that name; empty when there is not exactly one.
	Authorization string
}

// params are those of the header, decoded. Each is there once.
type params map[string]string

// The errors of requests. What a stranger could learn about secrets from is one answer.
var (
	errMalformed = fault.New(fault.BadRequest, "The Authorization header is not one of OAuth 1.0.")
	errRefused   = fault.New(fault.Unauthorized, "The request you have made requires authentication.")
)

// maxParam bounds each parameter of the header; ids, nonces and signatures are far shorter.
const maxParam = 512

// parse reads a header of the scheme OAuth (RFC 5849 section 3.5.1).
func parse(header string) (params, error) {
	scheme, rest, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "OAuth") {
		return nil, errRefused
	}
	found := params{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		value, quoted := strings.CutPrefix(value, `"`)
		value, closed := strings.CutSuffix(value, `"`)
		if !ok || !quoted || !closed || len(value) > maxParam {
			return nil, errMalformed
		}
		name, nameErr := url.PathUnescape(name)
		value, valueErr := url.PathUnescape(value)
		_, twice := found[name]
		if nameErr != nil || valueErr != nil || twice || !utf8.ValidString(name+value) || strings.ContainsRune(value, 0) {
			return nil, errMalformed
		}
		found[name] = value
	}
	if v, ok := found["oauth_version"]; ok && v != "1.0" {
		return nil, errMalformed
	}
	return found, nil
}

// digests are the methods that sign.
var digests = map[string]func() hash.Hash{"HMAC-SHA1": sha1.New, "HMAC-SHA256": sha256.New}

// plaintext is the method that sends the secrets themselves, as a password is sent.
const plaintext = "PLAINTEXT"

// rightFor reports whether the request was signed with the secrets; that of the token is empty while there is none.
func (p params) rightFor(r Signed, consumerSecret, tokenSecret string) bool {
	key := escape(consumerSecret) + "&" + escape(tokenSecret)
	method := p["oauth_signature_method"]
	if method == plaintext {
		a, b := sha256.Sum256([]byte(key)), sha256.Sum256([]byte(p["oauth_signature"]))
		return hmac.Equal(a[:], b[:])
	}
	digest := digests[method]
	sent, err := base64.StdEncoding.DecodeString(p["oauth_signature"])
	if digest == nil || err != nil {
		return false
	}
	mac := hmac.New(digest, []byte(key))
	_, _ = mac.Write([]byte(p.baseString(r))) // never fails
	return hmac.Equal(mac.Sum(nil), sent)
}

// baseString is what is signed (section 3.4.1).
func (p params) baseString(r Signed) string {
	var pairs []string
	for name, value := range p {
		if name != "realm" && name != "oauth_signature" {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	for name, values := range r.Params {
		for _, value := range values {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	slices.SortFunc(pairs, func(a, b string) int { // by name, then by value: "=" must not count
		an, av, _ := strings.Cut(a, "=")
		bn, bv, _ := strings.Cut(b, "=")
		if c := strings.Compare(an, bn); c != 0 {
			return c
		}
		return strings.Compare(av, bv)
	})
	return strings.ToUpper(r.Method) + "&" + escape(baseURI(r.URL)) + "&" + escape(strings.Join(pairs, "&"))
}

// baseURI is the address in the one form that is signed (section 3.4.1.2).
func baseURI(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.RawQuery, u.Fragment = "", ""
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if port := u.Port(); u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

// escape encodes a text as section 3.6 says: everything but letters, digits and -._~ becomes %XX.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}
