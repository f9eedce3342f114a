// Package program runs the real server, as built, for tests that look at it from outside: a process with an
// environment, a port and a database, which can be stopped, killed and started again, and asked over HTTP. It
// knows nothing of the API besides /readyz and how one signs in.
package program

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// EnvBinary names the binary to test. Without it one is built, once for each test binary.
const EnvBinary = "IDENTITY_TEST_BINARY"

// Password is what the administrator of a server started here has.
const Password = "adminpw"

// startTimeout is how long a server may take to be ready, on a machine that is busy with other tests.
const startTimeout = 60 * time.Second

// Main builds the binary unless there is one to test, runs the tests, and removes what it built. Call it from
// TestMain.
func Main(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if os.Getenv(EnvBinary) != "" || testing.Short() {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "identity-binary-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "identity")
	out, err := exec.Command("go", "build", "-o", path, "github.com/keyward/identity/cmd/identity").CombinedOutput()
	if err == nil {
		err = os.Setenv(EnvBinary, path)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "build the server: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// Server is one server: its place, and its process while that runs. It is not safe for concurrent use.
type Server struct {
	// URL is where it answers, without a path.
	URL string

	t       testing.TB
	client  *http.Client
	binary  string
	env     []string
	log     locked
	process *os.Process
	exited  chan error
}

// New describes a server on a free port of 127.0.0.1 with the database and a data folder of its own. Further
// environment variables are of the form NAME=value. The process ends with the test. With -short the test is
// skipped.
func New(t testing.TB, database string, env ...string) *Server {
	t.Helper()
	if testing.Short() {
		t.Skip("it runs the real program")
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := &Server{URL: "http://" + address, t: t, binary: os.Getenv(EnvBinary)}
	s.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: time.Minute}
	s.env = append(os.Environ(),
		"IDENTITY_LISTEN="+address, "IDENTITY_DATABASE_URL="+database, "IDENTITY_DATA_DIR="+t.TempDir(),
		"IDENTITY_BOOTSTRAP_PASSWORD="+Password, "IDENTITY_LOG_LEVEL=warn")
	s.env = append(s.env, env...)
	t.Cleanup(func() {
		s.Kill()
		s.client.CloseIdleConnections()
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.log.tail(8<<10))
		}
	})
	return s
}

// Environ is the environment of the process, from which config.Load reads what the server is configured to.
func (s *Server) Environ() []string { return slices.Clone(s.env) }

// Start starts the process and waits until it is ready; it returns how long that took.
func (s *Server) Start() time.Duration {
	s.t.Helper()
	began := time.Now()
	cmd := exec.Command(s.binary, "serve")
	cmd.Env, cmd.Stdout, cmd.Stderr = s.env, &s.log, &s.log
	Leash(cmd)
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("start the server: %v", err)
	}
	exited := make(chan error, 1)
	s.process, s.exited = cmd.Process, exited
	go func() { exited <- cmd.Wait() }()
	if err := s.await(began.Add(startTimeout)); err != nil {
		s.t.Fatalf("the server does not start: %v", err)
	}
	return time.Since(began)
}

func (s *Server) await(deadline time.Time) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if s.Ready() {
			return nil
		}
		select {
		case err := <-s.exited:
			s.process = nil
			return fmt.Errorf("it ended: %w", errors.Join(errors.New("unexpectedly"), err))
		case now := <-tick.C:
			if now.After(deadline) {
				return errors.New("it is not ready in time")
			}
		}
	}
}

// Ready reports whether the server says that it can serve.
func (s *Server) Ready() bool {
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/readyz", nil)
	if err != nil {
		return false
	}
	res, err := s.client.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// Kill ends the process as kill -9 does.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Kill() // it may have ended by itself
	_ = s.wait()         // says that it was killed
}

// Stop ends the process in order and returns how it ended.
func (s *Server) Stop() error {
	if s.process == nil {
		return errors.New("it is not running")
	}
	if err := s.process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.wait()
}

// wait returns how the process ended.
func (s *Server) wait() error {
	err := <-s.exited
	s.process = nil
	return err
}

// Log is what the processes of this server have written so far, on both streams.
func (s *Server) Log() string { return s.log.tail(1 << 30) }

// locked is a buffer that the process writes while a test reads.
type locked struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *locked) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buf.Bytes()
	return string(b[max(0, len(b)-n):])
}
