package contract

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/keyward/identity/internal/fault"
)

// HasBody says whether the operation takes a request body in JSON.
func (o *Operation) HasBody() bool { return o.body != nil }

// HasForm says whether the operation takes a form instead (application/x-www-form-urlencoded).
func (o *Operation) HasForm() bool { return o.form }

// CheckBody checks a decoded request body, as Decode returns it. No body, nil, is checked as an empty object,
// and an operation that takes no body accepts any. A body that does not fit is a BadRequest whose message
// names the fields and what they must be, but never their values.
func (o *Operation) CheckBody(body map[string]any) error {
	if o.body == nil {
		return nil
	}
	if body == nil {
		body = map[string]any{}
	}
	if err := o.body.Validate(body); err != nil {
		return refuse(problemsOf(err))
	}
	return nil
}

// ParseQuery reads a raw query string. A malformed one is a BadRequest: url.URL.Query would drop the malformed
// parts without a word, and with them a filter.
func ParseQuery(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, fault.New(fault.BadRequest, "The query string is malformed.").From(err)
	}
	return query, nil
}

// integer matches what a numeric query parameter may be, so that 1e9 and 0x1 are refused as text.
var integer = regexp.MustCompile(`^-?[0-9]{1,20}$`)

// CheckQuery checks the declared query parameters, every occurrence of each. Others are ignored, as Keystone
// does, unless the operation's query is closed. No key or value may hold NUL or be invalid UTF-8. What does not
// fit is a BadRequest that names the parameters.
func (o *Operation) CheckQuery(query url.Values) error {
	var found []problem
	for name, values := range query {
		if unprintable(name) || slices.ContainsFunc(values, unprintable) {
			found = append(found, problem{label(name), "must be text without NUL characters"})
		}
	}
	if len(found) > 0 {
		return refuseQuery(found)
	}
	for _, p := range o.query {
		for _, v := range query[p.name] {
			if err := p.check(v); err != nil {
				for _, f := range problemsOf(err) {
					found = append(found, problem{p.name, f.must})
				}
				break
			}
		}
	}
	if o.queryClosed {
		for name := range query {
			if !slices.ContainsFunc(o.query, func(p parameter) bool { return p.name == name }) {
				found = append(found, problem{label(name), "is not known here"})
			}
		}
	}
	if len(found) > 0 {
		return refuseQuery(found)
	}
	return nil
}

// check validates one value. An empty number is an absent one.
func (p parameter) check(value string) error {
	var v any = value
	if p.numeric {
		if value == "" {
			return nil
		}
		if integer.MatchString(value) {
			v = json.Number(value)
		}
	}
	return p.schema.Validate(v)
}

func unprintable(s string) bool {
	return strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s)
}

func refuse(found []problem) error {
	return fault.New(fault.BadRequest, "%s", sentences("Invalid input for field", found))
}

func refuseQuery(found []problem) error {
	return fault.New(fault.BadRequest, "%s", sentences("Invalid input for query parameter", found))
}
