package v3

import (
	"github.com/keyward/identity/internal/appcred"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/policy"
)

// accessRules serves /v3/users/{user_id}/access_rules. They come into being with application credentials.
type accessRules struct{ Services }

func (h accessRules) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/users/{user_id}/access_rules", policy.ListAccessRules, h.owner, h.list),
		httpapi.On("GET /v3/users/{user_id}/access_rules/{access_rule_id}", policy.GetAccessRule, h.find, h.show),
		httpapi.On("DELETE /v3/users/{user_id}/access_rules/{access_rule_id}", policy.DeleteAccessRule, h.find, h.remove),
	}
}

// foundAccessRule is an access rule of the user of the path.
type foundAccessRule struct {
	appcred.AccessRule
	owner identity.User
}

// PolicyAttrs is all that a rule may know about it.
func (x foundAccessRule) PolicyAttrs() policy.Attrs { return x.owner.PolicyAttrs() }

func (h accessRules) find(c *httpapi.Call) (foundAccessRule, error) {
	var x foundAccessRule
	var err error
	if x.owner, err = h.owner(c); err != nil {
		return x, err
	}
	id, err := c.ID("access_rule_id")
	if err != nil {
		return x, err
	}
	x.AccessRule, err = h.AppCredential.AccessRule(c.Context(), x.owner.ID, id)
	return x, err
}

// accessRuleWords are an access rule inside of an application credential.
type accessRuleWords struct {
	ID      string `json:"id"`
	Service string `json:"service"`
	Path    string `json:"path"`
	Method  string `json:"method"`
}

func wordsOf(r appcred.AccessRule) accessRuleWords {
	return accessRuleWords{r.ID, r.Service, r.Path, r.Method}
}

// accessRuleView is an access rule on the wire.
type accessRuleView struct {
	accessRuleWords
	Links links `json:"links"`
}

func viewAccessRule(c *httpapi.Call, r appcred.AccessRule) accessRuleView {
	return accessRuleView{wordsOf(r), links{c.Link("v3", "users", r.UserID, "access_rules", r.ID)}}
}

func (h accessRules) list(c *httpapi.Call, owner identity.User) (httpapi.Reply, error) {
	q, err := c.List("service", "path", "method")
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.AppCredential.AccessRules(c.Context(), owner.ID, q)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Collection(c, "access_rules", page, func(r appcred.AccessRule) string { return r.ID },
		func(r appcred.AccessRule) accessRuleView { return viewAccessRule(c, r) }), nil
}

func (h accessRules) show(c *httpapi.Call, x foundAccessRule) (httpapi.Reply, error) {
	return httpapi.Show("access_rule", viewAccessRule(c, x.AccessRule)), nil
}

func (h accessRules) remove(c *httpapi.Call, x foundAccessRule) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.AppCredential.DeleteAccessRule(c.Context(), x.owner.ID, x.ID)
}
