package clients_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/server"
	"github.com/keyward/identity/test/program"
)

// behindMiddleware is a small service behind auth_token of keystonemiddleware, in several configurations.
type behindMiddleware struct {
	url    string
	client *http.Client
}

// serveBehindMiddleware starts it; the process ends with the test.
func serveBehindMiddleware(t *testing.T, configurations map[string]program.Map) behindMiddleware {
	t.Helper()
	var log strings.Builder
	cmd := exec.CommandContext(t.Context(), python, "testdata/service.py")
	cmd.Env, cmd.Stderr = environment(t), &log
	program.Leash(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the service: %v", err)
	}
	b := behindMiddleware{client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}}
	t.Cleanup(func() {
		b.client.CloseIdleConnections()
		_ = in.Close()
		_ = cmd.Wait() // the context may have ended it
		if t.Failed() {
			t.Logf("the service's log:\n%s", log.String())
		}
	})
	if err := json.NewEncoder(in).Encode(configurations); err != nil {
		t.Fatalf("configure the service: %v", err)
	}
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the service does not start: %v", err)
	}
	b.url = "http://127.0.0.1:" + strings.TrimSpace(port)
	return b
}

// request is one to the service; empty fields stand for the middleware "plain" and GET /v2.1/servers.
type request struct{ middleware, method, path, token, serviceToken string }

// answer is the service's, with what the middleware told it when it let the request pass.
type answer struct {
	status int
	header http.Header
	told   map[string]string
}

func (b behindMiddleware) ask(t *testing.T, r request) answer {
	t.Helper()
	or := func(text, otherwise string) string {
		if text == "" {
			return otherwise
		}
		return text
	}
	req, err := http.NewRequestWithContext(t.Context(), or(r.method, "GET"), b.url+or(r.path, "/v2.1/servers"), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Test-Middleware", or(r.middleware, "plain"))
	for _, forged := range []string{"X-User-Id", "X-Roles", "X-Project-Id", "X-Service-Roles"} {
		req.Header.Set(forged, "admin")
	}
	req.Header.Set("X-Identity-Status", "Confirmed")
	if r.token != "" {
		req.Header.Set("X-Auth-Token", r.token)
	}
	if r.serviceToken != "" {
		req.Header.Set("X-Service-Token", r.serviceToken)
	}
	res, err := b.client.Do(req)
	if err != nil {
		t.Fatalf("ask the service: %v", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("read the service's answer: %v", err)
	}
	a := answer{status: res.StatusCode, header: res.Header}
	if a.status == http.StatusOK {
		if err := json.Unmarshal(body, &a.told); err != nil {
			t.Fatalf("the service's answer: %v\n%s", err, body)
		}
	}
	return a
}

// signedInAgo signs a person in on a server over the same database whose clock is behind, and returns a token that
// began then: the only way to have an expired one without waiting for it.
func signedInAgo(t *testing.T, s *program.Server, ago time.Duration, p person) string {
	t.Helper()
	cfg, err := config.Load("", s.Environ())
	if err != nil {
		t.Fatal(err)
	}
	late, err := server.New(t.Context(), cfg, server.Deps{Now: func() time.Time { return time.Now().Add(-ago) }})
	if err != nil {
		t.Fatalf("a server with its clock %v behind: %v", ago, err)
	}
	defer func() {
		if err := late.Close(); err != nil {
			t.Errorf("close it: %v", err)
		}
	}()
	body, err := json.Marshal(program.PasswordAuth(p.name, p.password, p.scope()))
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequestWithContext(t.Context(), "POST", s.URL+"/v3/auth/tokens", strings.NewReader(string(body)))
	req.Header.Set("Content-Type", "application/json")
	res := httptest.NewRecorder()
	late.Handler().ServeHTTP(res, req)
	if res.Code != http.StatusCreated {
		t.Fatalf("sign in %v ago: got %d %s", ago, res.Code, res.Body)
	}
	return res.Header().Get("X-Subject-Token")
}
