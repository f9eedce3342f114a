package phone

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{
		"nothing": {"", ""}, "words": {"call me", ""}, "no country": {"0151 12345678", ""}, "an unknown country": {"0151 12345678", "ZZ"},
		"a country in full": {"0151 12345678", "Germany"}, "too short": {"+49 151", ""}, "too long": {"+4915112345678901", ""},
		"longer than any number": {"+49 (0) 151 - 12 34 56 78                              ", ""}, "with an extension": {"+49 151 12345678 ext 9", ""},
		"premium": {"+49 900 1234567", ""}, "toll-free": {"+49 800 1234567", ""}, "shared cost": {"+49 180 1234567", ""},
		"another country's": {"00 1 212 555 0123", "DE"}, "a dialled code": {"*#06#", "DE"}, "a line more": {"+4915112345678\r\nBcc: x", ""},
	} {
		if n, err := Parse(c[0], c[1]); !errors.Is(err, ErrNumber) {
			t.Errorf("%s: got %v %v, want it refused", name, n, err)
		}
	}
	for text, want := range map[string]Number{
		"+49 (151) 123-45678": {"+4915112345678", "DE"}, "+1 212 555 0123": {"+12125550123", "US"}, "+883510001234": {"+883510001234", ""},
	} {
		if got, err := Parse(text, ""); err != nil && want.Country != "" || err == nil && got != want {
			t.Errorf("%s: got %v %v, want %v", text, got, err, want)
		}
	}
	for _, country := range []string{"de", " DE"} {
		if got, err := Parse("0151/123 45678", country); err != nil || got != (Number{"+4915112345678", "DE"}) {
			t.Errorf("in %q: got %v %v", country, got, err)
		}
	}
}

// What was read can be read again, and is the same; shown, it hides all but five characters.
func TestParseIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, err := Parse(rapid.StringMatching(`\+?[0-9 ()/-]{0,18}`).Draw(t, "text"), rapid.SampledFrom([]string{"", "DE", "US", "FR"}).Draw(t, "country"))
		if err != nil {
			return
		}
		again, err := Parse(n.E164, "")
		if err != nil || again != n {
			t.Fatalf("%v is read again as %v %v", n, again, err)
		}
		masked := n.Masked()
		for i := range masked {
			if shown := i < 3 || i >= len(masked)-2; len(masked) != len(n.E164) || shown != (masked[i] == n.E164[i]) {
				t.Fatalf("%s is shown as %s", n.E164, masked)
			}
		}
	})
}

func TestMaskedShortNumbers(t *testing.T) {
	t.Parallel()
	if got := (Number{E164: "+1234"}).Masked(); got != "*****" {
		t.Errorf("got %s", got)
	}
}
