package identity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/dbtest"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/store"
)

// world is the service over a real database with the domains red and blue and the project web in red.
type world struct {
	*identity.Service
	t     *testing.T
	store *store.Store
	// whileHashing runs before a password is hashed.
	whileHashing func()
	hashed       int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	var ids, ticks atomic.Int64
	newID := func() string { return fmt.Sprintf("%032x", ids.Add(1)) }
	now := func() time.Time {
		return time.Date(2031, 5, 1, 9, 30, 0, 0, time.UTC).Add(time.Duration(ticks.Add(1)) * time.Microsecond)
	}
	s, err := store.Open(t.Context(), store.Options{
		URL: dbtest.SQLite(t), Now: now, NewID: newID, MaxConns: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{t: t, store: s}
	w.Service = identity.NewService(s, w, s, w, []string{"password", "totp"}, now, newID)
	for _, p := range []resource.Project{
		{ID: "red", Name: "red", IsDomain: true, Enabled: true},
		{ID: "blue", Name: "blue", IsDomain: true, Enabled: true},
		{ID: "web", Name: "web", DomainID: "red", ParentID: "red", Enabled: true},
	} {
		w.must(s.CreateProject(t.Context(), p))
	}
	return w
}

// Hash stands in for the real thing, which is slow and tested elsewhere.
func (w *world) Hash(_ context.Context, userID, password string) (string, error) {
	if w.whileHashing != nil {
		w.whileHashing()
	}
	w.hashed++
	if strings.Contains(password, "\x00") {
		return "", fault.New(fault.BadRequest, "The password is not valid text.")
	}
	return "sealed for " + userID + ": " + password, nil
}

// ClearLockout is what the gate does.
func (w *world) ClearLockout(ctx context.Context, userID string) error {
	return w.store.ResetFailures(ctx, userID, "", "")
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) user(in identity.UserInput) identity.User {
	w.t.Helper()
	if !in.DomainID.Present() {
		in.DomainID = optional.Of("red")
	}
	u, err := w.CreateUser(w.t.Context(), in)
	w.must(err)
	return u
}

// failures returns how many wrong passwords are counted against the user.
func (w *world) failures(userID string) int {
	w.t.Helper()
	fs, err := w.store.Failures(w.t.Context(), failureKey(userID))
	w.must(err)
	n := 0
	for _, f := range fs {
		n += f.Count
	}
	return n
}

func failureKey(userID string) auth.FailureKey {
	return auth.FailureKey{UserID: userID, Kind: auth.PasswordFailure, Network: auth.AnyNetwork}
}

func named(name string) identity.UserInput { return identity.UserInput{Name: optional.Of(name)} }

func TestCreateUserRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(named("ann"))
	for _, c := range []struct {
		why  string
		in   identity.UserInput
		want fault.Kind
	}{
		{"no name", identity.UserInput{}, fault.BadRequest},
		{"a name of white space", named(" \u00a0"), fault.BadRequest},
		{"a name that reads backwards", named("ann\u202e"), fault.BadRequest},
		{"a name of 256 characters", named(strings.Repeat("é", 256)), fault.BadRequest},
		{"a domain that is not there", identity.UserInput{Name: optional.Of("bob"), DomainID: optional.Of("green")}, fault.NotFound},
		{"a project as domain", identity.UserInput{Name: optional.Of("bob"), DomainID: optional.Of("web")}, fault.NotFound},
		{"a name that is taken", named("ann"), fault.Conflict},
		{"a name that is taken but for white space around it", named(" ann "), fault.Conflict},
		{"a domain as default project", identity.UserInput{Name: optional.Of("bob"), DefaultProjectID: optional.Of("blue")}, fault.BadRequest},
		{"a default project of 65 characters", identity.UserInput{Name: optional.Of("bob"), DefaultProjectID: optional.Of(strings.Repeat("a", 65))}, fault.BadRequest},
		{"enabled null", identity.UserInput{Name: optional.Of("bob"), Enabled: optional.Null[bool]()}, fault.BadRequest},
		{"a bad rule", identity.UserInput{Name: optional.Of("bob"), Options: identity.OptionsPatch{MFARules: optional.Of([][]string{{"magic"}})}}, fault.BadRequest},
		{"a password that is no text", identity.UserInput{Name: optional.Of("bob"), Password: optional.Of("a\x00")}, fault.BadRequest},
	} {
		t.Run(c.why, func(t *testing.T) {
			if !c.in.DomainID.Present() {
				c.in.DomainID = optional.Of("red")
			}
			if u, err := w.CreateUser(t.Context(), c.in); !fault.Is(err, c.want) {
				t.Errorf("got %+v, %v; want kind %v", u, err, c.want)
			}
		})
	}
	page, err := w.ListUsers(t.Context(), listing.Query{})
	w.must(err)
	if len(page.Items) != 1 {
		t.Errorf("after refusals there are %d users, want 1", len(page.Items))
	}
}

func TestCreateUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user(identity.UserInput{
		ID: optional.Of("mine"), Name: optional.Of("  Zoe\u0301 "), Password: optional.Of(" pass "),
		DefaultProjectID: optional.Of("nowhere"), Extra: map[string]any{"email": "zoe@shop.example"},
	})
	if u.Name != "Zo\u00e9" || !u.Enabled || u.ID == "mine" || len(u.ID) != 32 || u.DefaultProjectID != "nowhere" ||
		u.Extra["email"] != "zoe@shop.example" || u.CreatedAt.IsZero() {
		t.Errorf("got %+v", u)
	}
	p, err := w.store.Password(t.Context(), u.ID)
	w.must(err)
	if p.Hash != "sealed for "+u.ID+":  pass " || p.SelfService || p.ExpiresAt != nil {
		t.Errorf("the password is stored as %+v", p)
	}
	same := w.user(identity.UserInput{Name: optional.Of("Zoé"), DomainID: optional.Of("blue"), Password: optional.Null[string]()})
	if _, err := w.store.Password(t.Context(), same.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("null is no password: got %v", err)
	}
	if w.hashed != 1 {
		t.Errorf("hashed %d passwords, want 1", w.hashed)
	}
}

func TestUpdateUserRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user(identity.UserInput{Name: optional.Of("ann"), Password: optional.Of("old")})
	w.user(named("bob"))
	long := named(strings.Repeat("a", 256))
	for _, c := range []struct {
		why  string
		id   string
		in   identity.UserInput
		want fault.Kind
	}{
		{"an unknown user", "missing", named("new"), fault.NotFound},
		{"another id", u.ID, identity.UserInput{ID: optional.Of("other")}, fault.BadRequest},
		{"another domain", u.ID, identity.UserInput{DomainID: optional.Of("blue")}, fault.BadRequest},
		{"no domain", u.ID, identity.UserInput{DomainID: optional.Null[string]()}, fault.BadRequest},
		{"a null name", u.ID, identity.UserInput{Name: optional.Null[string]()}, fault.BadRequest},
		{"a name that is too long", u.ID, long, fault.BadRequest},
		{"a name that is taken, with a password", u.ID, identity.UserInput{Name: optional.Of("bob"), Password: optional.Of("new")}, fault.Conflict},
		{"a domain as default project", u.ID, identity.UserInput{DefaultProjectID: optional.Of("red")}, fault.BadRequest},
		{"enabled null", u.ID, identity.UserInput{Enabled: optional.Null[bool]()}, fault.BadRequest},
		{"a password that is no text", u.ID, identity.UserInput{Enabled: optional.Of(false), Password: optional.Of("\x00")}, fault.BadRequest},
	} {
		t.Run(c.why, func(t *testing.T) {
			if got, err := w.UpdateUser(t.Context(), c.id, c.in); !fault.Is(err, c.want) {
				t.Errorf("got %+v, %v; want kind %v", got, err, c.want)
			}
		})
	}
	after, err := w.User(t.Context(), u.ID)
	w.must(err)
	p, err := w.store.Password(t.Context(), u.ID)
	w.must(err)
	if after.AuthVersion != u.AuthVersion || !after.Enabled || after.Name != "ann" || !strings.HasSuffix(p.Hash, ": old") {
		t.Errorf("refused updates left %+v with %q", after, p.Hash)
	}
}

func TestWhatEndsTokens(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why  string
		in   identity.UserInput
		ends bool
	}{
		{"a new name does not", named("new"), false},
		{"enabling the enabled does not", identity.UserInput{Enabled: optional.Of(true)}, false},
		{"disabling does", identity.UserInput{Enabled: optional.Of(false)}, true},
		{"a password of an administrator does", identity.UserInput{Password: optional.Of("new")}, true},
		{"taking the password away does", identity.UserInput{Password: optional.Null[string]()}, true},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			u := w.user(identity.UserInput{Name: optional.Of("ann"), Password: optional.Of("old")})
			after, err := w.UpdateUser(t.Context(), u.ID, c.in)
			if err != nil || after.AuthVersion > u.AuthVersion != c.ends {
				t.Errorf("version %d became %d (%v); want a rise: %v", u.AuthVersion, after.AuthVersion, err, c.ends)
			}
			_, err = w.store.Password(t.Context(), u.ID)
			if gone := fault.Is(err, fault.NotFound); gone != c.in.Password.IsNull() {
				t.Errorf("the password is gone: %v", gone)
			}
		})
	}
}

func TestEndSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.EndSessions(t.Context(), "missing"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown user: got %v, want NotFound", err)
	}
	u, other := w.user(named("ann")), w.user(named("bob"))
	w.must(w.EndSessions(t.Context(), u.ID))
	for _, c := range []struct {
		user identity.User
		want bool
	}{{u, true}, {other, false}} {
		after, err := w.User(t.Context(), c.user.ID)
		w.must(err)
		if after.AuthVersion > c.user.AuthVersion != c.want {
			t.Errorf("%s: version %d became %d, want a rise: %v", c.user.Name, c.user.AuthVersion, after.AuthVersion, c.want)
		}
	}
}

func TestUpdateUserMerges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user(identity.UserInput{
		Name: optional.Of("ann"), DefaultProjectID: optional.Of("web"), Extra: map[string]any{"a": "1", "b": "2"},
		Options: identity.OptionsPatch{LockPassword: optional.Of(true)},
	})
	got, err := w.UpdateUser(t.Context(), u.ID, identity.UserInput{
		ID: optional.Of(u.ID), DomainID: optional.Of("red"), DefaultProjectID: optional.Null[string](),
		Extra: map[string]any{"b": nil, "c": "3"}, Options: identity.OptionsPatch{MFAEnabled: optional.Of(true)},
	})
	w.must(err)
	if b, there := got.Extra["b"]; got.Extra["a"] != "1" || b != nil || !there || got.Extra["c"] != "3" {
		t.Errorf("attributes are %v", got.Extra)
	}
	if got.Name != "ann" || got.DefaultProjectID != "" || got.Options.LockPassword == nil || got.Options.MFAEnabled == nil {
		t.Errorf("got %+v", got)
	}
}

func TestEnablingClearsALockout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bob := w.user(named("ann")), w.user(named("bob"))
	for _, u := range []identity.User{ann, bob} {
		w.must(w.store.UpdateFailures(t.Context(), failureKey(u.ID), func(f *auth.Failures) error {
			f.Count = 7
			return nil
		}))
	}
	if _, err := w.UpdateUser(t.Context(), ann.ID, named("anna")); err != nil || w.failures(ann.ID) != 7 {
		t.Fatalf("a new name cleared the lock-out (%v)", err)
	}
	if _, err := w.UpdateUser(t.Context(), ann.ID, identity.UserInput{Enabled: optional.Of(true)}); err != nil {
		t.Fatal(err)
	}
	if w.failures(ann.ID) != 0 || w.failures(bob.ID) != 7 {
		t.Errorf("failures are %d and %d, want 0 and 7", w.failures(ann.ID), w.failures(bob.ID))
	}
}

// A password takes tens of milliseconds to hash; the one writer of SQLite must not wait for it.
func TestPasswordsAreHashedOutsideOfTransactions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.user(named("other"))
	var errs []error
	w.whileHashing = func() { // with a context of its own, so that it cannot join a transaction
		_, err := w.store.UpdateUser(context.Background(), other.ID, func(*identity.User) error { return nil })
		errs = append(errs, err)
	}
	u := w.user(identity.UserInput{Name: optional.Of("ann"), Password: optional.Of("one")})
	_, err := w.UpdateUser(t.Context(), u.ID, identity.UserInput{Password: optional.Of("two")})
	if err = errors.Join(append(errs, err)...); err != nil || len(errs) != 2 {
		t.Errorf("%d of 2 writes during hashing, error %v", len(errs), err)
	}
}

func TestListUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bob := w.user(named("ann")), w.user(named("bob"))
	blue := w.user(identity.UserInput{Name: optional.Of("eve"), DomainID: optional.Of("blue")})
	red := listing.Query{}.With("domain_id", "red")
	for _, marker := range []string{"missing", blue.ID} {
		q := red
		q.Marker = marker
		if _, err := w.ListUsers(t.Context(), q); !fault.Is(err, fault.NotFound) {
			t.Errorf("marker %s: got %v, want NotFound", marker, err)
		}
	}
	q := red
	q.Limit = 1
	first, err := w.ListUsers(t.Context(), q)
	w.must(err)
	if len(first.Items) != 1 || first.Items[0].ID != ann.ID || !first.More {
		t.Fatalf("first page: %+v", first)
	}
	q.Marker = ann.ID
	second, err := w.ListUsers(t.Context(), q)
	w.must(err)
	if len(second.Items) != 1 || second.Items[0].ID != bob.ID || second.More {
		t.Errorf("second page: %+v", second)
	}
}

func TestDeleteUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.DeleteUser(t.Context(), "missing"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown user: got %v, want NotFound", err)
	}
	u := w.user(identity.UserInput{Name: optional.Of("ann"), Password: optional.Of("x")})
	w.must(w.DeleteUser(t.Context(), u.ID))
	if _, err := w.User(t.Context(), u.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("after deletion: got %v, want NotFound", err)
	}
	if again := w.user(named("ann")); again.ID == u.ID {
		t.Error("an id was used again")
	}
}
