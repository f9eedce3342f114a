package attack_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/dbtest"
	"github.com/keyward/identity/internal/token"
)

// nodes are two servers on one PostgreSQL database, the second with a stream of events that can be cut.
func nodes(t *testing.T) (a, b *apitest.World, stream *apitest.Stream) {
	t.Helper()
	a = apitest.On(t, dbtest.PostgreSQL(t), unfloored)
	cast(a)
	a.Grant("alice", "member", "domain:red")
	b, stream = a.Node()
	return a, b, stream
}

// change is something that happens on one node and ends a token on all of them.
type change struct {
	name string
	// token makes the token that ends.
	token func(w *apitest.World) string
	// end is what happens, and again makes it possible to happen once more.
	end, again func(w *apitest.World)
}

func aliceOn(scope string) func(*apitest.World) string {
	return func(w *apitest.World) string { return w.Token("alice", scope) }
}

// patches returns what switches an object off and on.
func patches(path, kind string) (off, on func(*apitest.World)) {
	set := func(yes bool) func(*apitest.World) {
		return func(w *apitest.World) {
			w.Patch(path, enabled(kind, yes), w.As("sysadmin")).Want(http.StatusOK)
		}
	}
	return set(false), set(true)
}

func changes() []change {
	var held string
	all := []change{{
		name: "revocation",
		token: func(w *apitest.World) string {
			held = w.Token("alice", "project:red/p1")
			return held
		},
		end: func(w *apitest.World) {
			w.Delete("/v3/auth/tokens", w.As("sysadmin"), subject(held)).Want(http.StatusNoContent)
		},
	}, {
		name: "the loss of the last role", token: aliceOn("project:red/p1"),
		end: func(w *apitest.World) {
			w.Delete("/v3/projects/{red/p1}/users/{alice}/roles/{role member}", w.As("sysadmin")).Want(http.StatusNoContent)
		},
		again: func(w *apitest.World) { w.Grant("alice", "member", "project:red/p1") },
	}, {
		name: "a new password", token: aliceOn(""), end: func(w *apitest.World) { w.SetPassword("alice") },
	}}
	all = append(all, change{
		name: "the end of a trust",
		token: func(w *apitest.World) string {
			trusted(w, "the trust", nil)
			return trustee(w, "the trust").Want(http.StatusCreated).Token()
		},
		end: func(w *apitest.World) {
			w.Delete("/v3/OS-TRUST/trusts/{the trust}", w.As("sysadmin")).Want(http.StatusNoContent)
		},
	})
	for _, c := range []struct{ name, path, kind, scope string }{
		{"the end of the user", "/v3/users/{alice}", "user", ""},
		{"the end of the project", "/v3/projects/{red/p1}", "project", "project:red/p1"},
		{"the end of the domain", "/v3/domains/{red}", "domain", "domain:red"},
	} {
		off, on := patches(c.path, c.kind)
		all = append(all, change{name: c.name, token: aliceOn(c.scope), end: off, again: on})
	}
	return all
}

func gone(w *apitest.World, text string) bool {
	return w.Get("/v3/auth/projects", apitest.Token(text)).Status == http.StatusUnauthorized
}

// warm makes a node remember everything about a token.
func warm(t *testing.T, w *apitest.World, text string) {
	t.Helper()
	for range 2 {
		if r := w.Get("/v3/auth/projects", apitest.Token(text)); r.Status != http.StatusOK {
			t.Fatalf("a live token is answered %d by the other node", r.Status)
		}
	}
}

func TestQ1WhatEndsOnOneNodeEndsOnTheOtherWithinASecond(t *testing.T) {
	t.Parallel()
	a, b, _ := nodes(t)
	worst := time.Duration(0)
	for _, c := range changes() {
		for range 4 {
			text := c.token(a)
			if c.again != nil {
				apitest.Within(t, time.Second, "the other node knows that the token is good", func() bool { return !gone(b, text) })
			}
			warm(t, b, text)
			c.end(a)
			if !gone(a, text) {
				t.Fatalf("%s: the node that did it still takes the token", c.name)
			}
			worst = max(worst, apitest.Within(t, time.Second, c.name+" on the other node", func() bool { return gone(b, text) }))
			dead(t, b.In(t), c.name, text)
			if c.again != nil {
				c.again(a)
			}
		}
	}
	t.Logf("the slowest was seen after %v", worst)
}

func TestQ1ANodeThatHearsNothingAsksTheDatabase(t *testing.T) {
	t.Parallel()
	a, b, stream := nodes(t)
	for _, c := range changes() {
		text := c.token(a)
		if c.again != nil {
			apitest.Within(t, time.Second, "the other node knows that the token is good", func() bool { return !gone(b, text) })
		}
		warm(t, b, text)
		stream.Cut()
		c.end(a)
		apitest.Within(t, time.Second, c.name+", on a node that cannot hear", func() bool { return gone(b, text) })
		stream.Mend()
		if c.again != nil {
			c.again(a)
		}
	}

	// Once it knows that it hears nothing, each answer comes from the database.
	text := aliceOn("project:red/p1")(a)
	apitest.Within(t, time.Second, "the node hears again", func() bool { return !gone(b, text) })
	warm(t, b, text)
	stream.Cut()
	off, on := patches("/v3/projects/{red/p1}", "project")
	off(a)
	apitest.Within(t, time.Second, "the node stops trusting what it remembers", func() bool { return gone(b, text) })
	for round := range 20 {
		on(a)
		if gone(b, text) {
			t.Fatalf("round %d: the node without a stream does not see what was just switched on", round)
		}
		off(a)
		if !gone(b, text) {
			t.Fatalf("round %d: the node without a stream does not see what was just switched off", round)
		}
	}
	on(a)
	if r := b.SignIn("alice", "project:red/p1"); r.Status != http.StatusCreated {
		t.Errorf("a sign-in on a node without a stream is answered %d", r.Status)
	}
	stream.Mend()
	apitest.Within(t, time.Second, "the node hears again", func() bool { return !gone(b, text) })
	warm(t, b, text)
	off(a)
	apitest.Within(t, time.Second, "a change after the stream is back", func() bool { return gone(b, text) })
}

func TestQ3WhatOneNodeMadeTheOtherServes(t *testing.T) {
	t.Parallel()
	a, b, _ := nodes(t)
	for range 20 {
		id := a.Post("/v3/projects", map[string]any{"project": map[string]any{"name": a.NewPassword(), "domain_id": a.ID("red")}}, a.As("sysadmin")).Want(http.StatusCreated).Str("project.id")
		b.Get("/v3/projects/"+id, b.As("sysadmin")).Want(http.StatusOK)
		text := a.Token("alice", "project:red/p1")
		warm(t, b, text)
		next := continued(b, text, onProject(a.ID("red/p2"))).Want(http.StatusCreated).Token()
		warm(t, a, next)
	}
}

func TestQ5KeysRotateOnBothNodes(t *testing.T) {
	t.Parallel()
	a, b, _ := nodes(t)
	keys := a.Keys()
	for range 5 {
		before := b.Token("alice", "")
		if err := keys.Rotate(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		active := inState(t, keys, token.Active)[0]
		// Whichever of them has heard: what one signs now the other takes.
		for range 3 {
			warm(t, b, a.Token("alice", ""))
			warm(t, a, b.Token("alice", ""))
		}
		for _, w := range []*apitest.World{a, b} {
			apitest.Within(t, time.Second, "a node signs with the next key", func() bool { return published(t, w)[0] == active })
			warm(t, w, before)
		}
	}
	stolen, text := a.Signer(), a.Token("alice", "")
	if err := keys.Rotate(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	for _, w := range []*apitest.World{a, b} {
		apitest.Within(t, time.Second, "a node refuses the leaked key", func() bool { return gone(w, text) })
		if slices.Contains(published(t, w), stolen.KID) {
			t.Error("a node still publishes the leaked key")
		}
	}
}

func TestQ13TriesOnBothNodesCountTogether(t *testing.T) {
	t.Parallel()
	a, b, _ := nodes(t)
	wrong := apitest.PasswordBody(a.ID("alice"), a.NewPassword(), nil)
	for i := range a.Config.Lockout.PasswordAttempts {
		w := []*apitest.World{a, b}[i%2]
		w.Post("/v3/auth/tokens", wrong).Want(http.StatusUnauthorized)
	}
	for _, w := range []*apitest.World{a, b} {
		w.SignIn("alice", "").Want(http.StatusUnauthorized)
	}
	a.Clock.Advance(a.Config.Lockout.Duration)
	b.SignIn("alice", "").Want(http.StatusCreated)
}
