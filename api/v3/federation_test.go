package v3_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

const (
	idps     = "/v3/OS-FEDERATION/identity_providers"
	maps     = "/v3/OS-FEDERATION/mappings"
	sps      = "/v3/OS-FEDERATION/service_providers"
	oneRule  = `{"mapping":{"rules":[{"local":[{"user":{"name":"{0}"}}],"remote":[{"type":"LOGIN"}]}]}}`
	protocol = `{"protocol":{"mapping_id":"m"}}`
)

// placeholders makes the placeholders of mappings stand for themselves in bodies.
func placeholders(w *apitest.World) {
	for _, n := range []string{"0", "1", "2"} {
		w.Name(n, "{"+n+"}")
	}
}

func TestIdentityProviders(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Domain("red")
		w.Domain("blue")
		body := func(attrs string) string { return `{"identity_provider":{` + attrs + `}}` }
		w.Run(t, []apitest.Case{
			{As: "admin@red", Do: "PUT " + idps + "/corp", Body: body(``), Want: 403},
			{As: "reader@system", Do: "PUT " + idps + "/corp", Body: body(``), Want: 403},
			{As: "manager@red", Do: "GET " + idps, Want: 403},
			{Name: "strangers do not learn what exists", As: "manager@red", Do: "GET " + idps + "/corp", Want: 403},
			{Name: "an attribute of one's own", As: "admin", Do: "PUT " + idps + "/corp", Body: body(`"x":1`), Want: 400},
			{Name: "an id in the body", As: "admin", Do: "PUT " + idps + "/corp", Body: body(`"id":"corp"`), Want: 400},
			{Name: "something beside it", As: "admin", Do: "PUT " + idps + "/corp", Body: `{"identity_provider":{},"x":1}`, Want: 400},
			{Name: "enabled as text", As: "admin", Do: "PUT " + idps + "/corp", Body: body(`"enabled":"true"`), Want: 400},
			{Name: "enabled as null", As: "admin", Do: "PUT " + idps + "/corp", Body: body(`"enabled":null`), Want: 400},
			{Name: "a remote id twice", As: "admin", Do: "PUT " + idps + "/corp", Body: body(`"remote_ids":["a","a"]`), Want: 400},
			{Name: "an empty remote id", As: "admin", Do: "PUT " + idps + "/corp", Body: body(`"remote_ids":[""]`), Want: 400},
			{Name: "remote ids as text", As: "admin", Do: "PUT " + idps + "/corp", Body: body(`"remote_ids":"a"`), Want: 400},
			{Name: "a negative time", As: "admin", Do: "PUT " + idps + "/corp", Body: body(`"authorization_ttl":-1`), Want: 400},
			{Name: "an id of 65 characters", As: "admin", Do: "PUT " + idps + "/" + strings.Repeat("x", 65), Body: body(``), Want: 400},
			{Name: "an id with a control character", As: "admin", Do: "PUT " + idps + "/a%07b", Body: body(``), Want: 400},
			{Name: "no such domain", As: "admin", Do: "PUT " + idps + "/corp", Body: body(`"domain_id":"none"`), Want: 404},
			{Name: "a project is no domain", As: "admin", Do: "PUT " + idps + "/corp", Body: body(`"domain_id":"{admin-project}"`), Want: 404},
			{Name: "nothing of it was made", As: "admin", Do: "GET " + idps, Want: 200, Check: lists(w, "identity_providers", "id")},
			{As: "admin", Do: "GET " + idps + "/corp", Want: 404},
			{As: "admin", Do: "DELETE " + idps + "/corp", Want: 404},
			{As: "admin", Do: "PATCH " + idps + "/corp", Body: body(`"enabled":true`), Want: 404},

			{Name: "with everything", As: "admin", Do: "PUT " + idps + "/corp%20ü", Want: 201,
				Body: body(`"domain_id":"{red}","enabled":true,"description":"d","remote_ids":["https://z","https://a"],"authorization_ttl":60`),
				Check: shows(w, "identity_provider", `{"authorization_ttl":60,"description":"d","domain_id":"{red}","enabled":true,"id":"corp ü",`+
					`"links":{"protocols":`+link(idps+"/corp%20%C3%BC/protocols")+`,"self":`+link(idps+"/corp%20%C3%BC")+`},"remote_ids":["https://z","https://a"]}`)},
			{Name: "without a body it has defaults, and a domain of its own", As: "sysadmin", Do: "PUT " + idps + "/lab", Want: 201,
				Check: all(remember(w, "labs", "identity_provider.domain_id"), shows(w, "identity_provider.enabled", "false", "identity_provider.description", "null",
					"identity_provider.remote_ids", "[]", "identity_provider.authorization_ttl", "null"))},
			{As: "admin", Do: "GET /v3/domains/{labs}", Want: 200, Check: shows(w, "domain.name", `"{labs}"`, "domain.enabled", "true")},
			{Name: "null is a domain of its own too", As: "admin", Do: "PUT " + idps + "/third", Body: body(`"domain_id":null,"remote_ids":null`), Want: 201},
			{Name: "PUT never changes", As: "admin", Do: "PUT " + idps + "/lab", Body: body(`"enabled":true`), Want: 409},
			{Name: "in another normal form it is the same", As: "admin", Do: "PUT " + idps + "/corp%20u%CC%88", Body: body(``), Want: 409},
			{Name: "a remote id of another", As: "admin", Do: "PUT " + idps + "/x", Body: body(`"remote_ids":["b","https://a"]`), Want: 409},
			{Name: "a refused one leaves no domain behind", As: "admin", Do: "GET /v3/domains?name__startswith=" + "x", Want: 200, Check: lists(w, "domains", "name")},
			{As: "reader@system", Do: "GET " + idps + "/corp%20u%CC%88", Want: 200, Check: shows(w, "identity_provider.id", `"corp ü"`)},
			{As: "reader@system", Do: "HEAD " + idps + "/lab", Want: 200},
			{As: "admin", Do: "GET " + idps, Want: 200, Check: all(lists(w, "identity_providers", "id", "corp ü", "lab", "third"),
				shows(w, "identity_providers.1.links.protocols", link(idps+"/lab/protocols"), "links.self", link(idps)))},
			{As: "admin", Do: "GET " + idps + "?enabled=true", Want: 200, Check: lists(w, "identity_providers", "id", "corp ü")},
			{As: "admin", Do: "GET " + idps + "?id=lab", Want: 200, Check: lists(w, "identity_providers", "id", "lab")},
			{As: "admin", Do: "GET " + idps + "?id__icontains=CORP", Want: 200, Check: lists(w, "identity_providers", "id", "corp ü")},
			{As: "admin", Do: "GET " + idps + "?id=", Want: 400},
			{As: "admin", Do: "GET " + idps + "?enabled=maybe", Want: 400},
			{As: "admin", Do: "GET " + idps + "?limit=1&marker=lab", Want: 200, Check: all(lists(w, "identity_providers", "id", "third"), shows(w, "links.next", "null"))},
			{As: "admin", Do: "GET " + idps + "?limit=1", Want: 200, Check: shows(w, "truncated", "true", "identity_providers.1", absent)},
			{As: "admin", Do: "GET " + idps + "?marker=none", Want: 404},

			{Name: "an empty PATCH", As: "admin", Do: "PATCH " + idps + "/lab", Body: body(``), Want: 400},
			{Name: "another domain", As: "admin", Do: "PATCH " + idps + "/lab", Body: body(`"domain_id":"{blue}"`), Want: 400},
			{Name: "a remote id of another, changed", As: "admin", Do: "PATCH " + idps + "/lab", Body: body(`"enabled":true,"remote_ids":["https://z"]`), Want: 409},
			{Name: "which changed nothing", As: "admin", Do: "GET " + idps + "/lab", Want: 200, Check: shows(w, "identity_provider.enabled", "false")},
			{Name: "what is beside it is ignored in a PATCH", As: "admin", Do: "PATCH " + idps + "/corp%20ü", Want: 200,
				Body:  `{"identity_provider":{"remote_ids":["https://a"],"description":null},"x":1}`,
				Check: shows(w, "identity_provider.remote_ids", `["https://a"]`, "identity_provider.description", "null", "identity_provider.enabled", "true", "identity_provider.authorization_ttl", "60")},
			{Name: "so another may have it", As: "admin", Do: "PATCH " + idps + "/lab", Body: body(`"remote_ids":["https://z"],"authorization_ttl":0`), Want: 200,
				Check: shows(w, "identity_provider.authorization_ttl", "0")},
			{As: "admin", Do: "PATCH " + idps + "/corp%20ü", Body: body(`"authorization_ttl":null,"remote_ids":null`), Want: 200,
				Check: shows(w, "identity_provider.authorization_ttl", "null", "identity_provider.remote_ids", "[]")},
			{As: "admin", Do: "DELETE " + idps + "/lab", Want: 204},
			{As: "admin", Do: "DELETE " + idps + "/lab", Want: 404},
			{Name: "the domain that was made for it stays", As: "admin", Do: "GET /v3/domains/{labs}", Want: 200},
			{As: "admin", Do: "PATCH /v3/domains/{red}", Body: `{"domain":{"enabled":false}}`, Want: 200},
			{As: "admin", Do: "DELETE /v3/domains/{red}", Want: 204},
			{Name: "a domain takes its identity providers along", As: "admin", Do: "GET " + idps + "/corp%20ü", Want: 404},
		})
	})
}

func TestProtocolsAndMappings(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		placeholders(w)
		w.Domain("red")
		one := idps + "/corp/protocols/saml2"
		rules := func(s string) string { return `{"mapping":{"rules":` + s + `}}` }
		w.Put(idps+"/corp", w.As("admin")).Want(201)
		w.Run(t, []apitest.Case{
			{As: "admin@red", Do: "PUT " + maps + "/m", Body: oneRule, Want: 403},
			{As: "reader@system", Do: "PUT " + maps + "/m", Body: oneRule, Want: 403},
			{As: "admin@red", Do: "GET " + maps + "/m", Want: 403},
			{Name: "no rules", As: "admin", Do: "PUT " + maps + "/m", Body: `{"mapping":{}}`, Want: 400},
			{Name: "empty rules", As: "admin", Do: "PUT " + maps + "/m", Body: rules(`[]`), Want: 400},
			{Name: "an unknown attribute in a rule", As: "admin", Do: "PUT " + maps + "/m", Body: rules(`[{"local":[],"remote":[{"type":"A"}],"x":1}]`), Want: 400},
			{Name: "an unknown form", As: "admin", Do: "PUT " + maps + "/m", Body: rules(`[{"local":[],"remote":[{"type":"A","all_of":["x"]}]}]`), Want: 400, Has: "rules[0].remote[0]"},
			{Name: "a placeholder without a value", As: "admin", Do: "PUT " + maps + "/m", Body: rules(`[{"local":[{"user":{"name":"{1}"}}],"remote":[{"type":"A"}]}]`), Want: 400, Has: "rules[0].local[0].user.name"},
			{Name: "an expression that is none", As: "admin", Do: "PUT " + maps + "/m", Body: rules(`[{"local":[],"remote":[{"type":"A","regex":true,"whitelist":["(?=x)"]}]}]`), Want: 400},
			{Name: "an unknown version", As: "admin", Do: "PUT " + maps + "/m", Body: strings.Replace(oneRule, `"rules"`, `"schema_version":"4.0","rules"`, 1), Want: 400},
			{Name: "projects_json before 3.0", As: "admin", Do: "PUT " + maps + "/m", Body: rules(`[{"local":[{"projects_json":"{0}"}],"remote":[{"type":"A"}]}]`), Want: 400},
			{Name: "an id of 65 characters", As: "admin", Do: "PUT " + maps + "/" + strings.Repeat("x", 65), Body: oneRule, Want: 400},
			{As: "admin", Do: "PATCH " + maps + "/m", Body: oneRule, Want: 404},
			{As: "admin", Do: "GET " + maps + "/m", Want: 404},
			{Name: "a protocol needs a mapping that exists", As: "admin", Do: "PUT " + one, Body: protocol, Want: 400},

			{Name: "other attributes are dropped", As: "admin", Do: "PUT " + maps + "/m", Want: 201,
				Body: `{"mapping":{"id":"other","schema_version":"2.0","colour":"red","rules":[{"remote":[{"type":"LOGIN"}],"local":[{"user":{"name":"{0}"}}]}]},"x":1}`,
				Check: shows(w, "mapping.id", `"m"`, "mapping.schema_version", `"2.0"`, "mapping.colour", absent, "mapping.links", `{"self":`+link(maps+"/m")+`}`,
					"mapping.rules", `[{"local":[{"user":{"name":"{0}"}}],"remote":[{"type":"LOGIN"}]}]`)},
			{As: "admin", Do: "PUT " + maps + "/m", Body: oneRule, Want: 409},
			{Name: "a PATCH without a version has the default one", As: "admin", Do: "PATCH " + maps + "/m", Body: oneRule, Want: 200, Check: shows(w, "mapping.schema_version", `"1.0"`)},
			{Name: "a PATCH without rules", As: "admin", Do: "PATCH " + maps + "/m", Body: `{"mapping":{"schema_version":"2.0"}}`, Want: 400},
			{As: "reader@system", Do: "GET " + maps + "/m", Want: 200, Check: shows(w, "mapping.rules.0.remote.0.type", `"LOGIN"`)},
			{As: "reader@system", Do: "GET " + maps, Want: 200, Check: lists(w, "mappings", "id", "m")},
			{As: "reader@system", Do: "HEAD " + maps, Want: 200},

			{As: "reader@system", Do: "PUT " + one, Body: protocol, Want: 403},
			{Name: "no mapping", As: "admin", Do: "PUT " + one, Body: `{"protocol":{}}`, Want: 400},
			{Name: "an attribute of one's own", As: "admin", Do: "PUT " + one, Body: `{"protocol":{"mapping_id":"m","x":1}}`, Want: 400},
			{Name: "something beside it", As: "admin", Do: "PUT " + one, Body: `{"protocol":{"mapping_id":"m"},"x":1}`, Want: 400},
			{Name: "no such identity provider", As: "admin", Do: "PUT " + idps + "/none/protocols/saml2", Body: protocol, Want: 404},
			{As: "admin", Do: "PATCH " + one, Body: protocol, Want: 404},
			{As: "admin", Do: "GET " + one, Want: 404},
			{As: "admin", Do: "DELETE " + one, Want: 404},
			{As: "admin", Do: "PUT " + one, Body: `{"protocol":{"mapping_id":"m","remote_id_attribute":"ISS"}}`, Want: 201,
				Check: shows(w, "protocol", `{"id":"saml2","links":{"identity_provider":`+link(idps+"/corp")+`,"self":`+link(one)+`},"mapping_id":"m"}`)},
			{As: "admin", Do: "PUT " + one, Body: protocol, Want: 409},
			{As: "reader@system", Do: "GET " + one, Want: 200, Check: shows(w, "protocol.mapping_id", `"m"`, "protocol.idp_id", absent)},
			{Name: "a list says more", As: "reader@system", Do: "GET " + idps + "/corp/protocols", Want: 200,
				Check: shows(w, "protocols.0.idp_id", `"corp"`, "protocols.0.remote_id_attribute", `"ISS"`, "protocols.0.links.self", link(one))},
			{Name: "an identity provider that does not exist has none", As: "reader@system", Do: "GET " + idps + "/none/protocols", Want: 200, Check: lists(w, "protocols", "id")},
			{Name: "null is not for a PATCH", As: "admin", Do: "PATCH " + one, Body: `{"protocol":{"mapping_id":"m","remote_id_attribute":null}}`, Want: 400},
			{Name: "a PATCH needs the mapping", As: "admin", Do: "PATCH " + one, Body: `{"protocol":{"remote_id_attribute":"X"}}`, Want: 400},
			{Name: "an unknown mapping", As: "admin", Do: "PATCH " + one, Body: `{"protocol":{"mapping_id":"none"}}`, Want: 400},
			{As: "admin", Do: "PATCH " + one, Body: protocol, Want: 200},
			{Name: "what it does not name stays", As: "admin", Do: "GET " + idps + "/corp/protocols", Want: 200, Check: shows(w, "protocols.0.remote_id_attribute", `"ISS"`)},
			{Name: "a mapping in use goes", As: "admin", Do: "DELETE " + maps + "/m", Want: 204},
			{As: "admin", Do: "DELETE " + maps + "/m", Want: 404},
			{Name: "and its name stays", As: "admin", Do: "GET " + one, Want: 200, Check: shows(w, "protocol.mapping_id", `"m"`)},
			{As: "admin", Do: "DELETE " + one, Want: 204},
			{As: "admin", Do: "GET " + idps + "/corp/protocols", Want: 200, Check: lists(w, "protocols", "id")},
		})
	})
}

func TestServiceProviders(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		body := func(attrs string) string { return `{"service_provider":{` + attrs + `}}` }
		const urls = `"auth_url":"https://far/auth","sp_url":"https://far/sp"`
		token := func(t *testing.T, want string) {
			t.Helper()
			for _, as := range []string{"admin", "sysadmin", "admin@red", "ann"} {
				r := w.In(t).Get("/v3/auth/tokens", w.As("admin"), apitest.Header("X-Subject-Token", w.Persona(as))).Want(200)
				shows(w, "token.service_providers", want)(t, r)
			}
			shows(w, "token.service_providers", want)(t, w.In(t).Get("/v3/auth/tokens?nocatalog", w.As("admin"), apitest.Header("X-Subject-Token", w.Persona("admin"))))
		}
		shown := func(want string) check { return func(t *testing.T, _ *apitest.Response) { t.Helper(); token(t, want) } }
		token(t, absent)
		w.Run(t, []apitest.Case{
			{As: "admin@red", Do: "PUT " + sps + "/far", Body: body(urls), Want: 403},
			{As: "manager@red", Do: "GET " + sps, Want: 403},
			{Name: "no URL", As: "admin", Do: "PUT " + sps + "/far", Body: body(`"auth_url":"https://far"`), Want: 400},
			{Name: "an URL that is none", As: "admin", Do: "PUT " + sps + "/far", Body: body(`"auth_url":"https://far","sp_url":"far"`), Want: 400},
			{Name: "an attribute of one's own", As: "admin", Do: "PUT " + sps + "/far", Body: body(urls + `,"x":1`), Want: 400},
			{Name: "enabled as text", As: "admin", Do: "PUT " + sps + "/far", Body: body(urls + `,"enabled":"yes"`), Want: 400},
			{Name: "no prefix", As: "admin", Do: "PUT " + sps + "/far", Body: body(urls + `,"relay_state_prefix":null`), Want: 400},
			{Name: "an id of 65 characters", As: "admin", Do: "PUT " + sps + "/" + strings.Repeat("x", 65), Body: body(urls), Want: 400},
			{As: "admin", Do: "GET " + sps + "/far", Want: 404},
			{As: "admin", Do: "PATCH " + sps + "/far", Body: body(`"enabled":true`), Want: 404},
			{As: "admin", Do: "DELETE " + sps + "/far", Want: 404},
			{As: "admin", Do: "PUT " + sps + "/far", Body: body(urls), Want: 201, Check: all(shown(absent), shows(w, "service_provider",
				`{"auth_url":"https://far/auth","description":null,"enabled":false,"id":"far","links":{"self":`+link(sps+"/far")+`},"relay_state_prefix":"ss:mem:","sp_url":"https://far/sp"}`))},
			{As: "admin", Do: "PUT " + sps + "/far", Body: body(urls), Want: 409},
			{As: "admin", Do: "PUT " + sps + "/away", Body: body(urls + `,"enabled":true,"description":"d","relay_state_prefix":""`), Want: 201,
				Check: shown(`[{"auth_url":"https://far/auth","id":"away","sp_url":"https://far/sp"}]`)},
			{Name: "an empty PATCH", As: "admin", Do: "PATCH " + sps + "/far", Body: body(``), Want: 400},
			{Name: "another id", As: "admin", Do: "PATCH " + sps + "/far", Body: body(`"id":"near"`), Want: 400},
			{Name: "an enabled one is in every token", As: "admin", Do: "PATCH " + sps + "/far", Body: body(`"enabled":true,"sp_url":"https://new/sp"`), Want: 200,
				Check: shown(`[{"auth_url":"https://far/auth","id":"away","sp_url":"https://far/sp"},{"auth_url":"https://far/auth","id":"far","sp_url":"https://new/sp"}]`)},
			{As: "reader@system", Do: "GET " + sps + "?enabled=1", Want: 200, Check: lists(w, "service_providers", "id", "away", "far")},
			{As: "reader@system", Do: "GET " + sps + "?id=far", Want: 200, Check: lists(w, "service_providers", "id", "far")},
			{As: "reader@system", Do: "HEAD " + sps + "/far", Want: 200},
			{As: "admin", Do: "DELETE " + sps + "/far", Want: 204},
			{As: "admin", Do: "PATCH " + sps + "/away", Body: body(`"enabled":false`), Want: 200, Check: shown(absent)},
		})
	})
}

func TestFederationAliases(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	w.Get("/v3/OS-FEDERATION/projects").Want(401)
	alice := apitest.Token(w.Token("alice", ""))
	for _, what := range []string{"projects", "domains"} {
		alias, plain := w.Get("/v3/OS-FEDERATION/"+what, alice).Want(200), w.Get("/v3/auth/"+what, alice).Want(200)
		lists(w, what, "id", plain.Names(what, "id")...)(t, alias)
		shows(w, "links.self", link("/v3/OS-FEDERATION/"+what))(t, alias)
		if len(plain.Names(what, "id")) == 0 {
			t.Errorf("alice has no %s", what)
		}
	}
}

// TestOneIdentityProviderGetsARemoteID, and of those that lose no domain is left.
func TestOneIdentityProviderGetsARemoteID(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		admin := w.As("admin")
		before := len(w.Get("/v3/domains", admin).Want(200).List("domains"))
		var all sync.WaitGroup
		var made atomic.Int64
		for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
			all.Go(func() {
				if w.Put(idps+"/"+id, admin, apitest.Body(`{"identity_provider":{"remote_ids":["the one"]}}`)).Status == 201 {
					made.Add(1)
				}
			})
		}
		all.Wait()
		if after := len(w.Get("/v3/domains", admin).Want(200).List("domains")); made.Load() != 1 || after != before+1 {
			t.Errorf("%d identity providers with one remote id, %d new domains", made.Load(), after-before)
		}
	})
}
