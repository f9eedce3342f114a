package mapping

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/keyward/identity/internal/fault"
)

// node is a part of the JSON of a mapping, and where it is, for messages.
type node struct {
	at string
	v  any
}

// bad is a refusal of this part.
func (n node) bad(format string, args ...any) *fault.Error {
	return fault.New(fault.BadRequest, "Invalid mapping: %s %s.", n.at, fmt.Sprintf(format, args...))
}

// object returns the members of an object that has no others than the known ones.
func (n node) object(known ...string) (map[string]node, error) {
	all, ok := n.v.(map[string]any)
	if !ok {
		return nil, n.bad("must be an object")
	}
	members := make(map[string]node, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !slices.Contains(known, name) {
			return nil, n.bad("has an attribute '%s', which is not one of %s", name, strings.Join(known, ", "))
		}
		members[name] = node{n.at + "." + name, all[name]}
	}
	return members, nil
}

// list returns the elements of an array with at least so many.
func (n node) list(atLeast int) ([]node, error) {
	all, ok := n.v.([]any)
	if !ok {
		return nil, n.bad("must be an array")
	}
	if len(all) < atLeast {
		return nil, n.bad("must not be empty")
	}
	elements := make([]node, len(all))
	for i, v := range all {
		elements[i] = node{fmt.Sprintf("%s[%d]", n.at, i), v}
	}
	return elements, nil
}

func (n node) text() (string, error) {
	s, ok := n.v.(string)
	if !ok {
		return "", n.bad("must be a string")
	}
	return s, nil
}

// rulesOf reads the JSON of rules.
func rulesOf(raw []byte) ([]node, error) {
	n := node{at: "rules"}
	if err := json.Unmarshal(raw, &n.v); err != nil {
		return nil, n.bad("must be an array").From(err)
	}
	return n.list(1)
}
