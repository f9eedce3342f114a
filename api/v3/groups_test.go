package v3_test

import (
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestGroupRefusals(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("bob", "blue")
		w.Run(t, []apitest.Case{
			{As: "admin", Do: "POST /v3/groups", Body: `{"group":{"name":"ops","domain_id":"{red}"}}`, Want: 201, Check: remember(w, "ops", "group.id")},
			{As: "admin", Do: "POST /v3/groups", Body: `{"group":{"name":"dev","domain_id":"{red}"}}`, Want: 201},
			{As: "reader@red", Do: "POST /v3/groups", Body: `{"group":{"name":"x","domain_id":"{red}"}}`, Want: 403},
			{Name: "a manager must name the domain", As: "manager@red", Do: "POST /v3/groups", Body: `{"group":{"name":"x"}}`, Want: 403},
			{As: "manager@blue", Do: "POST /v3/groups", Body: `{"group":{"name":"x","domain_id":"{red}"}}`, Want: 403},
			{As: "manager@blue", Do: "GET /v3/groups/{ops}", Want: 403},
			{As: "manager@blue", Do: "PATCH /v3/groups/{ops}", Body: `{"group":{"name":"x"}}`, Want: 403},
			{As: "manager@blue", Do: "DELETE /v3/groups/{ops}", Want: 403},
			{Name: "a manager puts none of his own into the group of others", As: "manager@blue", Do: "PUT /v3/groups/{ops}/users/{bob}", Want: 403},
			{Name: "nor others into a group of his own", As: "manager@red", Do: "PUT /v3/groups/{ops}/users/{bob}", Want: 403},
			{Name: "no name", As: "admin", Do: "POST /v3/groups", Body: `{"group":{}}`, Want: 400},
			{Name: "a name of 65 characters", As: "admin", Do: "POST /v3/groups", Body: `{"group":{"name":"` + long(65) + `"}}`, Want: 400},
			{Name: "no such domain", As: "admin", Do: "POST /v3/groups", Body: `{"group":{"name":"x","domain_id":"none"}}`, Want: 404},
			{Name: "a name that is taken", As: "admin", Do: "POST /v3/groups", Body: `{"group":{"name":"ops","domain_id":"{red}"}}`, Want: 409},
			{Name: "renaming onto a taken name", As: "admin", Do: "PATCH /v3/groups/{ops}", Body: `{"group":{"name":"dev"}}`, Want: 409},
			{Name: "an empty PATCH", As: "admin", Do: "PATCH /v3/groups/{ops}", Body: `{"group":{}}`, Want: 400},
			{Name: "another id", As: "admin", Do: "PATCH /v3/groups/{ops}", Body: `{"group":{"id":"{ann}"}}`, Want: 400},
			{Name: "another domain", As: "admin", Do: "PATCH /v3/groups/{ops}", Body: `{"group":{"domain_id":"{blue}"}}`, Want: 400},
			{As: "admin", Do: "GET /v3/groups/none", Want: 404},
			{As: "admin", Do: "DELETE /v3/groups/none", Want: 404},
			{As: "admin", Do: "PUT /v3/groups/none/users/{ann}", Want: 404},
			{As: "admin", Do: "PUT /v3/groups/{ops}/users/none", Want: 404},
			{Name: "a group is no user", As: "admin", Do: "PUT /v3/groups/{ops}/users/{ops}", Want: 404},
			{Name: "no member", As: "admin", Do: "HEAD /v3/groups/{ops}/users/{ann}", Want: 404},
			{As: "admin", Do: "DELETE /v3/groups/{ops}/users/{ann}", Want: 404},
			{Name: "nothing of it was done", As: "admin", Do: "GET /v3/groups/{ops}", Want: 200,
				Check: shows(w, "group.name", `"ops"`, "group.domain_id", `"{red}"`)},
			{Name: "and nobody is in it", As: "admin", Do: "GET /v3/groups/{ops}/users", Want: 200, Check: lists(w, "users", "name")},
		})
	})
}

func TestGroupLife(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("bob", "blue")
		w.Run(t, []apitest.Case{
			{
				As: "manager@red", Do: "POST /v3/groups", Want: 201,
				Body: `{"group":{"name":" ops ","domain_id":"{red}","id":"{ann}","room":7,"membership_expires_at":"x"}}`,
				Check: all(remember(w, "ops", "group.id"), shows(w, "group.name", `"ops"`, "group.description", `""`, "group.room", "7",
					"group.membership_expires_at", absent, "group.links", `{"self":`+link("/v3/groups/{ops}")+`}`)),
			},
			{Name: "null is kept", As: "manager@red", Do: "PATCH /v3/groups/{ops}", Body: `{"group":{"description":null,"room":null}}`, Want: 200,
				Check: shows(w, "group.name", `"ops"`, "group.description", "null", "group.room", "null", "group.extra", absent)},
			{Name: "a manager puts in who is of the domain", As: "manager@red", Do: "PUT /v3/groups/{ops}/users/{ann}", Want: 204},
			{Name: "twice is once", As: "manager@red", Do: "PUT /v3/groups/{ops}/users/{ann}", Want: 204},
			{Name: "an administrator also others", As: "admin", Do: "PUT /v3/groups/{ops}/users/{bob}", Want: 204},
			{As: "reader@red", Do: "GET /v3/groups/{ops}/users/{ann}", Want: 204},
			{As: "reader@red", Do: "HEAD /v3/groups/{ops}/users/{ann}", Want: 204},
			{Name: "a reader of one domain asks nothing about users of others", As: "reader@red", Do: "GET /v3/groups/{ops}/users/{bob}", Want: 403},
			{Name: "nor does he see them", As: "reader@red", Do: "GET /v3/groups/{ops}/users", Want: 200, Check: lists(w, "users", "name", "ann"), Never: "{bob}"},
			{As: "admin", Do: "GET /v3/groups/{ops}/users", Want: 200, Check: lists(w, "users", "name", "ann", "bob")},
			{As: "admin", Do: "GET /v3/groups/{ops}/users?name__startswith=b&enabled=1", Want: 200, Check: lists(w, "users", "name", "bob")},
			{
				Name: "one's own groups", As: "ann", Do: "GET /v3/users/{ann}/groups", Want: 200,
				Check: all(lists(w, "groups", "name", "ops"), shows(w, "groups.0.membership_expires_at", "null", "groups.0.links.self", link("/v3/groups/{ops}"),
					"links.self", link("/v3/users/{ann}/groups"))),
			},
			{As: "ann", Do: "GET /v3/users/{ann}/groups?name__contains=x", Want: 200, Check: lists(w, "groups", "name")},
			{As: "bob", Do: "GET /v3/users/{ann}/groups", Want: 403},
			{As: "manager@red", Do: "DELETE /v3/groups/{ops}/users/{ann}", Want: 204},
			{As: "manager@red", Do: "DELETE /v3/groups/{ops}/users/{ann}", Want: 404},
			{As: "reader@blue", Do: "GET /v3/groups", Want: 200, Check: lists(w, "groups", "name")},
			{As: "reader@red", Do: "GET /v3/groups?name=ops&domain_id={red}", Want: 200, Check: lists(w, "groups", "id", "{ops}")},
			{As: "manager@red", Do: "DELETE /v3/groups/{ops}", Want: 204},
			{As: "admin", Do: "GET /v3/groups/{ops}", Want: 404},
			{Name: "members have lost it", As: "bob", Do: "GET /v3/users/{bob}/groups", Want: 200, Check: lists(w, "groups", "name")},
		})
	})
}
