package listing

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Match reports whether an attribute's value passes the filter, for lists that are computed and not stored.
// It compares as the store does: after Unicode NFC, and after case folding where case does not matter.
func (f Filter) Match(value string) bool {
	op, want, have := f.Op, norm.NFC.String(f.Value), norm.NFC.String(value)
	if op >= IContains {
		op -= IContains - Contains
		want, have = fold(want), fold(have)
	}
	switch op {
	case Equals:
		return have == want
	case Contains:
		return strings.Contains(have, want)
	case StartsWith:
		return strings.HasPrefix(have, want)
	case EndsWith:
		return strings.HasSuffix(have, want)
	}
	return false
}

func fold(s string) string { return norm.NFC.String(cases.Fold().String(s)) }
