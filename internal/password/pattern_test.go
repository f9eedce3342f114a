package password

import (
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/fault"
)

func TestPatternsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{"(", "[a", "a**", `(?P<x>a)`, `a{2,1}`, `\`} {
		if _, err := NewPattern(expr, ""); err == nil {
			t.Errorf("%s was accepted", expr)
		}
	}
}

func TestPatternRefuses(t *testing.T) {
	t.Parallel()
	// The example of Keystone's documentation.
	const usual = `^(?=.*\d)(?=.*[a-zA-Z]).{7,}$`
	for _, c := range []struct{ name, expr, password string }{
		{"no digit", usual, "abcdefgh"},
		{"no letter", usual, "12345678"},
		{"too short", usual, "a1b2c3"},
		{"nothing", usual, ""},
		{"a match that begins later", "[a-z]+", "1abc"},
		{"the second way of two that begins later", "x|[a-z]+", "1abc"},
		{"a match of a later line", "^[a-z]+$", "1\nabc"},
	} {
		p, err := NewPattern(c.expr, "Seven characters with a digit.")
		if err != nil {
			t.Fatal(err)
		}
		err = p.Check(c.password)
		if !fault.Is(err, fault.BadRequest) || fault.ReasonOf(err) != "password_requirements" || !strings.HasSuffix(err.Error(), "Seven characters with a digit.") {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	p, err := NewPattern(usual, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check("abc"); err == nil || strings.HasSuffix(err.Error(), " ") {
		t.Errorf("without a description: got %q", err)
	}
	if err := p.Check("abcdefg1\x00"); fault.ReasonOf(err) != "password_not_text" {
		t.Errorf("a NUL: got %v", err)
	}
}

func TestPatternThatTakesForEverIsNoMatch(t *testing.T) {
	t.Parallel()
	p, err := NewPattern(`^(([a-z])+.)+[A-Z]([a-z])+$`, "")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := p.Check(strings.Repeat("a", MaxBytes)); fault.ReasonOf(err) != "password_requirements" {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > 20*patternPatience {
		t.Errorf("it took %v", took)
	}
}

func TestPatternMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, expr, password string }{
		{"what it asks for", `^(?=.*\d)(?=.*[a-zA-Z]).{7,}$`, "abcdefg1"},
		{"more than it asks for", "[a-z]+", "abc123"},
		{"the second way of two", "x|[a-z]+", "abc"},
		{"letters of any case", "(?i)abc", "ABC"},
		{"its normal form", "^caf\u00e9$", "cafe\u0301"},
		{"a digit of any script", `^\d$`, "\u0663"},
	} {
		p, err := NewPattern(c.expr, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Check(c.password); err != nil {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}
