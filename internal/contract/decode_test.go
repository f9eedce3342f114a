package contract_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/keyward/identity/internal/contract"
	"github.com/keyward/identity/internal/fault"
)

func nested(opening, closing string, depth int) string {
	return strings.Repeat(opening, depth) + strings.Repeat(closing, depth)
}

// keys returns an object of n keys.
func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"k%d":0,`, i)
	}
	return "{" + strings.TrimSuffix(b.String(), ",") + "}"
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, body string }{
		{"white space only", " \n"},
		{"null", `null`},
		{"an array", `[]`},
		{"a string", `""`},
		{"a number", `0`},
		{"truncated after the brace", `{`},
		{"truncated after a key", `{"x":`},
		{"truncated in a string", `{"x":"`},
		{"a trailing comma", `{"x":1,}`},
		{"a key without quotes", `{x:1}`},
		{"single quotes", `{'x':1}`},
		{"a comment", `{"x":1/* y */}`},
		{"a comment before", "// y\n{}"},
		{"NaN", `{"x":NaN}`},
		{"infinity", `{"x":Infinity}`},
		{"a leading zero", `{"x":01}`},
		{"a leading plus", `{"x":+1}`},
		{"a byte order mark", "\ufeff{}"},
		{"UTF-16", "\xff\xfe{\x00}\x00"},
		{"trailing text", `{}x`},
		{"two objects", `{}{}`},
		{"two objects on two lines", "{}\n{}"},
		{"a NUL byte after the object", "{}\x00"},
		{"a NUL byte in a string", "{\"x\":\"a\x00\"}"},
		{"an escaped NUL in a value", `{"x":"a\u0000"}`},
		{"an escaped NUL in a key", `{"a\u0000":1}`},
		{"an escaped NUL deep inside", `{"x":[{"y":["\u0000"]}]}`},
		{"a control character in a string", "{\"x\":\"a\nb\"}"},
		{"a lone high surrogate", `{"x":"\ud800"}`},
		{"a lone low surrogate", `{"x":"\udc00"}`},
		{"surrogates the wrong way round", `{"x":"\udc00\ud800"}`},
		{"a lone surrogate in a key", `{"\ud800":1}`},
		{"invalid UTF-8 in a value", "{\"x\":\"\xff\"}"},
		{"invalid UTF-8 in a key", "{\"\xff\":1}"},
		{"overlong UTF-8", "{\"x\":\"\xc0\xaf\"}"},
		{"a surrogate in UTF-8", "{\"x\":\"\xed\xa0\x80\"}"},
		{"a key twice", `{"name":"a","name":"b"}`},
		{"a key twice, once escaped", `{"name":"a","n\u0061me":"b"}`},
		{"a wrapper twice", `{"user":{},"user":{}}`},
		{"a key twice but for case", `{"enabled":false,"Enabled":true}`},
		{"a key twice but for case, capital first", `{"user":{"Enabled":false,"enabled":true}}`},
		{"a key twice with a letter that folds to k", "{\"key\":1,\"\u212aey\":2}"},
		{"a key twice with a letter that folds to s", "{\"pa\u017fs\":1,\"pass\":2}"},
		{"33 objects deep", nested(`{"a":`, `}`, 32)[:32*5] + `{}` + strings.Repeat("}", 32)},
		{"33 levels of arrays", `{"a":` + nested("[", "]", 32) + `}`},
		{"1000 levels of arrays", `{"a":` + nested("[", "]", 1000) + `}`},
		{"9999 levels of objects", strings.Repeat(`{"a":`, 9999)},
		{"100000 opening brackets", `{"a":` + strings.Repeat("[", 100000)},
		{"1001 keys", keys(1001)},
		{"1001 keys in several objects", `{"a":` + keys(500) + `,"b":` + keys(499) + `}`},
		{"5001 items in two lists", `{"x":[` + strings.Repeat("0,", 2500) + `0],"y":[` + strings.Repeat("0,", 2499) + `0]}`},
		{"a number of 65 digits", `{"x":` + strings.Repeat("1", 65) + `}`},
		{"a number with a huge exponent", `{"x":1e999999999}`},
		{"a number with a tiny exponent", `{"x":1e-999999999}`},
		{"a number with an exponent beyond an int", `{"x":1e99999999999999999999}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			took := fastest(func() {
				if got, err := contract.Decode([]byte(row.body)); !fault.Is(err, fault.BadRequest) {
					t.Errorf("got %v and %v, want a BadRequest", got, err)
				}
			})
			if took > patience {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestDecodeAccepts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, body string
		want       map[string]any
	}{
		{"nothing at all", ``, nil},
		{"an empty object", `{}`, map[string]any{}},
		{"white space around", "\r\n\t {} \n", map[string]any{}},
		{"every type", `{"s":"é\n","n":-1.50e+2,"t":true,"f":false,"z":null,"a":[1,[]],"o":{"x":{}}}`, map[string]any{
			"s": "é\n", "n": json.Number("-1.50e+2"), "t": true, "f": false, "z": nil,
			"a": []any{json.Number("1"), []any{}}, "o": map[string]any{"x": map[string]any{}},
		}},
		{"a surrogate pair", `{"x":"\ud83d\ude00"}`, map[string]any{"x": "😀"}},
		{"an integer that a float cannot hold", `{"x":9007199254740993}`, map[string]any{"x": json.Number("9007199254740993")}},
		{"the same key in two objects", `{"a":{"id":"1"},"b":{"id":"2"}}`, map[string]any{
			"a": map[string]any{"id": "1"}, "b": map[string]any{"id": "2"},
		}},
		{"a wrong-case key alone", `{"Password":"x"}`, map[string]any{"Password": "x"}},
		{"characters that are unusual but text", "{\"x\":\"\u202e\u200b\ufffd\"}", map[string]any{"x": "\u202e\u200b\ufffd"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := contract.Decode([]byte(row.body))
			if err != nil || !reflect.DeepEqual(got, row.want) {
				t.Errorf("got %#v and %v, want %#v", got, err, row.want)
			}
		})
	}
	for name, body := range map[string]string{
		"32 levels":  `{"a":` + nested("[", "]", 31) + `}`,
		"64 digits":  `{"x":` + strings.Repeat("1", 64) + `}`,
		"1000 keys":  keys(1000),
		"5000 items": `{"x":[` + strings.Repeat("0,", 2499) + `0],"y":[` + strings.Repeat("0,", 2499) + `0]}`,
	} {
		if _, err := contract.Decode([]byte(body)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDecodeSaysWhereAndNeverWhat(t *testing.T) {
	t.Parallel()
	_, err := contract.Decode([]byte(`{"password":"hunter2" "x"}`))
	wantRefusal(t, err, "byte 22")
	if err != nil && strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the refusal repeats the body: %v", err)
	}
}

// FuzzDecode holds Decode to what it promises: it refuses or returns what encoding/json reads as well, and
// what it returns survives the trip through JSON and the schemas.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"user":{"name":"a","enabled":true,"tags":["x"],"n":1e5}}`, `{"a":{"a":{}},"A":1}`, "\ufeff{}", `{"x":"\ud800"}`,
		`{"auth":{"identity":{"methods":["password"]},"scope":"unscoped"}}`, `{"x":1e400}`, `{}{}`, `[`,
	} {
		f.Add([]byte(seed))
	}
	signIn := operation(f, "POST /v3/auth/tokens")
	createUser := operation(f, "POST /v3/users")
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := contract.Decode(body)
		if err != nil {
			if !fault.Is(err, fault.BadRequest) || got != nil {
				t.Fatalf("got %v and %v", got, err)
			}
			return
		}
		if len(body) == 0 {
			return
		}
		if !utf8.Valid(body) || !json.Valid(body) {
			t.Fatalf("accepted %q", body)
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		if twice, err := contract.Decode(again); err != nil || !reflect.DeepEqual(got, twice) {
			t.Fatalf("%q became %q: %v", body, again, err)
		}
		for _, op := range []*contract.Operation{signIn, createUser} {
			if err := op.CheckBody(got); err != nil && !fault.Is(err, fault.BadRequest) {
				t.Fatalf("%q: %v", body, err)
			}
		}
	})
}
