package fault

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestReasonsAreListed: docs/reasons.md names every reason that the program gives, once, and no other. A reason
// is what Because is called with: text, or a constant that is found in the same package or by its name. Functions
// that pass a reason on (throughs) are looked at where they are called.
func TestReasonsAreListed(t *testing.T) {
	t.Parallel()
	given := map[string]string{}
	consts := map[string]string{}
	var named []string
	for _, dir := range []string{"api", "internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join("..", "..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err == nil {
				ast.Inspect(file, func(n ast.Node) bool {
					note(n, path, given, consts, &named)
					return true
				})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range named {
		if throughs[name] {
			continue
		}
		if value, ok := consts[name]; ok {
			given[value] = name
		} else {
			t.Errorf("a reason comes from %s, which this test does not understand", name)
		}
	}
	if len(given) < 30 {
		t.Fatalf("only %d reasons were found: the test looks at the wrong place", len(given))
	}
	listed := listedReasons(t)
	for reason, where := range given {
		if listed[reason] != 1 {
			t.Errorf("%s (%s) is listed %d times in docs/reasons.md, want once", reason, where, listed[reason])
		}
	}
	for reason := range listed {
		if given[reason] == "" {
			t.Errorf("docs/reasons.md lists %s, which nothing gives", reason)
		}
	}
}

// throughs are the names of what passes on a reason that was given elsewhere.
var throughs = map[string]bool{
	"Reason": true, // of a ReceiptError; its reasons are constants named Reason…
	"why":    true, // of package mapping; its reasons are its callers' constants
}

// note writes down what a piece of the program says of reasons.
func note(n ast.Node, path string, given, consts map[string]string, named *[]string) {
	switch n := n.(type) {
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if i < len(n.Values) {
				if text, ok := literal(n.Values[i]); ok {
					consts[name.Name] = text
				}
			}
			if strings.HasPrefix(name.Name, "Reason") {
				*named = append(*named, name.Name)
			}
		}
	case *ast.CallExpr:
		if len(n.Args) != 1 || !gives(n.Fun, path) {
			return
		}
		switch arg := n.Args[0].(type) {
		case *ast.BasicLit:
			text, _ := literal(arg)
			given[text] = path
		case *ast.Ident:
			*named = append(*named, arg.Name)
		case *ast.SelectorExpr:
			*named = append(*named, arg.Sel.Name)
		default:
			*named = append(*named, "an expression in "+path)
		}
	}
}

// gives reports whether a function is given a reason: Because, and refused of package mapping.
func gives(f ast.Expr, path string) bool {
	switch f := f.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name == "Because"
	case *ast.Ident:
		return f.Name == "refused" && strings.Contains(filepath.ToSlash(path), "federation/mapping/")
	}
	return false
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

var row = regexp.MustCompile("(?m)^\\| `([a-z_0-9]+)` \\| [0-9]{3}(?:, [0-9]{3})* \\| .+ \\|$")

func listedReasons(t *testing.T) map[string]int {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "reasons.md"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]int{}
	for _, m := range row.FindAllSubmatch(doc, -1) {
		listed[string(m[1])]++
	}
	if rows := strings.Count(string(doc), "\n| `"); rows != len(row.FindAll(doc, -1)) {
		t.Errorf("some of the %d rows of docs/reasons.md are not of the form", rows)
	}
	return listed
}
