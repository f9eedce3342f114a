package oauth

import (
	"net/url"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/fault"
)

// TestBaseStringOfRFC5849 is the example of section 3.4.1.1, with repeated and empty parameters.
func TestBaseStringOfRFC5849(t *testing.T) {
	t.Parallel()
	p, err := parse(`OAuth realm="Example", oauth_consumer_key="9djdj82h48djs9d2", oauth_token="kkk9d7dh3k39sjv7", ` +
		`oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131201", oauth_nonce="7d8f3e4a", oauth_signature="bYT5CMsGcbgUdFHObYMEfcx6bsw%3D"`)
	if err != nil {
		t.Fatal(err)
	}
	params := url.Values{"b5": {"=%3D"}, "a3": {"a", "2 q"}, "c@": {""}, "a2": {"r b"}, "c2": {""}}
	want := "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26" +
		"oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26" +
		"oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
	if got := p.baseString(Signed{Method: "post", URL: "HTTP://EXAMPLE.com:80/request?b5=x", Params: params}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestSignatureOfRFC5849 is the example of section 1.2.
func TestSignatureOfRFC5849(t *testing.T) {
	t.Parallel()
	const header = `OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_token="nnch734d00sl2jdk", ` +
		`oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131202", oauth_nonce="chapoH", oauth_signature="MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D"`
	r := Signed{Method: "GET", URL: "http://photos.example.net/photos", Params: url.Values{"file": {"vacation.jpg"}, "size": {"original"}}}
	for _, c := range []struct {
		name, from, to string
		consumer       string
		right          bool
	}{
		{"as it is", "", "", "kd94hf93k423kf44", true},
		{"another secret", "", "", "kd94hf93k423kf45", false},
		{"another nonce", "chapoH", "chapoh", "kd94hf93k423kf44", false},
		{"another method", "HMAC-SHA1", "HMAC-SHA256", "kd94hf93k423kf44", false},
		{"an unknown method", "HMAC-SHA1", "RSA-SHA1", "kd94hf93k423kf44", false},
		{"no signature", "MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D", "", "kd94hf93k423kf44", false},
		{"the secrets of nobody in plain text", "HMAC-SHA1", "PLAINTEXT", "", false},
	} {
		p, err := parse(strings.Replace(header, c.from, c.to, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.rightFor(r, c.consumer, "pfkkdhi9sl3r4s00"); got != c.right {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func TestHeadersThatAreMalformed(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]fault.Kind{
		"":                   fault.Unauthorized,
		"Basic YTpi":         fault.Unauthorized,
		"OAuth":              fault.BadRequest,
		`OAuth a`:            fault.BadRequest,
		`OAuth a=b`:          fault.BadRequest,
		`OAuth a="b`:         fault.BadRequest,
		`OAuth a="`:          fault.BadRequest,
		`OAuth a="b", a="b"`: fault.BadRequest,
		`OAuth a="%zz"`:      fault.BadRequest,
		`OAuth a="%ff"`:      fault.BadRequest,
		`OAuth a="%00"`:      fault.BadRequest,
		`OAuth %00="` + strings.Repeat("x", maxParam+1) + `"`: fault.BadRequest,
		`OAuth oauth_version="2.0"`:                           fault.BadRequest,
	} {
		if _, err := parse(header); !fault.Is(err, want) {
			t.Errorf("%q: %v", header, err)
		}
	}
}
