package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/credential"
	"github.com/keyward/identity/internal/domainconfig"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/keyring"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/oauth"
	"github.com/keyward/identity/internal/store"
)

// sealedColumn finds a column by its name.
func sealedColumn(t *testing.T, name string) store.SealedColumn {
	t.Helper()
	all := store.SealedColumns()
	i := slices.IndexFunc(all, func(c store.SealedColumn) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("%s is not among the sealed columns", name)
	}
	return all[i]
}

// renew is what a key "new" would make of values that "old" sealed.
func renew(_ []string, value string) (string, bool) {
	return strings.CutPrefix(value, "v1.old.")
}

func (w *world) reseal(t *testing.T, name string, reseal func([]string, string) (string, bool)) store.Resealed {
	t.Helper()
	return get[store.Resealed](t)(w.Reseal(w.ctx, sealedColumn(t, name), "v1.new.", func(place []string, value string) (string, bool) {
		text, ok := reseal(place, value)
		return "v1.new." + text, ok
	}))
}

func reseals(t *testing.T, w *world) {
	const many = 1203 // several batches, and some
	for i := range many {
		must(t, w.CreateConsumer(w.ctx, oauth.Consumer{ID: fmt.Sprintf("c%04d", i), Secret: fmt.Sprint("v1.old.", i)}))
	}
	must(t, w.CreateConsumer(w.ctx, oauth.Consumer{ID: "a damaged one", Secret: "damaged"}))
	must(t, w.CreateConsumer(w.ctx, oauth.Consumer{ID: "a new one", Secret: "v1.new.x"}))
	must(t, w.CreateConsumer(w.ctx, oauth.Consumer{ID: "an empty one"}))
	before := w.last(t)
	want(t, "first", w.reseal(t, "oauth_consumer.secret", renew), store.Resealed{Done: many, Unreadable: 1})
	want(t, "again", w.reseal(t, "oauth_consumer.secret", renew), store.Resealed{Unreadable: 1})
	for id, secret := range map[string]string{
		"c0000": "v1.new.0", "c1202": "v1.new.1202", "a damaged one": "damaged", "a new one": "v1.new.x", "an empty one": "",
	} {
		want(t, id, get[oauth.Consumer](t)(w.Consumer(w.ctx, id)).Secret, secret)
	}
	evs := get[[]event.Event](t)(w.EventsAfter(w.ctx, before, 0))
	want(t, "events", ids(evs, func(e event.Event) string {
		return fmt.Sprint(e.Action, " ", e.Kind, " ", e.TargetID, " ", e.Detail["column"])
	}), slices.Repeat([]string{"root_key.reseal key new oauth_consumer.secret"}, 3))
	want(t, "events of", fmt.Sprintf("%v %v", evs[0].Detail["count"], evs[2].Detail["count"]), "499 204") // the damaged one was in the first

	raced := w.reseal(t, "oauth_consumer.secret", func([]string, string) (string, bool) {
		w.exec(t, "UPDATE oauth_consumer SET secret = 'v1.old.changed' WHERE id = 'a damaged one'")
		return "mine", true
	})
	want(t, "what changed meanwhile", raced, store.Resealed{Raced: 1})
	want(t, "is what it was changed to", get[oauth.Consumer](t)(w.Consumer(w.ctx, "a damaged one")).Secret, "v1.old.changed")
}

// sealedPlaces checks that the place of a value is told from its row, and that rows without sealed values are left out.
func sealedPlaces(t *testing.T, w *world) {
	for _, c := range []credential.Credential{
		{ID: "k1", UserID: "ann", ProjectID: "web", Type: "ec2", Sealed: "v1.old.1"}, {ID: "k2", UserID: "ann", Type: "cert", Sealed: "v1.old.2"},
	} {
		must(t, w.CreateCredential(w.ctx, c))
	}
	f := w.factor("f", "ann")
	f.Secret = "v1.old.f"
	must(t, w.CreateFactor(w.ctx, f))
	must(t, w.SetPassword(w.ctx, identity.Password{UserID: "bob", Hash: "v1.old.b"}))
	must(t, w.UpdateDomainConfig(w.ctx, "red", func([]domainconfig.Option) ([]domainconfig.Option, error) {
		return []domainconfig.Option{
			{Group: "ldap", Name: "password", Value: "v1.old.p", Sensitive: true}, {Group: "ldap", Name: "url", Value: `"v1.old.u"`},
		}, nil
	}))
	must(t, w.SaveHeirlooms(w.ctx, []keyring.Heirloom{{KeyID: "older", Purpose: "code", Sealed: "v1.old.h"}}))
	before := w.last(t)
	must(t, w.SaveHeirlooms(w.ctx, []keyring.Heirloom{{KeyID: "older", Purpose: "code", Sealed: "another"}}))
	want(t, "events of an heirloom that is there", w.actions(t, before), []string{})
	for name, places := range map[string]string{
		"credential.sealed":   "[k1 ann web ec2] [k2 ann  cert]",
		"factor.secret":       "[f ann]",
		"password.hash":       "[1 bob]",
		"domain_option.value": "[red ldap password]",
		"mac_key.sealed":      "[code older]",
	} {
		var got []string
		n := w.reseal(t, name, func(place []string, value string) (string, bool) {
			got = append(got, fmt.Sprint(place))
			return renew(place, value)
		})
		want(t, name, strings.Join(got, " "), places)
		want(t, name, n, store.Resealed{Done: len(got)})
	}
	want(t, "the heirloom", get[[]keyring.Heirloom](t)(w.Heirlooms(w.ctx)), []keyring.Heirloom{{KeyID: "older", Purpose: "code", Sealed: "v1.new.h"}})
	config := get[[]domainconfig.Option](t)(w.DomainConfig(w.ctx, "red"))
	want(t, "options", config[0].Value+config[1].Value, `v1.new.p"v1.old.u"`)
	page := get[listing.Page[credential.Credential]](t)(w.ListCredentials(w.ctx, listing.Query{}))
	if len(page.Items) < 2 || page.Items[0].Sealed != "v1.new.1" || page.Items[1].ProjectID != "" {
		t.Errorf("credentials: %+v", page.Items)
	}
}
