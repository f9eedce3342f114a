package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// output collects what a command prints while it runs.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// TestRefusals: what cannot be meant, or cannot work, ends at once with its exit code and one clear line.
func TestRefusals(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() }) // subtests outlive this function
	dir := t.TempDir()
	badPolicy := filepath.Join(dir, "policy.yaml")
	if err := os.WriteFile(badPolicy, []byte(`"identity:get_usr": "@"`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		args  []string
		env   []string
		code  int
		lines int
		want  string
	}{
		{"an unknown command", []string{"frobnicate"}, nil, 1, 1, "unknown command"},
		{"an unknown flag", []string{"serve", "--insecure"}, nil, 2, 1, "unknown flag"},
		{"an unknown option", []string{"serve"}, []string{"IDENTITY_ADMIN_TOKEN=ADMIN"}, 2, 1, "unknown environment variable IDENTITY_ADMIN_TOKEN"},
		{"two problems", []string{"serve"}, []string{"IDENTITY_MFA_DIGITS=7", "IDENTITY_LOG_LEVEL=x"}, 2, 2, "mfa.digits"},
		{"a configuration file that is not there", []string{"serve", "--config", filepath.Join(dir, "none.yaml")}, nil, 2, 1, "configuration file"},
		{"a port that is taken", []string{"serve", "--dev"}, []string{"IDENTITY_LISTEN=" + taken.Addr().String()}, 1, 1, "address already in use"},
		{"a database that is not there", []string{"migrate"}, []string{"IDENTITY_DATABASE_URL=postgres://ann:hunter2@127.0.0.1:1/x?sslmode=disable"}, 1, 1, "database"},
		{"a bootstrap without a password", []string{"bootstrap"}, nil, 2, 1, "bootstrap.password"},
		{"step-up for no operation", []string{"policy", "check"}, []string{"IDENTITY_STEP_UP_OPERATIONS=deleteProject,deletProject"}, 2, 1, "no operation deletProject"},
		{"step-up for strangers", []string{"policy", "check"}, []string{"IDENTITY_STEP_UP_OPERATIONS=issueToken"}, 2, 1, "nobody has signed in for issueToken"},
		{"serving with step-up for no operation", []string{"serve", "--dev"}, []string{"IDENTITY_STEP_UP_OPERATIONS=deletProject"}, 1, 1, "no operation deletProject"},
		{"a policy that names no rule", []string{"policy", "check", badPolicy}, nil, 2, 1, "there is no such rule"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr output
			env := append([]string{"IDENTITY_DATA_DIR=" + t.TempDir(), "IDENTITY_LOG_LEVEL=error"}, c.env...)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // what is not refused serves until then
			defer cancel()
			code := run(ctx, c.args, env, &stdout, &stderr)
			lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
			if code != c.code || len(lines) != c.lines || !strings.Contains(stderr.String(), c.want) {
				t.Errorf("exit %d (want %d), %d lines (want %d), want %q: %s", code, c.code, len(lines), c.lines, c.want, stderr.String())
			}
			for _, line := range lines {
				if !strings.HasPrefix(line, "identity: ") || len(line) > 300 {
					t.Errorf("not a clear line: %s", line)
				}
			}
			if strings.Contains(stderr.String()+stdout.String(), "hunter2") {
				t.Error("it shows a secret")
			}
		})
	}
}

// dev runs serve --dev until the test ends it, and returns its address once it serves.
func dev(t *testing.T, dir string) (url string, stdout, stderr *output, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	stdout, stderr = &output{}, &output{}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"serve", "--dev"}, []string{"IDENTITY_LISTEN=127.0.0.1:0", "IDENTITY_DATA_DIR=" + dir}, stdout, stderr)
	}()
	address := regexp.MustCompile(`msg=serving address=\S+ url=(\S+)`)
	for deadline := time.Now().Add(30 * time.Second); ; {
		if m := address.FindStringSubmatch(stderr.String()); m != nil {
			return m[1], stdout, stderr, func() int { cancel(); return <-code }
		}
		if time.Now().After(deadline) {
			cancel()
			t.Fatalf("it does not serve: %s", stderr.String())
		}
		select {
		case c := <-code:
			cancel()
			t.Fatalf("it ended with %d: %s", c, stderr.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// TestDevelopment: the first start shows an administrator once, the command it suggests works as it stands, and
// the second start keeps everything and shows no password.
func TestDevelopment(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "it's var")
	_, stdout, stderr, stop := dev(t, dir)
	m := regexp.MustCompile(`password  (\S{20,})`).FindStringSubmatch(stdout.String())
	if m == nil {
		t.Fatalf("no password was shown: %s", stdout.String())
	}
	password := m[1]
	if strings.Contains(stderr.String(), password) {
		t.Error("the password is in the log")
	}
	clouds := readClouds(t, filepath.Join(dir, "clouds.yaml"))
	if clouds["username"] != "admin" || clouds["password"] != password {
		t.Errorf("clouds.yaml holds %v", clouds)
	}
	tryCurl(t, stdout.String())
	if code := stop(); code != 0 {
		t.Errorf("stopped with %d: %s", code, stderr.String())
	}

	url, stdout, stderr, stop := dev(t, dir)
	if got := strings.TrimSpace(stdout.String()); got != "" {
		t.Errorf("the second start shows: %s", got)
	}
	body := fmt.Sprintf(`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"admin","domain":{"id":"default"},"password":%q}}}}}`, password)
	res, err := http.Post(url+"/v3/auth/tokens", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		t.Errorf("the first password after the second start: got %d, want 201", res.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
	if code := stop(); code != 0 {
		t.Errorf("stopped with %d: %s", code, stderr.String())
	}
}

func readClouds(t *testing.T, path string) map[string]string {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("clouds.yaml: %v, %v", info, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Clouds map[string]struct{ Auth map[string]string }
	}
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Clouds[cloud].Auth
}

// tryCurl pastes the suggested command into a shell.
func tryCurl(t *testing.T, shown string) {
	t.Helper()
	line := regexp.MustCompile(`(?m)^ +(curl .*)$`).FindStringSubmatch(shown)
	if line == nil {
		t.Fatalf("no command to try: %s", shown)
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("there is no curl here to try the command with")
		return
	}
	out, err := exec.CommandContext(t.Context(), "sh", "-c", line[1]).Output()
	if err != nil || !strings.Contains(string(out), " 201 ") || !strings.Contains(string(out), "X-Subject-Token: ") {
		t.Errorf("the command to try: %v: %.300s", err, out)
	}
}

// TestCommands plays the operator's commands beside no server.
func TestCommands(t *testing.T) {
	t.Parallel()
	env := []string{"IDENTITY_DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "IDENTITY_BOOTSTRAP_PASSWORD=canary-password", "IDENTITY_LOG_LEVEL=error"}
	for _, c := range []struct {
		args string
		want string
	}{
		{"version", "identity "},
		{"migrate", "the schema is up to date"},
		{"bootstrap", "made what was missing: user "},
		{"bootstrap", "everything was there already: user "},
		{"keys list", "pending"},
		{"keys rotate", "verify_only"},
		{"keys rotate --now", "retired"},
		{"keys reseal", "0 sealed again; everything is sealed by "},
		{"policy check", "the policy is good"},
		{"policy check ../../configs/policy.yaml", "the policy is good"},
		{"policy print", `#"identity:get_user": `},
	} {
		var stdout, stderr output
		if code := run(t.Context(), strings.Fields(c.args), env, &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), c.want) {
			t.Errorf("%s: exit %d, want %q: %s%s", c.args, code, c.want, stdout.String(), stderr.String())
		}
		if all := stdout.String() + stderr.String(); strings.Contains(all, "canary") {
			t.Errorf("%s shows a secret: %s", c.args, all)
		}
	}
}

// TestResealSaysWhatItDid puts a new root key before the old one, and then takes the old one away.
func TestResealSaysWhatItDid(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	env := []string{"IDENTITY_DATA_DIR=" + dir, "IDENTITY_BOOTSTRAP_PASSWORD=canary-password", "IDENTITY_LOG_LEVEL=error"}
	play := func(want int, args string) string {
		t.Helper()
		var stdout, stderr output
		if code := run(t.Context(), strings.Fields(args), env, &stdout, &stderr); code != want {
			t.Fatalf("%s: exit %d, want %d: %s%s", args, code, want, stdout.String(), stderr.String())
		}
		return stdout.String() + stderr.String()
	}
	play(0, "bootstrap")
	file := filepath.Join(dir, "root.key")
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line := "2026-11:" + base64.StdEncoding.EncodeToString(randomBytes(32)) + "\n"
	for _, c := range []struct {
		lines, args string
		code        int
		want        []string
	}{
		{line, "keys reseal", exitFailed, []string{"is not the one that the database is sealed with"}},
		{line + string(old), "keys reseal", 0, []string{"password.hash", "signing_key.private_key", " sealed again; everything is sealed by 2026-11, "}},
		{line + string(old), "keys reseal", 0, []string{"\n0 sealed again; "}},
		{line, "bootstrap", 0, []string{"everything was there already"}},
	} {
		if err := os.WriteFile(file, []byte(c.lines), 0o600); err != nil {
			t.Fatal(err)
		}
		got := play(c.code, c.args)
		for _, text := range c.want {
			if !strings.Contains(got, text) {
				t.Errorf("%s: %q is missing in\n%s", c.args, text, got)
			}
		}
	}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
