package v3

import (
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
)

// defaultDomain is the id of the domain that owns what nobody gives a domain.
const defaultDomain = "default"

// domainFor is the domain of an object to be created: the one that the body names, or else the one that the
// token is scoped to, or else the default one.
func domainFor(c *httpapi.Call, sent optional.Value[string]) optional.Value[string] {
	switch {
	case sent.Present():
		return sent
	case c.Actor.DomainID != "":
		return optional.Of(c.Actor.DomainID)
	}
	return optional.Of(defaultDomain)
}

// narrowed is c.List for collections whose items belong to a domain: a domain-scoped token, whatever its
// roles, sees those of its own domain only.
func narrowed(c *httpapi.Call, attrs ...string) (listing.Query, error) {
	q, err := c.List(attrs...)
	if err == nil && c.Actor.DomainID != "" {
		q = q.With("domain_id", c.Actor.DomainID)
	}
	return q, err
}

// sentID is an id in a body, of any type. Only a text can be the id of something.
func sentID(v optional.Value[any]) optional.Value[string] {
	if !v.Present() {
		return optional.Value[string]{}
	}
	s, _ := v.Or(nil).(string)
	return optional.Of(s)
}
