package attack_test

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// tally returns the first column of a query's only row.
func tally(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// tidy is what the server does every minute.
func tidy(t *testing.T, w *apitest.World) {
	t.Helper()
	if err := w.Server.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// carried lets the server send codes, to a gateway that takes all of them and counts them.
func carried(t *testing.T) (o apitest.Option, sent *atomic.Int64) {
	t.Helper()
	sent = new(atomic.Int64)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sent.Add(1)
		_, _ = w.Write([]byte("ok"))
	}))
	t.Cleanup(gateway.Close)
	path := filepath.Join(t.TempDir(), "gateways.yaml")
	text := "gateways: [{name: one, kind: http, url: '" + gateway.URL + "', content_type: application/json, expect: ok, body: '{\"text\":\"{text}\",\"to\":\"{to}\"}'}]"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(c *config.Config) { c.Phones.GatewaysFile = path }, sent
}

// many is how often the tests below do what costs a row.
const many = 60

// TestJ8WhatIsNotFinishedIsBoundedAndForgotten begins much and finishes none of it.
func TestJ8WhatIsNotFinishedIsBoundedAndForgotten(t *testing.T) {
	t.Parallel()
	gateway, _ := carried(t)
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		db := rows(t, w)
		for _, row := range []struct {
			name, query string
			most        int
			// one is one of the many, and life how long what it leaves may live.
			one  func() *apitest.Response
			life time.Duration
		}{
			{"receipts", "SELECT (SELECT COUNT(*) FROM used_receipt) + (SELECT COUNT(*) FROM session s JOIN user_account u ON u.id = s.user_id WHERE u.name LIKE 'mia%')", 0,
				unfinished(w), w.Config.Receipt.TTL},
			{"enrolments of apps", "SELECT COUNT(*) FROM factor WHERE state = 'pending'", 10, unconfirmed(w), w.Config.MFA.PendingTTL},
			{"codes on their way to phones", "SELECT COUNT(*) FROM phone_code", w.Config.Phones.PerUser * 3, unread(w), 48 * time.Hour},
			{"counters of messages", "SELECT COUNT(*) FROM message_count", 20, unread(w), 72 * time.Hour},
			{"remembered devices", "SELECT COUNT(*) FROM device", w.Config.Devices.Max, manyDevices(w), w.Config.Devices.Life},
		} {
			tidy(t, w)
			if n := tally(t, db, row.query); n != 0 {
				t.Errorf("%s: %d rows before", row.name, n)
			}
			highest := 0
			for range many {
				if r := row.one(); r.Status >= 500 {
					t.Fatalf("%s: got %d %s", row.name, r.Status, r.Body)
				}
				highest = max(highest, tally(t, db, row.query))
			}
			if highest > row.most {
				t.Fatalf("%s: %d rows, want at most %d", row.name, highest, row.most)
			}
			if highest == 0 && row.most > 0 {
				t.Errorf("%s: there never was a row", row.name)
			}
			w.Clock.Advance(row.life)
			tidy(t, w)
			if n := tally(t, db, row.query); n != 0 {
				t.Errorf("%s: %d rows are left for ever", row.name, n)
			}
		}
	}, unfloored, gateway)
}

// unfinished shows a password of somebody who has a second factor, and no more.
func unfinished(w *apitest.World) func() *apitest.Response {
	enrolled(w, "mia")
	w.Clock.Advance(w.Config.Token.TTL)
	return func() *apitest.Response { return shown(w, thePassword(w, "mia")).Want(http.StatusUnauthorized) }
}

// unconfirmed begins to enrol an app.
func unconfirmed(w *apitest.World) func() *apitest.Response {
	w.User("una", "red")
	return func() *apitest.Response {
		r := w.Post("/v3/users/{una}/mfa/totp", `{"totp":{"name":"x"}}`, apitest.Token(w.Token("una", "")))
		if r.Status == http.StatusCreated {
			w.Secret(r.Str("totp.secret"))
		}
		return r
	}
}

// unread asks for a code for a phone, a minute after the last time. Pending phones end, so there is a new one at times.
func unread(w *apitest.World) func() *apitest.Response {
	name := "phil" + w.Clock.Now().Format("150405")
	w.User(name, "red")
	at := "/v3/users/{" + name + "}/mfa/phones"
	return func() *apitest.Response {
		w.Clock.Advance(time.Minute)
		fresh := apitest.Token(shown(w, thePassword(w, name)).Want(http.StatusCreated).Token())
		w.Post(at, `{"phone":{"number":"+4915112345678"}}`, fresh)
		return w.Post(at+"/"+w.Get(at, fresh).Want(http.StatusOK).Str("phones.0.id")+"/verify", `{"phone":{}}`, fresh)
	}
}

// manyDevices has a device remembered, for somebody whose password an administrator sets at times, which ends all devices.
func manyDevices(w *apitest.World) func() *apitest.Response {
	dora := enrolled(w, "dora")
	n := 0
	return func() *apitest.Response {
		if n++; n%25 == 0 {
			body := map[string]any{"user": map[string]any{"password": w.Password("dora")}}
			w.Patch("/v3/users/{dora}", body, w.As("sysadmin")).Want(http.StatusOK)
		}
		r := w.Post("/v3/users/{dora}/devices", `{"device":{"name":"laptop"}}`, apitest.Token(dora.strong()))
		if r.Status == http.StatusCreated {
			w.Secret(r.Str("device.secret"))
		}
		return r
	}
}

// TestJ3AHerdThatEnrolsAndAsksForCodesLeavesWhatOneWouldLeave is everything at once instead of one after the other.
func TestJ3AHerdThatEnrolsAndAsksForCodesLeavesWhatOneWouldLeave(t *testing.T) {
	t.Parallel()
	gateway, sent := carried(t)
	w := apitest.New(t, unfloored, gateway)
	w.User("una", "red")
	una := apitest.Token(w.Token("una", ""))
	phone := w.Post("/v3/users/{una}/mfa/phones", `{"phone":{"number":"+4915112345678"}}`, una).Want(http.StatusCreated).Str("phone.id")
	admin := w.Persona("admin")
	var mu sync.Mutex
	statuses := map[string]map[int]int{"totp": {}, "verify": {}}
	var all sync.WaitGroup
	note := func(what string, r *apitest.Response) {
		mu.Lock()
		defer mu.Unlock()
		statuses[what][r.Status]++
		if r.Status == http.StatusTooManyRequests && r.Header.Get("Retry-After") == "" {
			t.Error("nobody says when to come back")
		}
	}
	for range many {
		all.Go(func() {
			note("totp", w.Post("/v3/users/{una}/mfa/totp", `{"totp":{"name":"x"}}`, una, apitest.Allow5xx()))
		})
		all.Go(func() {
			note("verify", w.Post("/v3/users/{una}/mfa/phones/"+phone+"/verify", `{"phone":{}}`, una, apitest.Allow5xx()))
		})
	}
	for range 20 {
		begin := time.Now()
		w.Get("/v3/auth/tokens", apitest.Token(admin), subject(admin)).Want(http.StatusOK)
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("meanwhile a validation took %s", took)
		}
	}
	all.Wait()
	if got := statuses["totp"]; got[http.StatusCreated] != 9 || got[http.StatusCreated]+got[http.StatusConflict] != many {
		t.Errorf("beginning to enrol was answered %v, want 201 nine times, as the phone is the first of ten factors, and else 409", got)
	}
	if got := statuses["verify"]; got[http.StatusCreated] != 1 || got[http.StatusCreated]+got[http.StatusTooManyRequests] != many || sent.Load() != 1 {
		t.Errorf("asking for a code was answered %v and %d messages went out, want 201 and a message once, and else 429", got, sent.Load())
	}
}
