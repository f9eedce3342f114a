package pgtest_test

import (
	"bufio"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/keyward/identity/internal/pgtest"
)

// execute runs one statement on a connection of its own.
func execute(t *testing.T, address, statement string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		return err
	}
	_, err = conn.Exec(t.Context(), statement)
	return errors.Join(err, conn.Close(t.Context()))
}

func TestEachCallerHasAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	for range 2 { // the second would fail if it were given the first one's database
		if err := execute(t, pgtest.URL(t), "CREATE TABLE taken (id int)"); err != nil {
			t.Errorf("create a table: %v", err)
		}
	}
}

func TestDatabaseIsGoneAfterItsTest(t *testing.T) {
	t.Parallel()
	var address string
	t.Run("owner", func(t *testing.T) { address = pgtest.URL(t) })
	if err := execute(t, address, "SELECT 1"); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("connect after the test: got %v, want that the database does not exist", err)
	}
}

func TestTemplateIsPreparedOnceAndCopied(t *testing.T) {
	t.Parallel()
	prepared := 0
	template := pgtest.Template{Prepare: func(address string) error {
		prepared++
		return execute(t, address, "CREATE TABLE seed (id int)")
	}}
	for range 2 {
		if err := execute(t, template.URL(t), "DROP TABLE seed"); err != nil {
			t.Errorf("use the seed: %v", err)
		}
	}
	if prepared != 1 {
		t.Errorf("the template was prepared %d times, want once", prepared)
	}
}

func TestNamesFoldBeyondASCII(t *testing.T) {
	t.Parallel()
	if err := execute(t, pgtest.URL(t), "SELECT 1 / (CASE WHEN 'Ärger' ILIKE 'ärger' THEN 1 ELSE 0 END)"); err != nil {
		t.Errorf("the server's locale folds ASCII only: %v", err)
	}
}

func TestCommittedRowsSurviveACrash(t *testing.T) {
	t.Parallel()
	server := pgtest.Own(t, pgtest.Options{Durable: true})
	address, err := server.CreateDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := execute(t, address, "CREATE TABLE kept AS SELECT 1 AS id"); err != nil {
		t.Fatal(err)
	}
	if err := server.Crash(); err != nil {
		t.Fatal(err)
	}
	if err := execute(t, address, "SELECT 1"); err == nil {
		t.Error("the server answers after it was crashed")
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := execute(t, address, "SELECT 1 / count(*) FROM kept"); err != nil {
		t.Errorf("read the row after recovery: %v", err)
	}
}

func TestServerReportsWhyItDoesNotStart(t *testing.T) {
	t.Parallel()
	pgtest.URL(t) // skips where there is no PostgreSQL
	_, err := pgtest.Start(t.Context(), pgtest.Options{Settings: map[string]string{"no_such_setting": "1"}})
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("start with a wrong setting: got %v, want the server's complaint", err)
	}
}

// TestServerDiesWithItsProcess kills a process that holds a server, without any chance to clean up.
func TestServerDiesWithItsProcess(t *testing.T) {
	t.Parallel()
	if os.Getenv("PGTEST_HOLD") == "1" {
		server := pgtest.Own(t, pgtest.Options{})
		if _, err := os.Stdout.WriteString("held " + server.URL("postgres") + "\n"); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	pgtest.URL(t) // skips where there is no PostgreSQL
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestServerDiesWithItsProcess$")
	cmd.Env = append(os.Environ(), "PGTEST_HOLD=1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("read the address: %v", err)
	}
	u, err := url.Parse(strings.TrimSpace(strings.TrimPrefix(line, "held ")))
	if err != nil {
		t.Fatal(err)
	}
	if err := execute(t, u.String(), "SELECT 1"); err != nil {
		t.Fatalf("the held server: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	dir := u.Query().Get("host")
	for range time.Tick(10 * time.Millisecond) { // until it is gone or the test binary times out
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
}
