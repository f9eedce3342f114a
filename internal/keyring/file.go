package keyring

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/keyward/identity/internal/secretfile"
)

const maxFile = 64 << 10 // far above any sensible number of keys

var keyID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// Create writes a file with one new root key, mode 0600, and makes its directory (0700) when there is none.
// It never replaces a file: when path exists the error is fs.ErrExist. The file appears whole or not at all.
func Create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("create root key: %w", err)
	}
	key := make([]byte, KeySize)
	rand.Read(key) // never fails since Go 1.24
	line := fingerprint(key) + ":" + base64.StdEncoding.EncodeToString(key) + "\n"
	if err := publish(path, line); err != nil {
		return fmt.Errorf("create root key: %w", err)
	}
	return nil
}

// publish writes content beside path and links it into place, which unlike a rename refuses to replace.
func publish(path, content string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".root.key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Load reads the ring from a file of lines "id:base64", the primary first. It refuses a file that is missing,
// readable by group or others, or holds anything but well-formed, random-looking keys of 32 bytes. Errors are
// one line, name the file and the line, and never show what stands there. A missing file is fs.ErrNotExist.
func Load(path string) (*Ring, error) {
	data, _, err := secretfile.Read(path, maxFile)
	if err != nil {
		return nil, fmt.Errorf("load root key: %w", err)
	}
	r, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("load root key: %s: %w", path, err)
	}
	return r, nil
}

// Parse reads a ring from the text of a key file, for keys that come from the environment or a vault. Blank
// lines are skipped.
func Parse(data []byte) (*Ring, error) {
	var entries []entry
	for i, line := range strings.Split(string(data), "\n") {
		if line = strings.TrimSuffix(line, "\r"); line == "" {
			continue
		}
		id, encoded, ok := strings.Cut(line, ":")
		if !ok || !keyID.MatchString(id) {
			return nil, fmt.Errorf("line %d is not of the form id:base64", i+1)
		}
		key, err := base64.StdEncoding.Strict().DecodeString(encoded)
		if err != nil || strings.Contains(encoded, "\r") {
			return nil, fmt.Errorf("line %d is not valid base64; it may be half-written", i+1)
		}
		entries = append(entries, entry{id, key})
	}
	return newRing(entries)
}

// check refuses keys that nobody drew at random. A random key fails each test with a chance below 1e-13.
func check(key []byte) error {
	if len(key) != KeySize {
		return fmt.Errorf("has %d bytes instead of %d", len(key), KeySize)
	}
	distinct := map[byte]bool{}
	text := true
	for _, b := range key {
		distinct[b] = true
		text = text && b >= ' ' && b <= '~'
	}
	switch {
	case len(distinct) == 1 && key[0] == 0:
		return errors.New("is all zero")
	case text:
		return errors.New("is text, such as an example, not random bytes")
	case len(distinct) < 10, bytes.Equal(key[:KeySize/2], key[KeySize/2:]), evenSteps(key):
		return errors.New("is a pattern, such as an example, not random bytes")
	}
	return nil
}

// evenSteps reports whether neighbouring bytes always differ by the same amount, as in 00 01 02 03.
func evenSteps(key []byte) bool {
	step := key[1] - key[0]
	for i := 2; i < len(key); i++ {
		if key[i]-key[i-1] != step {
			return false
		}
	}
	return true
}
