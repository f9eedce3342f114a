package storetest

import (
	"fmt"
	"testing"

	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

type documentPage = listing.Page[catalog.PolicyDocument]

func documentID(d catalog.PolicyDocument) string { return d.ID }

func policyDocuments(t *testing.T, w *world) {
	for _, text := range []string{"a\x00b", "a\xffb"} {
		wantKind(t, fmt.Sprintf("blob %q", text), w.CreatePolicyDocument(w.ctx, catalog.PolicyDocument{ID: "x", Blob: text}), fault.BadRequest)
		wantKind(t, fmt.Sprintf("type %q", text), w.CreatePolicyDocument(w.ctx, catalog.PolicyDocument{ID: "x", Type: text}), fault.BadRequest)
		_, err := w.PolicyDocument(w.ctx, text)
		wantKind(t, fmt.Sprintf("id %q", text), err, fault.NotFound)
	}
	d := catalog.PolicyDocument{ID: "p", Blob: `{"a": "ä' <&>\n"}`, Type: "Application/JSON", Extra: map[string]any{"k": nil}}
	must(t, w.CreatePolicyDocument(w.ctx, d))
	wantKind(t, "the same id", w.CreatePolicyDocument(w.ctx, d), fault.Conflict)
	want(t, "as created", get[catalog.PolicyDocument](t)(w.PolicyDocument(w.ctx, "p")), d)
	d.Blob, d.Type, d.Extra = "", "", nil
	get[catalog.PolicyDocument](t)(w.UpdatePolicyDocument(w.ctx, "p", func(x *catalog.PolicyDocument) error { *x = d; x.ID = "q"; return nil }))
	want(t, "as updated", get[catalog.PolicyDocument](t)(w.PolicyDocument(w.ctx, "p")), d)
	must(t, w.CreatePolicyDocument(w.ctx, catalog.PolicyDocument{ID: "q", Type: "Ärger/json"}))
	for _, c := range []struct {
		op    listing.Op
		value string
		want  []string
	}{
		{listing.Equals, "ärger/json", []string{}}, {listing.Equals, "", []string{"p"}}, {listing.IContains, "ÄRGER", []string{"q"}},
		{listing.EndsWith, "json", []string{"q"}}, {listing.Contains, "%", []string{}},
	} {
		page := get[documentPage](t)(w.ListPolicyDocuments(w.ctx, by("type", c.op, c.value)))
		want(t, fmt.Sprintf("type %d %q", c.op, c.value), ids(page.Items, documentID), c.want)
	}
	must(t, w.DeletePolicyDocument(w.ctx, "p"))
	wantKind(t, "deleting again", w.DeletePolicyDocument(w.ctx, "p"), fault.NotFound)
}

// registry makes services s and z, regions top > mid > low and other, an endpoint of s in each of them and one
// nowhere, one of z in low, and policies p and q.
func registry(t *testing.T, w *world) {
	for _, id := range []string{"s", "z"} {
		must(t, w.CreateService(w.ctx, catalog.Service{ID: id, Type: id}))
	}
	for _, r := range [][2]string{{"top", ""}, {"mid", "top"}, {"low", "mid"}, {"other", ""}} {
		must(t, w.CreateRegion(w.ctx, catalog.Region{ID: r[0], ParentID: r[1]}))
	}
	for _, e := range [][3]string{{"s-top", "s", "top"}, {"s-mid", "s", "mid"}, {"s-low", "s", "low"}, {"s-other", "s", "other"},
		{"s-nowhere", "s", ""}, {"z-low", "z", "low"}} {
		must(t, w.CreateEndpoint(w.ctx, catalog.Endpoint{ID: e[0], Interface: catalog.Public, ServiceID: e[1], RegionID: e[2], URL: "http://x"}))
	}
	for _, id := range []string{"p", "q"} {
		must(t, w.CreatePolicyDocument(w.ctx, catalog.PolicyDocument{ID: id}))
	}
}

func on(policyID, endpoint, service, region string) catalog.Association {
	return catalog.Association{PolicyID: policyID, Target: catalog.PolicyTarget{EndpointID: endpoint, ServiceID: service, RegionID: region}}
}

func (w *world) associated(t *testing.T, as ...catalog.Association) []bool {
	t.Helper()
	out := make([]bool, len(as))
	for i, a := range as {
		out[i] = get[bool](t)(w.HasAssociation(w.ctx, a))
	}
	return out
}

func policyAssociations(t *testing.T, w *world) {
	registry(t, w)
	for _, a := range []catalog.Association{
		on("no", "s-top", "", ""), on("p", "no", "", ""), on("p", "", "no", ""), on("p", "", "no", "top"), on("p", "", "s", "no"),
		on("p", "", "s", "a\x00b"), on("p", "' OR '1'='1", "", ""), on("p", "s", "", ""),
	} {
		wantKind(t, fmt.Sprintf("set %+v", a), w.SetAssociation(w.ctx, a), fault.NotFound)
		wantKind(t, fmt.Sprintf("delete %+v", a), w.DeleteAssociation(w.ctx, a), fault.NotFound)
		_, err := w.HasAssociation(w.ctx, a)
		wantKind(t, fmt.Sprintf("check %+v", a), err, fault.NotFound)
	}
	before := w.last(t)
	for _, target := range [][3]string{{"s-top", "", ""}, {"", "s", ""}, {"", "s", "mid"}} {
		p, q := on("p", target[0], target[1], target[2]), on("q", target[0], target[1], target[2])
		must(t, w.DeleteAssociation(w.ctx, p))
		must(t, w.SetAssociation(w.ctx, p))
		must(t, w.SetAssociation(w.ctx, p))
		want(t, fmt.Sprintf("p on %v", target), w.associated(t, p, q), []bool{true, false})
		must(t, w.SetAssociation(w.ctx, q))
		want(t, fmt.Sprintf("q in its place on %v", target), w.associated(t, p, q), []bool{false, true})
		must(t, w.DeleteAssociation(w.ctx, p))
		want(t, "deleting that of another", w.associated(t, q), []bool{true})
		must(t, w.DeleteAssociation(w.ctx, q))
		want(t, "after it is deleted", w.associated(t, p, q), []bool{false, false})
	}
	const set, end = "policy_association.create", "policy_association.delete"
	want(t, "events", w.actions(t, before), []string{set, set, end, set, set, end, set, set, end})
}

func endpointsOfPolicies(t *testing.T, w *world) {
	registry(t, w)
	of := func(policyID string) []string {
		return ids(get[[]catalog.Endpoint](t)(w.EndpointsOfPolicy(w.ctx, policyID)), func(e catalog.Endpoint) string { return e.ID })
	}
	want(t, "without associations", of("p"), []string{})
	must(t, w.SetAssociation(w.ctx, on("q", "", "z", "")))
	must(t, w.SetAssociation(w.ctx, on("p", "s-nowhere", "", "")))
	want(t, "its own", of("p"), []string{"s-nowhere"})
	must(t, w.SetAssociation(w.ctx, on("p", "", "s", "mid")))
	must(t, w.SetAssociation(w.ctx, on("p", "s-low", "", "")))
	want(t, "with regions, each once", of("p"), []string{"s-low", "s-mid", "s-nowhere"})
	must(t, w.SetAssociation(w.ctx, on("p", "", "s", "")))
	want(t, "with the service", of("p"), []string{"s-low", "s-mid", "s-nowhere", "s-other", "s-top"})
	want(t, "those of another", of("q"), []string{"z-low"})
	low := get[catalog.Endpoint](t)(w.Endpoint(w.ctx, "s-low"))
	want(t, "what concerns an endpoint", len(get[[]catalog.Association](t)(w.AssociationsOf(w.ctx, low))), 3)
	for id, up := range map[string][]string{"low": {"low", "mid", "top"}, "other": {"other"}, "no": nil} {
		want(t, "above "+id, get[[]string](t)(w.RegionsUp(w.ctx, id)), up)
	}
	w.exec(t, "UPDATE region SET parent_id = 'low' WHERE id = 'top'")
	want(t, "in a circle", get[[]string](t)(w.RegionsUp(w.ctx, "mid")), []string{"mid", "top", "low"})
	want(t, "below a circle", len(of("p")), 5)
}

// associationsGo holds that an association goes with everything it names.
func associationsGo(t *testing.T, w *world) {
	registry(t, w)
	left := func() int {
		n := 0
		for _, e := range []catalog.Endpoint{{ID: "s-top", ServiceID: "s"}, {ID: "z-low", ServiceID: "z"}} {
			n += len(get[[]catalog.Association](t)(w.AssociationsOf(w.ctx, e)))
		}
		return n
	}
	for _, a := range []catalog.Association{
		on("p", "s-top", "", ""), on("p", "", "s", "other"), on("p", "", "s", "top"), on("q", "", "s", ""), on("p", "", "z", ""), on("p", "z-low", "", ""),
	} {
		must(t, w.SetAssociation(w.ctx, a))
	}
	for i, remove := range []func() error{
		func() error { return w.DeleteEndpoint(w.ctx, "s-top") },
		func() error { must(t, w.DeleteEndpoint(w.ctx, "s-other")); return w.DeleteRegion(w.ctx, "other") },
		func() error { return w.DeletePolicyDocument(w.ctx, "q") },
		func() error { return w.DeleteService(w.ctx, "s") },
	} {
		must(t, remove())
		want(t, fmt.Sprintf("left after %d", i), left(), 5-i)
	}
	must(t, w.DeleteService(w.ctx, "z")) // with its endpoint
	want(t, "left at the end", left(), 0)
}

// racingAssociations lets policies fight for one target, and then loses the target.
func racingAssociations(t *testing.T, w *world) {
	registry(t, w)
	n := w.nodes(t)
	policies := []string{"p", "q"}
	want(t, "all succeed", together(t, 20, func(i int) (bool, error) {
		return true, n[i%2].SetAssociation(w.ctx, on(policies[i/2%2], "", "s", "mid"))
	}), 20)
	found := get[[]catalog.Association](t)(w.AssociationsOf(w.ctx, catalog.Endpoint{ServiceID: "s"}))
	want(t, "policies of the target", len(found), 1)
	together(t, 20, func(i int) (bool, error) {
		if i == 10 {
			return true, n[i%2].DeleteService(w.ctx, "s")
		}
		err := n[i%2].SetAssociation(w.ctx, on(policies[i/2%2], "", "s", "mid"))
		if fault.Is(err, fault.NotFound) {
			return false, nil
		}
		return err == nil, err
	})
	found = get[[]catalog.Association](t)(w.AssociationsOf(w.ctx, catalog.Endpoint{ServiceID: "s"}))
	want(t, "policies of the deleted service", len(found), 0)
}
