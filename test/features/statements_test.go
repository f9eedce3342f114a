package features_test

import (
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// TestSignInsTakeSoManyStatements holds how much a sign-in asks of the database, once everything is remembered that may
// be: the second one of a day. BEGIN and COMMIT come on top.
func TestSignInsTakeSoManyStatements(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("mia", "red")
		mia := enrolled(w, "mia")
		_, secret := mia.remember("laptop")
		notified := 0
		if !strings.HasPrefix(w.Config.Database.URL.Reveal(), "sqlite:") {
			notified = 1 // the other nodes hear of it
		}
		for _, row := range []struct {
			name string
			most int
			body func() map[string]any
		}{
			{"password", 6, func() map[string]any { return apitest.PasswordBody(w.ID("ann"), w.Password("ann"), nil) }},
			{"password and code", 13, func() map[string]any { return mia.both(mia.next(), "") }},
			{"password and device", 15, func() map[string]any {
				return bodyOf(w, "mia", "", m{"password": mia.known(w.Password("mia")), "device": m{"secret": secret}})
			}},
		} {
			w.Post("/v3/auth/tokens", row.body()).Want(201)
			var sql []string
			for range 4 { // what changed is read anew once more when the news comes back by the stream
				r, again := w.Statements("POST", "/v3/auth/tokens", apitest.Body(row.body()))
				if r.Want(201); len(sql) == 0 || len(again) < len(sql) {
					sql = again
				}
			}
			if len(sql) > row.most+notified || len(sql) == 0 {
				t.Errorf("%s takes %d statements, want at most %d:\n\t%s", row.name, len(sql), row.most+notified, strings.Join(sql, "\n\t"))
			}
		}
	})
}

// TestSessionsTakeAsManyStatementsForManySessions: the list asks for all of them at once.
func TestSessionsTakeAsManyStatementsForManySessions(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		read := func(sessions int) int {
			t.Helper()
			have := len(w.Get("/v3/users/{ann}/sessions", w.As("sysadmin")).Want(200).List("sessions"))
			for ; have < sessions; have++ {
				w.Clock.Advance(time.Millisecond)
				signIn(w, "ann")
			}
			least := 1000
			for range 4 { // as above
				r, sql := w.Statements("GET", "/v3/users/{ann}/sessions", w.As("sysadmin"))
				if n := len(r.Want(200).List("sessions")); n != sessions {
					t.Errorf("%d sessions are listed, want %d", n, sessions)
				}
				least = min(least, len(sql))
			}
			return least
		}
		few, many := read(2), read(60)
		if few > 2 || many > few {
			t.Errorf("%d statements for 2 sessions, %d for 60; want at most 2, the user and the list, for both", few, many)
		}
	})
}
