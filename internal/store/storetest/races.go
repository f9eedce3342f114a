package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/store"
)

const crowd = 50

// nodes returns two stores over the same database, as two processes have them.
func (w *world) nodes(t *testing.T) [2]*store.Store {
	return [2]*store.Store{w.Store, Open(t, w.url, func() time.Time { return w.now })}
}

// unlessConflict tells a loser from a failure.
func unlessConflict(err error) (bool, error) {
	if fault.Is(err, fault.Conflict) {
		return false, nil
	}
	return err == nil, err
}

func concurrentCreates(t *testing.T, w *world) {
	n := w.nodes(t)
	want(t, "users of one name", together(t, crowd, func(i int) (bool, error) {
		return unlessConflict(n[i%2].CreateUser(w.ctx, identity.User{ID: fmt.Sprint("u", i), DomainID: "red", Name: "same"}))
	}), 1)
	want(t, "users stored", len(get[userPage](t)(w.ListUsers(w.ctx, by("name", listing.Equals, "same"))).Items), 1)
	want(t, "domains of one name", together(t, 10, func(i int) (bool, error) {
		return unlessConflict(n[i%2].CreateProject(w.ctx, resource.Project{ID: fmt.Sprint("d", i), Name: "same", IsDomain: true}))
	}), 1)
	want(t, "global roles of one name", together(t, 10, func(i int) (bool, error) {
		return unlessConflict(n[i%2].CreateRole(w.ctx, assignment.Role{ID: fmt.Sprint("r", i), Name: "same"}))
	}), 1)
	before := w.last(t)
	g := assignment.Grant{RoleID: "member", UserID: "ann", On: assignment.OnSystem}
	want(t, "idempotent grants", together(t, 10, func(i int) (bool, error) { return true, n[i%2].CreateGrant(w.ctx, g) }), 10)
	want(t, "events of them", w.actions(t, before), []string{"grant.create"})
}

func singleUse(t *testing.T, w *world) {
	n := w.nodes(t)
	must(t, w.CreateFactor(w.ctx, w.factor("f", "ann")))
	must(t, w.ReplaceRecoveryCodes(w.ctx, "ann", codes("a", "b")))
	want(t, "AdvanceStep", together(t, crowd, func(i int) (bool, error) { return n[i%2].AdvanceStep(w.ctx, "f", 7) }), 1)
	want(t, "UseRecoveryCode", together(t, crowd, func(i int) (bool, error) { return n[i%2].UseRecoveryCode(w.ctx, "ann", "a") }), 1)
	want(t, "UseReceipt", together(t, crowd, func(i int) (bool, error) { return n[i%2].UseReceipt(w.ctx, "r", w.now) }), 1)
}

func concurrentFailures(t *testing.T, w *world) {
	n := w.nodes(t)
	key := auth.FailureKey{UserID: "ann", Kind: auth.CodeFailure, Network: auth.AnyNetwork}
	together(t, crowd, func(i int) (bool, error) {
		return true, n[i%2].UpdateFailures(w.ctx, key, func(f *auth.Failures) error { f.Count++; return nil })
	})
	want(t, "counted", get[[]auth.Failures](t)(w.Failures(w.ctx, key))[0].Count, crowd)
}

func concurrentUpdates(t *testing.T, w *world) {
	n := w.nodes(t)
	together(t, 20, func(i int) (bool, error) {
		_, err := n[i%2].UpdateUser(w.ctx, "ann", func(u *identity.User) error {
			if i == 7 {
				u.Enabled = false
				return nil
			}
			if u.Extra == nil {
				u.Extra = map[string]any{}
			}
			u.Extra[fmt.Sprint(i)] = true
			return nil
		})
		return true, err
	})
	u := get[identity.User](t)(w.User(w.ctx, "ann"))
	want(t, "enabled", u.Enabled, false)
	want(t, "attributes", len(u.Extra), 19)
	together(t, 10, func(i int) (bool, error) {
		return true, n[i%2].SetPassword(w.ctx, identity.Password{UserID: "ann", Hash: fmt.Sprint(i)})
	})
	want(t, "version", get[identity.User](t)(w.User(w.ctx, "ann")).AuthVersion, int64(10))
}

func concurrentRecoverySets(t *testing.T, w *world) {
	n := w.nodes(t)
	together(t, 10, func(i int) (bool, error) {
		return true, n[i%2].ReplaceRecoveryCodes(w.ctx, "ann", []mfa.RecoveryCode{{Digest: fmt.Sprint("a", i)}, {Digest: fmt.Sprint("b", i)}})
	})
	remaining, total, err := w.RecoveryCodeCount(w.ctx, "ann")
	must(t, err)
	want(t, "codes", [2]int{remaining, total}, [2]int{2, 2})
}

func racingGrants(t *testing.T, w *world) {
	n := w.nodes(t)
	for i := range 5 {
		must(t, w.CreateProject(w.ctx, project(fmt.Sprint("p", i), "red", "red")))
	}
	together(t, 40, func(i int) (bool, error) {
		id := fmt.Sprint("p", i%5)
		if i/5 == 3 {
			return true, n[i%2].DeleteProject(w.ctx, id)
		}
		err := n[i%2].CreateGrant(w.ctx, assignment.Grant{RoleID: "member", UserID: "ann", On: assignment.OnProject, TargetID: id, Inherited: i%2 == 0})
		if fault.Is(err, fault.NotFound) {
			return false, nil // the project went away first
		}
		return err == nil, err
	})
	want(t, "grants left", len(get[[]assignment.Grant](t)(w.Grants(w.ctx, assignment.Filter{}))), 0)
}

func concurrentKeys(t *testing.T, w *world) {
	n := w.nodes(t)
	made := together(t, 10, func(i int) (bool, error) {
		mine := false
		err := n[i%2].UpdateSigningKeys(w.ctx, func(keys []auth.StoredKey) ([]auth.StoredKey, error) {
			if mine = len(keys) == 0; mine {
				keys = append(keys, auth.StoredKey{KID: fmt.Sprint("k", i), Public: []byte{1}, CreatedAt: w.now})
			}
			return keys, nil
		})
		return mine, err
	})
	want(t, "keys made", made, 1)
	want(t, "keys stored", len(get[[]auth.StoredKey](t)(w.SigningKeys(w.ctx))), 1)
}

func migrateAtOnce(t *testing.T, url string) {
	now := func() time.Time { return time.Unix(0, 0) }
	n := []*store.Store{Open(t, url, now), Open(t, url, now), Open(t, url, now)}
	want(t, "current before", get[bool](t)(n[0].Current(t.Context())), false)
	together(t, len(n), func(i int) (bool, error) { return true, n[i].Migrate(t.Context()) })
	want(t, "current after", get[bool](t)(n[1].Current(t.Context())), true)
	must(t, n[2].Migrate(t.Context()))
	want(t, "empty", get[bool](t)(n[2].Empty(t.Context())), true)
}
