package attack_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/server"
)

// short are limits that a test can wait for.
var short = server.Limits{Header: 300 * time.Millisecond, Request: 600 * time.Millisecond, Answer: 600 * time.Millisecond, Idle: 600 * time.Millisecond}

// dripped sends begin and then a byte every few milliseconds, and reads nothing, until the server closes the connection.
func dripped(t *testing.T, w *apitest.World, begin, drop string) {
	t.Helper()
	conn := dial(t, w, 20*time.Second)
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(4096) // or the kernel would take megabytes of answers for us
	}
	go func() { _, _ = io.WriteString(conn, begin) }() // it may be longer than what the server takes
	apitest.Within(t, 4*time.Second, "the server closes the connection", func() bool {
		_, err := io.WriteString(conn, drop)
		return err != nil
	})
}

// TestJ2WhoeverIsSlowIsCutOff plays clients that keep a connection by being slow, each of them many times at once, while
// others are served.
func TestJ2WhoeverIsSlowIsCutOff(t *testing.T) {
	t.Parallel()
	const herd = 20
	post := "POST /v3/auth/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	for _, row := range []struct{ name, begin, drop string }{
		{"a head that never ends", "GET /v3 HTTP/1.1\r\nHost: x\r\nX-Slow: ", "x"},
		{"the preface of HTTP/2, slowly", "PRI * HTTP/2.0\r\n", "x"},
		{"a TLS handshake that stalls", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "\x00"},
		{"a body that never ends", post + "Content-Length: 100000\r\n\r\n{", " "},
		{"chunks that never end", post + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"},
		{"answers that nobody reads", strings.Repeat("GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n", 400), "\r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := apitest.Limited(t, short)
			admin := w.Persona("admin")
			for range herd {
				t.Run("one of them", func(t *testing.T) {
					t.Parallel()
					dripped(t, w.In(t), row.begin, row.drop)
				})
			}
			for range 20 {
				begin := time.Now()
				w.Get("/v3/auth/tokens", apitest.Token(admin), subject(admin)).Want(http.StatusOK)
				if took := time.Since(begin); took > 2*time.Second {
					t.Errorf("meanwhile a validation took %s", took)
				}
			}
		})
	}
}

// TestJ2TheLimitsAreSet: those of the test are not the only ones.
func TestJ2TheLimitsAreSet(t *testing.T) {
	t.Parallel()
	l := server.DefaultLimits
	for name, d := range map[string]time.Duration{"head": l.Header, "request": l.Request, "answer": l.Answer, "idle": l.Idle} {
		if d <= 0 || d > time.Minute {
			t.Errorf("%s: a client may take %s", name, d)
		}
	}
	if l.Connections < 1000 || l.Connections > 10_000 {
		t.Errorf("there may be %d connections", l.Connections)
	}
}

// It counts the files of the process, so it is not parallel.
func TestJ10IdleConnectionsAreBoundedAndEnd(t *testing.T) {
	const idle, bound, more = 200, 250, 400
	limits := short
	limits.Connections = bound
	w := apitest.Limited(t, limits)
	files := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			return 0 // not Linux: that everybody is answered must do
		}
		return len(all)
	}
	before := files()
	ask := func(conn net.Conn) error {
		if _, err := io.WriteString(conn, "GET /v3 HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return err
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return err
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("got %d", res.StatusCode)
		}
		return nil
	}
	for range idle {
		if err := ask(dial(t, w, 20*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	waiting := make([]net.Conn, more)
	for i := range waiting {
		waiting[i] = dial(t, w, 20*time.Second)
	}
	// Every connection is a file of this test too.
	if n := files() - before - idle - more; n > bound+16 {
		t.Errorf("the server holds %d files for %d connections, want at most %d", n, idle+more, bound)
	}
	errs := make(chan error, more)
	for _, conn := range waiting {
		go func() {
			errs <- ask(conn) // and stays, idle
		}()
	}
	for range waiting {
		if err := <-errs; err != nil {
			t.Fatalf("a connection behind the idle ones: %v", err)
		}
	}
	w.Disconnect()
	w.Get("/v3").Want(http.StatusOK)
}
