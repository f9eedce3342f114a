package facts

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keyward/identity/internal/appcred"
	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/duty"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/federation"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/oauth"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/trust"
)

// source counts reads and answers what the test sets.
type source struct {
	mu    sync.Mutex
	reads map[string]int
	users map[string]string   // name by id
	given map[string][]string // endpoints by project
	// demanded are the requirements of second factors.
	demanded []duty.Requirement
	during   func() // runs while a user or the endpoints of a project are read, after the answer is fixed
}

func (s *source) count(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reads == nil {
		s.reads = map[string]int{}
	}
	s.reads[what]++
}

func (s *source) User(_ context.Context, id string) (identity.User, error) {
	s.count("user")
	s.mu.Lock()
	name, ok := s.users[id]
	during := s.during
	s.during = nil
	s.mu.Unlock()
	if during != nil {
		during()
	}
	if !ok {
		return identity.User{}, fault.New(fault.NotFound, "no such user")
	}
	return identity.User{ID: id, Name: name}, nil
}

func (s *source) Project(context.Context, string) (resource.Project, error) {
	s.count("project")
	return resource.Project{}, nil
}

func (s *source) Grants(context.Context, assignment.Filter) ([]assignment.Grant, error) {
	s.count("grants")
	return nil, nil
}

func (s *source) AllRoles(context.Context) ([]assignment.Role, error) {
	s.count("roles")
	return nil, nil
}

func (s *source) Implications(context.Context) ([]assignment.Implication, error) { return nil, nil }

func (s *source) ListServiceProviders(_ context.Context, q listing.Query) (listing.Page[federation.ServiceProvider], error) {
	s.count("partners")
	if len(q.Filters) != 1 || q.Filters[0] != (listing.Filter{Attr: "enabled", Value: "true"}) {
		return listing.Page[federation.ServiceProvider]{}, errors.New("tokens show enabled service providers only")
	}
	return listing.Page[federation.ServiceProvider]{Items: []federation.ServiceProvider{{ID: "sp"}}}, nil
}

func (s *source) Factors(context.Context, string) ([]mfa.Factor, error) {
	s.count("factors")
	return nil, nil
}

func (s *source) Revoked(context.Context, ...string) (bool, error) {
	s.count("revoked")
	return false, nil
}

func (s *source) AppCredential(context.Context, string) (appcred.Credential, error) {
	s.count("appcred")
	return appcred.Credential{}, nil
}

func (s *source) AccessToken(context.Context, string) (oauth.AccessToken, error) {
	s.count("access token")
	return oauth.AccessToken{}, nil
}

func (s *source) Trust(context.Context, string) (trust.Trust, error) {
	s.count("trust")
	return trust.Trust{}, nil
}

func (s *source) Requirements(context.Context) ([]duty.Requirement, error) {
	s.count("requirements")
	return s.demanded, nil
}

func (s *source) DutyRecord(context.Context, string) (duty.Record, error) {
	s.count("record")
	return duty.Record{}, nil
}

func (s *source) GroupIDs(context.Context, string) ([]string, error) {
	s.count("groups")
	return []string{"g"}, nil
}

type transaction struct{}

func (s *source) InTransaction(ctx context.Context) bool { return ctx.Value(transaction{}) != nil }

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func world() (*Facts, *source, *clock) {
	c := &clock{t: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := &source{users: map[string]string{"u": "old"}}
	f := New(s, 100, c.now)
	f.Heard(c.now())
	return f, s, c
}

func name(t *testing.T, f *Facts, id string) string {
	t.Helper()
	u, err := f.User(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return u.Name
}

func TestNothingIsCachedBeforeTheStreamIsHeard(t *testing.T) {
	t.Parallel()
	s := &source{users: map[string]string{"u": "old"}}
	f := New(s, 100, time.Now)
	name(t, f, "u")
	name(t, f, "u")
	if s.reads["user"] != 2 {
		t.Errorf("read %d times, want 2", s.reads["user"])
	}
}

func TestCachesAreNotUsedWhenTheStreamIsNotHeard(t *testing.T) {
	t.Parallel()
	f, s, c := world()
	name(t, f, "u")
	s.users["u"] = "new" // by another node, of which we hear nothing
	c.advance(Patience - time.Millisecond)
	if got := name(t, f, "u"); got != "old" {
		t.Fatalf("within the promise: %q", got)
	}
	c.advance(time.Millisecond)
	if got := name(t, f, "u"); got != "new" {
		t.Errorf("a node that hears nothing used its cache: %q", got)
	}
	if _, trusted := f.Version(); trusted {
		t.Error("the version is still trusted")
	}
}

func TestAnEventDropsWhatItNames(t *testing.T) {
	t.Parallel()
	f, s, _ := world()
	s.demanded = []duty.Requirement{{ID: "r", On: duty.OfGroup, TargetID: "g"}}
	ctx := t.Context()
	owes := func() { _, _ = f.Duty(ctx, &identity.User{ID: "u"}) }
	for _, c := range []struct {
		e    event.Event
		what string
		read func()
	}{
		{event.Event{Kind: event.User, TargetID: "u", UserID: "u"}, "user", func() { name(t, f, "u") }},
		{event.Event{Kind: event.Password, TargetID: "u", UserID: "u"}, "user", func() { name(t, f, "u") }},
		{event.Event{Kind: event.Project, Action: "project.update", TargetID: "p"}, "project", func() { _, _ = f.Project(ctx, "p") }},
		{event.Event{Kind: event.Project, Action: "project.delete", TargetID: "x"}, "project", func() { _, _ = f.Project(ctx, "p") }},
		{event.Event{Kind: event.Grant, UserID: "u"}, "grants", func() { _, _ = f.Grants(ctx, "u") }},
		{event.Event{Kind: event.Grant, TargetID: "group"}, "grants", func() { _, _ = f.Grants(ctx, "u") }},
		{event.Event{Kind: event.Membership, UserID: "u"}, "grants", func() { _, _ = f.Grants(ctx, "u") }},
		{event.Event{Kind: event.Group, TargetID: "g"}, "grants", func() { _, _ = f.Grants(ctx, "u") }},
		{event.Event{Kind: event.Role, TargetID: "r"}, "roles", func() { _, _ = f.Table(ctx) }},
		{event.Event{Kind: event.Federation, Action: "service_provider.update", TargetID: "sp"}, "partners", func() { _, _ = f.ServiceProviders(ctx) }},
		{event.Event{Kind: event.Catalog, TargetID: "s"}, "catalog", func() { _, _ = f.Catalog(ctx, "") }},
		{event.Event{Kind: event.Factor, TargetID: "f", UserID: "u"}, "factors", func() { _, _ = f.HasFactor(ctx, "u") }},
		{event.Event{Kind: event.Duty, TargetID: "r"}, "requirements", owes},
		{event.Event{Kind: event.Role, TargetID: "r"}, "requirements", owes},
		{event.Event{Kind: event.Group, TargetID: "g"}, "requirements", owes},
		{event.Event{Kind: event.Group, TargetID: "g"}, "groups", owes},
		{event.Event{Kind: event.Membership, UserID: "u"}, "groups", owes},
		{event.Event{Kind: event.Factor, TargetID: "x", UserID: "u"}, "record", owes},
		{event.Event{Kind: event.Token, Action: "token.revoke", TargetID: "a"}, "revoked", func() { _, _ = f.Revoked(ctx, "a", "a") }},
		{event.Event{Kind: "from a later version", TargetID: "?"}, "user", func() { name(t, f, "u") }},
	} {
		c.read()
		before := s.reads[c.what]
		c.read()
		if s.reads[c.what] != before {
			t.Errorf("%s: not cached before the event", c.what)
		}
		v, _ := f.Version()
		f.Apply([]event.Event{c.e})
		if w, _ := f.Version(); w == v {
			t.Errorf("%v: the version did not change", c.e.Kind)
		}
		if c.read(); s.reads[c.what] != before+1 {
			t.Errorf("%v: %s was not read again", c.e.Kind, c.what)
		}
	}
}

func TestSignInsDropNothing(t *testing.T) {
	t.Parallel()
	f, s, _ := world()
	name(t, f, "u")
	v, _ := f.Version()
	f.Apply([]event.Event{{Kind: event.Token, Action: "token.issue", UserID: "u"}, {Kind: event.Policy}})
	if name(t, f, "u"); s.reads["user"] != 1 {
		t.Error("a sign-in dropped the user")
	}
	if w, _ := f.Version(); w != v {
		t.Error("a sign-in changed the version")
	}
}

func TestWhatChangedWhileItWasReadIsNotKept(t *testing.T) {
	t.Parallel()
	f, s, _ := world()
	s.during = func() {
		s.mu.Lock()
		s.users["u"] = "new"
		s.mu.Unlock()
		f.Apply([]event.Event{{Kind: event.User, TargetID: "u", UserID: "u"}})
	}
	if got := name(t, f, "u"); got != "old" {
		t.Fatalf("the read began before the change: %q", got)
	}
	if got := name(t, f, "u"); got != "new" {
		t.Errorf("the old answer was kept: %q", got)
	}
}

func TestWhatATransactionReadsIsNotKept(t *testing.T) {
	t.Parallel()
	f, s, _ := world()
	inside := context.WithValue(t.Context(), transaction{}, true)
	for range 2 {
		if _, err := f.User(inside, "u"); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Table(inside); err != nil {
			t.Fatal(err)
		}
	}
	if s.reads["user"] != 2 || s.reads["roles"] != 2 {
		t.Errorf("reads: %v, want two of each", s.reads)
	}
	name(t, f, "u")
	if _, err := f.User(inside, "u"); err != nil || s.reads["user"] != 3 {
		t.Errorf("what is known is not used inside a transaction: %v, %v", s.reads, err)
	}
}

func TestFailuresAreNotKept(t *testing.T) {
	t.Parallel()
	f, s, _ := world()
	if _, err := f.User(t.Context(), "late"); !fault.Is(err, fault.NotFound) {
		t.Fatalf("got %v", err)
	}
	s.users["late"] = "here"
	if got := name(t, f, "late"); got != "here" {
		t.Errorf("got %q", got)
	}
}

// stream is a table of events whose transactions commit in any order.
type stream struct {
	mu      sync.Mutex
	visible []event.Event
	err     error
}

func (s *stream) commit(ids ...int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		s.visible = append(s.visible, event.Event{ID: id, Kind: event.User, TargetID: "u", UserID: "u"})
	}
	slices.SortFunc(s.visible, func(a, b event.Event) int { return int(a.ID - b.ID) })
}

func (s *stream) find(keep func(int64) bool) ([]event.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []event.Event
	for _, e := range s.visible {
		if keep(e.ID) {
			out = append(out, e)
		}
	}
	return out, s.err
}

func (s *stream) LastEventID(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.visible) == 0 {
		return 0, s.err
	}
	return s.visible[len(s.visible)-1].ID, s.err
}

func (s *stream) EventsAfter(_ context.Context, after int64, limit int) ([]event.Event, error) {
	out, err := s.find(func(id int64) bool { return id > after })
	return out[:min(limit, len(out))], err
}

func (s *stream) EventsByID(_ context.Context, ids []int64) ([]event.Event, error) {
	return s.find(func(id int64) bool { return slices.Contains(ids, id) })
}

func (s *stream) Listen(ctx context.Context, _ func()) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestFollower(t *testing.T) {
	t.Parallel()
	f, _, c := world()
	db := &stream{}
	db.commit(1, 2, 3, 5) // 4 is still under way when we start
	var heard []int64
	w := NewFollower(f, db, slog.New(slog.DiscardHandler), c.now, func(es []event.Event) {
		for _, e := range es {
			heard = append(heard, e.ID)
		}
	})
	poll := func(want ...int64) {
		t.Helper()
		heard = nil
		if err := w.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		slices.Sort(heard)
		if !slices.Equal(heard, want) {
			t.Errorf("heard %v, want %v", heard, want)
		}
	}
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	poll(1, 2, 3) // once more, harmlessly: they are among the ids that might have been under way
	db.commit(4)
	poll(4)
	db.commit(6, 9)
	poll(6, 9)
	db.commit(8)
	poll(8)
	poll()
	db.commit(7, 10)
	poll(7, 10)
	poll()
	db.commit(12)
	poll(12)
	c.advance(gapPatient + time.Second)
	poll() // gives up on 11: no transaction lives that long
	db.commit(11)
	poll()
}

func TestFollowerThatCannotReadIsNotTrusted(t *testing.T) {
	t.Parallel()
	f, s, c := world()
	db := &stream{}
	w := NewFollower(f, db, slog.New(slog.DiscardHandler), c.now)
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	name(t, f, "u")
	db.err = errors.New("gone")
	c.advance(Patience)
	if err := w.Poll(t.Context()); err == nil {
		t.Fatal("no error")
	}
	if f.Trusted() {
		t.Error("the caches are used although the stream cannot be read")
	}
	s.users["u"] = "new"
	db.err = nil
	db.commit(1)
	if err := w.Poll(t.Context()); err != nil || !f.Trusted() {
		t.Fatalf("after it is back: %v, trusted %v", err, f.Trusted())
	}
	if got := name(t, f, "u"); got != "new" {
		t.Errorf("what happened meanwhile was not applied: %q", got)
	}
}

func TestFollowerThatIsFarBehindForgetsEverything(t *testing.T) {
	t.Parallel()
	f, s, c := world()
	db := &stream{}
	w := NewFollower(f, db, slog.New(slog.DiscardHandler), c.now)
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	name(t, f, "u")
	ids := make([]int64, tooFar+5)
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	db.commit(ids...)
	if err := w.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if name(t, f, "u"); s.reads["user"] != 2 || w.last != int64(len(ids)) {
		t.Errorf("read %d times, at %d", s.reads["user"], w.last)
	}
}
