package listing_test

import (
	"slices"
	"testing"

	"github.com/keyward/identity/internal/listing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why         string
		op          listing.Op
		value, have string
		want        bool
	}{
		{"another value is not equal", listing.Equals, "web", "Web", false},
		{"what contains it elsewhere does not begin with it", listing.StartsWith, "eb", "web", false},
		{"what contains it elsewhere does not end with it", listing.EndsWith, "we", "web", false},
		{"case matters", listing.Contains, "WE", "web", false},
		{"an unknown comparator passes nothing", listing.Op(99), "web", "web", false},
		{"equal", listing.Equals, "web", "web", true},
		{"equal after NFC", listing.Equals, "e\u0301", "\u00e9", true},
		{"contained", listing.Contains, "e", "web", true},
		{"at the beginning", listing.StartsWith, "we", "web", true},
		{"at the end", listing.EndsWith, "eb", "web", true},
		{"contained in any case", listing.IContains, "ÄR", "bär", true},
		{"at the beginning in any case", listing.IStartsWith, "STRASSE", "straße 1", true},
		{"at the end in any case", listing.IEndsWith, "EB", "web", true},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			f := listing.Filter{Attr: "name", Op: c.op, Value: c.value}
			if got := f.Match(c.have); got != c.want {
				t.Errorf("%+v matches %q: got %v, want %v", f, c.have, got, c.want)
			}
		})
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	all := []string{"b", "d", "f"}
	for _, c := range []struct {
		limit  int
		marker string
		want   []string
		more   bool
	}{
		{0, "", all, false},
		{3, "", all, false},
		{4, "", all, false},
		{2, "", []string{"b", "d"}, true},
		{1, "b", []string{"d"}, true},
		{2, "b", []string{"d", "f"}, false},
		{1, "c", []string{"d"}, true},
		{1, "f", nil, false},
		{1, "g", nil, false},
		{0, "a", all, false},
	} {
		got := listing.Cut(all, listing.Query{Limit: c.limit, Marker: c.marker}, func(s string) string { return s })
		if !slices.Equal(got.Items, c.want) || got.More != c.more {
			t.Errorf("%d behind %q: got %q, more %v", c.limit, c.marker, got.Items, got.More)
		}
	}
}
