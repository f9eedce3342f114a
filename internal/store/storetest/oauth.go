package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/oauth"
	"github.com/keyward/identity/internal/store"
)

func consumerID(c oauth.Consumer) string { return c.ID }

func accessTokenID(t oauth.AccessToken) string { return t.ID }

// wish is robot's to act on web.
func (w *world) wish(id string) oauth.RequestToken {
	end := w.now.Add(time.Hour)
	return oauth.RequestToken{ID: id, Secret: "v1.x.y", ConsumerID: "robot", ProjectID: "web", ExpiresAt: &end}
}

// access is robot's to act on web for ann.
func (w *world) access(id string) oauth.AccessToken {
	end := w.now.Add(2 * time.Hour)
	return oauth.AccessToken{
		ID: id, Secret: "v1.x.y", ConsumerID: "robot", ProjectID: "web", UserID: "ann", RoleIDs: []string{"member"},
		ExpiresAt: &end, Methods: []string{"password", "totp"}, AuthTime: w.now.Add(-time.Second),
	}
}

// exchanged stores an access token as it comes about.
func (w *world) exchanged(t *testing.T, a oauth.AccessToken) {
	t.Helper()
	r := w.wish("for " + a.ID)
	r.ConsumerID = a.ConsumerID
	must(t, w.CreateRequestToken(w.ctx, r))
	must(t, w.Exchange(w.ctx, r.ID, a))
}

func (w *world) accessTokens(t *testing.T, q listing.Query) string {
	t.Helper()
	page := get[listing.Page[oauth.AccessToken]](t)(w.ListAccessTokens(w.ctx, q))
	return fmt.Sprint(ids(page.Items, accessTokenID), page.More)
}

func consumers(t *testing.T, w *world) {
	for _, id := range []string{"no", "\x00"} {
		_, err := w.Consumer(w.ctx, id)
		wantKind(t, "nothing", err, fault.NotFound)
		_, err = w.UpdateConsumer(w.ctx, id, func(*oauth.Consumer) error { return nil })
		wantKind(t, "nothing, to change", err, fault.NotFound)
		wantKind(t, "nothing, to delete", w.DeleteConsumer(w.ctx, id), fault.NotFound)
	}
	text := "a robot"
	full := oauth.Consumer{ID: "robot", Description: &text, Secret: "v1.x.y", Extra: map[string]any{"team": "ops"}}
	before := w.last(t)
	must(t, w.CreateConsumer(w.ctx, full))
	must(t, w.CreateConsumer(w.ctx, oauth.Consumer{ID: "android", Secret: "v1.x.z"}))
	wantKind(t, "a taken id", w.CreateConsumer(w.ctx, oauth.Consumer{ID: "robot"}), fault.Conflict)
	want(t, "as it is stored", get[oauth.Consumer](t)(w.Consumer(w.ctx, "robot")), full)

	failed := fault.New(fault.BadRequest, "no")
	_, err := w.UpdateConsumer(w.ctx, "robot", func(c *oauth.Consumer) error { c.Description = nil; return failed })
	wantKind(t, "a change that fails", err, fault.BadRequest)
	full.Extra = nil
	want(t, "what change returns", get[oauth.Consumer](t)(w.UpdateConsumer(w.ctx, "robot", func(c *oauth.Consumer) error {
		c.ID, c.Secret, c.Extra = "another", "another", nil // neither id nor secret ever change
		return nil
	})), full)
	want(t, "as it is stored then", get[oauth.Consumer](t)(w.Consumer(w.ctx, "robot")), full)
	for _, c := range []struct {
		q    listing.Query
		want string
	}{
		{listing.Query{}, "[android robot] false"}, {listing.Query{Limit: 1}, "[android] true"}, {listing.Query{Marker: "android"}, "[robot] false"},
		{by("id", listing.Equals, "robot"), "[robot] false"}, {by("id", listing.Equals, "no"), "[] false"},
	} {
		page := get[listing.Page[oauth.Consumer]](t)(w.ListConsumers(w.ctx, c.q))
		want(t, fmt.Sprintf("page of %+v", c.q), fmt.Sprint(ids(page.Items, consumerID), page.More), c.want)
	}
	must(t, w.DeleteConsumer(w.ctx, "android"))
	want(t, "events", w.actions(t, before), []string{"consumer.create", "consumer.create", "consumer.update", "consumer.delete"})
}

func requestTokens(t *testing.T, w *world) {
	must(t, w.CreateConsumer(w.ctx, oauth.Consumer{ID: "robot"}))
	for what, spoil := range map[string]func(*oauth.RequestToken){
		"of no consumer": func(r *oauth.RequestToken) { r.ConsumerID = "no" }, "for no project": func(r *oauth.RequestToken) { r.ProjectID = "no" },
		"for a domain": func(r *oauth.RequestToken) { r.ProjectID = "red" }, "for a NUL": func(r *oauth.RequestToken) { r.ProjectID = "\x00" },
	} {
		r := w.wish("x")
		spoil(&r)
		wantKind(t, what, w.CreateRequestToken(w.ctx, r), fault.NotFound)
	}
	asked := w.wish("r")
	must(t, w.CreateRequestToken(w.ctx, asked))
	if err := w.CreateRequestToken(w.ctx, asked); err == nil {
		t.Error("two request tokens have one id")
	}
	want(t, "as it is stored", get[oauth.RequestToken](t)(w.RequestToken(w.ctx, "r")), asked)

	authorize := func(id string, change func(*oauth.RequestToken) error) error {
		return w.AuthorizeRequestToken(w.ctx, id, change)
	}
	for _, id := range []string{"no", "\x00"} {
		_, err := w.RequestToken(w.ctx, id)
		wantKind(t, "nothing", err, fault.NotFound)
		wantKind(t, "nothing, to authorize", authorize(id, func(*oauth.RequestToken) error { return nil }), fault.NotFound)
	}
	failed := fault.New(fault.Conflict, "no")
	wantKind(t, "an authorization that fails", authorize("r", func(r *oauth.RequestToken) error { r.UserID = "ann"; return failed }), fault.Conflict)
	want(t, "is none", get[oauth.RequestToken](t)(w.RequestToken(w.ctx, "r")), asked)
	before := w.last(t)
	given := asked
	given.UserID, given.RoleIDs, given.Verifier, given.Methods, given.AuthTime = "ann", []string{"member"}, "v1.x.v", []string{"password"}, w.now
	must(t, authorize("r", func(r *oauth.RequestToken) error { *r = given; return nil }))
	want(t, "as it is authorized", get[oauth.RequestToken](t)(w.RequestToken(w.ctx, "r")), given)
	evs := get[[]event.Event](t)(w.EventsAfter(w.ctx, before, 0))
	want(t, "events", ids(evs, func(e event.Event) string { return fmt.Sprint(e.Action, " ", e.Kind, " ", e.TargetID, " ", e.UserID) }),
		[]string{"request_token.authorize oauth r ann"})
	for i, there := range []bool{true, true, false, false} {
		want(t, fmt.Sprint("try ", i), get[bool](t)(w.TryVerifier(w.ctx, "r", 2)), there)
	}
	want(t, "a try of nothing", get[bool](t)(w.TryVerifier(w.ctx, "no", 2)), false)
}

func accessTokens(t *testing.T, w *world) {
	must(t, w.CreateConsumer(w.ctx, oauth.Consumer{ID: "robot"}))
	for _, id := range []string{"no", "\x00"} {
		_, err := w.AccessToken(w.ctx, id)
		wantKind(t, "nothing", err, fault.NotFound)
		wantKind(t, "nothing, to delete", w.DeleteAccessToken(w.ctx, id), fault.NotFound)
		wantKind(t, "a request token that is not there", w.Exchange(w.ctx, id, w.access("a")), fault.NotFound)
	}
	must(t, w.CreateRequestToken(w.ctx, w.wish("r")))
	for what, spoil := range map[string]func(*oauth.AccessToken){
		"of no consumer": func(a *oauth.AccessToken) { a.ConsumerID = "no" }, "for no project": func(a *oauth.AccessToken) { a.ProjectID = "no" },
		"of nobody": func(a *oauth.AccessToken) { a.UserID = "no" },
	} {
		a := w.access("a")
		spoil(&a)
		wantKind(t, what, w.Exchange(w.ctx, "r", a), fault.NotFound)
		get[oauth.RequestToken](t)(w.RequestToken(w.ctx, "r")) // it was not used up
	}
	before := w.last(t)
	must(t, w.Exchange(w.ctx, "r", w.access("a")))
	want(t, "as it is stored", get[oauth.AccessToken](t)(w.AccessToken(w.ctx, "a")), w.access("a"))
	_, err := w.RequestToken(w.ctx, "r")
	wantKind(t, "what it was exchanged for", err, fault.NotFound)
	wantKind(t, "the same again", w.Exchange(w.ctx, "r", w.access("b")), fault.NotFound)
	bobs := w.access("b")
	bobs.UserID = "bob"
	w.exchanged(t, bobs)
	for _, c := range []struct {
		q    listing.Query
		want string
	}{
		{listing.Query{}, "[a b] false"}, {listing.Query{Limit: 1}, "[a] true"}, {by("user_id", listing.Equals, "bob"), "[b] false"},
		{by("id", listing.Equals, "a").With("user_id", "bob"), "[] false"},
	} {
		want(t, fmt.Sprintf("page of %+v", c.q), w.accessTokens(t, c.q), c.want)
	}
	must(t, w.DeleteAccessToken(w.ctx, "b"))
	wantKind(t, "twice", w.DeleteAccessToken(w.ctx, "b"), fault.NotFound)
	want(t, "events", w.actions(t, before),
		[]string{"access_token.create", "request_token.create", "access_token.create", "access_token.delete"})
}

// orphanOAuth checks that nothing of OAuth outlives what it is of.
func orphanOAuth(t *testing.T, w *world) {
	must(t, w.CreateProject(w.ctx, project("shop", "red", "red")))
	for _, id := range []string{"robot", "android"} {
		must(t, w.CreateConsumer(w.ctx, oauth.Consumer{ID: id}))
	}
	for id, change := range map[string]func(*oauth.AccessToken){
		"a plain": func(*oauth.AccessToken) {}, "of android": func(a *oauth.AccessToken) { a.ConsumerID = "android" },
		"of bob": func(a *oauth.AccessToken) { a.UserID = "bob" }, "on shop": func(a *oauth.AccessToken) { a.ProjectID = "shop" },
	} {
		a := w.access(id)
		change(&a)
		w.exchanged(t, a)
	}
	shops, androids, bobs := w.wish("on shop"), w.wish("of android"), w.wish("by bob")
	shops.ProjectID, androids.ConsumerID, bobs.UserID = "shop", "android", "bob"
	for _, r := range []oauth.RequestToken{shops, androids, bobs} {
		must(t, w.CreateRequestToken(w.ctx, r))
	}
	gone := func(what, request, tokens string) {
		t.Helper()
		_, err := w.RequestToken(w.ctx, request)
		wantKind(t, what+": the request token", err, fault.NotFound)
		want(t, what+": access tokens", w.accessTokens(t, listing.Query{}), tokens)
	}
	must(t, w.DeleteConsumer(w.ctx, "android"))
	gone("without the consumer", "of android", "[a plain of bob on shop] false")
	must(t, w.DeleteProject(w.ctx, "shop"))
	gone("without the project", "on shop", "[a plain of bob] false")
	must(t, w.DeleteUser(w.ctx, "bob"))
	gone("without the user", "by bob", "[a plain] false")
}

// endOfOAuth checks that what has expired is there until it is swept out, and what has not stays.
func endOfOAuth(t *testing.T, w *world) {
	must(t, w.CreateConsumer(w.ctx, oauth.Consumer{ID: "robot"}))
	end, later := w.now.Add(time.Minute), w.now.Add(time.Minute+time.Microsecond)
	for id, at := range map[string]*time.Time{"ended": &end, "later": &later, "never": nil} {
		a := w.access(id)
		a.ExpiresAt = at
		w.exchanged(t, a)
		r := w.wish(id)
		r.ExpiresAt = at
		must(t, w.CreateRequestToken(w.ctx, r))
	}
	for id, at := range map[string]time.Time{"ended": end, "later": later} {
		want(t, "a new nonce", get[bool](t)(w.UseNonce(w.ctx, id, at)), true)
		want(t, "a used nonce", get[bool](t)(w.UseNonce(w.ctx, id, at)), false)
	}
	want(t, "before", w.accessTokens(t, listing.Query{}), "[ended later never] false")
	must(t, w.Purge(w.ctx, end, store.Retention{}))
	want(t, "after", w.accessTokens(t, listing.Query{}), "[later never] false")
	for id, kind := range map[string]fault.Kind{"ended": fault.NotFound, "later": ok, "never": ok} {
		_, err := w.RequestToken(w.ctx, id)
		wantKind(t, "request token "+id, err, kind)
	}
	for id, fresh := range map[string]bool{"ended": true, "later": false} {
		want(t, "nonce "+id, get[bool](t)(w.UseNonce(w.ctx, id, later)), fresh)
	}
}

func racingOAuth(t *testing.T, w *world) {
	n := w.nodes(t)
	must(t, w.CreateConsumer(w.ctx, oauth.Consumer{ID: "robot"}))
	must(t, w.CreateRequestToken(w.ctx, w.wish("r")))
	taken := fault.New(fault.Conflict, "somebody was first")
	want(t, "authorizations", together(t, crowd, func(i int) (bool, error) {
		return unlessConflict(n[i%2].AuthorizeRequestToken(w.ctx, "r", func(r *oauth.RequestToken) error {
			if r.Authorized() {
				return taken
			}
			r.UserID = "ann"
			return nil
		}))
	}), 1)
	const tries = 7
	want(t, "tries", together(t, crowd, func(i int) (bool, error) { return n[i%2].TryVerifier(w.ctx, "r", tries) }), tries)
	want(t, "access tokens for one request token", together(t, crowd, func(i int) (bool, error) {
		err := n[i%2].Exchange(w.ctx, "r", w.access(fmt.Sprint("a", i)))
		if fault.Is(err, fault.NotFound) {
			return false, nil
		}
		return err == nil, err
	}), 1)
	want(t, "access tokens stored", len(get[listing.Page[oauth.AccessToken]](t)(w.ListAccessTokens(w.ctx, listing.Query{})).Items), 1)
	want(t, "uses of a nonce", together(t, crowd, func(i int) (bool, error) { return n[i%2].UseNonce(w.ctx, "n", w.now) }), 1)
}
