package attack_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

const (
	bodyCap     = 114688 // bytes, Keystone's default
	passwordCap = 4096
)

// slowHash makes a hash so slow that a test sees whether one was computed, and lets refusals be fast.
func slowHash(c *config.Config) {
	c.Lockout.FailureFloor = 0
	c.Password.MemoryKiB, c.Password.Passes = 32<<10, 3
}

// endless is a body without an end. The client may still read it when it has its answer.
type endless struct{ sent atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.sent.Add(int64(len(p)))
	return len(p), nil
}

func TestH2BodiesOverTheCapAreRefused(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	furnished(t, w)
	padded := func(n int) []byte {
		const start = `{"group":{"name":"padded","description":"`
		return []byte(start + strings.Repeat("x", n-len(start)-3) + `"}}`)
	}
	before := state(w)
	for name, body := range map[string][]byte{
		"one byte more than the cap": padded(bodyCap + 1), "ten megabytes": padded(10 << 20), "white space": bytes.Repeat([]byte(" "), bodyCap+1),
	} {
		for _, do := range []string{"POST /v3/groups", "PATCH /v3/users/{the user_id}", "PUT /v3/regions/new", "POST /v3/auth/tokens", "GET /v3/users", "DELETE /v3/users/{the user_id}"} {
			method, path, _ := strings.Cut(do, " ")
			if got := largeBody(t, w, method, w.URL+w.Expand(path), w.Persona("sysadmin"), bytes.NewReader(body)); got != http.StatusRequestEntityTooLarge && got != 0 {
				t.Errorf("%s with %s: got %d, want 413", do, name, got)
			}
		}
	}
	e := &endless{}
	if got := largeBody(t, w, "POST", w.URL+"/v3/groups", w.Persona("sysadmin"), e); got != http.StatusRequestEntityTooLarge && got != 0 {
		t.Errorf("chunks without an end: got %d, want 413", got)
	}
	if sent := e.sent.Load(); sent > 64<<20 {
		t.Errorf("the server read %d bytes of a body without an end", sent)
	}
	same(t, w, "a large body", before)
	w.Post("/v3/groups", padded(bodyCap), w.As("sysadmin")).Want(http.StatusCreated)
}

// largeBody sends a body that the server may stop to read, and returns the status, or 0 when the connection
// ended before the answer could be read.
func largeBody(t *testing.T, w *apitest.World, method, url, token string, body io.Reader) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Auth-Token", token)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		if strings.Contains(err.Error(), "Timeout") {
			t.Errorf("%s %s: the server reads on and on: %v", method, url, err)
		}
		return 0
	}
	defer func() { _ = res.Body.Close() }()
	w.Secret(res.Header.Get("X-Subject-Token"))
	return res.StatusCode
}

func TestH2CompressedAndShortBodiesAreRefused(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(bytes.Repeat([]byte(" "), 10<<20))
	_ = z.Close()
	for _, coding := range []string{"gzip", "deflate", "br", "zstd", "gzip, gzip", "GZIP", "x"} {
		r := w.Post("/v3/auth/tokens", bomb.Bytes(), apitest.Header("Content-Encoding", coding))
		if r.Status != http.StatusUnsupportedMediaType {
			t.Errorf("Content-Encoding %s: got %d, want 415", coding, r.Status)
		}
	}
	conn := dial(t, w, 5*time.Second)
	_, _ = fmt.Fprintf(conn, "POST /v3/auth/tokens HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n{\"auth\":")
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 400 ")) {
		t.Errorf("a body that is shorter than it says: got %.80s, %v, want 400", answer, err)
	}
}

func TestH3DeepBodiesAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	furnished(t, w)
	for _, op := range writes(t) {
		for _, depth := range []int{33, 1000, 9_999, 50_000} {
			for name, nest := range map[string]string{
				"arrays":              strings.Repeat("[", depth) + strings.Repeat("]", depth),
				"arrays without ends": strings.Repeat("[", depth),
				"objects":             strings.Repeat(`{"a":`, min(depth, 20_000)) + "1" + strings.Repeat("}", min(depth, 20_000)),
			} {
				if len(nest) > bodyCap-100 {
					nest = nest[:bodyCap-100]
				}
				for _, body := range []string{`{"x":` + nest + `}`, `{"user":{"x":` + nest + `}}`} {
					begin := time.Now()
					r := w.Do(op.method, at(w, op.path), w.As("sysadmin"), apitest.Body([]byte(body)))
					if r.Status != http.StatusBadRequest {
						t.Errorf("%s with %d %s: got %d, want 400", op, depth, name, r.Status)
					}
					if took := time.Since(begin); took > time.Second {
						t.Errorf("%s with %d %s took %s", op, depth, name, took)
					}
				}
			}
		}
	}
}

// signIn is a sign-in with a password whose methods are given as JSON.
func signIn(w *apitest.World, methods, user, password string) string {
	return fmt.Sprintf(`{"auth":{"identity":{"methods":%s,"password":{"user":{"id":%q,"password":%q}}}}}`, methods, w.ID(user), password)
}

func TestH5H9H10GreedySignInsComputeNoHash(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, slowHash)
	w.User("ann", "red")
	password := w.Password("ann")
	hash := time.Hour
	for range 3 {
		begin := time.Now()
		w.Post("/v3/auth/tokens", []byte(signIn(w, `["password"]`, "ann", "wrong"))).Want(http.StatusUnauthorized)
		hash = min(hash, time.Since(begin))
	}
	w.Post("/v3/auth/tokens", []byte(signIn(w, `["password"]`, "ann", password))).Want(http.StatusCreated)

	var others strings.Builder
	for i := range 5_000 {
		fmt.Fprintf(&others, `"method%d":{},`, i)
	}
	long := func(n int) string { return strings.Repeat("p", n) }
	for _, row := range []struct {
		name, body string
		status     []int
	}{
		{"5,000 methods", signIn(w, `["password"`+strings.Repeat(`,"password"`, 4_999)+`]`, "ann", password), []int{400}},
		{"fifty methods", signIn(w, `["password"`+strings.Repeat(`,"password"`, 49)+`]`, "ann", password), []int{400}},
		{"5,000 unknown methods", strings.Replace(signIn(w, `["password"]`, "ann", password), `"methods"`, others.String()+`"methods"`, 1), []int{400}},
		{"no method", signIn(w, `[]`, "ann", password), []int{400, 401}},
		{"an unknown method", signIn(w, `["magic"]`, "ann", password), []int{400, 401}},
		{"a password of just over the cap", signIn(w, `["password"]`, "ann", long(passwordCap+1)), []int{400, 401}},
		{"a password of 100 KB", signIn(w, `["password"]`, "ann", long(100<<10)), []int{400, 401}},
		{"a password of a megabyte", signIn(w, `["password"]`, "ann", long(1<<20)), []int{413}},
		{"a password with NUL", strings.Replace(signIn(w, `["password"]`, "ann", "x"), `"x"`, `"\u0000"`, 1), []int{400}},
	} {
		var r *apitest.Response
		took := time.Hour
		for range 3 { // the quickest counts: a stall of the machine is no hash
			begin := time.Now()
			r = w.Post("/v3/auth/tokens", []byte(row.body))
			took = min(took, time.Since(begin))
		}
		if took > hash*2/3 {
			t.Errorf("%s: refused after %s, as if a hash (%s) was computed", row.name, took, hash)
		}
		if !slices.Contains(row.status, r.Status) {
			t.Errorf("%s: got %d, want %v: %.200s", row.name, r.Status, row.status, r.Body)
		}
		r.Never("pppppppp")
	}
	if r := w.Post("/v3/auth/tokens", []byte(signIn(w, `["password","password"]`, "ann", password))); r.Status != http.StatusBadRequest && r.Status != http.StatusCreated {
		t.Errorf("the same method twice: got %d, want 400 or one check: %.200s", r.Status, r.Body)
	}
}

func TestH10LongPasswordsAreRefusedWhereTheyAreSet(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, quick)
	w.User("ann", "red")
	for n, want := range map[int]int{passwordCap + 1: 400, 100 << 10: 400, 1 << 20: 413} {
		password := strings.Repeat("p", n)
		user := map[string]any{"user": map[string]any{"name": fmt.Sprint("long", n), "domain_id": w.ID("red"), "password": password}}
		w.Post("/v3/users", user, w.As("sysadmin")).Want(want).Never("pppppppp")
		w.Patch("/v3/users/{ann}", map[string]any{"user": map[string]any{"password": password}}, w.As("sysadmin")).Want(want).Never("pppppppp")
		own := map[string]any{"user": map[string]any{"original_password": w.Password("ann"), "password": password}}
		w.Post("/v3/users/{ann}/password", own, w.As("ann")).Want(want).Never("pppppppp")
		own = map[string]any{"user": map[string]any{"original_password": password, "password": "a new one of mine"}}
		if r := w.Post("/v3/users/{ann}/password", own, w.As("ann")); r.Status != want && r.Status != http.StatusUnauthorized {
			t.Errorf("an original password of %d bytes: got %d", n, r.Status)
		}
	}
	w.SignIn("ann", "").Want(http.StatusCreated)
}

func TestH6EqualKeysAreRefused(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		before := state(w)
		for _, body := range []string{
			`{"user":{"name":"a","name":"b"}}`, `{"user":{"enabled":false,"Enabled":true}}`, `{"user":{"name":"a"},"user":{"name":"b"}}`,
			`{"user":{"name":"a"},"USER":{"name":"b"}}`, `{"user":{"name":"a","n\u0061me":"b"}}`, `{"user":{"extra":{"a":1,"a":2}}}`,
			`{"user":{"options":{"ignore_lockout_failure_attempts":true,"ignore_lockout_failure_attempts":false}}}`, `{"user":{"x":[{"a":1,"A":2}]}}`,
			`{"user":{"\u212aey":"a","key":"b"}}`, `{"user":{"\u017f":"a","s":"b"}}`,
		} {
			w.Patch("/v3/users/{the user_id}", []byte(body), w.As("sysadmin")).Want(http.StatusBadRequest)
		}
		same(t, w, "a key that is there twice", before)
		good := signIn(w, `["password"]`, "target", w.Password("target"))
		for old, twice := range map[string]string{
			`"auth":`: `"auth":{},"auth":`, `"methods":`: `"methods":[],"methods":`, `"password":{`: `"Password":{},"password":{`, `"id":`: `"id":"x","id":`,
		} {
			w.Post("/v3/auth/tokens", []byte(strings.Replace(good, old, twice, 1))).Want(http.StatusBadRequest)
		}
		w.Patch("/v3/users/{the user_id}", []byte(`{"User":{"name":"a"}}`), w.As("sysadmin")).Want(http.StatusBadRequest)
	})
}

func TestH19OnlyJSONIsRead(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	furnished(t, w)
	w.User("ann", "red")
	good := signIn(w, `["password"]`, "ann", w.Password("ann"))
	entities := `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><auth>&b;</auth>`
	form := "auth=" + good + "&user=ann&password=" + w.Password("ann")
	before := state(w)
	for ct, body := range map[string]string{
		"application/xml": entities, "text/xml": entities, "application/soap+xml": entities, "application/x-www-form-urlencoded": form,
		"multipart/form-data; boundary=x": "--x\r\nContent-Disposition: form-data; name=\"auth\"\r\n\r\n" + good + "\r\n--x--\r\n", "text/plain": good,
		"text/json": good, "application/json; charset=utf-16": good, "application/json; charset=iso-8859-1": good, "application/jsonp": good,
		"application/yaml": good, "application/octet-stream": good, "json": good, "application/json, text/plain": good, "/": good, "*/*": good,
	} {
		r := w.Post("/v3/auth/tokens", []byte(body), apitest.Header("Content-Type", ct))
		if r.Status != http.StatusUnsupportedMediaType || r.Token() != "" {
			t.Errorf("a sign-in as %s: got %d, want 415", ct, r.Status)
		}
		for _, op := range writes(t) {
			if op.public {
				continue
			}
			if r := w.Do(op.method, at(w, op.path), w.As("sysadmin"), apitest.Body([]byte(body)), apitest.Header("Content-Type", ct)); r.Status != http.StatusUnsupportedMediaType {
				t.Errorf("%s as %s: got %d, want 415", op, ct, r.Status)
			}
		}
	}
	same(t, w, "a body of another type", before)
	for _, ct := range []string{"application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8"} {
		w.Post("/v3/auth/tokens", []byte(good), apitest.Header("Content-Type", ct)).Want(http.StatusCreated)
	}
}

func TestH20AnswersAreJSONWhateverIsAskedFor(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	const markup = "<script>alert(1)</script>"
	for _, accept := range []string{"text/html", "application/xml", "image/*", "x", "", "*/*;q=0", strings.Repeat("a/b,", 1000)} {
		r := w.Get("/v3/users", apitest.Header("Accept", accept)).Want(http.StatusUnauthorized)
		if ct := r.Header.Get("Content-Type"); ct != "application/json" {
			t.Errorf("Accept %.20s is answered %s", accept, ct)
		}
	}
	for _, r := range []*apitest.Response{
		w.Get("/v3/users?name=%3Cscript%3Ealert(1)%3C/script%3E", w.As("sysadmin")),
		w.Get("/v3/users?enabled=%3Cscript%3Ealert(1)%3C/script%3E", w.As("sysadmin")),
		w.Get("/v3/regions/%3Cscript%3Ealert(1)%3C%2Fscript%3E", w.As("sysadmin")),
		w.Post("/v3/users", map[string]any{markup: 1}, w.As("sysadmin")),
		w.Post("/v3/groups", map[string]any{"group": map[string]any{"name": markup, "domain_id": "default"}}, w.As("sysadmin")).Want(http.StatusCreated),
		w.Get("/v3/groups", w.As("sysadmin")),
		w.Post("/v3/users", map[string]any{"user": map[string]any{"name": 1, markup: markup}}, w.As("sysadmin")),
	} {
		r.Never("<script")
		if ct := r.Header.Get("Content-Type"); ct != "application/json" {
			t.Errorf("an answer has the type %s", ct)
		}
	}
}
