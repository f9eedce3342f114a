package phone

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	const twilio = "kind: twilio, url: 'https://x.example', account: AC, token: hidden, senders: {'*': a}"
	for name, text := range map[string]string{
		"nothing": "", "no YAML": "{", "another key": "gateways: []\nothers: []", "a wrong type": "gateways: 5",
		"no name": "gateways: [{" + twilio + "}]", "a name with a space": "gateways: [{name: 'a b', " + twilio + "}]",
		"one name twice":     "gateways: [{name: x, " + twilio + "}, {name: x, " + twilio + "}]",
		"no kind":            "gateways: [{name: x, url: 'https://x.example'}]",
		"an unknown key":     "gateways: [{name: x, " + twilio + ", secret: hidden}]",
		"an unknown channel": "gateways: [{name: x, " + twilio + ", channels: [fax]}]",
		"Twilio's token":     "gateways: [{name: x, kind: twilio, url: 'https://x.example', account: hidden, senders: {'*': a}}]",
		"Twilio's senders":   "gateways: [{name: x, kind: twilio, url: 'https://x.example', account: a, token: hidden}]",
		"no path":            "gateways: [{name: x, kind: file}]",
		"a method":           "gateways: [{name: x, kind: http, url: 'https://x.example', method: DELETE}]",
		"a header's end":     `gateways: [{name: x, kind: http, url: 'https://x.example', headers: {a: "b\r\nhidden: x"}}]`,
		"too many":           "gateways:\n" + strings.Repeat("- {name: x, kind: file, path: y}\n", 17),
	} {
		if _, err := read([]byte(text), at); err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: got %v, want it refused without a secret", name, err)
		}
	}
}

func TestSafeURL(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "x.example", "ftp://x.example", "http://x.example", "http://10.0.0.1/", "http://0x7f000001/", "http://localhost.example/", "https://{to}/", "HTTPS://{to}/",
		"https://{to}.example/", "https://x.example{to}/", "https://user:pass@x.example/", "https://x.example/#f", "https://", "https:///x", "{url}", "http://[::2]/",
	} {
		if safeURL(bad) == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	for _, good := range []string{"https://x.example", "https://x.example:8443/{to}?text={text}", "http://localhost:8080/x", "http://127.0.0.1", "http://[::1]:80/"} {
		if err := safeURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

// dispatch serves gateways by name, each with the status that it answers, and returns who got messages.
func dispatch(t *testing.T, now *time.Time, statuses map[string]int, order ...string) (d *Dispatcher, took func() []string, log *bytes.Buffer, path string) {
	t.Helper()
	var got requests
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		got.add(req)
		w.WriteHeader(statuses[strings.TrimPrefix(req.URL.Path, "/")])
	}))
	t.Cleanup(s.Close)
	path = filepath.Join(t.TempDir(), "gateways.yaml")
	text := "gateways:\n"
	for _, name := range order {
		text += fmt.Sprintf("- {name: %s, kind: http, url: %q, body: 'to={to}&text={text}'}\n", name, s.URL+"/"+name)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log = &bytes.Buffer{}
	ticks := at()
	clock := func() time.Time { ticks = ticks.Add(10 * time.Millisecond); return ticks }
	d, err := NewDispatcher(path, time.Second, slog.New(slog.NewTextHandler(log, nil)), func() time.Time { return *now }, clock)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	took = func() []string {
		var names []string
		for _, r := range got.all()[seen:] {
			names = append(names, strings.TrimPrefix(strings.Fields(r)[1], "/"))
		}
		seen = len(got.all())
		return names
	}
	return d, took, log, path
}

// Who failed is tried last for a minute, but not who only refused one message.
func TestOrderOfGateways(t *testing.T) {
	t.Parallel()
	now := at()
	statuses := map[string]int{"a": 503, "b": 200}
	d, took, log, _ := dispatch(t, &now, statuses, "a", "b")
	send := func(what string, want Outcome, by string, tried ...string) {
		t.Helper()
		out, name := d.Send(t.Context(), message)
		if got := took(); out != want || name != by || !slices.Equal(got, tried) {
			t.Errorf("%s: %s by %s, tried %v; want %s by %s, tried %v", what, out, name, got, want, by, tried)
		}
	}
	send("the first is out of order", Sent, "b", "a", "b")
	statuses["a"] = 200
	send("it rests", Sent, "b", "b")
	now = now.Add(rest)
	send("it has rested", Sent, "a", "a")
	statuses["a"] = 500
	send("nobody knows", Uncertain, "a", "a")
	send("it rests again", Sent, "b", "b")
	statuses["b"] = 401
	statuses["a"] = 200
	send("the other one fails", Sent, "a", "b", "a")
	statuses["a"] = 400
	statuses["b"] = 400
	now = now.Add(rest)
	send("nobody takes it", Failed, "b", "a", "b")
	statuses["a"] = 200
	send("a bad number moves nobody", Sent, "a", "a")
	if text := log.String(); strings.Contains(text, "12345") || !strings.Contains(text, "country=DE") {
		t.Errorf("the log says %s", text)
	}
	counts := d.Counts()
	if a := counts[0]; a.Sent != 3 || a.Failed != 2 || a.Uncertain != 1 || a.Total != 60*time.Millisecond || a.Slowest != 10*time.Millisecond {
		t.Errorf("counted %+v", a)
	}
}

func TestGatewaysChangeWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	now := at()
	d, took, log, path := dispatch(t, &now, map[string]int{"a": 200}, "a")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("gateways: [{name: a, kind: http, url: 'http://x.example/', token: hidden}]")
	if out, _ := d.Send(t.Context(), message); out != Sent || len(took()) != 1 {
		t.Errorf("with a mistake in the file: %s", out)
	}
	if text := log.String(); !strings.Contains(text, "stay as they were") || strings.Contains(text, "hidden") {
		t.Errorf("the log says %s", text)
	}
	write("gateways: []")
	if out, name := d.Send(t.Context(), message); out != Failed || name != "" || len(d.Counts()) != 0 {
		t.Errorf("without gateways: %s %s", out, name)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if len(d.Counts()) != 0 {
		t.Error("gateways without their file")
	}
	for _, path := range []string{path, filepath.Dir(path)} {
		if _, err := NewDispatcher(path, time.Second, slog.Default(), at, at); err == nil {
			t.Errorf("%s: a server began with gateways that it cannot read", path)
		}
	}
	if d, err := NewDispatcher("", time.Second, slog.Default(), at, at); err != nil || len(d.Counts()) != 0 {
		t.Errorf("no file: %v", err)
	}
}
