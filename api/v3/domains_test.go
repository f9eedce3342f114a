package v3_test

import (
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestDomainRefusals(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Domain("red")
		w.Domain("blue")
		w.Project("red", "web")
		w.Run(t, []apitest.Case{
			{As: "manager@red", Do: "POST /v3/domains", Body: `{"domain":{"name":"x"}}`, Want: 403},
			{As: "admin@red", Do: "POST /v3/domains", Body: `{"domain":{"name":"x"}}`, Want: 403},
			{As: "admin@red", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{"name":"x"}}`, Want: 403},
			{Name: "a domain is changed as a domain, also where it is a project", As: "admin@red", Do: "PATCH /v3/projects/{blue}",
				Body: `{"project":{"enabled":false}}`, Want: 403},
			{As: "admin@red", Do: "DELETE /v3/projects/{blue}", Want: 403},
			{As: "admin@red", Do: "POST /v3/projects", Body: `{"project":{"name":"x","is_domain":true}}`, Want: 403},
			{As: "reader@blue", Do: "GET /v3/domains/{red}", Want: 403},
			{Name: "no name", As: "admin", Do: "POST /v3/domains", Body: `{"domain":{"description":"x"}}`, Want: 400},
			{Name: "a name of 65 characters", As: "admin", Do: "POST /v3/domains", Body: `{"domain":{"name":"` + long(65) + `"}}`, Want: 400},
			{Name: "a description of 256 characters", As: "admin", Do: "POST /v3/domains", Body: `{"domain":{"name":"x","description":"` + long(256) + `"}}`, Want: 400},
			{Name: "the name of federation", As: "admin", Do: "POST /v3/domains", Body: `{"domain":{"name":"fEDERATED"}}`, Want: 400},
			{Name: "an id in capitals", As: "admin", Do: "POST /v3/domains", Body: `{"domain":{"name":"x","explicit_domain_id":"0123456789ABCDEF0123456789ABCDEF"}}`, Want: 400},
			{Name: "an id that is taken", As: "admin", Do: "POST /v3/domains", Body: `{"domain":{"name":"x","explicit_domain_id":"{red}"}}`, Want: 409},
			{Name: "the id of a project", As: "admin", Do: "POST /v3/domains", Body: `{"domain":{"name":"x","explicit_domain_id":"{red/web}"}}`, Want: 409},
			{Name: "a name that is taken", As: "admin", Do: "POST /v3/domains", Body: `{"domain":{"name":" red "}}`, Want: 409},
			{Name: "renaming onto a taken name", As: "admin", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{"name":"blue"}}`, Want: 409},
			{Name: "an empty PATCH", As: "admin", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{}}`, Want: 400},
			{Name: "immutable as text", As: "admin", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{"options":{"immutable":"true"}}}`, Want: 400},
			{Name: "an enabled domain cannot be deleted", As: "admin", Do: "DELETE /v3/domains/{red}", Want: 403},
			{Name: "not as a project either", As: "admin", Do: "DELETE /v3/projects/{red}", Want: 403},
			{Name: "a project is no domain", As: "admin", Do: "GET /v3/domains/{red/web}", Want: 404},
			{As: "admin", Do: "DELETE /v3/domains/{red/web}", Want: 404},
			{As: "admin", Do: "GET /v3/domains/none", Want: 404},
			{As: "admin", Do: "GET /v3/domains?marker=none", Want: 404},
			{Name: "nothing of it was done", As: "admin", Do: "GET /v3/domains", Want: 200, Check: lists(w, "domains", "name", "Default", "red", "blue")},
		})
	})
}

func TestDomainLife(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Domain("blue")
		const id = "0123456789abcdef0123456789abcdef"
		w.Run(t, []apitest.Case{
			{
				As: "admin", Do: "POST /v3/domains", Want: 201,
				Body: `{"domain":{"name":" red ","explicit_domain_id":"` + id + `","tags":["b","a"],"options":{"immutable":false},"tone":"warm","is_domain":false,"parent_id":"x"}}`,
				Check: all(remember(w, "red", "domain.id"), shows(w, "domain.id", `"`+id+`"`, "domain.name", `"red"`, "domain.description", `""`,
					"domain.enabled", "true", "domain.options", `{"immutable":false}`, "domain.tone", `"warm"`, "domain.parent_id", absent,
					"domain.is_domain", absent, "domain.explicit_domain_id", absent, "domain.links.self", link("/v3/domains/{red}"))),
			},
			{Name: "it is a project as well", As: "admin", Do: "GET /v3/projects/{red}", Want: 200, Check: shows(w,
				"project.is_domain", "true", "project.domain_id", "null", "project.parent_id", "null", "project.name", `"red"`)},
			{Name: "of another list", As: "admin", Do: "GET /v3/projects?is_domain=true&name=red", Want: 200, Check: lists(w, "projects", "id", id)},
			{As: "admin", Do: "GET /v3/projects?name=red", Want: 200, Check: lists(w, "projects", "id")},
			{Name: "id and place are ignored", As: "admin", Do: "PATCH /v3/domains/{red}", Want: 200,
				Body:  `{"domain":{"id":"x","parent_id":"{blue}","is_domain":false,"domain_id":"{blue}","description":null,"tone":null}}`,
				Check: shows(w, "domain.id", `"`+id+`"`, "domain.description", "null", "domain.tone", "null", "domain.extra", absent)},
			{As: "reader@red", Do: "GET /v3/domains", Want: 200, Check: lists(w, "domains", "id", id)},
			{As: "member@red/web", Do: "GET /v3/domains/{red}", Want: 200},
			{Name: "it can be locked", As: "admin", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{"options":{"immutable":true}}}`, Want: 200},
			{As: "admin", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{"enabled":false}}`, Want: 403},
			{Name: "unlocking and more is refused", As: "admin", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{"enabled":false,"options":{"immutable":false}}}`, Want: 403},
			{As: "admin", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{"options":{"immutable":null}}}`, Want: 200, Check: shows(w, "domain.options", "{}")},
			{Name: "enabled children do not stop a domain from being disabled", As: "admin", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{"enabled":false}}`, Want: 200},
			{As: "admin", Do: "GET /v3/domains?enabled=false", Want: 200, Check: lists(w, "domains", "name", "red")},
			{Name: "which ends the tokens of it", As: "member@red/web", Do: "GET /v3/domains/{red}", Want: 401},
			{Name: "nothing is made in it", As: "admin", Do: "POST /v3/projects", Body: `{"project":{"name":"x","domain_id":"{red}"}}`, Want: 400},
			{As: "admin", Do: "DELETE /v3/domains/{red}", Want: 204},
			{As: "admin", Do: "GET /v3/domains/{red}", Want: 404},
			{Name: "its projects are gone", As: "admin", Do: "GET /v3/projects/{red/web}", Want: 404},
			{Name: "its users too", As: "admin", Do: "GET /v3/users/{reader@red}", Want: 404},
		})
	})
}
