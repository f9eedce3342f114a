// Package apitest runs the whole server for tests of the API: on a database of its own, behind a real listener,
// with a clock that tests move. It makes callers and what they act on, through the API itself, and checks every
// answer, whoever asked for it: against openapi.yaml, and against what must hold of all answers.
//
// It holds no expectations about single operations; those are the tests'.
package apitest

import (
	"bytes"
	"context"
	"crypto/rand"
	"index/suffixarray"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/contract"
	"github.com/keyward/identity/internal/dbtest"
	"github.com/keyward/identity/internal/server"
)

// PublicURL is the server's public URL in tests; links begin with it.
const PublicURL = "http://identity.test"

// World is one server with everything in it.
type World struct {
	// Server is what answers. Its API may be switched to DryRun.
	Server *server.Server
	// Clock is the server's clock. It stands still until a test moves it.
	Clock *Clock
	// Log is everything the server logged.
	Log *Log
	// URL is where the server listens, without a slash at the end.
	URL string
	// Config is what the server was made from.
	Config config.Config

	t        testing.TB
	sql      *statements
	client   *http.Client
	contract *contract.Contract
	*known
}

// known is what a world remembers, shared with its views in subtests.
type known struct {
	mu      sync.Mutex
	ids     map[string]string // names in braces
	users   map[string]account
	tokens  map[string]issued // by persona
	secrets []string          // must not appear in the log
}

// In returns the same world, whose failures are those of a subtest.
func (w *World) In(t testing.TB) *World {
	v := *w
	v.t = t
	return &v
}

// account is a user that tests can sign in as.
type account struct{ id, name, domainID, password string }

// issued is a token and how long it may be used without a look at its age.
type issued struct {
	text  string
	until time.Time
}

// Option changes the configuration of a server before it is made.
type Option func(*config.Config)

// New makes a world on SQLite, with a bootstrapped administrator. Everything ends with the test.
func New(t testing.TB, opts ...Option) *World {
	t.Helper()
	return build(t, "", opts)
}

// Limited is New with a listener that has these limits, for tests of what real clients do to it in real time.
func Limited(t testing.TB, l server.Limits, opts ...Option) *World {
	t.Helper()
	return build(t, "", opts, func(d *server.Deps) { d.Limits = l })
}

// On makes a world on the database with this URL, which must have no rows.
func On(t testing.TB, databaseURL string, opts ...Option) *World {
	t.Helper()
	return build(t, databaseURL, opts)
}

// Each runs test in a world on SQLite and in one on PostgreSQL, in parallel.
func Each(t *testing.T, test func(t *testing.T, w *World), opts ...Option) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, build(t, "", opts))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, build(t, dbtest.PostgreSQL(t), opts))
	})
}

// Config is the configuration of servers in tests: the defaults, with hashes that cost nothing.
func Config(dir, databaseURL string) config.Config {
	cfg := config.Default()
	cfg.Listen, cfg.PublicURL, cfg.DataDir = "127.0.0.1:0", PublicURL, dir
	cfg.Keys.RootFile = filepath.Join(dir, "root.key")
	if databaseURL == "" {
		databaseURL = "sqlite://" + filepath.Join(dir, "identity.db")
	}
	cfg.Database.URL = config.Secret(databaseURL)
	cfg.Database.MaxConnections = 4
	cfg.Password.MemoryKiB, cfg.Password.Passes = 64, 1 // below what config accepts, on purpose
	cfg.Lockout.FailureFloor = 0                        // real time; for the tests that are about it
	cfg.Cache.Size = 1000
	cfg.Log.RefusalsPerSecond = 0 // the clock stands still: it would be one second for ever
	cfg.Security.Contact = "mailto:security@identity.test"
	return cfg
}

func build(t testing.TB, databaseURL string, opts []Option, adjust ...func(*server.Deps)) *World {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	if databaseURL == "" {
		databaseURL = dbtest.SQLiteIn(t, data)
	}
	cfg := Config(data, databaseURL)
	w := &World{
		Clock: NewClock(), Log: &Log{}, t: t,
		client: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 16},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Timeout:       30 * time.Second,
		},
		known: &known{ids: map[string]string{"default": "default"}, users: map[string]account{}, tokens: map[string]issued{}},
	}
	admin := w.newPassword()
	cfg.Bootstrap.Password = config.Secret(admin)
	for _, o := range opts {
		o(&cfg)
	}
	var err error
	if w.contract, err = contract.Own(); err != nil {
		t.Fatal(err)
	}
	w.serve(cfg, adjust...)
	boot := w.Server.Bootstrapped()
	w.ids["admin"], w.ids["admin-project"] = boot.UserID, boot.ProjectID
	w.users["admin"] = account{boot.UserID, cfg.Bootstrap.User, "default", admin}
	return w
}

// serve starts the server, and ends it with the test.
func (w *World) serve(cfg config.Config, adjust ...func(*server.Deps)) {
	w.t.Helper()
	log := slog.New(slog.NewJSONHandler(w.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.sql = &statements{}
	deps := server.Deps{Now: w.Clock.Now, Log: log, OnStatement: w.sql.note}
	for _, a := range adjust {
		a(&deps)
	}
	s, err := server.New(w.t.Context(), cfg, deps)
	if err != nil {
		w.t.Fatalf("build the server: %v", err)
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	w.Server, w.Config, w.URL = s, cfg, "http://"+l.Addr().String()
	w.t.Cleanup(func() {
		w.client.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			w.t.Errorf("the server did not end in order: %v", err)
		}
		w.checkLog()
	})
}

// checkLog fails the test when a secret of this world was logged.
func (w *World) checkLog() {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := []byte(w.Log.String())
	index := suffixarray.New(text) // there may be thousands of secrets
	for _, s := range w.secrets {
		if found := index.Lookup([]byte(s), 1); len(found) > 0 {
			w.t.Errorf("the log holds a secret (%.12s…): …%.200s", s, text[max(0, found[0]-120):])
			return
		}
	}
}

// Secret makes sure that the text never appears in the log. Passwords and tokens of this world are included
// without being named.
func (w *World) Secret(text string) {
	if text == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets = append(w.secrets, text)
}

// newPassword makes a password that the log is searched for.
func (w *World) newPassword() string {
	p := "canary-" + rand.Text()
	w.Secret(p)
	return p
}

// Clock stands still until it is moved. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that shows a moment in 2026.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, 3, 4, 5, 6, 7, 890_123_000, time.UTC)}
}

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Log collects what is written to it. It is safe for concurrent use.
type Log struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	wrote chan struct{} // closed by the next write; nil while nobody waits
}

// Write appends p.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wrote != nil {
		close(l.wrote)
		l.wrote = nil
	}
	return l.buf.Write(p)
}

// Await waits until the log holds a text so many times, as what servers do in the background writes it some time.
func (l *Log) Await(t testing.TB, text string, times int) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		l.mu.Lock()
		if bytes.Count(l.buf.Bytes(), []byte(text)) >= times {
			l.mu.Unlock()
			return
		}
		if l.wrote == nil {
			l.wrote = make(chan struct{})
		}
		wrote := l.wrote
		l.mu.Unlock()
		select {
		case <-wrote:
		case <-late:
			t.Fatalf("the log never held %q %d times", text, times)
		}
	}
}

// String returns everything so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Secrets are the texts that must appear nowhere: those named with Secret, and the passwords, tokens and
// receipts of this world.
func (w *World) Secrets() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.secrets)
}
