// Package v2 is the OpenStack Identity v2.0 API for tools that never moved on, over the same services and
// rules as v3: what v3 refuses to somebody cannot be done here either. It knows passwords and one domain only, so
// it is closed to people who sign in with a second factor and to users outside the default domain, wherever a
// v2.0 token or a v2.0 view of one would be given. What is outside the default domain does not exist here.
package v2

import (
	"net/http"
	"slices"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/credential"
	"github.com/keyward/identity/internal/ec2"
	"github.com/keyward/identity/internal/extra"
	"github.com/keyward/identity/internal/facts"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
)

// Services are what the handlers call.
type Services struct {
	Auth       *auth.Service
	Identity   *identity.Service
	Resource   *resource.Service
	Assignment *assignment.Service
	Catalog    *catalog.Registry
	Facts      *facts.Facts
	Credential *credential.Service
	EC2        *ec2.Service
}

// Ops lists every operation under /v2.0, in the order of openapi.yaml.
func Ops(s Services) []httpapi.Op {
	return slices.Concat(
		tokens{s}.ops(),
		gone{}.ops(),
		extensions{}.ops(),
		tenants{s}.ops(),
		users{s}.ops(),
		ownPassword{s}.ops(),
		roles{s}.ops(),
		grants{s}.ops(),
		roleRefs{s}.ops(),
		services{s}.ops(),
		endpoints{s}.ops(),
		accessKeys{s}.ops(),
	)
}

// declare returns the names that every resource declares, and these. Those of v3 are among them: they mean
// nothing here, and must not be kept as if they were the caller's own.
func declare(names ...string) extra.Names {
	return append(extra.Names{"id", "links", "extra", "name", "enabled", "domain", "domain_id", "options"}, names...)
}

// ok is 200 with one object under its name; v2.0 answers so to everything, also to what makes something.
func ok(name string, view any, err error) (httpapi.Reply, error) {
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Show(name, view), nil
}

// views shows each item.
func views[T, V any](items []T, view func(T) V) []V {
	all := make([]V, len(items))
	for i, item := range items {
		all[i] = view(item)
	}
	return all
}

// inDefault narrows a query to the default domain and, for domain-scoped tokens, to their own domain as well.
func inDefault(c *httpapi.Call, q listing.Query) listing.Query {
	if c.Actor.DomainID != "" {
		q = q.With("domain_id", c.Actor.DomainID)
	}
	return q.With("domain_id", auth.DefaultDomainID)
}

// ofCaller is the target of lists, which are judged by the domain that the token is scoped to.
func ofCaller(c *httpapi.Call) (httpapi.Draft, error) {
	return httpapi.Draft{"target.domain_id": policy.IsOrNull(c.Actor.DomainID)}, nil
}

// every reads a list page by page.
func every[T any](q listing.Query, id func(T) string, read func(listing.Query) (listing.Page[T], error)) ([]T, error) {
	var all []T
	for {
		page, err := read(q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if !page.More || len(page.Items) == 0 {
			return all, nil
		}
		q.Marker = id(all[len(all)-1])
	}
}

// sentID is an id in a body, of any type. Only a text can be the id of something.
func sentID(v optional.Value[any]) optional.Value[string] {
	if !v.Present() {
		return optional.Value[string]{}
	}
	s, _ := v.Or(nil).(string)
	return optional.Of(s)
}

// textOrNull is null for "".
func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// gone answers for what Keystone's PKI tokens needed.
type gone struct{}

func (h gone) ops() []httpapi.Op {
	const why = "it tells the same to everybody: that there is nothing"
	return []httpapi.Op{
		httpapi.Public("GET /v2.0/tokens/revoked", why, h.answer),
		httpapi.Public("GET /v2.0/certificates/ca", why, h.answer),
		httpapi.Public("GET /v2.0/certificates/signing", why, h.answer),
	}
}

func (gone) answer(*httpapi.Call) (httpapi.Reply, error) {
	return httpapi.Reply{}, fault.New(fault.Gone, "There are no PKI tokens: tokens are checked by asking, or with the keys of /v3/auth/jwks.")
}

// extensions serves what the v2.0 API has beyond its core. It is the same for everybody.
type extensions struct{}

func (h extensions) ops() []httpapi.Op {
	const why = "clients ask before they have a token"
	return []httpapi.Op{
		httpapi.Public("GET /v2.0/extensions", why, h.list),
		httpapi.Public("GET /v2.0/extensions/{alias}", why, h.show),
	}
}

type extensionView struct {
	Name        string           `json:"name"`
	Namespace   string           `json:"namespace"`
	Alias       string           `json:"alias"`
	Updated     string           `json:"updated"`
	Description string           `json:"description"`
	Links       []map[string]any `json:"links"`
}

func extension(alias, updated, description string) extensionView {
	return extensionView{
		Name: alias, Namespace: "https://docs.openstack.org/identity/api/ext/" + alias + "/v1.0", Alias: alias,
		Updated: updated, Description: description,
		Links: []map[string]any{{"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"}},
	}
}

// extensionViews are the extensions that are served.
var extensionViews = []extensionView{
	extension("OS-EC2", "2013-07-07T12:00:00-00:00", "Access keys of users, and signing in with what they signed."),
	extension("OS-KSADM", "2013-07-11T17:14:00-00:00", "Administration of tenants, users, roles, services and endpoints."),
	extension("OS-KSCRUD", "2013-07-07T12:00:00-00:00", "Users change their own password."),
}

func (extensions) list(*httpapi.Call) (httpapi.Reply, error) {
	return httpapi.JSON(http.StatusOK, map[string]any{"extensions": map[string]any{"values": extensionViews}}), nil
}

func (extensions) show(c *httpapi.Call) (httpapi.Reply, error) {
	for _, e := range extensionViews {
		if e.Alias == c.Param("alias") {
			return httpapi.Show("extension", e), nil
		}
	}
	return httpapi.Reply{}, fault.New(fault.NotFound, "Could not find extension.")
}
