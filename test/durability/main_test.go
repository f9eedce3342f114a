// Package durability_test ends the server and its database in the worst ways while many clients write, and
// checks that what was answered is there and what was not is whole or absent. IDENTITY_TEST_ROUNDS sets how
// often; IDENTITY_TEST_SEED repeats the moments of an earlier run.
package durability_test

import (
	"database/sql"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
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

// TestFalseAndEmptyValuesAreKept stores values that are easily taken for absent ones and looks again after a kill.
func TestFalseAndEmptyValuesAreKept(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(*testing.T) string{
		"SQLite":     func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "identity.db") },
		"PostgreSQL": func(t *testing.T) string { return durable(t, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := program.New(t, url(t))
			s.Start()
			w := newWorld(t, s)
			path := "/v3/users/" + s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/users", Token: w.admin, Body: program.Map{"user": program.Map{
				"name": "some", "domain_id": "default", "description": "some", "default_project_id": w.project, "email": "some",
				"options": program.Map{"ignore_password_expiry": true, "multi_factor_auth_enabled": true},
			}}}).String("user", "id")
			for _, body := range []program.Map{
				{"enabled": false},
				{"description": "", "email": "", "default_project_id": nil},
				{"options": program.Map{"ignore_password_expiry": false, "multi_factor_auth_enabled": nil}},
			} {
				s.Must(t, 200, program.Request{Method: "PATCH", Path: path, Token: w.admin, Body: program.Map{"user": body}})
			}
			s.Kill()
			s.Start()
			user, _ := s.Must(t, 200, program.Request{Method: "GET", Path: path, Token: w.admin}).At("user").(map[string]any)
			for key, want := range map[string]any{"enabled": false, "description": "", "email": "", "default_project_id": nil} {
				if user[key] != want {
					t.Errorf("%s: got %v, want %v", key, user[key], want)
				}
			}
			if got := user["options"]; !reflect.DeepEqual(got, map[string]any{"ignore_password_expiry": false}) {
				t.Errorf("options: got %v, want only ignore_password_expiry, false", got)
			}
		})
	}
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
	stop := w.write()
	<-time.After(200 * time.Millisecond)
	err := s.Stop()
	stop()
	if err != nil {
		t.Errorf("orderly end under load: %v", err)
	}
	check()
	s.Start()
	w.check()
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
