// Package naming owns what a name may be: its normal form, its length, and the characters that would let one
// name pass for another. Whether a name is free is not decided here but by the subject that owns it.
package naming

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/keyward/identity/internal/fault"
)

// Clean returns the form in which a name is kept and compared: Unicode NFC without white space around it. kind
// ("project name") is for the message, and limit is the largest number of characters. It fails with BadRequest
// for a name that is empty or longer, or that holds control or bidirectional-control characters.
func Clean(kind, name string, limit int) (string, error) {
	return Exact(kind, strings.TrimSpace(name), limit)
}

// Exact is Clean for the few names whose surrounding white space counts, as that of roles does in Keystone.
func Exact(kind, name string, limit int) (string, error) {
	if !utf8.ValidString(name) {
		return "", fault.New(fault.BadRequest, "Invalid %s: it must be valid UTF-8.", kind)
	}
	name = norm.NFC.String(name)
	if strings.IndexFunc(name, visible) < 0 {
		return "", fault.New(fault.BadRequest, "Invalid %s: it must have at least one visible character.", kind)
	}
	if utf8.RuneCountInString(name) > limit {
		return "", fault.New(fault.BadRequest, "Invalid %s: it must not be longer than %d characters.", kind, limit)
	}
	if strings.ContainsFunc(name, deceptive) {
		return "", fault.New(fault.BadRequest, "Invalid %s: it must not hold control characters.", kind)
	}
	return name, nil
}

// reserved are the characters that mean something in a URL (RFC 3986, section 2.2).
const reserved = ":/?#[]@!$&'()*+,;="

// URLSafe reports whether a name can stand in a URL as it is: Keystone's project_name_url_safe and
// domain_name_url_safe ask for that.
func URLSafe(name string) bool { return !strings.ContainsAny(name, reserved) }

// visible reports whether r shows: not white space, not a control and not a zero-width character.
func visible(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.Zs, r)
}

// deceptive reports whether r is a control character or changes the direction in which others are shown, so
// that what an administrator reads is not what is compared (Unicode TR 36, section 3.2).
func deceptive(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}
