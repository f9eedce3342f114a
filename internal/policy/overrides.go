package policy

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// override lays an operator's policy.yaml over the definitions. It reads the document node by node, because
// plain decoding would turn an unquoted ! into the empty string, which means everyone.
func override(defs map[string]*definition, file []byte) []error {
	var doc yaml.Node
	dec := yaml.NewDecoder(strings.NewReader(string(file)))
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil // no document: comments only, or nothing
	case err != nil:
		return []error{fmt.Errorf("not YAML: %w", err)}
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return []error{errors.New("more than one YAML document")}
	}
	root := doc.Content[0]
	if root.Tag == "!!null" {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		return []error{fmt.Errorf("line %d: policy is not a mapping of rule names to check strings", root.Line)}
	}
	var errs []error
	for i := 0; i+1 < len(root.Content); i += 2 {
		if err := overrideOne(defs, root.Content[i], root.Content[i+1]); err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", root.Content[i].Line, err))
		}
	}
	return errs
}

func overrideOne(defs map[string]*definition, name, check *yaml.Node) error {
	if !isText(name) || name.Value == "" {
		return errors.New("the name of a rule is not a string")
	}
	def := defs[name.Value]
	switch {
	case def == nil && strings.HasPrefix(name.Value, "identity:"):
		return fmt.Errorf("%q: there is no such rule", name.Value)
	case def != nil && def.own:
		return fmt.Errorf("%q is defined twice", name.Value)
	case check.Kind == yaml.SequenceNode:
		return fmt.Errorf("%q: the old list syntax is not supported; write a check string", name.Value)
	case !isText(check):
		return fmt.Errorf("%q: the check is not a string (put it in quotes)", name.Value)
	}
	defs[name.Value] = &definition{check: check.Value, where: fmt.Sprintf("line %d: ", name.Line), own: true}
	return nil
}

// isText reports whether n is a plain or quoted string without a YAML tag of its own.
func isText(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!str" && n.Style&yaml.TaggedStyle == 0
}
