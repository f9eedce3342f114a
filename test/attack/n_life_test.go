package attack_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// crowded lets as many passwords wait as a race has.
func crowded(c *config.Config) {
	c.Lockout.FailureFloor, c.Password.Queue, c.Password.Wait = 0, 1000, 20*time.Second
}

// undone deletes everything that an owner made for programs and for others, and ends his session.
func undone(w *apitest.World, o owner, session string) {
	admin, id := w.As("sysadmin"), w.ID(o.name)
	for _, list := range [][3]string{
		{"/v3/users/" + id + "/application_credentials", "application_credentials", "/v3/users/" + id + "/application_credentials/"},
		{"/v3/OS-TRUST/trusts?trustor_user_id=" + id, "trusts", "/v3/OS-TRUST/trusts/"},
		{"/v3/credentials?user_id=" + id, "credentials", "/v3/credentials/"},
		{"/v3/users/" + id + "/OS-OAUTH1/access_tokens", "access_tokens", "/v3/users/" + id + "/OS-OAUTH1/access_tokens/"},
	} {
		for _, one := range w.Get(list[0], admin).Want(http.StatusOK).Names(list[1], "id") {
			w.Delete(list[2]+one, admin).Want(http.StatusNoContent)
		}
	}
	w.Delete("/v3/auth/tokens", admin, subject(session)).Want(http.StatusNoContent)
}

// TestN7SignInsUnderWayGiveNothingThatLasts: whoever signs in, in whatever way, while that ends on which the sign-in
// stands, is refused or gets a token that is dead on every node.
func TestN7SignInsUnderWayGiveNothingThatLasts(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		nodes := nodesOf(w)
		all := fates()
		for i, what := range []string{"A3 he is disabled", "A4 he is deleted", "A7 he loses his roles", "A8 the project is deleted", "what he made is deleted"} {
			o := settled(w, "owner "+string(rune('a'+i)), "default")
			session := continued(w, w.Token(o.name, ""), onProject(w.ID(o.project))).Want(http.StatusCreated)
			first := w.Token(o.name, o.scope())
			var open []func(*apitest.World) *apitest.Response
			for _, v := range o.ways() {
				if what != "what he made is deleted" || !strings.HasPrefix(v.name, "a password") {
					open = append(open, v.prepare(w, o, first))
				}
			}
			texts := atOnce(53, func(i int) string {
				if i == 26 {
					if end := all[what]; end != nil {
						end(w, o)
					} else {
						undone(w, o, first)
					}
					return session.Token()
				}
				return tokenIn(w, open[i%len(open)](nodes[i%len(nodes)]))
			})
			given := 0
			for i, text := range texts {
				if text == "" || i == 26 && all[what] == nil {
					continue
				}
				given++
				if !gone(w, text) {
					t.Errorf("%s: a sign-in (%d) that was under way gave a token that is good", what, i%len(open))
				}
				for _, n := range nodes[1:] {
					apitest.Within(t, time.Second, what+" on the other node", func() bool { return gone(n, text) })
				}
			}
			t.Logf("%s: %d of %d got a token first", what, given, len(texts))
		}
	}, crowded)
}

// TestN10SignInsWithAPasswordThatIsBeingReplaced give no token that outlives it.
func TestN10SignInsWithAPasswordThatIsBeingReplaced(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("alice", "red")
		nodes := nodesOf(w)
		body := signInBody(w, "alice", "unscoped")
		texts := atOnce(51, func(i int) string {
			if i == 25 {
				w.SetPassword("alice")
				return ""
			}
			return nodes[i%len(nodes)].Post("/v3/auth/tokens", body).Token()
		})
		for _, text := range texts {
			if text != "" && !gone(w, text) {
				t.Error("a token of the former password is good")
			}
		}
		w.Post("/v3/auth/tokens", body).Want(http.StatusUnauthorized)
		w.Patch("/v3/users/{alice}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK) // ends pauses
		w.Token("alice", "")
	}, crowded)
}

// TestN1OneCodeChangesThePasswordOrSignsIn but not both.
func TestN1OneCodeChangesThePasswordOrSignsIn(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		nodes := nodesOf(w)
		text, old := mia.next(), w.Password("mia")
		wishes := make([]string, 50)
		for i := range wishes {
			wishes[i] = w.NewPassword()
		}
		both := thePassword(w, "mia").and(code(w, "mia", text))
		statuses := atOnce(len(wishes), func(i int) int {
			n := nodes[i/2%len(nodes)]
			if i%2 == 0 {
				return shown(n, both).Status
			}
			return n.Post("/v3/users/{mia}/password", user(map[string]any{"original_password": old, "password": wishes[i], "passcode": text})).Status
		})
		won := count(statuses, http.StatusCreated) + count(statuses, http.StatusNoContent)
		if won != 1 || won+count(statuses, http.StatusUnauthorized) != len(statuses) {
			t.Errorf("one code was good %d times: %v", won, statuses)
		}
	}, crowded)
}

// TestB18OneCodeConfirmsOnce, and shows the recovery codes once.
func TestB18OneCodeConfirmsOnce(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		token := w.Token("ann", "")
		ann := begun(w, "ann", token)
		text := ann.next()
		sheets := atOnce(50, func(int) bool {
			r := ann.confirm(token, text)
			return r.Status == http.StatusOK && r.Value("recovery_codes") != nil
		})
		shown := 0
		for _, yes := range sheets {
			if yes {
				shown++
			}
		}
		if shown != 1 {
			t.Errorf("recovery codes were shown %d times", shown)
		}
	}, crowded)
}

// TestB8GuessesAtOnceAreLimited: codes on all nodes, and the secrets of application credentials.
func TestB8GuessesAtOnceAreLimited(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		w.User("alice", "red")
		w.Grant("alice", "member", "project:red/p1")
		p := programOf(w, "alice", "backup", "")
		nodes := nodesOf(w)
		w.Clock.Advance(time.Hour)
		wrong := thePassword(w, "mia").and(code(w, "mia", "abcdef"))
		guess := p
		guess.secret += "x"
		for _, status := range atOnce(100, func(i int) int {
			if i%2 == 0 {
				return shown(nodes[i/2%len(nodes)], wrong).Status
			}
			k := guess
			k.w = nodes[i/2%len(nodes)]
			return k.signIn(nil).Status
		}) {
			if status != http.StatusUnauthorized {
				t.Errorf("a guess is answered %d", status)
			}
		}
		for _, n := range nodes {
			tokenless(t, "the right code after them", shown(n, thePassword(n, "mia").and(code(n, "mia", mia.at(0)))))
			tokenless(t, "a recovery code after them", shown(n, thePassword(n, "mia").and(code(n, "mia", mia.codes[0]))))
			tokenless(t, "the right secret after them", program{n, "alice", p.id, p.secret}.signIn(nil))
		}
		w.Clock.Advance(time.Hour)
		mia.strong()
		p.token()
	}, crowded)
}

func TestQ5FiftyValidationsWhileKeysRotate(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		nodes := nodesOf(w)
		keys, admin := w.Keys(), w.As("sysadmin")
		texts := []string{w.Token("alice", "project:red/p1")}
		for range 3 {
			answers := atOnce(61, func(i int) *apitest.Response {
				n := nodes[i%len(nodes)]
				switch text := texts[i%len(texts)]; {
				case i == 30:
					if err := keys.Rotate(context.WithoutCancel(t.Context()), false); err != nil {
						t.Error(err)
					}
					return nil
				case i%6 == 5:
					return continued(n, text, onProject(w.ID("red/p2")))
				default:
					return n.Get("/v3/auth/tokens?nocatalog", admin, subject(text))
				}
			})
			for _, r := range answers {
				if r == nil {
					continue
				}
				if r.Status >= http.StatusBadRequest {
					t.Errorf("while the keys rotate a live token is answered %d", r.Status)
				}
				if r.Status == http.StatusCreated {
					texts = append(texts, r.Token())
				}
			}
		}
		for _, n := range nodes {
			for _, text := range texts {
				if gone(n, text) {
					t.Error("a token from the time of a rotation is dead")
				}
			}
		}
	}, quick)
}
