package apitest_test

import (
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestPersonas(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		for _, name := range []string{"admin", "sysadmin", "reader@system", "manager@red", "member@red/web", "ann"} {
			w.User("ann", "blue")
			r := w.Get("/v3/auth/tokens", w.As(name), apitest.Header("X-Subject-Token", w.Persona(name))).Want(200)
			switch name {
			case "sysadmin", "reader@system":
				if !r.Bool("token.system.all") {
					t.Errorf("%s is not on the system: %s", name, r.Body)
				}
			case "manager@red":
				if r.Str("token.domain.id") != w.ID("red") {
					t.Errorf("%s is not on the domain red: %s", name, r.Body)
				}
			case "member@red/web":
				if r.Str("token.project.id") != w.ID("red/web") {
					t.Errorf("%s is not on the project web: %s", name, r.Body)
				}
			case "ann":
				if r.Value("token.roles") != nil {
					t.Errorf("%s has roles without a scope: %s", name, r.Body)
				}
			}
		}
	})
}

func TestCases(t *testing.T) {
	t.Parallel()
	apitest.Run(t, []apitest.Case{
		{Name: "a stranger sees no user", Do: "GET /v3/users/{ann}", Want: 401, Never: "{ann}"},
		{As: "reader@blue", Do: "GET /v3/users/{ann}", Want: 403},
		{As: "admin", Do: "GET /v3/users/{ann}", Want: 200, Has: "{ann}", Never: "password\":"},
		{As: "ann", Do: "HEAD /v3/users/{ann}", Want: 200},
	}, func(w *apitest.World) { w.User("ann", "red") })
}
