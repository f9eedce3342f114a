package httpapi

import (
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Reply is the answer of a handler. One place writes it.
type Reply struct {
	Status int
	// Header holds further headers of the answer.
	Header http.Header
	// Body is written as JSON; nil means no body. Raw, when set, is written as it is.
	Body any
	Raw  []byte
	// ContentType of Raw; JSON when empty.
	ContentType string
}

// Show is 200 with one object under its name.
func Show(name string, view any) Reply {
	return Reply{Status: http.StatusOK, Body: map[string]any{name: view}}
}

// Created is 201 with one object under its name.
func Created(name string, view any) Reply {
	return Reply{Status: http.StatusCreated, Body: map[string]any{name: view}}
}

// JSON is a status with a body of any shape.
func JSON(status int, body any) Reply { return Reply{Status: status, Body: body} }

// NoContent is 204.
func NoContent() Reply { return Reply{Status: http.StatusNoContent} }

// With returns the reply with one more header.
func (r Reply) With(name, value string) Reply {
	h := r.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set(name, value)
	r.Header = h
	return r
}

// bytes renders the body. Characters that a browser could take for markup are escaped.
func (r Reply) bytes() ([]byte, string, error) {
	if r.Raw != nil {
		ct := r.ContentType
		if ct == "" {
			ct = "application/json"
		}
		return r.Raw, ct, nil
	}
	if r.Body == nil {
		return nil, "", nil
	}
	b, err := json.Marshal(r.Body, jsontext.EscapeForHTML(true), json.Deterministic(true), json.FormatNilSliceAsNull(false))
	return b, "application/json", err
}
