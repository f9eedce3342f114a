package naming_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/naming"
)

func TestRefused(t *testing.T) {
	t.Parallel()
	for why, name := range map[string]string{
		"nothing":                        "",
		"white space only":               " \t\u00a0\u3000 ",
		"a zero-width space only":        "\u200b",
		"a NUL":                          "a\x00b",
		"a line break inside":            "a\nb",
		"a C1 control":                   "a\u0085b",
		"a right-to-left override":       "admin\u202egpj",
		"an isolate":                     "a\u2066b",
		"one character too many":         strings.Repeat("é", 65),
		"bytes that are no UTF-8":        "a\xff",
		"an escape sequence of consoles": "\x1b[2Ja",
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			if got, err := naming.Clean("name", name, 64); !fault.Is(err, fault.BadRequest) {
				t.Errorf("Clean(%q) = %q, %v; want BadRequest", name, got, err)
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ why, name, want string }{
		{"white space around goes", "  web\u00a0", "web"},
		{"white space inside stays", "web  two", "web  two"},
		{"a decomposed letter is composed", "e\u0301", "\u00e9"},
		{"the limit counts characters after composing", strings.Repeat("e\u0301", 64), strings.Repeat("\u00e9", 64)},
		{"joiners that scripts need stay", "क्\u200dष", "क्\u200dष"},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			if got, err := naming.Clean("name", c.name, 64); err != nil || got != c.want {
				t.Errorf("Clean(%q) = %q, %v; want %q", c.name, got, err, c.want)
			}
		})
	}
	if got, err := naming.Exact("name", " admin ", 64); err != nil || got != " admin " {
		t.Errorf("Exact keeps white space: got %q, %v", got, err)
	}
}

func TestCleanIsItsOwnNormalForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		once, err := naming.Clean("name", rapid.String().Draw(t, "name"), 1000)
		if err != nil {
			return
		}
		if twice, err := naming.Clean("name", once, 1000); err != nil || twice != once {
			t.Fatalf("Clean(%q) = %q, %v", once, twice, err)
		}
	})
}

func TestURLSafe(t *testing.T) {
	t.Parallel()
	for _, c := range ":/?#[]@!$&'()*+,;=" {
		if naming.URLSafe("a" + string(c)) {
			t.Errorf("%c is taken for safe", c)
		}
	}
	for _, name := range []string{"a", "a b", "a-b_c.d~", "é%", ""} {
		if !naming.URLSafe(name) {
			t.Errorf("%q is taken for unsafe", name)
		}
	}
}
