package password

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/keyward/identity/internal/fault"
)

// common.txt lists passwords that everyone tries first: names, words, phrases, keyboard walks and number
// runs, lower case, sorted. Repetitions and predictable tails (predictable) need no lines of their own.
//
//go:embed common.txt
var commonText string

var common = sync.OnceValue(func() map[string]struct{} {
	lines := strings.Split(strings.TrimSpace(commonText), "\n")
	set := make(map[string]struct{}, len(lines))
	for _, line := range lines {
		set[line] = struct{}{}
	}
	return set
})

// DefaultMinLength is the least length where nothing else is configured, in code points.
const DefaultMinLength = 8

// Policy judges passwords that people choose for themselves. It has no rules of composition and no expiry
// (NIST SP 800-63B section 3.1.1.2). The zero value is ready for use.
type Policy struct {
	// MinLength is the least length in code points; zero means DefaultMinLength.
	MinLength int
	// Forbidden are further passwords that nobody may choose, such as the name of the product.
	Forbidden []string
}

// Check refuses a password that is too short, commonly used, or one of names (those of the user and the
// domain), each with a BadRequest whose reason says which: password_too_short, password_too_common,
// password_is_name. Only the whole password counts, in any case; a word within a longer one does no harm.
func (p Policy) Check(password string, names ...string) error {
	password, err := Normalize(password)
	if err != nil {
		return err
	}
	least := p.MinLength
	if least == 0 {
		least = DefaultMinLength
	}
	if utf8.RuneCountInString(password) < least {
		return fault.New(fault.BadRequest, "The password is too short: it needs at least %d characters.", least).
			Because("password_too_short")
	}
	for _, name := range append(slices.Clip(p.Forbidden), names...) {
		if name, err := Normalize(name); err == nil && strings.EqualFold(name, password) {
			return fault.New(fault.BadRequest, "The password is the name of the user, the domain or the product. Choose another.").
				Because("password_is_name")
		}
	}
	if isCommon(strings.ToLower(password)) {
		return fault.New(fault.BadRequest, "The password is too common: it is among those that are tried first. Choose another.").
			Because("password_too_common")
	}
	return nil
}

// isCommon reports whether s, in lower case, is on the list, a repetition, or something on the list with a
// tail that adds next to nothing, as in password2024! or welcome_123.
func isCommon(s string) bool {
	if listed(s) || repeats(s) {
		return true
	}
	base := strings.TrimRight(s, "!?.$#*")
	stem := strings.TrimRight(base, "0123456789")
	if tail := base[len(stem):]; predictable(tail) {
		if stem == "" && tail != "" {
			return true
		}
		base = strings.TrimRight(stem, "@_-.# ")
	}
	return len(s)-len(base) <= 12 && listed(base)
}

func listed(s string) bool {
	_, ok := common()[s]
	return ok
}

// repeats reports whether s is one unit of at most four bytes over and over, as in aaaaaaaa and abcabcab.
func repeats(s string) bool {
	for unit := 1; unit <= 4 && len(s) >= 2*unit; unit++ {
		if s[unit:] == s[:len(s)-unit] {
			return true
		}
	}
	return false
}

// predictable reports whether digits are few, a year, repeated, or a run up or down as on the keyboard.
func predictable(digits string) bool {
	if len(digits) <= 3 || repeats(digits) {
		return true
	}
	if len(digits) == 4 && (strings.HasPrefix(digits, "19") || strings.HasPrefix(digits, "20")) {
		return true
	}
	const up, down = "012345678901234567890", "098765432109876543210"
	return strings.Contains(up, digits) || strings.Contains(down, digits)
}
