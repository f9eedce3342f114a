-- What access keys were made with, as for application credentials, and the session of their tokens. Who holds an
-- older key did not tell how he had signed in: no methods. auth_time is null then, and chain_id empty.

-- +goose Up
ALTER TABLE credential ADD COLUMN methods TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE credential ADD COLUMN auth_time BIGINT;
ALTER TABLE credential ADD COLUMN chain_id TEXT COLLATE "C" NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE credential DROP COLUMN chain_id;
ALTER TABLE credential DROP COLUMN auth_time;
ALTER TABLE credential DROP COLUMN methods;
