package v3

import (
	stdjson "encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyward/identity/internal/fault"
)

// attributes are members of a body or an answer that no field declares. Embedded in a struct, they collect
// what the struct does not know when it is decoded, and are written beside its fields when it is encoded.
type attributes map[string]jsontext.Value

// declared are the names that mean something on a resource. Attributes of the caller's own never take them.
type declared []string

// declare returns the names that every resource declares, and these.
func declare(names ...string) declared {
	return append(declared{"id", "links", "extra"}, names...)
}

// keep returns what is to be stored of the attributes that a PATCH sent; numbers keep their digits.
func (d declared) keep(sent attributes) (map[string]any, error) {
	kept := map[string]any{}
	for name, raw := range sent {
		if slices.Contains(d, name) {
			continue
		}
		dec := stdjson.NewDecoder(strings.NewReader(string(raw)))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			return nil, fault.New(fault.BadRequest, "Invalid input for '%s'.", name).From(err)
		}
		kept[name] = v
	}
	return kept, nil
}

// keepNew is keep for a POST, where Keystone writes "_" for every ":" and "-" in a name. A name that needs no
// rewriting wins over one that does.
func (d declared) keepNew(sent attributes) (map[string]any, error) {
	rewrite := strings.NewReplacer(":", "_", "-", "_")
	renamed := attributes{}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		as := rewrite.Replace(name)
		if _, there := sent[as]; as == name || !there {
			renamed[as] = sent[name]
		}
	}
	return d.keep(renamed)
}

// show returns stored attributes for an answer, without any that would shadow a declared one.
func (d declared) show(stored map[string]any) attributes {
	shown := make(attributes, len(stored))
	for name, v := range stored {
		if slices.Contains(d, name) {
			continue
		}
		// It came out of JSON and goes back; encoding/json knows that a json.Number is a number.
		if b, err := stdjson.Marshal(v); err == nil {
			shown[name] = b
		}
	}
	return shown
}
