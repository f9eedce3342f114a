package attack_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// watchful is a server that refuses what is a little unusual, and believes whoever says where a client is.
func watchful(c *config.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c.Risk.Refuse = 30
}

func using(address, browser string) []apitest.With {
	return []apitest.With{apitest.Header("X-Forwarded-For", address), apitest.Header("User-Agent", browser)}
}

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
	safari  = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15"
)

// resident is a user who signs in from one place.
func resident(w *apitest.World, name string) {
	w.User(name, "red")
	for range 6 {
		w.Clock.Advance(24 * time.Hour)
		shown(w, thePassword(w, name), using("203.0.113.9", firefox)...).Want(http.StatusCreated)
	}
}

// Who does not know the password learns nothing about where the person usually is.
func TestUnusualActivityTellsStrangersNothing(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		resident(w, "ann")
		away := using("198.51.100.9", safari)
		shown(w, thePassword(w, "ann"), away...).Want(http.StatusUnauthorized).Has("risk_refused") // so it matters where one is
		for what, r := range map[string]*apitest.Response{
			"from home":            shown(w, password(w.ID("ann"), "wrong"), using("203.0.113.9", firefox)...),
			"from elsewhere":       shown(w, password(w.ID("ann"), "wrong"), away...),
			"a code alone":         shown(w, code(w, "ann", "123456"), away...),
			"a code and the wrong": shown(w, password(w.ID("ann"), "wrong").and(code(w, "ann", "123456")), away...),
		} {
			alike(t, what, r, unknown(w))
		}
		shown(w, thePassword(w, "ann"), using("203.0.113.9", firefox)...).Want(http.StatusCreated)
	}, watchful)
}

// Whatever strangers try, whom they try it at is let in at home: where even little is refused, and, by default, when they
// know the password and were everywhere.
func TestUnusualActivityLocksNobodyOut(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		resident(w, "ann")
		for i := range 60 {
			shown(w, password(w.ID("ann"), "wrong"), using(fmt.Sprintf("198.51.%d.9", i), safari)...).Want(http.StatusUnauthorized)
			shown(w, thePassword(w, "ann"), using(fmt.Sprintf("198.51.%d.9", i), safari)...).Want(http.StatusUnauthorized)
		}
		shown(w, thePassword(w, "ann"), using("203.0.113.9", firefox)...).Want(http.StatusCreated)

		byDefault, _ := w.Node(func(c *config.Config) { c.Risk = config.Default().Risk })
		for i := range 60 {
			w.Clock.Advance(time.Minute)
			shown(byDefault, thePassword(w, "ann"), using(fmt.Sprintf("198.51.%d.9", i), fmt.Sprint("Thief", i, "/1.0"))...).Want(http.StatusCreated)
		}
		shown(byDefault, thePassword(w, "ann"), using("203.0.113.9", firefox)...).Want(http.StatusCreated)
	}, watchful)
}

// Sign-ins at once, from no more places than are remembered, may forget an observation, and none of them fails for it.
func TestUnusualActivityRaces(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		resident(w, "ann")
		other := w
		if w.Config.Database.URL.Reveal()[:6] != "sqlite" { // which has one node
			other, _ = w.Node()
		}
		var all sync.WaitGroup
		answers := make([]*apitest.Response, 50)
		for i := range answers {
			node := []*apitest.World{w, other}[i%2]
			all.Go(func() {
				answers[i] = shown(node, thePassword(w, "ann"), using(fmt.Sprintf("198.51.%d.9", i%15), fmt.Sprint("Browser", i%5, "/1.0"))...)
			})
		}
		all.Wait()
		for i, r := range answers {
			if r.Status != http.StatusCreated {
				t.Errorf("sign-in %d: %d %s", i, r.Status, r.Body)
			}
		}
		w.Clock.Advance(time.Hour)
		r := shown(w, thePassword(w, "ann"), using("203.0.113.9", firefox)...).Want(http.StatusCreated)
		seen := w.Get("/v3/users/{ann}/sessions", apitest.Token(r.Token())).Want(http.StatusOK)
		if got := seen.Value("sessions.0.risk.reasons"); fmt.Sprint(got) != "[]" {
			t.Errorf("at home, afterwards: %v", got)
		}
	}, func(c *config.Config) {
		watchful(c)
		c.Risk.Refuse = 0
		c.Password.Queue = 100
	})
}
