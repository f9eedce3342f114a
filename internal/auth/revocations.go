package auth

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

// Revocation says of which tokens not all is good any more: those that were issued before it and have everything that
// is set. Programs that keep what they learnt about tokens forget them by it.
type Revocation struct {
	At time.Time
	// UserID is the user, for delegated tokens also who is behind them; DomainID the domain of the user or of the
	// scope, DomainScopeID that of the scope only.
	UserID, RoleID, ProjectID, DomainID, DomainScopeID string
	// AuditID is one token's, ChainID a session's.
	AuditID, ChainID, TrustID string

	event int64
}

// Marker is what Revocations goes on behind.
func (r Revocation) Marker() string {
	return strconv.FormatInt(r.At.UnixMicro(), 10) + "-" + strconv.FormatInt(r.event, 10)
}

// Revocations lists what ended tokens at since or later, oldest first, as far back as one of the tokens could still be
// good. Of q the limit and the marker count. It fails with BadRequest for a marker that it did not give.
func (s *Service) Revocations(ctx context.Context, since time.Time, q listing.Query) (listing.Page[Revocation], error) {
	var page listing.Page[Revocation]
	after, id, err := behind(q.Marker)
	if err != nil {
		return page, err
	}
	if oldest := s.now().Add(-s.o.TokenTTL - s.o.AllowExpiredWindow); since.Before(oldest) {
		since = oldest
	}
	events, err := s.store.Revoking(ctx, since, after, id, q.Limit+1)
	if err != nil {
		return page, err
	}
	if len(events) > q.Limit {
		events, page.More = events[:q.Limit], true
	}
	for _, ev := range events {
		page.Items = append(page.Items, revocationOf(ev))
	}
	return page, nil
}

func behind(marker string) (time.Time, int64, error) {
	if marker == "" {
		return time.Time{}, 0, nil
	}
	at, id, _ := strings.Cut(marker, "-")
	micros, err1 := strconv.ParseInt(at, 10, 64)
	last, err2 := strconv.ParseInt(id, 10, 64)
	if cmp.Or(err1, err2) != nil {
		return time.Time{}, 0, fault.New(fault.BadRequest, "Invalid input for query parameter 'marker'.")
	}
	return time.UnixMicro(micros), last, nil
}

// revocationOf says of an event what it did to tokens.
func revocationOf(ev event.Event) Revocation {
	r := Revocation{At: ev.At, event: ev.ID}
	switch ev.Kind {
	case event.Token:
		if ev.Detail[event.Alone] == true {
			r.AuditID = ev.TargetID
		} else {
			r.ChainID = ev.TargetID
		}
	case event.Project:
		if ev.Detail["is_domain"] == true {
			r.DomainID = ev.TargetID
		} else {
			r.ProjectID = ev.TargetID
		}
	case event.Role:
		r.RoleID = ev.TargetID
	case event.Trust:
		r.TrustID = ev.TargetID
	case event.Grant:
		r.UserID = ev.UserID
		r.RoleID, _ = ev.Detail["role_id"].(string)
		if ev.Detail["on"] == string(assignment.OnDomain) {
			r.DomainScopeID = ev.TargetID
		} else {
			r.ProjectID = ev.TargetID
		}
	default:
		r.UserID = ev.UserID
	}
	return r
}
