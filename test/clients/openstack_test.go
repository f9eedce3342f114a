package clients_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keyward/identity/test/program"
)

// environment keeps the clients away from the configuration of whoever runs the tests.
func environment(t *testing.T, more ...string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LC_ALL=C.UTF-8"}, more...)
}

// shell is openstackclient with somebody's flags, in a process that takes many commands.
type shell struct {
	t     *testing.T
	s     *program.Server
	flags []string
	in    *json.Encoder
	out   *json.Decoder
	// commands are those that it has for Identity v3 with their flags, ran those that succeeded with the flags
	// that they had.
	commands map[string][]string
	ran      map[string]map[string]bool
}

// newShell starts openstackclient for the administrator; the process ends with the test.
func newShell(t *testing.T, s *program.Server) shell {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), python, "commands.py")
	cmd.Env, cmd.Stderr = environment(t), os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatalf("start openstackclient: %v", err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // the context may have ended it
	})
	sh := shell{t: t, s: s, flags: adminFlags(s), in: json.NewEncoder(in), out: json.NewDecoder(out), ran: map[string]map[string]bool{}}
	if err := sh.out.Decode(&sh.commands); err != nil {
		t.Fatalf("openstackclient names its commands: %v", err)
	}
	return sh
}

func adminFlags(s *program.Server) []string {
	return []string{
		"--os-auth-url", s.URL + "/v3", "--os-username", "admin", "--os-password", program.Password, "--os-project-name", "admin",
		"--os-user-domain-id", "default", "--os-project-domain-id", "default",
	}
}

// as is the same client with other flags.
func (sh shell) as(flags ...string) shell {
	sh.flags = flags
	return sh
}

// words splits a line at its spaces, except inside of single quotes.
func words(line string) []string {
	var out []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out = append(out, part)
		} else {
			out = append(out, strings.Fields(part)...)
		}
	}
	return out
}

// try runs a command, given as a line.
func (sh shell) try(line string) (stdout, stderr string, err error) {
	sh.t.Helper()
	args := words(line)
	if err := sh.in.Encode(slices.Concat(sh.flags, args)); err != nil {
		sh.t.Fatalf("openstack %s: %v", line, err)
	}
	var code int
	answer := []any{&code, &stdout, &stderr}
	if err := sh.out.Decode(&answer); err != nil {
		sh.t.Fatalf("openstack %s: %v", line, err)
	}
	if code != 0 {
		return stdout, stderr, fmt.Errorf("exit status %d", code)
	}
	for n := range args {
		name := strings.Join(args[:n+1], " ")
		if _, ok := sh.commands[name]; !ok {
			continue
		}
		if sh.ran[name] == nil {
			sh.ran[name] = map[string]bool{}
		}
		for _, arg := range args {
			sh.ran[name][arg] = true
		}
	}
	return stdout, stderr, nil
}

// run runs a command that prints nothing.
func (sh shell) run(line string) {
	sh.t.Helper()
	sh.says("", line)
}

// says runs a command that prints a text.
func (sh shell) says(want, line string) {
	sh.t.Helper()
	if out, errs, err := sh.try(line); err != nil || strings.TrimSpace(out) != want {
		sh.t.Errorf("openstack %s: %v, want %q\n%s%s", line, err, want, out, errs)
	}
}

// notes runs a command that succeeds and says something beside its output.
func (sh shell) notes(want, line string) {
	sh.t.Helper()
	if _, errs, err := sh.try(line); err != nil || !strings.Contains(errs, want) {
		sh.t.Errorf("openstack %s: %v, want %q\n%s", line, err, want, errs)
	}
}

// attributes are entries of an object.
type attributes map[string]any

// plain is a value as text. A list of texts is sorted: the client keeps tags in a set.
func plain(v any) string {
	if list, ok := v.([]any); ok {
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	return fmt.Sprint(v)
}

// show runs a command that prints an object, and checks entries of it as text.
func (sh shell) show(line string, want attributes) attributes {
	sh.t.Helper()
	var v attributes
	sh.decode(&v, line)
	for name, w := range want {
		if plain(v[name]) != fmt.Sprint(w) {
			sh.t.Errorf("openstack %s: %s: got %v, want %v", line, name, v[name], w)
		}
	}
	return v
}

// id runs a command that prints an object and returns its id.
func (sh shell) id(line string, want attributes) string {
	sh.t.Helper()
	id, _ := sh.show(line, want)["id"].(string)
	if id == "" {
		sh.t.Fatalf("openstack %s: there is no id", line)
	}
	return id
}

// list runs a command that prints a table and checks the rows, as sorted texts of the named columns, which are
// separated by commas.
func (sh shell) list(line, columns string, want ...string) {
	sh.t.Helper()
	var rows []map[string]any
	sh.decode(&rows, line)
	got := make([]string, len(rows))
	for i, row := range rows {
		var cells []string
		for column := range strings.SplitSeq(columns, ",") {
			value, ok := row[column]
			if !ok {
				sh.t.Fatalf("openstack %s: there is no column %q in %v", line, column, row)
			}
			cells = append(cells, fmt.Sprint(value))
		}
		got[i] = strings.TrimSpace(strings.Join(cells, " "))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		sh.t.Errorf("openstack %s:\ngot  %q\nwant %q", line, got, want)
	}
}

func (sh shell) decode(v any, line string) {
	sh.t.Helper()
	out, errs, err := sh.try(line + " -f json")
	if err != nil {
		sh.t.Fatalf("openstack %s: %v\n%s", line, err, errs)
	}
	if err := json.Unmarshal([]byte(out), v); err != nil {
		sh.t.Fatalf("openstack %s: %v\n%s", line, err, out)
	}
}

// refused runs commands that fail for a reason: a status or words of the client.
func (sh shell) refused(reason string, lines ...string) {
	sh.t.Helper()
	for _, line := range lines {
		if _, errs, err := sh.try(line); err == nil || !strings.Contains(errs, reason) {
			sh.t.Errorf("openstack %s: got %v, want %q\n%s", line, err, reason, errs)
		}
	}
}

func TestOpenstackClient(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		need(t, openstackCLI)
		sh := newShell(t, s)
		sh.as(append(adminFlags(s), "--os-password", "wrong")...).refused("401", "token issue")
		sh.token() // first, in an empty cloud
		sh.domains()
		sh.projects()
		sh.users()
		sh.groups()
		sh.roles()
		sh.grants()
		sh.catalog()
		sh.policies()
		sh.credentials()
		sh.appCredentials()
		sh.oauth()
		sh.trusts()
		sh.limits()
		sh.filters()
		sh.federation()
		sh.leave()
		sh.complete()
	})
}

// token issues a token as on a shell, a process for the command, and revokes it.
func (sh shell) token() {
	t := sh.t
	var token map[string]any
	out, err := command(t, nil, append(sh.flags, "token", "issue", "-f", "json")...)
	if err := errors.Join(err, json.Unmarshal(out, &token)); err != nil {
		t.Fatalf("token issue: %v\n%s", err, out)
	}
	for _, name := range []string{"id", "project_id", "user_id", "expires"} {
		if token[name] == nil || token[name] == "" {
			t.Errorf("token issue: %s is missing in %v", name, token)
		}
	}
	sh.show("token issue", attributes{"user_id": token["user_id"], "project_id": token["project_id"]})
	id, _ := token["id"].(string)
	sh.run("token revoke " + id)
	if res := sh.s.Must(t, 401, program.Request{Method: "GET", Path: "/v3/users", Token: id}); res.String("error", "title") != "Unauthorized" {
		t.Errorf("use of the revoked token: got %s", res.Text)
	}
}

// TestOpenstackClientWithPasscode makes what a program signs in with. It reads password and passcode from a clouds.yaml. The flag --os-auth-methods
// of openstackclient 6.0 takes its value for one method and cannot do it.
func TestOpenstackClientWithPasscode(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		need(t, openstackCLI, "oathtool", "zbarimg")
		mia := hire(t, s, s.AdminToken(t), "mia")
		app, _ := enrol(t, s, mia)
		signIn := func(code string, args ...string) ([]byte, error) {
			path := filepath.Join(t.TempDir(), "clouds.yaml")
			text := "clouds:\n  test:\n    auth_type: v3multifactor\n    auth_methods: [v3password, v3totp]\n    auth:\n" +
				"      auth_url: " + s.URL + "/v3\n      username: mia\n      user_domain_id: default\n      project_id: " + mia.projectID +
				"\n      password: " + mia.password + "\n      passcode: '" + code + "'\n"
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return command(t, []string{"OS_CLIENT_CONFIG_FILE=" + path}, append([]string{"--os-cloud", "test"}, append(args, "-f", "value")...)...)
		}
		code := app.next(t)
		out, err := signIn(code, "application", "credential", "create", "robot", "-c", "id", "-c", "secret")
		made := strings.Fields(string(out))
		if err != nil || len(made) != 2 {
			t.Fatalf("application credential create: got %s, %v", out, err)
		}
		// What was made with both factors needs neither.
		out, err = command(t, nil, "--os-auth-url", s.URL+"/v3", "--os-auth-type", "v3applicationcredential", "--os-application-credential-id", made[0],
			"--os-application-credential-secret", made[1], "token", "issue", "-f", "value", "-c", "user_id")
		if err != nil || strings.TrimSpace(string(out)) != mia.id {
			t.Errorf("token issue by the program: got %s, %v", out, err)
		}
		if out, err := signIn(code, "token", "issue"); err == nil || !strings.Contains(string(out), "401") {
			t.Errorf("token issue with the same code: got %s, %v, want 401", out, err)
		}
	})
}

// TestOpenstackClientWithTheCodeBehindThePassword needs no plug-in and no clouds.yaml: only the password is longer.
func TestOpenstackClientWithTheCodeBehindThePassword(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		need(t, openstackCLI, "oathtool", "zbarimg")
		mia := hire(t, s, s.AdminToken(t), "mia")
		app, recovery := enrol(t, s, mia)
		joinCodes(t, s, mia)
		signIn := func(code string) ([]byte, error) {
			return command(t, []string{"OS_PASSWORD=" + mia.password + code}, "--os-auth-url", s.URL+"/v3", "--os-username", "mia",
				"--os-user-domain-id", "default", "--os-project-id", mia.projectID, "token", "issue", "-f", "value", "-c", "user_id")
		}
		code := app.next(t)
		for _, c := range []string{code, recovery[0]} {
			if out, err := signIn(c); err != nil || strings.TrimSpace(string(out)) != mia.id {
				t.Errorf("token issue: got %s, %v", out, err)
			}
			if out, err := signIn(c); err == nil || !strings.Contains(string(out), "401") {
				t.Errorf("token issue with the same code: got %s, %v, want 401", out, err)
			}
		}
	})
}

// command runs openstackclient as people do and returns what it prints.
func command(t *testing.T, env []string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), openstackCLI, args...)
	cmd.Env = environment(t, env...)
	return cmd.CombinedOutput()
}
