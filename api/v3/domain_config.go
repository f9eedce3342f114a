package v3

import (
	"encoding/json"
	"net/http"

	"github.com/keyward/identity/internal/domainconfig"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/policy"
)

// domainConfig serves the configuration of domains. Its rules look at no target, and whether a domain exists is told
// to those only who may read what it configures.
type domainConfig struct{ Services }

func (h domainConfig) ops() []httpapi.Op {
	const all = "/v3/domains/{domain_id}/config"
	ops := []httpapi.Op{
		httpapi.On("GET /v3/domains/config/default", policy.GetDomainConfigDefault, httpapi.NoTarget, h.defaults),
		httpapi.On("GET /v3/domains/config/{group}/default", policy.GetDomainConfigDefault, httpapi.NoTarget, h.defaults),
		httpapi.On("GET /v3/domains/config/{group}/{option}/default", policy.GetDomainConfigDefault, httpapi.NoTarget, h.defaults),
		httpapi.On("GET "+all, policy.GetDomainConfig, httpapi.NoTarget, h.show),
		httpapi.On("PUT "+all, policy.CreateDomainConfig, httpapi.NoTarget, h.replace),
		httpapi.On("PATCH "+all, policy.UpdateDomainConfig, httpapi.NoTarget, h.update),
		httpapi.On("DELETE "+all, policy.DeleteDomainConfig, httpapi.NoTarget, h.remove),
	}
	for _, part := range []string{all + "/{group}", all + "/{group}/{option}"} {
		ops = append(ops,
			httpapi.OnEither("GET "+part, policy.GetDomainConfig, policy.GetSecurityComplianceDomainConfig, compliance, httpapi.NoTarget, h.show),
			httpapi.On("PATCH "+part, policy.UpdateDomainConfig, httpapi.NoTarget, h.update),
			httpapi.On("DELETE "+part, policy.DeleteDomainConfig, httpapi.NoTarget, h.remove),
		)
	}
	return ops
}

// compliance reports whether the path names the group that everyone may read.
func compliance(c *httpapi.Call, _ policy.None) bool {
	return domainconfig.IsCompliance(c.Param("group"))
}

// part is what of a configuration the path names.
func part(c *httpapi.Call) domainconfig.Part {
	return domainconfig.Part{Group: c.Param("group"), Name: c.Param("option")}
}

// viewConfig is a configuration on the wire. An option that was asked for stands without its group.
func viewConfig(status int, config domainconfig.Config, of domainconfig.Part) httpapi.Reply {
	var shown any = config
	if of.Name != "" {
		shown = config[of.Group]
	}
	return httpapi.JSON(status, map[string]any{"config": shown})
}

func (h domainConfig) defaults(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	of := part(c)
	config, err := domainconfig.Default(of.Group, of.Name)
	return viewConfig(http.StatusOK, config, of), err
}

func (h domainConfig) show(c *httpapi.Call, none policy.None) (httpapi.Reply, error) {
	id, err := c.ID("domain_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	of := part(c)
	var config domainconfig.Config
	if compliance(c, none) {
		config, err = h.DomainConfig.ShowCompliance(id, of.Name)
	} else {
		config, err = h.DomainConfig.Show(c.Context(), id, of)
	}
	return viewConfig(http.StatusOK, config, of), err
}

// sent is the configuration in the body, and the domain that it is for.
func (h domainConfig) sent(c *httpapi.Call) (id string, config map[string]json.RawMessage, err error) {
	if id, err = c.ID("domain_id"); err != nil {
		return "", nil, err
	}
	err = c.Body("config", &config)
	return id, config, err
}

func (h domainConfig) replace(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, sent, err := h.sent(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	config, created, err := h.DomainConfig.Replace(c.Context(), id, sent)
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return viewConfig(status, config, domainconfig.Part{}), err
}

func (h domainConfig) update(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, sent, err := h.sent(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	config, err := h.DomainConfig.Update(c.Context(), id, part(c), sent)
	return viewConfig(http.StatusOK, config, domainconfig.Part{}), err
}

func (h domainConfig) remove(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	id, err := c.ID("domain_id")
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.DomainConfig.Delete(c.Context(), id, part(c))
}
