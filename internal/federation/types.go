// Package federation owns identity providers, their protocols, mappings and service providers: Keystone's
// OS-FEDERATION. The language of mappings is internal/federation/mapping; who a user is to an identity provider
// is internal/identity's. It knows neither HTTP nor SQL, and signs nobody in.
package federation

import "encoding/json"

// IdentityProvider is who vouches for people that have no password here.
type IdentityProvider struct {
	// ID is chosen by the client, as those of all objects here; compared exactly after Unicode NFC.
	ID string
	// DomainID is the domain of the people it brings.
	DomainID    string
	Enabled     bool
	Description *string
	// RemoteIDs are what it calls itself; each names one identity provider only.
	RemoteIDs []string
	// AuthorizationTTL is how many minutes a membership from a sign-in lasts; nil for the server's default.
	AuthorizationTTL *int64
}

// Protocol is a way to sign in at an identity provider.
type Protocol struct {
	IdPID string
	ID    string
	// MappingID names the mapping, which may have been deleted since.
	MappingID string
	// RemoteIDAttribute is the attribute of an assertion that holds the remote id; nil for the server's default.
	RemoteIDAttribute *string
}

// Mapping says what the attributes of an assertion mean here.
type Mapping struct {
	ID            string
	SchemaVersion string
	// Rules is the JSON that was sent; it has been understood by the mapping package.
	Rules json.RawMessage
}

// ServiceProvider is another deployment that trusts this one.
type ServiceProvider struct {
	ID          string
	AuthURL     string
	URL         string
	Enabled     bool
	Description *string
	// RelayStatePrefix comes before the state that travels in SAML.
	RelayStatePrefix string
}
