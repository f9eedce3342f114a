package features_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// TestT4 shows that what has happened is on record as long as the operator says, and not longer, and that what counts
// still counts when it is forgotten.
func TestT4(t *testing.T) {
	t.Parallel()
	const month = 30 * 24 * time.Hour
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		refused := w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID("ann"), "wrong", nil)).Want(http.StatusUnauthorized)
		explain := "/v3/explain/" + refused.Header.Get("X-Openstack-Request-Id")
		tidy := func(later time.Duration) {
			t.Helper()
			w.Clock.Advance(later)
			if err := w.Server.Tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		began := w.Clock.Now()
		tidy(month - time.Minute)
		if got := w.Get(explain, w.As("sysadmin")).Want(http.StatusOK); len(got.List("decisions")) == 0 {
			t.Errorf("in time: %s", got.Body)
		}
		last := w.Token("ann", "")
		tidy(time.Minute)
		if got := w.Get(explain, w.As("sysadmin")); got.Status != http.StatusNotFound {
			t.Errorf("too old: %s", got.Body)
		}
		for _, ev := range w.Events() {
			if !ev.At.After(began) {
				t.Errorf("%s of %v is on record", ev.Action, ev.At)
			}
		}

		// Whoever follows the events goes on: what is remembered of ann ends with the change.
		w.Get("/v3/auth/tokens", apitest.Token(last), apitest.Header("X-Subject-Token", last)).Want(http.StatusOK)
		w.Patch("/v3/users/{ann}", `{"user":{"enabled":false}}`, w.As("sysadmin")).Want(http.StatusOK)
		w.Get("/v3/auth/tokens", apitest.Token(last), apitest.Header("X-Subject-Token", last)).Want(http.StatusUnauthorized)
	}, func(c *config.Config) { c.Retention.Events, c.Retention.SignInFailures = month, month })
}
