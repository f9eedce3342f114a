package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/federation"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
)

func idpID(p federation.IdentityProvider) string { return p.ID }

// federate makes the identity providers corp (red) and lab (blue), each with the protocol saml2.
func (w *world) federate(t *testing.T) {
	t.Helper()
	must(t, w.CreateMapping(w.ctx, federation.Mapping{ID: "m", SchemaVersion: "1.0", Rules: json.RawMessage(`[]`)}))
	for id, domain := range map[string]string{"corp": "red", "lab": "blue"} {
		must(t, w.CreateIdentityProvider(w.ctx, federation.IdentityProvider{ID: id, DomainID: domain}))
		must(t, w.CreateProtocol(w.ctx, federation.Protocol{IdPID: id, ID: "saml2", MappingID: "m"}))
	}
}

func identityProviders(t *testing.T, w *world) {
	corp := federation.IdentityProvider{ID: "corp ü/1", DomainID: "red", Enabled: true, Description: new(""),
		RemoteIDs: []string{"https://z", "https://a"}, AuthorizationTTL: new(int64(0))}
	wantKind(t, "an unknown domain", w.CreateIdentityProvider(w.ctx, federation.IdentityProvider{ID: "x", DomainID: "no"}), fault.NotFound)
	wantKind(t, "a project as domain", w.CreateIdentityProvider(w.ctx, federation.IdentityProvider{ID: "x", DomainID: "web"}), fault.NotFound)
	must(t, w.CreateIdentityProvider(w.ctx, corp))
	want(t, "as created", get[federation.IdentityProvider](t)(w.IdentityProvider(w.ctx, corp.ID)), corp)
	wantKind(t, "the same id", w.CreateIdentityProvider(w.ctx, federation.IdentityProvider{ID: corp.ID, DomainID: "red"}), fault.Conflict)
	wantKind(t, "a remote id of another", w.CreateIdentityProvider(w.ctx,
		federation.IdentityProvider{ID: "x", DomainID: "red", RemoteIDs: []string{"new", "https://a"}}), fault.Conflict)
	_, err := w.IdentityProvider(w.ctx, "x")
	wantKind(t, "the refused one", err, fault.NotFound)
	must(t, w.CreateIdentityProvider(w.ctx, federation.IdentityProvider{ID: "lab", DomainID: "blue", RemoteIDs: []string{"new"}}))
	for what, ids := range map[string][]string{"the other's": {"https://b", "new"}, "one twice": {"https://b", "https://b"}} {
		_, err := w.UpdateIdentityProvider(w.ctx, corp.ID, func(p *federation.IdentityProvider) error { p.RemoteIDs = ids; return nil })
		wantKind(t, "remote ids: "+what, err, fault.Conflict)
	}
	want(t, "after the refusals", get[federation.IdentityProvider](t)(w.IdentityProvider(w.ctx, corp.ID)), corp)
	changed := federation.IdentityProvider{ID: corp.ID, DomainID: "red", RemoteIDs: []string{"https://a", "https://c"}}
	get[federation.IdentityProvider](t)(w.UpdateIdentityProvider(w.ctx, corp.ID, func(p *federation.IdentityProvider) error {
		*p = changed
		p.DomainID = "blue"
		return nil
	}))
	want(t, "as updated, but the domain", get[federation.IdentityProvider](t)(w.IdentityProvider(w.ctx, corp.ID)), changed)
	page := get[listing.Page[federation.IdentityProvider]](t)(w.ListIdentityProviders(w.ctx, listing.Query{}))
	want(t, "the list", page.Items, []federation.IdentityProvider{changed, {ID: "lab", DomainID: "blue", RemoteIDs: []string{"new"}}})
	page = get[listing.Page[federation.IdentityProvider]](t)(w.ListIdentityProviders(w.ctx, by("enabled", listing.Equals, "true")))
	want(t, "the enabled ones", ids(page.Items, idpID), []string{})
	_, err = w.UpdateIdentityProvider(w.ctx, "no", func(*federation.IdentityProvider) error { return nil })
	wantKind(t, "updating what is not there", err, fault.NotFound)
	wantKind(t, "deleting what is not there", w.DeleteIdentityProvider(w.ctx, "no"), fault.NotFound)
	must(t, w.DeleteIdentityProvider(w.ctx, "lab"))
	must(t, w.CreateIdentityProvider(w.ctx, federation.IdentityProvider{ID: "lab", DomainID: "blue", RemoteIDs: []string{"new"}}))
}

func protocols(t *testing.T, w *world) {
	w.federate(t)
	p := federation.Protocol{IdPID: "corp", ID: "openid", MappingID: "m", RemoteIDAttribute: new("HTTP_ISS")}
	wantKind(t, "an unknown identity provider", w.CreateProtocol(w.ctx, federation.Protocol{IdPID: "no", ID: "x", MappingID: "m"}), fault.NotFound)
	wantKind(t, "an unknown mapping", w.CreateProtocol(w.ctx, federation.Protocol{IdPID: "corp", ID: "x", MappingID: "no"}), fault.BadRequest)
	must(t, w.CreateProtocol(w.ctx, p))
	want(t, "as created", get[federation.Protocol](t)(w.Protocol(w.ctx, "corp", "openid")), p)
	wantKind(t, "the same id", w.CreateProtocol(w.ctx, p), fault.Conflict)
	p.IdPID = "lab"
	must(t, w.CreateProtocol(w.ctx, p))
	must(t, w.CreateMapping(w.ctx, federation.Mapping{ID: "n", SchemaVersion: "1.0", Rules: json.RawMessage(`[]`)}))
	_, err := w.UpdateProtocol(w.ctx, "corp", "openid", func(p *federation.Protocol) error { p.MappingID = "no"; return nil })
	wantKind(t, "a change to an unknown mapping", err, fault.BadRequest)
	_, err = w.UpdateProtocol(w.ctx, "no", "openid", func(*federation.Protocol) error { return nil })
	wantKind(t, "updating what is not there", err, fault.NotFound)
	get[federation.Protocol](t)(w.UpdateProtocol(w.ctx, "corp", "openid", func(p *federation.Protocol) error {
		p.MappingID, p.RemoteIDAttribute = "n", nil
		return nil
	}))
	want(t, "as updated", get[federation.Protocol](t)(w.Protocol(w.ctx, "corp", "openid")), federation.Protocol{IdPID: "corp", ID: "openid", MappingID: "n"})
	want(t, "its namesake", get[federation.Protocol](t)(w.Protocol(w.ctx, "lab", "openid")), p)
	must(t, w.DeleteMapping(w.ctx, "n"))
	page := get[listing.Page[federation.Protocol]](t)(w.ListProtocols(w.ctx, "corp", listing.Query{}))
	want(t, "the list, a mapping of it deleted", page.Items, []federation.Protocol{{IdPID: "corp", ID: "openid", MappingID: "n"}, {IdPID: "corp", ID: "saml2", MappingID: "m"}})
	page = get[listing.Page[federation.Protocol]](t)(w.ListProtocols(w.ctx, "no", listing.Query{}))
	want(t, "the list of nobody", page.Items, []federation.Protocol{})
	wantKind(t, "deleting what is not there", w.DeleteProtocol(w.ctx, "corp", "no"), fault.NotFound)
	must(t, w.DeleteProtocol(w.ctx, "corp", "openid"))
	must(t, w.DeleteIdentityProvider(w.ctx, "corp"))
	_, err = w.Protocol(w.ctx, "corp", "saml2")
	wantKind(t, "a protocol of a deleted identity provider", err, fault.NotFound)
}

func mappingsAndServiceProviders(t *testing.T, w *world) {
	m := federation.Mapping{ID: "m", SchemaVersion: "1.0", Rules: json.RawMessage(`[{"local":[],"remote":[{"type":"é"}]}]`)}
	must(t, w.CreateMapping(w.ctx, m))
	wantKind(t, "the same mapping", w.CreateMapping(w.ctx, m), fault.Conflict)
	m.SchemaVersion = "2.0"
	must(t, w.UpdateMapping(w.ctx, m))
	want(t, "mapping", get[federation.Mapping](t)(w.Mapping(w.ctx, "m")), m)
	m.ID = "no"
	wantKind(t, "updating what is not there", w.UpdateMapping(w.ctx, m), fault.NotFound)
	wantKind(t, "deleting what is not there", w.DeleteMapping(w.ctx, "no"), fault.NotFound)

	p := federation.ServiceProvider{ID: "sp", AuthURL: "https://a", URL: "https://b", Enabled: true, Description: new("d"), RelayStatePrefix: "x:"}
	must(t, w.CreateServiceProvider(w.ctx, p))
	wantKind(t, "the same service provider", w.CreateServiceProvider(w.ctx, p), fault.Conflict)
	p.Enabled, p.Description, p.RelayStatePrefix = false, nil, ""
	get[federation.ServiceProvider](t)(w.UpdateServiceProvider(w.ctx, "sp", func(x *federation.ServiceProvider) error { *x = p; return nil }))
	want(t, "as updated", get[federation.ServiceProvider](t)(w.ServiceProvider(w.ctx, "sp")), p)
	page := get[listing.Page[federation.ServiceProvider]](t)(w.ListServiceProviders(w.ctx, by("enabled", listing.Equals, "true")))
	want(t, "the enabled ones", page.Items, []federation.ServiceProvider{})
	must(t, w.DeleteServiceProvider(w.ctx, "sp"))
	wantKind(t, "deleting it again", w.DeleteServiceProvider(w.ctx, "sp"), fault.NotFound)
}

func federatedIdentities(t *testing.T, w *world) {
	w.federate(t)
	at := func(idp, unique string) identity.FederatedIdentity {
		return identity.FederatedIdentity{IdPID: idp, ProtocolID: "saml2", UniqueID: unique}
	}
	type all = []identity.FederatedIdentity
	for _, c := range []struct {
		what, user, domain string
		set                all
		want               fault.Kind
	}{
		{"an unknown user", "no", "", all{at("corp", "u")}, fault.NotFound},
		{"an unknown identity provider", "ann", "", all{at("no", "u")}, fault.BadRequest},
		{"an unknown protocol", "ann", "", all{{IdPID: "corp", ProtocolID: "openid", UniqueID: "u"}}, fault.BadRequest},
		{"an identity provider of another domain", "ann", "red", all{at("corp", "u"), at("lab", "u")}, fault.BadRequest},
		{"one twice", "ann", "", all{at("corp", "u"), at("corp", "u")}, fault.Conflict},
		{"an identity provider of the domain", "ann", "red", all{at("corp", "u")}, ok},
		{"that of another user", "bob", "", all{at("lab", "v"), at("corp", "u")}, fault.Conflict},
		{"the same once more, and others", "ann", "", all{at("corp", "u"), at("corp", "w"), at("lab", "u")}, ok},
		{"another user", "bob", "", all{at("lab", "v")}, ok},
	} {
		wantKind(t, c.what, w.SetFederated(w.ctx, c.user, c.domain, c.set), c.want)
	}
	want(t, "ann", get[all](t)(w.Federated(w.ctx, "ann")), all{at("corp", "u"), at("corp", "w"), at("lab", "u")})
	for what, c := range map[string]struct {
		q    listing.Query
		want []string
	}{
		"an identity provider":                {by("idp_id", listing.Equals, "corp"), []string{"ann"}},
		"both":                                {by("idp_id", listing.Equals, "lab"), []string{"ann", "bob"}},
		"a protocol":                          {by("protocol_id", listing.Equals, "saml2"), []string{"ann", "bob"}},
		"the same identity":                   {by("unique_id", listing.Equals, "u").With("idp_id", "lab"), []string{"ann"}},
		"two that no identity has":            {by("unique_id", listing.Equals, "w").With("idp_id", "lab"), []string{}},
		"an inexact one":                      {by("unique_id", listing.StartsWith, "v"), []string{"bob"}},
		"with another attribute of the users": {by("protocol_id", listing.Equals, "saml2").With("domain_id", "blue"), []string{"bob"}},
	} {
		want(t, "filter: "+what, ids(get[userPage](t)(w.ListUsers(w.ctx, c.q)).Items, userID), c.want)
	}
	must(t, w.SetFederated(w.ctx, "ann", "", all{at("corp", "w"), at("lab", "w")}))
	want(t, "replaced", get[all](t)(w.Federated(w.ctx, "ann")), all{at("corp", "w"), at("lab", "w")})
	before := w.last(t)
	must(t, w.DeleteProtocol(w.ctx, "lab", "saml2"))
	want(t, "events of a deleted protocol", w.actions(t, before), []string{"user.federate", "user.federate", "protocol.delete"})
	want(t, "after the protocol", get[all](t)(w.Federated(w.ctx, "ann")), all{at("corp", "w")})
	before = w.last(t)
	must(t, w.DeleteIdentityProvider(w.ctx, "corp"))
	evs := get[[]event.Event](t)(w.EventsAfter(w.ctx, before, 0))
	want(t, "events of a deleted identity provider", ids(evs, func(e event.Event) string { return e.Action + " " + e.TargetID }),
		[]string{"user.federate ann", "identity_provider.delete corp"})
	want(t, "after the identity provider", get[all](t)(w.Federated(w.ctx, "ann")), all{})
}

func federationOfDomains(t *testing.T, w *world) {
	w.federate(t)
	must(t, w.SetFederated(w.ctx, "bob", "", []identity.FederatedIdentity{{IdPID: "corp", ProtocolID: "saml2", UniqueID: "b"}}))
	before := w.last(t)
	must(t, w.DeleteProject(w.ctx, "red"))
	actions := w.actions(t, before)
	for _, a := range []string{"identity_provider.delete", "user.federate"} {
		if !slices.Contains(actions, a) {
			t.Errorf("deleting a domain: no %s in %v", a, actions)
		}
	}
	page := get[listing.Page[federation.IdentityProvider]](t)(w.ListIdentityProviders(w.ctx, listing.Query{}))
	want(t, "identity providers left", ids(page.Items, idpID), []string{"lab"})
	want(t, "what is left of bob", len(get[[]identity.FederatedIdentity](t)(w.Federated(w.ctx, "bob"))), 0)
}

func racingRemoteIDs(t *testing.T, w *world) {
	wins := together(t, 8, func(i int) (bool, error) {
		p := federation.IdentityProvider{ID: fmt.Sprintf("idp%d", i), DomainID: "red", RemoteIDs: []string{"one", "two"}}
		if i%2 == 1 {
			slices.Reverse(p.RemoteIDs)
		}
		err := w.CreateIdentityProvider(w.ctx, p)
		if fault.Is(err, fault.Conflict) {
			return false, nil
		}
		return err == nil, err
	})
	page := get[listing.Page[federation.IdentityProvider]](t)(w.ListIdentityProviders(w.ctx, listing.Query{}))
	want(t, "winners and identity providers", []int{wins, len(page.Items)}, []int{1, 1})
}

func racingIdentities(t *testing.T, w *world) {
	w.federate(t)
	wins := together(t, 8, func(i int) (bool, error) {
		err := w.SetFederated(w.ctx, []string{"ann", "bob"}[i%2], "", []identity.FederatedIdentity{{IdPID: "lab", ProtocolID: "saml2", UniqueID: "u"}})
		if fault.Is(err, fault.Conflict) {
			return false, nil
		}
		return err == nil, err
	})
	owners := get[userPage](t)(w.ListUsers(w.ctx, by("unique_id", listing.Equals, "u"))).Items
	want(t, "owners of one identity, and requests of theirs that went well", []int{len(owners), wins}, []int{1, 4})
}
