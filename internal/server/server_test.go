package server

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/pgtest"
	"github.com/keyward/identity/internal/throttle"
	"github.com/keyward/identity/internal/token"
)

// testConfig is a configuration with cheap hashes, on a database of its own.
func testConfig(t *testing.T) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.DataDir = filepath.Join(t.TempDir(), "data")
	cfg.Keys.RootFile = filepath.Join(cfg.DataDir, "root.key")
	cfg.Database.URL = config.Secret("sqlite://" + filepath.Join(cfg.DataDir, "identity.db"))
	cfg.Password.MemoryKiB, cfg.Password.Passes = 64, 1
	cfg.Cache.Size = 100
	return cfg
}

func start(t *testing.T, cfg config.Config) *Server {
	t.Helper()
	s, err := New(t.Context(), cfg, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestPatternThatIsNoneIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.DataDir = t.TempDir()
	c.Keys.RootFile, c.Database.URL = filepath.Join(c.DataDir, "root.key"), config.Secret("sqlite://"+filepath.Join(c.DataDir, "identity.db"))
	c.Compliance.Regex = "(?=.*[0-9]"
	if s, err := New(t.Context(), c, Deps{}); err == nil || !strings.Contains(err.Error(), "security_compliance.password_regex") {
		t.Errorf("got %v", err)
		_ = s.Close()
	}
}

// TestDefaultsAreTheServices: what config calls the default is what the services call so.
func TestDefaultsAreTheServices(t *testing.T) {
	t.Parallel()
	c := config.Default()
	if got := authOptions(c); !reflect.DeepEqual(got, auth.Defaults) {
		t.Errorf("auth: got %+v, want %+v", got, auth.Defaults)
	}
	if got := mfaOptions(c); got != mfa.Defaults {
		t.Errorf("mfa: got %+v, want %+v", got, mfa.Defaults)
	}
}

// TestStartRefuses: a server that would not be safe or not be whole does not start, and says why in a line.
func TestStartRefuses(t *testing.T) {
	t.Parallel()
	key := func(text string) func(*testing.T, *config.Config) {
		return func(t *testing.T, c *config.Config) { putKey(t, c, text, 0o600) }
	}
	encode := base64.StdEncoding.EncodeToString
	for _, c := range []struct {
		name    string
		prepare func(*testing.T, *config.Config)
		want    string
	}{
		{"a key that is too short", key("a:" + encode([]byte("0123456789abcdef"))), "has 16 bytes"},
		{"a key of zeros", key("a:" + encode(make([]byte, 32))), "all zero"},
		{"a key that is text", key("a:" + encode([]byte("change-me-change-me-change-me-32"))), "not random bytes"},
		{"an empty key file", key(""), "root key"},
		{"a key file that others may read", func(t *testing.T, c *config.Config) {
			putKey(t, c, "a:"+encode(randomKey()), 0o644)
		}, "chmod 600"},
		{"data without its key", func(t *testing.T, c *config.Config) {
			_ = start(t, *c).Close()
			if err := os.Remove(c.Keys.RootFile); err != nil {
				t.Fatal(err)
			}
		}, "restore the file from your backup"},
		{"data with another key", func(t *testing.T, c *config.Config) {
			_ = start(t, *c).Close()
			putKey(t, c, "a:"+encode(randomKey()), 0o600)
		}, "is not the one that the database is sealed with"},
		{"a database that is not there", func(_ *testing.T, c *config.Config) {
			c.Database.URL = "postgres://ann:hunter2@127.0.0.1:1/none?sslmode=disable"
		}, "database: "},
		{"a database address that cannot be read", func(_ *testing.T, c *config.Config) {
			c.Database.URL = "postgres://ann:hunter2@[::1/none"
		}, "not a valid postgres URL"},
		{"a policy file that is not there", func(_ *testing.T, c *config.Config) { c.Policy.File = "/nonexistent/policy.yaml" }, "policy.file"},
		{"a policy that names a rule that is not", func(t *testing.T, c *config.Config) {
			c.Policy.File = filepath.Join(t.TempDir(), "policy.yaml")
			if err := os.WriteFile(c.Policy.File, []byte(`"identity:get_usr": "@"`), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "there is no such rule"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig(t)
			c.prepare(t, &cfg)
			began := time.Now()
			s, err := New(t.Context(), cfg, Deps{})
			if err == nil {
				_ = s.Close()
				t.Fatal("it started")
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want one line with %q", err, c.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("it shows a secret: %v", err)
			}
		})
	}
}

func putKey(t *testing.T, c *config.Config, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(c.Keys.RootFile), 0o700); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(c.Keys.RootFile)
	if err := os.WriteFile(c.Keys.RootFile, []byte(text+"\n"), mode); err != nil {
		t.Fatal(err)
	}
}

func randomKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return key
}

// TestFilesArePrivate: nobody but the owner may read what a server makes.
func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Bootstrap.Password = "canary-password"
	start(t, cfg)
	found := 0
	err := filepath.WalkDir(cfg.DataDir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := os.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: mode %04o, want %04o", path, got, want)
		}
		found++
		return nil
	})
	if err != nil || found < 5 { // folder, key, database, WAL, SHM
		t.Errorf("found %d files: %v", found, err)
	}
}

// TestNoLoginBeforeBootstrap: an empty database lets nobody in, there is no default password.
func TestNoLoginBeforeBootstrap(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	for _, password := range []string{"", "admin", "password", "ADMIN", "secret"} {
		if got := signIn(s, "admin", password).Code; got != http.StatusUnauthorized {
			t.Errorf("password %q: got %d, want 401", password, got)
		}
	}
}

// TestStartTwiceKeepsEverything: keys, users and passwords stay; a new bootstrap password changes nothing.
func TestStartTwiceKeepsEverything(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(t *testing.T) string{"sqlite": nil, "postgres": func(t *testing.T) string { return pgtest.URL(t) }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig(t)
			if url != nil {
				cfg.Database.URL = config.Secret(url(t))
			}
			cfg.Bootstrap.Password = "first-canary"
			first := start(t, cfg)
			issued := signIn(first, "admin", "first-canary")
			if issued.Code != http.StatusCreated || !first.Bootstrapped().UserCreated {
				t.Fatalf("first start: %d %s", issued.Code, issued.Body)
			}
			events, _ := first.store.LastEventID(t.Context())
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			cfg.Bootstrap.Password = "second-canary"
			second := start(t, cfg)
			if second.Bootstrapped().Created {
				t.Error("the second start made something")
			}
			if last, _ := second.store.LastEventID(t.Context()); last != events {
				t.Errorf("the second start wrote %d events", last-events)
			}
			if got := signIn(second, "admin", "second-canary").Code; got != http.StatusUnauthorized {
				t.Errorf("the new password: got %d, want 401", got)
			}
			text := issued.Header().Get("X-Subject-Token")
			req := httptest.NewRequest(http.MethodGet, "/v3/auth/tokens", nil)
			req.Header.Set("X-Auth-Token", text)
			req.Header.Set("X-Subject-Token", text)
			w := httptest.NewRecorder()
			if second.Handler().ServeHTTP(w, req); w.Code != http.StatusOK {
				t.Errorf("the token of the first start: got %d, want 200", w.Code)
			}
			if r, err := Bootstrap(t.Context(), cfg, Deps{}); err != nil || r.Created {
				t.Errorf("bootstrap again: %+v, %v", r, err)
			}
		})
	}
}

func signIn(s *Server, user, password string) *httptest.ResponseRecorder {
	body := fmt.Sprintf(`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":%q,"domain":{"id":"default"},"password":%q}}}}}`, user, password)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v3/auth/tokens", strings.NewReader(body)))
	return w
}

// TestHealthWithoutDatabase: the process is alive, but not ready.
func TestHealthWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	if alive, ready := get(s, "/healthcheck"), get(s, "/readyz"); alive != 200 || ready != 200 {
		t.Errorf("with the database: got %d and %d, want 200 and 200", alive, ready)
	}
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	if alive, ready := get(s, "/healthcheck"), get(s, "/readyz"); alive != 200 || ready != 503 {
		t.Errorf("without the database: got %d and %d, want 200 and 503", alive, ready)
	}
}

func get(s *Server, path string) int {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code
}

// TestStopFinishesWhatRuns: a request that was accepted is answered, new ones are refused, and the end is in order.
func TestStopFinishesWhatRuns(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()

	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const body = `{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"x","password":"y"}}}}}`
	fmt.Fprintf(conn, "POST /v3/auth/tokens HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body))
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, "100") { // the handler reads the body
		t.Fatalf("got %q, %v", line, err)
	}
	_, _ = in.ReadString('\n')
	stop()
	for { // until the listener is closed
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		_ = c.Close()
	}
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatalf("the request that ran was not answered: %v", err)
	}
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d, want 401", res.StatusCode)
	}
	_ = res.Body.Close()
	if err := <-ended; err != nil {
		t.Errorf("the end: %v", err)
	}
}

// TestRotation: keys rotate while servers run, from a command beside them, and old tokens stay good unless the
// key leaked.
func TestRotation(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Bootstrap.Password = "canary-password"
	s := start(t, cfg)
	text := signIn(s, "admin", "canary-password").Header().Get("X-Subject-Token")
	states := func() string {
		keys, err := s.keys.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, k := range keys {
			all = append(all, string(k.State))
		}
		return strings.Join(all, " ")
	}
	if got := states(); got != "active pending" && got != "pending active" {
		t.Fatalf("the first keys are %s", got)
	}
	beside, err := OpenKeys(t.Context(), cfg, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	for range 2 {
		before := string(s.keys.JWKS())
		if err := beside.Rotate(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(5 * time.Second); string(s.keys.JWKS()) == before; { // the follower polls
			if time.Now().After(deadline) {
				t.Fatal("the server did not notice the rotation")
			}
			select {
			case <-t.Context().Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	if _, err := s.keys.signer.Load().Parse(text, token.KindToken); err != nil {
		t.Errorf("a token of the first key, which rotated in order: %v", err)
	}
	late := signIn(s, "admin", "canary-password").Header().Get("X-Subject-Token")
	if err := s.keys.Rotate(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if _, err := s.keys.signer.Load().Parse(late, token.KindToken); err == nil {
		t.Error("a token of a key that leaked is still good")
	}
}

// TestAuditIsBounded: refusals beyond the bound are counted in the log instead of filling the database.
func TestAuditIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(1, 0)
	appended := 0
	var log strings.Builder
	a := &audit{
		append: func(context.Context, event.Event) error { appended++; return nil },
		log:    slog.New(slog.NewTextHandler(&log, nil)), rate: throttle.New(auditPerSecond, func() time.Time { return now }),
	}
	for range auditPerSecond + 7 {
		a.record(t.Context(), event.Event{})
	}
	now = now.Add(time.Second)
	a.record(t.Context(), event.Event{})
	if appended != auditPerSecond+1 || !strings.Contains(log.String(), "count=7") {
		t.Errorf("appended %d; log: %s", appended, log.String())
	}
	a.append = func(context.Context, event.Event) error { return errors.New("disk full") }
	a.record(t.Context(), event.Event{Action: "policy.refuse"})
	if !strings.Contains(log.String(), "disk full") {
		t.Error("a refusal that could not be recorded is not in the log")
	}
}

// TestClientAddress: only proxies that the operator named are believed.
func TestClientAddress(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		name      string
		trusted   []netip.Prefix
		remote    string
		forwarded string
		want      string
	}{
		{"nobody is trusted", nil, "10.0.0.1:1", "1.2.3.4", "10.0.0.1"},
		{"a stranger names another", trusted, "9.9.9.9:1", "1.2.3.4", "9.9.9.9"},
		{"loopback is a stranger too", trusted, "127.0.0.1:1", "1.2.3.4", "127.0.0.1"},
		{"the proxy names its client", trusted, "10.0.0.1:1", "1.2.3.4", "1.2.3.4"},
		{"the client lied to the proxy", trusted, "10.0.0.1:1", "6.6.6.6, 1.2.3.4", "1.2.3.4"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		r.Header.Set("X-Forwarded-For", c.forwarded)
		r.Header.Set("X-Real-IP", "5.5.5.5")
		if got := clientAddress(c.trusted)(r); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}
