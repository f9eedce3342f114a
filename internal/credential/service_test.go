package credential

import (
	"context"
	"crypto/sha256"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/keyring"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
)

// memory is a store of few rows, and everybody's roles.
type memory struct {
	rows  map[string]Credential
	reads int
	ended []string
}

func (m *memory) InTx(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }
func (m *memory) LockUser(context.Context, string) error                         { return nil }

func (m *memory) Credential(_ context.Context, id string) (Credential, error) {
	c, ok := m.rows[id]
	if !ok {
		return c, fault.New(fault.NotFound, "no")
	}
	return c, nil
}

func (m *memory) ListCredentials(_ context.Context, q listing.Query) (listing.Page[Credential], error) {
	m.reads++
	var page listing.Page[Credential]
	for _, c := range m.rows {
		keep := c.ID > q.Marker
		for _, f := range q.Filters {
			keep = keep && map[string]string{"user_id": c.UserID, "type": c.Type}[f.Attr] == f.Value
		}
		if keep {
			page.Items = append(page.Items, c)
		}
	}
	slices.SortFunc(page.Items, func(a, b Credential) int { return strings.Compare(a.ID, b.ID) })
	if q.Limit > 0 && len(page.Items) > q.Limit {
		page.Items, page.More = page.Items[:q.Limit], true
	}
	return page, nil
}

func (m *memory) CountCredentials(context.Context, string) (int, error) { return len(m.rows), nil }

func (m *memory) CreateCredential(_ context.Context, c Credential) error {
	if _, taken := m.rows[c.ID]; taken {
		return fault.New(fault.Conflict, "taken")
	}
	m.rows[c.ID] = c
	return nil
}

func (m *memory) UpdateCredential(_ context.Context, id string, change func(*Credential) error) (Credential, error) {
	c := m.rows[id]
	if err := change(&c); err != nil {
		return c, err
	}
	m.rows[id] = c
	return c, nil
}

func (m *memory) DeleteCredential(_ context.Context, id string) (Credential, error) {
	c := m.rows[id]
	delete(m.rows, id)
	return c, nil
}

func (m *memory) EndChain(_ context.Context, id string) error {
	m.ended = append(m.ended, id)
	return nil
}

func (m *memory) HasProjectRole(_ context.Context, _, project string) (bool, error) {
	return project == "web", nil
}

func key(b byte) []byte {
	k := sha256.Sum256([]byte{b})
	return k[:]
}

func newService(t *testing.T, keys ...[]byte) (*Service, *memory) {
	t.Helper()
	m := &memory{rows: map[string]Credential{}}
	return over(t, m, keys...), m
}

func over(t *testing.T, m *memory, keys ...[]byte) *Service {
	t.Helper()
	if len(keys) == 0 {
		keys = [][]byte{key(1)}
	}
	ring, err := keyring.FromBytes(keys...)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	return NewService(m, ring, m, m, -1, func() string { n++; return fmt.Sprintf("id%03d", n) })
}

func TestTypes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", " ": "", "a\x00": "", strings.Repeat("x", 256): "", "\u202epcot": "",
		"totp": TOTP, "TOTP": TOTP, " Totp\t": TOTP, "\uff54\uff4f\uff54\uff50": TOTP, "ec2 ": EC2, "EC2": EC2, "\u00a0ec2": EC2, "ec\u00b2": EC2,
		"cert": "cert", "Cert ": "Cert", "x": "x", "totp2": "totp2",
	} {
		got, err := TypeOf(in)
		if got != want && want != "" || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestContentIsBoundToItsPlace(t *testing.T) {
	t.Parallel()
	s, m := newService(t)
	k, err := s.CreateAccessKey(t.Context(), keyFor("ann", "web"))
	if err != nil {
		t.Fatal(err)
	}
	c := m.rows[accessID(k.Access)]
	if strings.Contains(fmt.Sprint(m.rows), k.Secret) || strings.Contains(fmt.Sprint(m.rows), k.Access) {
		t.Errorf("the row tells a secret: %v", m.rows)
	}
	if content, ok := s.Content(c); !ok || !strings.Contains(content.Blob, k.Secret) {
		t.Errorf("it does not open in its place: %v", content)
	}
	for what, moved := range map[string]Credential{
		"another row":     {ID: "x", UserID: c.UserID, ProjectID: c.ProjectID, Type: c.Type, Sealed: c.Sealed},
		"another user":    {ID: c.ID, UserID: "bob", ProjectID: c.ProjectID, Type: c.Type, Sealed: c.Sealed},
		"another project": {ID: c.ID, UserID: c.UserID, ProjectID: "db", Type: c.Type, Sealed: c.Sealed},
		"another type":    {ID: c.ID, UserID: c.UserID, ProjectID: c.ProjectID, Type: "cert", Sealed: c.Sealed},
		"nothing sealed":  {ID: c.ID, UserID: c.UserID, ProjectID: c.ProjectID, Type: c.Type},
	} {
		if _, ok := s.Content(moved); ok {
			t.Errorf("%s: it opens", what)
		}
	}
}

func TestRootKeysRotate(t *testing.T) {
	t.Parallel()
	s, m := newService(t, key(1))
	c, err := s.Create(t.Context(), Draft{Type: optional.Of("cert"), UserID: optional.Of("ann"), Blob: optional.Of("old"), Extra: map[string]any{"a": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	both, next := over(t, m, key(2), key(1)), over(t, m, key(2))
	if content, ok := both.Content(c); !ok || content.Blob != "old" {
		t.Errorf("with both keys: %v, %t", content, ok)
	}
	if _, ok := next.Content(c); ok {
		t.Error("it opens without its key")
	}
	if _, err := next.Update(t.Context(), c.ID, Draft{Extra: map[string]any{"a": "c"}}); !fault.Is(err, fault.Conflict) {
		t.Errorf("changing what cannot be read: %v", err)
	}
	if c, err = both.Update(t.Context(), c.ID, Draft{Blob: optional.Of("old")}); err != nil {
		t.Fatal(err)
	}
	if content, ok := next.Content(c); !ok || content.Blob != "old" || content.Extra["a"] != "b" {
		t.Errorf("sealed again: %v, %t", content, ok)
	}
}

func keyFor(user, project string) Draft {
	return Draft{
		UserID: optional.Of(user), ProjectID: optional.Of(project),
		By: Proof{Methods: []string{"password"}, AuthTime: time.Unix(1_700_000_000, 0)},
	}
}

func TestAccessKeys(t *testing.T) {
	t.Parallel()
	s, m := newService(t)
	ctx := t.Context()
	if _, err := s.CreateAccessKey(ctx, keyFor("ann", "db")); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a project without a role: %v", err)
	}
	if _, err := s.AccessKey(ctx, "nobody's"); !fault.Is(err, fault.NotFound) || strings.Contains(err.Error(), "nobody's") {
		t.Errorf("an unknown key: %v", err)
	}
	k, err := s.CreateAccessKey(ctx, keyFor("ann", "web"))
	if err != nil || len(k.Access) != 32 || len(k.Secret) != 32 || k.Access == k.Secret {
		t.Fatalf("%+v, %v", k, err)
	}
	if got, err := s.AccessKey(ctx, k.Access); err != nil || !reflect.DeepEqual(got, k) {
		t.Errorf("got %+v, %v; want %+v", got, err, k)
	}
	// Not even a row that lies about its type is a key.
	if _, err := s.Create(ctx, Draft{Type: optional.Of("cert"), UserID: optional.Of("ann"), Blob: optional.Of(`{"access":"a","secret":"12345678"}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AccessKey(ctx, "a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a certificate as a key: %v", err)
	}
	if keys, err := s.AccessKeys(ctx, "ann", listing.Query{}); err != nil || len(keys.Items) != 1 || !reflect.DeepEqual(keys.Items[0], k) {
		t.Errorf("ann's keys: %v, %v", keys, err)
	}
	if keys, err := s.AccessKeys(ctx, "bob", listing.Query{}); err != nil || len(keys.Items) != 0 {
		t.Errorf("bob's keys: %v, %v", keys, err)
	}
	if err := s.DeleteAccessKey(ctx, "bob", k.Access); !fault.Is(err, fault.NotFound) {
		t.Errorf("another's key: %v", err)
	}
	id := accessID(k.Access)
	broken := m.rows[id]
	sealed := broken.Sealed
	broken.Sealed = "v1.damaged"
	m.rows[id] = broken
	if _, err := s.AccessKey(ctx, k.Access); !fault.Is(err, fault.NotFound) {
		t.Errorf("a damaged key: %v", err)
	}
	if _, err := s.Update(ctx, id, Draft{Blob: optional.Of(`{"access":"` + k.Access + `","secret":"12345678","trust_id":"t"}`)}); !fault.Is(err, fault.BadRequest) {
		t.Errorf("a trust for a damaged key: %v", err)
	}
	broken.Sealed = sealed
	m.rows[id] = broken
	if err := s.DeleteAccessKey(ctx, "ann", k.Access); err != nil {
		t.Error(err)
	}
	if _, err := s.AccessKey(ctx, k.Access); !fault.Is(err, fault.NotFound) {
		t.Errorf("a deleted key: %v", err)
	}
}

// TestTokensEndWithTheSecret: whoever replaces or deletes a secret ends what was made with it, and what the owner
// had shown does not stand for a secret that somebody else chose.
func TestTokensEndWithTheSecret(t *testing.T) {
	t.Parallel()
	s, m := newService(t)
	ctx := t.Context()
	made, err := s.CreateAccessKey(ctx, keyFor("ann", "web"))
	if err != nil || made.ChainID == "" || len(made.Made.Methods) != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	id := accessID(made.Access)
	if _, err := s.Update(ctx, id, Draft{Extra: map[string]any{"a": "b"}}); err != nil || len(m.ended) != 0 {
		t.Errorf("the same secret: ended %v, %v", m.ended, err)
	}
	if _, err := s.Update(ctx, id, Draft{Blob: optional.Of(`{"access":"` + made.Access + `","secret":"another one"}`)}); err != nil {
		t.Fatal(err)
	}
	changed, err := s.AccessKey(ctx, made.Access)
	if err != nil || changed.ChainID == made.ChainID || len(changed.Made.Methods) != 0 || !changed.Made.AuthTime.IsZero() {
		t.Errorf("changed by another: %+v, %v", changed, err)
	}
	old := m.rows[id]
	old.ChainID = ""
	m.rows[id] = old
	k, err := s.AccessKey(ctx, made.Access)
	if err != nil || k.ChainID == "" {
		t.Errorf("an old key has no session: %+v, %v", k, err)
	}
	if err := s.Delete(ctx, id); err != nil {
		t.Fatal(err)
	}
	if want := []string{made.ChainID, k.ChainID}; !slices.Equal(m.ended, want) {
		t.Errorf("ended %v, want %v", m.ended, want)
	}
}

// TestIDOfKeystone holds the id to what Keystone makes of an access key.
func TestIDOfKeystone(t *testing.T) {
	t.Parallel()
	if got := accessID("demoaccess"); got != "e1003e9881f66f65dee6dbbe8b5a38fbb1ed1caaddce50d6927e366ca5b96ce4" {
		t.Error(got)
	}
}

// TestListsAreFilled: a rule that hides some credentials leaves no gaps in the pages, and takes few reads.
func TestListsAreFilled(t *testing.T) {
	t.Parallel()
	s, m := newService(t)
	for i := range 2000 {
		id := fmt.Sprintf("c%04d", i)
		m.rows[id] = Credential{ID: id, UserID: "ann", Type: "cert"}
	}
	rare := func(c Credential) bool { return c.ID[2:] == "999" || c.ID[2:] == "500" }
	var seen []string
	q := listing.Query{Limit: 3}
	for more := true; more; {
		page, err := s.List(t.Context(), q, rare)
		if err != nil || len(page.Items) > 3 {
			t.Fatal(err, page)
		}
		for _, c := range page.Items {
			seen, q.Marker = append(seen, c.ID), c.ID
		}
		more = page.More
	}
	if got := strings.Join(seen, " "); got != "c0500 c0999 c1500 c1999" {
		t.Errorf("got %s", got)
	}
	if m.reads > 12 {
		t.Errorf("%d reads", m.reads)
	}
	m.reads = 0
	page, err := s.List(t.Context(), listing.Query{Limit: 1000}, func(Credential) bool { return true })
	if err != nil || len(page.Items) != 1000 || !page.More || m.reads != 1 {
		t.Errorf("%d of everything, more %t, %d reads, %v", len(page.Items), page.More, m.reads, err)
	}
	if page, err = s.List(t.Context(), listing.Query{Limit: 1000}, func(Credential) bool { return false }); err != nil || len(page.Items) != 0 || page.More {
		t.Errorf("nothing: %d, more %t, %v", len(page.Items), page.More, err)
	}
}
