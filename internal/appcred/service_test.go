package appcred

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keyward/identity/internal/fault"
)

// fakes stand for the store, the vault and the roles. Roles a, b and c each imply the next.
type fakes struct {
	Store
	owner string // whose access rules there are
}

func (f fakes) InTx(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

func (f fakes) LockUser(context.Context, string) error { return nil }

func (f fakes) CountAppCredentials(context.Context, string) (int, error) { return 0, nil }

func (f fakes) CreateAppCredential(_ context.Context, c Credential) (Credential, error) {
	return c, nil
}

func (f fakes) AccessRule(_ context.Context, userID, id string) (AccessRule, error) {
	if userID != f.owner {
		return AccessRule{}, fault.New(fault.NotFound, "none")
	}
	return AccessRule{ID: id, UserID: userID, Service: "s", Path: "/" + id, Method: "GET"}, nil
}

func (f fakes) HashSecret(_ context.Context, id, plain string, random bool) (string, error) {
	return fmt.Sprintf("%s %t %d", id, random, len(plain)), nil
}

func (f fakes) Closures(context.Context) (map[string][]string, error) {
	return map[string][]string{"a": {"id-a", "id-b", "id-c"}, "b": {"id-b", "id-c"}, "c": {"id-c"}, "d": {"id-d"}, "of a domain": nil}, nil
}

// TestNothingIsWiderThanItsMaker draws makers and what they ask for.
func TestNothingIsWiderThanItsMaker(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := fakes{owner: "ann"}
	n := 0
	s := NewService(f, f, f, Options{UserLimit: 3, MinSecret: 16}, func() time.Time { return now }, func() string { n++; return fmt.Sprint(n) })
	names := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "of a domain"}), rapid.ID)
	rules := rapid.SliceOfN(rapid.Map(rapid.SampledFrom([]string{"1", "2", "3"}), func(id string) AccessRule {
		return AccessRule{Service: "s", Path: "/" + id, Method: "GET"}
	}), 0, 3)
	rapid.Check(t, func(rt *rapid.T) {
		m := Maker{UserID: "ann", ProjectID: "web", Roles: names.Draw(rt, "held"), Methods: []string{"password"}, AuthTime: now}
		d := Draft{Name: "x", AccessRules: rules.Draw(rt, "rules")}
		for _, name := range names.Draw(rt, "wanted") {
			d.Roles = append(d.Roles, rapid.SampledFrom([]RoleRef{{ID: "id-" + name}, {Name: name}}).Draw(rt, "by"))
		}
		if rapid.Bool().Draw(rt, "has a parent") {
			unrestricted := rapid.Bool().Draw(rt, "unrestricted")
			m.Parent = &Credential{Unrestricted: &unrestricted, AccessRules: rules.Draw(rt, "its rules"), Methods: []string{"password", "totp"}, AuthTime: now.Add(-time.Hour)}
		}
		c, secret, err := s.Create(rt.Context(), m, d)
		if err != nil {
			return
		}
		if len(secret) != 86 || c.ProjectID != "web" || c.UserID != "ann" {
			rt.Fatalf("%+v with a secret of %d", c, len(secret))
		}
		for _, id := range c.RoleIDs {
			if !slices.Contains(m.Roles, id[len("id-"):]) {
				rt.Fatalf("the role %s is not among %v", id, m.Roles)
			}
		}
		if m.Parent == nil {
			return
		}
		if m.Parent.Restricted() || !slices.Equal(c.Methods, m.Parent.Methods) || !c.AuthTime.Equal(m.Parent.AuthTime) {
			rt.Fatalf("%+v was made with %+v", c, m.Parent)
		}
		for _, path := range []string{"/1", "/2", "/3", "/4"} {
			if c.Admits("s", "GET", path) && !m.Parent.Admits("s", "GET", path) {
				rt.Fatalf("%v admits %s, its parent's %v do not", c.AccessRules, path, m.Parent.AccessRules)
			}
		}
	})
}

func TestRolesBringWhatTheyImply(t *testing.T) {
	t.Parallel()
	f := fakes{owner: "ann"}
	s := NewService(f, f, f, Options{UserLimit: -1, MinSecret: 16}, time.Now, func() string { return "id" })
	for _, row := range []struct {
		name   string
		held   []string
		wanted []RoleRef
		want   []string
		kind   fault.Kind
	}{
		{"a name that is none", []string{"a"}, []RoleRef{{Name: "z"}}, nil, fault.NotFound},
		{"the role of a domain", []string{"a"}, []RoleRef{{Name: "of a domain"}}, nil, fault.NotFound},
		{"an id that is none", []string{"a"}, []RoleRef{{ID: "z"}}, nil, fault.BadRequest},
		{"the name of another", []string{"a"}, []RoleRef{{Name: "d"}}, nil, fault.BadRequest},
		{"the id of another", []string{"a"}, []RoleRef{{ID: "id-d"}}, nil, fault.BadRequest},
		{"one that implies", []string{"a", "b", "c", "d"}, []RoleRef{{ID: "id-b"}}, []string{"id-b", "id-c"}, 0},
		{"what the token lacks is not implied", []string{"a", "c"}, []RoleRef{{Name: "a"}}, []string{"id-a", "id-c"}, 0},
		{"all", []string{"c", "d"}, nil, []string{"id-c", "id-d"}, 0},
	} {
		c, _, err := s.Create(t.Context(), Maker{UserID: "ann", ProjectID: "web", Roles: row.held}, Draft{Name: "x", Roles: row.wanted})
		if row.kind != 0 && !fault.Is(err, row.kind) || row.kind == 0 && (err != nil || !slices.Equal(c.RoleIDs, row.want)) {
			t.Errorf("%s: %v, %v", row.name, c.RoleIDs, err)
		}
	}
}
