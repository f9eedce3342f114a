// Package clients_test drives the built server with clients that other people made: gophercloud, Debian's
// openstackclient with keystoneauth, keystonemiddleware, oathtool and zbarimg. The install script beside it gets the programs.
package clients_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/contract"
	"github.com/keyward/identity/internal/pgtest"
	"github.com/keyward/identity/test/program"
)

func TestMain(m *testing.M) { program.Main(m) }

// onEachDatabase runs a test against a server of its own on each database, empty but for the bootstrap,
// with more in its environment.
func onEachDatabase(t *testing.T, test func(*testing.T, *program.Server), env ...string) {
	t.Helper()
	for _, database := range []struct {
		name string
		url  func(testing.TB) string
	}{
		{"SQLite", func(t testing.TB) string { return "sqlite://" + filepath.Join(t.TempDir(), "identity.db") }},
		{"PostgreSQL", pgtest.URL},
	} {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				t.Skip("it runs the real program")
			}
			s := program.New(t, database.url(t), env...)
			s.Start()
			test(t, s)
		})
	}
}

// served reports whether the server has an operation: a method and the template of a path.
func served(t *testing.T, operation string) bool {
	t.Helper()
	doc, err := contract.Own()
	if err != nil {
		t.Fatal(err)
	}
	method, path, _ := strings.Cut(operation, " ")
	return doc.Operation(method, path) != nil
}

// Debian's openstackclient, and the Python that has its modules, whatever else is in PATH.
const (
	python       = "/usr/bin/python3"
	openstackCLI = "/usr/bin/openstack"
)

// need skips the test when a program is missing, or fails it in CI.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			missing(t, name, err)
		}
	}
}

// needModule is need for a module of Debian's Python.
func needModule(t *testing.T, name string) {
	t.Helper()
	need(t, python)
	if err := exec.CommandContext(t.Context(), python, "-c", "import "+name).Run(); err != nil {
		missing(t, name, err)
	}
}

func missing(t *testing.T, name string, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is required here: %v", name, err)
	}
	t.Skipf("%s: %v; `make clients` as root installs it on Debian", name, err)
}
