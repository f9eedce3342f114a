package attack_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

const day = 24 * time.Hour

// demanding sets what Keystone calls security_compliance.
func demanding(set func(*config.Compliance)) apitest.Option {
	return func(c *config.Config) { set(&c.Compliance) }
}

// rechosen is a change of one's own password.
func rechosen(w *apitest.World, user, from, to string, with ...apitest.With) *apitest.Response {
	w.Secret(from)
	w.Secret(to)
	return w.Post("/v3/users/{"+user+"}/password", map[string]any{"user": map[string]any{"original_password": from, "password": to}}, with...)
}

// because checks a refusal and its reason.
func because(t *testing.T, what string, r *apitest.Response, status int, reason string) {
	t.Helper()
	if got := r.Str("error.reason"); r.Status != status || got != reason {
		t.Errorf("%s: got %d %s, want %d %s: %.300s", what, r.Status, got, status, reason, r.Body)
	}
}

func option(name string, value any) map[string]any {
	return map[string]any{"user": map[string]any{"options": map[string]any{name: value}}}
}

func TestC14WhoMustChangeThePasswordCanDoNothingElse(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("alice", "red")
		given, chosen := w.Password("alice"), w.NewPassword()
		alike(t, "a wrong password", shown(w, password(w.ID("alice"), "wrong")), unknown(w))
		r := shown(w, thePassword(w, "alice"))
		because(t, "the right one", r, http.StatusUnauthorized, "password_expired")
		if text := "needs to be changed for user: " + w.ID("alice"); !strings.Contains(r.Str("error.message"), text) {
			t.Errorf("the refusal lacks %q: %s", text, r.Body)
		}
		alike(t, "a change with a wrong one", rechosen(w, "alice", "wrong", chosen), unknown(w))
		because(t, "keeping it", rechosen(w, "alice", given, given), http.StatusBadRequest, "password_reused")
		rechosen(w, "alice", given, chosen).Want(http.StatusNoContent)
		shown(w, password(w.ID("alice"), chosen)).Want(http.StatusCreated)
		because(t, "going back", rechosen(w, "alice", chosen, given), http.StatusBadRequest, "password_reused")

		w.SetPassword("alice") // by an administrator
		if at := w.Get("/v3/users/{alice}", w.As("sysadmin")).Str("user.password_expires_at"); at != w.Clock.Now().Format("2006-01-02T15:04:05.000000") {
			t.Errorf("it expires at %s, want now", at)
		}
		because(t, "after a reset", shown(w, thePassword(w, "alice")), http.StatusUnauthorized, "password_expired")
		wrongPasswords(w, "alice", 5)
		alike(t, "the right one while passwords rest", shown(w, thePassword(w, "alice")), unknown(w))
		alike(t, "a change while passwords rest", rechosen(w, "alice", w.Password("alice"), w.NewPassword()), unknown(w))
		w.Patch("/v3/users/{alice}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK)
		because(t, "after the pause", shown(w, thePassword(w, "alice")), http.StatusUnauthorized, "password_expired")

		w.Patch("/v3/users/{alice}", option("ignore_change_password_upon_first_use", true), w.As("sysadmin")).Want(http.StatusOK)
		because(t, "exempt from the next time on", shown(w, thePassword(w, "alice")), http.StatusUnauthorized, "password_expired")
		w.SetPassword("alice")
		shown(w, thePassword(w, "alice")).Want(http.StatusCreated)
		exempt := w.NewPassword()
		w.Name("robot", w.Post("/v3/users", map[string]any{"user": map[string]any{"name": "robot", "domain_id": w.ID("red"), "password": exempt,
			"options": map[string]any{"ignore_change_password_upon_first_use": true}}}, w.As("sysadmin")).Want(http.StatusCreated).Str("user.id"))
		shown(w, password(w.ID("robot"), exempt)).Want(http.StatusCreated)
	}, demanding(func(c *config.Compliance) { c.ChangeUponFirstUse, c.History = true, 2 }))
}

func TestC14PasswordsExpireByAge(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		began := w.Clock.Now()
		w.User("alice", "red")
		w.User("old", "red")
		want := began.Truncate(time.Second).Add(30 * day)
		if at := w.Get("/v3/users/{alice}", w.As("sysadmin")).Str("user.password_expires_at"); at != want.Format("2006-01-02T15:04:05.000000") {
			t.Errorf("it expires at %s, want %s", at, want)
		}
		w.Clock.Advance(want.Sub(began) - time.Millisecond)
		shown(w, thePassword(w, "alice")).Want(http.StatusCreated)
		w.Clock.Advance(time.Millisecond)
		because(t, "a month later", shown(w, thePassword(w, "alice")), http.StatusUnauthorized, "password_expired")
		alike(t, "a wrong one", shown(w, password(w.ID("alice"), "wrong")), unknown(w))
		chosen := w.NewPassword()
		rechosen(w, "alice", w.Password("alice"), chosen).Want(http.StatusNoContent)
		shown(w, password(w.ID("alice"), chosen)).Want(http.StatusCreated)
		w.Clock.Advance(30 * day)
		because(t, "one's own, a month later", shown(w, password(w.ID("alice"), chosen)), http.StatusUnauthorized, "password_expired")

		w.Patch("/v3/users/{old}", option("ignore_password_expiry", true), w.As("sysadmin")).Want(http.StatusOK)
		shown(w, thePassword(w, "old")).Want(http.StatusCreated)
		w.SetPassword("old")
		if at := w.Get("/v3/users/{old}", w.As("sysadmin")).Value("user.password_expires_at"); at != nil {
			t.Error("a new password of an exempt user expires")
		}
	}, demanding(func(c *config.Compliance) { c.ExpiresDays = 30 }))
}

func TestC14OneKeepsAPasswordThatOneChose(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("alice", "red")
		first, second, third := w.Password("alice"), w.NewPassword(), w.NewPassword()
		rechosen(w, "alice", first, second).Want(http.StatusNoContent) // an administrator had set it
		because(t, "at once", rechosen(w, "alice", second, third), http.StatusBadRequest, "password_too_new")
		alike(t, "a wrong one", rechosen(w, "alice", "wrong", third), unknown(w))
		w.Clock.Advance(2*day - time.Millisecond)
		because(t, "almost two days later", rechosen(w, "alice", second, third), http.StatusBadRequest, "password_too_new")
		w.Clock.Advance(time.Millisecond)
		rechosen(w, "alice", second, third).Want(http.StatusNoContent)
		w.SetPassword("alice") // administrators need not wait, and what they set need not be kept
		rechosen(w, "alice", w.Password("alice"), first).Want(http.StatusNoContent)
		w.Patch("/v3/users/{alice}", option("lock_password", true), w.As("sysadmin")).Want(http.StatusOK)
		w.Clock.Advance(9 * day)
		because(t, "a locked password", rechosen(w, "alice", first, second), http.StatusBadRequest, "password_locked")
		w.SetPassword("alice")
		shown(w, thePassword(w, "alice")).Want(http.StatusCreated)
	}, demanding(func(c *config.Compliance) { c.MinimumAgeDays = 2 }))
}

func TestC14FormerPasswordsComeBackAfterAsManyOthersOnly(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, demanding(func(c *config.Compliance) { c.History = 3 }))
	w.User("alice", "red")
	had := []string{w.Password("alice"), w.NewPassword(), w.NewPassword(), w.NewPassword()}
	for i := range 2 {
		rechosen(w, "alice", had[i], had[i+1]).Want(http.StatusNoContent)
	}
	for _, again := range had[:3] {
		because(t, "one of three", rechosen(w, "alice", had[2], again), http.StatusBadRequest, "password_reused")
	}
	because(t, "one of them in capitals is too common, not reused", rechosen(w, "alice", had[2], "PASSWORD1"), http.StatusBadRequest, "password_too_common")
	rechosen(w, "alice", had[2], had[3]).Want(http.StatusNoContent)
	rechosen(w, "alice", had[3], had[0]).Want(http.StatusNoContent)
	if n := len(w.Passwords("alice")); n != 3 {
		t.Errorf("%d passwords are kept, want 3", n)
	}
	w.Patch("/v3/users/{alice}", map[string]any{"user": map[string]any{"password": had[0]}}, w.As("sysadmin")).Want(http.StatusOK) // no rule for administrators
}

func TestC14PatternIsForEveryNewPassword(t *testing.T) {
	t.Parallel()
	const expr, told = `^(?=.*-)(?=.*[a-z]).{9,}$`, "Nine characters with a dash."
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("alice", "red")
		for _, bad := range []any{"no dash in it", "-UPPER-CASE-", "a-b", "", nil} {
			set := map[string]any{"user": map[string]any{"password": bad, "name": "bob", "domain_id": w.ID("red")}}
			because(t, fmt.Sprintf("creating with %v", bad), w.Post("/v3/users", set, w.As("sysadmin")), http.StatusBadRequest, "password_requirements")
			set = map[string]any{"user": map[string]any{"password": bad}}
			because(t, fmt.Sprintf("setting %v", bad), w.Patch("/v3/users/{alice}", set, w.As("sysadmin")), http.StatusBadRequest, "password_requirements")
		}
		r := rechosen(w, "alice", w.Password("alice"), "no dash in it")
		because(t, "choosing", r, http.StatusBadRequest, "password_requirements")
		r.Has(told)
		alike(t, "choosing with a wrong one", rechosen(w, "alice", "wrong", "no dash in it"), unknown(w))
		shown(w, thePassword(w, "alice")).Want(http.StatusCreated)
		w.Post("/v3/users", `{"user":{"name":"blank","domain_id":"{red}"}}`, w.As("sysadmin")).Want(http.StatusCreated)
		rechosen(w, "alice", w.Password("alice"), w.NewPassword()).Want(http.StatusNoContent)
		r = w.Get("/v3/domains/default/config/security_compliance", w.As("reader@red")).Want(http.StatusOK)
		if r.Str("config.security_compliance.password_regex") != expr || r.Str("config.security_compliance.password_regex_description") != told {
			t.Errorf("the configuration shows %s", r.Body)
		}
	}, demanding(func(c *config.Compliance) { c.Regex, c.RegexDescription = expr, told }))
}

func TestC14WhoIsInactiveForTooLongIsDisabled(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Patch("/v3/users/{admin}", option("ignore_user_inactivity", true), w.As("sysadmin")).Want(http.StatusOK)
		other, _ := w.Node()
		w.User("alice", "red")
		w.User("never", "red")
		live := shown(w, thePassword(w, "alice")).Want(http.StatusCreated).Token()
		w.Clock.Advance(2 * day)
		w.Get("/v3/auth/projects", apitest.Token(live)).Want(http.StatusOK)
		w.Clock.Advance(day)
		dead(t, w, "a token after three days", live)
		want := unknown(w)
		for _, user := range []string{"alice", "never"} {
			alike(t, user+" after three days", shown(w, thePassword(w, user)), want)
			alike(t, user+" with a wrong password", shown(w, password(w.ID(user), "wrong")), want)
			alike(t, user+" changing the password", rechosen(w, user, w.Password(user), w.NewPassword()), want)
			if r := w.Get("/v3/users/{"+user+"}", w.As("sysadmin")).Want(http.StatusOK); r.Bool("user.enabled") {
				t.Errorf("%s is shown as enabled", user)
			}
		}
		w.Get("/v3/users?name=alice", w.As("sysadmin")).Want(http.StatusOK).Has(`"enabled":false`)
		w.Patch("/v3/users/{alice}", `{"user":{"email":"a@red.test"}}`, w.As("sysadmin")).Want(http.StatusOK).Has(`"enabled":false`)
		w.Patch("/v3/users/{alice}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK).Has(`"enabled":true`)
		w.Patch("/v3/users/{never}", option("ignore_user_inactivity", true), w.As("sysadmin")).Want(http.StatusOK).Has(`"enabled":true`)
		w.Get("/v3/auth/projects", apitest.Token(live)).Want(http.StatusOK) // it was not ended, only looked at
		shown(w, thePassword(w, "never")).Want(http.StatusCreated)

		for range 3 { // what one node remembers of her is older and older
			shown(other, thePassword(w, "alice")).Want(http.StatusCreated)
			w.Clock.Advance(2 * day)
		}
		w.Get("/v3/auth/projects", apitest.Token(shown(other, thePassword(w, "alice")).Token())).Want(http.StatusOK)
		shown(w, thePassword(w, "alice")).Want(http.StatusCreated)
	}, demanding(func(c *config.Compliance) { c.InactiveDays = 3 }), func(c *config.Config) { c.Token.TTL = 7 * day })
}

func TestC14KeystonesWayToLock(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("alice", "red")
		for range 2 {
			for i := range 3 { // from anywhere
				wrongPasswords(w, "alice", 1, from(fmt.Sprintf("10.9.%d.1", i)))
			}
			alike(t, "from yet elsewhere", shown(w, thePassword(w, "alice"), from("10.1.1.1")), unknown(w))
			w.Clock.Advance(10*time.Minute - time.Millisecond)
			alike(t, "before the pause ends", shown(w, thePassword(w, "alice"), from("10.1.1.1")), unknown(w))
			w.Clock.Advance(time.Millisecond)
		}
		shown(w, thePassword(w, "alice"), from("10.1.1.1")).Want(http.StatusCreated)
		for i := range 9 {
			wrongPasswords(w, "alice", 1, from(fmt.Sprintf("10.9.%d.1", i)))
		}
		alike(t, "from a network that is not hers", shown(w, thePassword(w, "alice"), from("10.2.2.2")), unknown(w))
		shown(w, thePassword(w, "alice"), from("10.1.1.1")).Want(http.StatusCreated) // she is at home
		w.Patch("/v3/users/{alice}", option("ignore_lockout_failure_attempts", true), w.As("sysadmin")).Want(http.StatusOK)
		wrongPasswords(w, "alice", 4)
		shown(w, thePassword(w, "alice")).Want(http.StatusCreated)
	}, behindAProxy, demanding(func(c *config.Compliance) { c.LockoutAttempts, c.LockoutDuration = 3, 10*time.Minute }))
}

func TestN10OneOfManyChangesAtOnceWins(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("alice", "red")
		old := w.Password("alice")
		nodes := nodesOf(w)
		wishes := make([]string, 50)
		for i := range wishes {
			wishes[i] = w.NewPassword()
		}
		answers := atOnce(len(wishes), func(i int) int { return rechosen(nodes[i%len(nodes)], "alice", old, wishes[i]).Status })
		if won, refused := count(answers, http.StatusNoContent), count(answers, http.StatusUnauthorized)+count(answers, http.StatusBadRequest); won != 1 || won+refused != len(answers) {
			t.Errorf("want one change and refusals: %v", answers)
		}
		all := w.Passwords("alice")
		if len(all) != 2 || !all[0].SelfService || all[1].SelfService {
			t.Errorf("%d passwords are kept, want the one that was given and one that was chosen", len(all))
		}
		w.Patch("/v3/users/{alice}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK)
		tokenless(t, "the old password", shown(w, password(w.ID("alice"), old)))
		good := 0
		for i, wish := range wishes {
			r := shown(w, password(w.ID("alice"), wish))
			if won := answers[i] == http.StatusNoContent; won != (r.Status == http.StatusCreated) {
				t.Errorf("change %d was answered %d, and its password %d", i, answers[i], r.Status)
			}
			if r.Status == http.StatusCreated {
				good++
				because(t, "another change", rechosen(w, "alice", wish, w.NewPassword()), http.StatusBadRequest, "password_too_new")
			}
			w.Patch("/v3/users/{alice}", enabled("user", true), w.As("sysadmin")).Want(http.StatusOK)
		}
		if good != 1 {
			t.Errorf("%d passwords are good", good)
		}
	}, demanding(func(c *config.Compliance) { c.MinimumAgeDays, c.History = 1, 5 }), crowded)
}
