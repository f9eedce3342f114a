-- Which events ended tokens, for the list of revocations (OS-REVOKE). Few events do, and only recent ones are asked for.

-- +goose Up
ALTER TABLE event ADD COLUMN revoking BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX event_revoking ON event (at, id) WHERE revoking;

-- +goose Down
DROP INDEX event_revoking;
ALTER TABLE event DROP COLUMN revoking;
