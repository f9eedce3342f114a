package durability_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/keyward/identity/test/program"
)

// TestMakeRunTwice follows the first steps of somebody who tries the server: `make run`, and again the next day.
func TestMakeRunTwice(t *testing.T) {
	t.Parallel()
	s := program.New(t, "") // for its URL and its client
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip(err)
	}
	dir := checkout(t)
	first := makeRun(t, s, dir)
	out := first.stop(t)
	found := regexp.MustCompile(`(?m)^\s+password\s+(\S+)$`).FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("the first start prints no password:\n%s", out)
	}
	password := found[1]
	if info, err := os.Stat(filepath.Join(dir, "var", "clouds.yaml")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("clouds.yaml: got %v, %v, want mode 0600", info, err)
	}

	second := makeRun(t, s, dir)
	scope := program.Map{"project": program.Map{"name": "admin", "domain": program.Map{"id": "default"}}}
	res := s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/auth/tokens", Body: program.PasswordAuth("admin", password, scope)})
	s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/users", Token: res.Header.Get("X-Subject-Token"), Body: program.Map{
		"user": program.Map{"name": "kept", "domain_id": "default"},
	}})
	if out := second.stop(t); strings.Contains(out, password) || strings.Contains(strings.ToLower(out), "password") {
		t.Errorf("the second start speaks of a password:\n%s", out)
	}

	third := makeRun(t, s, dir)
	got := s.Must(t, 200, program.Request{Method: "GET", Path: "/v3/users?name=kept", Token: res.Header.Get("X-Subject-Token")})
	if list, _ := got.At("users").([]any); len(list) != 1 {
		t.Errorf("the user of the second run: got %s", got.Text)
	}
	third.stop(t)
}

// checkout is a folder with the Makefile and the binary as `make build` leaves it.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	makefile, err1 := os.ReadFile("../../Makefile")
	binary, err2 := os.ReadFile(os.Getenv(program.EnvBinary))
	err := errors.Join(err1, err2, os.Mkdir(filepath.Join(dir, "bin"), 0o700),
		os.WriteFile(filepath.Join(dir, "Makefile"), makefile, 0o600),
		os.WriteFile(filepath.Join(dir, "bin", "identity"), binary, 0o700))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// running is `make run`, without its build.
type running struct {
	cmd *exec.Cmd
	out *bytes.Buffer
	end func() error
}

func makeRun(t *testing.T, s *program.Server, dir string) running {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command("make", "--old-file=build", "run")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	program.Leash(cmd)
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "IDENTITY_") && !strings.HasPrefix(entry, "MAKE") && !strings.HasPrefix(entry, "MFLAGS") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, "IDENTITY_LISTEN="+strings.TrimPrefix(s.URL, "http://"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := running{cmd, &out, sync.OnceValue(func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		_ = cmd.Wait() // make reports the signal
		return err
	})}
	t.Cleanup(func() { _ = r.end() })
	for deadline := time.Now().Add(time.Minute); !s.Ready(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			_ = r.end()
			t.Fatalf("make run is not ready:\n%s", out.String())
		}
	}
	return r
}

// stop ends the run as Ctrl-C does and returns what it printed.
func (r running) stop(t *testing.T) string {
	t.Helper()
	if err := r.end(); err != nil {
		t.Errorf("end make run: %v\n%s", err, r.out)
	}
	return r.out.String()
}
