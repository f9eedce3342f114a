package attack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"unicode/utf16"

	"github.com/keyward/identity/internal/apitest"
)

// malformed are bodies that no operation takes. valid is one that the operation does take, so that a lenient
// reader would act on some of them.
func malformed(valid []byte) map[string][]byte {
	wide := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(string(valid))) {
		wide = append(wide, byte(unit), byte(unit>>8))
	}
	join := func(parts ...string) []byte {
		var all []byte
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	v := string(valid)
	return map[string][]byte{
		"no body":                      nil,
		"white space":                  []byte(" \n\t "),
		"null":                         []byte(`null`),
		"an array":                     []byte(`[]`),
		"the body in an array":         join("[", v, "]"),
		"a string":                     []byte(`""`),
		"a number":                     []byte(`0`),
		"a boolean":                    []byte(`true`),
		"an empty object":              []byte(`{}`),
		"an object of something else":  []byte(`{"unheard_of":{}}`),
		"an unfinished object":         []byte(`{"x":`),
		"half of the body":             valid[:len(valid)/2],
		"all but the end of the body":  valid[:len(valid)-1],
		"a byte order mark":            join("\ufeff", v),
		"UTF-16":                       wide,
		"trailing garbage":             join(v, "x"),
		"a trailing comma":             join(v[:len(v)-1], ",}"),
		"the body twice":               join(v, v),
		"the body and null":            join(v, "null"),
		"a comment":                    join("/* ", "*/", v),
		"a comment at the end":         join(v, "// x"),
		"NaN":                          []byte(`{"x":NaN}`),
		"infinity":                     []byte(`{"x":-Infinity}`),
		"single quotes":                []byte(`{'x':1}`),
		"a key twice":                  join(v[:len(v)-1], ",", v[1:]),
		"a key twice in another case":  []byte(`{"user":{"name":"a"},"User":{"name":"b"}}`),
		"a NUL character":              []byte(`{"x":"\u0000"}`),
		"a raw NUL":                    []byte("{\"x\":\"\x00\"}"),
		"NUL in a key":                 []byte(`{"a\u0000":1}`),
		"invalid UTF-8":                []byte("{\"x\":\"\xff\xfe\"}"),
		"overlong UTF-8":               []byte("{\"x\":\"\xc0\xaf\"}"),
		"a lone surrogate":             []byte(`{"x":"\ud800"}`),
		"a number that is no number":   []byte(`{"x":01}`),
		"a number of a million digits": []byte(`{"x":1e1000000}`),
		"a raw line break in a string": []byte("{\"x\":\"\n\"}"),
		"an escape that is none":       []byte(`{"x":"\q"}`),
	}
}

func TestH1MalformedBodiesAreRefusedByEveryWriteRoute(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		before, unchanged := state(w), tenth(t, w)
		for _, op := range writes(t) {
			valid, err := json.Marshal(op.body.example(t, w, ""))
			if err != nil {
				t.Fatal(err)
			}
			path := at(w, op.path)
			for name, body := range malformed(valid) {
				want := http.StatusBadRequest
				if len(op.body.required()) == 0 && op.body["minProperties"] == nil && (name == "no body" || name == "an empty object") {
					want = http.StatusOK // documented, and it changes nothing
					if op.method == http.MethodPut {
						want = http.StatusConflict // what would be made is there
					}
				}
				if r := w.Do(op.method, path, w.As("sysadmin"), apitest.Body(body)); r.Status != want {
					t.Errorf("%s with %s: got %d, want %d: %.200s", op, name, r.Status, want, r.Body)
				}
				if op.public {
					continue
				}
				if r := w.Do(op.method, path, apitest.Body(body)); r.Status != http.StatusUnauthorized {
					t.Errorf("%s of a stranger with %s: got %d, want 401: %.200s", op, name, r.Status, r.Body)
				}
			}
			unchanged(op, before)
		}
		same(t, w, "the walk", before)
	}, quick)
}

// tenth is same for walks: it looks after every tenth operation, since to look takes more requests than to attack.
func tenth(t *testing.T, w *apitest.World) func(op operation, before map[string]string) {
	n := 0
	return func(op operation, before map[string]string) {
		t.Helper()
		if n++; n%10 == 0 {
			same(t, w, "one of the ten operations up to "+op.String(), before)
		}
	}
}

// kinds are values of every JSON type.
var kinds = map[string]any{
	"string": "x", "number": 1.5, "boolean": true, "null": nil, "array": []any{}, "object": map[string]any{},
}

// wrong calls try with copies of root in which one value at or below at has a type that its schema does not
// admit. set puts a value into the copy's place.
func wrong(t *testing.T, s schema, value any, place string, put func(any), try func(what string)) {
	t.Helper()
	types := s.types()
	for _, b := range s.branches(t) {
		types = append(types, b.types()...)
	}
	if slices.Contains(types, "integer") {
		types = append(types, "number") // 1.5 is a row of its own elsewhere
	}
	if len(types) > 0 {
		for kind, v := range kinds {
			if slices.Contains(types, kind) {
				continue
			}
			put(v)
			try(fmt.Sprintf("%s as %s", place, kind))
		}
		put(value)
	}
	switch v := value.(type) {
	case map[string]any:
		names, props := s.properties(t)
		for _, n := range names {
			if _, ok := v[n]; ok {
				wrong(t, props[n], v[n], place+"/"+n, func(x any) { v[n] = x }, try)
			}
		}
	case []any:
		for i := range v {
			wrong(t, resolved(t, s["items"]), v[i], fmt.Sprintf("%s/%d", place, i), func(x any) { v[i] = x }, try)
		}
	}
}

func TestH8WrongTypesAreRefusedInEveryField(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		before, unchanged := state(w), tenth(t, w)
		tried := 0
		for _, op := range writes(t) {
			root := op.body.example(t, w, "")
			path := at(w, op.path)
			wrong(t, op.body, root, "", func(x any) { root = x }, func(what string) {
				tried++
				body, err := json.Marshal(root)
				if err != nil {
					t.Fatal(err)
				}
				if r := w.Do(op.method, path, w.As("sysadmin"), apitest.Body(body)); r.Status != http.StatusBadRequest {
					t.Errorf("%s with %s: got %d, want 400: %.200s\nbody %.300s", op, what, r.Status, r.Body, body)
				}
			})
			unchanged(op, before)
		}
		same(t, w, "the walk", before)
		if tried < 500 {
			t.Errorf("only %d wrong types were found to try", tried)
		}
	}, quick)
}
