package domainconfig

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"testing"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/keyring"
)

// memory keeps the options of one domain.
type memory struct{ options []Option }

func (m *memory) DomainConfig(context.Context, string) ([]Option, error) { return m.options, nil }

func (m *memory) UpdateDomainConfig(_ context.Context, _ string, change func([]Option) ([]Option, error)) error {
	now, err := change(m.options)
	if err == nil {
		m.options = now
	}
	return err
}

// TestSecretsAreSealedInTheirPlace looks at what is stored of a password: it opens where it belongs only.
func TestSecretsAreSealedInTheirPlace(t *testing.T) {
	t.Parallel()
	key := make([]byte, keyring.KeySize)
	_, _ = rand.Read(key)
	ring, err := keyring.FromBytes(key)
	if err != nil {
		t.Fatal(err)
	}
	var m memory
	s := NewService(&m, ring, Compliance{})
	shown, created, err := s.Replace(t.Context(), "red", map[string]json.RawMessage{"ldap": json.RawMessage(`{"password":"hunter2","url":"ldap://a/%(password)s"}`)})
	if err != nil || !created || len(shown["ldap"]) != 1 || string(shown["ldap"]["url"]) != `"ldap://a/%(password)s"` {
		t.Fatalf("got %s, %v, %v", shown, created, err)
	}
	o := m.options[0]
	if o.Name != "password" || !o.Sensitive {
		t.Fatalf("got %+v", o)
	}
	if plain, err := ring.Open(purpose, aad("red", o), o.Value); err != nil || string(plain) != `"hunter2"` {
		t.Errorf("got %q, %v", plain, err)
	}
	if _, err := ring.Open(purpose, aad("blue", o), o.Value); err == nil {
		t.Error("it opens in another domain")
	}
	if _, err := s.Show(t.Context(), "red", Part{"ldap", "password"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("the password is shown: %v", err)
	}
}
