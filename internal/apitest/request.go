package apitest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// With adds to a request.
type With func(*outgoing)

// outgoing is a request before it is sent.
type outgoing struct {
	header   http.Header
	body     any
	allow5xx bool
	noDoc    bool
}

// Token sends the text as X-Auth-Token; nothing when it is empty.
func Token(text string) With {
	return func(o *outgoing) {
		if text != "" {
			o.header.Set("X-Auth-Token", text)
		}
	}
}

// Header sends a header.
func Header(name, value string) With {
	return func(o *outgoing) { o.header.Set(name, value) }
}

// Headers sends a header several times.
func Headers(name string, values ...string) With {
	return func(o *outgoing) { o.header[http.CanonicalHeaderKey(name)] = values }
}

// Body sends a body: text and bytes as they are, everything else as JSON.
func Body(body any) With {
	return func(o *outgoing) { o.body = body }
}

// Allow5xx admits answers of 500 and above, for tests that break the server.
func Allow5xx() With {
	return func(o *outgoing) { o.allow5xx = true }
}

// Undocumented leaves the check against openapi.yaml out, for requests that are no part of it.
func Undocumented() With {
	return func(o *outgoing) { o.noDoc = true }
}

// As sends a token of the persona; see Persona.
func (w *World) As(persona string) With {
	w.t.Helper()
	return Token(w.Persona(persona))
}

// Do sends a request and checks the answer. Names in braces in the path and in a body that is text become ids.
func (w *World) Do(method, path string, with ...With) *Response {
	w.t.Helper()
	o := outgoing{header: http.Header{}}
	for _, f := range with {
		f(&o)
	}
	path = w.Expand(path)
	body := w.encode(o)
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.URL+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header = o.header
	if body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := w.client.Do(req)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatalf("%s %s: read the answer: %v", method, path, err)
	}
	r := &Response{Status: res.StatusCode, Header: res.Header, Body: data, t: w.t, what: method + " " + path}
	w.Secret(r.Header.Get("X-Subject-Token"))
	w.Secret(r.Header.Get("Openstack-Auth-Receipt"))
	w.check(r, req, o)
	return r
}

// Get is Do with GET.
func (w *World) Get(path string, with ...With) *Response {
	w.t.Helper()
	return w.Do(http.MethodGet, path, with...)
}

// Post sends body.
func (w *World) Post(path string, body any, with ...With) *Response {
	w.t.Helper()
	return w.Do(http.MethodPost, path, append(with, Body(body))...)
}

// Put sends no body.
func (w *World) Put(path string, with ...With) *Response {
	w.t.Helper()
	return w.Do(http.MethodPut, path, with...)
}

// Patch sends body.
func (w *World) Patch(path string, body any, with ...With) *Response {
	w.t.Helper()
	return w.Do(http.MethodPatch, path, append(with, Body(body))...)
}

// Delete sends no body.
func (w *World) Delete(path string, with ...With) *Response {
	w.t.Helper()
	return w.Do(http.MethodDelete, path, with...)
}

func (w *World) encode(o outgoing) io.Reader {
	w.t.Helper()
	switch b := o.body.(type) {
	case nil:
		return nil
	case string:
		return strings.NewReader(w.Expand(b))
	case []byte:
		return bytes.NewReader(b)
	}
	b, err := json.Marshal(o.body)
	if err != nil {
		w.t.Fatal(err)
	}
	return bytes.NewReader(b)
}

// Disconnect closes the connections that no request uses.
func (w *World) Disconnect() { w.client.CloseIdleConnections() }
