package contract_test

import (
	"testing"

	"github.com/keyward/identity"
	"github.com/keyward/identity/internal/contract"
)

// load returns the project's own contract.
func load(tb testing.TB) *contract.Contract {
	tb.Helper()
	c, err := contract.Load(identity.OpenAPI)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestLoad(t *testing.T) {
	c := load(t)
	t.Log(len(c.Operations()))
}
