package httpapi

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/keyward/identity/internal/fault"
)

// Form reads the body of an operation whose contract takes a form. A body of another type, one that is no form and
// text that no database keeps are BadRequest: APIs with forms have no word for a wrong type.
func (c *Call) Form() (url.Values, error) {
	if len(c.form) == 0 {
		return url.Values{}, nil
	}
	t, _, err := mime.ParseMediaType(c.Header("Content-Type"))
	if err != nil || t != "application/x-www-form-urlencoded" || c.req.Header.Get("Content-Encoding") != "" {
		return nil, fault.New(fault.BadRequest, "The request body must be of type application/x-www-form-urlencoded.")
	}
	form, err := url.ParseQuery(string(c.form))
	if err != nil {
		return nil, fault.New(fault.BadRequest, "The request body is no form.").From(err)
	}
	for name, values := range form {
		if slices.ContainsFunc(append(slices.Clone(values), name), func(s string) bool {
			return !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0
		}) {
			return nil, fault.New(fault.BadRequest, "The request body must be text without NUL characters.")
		}
	}
	return form, nil
}

// BasicAuth returns what the request says in Authorization by the scheme Basic (RFC 7617). tried tells that it used
// the scheme, ok that it could be read; with several such headers nothing can.
func (c *Call) BasicAuth() (name, secret string, tried, ok bool) {
	all := c.req.Header.Values("Authorization")
	tried = slices.ContainsFunc(all, func(s string) bool {
		scheme, _, _ := strings.Cut(s, " ")
		return strings.EqualFold(scheme, "basic")
	})
	if tried && len(all) == 1 {
		name, secret, ok = (&http.Request{Header: c.req.Header}).BasicAuth()
		ok = ok && utf8.ValidString(name) && utf8.ValidString(secret) && !strings.ContainsRune(name+secret, 0)
	}
	return name, secret, tried, ok
}
