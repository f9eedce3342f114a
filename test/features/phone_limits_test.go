package features_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// A17: limits hold when many ask at once, for one person and for many.
func TestA17LimitsHoldAtOnce(t *testing.T) {
	t.Parallel()
	const people, most = 8, 5
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		for i := range people {
			user := fmt.Sprint("user", i)
			w.User(user, "red")
			addPhone(w, c, user, w.Token(user, ""), fmt.Sprint("+491511234567", i))
		}
		w.Clock.Advance(time.Hour)
		var receipts []apitest.With
		for i := range people {
			receipts = append(receipts, half(w, fmt.Sprint("user", i)))
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		statuses := map[int]int{}
		for range 6 {
			for _, receipt := range receipts {
				wg.Go(func() {
					r := ask(w, receipt)
					mu.Lock()
					defer mu.Unlock()
					statuses[r.Status]++
				})
			}
		}
		wg.Wait()
		got := c.take()
		if len(got) != most || statuses[http.StatusCreated] != most || statuses[http.StatusTooManyRequests] != 6*people-most {
			t.Errorf("%d messages, answers %v; want %d", len(got), statuses, most)
		}
		to := map[string]bool{}
		for _, x := range got {
			to[x.to] = true
		}
		if len(to) != most {
			t.Errorf("somebody got two: %v", got)
		}
		if spent := w.Get("/v3/mfa/gateways", w.As("sysadmin")).Want(http.StatusOK).Int("spent_today"); spent != people+most {
			t.Errorf("spent %d, want %d: a refusal costs nothing", spent, people+most)
		}
	}, func(cfg *config.Config) {
		cfg.Phones.PerNetwork, cfg.Phones.PerCountry = 0, 0
		cfg.Phones.DailyBudget = people + most
	})
}

// A17: who says that a number is his own does not use up the messages of who has confirmed it, and the operator
// learns which limit was reached.
func TestA17StrangersDoNotUseUpANumber(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		w.User("eve", "red")
		addPhone(w, c, "ann", w.Token("ann", ""), number)
		const at = "/v3/users/{eve}/mfa/phones"
		eve := apitest.Token(w.Token("eve", ""))
		id := w.Post(at, m{"phone": m{"number": number}}, eve).Want(http.StatusCreated).Str("phone.id")
		verify := func() *apitest.Response {
			w.Clock.Advance(2 * time.Minute)
			return w.Post(at+"/"+id+"/verify", `{"phone":{}}`, eve)
		}
		verify().Want(http.StatusCreated)
		r := verify().Want(http.StatusTooManyRequests).Has("too_many_messages")
		c.take()
		r = w.Get("/v3/explain/"+r.Header.Get("X-Openstack-Request-Id"), w.As("sysadmin")).Want(http.StatusOK)
		r.Has("phone_code.refuse").Has(`"counter":"number"`).Never("5112345")
		for range 2 {
			ask(w, half(w, "ann")).Want(http.StatusCreated)
			w.Clock.Advance(2 * time.Minute)
		}
		ask(w, half(w, "ann")).Want(http.StatusTooManyRequests).Has("too_many_messages")
	}, func(cfg *config.Config) { cfg.Phones.PerNumber = 4 })
}

// TestNoNumberIsTold: no number is in an event or in the log.
func TestNoNumberIsTold(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.Secret(number)
		w.Secret(number[1:])
		w.User("ann", "red")
		addPhone(w, c, "ann", w.Token("ann", ""), number)
		byPhone(w, c, "ann", nil).Want(http.StatusCreated)
		c.does("fails", "one", "two")
		w.Clock.Advance(time.Hour)
		w.Post("/v3/auth/challenges", `{"challenge":{}}`, half(w, "ann"), apitest.Allow5xx()).Want(http.StatusServiceUnavailable)
		actions := map[string]int{}
		for _, ev := range w.Events() {
			if text := fmt.Sprintf("%+v", ev); strings.Contains(text, number[3:]) {
				t.Errorf("an event tells %s", text)
			}
			actions[ev.Action]++
		}
		for action, n := range map[string]int{"factor.create": 1, "factor.confirm": 1, "phone_code.create": 3, "phone_code.send": 3} {
			if actions[action] != n {
				t.Errorf("%s: %d events, want %d", action, actions[action], n)
			}
		}
	})
}
