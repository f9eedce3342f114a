package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyward/identity/internal/clientcert"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/policy"
)

// Call is one request on its way through an operation.
type Call struct {
	// Actor is who asks; its zero value on public operations.
	Actor policy.Actor

	api   *API
	op    *Op
	ctx   context.Context
	req   *http.Request
	param func(string) string
	query url.Values
	raw   map[string]jsontext.Value
	form  []byte
}

// Context is the request's context; it ends when the client goes away or the time is up.
func (c *Call) Context() context.Context { return c.ctx }

// Header returns the request's header of that name when it is there exactly once, or "".
func (c *Call) Header(name string) string {
	if v := c.req.Header.Values(name); len(v) == 1 {
		return v[0]
	}
	return ""
}

// HeaderTwice reports whether the request has the header more than once.
func (c *Call) HeaderTwice(name string) bool { return len(c.req.Header.Values(name)) > 1 }

// Certificate returns the client certificate that the request came with, nil for none. It fails when there is
// something in its place that cannot be read.
func (c *Call) Certificate() (*clientcert.Certificate, error) {
	if c.api.Certificate == nil {
		return nil, nil //nolint:nilnil // most requests come without
	}
	return c.api.Certificate(c.req)
}

func (c *Call) cameWith(thumbprint string) bool {
	cert, err := c.Certificate()
	return err == nil && cert != nil && cert.ValidAt(c.Now()) && cert.Thumbprint() == thumbprint
}

// Param returns a variable of the path as the client wrote it, decoded.
func (c *Call) Param(name string) string { return c.param(name) }

// Path is the path of the request as the client wrote it.
func (c *Call) Path() string { return c.req.URL.EscapedPath() }

// Query returns the parameters of the query string.
func (c *Call) Query() url.Values { return c.query }

// Now is the server's clock.
func (c *Call) Now() time.Time { return c.api.Now() }

// Link makes an absolute link into the API from path parts, which are escaped.
func (c *Call) Link(parts ...string) string { return Link(c.api.BaseURL, parts...) }

// Base is the server's public URL without a slash at the end.
func (c *Call) Base() string { return c.api.BaseURL }

// Link makes an absolute link from a base URL and path parts, which are escaped.
func Link(base string, parts ...string) string {
	n := len(base)
	for _, p := range parts {
		n += len(p) + 1
	}
	b := make([]byte, 0, n)
	b = append(b, base...)
	for _, p := range parts {
		b = append(b, '/')
		b = append(b, url.PathEscape(p)...)
	}
	return string(b)
}

// Body decodes the object under key into dst, a struct whose fields are named by the wire. The contract has
// already checked its shape. An absent key leaves dst alone.
func (c *Call) Body(key string, dst any) error {
	v, ok := c.raw[key]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(v, dst); err != nil {
		return fault.New(fault.BadRequest, "Invalid input for '%s'.", key).From(err)
	}
	return nil
}

// BodyUnder is Body for an object that clients send under one of several names.
func (c *Call) BodyUnder(dst any, names ...string) error {
	for _, name := range names {
		if err := c.Body(name, dst); err != nil {
			return err
		}
	}
	return nil
}

// Allow asks a rule about a target, for handlers whose request moves an object or touches several. It returns
// nil or a Forbidden fault that names the rule.
func (c *Call) Allow(rule policy.Rule, t policy.Target) error {
	if c.api.Policy.Allows(rule, &c.Actor, t.PolicyAttrs()) {
		return nil
	}
	c.api.refused(c, rule)
	return refusal(rule.Name)
}

func refusal(rules string) error {
	return fault.New(fault.Forbidden, "You are not authorized to perform the requested action: %s.", rules)
}

// fresh demands a recent proof where the route asks for one. What a program may do on its own with an unrestricted
// application credential, it does without one.
func (c *Call) fresh() error {
	if c.op.MaxAge == 0 || c.op.freshWhen != nil && !c.op.freshWhen(c) || c.Actor.Unrestricted && c.op.Rule.Unrestricted {
		return nil
	}
	return c.api.StepUp.Fresh(c.ctx, c.Actor, c.op.MaxAge)
}

// ID returns a variable of the path that must look like an id. What does not is not found, before any query.
func (c *Call) ID(name string) (string, error) {
	s := c.param(name)
	if !IsID(s) {
		return "", fault.New(fault.NotFound, "Could not find %s.", strings.ReplaceAll(strings.TrimSuffix(name, "_id"), "_", " "))
	}
	return s, nil
}

// IsID reports whether s has the form of an id: 1 to 64 letters, digits, hyphens and underscores.
func IsID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		b := s[i]
		if (b < '0' || b > '9') && (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && b != '-' && b != '_' {
			return false
		}
	}
	return true
}

// Can asks a rule about a target without taking a refusal for an attempt: for lists that show what may be seen.
func (c *Call) Can(rule policy.Rule, t policy.Target) bool {
	return c.api.Policy.Allows(rule, &c.Actor, t.PolicyAttrs())
}
