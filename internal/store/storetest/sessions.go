package storetest

import (
	"testing"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/risk"
	"github.com/keyward/identity/internal/session"
	"github.com/keyward/identity/internal/store"
)

func sessions(t *testing.T, w *world) {
	begin := func(id, user string, after time.Duration) session.Session {
		t.Helper()
		at := w.now.Add(after)
		x := session.Session{
			ID: id, UserID: user, CreatedAt: at, LastSeenAt: at, ExpiresAt: at.Add(time.Hour), Methods: []string{"password", "totp"},
			Address: "192.0.2.1", UserAgent: "curl/8", Risk: risk.Verdict{Score: 35, Reasons: []risk.Reason{risk.NewDevice, risk.NewNetwork}},
		}
		must(t, w.BeginSession(w.ctx, x))
		return x
	}
	list := func(p session.Page) []string {
		t.Helper()
		if p.Limit == 0 {
			p.Limit = 10
		}
		return ids(get[[]session.Session](t)(w.Sessions(w.ctx, p)), func(x session.Session) string { return x.ID })
	}
	a, b := begin("a", "ann", 0), begin("b", "ann", time.Second)
	begin("c", "ann", time.Second)
	begin("x", "bob", 0)
	ann := session.Page{UserID: "ann", Now: w.now}
	want(t, "newest first", list(ann), []string{"c", "b", "a"})
	want(t, "some", list(session.Page{UserID: "ann", Now: w.now, Limit: 2}), []string{"c", "b"})
	want(t, "behind one", list(session.Page{UserID: "ann", Now: w.now, After: b.CreatedAt, AfterID: "b"}), []string{"a"})
	want(t, "not expired", list(session.Page{UserID: "ann", Now: w.now.Add(time.Hour)}), []string{"c", "b"})
	want(t, "not idle", list(session.Page{UserID: "ann", Now: w.now, SeenSince: w.now.Add(time.Second)}), []string{"c", "b"})
	want(t, "as begun", get[session.Session](t)(w.Session(w.ctx, "ann", "a", w.now, time.Time{})), a)
	_, err := w.Session(w.ctx, "bob", "a", w.now, time.Time{})
	wantKind(t, "another's", err, fault.NotFound)
	_, err = w.Session(w.ctx, "ann", "a", w.now.Add(time.Hour), time.Time{})
	wantKind(t, "an expired one", err, fault.NotFound)
	_, err = w.LastSeen(w.ctx, "none")
	wantKind(t, "last seen of none", err, fault.NotFound)

	must(t, w.Sight(w.ctx, nil))
	must(t, w.Sight(w.ctx, []session.Sighting{{ID: "a", At: w.now.Add(time.Minute)}, {ID: "b", At: w.now}, {ID: "none", At: w.now}}))
	want(t, "seen", get[time.Time](t)(w.LastSeen(w.ctx, "a")), w.now.Add(time.Minute))
	want(t, "seen earlier", get[time.Time](t)(w.LastSeen(w.ctx, "b")), b.LastSeenAt)
	must(t, w.ProveSession(w.ctx, "a", []string{"password"}))
	want(t, "methods", get[session.Session](t)(w.Session(w.ctx, "ann", "a", w.now, time.Time{})).Methods, []string{"password"})

	var told []event.Event
	w.OnCommit(func(events []event.Event) { told = append(told, events...) })
	must(t, w.EndSession(w.ctx, a, time.Minute))
	want(t, "left", list(ann), []string{"c", "b"})
	want(t, "revoked", get[bool](t)(w.Revoked(w.ctx, "a")), true)
	want(t, "ended", get[int](t)(w.EndSessions(w.ctx, "ann", "b", time.Minute, 10)), 1)
	want(t, "none ended", get[int](t)(w.EndSessions(w.ctx, "ann", "b", time.Minute, 10)), 0)
	begin("d", "ann", 0)
	want(t, "all ended", get[int](t)(w.EndSessions(w.ctx, "ann", "", time.Minute, 10)), 2)
	want(t, "all revoked", get[bool](t)(w.Revoked(w.ctx, "b")) && get[bool](t)(w.Revoked(w.ctx, "d")), true)
	want(t, "bob's", list(session.Page{UserID: "bob", Now: w.now}), []string{"x"})
	want(t, "who is told", ids(told, func(e event.Event) string { return e.TargetID }), []string{"a", "c", "b", "d"})
	for i, e := range get[[]event.Event](t)(w.EventsAfter(w.ctx, told[0].ID-1, 10)) {
		want(t, "the event", e.TargetID == told[i].TargetID && e.ID == told[i].ID && e.UserID == "ann" && e.Revoking, true)
	}
	must(t, w.Purge(w.ctx, w.now.Add(time.Hour), store.Retention{}))
	want(t, "purged", list(session.Page{UserID: "bob"}), []string{})
}
