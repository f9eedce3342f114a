package mfa_test

import (
	"testing"

	"github.com/keyward/identity/internal/mfa"
)

func TestCut(t *testing.T) {
	t.Parallel()
	six, eight := mfa.Factor{Digits: 6}, mfa.Factor{Digits: 8}
	const recovery = "0A1B-2C3D-4E5F-6G7H-8J9K-MNPQ"
	for _, c := range []struct {
		name, text     string
		factors        []mfa.Factor
		password, code string
	}{
		{"too few digits", "horse12345", []mfa.Factor{six}, "", ""},
		{"nothing before the code", "123456", []mfa.Factor{six}, "", ""},
		{"nothing before a recovery code", recovery, []mfa.Factor{six}, "", ""},
		{"digits of another script", "horse１２３４５６", []mfa.Factor{six}, "", ""},
		{"a space behind", "horse123456 ", []mfa.Factor{six}, "", ""},
		{"a sign", "horse-12345", []mfa.Factor{six}, "", ""},
		{"no factor", "horse123456", nil, "", ""},
		{"six where eight are needed", "horse123456", []mfa.Factor{eight}, "", ""},
		{"a recovery code with a letter that none has", "horse" + recovery[:28] + "U", []mfa.Factor{six}, "", ""},
		{"a recovery code without hyphens", "horse0A1B2C3D4E5F6G7H8J9KMNPQ", []mfa.Factor{six}, "", ""},
		{"groups of other sizes", "horse0A1B2-C3D-4E5F-6G7H-8J9K-MNPQ", []mfa.Factor{six}, "", ""},
		{"nothing", "", []mfa.Factor{six}, "", ""},
		{"six digits", "horse123456", []mfa.Factor{six}, "horse", "123456"},
		{"more digits than the code has", "horse99123456", []mfa.Factor{six}, "horse99", "123456"},
		{"the longest that fits", "horse12345678", []mfa.Factor{six, eight}, "horse", "12345678"},
		{"the longest that fits is the shorter", "horse123456", []mfa.Factor{eight, six}, "horse", "123456"},
		{"a recovery code", "horse" + recovery, []mfa.Factor{six}, "horse", recovery},
		{"a recovery code behind a hyphen", "horse-" + recovery, []mfa.Factor{six}, "horse-", recovery},
	} {
		password, code, ok := mfa.Cut(c.text, c.factors)
		if ok != (c.code != "") || ok && (password != c.password || code != c.code) {
			t.Errorf("%s: %q and %q (%v), want %q and %q", c.name, password, code, ok, c.password, c.code)
		}
	}
}
