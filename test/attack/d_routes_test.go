package attack_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// forEverybody are the operations that any valid token may call, one without a role included. An operation that
// joins them must be written down here.
var forEverybody = strings.Fields(`
	GET/v3/OS-FEDERATION/domains GET/v3/OS-FEDERATION/projects GET/v3/auth/domains GET/v3/auth/projects GET/v3/auth/system
	GET/v3/credentials GET/v3/limits GET/v3/limits/model GET/v3/regions GET/v3/regions/{region_id}
	GET/v3/registered_limits GET/v3/registered_limits/{registered_limit_id}`)

// TestD1TheRouteTableIsClosed walks over every operation that needs a token: nobody gets 401, and people without a
// role, and the managers of another domain, get 403.
func TestD1TheRouteTableIsClosed(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		w.User("stranger", "blue")
		stranger := w.Token("stranger", "")
		w.Persona("manager@blue")
		before := state(w)
		var open []string
		for _, op := range operations(t) {
			if op.public {
				continue
			}
			path := at(w, op.path)
			var with []apitest.With
			if op.body != nil {
				with = append(with, apitest.Body(op.body.example(t, w, "")))
			}
			ask := func(as ...apitest.With) *apitest.Response { return w.Do(op.method, path, append(as, with...)...) }
			ask().Want(http.StatusUnauthorized)
			ask(apitest.Token("none")).Want(http.StatusUnauthorized)
			// The old API is closed to users outside the default domain: it knows nobody there. Others' trusts are not there.
			refused := func(r *apitest.Response) bool {
				return r.Status == http.StatusForbidden || r.Status == http.StatusUnauthorized && strings.HasPrefix(op.path, "/v2.0/") ||
					r.Status == http.StatusNotFound && strings.HasPrefix(op.path, "/v3/OS-TRUST/trusts/")
			}
			r := ask(apitest.Token(stranger))
			if !refused(r) {
				open = append(open, op.method+op.path)
			}
			if slices.Contains(forEverybody, op.method+op.path) {
				continue
			}
			if !refused(r) {
				t.Errorf("%s by somebody without a role: %d %.200s", op, r.Status, r.Body)
			}
			if r := ask(w.As("manager@blue")); len(variables(op.path)) > 0 && !refused(r) {
				t.Errorf("%s by the manager of another domain: %d %.200s", op, r.Status, r.Body)
			}
		}
		if !slices.Equal(open, forEverybody) {
			t.Errorf("open to everybody are\n%s\nwant\n%s", strings.Join(open, "\n"), strings.Join(forEverybody, "\n"))
		}
		same(t, w, "the walk", before)
	}, quick)
}
