package attack_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// headStatus is the status of a HEAD that goes well, where openapi.yaml says that it is not that of the GET.
func headStatus(t *testing.T, path string) (int, bool) {
	t.Helper()
	doc, err := readContract()
	if err != nil {
		t.Fatal(err)
	}
	status, ok := doc["paths"].(map[string]any)[path].(map[string]any)["get"].(map[string]any)["x-head-status"].(int)
	return status, ok
}

// TestEveryGetAnswersHead walks every GET of openapi.yaml as an administrator, as somebody without roles and as
// nobody: HEAD says what GET says, in status and headers, and has no body.
func TestEveryGetAnswersHead(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	furnished(t, w)
	for _, op := range operations(t) { // grants, memberships and associations, so that there is something to show
		if op.method == http.MethodPut && op.body == nil {
			w.Put(at(w, op.path), w.As("sysadmin"))
		}
	}
	w.User("ann", "red")
	subject := apitest.Header("X-Subject-Token", w.Persona("ann"))
	gets, shown := 0, 0
	for _, op := range operations(t) {
		if op.method != http.MethodGet {
			continue
		}
		gets++
		path := at(w, op.path)
		for _, caller := range [][]apitest.With{{w.As("sysadmin"), subject}, {w.As("ann"), subject}, {subject}} {
			get, head := w.Get(path, caller...), w.Do(http.MethodHead, path, caller...)
			want := get.Status
			special, hasOwn := headStatus(t, op.path)
			if get.Status == http.StatusOK {
				shown++
				if hasOwn {
					want = special
				}
			}
			if head.Status != want {
				t.Errorf("HEAD %s: got %d, want %d", path, head.Status, want)
			}
			if len(head.Body) != 0 {
				t.Errorf("HEAD %s has a body: %.200s", path, head.Body)
			}
			if hasOwn { // with a status or a rule of its own it announces another body
				continue
			}
			if !maps.EqualFunc(stable(head), stable(get), slices.Equal[[]string]) {
				t.Errorf("HEAD %s:\n got %v\nwant %v", path, head.Header, get.Header)
			}
		}
	}
	if gets < 50 || shown < gets/2 {
		t.Errorf("of %d operations only %d answers showed something", gets, shown)
	}
}

// stable is what must be equal of two answers' headers: not the time, nor the number of the request.
func stable(r *apitest.Response) http.Header {
	h := r.Header.Clone()
	h.Del("Date")
	h.Del("X-Openstack-Request-Id")
	return h
}
