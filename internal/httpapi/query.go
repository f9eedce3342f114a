package httpapi

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

// MaxPage is the largest page a list answers with, asked for or not, as in Keystone (max_db_limit).
const MaxPage = 1000

// List reads the filters named by attrs, with Keystone's comparators, and the paging parameters. Attributes
// that are booleans are written with a "?" behind them. Other parameters are ignored, as Keystone does.
func (c *Call) List(attrs ...string) (listing.Query, error) {
	var q listing.Query
	for name, values := range c.query {
		attr, op, ok := filterOf(name, attrs)
		if !ok {
			continue
		}
		for _, v := range values {
			if slices.Contains(attrs, attr+"?") {
				b, ok := boolOf(v)
				if !ok || op != listing.Equals {
					return q, fault.New(fault.BadRequest, "Invalid input for query parameter '%s': it must be a boolean.", name)
				}
				v = strconv.FormatBool(b)
			} else if v == "" && op == listing.Equals {
				return q, fault.New(fault.BadRequest, "Invalid input for query parameter '%s': it must not be empty.", name)
			}
			if strings.ContainsRune(v, 0) {
				return q, fault.New(fault.BadRequest, "Invalid input for query parameter '%s'.", name)
			}
			q.Filters = append(q.Filters, listing.Filter{Attr: attr, Op: op, Value: v})
		}
	}
	slices.SortFunc(q.Filters, func(a, b listing.Filter) int { return strings.Compare(a.Attr, b.Attr) })
	return q, c.paging(&q)
}

func (c *Call) paging(q *listing.Query) error {
	q.Marker = c.query.Get("marker")
	if s := c.query.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return fault.New(fault.BadRequest, "Invalid input for query parameter 'limit': it must be a whole number that is not negative.")
		}
		q.Limit = n
	}
	if q.Limit == 0 || q.Limit > MaxPage {
		q.Limit = MaxPage
	}
	return nil
}

// Sorted adds to a list's query what sort_key and sort_dir ask for. A key that is not among keys sorts nothing:
// where Keystone refuses it, openapi.yaml does.
func (c *Call) Sorted(q listing.Query, keys ...string) listing.Query {
	if key := c.query.Get("sort_key"); slices.Contains(keys, key) {
		q.Sort = key
	}
	q.Desc = c.query.Get("sort_dir") == "desc"
	return q
}

// filterOf splits a parameter such as name__contains; a comparator that does not exist filters nothing.
func filterOf(param string, attrs []string) (attr string, op listing.Op, ok bool) {
	attr, suffix, inexact := strings.Cut(param, "__")
	if !slices.Contains(attrs, attr) && !slices.Contains(attrs, attr+"?") {
		return "", 0, false
	}
	if !inexact {
		return attr, listing.Equals, true
	}
	op, ok = listing.Ops[suffix]
	return attr, op, ok
}

// boolOf reads a boolean as Keystone spells it in queries; an empty value means true.
func boolOf(s string) (value, ok bool) {
	switch s {
	case "", "1", "true", "True", "TRUE", "y", "Y", "yes", "YES", "on", "ON":
		return true, true
	case "0", "false", "False", "FALSE", "n", "N", "no", "NO", "off", "OFF":
		return false, true
	}
	return false, false
}

// Flag reads a parameter whose presence means true and whose literal value 0 means false, as in Keystone.
func (c *Call) Flag(name string) bool {
	return c.query.Has(name) && c.query.Get(name) != "0"
}

// Truthy reads a parameter that is true only when it says so, as Keystone reads allow_expired.
func (c *Call) Truthy(name string) bool {
	switch strings.ToLower(c.query.Get(name)) {
	case "1", "true", "yes", "on", "t", "y":
		return true
	}
	return false
}

// Collection is 200 with the items under their name and the links of a list. The next link is there exactly
// when more items follow.
func Collection[T any, V any](c *Call, name string, page listing.Page[T], id func(T) string, view func(T) V) Reply {
	views := make([]V, len(page.Items))
	for i, item := range page.Items {
		views[i] = view(item)
	}
	var next *string
	if page.More && len(page.Items) > 0 {
		q := url.Values{}
		maps.Copy(q, c.query)
		q.Set("marker", id(page.Items[len(page.Items)-1]))
		q.Set("limit", strconv.Itoa(len(page.Items)))
		s := c.api.BaseURL + c.req.URL.EscapedPath() + "?" + q.Encode()
		next = &s
	}
	body := map[string]any{name: views, "links": map[string]any{"self": c.SelfLink(), "next": next, "previous": nil}}
	if next != nil {
		body["truncated"] = true
	}
	return JSON(200, body)
}

// SelfLink is the link to what was asked, with its query.
func (c *Call) SelfLink() string {
	s := c.api.BaseURL + c.req.URL.EscapedPath()
	if c.req.URL.RawQuery != "" {
		s += "?" + c.req.URL.RawQuery
	}
	return s
}
