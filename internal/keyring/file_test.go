package keyring

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	line := func(id string, key []byte) string { return id + ":" + base64.StdEncoding.EncodeToString(key) + "\n" }
	good := line("k1", testKey("good"))
	counting := make([]byte, KeySize)
	for i := range counting {
		counting[i] = byte(i)
	}
	for _, c := range []struct {
		name, content string
		mode          os.FileMode
		want          string
	}{
		{"an empty file", "", 0o600, "no key"},
		{"a 16-byte key", line("k1", testKey("a")[:16]), 0o600, "16 bytes"},
		{"a 33-byte key", line("k1", append(testKey("a"), 1)), 0o600, "33 bytes"},
		{"an all-zero key", line("k1", make([]byte, KeySize)), 0o600, "all zero"},
		{"a key of one byte repeated", line("k1", []byte(strings.Repeat("\xff", KeySize))), 0o600, "pattern"},
		{"a counting key", line("k1", counting), 0o600, "pattern"},
		{"a key of two equal halves", line("k1", append(testKey("a")[:16], testKey("a")[:16]...)), 0o600, "pattern"},
		{"an example key made of text", line("k1", []byte("example-key-do-not-use-in-earnest")[:KeySize]), 0o600, "text"},
		{"a weak key after a good one", good + line("k2", make([]byte, KeySize)), 0o600, "key 2"},
		{"a half-written key", good[:len(good)-9], 0o600, "27 bytes"},
		{"a key cut inside a group of four", good[:len(good)-7], 0o600, "half-written"},
		{"a second line that is half-written", good + "k2", 0o600, "line 2"},
		{"no id", good[2:], 0o600, "id:base64"},
		{"an id with a dot", line("a.b", testKey("a")), 0o600, "id:base64"},
		{"the same id twice", good + line("k1", testKey("b")), 0o600, "id of an earlier key"},
		{"a file the group may read", good, 0o640, "chmod 600"},
		{"a file everyone may read", good, 0o644, "chmod 600"},
	} {
		path := filepath.Join(t.TempDir(), "root.key")
		if err := os.WriteFile(path, []byte(c.content), c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want an error naming the file and %q", c.name, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "\n") || (len(c.content) > 30 && strings.Contains(err.Error(), c.content[5:25])) {
			t.Errorf("%s: the error has several lines or shows the key: %v", c.name, err)
		}
	}
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: got %v", err)
	}
	if _, err := Load(dir); err == nil {
		t.Error("a directory was loaded")
	}
}

func TestFromBytesRefusesWhatLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string][][]byte{
		"no key": nil, "a short key": {testKey("a")[:16]}, "an all-zero key": {make([]byte, KeySize)},
		"one key twice": {testKey("a"), testKey("a")},
	} {
		if _, err := FromBytes(keys...); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "var", "data")
	path := filepath.Join(dir, "root.key")
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]os.FileMode{dir: 0o700, path: 0o600} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
			t.Errorf("mode of %s: got %v, %v; want %v", filepath.Base(p), info.Mode().Perm(), err, want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
	before, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Create(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second Create: got %v, want fs.ErrExist", err)
	}
	after, err := Load(path)
	if err != nil || after.Primary() != before.Primary() {
		t.Errorf("second Create changed the key: %v", err)
	}
}

func TestLoadKeepsTheOrderOfLines(t *testing.T) {
	t.Parallel()
	enc := base64.StdEncoding.EncodeToString
	r, err := Parse([]byte("new:" + enc(testKey("n")) + "\r\n\nold:" + enc(testKey("o"))))
	if err != nil || r.Primary() != "new" || len(r.order) != 2 {
		t.Errorf("got %v, %v; want new before old", r, err)
	}
}
