package identity

import (
	"context"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/keyward/identity/internal/fault"
)

// maxUniqueID is the most characters of a provider's id of a user, as in Keystone.
const maxUniqueID = 255

// Federated returns what identity providers know a user as; nothing for an unknown user.
func (s *Service) Federated(ctx context.Context, userID string) ([]FederatedIdentity, error) {
	return s.store.Federated(ctx, userID)
}

// checkFederated refuses what could not be looked for at a sign-in.
func checkFederated(all []FederatedIdentity) error {
	for _, f := range all {
		if n := utf8.RuneCountInString(f.UniqueID); n == 0 || n > maxUniqueID {
			return fault.New(fault.BadRequest, "Invalid input for 'federated': unique_id must have 1 to %d characters.", maxUniqueID)
		}
	}
	return nil
}

// federate replaces the federated identities of a user when in names some. Ids of providers and protocols are
// looked for as they are kept, in Unicode NFC; a unique id is the provider's own and stays as it is.
func (s *Service) federate(ctx context.Context, userID string, in UserInput) error {
	if len(in.Federated) == 0 {
		return nil
	}
	all := make([]FederatedIdentity, len(in.Federated))
	for i, f := range in.Federated {
		all[i] = FederatedIdentity{norm.NFC.String(f.IdPID), norm.NFC.String(f.ProtocolID), f.UniqueID}
	}
	return s.store.SetFederated(ctx, userID, in.FederatedWithin, all)
}
