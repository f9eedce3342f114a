package contract

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

// response is one documented answer.
type response struct {
	headers map[string]header
	content map[string]*schema // media type → schema; empty when the answer has no body
}

type header struct {
	required bool
	schema   *schema
}

// response compiles the response r, which stands at pointer.
func (l *loader) response(pointer string, r documentResponse) *response {
	r, pointer = resolve(l, pointer, "responses", r.Ref, r, l.doc.Components.Responses)
	compiled := &response{headers: make(map[string]header, len(r.Headers)), content: make(map[string]*schema, len(r.Content))}
	for name, h := range r.Headers {
		h, at := resolve(l, pointer+"/headers/"+escape(name), "headers", h.Ref, h, l.doc.Components.Headers)
		compiled.headers[name] = header{h.Required, l.compile(at + "/schema")}
	}
	for media := range r.Content {
		compiled.content[media] = l.compile(pointer + "/content/" + escape(media) + "/schema")
	}
	return compiled
}

// CheckResponse says how a response differs from the document: its status must be documented, its documented
// headers must be there when they are required and fit, and content type and body must fit. A response to
// HEAD has no body. It is meant for tests; its errors quote the response and must not reach a caller.
func (o *Operation) CheckResponse(status int, h http.Header, body []byte) error {
	r := o.responses[status]
	if r == nil {
		return fmt.Errorf("%s %s: status %d is not documented; the body is %.300s", o.Method, o.Path, status, body)
	}
	if err := errors.Join(r.checkHeaders(h), r.checkContent(o.Method == http.MethodHead, h.Get("Content-Type"), body)); err != nil {
		return fmt.Errorf("%s %s, status %d: %w", o.Method, o.Path, status, err)
	}
	return nil
}

func (r *response) checkHeaders(h http.Header) error {
	var problems []error
	for name, want := range r.headers {
		values := h.Values(name)
		if len(values) == 0 && want.required {
			problems = append(problems, fmt.Errorf("header %s is missing", name))
		}
		for _, v := range values {
			if err := want.schema.Validate(v); err != nil {
				problems = append(problems, fmt.Errorf("header %s: %w", name, err))
			}
		}
	}
	return errors.Join(problems...)
}

func (r *response) checkContent(head bool, contentType string, body []byte) error {
	if head && len(body) > 0 {
		return errors.New("an answer to HEAD must not have a body")
	}
	if len(r.content) == 0 {
		if len(body) > 0 || contentType != "" {
			return fmt.Errorf("there must be no body, but it is %q: %.300s", contentType, body)
		}
		return nil
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("content type %q: %w", contentType, err)
	}
	s, ok := r.content[media]
	switch {
	case !ok:
		return fmt.Errorf("content type %q is not documented", media)
	case head:
		return nil
	case !utf8.Valid(body):
		return errors.New("the body is not UTF-8")
	case !strings.HasSuffix(media, "json") && media != "application/json-home":
		return s.Validate(string(body))
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	if err := s.Validate(value); err != nil {
		return fmt.Errorf("%w\nthe body is %.2000s", err, body)
	}
	return nil
}
