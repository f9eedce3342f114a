-- The refusals of a request, for administrators who ask why. Few events are one, so signing in pays nothing for it.

-- +goose Up
CREATE INDEX event_refusals ON event (request_id, id) WHERE outcome = 'failure' OR action = 'receipt.issue';

-- +goose Down
DROP INDEX event_refusals;
