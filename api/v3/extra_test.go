package v3

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/resource"
)

func decodeUser(t *testing.T, body string) userBody {
	t.Helper()
	var b userBody
	if err := json.Unmarshal([]byte(body), &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDeclaredNamesAreNeverKept(t *testing.T) {
	t.Parallel()
	for _, name := range userNames {
		b := decodeUser(t, `{"name":"ann"}`)
		b.Extra = attributes{name: []byte(`"x"`), "email": []byte(`"a@b"`)}
		kept, err := userNames.keep(b.Extra)
		if _, there := kept[name]; err != nil || there || kept["email"] != "a@b" {
			t.Errorf("%s: kept %v (%v)", name, kept, err)
		}
		if shown := userNames.show(map[string]any{name: "x"}); len(shown) != 0 {
			t.Errorf("%s: shown %v", name, shown)
		}
	}
	kept, err := userNames.keepNew(attributes{"password-hash": []byte(`"x"`), "default:project_id": []byte(`"x"`)})
	if err != nil || len(kept) != 0 {
		t.Errorf("a name rewritten to a declared one: kept %v (%v)", kept, err)
	}
}

func TestNewAttributesAreRenamedAsInKeystone(t *testing.T) {
	t.Parallel()
	kept, err := groupNames.keepNew(attributes{
		"my-key": []byte(`1`), "a:b": []byte(`"rewritten"`), "a_b": []byte(`"as it is"`),
	})
	if _, dashed := kept["my-key"]; err != nil || dashed || kept["my_key"] == nil || kept["a_b"] != "as it is" || len(kept) != 2 {
		t.Errorf("kept %v (%v)", kept, err)
	}
	kept, err = groupNames.keep(attributes{"my-key": []byte(`1`)})
	if err != nil || kept["my-key"] == nil {
		t.Errorf("a PATCH renames nothing: kept %v (%v)", kept, err)
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	t.Parallel()
	const body = `{"n":12345678901234567890,"deep":[1.10,{"m":null}]}`
	kept, err := userNames.keep(decodeUser(t, body).Extra)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(userView{ID: "1", Extra: userNames.show(kept)})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"n":12345678901234567890`, `"deep":[1.10,{"m":null}]`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is not in %s", want, b)
		}
	}
}

func TestUserBodyRefused(t *testing.T) {
	t.Parallel()
	for why, body := range map[string]string{
		"options that are null":             `{"options":null}`,
		"options that are a list":           `{"options":[]}`,
		"an option that nobody knows":       `{"options":{"magic":true}}`,
		"an option in other case":           `{"options":{"Lock_Password":true}}`,
		"an option of another type":         `{"options":{"lock_password":"yes"}}`,
		"rules that are not lists of lists": `{"options":{"multi_factor_auth_rules":["totp"]}}`,
	} {
		if in, err := decodeUser(t, body).input(); !fault.Is(err, fault.BadRequest) {
			t.Errorf("%s: got %+v, %v; want BadRequest", why, in, err)
		}
	}
}

func TestUserBody(t *testing.T) {
	t.Parallel()
	in, err := decodeUser(t, `{"id":7,"password":null,"federated":[],"options":{"lock_password":null,"multi_factor_auth_rules":[["totp"]]}}`).input()
	if err != nil {
		t.Fatal(err)
	}
	if !in.ID.Present() || in.ID.Or("x") != "" { // no id at all, so a PATCH is refused
		t.Errorf("the id is %v", in.ID)
	}
	if !in.Password.IsNull() || in.Name.Present() || in.Enabled.Present() {
		t.Errorf("null and absent are mixed up: %+v", in)
	}
	rules, ok := in.Options.MFARules.Get()
	if !in.Options.LockPassword.IsNull() || in.Options.MFAEnabled.Present() || !ok || len(rules) != 1 {
		t.Errorf("options are %+v", in.Options)
	}
}

func TestUserViewOptions(t *testing.T) {
	t.Parallel()
	no := false
	b, err := json.Marshal(userView{Options: identity.Options{MFAEnabled: &no, MFARules: &[][]string{}}})
	if err != nil {
		t.Fatal(err)
	}
	s := string(b)
	for _, want := range []string{`"options":{"multi_factor_auth_enabled":false,"multi_factor_auth_rules":[]}`, `"password_expires_at":null`} {
		if !strings.Contains(s, want) {
			t.Errorf("%s is not in %s", want, s)
		}
	}
	for _, never := range []string{`"extra"`, `"default_project_id"`, `"password"`, `Unreadable`} {
		if strings.Contains(s, never) {
			t.Errorf("%s is in %s", never, s)
		}
	}
}

func TestProjectMatches(t *testing.T) {
	t.Parallel()
	p := resource.Project{ID: "1", Name: "web", DomainID: "red", Enabled: true}
	for _, c := range []struct {
		why     string
		filters []listing.Filter
		want    bool
	}{
		{"another domain", []listing.Filter{{Attr: "domain_id", Value: "blue"}}, false},
		{"disabled is asked for", []listing.Filter{{Attr: "enabled", Value: "false"}}, false},
		{"one of two filters fails", []listing.Filter{{Attr: "name", Value: "web"}, {Attr: "domain_id", Value: "blue"}}, false},
		{"nothing is asked", nil, true},
		{"all pass", []listing.Filter{{Attr: "enabled", Value: "true"}, {Attr: "name", Op: listing.IContains, Value: "WE"}}, true},
	} {
		if got := projectMatches(p, c.filters); got != c.want {
			t.Errorf("%s: got %v, want %v", c.why, got, c.want)
		}
	}
}

func TestGroupOfUserView(t *testing.T) {
	t.Parallel()
	v := groupOfUserView{groupView: groupView{ID: "1", Extra: attributes{"room": []byte(`4`)}}}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"id":"1","name":"","domain_id":"","description":null,"links":{"self":""},"membership_expires_at":null,"room":4}`
	if string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
}
