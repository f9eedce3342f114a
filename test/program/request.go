package program

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// Request is a request with a JSON body.
type Request struct {
	Method, Path string
	// Token goes into X-Auth-Token; empty for none.
	Token string
	// Header has further headers.
	Header map[string]string
	// Body is encoded as JSON; nil for none.
	Body any
}

// Response is what came back.
type Response struct {
	Status int
	Header http.Header
	// Text is the body as it came; Body the same decoded, when it is a JSON object.
	Text string
	Body map[string]any
}

// At returns what is at the end of a path of names in the body, nil when there is no such thing.
func (r Response) At(names ...string) any {
	var v any = r.Body
	for _, name := range names {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// String returns the text at the end of a path of names in the body, empty when there is none.
func (r Response) String(names ...string) string {
	s, _ := r.At(names...).(string)
	return s
}

// Do sends a request. It fails when no whole answer came.
func (s *Server) Do(ctx context.Context, r Request) (Response, error) {
	var body io.Reader
	if r.Body != nil {
		b, err := json.Marshal(r.Body)
		if err != nil {
			return Response{}, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, s.URL+r.Path, body)
	if err != nil {
		return Response{}, err
	}
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.Token != "" {
		req.Header.Set("X-Auth-Token", r.Token)
	}
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return Response{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return Response{}, fmt.Errorf("read the answer: %w", err)
	}
	out := Response{Status: res.StatusCode, Header: res.Header, Text: string(text)}
	_ = json.Unmarshal(text, &out.Body) // not every answer is an object
	return out, nil
}

// Must sends a request and ends the test unless the answer has the status.
func (s *Server) Must(t testing.TB, status int, r Request) Response {
	t.Helper()
	res, err := s.Do(t.Context(), r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	if res.Status != status {
		t.Fatalf("%s %s: got %d, want %d\n%s", r.Method, r.Path, res.Status, status, res.Text)
	}
	return res
}

// Map is shorthand for a JSON object.
type Map = map[string]any

// PasswordAuth is the body of a sign-in with a password, for a user of the default domain. Methods beside the
// password may be added to its "identity". A nil scope means the user's default.
func PasswordAuth(user, password string, scope any) Map {
	auth := Map{"identity": Map{
		"methods":  []string{"password"},
		"password": Map{"user": Map{"name": user, "domain": Map{"id": "default"}, "password": password}},
	}}
	if scope != nil {
		auth["scope"] = scope
	}
	return Map{"auth": auth}
}

// AdminToken signs the administrator in, on the project admin.
func (s *Server) AdminToken(t testing.TB) string {
	t.Helper()
	scope := Map{"project": Map{"name": "admin", "domain": Map{"id": "default"}}}
	res := s.Must(t, http.StatusCreated, Request{Method: "POST", Path: "/v3/auth/tokens", Body: PasswordAuth("admin", Password, scope)})
	return res.Header.Get("X-Subject-Token")
}
