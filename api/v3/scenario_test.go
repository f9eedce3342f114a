package v3_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// absent is what shows wants where no attribute of that name may be, null included.
const absent = "absent"

// check looks at an answer further.
type check = func(*testing.T, *apitest.Response)

// all joins checks.
func all(checks ...check) check {
	return func(t *testing.T, r *apitest.Response) {
		t.Helper()
		for _, c := range checks {
			c(t, r)
		}
	}
}

// remember makes an id of the answer known under a name.
func remember(w *apitest.World, name, path string) check {
	return func(_ *testing.T, r *apitest.Response) { w.Name(name, r.Str(path)) }
}

// shows demands of pairs of a path and a JSON value that the value stands there.
func shows(w *apitest.World, pairs ...string) check {
	return func(t *testing.T, r *apitest.Response) {
		t.Helper()
		for i := 0; i < len(pairs); i += 2 {
			if got, want := valueAt(t, r, pairs[i]), w.Expand(pairs[i+1]); got != want {
				t.Errorf("%s is %s, want %s, in %s", pairs[i], got, want, r.Body)
			}
		}
	}
}

// valueAt is the JSON at a path, or absent.
func valueAt(t *testing.T, r *apitest.Response, path string) string {
	t.Helper()
	parent, last := "", path
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		parent, last = path[:i], path[i+1:]
	}
	v := r.Value(path)
	if object, ok := r.Value(parent).(map[string]any); ok {
		if v, ok = object[last]; !ok {
			return absent
		}
	} else if v == nil {
		return absent
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// lists demands that the objects of the array at path have these values under key, in any order.
func lists(w *apitest.World, path, key string, want ...string) check {
	return func(t *testing.T, r *apitest.Response) {
		t.Helper()
		got := r.Names(path, key)
		slices.Sort(got)
		expected := make([]string, len(want))
		for i, s := range want {
			expected[i] = w.Expand(s)
		}
		slices.Sort(expected)
		if !slices.Equal(got, expected) {
			t.Errorf("%s have %s %q, want %q", path, key, got, expected)
		}
	}
}

// link is the JSON of a link into the API.
func link(path string) string { return `"` + apitest.PublicURL + path + `"` }

// long is a text of n characters.
func long(n int) string { return strings.Repeat("é", n) }
