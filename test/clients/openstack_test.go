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
	url   string
	flags []string
	in    *json.Encoder
	out   *json.Decoder
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
	return shell{t, s.URL, adminFlags(s), json.NewEncoder(in), json.NewDecoder(out)}
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

// try runs a command.
func (sh shell) try(args ...string) (stdout, stderr string, err error) {
	sh.t.Helper()
	if err := sh.in.Encode(slices.Concat(sh.flags, args)); err != nil {
		sh.t.Fatalf("openstack %s: %v", strings.Join(args, " "), err)
	}
	var code int
	answer := []any{&code, &stdout, &stderr}
	if err := sh.out.Decode(&answer); err != nil {
		sh.t.Fatalf("openstack %s: %v", strings.Join(args, " "), err)
	}
	if code != 0 {
		err = fmt.Errorf("exit status %d", code)
	}
	return stdout, stderr, err
}

// run runs a command that prints nothing.
func (sh shell) run(args ...string) {
	sh.t.Helper()
	if out, errs, err := sh.try(args...); err != nil || out != "" {
		sh.t.Errorf("openstack %s: %v\n%s%s", strings.Join(args, " "), err, out, errs)
	}
}

// show runs a command that prints an object.
func (sh shell) show(args ...string) map[string]any {
	sh.t.Helper()
	var v map[string]any
	sh.decode(&v, args)
	return v
}

// list runs a command that prints a table.
func (sh shell) list(args ...string) []map[string]any {
	sh.t.Helper()
	var v []map[string]any
	sh.decode(&v, args)
	return v
}

func (sh shell) decode(v any, args []string) {
	sh.t.Helper()
	out, errs, err := sh.try(append(args, "-f", "json")...)
	if err != nil {
		sh.t.Fatalf("openstack %s: %v\n%s", strings.Join(args, " "), err, errs)
	}
	if err := json.Unmarshal([]byte(out), v); err != nil {
		sh.t.Fatalf("openstack %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// refused runs a command that fails with the status.
func (sh shell) refused(status string, args ...string) {
	sh.t.Helper()
	if _, errs, err := sh.try(args...); err == nil || !strings.Contains(errs, status) {
		sh.t.Errorf("openstack %s: got %v, want status %s\n%s", strings.Join(args, " "), err, status, errs)
	}
}

// has checks entries of an object.
func (sh shell) has(v map[string]any, want map[string]any) {
	sh.t.Helper()
	for name, w := range want {
		if v[name] != w {
			sh.t.Errorf("%s: got %v, want %v", name, v[name], w)
		}
	}
}

func TestOpenstackClient(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		need(t, openstackCLI)
		sh := newShell(t, s)
		sh.as(append(adminFlags(s), "--os-password", "wrong")...).refused("401", "token", "issue")

		var token map[string]any
		out, err := command(t, nil, append(adminFlags(s), "token", "issue", "-f", "json")...)
		if err := errors.Join(err, json.Unmarshal(out, &token)); err != nil {
			t.Fatalf("token issue: %v\n%s", err, out)
		}
		for _, name := range []string{"id", "project_id", "user_id", "expires"} {
			if token[name] == nil || token[name] == "" {
				t.Errorf("token issue: %s is missing in %v", name, token)
			}
		}
		sh.people()
		sh.structure()
		sh.catalog()
		id, _ := token["id"].(string)
		sh.run("token", "revoke", id)
		if res := s.Must(t, 401, program.Request{Method: "GET", Path: "/v3/users", Token: id}); res.String("error", "title") != "Unauthorized" {
			t.Errorf("use of the revoked token: got %s", res.Text)
		}
	})
}

// people are users, groups and roles.
func (sh shell) people() {
	t := sh.t
	sh.has(sh.show("domain", "create", "lab", "--description", "a lab"), map[string]any{"name": "lab", "enabled": true, "description": "a lab"})
	sh.has(sh.show("project", "create", "maze", "--domain", "lab"), map[string]any{"name": "maze", "enabled": true, "is_domain": false})
	user := sh.show("user", "create", "mouse", "--domain", "lab", "--password", "squeak squeak", "--email", "m@lab", "--project", "maze", "--project-domain", "lab")
	sh.has(user, map[string]any{"name": "mouse", "enabled": true, "email": "m@lab"})
	sh.refused("409", "user", "create", "mouse", "--domain", "lab")
	sh.run("user", "set", "mouse", "--domain", "lab", "--description", "small", "--email", "mouse@lab")
	sh.has(sh.show("user", "show", "mouse", "--domain", "lab"), map[string]any{"description": "small", "email": "mouse@lab", "id": user["id"]})

	sh.show("group", "create", "rodents", "--domain", "lab")
	sh.run("group", "add", "user", "rodents", "mouse", "--group-domain", "lab", "--user-domain", "lab")
	if got := sh.list("user", "list", "--group", "rodents", "--domain", "lab"); len(got) != 1 || got[0]["Name"] != "mouse" {
		t.Errorf("users of the group: got %v", got)
	}
	sh.run("role", "add", "member", "--user", "mouse", "--user-domain", "lab", "--project", "maze", "--project-domain", "lab")
	sh.run("role", "add", "reader", "--group", "rodents", "--group-domain", "lab", "--domain", "lab")
	got := sh.list("role", "assignment", "list", "--names", "--user", "mouse", "--user-domain", "lab")
	if len(got) != 1 || got[0]["Role"] != "member" || got[0]["User"] != "mouse@lab" || got[0]["Project"] != "maze@lab" {
		t.Errorf("assignments of the user: got %v", got)
	}
	if got := sh.list("role", "assignment", "list", "--effective", "--user", "mouse", "--user-domain", "lab"); len(got) != 3 {
		t.Errorf("effective assignments: got %v, want member, reader and reader through the group", got)
	}
	mouse := sh.as("--os-auth-url", sh.url+"/v3", "--os-username", "mouse", "--os-password", "squeak squeak", "--os-user-domain-name", "lab",
		"--os-project-name", "maze", "--os-project-domain-name", "lab")
	sh.has(mouse.show("token", "issue"), map[string]any{"user_id": user["id"]})
	mouse.refused("403", "user", "create", "cat")
	sh.run("role", "remove", "member", "--user", "mouse", "--user-domain", "lab", "--project", "maze", "--project-domain", "lab")
	mouse.refused("401", "token", "issue")
	sh.run("user", "delete", "mouse", "--domain", "lab")
	sh.refused("No user", "user", "show", "mouse", "--domain", "lab")
}

// structure is domains and projects.
func (sh shell) structure() {
	sh.refused("403", "domain", "delete", "lab")
	sh.run("domain", "set", "lab", "--disable")
	sh.run("domain", "delete", "lab")
	sh.refused("No domain", "domain", "show", "lab")
	sh.show("project", "create", "parent", "--tag", "old")
	sh.show("project", "create", "child", "--parent", "parent")
	sh.run("project", "set", "child", "--disable", "--description", "young")
	sh.has(sh.show("project", "show", "child"), map[string]any{"enabled": false, "description": "young"})
	sh.refused("403", "project", "delete", "parent")
	sh.run("project", "delete", "child")
	sh.run("project", "delete", "parent")
}

// catalog is regions, services and endpoints.
func (sh shell) catalog() {
	sh.has(sh.show("region", "create", "north", "--description", "cold"), map[string]any{"region": "north", "description": "cold"})
	sh.has(sh.show("service", "create", "compute", "--name", "nova"), map[string]any{"type": "compute", "name": "nova", "enabled": true})
	sh.has(sh.show("endpoint", "create", "compute", "public", "http://nova", "--region", "north"),
		map[string]any{"service_name": "nova", "interface": "public", "url": "http://nova", "region": "north"})
	if got := sh.list("endpoint", "list", "--service", "nova"); len(got) != 1 {
		sh.t.Errorf("endpoints of the service: got %v", got)
	}
	var names []string
	for _, row := range sh.list("catalog", "list") {
		name, _ := row["Name"].(string)
		names = append(names, name)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"keystone", "nova"}) {
		sh.t.Errorf("catalog list: got %v, want keystone and nova", names)
	}
	sh.run("service", "delete", "nova")
	sh.run("region", "delete", "north")
}

// TestOpenstackClientWithPasscode reads password and passcode from a clouds.yaml. The flag --os-auth-methods
// of openstackclient 6.0 takes its value for one method and cannot do it.
func TestOpenstackClientWithPasscode(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		need(t, openstackCLI, "oathtool", "zbarimg")
		mia := hire(t, s, s.AdminToken(t), "mia")
		app, _ := enrol(t, s, mia)
		signIn := func(code string) ([]byte, error) {
			path := filepath.Join(t.TempDir(), "clouds.yaml")
			text := "clouds:\n  test:\n    auth_type: v3multifactor\n    auth_methods: [v3password, v3totp]\n    auth:\n" +
				"      auth_url: " + s.URL + "/v3\n      username: mia\n      user_domain_id: default\n      project_id: " + mia.projectID +
				"\n      password: " + mia.password + "\n      passcode: '" + code + "'\n"
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return command(t, []string{"OS_CLIENT_CONFIG_FILE=" + path}, "--os-cloud", "test", "token", "issue", "-f", "value", "-c", "user_id")
		}
		code := app.next(t)
		if out, err := signIn(code); err != nil || strings.TrimSpace(string(out)) != mia.id {
			t.Errorf("token issue: got %s, %v", out, err)
		}
		if out, err := signIn(code); err == nil || !strings.Contains(string(out), "401") {
			t.Errorf("token issue with the same code: got %s, %v, want 401", out, err)
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
