// Package pgtest lends tests a private PostgreSQL and gives each of them an empty database of its own.
//
// The server runs from a temporary directory and listens on a Unix socket in it, so it cannot meet a server
// that the machine already runs, and it dies with the process that started it, however that process ends.
// All packages share one server when IDENTITY_TEST_POSTGRES names it, as `make test` arranges through the
// command in withpg; without the variable each test binary starts its own on first use.
//
// A machine without PostgreSQL skips the tests that ask for it. With CI=true or
// IDENTITY_TEST_REQUIRE_POSTGRES=1 they fail instead, after an attempt to install Debian's package.
//
// Only tests and the command in withpg import this package. It knows nothing of the schema.
package pgtest
