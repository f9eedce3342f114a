package attack_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// nasty are texts that have broken servers.
var nasty = []string{
	"", " ", "\t", "x", "0", "-1", "null", "true", "default", "..", "../..", "%00", "%", "_", `\`, `'`, `"`, "`", "<script>",
	"1=1", "id IS NOT NULL", "' OR '1'='1", "a';DROP TABLE users;--", "${jndi:ldap://x}", "{{7*7}}", "%s%n%d", "\u0000", "\n", "\r\nX: y",
	"\u202egnp.exe", "\u200b", "\ufeff", "\ufffd", "é", "e\u0301", "ß", "İ", "ﬁ", "Å", "\u212b", "😀", "👨‍👩‍👧", strings.Repeat("x", 64), strings.Repeat("x", 65),
	strings.Repeat("x", 255), strings.Repeat("x", 256), strings.Repeat("é", 255), strings.Repeat("😀", 255), strings.Repeat("x", 5000), "9223372036854775808",
	"2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:60Z", "2026-01-01T00:00:00.000000", "http://[::1", "javascript:alert(1)",
}

// hostile draws requests that are nearly right.
type hostile struct {
	t  *testing.T
	w  *apitest.World
	rt *rapid.T
	// ids are the objects that may be named; what an administrator stands on is not among them.
	ids []string
}

// one returns true in one of n draws.
func (h hostile) one(n int) bool { return rapid.IntRange(1, n).Draw(h.rt, "one in") == n }

func (h hostile) text() string {
	switch {
	case h.one(3):
		return rapid.SampledFrom(h.ids).Draw(h.rt, "id")
	case h.one(8):
		return rapid.String().Draw(h.rt, "text")
	}
	return rapid.SampledFrom(nasty).Draw(h.rt, "nasty")
}

// any draws JSON of any type.
func (h hostile) any(depth int) any {
	switch n := rapid.IntRange(0, 7).Draw(h.rt, "type"); {
	case n == 0:
		return nil
	case n == 1:
		return rapid.Bool().Draw(h.rt, "bool")
	case n == 2:
		return json.Number(rapid.SampledFrom([]string{"0", "-0", "1", "-1", "1.5", "1e300", "9223372036854775807", "9223372036854775808", "1e-9"}).Draw(h.rt, "number"))
	case n == 3 && depth > 0:
		return []any{h.any(depth - 1), h.any(depth - 1)}
	case n == 4 && depth > 0:
		return map[string]any{h.text(): h.any(depth - 1)}
	}
	return h.text()
}

// value draws something that mostly fits the schema.
func (h hostile) value(s schema, name string, depth int) any {
	if depth == 0 || h.one(20) {
		return h.any(2)
	}
	if known, ok := knownValue(h.w, name); ok && !h.one(4) {
		return known
	}
	if values, ok := s["enum"].([]any); ok && !h.one(4) {
		return rapid.SampledFrom(values).Draw(h.rt, "enum")
	}
	if bs := s.branches(h.t); len(bs) > 0 {
		return h.value(rapid.SampledFrom(bs).Draw(h.rt, "branch"), name, depth-1)
	}
	kind := "any"
	if types := s.types(); len(types) > 0 {
		kind = rapid.SampledFrom(types).Draw(h.rt, "kind")
	}
	switch kind {
	case "object":
		return h.object(s, depth)
	case "array":
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(h.rt, "items") {
			list = append(list, h.value(resolved(h.t, s["items"]), "", depth-1))
		}
		return list
	case "boolean":
		return rapid.Bool().Draw(h.rt, "bool")
	case "integer":
		return rapid.IntRange(-2, 100).Draw(h.rt, "integer")
	case "null":
		return nil
	case "string":
		return h.text()
	}
	return h.any(3)
}

func (h hostile) object(s schema, depth int) map[string]any {
	object := map[string]any{}
	names, props := s.properties(h.t)
	required := s.required()
	for _, n := range names {
		must := false
		for _, r := range required {
			must = must || r == n
		}
		if must && !h.one(20) || !must && h.one(2) {
			object[n] = h.value(props[n], n, depth-1)
		}
	}
	if h.one(4) {
		object[h.text()] = h.any(3)
	}
	return object
}

// request draws an operation with everything that belongs to it.
func (h hostile) request(ops []operation) (op operation, path string, with []apitest.With) {
	op = rapid.SampledFrom(ops).Draw(h.rt, "operation")
	path = op.path
	for _, name := range variables(path) {
		value := h.w.ID("the " + name)
		if h.one(4) {
			value = h.text()
		}
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	query := url.Values{}
	for range rapid.IntRange(0, 2).Draw(h.rt, "parameters") {
		name := rapid.SampledFrom(append([]string{"limit", "marker", "name", "name__contains", "enabled", "sort_key", "x"}, op.query...)).Draw(h.rt, "parameter")
		query.Add(name, h.text())
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	if op.body != nil {
		body, err := json.Marshal(h.value(op.body, "", 6))
		if err != nil {
			h.t.Fatal(err)
		}
		with = append(with, apitest.Body(body))
	}
	if h.one(10) {
		with = append(with, apitest.Header("X-Subject-Token", strings.Map(visible, h.text())))
	}
	if h.one(10) {
		with = append(with, apitest.Header("Openstack-Auth-Receipt", strings.Map(visible, h.text())))
	}
	if h.one(10) {
		with = append(with, apitest.Header("User-Agent", string(rapid.SliceOfN(rapid.ByteRange(0x80, 0xff), 1, 300).Draw(h.rt, "agent"))))
	}
	return op, path, with
}

// visible keeps what a header may hold.
func visible(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}

func TestH8NoRequestBreaksTheServer(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		ops := operations(t)
		h := hostile{t: t, w: w, ids: []string{
			w.ID("the user_id"), w.ID("the project_id"), w.ID("the domain_id"), w.ID("the group_id"), w.ID("the role_id"),
			w.ID("the service_id"), w.ID("the region_id"), w.ID("the endpoint_id"), w.ID("the credential_id"), "0123456789abcdef0123456789abcdef",
		}}
		rapid.Check(t, func(rt *rapid.T) {
			h := h
			h.rt = rt
			for range 8 {
				op, path, with := h.request(ops)
				if r := w.Do(op.method, path, append(with, w.As("sysadmin"), apitest.Allow5xx())...); r.Status >= http.StatusInternalServerError && r.Status != http.StatusNotImplemented {
					rt.Fatalf("%s %s: got %d", op.method, path, r.Status)
				}
			}
		})
		w.Get("/v3/users", w.As("sysadmin")).Want(http.StatusOK)
	}, quick, func(c *config.Config) { c.Password.Slots = 2 })
}
