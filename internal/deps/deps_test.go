package deps_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/keyward/identity"

// reserved are the packages that only some folders may import themselves.
var reserved = []struct {
	path   string   // import path, with everything below it
	owners []string // folders, with everything below them
	reason string
}{
	{"github.com/labstack", []string{"internal/httpapi", "internal/server", "test/bench"}, "moving to the next Echo must stay a change to two folders"},
	{"gorm.io", []string{"internal/store"}, "all of GORM lives in the store, where its traps are tested"},
	{"github.com/spf13/viper", []string{"internal/config"}, "the rest receives values, not a configuration"},
	{"github.com/spf13/cobra", []string{"cmd"}, "flags and exit codes belong to the commands"},
	{"github.com/stretchr/testify", nil, "tests use the standard testing package"},
	{module + "/internal/pgtest", []string{"internal/pgtest", "internal/dbtest"}, "it is for tests"},
	{module + "/internal/dbtest", []string{"internal/apitest"}, "it is for tests"},
	{module + "/internal/apitest", []string{"internal/apitest"}, "it is for tests"},
	{module + "/internal/store/storetest", nil, "it is for tests"},
	{module + "/cmd", []string{"cmd"}, "commands are the top of the tree"},
}

// barred are the packages that others must not reach, not even through a third one.
var barred = []struct {
	from   []string // folders, with everything below them
	to     []string // import paths, with everything below them
	reason string
}{
	{domain, []string{"github.com/labstack"}, "subjects are ignorant of HTTP"},
	{domain, []string{"gorm.io", "database/sql"}, "subjects are ignorant of SQL"},
	{domain, []string{"github.com/spf13/viper"}, "subjects receive values, not a configuration"},
	{
		domain, []string{module + "/api", module + "/internal/httpapi", module + "/internal/server", module + "/internal/store", module + "/internal/config"},
		"subjects declare the interfaces they need and others fit them",
	},
	{[]string{"api"}, []string{module + "/internal/store", "gorm.io", "database/sql"}, "handlers go through the subject's service, which holds the rules"},
	{[]string{"internal/store"}, []string{module + "/api", module + "/internal/httpapi", module + "/internal/server"}, "the store serves subjects and knows no requests"},
	{[]string{"internal/fault", "internal/optional", "internal/secretfile"}, []string{module + "/internal"}, "the vocabulary is the bottom of the tree"},
}

// domain are the folders of the subjects and their vocabulary: rules without HTTP, SQL or configuration.
var domain = []string{
	"internal/identity", "internal/resource", "internal/assignment", "internal/catalog", "internal/credential", "internal/domainconfig",
	"internal/appcred", "internal/trust", "internal/oauth", "internal/federation", "internal/limit", "internal/auth", "internal/token", "internal/ec2", "internal/clientcert",
	"internal/keyring", "internal/mfa", "internal/phone", "internal/session", "internal/device", "internal/duty", "internal/risk", "internal/notify", "internal/policy", "internal/event",
	"internal/listing", "internal/fault", "internal/optional", "internal/password",
}

// listed is what `go list` tells about one package.
type listed struct {
	ImportPath                string
	Imports, Deps             []string
	TestImports, XTestImports []string
}

// folder is the package's place in the module.
func (p listed) folder() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

func TestImports(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, r := range reserved {
			if within(p.folder(), r.owners...) {
				continue
			}
			imports := p.Imports
			if r.owners == nil && !strings.HasPrefix(r.path, module) { // banned altogether
				imports = slices.Concat(imports, p.TestImports, p.XTestImports)
			}
			for _, path := range imports {
				if within(path, r.path) {
					t.Errorf("%s imports %s: %s", p.folder(), path, r.reason)
				}
			}
		}
		for _, r := range barred {
			if !within(p.folder(), r.from...) {
				continue
			}
			for _, path := range p.Deps {
				if within(path, r.to...) {
					t.Errorf("%s depends on %s: %s (go mod why finds the way)", p.folder(), path, r.reason)
				}
			}
		}
	}
}

// within says whether the path is one of the roots or lies below one.
func within(path string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return path == root || strings.HasPrefix(path, root+"/")
	})
}

// packages lists the module's packages, from its root. It needs no network.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,Deps,TestImports,XTestImports", module+"/...")
	cmd.Env = append(os.Environ(), "GOPROXY=off")
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("read go list: %v", err)
		}
		all = append(all, p)
	}
	if len(all) < 5 {
		t.Fatalf("go list named %d packages only", len(all))
	}
	return all
}

// TestWithin guards the guard: a prefix that is not a whole path element is no match.
func TestWithin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path string
		want bool
	}{
		{"internal/storefront", false},
		{"internal", false},
		{"internal/store", true},
		{"internal/store/migrations", true},
	} {
		if got := within(c.path, "internal/store"); got != c.want {
			t.Errorf("within(%s): got %v, want %v", c.path, got, c.want)
		}
	}
}
