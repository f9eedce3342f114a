package contract_test

import (
	"testing"

	"github.com/keyward/identity"
	"github.com/keyward/identity/internal/contract"
)

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := contract.Load(identity.OpenAPI); err != nil {
			b.Fatal(err)
		}
	}
}
