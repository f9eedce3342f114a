package attack_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// fates are what ends every token of an owner's, and whatever was given in his name.
func fates() map[string]func(w *apitest.World, o owner) {
	set := func(path, kind string, values ...bool) func(*apitest.World, owner) {
		return func(w *apitest.World, o owner) {
			for _, yes := range values {
				w.Patch(fmt.Sprintf(path, o.name), enabled(kind, yes), w.As("sysadmin")).Want(http.StatusOK)
			}
		}
	}
	remove := func(paths ...string) func(*apitest.World, owner) {
		return func(w *apitest.World, o owner) {
			for _, path := range paths {
				path = strings.NewReplacer("USER", "{"+o.name+"}", "PROJECT", "{"+o.project+"}").Replace(path)
				w.Delete(path, w.As("sysadmin")).Want(http.StatusNoContent)
			}
		}
	}
	return map[string]func(w *apitest.World, o owner){
		"A3 he is disabled":                   set("/v3/users/{%s}", "user", false),
		"A3 he is disabled and enabled again": set("/v3/users/{%s}", "user", false, true),
		"A4 he is deleted":                    remove("/v3/users/USER"),
		"A5 he has a new password":            func(w *apitest.World, o owner) { w.SetPassword(o.name) },
		"A5 he chose a new password": func(w *apitest.World, o owner) {
			body := map[string]any{"original_password": w.Password(o.name), "password": w.NewPassword()}
			w.Post("/v3/users/{"+o.name+"}/password", user(body)).Want(http.StatusNoContent)
		},
		"A7 he loses his roles": remove("/v3/projects/PROJECT/users/USER/roles/{role admin}", "/v3/projects/PROJECT/users/USER/roles/{role member}"),
		"A8 the project is disabled": func(w *apitest.World, o owner) {
			w.Patch("/v3/projects/{"+o.project+"}", enabled("project", false), w.As("sysadmin")).Want(http.StatusOK)
		},
		"A8 the project is deleted": remove("/v3/projects/PROJECT"),
		"A8 the domain is disabled": func(w *apitest.World, o owner) {
			w.Patch("/v3/domains/{"+o.domain+"}", enabled("domain", false), w.As("sysadmin")).Want(http.StatusOK)
		},
	}
}

func TestA3A4A5A7A8EveryKindOfTokenEndsWithWhatItStandsOn(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		n := 0
		for what, happens := range fates() {
			n++
			domain := "default"
			if strings.Contains(what, "domain") {
				domain = "land"
			}
			o := settled(w, fmt.Sprint("owner ", n), domain)
			held := heldBy(t, w, o)
			for kind, text := range held {
				live(t, w, "a token by "+kind, text)
			}
			happens(w, o)
			for kind, text := range held {
				dead(t, w, what+": a token by "+kind, text)
			}
		}
	}, quick)
}

func TestA2A10EveryKindOfTokenIsRevokedAloneAndExpires(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		held, late := heldBy(t, w, settled(w, "owner", "default")), heldBy(t, w, settled(w, "late owner", "default"))
		for kind, text := range held {
			w.Delete("/v3/auth/tokens", apitest.Token(text), subject(text)).Want(http.StatusNoContent)
			dead(t, w, "a revoked token by "+kind, text)
			delete(held, kind)
			for others, text := range held {
				if r := w.Get("/v3/auth/projects", apitest.Token(text)); r.Status != http.StatusOK {
					t.Errorf("the token by %s ended with that by %s", others, kind)
				}
			}
		}
		const ask = "/v3/auth/tokens?nocatalog&allow_expired=1"
		w.Clock.Advance(time.Hour)
		for kind, text := range late {
			dead(t, w, "an expired token by "+kind, text)
			if r := w.Get(ask, w.As("service@red/p1"), subject(text)); r.Status != http.StatusOK {
				t.Errorf("a service is told %d of an expired token by %s", r.Status, kind)
			}
		}
		w.Clock.Advance(w.Config.Token.AllowExpiredWindow)
		for _, text := range late {
			w.Get(ask, w.As("service@red/p1"), subject(text)).Want(http.StatusNotFound)
		}
	}, quick)
}
