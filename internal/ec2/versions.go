package ec2

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"
)

// algorithm is what version 4 calls itself.
const algorithm = "AWS4-HMAC-SHA256"

// stampV4 is how version 4 writes a time.
const stampV4 = "20060102T150405Z"

// signV2 is signature version 2 with HMAC-SHA256, which counts whatever the request says in SignatureMethod.
func signV2(r Request, secret string) (string, time.Time, error) {
	at, err := timeV2(r.Params["Timestamp"])
	if err != nil {
		return "", at, err
	}
	if access, has := r.Params["AWSAccessKeyId"]; has && access != r.Access {
		return "", at, errSignature
	}
	params := maps.Clone(r.Params)
	params["SignatureMethod"] = "HmacSHA256"
	text := r.Verb + "\n" + r.Host + "\n" + r.Path + "\n" + canonicalQuery(params, func(name string) string { return name })
	return base64.StdEncoding.EncodeToString(sum([]byte(secret), text)), at, nil
}

// timeV2 reads an ISO 8601 time. One without a zone is UTC, as in Keystone.
func timeV2(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, errNoTime
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at, nil
		}
	}
	return time.Time{}, errTime
}

// signV4 is signature version 4, with its parts in the header Authorization or in parameters.
func signV4(r Request, secret string) (string, time.Time, error) {
	h, ok := lowered(r.Headers)
	if !ok {
		return "", time.Time{}, errSignature // two headers of one name: which one was signed?
	}
	p, ok := partsV4(h, r.Params)
	if !ok {
		return "", time.Time{}, errVersion
	}
	access, scope, _ := strings.Cut(p.credential, "/")
	if access != r.Access || r.BodyHash == "" {
		return "", time.Time{}, errSignature
	}
	key, at, err := scopedKey(secret, scope, p.date)
	if err != nil {
		return "", at, err
	}
	query := ""
	if verb := strings.ToUpper(r.Verb); verb != "POST" { // there the parameters are the body's
		query = canonicalQuery(r.Params, escape)
	}
	canonical := strings.Join([]string{
		strings.ToUpper(r.Verb), r.Path, query, canonicalHeaders(h, p.signed), p.signed, r.BodyHash,
	}, "\n")
	digest := sha256.Sum256([]byte(canonical))
	text := strings.Join([]string{algorithm, p.date, scope, hex.EncodeToString(digest[:])}, "\n")
	return hex.EncodeToString(sum(key, text)), at, nil
}

// scopedKey derives the key for a scope of day/region/service/aws4_request, and reads the time of the signature,
// which must be of that day.
func scopedKey(secret, scope, date string) (key []byte, at time.Time, err error) {
	if date == "" {
		return nil, at, errNoTime
	}
	if at, err = time.Parse(stampV4, date); err != nil {
		return nil, at, errTime
	}
	parts := strings.Split(scope, "/")
	if len(parts) != 4 || parts[0] != date[:8] || parts[3] != "aws4_request" {
		return nil, at, errSignature
	}
	key = []byte("AWS4" + secret)
	for _, part := range parts {
		key = sum(key, part)
	}
	return key, at, nil
}

// authorization are the parts of version 4 beside the signature.
type authorization struct{ credential, signed, date string }

func partsV4(headers, params map[string]string) (authorization, bool) {
	p := authorization{date: headers["x-amz-date"]}
	if p.date == "" {
		p.date = params["X-Amz-Date"]
	}
	list, ok := strings.CutPrefix(headers["authorization"], algorithm)
	if !ok {
		p.credential, p.signed = params["X-Amz-Credential"], params["X-Amz-SignedHeaders"]
		return p, params["X-Amz-Algorithm"] == algorithm
	}
	for part := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			p.credential = value
		case "SignedHeaders":
			p.signed = value
		}
	}
	return p, true
}

// lowered are headers by their names in lower case. It reports false when two have one name.
func lowered(headers map[string]string) (map[string]string, bool) {
	out := make(map[string]string, len(headers))
	for name, value := range headers {
		out[strings.ToLower(strings.TrimSpace(name))] = strings.Join(strings.Fields(value), " ")
	}
	return out, len(out) == len(headers)
}

// canonicalHeaders lists the signed headers in the client's order. Those that did not arrive are left out, as in
// Keystone: the client decides what it signs.
func canonicalHeaders(headers map[string]string, signed string) string {
	var lines []string
	for name := range strings.SplitSeq(signed, ";") {
		if value, ok := headers[name]; ok {
			lines = append(lines, name+":"+value)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// canonicalQuery writes parameters in the order of what by makes of their names, without the signature itself.
func canonicalQuery(params map[string]string, by func(string) string) string {
	names := slices.SortedFunc(maps.Keys(params), func(a, b string) int { return cmp.Compare(by(a), by(b)) })
	var pairs []string
	for _, name := range names {
		if name != "Signature" && name != "X-Amz-Signature" {
			pairs = append(pairs, escape(name)+"="+escape(params[name]))
		}
	}
	return strings.Join(pairs, "&")
}

// escape is the percent-encoding of RFC 3986 with nothing but unreserved characters left.
func escape(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '~':
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

func sum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte(text)) // never fails
	return h.Sum(nil)
}
