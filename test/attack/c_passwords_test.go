package attack_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// behindAProxy makes the server believe the test's X-Forwarded-For.
func behindAProxy(c *config.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

func from(address string) apitest.With { return apitest.Header("X-Forwarded-For", address) }

// byName is a password of a user named in a domain.
func byName(user, domain, text string) shows {
	return shows{"password": map[string]any{"user": map[string]any{
		"name": user, "password": text, "domain": map[string]any{"name": domain},
	}}}
}

// classes are sign-ins that must all be answered alike.
func classes(w *apitest.World) map[string]shows {
	for _, u := range []string{"alice", "off", "locked"} {
		w.User(u, "red")
	}
	w.User("gone", "grey")
	w.Post("/v3/users", `{"user":{"name":"blank","domain_id":"{red}"}}`, w.As("sysadmin")).Want(http.StatusCreated)
	w.Patch("/v3/users/{off}", enabled("user", false), w.As("sysadmin")).Want(http.StatusOK)
	w.Patch("/v3/domains/{grey}", enabled("domain", false), w.As("sysadmin")).Want(http.StatusOK)
	wrongPasswords(w, "locked", 5)
	return map[string]shows{
		"a wrong password":                     password(w.ID("alice"), "wrong"),
		"a wrong password by name":             byName("alice", "red", "wrong"),
		"an empty password":                    password(w.ID("alice"), ""),
		"no such user":                         byName("nobody", "red", "wrong"),
		"no such id":                           password(strings.Repeat("ab", 16), "wrong"),
		"an id of another form":                password("' OR 1=1 --", "wrong"),
		"a disabled user, right password":      password(w.ID("off"), w.Password("off")),
		"a disabled user, wrong password":      password(w.ID("off"), "wrong"),
		"a locked user, right password":        password(w.ID("locked"), w.Password("locked")),
		"a locked user, wrong password":        password(w.ID("locked"), "wrong"),
		"a disabled domain, right password":    password(w.ID("gone"), w.Password("gone")),
		"the right name in another domain":     byName("alice", "default", w.Password("alice")),
		"no such domain":                       byName("alice", "no such domain", w.Password("alice")),
		"a user without a password":            byName("blank", "red", "wrong"),
		"a user without a password, empty one": byName("blank", "red", ""),
		"a project's name for a domain":        byName("alice", "admin", w.Password("alice")),
	}
}

func TestC1RefusalsDoNotTellWhoExists(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		all := classes(w)
		want := unknown(w)
		for what, s := range all {
			alike(t, what, shown(w, s), want)
		}
		for what, id := range map[string]string{"alice": "alice", "a disabled user": "off"} {
			change := map[string]any{"user": map[string]any{"original_password": "wrong", "password": w.NewPassword()}}
			alike(t, "a change of password, "+what, w.Post("/v3/users/{"+id+"}/password", change), want)
			alike(t, "a change of password, nobody", w.Post("/v3/users/"+strings.Repeat("cd", 16)+"/password", change), want)
		}
		scopes := map[string]any{"a project that is not there": onProject("none"), "a foreign project": onProject(w.Project("blue", "secret"))}
		for what, scope := range scopes {
			alike(t, what, w.Post("/v3/auth/tokens", thePassword(w, "alice").body(scope)), want)
		}
		shown(w, thePassword(w, "alice")).Want(http.StatusCreated)
	})
}

// Real time, coarse on purpose: no refusal is faster than the floor, whatever work it caused.
func TestC2NoRefusalIsFasterThanTheFloor(t *testing.T) {
	t.Parallel()
	const floor = 60 * time.Millisecond
	w := apitest.New(t, func(c *config.Config) { c.Lockout.FailureFloor = floor })
	mia := enrolled(w, "mia")
	w.Clock.Advance(time.Hour)
	all := classes(w)
	all["a code alone"] = code(w, "mia", mia.at(0))
	all["a wrong code"] = thePassword(w, "mia").and(code(w, "mia", "000000"))
	for what, s := range all {
		began := time.Now()
		shown(w, s).Want(http.StatusUnauthorized)
		if took := time.Since(began); took < floor {
			t.Errorf("%s: refused after %v, want %v at least", what, took, floor)
		}
	}
}

func TestC3AFewWrongPasswordsMakeAnAccountRest(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("alice", "red")
		want := unknown(w)
		for range 5 {
			alike(t, "a wrong password", shown(w, password(w.ID("alice"), "wrong")), want)
		}
		r := shown(w, thePassword(w, "alice"))
		alike(t, "the right password", r, want)
		r.Never(w.ID("alice")).Never("lock").Never("Retry")
		other, _ := w.Node()
		alike(t, "on another node", shown(other, thePassword(w, "alice")), want)
		w.Clock.Advance(30*time.Second - time.Millisecond)
		alike(t, "just before the pause ends", shown(w, thePassword(w, "alice")), want)
		w.Clock.Advance(time.Millisecond)
		alike(t, "another wrong one", shown(w, password(w.ID("alice"), "wrong")), want)
		w.Clock.Advance(time.Minute - time.Millisecond)
		alike(t, "the pause has doubled", shown(w, thePassword(w, "alice")), want)
		w.Clock.Advance(time.Millisecond)
		shown(w, thePassword(w, "alice")).Want(http.StatusCreated)
		wrongPasswords(w, "alice", 4) // the success began a new count
		shown(w, thePassword(w, "alice")).Want(http.StatusCreated)
		wrongPasswords(w, "alice", 5)
		w.Patch("/v3/users/{alice}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK)
		shown(w, thePassword(w, "alice")).Want(http.StatusCreated) // an administrator ends the pause
	})
}

func TestC5ParallelGuessesAreLimitedToo(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("alice", "red")
		for i, status := range atOnce(100, func(int) int { return shown(w, password(w.ID("alice"), "wrong")).Status }) {
			if status != http.StatusUnauthorized {
				t.Errorf("guess %d: got %d", i, status)
			}
		}
		tokenless(t, "the right password after them", shown(w, thePassword(w, "alice")))
		w.Clock.Advance(time.Hour)
		shown(w, thePassword(w, "alice")).Want(http.StatusCreated)
	}, func(c *config.Config) { c.Password.Queue, c.Password.Wait = 1000, 20*time.Second })
}

func TestC7StrangersDoNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("alice", "red")
		home, away := from("198.51.100.7"), from("203.0.113.9")
		live := shown(w, thePassword(w, "alice"), home).Want(http.StatusCreated).Token()
		wrongPasswords(w, "alice", 5, away)
		tokenless(t, "where the stranger is", shown(w, thePassword(w, "alice"), away))
		tokenless(t, "from a neighbour of the stranger", shown(w, thePassword(w, "alice"), from("203.0.113.200")))
		shown(w, thePassword(w, "alice"), home).Want(http.StatusCreated)
		shown(w, thePassword(w, "alice"), from("192.0.2.44")).Want(http.StatusCreated)
		for i := range 20 { // many strangers
			wrongPasswords(w, "alice", 5, from(fmt.Sprintf("10.9.%d.1", i)))
		}
		tokenless(t, "from an unknown network, after a hundred", shown(w, thePassword(w, "alice"), from("10.99.1.1")))
		w.Get("/v3/auth/projects", apitest.Token(live), home).Want(http.StatusOK)
		shown(w, thePassword(w, "alice"), home).Want(http.StatusCreated)
	}, behindAProxy)
}

func TestC7AnAddressIsBelievedFromProxiesOnly(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.User("alice", "red")
	for i := range 5 {
		wrongPasswords(w, "alice", 1, from(fmt.Sprintf("10.9.%d.1", i)))
	}
	tokenless(t, "yet another address that the client made up", shown(w, thePassword(w, "alice"), from("10.1.2.3")))
}

func TestC9OddPasswordsNeverSignIn(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("alice", "red")
		w.Name("blank", w.Post("/v3/users", `{"user":{"name":"blank","domain_id":"{red}"}}`, w.As("sysadmin")).Want(http.StatusCreated).Str("user.id"))
		for _, user := range []string{"alice", "blank"} {
			for _, odd := range []string{`""`, `null`, `" "`, `{}`, `[]`, `0`, `true`, `"\u0000"`, `"\ud800"`, `"` + strings.Repeat("x", 5000) + `"`, ``} {
				member := `,"password":` + odd
				if odd == "" {
					member = ""
				}
				r := w.Post("/v3/auth/tokens", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"{`+user+`}"`+member+`}}}}}`)
				if r.Status != 400 && r.Status != 401 || r.Token() != "" {
					t.Errorf("%s with %.20s: got %d", user, odd, r.Status)
				}
			}
			w.Patch("/v3/users/{"+user+"}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK)
		}
		shown(w, thePassword(w, "alice")).Want(http.StatusCreated)
	})
}

func TestC10EveryCharacterOfAPasswordCounts(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.User("alice", "red")
	long := w.NewPassword() + strings.Repeat("é-9xQ", 20)
	long = string([]rune(long)[:100])
	w.Patch("/v3/users/{alice}", map[string]any{"user": map[string]any{"password": long}}, w.As("sysadmin")).Want(http.StatusOK)
	cut := func(n int) string { return string([]rune(long)[:n]) }
	for what, text := range map[string]string{
		"72 characters": cut(72), "72 bytes": long[:72], "99 characters": cut(99), "one more": long + "x", "a space more": long + " ",
		"upper case": strings.ToUpper(long),
	} {
		tokenless(t, what, shown(w, password(w.ID("alice"), text)))
		w.Patch("/v3/users/{alice}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK)
	}
	shown(w, password(w.ID("alice"), long)).Want(http.StatusCreated)
	decomposed := strings.ReplaceAll(long, "é", "e\u0301")
	shown(w, password(w.ID("alice"), decomposed)).Want(http.StatusCreated) // the same text in Unicode's eyes
}

// Hashes that Keystone wrote are good until the first sign-in, which makes a new one of the whole password.
func TestC10ImportedHashesAreReplacedAtTheFirstSignIn(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		long := strings.Repeat("long-passphrase-", 6)[:90]
		for user, c := range map[string]struct{ hash, password string }{
			"bcrypt":         {"$2b$04$abcdefghijklmnopqrstuuBoCxmTYQMsE8ZSVGd554L/e/uF9KRl.", long},
			"54 characters":  {"$2b$04$abcdefghijklmnopqrstuu/Plfl1lt5roJCJEcnadhPUdUmUlgm12", long},
			"bcrypt_sha256":  {"$bcrypt-sha256$2a,5$5Hg1DKFqPE8C2aflZ5vVoe$12BjNE0p7axMg55.Y/mHsYiVuFBDQyu", "password"},
			"pbkdf2":         {"$pbkdf2-sha512$1000$B6BUSsnZm5NyrjUGAIBw7g$uUju3nS.HQcFT07gTcT4ezNxh92nbTGEj4yCJivzxBwgjeJkqtD36X7FMmrJzpNRtF9QOPpQ8Lt7qdw0MwRtfg", "Correct-Horse-9"},
			"sha512_crypt":   {"$6$rounds=1000$sa$CGmBoPcdX9IEKsjEhz/CsTRQDV.GyG1v/ce3DMUQGr6OrE0eHdez9BYZdbZ9xdLI5r9dROS/Gst7U2gkOvVTk0", ""},
			"passlib scrypt": {"$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D", ""},
		} {
			w.User(user, "red")
			w.Import(user, c.hash)
			tokenless(t, user+", another password", shown(w, password(w.ID(user), "x"+c.password)))
			tokenless(t, user+", the hash", shown(w, password(w.ID(user), c.hash)))
			if w.Hash(user) != c.hash {
				t.Errorf("%s: a refusal changed the hash", user)
			}
			if user == "passlib scrypt" {
				tokenless(t, user, shown(w, password(w.ID(user), c.password)))
				continue
			}
			shown(w, password(w.ID(user), c.password)).Want(http.StatusCreated)
			if !strings.HasPrefix(w.Hash(user), "$argon2id$") {
				t.Errorf("%s: the hash is still %.20s", user, w.Hash(user))
			}
			shown(w, password(w.ID(user), c.password)).Want(http.StatusCreated)
			tokenless(t, user+", a character more", shown(w, password(w.ID(user), c.password+"x")))
			if len(c.password) > 72 {
				tokenless(t, user+", 72 bytes", shown(w, password(w.ID(user), c.password[:72])))
				tokenless(t, user+", 54 characters", shown(w, password(w.ID(user), c.password[:54])))
			}
		}
	})
}

func TestC11OnesOwnPasswordIsChangedWithTheOldOneOnly(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("alice", "red")
		token := w.Token("alice", "")
		wish := w.NewPassword()
		w.Patch("/v3/users/{alice}", map[string]any{"user": map[string]any{"password": wish}}, apitest.Token(token)).Want(http.StatusForbidden)
		change := func(body map[string]any) *apitest.Response {
			return w.Post("/v3/users/{alice}/password", map[string]any{"user": body}, apitest.Token(token))
		}
		for what, body := range map[string]map[string]any{
			"without the old one": {"password": wish}, "an empty one": {"original_password": "", "password": wish},
			"null": {"original_password": nil, "password": wish}, "a wrong one": {"original_password": "wrong", "password": wish},
			"the new one as the old one": {"original_password": wish, "password": wish},
		} {
			if r := change(body); r.Status != 400 && r.Status != 401 {
				t.Errorf("%s: got %d", what, r.Status)
			}
		}
		change(map[string]any{"original_password": w.Password("alice"), "password": "short"}).Want(http.StatusBadRequest)
		shown(w, thePassword(w, "alice")).Want(http.StatusCreated)
		for range 5 {
			change(map[string]any{"original_password": "wrong", "password": wish}).Want(http.StatusUnauthorized)
		}
		change(map[string]any{"original_password": w.Password("alice"), "password": wish}).Want(http.StatusUnauthorized)
		tokenless(t, "signing in after wrong tries of a change", shown(w, thePassword(w, "alice")))
		w.Clock.Advance(30 * time.Second)
		change(map[string]any{"original_password": w.Password("alice"), "password": wish}).Want(http.StatusNoContent)
		dead(t, w, "a token from before the change", token)
		tokenless(t, "the old password", shown(w, thePassword(w, "alice")))
		shown(w, password(w.ID("alice"), wish)).Want(http.StatusCreated)
	})
}

// TestC15OnePasswordOverManyAccountsIsLimited fails at many accounts, some of which exist, once each.
func TestC15OnePasswordOverManyAccountsIsLimited(t *testing.T) {
	t.Parallel()
	const accounts = 20
	limited := func(c *config.Config) { c.Lockout.AddressAccounts = accounts }
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		try := func(address, user string) *apitest.Response {
			return w.Post("/v3/auth/tokens", byName(user, "red", "Summer-2026").body(nil), from(address))
		}
		try("192.0.2.1", "ann").Want(http.StatusUnauthorized)
		for i := range accounts - 1 {
			try("192.0.2.1", fmt.Sprintf("user%d", i)).Want(http.StatusUnauthorized)
		}
		r := try("192.0.2.1", "one more").Want(http.StatusTooManyRequests)
		if wait, err := strconv.Atoi(r.Header.Get("Retry-After")); err != nil || wait < 1 {
			t.Errorf("Retry-After is %q", r.Header.Get("Retry-After"))
		}
		try("192.0.2.1", "ann").Want(http.StatusUnauthorized) // accounts that were tried have their own counters
		try("192.0.2.2", "one more").Want(http.StatusUnauthorized)
		w.Clock.Advance(11 * time.Minute)
		try("192.0.2.1", "one more").Want(http.StatusUnauthorized)
	}, behindAProxy, limited)
}
