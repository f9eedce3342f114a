package catalog

import (
	"cmp"
	"slices"
	"strings"
	"unsafe"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Snapshot is the catalog as tokens show it, worked out once. It never changes and is safe for concurrent use.
//
// Disabled services and endpoints are left out; enabled services without endpoints stay. Endpoints whose URL
// cannot be filled in (no project in the scope, a name that nobody knows) are left out as well, so that no row
// of the database can make a token fail. A project with associations has a snapshot of its own (Only), in which
// services without endpoints are left out too.
type Snapshot struct {
	services []shown
	public   string
	// filtered tells that services without endpoints are left out too.
	filtered bool
	// programs write the catalog for callers with and without a project, with and without a user.
	programs [2][2][]step
}

type shown struct {
	Service
	endpoints []target
}

type target struct {
	Endpoint
	parts []part
}

// step appends bytes and then the value of a key, if it is one.
type step struct {
	text []byte
	key  key
}

// NewSnapshot works out the catalog of these services and endpoints. Its order is by type, name and id of the
// services, and by region, interface and id of the endpoints.
func NewSnapshot(services []Service, endpoints []Endpoint) *Snapshot {
	s := &Snapshot{}
	place := make(map[string]int, len(services))
	for _, v := range services {
		if v.Enabled {
			s.services = append(s.services, shown{Service: v})
		}
	}
	slices.SortFunc(s.services, func(a, b shown) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	for i, v := range s.services {
		place[v.ID] = i
	}
	for _, e := range endpoints {
		i, ok := place[e.ServiceID]
		parts, err := parse(e.URL)
		if !ok || !e.Enabled || err != nil {
			continue
		}
		s.services[i].endpoints = append(s.services[i].endpoints, target{e, parts})
	}
	for _, v := range s.services {
		slices.SortFunc(v.endpoints, func(a, b target) int {
			return cmp.Or(strings.Compare(a.RegionID, b.RegionID), strings.Compare(string(a.Interface), string(b.Interface)),
				strings.Compare(a.ID, b.ID))
		})
	}
	s.compile()
	return s
}

// WithPublicURL returns the snapshot with a value for $(public_endpoint)s. Without one, URLs that name it are
// left out.
func (s *Snapshot) WithPublicURL(url string) *Snapshot {
	c := &Snapshot{services: s.services, public: url, filtered: s.filtered}
	c.compile()
	return c
}

// Only returns the snapshot with none but these endpoints, and without the services that have none of them.
func (s *Snapshot) Only(endpointIDs []string) *Snapshot {
	wanted := make(map[string]bool, len(endpointIDs))
	for _, id := range endpointIDs {
		wanted[id] = true
	}
	c := &Snapshot{public: s.public, filtered: true}
	for _, v := range s.services {
		v.endpoints = slices.DeleteFunc(slices.Clone(v.endpoints), func(t target) bool { return !wanted[t.ID] })
		if len(v.endpoints) > 0 {
			c.services = append(c.services, v)
		}
	}
	c.compile()
	return c
}

// Size is about what the snapshot takes in memory, in bytes.
func (s *Snapshot) Size() int {
	n := 0
	for _, ofProject := range s.programs {
		for _, program := range ofProject {
			for _, st := range program {
				n += len(st.text) + int(unsafe.Sizeof(st))
			}
		}
	}
	for _, v := range s.services {
		n += int(unsafe.Sizeof(v)) + len(v.endpoints)*int(unsafe.Sizeof(target{}))
	}
	return n
}

func (s *Snapshot) compile() {
	for project := range s.programs {
		for user := range s.programs[project] {
			s.programs[project][user] = s.program(project == 1, user == 1)
		}
	}
}

// fits reports whether the URL can be filled in for a caller with or without a project and a user.
func (s *Snapshot) fits(t target, project, user bool) bool {
	return !slices.ContainsFunc(t.parts, func(p part) bool {
		switch p.key {
		case literal:
			return false
		case projectID:
			return !project
		case userID:
			return !user
		case publicURL:
			return s.public == ""
		}
		return true
	})
}

// visible returns the services with the endpoints whose URLs can be filled in.
func (s *Snapshot) visible(project, user bool) []shown {
	all := make([]shown, 0, len(s.services))
	for _, v := range s.services {
		v.endpoints = slices.DeleteFunc(slices.Clone(v.endpoints), func(t target) bool { return !s.fits(t, project, user) })
		if len(v.endpoints) > 0 || !s.filtered {
			all = append(all, v)
		}
	}
	return all
}

// program compiles the catalog's JSON into text and the few keys between.
func (s *Snapshot) program(project, user bool) []step {
	var w writer
	w.raw("[")
	for i, v := range s.visible(project, user) {
		w.separate(i)
		w.raw(`{"id":`).text(v.ID).raw(`,"type":`).text(v.Type).raw(`,"name":`).text(v.Name).raw(`,"endpoints":[`)
		for j, t := range v.endpoints {
			w.separate(j)
			w.raw(`{"id":`).text(t.ID).raw(`,"interface":`).text(string(t.Interface))
			w.raw(`,"region":`).textOrNull(t.RegionID).raw(`,"region_id":`).textOrNull(t.RegionID).raw(`,"url":"`)
			for _, p := range t.parts {
				w.part(p, s.public)
			}
			w.raw(`"}`)
		}
		w.raw("]}")
	}
	w.raw("]")
	return w.end()
}

// JSONSize is the most that AppendJSON appends for these ids, or a little less where they need escaping.
func (s *Snapshot) JSONSize(projectID, userID string) int {
	n := 0
	for _, st := range s.programs[there(projectID)][there(userID)] {
		n += len(st.text) + max(len(projectID), len(userID))
	}
	return n
}

// AppendJSON appends the token's catalog as a JSON array, safe to put into HTML. An empty projectID is a scope
// without a project. It allocates nothing but what dst lacks.
func (s *Snapshot) AppendJSON(dst []byte, projectID, userID string) []byte {
	return run(dst, s.programs[there(projectID)][there(userID)], projectID, userID)
}

func run(dst []byte, program []step, project, user string) []byte {
	project, user = inside(project), inside(user)
	for i := range program {
		dst = append(dst, program[i].text...)
		switch program[i].key {
		case projectID:
			dst = append(dst, project...)
		case userID:
			dst = append(dst, user...)
		}
	}
	return dst
}

func there(s string) int {
	if s == "" {
		return 0
	}
	return 1
}

// Entry is a service of the catalog with its URLs filled in.
type Entry struct {
	ID, Type, Name string
	Endpoints      []Address
}

// Address is an endpoint of the catalog with its URL filled in.
type Address struct {
	ID        string
	Interface Interface
	RegionID  string
	URL       string
}

// Entries returns what AppendJSON writes, for views of another shape.
func (s *Snapshot) Entries(projectID, userID string) []Entry {
	entries := make([]Entry, 0, len(s.services))
	for _, v := range s.visible(projectID != "", userID != "") {
		e := Entry{ID: v.ID, Type: v.Type, Name: v.Name, Endpoints: make([]Address, 0, len(v.endpoints))}
		for _, t := range v.endpoints {
			e.Endpoints = append(e.Endpoints, Address{t.ID, t.Interface, t.RegionID, s.url(t, projectID, userID)})
		}
		entries = append(entries, e)
	}
	return entries
}

func (s *Snapshot) url(t target, project, user string) string {
	var b strings.Builder
	for _, p := range t.parts {
		switch p.key {
		case literal:
			b.WriteString(p.text)
		case projectID:
			b.WriteString(project)
		case userID:
			b.WriteString(user)
		case publicURL:
			b.WriteString(s.public)
		}
	}
	return b.String()
}

// writer collects the steps of a program, joining text.
type writer struct {
	steps []step
	open  []byte
}

func (w *writer) raw(s string) *writer {
	w.open = append(w.open, s...)
	return w
}

func (w *writer) separate(n int) {
	if n > 0 {
		w.raw(",")
	}
}

func (w *writer) text(s string) *writer {
	w.open = append(w.open, quoted(s)...)
	return w
}

func (w *writer) textOrNull(s string) *writer {
	if s == "" {
		return w.raw("null")
	}
	return w.text(s)
}

// part writes a piece of a URL, inside quotes.
func (w *writer) part(p part, public string) {
	switch p.key {
	case literal:
		w.raw(inside(p.text))
	case publicURL:
		w.raw(inside(public))
	default:
		w.steps = append(w.steps, step{w.open, p.key})
		w.open = nil
	}
}

func (w *writer) end() []step { return append(w.steps, step{text: w.open}) }

// inside returns what JSON writes between the quotes. Ids need no escaping and cost nothing.
func inside(s string) string {
	for i := range len(s) {
		if b := s[i]; (b < '0' || b > '9') && (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && b != '-' && b != '_' {
			q := quoted(s)
			return string(q[1 : len(q)-1])
		}
	}
	return s
}

// quoted returns s as a JSON string without characters that HTML or JavaScript give a meaning to.
func quoted(s string) []byte {
	b, err := json.Marshal(s, jsontext.EscapeForHTML(true), jsontext.EscapeForJS(true), jsontext.AllowInvalidUTF8(true))
	if err != nil { // no string fails with these options
		return []byte(`""`)
	}
	return b
}
