package v3

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestCausesAreExplained: whatever word the gate records of a refusal, administrators are told what is behind it.
func TestCausesAreExplained(t *testing.T) {
	t.Parallel()
	given := map[string]string{}
	for _, dir := range []string{"auth", "clientcert", "device"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "internal", dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", dir, err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if word := recorded(n); word != "" {
					given[word] = path
				}
				return true
			})
		}
	}
	if len(given) < 20 {
		t.Fatalf("only %d causes were found: the test looks at the wrong place", len(given))
	}
	delete(given, "devices_forbidden") // is said of remembering one, not of signing in
	for word, path := range given {
		if causes[word].text == "" {
			t.Errorf("nothing explains %s, which %s records", word, path)
		}
	}
}

// recorded is the word that a piece of the program records as a cause: given to a function that refuses, or the reason of
// a fault of a sign-in.
func recorded(n ast.Node) string {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return ""
	}
	name := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
		if made, ok := f.X.(*ast.CallExpr); ok && name == "Because" && !ofSignIn(made) {
			return ""
		}
	}
	at, known := map[string]int{"refuse": 2, "Refuse": 2, "refusalEvent": 2, "Because": 0}[name]
	if !known || len(call.Args) <= at {
		return ""
	}
	lit, ok := call.Args[at].(*ast.BasicLit)
	if !ok {
		return ""
	}
	word, _ := strconv.Unquote(lit.Value)
	return word
}

// ofSignIn reports whether a call makes a fault of the kinds that the gate records.
func ofSignIn(made *ast.CallExpr) bool {
	if len(made.Args) == 0 {
		return false
	}
	kind, ok := made.Args[0].(*ast.SelectorExpr)
	return ok && (kind.Sel.Name == "Unauthorized" || kind.Sel.Name == "Forbidden")
}
