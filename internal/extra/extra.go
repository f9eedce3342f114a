// Package extra handles the attributes that Keystone keeps without understanding them: which of a body are kept
// and which of the stored ones are shown. It is for the packages of the API; what the declared attributes mean is
// theirs.
package extra

import (
	stdjson "encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyward/identity/internal/fault"
)

// Attributes are members of a body or an answer that no field declares. Embedded in a struct, they collect
// what the struct does not know when it is decoded, and are written beside its fields when it is encoded.
type Attributes map[string]jsontext.Value

// Names are the names that mean something on a resource. Attributes of the caller's own never take them.
type Names []string

// Keep returns what is to be stored of the attributes that a change sent; numbers keep their digits. It fails
// with BadRequest.
func (n Names) Keep(sent Attributes) (map[string]any, error) {
	kept := map[string]any{}
	for name, raw := range sent {
		if slices.Contains(n, name) {
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

// KeepNew is Keep for what is made, where Keystone writes "_" for every ":" and "-" in a name. A name that needs
// no rewriting wins over one that does.
func (n Names) KeepNew(sent Attributes) (map[string]any, error) {
	rewrite := strings.NewReplacer(":", "_", "-", "_")
	renamed := Attributes{}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		as := rewrite.Replace(name)
		if _, there := sent[as]; as == name || !there {
			renamed[as] = sent[name]
		}
	}
	return n.Keep(renamed)
}

// Show returns stored attributes for an answer, without any that would shadow a declared one.
func (n Names) Show(stored map[string]any) Attributes {
	shown := make(Attributes, len(stored))
	for name, v := range stored {
		if slices.Contains(n, name) {
			continue
		}
		// It came out of JSON and goes back; encoding/json knows that a json.Number is a number.
		if b, err := stdjson.Marshal(v); err == nil {
			shown[name] = b
		}
	}
	return shown
}
