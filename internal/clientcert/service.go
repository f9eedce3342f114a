package clientcert

import (
	"context"
	"time"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/federation"
	"github.com/keyward/identity/internal/federation/mapping"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/resource"
)

// Mappings finds the rules that make a user of a certificate (internal/federation).
type Mappings interface {
	// Mapping fails with NotFound.
	Mapping(ctx context.Context, id string) (federation.Mapping, error)
}

// Gate issues tokens (internal/auth).
type Gate interface {
	// Find fails with Unauthorized for everybody who may not sign in.
	Find(ctx context.Context, r auth.Ref) (*identity.User, *resource.Project, error)
	Vouch(ctx context.Context, v auth.Voucher) (auth.Issued, error)
	// Refuse records why and returns the refusal that tells nothing.
	Refuse(ctx context.Context, userID, cause string) error
}

// Service signs in by certificate. It is safe for concurrent use.
type Service struct {
	mappings  Mappings
	gate      Gate
	mappingID string
	now       func() time.Time
}

// NewService makes a service that goes by the mapping with this id.
func NewService(mappings Mappings, gate Gate, mappingID string, now func() time.Time) *Service {
	return &Service{mappings: mappings, gate: gate, mappingID: mappingID, now: now}
}

// SignIn gives the user clientID, whom the mapping must make of the certificate, a token on his default project. The
// token is bound to the certificate and ends with it at the latest. It fails with Unauthorized, which says nothing but
// that the certificate is fewer factors than this user must show. The user is looked up by the certificate alone, so
// that nobody can try out ids with one.
func (s *Service) SignIn(ctx context.Context, c *Certificate, clientID string) (auth.Issued, error) {
	if !c.ValidAt(s.now()) {
		return auth.Issued{}, s.gate.Refuse(ctx, "", "certificate_not_valid_now")
	}
	u, err := s.owner(ctx, c)
	if err != nil {
		return auth.Issued{}, err
	}
	if clientID != u.ID {
		return auth.Issued{}, s.gate.Refuse(ctx, u.ID, "certificate_of_another")
	}
	if u.DefaultProjectID == "" {
		return auth.Issued{}, s.gate.Refuse(ctx, u.ID, "certificate_without_project")
	}
	ends := c.Ends()
	return s.gate.Vouch(ctx, auth.Voucher{
		Method: auth.MethodCertificate, Methods: []string{auth.MethodCertificate},
		UserID: u.ID, ProjectID: u.DefaultProjectID, ExpiresAt: &ends, Thumbprint: c.Thumbprint(),
	})
}

// owner is whom the mapping makes of the certificate. All that it says of the user must be so.
func (s *Service) owner(ctx context.Context, c *Certificate) (*identity.User, error) {
	m, err := s.mappings.Mapping(ctx, s.mappingID)
	if fault.Is(err, fault.NotFound) {
		return nil, s.gate.Refuse(ctx, "", "certificate_mapping_missing")
	}
	if err != nil {
		return nil, err
	}
	rules, err := mapping.Parse(m.SchemaVersion, m.Rules)
	if err != nil {
		return nil, err
	}
	outcome, err := rules.Apply(c.Attributes())
	if fault.Is(err, fault.Unauthorized) {
		return nil, s.gate.Refuse(ctx, "", fault.ReasonOf(err))
	}
	if err != nil {
		return nil, err
	}
	ref, ok := refTo(outcome.User)
	if !ok {
		return nil, s.gate.Refuse(ctx, "", "certificate_names_nobody")
	}
	u, d, err := s.gate.Find(ctx, ref)
	if fault.Is(err, fault.Unauthorized) {
		return nil, s.gate.Refuse(ctx, "", "certificate_names_nobody")
	}
	if err == nil && !agrees(outcome.User, u, d) {
		err = s.gate.Refuse(ctx, u.ID, "certificate_says_otherwise")
	}
	return u, err
}

// refTo is the one user that a mapping means; none when it says neither who by id, nor by name and domain. An address
// belongs to whoever claims it, and names are those of many: Keystone is content with either.
func refTo(m mapping.User) (auth.Ref, bool) {
	switch {
	case m.ID != "":
		return auth.Ref{ID: m.ID}, true
	case m.Name != "" && m.Domain != (mapping.Domain{}):
		return auth.Ref{Name: m.Name, Domain: &auth.Ref{ID: m.Domain.ID, Name: m.Domain.Name}}, true
	}
	return auth.Ref{}, false
}

// agrees reports whether a user is all that a mapping says. What it does not say may be anything.
func agrees(m mapping.User, u *identity.User, d *resource.Project) bool {
	email, _ := u.Extra["email"].(string)
	for _, pair := range [][2]string{{m.ID, u.ID}, {m.Name, u.Name}, {m.Email, email}, {m.Domain.ID, d.ID}, {m.Domain.Name, d.Name}} {
		if pair[0] != "" && pair[0] != pair[1] {
			return false
		}
	}
	return true
}
