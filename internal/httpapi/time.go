package httpapi

import (
	"strings"
	"time"
)

// Time is a moment as answers show it: UTC with microseconds and Z.
type Time time.Time

const (
	timeLayout  = "2006-01-02T15:04:05.000000Z"
	naiveLayout = "2006-01-02T15:04:05.000000"
)

// AppendText appends the moment in Keystone's form (encoding.TextAppender).
func (t Time) AppendText(b []byte) ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(b, timeLayout), nil
}

// MarshalText is AppendText for those who have no buffer.
func (t Time) MarshalText() ([]byte, error) { return t.AppendText(nil) }

// TimeOf returns t for an answer; nil stays nil.
func TimeOf(t *time.Time) *Time {
	return (*Time)(t)
}

// ParseTime reads a moment that a client sends: UTC, with or without Z and fractions of a second, of which six
// digits are kept. Offsets are refused, as by Keystone.
func ParseTime(s string) (time.Time, bool) {
	t, err := time.Parse("2006-01-02T15:04:05", strings.Replace(strings.TrimSuffix(s, "Z"), " ", "T", 1))
	return t.Truncate(time.Microsecond), err == nil
}

// NaiveTime is a moment in the form without a zone that Keystone uses for password expiry. It is UTC all
// the same.
type NaiveTime time.Time

// AppendText appends the moment in Keystone's form (encoding.TextAppender).
func (t NaiveTime) AppendText(b []byte) ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(b, naiveLayout), nil
}

// MarshalText is AppendText for those who have no buffer.
func (t NaiveTime) MarshalText() ([]byte, error) { return t.AppendText(nil) }
