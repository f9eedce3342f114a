package httpapi

import (
	"bytes"
	"net/http"
	"sync"

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

// encoding is how bodies are written: what a browser could take for markup is escaped, and equal answers have
// equal bytes.
var encoding = json.JoinOptions(jsontext.EscapeForHTML(true), json.Deterministic(true), json.FormatNilSliceAsNull(false))

// buffers hold bodies while they are written; most of an answer's garbage would be its body.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxKept is the largest buffer in bytes that is kept for the next answer.
const maxKept = 64 << 10

func release(buf *bytes.Buffer) {
	if buf.Cap() <= maxKept {
		buf.Reset()
		buffers.Put(buf)
	}
}

// render returns the body, which is nil or lives in buf or in r, and its type.
func (r Reply) render(buf *bytes.Buffer) (body []byte, contentType []string, err error) {
	switch {
	case r.Raw != nil && r.ContentType != "":
		return r.Raw, []string{r.ContentType}, nil
	case r.Raw != nil:
		return r.Raw, jsonType, nil
	case r.Body == nil:
		return nil, nil, nil
	}
	buf.Reset()
	err = json.MarshalWrite(buf, r.Body, encoding)
	return buf.Bytes(), jsonType, err
}

// jsonType is shared by all answers; nobody writes to it.
var jsonType = []string{"application/json"}

// Marshal writes v as bodies are written, for replies that are put together by hand.
func Marshal(v any) ([]byte, error) { return json.Marshal(v, encoding) }
