package main

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatIsMissingWaitsForAReason(t *testing.T) {
	t.Parallel()
	r, err := read()
	if err != nil {
		t.Fatal(err)
	}
	if r.keystone != 240 {
		t.Errorf("operations of Keystone: got %d, want 240", r.keystone)
	}
	for _, line := range r.wrong {
		t.Error(line)
	}
	var b strings.Builder
	r.print(&b)
	if head, _, _ := strings.Cut(b.String(), "\n"); !strings.HasPrefix(head, "Keystone's operations: 240, served: ") {
		t.Errorf("the report begins with %q", head)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, theirs, ours, waiting string
		wrong                       []string
	}{
		{"nothing is missing when only variables differ", "[A]\n/a/{id} GET HEAD", "[A]\n/a/{a_id} GET", "", nil},
		{"a variable is no literal", "[A]\n/a/{id} GET", "[A]\n/a/b GET", "", []string{"GET /a/{id} is missing (A) and not in waiting.txt"}},
		{"a method is missing", "[A]\n/a GET PUT", "[A]\n/a GET", "", []string{"PUT /a is missing (A) and not in waiting.txt"}},
		{"a method waits", "[A]\n/a GET PUT", "[A]\n/a GET", "[A] later\n/a PUT", nil},
		{"it waits without a reason", "[A]\n/a GET PUT", "[A]\n/a GET", "[A]\n/a PUT", []string{"waiting.txt gives no reason for PUT /a (A)"}},
		{"what waits is served", "[A]\n/a/{b} GET", "[A]\n/a/{c} GET", "[A] later\n/a/{d} GET", []string{"GET /a/{b} is served: take it off waiting.txt"}},
		{"what waits is unknown", "[A]\n/a GET", "[A]\n/a GET", "[A] later\n/b GET", []string{"GET /b is in waiting.txt and not among Keystone's operations"}},
		{"GET does not follow from HEAD", "[A]\n/a GET", "[A]\n/a HEAD", "", []string{"GET /a is missing (A) and not in waiting.txt"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var lists [3][]operation
			for i, text := range []string{row.theirs, row.ours, row.waiting} {
				var err error
				if lists[i], err = parse(text); err != nil {
					t.Fatal(err)
				}
			}
			if got := compare(lists[0], lists[1], lists[2]); !slices.Equal(got.wrong, row.wrong) {
				t.Errorf("got %q, want %q", got.wrong, row.wrong)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"/a GET", "[A\n/a GET", "[A]\n/a", "[A]\na GET", "[A]\n/a get", "[A]\n/a GET GET", "[A]\n/a/{b} GET\n/a/{c} GET"} {
		if got, err := parse(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}
