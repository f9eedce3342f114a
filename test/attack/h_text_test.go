package attack_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/keyward/identity/internal/apitest"
)

// withNames are all kinds of objects that have a name, with what else a body must say and how long a name may be.
var withNames = []struct {
	kind, path string
	limit      int
	more       map[string]any
}{
	{"domain", "/v3/domains", 64, nil},
	{"project", "/v3/projects", 64, map[string]any{"domain_id": "default"}},
	{"user", "/v3/users", 255, map[string]any{"domain_id": "default"}},
	{"group", "/v3/groups", 64, map[string]any{"domain_id": "default"}},
	{"role", "/v3/roles", 255, nil},
	{"service", "/v3/services", 255, map[string]any{"type": "x"}},
}

func TestH11NamesAreRefusedOrReturnedAsTheyAre(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		for _, n := range withNames {
			for what, row := range map[string]struct {
				name string
				must int // the status, or 0 when refusing and keeping are both right
			}{
				"the longest":                {strings.Repeat("n", n.limit), 201},
				"the longest of two bytes":   {strings.Repeat("ñ", n.limit), 201},
				"the longest of four bytes":  {strings.Repeat("😀", n.limit), 201},
				"one too long":               {strings.Repeat("x", n.limit+1), 400},
				"one too long of four bytes": {strings.Repeat("🙂", n.limit+1), 400},
				"100 KB":                     {strings.Repeat("y", 100<<10), 400},
				"control characters":         {"a\x01\x1b[31mb", 0},
				"a line break":               {"a\r\nb", 0},
				"a tab":                      {"a\tb", 0},
				"right to left":              {"\u202egnp.exe", 0},
				"no width":                   {"a\u200bb\ufeff", 0},
				"an emoji family":            {"👨‍👩‍👧 family", 0},
				"a decomposed accent":        {"e\u0301cole", 0},
				"a noncharacter":             {"a\ufffeb\U0010ffff", 0},
				"the replacement character":  {"a\ufffdb", 0},
				"SQL":                        {"a');DROP TABLE users;--", 0},
				"quotes":                     {`a"b'c\d`, 0},
				"wild cards":                 {"100%_*?", 0},
				"markup":                     {"<b>&amp;</b>", 0},
				"line separators":            {"a\u2028b\u2029c\u0085d", 0},
				"blanks around":              {" around ", 0},
			} {
				body := map[string]any{"name": row.name}
				maps.Copy(body, n.more)
				r := w.Post(n.path, map[string]any{n.kind: body}, w.As("sysadmin"))
				if r.Status != http.StatusCreated && r.Status != http.StatusBadRequest || row.must != 0 && r.Status != row.must {
					t.Errorf("%s named by %s: got %d, want %d: %.200s", n.kind, what, r.Status, row.must, r.Body)
				}
				if r.Status != http.StatusCreated {
					continue
				}
				// Names are kept in the normal form C, as the design says.
				id, want := r.Str(n.kind+".id"), norm.NFC.String(row.name)
				got := w.Get(n.path+"/"+id, w.As("sysadmin")).Want(http.StatusOK).Str(n.kind + ".name")
				if got != want && got != strings.TrimSpace(want) {
					t.Errorf("%s named by %s: %q became %q", n.kind, what, row.name, got)
				}
				found := w.Get(n.path+"?name="+url.QueryEscape(got), w.As("sysadmin")).Want(http.StatusOK).Names(n.kind+"s", "name")
				if len(found) != 1 || found[0] != got {
					t.Errorf("%s named by %s is not found by its name: %q", n.kind, what, found)
				}
			}
			if n.kind == "service" {
				continue // a service needs no name
			}
			for _, name := range []any{"", " ", "\t", "\u00a0\u2003", "a\u0000b", nil, 1} {
				body := map[string]any{"name": name}
				maps.Copy(body, n.more)
				if r := w.Post(n.path, map[string]any{n.kind: body}, w.As("sysadmin")); r.Status != http.StatusBadRequest {
					t.Errorf("%s named %q: got %d, want 400", n.kind, name, r.Status)
				}
			}
		}
	})
}

func TestH11AttributesOfOnesOwnAreReturnedAsTheyAre(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		const extra = `{"text":"\u0001 \u001b \u202e 😀 e\u0301 \\ \" </script>","number":12345678901234567890.123456789,"tiny":1e-300,` +
			`"null":null,"deep":[[{"a":[1,"2",true,null,{}]}]],"":"empty key","ключ":"key"}`
		var want any
		if err := json.Unmarshal([]byte(extra), &want); err != nil {
			t.Fatal(err)
		}
		for _, n := range withNames {
			body := map[string]any{"name": "extras", "mine": json.RawMessage(extra)}
			maps.Copy(body, n.more)
			id := w.Post(n.path, map[string]any{n.kind: body}, w.As("sysadmin")).Want(http.StatusCreated).Str(n.kind + ".id")
			var answer map[string]map[string]any
			r := w.Get(n.path+"/"+id, w.As("sysadmin")).Want(http.StatusOK).Has("12345678901234567890.123456789")
			if err := json.Unmarshal(r.Body, &answer); err != nil {
				t.Fatal(err)
			}
			got, _ := json.Marshal(answer[n.kind]["mine"])
			sent, _ := json.Marshal(want)
			if string(got) != string(sent) {
				t.Errorf("%s: %s became %s", n.kind, sent, got)
			}
		}
	})
}

func TestH11TextThatIsNoneIsRefusedInPathsAndQueries(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		for _, op := range operations(t) {
			for _, variable := range variables(op.path) {
				for _, text := range []string{"%00", "a%00", "%ff%fe", "%c0%af", "%ed%a0%80", "%F4%90%80%80"} {
					path := strings.ReplaceAll(op.path, "{"+variable+"}", text)
					r := w.Do(op.method, at(w, path), w.As("sysadmin"), apitest.Body(`{}`))
					if r.Status >= 200 && r.Status < 300 || r.Status >= 500 && r.Status != http.StatusNotImplemented {
						t.Errorf("%s with %s as %s: got %d: %.200s", op, text, variable, r.Status, r.Body)
					}
				}
			}
			for _, query := range []string{"name=%00", "%00=x", "name=%ff", "%ff=x", "name=%", "name=%zz", "a=b;c=d", "limit=%00", "marker=%ff", "x=%00"} {
				r := w.Do(op.method, at(w, op.path)+"?"+query, w.As("sysadmin"))
				if r.Status != http.StatusBadRequest {
					t.Errorf("%s?%s: got %d, want 400: %.200s", op, query, r.Status, r.Body)
				}
			}
		}
		for _, header := range []string{"User-Agent", "X-Subject-Token", "Openstack-Auth-Receipt", "Accept", "X-Forwarded-For", "X-Request-Id"} {
			for _, value := range []string{"\xff\xfe", "a\xc0\xafb", "é", strings.Repeat("\xf0\x9f\x98\x80", 2000)} {
				w.Get("/v3/users", w.As("sysadmin"), apitest.Header(header, value))
				w.Post("/v3/auth/tokens", signIn(w, `["password"]`, "target", "wrong"), apitest.Header(header, value))
				w.Post("/v3/groups", `{"group":{"name":"g`+url.QueryEscape(header+value[:2])+`","domain_id":"default"}}`, w.As("sysadmin"), apitest.Header(header, value))
			}
		}
		for _, token := range []string{"\xff\xfe", "é", "a\tb", " ", "null", strings.Repeat("x", 8000)} {
			w.Get("/v3/users", apitest.Token(token)).Want(http.StatusUnauthorized)
		}
	}, quick)
}

func TestH21DatesAreRefusedOrMadeUTC(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		for _, date := range []string{
			"2020-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "99999-01-01T00:00:00Z", "2030-12-31T23:59:60Z", "2030-01-01T00:00:00", "2030-01-01T00:00:00+14:00",
			"2030-01-01T00:00:00." + strings.Repeat("1", 100) + "Z", "2030-02-30T00:00:00Z", "now", "-1", "", "2030-01-01", "2030-01-01T25:00:00Z", "infinity",
		} {
			query := url.Values{}
			for _, op := range []string{"", "lt:", "xx:"} {
				query.Set("password_expires_at", op+date)
				if r := w.Get("/v3/users?"+query.Encode(), w.As("sysadmin")); r.Status != http.StatusOK && r.Status != http.StatusBadRequest {
					t.Errorf("?%s: got %d", query.Encode(), r.Status)
				}
			}
			// The attributes of the server are not for clients to set, whatever they say.
			set := map[string]any{"password_expires_at": date, "expires_at": date, "created_at": date}
			r := w.Patch("/v3/users/{ann}", map[string]any{"user": set}, w.As("sysadmin"))
			if r.Status != http.StatusOK && r.Status != http.StatusBadRequest {
				t.Errorf("%s: got %d", date, r.Status)
			}
			if v := w.Get("/v3/users/{ann}", w.As("sysadmin")).Want(http.StatusOK).Value("user.password_expires_at"); v != nil {
				t.Fatalf("%q set when the password expires: %v", date, v)
			}
		}
		w.SignIn("ann", "").Want(http.StatusCreated)
	})
}
