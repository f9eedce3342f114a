package catalog

import (
	"reflect"
	"testing"
)

func TestSets(t *testing.T) {
	t.Parallel()
	e := func(id string, of Interface, service, region string) Endpoint {
		return Endpoint{ID: id, Interface: of, ServiceID: service, RegionID: region, URL: "http://" + id, Enabled: true}
	}
	sets := group([]Endpoint{
		e("z", Internal, "nova", "north"), e("p2", Public, "nova", "north"), e("p1", Public, "nova", "north"),
		e(companion("p2", Internal), Internal, "nova", "north"), e(companion("p2", Admin), Admin, "nova", "south"),
		e("y", Admin, "nova", "north"), e("x", Admin, "nova", "north"), e("alone", Internal, "glance", "north"), e("w", Public, "glance", ""),
	})
	got := map[string][]string{}
	for _, s := range sets {
		got[s.ID] = s.members
	}
	want := map[string][]string{
		"p1": {"p1", "x", "z"},
		"p2": {"p2", companion("p2", Internal), companion("p2", Admin)},
		"w":  {"w"},
	}
	for id := range want {
		if len(got[id]) != len(want[id]) {
			t.Errorf("%s: got %v, want %v", id, got[id], want[id])
		}
	}
	if len(got) != len(want) || !reflect.DeepEqual(got["p1"], want["p1"]) {
		t.Errorf("got %v, want %v", got, want)
	}
}
