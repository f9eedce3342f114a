package catalog_test

import (
	"strings"
	"testing"

	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
)

// document makes a policy document and returns its id.
func (w *world) document(kind string) string {
	w.t.Helper()
	d, err := w.CreatePolicyDocument(w.t.Context(), catalog.PolicyDocumentDraft{Blob: text("{}"), Type: text(kind)})
	w.must(err)
	return d.ID
}

func TestPolicyDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.document("application/json")
	create := func(d catalog.PolicyDocumentDraft) error {
		_, err := w.CreatePolicyDocument(t.Context(), d)
		return err
	}
	update := func(id string, d catalog.PolicyDocumentDraft) error {
		_, err := w.UpdatePolicyDocument(t.Context(), id, d)
		return err
	}
	_, byMarker := w.ListPolicyDocuments(t.Context(), listing.Query{Marker: "missing"})
	absent := optional.Value[string]{}
	check(t, []refused{
		{"no blob", create(catalog.PolicyDocumentDraft{Type: text("x")}), fault.BadRequest},
		{"no type", create(catalog.PolicyDocumentDraft{Blob: text("x")}), fault.BadRequest},
		{"a null blob", create(catalog.PolicyDocumentDraft{Blob: null, Type: text("x")}), fault.BadRequest},
		{"a null type", update(id, catalog.PolicyDocumentDraft{Type: null}), fault.BadRequest},
		{"a type that is too long", create(catalog.PolicyDocumentDraft{Blob: text(""), Type: text(strings.Repeat("é", 256))}), fault.BadRequest},
		{"a type with a line break", update(id, catalog.PolicyDocumentDraft{Type: text("a\nb")}), fault.BadRequest},
		{"changing the id", update(id, catalog.PolicyDocumentDraft{ID: text("x"), Blob: text("y")}), fault.BadRequest},
		{"changing what is not", update("missing", catalog.PolicyDocumentDraft{Blob: text("y")}), fault.NotFound},
		{"deleting what is not", w.DeletePolicyDocument(t.Context(), "missing"), fault.NotFound},
		{"a marker that is not", byMarker, fault.NotFound},
	})
	d, err := w.PolicyDocument(t.Context(), id)
	if err != nil || d.Blob != "{}" || d.Type != "application/json" {
		t.Errorf("refusals changed it: %+v, %v", d, err)
	}
	d, err = w.UpdatePolicyDocument(t.Context(), id, catalog.PolicyDocumentDraft{ID: text(id), Blob: absent, Type: text("Zu\u0308ge"), Extra: map[string]any{"a": 1}})
	if err != nil || d.Blob != "{}" || d.Type != "Z\u00fcge" || d.Extra["a"] != 1 {
		t.Errorf("changed it is %+v, %v", d, err)
	}
	if d, err = w.UpdatePolicyDocument(t.Context(), id, catalog.PolicyDocumentDraft{Blob: text(""), Type: text("")}); err != nil || d.Blob != "" || d.Type != "" {
		t.Errorf("emptied it is %+v, %v", d, err)
	}
}

// TestPolicyOfEndpoint takes one association away after another: the nearest that is left counts.
func TestPolicyOfEndpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.region("Z\u00fcrich", "")
	w.region("west", "Z\u00fcrich")
	w.region("low", "west")
	d := w.draft("https://nova.example")
	d.RegionID = text("low")
	e, err := w.CreateEndpoint(t.Context(), d)
	w.must(err)
	nowhere, err := w.CreateEndpoint(t.Context(), w.draft("https://nova.example"))
	w.must(err)
	other, err := w.CreateService(t.Context(), catalog.ServiceDraft{Type: text("volume")})
	w.must(err)
	foreign := w.document("of another service")
	w.must(w.Associate(t.Context(), catalog.Association{PolicyID: foreign, Target: catalog.PolicyTarget{ServiceID: other.ID, RegionID: "low"}}))

	nearest := []catalog.Association{
		{PolicyID: w.document("endpoint"), Target: catalog.PolicyTarget{EndpointID: e.ID}},
		{PolicyID: w.document("low"), Target: catalog.PolicyTarget{ServiceID: w.service, RegionID: "low"}},
		{PolicyID: w.document("top"), Target: catalog.PolicyTarget{ServiceID: w.service, RegionID: "Zu\u0308rich"}},
		{PolicyID: w.document("service"), Target: catalog.PolicyTarget{ServiceID: w.service}},
	}
	for _, a := range nearest {
		w.must(w.Associate(t.Context(), a))
	}
	for _, a := range nearest {
		if got, err := w.PolicyOfEndpoint(t.Context(), e.ID); err != nil || got.ID != a.PolicyID {
			t.Errorf("with %+v in force: got %+v, %v", a.Target, got, err)
		}
		if got, err := w.PolicyOfEndpoint(t.Context(), nowhere.ID); err != nil || got.ID != nearest[3].PolicyID {
			t.Errorf("an endpoint without a region: got %+v, %v", got, err)
		}
		w.must(w.CheckAssociation(t.Context(), a))
		w.must(w.Dissociate(t.Context(), a))
		check(t, []refused{{"an association that has ended", w.CheckAssociation(t.Context(), a), fault.NotFound}})
	}
	_, none := w.PolicyOfEndpoint(t.Context(), e.ID)
	_, unknown := w.PolicyOfEndpoint(t.Context(), "missing")
	_, unlisted := w.EndpointsOfPolicy(t.Context(), "missing")
	check(t, []refused{
		{"an endpoint without a policy", none, fault.NotFound},
		{"an endpoint that is not", unknown, fault.NotFound},
		{"the endpoints of a policy that is not", unlisted, fault.NotFound},
	})
}
