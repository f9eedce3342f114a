package v3

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
)

// oauth2 serves /v3/OS-OAUTH2: OAuth 2.0 for programs, whose client is an application credential (RFC 6749 section
// 4.4), or a user with a certificate (RFC 8705).
type oauth2 struct{ Services }

func (h oauth2) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.Public("POST /v3/OS-OAUTH2/token", "it is a way in: the client proves itself with its secret or certificate", h.token).Refusing(refuseMalformed),
	}
}

// oauth2Token is RFC 6749's answer (section 5.1).
type oauth2Token struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
}

// oauth2Error is RFC 6749's refusal (section 5.2). Reason is ours, for programs that ask what to do about it.
type oauth2Error struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
	Reason      string `json:"reason,omitzero"`

	status int
	basic  bool // the client tried the scheme Basic
}

func (e *oauth2Error) Error() string { return e.Description }

// Reply implements httpapi.Answer.
func (e *oauth2Error) Reply(base string) httpapi.Reply {
	r := httpapi.JSON(e.status, e).With("Pragma", "no-cache")
	if e.status == http.StatusUnauthorized {
		r = r.With("WWW-Authenticate", `Keystone uri="`+base+`/v3"`)
		if e.basic {
			r.Header.Add("WWW-Authenticate", `Basic realm="`+base+`/v3"`)
		}
	}
	return r
}

// refuseMalformed gives what the server says of malformed requests RFC 6749's shape.
func refuseMalformed(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.BadRequest {
		return malformedGrant(f.Message)
	}
	return err
}

func malformedGrant(description string) error {
	return &oauth2Error{Code: "invalid_request", Description: description, status: http.StatusBadRequest}
}

func (h oauth2) token(c *httpapi.Call) (httpapi.Reply, error) {
	form, err := c.Form()
	if err != nil {
		return httpapi.Reply{}, err
	}
	for name, values := range form {
		if len(values) > 1 {
			return httpapi.Reply{}, malformedGrant("The form must name each parameter once.") // section 3.2
		}
		if values[0] == "" {
			delete(form, name) // the same section: as if it were not there
		}
	}
	switch form.Get("grant_type") {
	case "":
		return httpapi.Reply{}, malformedGrant("The parameter grant_type is required.")
	case "client_credentials":
	default:
		return httpapi.Reply{}, &oauth2Error{
			Code: "unsupported_grant_type", Description: "The grant_type must be client_credentials.", status: http.StatusBadRequest,
		}
	}
	issued, err := h.client(c, form)
	if err != nil {
		return httpapi.Reply{}, err
	}
	left := issued.ExpiresAt.Sub(c.Now()).Seconds()
	return httpapi.JSON(http.StatusOK, oauth2Token{issued.Text, "Bearer", int64(left)}).With("Pragma", "no-cache"), nil
}

// client finds out who the client is, which may say so in one way only (section 2.3).
func (h oauth2) client(c *httpapi.Call, form url.Values) (auth.Issued, error) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	name, word, basic, ok := c.BasicAuth()
	refused := &oauth2Error{Code: "invalid_client", Description: "The client could not be authenticated.", status: http.StatusUnauthorized, basic: basic}
	if basic {
		if !ok {
			return auth.Issued{}, refused
		}
		name, word = unescapeBasic(name), unescapeBasic(word)
		if secret != "" || id != "" && id != name {
			return auth.Issued{}, malformedGrant("The client must authenticate in one way only.")
		}
		id, secret = name, word
	}
	if id == "" || secret == "" && basic {
		return auth.Issued{}, refused
	}
	issued, err := h.prove(c, id, secret)
	switch fault.KindOf(err) { // of none, it is Internal
	case fault.Unauthorized, fault.Forbidden, fault.NotFound, fault.BadRequest:
		refused.Reason = fault.ReasonOf(err)
		return auth.Issued{}, refused
	}
	return issued, err
}

// prove signs a client in by its secret, or by the certificate of its connection when it names none: a certificate may
// be there for other reasons.
func (h oauth2) prove(c *httpapi.Call, id, secret string) (auth.Issued, error) {
	if secret != "" {
		return h.Auth.SignIn(c.Context(), auth.Request{
			Methods: []string{auth.MethodAppCredential}, AppCredential: &auth.AppCredentialProof{ID: id, Secret: secret},
		})
	}
	certificate, err := c.Certificate()
	switch {
	case err != nil:
		return auth.Issued{}, h.Auth.Refuse(c.Context(), "", "certificate_unreadable")
	case certificate == nil:
		return auth.Issued{}, fault.New(fault.Unauthorized, "The client shows neither a secret nor a certificate.")
	}
	return h.Certificate.SignIn(c.Context(), certificate, id)
}

// unescapeBasic undoes the form encoding that RFC 6749 demands of clients that use Basic. Keystone's clients send the
// text as it is; what has an escape and nothing that encoding would have changed was encoded.
func unescapeBasic(s string) string {
	const left = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+-._*~"
	encoded := strings.ContainsRune(s, '%') && strings.Trim(s, left) == ""
	if plain, err := url.QueryUnescape(s); encoded && err == nil && !strings.ContainsRune(plain, 0) {
		return plain
	}
	return s
}
