package httpapi

import "time"

// Time is a moment as answers show it: UTC with microseconds and Z.
type Time time.Time

const (
	timeLayout  = "2006-01-02T15:04:05.000000Z"
	naiveLayout = "2006-01-02T15:04:05.000000"
)

// MarshalText writes the moment in Keystone's form.
func (t Time) MarshalText() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(make([]byte, 0, len(timeLayout)), timeLayout), nil
}

// TimeOf returns t for an answer; nil stays nil.
func TimeOf(t *time.Time) *Time {
	return (*Time)(t)
}

// NaiveTime is a moment in the form without a zone that Keystone uses for password expiry. It is UTC all
// the same.
type NaiveTime time.Time

// MarshalText writes the moment in Keystone's form.
func (t NaiveTime) MarshalText() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(make([]byte, 0, len(naiveLayout)), naiveLayout), nil
}
