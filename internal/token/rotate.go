package token

import (
	"errors"
	"slices"
	"time"
)

// First returns the keys of a new installation: one active key and one pending key of alg.
func First(alg Alg, now time.Time, newID func() string) ([]Key, error) {
	active, err := GenerateKey(alg, now, newID)
	if err != nil {
		return nil, err
	}
	next, err := GenerateKey(alg, now, newID)
	if err != nil {
		return nil, err
	}
	active.State, active.ActivatedAt = Active, now
	return []Key{active, next}, nil
}

// Rotate returns keys after one rotation at now: the oldest pending key becomes active, the active one
// verify-only until now+verifyFor, next (a new pending key, see GenerateKey) joins, and keys whose time has
// come retire. verifyFor must cover the longest life of a token plus the window of allow_expired; zero
// retires the old key at once, for a key that has leaked. It fails when there is no pending key to promote:
// a key that other nodes have never seen must not sign. The argument is not changed.
func Rotate(keys []Key, now time.Time, verifyFor time.Duration, next Key) ([]Key, error) {
	if verifyFor < 0 {
		return nil, errors.New("rotate signing keys: the time to verify is negative")
	}
	if next.State != Pending || next.private == nil {
		return nil, errors.New("rotate signing keys: the next key is not a new pending key")
	}
	promoted := -1
	for i, k := range keys {
		if k.KID == next.KID {
			return nil, errors.New("rotate signing keys: the next key has the id of another key")
		}
		if k.State == Pending && (promoted < 0 || k.CreatedAt.Before(keys[promoted].CreatedAt)) { //nolint:gosec // promoted is an index of keys or -1
			promoted = i
		}
	}
	if promoted < 0 {
		return nil, errors.New("rotate signing keys: there is no pending key to promote")
	}
	out := slices.Clone(keys)
	for i := range out {
		switch {
		case i == promoted:
			out[i].State, out[i].ActivatedAt = Active, now
		case out[i].State == Active:
			out[i].State, out[i].RetireAt = VerifyOnly, now.Add(verifyFor)
		}
	}
	return Retire(append(out, next), now), nil
}

// Retire returns keys with every verify-only key whose RetireAt has come retired and its key material
// forgotten. It is to run now and then between rotations. The argument is not changed.
func Retire(keys []Key, now time.Time) []Key {
	out := slices.Clone(keys)
	for i, k := range out {
		if k.State == VerifyOnly && !now.Before(k.RetireAt) {
			// Dropped, not overwritten: a set that is still serving may share the bytes.
			out[i].State, out[i].Public, out[i].private = Retired, nil, nil
		}
	}
	return out
}
