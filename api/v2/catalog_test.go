package v2_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestServicesAndEndpoints(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "default")
		w.Grant("ann", "member", "project:default/demo")
		const services, endpoints = "/v2.0/OS-KSADM/services", "/v2.0/endpoints"
		made := w.Post(services, `{"OS-KSADM:service":{"name":"nova","type":"compute","description":"Compute"}}`, w.As("admin")).Want(http.StatusOK)
		w.Name("nova", made.Str("OS-KSADM:service.id"))
		w.Run(t, []apitest.Case{
			{As: "ann", Name: "a user lists services", Do: "GET " + services, Want: 403},
			{As: "ann", Name: "a user deletes a service", Do: "DELETE " + services + "/{nova}", Want: 403},
			{As: "ann", Name: "a user creates an endpoint", Do: "POST " + endpoints, Body: `{"endpoint":{"service_id":"{nova}","publicurl":"http://x.test"}}`, Want: 403},
			{As: "admin", Name: "no type", Do: "POST " + services, Body: `{"OS-KSADM:service":{"name":"x"}}`, Want: 400},
			{As: "admin", Name: "an unknown service", Do: "GET " + services + "/nothing", Want: 404},
			{As: "admin", Name: "no public URL", Do: "POST " + endpoints, Body: `{"endpoint":{"service_id":"{nova}"}}`, Want: 400},
			{As: "admin", Name: "no service", Do: "POST " + endpoints, Body: `{"endpoint":{"publicurl":"http://x.test"}}`, Want: 400},
			{As: "admin", Name: "a service that is not there", Do: "POST " + endpoints, Body: `{"endpoint":{"service_id":"nothing","publicurl":"http://x.test"}}`, Want: 400},
			{As: "admin", Name: "a bad URL among good ones", Do: "POST " + endpoints, Body: `{"endpoint":{"service_id":"{nova}","region":"north","publicurl":"http://x.test","adminurl":"nothing"}}`, Want: 400},
			{As: "admin", Name: "an unknown endpoint", Do: "DELETE " + endpoints + "/nothing", Want: 404},
			{As: "admin", Name: "nothing was half done", Do: "GET /v3/regions/north", Want: 404},
			{As: "admin", Name: "the service", Do: "GET " + services + "/{nova}", Want: 200, Has: `"description":"Compute"`, Never: "links"},
			{As: "admin", Name: "the services", Do: "GET " + services, Want: 200, Has: `"OS-KSADM:services":[`},
		})
		v3 := func() []string {
			return w.Get("/v3/endpoints?service_id={nova}", w.As("sysadmin")).Want(http.StatusOK).Names("endpoints", "interface")
		}
		var ids []string
		for range 2 { // as in Keystone, the same may be there twice
			e := w.Post(endpoints, `{"endpoint":{"service_id":"{nova}","region":"north","publicurl":"http://p.test/$(tenant_id)s","internalurl":"http://i.test","adminurl":"http://a.test","colour":"blue"}}`,
				w.As("admin")).Want(http.StatusOK).Has(`"publicurl":"http://p.test/$(tenant_id)s"`).Has(`"adminurl":"http://a.test"`).Has(`"region":"north"`).Has("blue")
			ids = append(ids, e.Str("endpoint.id"))
		}
		if got := v3(); len(got) != 6 {
			t.Errorf("v3 has %v", got)
		}
		slices.Sort(ids)
		listed := func() []string {
			all := w.Get(endpoints, w.As("admin")).Want(http.StatusOK)
			var of []string
			for _, e := range all.List("endpoints") {
				if e.(map[string]any)["service_id"] == w.ID("nova") {
					of = append(of, e.(map[string]any)["id"].(string))
				}
			}
			return of
		}
		if got := listed(); !slices.Equal(got, ids) {
			t.Errorf("the list has %v, want %v", got, ids)
		}
		token := w.Token("ann", "project:default/demo")
		w.Get("/v2.0/tokens/"+token+"/endpoints", w.As("admin")).Want(http.StatusOK).
			Has(w.Expand(`"publicURL":"http://p.test/{default/demo}"`)).Has(`"endpoints_links":[]`).Has(`"name":"nova"`)
		w.Delete(endpoints+"/"+ids[0], w.As("admin")).Want(http.StatusNoContent)
		w.Delete(endpoints+"/"+ids[0], w.As("admin")).Want(http.StatusNotFound)
		if got := v3(); len(got) != 3 || !slices.Equal(listed(), ids[1:]) {
			t.Errorf("after a deletion v3 has %v and the list %v", got, listed())
		}
		w.Delete(services+"/{nova}", w.As("admin")).Want(http.StatusNoContent)
	})
}

func TestWhatHasNoTarget(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.User("ann", "default")
	unscoped := w.Token("ann", "")
	w.Run(t, []apitest.Case{
		{Name: "the revocation list", Do: "GET /v2.0/tokens/revoked", Want: 410},
		{Name: "the CA certificate", Do: "GET /v2.0/certificates/ca", Want: 410},
		{Name: "the signing certificate", Do: "GET /v2.0/certificates/signing", Want: 410},
		{Name: "an unknown extension", Do: "GET /v2.0/extensions/OS-NOTHING", Want: 404},
		{Name: "extensions", Do: "GET /v2.0/extensions", Want: 200, Has: `"values":[`},
		{Name: "an extension", Do: "GET /v2.0/extensions/OS-KSCRUD", Want: 200, Has: `"alias":"OS-KSCRUD"`},
		{Name: "endpoints, nobody", Do: "GET /v2.0/tokens/" + unscoped + "/endpoints", Want: 401},
		{As: "manager@default", Name: "endpoints of another's token", Do: "GET /v2.0/tokens/" + unscoped + "/endpoints", Want: 403},
		{As: "admin", Name: "endpoints of no token", Do: "GET /v2.0/tokens/nothing/endpoints", Want: 404},
		{As: "admin", Name: "endpoints of the system's token", Do: "GET /v2.0/tokens/" + w.Persona("sysadmin") + "/endpoints", Want: 401},
		{As: "admin", Name: "endpoints without a tenant", Do: "GET /v2.0/tokens/" + unscoped + "/endpoints", Want: 200, Has: "{}"},
	})
}
