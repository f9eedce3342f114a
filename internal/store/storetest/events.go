package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/domainconfig"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/store"
)

func eventsOfChanges(t *testing.T, w *world) {
	ctx := event.WithOrigin(w.ctx, event.Origin{ActorID: "root", RequestID: "req-1", Address: "10.0.0.1", UserAgent: "bad\x00\xff"})
	g := assignment.Grant{RoleID: "member", GroupID: "ops", On: assignment.OnProject, TargetID: "web"}
	i := assignment.Implication{PriorRoleID: "member", ImpliedRoleID: "lead"}
	for _, c := range []struct {
		call func() error
		want event.Event
	}{
		{func() error { return w.CreateUser(ctx, user("u", "red")) }, event.Event{Action: "user.create", Kind: event.User, TargetID: "u", UserID: "u", DomainID: "red"}},
		{func() error {
			_, err := w.UpdateUser(ctx, "u", func(*identity.User) error { return nil })
			return err
		}, event.Event{Action: "user.update", Kind: event.User, TargetID: "u", UserID: "u", DomainID: "red"}},
		{func() error { return w.DeleteUser(ctx, "u") }, event.Event{Action: "user.delete", Kind: event.User, TargetID: "u", UserID: "u", DomainID: "red", Revoking: true}},
		{func() error { return w.AddMember(ctx, "ops", "ann") }, event.Event{Action: "membership.add", Kind: event.Membership, TargetID: "ops", UserID: "ann", Detail: map[string]any{"group_id": "ops"}}},
		{func() error { return w.RemoveMember(ctx, "ops", "ann") }, event.Event{Action: "membership.remove", Kind: event.Membership, TargetID: "ops", UserID: "ann", Detail: map[string]any{"group_id": "ops"}}},
		{func() error { return w.CreateProject(ctx, resource.Project{ID: "d", Name: "d", IsDomain: true}) }, event.Event{Action: "project.create", Kind: event.Project, TargetID: "d", DomainID: "d", Detail: map[string]any{"is_domain": true}}},
		{func() error { return w.CreateRole(ctx, assignment.Role{ID: "lead", Name: "lead"}) }, event.Event{Action: "role.create", Kind: event.Role, TargetID: "lead"}},
		{func() error { return w.CreateImplication(ctx, i) }, event.Event{Action: "implication.create", Kind: event.Role, TargetID: "member", Detail: map[string]any{"implied_role_id": "lead"}}},
		{func() error { return w.CreateGrant(ctx, g) }, event.Event{Action: "grant.create", Kind: event.Grant, TargetID: "web",
			Detail: map[string]any{"role_id": "member", "on": "project", "inherited": false, "group_id": "ops"}}},
		{func() error { return w.CreateRegion(ctx, catalog.Region{ID: "r"}) }, event.Event{Action: "region.create", Kind: event.Catalog, TargetID: "r"}},
		{func() error { return w.CreatePolicyDocument(ctx, catalog.PolicyDocument{ID: "p"}) }, event.Event{Action: "policy_document.create", Kind: event.Document, TargetID: "p"}},
		{func() error {
			return w.UpdateDomainConfig(ctx, "red", func([]domainconfig.Option) ([]domainconfig.Option, error) {
				return []domainconfig.Option{{Group: "g", Name: "n", Value: "1"}}, nil
			})
		}, event.Event{Action: "domain_config.update", Kind: event.Document, TargetID: "red", DomainID: "red"}},
		{func() error {
			return w.UpdateDomainConfig(ctx, "red", func([]domainconfig.Option) ([]domainconfig.Option, error) { return nil, nil })
		}, event.Event{Action: "domain_config.delete", Kind: event.Document, TargetID: "red", DomainID: "red"}},
		{func() error { return w.Revoke(ctx, "audit", w.now) }, event.Event{Action: "token.revoke", Kind: event.Token, TargetID: "audit", Revoking: true}},
	} {
		before := w.last(t)
		must(t, c.call())
		evs := get[[]event.Event](t)(w.EventsAfter(w.ctx, before, 0))
		if len(evs) != 1 {
			t.Errorf("%s: got %d events", c.want.Action, len(evs))
			continue
		}
		c.want.ID, c.want.At, c.want.Outcome = evs[0].ID, w.now, event.Success
		c.want.Origin = event.Origin{ActorID: "root", RequestID: "req-1", Address: "10.0.0.1", UserAgent: "bad\uFFFD\uFFFD"}
		want(t, "event", evs[0], c.want)
	}
}

func readEvents(t *testing.T, w *world) {
	start := w.last(t)
	for i := range 5 {
		must(t, w.Append(w.ctx, event.Event{Action: "token.issue", Outcome: event.Failure, Kind: event.Token, UserID: "ann", At: w.now.Add(time.Duration(i) * time.Second)}))
	}
	evs := get[[]event.Event](t)(w.EventsAfter(w.ctx, start, 2))
	want(t, "limited", len(evs), 2)
	want(t, "in order", evs[0].ID < evs[1].ID && evs[0].ID > start, true)
	want(t, "outcome", evs[0].Outcome, event.Failure)
	want(t, "by id", len(get[[]event.Event](t)(w.EventsAfter(w.ctx, evs[1].ID, 0))), 3)
	want(t, "after the last", len(get[[]event.Event](t)(w.EventsAfter(w.ctx, w.last(t), 0))), 0)
	again := get[[]event.Event](t)(w.EventsSince(w.ctx, w.last(t), w.now.Add(3*time.Second)))
	want(t, "a window read again", len(again), 2)
	mine := get[[]event.Event](t)(w.EventsOfUser(w.ctx, "ann", 0, 3))
	want(t, "newest first", len(mine) == 3 && mine[0].ID == w.last(t), true)
	older := get[[]event.Event](t)(w.EventsOfUser(w.ctx, "ann", mine[2].ID, 10))
	want(t, "the rest, with ann's creation", len(older), 3)
}

func transactions(t *testing.T, w *world) {
	stop := errors.New("stop")
	before := w.last(t)
	err := w.InTx(w.ctx, func(ctx context.Context) error {
		must(t, w.CreateUser(ctx, user("x", "red")))
		if _, err := w.User(ctx, "x"); err != nil {
			t.Errorf("a read inside sees the write: %v", err)
		}
		if _, err := w.User(w.ctx, "x"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a read outside does not: %v", err)
		}
		must(t, w.DeleteGroup(ctx, "ops"))
		return stop
	})
	want(t, "error", errors.Is(err, stop), true)
	_, err = w.User(w.ctx, "x")
	wantKind(t, "the undone user", err, fault.NotFound)
	_, err = w.Group(w.ctx, "ops")
	wantKind(t, "the group not deleted", err, ok)
	want(t, "events undone with it", w.last(t), before)
	must(t, w.InTx(w.ctx, func(ctx context.Context) error { // reads alone need no event
		_, err := w.User(ctx, "ann")
		return err
	}))
	func() {
		defer func() { want(t, "panic passes", recover() != nil, true) }()
		_ = w.InTx(w.ctx, func(ctx context.Context) error {
			must(t, w.CreateUser(ctx, user("y", "red")))
			panic("boom")
		})
	}()
	_, err = w.User(w.ctx, "y")
	wantKind(t, "a user made before a panic", err, fault.NotFound)
	ended, cancel := context.WithCancel(w.ctx)
	cancel()
	err = w.CreateUser(ended, user("z", "red"))
	want(t, "an ended context", errors.Is(err, context.Canceled), true)
	must(t, w.CreateUser(w.ctx, user("z", "red")))
}

func nestedFailure(t *testing.T, w *world) {
	before := w.last(t)
	must(t, w.InTx(w.ctx, func(ctx context.Context) error {
		wantKind(t, "a conflict", w.CreateUser(ctx, user("ann", "red")), fault.Conflict)
		err := w.InTx(ctx, func(ctx context.Context) error {
			must(t, w.CreateUser(ctx, user("half", "red")))
			return w.CreateUser(ctx, user("ann", "red"))
		})
		wantKind(t, "a nested conflict", err, fault.Conflict)
		return w.CreateUser(ctx, user("good", "red"))
	}))
	_, err := w.User(w.ctx, "half")
	wantKind(t, "the undone part", err, fault.NotFound)
	_, err = w.User(w.ctx, "good")
	wantKind(t, "the rest", err, ok)
	want(t, "events", w.actions(t, before), []string{"user.create"})
}

func hooks(t *testing.T, w *world) {
	var heard []string
	seen := true
	w.OnCommit(func(evs []event.Event) {
		for _, ev := range evs {
			heard = append(heard, ev.Action)
			if ev.ID == 0 || ev.At != w.now {
				t.Errorf("hook got an incomplete event: %+v", ev)
			}
		}
		_, err := w.User(w.ctx, "new")
		seen = seen && err == nil
	})
	must(t, w.InTx(w.ctx, func(ctx context.Context) error {
		must(t, w.CreateUser(ctx, user("new", "red")))
		must(t, w.CreateUser(ctx, user("new2", "red")))
		want(t, "before the commit", len(heard), 0)
		return nil
	}))
	want(t, "after the commit", heard, []string{"user.create", "user.create"})
	want(t, "the hook sees what was committed", seen, true)
	_ = w.InTx(w.ctx, func(ctx context.Context) error {
		must(t, w.DeleteUser(ctx, "new"))
		return errors.New("stop")
	})
	wantKind(t, "a conflict", w.CreateUser(w.ctx, user("new", "red")), fault.Conflict)
	want(t, "after what was undone", len(heard), 2)
}

func listenWakes(t *testing.T, w *world) {
	node := Open(t, w.url, func() time.Time { return w.now })
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	woken, ended := make(chan struct{}, 100), make(chan error, 1)
	go func() { ended <- node.Listen(ctx, func() { woken <- struct{}{} }) }()
	select {
	case err := <-ended:
		if !errors.Is(err, store.ErrNoListen) {
			t.Errorf("Listen: %v", err)
		}
		return // this database wakes nobody
	case <-woken: // it listens now
	}
	must(t, w.CreateUser(w.ctx, user("x", "red")))
	<-woken
	if _, err := node.User(w.ctx, "x"); err != nil {
		t.Errorf("the woken node does not see the change: %v", err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Listen after the end: %v", err)
	}
}
