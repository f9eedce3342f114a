package attack_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// atOnce runs f n times in parallel and returns what each run said.
func atOnce[T any](n int, f func(i int) T) []T {
	out := make([]T, n)
	var begin, done sync.WaitGroup
	begin.Add(1)
	for i := range n {
		done.Go(func() {
			begin.Wait()
			out[i] = f(i)
		})
	}
	begin.Done()
	done.Wait()
	return out
}

// nodesOf are the server of the world and one more on its database. On SQLite it is alone: a file has one server.
func nodesOf(w *apitest.World) []*apitest.World {
	if !strings.HasPrefix(w.Config.Database.URL.Reveal(), "postgres") {
		return []*apitest.World{w}
	}
	other, _ := w.Node()
	return []*apitest.World{w, other}
}

// count tells how many answers had the status.
func count(statuses []int, status int) int {
	n := 0
	for _, s := range statuses {
		if s == status {
			n++
		}
	}
	return n
}

// onceOnly fails the test unless exactly one answer is a success and all others are refusals.
func onceOnly(t *testing.T, what string, statuses []int) {
	t.Helper()
	if good, bad := count(statuses, http.StatusCreated), count(statuses, http.StatusUnauthorized); good != 1 || good+bad != len(statuses) {
		t.Errorf("%s: %d tokens and %d refusals of %d tries, want one token and refusals: %v", what, good, bad, len(statuses), statuses)
	}
}

func TestN1OneCodeInFiftySignInsAtOnceGivesOneToken(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		nodes := nodesOf(w)
		both := thePassword(w, "mia").and(code(w, "mia", mia.next()))
		onceOnly(t, "one code", atOnce(50, func(i int) int { return shown(nodes[i%len(nodes)], both).Status }))
		text := mia.next()
		receipts := []string{receiptOf(w, "mia"), receiptOf(w, "mia"), receiptOf(w, "mia"), receiptOf(w, "mia")}
		onceOnly(t, "one code with several receipts", atOnce(50, func(i int) int {
			return shown(nodes[i%len(nodes)], code(w, "mia", text), receipt(receipts[i%4])).Status
		}))
		mia.strong() // nobody is locked out by it
	})
}

func TestN2OneRecoveryCodeInFiftySignInsAtOnceGivesOneToken(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		nodes := nodesOf(w)
		both := thePassword(w, "mia").and(code(w, "mia", mia.codes[0]))
		onceOnly(t, "one recovery code", atOnce(50, func(i int) int { return shown(nodes[i%len(nodes)], both).Status }))
		if left := w.Get("/v3/users/{mia}/mfa", w.As("sysadmin")).Int("mfa.recovery_codes.remaining"); left != 3 {
			t.Errorf("%d recovery codes are left, want 3", left)
		}
	})
}

func TestN13OfTwoSetsOfRecoveryCodesMadeAtOnceOneWorks(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		mia := enrolled(w, "mia")
		token, nodes := mia.strong(), nodesOf(w)
		sets := atOnce(50, func(i int) []string {
			r := nodes[i%len(nodes)].Post("/v3/users/{mia}/mfa/recovery_codes", nil, apitest.Token(token)).Want(http.StatusCreated)
			var codes []string
			for _, c := range r.List("recovery_codes.codes") {
				codes = append(codes, c.(string))
			}
			return codes
		})
		good := 0
		for _, set := range sets {
			works := 0
			for _, c := range set[:2] {
				if shown(w, thePassword(w, "mia").and(code(w, "mia", c))).Status == http.StatusCreated {
					works++
				}
			}
			if works == 1 {
				t.Error("half of a set works")
			}
			good += works / 2
			w.Patch("/v3/users/{mia}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK) // ends pauses
		}
		if good != 1 {
			t.Errorf("%d sets work, want exactly one", good)
		}
	})
}

func TestN10OfManyChangesOfOnePasswordOneWins(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("alice", "red")
		nodes := nodesOf(w)
		wishes := make([]string, 50)
		for i := range wishes {
			wishes[i] = w.NewPassword()
		}
		old := w.Password("alice")
		statuses := atOnce(len(wishes), func(i int) int {
			return nodes[i%len(nodes)].Post("/v3/users/{alice}/password", user(map[string]any{"original_password": old, "password": wishes[i]})).Status
		})
		if won := count(statuses, http.StatusNoContent); won != 1 || won+count(statuses, http.StatusUnauthorized) != len(wishes) {
			t.Errorf("got %v, want one 204 and refusals", statuses)
		}
		for i, s := range statuses {
			w.Patch("/v3/users/{alice}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK) // ends pauses
			r := shown(w, password(w.ID("alice"), wishes[i]))
			if (s == http.StatusNoContent) != (r.Status == http.StatusCreated) {
				t.Errorf("change %d was answered %d, and its password signs in with %d", i, s, r.Status)
			}
		}
	}, crowded)
}
