package contract

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// maxProblems is how many problems one refusal lists.
const maxProblems = 5

// maxLabel is how many bytes of a name that the caller chose are repeated to them.
const maxLabel = 64

// problem is one thing wrong with a request: the place, such as user/name, and a predicate for it, such as
// "must be string". Neither holds a value of the request.
type problem struct {
	at, must string
}

// sentences renders problems in a stable order, the first few of them.
func sentences(prefix string, found []problem) string {
	slices.SortFunc(found, func(a, b problem) int {
		if c := strings.Compare(a.at, b.at); c != 0 {
			return c
		}
		return strings.Compare(a.must, b.must)
	})
	found = slices.Compact(found)
	var b strings.Builder
	for i, p := range found {
		if i == maxProblems {
			fmt.Fprintf(&b, " There are %d more problems.", len(found)-i)
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		if p.at == "" {
			fmt.Fprintf(&b, "The request body %s.", p.must)
			continue
		}
		fmt.Fprintf(&b, "%s '%s': it %s.", prefix, p.at, p.must)
	}
	return b.String()
}

// problemsOf collects the problems in an error of a schema's Validate.
func problemsOf(err error) []problem {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []problem{{"", "does not fit"}}
	}
	return collect(nil, invalid)
}

func collect(found []problem, e *jsonschema.ValidationError) []problem {
	switch e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf:
		return alternatives(found, e)
	}
	if len(e.Causes) == 0 {
		return leaf(found, e)
	}
	for _, c := range e.Causes {
		found = collect(found, c)
	}
	return found
}

// alternatives explains why no branch of a oneOf or anyOf fits: with the problems of the branch that expects
// this type of value when there is one, else by the types that are possible.
func alternatives(found []problem, e *jsonschema.ValidationError) []problem {
	var types []string
	for _, branch := range e.Causes {
		if want := wrongType(branch, len(e.InstanceLocation)); want != nil {
			types = append(types, want...)
			continue
		}
		return collect(found, branch)
	}
	if len(types) == 0 {
		return append(found, problem{place(e), "fits more than one of its alternatives"})
	}
	return append(found, problem{place(e), "must be " + strings.Join(types, " or ")})
}

// wrongType returns the types that a branch wants for the value at the given depth, when it has another type.
func wrongType(e *jsonschema.ValidationError, depth int) []string {
	if t, ok := e.ErrorKind.(*kind.Type); ok && len(e.InstanceLocation) == depth {
		return t.Want
	}
	for _, c := range e.Causes {
		if want := wrongType(c, depth); want != nil {
			return want
		}
	}
	return nil
}

// leaf puts one failed keyword into words.
func leaf(found []problem, e *jsonschema.ValidationError) []problem {
	at := place(e)
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			found = append(found, problem{join(at, name), "is required"})
		}
		return found
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			found = append(found, problem{join(at, label(name)), "is not known here"})
		}
		return found
	}
	return append(found, problem{at, predicate(e)})
}

func predicate(e *jsonschema.ValidationError) string {
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		return fmt.Sprintf("must be %s, not %s", strings.Join(k.Want, " or "), k.Got)
	case *kind.Enum:
		return "must be one of " + list(k.Want)
	case *kind.Const:
		return fmt.Sprintf("must be %v", k.Want)
	case *kind.MinLength:
		return fmt.Sprintf("must have at least %s", count(k.Want, "character"))
	case *kind.MaxLength:
		return fmt.Sprintf("must have at most %s", count(k.Want, "character"))
	case *kind.Pattern:
		return fmt.Sprintf("must match %s", k.Want)
	case *kind.Format:
		return fmt.Sprintf("must be a valid %s", k.Want)
	case *kind.MinProperties:
		return fmt.Sprintf("must have at least %s", count(k.Want, "attribute"))
	case *kind.MinItems:
		return fmt.Sprintf("must have at least %s", count(k.Want, "item"))
	case *kind.MaxItems:
		return fmt.Sprintf("must have at most %s", count(k.Want, "item"))
	case *kind.UniqueItems:
		return fmt.Sprintf("has equal items at %d and %d", k.Duplicates[0], k.Duplicates[1])
	case *kind.Minimum:
		return fmt.Sprintf("must be at least %s", k.Want.RatString())
	case *kind.Maximum:
		return fmt.Sprintf("must be at most %s", k.Want.RatString())
	}
	return "does not fit" // a keyword that no request schema uses yet
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func list(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

// place renders where in the body an error is: user/options/multi_factor_auth_rules/0.
func place(e *jsonschema.ValidationError) string {
	at := ""
	for _, part := range e.InstanceLocation {
		at = join(at, label(part))
	}
	return at
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "/" + name
}

// label makes a name that the caller may have chosen fit to be repeated: short, printable, on one line.
func label(name string) string {
	if len(name) > maxLabel {
		name = strings.ToValidUTF8(name[:maxLabel], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\'' || r == '�' {
			return '?'
		}
		return r
	}, name)
}
