package catalog_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/keyward/identity/internal/catalog"
)

func endpoint(id, service, url string) catalog.Endpoint {
	return catalog.Endpoint{ID: id, ServiceID: service, URL: url, Interface: catalog.Public, RegionID: "eu", Enabled: true}
}

// urls are the URLs that a caller sees, by endpoint.
func urls(s *catalog.Snapshot, project, user string) map[string]string {
	seen := map[string]string{}
	for _, e := range s.Entries(project, user) {
		for _, a := range e.Endpoints {
			seen[a.ID] = a.URL
		}
	}
	return seen
}

func TestUnknownNamesAreNeverFilledIn(t *testing.T) {
	t.Parallel()
	services := []catalog.Service{{ID: "s", Type: "t", Enabled: true}}
	for _, url := range append([]string{"https://$(compute_host)s/", "https://x.example/$(public_endpoint)s"}, attackURLs...) {
		s := catalog.NewSnapshot(services, []catalog.Endpoint{endpoint("bad", "s", url), endpoint("good", "s", "https://good.example")})
		want := map[string]string{"good": "https://good.example"}
		if got := urls(s, "p", "u"); !reflect.DeepEqual(got, want) {
			t.Errorf("with %s in the database: got %v, want %v", url, got, want)
		}
	}
}

func TestFillsIn(t *testing.T) {
	t.Parallel()
	services := []catalog.Service{{ID: "s", Type: "t", Enabled: true}}
	for _, c := range []struct{ why, url, want string }{
		{"project", "https://x/$(project_id)s", "https://x/P"},
		{"project by its old name", "https://x/%(tenant_id)s/b", "https://x/P/b"},
		{"user", "https://x/$(user_id)s", "https://x/U"},
		{"several", "https://x/$(user_id)s$(project_id)s/%(user_id)s", "https://x/UP/U"},
		{"the public URL of this server", "$(public_endpoint)s/v3", "https://id.example/v3"},
		{"a doubled percent sign", "https://x/a%%20b", "https://x/a%20b"},
		{"a template of Go stays", "https://x/{{.Password}}", "https://x/{{.Password}}"},
		{"a variable of the shell stays", "https://x/${ENV}/$HOME", "https://x/${ENV}/$HOME"},
		{"what is filled in is not read again", "https://x/$(user_id)s(project_id)s", "https://x/U(project_id)s"},
	} {
		s := catalog.NewSnapshot(services, []catalog.Endpoint{endpoint("e", "s", c.url)}).WithPublicURL("https://id.example")
		if got := urls(s, "P", "U")["e"]; got != c.want {
			t.Errorf("%s: got %q, want %q", c.why, got, c.want)
		}
	}
}

func TestWithoutProjectOrUser(t *testing.T) {
	t.Parallel()
	s := catalog.NewSnapshot([]catalog.Service{{ID: "s", Type: "t", Enabled: true}}, []catalog.Endpoint{
		endpoint("plain", "s", "https://x"), endpoint("project", "s", "https://x/$(tenant_id)s"), endpoint("user", "s", "https://x/$(user_id)s"),
	})
	for _, c := range []struct {
		project, user string
		want          []string
	}{
		{"", "", []string{"plain"}},
		{"", "U", []string{"plain", "user"}},
		{"P", "", []string{"plain", "project"}},
		{"P", "U", []string{"plain", "project", "user"}},
	} {
		var got []string
		for id := range urls(s, c.project, c.user) {
			got = append(got, id)
		}
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("project %q, user %q: got %v, want %v", c.project, c.user, got, c.want)
		}
	}
}

func TestWhatIsLeftOutAndInWhichOrder(t *testing.T) {
	t.Parallel()
	off, none := endpoint("off", "a", "https://off"), endpoint("none", "a", "https://none")
	off.Enabled, none.RegionID = false, ""
	services := []catalog.Service{
		{ID: "c", Type: "volume", Enabled: true}, {ID: "b", Type: "compute", Name: "z", Enabled: true},
		{ID: "a", Type: "compute", Name: "n<&>", Enabled: true}, {ID: "off", Type: "x"},
	}
	endpoints := []catalog.Endpoint{
		endpoint("2", "a", "https://2/$(project_id)s"), off, endpoint("1", "a", "https://1"), none,
		endpoint("of nothing", "missing", "https://x"), endpoint("of a disabled one", "off", "https://x"),
	}
	want := `[{"id":"a","type":"compute","name":"n\u003c\u0026\u003e","endpoints":[` +
		`{"id":"none","interface":"public","region":null,"region_id":null,"url":"https://none"},` +
		`{"id":"1","interface":"public","region":"eu","region_id":"eu","url":"https://1"},` +
		`{"id":"2","interface":"public","region":"eu","region_id":"eu","url":"https://2/p\u003c\""}]},` +
		`{"id":"b","type":"compute","name":"z","endpoints":[]},{"id":"c","type":"volume","name":"","endpoints":[]}]`
	for range 2 {
		s := catalog.NewSnapshot(services, endpoints)
		if got := string(s.AppendJSON([]byte("x"), `p<"`, "u")); got != "x"+want {
			t.Errorf("got  %s\nwant x%s", got, want)
		}
		slices.Reverse(services) // the order of the database does not matter
		slices.Reverse(endpoints)
	}
	if got := string(catalog.NewSnapshot(nil, nil).AppendJSON(nil, "", "")); got != "[]" {
		t.Errorf("an empty catalog is %s", got)
	}
}

func TestOnlySomeEndpoints(t *testing.T) {
	t.Parallel()
	off := endpoint("off", "b", "https://off")
	off.Enabled = false
	services := []catalog.Service{
		{ID: "a", Type: "a", Enabled: true}, {ID: "b", Type: "b", Enabled: true}, {ID: "c", Type: "c", Enabled: true}, {ID: "d", Type: "d", Enabled: true},
	}
	all := catalog.NewSnapshot(services, []catalog.Endpoint{
		endpoint("a1", "a", "https://a1"), endpoint("a2", "a", "https://a2/$(user_id)s"), off, endpoint("c1", "c", "https://c1/$(project_id)s"),
		endpoint("d1", "d", "$(public_endpoint)s/v3"),
	}).WithPublicURL("https://id.example")
	some := all.Only([]string{"a2", "off", "c1", "d1", "unknown"})
	for _, c := range []struct {
		why, project, user string
		s                  *catalog.Snapshot
		want               []string
	}{
		{"services without endpoints vanish", "p", "u", some, []string{"a a2", "c c1", "d d1"}},
		{"and those whose URLs cannot be filled in", "", "", some, []string{"d d1"}},
		{"nothing given", "p", "u", all.Only(nil), nil},
		{"the catalog itself is as it was", "p", "u", all, []string{"a a1 a2", "b", "c c1", "d d1"}},
	} {
		var got []string
		for _, e := range c.s.Entries(c.project, c.user) {
			line := e.ID
			for _, a := range e.Endpoints {
				line += " " + a.ID
			}
			got = append(got, line)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.why, got, c.want)
		}
		var read []shown
		if err := json.Unmarshal(c.s.AppendJSON(nil, c.project, c.user), &read); err != nil || len(read) != len(c.want) {
			t.Errorf("%s: JSON with %d services, %v; want %d", c.why, len(read), err, len(c.want))
		}
	}
	if some.Size() < 100 || some.Size() >= all.Size() {
		t.Errorf("sizes: %d of %d", some.Size(), all.Size())
	}
}

// shown is the catalog as clients read it.
type shown struct {
	ID, Type, Name string
	Endpoints      []struct {
		ID, Interface, URL string
		Region             *string
		RegionID           *string `json:"region_id"`
	}
}

func TestBothViewsSayTheSame(t *testing.T) {
	t.Parallel()
	word := rapid.SampledFrom([]string{"", "a", "é<\"", "\u2028", "</script>", "$(project_id)s", "%(user_id)s", "%%", "%", "$(x)s", "$(public_endpoint)s"})
	rapid.Check(t, func(t *rapid.T) {
		var services []catalog.Service
		var endpoints []catalog.Endpoint
		for i := range rapid.IntRange(0, 3).Draw(t, "services") {
			id := fmt.Sprint("s", i)
			services = append(services, catalog.Service{ID: id, Type: word.Draw(t, "type"), Name: word.Draw(t, "name"), Enabled: rapid.Bool().Draw(t, "on")})
			for j := range rapid.IntRange(0, 3).Draw(t, "endpoints") {
				e := endpoint(fmt.Sprint(id, "e", j), id, word.Draw(t, "1")+word.Draw(t, "2")+word.Draw(t, "3"))
				e.RegionID = word.Draw(t, "region")
				endpoints = append(endpoints, e)
			}
		}
		s := catalog.NewSnapshot(services, endpoints).WithPublicURL(word.Draw(t, "public"))
		project, user := word.Draw(t, "project"), word.Draw(t, "user")
		raw := s.AppendJSON(nil, project, user)
		if !utf8.Valid(raw) || strings.ContainsAny(string(raw), "<>\u2028") {
			t.Fatalf("not safe in HTML: %s", raw)
		}
		var got []shown
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		var a, b []string
		for _, v := range got {
			a = append(a, fmt.Sprintf("%q %q %q", v.ID, v.Type, v.Name))
			for _, e := range v.Endpoints {
				region := ""
				if e.Region != nil {
					region = *e.Region
				}
				a = append(a, fmt.Sprintf("%q %q %q %q", e.ID, e.Interface, region, e.URL))
			}
		}
		for _, v := range s.Entries(project, user) {
			b = append(b, fmt.Sprintf("%q %q %q", v.ID, v.Type, v.Name))
			for _, e := range v.Endpoints {
				b = append(b, fmt.Sprintf("%q %q %q %q", e.ID, e.Interface, e.RegionID, e.URL))
			}
		}
		if !slices.Equal(a, b) {
			t.Fatalf("AppendJSON: %q\nEntries:    %q", a, b)
		}
	})
}

// big is the catalog of a cloud with 25 services in two regions.
func big() *catalog.Snapshot {
	var services []catalog.Service
	var endpoints []catalog.Endpoint
	for i := range 25 {
		id := fmt.Sprintf("%032x", i)
		services = append(services, catalog.Service{ID: id, Type: fmt.Sprint("type-", i), Name: fmt.Sprint("service", i), Enabled: true})
		for j := range 6 {
			e := endpoint(fmt.Sprintf("%032x", 100*i+j), id, fmt.Sprintf("https://service%d.region%d.cloud.example:8774/v2.1/$(project_id)s", i, j/3))
			e.Interface, e.RegionID = []catalog.Interface{catalog.Admin, catalog.Internal, catalog.Public}[j%3], fmt.Sprint("region", j/3)
			endpoints = append(endpoints, e)
		}
	}
	return catalog.NewSnapshot(services, endpoints)
}

func TestAppendJSONAllocatesNothing(t *testing.T) {
	s := big()
	dst := make([]byte, 0, 1<<20)
	project, user := strings.Repeat("0af9", 8), strings.Repeat("b", 32)
	if n := testing.AllocsPerRun(100, func() { s.AppendJSON(dst, project, user) }); n != 0 {
		t.Errorf("AppendJSON allocates %v times", n)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	s := big()
	dst := make([]byte, 0, 1<<20)
	project, user := strings.Repeat("0af9", 8), strings.Repeat("b", 32)
	b.SetBytes(int64(len(s.AppendJSON(dst, project, user))))
	b.ReportAllocs()
	for b.Loop() {
		s.AppendJSON(dst, project, user)
	}
}
