package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Times are stored as microseconds since 1970 UTC: both databases compare, order and round them alike.

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func timeOf(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func microsOrNull(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	us := t.UnixMicro()
	return &us
}

// microsUnlessZero is null for the zero time.
func microsUnlessZero(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	return microsOrNull(&t)
}

func timeOrNull(us *int64) *time.Time {
	if us == nil {
		return nil
	}
	t := time.UnixMicro(*us).UTC()
	return &t
}

// textOrNull stores the empty id as null, where a foreign key looks at it.
func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// nameOf is the form in which names are stored and looked for: Unicode NFC.
func nameOf(s string) string { return norm.NFC.String(s) }

// fold is the form in which case-insensitive filters compare.
func fold(s string) string { return norm.NFC.String(cases.Fold().String(norm.NFC.String(s))) }

// clean makes any text storable. Events must be written whatever strangers send.
func clean(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
}

// encode turns attributes or options into the JSON that is stored. Nil maps become {}.
func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode attributes: %w", err)
	}
	if string(b) == "null" {
		return "{}", nil
	}
	return string(b), nil
}

// decode is the reverse of encode. Numbers keep their digits; an empty object leaves a nil map nil.
func decode(s string, v any) error {
	if s == "" || s == "{}" {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("decode stored attributes: %w", err)
	}
	return nil
}

// decodeStrictly also fails on attributes that v does not have.
func decodeStrictly(s string, v any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// each converts rows to what callers see.
func each[R, T any](rows []R, convert func(R) (T, error)) ([]T, error) {
	out := make([]T, 0, len(rows))
	for _, r := range rows {
		v, err := convert(r)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}
