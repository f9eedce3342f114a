// Package optional tells an attribute that is absent from one that is null and one that has a value, which
// is what a PATCH body means by leaving it out, clearing it, and setting it.
package optional

import (
	"bytes"
	"encoding/json"
	"maps"
)

// Value is an attribute of a PATCH or POST body. Its zero value is absent.
type Value[T any] struct {
	v       T
	present bool
	null    bool
}

// Of returns a present value.
func Of[T any](v T) Value[T] { return Value[T]{v: v, present: true} }

// Null returns a value that is present and null.
func Null[T any]() Value[T] { return Value[T]{present: true, null: true} }

// Present reports whether the attribute was in the body, null or not.
func (o Value[T]) Present() bool { return o.present }

// IsNull reports whether the attribute was in the body and null.
func (o Value[T]) IsNull() bool { return o.present && o.null }

// Get returns the value and whether there is one that is not null.
func (o Value[T]) Get() (T, bool) { return o.v, o.present && !o.null }

// Or returns the value, or other when the attribute is absent or null.
func (o Value[T]) Or(other T) T {
	if v, ok := o.Get(); ok {
		return v
	}
	return other
}

// Pointer returns a pointer to a copy of the value, or nil when the attribute is absent or null.
func (o Value[T]) Pointer() *T {
	if v, ok := o.Get(); ok {
		return &v
	}
	return nil
}

// Apply stores the value in dst when the attribute is present: the value itself, or T's zero value for null.
// It reports whether it did.
func (o Value[T]) Apply(dst *T) bool {
	if !o.present {
		return false
	}
	var zero T
	if o.null {
		*dst = zero
	} else {
		*dst = o.v
	}
	return true
}

// UnmarshalJSON implements json.Unmarshaler. It is called only for attributes that are in the body.
func (o *Value[T]) UnmarshalJSON(b []byte) error {
	*o = Value[T]{present: true}
	if bytes.Equal(b, []byte("null")) {
		o.null = true
		return nil
	}
	return json.Unmarshal(b, &o.v)
}

// MarshalJSON implements json.Marshaler; absent and null are both written as null.
func (o Value[T]) MarshalJSON() ([]byte, error) {
	if !o.present || o.null {
		return []byte("null"), nil
	}
	return json.Marshal(o.v)
}

// Merge returns a map with the attributes of both, which a PATCH does to those that are kept without being
// understood; those of more win. Neither map is changed.
func Merge(have, more map[string]any) map[string]any {
	if len(more) == 0 {
		return have
	}
	all := make(map[string]any, len(have)+len(more))
	maps.Copy(all, have)
	maps.Copy(all, more)
	return all
}
