// Package discovery serves what clients ask before they have a token: the versions of the API, where its
// resources are, whether the server is well, its contract, its public keys, and whom to tell of a flaw. It
// knows no resource of the API.
package discovery

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
)

// Server is what discovery tells about.
type Server struct {
	// Ready tells why the server cannot serve now, in words that strangers may read; nothing when it can.
	Ready func(ctx context.Context) string
	// JWKS returns the public keys (RFC 7517).
	JWKS func() []byte
	// Contract is openapi.yaml.
	Contract []byte
	// Contact is where to report a vulnerability, a mailto: or https: address; empty for none.
	Contact string
	// Paths are the templates of all paths that exist, for the JSON Home document.
	Paths []string
}

// Ops lists the operations, in the order of openapi.yaml.
func Ops(s Server) []httpapi.Op {
	h := handlers{Server: s, atRoot: home(s.Paths, "/v3"), atV3: home(s.Paths, "")}
	const first = "clients ask before they have a token"
	return []httpapi.Op{
		httpapi.Public("GET /", first, h.versions),
		httpapi.Public("GET /v3", first, h.v3),
		httpapi.Public("GET /v2.0", first, h.v2),
		httpapi.Public("GET /healthcheck", "load balancers have no token", h.health).HeadStatus(http.StatusNoContent),
		httpapi.Public("GET /readyz", "load balancers have no token", h.ready),
		httpapi.Public("GET /openapi.yaml", "it is documentation", h.contract),
		httpapi.Public("GET /.well-known/security.txt", "RFC 9116", h.security),
		httpapi.Public("GET /v3/auth/jwks", "the keys are public", h.jwks),
	}
}

type handlers struct {
	Server
	atRoot, atV3 document
}

type link struct {
	Rel  string `json:"rel"`
	Type string `json:"type,omitzero"`
	Href string `json:"href"`
}

type media struct {
	Base string `json:"base"`
	Type string `json:"type"`
}

// version is Keystone's description of one version of the API.
type version struct {
	ID      string  `json:"id"`
	Status  string  `json:"status"`
	Updated string  `json:"updated"`
	Links   []link  `json:"links"`
	Media   []media `json:"media-types"`
}

func versionV3(base string) version {
	return version{
		ID: "v3.14", Status: "stable", Updated: "2020-04-07T00:00:00Z",
		Links: []link{{Rel: "self", Href: base + "/v3/"}},
		Media: []media{{"application/json", "application/vnd.openstack.identity-v3+json"}},
	}
}

func versionV2(base string) version {
	return version{
		ID: "v2.0", Status: "deprecated", Updated: "2016-08-04T00:00:00Z",
		Links: []link{{Rel: "self", Href: base + "/v2.0/"}, {Rel: "describedby", Type: "text/html", Href: "https://docs.openstack.org/"}},
		Media: []media{{"application/json", "application/vnd.openstack.identity-v2.0+json"}},
	}
}

func (h handlers) versions(c *httpapi.Call) (httpapi.Reply, error) {
	if wantsHome(c.Header("Accept")) {
		return h.atRoot.reply(), nil
	}
	all := map[string]any{"versions": map[string]any{"values": []version{versionV3(c.Base()), versionV2(c.Base())}}}
	return httpapi.JSON(http.StatusMultipleChoices, all).With("Location", c.Base()+"/v3/").With("Vary", "Accept"), nil
}

func (h handlers) v3(c *httpapi.Call) (httpapi.Reply, error) {
	if wantsHome(c.Header("Accept")) {
		return h.atV3.reply(), nil
	}
	return httpapi.Show("version", versionV3(c.Base())).With("Vary", "Accept"), nil
}

func (h handlers) v2(c *httpapi.Call) (httpapi.Reply, error) {
	return httpapi.Show("version", versionV2(c.Base())), nil
}

// health says that the process answers; what it needs to be useful is for readyz.
func (h handlers) health(c *httpapi.Call) (httpapi.Reply, error) {
	return wellness(c, http.StatusOK, "OK"), nil
}

func (h handlers) ready(c *httpapi.Call) (httpapi.Reply, error) {
	if reason := h.Ready(c.Context()); reason != "" {
		return wellness(c, http.StatusServiceUnavailable, reason).With("Retry-After", "1"), nil
	}
	return wellness(c, http.StatusOK, "OK"), nil
}

// wellness answers in the form of oslo's health check.
func wellness(c *httpapi.Call, status int, reason string) httpapi.Reply {
	if strings.Contains(c.Header("Accept"), "application/json") {
		reasons := []map[string]string{}
		if status != http.StatusOK {
			reasons = append(reasons, map[string]string{"reason": reason})
		}
		return httpapi.JSON(status, map[string]any{"detailed": false, "reasons": reasons})
	}
	return httpapi.Reply{Status: status, Raw: []byte(reason + "\n"), ContentType: "text/plain; charset=utf-8"}
}

func (h handlers) contract(*httpapi.Call) (httpapi.Reply, error) {
	return httpapi.Reply{Status: http.StatusOK, Raw: h.Contract, ContentType: "application/yaml"}, nil
}

func (h handlers) jwks(*httpapi.Call) (httpapi.Reply, error) {
	return httpapi.Reply{Status: http.StatusOK, Raw: h.JWKS()}, nil
}

// securityValid is how far ahead the file expires; RFC 9116 section 2.5.5 recommends less than a year.
const securityValid = 180 * 24 * time.Hour

func (h handlers) security(c *httpapi.Call) (httpapi.Reply, error) {
	if h.Contact == "" {
		return httpapi.Reply{}, fault.New(fault.NotFound, "The resource could not be found.")
	}
	text := "Contact: " + h.Contact + "\n" +
		"Expires: " + c.Now().UTC().Add(securityValid).Format(time.RFC3339) + "\n" +
		"Canonical: " + c.Base() + "/.well-known/security.txt\n" +
		"Preferred-Languages: en\n"
	return httpapi.Reply{Status: http.StatusOK, Raw: []byte(text), ContentType: "text/plain; charset=utf-8"}, nil
}
