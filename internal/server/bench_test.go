package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/password"
	"github.com/keyward/identity/internal/server"
)

// BenchmarkValidate is the work of one validation without a network: both tokens and all facts are remembered.
func BenchmarkValidate(b *testing.B) {
	handler := serving(b)
	token := signedIn(b, handler)
	b.ReportAllocs()
	for b.Loop() {
		if status := validate(handler, token); status != http.StatusOK {
			b.Fatalf("validate: got %d, want 200", status)
		}
	}
}

// BenchmarkSignIn is the work of signing in with a password, by as many as there are processors; compare with
// BenchmarkHash.
func BenchmarkSignIn(b *testing.B) {
	handler := serving(b)
	b.SetParallelism(8) // others hash while one waits for the disk
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			signedIn(b, handler)
		}
	})
}

// BenchmarkHash is one password hash, by as many as there are processors.
func BenchmarkHash(b *testing.B) {
	h, err := password.NewHasher(password.Default)
	if err != nil {
		b.Fatal(err)
	}
	stored, err := h.Hash(benchPassword)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if ok, _, err := h.Verify(stored, benchPassword); !ok || err != nil {
				b.Error("not right")
			}
		}
	})
}

const benchPassword = "correct horse battery staple"

// serving is a server on an empty SQLite database.
func serving(b *testing.B) http.Handler {
	b.Helper()
	cfg, err := config.Load("", []string{
		"IDENTITY_DATA_DIR=" + b.TempDir(), "IDENTITY_PUBLIC_URL=http://identity.example", "IDENTITY_BOOTSTRAP_PASSWORD=" + benchPassword,
	})
	if err != nil {
		b.Fatal(err)
	}
	s, err := server.New(b.Context(), cfg, server.Deps{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s.Handler()
}

func signedIn(b *testing.B, handler http.Handler) string {
	b.Helper()
	body := `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"admin","domain":{"id":"default"},"password":"` + benchPassword +
		`"}}},"scope":{"project":{"name":"admin","domain":{"id":"default"}}}}}`
	r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v3/auth/tokens", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if w.Code != http.StatusCreated {
		b.Fatalf("sign in: got %d %s, want 201", w.Code, w.Body)
	}
	return w.Header().Get("X-Subject-Token")
}

func validate(handler http.Handler, token string) int {
	r := &http.Request{Method: http.MethodGet, URL: validation, Header: http.Header{"X-Auth-Token": {token}, "X-Subject-Token": {token}}, RemoteAddr: "127.0.0.1:1"}
	w := &sink{header: http.Header{}}
	handler.ServeHTTP(w, r)
	return w.status
}

var validation = httptest.NewRequest(http.MethodGet, "/v3/auth/tokens", nil).URL

// sink is a ResponseWriter that keeps nothing, so that only the handler's work is seen.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
