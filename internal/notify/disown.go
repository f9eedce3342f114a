package notify

import (
	"context"
	"crypto/subtle"
	"encoding/base64"

	"github.com/keyward/identity/internal/fault"
)

// ReasonDisown is why a notice cannot be disowned: the token is wrong, was used, or its time is over.
const ReasonDisown = "notice_token_invalid"

// errDisown is the one answer to every token that is not good: nobody learns which notices there are.
var errDisown = fault.New(fault.NotFound, "Could not find a notice with this token.").Because(ReasonDisown)

// Purpose is what the digests are for that disown notices.
const Purpose = "notice"

// token is what disowns a notice. It is a digest of the root key's, so that nothing is stored that could be stolen, and
// that every try to deliver has the same. With 256 bits it needs no limit of tries, which strangers could use up.
func (s *Service) token(id string) string {
	return base64.RawURLEncoding.EncodeToString(s.ring.MAC(Purpose, id))
}

// Disown takes the word of the person who got a notice that it was somebody else: all sessions end, devices are
// forgotten and the password must be changed. The token works once and for a time. It fails with NotFound, and does not
// look for the notice unless the token is the notice's: its time tells nothing.
func (s *Service) Disown(ctx context.Context, id, token string) error {
	if !s.good(id, token) {
		return errDisown
	}
	n, err := s.store.Notice(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return errDisown // it was forgotten
	}
	if err != nil {
		return err
	}
	now := s.now()
	if n.DisownedAt != nil || !now.Before(n.At.Add(s.o.LinkTTL)) {
		return errDisown
	}
	first, err := s.store.Disown(ctx, n, now)
	if err == nil && !first {
		err = errDisown
	}
	return err
}

func (s *Service) good(id, token string) bool {
	given, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return false
	}
	good := 0
	for _, mac := range s.ring.MACs(Purpose, id) {
		good |= subtle.ConstantTimeCompare(mac, given)
	}
	return good == 1
}
