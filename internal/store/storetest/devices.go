package storetest

import (
	"testing"
	"time"

	"github.com/keyward/identity/internal/device"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/store"
)

func devices(t *testing.T, w *world) {
	make1 := func(id, user string, after time.Duration) device.Device {
		t.Helper()
		at := w.now.Add(after)
		d := device.Device{
			ID: id, UserID: user, Name: "laptop", Digest: "00ff", AuthVersion: 7, Factors: []string{"f", "g"},
			CreatedAt: at, ExpiresAt: at.Add(time.Hour),
		}
		must(t, w.CreateDevice(w.ctx, d))
		return d
	}
	list := func(user string) []string {
		t.Helper()
		return ids(get[[]device.Device](t)(w.Devices(w.ctx, user)), func(d device.Device) string { return d.ID })
	}
	wantKind(t, "of nobody", w.CreateDevice(w.ctx, device.Device{ID: "n", UserID: "nobody"}), fault.NotFound)
	want(t, "none", list("ann"), []string{})
	b, a := make1("b", "ann", 0), make1("a", "ann", time.Second)
	make1("c", "ann", time.Second)
	make1("x", "bob", 0)
	want(t, "oldest first", list("ann"), []string{"b", "a", "c"})
	want(t, "as made", get[[]device.Device](t)(w.Devices(w.ctx, "ann"))[0], b)

	wantKind(t, "using none", w.UseDevice(w.ctx, "none", w.now), fault.NotFound)
	used := w.now.Add(time.Minute)
	must(t, w.UseDevice(event.WithOrigin(w.ctx, event.Origin{Address: "192.0.2.1"}), "a", used))
	a.LastUsedAt, a.LastUsedFrom = &used, "192.0.2.1"
	want(t, "used", get[[]device.Device](t)(w.Devices(w.ctx, "ann"))[1], a)

	wantKind(t, "forgetting another's", w.DeleteDevice(w.ctx, "bob", "a"), fault.NotFound)
	wantKind(t, "forgetting none", w.DeleteDevice(w.ctx, "ann", "none"), fault.NotFound)
	wantKind(t, "forgetting what no database can hold", w.DeleteDevice(w.ctx, "ann", "\x00"), fault.NotFound)
	var told []event.Event
	w.OnCommit(func(events []event.Event) { told = append(told, events...) })
	must(t, w.DeleteDevice(w.ctx, "ann", "a"))
	wantKind(t, "forgetting it again", w.DeleteDevice(w.ctx, "ann", "a"), fault.NotFound)
	wantKind(t, "using what is forgotten", w.UseDevice(w.ctx, "a", used), fault.NotFound)
	must(t, w.DeleteDevices(w.ctx, "ann"))
	must(t, w.DeleteDevices(w.ctx, "ann"))
	want(t, "all forgotten", list("ann"), []string{})
	want(t, "bob's", list("bob"), []string{"x"})
	want(t, "what is told", ids(told, func(e event.Event) string { return e.Action + " " + e.UserID }), []string{"device.delete ann", "devices.delete ann"})

	make1("d", "ann", 0)
	make1("e", "ann", time.Second)
	must(t, w.Purge(w.ctx, w.now.Add(time.Hour), store.Retention{}))
	want(t, "those whose time is over go", list("ann"), []string{"e"})
	must(t, w.DeleteUser(w.ctx, "ann"))
	want(t, "and all with the user", list("ann"), []string{})
}
