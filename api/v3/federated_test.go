package v3_test

import (
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// federatedWorld has the identity providers corp (red) and lab (blue) with the protocols saml2 and openid.
func federatedWorld(w *apitest.World) {
	placeholders(w)
	w.Put(maps+"/m", w.As("admin"), apitest.Body(oneRule)).Want(201)
	for idp, domain := range map[string]string{"corp": "red", "lab": "blue"} {
		w.Put(idps+"/"+idp, w.As("admin"), apitest.Body(`{"identity_provider":{"domain_id":"`+w.Domain(domain)+`"}}`)).Want(201)
		for _, p := range []string{"saml2", "openid"} {
			w.Put(idps+"/"+idp+"/protocols/"+p, w.As("admin"), apitest.Body(protocol)).Want(201)
		}
	}
}

func TestFederatedIdentitiesOfUsers(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		federatedWorld(w)
		w.User("ann", "red")
		w.User("ben", "red")
		at := func(idp, protocol, unique string) string {
			return `{"idp_id":"` + idp + `","protocols":[{"protocol_id":"` + protocol + `","unique_id":"` + unique + `"}]}`
		}
		user := func(federated string) string { return `{"user":{"federated":[` + federated + `]}}` }
		names := func(want ...string) check { return lists(w, "users", "name", want...) }
		const both = `{"idp_id":"corp","protocols":[{"protocol_id":"openid","unique_id":"a"},{"protocol_id":"saml2","unique_id":"a"}]}`
		w.Run(t, []apitest.Case{
			{As: "ann", Do: "PATCH /v3/users/{ann}", Body: user(at("corp", "saml2", "a")), Want: 403},
			{Name: "no such identity provider", As: "admin", Do: "PATCH /v3/users/{ann}", Body: user(at("none", "saml2", "a")), Want: 400},
			{Name: "no such protocol", As: "admin", Do: "PATCH /v3/users/{ann}", Body: user(at("corp", "none", "a")), Want: 400},
			{Name: "no protocols", As: "admin", Do: "PATCH /v3/users/{ann}", Body: user(`{"idp_id":"corp","protocols":[]}`), Want: 400},
			{Name: "no unique id", As: "admin", Do: "PATCH /v3/users/{ann}", Body: user(at("corp", "saml2", "")), Want: 400},
			{Name: "a unique id of 256 characters", As: "admin", Do: "PATCH /v3/users/{ann}", Body: user(at("corp", "saml2", long(256))), Want: 400},
			{Name: "an attribute of one's own", As: "admin", Do: "PATCH /v3/users/{ann}", Body: user(`{"idp_id":"corp","protocols":[{"protocol_id":"saml2","unique_id":"a"}],"x":1}`), Want: 400},
			{Name: "null", As: "admin", Do: "PATCH /v3/users/{ann}", Body: `{"user":{"federated":null}}`, Want: 400},
			{Name: "the same twice", As: "admin", Do: "PATCH /v3/users/{ann}", Body: user(at("corp", "saml2", "a") + "," + at("corp", "saml2", "a")), Want: 409},
			{Name: "an identity provider of another domain looks missing to a domain's manager", As: "manager@red", Do: "PATCH /v3/users/{ann}",
				Body: user(at("lab", "saml2", "a")), Want: 400, Has: "Could not find"},
			{Name: "also for a new user", As: "manager@red", Do: "POST /v3/users",
				Body: `{"user":{"name":"mole","domain_id":"{red}","federated":[` + at("lab", "saml2", "a") + `]}}`, Want: 400},
			{Name: "who was not made", As: "admin", Do: "GET /v3/users?name=mole", Want: 200, Check: names()},
			{Name: "nothing of it was done", As: "ann", Do: "GET /v3/users/{ann}", Want: 200, Check: shows(w, "user.federated", absent)},

			{As: "manager@red", Do: "PATCH /v3/users/{ann}", Body: user(both + "," + at("corp", "saml2", "b")), Want: 200,
				Check: shows(w, "user.federated", `[{"idp_id":"corp","protocols":[{"protocol_id":"openid","unique_id":"a"},{"protocol_id":"saml2","unique_id":"a"},{"protocol_id":"saml2","unique_id":"b"}]}]`,
					"user.extra", "{}")},
			{Name: "that of another user", As: "admin", Do: "PATCH /v3/users/{ben}", Body: user(at("corp", "saml2", "a")), Want: 409},
			{Name: "that of another user, new", As: "admin", Do: "POST /v3/users", Body: `{"user":{"name":"mole","federated":[` + at("corp", "saml2", "a") + `]}}`, Want: 409},
			{Name: "who was not made either", As: "admin", Do: "GET /v3/users?name=mole", Want: 200, Check: names()},
			{Name: "a new user", As: "admin", Do: "POST /v3/users", Body: `{"user":{"name":"zoe","domain_id":"{blue}","federated":[` + at("lab", "saml2", "a") + "," + at("corp", "saml2", "z") + `]}}`, Want: 201,
				Check: all(remember(w, "zoe", "user.id"), shows(w, "user.federated", `[`+at("corp", "saml2", "z")+`,`+at("lab", "saml2", "a")+`]`))},
			{As: "reader@blue", Do: "GET /v3/users/{zoe}", Want: 200, Check: shows(w, "user.federated.0.idp_id", `"corp"`, "user.federated.1.idp_id", `"lab"`)},
			{Name: "a list does not show it", As: "admin", Do: "GET /v3/users?name=zoe", Want: 200, Check: shows(w, "users.0.federated", absent, "users.1", absent)},
			{Name: "each user is found once", As: "admin", Do: "GET /v3/users?idp_id=corp", Want: 200, Check: names("ann", "zoe")},
			{As: "admin", Do: "GET /v3/users?protocol_id=openid", Want: 200, Check: names("ann")},
			{As: "admin", Do: "GET /v3/users?unique_id=a", Want: 200, Check: names("ann", "zoe")},
			{Name: "filters look at one identity", As: "admin", Do: "GET /v3/users?unique_id=z&idp_id=lab", Want: 200, Check: names()},
			{As: "admin", Do: "GET /v3/users?unique_id__startswith=z&protocol_id=saml2", Want: 200, Check: names("zoe")},
			{Name: "of one's own domain", As: "reader@blue", Do: "GET /v3/users?idp_id=corp", Want: 200, Check: names("zoe")},
			{As: "admin", Do: "GET /v3/users?idp_id=", Want: 400},
			{As: "admin", Do: "GET /v3/users?idp_id=corp&limit=1", Want: 200, Check: shows(w, "truncated", "true")},
			{Name: "an empty list changes nothing", As: "admin", Do: "PATCH /v3/users/{zoe}", Body: user(``), Want: 200,
				Check: shows(w, "user.federated.1.idp_id", `"lab"`)},
			{Name: "a list replaces all", As: "admin", Do: "PATCH /v3/users/{zoe}", Body: user(at("lab", "openid", "y")), Want: 200,
				Check: shows(w, "user.federated", `[`+at("lab", "openid", "y")+`]`)},
			{Name: "so another may have it", As: "admin", Do: "PATCH /v3/users/{ben}", Body: user(at("corp", "saml2", "z")), Want: 200},
			{As: "admin", Do: "DELETE " + idps + "/lab/protocols/openid", Want: 204},
			{Name: "a protocol takes it along", As: "admin", Do: "GET /v3/users/{zoe}", Want: 200, Check: shows(w, "user.federated", absent)},
			{As: "admin", Do: "DELETE " + idps + "/corp", Want: 204},
			{Name: "and so does an identity provider, but not the user", As: "admin", Do: "GET /v3/users/{ben}", Want: 200, Check: shows(w, "user.federated", absent)},
		})
	})
}
