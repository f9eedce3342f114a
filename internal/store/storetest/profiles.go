package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/risk"
	"github.com/keyward/identity/internal/store"
)

// known is a profile with some devices, first seen hours apart from an hour on.
func known(hour int64, devices ...string) risk.Profile {
	p := risk.Profile{Count: 7, Hour: hour, Hours: risk.Histogram{3: 9}, Last: &risk.Sighting{Point: risk.Point{Latitude: 50.5, Longitude: -7, Accuracy: 20}, At: 3600 * hour}}
	for i, d := range devices {
		p.Devices = append(p.Devices, risk.Entry{Key: d, First: hour + int64(i), Last: hour + int64(i)})
	}
	return p
}

func profiles(t *testing.T, w *world) {
	stored := func(user string) risk.Profile {
		t.Helper()
		return get[risk.Profile](t)(w.Profile(w.ctx, user))
	}
	hour := w.now.Unix() / 3600
	must(t, w.CreateUser(w.ctx, identity.User{ID: "eve", Name: "eve", DomainID: "red"}))
	want(t, "of somebody who was never seen", stored("eve"), risk.Profile{})
	before := w.last(t)
	must(t, w.KeepProfile(w.ctx, "eve", known(hour, "a"), w.now.Add(time.Hour)))
	want(t, "as kept", stored("eve"), known(hour, "a"))
	must(t, w.KeepProfile(w.ctx, "eve", known(hour, "a", "b"), w.now.Add(2*time.Hour)))
	want(t, "as kept again", stored("eve"), known(hour, "a", "b"))
	want(t, "events", len(w.actions(t, before)), 0)

	must(t, w.Purge(w.ctx, w.now.Add(time.Hour), store.Retention{}))
	want(t, "before its end", stored("eve"), known(hour, "a", "b"))
	must(t, w.KeepProfile(w.ctx, "bob", known(hour, "c"), w.now.Add(time.Hour)))
	must(t, w.DeleteUser(w.ctx, "eve"))
	want(t, "of a deleted user", stored("eve"), risk.Profile{})
	want(t, "of another", stored("bob"), known(hour, "c"))
	must(t, w.Purge(w.ctx, w.now.Add(time.Hour), store.Retention{}))
	want(t, "behind its end", stored("bob"), risk.Profile{})
}

// racingProfiles keep profiles of one user, all of which are of use.
func racingProfiles(t *testing.T, w *world) {
	n := w.nodes(t)
	hour := w.now.Unix() / 3600
	want(t, "profiles kept", together(t, crowd, func(i int) (bool, error) {
		err := n[i%2].KeepProfile(w.ctx, "ann", known(hour, fmt.Sprint(i)), w.now.Add(time.Hour))
		return err == nil, err
	}), crowd)
	p := get[risk.Profile](t)(w.Profile(w.ctx, "ann"))
	want(t, "one of them", len(p.Devices), 1)
	want(t, "as it was kept", p, known(hour, p.Devices[0].Key))
}
