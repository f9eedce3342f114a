package contract_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/contract"
	"github.com/keyward/identity/internal/fault"
)

// check decodes and checks a body as a server does.
func check(tb testing.TB, pattern, body string) error {
	tb.Helper()
	decoded, err := contract.Decode([]byte(body))
	if err != nil {
		tb.Fatalf("%s: %v", body, err)
	}
	return operation(tb, pattern).CheckBody(decoded)
}

// wantRefusal fails unless err is a BadRequest whose message has every one of the wanted parts.
func wantRefusal(t *testing.T, err error, parts ...string) {
	t.Helper()
	if !fault.Is(err, fault.BadRequest) {
		t.Errorf("got %v, want a BadRequest", err)
		return
	}
	for _, want := range parts {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to have %q", err, want)
		}
	}
}

func TestCheckBodyRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 65)
	for _, row := range []struct{ name, op, body, want string }{
		{"no body where one is needed", "POST /v3/users", ``, "'user': it is required"},
		{"an empty object where one is needed", "POST /v3/users", `{}`, "'user': it is required"},
		{"a wrapper that is no object", "POST /v3/users", `{"user":[]}`, "'user': it must be object, not array"},
		{"a required attribute that is absent", "POST /v3/users", `{"user":{}}`, "'user/name': it is required"},
		{"a required attribute that is null", "POST /v3/users", `{"user":{"name":null}}`, "'user/name': it must be string, not null"},
		{"a key beside a closed wrapper", "POST /v3/users", `{"user":{"name":"a"},"x":1}`, "'x': it is not known here"},
		{"an empty name", "POST /v3/users", `{"user":{"name":""}}`, "'user/name': it must have at least 1 character"},
		{"a name of spaces", "POST /v3/users", `{"user":{"name":"  "}}`, "'user/name': it must match"},
		{"a user name of 256 characters", "POST /v3/users", `{"user":{"name":"` + strings.Repeat("é", 256) + `"}}`, "at most 255"},
		{"enabled as a string", "POST /v3/users", `{"user":{"name":"a","enabled":"true"}}`, "'user/enabled': it must be boolean, not string"},
		{"enabled as a number", "PATCH /v3/users/{user_id}", `{"user":{"enabled":1}}`, "must be boolean"},
		{"enabled as null", "PATCH /v3/users/{user_id}", `{"user":{"enabled":null}}`, "must be boolean"},
		{"a user domain that is null", "POST /v3/users", `{"user":{"name":"a","domain_id":null}}`, "'user/domain_id'"},
		{"a user domain that is no id", "POST /v3/users", `{"user":{"name":"a","domain_id":"a b"}}`, "'user/domain_id'"},
		{"a password that is a number", "POST /v3/users", `{"user":{"name":"a","password":12345678}}`, "'user/password': it must be null or string, not number"},
		{"an unknown option", "POST /v3/users", `{"user":{"name":"a","options":{"x":true}}}`, "'user/options/x': it is not known here"},
		{"options that are null", "PATCH /v3/users/{user_id}", `{"user":{"options":null}}`, "'user/options'"},
		{"an option of the wrong type", "PATCH /v3/users/{user_id}", `{"user":{"options":{"lock_password":"yes"}}}`, "'user/options/lock_password'"},
		{"rules that are no list", "PATCH /v3/users/{user_id}", `{"user":{"options":{"multi_factor_auth_rules":"password"}}}`, "multi_factor_auth_rules'"},
		{"an empty rule", "PATCH /v3/users/{user_id}", `{"user":{"options":{"multi_factor_auth_rules":[[]]}}}`, "multi_factor_auth_rules/0': it must have at least 1 item"},
		{"a method twice in a rule", "PATCH /v3/users/{user_id}", `{"user":{"options":{"multi_factor_auth_rules":[["totp","totp"]]}}}`, "equal items"},
		{"a rule twice", "PATCH /v3/users/{user_id}", `{"user":{"options":{"multi_factor_auth_rules":[["totp"],["totp"]]}}}`, "equal items"},
		{"an update of nothing", "PATCH /v3/users/{user_id}", `{"user":{}}`, "'user': it must have at least 1 attribute"},
		{"an update of no domain attribute", "PATCH /v3/domains/{domain_id}", `{"domain":{}}`, "at least 1 attribute"},
		{"a domain name of 65 characters", "POST /v3/domains", `{"domain":{"name":"` + long + `"}}`, "at most 64"},
		{"a domain description of 256 characters", "POST /v3/domains", `{"domain":{"name":"a","description":"` + strings.Repeat("x", 256) + `"}}`, "at most 255"},
		{"an explicit domain id with capitals", "POST /v3/domains", `{"domain":{"name":"a","explicit_domain_id":"` + strings.Repeat("A", 32) + `"}}`, "explicit_domain_id"},
		{"an option immutable that is a string", "POST /v3/domains", `{"domain":{"name":"a","options":{"immutable":"true"}}}`, "options/immutable"},
		{"a tag with a comma", "POST /v3/projects", `{"project":{"name":"a","tags":["a,b"]}}`, "'project/tags/0': it must match"},
		{"a tag twice", "POST /v3/projects", `{"project":{"name":"a","tags":["a","a"]}}`, "equal items"},
		{"81 tags", "POST /v3/projects", `{"project":{"name":"a","tags":[` + numbered(81) + `]}}`, "at most 80 items"},
		{"a group name of 65 characters", "POST /v3/groups", `{"group":{"name":"` + long + `"}}`, "at most 64"},
		{"a role description that is a number", "POST /v3/roles", `{"role":{"name":"a","description":1}}`, "'role/description'"},
		{"a region id of 256 characters", "POST /v3/regions", `{"region":{"id":"` + strings.Repeat("x", 256) + `"}}`, "at most 255"},
		{"an empty parent region", "POST /v3/regions", `{"region":{"parent_region_id":""}}`, "parent_region_id"},
		{"a service without a type", "POST /v3/services", `{"service":{"name":"a"}}`, "'service/type': it is required"},
		{"a service name that is null", "POST /v3/services", `{"service":{"type":"a","name":null}}`, "'service/name'"},
		{"an unknown interface", "POST /v3/endpoints", `{"endpoint":{"interface":"foo","service_id":"s","url":"http://x"}}`, "must be one of public, internal, admin"},
		{"an endpoint without a scheme", "POST /v3/endpoints", `{"endpoint":{"interface":"public","service_id":"s","url":"x"}}`, "'endpoint/url'"},
		{"a member beside a credential", "POST /v3/credentials", `{"credential":{"type":"totp","blob":"x","user_id":"u"},"x":1}`, "'x': it is not known here"},
		{"a blob that is an object", "POST /v3/credentials", `{"credential":{"type":"totp","blob":{},"user_id":"u"}}`, "'credential/blob': it must be string"},
		{"a passcode that is a number", "POST /v3/users/{user_id}/mfa/totp/{factor_id}/confirm", `{"totp":{"passcode":123456}}`, "'totp/passcode': it must be string"},
		{"a third attribute of a password change", "POST /v3/users/{user_id}/password", `{"user":{"original_password":"a","password":"b","x":1}}`, "'user/x'"},
		{"a sign-in without auth", "POST /v3/auth/tokens", `{}`, "'auth': it is required"},
		{"a sign-in without identity", "POST /v3/auth/tokens", `{"auth":{}}`, "'auth/identity': it is required"},
		{"a sign-in without methods", "POST /v3/auth/tokens", `{"auth":{"identity":{}}}`, "'auth/identity/methods': it is required"},
		{"methods that are a string", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":"password"}}}`, "must be array"},
		{"a method that is a number", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":[1]}}}`, "'auth/identity/methods/0'"},
		{"eleven methods", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":[` + numbered(11) + `]}}}`, "at most 10 items"},
		{"a password without a user", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":["password"],"password":{}}}}`, "'auth/identity/password/user': it is required"},
		{"a sign-in password that is a number", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u","password":1}}}}}`, "user/password'"},
		{"a scope that is a number", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":[]},"scope":1}}`, "'auth/scope': it must be string or object"},
		{"a scope that is null", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":[]},"scope":null}}`, "'auth/scope': it must be string or object"},
		{"a scope that is an unknown word", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":[]},"scope":"all"}}`, "'auth/scope': it must be one of unscoped"},
		{"a project scope with a numeric id", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":[]},"scope":{"project":{"id":1}}}}`, "'auth/scope/project/id': it must be string"},
		{"a v2 sign-in without a password", "POST /v2.0/tokens", `{"auth":{"passwordCredentials":{"username":"a"}}}`, "passwordCredentials/password': it is required"},
		{"a v2 user name of 65 characters", "POST /v2.0/tokens", `{"auth":{"passwordCredentials":{"username":"` + long + `","password":"p"}}}`, "at most 64"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, check(t, row.op, row.body), row.want)
		})
	}
}

// numbered returns n different JSON strings with commas between them.
func numbered(n int) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf("%q", fmt.Sprint("s", i))
	}
	return strings.Join(items, ",")
}

func TestCheckBodyAccepts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, op, body string }{
		{"a user with attributes of its own", "POST /v3/users", `{"user":{"name":"a","email":"a@x.example","Password":1,"id":7}}`},
		{"a user name of 255 characters of two bytes", "POST /v3/users", `{"user":{"name":"` + strings.Repeat("é", 255) + `"}}`},
		{"options that are removed", "PATCH /v3/users/{user_id}", `{"user":{"options":{"lock_password":null,"multi_factor_auth_rules":null}}}`},
		{"no rules, and rules with unknown methods", "PATCH /v3/users/{user_id}", `{"user":{"options":{"multi_factor_auth_rules":[["a","b"],["b","a"]]}}}`},
		{"an update of no project attribute", "PATCH /v3/projects/{project_id}", `{"project":{}}`},
		{"an update that does not even name the project", "PATCH /v3/projects/{project_id}", `{}`},
		{"an update without a body", "PATCH /v3/projects/{project_id}", ``},
		{"a project in no domain yet", "POST /v3/projects", `{"project":{"name":"a","domain_id":null,"parent_id":null,"tags":["a b"]}}`},
		{"a region of nothing, with a key beside it", "POST /v3/regions", `{"region":{},"x":1}`},
		{"a region with an empty id", "PUT /v3/regions/{region_id}", `{"region":{"id":""}}`},
		{"a service with a key beside it", "POST /v3/services", `{"service":{"type":"compute"},"x":1}`},
		{"an endpoint template", "POST /v3/endpoints", `{"endpoint":{"interface":"admin","service_id":"s","url":"http://x/%(project_id)s","region_id":null}}`},
		{"a body that a grant ignores", "PUT /v3/projects/{project_id}/users/{user_id}/roles/{role_id}", `{"x":{"y":[]}}`},
		{"no methods", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":[]}}}`},
		{"keys that are not known, anywhere in a sign-in", "POST /v3/auth/tokens", `{"x":1,"auth":{"y":1,"identity":{"z":1,"methods":["password"],"password":{"a":1,"user":{"b":1,"id":"u"}}}}}`},
		{"the word unscoped", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":["token"],"token":{"id":"t"}},"scope":"unscoped"}}`},
		{"a scope of a project by name", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":[]},"scope":{"project":{"name":"p","domain":{"id":"default"}}}}}`},
		{"a scope of the system, a trust, and none", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":[]},"scope":{"system":{"all":true},"OS-TRUST:trust":{"id":"t"},"unscoped":{}}}}`},
		{"a name for a device", "POST /v3/users/{user_id}/mfa/totp", `{"totp":{"name":"phone"}}`},
		{"a v2 sign-in", "POST /v2.0/tokens", `{"auth":{"tenantName":"demo","passwordCredentials":{"username":"a","password":"s"}}}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if err := check(t, row.op, row.body); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestWrongTypesAreRefused gives each field of each body every JSON type that it must not have (attack case H8).
func TestWrongTypesAreRefused(t *testing.T) {
	t.Parallel()
	values := map[string]string{"string": `"1"`, "number": `1`, "boolean": `true`, "null": `null`, "array": `[]`, "object": `{}`}
	for _, row := range []struct{ op, body, allowed string }{
		{"PATCH /v3/projects/{project_id}", `{"project":%s}`, "object"},
		{"POST /v3/users", `{"user":{"name":%s}}`, "string"},
		{"POST /v3/users", `{"user":{"name":"a","enabled":%s}}`, "boolean"},
		{"POST /v3/users", `{"user":{"name":"a","password":%s}}`, "string null"},
		{"POST /v3/users", `{"user":{"name":"a","options":%s}}`, "object"},
		{"POST /v3/users", `{"user":{"name":"a","federated":%s}}`, "array"},
		{"POST /v3/projects", `{"project":{"name":"a","tags":%s}}`, "array"},
		{"POST /v3/projects", `{"project":{"name":"a","parent_id":%s}}`, "string null"},
		{"POST /v3/projects", `{"project":{"name":"a","is_domain":%s}}`, "boolean"},
		{"POST /v3/roles", `{"role":{"name":"a","domain_id":%s}}`, "string null"},
		{"POST /v3/groups", `{"group":{"name":"a","description":%s}}`, "string null"},
		{"POST /v3/services", `{"service":{"type":%s}}`, "string"},
		{"POST /v3/endpoints", `{"endpoint":{"interface":"public","url":"http://x","service_id":%s}}`, "string"},
		{"POST /v3/credentials", `{"credential":{"type":"totp","user_id":"u","blob":%s}}`, "string"},
		{"POST /v3/auth/tokens", `{"auth":%s}`, ""},
		{"POST /v3/auth/tokens", `{"auth":{"identity":{"methods":%s}}}`, "array"},
		{"POST /v3/auth/tokens", `{"auth":{"identity":{"methods":[],"totp":{"user":{"passcode":%s}}}}}`, "string"},
		{"POST /v3/auth/tokens", `{"auth":{"identity":{"methods":[],"password":{"user":{"domain":{"name":%s}}}}}}`, "string"},
		{"POST /v3/auth/tokens", `{"auth":{"identity":{"methods":[],"token":{"id":%s}}}}`, "string"},
		{"POST /v3/auth/tokens", `{"auth":{"identity":{"methods":[]},"scope":{"system":{"all":%s}}}}`, "boolean"},
		{"POST /v2.0/tokens", `{"auth":{"token":{"id":%s}}}`, "string"},
	} {
		for kind, value := range values {
			body := fmt.Sprintf(row.body, value)
			err := check(t, row.op, body)
			if strings.Contains(row.allowed, kind) {
				if err != nil {
					t.Errorf("%s %s: %v", row.op, body, err)
				}
				continue
			}
			if !fault.Is(err, fault.BadRequest) {
				t.Errorf("%s %s: got %v, want a BadRequest", row.op, body, err)
			}
		}
	}
}

func TestRefusalsNeverRepeatValues(t *testing.T) {
	t.Parallel()
	const secret = "hunter2hunter2"
	for _, row := range []struct{ op, body string }{
		{"POST /v3/users", `{"user":{"name":1,"password":["` + secret + `"]}}`},
		{"POST /v3/users", `{"user":"` + secret + `"}`},
		{"POST /v3/users/{user_id}/password", `{"user":{"original_password":["` + secret + `"],"password":{"a":"` + secret + `"}}}`},
		{"POST /v3/auth/tokens", `{"auth":{"identity":{"methods":[["` + secret + `"]],"token":{"id":["` + secret + `"]}},"scope":"` + secret + `"}}`},
		{"POST /v3/credentials", `{"credential":{"type":"","user_id":"","blob":["` + secret + `"]}}`},
		{"POST /v3/endpoints", `{"endpoint":{"interface":"` + secret + `","service_id":"s","url":"` + secret + `"}}`},
		{"POST /v3/domains", `{"domain":{"name":"a","explicit_domain_id":"` + secret + `","tags":["` + secret + `","` + secret + `"]}}`},
	} {
		err := check(t, row.op, row.body)
		if !fault.Is(err, fault.BadRequest) {
			t.Errorf("%s: got %v, want a BadRequest", row.op, err)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the refusal repeats the value: %v", row.op, err)
		}
	}
}

// TestWorstBodiesAreRefusedQuickly sends lists as long as Decode lets them be, in which every item is wrong.
func TestWorstBodiesAreRefusedQuickly(t *testing.T) {
	load(t) // is not what is timed
	fill := func(before, unit, after string) string {
		return before + strings.Repeat(unit+",", 4900) + unit + after
	}
	for _, row := range []struct{ name, op, body string }{
		{"methods of the wrong type", "POST /v3/auth/tokens", fill(`{"auth":{"identity":{"methods":[`, `1`, `]}}}`)},
		{"equal tags", "POST /v3/projects", fill(`{"project":{"name":"a","tags":[`, `"a"`, `]}}`)},
		{"rules that are no lists", "PATCH /v3/users/{user_id}", fill(`{"user":{"options":{"multi_factor_auth_rules":[`, `1`, `]}}}`)},
		{"a rule of numbers that are hard to compare", "PATCH /v3/users/{user_id}", fill(`{"user":{"options":{"multi_factor_auth_rules":[[`, `1e-400`, `]]}}}`)},
	} {
		took := fastest(func() { wantRefusal(t, check(t, row.op, row.body)) })
		if took > patience {
			t.Errorf("%s: it took %v", row.name, took)
		}
	}
}

// patience is far more than any body may cost, so that only what explodes exceeds it, on a busy machine and
// with the race detector too. BenchmarkCheckBody measures.
const patience = time.Second

// fastest is the time of the fastest of three runs.
func fastest(run func()) time.Duration {
	best := time.Hour
	for range 3 {
		started := time.Now()
		run()
		best = min(best, time.Since(started))
	}
	return best
}

func TestRefusalsListAllProblemsButNotTooMany(t *testing.T) {
	t.Parallel()
	err := check(t, "POST /v3/endpoints", `{"endpoint":{"enabled":1},"b":1,"a":1,"c":1,"d":1}`)
	want := "Invalid input for field 'a': it is not known here. Invalid input for field 'b': it is not known here. " +
		"Invalid input for field 'c': it is not known here. Invalid input for field 'd': it is not known here. " +
		"Invalid input for field 'endpoint/enabled': it must be boolean, not number. There are 3 more problems."
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	err = check(t, "POST /v3/users", `{"user":{"name":"a"},"`+strings.Repeat("k", 100)+`":1,"tab\tquote'":1}`)
	wantRefusal(t, err, "'"+strings.Repeat("k", 64)+"…'", "'tab?quote?'")
}

func TestCheckQuery(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, op, query, want string }{
		{"a negative limit", "GET /v3/users", "limit=-1", "'limit': it must be at least 0"},
		{"a limit that is a word", "GET /v3/users", "limit=x", "'limit': it must be integer, not string"},
		{"a limit with an exponent", "GET /v3/users", "limit=1e9", "'limit'"},
		{"a limit beyond 32 bits", "GET /v3/users", "limit=2147483648", "'limit': it must be at most 2147483647"},
		{"a limit of a hundred digits", "GET /v3/users", "limit=" + strings.Repeat("9", 100), "'limit'"},
		{"a second limit that is bad", "GET /v3/users", "limit=1&limit=x", "'limit'"},
		{"an empty name", "GET /v3/users", "name=", "'name': it must have at least 1 character"},
		{"a name with NUL", "GET /v3/users", "name=a%00", "'name': it must be text"},
		{"a value that is not UTF-8", "GET /v3/users", "marker=%ff", "'marker': it must be text"},
		{"NUL in a parameter nobody knows", "GET /v3/users", "x=%00", "'x': it must be text"},
		{"NUL in the name of a parameter", "GET /v3/users", "name__con%00tains=1", "must be text"},
		{"a domain that is no id", "GET /v3/users", "domain_id=1%3D1", "'domain_id'"},
		{"an order that is SQL", "GET /v3/users", "sort_key=1;drop", "query string is malformed"},
		{"a broken percent escape", "GET /v3/users", "name=%zz", "query string is malformed"},
		{"an order with a quoted semicolon", "GET /v3/users", "sort_key=1%3Bdrop", "'sort_key'"},
		{"an order that is neither way", "GET /v3/users", "sort_dir=up", "must be one of asc, desc"},
		{"an unknown interface", "GET /v3/endpoints", "interface=foo", "must be one of"},
		{"an unknown parameter of a closed query", "GET /v3/regions", "limit=1", "'limit': it is not known here"},
		{"an empty limit", "GET /v3/users", "limit=&marker=", ""},
		{"an unknown parameter", "GET /v3/users", "what=ever&name__contains=%25", ""},
		{"a parent region", "GET /v3/regions", "parent_region_id=eu", ""},
		{"flags with and without values", "GET /v3/role_assignments", "effective&include_names=0&scope.OS-INHERIT%3Ainherited_to=projects", ""},
		{"a query of an operation that declares none", "GET /v3/users/{user_id}", "x=1", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			query, err := contract.ParseQuery(row.query)
			if err == nil {
				err = operation(t, row.op).CheckQuery(query)
			}
			if row.want != "" {
				wantRefusal(t, err, row.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func BenchmarkCheckBody(b *testing.B) {
	for _, row := range []struct{ name, op, body string }{
		{"sign-in", "POST /v3/auth/tokens", `{"auth":{"identity":{"methods":["password","totp"],"password":{"user":{"name":"ann","domain":{"id":"default"},"password":"correct horse"}},"totp":{"user":{"id":"4f7c","passcode":"123456"}}},"scope":{"project":{"name":"web","domain":{"id":"default"}}}}}`},
		{"new user", "POST /v3/users", `{"user":{"name":"ann","domain_id":"default","password":"correct horse","enabled":true,"email":"ann@shop.example","options":{"multi_factor_auth_enabled":true,"multi_factor_auth_rules":[["password","totp"]]}}}`},
	} {
		op := operation(b, row.op)
		raw := []byte(row.body)
		body, err := contract.Decode(raw)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("check/"+row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := op.CheckBody(body); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("decode/"+row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := contract.Decode(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
