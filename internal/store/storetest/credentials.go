package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/keyward/identity/internal/credential"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/mfa"
)

type credentialPage = listing.Page[credential.Credential]

func credentialID(c credential.Credential) string { return c.ID }

func credentials(t *testing.T, w *world) {
	key := credential.Credential{ID: "b", UserID: "ann", ProjectID: "web", Type: "ec2", Sealed: "v1.x.y", ChainID: "c1",
		Made: credential.Proof{Methods: []string{"password", "totp"}, AuthTime: w.now}}
	cert := credential.Credential{ID: "d", UserID: "bob", Type: "cert", Sealed: "v1.x.z"}
	wantKind(t, "of nobody", w.CreateCredential(w.ctx, credential.Credential{ID: "x", UserID: "no", Type: "cert"}), fault.NotFound)
	wantKind(t, "of no project", w.CreateCredential(w.ctx, credential.Credential{ID: "x", UserID: "ann", ProjectID: "no", Type: "cert"}), fault.NotFound)
	must(t, w.CreateCredential(w.ctx, key))
	must(t, w.CreateCredential(w.ctx, cert))
	wantKind(t, "a taken id", w.CreateCredential(w.ctx, credential.Credential{ID: "b", UserID: "bob", Type: "cert"}), fault.Conflict)
	for _, id := range []string{"a", "c", "e"} {
		f := w.factor(id, "ann")
		if id != "c" {
			f.State, f.ExpiresAt = mfa.Active, nil
		}
		must(t, w.CreateFactor(w.ctx, f))
	}
	w.phoneOf(t, "p", "ann")
	want(t, "a credential", get[credential.Credential](t)(w.Credential(w.ctx, "b")), key)
	want(t, "a factor", get[credential.Credential](t)(w.Credential(w.ctx, "a")), credential.Credential{ID: "a", UserID: "ann", Type: "totp"})
	for _, id := range []string{"c", "p", "x", "\x00"} {
		_, err := w.Credential(w.ctx, id)
		wantKind(t, "a pending factor, a phone or nothing: "+id, err, fault.NotFound)
	}
	for _, c := range []struct {
		q    listing.Query
		want string
		more bool
	}{
		{listing.Query{}, "[a b d e]", false}, {listing.Query{Limit: 4}, "[a b d e]", false}, {listing.Query{Limit: 3}, "[a b d]", true},
		{listing.Query{Limit: 1}, "[a]", true}, {listing.Query{Limit: 1, Marker: "a"}, "[b]", true}, {listing.Query{Limit: 2, Marker: "b"}, "[d e]", false},
		{listing.Query{Marker: "e"}, "[]", false}, {by("type", listing.Equals, "totp"), "[a e]", false}, {by("type", listing.Equals, "ec2"), "[b]", false},
		{by("user_id", listing.Equals, "ann"), "[a b e]", false}, {by("type", listing.StartsWith, "c"), "[d]", false},
		{by("user_id", listing.Equals, "ann").With("type", "cert"), "[]", false},
	} {
		page := get[credentialPage](t)(w.ListCredentials(w.ctx, c.q))
		want(t, fmt.Sprintf("page of %+v", c.q), fmt.Sprint(ids(page.Items, credentialID), page.More), fmt.Sprintf("%s %t", c.want, c.more))
	}
	want(t, "ann's without factors", get[int](t)(w.CountCredentials(w.ctx, "ann")), 1)

	before := w.last(t)
	changed := get[credential.Credential](t)(w.UpdateCredential(w.ctx, "d", func(c *credential.Credential) error {
		*c = credential.Credential{ID: "q", UserID: "ann", ProjectID: "web", Type: "x509", Sealed: "v1.x.n"}
		return nil
	}))
	want(t, "only type and content change", changed, credential.Credential{ID: "d", UserID: "bob", Type: "x509", Sealed: "v1.x.n"})
	want(t, "as changed", get[credential.Credential](t)(w.Credential(w.ctx, "d")), changed)
	_, err := w.UpdateCredential(w.ctx, "a", func(*credential.Credential) error { return nil })
	wantKind(t, "a factor is not changed here", err, fault.NotFound)
	_, err = w.DeleteCredential(w.ctx, "a")
	wantKind(t, "nor deleted", err, fault.NotFound)
	want(t, "what was deleted", get[credential.Credential](t)(w.DeleteCredential(w.ctx, "b")), key)
	_, err = w.DeleteCredential(w.ctx, "b")
	wantKind(t, "twice", err, fault.NotFound)
	evs := get[[]event.Event](t)(w.EventsAfter(w.ctx, before, 0))
	want(t, "events", ids(evs, func(e event.Event) string { return e.Action + " " + string(e.Kind) + " " + e.UserID }),
		[]string{"credential.update credential bob", "credential.delete credential ann"})
	want(t, "what the last one says", evs[1].Detail, map[string]any{"type": "ec2", "project_id": "web"})
}

func orphanCredentials(t *testing.T, w *world) {
	for i, c := range []credential.Credential{{UserID: "ann", ProjectID: "web"}, {UserID: "bob", ProjectID: "web"}, {UserID: "bob"}, {UserID: "ann"}} {
		c.ID, c.Type = fmt.Sprint(i), "cert"
		must(t, w.CreateCredential(w.ctx, c))
	}
	left := func() []string {
		return ids(get[credentialPage](t)(w.ListCredentials(w.ctx, listing.Query{})).Items, credentialID)
	}
	must(t, w.DeleteUser(w.ctx, "ann"))
	want(t, "without ann", left(), []string{"1", "2"})
	must(t, w.DeleteProject(w.ctx, "web"))
	want(t, "without the project", left(), []string{"2"})
	wins := together(t, 4, func(int) (bool, error) {
		err := w.CreateCredential(w.ctx, credential.Credential{ID: "same", UserID: "bob", Type: "ec2"})
		if fault.Is(err, fault.Conflict) {
			return false, nil
		}
		return err == nil, err
	})
	want(t, "of four that make the same", wins, 1)
	want(t, "it is there once", slices.Contains(left(), "same"), true)
}
