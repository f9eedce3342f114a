package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keyward/identity/internal/contract"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
)

const document = `
openapi: 3.1.0
info: {version: 1.2.3}
security: [{Token: []}]
paths:
  /things/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get: {operationId: showThing, summary: Show, tags: [Things], security: [], responses: {'200': {description: Shown}}}
    post:
      operationId: changeThing
      summary: Change
      tags: [Things]
      security: []
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {'200': {description: Changed}}
`

// bench is the machinery around one handler for every request.
type bench struct {
	*echo.Echo
	log bytes.Buffer
}

func newBench(t *testing.T, act func(*Call) (Reply, error)) *bench {
	t.Helper()
	doc, err := contract.Load([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Echo: echo.New()}
	api := &API{
		BaseURL: "https://id.example", Contract: doc, Now: func() time.Time { return time.Unix(0, 0) },
		Log: slog.New(slog.NewJSONHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	b.Use(api.Enter)
	if err := api.Mount(b.Echo, []Op{Public("GET /things/{id}", "a test", act), Public("POST /things/{id}", "a test", act)}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) do(t *testing.T, method, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

func failing(err error) func(*Call) (Reply, error) {
	return func(*Call) (Reply, error) { return Reply{}, err }
}

func TestFailuresBecomeAnswers(t *testing.T) {
	t.Parallel()
	busy := fault.New(fault.Unavailable, "Busy.")
	for _, row := range []struct {
		name       string
		err        error
		status     int
		retryAfter string
		logged     string // the level at which the cause is logged, if it is
	}{
		{"an error of nobody's shows nothing", errors.New("secret cause"), 500, "", "ERROR"},
		{"a fault that is internal shows nothing", fault.New(fault.Internal, "secret cause"), 500, "", "ERROR"},
		{"an answer that is not JSON shows nothing", nil, 500, "", "ERROR"},
		{"time that ran out is for another try", fmt.Errorf("secret cause: %w", context.DeadlineExceeded), 503, "1", ""},
		{"a client that went away broke nothing", fmt.Errorf("secret cause: %w", context.Canceled), 503, "1", ""},
		{"a lack tells when to come back", busy.After(3 * time.Second), 503, "3", ""},
		{"a wait is rounded up to whole seconds", busy.After(3*time.Second + time.Nanosecond), 503, "4", ""},
		{"a short wait is a second", busy.After(time.Millisecond), 503, "1", ""},
		{"a lack of unknown length is a second", busy, 503, "1", ""},
		{"the cause of a lack is logged", busy.From(errors.New("secret cause")), 503, "1", "WARN"},
		{"the cause of a refusal is not", fault.New(fault.BadRequest, "No.").From(errors.New("secret cause")), 400, "", ""},
		{"a refusal that ends tells when", fault.New(fault.TooManyRequests, "No.").After(time.Minute), 429, "60", ""},
		{"what is refused is refused", fault.New(fault.Forbidden, "No."), 403, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			act := failing(row.err)
			if row.err == nil {
				act = func(*Call) (Reply, error) { return JSON(200, map[string]any{"secret cause": make(chan int)}), nil }
			}
			b := newBench(t, act)
			w := b.do(t, "GET", "/things/1", "")
			var e envelope
			if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Error.Code != row.status || w.Code != row.status {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
			if e.Error.Message == "" || e.Error.Title != http.StatusText(row.status) || strings.Contains(w.Body.String(), "secret") {
				t.Errorf("got %s", w.Body)
			}
			if got := w.Header().Get("Retry-After"); got != row.retryAfter {
				t.Errorf("Retry-After is %q, want %q", got, row.retryAfter)
			}
			line := ""
			for l := range strings.Lines(b.log.String()) {
				if !strings.Contains(l, `"msg":"request"`) {
					line += l
				}
			}
			if (line != "") != (row.logged != "") || !strings.Contains(line, row.logged) {
				t.Errorf("the log says %q, want level %q", line, row.logged)
			}
			if row.logged != "" && !strings.Contains(line, w.Header().Get("X-Openstack-Request-Id")) {
				t.Errorf("the log does not say which request it was: %s", line)
			}
		})
	}
}

func TestPanicsAreAnswered(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(*Call) (Reply, error) { panic("canary in a panic") })
	w := b.do(t, "GET", "/things/1", "")
	if w.Code != 500 || !strings.Contains(w.Body.String(), `"code":500`) || strings.Contains(w.Body.String(), "goroutine") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	log := b.log.String()
	if strings.Contains(log, "canary") {
		t.Errorf("the log holds what was panicked with: %s", log)
	}
	for _, want := range []string{"api_test.go", `"status":500`, w.Header().Get("X-Openstack-Request-Id")} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q: %s", want, log)
		}
	}
}

func TestHeadHasNoBody(t *testing.T) {
	t.Parallel()
	for _, act := range []func(*Call) (Reply, error){
		func(*Call) (Reply, error) { return Show("thing", 1), nil },
		failing(fault.New(fault.NotFound, "No.")),
		failing(errors.New("broken")),
	} {
		b := newBench(t, act)
		get, head := b.do(t, "GET", "/things/1", ""), b.do(t, "HEAD", "/things/1", "")
		if head.Body.Len() != 0 || head.Code != get.Code {
			t.Errorf("HEAD got %d %q, GET %d", head.Code, head.Body, get.Code)
		}
		for _, name := range []string{"Content-Type", "Content-Length", "Vary", "Cache-Control", "X-Content-Type-Options"} {
			if h, g := head.Header().Get(name), get.Header().Get(name); h != g || h == "" {
				t.Errorf("%s is %q for HEAD and %q for GET", name, h, g)
			}
		}
	}
}

func TestPathsAndMethodsThatAreNot(t *testing.T) {
	t.Parallel()
	b := newBench(t, failing(errors.New("this must not run")))
	for _, row := range []struct {
		do     string
		status int
		allow  bool
	}{
		{"GET /canary", 404, false},
		{"GET /things/1/canary", 404, false},
		{"GET //things/canary", 404, false},
		{"GET /things/canary%00", 404, false},
		{"GET /things/canary%ff%fe", 404, false},
		{"GET /things/canary%ed%a0%80", 404, false},
		{"DELETE /things/canary", 405, true},
		{"TRACE /things/canary", 405, true},
		{"PROPFIND /things/canary", 405, true},
		{"get /things/canary", 405, true},
		{"OPTIONS /things/canary", 204, true},
	} {
		method, path, _ := strings.Cut(row.do, " ")
		w := b.do(t, method, path, "", "Origin", "https://evil.example", "Access-Control-Request-Method", "GET")
		if w.Code != row.status || (w.Header().Get("Allow") != "") != row.allow || w.Header().Get("X-Openstack-Request-Id") == "" {
			t.Errorf("%s: got %d %v", row.do, w.Code, w.Header())
		}
		if w.Code >= 400 && !strings.Contains(w.Body.String(), fmt.Sprintf(`"code":%d`, w.Code)) {
			t.Errorf("%s: not the envelope: %s", row.do, w.Body)
		}
		for name := range w.Header() {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: grants %s", row.do, name)
			}
		}
	}
	if strings.Contains(b.log.String(), "canary") {
		t.Errorf("the log holds paths, which may hold tokens: %s", b.log.String())
	}
}

func TestBodiesAreJSON(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Call) (Reply, error) { return Show("thing", len(c.raw)), nil })
	for _, row := range []struct {
		name   string
		header []string
		status int
	}{
		{"a form is refused", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"text is refused", []string{"Content-Type", "text/plain"}, 415},
		{"XML is refused", []string{"Content-Type", "application/xml"}, 415},
		{"a type that cannot be read is refused", []string{"Content-Type", "application/json;;;"}, 415},
		{"another character set is refused", []string{"Content-Type", "application/json; charset=utf-16"}, 415},
		{"two types are refused", []string{"Content-Type", "application/json", "Content-Type", "text/plain"}, 415},
		{"compression is refused", []string{"Content-Type", "application/json", "Content-Encoding", "gzip"}, 415},
		{"compression in a second header is refused", []string{"Content-Encoding", "identity", "Content-Encoding", "gzip"}, 415},
		{"no type is accepted, as Keystone does", nil, 200},
		{"JSON is accepted", []string{"Content-Type", "Application/JSON; charset=UTF-8"}, 200},
		{"the type of another version is accepted", []string{"Content-Type", "application/vnd.openstack.identity-v3+json"}, 200},
	} {
		if w := b.do(t, "POST", "/things/1", `{"a":1}`, row.header...); w.Code != row.status {
			t.Errorf("%s: got %d %s", row.name, w.Code, w.Body)
		}
	}
	if w := b.do(t, "POST", "/things/1", strings.Repeat(" ", MaxBody+1)); w.Code != 413 {
		t.Errorf("a body that is too large got %d %s", w.Code, w.Body)
	}
	if w := b.do(t, "GET", "/things/1", strings.Repeat(" ", MaxBody+1)); w.Code != 413 {
		t.Errorf("a body that is too large and not wanted got %d %s", w.Code, w.Body)
	}
}

func TestOriginsAreText(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"curl/8":                       "curl/8",
		"bad\xff\xfebytes":             "bad?bytes",
		strings.Repeat("a", 300):       strings.Repeat("a", 256),
		strings.Repeat("a", 255) + "ü": strings.Repeat("a", 255),
	} {
		var got string
		b := newBench(t, func(c *Call) (Reply, error) {
			got = event.OriginOf(c.Context()).UserAgent
			return NoContent(), nil
		})
		b.do(t, "GET", "/things/1", "", "User-Agent", sent)
		if got != want {
			t.Errorf("%.20q arrives as %q, want %q", sent, got, want)
		}
	}
}
