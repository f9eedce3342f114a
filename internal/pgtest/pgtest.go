package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// The variables that tests and scripts agree on.
const (
	// EnvURL is the superuser's address of a server that all test binaries share. Databases are created on it.
	EnvURL = "IDENTITY_TEST_POSTGRES"
	// EnvRequire set to 1 makes a missing PostgreSQL a failure, as CI=true does.
	EnvRequire = "IDENTITY_TEST_REQUIRE_POSTGRES"
)

// shared is the address of the server of this test binary. It is global because the server has to outlive the
// test that asks first; the watchdog ends it with the process.
var shared = sync.OnceValues(func() (string, error) {
	if u := os.Getenv(EnvURL); u != "" {
		return u, nil
	}
	if Required() {
		if err := Install(); err != nil {
			return "", err
		}
	}
	s, err := Start(context.Background(), Options{})
	if err != nil {
		return "", err
	}
	return s.URL("postgres"), nil
})

// Required says whether a missing PostgreSQL is a failure here.
func Required() bool {
	return os.Getenv("CI") == "true" || os.Getenv(EnvRequire) == "1"
}

// URL is the address of a new, empty database that is dropped when the test ends. Without PostgreSQL the test
// is skipped, or fails where Required.
func URL(t testing.TB) string {
	t.Helper()
	return create(t, "template0")
}

// Template is a database that is prepared once for each test binary and copied for each test, which is far
// cheaper than to run all migrations for each. Keep it in a package variable of the tests.
type Template struct {
	// Prepare fills an empty database and leaves no connection to it.
	Prepare func(url string) error

	once sync.Once
	name string
	err  error
}

// URL is the address of a new copy of the template, dropped when the test ends. It skips and fails as the
// function URL does.
func (p *Template) URL(t testing.TB) string {
	t.Helper()
	admin := server(t)
	p.once.Do(func() {
		p.name = newName()
		if p.err = run(context.Background(), admin, "CREATE DATABASE "+p.name+" TEMPLATE template0"); p.err == nil {
			p.err = p.Prepare(withDatabase(admin, p.name))
		}
	})
	if p.err != nil {
		t.Fatalf("prepare the template database: %v", p.err)
	}
	return create(t, p.name)
}

// Own starts a server for this test alone, for tests that crash it or need other settings. It skips and fails
// as URL does.
func Own(t testing.TB, o Options) *Server {
	t.Helper()
	if Required() {
		if err := Install(); err != nil {
			t.Fatalf("PostgreSQL is required here: %v", err)
		}
	}
	s, err := Start(t.Context(), o)
	if err != nil {
		missing(t, err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the PostgreSQL of this test: %v", err)
		}
	})
	return s
}

// CreateDatabase makes an empty database on the server and returns its address.
func (s *Server) CreateDatabase(ctx context.Context) (string, error) {
	name := newName()
	if err := run(ctx, s.URL("postgres"), "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return "", err
	}
	return s.URL(name), nil
}

// create copies the template to a database that lives as long as the test.
func create(t testing.TB, template string) string {
	t.Helper()
	admin := server(t)
	name := newName()
	if err := run(t.Context(), admin, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatalf("create a database: %v", err)
	}
	t.Cleanup(func() {
		// The test's context has ended by now.
		if err := run(context.Background(), admin, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return withDatabase(admin, name)
}

// server is the superuser's address of the shared server; it ends the test when there is none.
func server(t testing.TB) string {
	t.Helper()
	admin, err := shared()
	if err != nil {
		missing(t, err)
	}
	return admin
}

// missing ends a test that cannot have its server: only a machine without PostgreSQL is an excuse.
func missing(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, ErrMissing) && !Required() {
		t.Skipf("%v; set %s=1 to make this a failure", err, EnvRequire)
	}
	t.Fatalf("start a private PostgreSQL: %v", err)
}

// newName is a database name that no other test binary on the same server makes up.
func newName() string { return "t_" + strings.ToLower(rand.Text()) }

// withDatabase is the address with another database.
func withDatabase(address, database string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // pgx will refuse it with a better message
	}
	u.Path = "/" + database
	return u.String()
}

// run executes one statement on a connection of its own.
func run(ctx context.Context, address, statement string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}
