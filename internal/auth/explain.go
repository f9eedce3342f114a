package auth

import (
	"context"
	"strconv"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

// Refusals lists why a request was refused, in the order in which that was decided. Of q the limit and the marker
// count. It fails with NotFound when nothing is recorded of the request, and with BadRequest for a marker that it did
// not give.
func (s *Service) Refusals(ctx context.Context, requestID string, q listing.Query) (listing.Page[event.Event], error) {
	var page listing.Page[event.Event]
	var after int64
	if q.Marker != "" {
		var err error
		if after, err = strconv.ParseInt(q.Marker, 10, 64); err != nil {
			return page, fault.New(fault.BadRequest, "Invalid input for query parameter 'marker'.")
		}
	}
	events, err := s.store.Refusals(ctx, requestID, after, q.Limit+1)
	if err != nil {
		return page, err
	}
	if len(events) == 0 && after == 0 {
		return page, fault.New(fault.NotFound, "No refusal of that request is recorded.")
	}
	if len(events) > q.Limit {
		events, page.More = events[:q.Limit], true
	}
	page.Items = events
	return page, nil
}
