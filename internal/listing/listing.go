// Package listing says which part of a collection a caller wants: filters, page size and marker. The API
// fills it from a query string and the store turns it into SQL; neither knows the other.
package listing

import "slices"

// Op compares an attribute with a value.
type Op int

// The comparators of Keystone's inexact filters; the zero value is the exact one.
const (
	Equals Op = iota
	Contains
	StartsWith
	EndsWith
	IContains
	IStartsWith
	IEndsWith
)

// Ops maps the suffix after "__" in a query parameter to its comparator.
var Ops = map[string]Op{
	"contains": Contains, "startswith": StartsWith, "endswith": EndsWith,
	"icontains": IContains, "istartswith": IStartsWith, "iendswith": IEndsWith,
}

// Filter keeps the items whose attribute compares with Value.
type Filter struct {
	Attr  string
	Op    Op
	Value string
}

// Query is what a caller asks of a collection. The zero value asks for everything.
type Query struct {
	// Filters are joined by AND.
	Filters []Filter
	// Limit is the largest number of items wanted; zero means as many as the server allows.
	Limit int
	// Marker is the id of the last item of the previous page; empty starts at the beginning.
	Marker string
	// Sort is the attribute that the list is ordered by, and then by id; empty means by id alone.
	Sort string
	// Desc turns the order round.
	Desc bool
}

// With returns a copy of q with one more exact filter.
func (q Query) With(attr, value string) Query {
	fs := make([]Filter, 0, len(q.Filters)+1)
	q.Filters = append(append(fs, q.Filters...), Filter{Attr: attr, Value: value})
	return q
}

// Page is a part of a collection, in the order that the query asked for.
type Page[T any] struct {
	Items []T
	// More is true when at least one further item follows the last one.
	More bool
}

// Cut returns the page that q asks for of a list that is computed and not stored. The list must be complete and
// ordered by id; filters are not looked at.
func Cut[T any](all []T, q Query, id func(T) string) Page[T] {
	if q.Marker != "" {
		after := slices.IndexFunc(all, func(item T) bool { return id(item) > q.Marker })
		if after < 0 {
			return Page[T]{}
		}
		all = all[after:]
	}
	if q.Limit > 0 && len(all) > q.Limit {
		return Page[T]{Items: all[:q.Limit], More: true}
	}
	return Page[T]{Items: all}
}
