package attack_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/event"
)

// told demands that the request that got the answer left an event, by whom and about what it must be.
func told(t *testing.T, w *apitest.World, r *apitest.Response, action, actor string, outcome event.Outcome) {
	t.Helper()
	id := r.Header.Get("X-Openstack-Request-Id")
	by := "" // a stranger
	if actor != "" {
		by = w.ID(actor)
	}
	var mine []string
	for _, ev := range w.Events() {
		if ev.RequestID != id {
			continue
		}
		mine = append(mine, ev.Action)
		if ev.Action != action {
			continue
		}
		if ev.ActorID != by || ev.Outcome != outcome || ev.Address != "127.0.0.1" || ev.Kind == "" ||
			ev.TargetID+ev.UserID == "" && outcome == event.Success || ev.At.IsZero() {
			t.Errorf("the event of %s: %+v", action, ev)
		}
		return
	}
	t.Errorf("no event %s of the answer %d %s; there are %v", action, r.Status, r.Body, mine)
}

// untold demands that a refused change left no event of one.
func untold(t *testing.T, w *apitest.World, r *apitest.Response) {
	t.Helper()
	id := r.Header.Get("X-Openstack-Request-Id")
	for _, ev := range w.Events() {
		if ev.RequestID == id && ev.Outcome == event.Success {
			t.Errorf("an event of what did not happen (%d): %s", r.Status, ev.Action)
		}
	}
}

func TestK6WhatChangesAnAccountIsOnRecord(t *testing.T) {
	t.Parallel()
	gateway, texts := texting(t)
	url, calls := hook(t, func(http.ResponseWriter, *http.Request) {})
	w := apitest.New(t, quick, gateway, hooked(url))
	admin := w.As("sysadmin")
	mia := enrolled(w, "mia")
	const mfa = "/v3/users/{mia}/mfa"
	type m = map[string]any

	// Sign-ins, by each proof.
	fails := func(s shows, with ...apitest.With) {
		t.Helper()
		told(t, w, shown(w, s, with...).Want(http.StatusUnauthorized), "token.refuse", "", event.Failure)
	}
	fails(password(w.ID("mia"), "wrong"))
	fails(thePassword(w, "mia").and(code(w, "mia", "000000")))
	fails(thePassword(w, "mia").and(shows{"device": m{"secret": "wrong"}}))
	half := shown(w, thePassword(w, "mia")).Want(http.StatusUnauthorized)
	told(t, w, half, "receipt.issue", "mia", event.Success)
	used := shown(w, thePassword(w, "mia").and(code(w, "mia", mia.codes[0]))).Want(http.StatusCreated)
	told(t, w, used, "recovery_codes.use", "", event.Success)
	told(t, w, used, "token.issue", "mia", event.Success)
	token := apitest.Token(mia.strong())

	// What the person changes.
	does := func(action string, r *apitest.Response) *apitest.Response {
		t.Helper()
		told(t, w, r, action, "mia", event.Success)
		return r
	}
	first := does("device.create", w.Post("/v3/users/{mia}/devices", m{"device": m{"name": "a"}}, token).Want(http.StatusCreated)).Str("device.id")
	does("device.create", w.Post("/v3/users/{mia}/devices", m{"device": m{"name": "b"}}, token).Want(http.StatusCreated))
	untold(t, w, w.Post("/v3/users/{mia}/devices", m{"device": m{"name": ""}}, token).Want(http.StatusBadRequest))
	does("device.delete", w.Delete("/v3/users/{mia}/devices/"+first, token).Want(http.StatusNoContent))
	untold(t, w, w.Delete("/v3/users/{mia}/devices/"+first, token).Want(http.StatusNotFound))
	does("devices.delete", w.Delete("/v3/users/{mia}/devices", token).Want(http.StatusNoContent))
	id := does("factor.create", w.Post(mfa+"/phones", m{"phone": m{"number": mobile}}, token).Want(http.StatusCreated)).Str("phone.id")
	untold(t, w, w.Post(mfa+"/phones", m{"phone": m{"number": mobile}}, token).Want(http.StatusConflict))
	does("phone_code.send", w.Post(mfa+"/phones/"+id+"/verify", `{"phone":{}}`, token).Want(http.StatusCreated))
	confirm := m{"phone": m{"passcode": sixDigits.FindString(<-texts)}}
	does("factor.confirm", w.Post(mfa+"/phones/"+id+"/confirm", confirm, token).Want(http.StatusOK))
	does("factor.delete", w.Delete(mfa+"/phones/"+id, token).Want(http.StatusNoContent))
	does("recovery_codes.create", w.Post(mfa+"/recovery_codes", nil, token).Want(http.StatusCreated))
	session := w.Get("/v3/users/{mia}/sessions", token).Want(http.StatusOK).Str("sessions.0.id")
	does("token.revoke", w.Delete("/v3/users/{mia}/sessions/"+session, token).Want(http.StatusNoContent))

	// What others change.
	other := func(action string, r *apitest.Response) *apitest.Response {
		t.Helper()
		told(t, w, r, action, "admin", event.Success)
		return r
	}
	exempt := m{"exemption": m{"user_id": w.ID("mia"), "reason": "x", "expires_at": w.Clock.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)}}
	other("mfa_exemption.create", w.Post("/v3/mfa/exemptions", exempt, admin).Want(http.StatusCreated))
	untold(t, w, w.Post("/v3/mfa/exemptions", `{"exemption":{}}`, admin).Want(http.StatusBadRequest))
	other("user.update", w.Patch("/v3/users/{mia}", `{"user":{"email":"mia@shop.example"}}`, admin).Want(http.StatusOK))
	untold(t, w, w.Patch("/v3/users/{mia}", `{"user":{"name":""}}`, admin).Want(http.StatusBadRequest))
	other("mfa.reset", w.Post(mfa+"/reset", `{"reset":{"reason":"lost"}}`, admin).Want(http.StatusNoContent))
	untold(t, w, w.Post(mfa+"/reset", `{"reset":{"reason":"lost"}}`, admin).Want(http.StatusConflict))
	w.SetPassword("mia")
	refused := w.Get("/v3/users", apitest.Token(w.Token("mia", "project:red/p1"))).Want(http.StatusForbidden)
	told(t, w, refused, "policy.refuse", "mia", event.Failure)

	// What a stranger ends who has a notice.
	var notices []called
	for len(notices) == 0 || !slices.ContainsFunc(notices, func(c called) bool { return c.notice().Type == "password_changed" }) {
		notices = append(notices, await(t, calls))
	}
	last := notices[len(notices)-1]
	body := m{"notice": m{"token": last.notice().Data.Event.Token}}
	told(t, w, w.Post("/v3/notices/"+last.id+"/disown", body).Want(http.StatusNoContent), "notice.disown", "", event.Success)
	untold(t, w, w.Post("/v3/notices/"+last.id+"/disown", body).Want(http.StatusNotFound))
}
