package attack_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	testNames = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	caseIDs   = regexp.MustCompile(`^Test((?:[A-Z]\d+(?:And)?)+)`)
	caseID    = regexp.MustCompile(`[A-Z]\d+`)
)

// testsIn are the names of the tests of a package.
func testsIn(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %s (%v)", dir, err)
	}
	var names []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testNames.FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
	}
	return names
}

// TestEveryCaseHasItsTests holds testdata/cases.txt against the tests that there are. A line is a case and the tests that
// play it without its name in theirs, with the folder of those of other packages.
func TestEveryCaseHasItsTests(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string][]string{"": testsIn(t, ".")}
	played := map[string][]string{}
	for _, name := range known[""] {
		if m := caseIDs.FindStringSubmatch(name); m != nil {
			for _, id := range caseID.FindAllString(m[1], -1) {
				played[id] = append(played[id], name)
			}
		}
	}
	lines := slices.Collect(strings.Lines(string(text)))
	if len(lines) < 100 {
		t.Errorf("only %d cases are listed", len(lines))
	}
	for _, line := range lines {
		fields := strings.Fields(line)
		for _, name := range fields[1:] {
			dir, test := filepath.Split(name)
			if known[dir] == nil {
				known[dir] = testsIn(t, filepath.Join("..", "..", dir))
			}
			if !slices.Contains(known[dir], test) {
				t.Errorf("%s: there is no test %s", fields[0], name)
			}
			played[fields[0]] = append(played[fields[0]], name)
		}
		if len(played[fields[0]]) == 0 {
			t.Errorf("no test plays %s", fields[0])
		}
		t.Log(fields[0], played[fields[0]])
	}
}
