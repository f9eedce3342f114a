package v3_test

import (
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/store"
)

func TestUserRefusals(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("ben", "red")
		w.Domain("blue")
		w.Run(t, []apitest.Case{
			{As: "ann", Do: "PATCH /v3/users/{ann}", Body: `{"user":{"email":"a@b"}}`, Want: 403},
			{As: "reader@red", Do: "POST /v3/users", Body: `{"user":{"name":"x","domain_id":"{red}"}}`, Want: 403},
			{Name: "a manager must name the domain", As: "manager@red", Do: "POST /v3/users", Body: `{"user":{"name":"x"}}`, Want: 403},
			{As: "manager@blue", Do: "POST /v3/users", Body: `{"user":{"name":"x","domain_id":"{red}"}}`, Want: 403},
			{As: "manager@blue", Do: "GET /v3/users/{ann}", Want: 403, Never: "{red}"},
			{As: "manager@blue", Do: "PATCH /v3/users/{ann}", Body: `{"user":{"enabled":false}}`, Want: 403},
			{As: "manager@blue", Do: "DELETE /v3/users/{ann}", Want: 403},
			{As: "manager@red/web", Do: "DELETE /v3/users/{ann}", Want: 403},
			{Name: "an empty name", As: "admin", Do: "POST /v3/users", Body: `{"user":{"name":""}}`, Want: 400},
			{Name: "a name of spaces", As: "admin", Do: "POST /v3/users", Body: `{"user":{"name":"  "}}`, Want: 400},
			{Name: "a name of 256 characters", As: "admin", Do: "POST /v3/users", Body: `{"user":{"name":"` + long(256) + `"}}`, Want: 400},
			{Name: "no name", As: "admin", Do: "POST /v3/users", Body: `{"user":{}}`, Want: 400},
			{Name: "no user", As: "admin", Do: "POST /v3/users", Body: `{}`, Want: 400},
			{Name: "something beside the user", As: "admin", Do: "POST /v3/users", Body: `{"user":{"name":"x"},"y":1}`, Want: 400},
			{Name: "no such domain", As: "admin", Do: "POST /v3/users", Body: `{"user":{"name":"x","domain_id":"none"}}`, Want: 404},
			{Name: "a project is no domain", As: "admin", Do: "POST /v3/users", Body: `{"user":{"name":"x","domain_id":"{admin-project}"}}`, Want: 404},
			{Name: "null is no domain", As: "admin", Do: "POST /v3/users", Body: `{"user":{"name":"x","domain_id":null}}`, Want: 400},
			{Name: "enabled as text", As: "admin", Do: "POST /v3/users", Body: `{"user":{"name":"x","enabled":"true"}}`, Want: 400},
			{Name: "enabled as null", As: "admin", Do: "PATCH /v3/users/{ann}", Body: `{"user":{"enabled":null}}`, Want: 400},
			{Name: "options that are null", As: "admin", Do: "PATCH /v3/users/{ann}", Body: `{"user":{"options":null}}`, Want: 400},
			{Name: "an option that nobody knows", As: "admin", Do: "PATCH /v3/users/{ann}", Body: `{"user":{"options":{"x":true}}}`, Want: 400},
			{Name: "an empty rule", As: "admin", Do: "PATCH /v3/users/{ann}", Body: `{"user":{"options":{"multi_factor_auth_rules":[[]]}}}`, Want: 400},
			{Name: "a domain as default project", As: "admin", Do: "PATCH /v3/users/{ann}", Body: `{"user":{"default_project_id":"{red}"}}`, Want: 400},
			{Name: "an empty PATCH", As: "admin", Do: "PATCH /v3/users/{ann}", Body: `{"user":{}}`, Want: 400},
			{Name: "another id", As: "admin", Do: "PATCH /v3/users/{ann}", Body: `{"user":{"id":"{ben}"}}`, Want: 400},
			{Name: "another domain", As: "admin", Do: "PATCH /v3/users/{ann}", Body: `{"user":{"domain_id":"{blue}"}}`, Want: 400},
			{Name: "the name of another", As: "admin", Do: "PATCH /v3/users/{ann}", Body: `{"user":{"name":"ben"}}`, Want: 409},
			{Name: "the name of another, new", As: "admin", Do: "POST /v3/users", Body: `{"user":{"name":" ann ","domain_id":"{red}"}}`, Want: 409},
			{As: "admin", Do: "GET /v3/users/none", Want: 404},
			{As: "admin", Do: "PATCH /v3/users/none", Body: `{"user":{"name":"x"}}`, Want: 404},
			{As: "admin", Do: "DELETE /v3/users/none", Want: 404},
			{As: "admin", Do: "GET /v3/users?enabled=maybe", Want: 400},
			{As: "admin", Do: "GET /v3/users?name=", Want: 400},
			{As: "admin", Do: "GET /v3/users?marker=none", Want: 404},
			{Name: "nothing of it was done", As: "admin", Do: "GET /v3/users/{ann}", Want: 200, Check: shows(w,
				"user.name", `"ann"`, "user.enabled", "true", "user.domain_id", `"{red}"`, "user.options", "{}", "user.email", absent)},
		})
	})
}

func TestUserLife(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.Domain("blue")
		w.Run(t, []apitest.Case{
			{
				Name: "a manager makes a user with attributes of his own", As: "manager@red", Do: "POST /v3/users",
				Body: `{"user":{"name":" Zoë ","domain_id":"{red}","id":"{ann}","email":"z@b","nothing":null,"deep":{"n":[1.50]},"my-key":1,
					"password":null,"extra":{"x":1},"links":{"self":"x"},"password_expires_at":"2020-01-01T00:00:00.000000","default_project_id":null}}`,
				Want: 201, Never: `"x"`,
				Check: all(remember(w, "zoe", "user.id"), shows(w, "user.name", `"Zoë"`, "user.enabled", "true", "user.domain_id", `"{red}"`,
					"user.email", `"z@b"`, "user.nothing", "null", "user.deep", `{"n":[1.50]}`, "user.my_key", "1", "user.my-key", absent,
					"user.options", "{}", "user.password_expires_at", "null", "user.default_project_id", absent, "user.extra", absent,
					"user.password", absent, "user.description", absent, "user.links", `{"self":`+link("/v3/users/{zoe}")+`}`)),
			},
			{Name: "it is there", As: "reader@red", Do: "GET /v3/users/{zoe}", Want: 200, Check: shows(w, "user.id", `"{zoe}"`, "user.nothing", "null")},
			{As: "reader@red", Do: "HEAD /v3/users/{zoe}", Want: 200},
			{Name: "the same name lives in another domain", As: "admin", Do: "POST /v3/users", Body: `{"user":{"name":"Zoë","domain_id":"{blue}"}}`,
				Want: 201, Check: remember(w, "zoe-blue", "user.id")},
			{Name: "without a domain it is the default one", As: "admin", Do: "POST /v3/users", Body: `{"user":{"name":"Zoë"}}`,
				Want: 201, Check: shows(w, "user.domain_id", `"default"`)},
			{Name: "or the token's", As: "admin@red", Do: "POST /v3/users", Body: `{"user":{"name":"of red"}}`, Want: 201,
				Check: shows(w, "user.domain_id", `"{red}"`)},
			{
				Name: "a PATCH changes what it names, and repeats the rest under extra", As: "manager@red", Do: "PATCH /v3/users/{zoe}",
				Body: `{"user":{"email":null,"my-key":2,"default_project_id":"no such project","description":"d","id":"{zoe}","domain_id":"{red}"}}`, Want: 200,
				Check: shows(w, "user.name", `"Zoë"`, "user.email", "null", "user.my_key", "1", "user.my-key", "2", "user.deep", `{"n":[1.50]}`,
					"user.default_project_id", `"no such project"`, "user.extra.email", "null", "user.extra.description", `"d"`, "user.extra.name", absent),
			},
			{Name: "null takes the default project away", As: "admin", Do: "PATCH /v3/users/{zoe}", Body: `{"user":{"default_project_id":null}}`,
				Want: 200, Check: shows(w, "user.default_project_id", absent)},
			{Name: "options are set", As: "admin", Do: "PATCH /v3/users/{zoe}", Body: `{"user":{"options":{"lock_password":true,"ignore_password_expiry":false}}}`,
				Want: 200, Check: shows(w, "user.options", `{"ignore_password_expiry":false,"lock_password":true}`)},
			{Name: "options merge, and null removes one", As: "admin", Do: "PATCH /v3/users/{zoe}",
				Body: `{"user":{"options":{"lock_password":null,"multi_factor_auth_rules":[["password","totp"]]}}}`, Want: 200,
				Check: shows(w, "user.options", `{"ignore_password_expiry":false,"multi_factor_auth_rules":[["password","totp"]]}`)},
			{Name: "empty options change nothing", As: "admin", Do: "PATCH /v3/users/{zoe}", Body: `{"user":{"options":{}}}`, Want: 200,
				Check: shows(w, "user.options", `{"ignore_password_expiry":false,"multi_factor_auth_rules":[["password","totp"]]}`)},
			{Name: "its own name is no conflict", As: "admin", Do: "PATCH /v3/users/{zoe}", Body: `{"user":{"name":"Zoë"}}`, Want: 200},
			{Name: "a name of 255 characters", As: "admin", Do: "PATCH /v3/users/{zoe}", Body: `{"user":{"name":"` + long(255) + `"}}`, Want: 200},
			{As: "manager@red", Do: "DELETE /v3/users/{zoe}", Want: 204},
			{As: "admin", Do: "GET /v3/users/{zoe}", Want: 404},
			{As: "admin", Do: "DELETE /v3/users/{zoe}", Want: 404},
			{Name: "the other of that name is still there", As: "admin", Do: "GET /v3/users/{zoe-blue}", Want: 200},
		})
	})
}

func TestUserLists(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		for _, name := range []string{"a%b", "a_b", "axb", "Ann", "ann", "Ärger", "back\\slash"} {
			w.Post("/v3/users", map[string]any{"user": map[string]any{"name": name, "domain_id": w.Domain("red")}}, w.As("sysadmin")).Want(201)
		}
		w.User("carol", "blue")
		w.Patch("/v3/users/{carol}", `{"user":{"enabled":false}}`, w.As("sysadmin")).Want(200)
		names := func(want ...string) check { return lists(w, "users", "name", want...) }
		red := "domain_id={red}"
		w.Run(t, []apitest.Case{
			{As: "reader@red/web", Do: "GET /v3/users", Want: 403},
			{Name: "a domain's reader sees his domain only", As: "reader@blue", Do: "GET /v3/users", Want: 200, Check: names("carol", "reader@blue")},
			{Name: "whatever he asks for", As: "reader@blue", Do: "GET /v3/users?domain_id={red}", Want: 200, Check: names()},
			{Name: "names compare exactly", As: "admin", Do: "GET /v3/users?name=ann", Want: 200, Check: names("ann")},
			{Name: "a percent sign is itself", As: "admin", Do: "GET /v3/users?name__contains=%25", Want: 200, Check: names("a%b")},
			{Name: "an underscore is itself", As: "admin", Do: "GET /v3/users?name__contains=a_", Want: 200, Check: names("a_b")},
			{Name: "a backslash is itself", As: "admin", Do: "GET /v3/users?name__contains=%5C", Want: 200, Check: names("back\\slash")},
			{Name: "startswith", As: "admin", Do: "GET /v3/users?name__startswith=a%25", Want: 200, Check: names("a%b")},
			{Name: "endswith", As: "admin", Do: "GET /v3/users?name__endswith=nn&" + red, Want: 200, Check: names("ann", "Ann")},
			{Name: "icontains takes no case", As: "admin", Do: "GET /v3/users?name__icontains=%C3%A4RG", Want: 200, Check: names("Ärger")},
			{Name: "contains takes case", As: "admin", Do: "GET /v3/users?name__contains=%C3%A4rg", Want: 200, Check: names()},
			{Name: "istartswith", As: "admin", Do: "GET /v3/users?name__istartswith=AN&" + red, Want: 200, Check: names("ann", "Ann")},
			{Name: "two filters are joined by AND", As: "admin", Do: "GET /v3/users?name=ann&name=Ann", Want: 200, Check: names()},
			{Name: "the disabled ones", As: "admin", Do: "GET /v3/users?enabled=off", Want: 200, Check: names("carol")},
			{Name: "an unknown comparator filters nothing", As: "reader@blue", Do: "GET /v3/users?name__like=zzz", Want: 200, Check: names("carol", "reader@blue")},
			{Name: "an unknown parameter too", As: "reader@blue", Do: "GET /v3/users?colour=red", Want: 200, Check: names("carol", "reader@blue")},
			{
				Name: "the links of a list", As: "reader@blue", Do: "GET /v3/users?enabled=false", Want: 200,
				Check: all(names("carol"), shows(w, "links.self", link("/v3/users?enabled=false"), "links.next", "null", "links.previous", "null",
					"truncated", absent, "users.0.links.self", link("/v3/users/{carol}"))),
			},
		})
	})
}

// TestUsersByPasswordExpiry filters users, and the members of a group, by when their passwords expire.
func TestUsersByPasswordExpiry(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		s, err := store.Open(t.Context(), store.Options{URL: string(w.Config.Database.URL), Now: w.Clock.Now, NewID: func() string { return "" }})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		w.Post("/v3/groups", `{"group":{"name":"crew","domain_id":"`+w.Domain("red")+`"}}`, w.As("admin")).Want(201)
		group := "/v3/groups/" + w.Get("/v3/groups?name=crew", w.As("admin")).Str("groups.0.id") + "/users"
		for i, name := range []string{"ann", "ben", "cem", "never"} {
			id := w.User(name, "red")
			w.Put(group+"/"+id, w.As("admin")).Want(204)
			at := time.Date(2031, 5, 1+i, 9, 30, 0, 0, time.UTC)
			p := identity.Password{UserID: id, Hash: "h", CreatedAt: w.Clock.Now(), ExpiresAt: &at}
			if name == "never" {
				p.ExpiresAt = nil
			}
			if err := s.SetPassword(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
		var cases []apitest.Case
		for _, path := range []string{"/v3/users", group} {
			for _, bad := range []string{"", "lt:", "lt", "near:2031-05-01T09:30:00Z", "lt:tomorrow", "lt:2031-05-01", "lt:2031-13-01T09:30:00Z",
				"lt:2031-05-01T09:30:00", "LT:2031-05-01T09:30:00Z", "lt:lt:2031-05-01T09:30:00Z"} {
				cases = append(cases, apitest.Case{As: "admin", Do: "GET " + path + "?password_expires_at=" + bad, Want: 400})
			}
			for query, want := range map[string][]string{
				"password_expires_at=2031-05-02T09:30:00Z":                                                {"ben"},
				"password_expires_at=eq:2031-05-02T09:30:00Z":                                             {"ben"},
				"password_expires_at=neq:2031-05-02T09:30:00Z":                                            {"ann", "cem"},
				"password_expires_at=lt:2031-05-02T09:30:00Z":                                             {"ann"},
				"password_expires_at=lte:2031-05-02T09:30:00Z":                                            {"ann", "ben"},
				"password_expires_at=gt:2031-05-02T09:30:00.000000Z":                                      {"cem"},
				"password_expires_at=gte:2031-05-02T09%3A30:00Z":                                          {"ben", "cem"},
				"password_expires_at=gt:2031-05-01T09:30:00Z&password_expires_at=lt:2031-05-03T00:00:00Z": {"ben"},
				"password_expires_at=gt:2031-05-01T09:30:00Z&name=cem":                                    {"cem"},
				"password_expires_at=lt:2031-05-01T09:30:00Z":                                             {},
			} {
				cases = append(cases,
					apitest.Case{As: "admin", Do: "GET " + path + "?" + query, Want: 200, Check: lists(w, "users", "name", want...)},
					apitest.Case{As: "reader@blue", Do: "GET /v3/users?" + query, Want: 200, Check: lists(w, "users", "name")})
			}
		}
		w.Run(t, cases)
	})
}
