package optional

import (
	"encoding/json"
	"maps"
	"testing"
)

func TestValue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		body          string
		present, null bool
		or            string
		applied       string // to "before"
	}{
		{"absent keeps what was", `{}`, false, false, "other", "before"},
		{"null clears", `{"name":null}`, true, true, "other", ""},
		{"an empty text is a value", `{"name":""}`, true, false, "", ""},
		{"a value replaces", `{"name":"x"}`, true, false, "x", "x"},
	} {
		var b struct {
			Name Value[string] `json:"name"`
		}
		if err := json.Unmarshal([]byte(c.body), &b); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		applied := "before"
		if did := b.Name.Apply(&applied); did != c.present || applied != c.applied {
			t.Errorf("%s: Apply = %v, %q", c.name, did, applied)
		}
		if b.Name.Present() != c.present || b.Name.IsNull() != c.null || b.Name.Or("other") != c.or {
			t.Errorf("%s: present %v null %v or %q", c.name, b.Name.Present(), b.Name.IsNull(), b.Name.Or("other"))
		}
		if p := b.Name.Pointer(); (p != nil) != (c.present && !c.null) {
			t.Errorf("%s: Pointer = %v", c.name, p)
		}
	}
	var v Value[string]
	if err := json.Unmarshal([]byte(`7`), &v); err == nil {
		t.Error("a number was taken for a text")
	}
}

func TestMergeChangesNeitherMap(t *testing.T) {
	t.Parallel()
	have, more := map[string]any{"a": 1, "b": 2}, map[string]any{"b": nil, "c": 3}
	if got := Merge(have, more); !maps.Equal(got, map[string]any{"a": 1, "b": nil, "c": 3}) {
		t.Errorf("got %v", got)
	}
	if len(have) != 2 || have["b"] != 2 || len(more) != 2 {
		t.Errorf("changed: %v, %v", have, more)
	}
}
