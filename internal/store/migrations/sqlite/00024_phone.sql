-- A phone is a factor whose secret is its number. phone_code are the codes that were sent, as keyed digests;
-- message_count counts messages by user, number, network, country and day.

-- +goose Up
ALTER TABLE factor ADD COLUMN channel TEXT NOT NULL DEFAULT '';
ALTER TABLE factor ADD COLUMN country TEXT NOT NULL DEFAULT '';
ALTER TABLE factor ADD COLUMN masked TEXT NOT NULL DEFAULT '';
ALTER TABLE factor ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE factor ADD COLUMN has_app BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE factor ADD COLUMN preferred BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE phone_code (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    factor_id  TEXT NOT NULL REFERENCES factor (id) ON DELETE CASCADE,
    purpose    TEXT NOT NULL,
    digest     TEXT NOT NULL,
    channel    TEXT NOT NULL,
    status     TEXT NOT NULL,
    tries      INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
);
CREATE INDEX phone_code_of_user ON phone_code (user_id);
CREATE INDEX phone_code_of_factor ON phone_code (factor_id);
CREATE INDEX phone_code_expiry ON phone_code (expires_at);

CREATE TABLE message_count (
    id         TEXT PRIMARY KEY,
    total      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX message_count_expiry ON message_count (expires_at);

-- +goose Down
DROP TABLE message_count;
DROP TABLE phone_code;
DELETE FROM factor WHERE kind = 'phone';
ALTER TABLE factor DROP COLUMN preferred;
ALTER TABLE factor DROP COLUMN has_app;
ALTER TABLE factor DROP COLUMN position;
ALTER TABLE factor DROP COLUMN masked;
ALTER TABLE factor DROP COLUMN country;
ALTER TABLE factor DROP COLUMN channel;
