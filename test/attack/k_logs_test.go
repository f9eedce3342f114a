package attack_test

import (
	"bytes"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/server"
)

// canary is a secret that the log is searched for at the end of the test.
func canary(w *apitest.World, name string) string {
	s := "canary-" + name + "-5b1f9e"
	w.Secret(s)
	return s
}

// everyFlow uses every secret that there is, rightly and wrongly.
func everyFlow(w *apitest.World) {
	mia := enrolled(w, "mia")
	w.Post("/v3/auth/tokens", signIn(w, `["password"]`, "mia", w.Password("mia"))).Want(http.StatusUnauthorized)
	token := mia.strong()
	shown(w, thePassword(w, "mia").and(code(w, "mia", mia.codes[0]))).Want(http.StatusCreated)
	shown(w, thePassword(w, "mia").and(code(w, "mia", canary(w, "code")))).Want(http.StatusUnauthorized)
	shown(w, code(w, "mia", canary(w, "late code")), receipt(receiptOf(w, "mia"))).Want(http.StatusUnauthorized)
	w.Post("/v3/users/{mia}/mfa/recovery_codes", nil, apitest.Token(token))
	w.Get("/v3/credentials", apitest.Token(token))

	w.User("ann", "default")
	for _, path := range []string{"/v3/auth/tokens", "/v2.0/tokens"} {
		w.Post(path, `{"auth":{"passwordCredentials":{"userId":"{ann}","password":"`+canary(w, "wrong")+`"}}}`)
		w.Post(path, `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"`+canary(w, "name")+`","password":"`+canary(w, "stranger")+`"}}}}}`)
	}
	old := w.Post("/v2.0/tokens", map[string]any{"auth": map[string]any{"passwordCredentials": map[string]any{"userId": w.ID("ann"), "password": w.Password("ann")}}}).Want(http.StatusOK).Str("access.token.id")
	w.Secret(old)
	w.Get("/v2.0/tokens/"+old, w.As("sysadmin"))
	w.Delete("/v2.0/tokens/"+old, w.As("sysadmin"))
	change := map[string]any{"user": map[string]any{"original_password": w.Password("ann"), "password": canary(w, "changed")}}
	w.Post("/v3/users/{ann}/password", change).Want(http.StatusNoContent)
	w.Patch("/v3/users/{ann}", map[string]any{"user": map[string]any{"password": canary(w, "reset")}}, w.As("sysadmin")).Want(http.StatusOK)
	seed := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("canary-seed-of-twenty"))
	w.Secret(seed)
	w.Secret("canary-seed-of-twenty")
	w.Post("/v3/credentials", map[string]any{"credential": map[string]any{"type": "totp", "user_id": w.ID("ann"), "blob": seed}}, w.As("sysadmin")).Want(http.StatusCreated)
	w.Post("/v3/credentials", map[string]any{"credential": map[string]any{"type": "ec2", "user_id": w.ID("ann"), "blob": canary(w, "blob")}}, w.As("sysadmin"))
}

// everyMistake sends secrets where they do not belong.
func everyMistake(w *apitest.World) {
	c := canary(w, "misplaced")
	for _, text := range []string{
		`{"auth":{"identity":{"methods":["password"],"password":{"user":{"password":"` + c, `{"auth":"` + c + `"}`, `["` + c + `"]`, `"` + c + `"`, c,
		`{"auth":{"identity":{"methods":["` + c + `"]}}}`, `{"` + c + `":1,"` + c + `":2}`, `{"auth":{"identity":{"methods":["password"],"password":{"user":{"password":["` + c + `"]}}}}}`,
		`{"user":{"password":{"` + c + `":1}}}`, `{"user":{"` + c + `":"\ud800"}}`, `{"user":{"name":"x","options":{"` + c + `":true}}}`, `{"credential":{"blob":["` + c + `"]}}`,
	} {
		for _, path := range []string{"/v3/auth/tokens", "/v2.0/tokens", "/v3/users", "/v3/credentials", "/v3/users/{ann}/password"} {
			w.Post(path, []byte(text), w.As("sysadmin"))
			w.Post(path, []byte(text), apitest.Header("Content-Type", "text/"+c))
		}
	}
	for _, path := range []string{
		"/" + c, "/v3/users/" + c, "/v3/regions/" + c, "/v2.0/tokens/" + c, "/v3/users?token=" + c, "/v3/users?name=" + c, "/v3/users?" + c, "/v3/users?limit=" + c,
		"/v3/users/{ann}/mfa/totp/" + c, "/v3/credentials/" + c,
	} {
		for _, method := range []string{"GET", "DELETE", "POST", c} {
			w.Do(method, path, w.As("sysadmin"), apitest.Undocumented())
		}
	}
	for _, header := range []string{"X-Auth-Token", "X-Subject-Token", "Authorization", "Cookie", "Openstack-Auth-Receipt", "X-Service-Token", "Referer", "Accept"} {
		w.Get("/v3/users", apitest.Header(header, c))
		w.Post("/v3/auth/tokens", `{"auth":{"identity":{"methods":[]}}}`, apitest.Header(header, c))
		w.Get("/v3/auth/tokens", w.As("sysadmin"), apitest.Header(strings.Replace(header, "X-Auth-Token", "X-Other", 1), c))
	}
}

func TestK1NoSecretIsLoggedOrStoredInTheClear(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, quick)
	everyFlow(w)
	everyMistake(w)
	storesNoSecret(t, w)
}

// storesNoSecret searches the files of a server for all secrets of its world.
func storesNoSecret(t *testing.T, w *apitest.World) {
	t.Helper()
	if n := len(w.Secrets()); n < 20 {
		t.Fatalf("only %d secrets are looked for", n)
	}
	files, err := filepath.Glob(filepath.Join(w.Config.DataDir, "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("the files of the server are %v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range w.Secrets() {
			if bytes.Contains(data, []byte(s)) {
				t.Errorf("%s holds the secret %.20s in the clear", filepath.Base(file), s)
			}
		}
		if filepath.Base(file) == "root.key" {
			w.Secret(strings.TrimSpace(string(data)))
		}
	}
	if w.Log.String() == "" {
		t.Error("nothing was logged at all")
	}
}

func TestK2FailingDatabasesAndStartsLeakNothing(t *testing.T) {
	t.Parallel()
	const secret = "canary-of-the-dsn"
	log := &apitest.Log{}
	deps := server.Deps{Now: apitest.NewClock().Now, Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, url := range []string{
		"postgres://identity:" + secret + "@127.0.0.1:1/identity?connect_timeout=1", "postgres://identity:" + secret + "@[::bad/identity",
		"postgres://identity:" + secret + "%zz@127.0.0.1/identity", "postgres://identity:" + secret + "@127.0.0.1:port/identity", "postgres://127.0.0.1:1/x?password=" + secret,
		"postgres://identity:" + secret + "@127.0.0.1:1/identity?sslmode=bogus", "mysql://identity:" + secret + "@127.0.0.1/identity", secret,
	} {
		s, err := server.New(t.Context(), apitest.Config(t.TempDir(), url), deps)
		if err == nil {
			_ = s.Close()
			t.Errorf("a server starts with %s", url)
		} else if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n") {
			t.Errorf("the start fails with the secret, or in many lines: %v", err)
		}
	}

	cfg := apitest.Config(t.TempDir(), "")
	cfg.Bootstrap.Password = config.Secret(secret + "-admin")
	cfg.Lockout.FailureFloor = 0
	s, err := server.New(t.Context(), cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	admin := s.Bootstrapped().UserID
	if err := s.Close(); err != nil { // the database is gone, the handler is not
		t.Fatal(err)
	}
	for _, do := range []string{"POST /v3/auth/tokens", "POST /v2.0/tokens", "POST /v3/users/" + admin + "/password", "GET /v3/users", "GET /readyz"} {
		method, path, _ := strings.Cut(do, " ")
		text, _ := json.Marshal(map[string]any{
			"auth": map[string]any{
				"identity":            apitest.PasswordBody(admin, secret+"-admin", nil)["auth"].(map[string]any)["identity"],
				"passwordCredentials": map[string]any{"userId": admin, "password": secret + "-admin"},
			},
		})
		if strings.HasSuffix(path, "/password") {
			text = []byte(`{"user":{"original_password":"` + secret + `-admin","password":"` + secret + `-new"}}`)
		}
		r := httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(text))
		if method == http.MethodGet {
			r.Header.Set("X-Auth-Token", secret)
		}
		answer := httptest.NewRecorder()
		s.Handler().ServeHTTP(answer, r)
		if answer.Code < 401 || strings.Contains(answer.Body.String(), secret) || strings.Contains(answer.Body.String(), "sql") {
			t.Errorf("%s without a database: got %d %s", do, answer.Code, answer.Body)
		}
		if answer.Code >= 500 && (answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "") {
			t.Errorf("%s without a database: got %d, Retry-After %q; want 503 and when to come back", do, answer.Code, answer.Header().Get("Retry-After"))
		}
	}
	if strings.Contains(log.String(), secret) {
		t.Errorf("the log holds the secret: %s", log.String())
	}
}

func TestK4NobodyWritesTheLogButTheServer(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, quick)
	const forged = `{"time":"2026-01-01T00:00:00Z","level":"ERROR","msg":"forged"}`
	for _, text := range []string{"\n" + forged, "\r\n" + forged, "\x1b[2J\x1b[31m" + forged, `","msg":"forged","x":"`, "\u2028" + forged, strings.Repeat("long", 25<<10)} {
		name, _ := json.Marshal(text)
		w.Post("/v3/auth/tokens", []byte(`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":`+string(name)+`,"domain":{"id":"default"},"password":"x"}}}}}`))
		w.Post("/v3/users", []byte(`{"user":{"domain_id":"default","name":`+string(name)+`}}`), w.As("sysadmin"))
		w.Post("/v3/groups", []byte(`{"group":{"domain_id":"default","name":`+string(name)+`}}`), w.As("sysadmin"))
		escaped := strings.NewReplacer("\n", "%0a", "\r", "%0d", "\x1b", "%1b", `"`, "%22", "{", "%7b", "}", "%7d", "\u2028", "%e2%80%a8").Replace(text)
		w.Get("/v3/regions/"+escaped[:min(len(escaped), 8000)], w.As("sysadmin"), apitest.Undocumented())
		w.Get("/"+escaped[:min(len(escaped), 8000)], apitest.Undocumented())
		for _, header := range []string{"User-Agent", "X-Request-Id", "X-Openstack-Request-Id", "X-Forwarded-For", "Referer"} {
			value := strings.Map(visible, text)
			r := w.Get("/v3/users", apitest.Header(header, value[:min(len(value), 12_000)]))
			r.Never("forged")
			raw(t, w, "GET /v3/users HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"+header+": "+strings.ReplaceAll(text[:min(len(text), 8000)], "\n", "\r")+"\r\n\r\n")
		}
	}
	w.Do("FORGED"+strings.Repeat("X", 5000), "/v3/users")
	for line := range strings.Lines(w.Log.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Errorf("a line of the log is no record: %.300q", line)
			continue
		}
		if record["msg"] == "forged" || record["level"] == "ERROR" {
			t.Errorf("a stranger wrote a record: %.300s", line)
		}
		if len(line) > 4<<10 {
			t.Errorf("a record has %d bytes: %.300s", len(line), line)
		}
	}
}

func TestK8EveryFailureHasTheEnvelopeAndIsInTheLog(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		w.User("ann", "red")
		big := fmt.Sprintf(`{"x":%q}`, strings.Repeat("x", bodyCap))
		seen := map[string]bool{}
		for _, row := range []struct {
			as, do, body string
			want         int
		}{
			{"", "GET /nowhere", "", 404}, {"", "GET /v3/nowhere", "", 404}, {"", "DELETE /v3", "", 405}, {"", "PATCH /v3/users", "{}", 405},
			{"", "GET /v3/users", "", 401}, {"", "POST /v3/users", "{}", 401}, {"", "DELETE /v3/users/{ann}", "", 401}, {"", "HEAD /v3/users", "", 401},
			{"ann", "GET /v3/users", "", 403}, {"ann", "POST /v3/users", `{"user":{"name":"x"}}`, 403}, {"ann", "GET /v3/users/{the user_id}", "", 403},
			{"ann", "DELETE /v3/domains/{red}", "", 403}, {"ann", "PUT /v3/system/users/{ann}/roles/{role admin}", "", 403}, {"ann", "HEAD /v3/domains/{red}", "", 403},
			{"sysadmin", "GET /v3/users/nobody", "", 404}, {"sysadmin", "GET /v3/users/1=1", "", 404}, {"sysadmin", "PATCH /v3/groups/nobody", `{"group":{"name":"x"}}`, 404},
			{"sysadmin", "DELETE /v3/roles/nobody", "", 404}, {"sysadmin", "GET /v3/regions/nowhere", "", 404}, {"sysadmin", "HEAD /v3/services/nobody", "", 404},
			{"sysadmin", "PUT /v3/projects/{the project_id}/users/nobody/roles/{the role_id}", "", 404}, {"sysadmin", "GET /v3/auth/tokens", "", 404},
			{"sysadmin", "GET /v3/users?limit=x", "", 400}, {"sysadmin", "GET /v3/users?limit=-1", "", 400}, {"sysadmin", "GET /v3/users?enabled=maybe", "", 400},
			{"sysadmin", "GET /v3/users?a=%zz", "", 400}, {"sysadmin", "POST /v3/users", "{", 400}, {"sysadmin", "POST /v3/users", `{"user":{}}`, 400},
			{"sysadmin", "POST /v3/users", `{"user":{"name":"y","domain_id":"nowhere"}}`, 404}, {"sysadmin", "POST /v3/endpoints", `{"endpoint":{"service_id":"x","interface":"public","url":"http://x"}}`, 400},
			{"sysadmin", "POST /v3/roles", `{"role":{"name":"admin"}}`, 409}, {"sysadmin", "POST /v3/regions", `{"region":{"id":"north"}}`, 409},
			{"sysadmin", "POST /v3/domains", `{"domain":{"name":"red"}}`, 409}, {"sysadmin", "POST /v3/users", `{"user":{"name":"ann","domain_id":"{red}"}}`, 409},
			{"sysadmin", "POST /v3/users", big, 413}, {"sysadmin", "PATCH /v3/users/{ann}", big, 413}, {"sysadmin", "DELETE /v3/domains/{red}", "", 403},
			{"", "POST /v3/auth/tokens", "{}", 400}, {"", "POST /v3/auth/tokens", big, 413}, {"", "POST /v2.0/tokens", `{"auth":{}}`, 400},
			{"", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"{ann}","password":"x"}}}}}`, 401},
			{"", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":["token"],"token":{"id":"x"}}}}`, 401},
			{"", "POST /v3/users/{ann}/password", `{"user":{"original_password":"x","password":"yyyyyyyyyyyy"}}`, 401},
			{"", "POST /v2.0/tokens", `{"auth":{"passwordCredentials":{"username":"x","password":"y"}}}`, 401},
		} {
			method, path, _ := strings.Cut(row.do, " ")
			with := []apitest.With{apitest.Undocumented()}
			if row.as != "" {
				with = append(with, w.As(row.as))
			}
			if row.body != "" {
				with = append(with, apitest.Body(row.body))
			}
			r := w.Do(method, path, with...)
			if r.Status != row.want {
				t.Errorf("%s as %q with %.60s: got %d, want %d: %.200s", row.do, row.as, row.body, r.Status, row.want, r.Body)
			}
			id := r.Header.Get("X-Openstack-Request-Id")
			if seen[id] {
				t.Errorf("%s: the request id %s was there before", row.do, id)
			}
			seen[id] = true
			if !strings.Contains(w.Log.String(), `"request_id":"`+id+`"`) {
				t.Errorf("%s: the log does not know %s", row.do, id)
			}
		}
	}, quick)
}

// TestK5RefusalsFillTheLogNoFasterThanTheirRate fails to sign in a thousand times in twenty seconds: the log grows by so
// many lines a second however many that are, each line has a bounded length, and the lines and events are right about how
// many there were.
func TestK5RefusalsFillTheLogNoFasterThanTheirRate(t *testing.T) {
	t.Parallel()
	const seconds, each, rate, longest = 20, 50, 5, 600
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		db := rows(t, w)
		refused, before := 0, len(w.Log.String())
		for range seconds {
			for i := range each {
				r := w.Post("/v3/auth/tokens", signIn(w, `["password"]`, "ann", fmt.Sprintf("wrong%d", i%2)))
				if r.Status == http.StatusUnauthorized {
					refused++
				}
			}
			w.Clock.Advance(time.Second)
		}
		if refused != seconds*each {
			t.Errorf("%d were refused, want all %d", refused, seconds*each)
		}
		if err := w.Server.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		lines, told := 0, 0
		for line := range strings.Lines(w.Log.String()[before:]) {
			var l struct {
				Level         string
				Status, Count int
			}
			if err := json.Unmarshal([]byte(line), &l); err != nil || len(line) > longest {
				t.Errorf("a line of %d bytes (%v): %.200s", len(line), err, line)
			}
			if l.Level == slog.LevelDebug.String() {
				continue // what the server says of itself
			}
			if lines++; l.Status == http.StatusUnauthorized {
				told++
			}
			told += l.Count
		}
		if most := seconds * (rate + 1); lines > most || told != refused {
			t.Errorf("%d refusals made %d lines, want at most %d, and the lines tell of %d", refused, lines, most, told)
		}
		if n := tally(t, db, "SELECT COUNT(*) FROM event WHERE action = 'token.refuse' AND user_id = '"+w.ID("ann")+"'"); n != refused {
			t.Errorf("%d refusals made %d events", refused, n)
		}
	}, unfloored, func(c *config.Config) { c.Log.RefusalsPerSecond = rate })
}
