package v3_test

import (
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

func TestPKIIsGone(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	for path, want := range map[string]int{
		"/v3/OS-SIMPLE-CERT/ca": 410, "/v3/OS-SIMPLE-CERT/certificates": 410, "/v3/auth/tokens/OS-PKI/revoked": 403,
	} {
		w.Get(path).Want(want)
		w.Get(path, w.As("sysadmin")).Want(want)
	}
}
