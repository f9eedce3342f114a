package features_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// TestA16 has two gateways: the next one carries what the first certainly did not, nothing is ever sent twice for one
// request, people get in whatever one gateway does, and gateways change while the server runs.
func TestA16(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		addPhone(w, c, "ann", w.Token("ann", ""), number)
		in := func(name, how string, direct bool, by string) {
			t.Helper()
			c.does(how, "one")
			w.Clock.Advance(2 * time.Hour) // no gateway rests, and no wait
			receipt := half(w, "ann")
			r := ask(w, receipt).Want(http.StatusCreated)
			got := c.take()
			if len(got) != 1 {
				t.Fatalf("%s: %d messages were sent for one request: %v", name, len(got), got)
			}
			if !direct {
				if r.Str("challenge.status") != "uncertain" {
					t.Errorf("%s: got %s", name, r.Body)
				}
				w.Clock.Advance(31 * time.Second)
				ask(w, receipt).Want(http.StatusCreated)
				got = c.take()
			}
			if len(got) != 1 || got[0].gateway != by {
				t.Fatalf("%s: got %v, want one message by %s", name, got, by)
			}
			code := sixDigits.FindString(got[0].text)
			w.Post("/v3/auth/tokens", codeBody(w, "ann", "phone", code, nil), receipt).Want(http.StatusCreated)
		}
		in("a gateway that works", "", true, "one")
		in("a gateway that refuses", "refuses", true, "two")
		in("a gateway that is out of order", "fails", true, "two")
		in("a gateway that answers nothing in time", "hangs", false, "two")
		in("a gateway that answers garbage", "garbage", false, "two")
		in("a gateway that breaks", "breaks", false, "two")

		c.does("", "one")
		c.configure("three", "one")
		in("a gateway that came while the server runs", "", true, "three")
		if err := writeFile(c.path, "gateways: [{name: x, kind: http, url: 'http://example.com/'}]"); err != nil {
			t.Fatal(err)
		}
		in("a file that cannot be", "", true, "three") // the old ones stay
	})
}

// TestNoGatewayMeansNoCode tells people when nothing could be sent, and lets them ask again at once.
func TestNoGatewayMeansNoCode(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		addPhone(w, c, "ann", w.Token("ann", ""), number)
		c.does("fails", "one", "two")
		receipt := half(w, "ann")
		r := w.Post("/v3/auth/challenges", `{"challenge":{}}`, receipt, apitest.Allow5xx())
		r.Want(http.StatusServiceUnavailable).Has("phone_delivery_failed")
		c.does("", "one", "two")
		ask(w, receipt).Want(http.StatusCreated)
		c.code(w)
		if got := w.Get("/v3/mfa/gateways", w.As("sysadmin")).Want(200).Int("spent_today"); got != 2 {
			t.Errorf("spent %d: what failed costs nothing", got)
		}
	})
}

// TestA17 bounds messages by user, number, country, network and cost.
func TestA17(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]func(*config.Config){
		"user":    func(c *config.Config) { c.Phones.PerUser = 3 },
		"number":  func(c *config.Config) { c.Phones.PerNumber = 3 },
		"network": func(c *config.Config) { c.Phones.PerNetwork = 3 },
		"country": func(c *config.Config) { c.Phones.PerCountry = 3 },
		"budget":  func(c *config.Config) { c.Phones.DailyBudget = 30; c.Phones.SMSCost = 10 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
				w.User("ann", "red")
				addPhone(w, c, "ann", w.Token("ann", ""), number)
				receipt := half(w, "ann")
				for range 2 {
					ask(w, receipt).Want(http.StatusCreated)
					w.Clock.Advance(2 * time.Minute)
				}
				c.take()
				ask(w, receipt).Want(http.StatusTooManyRequests).Has("too_many_messages")
				ask(w, receipt).Want(http.StatusTooManyRequests).Has("too_many_messages") // the refusal costs nothing
				if got := c.take(); len(got) != 0 {
					t.Errorf("%d messages beyond the limit", len(got))
				}
				w.Clock.Advance(24 * time.Hour)
				ask(w, half(w, "ann")).Want(http.StatusCreated)
			}, limit, func(c *config.Config) { c.Receipt.TTL = time.Hour })
		})
	}
}

// TestA18 sends from what is configured for the country.
func TestA18(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		ann := apitest.Token(w.Token("ann", ""))
		for to, from := range map[string]string{number: "Acme", "+33612345678": "+15005550006"} {
			id := w.Post("/v3/users/{ann}/mfa/phones", map[string]any{"phone": map[string]any{"number": to}}, ann).Want(201).Str("phone.id")
			w.Post("/v3/users/{ann}/mfa/phones/"+id+"/verify", `{"phone":{}}`, ann).Want(201)
			if got := c.take(); len(got) != 1 || got[0].from != from || got[0].to != to {
				t.Errorf("to %s: got %v, want it from %s", to, got, from)
			}
			w.Clock.Advance(time.Minute)
		}
	})
}

// TestGuessingOverManyChallenges: new codes give no new guesses.
func TestGuessingOverManyChallenges(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		addPhone(w, c, "ann", w.Token("ann", ""), number)
		code := ""
		for i := range 10 {
			if i%4 == 0 {
				ask(w, half(w, "ann")).Want(http.StatusCreated)
				code = c.code(w)
				w.Clock.Advance(2 * time.Minute)
			}
			w.Post("/v3/auth/tokens", codeBody(w, "ann", "phone", other(code), nil), half(w, "ann")).Want(http.StatusUnauthorized)
		}
		w.Post("/v3/auth/tokens", codeBody(w, "ann", "phone", code, nil), half(w, "ann")).Want(http.StatusUnauthorized)
		w.Clock.Advance(time.Minute)
		w.Post("/v3/auth/tokens", codeBody(w, "ann", "phone", code, nil), half(w, "ann")).Want(http.StatusCreated)
	})
}

// TestNothingTellsWhoseANumberIs: adding a number that somebody else has goes as any other.
func TestNothingTellsWhoseANumberIs(t *testing.T) {
	t.Parallel()
	eachWithPhones(t, func(t *testing.T, w *apitest.World, c *carrier) {
		w.User("ann", "red")
		w.User("eve", "red")
		addPhone(w, c, "ann", w.Token("ann", ""), number)
		addPhone(w, c, "eve", w.Token("eve", ""), number)
		// Without the password nobody learns that ann has a phone.
		body := codeBody(w, "ann", "phone", "123456", nil)
		nobody := w.Post("/v3/auth/tokens", map[string]any{"auth": map[string]any{"identity": map[string]any{
			"methods": []string{"phone"}, "phone": map[string]any{"user": map[string]any{"id": "00000000000000000000000000000000", "passcode": "123456"}},
		}}}).Want(http.StatusUnauthorized)
		ann := w.Post("/v3/auth/tokens", body).Want(http.StatusUnauthorized)
		if string(ann.Body) != string(nobody.Body) {
			t.Errorf("got %s and %s", ann.Body, nobody.Body)
		}
		w.Post("/v3/auth/tokens", codeBody(w, "ann", "phone", "123456", nil), half(w, "eve")).Want(http.StatusUnauthorized)
	})
}
