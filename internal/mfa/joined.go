package mfa

import "strings"

// Cut splits what clients that know one field only send: a password and, right behind it, a passcode as long as
// those of one of the factors, or a recovery code as it was shown (six groups of four with hyphens). It tells the
// form only: a password may end like a code. Where factors have codes of different lengths the longest that fits
// is meant. Nothing is cut when no password would be left.
func Cut(text string, factors []Factor) (password, code string, ok bool) {
	if n := len(text) - recoveryLength - recoveryLength/4 + 1; n > 0 && grouped(text[n:]) {
		return text[:n], text[n:], true
	}
	longest := 0
	for _, f := range factors {
		length := f.Digits
		if f.Kind == Phone {
			length = codeDigits
		}
		if n := len(text) - length; length > longest && n > 0 && digits(text[n:]) {
			longest = length
		}
	}
	n := len(text) - longest
	return text[:n], text[n:], longest > 0
}

// grouped reports whether a text has the form in which recovery codes are shown, in either case.
func grouped(text string) bool {
	groups := strings.Split(text, "-")
	for _, g := range groups {
		if len(g) != 4 || strings.ContainsFunc(g, func(r rune) bool { return r > 127 }) {
			return false
		}
	}
	if len(groups) != recoveryLength/4 {
		return false
	}
	_, err := crockford.DecodeString(strings.ToUpper(strings.Join(groups, "")))
	return err == nil
}
