package attack_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// dial opens a plain connection to the server. Nothing on it may take longer than limit.
func dial(t *testing.T, w *apitest.World, limit time.Duration) net.Conn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(w.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// raw sends bytes as they are and returns the statuses of all answers until the server closes, or -1 at the
// end when it did not.
func raw(t *testing.T, w *apitest.World, text string) []int {
	t.Helper()
	conn := dial(t, w, 5*time.Second)
	go func() { _, _ = io.WriteString(conn, text) }() // the server may close while we still send
	var statuses []int
	in := bufio.NewReader(conn)
	for {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			if timeout, ok := err.(net.Error); ok && timeout.Timeout() { //nolint:errorlint // as net returns it
				statuses = append(statuses, -1)
			}
			return statuses
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		statuses = append(statuses, res.StatusCode)
	}
}

// hidden is a request that must never be answered: it is smuggled inside another.
const hidden = "GET /v3/auth/jwks HTTP/1.1\r\nHost: x\r\n\r\n"

func TestI1NoRequestIsSmuggledInsideAnother(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	post := func(headers, body string) string {
		return "POST /v3/auth/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + headers + "\r\n" + body
	}
	chunk := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len("{}"), "{}")
	for _, row := range []struct{ name, text string }{
		{"two different lengths", post("Content-Length: 2\r\nContent-Length: 40\r\n", "{}"+hidden)},
		{"two lengths in one header", post("Content-Length: 2, 40\r\n", "{}"+hidden)},
		{"a negative length", post("Content-Length: -1\r\n", "{}"+hidden)},
		{"a signed length", post("Content-Length: +2\r\n", "{}"+hidden)},
		{"a hexadecimal length", post("Content-Length: 0x2\r\n", "{}"+hidden)},
		{"a length with a blank inside", post("Content-Length: 0 2\r\n", "{}"+hidden)},
		{"an unknown transfer coding", post("Transfer-Encoding: gzip\r\n", "{}"+hidden)},
		{"two transfer codings", post("Transfer-Encoding: chunked, identity\r\n", chunk+hidden)},
		{"two headers of transfer codings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunk+hidden)},
		{"a misspelt transfer coding", post("Transfer-Encoding: xchunked\r\n", chunk+hidden)},
		{"a blank before the colon", post("Transfer-Encoding : chunked\r\n", chunk+hidden)},
		{"a folded header", post("X-A: b\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\tx\r\n", "{}"+hidden)},
		{"a header without a colon", post("Content-Length\r\n", hidden)},
		{"a control character in a header", post("X-A: a\x01b\r\n", hidden)},
		{"no host", "GET /v3 HTTP/1.1\r\n\r\n" + hidden},
		{"two hosts", "GET /v3 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + hidden},
		{"a version that is none", "GET /v3 HTTP/1.x\r\nHost: x\r\n\r\n" + hidden},
		{"a request line of two words", "GET /v3\r\nHost: x\r\n\r\n" + hidden},
		{"a blank in the path", "GET /v3 /x HTTP/1.1\r\nHost: x\r\n\r\n" + hidden},
		{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden},
		{"a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n" + hidden},
		{"a chunk whose length is a lie", post("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"+hidden)},
		{"a chunk with a huge length", post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"+hidden)},
		{"a chunk that is longer than its length", post("Transfer-Encoding: chunked\r\n", "1\r\n{}\r\n0\r\n\r\n"+hidden)},
		{"a chunk with an extension of a megabyte", post("Transfer-Encoding: chunked\r\n", "2;a="+strings.Repeat("x", 1<<20)+"\r\n{}\r\n0\r\n\r\n"+hidden)},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := raw(t, w.In(t), row.text)
			if len(got) > 1 {
				t.Fatalf("got the answers %v: the hidden request was served, or the connection stayed open", got)
			}
			if len(got) == 1 && (got[0] < 400 || got[0] >= 500) && got[0] != http.StatusNotImplemented && got[0] != http.StatusHTTPVersionNotSupported {
				t.Errorf("got %d, want a refusal", got[0])
			}
		})
	}
	t.Run("after a length beside chunks the connection closes", func(t *testing.T) {
		t.Parallel()
		got := raw(t, w.In(t), post("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"+hidden))
		if len(got) != 1 || got[0] != http.StatusBadRequest {
			t.Errorf("got %v, want a 400 and the end", got)
		}
	})
}

// It measures the heap of the process, so it is not parallel. What the first round leaves (connections, pools) is not
// counted, what each further one leaves is.
func TestI2HugeHeadersAreRefusedAndCostNothing(t *testing.T) {
	w := apitest.New(t)
	var cookies, many strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&cookies, "Cookie: a%d=b\r\n", i)
		fmt.Fprintf(&many, "X-%d: a\r\n", i)
	}
	const end = "Host: x\r\n\r\n"
	texts := map[string]string{
		"ten thousand headers":   "GET /v3 HTTP/1.1\r\n" + many.String() + end,
		"ten thousand cookies":   "GET /v3 HTTP/1.1\r\n" + cookies.String() + end,
		"a header of a megabyte": "GET /v3 HTTP/1.1\r\nX-A: " + strings.Repeat("a", 1<<20) + "\r\n" + end,
		"a token of a megabyte":  "GET /v3/users HTTP/1.1\r\nX-Auth-Token: " + strings.Repeat("a", 1<<20) + "\r\n" + end,
		"a path of a megabyte":   "GET /" + strings.Repeat("a", 1<<20) + " HTTP/1.1\r\n" + end,
		"a query of a megabyte":  "GET /v3?" + strings.Repeat("a", 1<<20) + " HTTP/1.1\r\n" + end,
		"a method of a megabyte": strings.Repeat("A", 1<<20) + " / HTTP/1.1\r\n" + end,
		"a line without an end":  strings.Repeat("A", 1<<20),
	}
	round := func() {
		t.Run("round", func(t *testing.T) {
			for name, text := range texts {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					got := raw(t, w, text)
					// The server may close before we have sent all; then the answer is lost, which is as good.
					if len(got) > 1 || len(got) == 1 && got[0] != 431 && got[0] != 414 && got[0] != 400 {
						t.Errorf("got %v, want 431, 414 or 400 and the end", got)
					}
				})
			}
		})
	}
	round()
	before := heap()
	const rounds = 3
	for range rounds {
		round()
	}
	if grown := heap() - before; grown > rounds<<20 { // an eighth of what was sent
		t.Errorf("the heap grew by %d KiB in %d rounds", grown>>10, rounds)
	}
	if len(w.Log.String()) > 1<<20 {
		t.Errorf("the log grew to %d bytes", len(w.Log.String()))
	}
	w.Get("/v3").Want(http.StatusOK)
}

// heap is how many bytes are in use.
func heap() int64 {
	var m runtime.MemStats
	for range 3 { // pools are emptied by the second collection
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestJ1ConnectionsWithoutARequestAreClosed(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	const idlers = 100
	started := time.Now()
	conns := make([]net.Conn, idlers)
	for i := range conns {
		conns[i] = dial(t, w, 7*time.Second)
		if _, err := io.WriteString(conns[i], "GET /v3 HTTP/1.1\r\nHost: x\r\nX-Sl"); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		begin := time.Now()
		w.Get("/v3/auth/tokens", w.As("admin"), subject(w.Persona("admin"))).Want(http.StatusOK)
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("meanwhile a validation took %s", took)
		}
	}
	for _, c := range conns {
		_, err := io.Copy(io.Discard, c)
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() { //nolint:errorlint // as net returns it
			t.Fatalf("after %s a connection without a request is still open", time.Since(started))
		}
	}
}
