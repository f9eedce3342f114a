package clients_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keyward/identity/test/program"
)

// TestGophercloudOldAcceptance runs gophercloud's own acceptance tests of Identity v2.0, compiled from its module.
func TestGophercloudOldAcceptance(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs the real program")
	}
	dir := strings.TrimSpace(execute(t, nil, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/gophercloud/gophercloud/v2"))
	binary := filepath.Join(t.TempDir(), "acceptance2.test")
	execute(t, nil, "go", "test", "-C", dir, "-c", "-tags", "acceptance", "-o", binary, "./internal/acceptance/openstack/identity/v2")
	names := strings.Fields(execute(t, nil, binary, "-test.list", "."))
	if len(names) < 10 {
		t.Fatalf("the suite has only %d tests: is it compiled right?", len(names))
	}
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		// The suite looks for v2.0 in the catalog, where clouds that had it announced it: here in a region of its own.
		admin := s.AdminToken(t)
		list := s.Must(t, 200, program.Request{Method: "GET", Path: "/v2.0/OS-KSADM/services", Token: admin})
		services, _ := list.At("OS-KSADM:services").([]any)
		if len(services) != 1 {
			t.Fatalf("the catalog has %d services", len(services))
		}
		identity, _ := services[0].(map[string]any)
		s.Must(t, 200, program.Request{Method: "POST", Path: "/v2.0/endpoints", Token: admin, Body: program.Map{"endpoint": program.Map{
			"service_id": identity["id"], "region": "Old",
			"publicurl": s.URL + "/v2.0", "internalurl": s.URL + "/v2.0", "adminurl": s.URL + "/v2.0",
		}}})
		tenant := s.Must(t, 200, program.Request{Method: "GET", Path: "/v2.0/tenants?name=admin", Token: admin})
		results := suite{t, s, binary}.runOld("admin", program.Password, tenant.String("tenant", "id"))
		counts := map[string]int{}
		for _, name := range names {
			r := results[name]
			if counts[r.verdict]++; r.verdict != "PASS" {
				t.Errorf("%s: %s: %s", name, r.verdict, r.reason)
			}
		}
		t.Logf("gophercloud's acceptance tests of v2.0: %d passed, %d failed, %d skipped by the suite",
			counts["PASS"], counts["FAIL"], counts["SKIP"])
		if extra := len(slices.Collect(maps.Keys(results))) - len(names); extra != 0 {
			t.Errorf("%d results too many", extra)
		}
	})
}
