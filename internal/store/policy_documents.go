package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

type policyDocumentRow struct {
	ID       string `gorm:"primaryKey"`
	Type     string
	TypeFold string
	Blob     string
	Extra    string
}

func (policyDocumentRow) TableName() string { return "policy_document" }

func newPolicyDocumentRow(d catalog.PolicyDocument) (policyDocumentRow, error) {
	extra, err := encode(d.Extra)
	return policyDocumentRow{ID: d.ID, Type: nameOf(d.Type), TypeFold: fold(d.Type), Blob: d.Blob, Extra: extra}, err
}

func (r policyDocumentRow) document() (catalog.PolicyDocument, error) {
	d := catalog.PolicyDocument{ID: r.ID, Blob: r.Blob, Type: r.Type}
	return d, decode(r.Extra, &d.Extra)
}

var policyDocumentAttrs = collection{"id": {name: "id"}, "type": {name: "type", kind: nameColumn}}

// PolicyDocument returns a policy document; NotFound when there is none.
func (s *Store) PolicyDocument(ctx context.Context, id string) (catalog.PolicyDocument, error) {
	row, err := take[policyDocumentRow](ctx, s, missing("policy", id), "id = ?", id)
	if err != nil {
		return catalog.PolicyDocument{}, err
	}
	return row.document()
}

// ListPolicyDocuments filters by id and type.
func (s *Store) ListPolicyDocuments(ctx context.Context, q listing.Query) (listing.Page[catalog.PolicyDocument], error) {
	return list(ctx, s, policyDocumentAttrs, q, nil, policyDocumentRow.document)
}

// CreatePolicyDocument stores a new policy document; Conflict when the id is taken.
func (s *Store) CreatePolicyDocument(ctx context.Context, d catalog.PolicyDocument) error {
	row, err := newPolicyDocumentRow(d)
	if err != nil {
		return err
	}
	ev := event.Event{Action: "policy_document.create", Kind: event.Document, TargetID: d.ID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return conflictAs(db.Create(&row).Error, fault.New(fault.Conflict,
			"Conflict occurred attempting to store policy - Duplicate ID, %s.", d.ID))
	})
}

// UpdatePolicyDocument reads the document, locked, lets change alter it, and stores all of it but its id.
func (s *Store) UpdatePolicyDocument(ctx context.Context, id string,
	change func(*catalog.PolicyDocument) error) (catalog.PolicyDocument, error) {
	var d catalog.PolicyDocument
	ev := event.Event{Action: "policy_document.update", Kind: event.Document, TargetID: id}
	err := s.change(ctx, &ev, func(db *gorm.DB) (err error) {
		d, err = edit(db, missing("policy", id), id, policyDocumentRow.document, change, func(old policyDocumentRow, d *catalog.PolicyDocument) error {
			d.ID = old.ID
			return nil
		}, newPolicyDocumentRow)
		return err
	})
	return d, err
}

// DeletePolicyDocument deletes a policy document with its associations.
func (s *Store) DeletePolicyDocument(ctx context.Context, id string) error {
	ev := event.Event{Action: "policy_document.delete", Kind: event.Document, TargetID: id}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		return deleteOne(db, missing("policy", id), "DELETE FROM policy_document WHERE id = ?", id)
	})
}
