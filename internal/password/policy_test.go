package password

import (
	"slices"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/fault"
)

func TestPolicyRefuses(t *testing.T) {
	t.Parallel()
	p := Policy{Forbidden: []string{"Keyward Identity"}}
	for password, reason := range map[string]string{
		"":                          "password_too_short",
		"short1!":                   "password_too_short",
		"éééé":                      "password_too_short", // eight bytes
		"password":                  "password_too_common",
		"PassWord":                  "password_too_common",
		"password1234567":           "password_too_common",
		"P@ssw0rd2024!":             "password_too_common",
		"welcome_123":               "password_too_common",
		"Summer-2026":               "password_too_common",
		"letmein!!!":                "password_too_common",
		"qwertyuiop":                "password_too_common",
		"1qaz2wsx3edc":              "password_too_common",
		"poiuytrewq":                "password_too_common",
		"34567890!":                 "password_too_common",
		"1234567890":                "password_too_common",
		"987654321":                 "password_too_common",
		"aaaaaaaaaaaaaaaa":          "password_too_common",
		"abcabcabcabc":              "password_too_common",
		"passwordpassword":          "password_too_common",
		"thisismypassword":          "password_too_common",
		"correcthorsebatterystaple": "password_too_common",
		"keyward identity":          "password_is_name",
		"ANN.EXAMPLE":               "password_is_name",
		"Département":               "password_is_name", // given decomposed below
	} {
		err := p.Check(password, "ann.example", "De\u0301partement")
		if !fault.Is(err, fault.BadRequest) || fault.ReasonOf(err) != reason {
			t.Errorf("%q: got %v (%s), want %s", password, err, fault.ReasonOf(err), reason)
		}
		if err != nil && len(password) > 8 && strings.Contains(err.Error(), password) {
			t.Errorf("%q: the message shows the password", password)
		}
	}
	if err := (Policy{MinLength: 15}).Check("fourteen chars"); fault.ReasonOf(err) != "password_too_short" || !strings.Contains(err.Error(), "15") {
		t.Errorf("14 of 15 characters: got %v", err)
	}
}

func TestPolicyAccepts(t *testing.T) {
	t.Parallel()
	for _, password := range []string{
		"plover quince", "my password is a secret of mine", "password-ann.example", "xk7#pq2m", "ann.example ", "ÄÖÜäöüßé",
		"dragon83729461", "correct pony battery staple", strings.Repeat("long enough ", 10),
	} {
		if err := (Policy{}).Check(password, "ann.example"); err != nil {
			t.Errorf("%q: %v", password, err)
		}
	}
	if err := (Policy{MinLength: 15}).Check("exactly 15 char"); err != nil {
		t.Error(err)
	}
}

func TestListIsSortedLowerCaseAndWithoutRepetition(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSuffix(commonText, "\n"), "\n")
	if len(lines) < 1000 || len(common()) != len(lines) {
		t.Errorf("%d lines, %d of them different", len(lines), len(common()))
	}
	if !slices.IsSorted(lines) {
		t.Error("common.txt is not sorted")
	}
	for _, line := range lines {
		if line != strings.ToLower(strings.TrimSpace(line)) || len(line) < 3 || repeats(line) {
			t.Errorf("%q does not belong into common.txt", line)
		}
	}
}
