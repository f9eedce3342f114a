package auth

import (
	"context"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/event"
)

// detail is what the stream of events tells of a new token.
func (t *Token) detail() map[string]any {
	d := map[string]any{"methods": joinMethods(t.Methods), "chain": t.ChainID, "scope": t.scopeName()}
	for name, id := range map[string]string{"application_credential": t.AppCredID, "trust": t.TrustID, "access_token": t.AccessTokenID, "certificate": t.Thumbprint} {
		if id != "" {
			d[name] = id
		}
	}
	return d
}

func (t *Token) scopeName() string {
	switch {
	case t.Project != nil:
		return string(assignment.OnProject) + ":" + t.Project.ID
	case t.Domain != nil:
		return string(assignment.OnDomain) + ":" + t.Domain.ID
	case t.System:
		return string(assignment.OnSystem)
	}
	return "none"
}

// refuse records a failed sign-in and returns the refusal. When it cannot be recorded that is the answer.
func (s *Service) refuse(ctx context.Context, userID, cause string, refusal error) error {
	return s.record(ctx, refusalEvent(ctx, userID, cause), refusal)
}

// record is refuse for an event that says more.
func (s *Service) record(ctx context.Context, ev event.Event, refusal error) error {
	if err := s.store.Append(ctx, ev); err != nil {
		return err
	}
	return refusal
}

func refusalEvent(ctx context.Context, userID, cause string) event.Event {
	return event.Event{
		Action: "token.refuse", Outcome: event.Failure, Kind: event.Token, UserID: userID,
		Detail: map[string]any{"cause": cause}, Origin: withActor(ctx, ""),
	}
}

func withActor(ctx context.Context, userID string) event.Origin {
	o := event.OriginOf(ctx)
	o.ActorID = userID
	return o
}
