package clients_test

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/keyward/identity/test/program"
)

// later are gophercloud's acceptance tests that cannot pass before the operation is served. The list must be
// true: a test on it that passes, that fails otherwise than with a 404, or whose operation is served, is an error,
// and so is a failure of any other.
var later = map[string]string{}

// otherwise are the tests that the suite skips for the administrator. They run for a member.
var otherwise = map[string]string{"TestProjectsListAvailable": "must be a non-admin to run this test"}

// TestGophercloudAcceptance runs gophercloud's own acceptance tests of Identity v3, compiled from its module.
func TestGophercloudAcceptance(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs the real program")
	}
	for name, operation := range later {
		if served(t, operation) {
			t.Errorf("%s waits for %s, which is served", name, operation)
		}
	}
	binary := compileAcceptance(t)
	names := strings.Fields(execute(t, nil, binary, "-test.list", "."))
	if len(names) < 60 {
		t.Fatalf("the suite has only %d tests: is it compiled right?", len(names))
	}
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		furnish(t, s)
		member := hire(t, s, s.AdminToken(t), "gopher")
		results := suite{t, s, binary}.run("admin", program.Password, "admin", ".")
		judge(t, names, results)
		for name, result := range (suite{t, s, binary}).run(member.name, member.password, member.name, "^("+strings.Join(slices.Collect(maps.Keys(otherwise)), "|")+")$") {
			if result.verdict != "PASS" {
				t.Errorf("%s as a member: %s: %s", name, result.verdict, result.reason)
			}
		}
	}, "IDENTITY_APPLICATION_CREDENTIAL_SECRET_MIN_LENGTH=8") // the suite's secret is "myprecious"
}

// compileAcceptance builds the suite inside of its module, since it is an internal package.
func compileAcceptance(t *testing.T) string {
	t.Helper()
	dir := strings.TrimSpace(execute(t, nil, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/gophercloud/gophercloud/v2"))
	binary := filepath.Join(t.TempDir(), "acceptance.test")
	execute(t, nil, "go", "test", "-C", dir, "-c", "-tags", "acceptance", "-o", binary, "./internal/acceptance/openstack/identity/v3")
	return binary
}

// execute runs a program that must succeed, in our own environment, and returns what it prints.
func execute(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(cmd.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(name), strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

// furnish makes what the suite expects of a cloud: another service than this one, with endpoints.
func furnish(t *testing.T, s *program.Server) {
	t.Helper()
	admin := s.AdminToken(t)
	service := s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/services", Token: admin, Body: program.Map{
		"service": program.Map{"type": "compute", "name": "nova"},
	}}).String("service", "id")
	for _, kind := range []string{"public", "internal", "admin"} {
		s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/endpoints", Token: admin, Body: program.Map{"endpoint": program.Map{
			"service_id": service, "interface": kind, "url": "http://nova.example:8774/v2.1", "region_id": "RegionOne",
		}}})
	}
}

// suite is the compiled suite with the server that it tests.
type suite struct {
	t      *testing.T
	s      *program.Server
	binary string
}

// result is how a test ended: PASS, FAIL or SKIP, and why.
type result struct{ verdict, reason string }

var (
	ended  = regexp.MustCompile(`^--- (PASS|FAIL|SKIP): (\S+) `)
	colour = regexp.MustCompile("\x1b\\[[0-9;]*m")
)

// run runs the tests that match, as a user, and returns what became of each.
func (su suite) run(user, password, project, match string) map[string]result {
	su.t.Helper()
	return su.with(match, "OS_AUTH_URL="+su.s.URL+"/v3", "OS_USERNAME="+user, "OS_PASSWORD="+password, "OS_PROJECT_NAME="+project,
		"OS_DOMAIN_ID=default", "OS_REGION_NAME=RegionOne", "OS_BRANCH=master")
}

// runOld runs all tests, of the suite for v2.0.
func (su suite) runOld(user, password, tenantID string) map[string]result {
	su.t.Helper()
	return su.with(".", "OS_AUTH_URL="+su.s.URL+"/v2.0", "OS_USERNAME="+user, "OS_PASSWORD="+password, "OS_TENANT_ID="+tenantID,
		"OS_REGION_NAME=Old", "OS_IDENTITY_API_VERSION=2.0", "OS_BRANCH=master")
}

// with runs the tests that match, in an environment.
func (su suite) with(match string, env ...string) map[string]result {
	su.t.Helper()
	cmd := exec.CommandContext(su.t.Context(), su.binary, "-test.v", "-test.run", match)
	cmd.Env = environment(su.t, env...)
	out, err := cmd.CombinedOutput() // what the status says, the tests' results do
	results, reason := map[string]result{}, ""
	for line := range strings.Lines(colour.ReplaceAllString(string(out), "")) {
		line = strings.TrimSpace(line)
		switch m := ended.FindStringSubmatch(line); {
		case m != nil && m[1] == "SKIP" || strings.HasPrefix(line, "=== RUN"):
			if m != nil {
				results[m[2]] = result{m[1], reason}
			}
			reason = ""
		case m != nil:
			results[m[2]] = result{m[1], reason}
		case strings.Contains(line, "Failure in") || strings.Contains(line, "must be") || strings.HasPrefix(line, "panic:"):
			reason = line
		}
	}
	if len(results) == 0 {
		su.t.Fatalf("the suite ran nothing: %v\n%s", err, out)
	}
	return results
}

// judge compares the results with what is known and logs the counts with every test that did not pass.
func judge(t *testing.T, names []string, results map[string]result) {
	t.Helper()
	counts, notes := map[string]int{}, []string{}
	for _, name := range names {
		r, ran := results[name]
		operation, waits := later[name]
		skip, skipped := otherwise[name]
		counts[r.verdict]++
		switch {
		case !ran:
			t.Errorf("%s did not run", name)
		case r.verdict == "PASS" && (waits || skipped):
			t.Errorf("%s passes: take it off the list", name)
		case r.verdict == "PASS":
		case r.verdict == "SKIP" && skipped && strings.Contains(r.reason, skip):
			notes = append(notes, fmt.Sprintf("skipped: %s: %s (passes as a member)", name, skip))
		case r.verdict == "FAIL" && waits && strings.Contains(r.reason, "got 404"):
			notes = append(notes, fmt.Sprintf("failed: %s: waits for %s", name, operation))
		default:
			t.Errorf("%s: %s: %s", name, r.verdict, r.reason)
		}
	}
	for name := range maps.Keys(later) {
		if !slices.Contains(names, name) {
			t.Errorf("%s is on the list and not in the suite", name)
		}
	}
	t.Logf("gophercloud's acceptance tests: %d passed, %d failed, %d skipped by the suite\n%s",
		counts["PASS"], counts["FAIL"], counts["SKIP"], strings.Join(notes, "\n"))
}
