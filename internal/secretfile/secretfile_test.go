package secretfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/secretfile"
)

func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	if _, _, err := secretfile.Read(path, 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, _, err := secretfile.Read(dir, 10); err == nil {
		t.Error("a folder was read")
	}
	if err := os.WriteFile(path, []byte("the secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o601} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, _, err := secretfile.Read(path, 10)
		if !errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "the secret") {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	data, info, err := secretfile.Read(path, 3)
	if err != nil || string(data) != "the" || info.Size() != 10 {
		t.Errorf("got %q, %v", data, err)
	}
}
