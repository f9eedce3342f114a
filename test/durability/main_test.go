// Package durability_test ends the server and its database in the worst ways while many clients write, and
// checks that what was answered is there and what was not is whole or absent. IDENTITY_TEST_ROUNDS sets how
// often; IDENTITY_TEST_SEED repeats the moments of an earlier run.
package durability_test

import (
	"database/sql"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the "sqlite" driver

	"github.com/keyward/identity/internal/pgtest"
	"github.com/keyward/identity/test/program"
)

func TestMain(m *testing.M) { program.Main(m) }

// readyWithin is how long a start after a crash may take: 5 seconds are promised, and more is borne on a
// machine that is busy with other tests.
const readyWithin = 15 * time.Second

// rounds is how often the server is killed.
func rounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("IDENTITY_TEST_ROUNDS")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("IDENTITY_TEST_ROUNDS=%q: want a number", text)
	}
	return n
}

// moments is the source of the random moments, told in the log.
func moments(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv("IDENTITY_TEST_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("IDENTITY_TEST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func TestSQLiteSurvivesKills(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "identity.db")
	killInRounds(t, program.New(t, "sqlite://"+path), func() { checkFile(t, path) })
}

func TestPostgreSQLSurvivesKills(t *testing.T) {
	t.Parallel()
	killInRounds(t, program.New(t, durable(t, nil)), func() {})
}

// durable is an empty database on a server that writes to the disk before it answers. The server is stored in
// *s unless s is nil.
func durable(t *testing.T, s **pgtest.Server) string {
	t.Helper()
	if testing.Short() {
		t.Skip("it runs the real program")
	}
	server := pgtest.Own(t, pgtest.Options{Durable: true})
	if s != nil {
		*s = server
	}
	url, err := server.CreateDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// killInRounds lets the clients write, kills the server at a random moment, starts it again and checks.
func killInRounds(t *testing.T, s *program.Server, check func()) {
	random := moments(t)
	s.Start()
	w := newWorld(t, s)
	var slowest time.Duration
	for range rounds(t) {
		stop := w.write()
		<-time.After(50*time.Millisecond + time.Duration(random.Int64N(int64(700*time.Millisecond))))
		s.Kill()
		stop()
		slowest = max(slowest, s.Start())
		w.check()
		check()
	}
	t.Logf("%d writes were answered, %d were not; slowest start %v", w.answered.Load(), w.unanswered.Load(), slowest)
	if slowest > readyWithin {
		t.Errorf("slowest start: %v, want at most %v", slowest, readyWithin)
	}
	if w.answered.Load() == 0 {
		t.Error("nothing was written")
	}
	if err := s.Stop(); err != nil {
		t.Errorf("orderly end: %v", err)
	}
	check()
}

// checkFile lets SQLite look for damage.
func checkFile(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=query_only(1)&_pragma=busy_timeout(4000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: got %q, %v", verdict, err)
	}
	var dangling int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM pragma_foreign_key_check").Scan(&dangling); err != nil || dangling != 0 {
		t.Errorf("foreign_key_check: got %d rows, %v", dangling, err)
	}
}
