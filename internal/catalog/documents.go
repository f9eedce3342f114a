package catalog

import (
	"context"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/optional"
)

// PolicyDocument is a policy that is kept for other services, Keystone's "policy" resource. Nothing here reads
// what is in it; the rules of this server are internal/policy.
type PolicyDocument struct {
	ID string
	// Blob is the document itself, in any language.
	Blob string
	// Type says what the blob is, usually a media type.
	Type  string
	Extra map[string]any
}

// documentStore keeps policy documents and what they are for. See Store for how it fails.
type documentStore interface {
	PolicyDocument(ctx context.Context, id string) (PolicyDocument, error)
	// ListPolicyDocuments filters by id and type.
	ListPolicyDocuments(ctx context.Context, q listing.Query) (listing.Page[PolicyDocument], error)
	CreatePolicyDocument(ctx context.Context, d PolicyDocument) error
	UpdatePolicyDocument(ctx context.Context, id string, change func(*PolicyDocument) error) (PolicyDocument, error)
	// DeletePolicyDocument takes its associations along.
	DeletePolicyDocument(ctx context.Context, id string) error

	// The three below fail with NotFound when the document or a part of the target does not exist.

	// SetAssociation makes a document the one for a target, in place of any other.
	SetAssociation(ctx context.Context, a Association) error
	// HasAssociation reports whether exactly this association exists.
	HasAssociation(ctx context.Context, a Association) (bool, error)
	// DeleteAssociation ends an association, and does nothing when there is none.
	DeleteAssociation(ctx context.Context, a Association) error
	// AssociationsOf returns those of an endpoint and those of its service, in whatever regions.
	AssociationsOf(ctx context.Context, e Endpoint) ([]Association, error)
	// EndpointsOfPolicy returns the endpoints that the associations of a document lead to, each once.
	EndpointsOfPolicy(ctx context.Context, policyID string) ([]Endpoint, error)
	// RegionsUp returns the ids of a region and of those above it, nearest first.
	RegionsUp(ctx context.Context, id string) ([]string, error)
}

// PolicyDocumentDraft is a policy document that is to be, or a change of one: absent attributes keep their value.
type PolicyDocumentDraft struct {
	// ID cannot change: it is compared with what is there, and ignored in a new document.
	ID    optional.Value[string]
	Blob  optional.Value[string]
	Type  optional.Value[string] // may be empty
	Extra map[string]any
}

func (d PolicyDocumentDraft) apply(to *PolicyDocument) error {
	if d.Blob.IsNull() || d.Type.IsNull() {
		return fault.New(fault.BadRequest, "The blob and the type of a policy must be texts.")
	}
	d.Blob.Apply(&to.Blob)
	d.Type.Apply(&to.Type)
	if d.Type.Present() && to.Type != "" {
		var err error
		if to.Type, err = naming.Exact("policy type", to.Type, maxText); err != nil {
			return err
		}
	}
	to.Extra = optional.Merge(to.Extra, d.Extra)
	return nil
}

// PolicyDocument returns a policy document. It fails with NotFound.
func (s *Registry) PolicyDocument(ctx context.Context, id string) (PolicyDocument, error) {
	return s.store.PolicyDocument(ctx, id)
}

// ListPolicyDocuments lists policy documents. It fails with NotFound when the marker names nothing that is or was
// there.
func (s *Registry) ListPolicyDocuments(ctx context.Context, q listing.Query) (listing.Page[PolicyDocument], error) {
	return s.store.ListPolicyDocuments(ctx, q)
}

// CreatePolicyDocument stores a new policy document. It fails with BadRequest without a blob or a type, and for a
// type that may not be. Types may repeat.
func (s *Registry) CreatePolicyDocument(ctx context.Context, d PolicyDocumentDraft) (PolicyDocument, error) {
	doc := PolicyDocument{ID: s.newID()}
	if !d.Blob.Present() || !d.Type.Present() {
		return doc, fault.New(fault.BadRequest, "A policy needs a blob and a type.")
	}
	if err := d.apply(&doc); err != nil {
		return doc, err
	}
	return doc, s.store.CreatePolicyDocument(ctx, doc)
}

// UpdatePolicyDocument changes a policy document. It fails with BadRequest and NotFound.
func (s *Registry) UpdatePolicyDocument(ctx context.Context, id string, d PolicyDocumentDraft) (PolicyDocument, error) {
	if err := keepsID(d.ID, id); err != nil {
		return PolicyDocument{}, err
	}
	return s.store.UpdatePolicyDocument(ctx, id, func(doc *PolicyDocument) error { return d.apply(doc) })
}

// DeletePolicyDocument removes a policy document and its associations. It fails with NotFound.
func (s *Registry) DeletePolicyDocument(ctx context.Context, id string) error {
	return s.store.DeletePolicyDocument(ctx, id)
}
