package features_test

import (
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// TestExplain tells administrators, and nobody else, which rule, factor or counter refused a request.
func TestExplain(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		ann, _ := people(t, w)
		refused := func(r *apitest.Response) string {
			t.Helper()
			if r.Status < 400 {
				t.Fatalf("not refused: %d %s", r.Status, r.Body)
			}
			return r.Header.Get("X-Openstack-Request-Id")
		}
		rule := refused(w.Get("/v3/users", w.As("bob")).Want(403))
		w.Get("/v3/explain/" + rule).Want(401)
		for _, who := range []string{"bob", "admin@red", "manager@red", "reader@red/web"} {
			w.Get("/v3/explain/"+rule, w.As(who)).Want(403)
		}
		w.Get("/v3/explain/req-none", w.As("bob")).Want(403)
		w.Get("/v3/explain/req-none", w.As("sysadmin")).Want(404)
		w.Get("/v3/explain/"+rule+"?marker=x", w.As("sysadmin")).Want(400)

		wrong := w.NewPassword()
		signIn := func(password string) *apitest.Response {
			return w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID("bob"), password, nil))
		}
		bad := refused(signIn(wrong))
		for range w.Config.Lockout.PasswordAttempts {
			signIn(wrong).Want(401)
		}
		locked := refused(signIn(w.Password("bob")))
		more := refused(w.SignIn("ann", "").Want(401))
		strong := ann.strong()
		w.Clock.Advance(11 * time.Minute)
		stale := refused(ann.act(strong))
		for _, c := range []struct{ id, path, want string }{
			{rule, "rule", "identity:list_users"}, {rule, "actor_id", w.ID("bob")}, {rule, "ip", "127.0.0.1"},
			{bad, "cause", "password_wrong"}, {bad, "factor", "password"}, {bad, "user_id", w.ID("bob")},
			{locked, "cause", "password_locked"}, {locked, "counter", "password"},
			{more, "action", "receipt.issue"}, {more, "methods", "password"}, {more, "required_auth_methods.0.1", "totp"},
			{stale, "cause", "reauthentication_required"},
		} {
			r := w.Get("/v3/explain/"+c.id, w.As("sysadmin")).Want(200)
			if got := r.Str("decisions.0." + c.path); got != c.want {
				t.Errorf("%s is %q, want %q: %s", c.path, got, c.want, r.Body)
			}
			r.Never(wrong)
			if strings.Contains(string(r.Body), "hash") {
				t.Errorf("an explanation tells a secret: %s", r.Body)
			}
		}
		w.Get("/v3/explain/"+rule, w.As("reader@system")).Want(200)
	})
}
