package federation

import (
	"context"
	"unicode/utf8"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/resource"
)

// IdPDraft is an identity provider that is to be, or a change of one: absent attributes keep their value.
type IdPDraft struct {
	// DomainID of a new one is made when absent or null; it cannot change.
	DomainID    optional.Value[string]
	Enabled     optional.Value[bool] // false when absent
	Description optional.Value[string]
	// RemoteIDs replace those that are there; null is none.
	RemoteIDs        optional.Value[[]string]
	AuthorizationTTL optional.Value[int64] // minutes; null for the server's default
}

func (d IdPDraft) apply(to *IdentityProvider) error {
	if d.DomainID.Present() && d.DomainID.Or("") != to.DomainID {
		return fault.New(fault.BadRequest, "The domain of an identity provider cannot be changed.")
	}
	if d.RemoteIDs.Present() {
		ids, err := cleanRemoteIDs(d.RemoteIDs.Or(nil))
		if err != nil {
			return err
		}
		to.RemoteIDs = ids
	}
	if d.AuthorizationTTL.Or(0) < 0 {
		return fault.New(fault.BadRequest, "Invalid input for field 'authorization_ttl': it must not be negative.")
	}
	if d.AuthorizationTTL.Present() {
		to.AuthorizationTTL = d.AuthorizationTTL.Pointer()
	}
	setDescription(&to.Description, d.Description)
	return setEnabled(&to.Enabled, d.Enabled)
}

// cleanRemoteIDs checks what an identity provider calls itself. The ids are compared with what a web server
// says and stay as they are.
func cleanRemoteIDs(ids []string) ([]string, error) {
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if id == "" || utf8.RuneCountInString(id) > maxRemoteID {
			return nil, fault.New(fault.BadRequest, "Invalid remote id: it must have 1 to %d characters.", maxRemoteID)
		}
		if seen[id] {
			return nil, fault.New(fault.BadRequest, "Invalid remote ids: they must differ from each other.")
		}
		seen[id] = true
	}
	return ids, nil
}

// IdentityProvider returns an identity provider. It fails with NotFound.
func (s *Service) IdentityProvider(ctx context.Context, id string) (IdentityProvider, error) {
	return s.store.IdentityProvider(ctx, exact(id))
}

// ListIdentityProviders lists identity providers. It fails with NotFound when the marker names nothing.
func (s *Service) ListIdentityProviders(ctx context.Context, q listing.Query) (listing.Page[IdentityProvider], error) {
	return page(ctx, q, s.store.IdentityProvider, s.store.ListIdentityProviders)
}

// CreateIdentityProvider stores a new identity provider, with a domain of its own unless the draft names one. It
// fails with BadRequest for an id or remote id that may not be, NotFound for an unknown domain, and Conflict when
// the id or a remote id is taken.
func (s *Service) CreateIdentityProvider(ctx context.Context, id string, d IdPDraft) (IdentityProvider, error) {
	id, err := newObjectID("identity provider", id)
	if err != nil {
		return IdentityProvider{}, err
	}
	p := IdentityProvider{ID: id, DomainID: d.DomainID.Or("")}
	own := p.DomainID == ""
	if own {
		p.DomainID = s.newID()
	}
	d.DomainID = optional.Of(p.DomainID)
	if err := d.apply(&p); err != nil {
		return IdentityProvider{}, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if own {
			about := "Auto generated federated domain for Identity Provider: " + id
			domain := resource.Draft{ID: p.DomainID, Name: p.DomainID, IsDomain: true, Description: optional.Of(about)}
			if _, err := s.domains.CreateDomain(ctx, domain); err != nil {
				return err
			}
		}
		return s.store.CreateIdentityProvider(ctx, p)
	})
	return p, err
}

// UpdateIdentityProvider changes an identity provider. It fails with BadRequest, NotFound, and Conflict when a
// remote id is another's.
func (s *Service) UpdateIdentityProvider(ctx context.Context, id string, d IdPDraft) (IdentityProvider, error) {
	return s.store.UpdateIdentityProvider(ctx, exact(id), func(p *IdentityProvider) error { return d.apply(p) })
}

// DeleteIdentityProvider removes an identity provider with its protocols, and takes from users what it knew them
// as. The users stay, and so does its domain. It fails with NotFound.
func (s *Service) DeleteIdentityProvider(ctx context.Context, id string) error {
	return s.store.DeleteIdentityProvider(ctx, exact(id))
}

// ProtocolDraft is a protocol that is to be, or a change of one.
type ProtocolDraft struct {
	MappingID         string                 // always sent
	RemoteIDAttribute optional.Value[string] // null for the server's default
}

func (d ProtocolDraft) apply(to *Protocol) (err error) {
	if to.MappingID, err = naming.Exact("mapping id", d.MappingID, maxID); err != nil {
		return err
	}
	if utf8.RuneCountInString(d.RemoteIDAttribute.Or("")) > maxAttribute {
		return fault.New(fault.BadRequest, "Invalid input for field 'remote_id_attribute': it must not be longer than %d characters.", maxAttribute)
	}
	if d.RemoteIDAttribute.Present() {
		to.RemoteIDAttribute = d.RemoteIDAttribute.Pointer()
	}
	return nil
}

// Protocol returns a protocol. It fails with NotFound.
func (s *Service) Protocol(ctx context.Context, idpID, id string) (Protocol, error) {
	return s.store.Protocol(ctx, exact(idpID), exact(id))
}

// ListProtocols lists the protocols of an identity provider; of one that does not exist there are none. It fails
// with NotFound when the marker names nothing.
func (s *Service) ListProtocols(ctx context.Context, idpID string, q listing.Query) (listing.Page[Protocol], error) {
	idpID = exact(idpID)
	one := func(ctx context.Context, id string) (Protocol, error) { return s.store.Protocol(ctx, idpID, id) }
	list := func(ctx context.Context, q listing.Query) (listing.Page[Protocol], error) {
		return s.store.ListProtocols(ctx, idpID, q)
	}
	return page(ctx, q, one, list)
}

// CreateProtocol stores a new protocol. It fails with BadRequest for an id that may not be and for an unknown
// mapping, NotFound for an unknown identity provider, and Conflict when the id is taken.
func (s *Service) CreateProtocol(ctx context.Context, idpID, id string, d ProtocolDraft) (Protocol, error) {
	id, err := newObjectID("protocol", id)
	if err != nil {
		return Protocol{}, err
	}
	p := Protocol{IdPID: exact(idpID), ID: id}
	if err := d.apply(&p); err != nil {
		return Protocol{}, err
	}
	return p, s.store.CreateProtocol(ctx, p)
}

// UpdateProtocol changes a protocol. It fails with BadRequest, also for an unknown mapping, and with NotFound.
func (s *Service) UpdateProtocol(ctx context.Context, idpID, id string, d ProtocolDraft) (Protocol, error) {
	return s.store.UpdateProtocol(ctx, exact(idpID), exact(id), func(p *Protocol) error { return d.apply(p) })
}

// DeleteProtocol removes a protocol, and takes from users what they were known as through it. It fails with
// NotFound.
func (s *Service) DeleteProtocol(ctx context.Context, idpID, id string) error {
	return s.store.DeleteProtocol(ctx, exact(idpID), exact(id))
}
